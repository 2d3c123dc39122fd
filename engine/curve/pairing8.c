/* pairing8.c -- many pairings, eight to a vector. */
#include "pairing.h"

#include <stdlib.h>
#include <string.h>

#include "curve8.h"
#include "miller8.h"
#include "secret.h"

enum {
	VECTORS = 64,    /* that share an inversion */
	MEMBERS = FP8_LANES * VECTORS,
	EIGHT_MANY = 3,  /* from here on a vector costs less than its members one by one */
	AFFINE_MANY = 6, /* vectors without lines, from which on affine steps cost less */
};

/* ---- what the templates need ----------------------------------------------------------------- */

typedef struct {
	const fp *lines[FP8_LANES];
	int same;        /* one key's lines for all lanes */
} eight_source;

static inline void eight_load(fp8 *c, const eight_source *s, size_t at, unsigned n)
{
	const fp *from[FP8_LANES];

	for (unsigned i = 0; i < n; i++) {
		if (s->same) {
			fp8_spread(&c[i], &s->lines[0][at + i]);
			continue;
		}
		for (int l = 0; l < FP8_LANES; l++)
			from[l] = &s->lines[l][at + i];
		fp8_unpack(&c[i], from);
	}
}

#define FE    fp8
#define FN(x) fp8_##x
#define CN(x) ec8_##x
#define F2(x) fp8x2_##x
#define LN(x) eight_##x
#define PN(x) eight_##x
#include "lines_tmpl.h"
#include "pairing_tmpl.h"

/* ---- eight members --------------------------------------------------------------------------- */

static void point_from_lanes(ec8_point *r, const ec_point *const a[FP8_LANES])
{
	const fp *x[FP8_LANES], *y[FP8_LANES];

	for (int l = 0; l < FP8_LANES; l++) {
		x[l] = &a[l]->x;
		y[l] = &a[l]->y;
	}
	fp8_from_lanes(&r->x, x);
	fp8_from_lanes(&r->y, y);
}

/* By the lines of their keys: 5 559 M. */
static void vector_prepared(fp8x2_elt *v, const pairing_item *const item[FP8_LANES],
		const ec8_point *q)
{
	eight_source source = {.same = 1};
	eight_powers w;
	fp8 zero;

	for (int l = 0; l < FP8_LANES; l++) {
		source.lines[l] = item[l]->lines;
		source.same &= item[l]->lines == item[0]->lines;
	}
	fp8_set_zero(&zero);
	fp8_sub16(&w.nx, &zero, &q->x);
	fp8_sqr(&w.xx, &q->x);
	w.y = q->y;
	fp8_sub16(&w.ny, &zero, &q->y);
	fp8_mul(&w.xy, &q->x, &q->y);
	fp8_to_unpacked(&w.x1, &q->x);
	fp8_to_unpacked(&w.xx1, &w.xx);
	fp8_mul(&w.nxxx1, &w.nx, &w.xx1);
	eight_product(v, &source, &w);
	wipe(&w, sizeof w);
}

/* ---- batches --------------------------------------------------------------------------------- */

typedef struct {
	pairing_item *item[MEMBERS];
	fp8x2_elt v[VECTORS];
	fp8 prefix[VECTORS], run, inv;
	uint64_t zero[VECTORS][FP8_LANES];
} work;

/* im/re of n vectors into im; a real part 0 counts as 1, and its lane of zero is all ones. */
static km_err divide(work *b, size_t n, const km_random *rnd)
{
	uint64_t any;
	fp8 one;
	km_err err;

	fp8_set_one(&one);
	b->run = one;
	for (size_t i = 0; i < n; i++) {
		fp8_is_zero(b->zero[i], &b->v[i].re);
		fp8_cmov(&b->v[i].re, &one, b->zero[i]);
		b->prefix[i] = b->run;
		fp8_mul(&b->run, &b->run, &b->v[i].re);
	}
	err = ec8_blinded_inv(&b->inv, &any, &b->run, rnd);
	for (size_t i = n; i-- > 0 && err == KM_OK;) {
		fp8_mul(&b->prefix[i], &b->prefix[i], &b->inv);
		fp8_mul(&b->inv, &b->inv, &b->v[i].re);
		fp8_mul(&b->v[i].im, &b->v[i].im, &b->prefix[i]);
	}
	return err;
}

