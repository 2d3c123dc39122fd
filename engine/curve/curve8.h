/* curve8.h -- points on E in eight lanes. */
#ifndef KM_CURVE8_H
#define KM_CURVE8_H

#include "curve.h"
#include "field/fp8.h"

enum {
	ec8_lanes = FP8_LANES,
	EC8_CHAIN = 110, /* affine additions to one accumulator before it has to be tidied: one partial sum,
	                  * whatever is added up, in a_chain_too_long_is_found of tests/tiny_sums_tmpl.h */
};

typedef struct {
	fp8 x, y;
} ec8_point;

typedef struct {
	fp8_signed x, y;
} ec8_sum; /* as affine additions leave it */

#define FE    fp8
#define FN(x) fp8_##x
#define CN(x) ec8_##x
#include "curve_tmpl.h"
#undef FE
#undef FN
#undef CN

/* inv = 1/a in all lanes by one inversion: the lanes are folded into their product, which is blinded as
 * in ec_blinded_inv, and unfolded again.  *zero: a lane of a was 0.  KM_ERANDOM. */
km_err ec8_blinded_inv(fp8 *inv, uint64_t *zero, const fp8 *a, const km_random *rnd);

#endif
