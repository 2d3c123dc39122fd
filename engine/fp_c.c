/* fp_c.c -- the portable kernels of F_p: product scanning with the reduction interleaved. */
#include "fp.h"
#include "fp_rows.h"
#include "secret.h"

enum { N = FP_LIMBS };

__extension__ typedef unsigned __int128 u128;

/* Three limbs: one column of a product, with what it carries. */
typedef struct {
	uint64_t lo, mid, hi;
} column;

/* c += x*y.  A column of 32 products stays below 2^134. */
static inline void mul_add(column *c, uint64_t x, uint64_t y)
{
	u128 sum = (u128)c->mid << 64 | c->lo, t = sum + (u128)x * y;

	c->hi += t < sum;
	c->lo = (uint64_t)t;
	c->mid = (uint64_t)(t >> 64);
}

/* c += d. */
static inline void add(column *c, const column *d)
{
	u128 sum = (u128)c->mid << 64 | c->lo, t = sum + ((u128)d->mid << 64 | d->lo);

	c->hi += d->hi + (t < sum);
	c->lo = (uint64_t)t;
	c->mid = (uint64_t)(t >> 64);
}

/* The lowest limb, which leaves the column. */
static inline uint64_t shift(column *c)
{
	uint64_t out = c->lo;

	*c = (column){c->mid, c->hi, 0};
	return out;
}

/* r = t - p where t + top*2^1024 >= p, else t. */
static inline void reduce_once(uint64_t r[N], const uint64_t t[N], uint64_t top)
{
	uint64_t s[N], borrow = 0, keep;

	for (int i = 0; i < N; i++) {
		u128 d = (u128)t[i] - fp_p[i] - borrow;
		s[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
	keep = ct_barrier(0 - (borrow & ~top));
	for (int i = 0; i < N; i++)
		r[i] = ct_select(keep, t[i], s[i]);
}

/* Column k of a*b and of m*p together; the first N columns end in a zero limb by the choice of m.
 * The sum is below p^2 + 2^1024 p, so what is left is below 2p and its top limb is 0 or 1. */
static void mul_c(uint64_t r[N], const uint64_t a[N], const uint64_t b[N])
{
	uint64_t m[N], t[N];
	column c = {0, 0, 0};

#pragma GCC unroll 16
	for (int k = 0; k < N; k++) {
#pragma GCC unroll 16
		for (int i = 0; i < k; i++) {
			mul_add(&c, a[i], b[k - i]);
			mul_add(&c, m[i], fp_p[k - i]);
		}
		mul_add(&c, a[k], b[0]);
		m[k] = c.lo * FP_N0;
		mul_add(&c, m[k], fp_p[0]);
		shift(&c);
	}
#pragma GCC unroll 16
	for (int k = N; k < 2 * N - 1; k++) {
#pragma GCC unroll 16
		for (int i = k - N + 1; i < N; i++) {
			mul_add(&c, a[i], b[k - i]);
			mul_add(&c, m[i], fp_p[k - i]);
		}
		t[k - N] = shift(&c);
	}
	t[N - 1] = shift(&c);
	reduce_once(r, t, c.lo);
}

/* Column k of a^2: its cross products once, doubled, and the square in the middle. */
static inline void sqr_column(column *c, const uint64_t a[N], int k)
{
	column d = {0, 0, 0};

#pragma GCC unroll 16
	for (int i = k < N ? 0 : k - N + 1; 2 * i < k; i++)
		mul_add(&d, a[i], a[k - i]);
	d = (column){d.lo << 1, d.mid << 1 | d.lo >> 63, d.hi << 1 | d.mid >> 63};
	if (k % 2 == 0)
		mul_add(&d, a[k / 2], a[k / 2]);
	add(c, &d);
}

static void sqr_c(uint64_t r[N], const uint64_t a[N])
{
	uint64_t m[N], t[N];
	column c = {0, 0, 0};

#pragma GCC unroll 16
	for (int k = 0; k < N; k++) {
		sqr_column(&c, a, k);
#pragma GCC unroll 16
		for (int i = 0; i < k; i++)
			mul_add(&c, m[i], fp_p[k - i]);
		m[k] = c.lo * FP_N0;
		mul_add(&c, m[k], fp_p[0]);
		shift(&c);
	}
#pragma GCC unroll 16
	for (int k = N; k < 2 * N - 1; k++) {
		sqr_column(&c, a, k);
#pragma GCC unroll 16
		for (int i = k - N + 1; i < N; i++)
			mul_add(&c, m[i], fp_p[k - i]);
		t[k - N] = shift(&c);
	}
	t[N - 1] = shift(&c);
	reduce_once(r, t, c.lo);
}

static void add_c(uint64_t r[N], const uint64_t a[N], const uint64_t b[N])
{
	uint64_t t[N], carry = 0;

	for (int i = 0; i < N; i++) {
		u128 s = (u128)a[i] + b[i] + carry;
		t[i] = (uint64_t)s;
		carry = (uint64_t)(s >> 64);
	}
	reduce_once(r, t, carry);
}

static void sub_c(uint64_t r[N], const uint64_t a[N], const uint64_t b[N])
{
	uint64_t t[N], borrow = 0, carry = 0, mask;

	for (int i = 0; i < N; i++) {
		u128 d = (u128)a[i] - b[i] - borrow;
		t[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
	mask = ct_barrier(0 - borrow);
	for (int i = 0; i < N; i++) {
		u128 s = (u128)t[i] + (fp_p[i] & mask) + carry;
		r[i] = (uint64_t)s;
		carry = (uint64_t)(s >> 64);
	}
}

typedef uint64_t pair __attribute__((vector_size(16)));
typedef uint32_t four __attribute__((vector_size(16)));

/* Some limbs of all entries pass by while their sum stays in registers; the mask of an entry is a
 * comparison of vectors, which no compiler turns into a branch. */
#define SELECT(pairs) \
	for (size_t i = 0; i < n; i++, entry += stride, k += one) { \
		pair mask = (pair)(k == want); \
		_Pragma("GCC unroll 8") for (int j = 0; j < (pairs); j++) \
			acc[j] |= mask & entry[j]; \
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

const fp_kernel fp_c = {"c", 0, mul_c, sqr_c, add_c, sub_c, select_c};
