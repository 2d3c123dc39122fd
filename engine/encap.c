/* encap.c -- batched fixed-base sums: rows of table entries, added up as a tree with one inversion a
 * level for all members.
 *
 * Row i holds what window i picked for each member of a block, first the windows over P, then those
 * over Z.  Level by level, row a += row a + s for s = 1, 2, 4, ..; all additions of a level share one
 * inversion, so a block needs nine, whatever its size.  Sums of contiguous windows over one base are
 * odd multiples dominated by their highest window, so that two of them are equal or opposite only at
 * the wrap modulo q; those, k = 0, and a Z chosen against us make a denominator zero, the product
 * with it, and the block is added again on the complete path.
 */
#include "encap.h"

#include <string.h>

#include "edwards.h"
#include "fp2.h"
#include "secret.h"

/* Members a block: enough to pay for the inversions, little enough for the rows to stay in cache. */
enum { BLOCK = 32 };

typedef struct {
	size_t rows, members, size;
	uint64_t (*urb)[16], (*ur)[16]; /* recoded scalars */
	ec_point *row;                  /* [rows][members] */
	fp *prefix;                     /* [rows][members] */
	fp2 *power;                     /* [members]: g^r so far */
	fp *y;                          /* [members] */
} block;

static size_t carve(size_t *at, size_t len)
{
	size_t here = *at;

	*at += (len + 63) / 64 * 64;
	return here;
}

static int block_new(block *b, size_t rows, size_t members)
{
	size_t size = 0;
	size_t urb = carve(&size, members * sizeof *b->urb), ur = carve(&size, members * sizeof *b->ur);
	size_t row = carve(&size, rows * members * sizeof *b->row);
	size_t prefix = carve(&size, rows * members * sizeof *b->prefix);
	size_t power = carve(&size, members * sizeof *b->power);
	size_t y = carve(&size, members * sizeof *b->y);
	uint8_t *p = scratch_alloc(size);

	if (!p)
		return 0;
	*b = (block){rows, members, size, (void *)(p + urb), (void *)(p + ur), (void *)(p + row),
			(void *)(p + prefix), (void *)(p + power), (void *)(p + y)};
	return 1;
}

static void block_free(block *b)
{
	scratch_free(b->urb, b->size);
}

static ec_point *row_of(const block *b, size_t i)
{
	return b->row + i * b->members;
}

/* Add all rows up into row 0, for n members.  *zero: an exceptional case was met, row 0 is nothing. */
static km_err add_rows(block *b, uint64_t *zero, size_t n, const km_random *rnd)
{
	struct {
		fp run, inv;
	} w;
	km_err err = KM_OK;

	*zero = 0;
	for (size_t s = 1; s < b->rows; s *= 2) {
		size_t pairs = (b->rows + s - 1) / (2 * s);

		w.run = fp_one;
		for (size_t k = 0; k < pairs; k++)
			ec_add_forward(&w.run, b->prefix + k * n, row_of(b, 2 * s * k),
					row_of(b, 2 * s * k + s), n);
		err = ec_blinded_inv(&w.inv, zero, &w.run, rnd);
		if (err != KM_OK || *zero)
			break;
		for (size_t k = pairs; k-- > 0;)
			ec_add_backward(&w.inv, row_of(b, 2 * s * k), row_of(b, 2 * s * k + s),
					b->prefix + k * n, n);
	}
	wipe(&w, sizeof w);
	return err;
}

/* Pick the rows of a table for n members, the first into row at. */
static void pick_rows(block *b, size_t at, const comb *c, const uint64_t *u, size_t n)
{
	for (unsigned i = 0; i < c->shape.windows; i++)
		comb_pick(row_of(b, at + i), c, i, u, 16, n);
}

static void pick_all(block *b, const encap_item *items, size_t n, const encap_tables *t)
{
	for (size_t j = 0; j < n; j++) {
		comb_recode(b->urb[j], items[j].rb, &t->p->shape);
		comb_recode(b->ur[j], items[j].r, &t->z->shape);
	}
	pick_rows(b, 0, t->p, b->urb[0], n);
	pick_rows(b, t->p->shape.windows, t->z, b->ur[0], n);
}

