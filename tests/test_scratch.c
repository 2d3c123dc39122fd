/* test_scratch.c -- scratch for passing secrets: zeroed, aligned, apart, given back. */
#include "util.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Whether its page is there. */
static int is_mapped(void *p)
{
	unsigned char resident;

	return mincore((void *)((uintptr_t)p / 4096 * 4096), 1, &resident) == 0;
}

/* What takes the place meanwhile, another thread's stack or a sanitizer's, is rare. */
static void a_thread_gives_back_what_it_kept(void **state)
{
	enum { THREADS = 100 };
	pthread_t thread;
	void *used;
	int there = 0;

	(void)state;
	used = use(NULL);
	assert_true(is_mapped(used)); /* the check can fail: this thread keeps its own */
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&thread, NULL, use, NULL), 0);
		assert_int_equal(pthread_join(thread, &used), 0);
		assert_non_null(used);
		there += is_mapped(used);
	}
	assert_true(there < THREADS / 2);
}

/* Whether the system wipes memory in a child of a fork, as it says; emulators (qemu-user) say so and do not. */
static int system_wipes(void)
{
	int *one = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), status = 1;
	pid_t child;

	assert_true(one != MAP_FAILED);
	*one = 1;
	if (madvise(one, 4096, MADV_WIPEONFORK) == 0) {
		child = fork();
		if (child == 0)
			_exit(*one);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
	munmap(one, 4096);
	return status == 0;
}

static void a_child_sees_nothing_of_it(void **state)
{
	uint8_t *p;
	int status;
	pid_t child;

	(void)state;
	if (!system_wipes())
		skip_as("this system wipes no memory in a child of a fork");
	p = scratch_alloc(100000);
	assert_non_null(p);
	memset(p, 0xa5, 100000);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(all_are(p, 100000, 0) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(all_are(p, 100000, 0xa5));
	scratch_free(p, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scratch_is_zeroed_each_time),
		cmocka_unit_test(a_thread_gives_back_what_it_kept),
		cmocka_unit_test(a_child_sees_nothing_of_it),
	};

	return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
