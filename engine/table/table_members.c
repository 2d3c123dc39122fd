/* table_members.c -- tables for eight lanes that are members: made, which is all public, eight windows to a vector
 * while multiples are made, then eight entries of a window; and picked from unseen. */
#include <stdlib.h>
#include <string.h>

#include "curve/curve8.h"
#include "secret.h"
#include "table_layouts.h"

enum { LANES = FP8_LANES, ADDS = 64 };

typedef table sink;

static km_err invert(fp8 *inv, const fp8 *a)
{
	uint64_t zero;
	km_err err = ec8_blinded_inv(inv, &zero, a, NULL);

	/* Public: what is inverted is, and nothing of the blind is left in the inverse. */
	ct_public(inv, sizeof *inv);
	/* Only a fault gives 0: no two of the multiples that are added are equal or opposite. */
	return err == KM_OK && zero ? KM_ESELFTEST : err;
}

static void load(fp8 *r, size_t coords, const fp *chain, const size_t at[LANES])
{
	const fp *lane[LANES];

	for (size_t c = 0; c < coords; c++) {
		for (size_t l = 0; l < LANES; l++)
			lane[l] = chain + coords * at[l] + c;
		fp8_from_lanes(&r[c], lane);
	}
}

static void offsets(fp8 *o, size_t coords, const fp8 *odd, size_t count, size_t i)
{
	for (size_t c = 0; c < coords; c++)
		for (size_t l = 0; l < OFFSETS; l++) {
			const fp8 *a = odd + coords * (count * l + i / LANES) + c;

			for (int k = 0; k < FP8_LIMBS; k++)
				o[c].v[k][l] = a->v[k][i % LANES];
		}
}

static void centre(fp8 *r, size_t coords, const fp8 *a, size_t lane)
{
	for (size_t c = 0; c < coords; c++)
		for (int k = 0; k < FP8_LIMBS; k++)
			for (int l = 0; l < LANES; l++)
				r[c].v[k][l] = a[c].v[k][lane];
}

/* One coordinate of a window. */
static uint8_t *part_at(const table *t, size_t i, size_t coord)
{
	return (uint8_t *)t->mem + (i * t->coords + coord) * t->octets * t->shape.entries;
}

static void put(const sink *to, size_t i, size_t at, int by, const fp8 *a)
{
	fp8 canonical;

	for (size_t c = 0; c < to->coords; c++) {
		fp8_reduce(&canonical, &a[c]);
		to->lookup->put(part_at(to, i, c), to->shape.entries, by > 0 ? at : at - (LANES - 1),
				&canonical, by < 0);
	}
}

#define FE    fp8
#define FN(x) fp8_##x
#define CN(x) ec8_##x
#define PN(x) power8_##x
#include "table_add_tmpl.h"

#define GE    ec8_sum
#define GN(x) ec8_##x
#include "table_make_tmpl.h"
#undef GE
#undef GN

#define GE    fp8
#define GN(x) power8_##x
#include "table_make_tmpl.h"

static km_err over_point(table *t, const table *chain)
{
	return ec8_build(t, chain->mem, &t->shape);
}

static km_err over_g(table *t, const table *chain)
{
	return power8_build(t, chain->mem, &t->shape);
}

/* Entries at .. at + 7 of one coordinate of the windows of a group. */
static void turn_eight(const table *t, const table *groups, size_t group, size_t coord, size_t at)
{
	fp8 in[LANES], out; /* [entry], lanes are windows; and the other way round */
	uint64_t index[LANES];

	for (size_t e = 0; e < LANES; e++) {
		for (size_t l = 0; l < LANES; l++)
			index[l] = at + e;
		fp8_select(&in[e], (const uint64_t (*)[LANES])table_words(groups, group, coord, 0),
				groups->shape.entries, index);
	}
	for (size_t l = 0; l < LANES && group * LANES + l < t->shape.windows; l++) {
		for (size_t k = 0; k < FP8_LIMBS; k++)
			for (size_t e = 0; e < LANES; e++)
				out.v[k][e] = in[e].v[k][l];
		t->lookup->put(part_at(t, group * LANES + l, coord), t->shape.entries, at, &out, 0);
	}
}

static km_err turn(table *t, const table *groups)
{
	for (size_t i = 0; i < groups->shape.windows; i += LANES)
		for (size_t coord = 0; coord < t->coords; coord++)
			for (size_t at = 0; at < t->shape.entries; at += LANES)
				turn_eight(t, groups, i / LANES, coord, at);
	return KM_OK;
}

/* The last coordinates turned over where the masks, or others, say. */
static void apply(fp8 *r, uint64_t *negative, uint64_t turned, size_t coords, size_t n)
{
	for (size_t v = 0; v < n; v++) {
		fp8 *last = &r[v * coords + coords - 1];

		for (int l = 0; l < LANES; l++)
			negative[v * LANES + l] ^= turned;
		fp8_cneg(last, last, &negative[v * LANES]);
	}
}

static void pick(void *r, uint64_t *sign, const table *t, size_t i, const uint64_t *u, size_t n)
{
	uint64_t turned = t->base == TABLE_G ? 0 - (uint64_t)(i & 1) : 0;
	struct {
		uint64_t negative[TABLE_PICKS];
		uint16_t index[TABLE_PICKS];
	} w;

	table_digits(w.index, sign ? sign : w.negative, &t->shape, i, u, n * LANES);
	t->lookup->pick(r, t->coords, table_at(t, i), t->shape.entries, w.index, n / t->lookup->vectors);
	wipe(w.index, n * LANES * sizeof *w.index);
	if (sign)
		return;
	apply(r, w.negative, turned, t->coords, n);
	wipe(w.negative, n * LANES * sizeof *w.negative);
}

const table_rules table_members = {1, {2, 1}, {over_point, over_g}, pick};
const table_rules table_turned = {1, {3, 1}, {turn, turn}, pick};
