/* comb.c -- fixed-base tables: how scalars become digits, and how an entry is picked unseen. */
#include "comb.h"

#include <gmp.h>
#include <stdlib.h>
#include <string.h>

#include "field/params.h"
#include "field/zq.h"
#include "secret.h"

/* (2^bits - 1)/2 mod q: q is odd, so half of an odd number x is (x + q)/2 in the integers. */
static void half_of_ones(uint64_t r[16], unsigned bits)
{
	mpz_t x, q;

	mpz_inits(x, q, NULL);
	mpz_import(q, 16, -1, 8, 0, 0, params_q);
	mpz_setbit(x, bits);
	mpz_sub_ui(x, x, 1);
	mpz_add(x, x, q);
	mpz_tdiv_q_2exp(x, x, 1);
	mpz_mod(x, x, q);
	memset(r, 0, 128);
	mpz_export(r, NULL, -1, 8, 0, 0, x);
	mpz_clears(x, q, NULL);
}

comb_shape comb_shape_padded(unsigned w, unsigned multiple)
{
	unsigned windows = (Q_BITS + w - 1) / w;
	comb_shape shape = {w, (windows + multiple - 1) / multiple * multiple, (size_t)1 << (w - 1),
			{0}};

	half_of_ones(shape.half, shape.w * shape.windows);
	return shape;
}

comb_shape comb_shape_of(unsigned w)
{
	return comb_shape_padded(w, 1);
}

void comb_recode(uint64_t u[16], const uint64_t k[16], const comb_shape *shape)
{
	zq_add(u, k, shape->half);
}

/* Window i of u; those beyond its 1024 bits are 0. */
static uint64_t window(const uint64_t u[16], const comb_shape *shape, unsigned i)
{
	unsigned at = i * shape->w, limb = at / 64, bit = at % 64;
	uint64_t x = limb < 16 ? u[limb] >> bit : 0;

	if (bit + shape->w > 64 && limb + 1 < 16)
		x |= u[limb + 1] << (64 - bit);
	return x & (((uint64_t)1 << shape->w) - 1);
}

/* The entry that a window stands for, and the mask of its sign: u >= 2^(w-1) is the digit
 * 2(u - 2^(w-1)) + 1 with entry u - 2^(w-1); below, minus the digit of entry 2^(w-1) - 1 - u. */
static uint64_t digit(uint64_t *negative, uint64_t u, const comb_shape *shape)
{
	uint64_t low = u & (shape->entries - 1);

	*negative = ct_barrier((u >> (shape->w - 1)) - 1);
	return low ^ (*negative & (shape->entries - 1));
}

void comb_digits(uint16_t *index, uint64_t *negative, const comb_shape *shape, unsigned i,
		const uint64_t *u, size_t n)
{
	for (size_t k = 0; k < n; k++)
		index[k] = (uint16_t)digit(&negative[k], window(u + 16 * k, shape, i), shape);
}

void comb_digits_across(uint64_t *index, uint64_t *negative, const comb_shape *shape, size_t i,
		const uint64_t u[16], size_t n)
{
	for (size_t k = 0; k < n; k++)
		index[k] = digit(&negative[k], window(u, shape, (unsigned)(i + k)), shape);
}

void comb_pick(ec_point *r, uint64_t *sign, const comb *c, unsigned i, const uint64_t *u, size_t n)
{
	const ec_point *row = c->t + i * c->shape.entries;
	uint64_t negative, index;

	for (size_t k = 0; k < n; k++) {
		index = digit(&negative, window(u + 16 * k, &c->shape, i), &c->shape);
		fp_k->select(r[k].x.v, row->x.v, c->shape.entries, 2 * FP_LIMBS, index);
		if (sign)
			sign[k] = negative;
		else
			fp_cneg(&r[k].y, &r[k].y, negative);
	}
}

void gcomb_pick(fp *r, const gcomb *c, unsigned i, const uint64_t *u, size_t n)
{
	const fp *row = c->t + i * c->shape.entries;
	uint64_t negative, index, turned = 0 - (uint64_t)(i & 1);

	for (size_t k = 0; k < n; k++) {
		index = digit(&negative, window(u + 16 * k, &c->shape, i), &c->shape);
		fp_k->select(r[k].v, row->v, c->shape.entries, FP_LIMBS, index);
		fp_cneg(&r[k], &r[k], negative ^ turned);
	}
}

void comb_clear(comb *c)
{
	free(c->t);
	c->t = NULL;
}

void gcomb_clear(gcomb *c)
{
	free(c->t);
	c->t = NULL;
}
