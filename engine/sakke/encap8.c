/* encap8.c -- fixed-base sums for many members, eight to a vector. */
#include "encap.h"

#include <string.h>

#include "secret.h"

enum {
	VECTORS = 64,   /* in step: 512 members */
	ADDS = 128,     /* vector additions that share an inversion: 820 KB of points and products */
	MEMBERS = FP8_LANES * VECTORS,
};
_Static_assert((int)MEMBERS <= (int)TABLE_PICKS, "one window is picked for all at once");

/* ---- what the template needs ------------------------------------------------------------------ */

#define eight_pick table_pick /* canonical, where sums will be */
#define eight_gpick(r, g, i, u, n) table_pick(r, NULL, g, i, u, n)
#define eight_set_start fp8_set_start
#define eight_chain (size_t)EC8_CHAIN
#define eight_invert ec8_blinded_inv
typedef table eight_table, eight_gtable;

#define FE    fp8
#define FN(x) fp8_##x
#define CN(x) ec8_##x
#define F2(x) fp8x2_##x
#define EN(x) eight_##x
#include "encap_tmpl.h"

/* ---- batches ---------------------------------------------------------------------------------- */

/* For n vectors, and so many windows over both bases. */
static int work_new(eight_work *b, size_t windows, size_t n)
{
	size_t k = ADDS / n < windows ? ADDS / n : windows;

	return eight_work_new(b, n, n * FP8_LANES, k, 2, k * n);
}

/* Lanes back to members; what lies beyond n is padding. */
static void unpack(encap_item *items, size_t n, eight_work *b, int with_g, uint64_t turned)
{
	encap_item beyond;

	for (size_t v = 0; v * FP8_LANES < n; v++) {
		uint8_t *x[FP8_LANES], *y[FP8_LANES], *gr[FP8_LANES];
		uint64_t mask[FP8_LANES];

		for (size_t l = 0; l < FP8_LANES; l++) {
			encap_item *item = v * FP8_LANES + l < n ? &items[v * FP8_LANES + l] : &beyond;

			item->point[0] = 4;
			x[l] = item->point + 1;
			y[l] = item->point + 1 + KM_FP_BYTES;
			gr[l] = item->gr;
			item->status = KM_OK;
			mask[l] = turned;
		}
		fp8_to_octets(x, &b->partials.acc[v].x);
		fp8_to_octets(y, &b->partials.acc[v].y);
		if (!with_g)
			continue;
		fp8_cneg16(&b->gr[v], &b->gr[v], mask);
		fp8_to_octets(gr, &b->gr[v]);
	}
	wipe(&beyond, sizeof beyond);
}

/* Scalars as the windows of a table want them; what lies beyond n is padding. */
static void recode(uint64_t (*u)[16], const encap_item *items, size_t n, size_t padded, const table *t, int times_b)
{
	for (size_t j = 0; j < padded; j++) {
		const encap_item *item = &items[j < n ? j : 0];

		table_recode(u[0], times_b ? item->rb : item->r, &t->shape, j, padded);
	}
}

static km_err sums_in_step(eight_work *b, encap_item *items, size_t n, const encap_tables *t,
		const encap_tables *complete, const km_random *rnd)
{
	const table *tables[2] = {t->p, t->z};
	size_t padded = b->partials.n * FP8_LANES;
	uint64_t zero, turned = 0;
	km_err err = KM_OK;

	if (t->g) {
		recode(b->ur, items, n, padded, t->g, 0);
		turned = 0 - (uint64_t)(t->g->shape.windows & 1);
		err = eight_powers(b->gr, b->power, b->partials.prefix, b->y, b->partials.n, b->partials.used, t->g,
				b->ur[0], rnd);
	}
	recode(b->urb, items, n, padded, t->p, 1);
	recode(b->ur, items, n, padded, t->z, 0);
	if (err == KM_OK)
		err = eight_add_all(&b->partials, &zero, tables, (const uint64_t *[]){b->urb[0], b->ur[0]},
				rnd);
	if (err != KM_OK)
		return err;
	if (zero)
		return alone_sums(items, n, complete, rnd);
	unpack(items, n, b, t->g != NULL, turned);
	return KM_OK;
}

/* Vectors for n members, in the lookup's unit. */
static size_t vectors_of(size_t n, size_t unit)
{
	return (n + FP8_LANES * unit - 1) / (FP8_LANES * unit) * unit;
}

km_err encap8_sums(encap_item *items, size_t n, const encap_tables *t, const encap_tables *complete,
		const km_random *rnd)
{
	size_t of_p = table_unit(t->p) / FP8_LANES, of_z = table_unit(t->z) / FP8_LANES;
	size_t unit = of_p > of_z ? of_p : of_z, vectors = vectors_of(n, unit);
	km_err err = KM_OK;
	eight_work b;

	if (n == 0)
		return KM_OK;
	if (!work_new(&b, t->p->shape.windows + t->z->shape.windows, vectors < VECTORS ? vectors : VECTORS))
		return KM_ENOMEM;
	for (size_t at = 0; at < n && err == KM_OK; at += MEMBERS) {
		size_t m = n - at < MEMBERS ? n - at : MEMBERS;

		b.partials.n = vectors_of(m, unit);
		b.partials.used = vectors_of(m, 1);
		err = sums_in_step(&b, items + at, m, t, complete, rnd);
	}
	eight_work_free(&b);
	return err;
}
