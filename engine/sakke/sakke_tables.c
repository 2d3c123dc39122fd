/* sakke_tables.c -- the tables of an encapsulation: small ones at the first use, wider ones beside them.
 *
 * Who uses tables takes no lock: it counts itself in pins and then reads sets.  Who gives some back takes them out
 * of sets and then reads pins.  These four are in one order for all threads, so if pins is 0 there, whoever comes
 * later finds the new sets, and whoever was counted before is done.  What cannot go then waits in retired. */
#include "sakke.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* For one member by eight lanes: 1.3 MB over a point; w = 6: 3 % faster to use, 22 % slower to build, 1.7
	 * times the size.  And one element at a time: 2.1 MB over P and g, 1.4 MB over Z. */
	ALONE_W = 5, ONES_W = 6,
	FEW_W = 5, NARROW_W = 8, WIDE_W = 10, /* the first: those for one member, turned for eight */
	FEW_BATCH = 7,     /* one vector 0.72 ms, by itself or not, where each of its members is 0.116 */
	/* The same: 0.56 ms by itself, 0.45 after others (AMD Zen 5, IFMA; AVX2: 3.7, 2.5 and 2.1, and 0.53). */
	NARROW_BATCH = 5, NARROW_REST = 4,
	/* Lookups of 64 members at once cost as much for fewer, and narrow tables are as good where seven
	 * vectors will do. */
	WIDE_BATCH = 57,
	CROSSED_REST = 49, /* with wide tables over P and g alone, seven vectors that are filled up to eight are as good */
	WITHOUT_LEAST_MAX = 5, /* see wants_least */
	ONES_BATCH = 8,    /* one element at a time: below it reading wide tables costs more than it saves */
};

static const unsigned widths[] = {FEW_W, NARROW_W, WIDE_W};
enum { WIDTHS = sizeof widths / sizeof widths[0] };

static table_layout least_layout(void)
{
	return fp8_k ? TABLE_GROUPS : TABLE_LIMBS;
}

static unsigned least_w(void)
{
	return fp8_k ? ALONE_W : ONES_W;
}

static table_layout layout_of(unsigned w)
{
	if (!fp8_k)
		return TABLE_LIMBS;
	return w == FEW_W ? TABLE_TURNED : w == NARROW_W ? TABLE_WORDS : table_widest(w);
}

static int wide_are_shared(void)
{
	return fp8_k && table_shared_ready(layout_of(WIDE_W), WIDE_W);
}

/* Whether so many members are worth tables of width w.  Those for one member are there anyway, and then
 * take 116 us each, turned 89; w = 8, in batches of a few too, 54 to 70; w = 10, in large ones, 42.  Z's
 * tables take 0.2, 6 and 20 ms, all of a width 0.5, 17 and 60; those over P and g are there where another KMS
 * wanted them (AMD Zen 5, IFMA; AVX2: members five times as long, tables three times). */
static int worth(size_t members, unsigned w)
{
	if (!fp8_k)
		return w == NARROW_W && members >= 512;
	if (w == FEW_W)
		return members >= FP8_LANES;
	if (w == NARROW_W)
		return members >= (table_shared_ready(layout_of(w), w) || wide_are_shared() ? 150 : 400);
	return members >= (wide_are_shared() ? 2000 : 5000);
}

/* The smallest batch that a set is good for. */
static size_t batch_for(const sakke_set *set)
{
	if (!fp8_k)
		return ONES_BATCH;
	return set->z.layout == TABLE_TURNED ? FEW_BATCH : set->z.shape.w == NARROW_W ? NARROW_BATCH : WIDE_BATCH;
}

km_err sakke_table_of_p(const table **p)
{
	return fp8_k ? table_shared(p, TABLE_POINT, TABLE_GROUPS, ALONE_W) :
			table_shared(p, TABLE_POINT, TABLE_LIMBS, ONES_W);
}

/* Beside Z's table of a set, those over P and g of this layout and width. */
static km_err beside(encap_tables *t, const sakke_set *set, table_layout layout, unsigned w, int with_g)
{
	km_err err = table_shared(&t->p, TABLE_POINT, layout, w);

	t->z = &set->z;
	t->g = NULL;
	t->back = 0;
	if (err == KM_OK && with_g)
		err = table_shared(&t->g, TABLE_G, layout, w);
	return err;
}

km_err sakke_tables(encap_tables *t, const sakke_set *set, int with_g)
{
	table_layout layout = set->z.layout;

	return beside(t, set, layout, layout == TABLE_GROUPS ? ALONE_W : layout == TABLE_TURNED ? FEW_W : set->z.shape.w,
			with_g);
}

km_err sakke_tables_for(encap_tables *t, size_t *now, const sakke_set *set, size_t n, int with_g)
{
	int crossed = set->z.shape.w == NARROW_W && n >= WIDE_BATCH && wide_are_shared();
	km_err err = crossed ? beside(t, set, layout_of(WIDE_W), WIDE_W, with_g) : sakke_tables(t, set, with_g);
	size_t unit = err == KM_OK && crossed ? table_unit(t->p) : set->unit;

	/* Too few to fill up what is made at once take the narrower tables. */
	*now = n >= unit && n % unit < (crossed ? CROSSED_REST : set->rest) ? n - n % unit : n;
	return err;
}

