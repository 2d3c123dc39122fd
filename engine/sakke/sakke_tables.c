/* sakke_tables.c -- the tables of an encapsulation: small ones at once, wider ones beside them. */
#include "sakke.h"

#include <stdlib.h>
#include <string.h>

#include "table/tables.h"

enum {
	FEW_W = 5, NARROW_W = 8, WIDE_W = 10, /* the first: those for one member, turned for eight */
	FEW_BATCH = 7,     /* one vector 0.72 ms, by itself or not, where each of its members is 0.116 */
	/* The same: 0.56 ms by itself, 0.45 after others (AMD Zen 5, IFMA; AVX2: 3.7, 2.5 and 2.1, and 0.53). */
	NARROW_BATCH = 5, NARROW_REST = 4,
	/* Lookups of 64 members at once cost as much for fewer, and narrow tables are as good where seven
	 * vectors will do. */
	WIDE_BATCH = 57,
	ONES_BATCH = 8,    /* one element at a time: below it reading wide tables costs more than it saves */
};

/* Whether so many members are worth tables of width w.  Those for one member are there anyway, and then
 * take 116 us each, turned 89; w = 8, in batches of a few too, 54 to 70; w = 10, in large ones, 42.  Z's
 * tables take 0.2, 6 and 20 ms, all of a width 0.5, 17 and 60; those over P and g are there where another KMS
 * wanted them (AMD Zen 5, IFMA; AVX2: members five times as long, tables three times). */
static int worth(size_t members, unsigned w)
{
	if (!comb8_available())
		return w == NARROW_W && members >= 512;
	if (w == FEW_W)
		return members >= FP8_LANES;
	if (w == NARROW_W)
		return members >= (tables8_ready(w) ? 150 : 400);
	return members >= (tables8_ready(w) ? 2000 : 5000);
}

/* The smallest batch that a set is good for. */
static size_t batch_for(const sakke_set *set)
{
	if (!set->z_eight.t)
		return ONES_BATCH;
	return set->w == FEW_W ? FEW_BATCH : set->w == NARROW_W ? NARROW_BATCH : WIDE_BATCH;
}

static km_err one_load(encap_tables *t, comb *z_table, const ec_point *chain, unsigned w)
{
	km_err err = comb_build(z_table, chain, w);

	t->z = z_table;
	return err == KM_OK ? tables_of_p(&t->p, w) : err;
}

/* Copies of those for one member. */
static km_err turned_load(encap8_tables *t, comb8 *z_table, const alone_table *z_alone)
{
	km_err err = comb8_turn(z_table, z_alone);

	t->z = z_table;
	if (err == KM_OK)
		err = tables_few_p(&t->p);
	return err == KM_OK ? tables_few_g(&t->g) : err;
}

static km_err eight_load(encap8_tables *t, comb8 *z_table, const ec_point *chain, unsigned w)
{
	/* How many members lookups are made for at once. */
	size_t members = w == NARROW_W ? FP8_LANES : 8 * FP8_LANES;
	km_err err = comb8_build(z_table, chain, w, members);

	t->z = z_table;
	if (err == KM_OK)
		err = tables8_of_p(&t->p, w, members);
	if (err == KM_OK)
		err = tables8_of_g(&t->g, w, members);
	/* Batches are cut by one layout and looked up by that of each table. */
	if (err == KM_OK && (t->p->layout->vectors != z_table->layout->vectors ||
			t->g->layout->vectors != z_table->layout->vectors))
		err = KM_ESELFTEST;
	return err;
}

/* For a few members. */
static km_err few_load(sakke_z *s, const ec_point *chain)
{
	km_err err;

	if (!comb8_available())
		return one_load(&s->small, &s->z_small, chain, SAKKE_SMALL_W);
	err = alone_build(&s->z_alone, chain);
	s->alone.z = &s->z_alone;
	return err == KM_OK ? tables_alone_p(&s->alone.p) : err;
}

static void set_free(sakke_set *set)
{
	comb_clear(&set->z_one);
	comb8_clear(&set->z_eight);
	free(set);
}

