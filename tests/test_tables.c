/* test_tables.c -- tables of many KMSs: made by the members seen, beside other work, within one bound; results stay. */
#include "util_sakke.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/field/fp8.h"
#include "provision/keys/tables.h"

enum { KMSS = 4, ID = 12, MANY = 2500, PIECE = 512, ON_TOP = 1900000, OFTEN = 6 };

static km_kms_master *master;
static kms_tables *of[KMSS];
static all_tables *all;
static uint64_t narrow, wide, dropped, more; /* octets of one: for one member; MANY; given back; for one after that */
static uint8_t ids[ID] = "a member", ssv[KM_SSV_BYTES], want[KM_SED_BYTES];

/* A pool whose later work is done when the test says so. */
static struct {
	km_work *work;
	void *arg;
} waiting[KMSS];
static size_t n_waiting;

static int each(void *ctx, km_work *work, void *arg, size_t n)
{
	(void)ctx;
	for (size_t i = 0; i < n; i++)
		work(arg, i);
	return 1;
}

static int later(void *ctx, km_work *work, void *arg)
{
	(void)ctx;
	if (n_waiting == KMSS)
		return 0;
	waiting[n_waiting].work = work;
	waiting[n_waiting++].arg = arg;
	return 1;
}

static void do_waiting(void)
{
	for (size_t i = 0; i < n_waiting; i++)
		waiting[i].work(waiting[i].arg, 0);
	n_waiting = 0;
}

static km_pool *pool_of_test(void)
{
	km_pool_calls calls = { sizeof calls, each, later };
	km_pool *pool;

	assert_int_equal(km_pool_on(&pool, &calls, NULL, NULL), KM_OK);
	return pool;
}

static void free_one(void *entry)
{
	kms_tables *one = entry;

	tables_leave(one);
	km_kms_public_free(one->keys);
	free(one);
}

static kms_tables *one_of(all_tables *a)
{
	kms_tables *one = calloc(1, sizeof *one);

	assert_non_null(one);
	one->entry = (ring_entry){ 1, free_one };
	one->keys = kms_of(master, KM_TABLES_LATER);
	tables_join(a, one);
	return one;
}

static int start(void **state)
{
	km_kms_public *kms;

	(void)state;
	master = master_of(rfc_z_secret);
	kms = kms_of(master, 0);
	narrow = km_kms_public_bytes(kms);
	assert_int_equal(km_kms_public_widen(kms, MANY), KM_OK); /* so that those over P and g are there */
	km_kms_public_free(kms);
	kms = kms_of(master, MANY);
	wide = km_kms_public_bytes(kms);
	km_kms_public_narrow(kms);
	dropped = km_kms_public_bytes(kms);
	assert_int_equal(km_sakke_encap(want, ssv, ids, ID, kms, NULL), KM_OK);
	more = km_kms_public_bytes(kms) - dropped;
	km_kms_public_free(kms);
	assert_true(narrow < ON_TOP && wide > ON_TOP);
	all = tables_new();
	assert_non_null(all);
	for (int i = 0; i < KMSS; i++)
		of[i] = one_of(all);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (int i = 0; i < KMSS; i++)
		ring_let_go(of[i]);
	tables_let_go(all);
	km_kms_master_free(master);
	return 0;
}

static uint64_t bytes(int i)
{
	return km_kms_public_bytes(of[i]->keys);
}

static void results_are_the_same(void)
{
	uint8_t sed[KM_SED_BYTES];

	for (int i = 0; i < KMSS; i++) {
		assert_int_equal(km_sakke_encap(sed, ssv, ids, ID, of[i]->keys, NULL), KM_OK);
		assert_memory_equal(sed, want, sizeof sed);
	}
}

static void one_that_is_not_used_has_none(void **state)
{
	(void)state;
	tables_expect(of[0], 0, NULL);
	for (int i = 0; i < KMSS; i++)
		assert_int_equal(bytes(i), 0);
	results_are_the_same();
	for (int i = 0; i < KMSS; i++)
		assert_int_equal(bytes(i), narrow);
}

/* Beside other work those that were seen count together; where all waits for it, each call by itself. */
static void members_that_were_seen_count(void **state)
{
	km_pool *pool = pool_of_test();

	(void)state;
	for (int i = 0; i < MANY; i++) {
		tables_expect(of[0], 1, NULL);
		tables_expect(of[1], 1, pool);
		do_waiting();
	}
	assert_int_equal(bytes(0), narrow);
	assert_true(bytes(1) >= wide);
	assert_int_equal(of[0]->seen, MANY);
	tables_expect(of[2], MANY, NULL);
	assert_int_equal(bytes(2), wide);
	tables_expect(of[3], SIZE_MAX, pool);
	tables_expect(of[3], SIZE_MAX, pool);
	do_waiting();
	assert_in_range(bytes(3), wide, KM_KMS_PUBLIC_BYTES_MAX);
	results_are_the_same();
	km_pool_free(pool);
}

