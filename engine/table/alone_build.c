/* alone_build.c -- building the tables of alone_table.h and checking them, eight windows at a time.  All of it
 * is public. */
#include <stdlib.h>

#include "alone_table.h"
#include "curve/edwards8.h"
#include "marks.h"
#include "random.h"
#include "secret.h"

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

/* ---- checking ---------------------------------------------------------------------------------- */

/* Entry j is (x, y) with t = xy, the next one (x', y') is it and 2B = (X:Y:Z:T):
 *
 *   x'(Z + T*t) = Y*x + X*y,  y'(Z - T*t) = Y*y + X*x
 *
 * where the factors of x' and y' are not 0, so that with entry 0 and all t right no other x' and y' will
 * do.  The equations of a window are taken together with the powers of a random number as weights. */
typedef struct {
	fp8 weight[1 << (W - 1)];
	fp8 products, t;                 /* sums of x*y and of t */
	fp8 x, y, before_x, before_y;    /* of all entries but the first, and but the last */
	fp8 xt, yt;                      /* of x and y with the t of the entry before */
} weighted;

static km_err draw_weights(weighted *s, size_t n)
{
	fp random;
	km_err err = random_below(random.v, fp_p, FP_LIMBS, 1024, NULL);

	if (err != KM_OK)
		return err;
	fp8_set_one(&s->weight[0]);
	load(&s->weight[1], &random, 0);
	for (size_t j = 2; j < n; j++)
		fp8_mul(&s->weight[j], &s->weight[j - 1], &s->weight[1]);
	return KM_OK;
}

/* Entry j in all lanes, as lookups read it. */
static void read_entry(ed8_entry *e, const alone_table *t, size_t group, size_t j)
{
	uint64_t index[FP8_LANES];
	fp8 *to[] = {&e->diff, &e->sum, &e->both};

	for (size_t l = 0; l < FP8_LANES; l++)
		index[l] = j;
	for (size_t c = 0; c < t->coords; c++)
		fp8_select(to[c], (const uint64_t (*)[FP8_LANES])alone_at(t, group, c, 0),
				t->shape.entries, index);
}

/* The sums over a group; at most 16 tight terms each, factors all of them. */
static void weigh(weighted *s, const alone_table *t, size_t group)
{
	fp8 before, x, y;
	ed8_entry e;

	s->products = s->t = s->x = s->y = s->before_x = s->before_y = s->xt = s->yt = fp8_no;
	for (size_t j = 0; j < t->shape.entries; j++) {
		read_entry(&e, t, group, j);
		fp8_sub16(&x, &e.sum, &e.diff);
		fp8_add(&y, &e.sum, &e.diff);
		fp8_mul(&x, &s->weight[j], &x);
		fp8_mul_add(&s->products, &x, &y, &s->products);
		fp8_mul_add(&s->t, &s->weight[j], &e.both, &s->t);
		fp8_mul(&y, &s->weight[j], &y);
		if (j > 0) {
			fp8_add(&s->x, &s->x, &x);
			fp8_add(&s->y, &s->y, &y);
			fp8_mul_add(&s->xt, &x, &before, &s->xt);
			fp8_mul_add(&s->yt, &y, &before, &s->yt);
		}
		if (j + 1 < t->shape.entries) {
			fp8_add(&s->before_x, &s->before_x, &x);
			fp8_add(&s->before_y, &s->before_y, &y);
		}
		before = e.both;
	}
	fp8_mul(&s->before_x, &s->before_x, &s->weight[1]); /* each by the weight of the next */
	fp8_mul(&s->before_y, &s->before_y, &s->weight[1]);
}

/* All ones where a = b in all lanes. */
static uint64_t same(const fp8 *a, const fp8 *b)
{
	uint64_t mask[FP8_LANES], all = UINT64_MAX;
	fp8 d;

	fp8_sub(&d, a, b);
	fp8_is_zero(mask, &d);
	for (size_t l = 0; l < FP8_LANES; l++)
		all &= mask[l];
	return all;
}

/* The equations of a group, twice = 2B. */
static uint64_t steps_hold(const weighted *s, const ed8_extended *twice)
{
	fp8 left, right, tt;
	uint64_t ok = same(&s->products, &s->t);

	fp8_mul(&left, &twice->z, &s->x);
	fp8_mul_add(&left, &twice->t, &s->xt, &left);
	fp8_mul(&right, &twice->y, &s->before_x);
	fp8_mul_add(&right, &twice->x, &s->before_y, &right);
	ok &= same(&left, &right);
	fp8_mul(&left, &twice->z, &s->y);
	fp8_mul(&tt, &twice->t, &s->yt);
	fp8_mul_add(&right, &twice->y, &s->before_y, &tt);
	fp8_mul_add(&right, &twice->x, &s->before_x, &right);
	return ok & same(&left, &right);
}

static uint64_t begins_with(const alone_table *t, size_t group, const ed8_extended *first)
{
	fp8 a;
	ed8_entry e;
	uint64_t ok;

	read_entry(&e, t, group, 0);
	fp8_sub16(&a, &e.sum, &e.diff);
	fp8_mul(&a, &a, &first->z);
	ok = same(&a, &first->x);
	fp8_add(&a, &e.sum, &e.diff);
	fp8_mul(&a, &a, &first->z);
	return ok & same(&a, &first->y);
}

km_err alone_check(const alone_table *t, const ec_point *chain)
{
	const size_t w = t->shape.w;
	weighted *s = aligned_alloc(64, sizeof *s);
	ed8_extended first, twice;
	uint64_t ok = UINT64_MAX;
	km_err err = s ? draw_weights(s, t->shape.entries) : KM_ENOMEM;
	fp8 map_s, map_k;

	load(&map_s, &ed_map.s, 0);
	load(&map_k, &ed_map.k, 0);
	for (size_t i = 0; err == KM_OK && i < t->groups; i++) {
		from_chain(&first, chain + i * FP8_LANES * w, w, &map_s, &map_k);
		from_chain(&twice, chain + i * FP8_LANES * w + 1, w, &map_s, &map_k);
		weigh(s, t, i);
		ok &= begins_with(t, i, &first) & steps_hold(s, &twice);
	}
	free(s);
	return err == KM_OK && !ok ? KM_ESELFTEST : err;
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
