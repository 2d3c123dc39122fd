/* tiny.h -- small primes p = 4q - 1 for which E: y^2 = x^3 - 3x over F_p is as for the large one, and all of
 * its points by textbook formulas.
 *
 * E has p + 1 = 4q points, and they are a cyclic group: 3 is no square, so that (0, 0) alone has order 2.
 * Point i is [i]G for one G of order 4q: sums of points are sums of numbers.  Those of order q are the
 * multiples of 4.  As for the large p, -3 is a square, and q ends in the digit -1 (see lines.h).
 */
#ifndef KM_TESTS_TINY_H
#define KM_TESTS_TINY_H

#include "util.h"

#include <stdlib.h>
#include <string.h>

enum { TINY_MAX = 65536 };

typedef struct {
	uint32_t x, y;
} tiny_point;

static struct {
	uint32_t p, q, n;            /* n = p + 1 */
	uint32_t inv[TINY_MAX];      /* inv[0] = 0 */
	tiny_point point[TINY_MAX];  /* [i]G for i < n; point[0], infinity, is not used */
	uint32_t s_inv, k;           /* of edwards.h */
} tiny;

static inline uint32_t tiny_mul(uint32_t a, uint32_t b)
{
	return (uint32_t)((uint64_t)a * b % tiny.p);
}

static inline uint32_t tiny_add(uint32_t a, uint32_t b)
{
	return a + b < tiny.p ? a + b : a + b - tiny.p;
}

static inline uint32_t tiny_neg(uint32_t a)
{
	return a ? tiny.p - a : 0;
}

static inline uint32_t tiny_sub(uint32_t a, uint32_t b)
{
	return tiny_add(a, tiny_neg(b));
}

static inline uint32_t tiny_div(uint32_t a, uint32_t b)
{
	return tiny_mul(a, tiny.inv[b]);
}

static inline uint32_t tiny_pow(uint32_t a, uint32_t e)
{
	uint32_t r = 1;

	for (; e; e >>= 1, a = tiny_mul(a, a))
		if (e & 1)
			r = tiny_mul(r, a);
	return r;
}

/* The slope of the line through two points that are not opposite, or of the tangent. */
static inline uint32_t tiny_slope(tiny_point a, tiny_point b)
{
	if (a.x != b.x)
		return tiny_div(tiny_sub(b.y, a.y), tiny_sub(b.x, a.x));
	return tiny_div(tiny_mul(3, tiny_sub(tiny_mul(a.x, a.x), 1)), tiny_add(a.y, a.y));
}

/* a + b, which are not opposite. */
static inline tiny_point tiny_sum(tiny_point a, tiny_point b)
{
	uint32_t l = tiny_slope(a, b);
	tiny_point r;

	r.x = tiny_sub(tiny_mul(l, l), tiny_add(a.x, b.x));
	r.y = tiny_sub(tiny_mul(l, tiny_sub(a.x, r.x)), a.y);
	return r;
}

static inline int tiny_on_curve(tiny_point a)
{
	uint32_t x3 = tiny_mul(a.x, tiny_sub(tiny_mul(a.x, a.x), 3));

	return tiny_mul(a.y, a.y) == x3;
}

/* Point i + j; both numbers below n. */
static inline uint32_t tiny_index(uint32_t i, uint32_t j)
{
	return (i + j) % tiny.n;
}

/* [k] of point i, k >= 0. */
static inline uint32_t tiny_times(uint64_t k, uint32_t i)
{
	return (uint32_t)(k % tiny.n * i % tiny.n);
}

/* All multiples of g; whether they are all points. */
static inline int tiny_multiples(tiny_point g)
{
	tiny_point r = g;

	for (uint32_t i = 1; i < tiny.n; i++) {
		tiny.point[i] = r;
		if (r.x == g.x && r.y != g.y) /* -g: the next one is infinity */
			return i == tiny.n - 1;
		r = tiny_sum(r, g);
	}
	return 0;
}

/* The root of a square: p = 3 mod 4. */
static inline uint32_t tiny_root(uint32_t a)
{
	return tiny_pow(a, tiny.n / 4);
}

static inline int tiny_root_fails(uint32_t *r, uint32_t a)
{
	*r = tiny_root(a);
	return tiny_mul(*r, *r) != a;
}

/* Choose p = 4q - 1. */
static inline void tiny_choose(uint32_t q)
{
	tiny_point g = {0, 0};

	tiny.q = q;
	tiny.n = 4 * q;
	tiny.p = 4 * q - 1;
	tiny.inv[1] = 1;
	for (uint32_t a = 2; a < tiny.p; a++)
		tiny.inv[a] = tiny_mul(tiny_neg(tiny.p / a), tiny.inv[tiny.p % a]);
	do {
		g.x++;
		g.y = tiny_root(tiny_mul(g.x, tiny_sub(tiny_mul(g.x, g.x), 3)));
	} while (!tiny_on_curve(g) || !g.y || !tiny_multiples(g));
	/* Of both roots of -3 one fits, for -1 is no square. */
	tiny.s_inv = tiny_root(tiny_neg(3));
	if (tiny_root_fails(&tiny.k, tiny_neg(tiny_add(tiny.s_inv, tiny.s_inv)))) {
		tiny.s_inv = tiny_neg(tiny.s_inv);
		assert_false(tiny_root_fails(&tiny.k, tiny_neg(tiny_add(tiny.s_inv, tiny.s_inv))));
	}
	assert_true(tiny_mul(tiny.s_inv, tiny.s_inv) == tiny_neg(3));
}

/* Point 4m, of odd order, on the Edwards curve. */
static inline tiny_point tiny_edwards(uint32_t m)
{
	tiny_point a = tiny.point[4 * m], r = {0, 1};
	uint32_t u = tiny_div(a.x, tiny.s_inv), v = tiny_div(a.y, tiny.s_inv);

	if (m == 0)
		return r;
	r.x = tiny_mul(tiny.k, tiny_div(u, v));
	r.y = tiny_div(tiny_sub(u, 1), tiny_add(u, 1));
	return r;
}

/* F_p^2. */
typedef struct {
	uint32_t re, im;
} tiny2;

static inline tiny2 tiny2_mul(tiny2 a, tiny2 b)
{
	return (tiny2){
		tiny_sub(tiny_mul(a.re, b.re), tiny_mul(a.im, b.im)),
		tiny_add(tiny_mul(a.re, b.im), tiny_mul(a.im, b.re)),
	};
}

static inline tiny2 tiny2_pow(tiny2 a, uint64_t e)
{
	tiny2 r = {1, 0};

	for (; e; e >>= 1, a = tiny2_mul(a, a))
		if (e & 1)
			r = tiny2_mul(r, a);
	return r;
}

static inline int tiny2_equal(tiny2 a, tiny2 b)
{
	return a.re == b.re && a.im == b.im;
}

#endif
