/* test_scratch.c -- scratch for passing secrets: zeroed, aligned, apart, given back. */
#include "util.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "engine/secret.h"

static const size_t sizes[] = {1, 64, 4096, 16384, 16385, 100000, 1 << 21, (1 << 21) + 1, 5 << 20};
enum { N = sizeof sizes / sizeof *sizes };

static int all_are(const uint8_t *p, size_t len, uint8_t value)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != value)
			return 0;
	return 1;
}

/* All sizes at once, twice of each, filled and freed, and again: nothing of the first time is left. */
static void scratch_is_zeroed_each_time(void **state)
{
	uint8_t *p[2 * N];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 2 * N; i++) {
			p[i] = scratch_alloc(sizes[i / 2]);
			assert_non_null(p[i]);
			assert_int_equal((uintptr_t)p[i] % 64, 0);
			assert_true(all_are(p[i], sizes[i / 2], 0));
			memset(p[i], (int)i + 1, sizes[i / 2]);
		}
		for (size_t i = 0; i < 2 * N; i++) {
			assert_true(all_are(p[i], sizes[i / 2], (uint8_t)(i + 1)));
			scratch_free(p[i], sizes[i / 2]);
		}
	}
	scratch_free(NULL, 64);
}

static void *use(void *arg)
{
	uint8_t *p = scratch_alloc(1 << 20);

	(void)arg;
	if (!p)
		return NULL;
	p[0] = 1;
	scratch_free(p, 1 << 20);
	p = scratch_alloc(1 << 20);
	scratch_free(p, 1 << 20);
	return p;
}

/* Lines of /proc/self/maps. */
static int mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int lines = 0, c;

	assert_non_null(maps);
	while ((c = getc(maps)) != EOF)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

static void a_thread_gives_back_what_it_kept(void **state)
{
	enum { THREADS = 100 };
	pthread_t thread;
	void *used;
	int before = 0;

	(void)state;
	for (int i = 0; i <= THREADS; i++) {
		assert_int_equal(pthread_create(&thread, NULL, use, NULL), 0);
		assert_int_equal(pthread_join(thread, &used), 0);
		assert_non_null(used);
		if (i == 0)
			before = mappings();
	}
	assert_true(mappings() < before + THREADS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scratch_is_zeroed_each_time),
		cmocka_unit_test(a_thread_gives_back_what_it_kept),
	};

	return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
