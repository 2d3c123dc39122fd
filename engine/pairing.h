/* pairing.h -- <K, Q> for points of one's own and of strangers. */
#ifndef KM_PAIRING_H
#define KM_PAIRING_H

#include "curve.h"

/* r = <k, q>, the representative in F_p.  k is one's own RSK: the first argument's multiples are all
 * met in the loop, so it must be of order q, while q may be any point on E.  Both are secret.
 * KM_EDEGENERATE: the value has no representative (q of order 2 or 4).  KM_ERANDOM. */
km_err pairing(fp *r, const ec_point *k, const ec_point *q, const km_random *rnd);

/* The same, and all ones in *order_q where k has order q, which is not supposed. */
km_err pairing_checked(fp *r, uint64_t *order_q, const ec_point *k, const ec_point *q,
		const km_random *rnd);

#endif
