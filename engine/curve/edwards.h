/* edwards.h -- E as the Edwards curve -x^2 + y^2 = 1 + x^2 y^2: sums without exceptional cases.
 *
 * Among points of odd order (all multiples of P and of a checked Z) the extended-coordinate addition
 * is complete, for doublings, inverses and the neutral element too: a denominator vanishes only where
 * a sum or difference is one of the points at infinity, which have order 2 or 4.
 */
#ifndef KM_EDWARDS_H
#define KM_EDWARDS_H

#include "curve.h"

static inline void fp_cneg16(fp *r, const fp *a, const uint64_t *mask)
{
	fp_cneg(r, a, *mask);
}

static inline void fp_mul_signed(fp *r, const fp *a, const fp *b, const uint64_t *mask)
{
	fp t;

	fp_cneg(&t, b, *mask);
	fp_mul(r, a, &t);
}

#define FE    fp
#define FN(x) fp_##x
#define CN(x) ec_##x
#define ED(x) ed_##x
#include "edwards_tmpl.h"
#undef FE
#undef FN
#undef CN
#undef ED

/* (x, y) on E is (u, v) = s(x, y) on the Montgomery curve s v^2 = u^3 + u, s = (-3)^(-1/2), and
 * (k u/v, (u - 1)/(u + 1)) on the Edwards curve, with k^2 = -2/s. */
typedef struct {
	fp s, s_inv, k, k_over_s;
} edwards_map;

extern edwards_map ed_map;

/* Once, after fp_pick: the constants of the map. */
void edwards_init(void);

/* r = the sum of n > 0 points of odd order, none infinite.  Secret and complete: 14M a point.
 * KM_EDEGENERATE: the sum is infinity.  KM_ERANDOM. */
km_err edwards_sum(ec_point *r, const ec_point *points, size_t n, const km_random *rnd);

/* r = a by 1/d of ed_denominator.  The point is secret. */
void ed_to_point(ec_point *r, const ed_extended *a, const fp *inv);

#endif
