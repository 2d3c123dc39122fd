/* alone_build.c -- building the tables of alone_table.h, eight windows at a time.  All of it is public. */
#include <stdlib.h>

#include "alone_table.h"
#include "curve/edwards8.h"
#include "marks.h"

enum {
	W = 5,      /* 1.3 MB over a point.  w = 6: 3 % faster to use, 22 % slower to build, 1.7 times the size */
	CHUNK = 13, /* groups that share an inversion: 1.3 MB of points, half of those over a base */
};

void alone_clear(alone_table *t)
{
	free(t->t);
	t->t = NULL;
}

static km_err table_new(alone_table *t, size_t coords)
{
	t->shape = comb_shape_padded(W, FP8_LANES);
	t->groups = t->shape.windows / FP8_LANES;
	t->coords = coords;
	t->t = aligned_alloc(64, t->groups * coords * t->shape.entries * FP8_WORDS * sizeof *t->t);
	return t->t ? KM_OK : KM_ENOMEM;
}

/* Lane l = a[l * stride]. */
static void load(fp8 *r, const fp *a, size_t stride)
{
	const fp *lane[FP8_LANES];

	for (size_t l = 0; l < FP8_LANES; l++)
		lane[l] = a + l * stride;
	fp8_from_lanes(r, lane);
}

static void put(alone_table *t, size_t group, size_t coord, size_t entry, const fp8 *a)
{
	fp8 canonical;

	fp8_reduce(&canonical, a);
	fp8_pack(alone_at(t, group, coord, entry), &canonical);
}

/* inv = the inverse of the product of n elements, prefix[i] = the product of those before i. */
static km_err shared_inv(fp8 *inv, fp8 *prefix, const fp8 *a, size_t stride, size_t n)
{
	uint64_t zero;
	km_err err;

	fp8_set_one(inv);
	for (size_t i = 0; i < n; i++) {
		prefix[i] = *inv;
		fp8_mul(inv, inv, &a[i * stride]);
	}
	err = ec8_blinded_inv(inv, &zero, inv, NULL);
	/* Public: what is inverted is, and nothing of the blind is left in the inverse. */
	ct_public(inv, sizeof *inv);
	return err == KM_OK && zero ? KM_ESELFTEST : err; /* only a fault gives 0 */
}

/* ---- over a point ------------------------------------------------------------------------------ */

/* r = eight links of a chain that lie apart. */
static void from_chain(ed8_extended *r, const ec_point *link, size_t apart, const fp8 *s, const fp8 *k)
{
	const size_t stride = apart * (sizeof *link / sizeof link->x);
	ec8_point a;

	load(&a.x, &link->x, stride);
	load(&a.y, &link->y, stride);
	ed8_from_affine(r, &a, s, k);
}

/* row[j] = [2j + 1] of the eight points that lie apart from first on. */
static void multiples(ed8_extended *row, size_t entries, const ec_point *first, size_t apart,
		const fp8 *s, const fp8 *k)
{
	ed8_extended twice;

	from_chain(&twice, first + 1, apart, s, k);
	from_chain(&row[0], first, apart, s, k);
	for (size_t j = 1; j < entries; j++) {
		row[j] = row[j - 1];
		ed8_add(&row[j], &twice);
	}
}

/* The entries of n groups from group at on. */
static km_err put_points(alone_table *t, size_t at, size_t n, ed8_extended *all, fp8 *prefix)
{
	const size_t entries = t->shape.entries;
	fp8 inv, half;
	ed8_entry e;
	km_err err;

	for (size_t i = 0; i < n * entries; i++)
		fp8_add(&all[i].z, &all[i].z, &all[i].z);
	err = shared_inv(&inv, prefix, &all->z, sizeof *all / sizeof all->z, n * entries);
	for (size_t i = n * entries; err == KM_OK && i-- > 0;) {
		fp8_mul(&half, &inv, &prefix[i]); /* 1/(2z) */
		fp8_mul(&inv, &inv, &all[i].z);
		ed8_to_entry(&e, &all[i], &half);
		put(t, at + i / entries, 0, i % entries, &e.diff);
		put(t, at + i / entries, 1, i % entries, &e.sum);
		put(t, at + i / entries, 2, i % entries, &e.both);
	}
	return err;
}

km_err alone_build(alone_table *t, const ec_point *chain)
{
	km_err err = table_new(t, 3);
	const size_t entries = t->shape.entries, w = t->shape.w;
	ed8_extended *all = aligned_alloc(64, CHUNK * entries * sizeof *all);
	fp8 *prefix = aligned_alloc(64, CHUNK * entries * sizeof *prefix), s, k;

	if (!all || !prefix)
		err = KM_ENOMEM;
	load(&s, &ed_map.s, 0);
	load(&k, &ed_map.k, 0);
	for (size_t at = 0; err == KM_OK && at < t->groups; at += CHUNK) {
		size_t n = t->groups - at < CHUNK ? t->groups - at : CHUNK;

		for (size_t i = 0; i < n; i++)
			multiples(all + i * entries, entries, chain + (at + i) * FP8_LANES * w, w, &s, &k);
		err = put_points(t, at, n, all, prefix);
	}
	free(all);
	free(prefix);
	if (err != KM_OK)
		alone_clear(t);
	return err;
}

/* ---- over g ------------------------------------------------------------------------------------ */

km_err alone_build_g(alone_table *t, const fp *chain)
{
	km_err err = table_new(t, 1);
	const size_t entries = t->shape.entries, w = t->shape.w, n = t->groups * entries;
	fp8x2_elt *all = aligned_alloc(64, n * sizeof *all), twice;
	fp8 *prefix = aligned_alloc(64, n * sizeof *prefix), inv, y;

	if (!all || !prefix)
		err = KM_ENOMEM;
	fp8_set_one(&twice.re);
	for (size_t i = 0; err == KM_OK && i < n; i += entries, chain += FP8_LANES * w) {
		load(&twice.im, chain + 1, w);
		fp8_set_one(&all[i].re);
		load(&all[i].im, chain, w);
		for (size_t j = 1; j < entries; j++)
			fp8x2_mul(&all[i + j], &all[i + j - 1], &twice);
	}
	if (err == KM_OK) /* no real part is 0: that class has order 2 */
		err = shared_inv(&inv, prefix, &all->re, sizeof *all / sizeof all->re, n);
	for (size_t i = n; err == KM_OK && i-- > 0;) {
		fp8_mul(&y, &inv, &prefix[i]);
		fp8_mul(&inv, &inv, &all[i].re);
		fp8_mul(&y, &y, &all[i].im);
		put(t, i / entries, 0, i % entries, &y);
	}
	free(all);
	free(prefix);
	if (err != KM_OK)
		alone_clear(t);
	return err;
}
