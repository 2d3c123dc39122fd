/* table_groups.c -- tables for one member, whose windows are looked up eight at a time: made, which is all public,
 * eight windows to a vector, and picked from unseen. */
#include <stdlib.h>

#include "curve/curve8.h"
#include "curve/edwards8.h"
#include "secret.h"
#include "table_layouts.h"

enum { AT_ONCE = 13 }; /* groups that share an inversion: 1.3 MB of points, half of those over a base */

/* Lane l = a[l * stride]. */
static void load(fp8 *r, const fp *a, size_t stride)
{
	const fp *lane[FP8_LANES];

	for (size_t l = 0; l < FP8_LANES; l++)
		lane[l] = a + l * stride;
	fp8_from_lanes(r, lane);
}

/* A packed element is eight entries by words, side by side. */
static void put(table *t, size_t group, size_t coord, size_t entry, const fp8 *a)
{
	const fp8_table *words = fp8_table_for(FP8_LANES, FP8_LANES, fp8_levels);
	fp8 canonical;

	fp8_reduce(&canonical, a);
	words->put((uint8_t *)table_words(t, group, coord, entry), FP8_LANES, 0, &canonical, 0);
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

/* odd[j] = [2j + 1] of the eight points that lie apart from first on. */
static void multiples(ed8_extended *odd, size_t entries, const ec_point *first, size_t apart,
		const fp8 *s, const fp8 *k)
{
	ed8_extended twice;

	from_chain(&twice, first + 1, apart, s, k);
	from_chain(&odd[0], first, apart, s, k);
	for (size_t j = 1; j < entries; j++) {
		odd[j] = odd[j - 1];
		ed8_add(&odd[j], &twice);
	}
}

/* The entries of n groups from group at on. */
static km_err put_points(table *t, size_t at, size_t n, ed8_extended *all, fp8 *prefix)
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

static km_err over_point(table *t, const table *chain)
{
	const size_t entries = t->shape.entries, w = t->shape.w, groups = t->shape.windows / FP8_LANES;
	ed8_extended *all = aligned_alloc(64, AT_ONCE * entries * sizeof *all);
	fp8 *prefix = aligned_alloc(64, AT_ONCE * entries * sizeof *prefix), s, k;
	km_err err = all && prefix ? KM_OK : KM_ENOMEM;

	load(&s, &ed_map.s, 0);
	load(&k, &ed_map.k, 0);
	for (size_t at = 0; err == KM_OK && at < groups; at += AT_ONCE) {
		size_t n = groups - at < AT_ONCE ? groups - at : AT_ONCE;

		for (size_t i = 0; i < n; i++)
			multiples(all + i * entries, entries,
					(const ec_point *)chain->mem + (at + i) * FP8_LANES * w, w, &s, &k);
		err = put_points(t, at, n, all, prefix);
	}
	free(all);
	free(prefix);
	return err;
}

/* ---- over g ------------------------------------------------------------------------------------ */

static km_err over_g(table *t, const table *chain)
{
	const size_t entries = t->shape.entries, w = t->shape.w, n = t->shape.windows / FP8_LANES * entries;
	fp8x2_elt *all = aligned_alloc(64, n * sizeof *all), twice;
	fp8 *prefix = aligned_alloc(64, n * sizeof *prefix), inv, y;
	const fp *link = chain->mem;
	km_err err = all && prefix ? KM_OK : KM_ENOMEM;

	fp8_set_one(&twice.re);
	for (size_t i = 0; err == KM_OK && i < n; i += entries, link += FP8_LANES * w) {
		load(&twice.im, link + 1, w);
		fp8_set_one(&all[i].re);
		load(&all[i].im, link, w);
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
	return err;
}

/* ---- picking ----------------------------------------------------------------------------------- */

static void pick(void *r, uint64_t *sign, const table *t, size_t group, const uint64_t *u, size_t n)
{
	uint64_t index[FP8_LANES];
	uint16_t entry;

	(void)n;
	for (size_t l = 0; l < FP8_LANES; l++) {
		table_digits(&entry, &sign[l], &t->shape, group * FP8_LANES + l, u, 1);
		index[l] = entry;
	}
	for (size_t c = 0; c < t->coords; c++)
		fp8_select((fp8 *)r + c, (const uint64_t (*)[FP8_LANES])table_words(t, group, c, 0),
				t->shape.entries, index);
	wipe(index, sizeof index);
	wipe(&entry, sizeof entry);
}

const table_rules table_groups = {FP8_LANES, {3, 1}, {over_point, over_g}, pick};