km_err sakke_share(size_t members)
{
	const table *t;
	km_err err;

	if (!fp8_k || !worth(members, WIDE_W))
		return KM_OK;
	err = table_shared(&t, TABLE_POINT, layout_of(WIDE_W), WIDE_W);
	return err == KM_OK ? table_shared(&t, TABLE_G, layout_of(WIDE_W), WIDE_W) : err;
}

/* s changes in what its users do not see. */
static sakke_z *inside(const sakke_z *s)
{
	return (sakke_z *)(uintptr_t)s; /* is a part of what km_kms_public_new made */
}

static int has_any(const sakke_z *s)
{
	return atomic_load_explicit(&s->sets, memory_order_acquire) != NULL;
}

static int has_least(const sakke_z *s)
{
	return atomic_load_explicit(&s->has_least, memory_order_acquire);
}

/* Now there is some of sets, and below all others least, made or not. */
static void publish_least(sakke_z *s)
{
	s->least.unit = 1;
	if (!has_any(s))
		atomic_store_explicit(&s->sets, &s->least, memory_order_release);
}

/* g is made when it is first wanted.  The child of a fork makes anew what another thread of its parent was at, so
 * least is written when all is done. */
static km_err least_load(sakke_z *s, const table *chain)
{
	encap_tables t;
	table made = {.mem = NULL};
	km_err err = table_make(&made, chain, least_layout(), least_w());

	if (err != KM_OK)
		return err;
	s->least.z = made;
	atomic_fetch_add(&s->bytes, table_size(&made));
	atomic_store_explicit(&s->has_least, 1, memory_order_release);
	publish_least(s);
	return sakke_tables(&t, &s->least, 0);
}

/* Where many members come first, their first blocks are checked by the chain.  It stays until the end. */
static void keep_chain(sakke_z *s, table *chain)
{
	s->chain = *chain;
	chain->mem = NULL;
	atomic_fetch_add(&s->bytes, table_size(&s->chain));
	publish_least(s);
}

/* The chain that is kept, or one in made. */
static km_err find_chain(const table **chain, table *made, const sakke_z *s)
{
	made->mem = NULL;
	*chain = has_any(s) && s->chain.mem ? &s->chain : made;
	return *chain == made ? table_chain(made, &s->z) : KM_OK;
}

km_err sakke_least(const sakke_z *z)
{
	sakke_z *s = inside(z);
	const table *chain;
	km_err err = KM_OK;
	table made;

	if (has_least(s))
		return KM_OK;
	process_take(&s->lock);
	if (!has_least(s)) {
		err = find_chain(&chain, &made, s);
		if (err == KM_OK)
			err = least_load(s, chain);
		table_clear(&made);
	}
	process_give(&s->lock);
	return err;
}

/* Where least is not made it costs as much as three checks by the chain, or as the vectors of narrow tables that a dozen
 * rests of a few members fill up. */
static int wants_least(const sakke_z *s)
{
	return has_least(s) || atomic_fetch_add(&inside(s)->without_least, 1) >= WITHOUT_LEAST_MAX;
}

km_err sakke_ready(const sakke_z *s)
{
	return has_any(s) ? KM_OK : sakke_least(s);
}

km_err sakke_complete(encap_tables *t, const sakke_z *s, int with_g)
{
	km_err err;

	if (has_least(s))
		return sakke_tables(t, &s->least, with_g);
	err = beside(t, &s->least, least_layout(), least_w(), with_g);
	t->z = &s->chain;
	return err;
}

km_err sakke_complete_for_check(encap_tables *t, const sakke_z *s)
{
	km_err err = sakke_ready(s);

	if (err == KM_OK && wants_least(s))
		err = sakke_least(s);
	return err == KM_OK ? sakke_complete(t, s, 1) : err;
}

static void set_free(sakke_set *set)
{
	table_clear(&set->z);
	free(set);
}

/* From set on, all but least. */
static void sets_free(sakke_z *s, sakke_set *set)
{
	while (set && set != &s->least) {
		sakke_set *next = set->next;

		atomic_fetch_sub(&s->bytes, table_size(&set->z));
		set_free(set);
		set = next;
	}
}

static void retired_free(sakke_z *s)
{
	while (s->retired) {
		sakke_set *set = s->retired;

		s->retired = set->retired;
		sets_free(s, set);
	}
}