/* w and status of the n members in step. */
static void unpack(work *b, size_t n)
{
	fp beyond;

	for (size_t i = 0; i < n; i += FP8_LANES) {
		uint64_t *zero = b->zero[i / FP8_LANES];
		fp *w[FP8_LANES];

		for (size_t l = 0; l < FP8_LANES; l++)
			w[l] = i + l < n ? &b->item[i + l]->w : &beyond;
		fp8_to_lanes(w, &b->v[i / FP8_LANES].im);
		/* Public: the verdict on a member. */
		ct_public(zero, FP8_LANES * sizeof *zero);
		for (size_t l = 0; l < FP8_LANES && i + l < n; l++) {
			b->item[i + l]->status = zero[l] ? KM_EDEGENERATE : KM_OK;
			if (zero[l])
				memset(w[l], 0, sizeof *w[l]);
		}
	}
	wipe(&beyond, sizeof beyond);
}

/* Keys without lines first, and each key's members together. */
static int by_lines(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)(*(pairing_item *const *)a)->lines;
	uintptr_t y = (uintptr_t)(*(pairing_item *const *)b)->lines;

	return (x > y) - (x < y);
}

/* The members of vector i of n in step, the last one padded, and the others' points. */
static void gather(const pairing_item *item[FP8_LANES], ec8_point *q, const work *b, size_t i,
		size_t n)
{
	const ec_point *foreign[FP8_LANES];

	for (size_t l = 0; l < FP8_LANES; l++) {
		size_t at = i * FP8_LANES + l;

		item[l] = b->item[at < n ? at : i * FP8_LANES];
		foreign[l] = &item[l]->q;
	}
	point_from_lanes(q, foreign);
}

/* The first so many vectors of these, by their keys alone.  Few of them do not pay for an
 * inversion a step; and where a key is not of order q, all go the way that shares nothing. */
static km_err vectors_plain(work *b, size_t vectors, size_t n, const km_random *rnd)
{
	miller8_pair *pairs = scratch_alloc(vectors * sizeof *pairs);
	uint64_t zero = 0;
	km_err err = KM_OK;

	if (!pairs)
		return KM_ENOMEM;
	for (size_t i = 0; i < vectors; i++) {
		const pairing_item *item[FP8_LANES];
		const ec_point *own[FP8_LANES];

		gather(item, &pairs[i].q, b, i, n);
		for (size_t l = 0; l < FP8_LANES; l++)
			own[l] = item[l]->k;
		point_from_lanes(&pairs[i].k, own);
	}
	if (vectors >= AFFINE_MANY)
		err = miller8(pairs, &zero, vectors, rnd);
	for (size_t i = 0; i < vectors; i++) {
		if (vectors < AFFINE_MANY || zero)
			eight_miller(&pairs[i].v, &pairs[i].k, &pairs[i].q);
		b->v[i] = pairs[i].v;
	}
	scratch_free(pairs, vectors * sizeof *pairs);
	return err;
}

static km_err pairings_in_step(work *b, size_t n, const km_random *rnd)
{
	size_t vectors = (n + FP8_LANES - 1) / FP8_LANES, plain = 0;
	km_err err = KM_OK;

	qsort(b->item, n, sizeof *b->item, by_lines);
	while (plain < vectors && !b->item[plain * FP8_LANES]->lines)
		plain++;
	if (plain)
		err = vectors_plain(b, plain, n, rnd);
	if (err != KM_OK)
		return err;
	for (size_t i = plain; i < vectors; i++) {
		const pairing_item *item[FP8_LANES];
		ec8_point q;

		gather(item, &q, b, i, n);
		vector_prepared(&b->v[i], item, &q);
	}
	err = divide(b, vectors, rnd);
	if (err == KM_OK)
		unpack(b, n);
	return err;
}

/* One by one. */
static km_err singles(pairing_item *items, size_t n, const km_random *rnd)
{
	for (size_t i = 0; i < n; i++) {
		pairing_item *it = &items[i];

		it->status = it->lines ? pairing_prepared(&it->w, it->lines, &it->q, rnd)
			: pairing(&it->w, it->k, &it->q, rnd);
		if (it->status != KM_OK && it->status != KM_EDEGENERATE)
			return it->status;
	}
	return KM_OK;
}

km_err pairing_many(pairing_item *items, size_t n, const km_random *rnd)
{
	km_err err = KM_OK;
	work *b;

	if (!fp8_k || n < EIGHT_MANY)
		return singles(items, n, rnd);
	b = scratch_alloc(sizeof *b);
	if (!b)
		return KM_ENOMEM;
	for (size_t at = 0; at < n && err == KM_OK; at += MEMBERS) {
		size_t m = n - at < MEMBERS ? n - at : MEMBERS;

		for (size_t i = 0; i < m; i++)
			b->item[i] = &items[at + i];
		err = pairings_in_step(b, m, rnd);
	}
	scratch_free(b, sizeof *b);
	return err;
}
