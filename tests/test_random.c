/* test_random.c -- the system's randomness: never the same twice, not after a fork either. */
#include "util.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/eccsi.h"
#include "engine/engine.h"
#include "engine/random.h"

enum { PIECE = 32, PROCESSES = 8 };

static void pieces_differ(const uint8_t (*pieces)[PIECE], size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(pieces[i], pieces[j], PIECE);
}

/* What each of several children and their parent make right after a fork. */
static void after_fork(uint8_t (*pieces)[PIECE], void (*make)(uint8_t out[PIECE]))
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	for (size_t i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			make(pieces[i]);
			_exit(write(ends[1], pieces[i], PIECE) != PIECE);
		}
		assert_int_equal(read(ends[0], pieces[i], PIECE), PIECE);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	make(pieces[PROCESSES]);
	close(ends[0]), close(ends[1]);
}

static void some_octets(uint8_t out[PIECE])
{
	if (km_random_bytes(out, PIECE, NULL) != KM_OK)
		_exit(1);
}

/* r of a signature over one message by one key: two that are equal give the key away.  The hash of
 * key and message alone would be the same in each. */
static void some_nonce(uint8_t out[PIECE])
{
	static const uint8_t ssk[KM_SSK_BYTES] = {1}, hs[KM_HASH_BYTES] = {2};
	uint64_t j[4];

	if (eccsi_nonce(j, ssk, hs, (const uint8_t *)"m", 1, NULL) != KM_OK)
		_exit(1);
	memcpy(out, j, PIECE);
}

static void a_fork_never_repeats_octets(void **state)
{
	uint8_t pieces[PROCESSES + 1][PIECE], first[PIECE];

	(void)state;
	some_octets(first); /* the stream is seeded, and has octets ready */
	after_fork(pieces, some_octets);
	pieces_differ((const uint8_t (*)[PIECE])pieces, PROCESSES + 1);
}

static void a_fork_never_repeats_a_nonce(void **state)
{
	uint8_t pieces[PROCESSES + 1][PIECE], first[PIECE];

	(void)state;
	some_nonce(first);
	after_fork(pieces, some_nonce);
	pieces_differ((const uint8_t (*)[PIECE])pieces, PROCESSES + 1);
}

static void *thread_octets(void *out)
{
	some_octets(out);
	return NULL;
}

static void threads_never_get_the_same(void **state)
{
	uint8_t pieces[PROCESSES][PIECE];
	pthread_t threads[PROCESSES];

	(void)state;
	for (size_t i = 0; i < PROCESSES; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread_octets, pieces[i]), 0);
	for (size_t i = 0; i < PROCESSES; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pieces_differ((const uint8_t (*)[PIECE])pieces, PROCESSES);
}

/* Across the refills of the stream, in pieces of many lengths. */
static void a_stream_does_not_repeat(void **state)
{
	static uint8_t pieces[600][PIECE], rest[3000];

	(void)state;
	for (size_t i = 0; i < 600; i++) {
		some_octets(pieces[i]);
		assert_int_equal(km_random_bytes(rest, i * 5, NULL), KM_OK);
	}
	pieces_differ((const uint8_t (*)[PIECE])pieces, 600);
}

static int give_high(void *ctx, uint8_t *out, size_t len)
{
	(*(int *)ctx)++;
	memset(out, 0xff, len);
	return 0;
}

static void a_source_stuck_above_the_bound_is_given_up(void **state)
{
	int calls = 0;
	const km_random stuck = {give_high, &calls};
	uint64_t r[4] = {1}, bound[4] = {5, 0, 0, 1};

	(void)state;
	assert_int_equal(random_below(r, bound, 4, 256, &stuck), KM_ERANDOM);
	assert_true(calls > 1);
	for (int i = 0; i < 4; i++)
		assert_true(r[i] == 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(random_below(r, bound, 4, 193, NULL), KM_OK);
		assert_true(r[3] < 1 || (r[3] == 1 && r[1] == 0 && r[2] == 0 && r[0] < 5));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fork_never_repeats_octets),
		cmocka_unit_test(a_fork_never_repeats_a_nonce),
		cmocka_unit_test(threads_never_get_the_same),
		cmocka_unit_test(a_stream_does_not_repeat),
		cmocka_unit_test(a_source_stuck_above_the_bound_is_given_up),
	};

	if (km_init(NULL) != KM_OK)
		return 1;
	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
