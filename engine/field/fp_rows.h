/* fp_rows.h -- the rows of the kernel table of F_p, and the constants they share. */
#ifndef KM_FP_ROWS_H
#define KM_FP_ROWS_H

#include "fp.h"

#define FP_N0 UINT64_C(0x290420077c8f2f3d) /* -1/p mod 2^64 */

extern const uint64_t fp_inv64[16]; /* 2^-64 mod p = (FP_N0 * p + 1)/2^64 */

extern const uint64_t fp_inv52[20]; /* 2^-52 mod p in limbs of 52 bits */

extern const uint64_t fp_n0[2]; /* -1/p mod 2^128, for kernels in assembly */

extern const fp_kernel fp_c;

/* The mul2 of a row that has no kernel for it: one product after the other. */
#define FP_TWO_PRODUCTS(name, mul, sqr) \
	static void name(uint64_t r[16], const uint64_t a[16], const uint64_t b[16], uint64_t s[16], \
			const uint64_t c[16], const uint64_t d[16]) \
	{ \
		a == b ? sqr(r, a) : mul(r, a, b); \
		c == d ? sqr(s, c) : mul(s, c, d); \
	}

#ifdef ARCH_x86_64
void fp_mul_ifma(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
void fp_sqr_ifma(uint64_t r[16], const uint64_t a[16]);
void fp_mul2_ifma(uint64_t r[16], const uint64_t a[16], const uint64_t b[16], uint64_t s[16],
		const uint64_t c[16], const uint64_t d[16]);
void fp_mul_adx(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
void fp_sqr_adx(uint64_t r[16], const uint64_t a[16]);
void fp_add_adx(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
void fp_sub_adx(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
void fp_select_adx(uint64_t *r, const uint64_t *table, size_t n, size_t words, uint64_t index);
#endif

#ifdef ARCH_aarch64
void fp_mul_a64(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
void fp_sqr_a64(uint64_t r[16], const uint64_t a[16]);
void fp_add_a64(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
void fp_sub_a64(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
void fp_select_a64(uint64_t *r, const uint64_t *table, size_t n, size_t words, uint64_t index);
#endif

#endif
