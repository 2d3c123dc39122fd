/* comb_build.c -- building and checking fixed-base tables, one element at a time: all of it is
 * public. */
#include <gmp.h>
#include <stdlib.h>
#include <string.h>

#include "comb.h"
#include "comb_rows.h"
#include "field/fp_rows.h"
#include "random.h"

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

/* r = b + a*w/2^64: one row of a multiplication. */
static void fp_weigh(fp *r, const fp *a, const uint64_t w[LANES], const fp *b)
{
	fp t;
	uint64_t low[FP_LIMBS + 1], top;

	low[FP_LIMBS] = mpn_mul_1(low, a->v, FP_LIMBS, w[0]);
	top = mpn_addmul_1(low, fp_p, FP_LIMBS, low[0] * FP_N0);
	top = mpn_add_1(low + FP_LIMBS, low + FP_LIMBS, 1, top);
	memcpy(t.v, low + 1, sizeof t.v);
	if (top || mpn_cmp(t.v, fp_p, FP_LIMBS) >= 0)
		mpn_sub_n(t.v, t.v, fp_p, FP_LIMBS);
	fp_add(r, b, &t);
}

#define GE    ec_point
#define GN(x) ec_##x
#include "comb_tmpl.h"
#undef GE
#undef GN

/* The sums of window i (comb_check_tmpl.h). */
static void sums(const sink *to, size_t i, size_t lane, const check_weights *w, fp *v, fp *u,
		fp *all)
{
	const fp *t = to->t + to->coords * i * to->entries;

	(void)lane, (void)all;
	memset(v, 0, w->columns * to->coords * sizeof *v);
	memset(u, 0, w->rows * to->coords * sizeof *u);
	for (size_t k = 0; k < w->rows; k++) {
		for (size_t j = 0; j < w->columns; j++) {
			for (size_t c = 0; c < to->coords; c++, t++) {
				fp *down = &v[to->coords * j + c], *across = &u[to->coords * k + c];

				fp_weigh(down, t, &w->r[k], down);
				fp_weigh(across, t, &w->s[j], across);
			}
		}
	}
}

#include "comb_check_tmpl.h"

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

km_err comb_check(const comb *c, const ec_point *chain)
{
	sink to = {&c->t->x, c->shape.entries, 2};

	return ec_check(&to, &chain->x, &c->shape);
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
