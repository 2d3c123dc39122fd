/* alone.c -- the sums of one member by eight lanes. */
#include "encap.h"

#include <string.h>

#include "field/params.h"
#include "secret.h"

enum { STEP = 8 }; /* members in step: each group of a table is read while it is near */

/* ---- eight lanes ------------------------------------------------------------------------------- */

/* One member's sums on their way. */
typedef struct {
	ed8_extended acc;
	fp8x2_elt power;
	union {
		ed8_entry entry;
		struct {
			ec8_point affine;
			ed8_extended point;
		} link;
	};
	uint64_t flip[FP8_LANES];
	uint64_t negative[FP8_LANES]; /* acc is to be turned over */
	uint64_t rb[16], r[16], rg[16]; /* recoded: for P, for Z, for g */
} member;

/* The sum is kept up to a sign, that of its last digit: so what is turned over before an addition is
 * one coordinate of the sum, and not three of the entry. */
static void add_group(member *m, const table *t, size_t group, const uint64_t u[16], int first)
{
	uint64_t negative[FP8_LANES];

	table_pick(&m->entry, negative, t, group, u, 1);
	for (int l = 0; l < FP8_LANES; l++) {
		m->flip[l] = m->negative[l] ^ negative[l];
		m->negative[l] = negative[l];
	}
	if (first)
		ed8_start(&m->acc, &m->entry);
	else
		ed8_add_entry(&m->acc, &m->entry, m->flip);
}

/* The first group taken is the power to begin with, each later one a turn: see fp2_turn for the signs. */
static void turn_group(member *m, const table *g, size_t group, size_t turns)
{
	uint64_t turned = 0 - (uint64_t)(turns > 0 && turns % 2 == 0);

	table_pick(&m->entry.diff, m->flip, g, group, m->rg, 1);
	for (int l = 0; l < FP8_LANES; l++)
		m->flip[l] ^= turned;
	fp8_cneg16(&m->entry.diff, &m->entry.diff, m->flip);
	if (turns > 0) {
		fp8x2_turn(&m->power, &m->entry.diff);
	} else {
		fp8_set_start(&m->power.re);
		m->power.im = m->entry.diff;
	}
}

/* Lanes added up by halves: in the end each has the sum of all. */
static void join_points(ed8_extended *a, ed8_extended *b)
{
	for (int by = FP8_LANES / 2; by > 0; by /= 2) {
		fp8_rotate(&b->x, &a->x, by);
		fp8_rotate(&b->y, &a->y, by);
		fp8_rotate(&b->z, &a->z, by);
		fp8_rotate(&b->t, &a->t, by);
		ed8_add(a, b);
	}
}

static void join_powers(fp8x2_elt *a, fp8x2_elt *b)
{
	fp8_tidy(&a->re);
	fp8_tidy(&a->im);
	for (int by = FP8_LANES / 2; by > 0; by /= 2) {
		fp8_rotate(&b->re, &a->re, by);
		fp8_rotate(&b->im, &a->im, by);
		fp8x2_mul(a, a, b);
	}
}

static size_t groups_of(const table *t)
{
	if (!t)
		return 0;
	return t->layout == TABLE_LIMBS ? (Q_BITS + FP8_LANES - 1) / FP8_LANES : t->shape.windows / FP8_LANES;
}

/* What the chain of a base is added up with, which is a table too, of w = 1: one entry a window, so that a digit is the
 * sign of a link.  Its digits' shape, and the map to the Edwards curve. */
typedef struct {
	table_shape shape;
	fp8 s, k;
} link_rules;

static void link_rules_make(link_rules *r)
{
	r->shape = table_shape_of(1, FP8_LANES);
	fp8_from_one(&r->s, &ed_map.s);
	fp8_from_one(&r->k, &ed_map.k);
}

/* Eight links of the chain, each with the sign of its digit.  The sum's own is given to it first. */
static void add_links(member *m, const table *chain, const link_rules *rules, size_t group, int first)
{
	const fp *x[FP8_LANES], *y[FP8_LANES];
	uint64_t negative[FP8_LANES];
	uint16_t entry;

	for (size_t l = 0; l < FP8_LANES; l++) {
		const ec_point *at = (const ec_point *)chain->mem + group * FP8_LANES + l;

		x[l] = &at->x;
		y[l] = &at->y;
		table_digits(&entry, &negative[l], &rules->shape, group * FP8_LANES + l, m->r, 1);
	}
	fp8_from_lanes(&m->link.affine.x, x);
	fp8_from_lanes(&m->link.affine.y, y);
	fp8_cneg16(&m->link.affine.y, &m->link.affine.y, negative);
	ed8_from_affine(first ? &m->acc : &m->link.point, &m->link.affine, &rules->s, &rules->k);
	if (first)
		return;
	if (group == 0) /* the first that follows others */
		ed8_cneg(&m->acc, m->negative);
	memset(m->negative, 0, sizeof m->negative);
	ed8_add(&m->acc, &m->link.point);
}

