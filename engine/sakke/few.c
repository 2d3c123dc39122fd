/* few.c -- the sums of a few members, one to a lane, by complete Edwards additions. */
#include "encap.h"

#include <string.h>

#include "secret.h"

enum { VECTORS = 8, STEP = FP8_LANES * VECTORS }; /* in step: each window is read while it is near */

/* The sums of eight members on their way. */
typedef struct {
	ed8_extended acc;
	fp8x2_elt power;
	uint64_t negative[FP8_LANES];                   /* acc is to be turned over */
	uint64_t rb[16][FP8_LANES], r[16][FP8_LANES], rg[16][FP8_LANES]; /* recoded: for P, for Z, for g */
} vector;

typedef struct {
	vector v[VECTORS];
	ed8_entry entry;
	uint64_t flip[FP8_LANES], negative[FP8_LANES];
	ending end[STEP];
} work;

/* As in alone.c: the sum is kept up to a sign, that of its last digit. */
static void add_window(work *w, vector *v, const table *t, size_t i, const uint64_t *u, int first)
{
	table_pick(&w->entry, w->negative, t, i, u, 1);
	for (int l = 0; l < FP8_LANES; l++)
		w->flip[l] = v->negative[l] ^ w->negative[l];
	memcpy(v->negative, w->negative, sizeof v->negative);
	if (first)
		ed8_start(&v->acc, &w->entry);
	else
		ed8_add_entry(&v->acc, &w->entry, w->flip);
}

/* The first window is the power to begin with, each later one a turn: see fp2_turn for the signs.  After 205
 * of them its parts are below 243p (see fp8_set_start), times 16p below 2^2059. */
static void turn_window(work *w, vector *v, const table *g, size_t i)
{
	uint64_t turned = 0 - (uint64_t)(i > 0 && i % 2 == 0);

	table_pick(&w->entry.diff, w->flip, g, i, v->rg[0], 1);
	for (int l = 0; l < FP8_LANES; l++)
		w->flip[l] ^= turned;
	fp8_cneg16(&w->entry.diff, &w->entry.diff, w->flip);
	if (i > 0) {
		fp8x2_turn(&v->power, &w->entry.diff);
	} else {
		fp8_set_start(&v->power.re);
		v->power.im = w->entry.diff;
	}
}

static void add_up(work *w, size_t n, const encap_tables *t)
{
	for (size_t i = 0; i < t->p->shape.windows; i++)
		for (size_t v = 0; v < n; v++)
			add_window(w, &w->v[v], t->p, i, w->v[v].rb[0], i == 0);
	for (size_t i = 0; i < t->z->shape.windows; i++)
		for (size_t v = 0; v < n; v++)
			add_window(w, &w->v[v], t->z, i, w->v[v].r[0], 0);
	for (size_t i = 0; t->g && i < t->g->shape.windows; i++)
		for (size_t v = 0; v < n; v++)
			turn_window(w, &w->v[v], t->g, i);
}

/* Lanes to members. */
static void leave(ending *e, vector *v, int with_power)
{
	fp *to[6][FP8_LANES];

	for (int l = 0; l < FP8_LANES; l++) {
		to[0][l] = &e[l].sum.x;
		to[1][l] = &e[l].sum.y;
		to[2][l] = &e[l].sum.z;
		to[3][l] = &e[l].sum.t;
		to[4][l] = &e[l].power.re;
		to[5][l] = &e[l].power.im;
	}
	ed8_cneg(&v->acc, v->negative);
	fp8_to_lanes(to[0], &v->acc.x);
	fp8_to_lanes(to[1], &v->acc.y);
	fp8_to_lanes(to[2], &v->acc.z);
	fp8_to_lanes(to[3], &v->acc.t);
	if (!with_power)
		return;
	fp8_to_lanes(to[4], &v->power.re);
	fp8_to_lanes(to[5], &v->power.im);
}

static km_err sums_of_step(encap_item *items, size_t n, work *w, const encap_tables *t,
		const km_random *rnd)
{
	size_t vectors = (n + FP8_LANES - 1) / FP8_LANES;

	for (size_t j = 0; j < vectors * FP8_LANES; j++) {
		const encap_item *item = &items[j < n ? j : 0];
		vector *v = &w->v[j / FP8_LANES];

		table_recode(v->rb[0], item->rb, &t->p->shape, j % FP8_LANES, FP8_LANES);
		table_recode(v->r[0], item->r, &t->z->shape, j % FP8_LANES, FP8_LANES);
		if (t->g)
			table_recode(v->rg[0], item->r, &t->g->shape, j % FP8_LANES, FP8_LANES);
		v->negative[j % FP8_LANES] = 0;
	}
	add_up(w, vectors, t);
	for (size_t v = 0; v < vectors; v++)
		leave(&w->end[v * FP8_LANES], &w->v[v], t->g != NULL);
	return ending_all(items, w->end, n, t->g != NULL, t->g && t->g->shape.windows % 2 == 0, rnd);
}

km_err few_sums(encap_item *items, size_t n, const encap_tables *t, const km_random *rnd)
{
	work *w = scratch_alloc(sizeof *w);
	km_err err = w ? KM_OK : KM_ENOMEM;

	for (size_t at = 0; err == KM_OK && at < n; at += STEP)
		err = sums_of_step(items + at, n - at < STEP ? n - at : STEP, w, t, rnd);
	scratch_free(w, sizeof *w);
	return err;
}
