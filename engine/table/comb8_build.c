/* comb8_build.c -- building tables by eight lanes: eight windows to a vector while
 * multiples are made, then eight entries of a window.  All of it is public. */
#include <stdlib.h>
#include <string.h>

#include "comb8.h"
#include "comb_rows.h"
#include "marks.h"

enum { LANES = FP8_LANES, ADDS = 64 };

typedef comb8 sink;

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

static void put(const sink *to, size_t i, size_t at, int by, const fp8 *a)
{
	size_t part = to->layout->octets * to->shape.entries;
	fp8 canonical;

	for (size_t c = 0; c < to->coords; c++) {
		fp8_reduce(&canonical, &a[c]);
		to->layout->put(to->t + i * to->window_bytes + c * part, to->shape.entries,
				by > 0 ? at : at - (LANES - 1), &canonical, by < 0);
	}
}

#define FE    fp8
#define FN(x) fp8_##x
#define CN(x) ec8_##x
#define PN(x) power8_##x
#include "comb_add_tmpl.h"

#define GE    ec8_sum
#define GN(x) ec8_##x
#include "comb_tmpl.h"
#undef GE
#undef GN

#define GE    fp8
#define GN(x) power8_##x
#include "comb_tmpl.h"

int comb8_available(void)
{
	return fp8_k != NULL;
}

void comb8_clear(comb8 *c)
{
	free(c->t);
	c->t = NULL;
}

static km_err comb8_new(comb8 *c, unsigned w, size_t members, size_t coords)
{
	c->shape = comb_shape_of(w);
	c->layout = fp8_table_for(c->shape.entries, members, fp8_levels);
	c->coords = coords;
	if (!c->layout)
		return KM_EKERNEL;
	c->window_bytes = coords * c->layout->octets * c->shape.entries;
	c->t = aligned_alloc(64, c->shape.windows * c->window_bytes);
	return c->t ? KM_OK : KM_ENOMEM;
}

km_err comb8_build(comb8 *c, const ec_point *chain, unsigned w, size_t members)
{
	km_err err = comb8_new(c, w, members, 2);

	if (err == KM_OK)
		err = ec8_build(c, &chain->x, &c->shape);
	if (err != KM_OK)
		comb8_clear(c);
	return err;
}

km_err comb8_build_g(comb8 *c, const fp *chain, unsigned w, size_t members)
{
	km_err err = comb8_new(c, w, members, 1);

	if (err == KM_OK)
		err = power8_build(c, chain, &c->shape);
	if (err != KM_OK)
		comb8_clear(c);
	return err;
}

/* Entries at .. at + 7 of one coordinate of the windows of a group. */
static void turn_eight(const comb8 *c, const alone_table *a, size_t group, size_t coord, size_t at)
{
	fp8 in[LANES], out; /* [entry], lanes are windows; and the other way round */
	uint64_t index[LANES];

	for (size_t e = 0; e < LANES; e++) {
		for (size_t l = 0; l < LANES; l++)
			index[l] = at + e;
		fp8_select(&in[e], (const uint64_t (*)[LANES])alone_at(a, group, coord, 0),
				a->shape.entries, index);
	}
	for (size_t l = 0; l < LANES && group * LANES + l < c->shape.windows; l++) {
		uint8_t *part = c->t + (group * LANES + l) * c->window_bytes +
				coord * c->layout->octets * c->shape.entries;

		for (size_t k = 0; k < FP8_LIMBS; k++)
			for (size_t e = 0; e < LANES; e++)
				out.v[k][e] = in[e].v[k][l];
		c->layout->put(part, c->shape.entries, at, &out, 0);
	}
}

km_err comb8_turn(comb8 *c, const alone_table *a)
{
	km_err err = comb8_new(c, a->shape.w, LANES, a->coords);

	if (err != KM_OK)
		return err;
	for (size_t group = 0; group < a->groups; group++)
		for (size_t coord = 0; coord < a->coords; coord++)
			for (size_t at = 0; at < a->shape.entries; at += LANES)
				turn_eight(c, a, group, coord, at);
	return KM_OK;
}