/* Few pieces of all of their KMS's members have tables before the first begins, and wider ones come beside. */
static void few_pieces_wait_for_their_tables(void **state)
{
	km_pool *pool = pool_of_test();
	uint64_t few;

	(void)state;
	tables_expect(of[0], PIECE, pool);
	assert_int_equal(n_waiting, 0);
	few = bytes(0);
	assert_in_range(few, ON_TOP, wide);
	for (int i = 0; i < 20; i++) {
		tables_expect(of[0], PIECE, pool);
		do_waiting();
	}
	assert_true(bytes(0) > few || !fp8_k || strcmp(km_kernel(), "adx") == 0);
	tables_expect(of[1], 4 * PIECE + 1, pool);
	assert_int_equal(n_waiting, 1);
	do_waiting();
	results_are_the_same();
	km_pool_free(pool);
}

/* Octets in the end of a KMS whose members come piece by piece. */
static uint64_t bytes_after(size_t members, const uint64_t *bound)
{
	km_pool *pool = pool_of_test();
	all_tables *own = tables_new();
	kms_tables *one = one_of(own);
	uint8_t sed[KM_SED_BYTES];
	uint64_t octets;

	if (bound != NULL)
		tables_bound(own, *bound);
	assert_int_equal(km_sakke_encap(sed, ssv, ids, ID, one->keys, NULL), KM_OK);     /* by those for one */
	for (size_t left = members; left > 0; left -= left < PIECE ? left : PIECE) {
		tables_expect(one, left < PIECE ? left : PIECE, pool);
		do_waiting();
	}
	octets = km_kms_public_bytes(one->keys);
	ring_let_go(one);
	tables_let_go(own);
	km_pool_free(pool);
	return octets;
}

static void a_bound_for_so_many_has_room_for_their_tables(void **state)
{
	static const size_t members[] = { 1, 100, 500, PIECE, PIECE + 1, 5000, 20000 };

	(void)state;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		const uint64_t bound = tables_bytes(of[0], members[i]);

		assert_int_equal(bytes_after(members[i], &bound), bytes_after(members[i], NULL));
	}
}

static void those_used_longest_ago_go(void **state)
{
	(void)state;
	tables_bound(all, 2 * (wide - ON_TOP));
	for (int i = 0; i < KMSS; i++) {
		tables_expect(of[i], MANY, NULL);
		for (int j = 0; j < KMSS; j++)
			assert_int_equal(bytes(j), j > i ? 0 : j > i - 2 ? wide : dropped);
	}
	tables_expect(of[2], 1, NULL);
	tables_expect(of[0], MANY, NULL);
	assert_int_equal(bytes(2), wide);
	assert_int_equal(bytes(3), dropped);
	for (int i = 0; i < OFTEN; i++)         /* until each has those for one member too */
		results_are_the_same();
	tables_bound(all, wide + more - ON_TOP);
	assert_int_equal(bytes(2), dropped + more);
	assert_int_equal(bytes(0), wide + more);
	tables_bound(all, 0);
	assert_int_equal(bytes(0), dropped + more);
	tables_expect(of[0], MANY, NULL);
	assert_int_equal(bytes(0), dropped + more);
	results_are_the_same();
}

/* A few members do not take the tables of others away. */
static void a_few_take_nothing_from_others(void **state)
{
	km_pool *pool = pool_of_test();

	(void)state;
	tables_bound(all, wide - ON_TOP);
	tables_expect(of[0], MANY, NULL);
	for (int i = 0; i < MANY; i++) {
		tables_expect(of[1], 1, pool);
		do_waiting();
	}
	assert_int_equal(bytes(0), wide);
	assert_int_equal(bytes(1), narrow);
	km_pool_free(pool);
}

static void what_is_being_made_counts(void **state)
{
	km_pool *pool = pool_of_test();

	(void)state;
	tables_bound(all, 2 * (wide - ON_TOP));
	for (int i = 0; i < KMSS; i++)
		tables_expect(of[i], MANY, pool);
	assert_int_equal(bytes(0) + bytes(1) + bytes(2) + bytes(3), 0);
	do_waiting();
	assert_int_equal(bytes(0), wide);
	assert_int_equal(bytes(1), wide);
	assert_true(bytes(2) < ON_TOP && bytes(3) < ON_TOP);
	km_pool_free(pool);
}

/* A KMS that goes, and then the work that waits for it. */
static void work_keeps_what_it_is_for(void **state)
{
	km_pool *pool = pool_of_test();
	all_tables *own = tables_new();
	kms_tables *one = one_of(own);

	(void)state;
	tables_let_go(own);
	tables_expect(one, MANY, pool);
	ring_let_go(one);
	assert_int_equal(n_waiting, 1);
	do_waiting();
	km_pool_free(pool);
}

static void a_child_makes_what_its_parent_was_making(void **state)
{
	km_pool *pool = pool_of_test();
	int status = -1;
	pid_t child;

	(void)state;
	tables_expect(of[0], MANY, pool);
	child = fork();
	if (child == 0) {
		tables_expect(of[0], MANY, NULL);
		_exit(bytes(0) != wide);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	do_waiting();
	km_pool_free(pool);
}

#define TEST(of) cmocka_unit_test_setup_teardown(of, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_that_is_not_used_has_none),
		TEST(members_that_were_seen_count),
		TEST(few_pieces_wait_for_their_tables),
		TEST(a_bound_for_so_many_has_room_for_their_tables),
		TEST(those_used_longest_ago_go),
		TEST(a_few_take_nothing_from_others),
		TEST(what_is_being_made_counts),
		TEST(work_keeps_what_it_is_for),
		TEST(a_child_makes_what_its_parent_was_making),
	};

	return run_on_each_level("tables", tests, sizeof tests / sizeof tests[0]);
}
