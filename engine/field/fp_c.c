/* fp_c.c -- the portable kernels of F_p: product scanning with the reduction interleaved.
 *
 * To divide t by 2^64 is to drop its lowest limb m and to add m * fp_inv64 to the rest, as
 * fp_inv64 = 2^-64 mod p: no multiplication gives m, and no product makes the lowest limb 0.  The
 * last limb goes in Montgomery's way, m = t * n0, t = (t + m*p)/2^64, as what it adds is then below
 * p.  The result is below a*b/2^1024 + fp_inv64 + p < (0.60 + 0.17 + 1) p < 2p.
 *
 * A column of a product collects in a chain of additions of its own, the columns of a*b and of the
 * reduction side by side, so that the processor can work on both: one level of Karatsuba, and the
 * reduction after it, took an eighth longer on x86-64, and saved 4 % of AArch64's instructions.
 */
#include <gmp.h>

#include "fp.h"
#include "fp_rows.h"
#include "secret.h"

enum { N = FP_LIMBS };

_Static_assert(sizeof(mp_limb_t) == 8 && GMP_NUMB_BITS == 64, "a limb of GMP is one of ours");

__extension__ typedef unsigned __int128 u128;

typedef uint64_t pair __attribute__((vector_size(16)));
typedef uint32_t four __attribute__((vector_size(16)));

/* x where mask is all ones, else acc, which is 0 until it is x: one instruction of AArch64; elsewhere the other way
 * takes fewer. */
#ifdef ARCH_aarch64
#define TAKE(acc, mask, x) ((acc) ^ ((mask) & ((acc) ^ (x))))
#else
#define TAKE(acc, mask, x) ((acc) | ((mask) & (x)))
#endif

/* Some limbs of all entries pass by while their sum stays in registers; the mask of an entry is a
 * comparison of vectors, which no compiler turns into a branch. */
#define SELECT(pairs) \
	for (size_t i = 0; i < n; i++, entry += stride, k += one) { \
		pair mask = (pair)(k == want); \
		_Pragma("GCC unroll 8") for (int j = 0; j < (pairs); j++) \
			acc[j] = TAKE(acc[j], mask, entry[j]); \
	} \
	for (int j = 0; j < (pairs); j++) \
		out[j] = acc[j]

static void select_c(uint64_t *r, const uint64_t *table, size_t n, size_t words, uint64_t index)
{
	const uint32_t low = (uint32_t)ct_barrier(index);
	const four want = {low, low, low, low}, one = {1, 1, 1, 1};
	const size_t stride = words / 2;

	for (size_t at = 0; at < stride; at += 8) {
		const pair *entry = (const pair *)table + at;
		pair *out = (pair *)r + at, acc[8] = {{0, 0}};
		four k = {0, 0, 0, 0};

		if (stride - at >= 8) {
			SELECT(8);
		} else {
			SELECT(4);
		}
	}
}

/* Below are products.  In code so long, the scheduler that gcc has before registers are given out (not for x86-64) lets
 * more values wait than there are registers. */
#ifndef __clang__
#pragma GCC optimize("no-schedule-insns")
#endif

/* Three limbs: one column, with what it carries.  32 products and a carry stay below 2^134. */
typedef struct {
	uint64_t lo, mid, hi;
} column;

/* c += hi * 2^128 + x.  The barrier keeps compilers from gathering the carries in vectors.  clang for AArch64 makes
 * a comparison of each carry of a sum of 128 bits, but none of a limb's. */
static inline void add_to(column *c, uint64_t hi, u128 x)
{
#if defined(__clang__) && defined(ARCH_aarch64)
	uint64_t high = (uint64_t)(x >> 64) + __builtin_add_overflow(c->lo, (uint64_t)x, &c->lo);

	c->hi = ct_barrier(c->hi + hi + __builtin_add_overflow(c->mid, high, &c->mid));
#else
	u128 sum = (u128)c->mid << 64 | c->lo, t = sum + x;

	c->hi = ct_barrier(c->hi + hi + (t < sum));
	c->lo = (uint64_t)t;
	c->mid = (uint64_t)(t >> 64);
#endif
}

/* c += x*y. */
static inline void mul_add(column *c, uint64_t x, uint64_t y)
{
	add_to(c, 0, (u128)x * y);
}

/* c += d. */
static inline void add(column *c, const column *d)
{
	add_to(c, d->hi, (u128)d->mid << 64 | d->lo);
}

