/* table_ones.c -- tables for one element at a time: made, which is all public, and picked from unseen. */
#include <stdlib.h>
#include <string.h>

#include "secret.h"
#include "table_layouts.h"

enum { LANES = 1, ADDS = 512 };

typedef table sink;

static km_err invert(fp *inv, const fp *a)
{
	fp_inv_var(inv, a);
	/* Only a fault gives 0: no two of the multiples that are added are equal or opposite. */
	return fp_is_zero(a) ? KM_ESELFTEST : KM_OK;
}

static void load(fp *r, size_t coords, const fp *chain, const size_t at[LANES])
{
	memcpy(r, chain + coords * at[0], coords * sizeof *r);
}

static void offsets(fp *o, size_t coords, const fp *odd, size_t count, size_t i)
{
	for (size_t l = 0; l < OFFSETS; l++)
		memcpy(o + coords * l, odd + coords * (count * l + i), coords * sizeof *o);
}

static void centre(fp *c, size_t coords, const fp *a, size_t lane)
{
	(void)lane;
	memcpy(c, a, coords * sizeof *c);
}

static void put(const sink *to, size_t i, size_t at, int by, const fp *a)
{
	(void)by;
	memcpy((fp *)to->mem + to->coords * (i * to->shape.entries + at), a, to->coords * sizeof *a);
}

#define FE    fp
#define FN(x) fp_##x
#define CN(x) ec_##x
#define PN(x) power_##x
#include "table_add_tmpl.h"

#define GE    ec_point
#define GN(x) ec_##x
#include "table_make_tmpl.h"
#undef GE
#undef GN

#define GE    fp
#define GN(x) power_##x
#include "table_make_tmpl.h"

static km_err over_point(table *t, const table *chain)
{
	return ec_build(t, chain->mem, &t->shape);
}

static km_err over_g(table *t, const table *chain)
{
	return power_build(t, chain->mem, &t->shape);
}

static void pick(void *r, uint64_t *sign, const table *t, size_t i, const uint64_t *u, size_t n)
{
	const fp *window = (const fp *)t->mem + i * t->coords * t->shape.entries;
	uint64_t turned = t->base == TABLE_G ? 0 - (uint64_t)(i & 1) : 0;
	struct {
		uint64_t negative[TABLE_PICKS];
		uint16_t index[TABLE_PICKS];
	} w;

	table_digits(w.index, sign ? sign : w.negative, &t->shape, i, u, n);
	for (size_t k = 0; k < n; k++) {
		fp *to = (fp *)r + k * t->coords, *last = to + t->coords - 1;

		fp_k->select(to->v, window->v, t->shape.entries, t->coords * FP_LIMBS, w.index[k]);
		if (!sign)
			fp_cneg(last, last, w.negative[k] ^ turned);
	}
	wipe(w.index, n * sizeof *w.index);
	if (!sign)
		wipe(w.negative, n * sizeof *w.negative);
}

const table_rules table_ones = {1, {2, 1}, {over_point, over_g}, pick};
