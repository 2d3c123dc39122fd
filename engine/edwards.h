/* edwards.h -- E as the Edwards curve -x^2 + y^2 = 1 + x^2 y^2: sums without exceptional cases.
 *
 * Among points of odd order (all multiples of P and of a checked Z) the extended-coordinate addition
 * is complete, for doublings, inverses and the neutral element too: a denominator vanishes only where
 * a sum or difference is one of the points at infinity, which have order 2 or 4.
 */
#ifndef KM_EDWARDS_H
#define KM_EDWARDS_H

#include "curve.h"

/* Once, after fp_pick: the constants of the map. */
void edwards_init(void);

/* r = the sum of n > 0 points of odd order, none infinite; they are used up.  Secret and complete:
 * 7M and a share of one inversion a point.  prefix: n elements.
 * KM_EDEGENERATE: the sum is infinity.  KM_ERANDOM. */
km_err edwards_sum(ec_point *r, ec_point *points, fp *prefix, size_t n, const km_random *rnd);

#endif