/* Make the tables of width w and publish them: who reads s->sets has seen all that they hold. */
static km_err set_add(sakke_z *s, const ec_point *chain, unsigned w)
{
	sakke_set *set = calloc(1, sizeof *set);
	km_err err;

	if (!set)
		return KM_ENOMEM;
	set->w = w;
	if (w == FEW_W)
		err = turned_load(&set->eight, &set->z_eight, &s->z_alone);
	else if (comb8_available())
		err = eight_load(&set->eight, &set->z_eight, chain, w);
	else
		err = one_load(&set->one, &set->z_one, chain, w);
	if (err == KM_OK && !comb8_available())
		err = tables_of_g(&set->one.g, w);
	if (err != KM_OK) {
		set_free(set);
		return err;
	}
	set->unit = set->z_eight.t ? FP8_LANES * set->z_eight.layout->vectors : 1;
	set->batch = batch_for(set);
	set->few = w == FEW_W;
	set->rest = set->batch == NARROW_BATCH ? NARROW_REST : set->batch;
	set->next = atomic_load_explicit(&s->sets, memory_order_relaxed);
	atomic_store_explicit(&s->sets, set, memory_order_release);
	return KM_OK;
}

const sakke_set *sakke_set_for(const sakke_z *s, size_t n)
{
	const sakke_set *set = atomic_load_explicit(&s->sets, memory_order_acquire);

	while (set && n < set->batch)
		set = set->next;
	return set;
}

static const unsigned widths[] = {FEW_W, NARROW_W, WIDE_W};
enum { WIDTHS = sizeof widths / sizeof widths[0] };

/* How many of widths there are, and that so many members are worth. */
static size_t have(const sakke_z *s)
{
	const sakke_set *widest = atomic_load_explicit(&s->sets, memory_order_acquire);
	size_t n = 0;

	while (widest && n < WIDTHS && widths[n] <= widest->w)
		n++;
	return n;
}

static size_t wanted(size_t members)
{
	size_t n = WIDTHS;

	while (n > 0 && !worth(members, widths[n - 1]))
		n--;
	return n;
}

/* Wide ones stand beside narrow ones, which are for smaller batches and better than those turned. */
static km_err widen(sakke_z *s, const ec_point *chain, size_t members)
{
	size_t want = wanted(members), i = have(s);
	km_err err = KM_OK;

	if (i == 0 && want > 1)
		i = 1;
	for (; err == KM_OK && i < want; i++)
		err = set_add(s, chain, widths[i]);
	return err;
}

km_err sakke_z_load(sakke_z *s, const uint8_t *z, size_t len, size_t members)
{
	ec_point *chain = aligned_alloc(64, CHAIN_LEN * sizeof *chain);
	km_err err;

	memset(s, 0, sizeof *s);
	err = ec_from_octets(&s->z, z, len);
	if (err == KM_OK)
		err = chain ? chain_of_point(chain, &s->z) : KM_ENOMEM;
	if (err == KM_OK)
		err = few_load(s, chain);
	if (err == KM_OK)
		err = widen(s, chain, members);
	free(chain);
	if (err != KM_OK)
		sakke_z_clear(s);
	return err;
}

km_err sakke_z_widen(sakke_z *s, size_t members)
{
	ec_point *chain;
	km_err err;

	if (wanted(members) <= have(s))
		return KM_OK;
	chain = aligned_alloc(64, CHAIN_LEN * sizeof *chain);
	err = chain ? chain_of_point(chain, &s->z) : KM_ENOMEM;
	if (err == KM_OK) {
		process_take(&s->lock);
		err = widen(s, chain, members);
		process_give(&s->lock);
	}
	free(chain);
	return err;
}

void sakke_z_clear(sakke_z *s)
{
	sakke_set *set = atomic_load_explicit(&s->sets, memory_order_relaxed);

	while (set) {
		sakke_set *next = set->next;

		set_free(set);
		set = next;
	}
	alone_clear(&s->z_alone);
	comb_clear(&s->z_small);
	memset(s, 0, sizeof *s);
}
