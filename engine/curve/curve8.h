/* curve8.h -- points on E and F_p^2 in eight lanes. */
#ifndef KM_CURVE8_H
#define KM_CURVE8_H

#include "curve.h"
#include "field/fp8.h"

extern const uint64_t fp8_zero[FP8_LIMBS];
extern const fp8 fp8_no; /* 0 in all lanes */

#define fp8_set_one(r)  fp8_set(r, fp8_one)
#define fp8_set_zero(r) fp8_set(r, fp8_zero)
#define fp8_tidy(a)     fp8_canon(a, a)

/* r = p - a for 0 <= a <= p: in [0, p], else loose. */
static inline void fp8_neg(fp8 *r, const fp8 *a)
{
	static const uint64_t all[FP8_LANES] = {
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
	};

	fp8_cneg(r, a, all);
}

/* r = a*b, or -a*b in lanes where mask is all ones: for factors a below 2^1027 and b below 256p. */
static inline void fp8_mul_signed(fp8 *r, const fp8 *a, const fp8 *b,
		const uint64_t mask[FP8_LANES])
{
	fp8_mul_sdiff(r, a, b, &fp8_no, mask);
}

/* 1 + 128p, the real part of a power to start from: 256p less it stays a factor as far as the
 * imaginary part does (see fp8_mul_lift). */
static inline void fp8_set_start(fp8 *r)
{
	fp8 p64;

	fp8_set(r, fp8_one);
	fp8_set(&p64, fp8_64p);
	fp8_add(r, r, &p64);
	fp8_add(r, r, &p64);
}

/* Lane l of r = lane l + by of a.  r is not a. */
void fp8_rotate(fp8 *r, const fp8 *a, int by);

enum { ec8_lanes = FP8_LANES };

#define FE    fp8
#define FN(x) fp8_##x
#define CN(x) ec8_##x
#define F2(x) fp8x2_##x
#include "curve_tmpl.h"
#include "field/fp2_tmpl.h"
#undef FE
#undef FN
#undef CN
#undef F2

/* 1 where every kernel of the chosen row agrees with the C row, and every lookup that tables may use finds
 * what was put; or there is no row. */
int fp8_proved(void);
/* The same of one lookup, for tables of so many entries, 512 at most. */
int fp8_table_proves(const fp8_table *t, size_t entries);

/* inv = 1/a in all lanes by one inversion: the lanes are folded into their product, which is blinded as
 * in ec_blinded_inv, and unfolded again.  *zero: a lane of a was 0.  KM_ERANDOM. */
km_err ec8_blinded_inv(fp8 *inv, uint64_t *zero, const fp8 *a, const km_random *rnd);

#endif
