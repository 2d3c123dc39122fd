/* pairing.h -- <K, Q> for points of one's own and of strangers. */
#ifndef KM_PAIRING_H
#define KM_PAIRING_H

#include "curve.h"
#include "lines.h"

/* r = <k, q>, the representative in F_p.  k is one's own RSK: the first argument's multiples are
 * all met in the loop, so it must be of order q, while q may be any point on E.  Both are secret.
 * KM_EDEGENERATE: there is no value, k is not of order q.  KM_ERANDOM, KM_ENOMEM. */
km_err pairing(fp *r, const ec_point *k, const ec_point *q, const km_random *rnd);

/* The same, for k whose lines are given.  KM_EDEGENERATE, KM_ERANDOM. */
km_err pairing_prepared(fp *r, const fp *lines, const ec_point *q, const km_random *rnd);

/* One pairing of many. */
typedef struct {
	const ec_point *k;   /* of order q */
	const fp *lines;     /* of k, or NULL: they are slower to go without */
	ec_point q;          /* on E */
	fp w;                /* <k, q> */
	km_err status;       /* KM_OK or KM_EDEGENERATE; then w = 0 */
} pairing_item;

/* Fill in w and status of n items.  KM_ERANDOM, KM_ENOMEM: none is filled in. */
km_err pairing_many(pairing_item *items, size_t n, const km_random *rnd);

#endif
