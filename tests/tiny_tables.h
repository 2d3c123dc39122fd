/* tiny_tables.h -- what tables over the small curve, and sums over them, have to be: by numbers mod q. */
#ifndef KM_TESTS_TINY_TABLES_H
#define KM_TESTS_TINY_TABLES_H

#include "tiny.h"

#include "engine/table/table.h"
#include "engine/table/table_layouts.h"

/* im/re of g^m, for g of order q. */
static uint32_t tiny_power[TINY_MAX / 4];

static inline void tiny_tables_choose(uint32_t q)
{
	tiny2 a = {2, 1}, g, r = {1, 0};

	tiny_choose(q);
	do {
		a.re++;
		g = tiny2_pow(a, 4);
	} while (!g.im);
	for (uint32_t m = 0; m < tiny.q; m++, r = tiny2_mul(r, g))
		tiny_power[m] = tiny_div(r.im, r.re);
}

static inline uint32_t tiny_half(void)
{
	return (tiny.q + 1) / 2;
}

static inline uint32_t tiny_mod_q(uint64_t a, uint64_t b)
{
	return (uint32_t)(a % tiny.q * (b % tiny.q) % tiny.q);
}

static inline uint32_t tiny_two_to(unsigned e)
{
	uint64_t r = 1, square = 2;

	for (; e; e >>= 1, square = square * square % tiny.q)
		if (e & 1)
			r = r * square % tiny.q;
	return (uint32_t)r;
}

/* With so many windows, or as many as it takes. */
static inline table_shape tiny_shape(unsigned w, unsigned windows)
{
	unsigned bits = 32 - (unsigned)__builtin_clz(tiny.q), least = (bits + w - 1) / w;
	table_shape shape = {w, windows > least ? windows : least, (size_t)1 << (w - 1), {0}};

	shape.half[0] = tiny_mod_q(tiny_two_to(shape.w * shape.windows) + tiny.q - 1, tiny_half());
	return shape;
}

/* Entry e of window i is this multiple of the base. */
static inline uint32_t tiny_entry(const table_shape *shape, unsigned i, size_t e)
{
	return tiny_mod_q(2 * e + 1, tiny_mod_q(tiny_half(), tiny_two_to(shape->w * i)));
}

/* As table_recode. */
static inline void tiny_recode(uint64_t u[16], uint32_t k, const table_shape *shape)
{
	memset(u, 0, 16 * sizeof *u);
	u[0] = (k + shape->half[0]) % tiny.q;
}

/* The multiple that window i of a recoded scalar stands for. */
static inline uint32_t tiny_digit(const uint64_t u[16], const table_shape *shape, unsigned i)
{
	uint64_t negative;
	uint16_t e;
	uint32_t m;

	table_digits(&e, &negative, shape, i, u, 1);
	m = tiny_entry(shape, i, e);
	return negative ? tiny.q - m : m;
}

/* Numbers mod q that points of order q stand for, with what encap_tmpl.h finds exceptional. */
static inline int tiny_meet(uint32_t *a, uint32_t b)
{
	int exceptional = *a == b || (*a + b) % tiny.q == 0;

	*a = (*a + b) % tiny.q;
	return exceptional;
}

/* The sum over all windows of two scalars, by the partial sums and the tree of encap_tmpl.h, k windows a strip; whether
 * an addition on the way is of equal or opposite points.  base: of each table, a multiple of one point. */
static inline int tiny_partials(uint32_t *sum, const uint32_t *scalar, const uint32_t *base, size_t bases,
		const table_shape *const *shapes, size_t k)
{
	static uint32_t partial[1024];
	size_t windows[2] = {shapes[0]->windows, bases == 2 ? shapes[1]->windows : 0}, all = windows[0] + windows[1];
	size_t partials = k < all ? k : all, at[2] = {0, 0}, b = 0;
	int exceptional = 0;

	for (size_t i = 0; i < all; i++, b ^= 1) {
		uint64_t u[16];
		uint32_t m;

		if (at[b] == windows[b])
			b ^= 1;
		tiny_recode(u, scalar[b], shapes[b]);
		m = tiny_mod_q(base[b], tiny_digit(u, shapes[b], (unsigned)at[b]++));
		if (i < partials)
			partial[i] = m;
		else
			exceptional |= tiny_meet(&partial[i % partials], m);
	}
	for (size_t step = 1; step < partials; step *= 2)
		for (size_t j = 0; j + step < partials; j += 2 * step)
			exceptional |= tiny_meet(&partial[j], partial[j + step]);
	*sum = partial[0];
	return exceptional;
}

#endif