/* Make the tables of the i-th width and publish them: who reads s->sets has seen all that they hold. */
static km_err set_add(sakke_z *s, const table *chain, size_t i)
{
	unsigned w = widths[i];
	sakke_set *set = calloc(1, sizeof *set);
	encap_tables t;
	km_err err;

	if (!set)
		return KM_ENOMEM;
	if (layout_of(w) == TABLE_TURNED)
		err = table_make(&set->z, &s->least.z, TABLE_TURNED, w);
	else
		err = table_make(&set->z, chain, layout_of(w), w);
	if (err == KM_OK && !(w == NARROW_W && wide_are_shared())) /* there narrow ones wait for a small batch */
		err = sakke_tables(&t, set, 1);
	if (err != KM_OK) {
		set_free(set);
		return err;
	}
	set->unit = table_unit(&set->z);
	set->batch = batch_for(set);
	set->rest = set->batch == NARROW_BATCH ? NARROW_REST : set->batch;
	set->next = atomic_load_explicit(&s->sets, memory_order_relaxed);
	set->rank = i + 1;
	atomic_fetch_add(&s->bytes, table_size(&set->z));
	atomic_store(&s->sets, set);
	atomic_store(&s->rank, set->rank);
	return KM_OK;
}

void sakke_pin(const sakke_z *s)
{
	atomic_fetch_add(&inside(s)->pins, 1);
}

void sakke_unpin(const sakke_z *s)
{
	atomic_fetch_sub(&inside(s)->pins, 1);
}

const sakke_set *sakke_set_for(const sakke_z *s, size_t n)
{
	const sakke_set *set = atomic_load(&s->sets);

	while (n < set->batch && (set->next != &s->least || wants_least(s)))
		set = set->next;
	return set;
}

/* How many of widths so many members are worth. */
static size_t wanted(size_t members)
{
	size_t n = WIDTHS;

	while (n > 0 && !worth(members, widths[n - 1]))
		n--;
	return n;
}

/* The first of widths that is to be made.  Wide ones stand beside narrow ones, which are for smaller batches and
 * better than those turned. */
static size_t first_to_add(const sakke_z *s, size_t want)
{
	size_t rank = atomic_load(&s->rank);

	return rank == 0 && want > 1 ? 1 : rank;
}

/* Whether so many members are checked by the chain first. */
static int wants_chain(size_t want)
{
	return fp8_k && want > 1;
}

static km_err widen(sakke_z *s, const table *chain, table *own, size_t want)
{
	km_err err = KM_OK;

	if (!has_least(s) && !wants_chain(want)) {
		err = least_load(s, chain);
	} else if (!has_any(s)) {
		keep_chain(s, own);
		chain = &s->chain;
	}
	for (size_t i = first_to_add(s, want); err == KM_OK && i < want; i++)
		err = set_add(s, chain, i);
	return err;
}

km_err sakke_z_load(sakke_z *s, const uint8_t *z, size_t len, size_t members)
{
	km_err err;

	memset(s, 0, sizeof *s);
	err = ec_from_octets(&s->z, z, len);
	if (err == KM_OK && members == KM_TABLES_LATER)
		return ec_has_order_q_var(&s->z) ? KM_OK : KM_EORDER; /* which a chain shows again */
	if (err == KM_OK)
		err = sakke_z_widen(s, members);
	if (err != KM_OK)
		sakke_z_clear(s);
	return err;
}

km_err sakke_z_widen(sakke_z *s, size_t members)
{
	const size_t want = wanted(members);
	const table *chain;
	table own;
	km_err err;

	if (has_any(s) && want <= atomic_load(&s->rank))
		return KM_OK;
	err = find_chain(&chain, &own, s);
	if (err == KM_OK) {
		process_take(&s->lock);
		err = widen(s, chain, &own, want);
		if (atomic_load(&s->pins) == 0)
			retired_free(s);
		process_give(&s->lock);
	}
	table_clear(&own);
	return err;
}

/* The child of a fork in the middle of this finds some twice, or in neither place and loses that memory. */
void sakke_z_narrow(sakke_z *s)
{
	sakke_set *set;

	process_take(&s->lock);
	set = atomic_load(&s->sets);
	if (set && set != &s->least) {
		set->retired = s->retired;
		atomic_store(&s->rank, 0);
		atomic_exchange(&s->sets, &s->least);
		s->retired = set;
	}
	if (atomic_load(&s->pins) == 0)
		retired_free(s);
	process_give(&s->lock);
}

uint64_t sakke_z_bytes(const sakke_z *s)
{
	return atomic_load(&s->bytes);
}

uint64_t sakke_z_bytes_for(const sakke_z *s, size_t members)
{
	uint64_t bytes = sakke_z_bytes(s);
	size_t want = wanted(members);

	if (has_any(s) && want <= atomic_load(&s->rank))
		return bytes;
	if (!has_least(s) && !wants_chain(want))
		bytes += table_size_of(TABLE_POINT, least_layout(), least_w());
	else if (!has_any(s))
		bytes += table_size_of(TABLE_POINT, TABLE_LIMBS, 1);
	for (size_t i = first_to_add(s, want); i < want; i++)
		bytes += table_size_of(TABLE_POINT, layout_of(widths[i]), widths[i]);
	return bytes;
}

void sakke_z_clear(sakke_z *s)
{
	retired_free(s);
	sets_free(s, atomic_load_explicit(&s->sets, memory_order_relaxed));
	table_clear(&s->least.z);
	table_clear(&s->chain);
	memset(s, 0, sizeof *s);
}