/* The lowest limb, which leaves the column. */
static inline uint64_t shift(column *c)
{
	uint64_t out = c->lo;

	*c = (column){c->mid, c->hi, 0};
	return out;
}

/* The last limb that leaves before the result: m. */
static inline uint64_t shift_last(column *c)
{
	uint64_t m = c->lo * FP_N0;

	mul_add(c, m, fp_p[0]);
	shift(c);
	return m;
}

/* r = t - p where t + top*2^1024 >= p, else t. */
static inline void reduce_once(uint64_t r[N], const uint64_t t[N], uint64_t top)
{
	uint64_t s[N], keep = ct_barrier(0 - (mpn_sub_n(s, t, fp_p, N) & ~top));

	for (int i = 0; i < N; i++)
		r[i] = ct_select(keep, t[i], s[i]);
}

/* c collects the columns of a*b and what they carry, d those of the reduction. */
static void mul_c(uint64_t r[N], const uint64_t a[N], const uint64_t b[N])
{
	uint64_t m[N], t[N];
	column c = {0, 0, 0};

#pragma GCC unroll 16
	for (int k = 0; k < N; k++) {
		column d = {0, 0, 0};
#pragma GCC unroll 16
		for (int i = 0; i < k; i++) {
			mul_add(&c, a[i], b[k - i]);
			mul_add(&d, m[i], fp_inv64[k - 1 - i]);
		}
		mul_add(&c, a[k], b[0]);
		add(&c, &d);
		m[k] = k < N - 1 ? shift(&c) : shift_last(&c);
	}
#pragma GCC unroll 16
	for (int k = N; k < 2 * N - 1; k++) {
		column d = {0, 0, 0};
#pragma GCC unroll 16
		for (int i = k - N + 1; i < N; i++) {
			mul_add(&c, a[i], b[k - i]);
			mul_add(&d, m[i - 1], fp_inv64[k - i]);
		}
		mul_add(&d, m[N - 1], fp_p[k - N + 1]);
		add(&c, &d);
		t[k - N] = shift(&c);
	}
	t[N - 1] = shift(&c);
	reduce_once(r, t, c.lo);
}

/* d collects the cross products, which count twice, e the columns of the reduction. */
static void sqr_c(uint64_t r[N], const uint64_t a[N])
{
	uint64_t m[N], t[N];
	column c = {0, 0, 0};

#pragma GCC unroll 16
	for (int k = 0; k < N; k++) {
		column d = {0, 0, 0}, e = {0, 0, 0};
#pragma GCC unroll 16
		for (int i = 0; i < k; i++) {
			if (2 * i < k)
				mul_add(&d, a[i], a[k - i]);
			mul_add(&e, m[i], fp_inv64[k - 1 - i]);
		}
		if (k % 2 == 0)
			mul_add(&c, a[k / 2], a[k / 2]);
		add(&c, &d);
		add(&c, &d);
		add(&c, &e);
		m[k] = k < N - 1 ? shift(&c) : shift_last(&c);
	}
#pragma GCC unroll 16
	for (int k = N; k < 2 * N - 1; k++) {
		column d = {0, 0, 0}, e = {0, 0, 0};
#pragma GCC unroll 16
		for (int i = k - N + 1; i < N; i++) {
			if (2 * i < k)
				mul_add(&d, a[i], a[k - i]);
			mul_add(&e, m[i - 1], fp_inv64[k - i]);
		}
		mul_add(&e, m[N - 1], fp_p[k - N + 1]);
		if (k % 2 == 0)
			mul_add(&c, a[k / 2], a[k / 2]);
		add(&c, &d);
		add(&c, &d);
		add(&c, &e);
		t[k - N] = shift(&c);
	}
	t[N - 1] = shift(&c);
	reduce_once(r, t, c.lo);
}

static void add_c(uint64_t r[N], const uint64_t a[N], const uint64_t b[N])
{
	uint64_t t[N], top = mpn_add_n(t, a, b, N);

	reduce_once(r, t, top);
}

static void sub_c(uint64_t r[N], const uint64_t a[N], const uint64_t b[N])
{
	uint64_t t[N], borrow = mpn_sub_n(t, a, b, N);

	mpn_cnd_add_n(borrow, r, t, fp_p, N);
}

FP_TWO_PRODUCTS(mul2_c, mul_c, sqr_c)

const fp_kernel fp_c = {"c", 0, mul_c, sqr_c, mul2_c, add_c, sub_c, select_c};
