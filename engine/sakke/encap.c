/* encap.c -- fixed-base sums for many members, on one element at a time. */
#include "encap.h"

#include <string.h>

#include "curve/edwards.h"
#include "secret.h"

enum {
	STEP = 32,   /* members in step: each window of a table is read once for all of them */
	ADDS = 512,  /* additions that share an inversion: 320 KB of points and products */
};

typedef table one_table, one_gtable;

static km_err one_invert(fp *inv, uint64_t *zero, const fp *a, const km_random *rnd)
{
	return ec_blinded_inv(inv, zero, a, rnd);
}

#define one_pick table_pick
#define one_gpick(r, g, i, u, n) table_pick(r, NULL, g, i, u, n)
#define one_set_start fp_set_one
#define one_chain SIZE_MAX
#define FE    fp
#define FN(x) fp_##x
#define CN(x) ec_##x
#define F2(x) fp2_##x
#define EN(x) one_##x
#include "encap_tmpl.h"

void encap_put(encap_item *item, const ec_point *point, const fp *gr)
{
	ec_to_octets(item->point, point);
	if (gr)
		fp_to_bytes(item->gr, gr);
	item->status = KM_OK;
}

/* The members in step, and the windows a strip that make ADDS additions, of so many over all bases; the
 * complete path wants all entries of one member. */
static int work_new(one_work *b, size_t windows, size_t bases, size_t n)
{
	size_t k = (ADDS + n - 1) / n;

	k = k < windows ? k : windows;
	return one_work_new(b, n, n, k, bases, k * n > windows ? k * n : windows);
}

/* The sum of scalars k of some bases by complete additions. */
static km_err add_complete(one_work *b, ec_point *r, const table *const *tables,
		const uint64_t *const *k, size_t bases, const km_random *rnd)
{
	size_t entries = 0;
	uint64_t u[16];

	for (size_t base = 0; base < bases; base++) {
		table_recode(u, k[base], &tables[base]->shape, 0, 1);
		for (size_t i = 0; i < tables[base]->shape.windows; i++)
			table_pick(b->partials.acc + entries++, NULL, tables[base], i, u, 1);
	}
	wipe(u, sizeof u);
	return edwards_sum(r, b->partials.acc, entries, rnd);
}

static km_err sums_in_step(one_work *b, encap_item *items, size_t n, const encap_tables *t,
		const km_random *rnd)
{
	const table *tables[2] = {t->p, t->z};
	uint64_t zero;
	km_err err = KM_OK;

	b->partials.n = b->partials.used = n;
	for (size_t j = 0; j < n; j++) {
		table_recode(b->urb[0], items[j].rb, &t->p->shape, j, n);
		table_recode(b->ur[0], items[j].r, &t->z->shape, j, n);
	}
	if (t->g)
		err = one_powers(b->gr, b->power, b->partials.prefix, b->y, n, n, t->g, b->ur[0], rnd);
	if (err == KM_OK)
		err = one_add_all(&b->partials, &zero, tables, (const uint64_t *[]){b->urb[0], b->ur[0]},
				rnd);
	for (size_t j = 0; j < n && err == KM_OK; j++) {
		/* An odd number of turns leaves -conj(g^r). */
		fp_cneg(&b->gr[j], &b->gr[j], 0 - (uint64_t)(t->p->shape.windows & 1));
		items[j].status = zero ? add_complete(b, &b->partials.acc[0], tables,
				(const uint64_t *[]){items[j].rb, items[j].r}, 2, rnd) : KM_OK;
		if (items[j].status == KM_OK)
			encap_put(&items[j], &b->partials.acc[zero ? 0 : j], t->g ? &b->gr[j] : NULL);
		if (items[j].status == KM_ERANDOM)
			err = KM_ERANDOM;
	}
	return err;
}

km_err encap_sums(encap_item *items, size_t n, const encap_tables *tables, const km_random *rnd)
{
	one_work b;
	km_err err = KM_OK;

	if (n == 0)
		return KM_OK;
	if (!work_new(&b, tables->p->shape.windows + tables->z->shape.windows, 2, n < STEP ? n : STEP))
		return KM_ENOMEM;
	for (size_t at = 0; at < n && err == KM_OK; at += STEP)
		err = sums_in_step(&b, items + at, n - at < STEP ? n - at : STEP, tables, rnd);
	one_work_free(&b);
	return err;
}

km_err encap_times_p(ec_point *r, const uint64_t k[16], const table *p, const km_random *rnd)
{
	const table *tables[1] = {p};
	uint64_t zero;
	one_work b;
	km_err err;

	memset(r, 0, sizeof *r);
	if (!work_new(&b, p->shape.windows, 1, 1))
		return KM_ENOMEM;
	table_recode(b.ur[0], k, &p->shape, 0, 1);
	err = one_add_all(&b.partials, &zero, tables, (const uint64_t *[]){b.ur[0]}, rnd);
	if (err == KM_OK && zero)
		err = add_complete(&b, r, tables, &k, 1, rnd);
	else if (err == KM_OK)
		*r = b.partials.acc[0];
	one_work_free(&b);
	return err;
}
