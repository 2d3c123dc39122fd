/* table.c -- tables made, picked from and given back, each by the rules of its layout; the digits of scalars. */
#include "table_layouts.h"

#include <gmp.h>
#include <string.h>

#include "field/params.h"
#include "field/zq.h"
#include "secret.h"
#include "table_pages.h"

static const table_rules *const rules[TABLE_LAYOUTS] = {
	[TABLE_LIMBS] = &table_ones, [TABLE_WORDS] = &table_members, [TABLE_OCTETS] = &table_members,
	[TABLE_GROUPS] = &table_groups, [TABLE_TURNED] = &table_turned,
};

/* ---- tables ------------------------------------------------------------------------------------ */

size_t table_size(const table *t)
{
	return t->shape.windows * t->shape.entries * t->coords * t->octets;
}

const uint8_t *table_at(const table *t, size_t i)
{
	return (const uint8_t *)t->mem + i * rules[t->layout]->multiple * t->shape.entries * t->coords * t->octets;
}

table_layout table_widest(unsigned w)
{
	const fp8_table *lookup = fp8_table_for((size_t)1 << (w - 1), TABLE_PICKS, fp8_levels);

	return lookup && lookup->vectors > 1 ? TABLE_OCTETS : TABLE_WORDS;
}

size_t table_unit(const table *t)
{
	return t->lookup ? FP8_LANES * t->lookup->vectors : 1;
}

/* All of t but its memory. */
static km_err form(table *t, table_base base, table_layout layout, unsigned w)
{
	*t = (table){.base = base, .layout = layout, .coords = rules[layout]->coords[base],
		.octets = sizeof(fp), .shape = table_shape_of(w, rules[layout]->multiple)};
	if (w == 1)
		t->shape.windows = CHAIN_LEN;
	if (layout == TABLE_WORDS || layout == TABLE_OCTETS || layout == TABLE_TURNED) {
		t->lookup = fp8_table_for(t->shape.entries, layout == TABLE_OCTETS ? TABLE_PICKS : FP8_LANES,
				fp8_levels);
		if (!t->lookup || (t->lookup->vectors > 1) != (layout == TABLE_OCTETS))
			return KM_EKERNEL;
		t->octets = t->lookup->octets;
	}
	if (layout == TABLE_GROUPS && !fp8_table_for(FP8_LANES, FP8_LANES, fp8_levels))
		return KM_EKERNEL; /* what packs its entries comes with the lookups */
	return KM_OK;
}

size_t table_size_of(table_base base, table_layout layout, unsigned w)
{
	table t;

	return form(&t, base, layout, w) == KM_OK ? table_size(&t) : 0;
}

km_err table_new(table *t, table_base base, table_layout layout, unsigned w)
{
	km_err err = form(t, base, layout, w);

	if (err == KM_OK)
		t->mem = table_pages_new(table_size(t));
	return err == KM_OK && !t->mem ? KM_ENOMEM : err;
}

km_err table_make(table *t, const table *from, table_layout layout, unsigned w)
{
	km_err err = table_new(t, from->base, layout, w);

	if (err == KM_OK)
		err = rules[layout]->make[from->base](t, from);
	if (err == KM_OK)
		table_pages_seal(t->mem);
	else
		table_clear(t);
	return err;
}

void table_clear(table *t)
{
	table_pages_free(t->mem);
	t->mem = NULL;
}

void table_pick(void *r, uint64_t *sign, const table *t, size_t i, const uint64_t *u, size_t n)
{
	rules[t->layout]->pick(r, sign, t, i, u, n);
}

/* ---- digits ------------------------------------------------------------------------------------ */

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

table_shape table_shape_of(unsigned w, unsigned multiple)
{
	unsigned windows = (Q_BITS + w - 1) / w;
	table_shape shape = {w, (windows + multiple - 1) / multiple * multiple, (size_t)1 << (w - 1),
			{0}};

	half_of_ones(shape.half, shape.w * shape.windows);
	return shape;
}

void table_recode(uint64_t *u, const uint64_t k[16], const table_shape *shape, size_t j, size_t n)
{
	uint64_t limbs[16];

	zq_add(limbs, k, shape->half);
	for (size_t i = 0; i < 16; i++)
		u[i * n + j] = limbs[i];
	wipe(limbs, sizeof limbs);
}

/* The entry that a window stands for, and the mask of its sign: u >= 2^(w-1) is the digit
 * 2(u - 2^(w-1)) + 1 with entry u - 2^(w-1); below, minus the digit of entry 2^(w-1) - 1 - u. */
static uint64_t digit(uint64_t *negative, uint64_t u, const table_shape *shape)
{
	uint64_t low = u & (shape->entries - 1);

	*negative = ct_barrier((u >> (shape->w - 1)) - 1);
	return low ^ (*negative & (shape->entries - 1));
}

void table_digits(uint16_t *index, uint64_t *negative, const table_shape *shape, size_t i,
		const uint64_t *u, size_t n)
{
	unsigned at = (unsigned)i * shape->w, limb = at / 64, bit = at % 64;
	const uint64_t *low = u + limb * n, *high = low + n;
	uint64_t mask = ((uint64_t)1 << shape->w) - 1;

	if (limb >= 16) /* windows beyond the scalar */
		for (size_t k = 0; k < n; k++)
			index[k] = (uint16_t)digit(&negative[k], 0, shape);
	else if (bit + shape->w <= 64 || limb == 15)
		for (size_t k = 0; k < n; k++)
			index[k] = (uint16_t)digit(&negative[k], low[k] >> bit & mask, shape);
	else
		for (size_t k = 0; k < n; k++)
			index[k] = (uint16_t)digit(&negative[k],
					(low[k] >> bit | high[k] << (64 - bit)) & mask, shape);
}
