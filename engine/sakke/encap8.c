/* encap8.c -- fixed-base sums for many members, eight to a vector. */
#include "encap.h"

#include <string.h>

#include "alone.h"
#include "secret.h"

enum {
	VECTORS = 64,   /* in step: 512 members */
	ADDS = 128,     /* vector additions that share an inversion: 820 KB of points and products */
	MEMBERS = FP8_LANES * VECTORS,
};

/* ---- what the template needs ------------------------------------------------------------------ */

/* Digits of one window for all members. */
typedef struct {
	uint16_t index[MEMBERS];
	uint64_t negative[MEMBERS];
} picks;

/* Signs go to sign, or where that is NULL to the last coordinates. */
static void pick(fp8 *r, uint64_t *sign, const comb8 *c, size_t i, const uint64_t *u, size_t n,
		uint64_t turned)
{
	picks p;
	size_t groups = n / c->layout->vectors;

	comb_digits(p.index, sign ? sign : p.negative, &c->shape, (unsigned)i, u, n * FP8_LANES);
	c->layout->pick(r, c->coords, c->t + i * c->window_bytes, c->shape.entries, p.index, groups);
	for (size_t v = 0; !sign && v < n; v++) {
		fp8 *last = &r[v * c->coords + c->coords - 1]; /* y */

		for (int l = 0; l < FP8_LANES; l++)
			p.negative[v * FP8_LANES + l] ^= turned;
		fp8_cneg(last, last, &p.negative[v * FP8_LANES]);
	}
	wipe(p.index, n * FP8_LANES * sizeof p.index[0]);
	if (!sign)
		wipe(p.negative, n * FP8_LANES * sizeof p.negative[0]);
}

static void eight_pick(ec8_sum *r, uint64_t *sign, const comb8 *c, size_t i, const uint64_t *u,
		size_t n)
{
	pick((fp8 *)r, sign, c, i, u, n, 0); /* canonical, where sums will be */
}

static void eight_gpick(fp8 *r, const comb8 *c, unsigned i, const uint64_t *u, size_t n)
{
	pick(r, NULL, c, i, u, n, 0 - (uint64_t)(i & 1));
}

#define eight_set_start fp8_set_start
#define eight_invert ec8_blinded_inv
typedef comb8 eight_table;
typedef comb8 eight_gtable;

#define FE    fp8
#define FN(x) fp8_##x
#define CN(x) ec8_##x
#define F2(x) fp8x2_##x
#define EN(x) eight_##x
#include "encap_tmpl.h"

/* ---- batches ---------------------------------------------------------------------------------- */

/* For n vectors: at least so many rows that no accumulator is added to too often. */
static int block_new(eight_block *b, size_t windows, size_t n)
{
	size_t k = ADDS / (2 * n);

	if (k < (windows + EC8_CHAIN - 1) / EC8_CHAIN)
		k = (windows + EC8_CHAIN - 1) / EC8_CHAIN;
	if (k > windows)
		k = windows;
	return eight_block_new(b, n, n * FP8_LANES, k, 2, 2 * k * n);
}

/* Lanes back to members; what lies beyond n is padding. */
static void unpack(encap_item *items, size_t n, eight_block *b, uint64_t turned)
{
	fp beyond;

	for (size_t v = 0; v * FP8_LANES < n; v++) {
		fp *x[FP8_LANES], *y[FP8_LANES], *gr[FP8_LANES];

		for (size_t l = 0; l < FP8_LANES; l++) {
			encap_item *item = v * FP8_LANES + l < n ? &items[v * FP8_LANES + l] : NULL;

			x[l] = item ? &item->point.x : &beyond;
			y[l] = item ? &item->point.y : &beyond;
			gr[l] = item ? &item->gr : &beyond;
		}
		fp8_to_lanes(x, &b->rows.acc[v].x);
		fp8_to_lanes(y, &b->rows.acc[v].y);
		fp8_to_lanes(gr, &b->gr[v]);
	}
	for (size_t j = 0; j < n; j++) {
		fp_cneg(&items[j].gr, &items[j].gr, turned);
		items[j].status = KM_OK;
	}
	wipe(&beyond, sizeof beyond);
}

static km_err sums_of_block(eight_block *b, encap_item *items, size_t n, const encap8_tables *t,
		const km_random *rnd)
{
	const comb8 *tables[2] = {t->p, t->z};
	uint64_t zero;
	km_err err = KM_OK;

	for (size_t j = 0; j < b->rows.n * FP8_LANES; j++) {
		const encap_item *item = &items[j < n ? j : 0];

		comb_recode(b->urb[j], item->rb, &t->p->shape);
		comb_recode(b->ur[j], item->r, &t->z->shape);
	}
	if (t->g)
		err = eight_powers(b->gr, b->power, b->rows.prefix, b->y, b->rows.n, t->g, b->ur[0],
				rnd);
	if (err == KM_OK)
		err = eight_add_all(&b->rows, &zero, tables, (const uint64_t *[]){b->urb[0], b->ur[0]},
				rnd);
	if (err != KM_OK)
		return err;
	if (zero)
		return alone_sums(items, n, t->complete, rnd);
	unpack(items, n, b, 0 - (uint64_t)(t->p->shape.windows & 1));
	return KM_OK;
}

/* Vectors for n members, in the lookup's unit. */
static size_t vectors_of(size_t n, size_t unit)
{
	return (n + FP8_LANES * unit - 1) / (FP8_LANES * unit) * unit;
}

km_err encap8_sums(encap_item *items, size_t n, const encap8_tables *t, const km_random *rnd)
{
	size_t vectors = vectors_of(n, t->p->layout->vectors);
	km_err err = KM_OK;
	eight_block b;

	if (n == 0)
		return KM_OK;
	if (!block_new(&b, t->p->shape.windows, vectors < VECTORS ? vectors : VECTORS))
		return KM_ENOMEM;
	for (size_t at = 0; at < n && err == KM_OK; at += MEMBERS) {
		size_t m = n - at < MEMBERS ? n - at : MEMBERS;

		b.rows.n = vectors_of(m, t->p->layout->vectors);
		err = sums_of_block(&b, items + at, m, t, rnd);
	}
	fp8_scrub();
	eight_block_free(&b);
	return err;
}