static void add_points(member *m, const encap_tables *t, const link_rules *rules, size_t at, int first)
{
	const size_t of_p = groups_of(t->p);

	if (at < of_p)
		add_group(m, t->p, at, m->rb, first);
	else if (t->z->layout == TABLE_LIMBS)
		add_links(m, t->z, rules, at - of_p, first);
	else
		add_group(m, t->z, at - of_p, m->r, first);
}

/* Where t->back is set, from the last group of the last table to the first of the first one. */
static void add_up(member *m, size_t n, const encap_tables *t, const link_rules *rules)
{
	const size_t of_g = groups_of(t->g), points = groups_of(t->p) + groups_of(t->z);

	for (size_t i = 0; t->back && i < of_g; i++)
		for (size_t j = 0; j < n; j++)
			turn_group(&m[j], t->g, of_g - 1 - i, i);
	for (size_t i = 0; i < points; i++) {
		size_t at = t->back ? points - 1 - i : i;

		for (size_t j = 0; j < n; j++)
			add_points(&m[j], t, rules, at, i == 0);
	}
	for (size_t i = 0; !t->back && i < of_g; i++)
		for (size_t j = 0; j < n; j++)
			turn_group(&m[j], t->g, i, i);
}

/* ---- one element ------------------------------------------------------------------------------- */

typedef struct {
	member m[STEP];
	ending end[STEP];
	link_rules rules;
} work;

/* Lane 0, which is as good as any. */
static void leave(fp *r, const fp8 *a)
{
	fp others;
	fp *to[FP8_LANES] = {r};

	for (int l = 1; l < FP8_LANES; l++)
		to[l] = &others;
	fp8_to_lanes(to, a);
	wipe(&others, sizeof others);
}

void alone_join(ed_extended *sum, fp2 *power, ed8_extended *points, fp8x2_elt *powers)
{
	union {
		ed8_extended point;
		fp8x2_elt power;
	} other;

	join_points(points, &other.point);
	leave(&sum->x, &points->x);
	leave(&sum->y, &points->y);
	leave(&sum->z, &points->z);
	leave(&sum->t, &points->t);
	if (power) {
		join_powers(powers, &other.power);
		leave(&power->re, &powers->re);
		leave(&power->im, &powers->im);
	}
	wipe(&other, sizeof other);
}

static void join(work *w, size_t j, int with_power)
{
	member *m = &w->m[j];

	ed8_cneg(&m->acc, m->negative);
	alone_join(&w->end[j].sum, with_power ? &w->end[j].power : NULL, &m->acc, &m->power);
}

static km_err sums_of_step(encap_item *items, size_t n, work *w, const encap_tables *t,
		const km_random *rnd)
{
	for (size_t j = 0; j < n; j++) {
		memset(w->m[j].negative, 0, sizeof w->m[j].negative);
		table_recode(w->m[j].rb, items[j].rb, &t->p->shape, 0, 1);
		if (t->z)
			table_recode(w->m[j].r, items[j].r, t->z->layout == TABLE_LIMBS ? &w->rules.shape : &t->z->shape, 0, 1);
		if (t->g)
			table_recode(w->m[j].rg, items[j].r, &t->g->shape, 0, 1);
	}
	add_up(w->m, n, t, &w->rules);
	for (size_t j = 0; j < n; j++)
		join(w, j, t->g != NULL);
	return ending_all(items, w->end, n, t->g != NULL, groups_of(t->g) % 2 == 0, rnd);
}

km_err alone_sums(encap_item *items, size_t n, const encap_tables *t, const km_random *rnd)
{
	work *w = scratch_alloc(sizeof *w);
	km_err err = w ? KM_OK : KM_ENOMEM;

	if (w && t->z && t->z->layout == TABLE_LIMBS)
		link_rules_make(&w->rules);
	for (size_t at = 0; err == KM_OK && at < n; at += STEP)
		err = sums_of_step(items + at, n - at < STEP ? n - at : STEP, w, t, rnd);
	scratch_free(w, sizeof *w);
	return err;
}

km_err alone_times_p(ec_point *r, const uint64_t k[16], const table *p, const km_random *rnd)
{
	encap_item item = {.status = KM_OK};
	km_err err;

	memcpy(item.rb, k, sizeof item.rb);
	err = alone_sums(&item, 1, &(encap_tables){.p = p}, rnd);
	if (err == KM_OK)
		err = item.status;
	/* What was just written is a point, unless there was a fault. */
	if (ec_from_octets(r, item.point, sizeof item.point) != KM_OK && err == KM_OK)
		err = KM_EFAULT;
	wipe(&item, sizeof item);
	return err;
}
