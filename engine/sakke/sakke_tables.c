/* sakke_tables.c -- the tables of an encapsulation: small ones at once, wider ones beside them. */
#include "sakke.h"

#include <stdlib.h>
#include <string.h>

#include "table/tables.h"

enum {
	/* From here on a vector costs about what its members do one by one: 0.25 ms each, where a vector
	 * is 1.3 ms after others and 1.6 ms by itself (w = 6, AMD Zen 4, IFMA). */
	EIGHT_BATCH = 6,
	NARROW = 100,      /* members who are worth tables, which then stand beside wider ones */
	WIDE_BATCH = 8,    /* below it, reading wide tables costs more than their width saves */
};

/* The width that pays for its tables with that many members, where those over P and g have to be
 * made too; 0: those for a few do.  These are there anyway; w = 6 takes 14 ms more, w = 8 beside it
 * 32, w = 10 95.  A member then takes 0.15, 0.11 and 0.09 ms, and 0.25 without (IFMA; AVX2: all is
 * about twice as long). */
static unsigned width_for(size_t members)
{
	if (comb8_available())
		return members < NARROW ? 0 : members < 600 ? 6 : members < 4000 ? 8 : 10;
	return members < 512 ? 0 : 8;
}

/* The smallest batch that a set is good for. */
static size_t batch_for(const sakke_set *set)
{
	if (!set->z_eight.t)
		return WIDE_BATCH;
	/* Lookups of 64 members at once cost as much for fewer. */
	return set->z_eight.layout->vectors == 1 ? EIGHT_BATCH : 48;
}

static km_err one_load(encap_tables *t, comb *z_table, const ec_point *chain, unsigned w)
{
	km_err err = comb_build(z_table, chain, w);

	t->z = z_table;
	if (err == KM_OK)
		err = comb_check(z_table, chain);
	return err == KM_OK ? tables_of_p(&t->p, w) : err;
}

static km_err eight_load(encap8_tables *t, comb8 *z_table, const ec_point *chain, unsigned w,
		size_t members)
{
	km_err err = comb8_build(z_table, chain, w, members);

	t->z = z_table;
	if (err == KM_OK)
		err = comb8_check(z_table, chain);
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
	if (err == KM_OK)
		err = alone_check(&s->z_alone, chain);
	return err == KM_OK ? tables_alone_p(&s->alone.p) : err;
}

static void set_free(sakke_set *set)
{
	comb_clear(&set->z_one);
	comb8_clear(&set->z_eight);
	free(set);
}

/* Make the tables of width w and publish them: who reads s->sets has seen all that they hold. */
static km_err set_add(sakke_z *s, const ec_point *chain, unsigned w, size_t members)
{
	sakke_set *set = calloc(1, sizeof *set);
	km_err err;

	if (!set)
		return KM_ENOMEM;
	set->w = w;
	err = comb8_available() ? eight_load(&set->eight, &set->z_eight, chain, w, members) :
			one_load(&set->one, &set->z_one, chain, w);
	if (err == KM_OK && !comb8_available())
		err = tables_of_g(&set->one.g, w);
	if (err != KM_OK) {
		set_free(set);
		return err;
	}
	set->unit = set->z_eight.t ? FP8_LANES * set->z_eight.layout->vectors : 1;
	set->batch = batch_for(set);
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

/* The width to add for so many members; 0: what is there is enough. */
static unsigned missing(const sakke_z *s, size_t members)
{
	const sakke_set *widest = atomic_load_explicit(&s->sets, memory_order_acquire);
	unsigned w = width_for(members);

	return widest && widest->w >= w ? 0 : w;
}

static km_err widen(sakke_z *s, const ec_point *chain, size_t members)
{
	unsigned w = missing(s, members);

	return w ? set_add(s, chain, w, members) : KM_OK;
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
		err = widen(s, chain, members < NARROW ? members : NARROW);
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

	if (!missing(s, members))
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
