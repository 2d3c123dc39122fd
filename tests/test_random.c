/* test_random.c -- the system's randomness: never the same twice, not after a fork, in a signal's handler or
 * while a thread ends either. */
#include "util.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/eccsi/eccsi.h"
#include "engine/engine.h"
#include "engine/random.h"
#include "engine/secret.h"

enum { PIECE = 32, PROCESSES = 8 };

/* What the system does when it is asked to wipe memory in a child of a fork. */
static _Thread_local enum { WIPES, IGNORES, REFUSES } system_wipe;

int __real_madvise(void *p, size_t len, int advice);
int __wrap_madvise(void *p, size_t len, int advice);

int __wrap_madvise(void *p, size_t len, int advice)
{
	if (advice != MADV_WIPEONFORK || system_wipe == WIPES)
		return __real_madvise(p, len, advice);
	return system_wipe == IGNORES ? 0 : -1;
}

static void pieces_differ(const uint8_t (*pieces)[PIECE], size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(pieces[i], pieces[j], PIECE);
}

/* The system call: no handlers are run. */
static pid_t bare_fork(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* What each of several children and their parent make right after a fork. */
static void after_fork(uint8_t (*pieces)[PIECE], void (*make)(uint8_t out[PIECE]), pid_t (*fork_by)(void))
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	for (size_t i = 0; i < PROCESSES; i++) {
		pid_t pid = fork_by();

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

typedef struct {
	void (*make)(uint8_t out[PIECE]);
	pid_t (*fork_by)(void);
	int wipe;
	uint8_t pieces[PROCESSES + 1][PIECE];
} forked;

static void *fork_in_thread(void *arg)
{
	forked *f = arg;
	uint8_t first[PIECE];

	system_wipe = f->wipe;
	f->make(first); /* the stream is seeded, and has octets ready */
	after_fork(f->pieces, f->make, f->fork_by);
	return NULL;
}

/* Each in a thread of its own, whose stream is new. */
static void no_fork_repeats(void (*make)(uint8_t out[PIECE]))
{
	static pid_t (*const by[])(void) = {fork, bare_fork};

	for (int i = 0; i < 6; i++) {
		forked f = {make, by[i % 2], (int[]){WIPES, IGNORES, REFUSES}[i / 2], {{0}}};
		pthread_t thread;

		assert_int_equal(pthread_create(&thread, NULL, fork_in_thread, &f), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		pieces_differ((const uint8_t (*)[PIECE])f.pieces, PROCESSES + 1);
	}
}

static void a_fork_never_repeats_octets(void **state)
{
	(void)state;
	no_fork_repeats(some_octets);
}

static void some_passing_octets(uint8_t out[PIECE])
{
	if (random_passing(out, PIECE, NULL) != KM_OK)
		_exit(1);
}

static void a_fork_never_repeats_the_stream(void **state)
{
	(void)state;
	no_fork_repeats(some_passing_octets);
}

static void a_fork_never_repeats_a_nonce(void **state)
{
	(void)state;
	no_fork_repeats(some_nonce);
}

static void *thread_octets(void *out)
{
	some_passing_octets(out);
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
		some_passing_octets(pieces[i]);
		assert_int_equal(random_passing(rest, i * 5, NULL), KM_OK);
	}
	pieces_differ((const uint8_t (*)[PIECE])pieces, 600);
}

/* ---- handlers and the end of a thread ------------------------------------------------------ */

enum { SIGNALS = 4000 };

static uint8_t handled[SIGNALS][PIECE];
static volatile sig_atomic_t signals;

static void draw_in_handler(int number)
{
	(void)number;
	if (signals < SIGNALS)
		some_passing_octets(handled[signals++]);
}

static int by_octets(const void *a, const void *b)
{
	return memcmp(a, b, PIECE);
}

static void a_handler_never_gets_what_it_interrupts(void **state)
{
	enum { MOST = 1 << 19 };
	const struct itimerval often = {{0, 50}, {0, 50}}, off = {{0, 0}, {0, 0}};
	struct sigaction draw = {.sa_handler = draw_in_handler, .sa_flags = SA_RESTART}, before;
	uint8_t (*pieces)[PIECE] = malloc((MOST + SIGNALS) * PIECE);
	size_t n = 0;

	(void)state;
	assert_non_null(pieces);
	assert_int_equal(sigaction(SIGALRM, &draw, &before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	while (n < MOST && signals < SIGNALS)
		some_passing_octets(pieces[n++]);
	assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	memcpy(pieces[n], handled, (size_t)signals * PIECE);
	n += (size_t)signals;
	qsort(pieces, n, PIECE, by_octets);
	for (size_t i = 1; i < n; i++)
		assert_memory_not_equal(pieces[i - 1], pieces[i], PIECE);
	free(pieces);
}

static pthread_key_t late;
static atomic_int visits;

/* Comes again and again, as long as the C library lets it. */
static void use_at_the_end(void *of)
{
	uint8_t *p = scratch_alloc(100000);

	some_passing_octets(of);
	if (p)
		p[99999] = 1;
	scratch_free(p, 100000);
	visits++;
	pthread_setspecific(late, of);
}

static void *ends(void *out)
{
	uint8_t *p = scratch_alloc(100000);

	scratch_free(p, 100000);
	some_passing_octets(out);
	pthread_setspecific(late, out);
	return NULL;
}

/* The key is younger than the engine's, so that its destructor runs after that one. */
static void destructors_may_draw(void **state)
{
	uint8_t first[PIECE], out[2][PIECE] = {{0}};
	pthread_t thread;

	(void)state;
	some_passing_octets(first);
	assert_int_equal(pthread_key_create(&late, use_at_the_end), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&thread, NULL, ends, out[i]), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	assert_true(visits > 2);
	assert_memory_not_equal(out[0], out[1], PIECE);
	assert_int_equal(pthread_key_delete(late), 0);
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
		cmocka_unit_test(a_fork_never_repeats_the_stream),
		cmocka_unit_test(a_fork_never_repeats_a_nonce),
		cmocka_unit_test(threads_never_get_the_same),
		cmocka_unit_test(a_stream_does_not_repeat),
		cmocka_unit_test(a_handler_never_gets_what_it_interrupts),
		cmocka_unit_test(destructors_may_draw),
		cmocka_unit_test(a_source_stuck_above_the_bound_is_given_up),
	};

	if (km_init(NULL) != KM_OK)
		return 1;
	return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
