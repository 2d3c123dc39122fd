/* test_plan.c -- batches cut into pieces: all members once, of one KMS each, and in an order that gives tables time. */
#include <stdlib.h>
#include <string.h>

#include "provision/gms/make.h"
#include "provision/gms/plan.h"
#include "util.h"

enum { KMSS = 7, MOST = 6000 };

static plan_entry entries[KMSS * MOST];
static plan_piece pieces[KMSS * MOST];
static uint8_t is_in[KMSS * MOST];

/* So many members of each KMS. */
static size_t fill(const size_t members[KMSS])
{
	size_t n = 0;

	for (uint32_t k = 0; k < KMSS; k++)
		for (size_t i = 0; i < members[k]; i++, n++)
			entries[n] = (plan_entry){ k, 0, (uint32_t)n };
	return n;
}

static void holds_all_once(size_t count, size_t n)
{
	memset(is_in, 0, n);
	for (size_t i = 0; i < count; i++) {
		assert_in_range(pieces[i].n, 1, MAKE_MAX);
		for (size_t k = pieces[i].first; k < pieces[i].first + pieces[i].n; k++) {
			assert_true(k < n);
			assert_int_equal(entries[k].kms, entries[pieces[i].first].kms);
			assert_int_equal(is_in[k]++, 0);
		}
	}
	for (size_t k = 0; k < n; k++)
		assert_int_equal(is_in[k], 1);
}

/* Behind the first piece of a KMS come those of the others that have the same threads, and then its second one. */
static void first_pieces_come_first(size_t count, size_t threads)
{
	for (size_t i = 1; i < count; i++) {
		const plan_piece *a = &pieces[i - 1], *b = &pieces[i];

		if (a->kms / threads != b->kms / threads)
			assert_true(a->kms < b->kms && b->part == 0);
		else
			assert_true(a->part < b->part || (a->part == b->part && a->kms < b->kms));
	}
}

static void every_cut_is_whole(void **state)
{
	static const size_t limits[] = { 1, 2, 64, 511, 513, 1100, MOST };
	uint64_t seed = 1;

	(void)state;
	for (size_t round = 0; round < 200; round++) {
		const size_t threads = 1 + draw(&seed) % 9;
		size_t members[KMSS], n, count;

		for (size_t k = 0; k < KMSS; k++)
			members[k] = draw(&seed) % (limits[draw(&seed) % (sizeof limits / sizeof *limits)] + 1);
		n = fill(members);
		count = plan_cut(NULL, entries, n, threads);
		assert_int_equal(plan_cut(pieces, entries, n, threads), count);
		holds_all_once(count, n);
		first_pieces_come_first(count, threads);
	}
}

static void two_threads_take_two_kmss_in_turn(void **state)
{
	static const size_t members[KMSS] = { 660, 660, 300, 1300 };
	static const size_t of[][2] = { { 0, 0 }, { 1, 0 }, { 0, 1 }, { 1, 1 }, { 2, 0 }, { 3, 0 }, { 3, 1 }, { 3, 2 } };
	const size_t n = fill(members);

	(void)state;
	assert_int_equal(plan_cut(pieces, entries, n, 2), sizeof of / sizeof *of);
	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		assert_int_equal(pieces[i].kms, of[i][0]);
		assert_int_equal(pieces[i].part, of[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_is_whole),
		cmocka_unit_test(two_threads_take_two_kmss_in_turn),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
