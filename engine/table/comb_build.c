/* comb_build.c -- building fixed-base tables, one element at a time: all of it is public. */
#include <stdlib.h>
#include <string.h>

#include "comb.h"
#include "comb_rows.h"

enum { LANES = 1, ADDS = 512 };

typedef struct {
	fp *t;
	size_t entries, coords;
} sink;

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
	memcpy(to->t + to->coords * (i * to->entries + at), a, to->coords * sizeof *a);
}

#define FE    fp
#define FN(x) fp_##x
#define CN(x) ec_##x
#define PN(x) power_##x
#include "comb_add_tmpl.h"

#define GE    ec_point
#define GN(x) ec_##x
#include "comb_tmpl.h"
#undef GE
#undef GN

#define GE    fp
#define GN(x) power_##x
#include "comb_tmpl.h"

km_err comb_build(comb *c, const ec_point *chain, unsigned w)
{
	sink to;
	km_err err;

	c->shape = comb_shape_of(w);
	c->t = aligned_alloc(64, c->shape.windows * c->shape.entries * sizeof *c->t);
	if (!c->t)
		return KM_ENOMEM;
	to = (sink){&c->t->x, c->shape.entries, 2};
	err = ec_build(&to, &chain->x, &c->shape);
	if (err != KM_OK)
		comb_clear(c);
	return err;
}

km_err gcomb_build(gcomb *c, const fp *chain, unsigned w)
{
	sink to;
	km_err err;

	c->shape = comb_shape_of(w);
	c->t = aligned_alloc(64, c->shape.windows * c->shape.entries * sizeof *c->t);
	if (!c->t)
		return KM_ENOMEM;
	to = (sink){c->t, c->shape.entries, 1};
	err = power_build(&to, chain, &c->shape);
	if (err != KM_OK)
		gcomb_clear(c);
	return err;
}