/* The complete path, one member after the other. */
static km_err add_complete(block *b, encap_item *items, size_t n, const encap_tables *t,
		const km_random *rnd)
{
	for (size_t j = 0; j < n; j++) {
		pick_all(b, items + j, 1, t);
		for (size_t i = 1; i < b->rows; i++) /* the rows of one member, together */
			b->row[i] = *row_of(b, i);
		items[j].status = edwards_sum(&items[j].point, b->row, b->prefix, b->rows, rnd);
		if (items[j].status == KM_ERANDOM)
			return KM_ERANDOM;
	}
	return KM_OK;
}

/* g^r by the table of g: 2M a window, then im/re with one inversion for all. */
static km_err powers(block *b, encap_item *items, size_t n, const gcomb *g, const km_random *rnd)
{
	struct {
		fp run, inv, t;
	} w;
	uint64_t zero;
	km_err err;

	for (size_t j = 0; j < n; j++)
		b->power[j] = (fp2){fp_one, fp_zero};
	for (unsigned i = 0; i < g->shape.windows; i++) {
		gcomb_pick(b->y, g, i, b->ur[0], 16, n);
		for (size_t j = 0; j < n; j++)
			fp2_mul_one_plus(&b->power[j], &b->power[j], &b->y[j]);
	}
	w.run = fp_one;
	for (size_t j = 0; j < n; j++) {
		b->prefix[j] = w.run;
		fp_mul(&w.run, &w.run, &b->power[j].re);
	}
	/* No power of g has re = 0: that class has order 2. */
	err = ec_blinded_inv(&w.inv, &zero, &w.run, rnd);
	for (size_t j = n; j-- > 0;) {
		fp_mul(&w.t, &w.inv, &b->prefix[j]);
		fp_mul(&w.inv, &w.inv, &b->power[j].re);
		fp_mul(&items[j].gr, &b->power[j].im, &w.t);
	}
	wipe(&w, sizeof w);
	return err;
}

static km_err sums_of_block(block *b, encap_item *items, size_t n, const encap_tables *t,
		const km_random *rnd)
{
	uint64_t zero;
	km_err err = KM_OK;

	pick_all(b, items, n, t);
	if (t->g)
		err = powers(b, items, n, t->g, rnd);
	if (err == KM_OK)
		err = add_rows(b, &zero, n, rnd);
	if (err != KM_OK)
		return err;
	if (zero)
		return add_complete(b, items, n, t, rnd);
	for (size_t j = 0; j < n; j++) {
		items[j].point = b->row[j];
		items[j].status = KM_OK;
	}
	return KM_OK;
}

km_err encap_sums(encap_item *items, size_t n, const encap_tables *tables, const km_random *rnd)
{
	block b;
	km_err err = KM_OK;

	if (n == 0)
		return KM_OK;
	if (!block_new(&b, 2 * (size_t)tables->p->shape.windows, n < BLOCK ? n : BLOCK))
		return KM_ENOMEM;
	for (size_t at = 0; at < n && err == KM_OK; at += BLOCK)
		err = sums_of_block(&b, items + at, n - at < BLOCK ? n - at : BLOCK, tables, rnd);
	block_free(&b);
	return err;
}

km_err encap_times_p(ec_point *r, const uint64_t k[16], const comb *p, const km_random *rnd)
{
	block b;
	uint64_t zero;
	km_err err;

	memset(r, 0, sizeof *r);
	if (!block_new(&b, p->shape.windows, 1))
		return KM_ENOMEM;
	comb_recode(b.urb[0], k, &p->shape);
	pick_rows(&b, 0, p, b.urb[0], 1);
	err = add_rows(&b, &zero, 1, rnd);
	if (err == KM_OK && zero) {
		pick_rows(&b, 0, p, b.urb[0], 1);
		err = edwards_sum(r, b.row, b.prefix, b.rows, rnd);
	} else if (err == KM_OK) {
		*r = b.row[0];
	}
	block_free(&b);
	return err;
}
