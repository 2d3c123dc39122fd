/* test_gms.c -- a GMS: T and GMK-IDs by the same rules over files and a caller's database. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/complain.h"
#include "provision/gms/gms.h"
#include "util_dir.h"
#include "util_own.h"
#include "util_store.h"

static km_keyring *ring;
static km_complaint why;
static memory_store memory;

/* A time at which the GMS of the vectors has a key set. */
static km_time some_now(void)
{
	own_message m;

	own_get(&m, 0, NULL);
	return (km_time){ (int64_t)(m.ntp64 >> 32) - KM_NTP_UNIX, 1u << 31 };
}

static int start(void **ctx)
{
	static const char *const users[] = { OWN_GMS, NULL };

	if (own_start(ctx) != 0)
		return -1;
	dir_until_exit();
	ring = own_ring(users);
	return 0;
}

static int stop(void **ctx)
{
	km_keyring_free(ring);
	return own_stop(ctx);
}

static km_store *files(const char *name, km_begin begin)
{
	km_store *store;

	assert_int_equal(km_store_files(&store, in_dir(name), begin, &why), KM_OK);
	return store;
}

/* The store is the GMS's from then on. */
static km_gms *gms_in(km_store *store)
{
	km_gms *gms;
	km_err err = km_gms_new(&gms, ring, store, OWN_GMS, own_text(own, "kms_uri"), &why);

	km_store_free(store);
	if (err != KM_OK)
		fail_msg("%s", why.text);
	return gms;
}

static km_time take(km_gms *gms, size_t n, km_time now)
{
	km_complaint here;
	km_time first;

	if (gms_reserve_t(&first, gms, n, now, NULL, NULL, &here) != KM_OK)
		fail_msg("%s", here.text);
	return first;
}

static void same_time(km_time a, km_time b)
{
	assert_int_equal(a.seconds, b.seconds);
	assert_int_equal(a.fraction, b.fraction);
}

static void t_is_refused(km_gms *gms, km_time now, km_err with, const char *says)
{
	km_time t = some_now();

	complain_anew(&why, NULL);
	assert_int_equal(gms_reserve_t(&t, gms, 1, now, NULL, NULL, &why), with);
	same_time(t, (km_time){ 0, 0 });
	if (strstr(why.text, says) == NULL)
		fail_msg("%s: no \"%s\"", why.text, says);
}

/* ---- T --------------------------------------------------------------------------------------- */

static void t_is_right(km_gms *gms)
{
	const km_time now = some_now(), half = { now.seconds, UINT32_MAX - 4 };
	km_time t;

	same_time(take(gms, 20, now), now);
	same_time(take(gms, 1, now), gms_t_at(now, 20));
	same_time(take(gms, 5, (km_time){ now.seconds - 900, 0 }), gms_t_at(now, 21));
	same_time(take(gms, 5, half), half);
	same_time(take(gms, 1, now), (km_time){ now.seconds + 1, 0 });
	same_time(take(gms, 32768, (km_time){ now.seconds + 1, UINT32_MAX - 32766 }), (km_time){ now.seconds + 2, 0 });
	t_is_refused(gms, (km_time){ now.seconds + 1 - 900, 0 }, KM_ECLOCK, "901 s behind the last T");
	assert_string_equal(why.field, "now");
	t_is_refused(gms, (km_time){ 1500000000, 0 }, KM_ECLOCK, "2020");
	t_is_refused(gms, (km_time){ -1, 0 }, KM_ECLOCK, "2020");
	t_is_refused(gms, (km_time){ 0xff000000, 0 }, KM_ECLOCK, "2105");
	t_is_refused(gms, (km_time){ INT64_MAX, 0 }, KM_ECLOCK, "2105");
	assert_int_equal(km_gms_set(gms, KM_GMS_CLOCK_BEHIND, KM_UNCHECKED, &why), KM_OK);
	same_time(take(gms, 1, (km_time){ 1600000000, 0 }), (km_time){ now.seconds + 2, 32768 });
	assert_int_equal(km_gms_set(gms, KM_GMS_CLOCK_BEHIND, 2, NULL), KM_OK);
	t_is_refused(gms, (km_time){ now.seconds - 1, 0 }, KM_ECLOCK, "behind");
	assert_int_equal(km_gms_next_t(&t, gms, now, &why), KM_OK);
	same_time(t, (km_time){ now.seconds + 2, 32769 });
	same_time(take(gms, 1, now), t);
	assert_int_equal(km_gms_next_t(&t, gms, (km_time){ now.seconds + (50 << 20), 0 }, &why), KM_ECLOCK);
	assert_non_null(strstr(why.text, "no key set"));
}

static void t_by_files(void **ctx)
{
	km_gms *gms = gms_in(files("t.state", KM_MAY_BEGIN));

	(void)ctx;
	assert_non_null(strstr(why.text, "first use of this GMS"));
	t_is_right(gms);
	km_gms_free(gms);
	gms = gms_in(files("t.state", KM_MUST_EXIST));
	assert_string_equal(why.text, "");
	same_time(take(gms, 1, some_now()), (km_time){ some_now().seconds + 2, 32770 });
	km_gms_free(gms);
}

static void t_by_calls(void **ctx)
{
	km_gms *gms = gms_in(store_in_memory(&memory));

	(void)ctx;
	t_is_right(gms);
	km_gms_free(gms);
}

/* A look moves nothing, nor does a T that is refused. */
static void t_stays_where_nothing_was_taken(void **ctx)
{
	km_gms *gms = gms_in(store_in_memory(&memory));
	km_time t;

	(void)ctx;
	assert_int_equal(km_gms_next_t(&t, gms, some_now(), NULL), KM_OK);
	same_time(t, some_now());
	assert_int_equal(memory.t.seconds, 0);
	t_is_refused(gms, (km_time){ 1, 0 }, KM_ECLOCK, "2020");
	assert_int_equal(memory.t.seconds, 0);
	memory.fails = 1;
	t_is_refused(gms, some_now(), KM_EIO, "advance");
	memory.fails = 0;
	same_time(take(gms, 3, some_now()), some_now());
	km_gms_free(gms);
}

static km_err not_then(void *ctx, km_time t, km_complaint *into)
{
	int *asked = ctx;

	same_time(t, some_now());
	++*asked;
	complain(into, "ring", 0, NULL, "no key then");
	return KM_ECLOCK;
}

static void t_is_checked_before_it_is_taken(void **ctx)
{
	km_gms *gms = gms_in(store_in_memory(&memory));
	int asked = 0;
	km_time t;

	(void)ctx;
	assert_int_equal(gms_reserve_t(&t, gms, 1, some_now(), not_then, &asked, &why), KM_ECLOCK);
	assert_int_equal(asked, 1);
	assert_int_equal(memory.t.seconds, 0);
	km_gms_free(gms);
}

/* Others take T between a look and what follows from it; or put an older state back. */
static void t_of_others_is_passed(void **ctx)
{
	km_gms *gms = gms_in(store_in_memory(&memory));
	const km_time now = some_now();

	(void)ctx;
	same_time(take(gms, 1, now), now);
	memory.races = 3;
	same_time(take(gms, 1, now), gms_t_at(now, 16));
	memory.t = (km_time){ now.seconds - 100, 7 };
	same_time(take(gms, 1, now), gms_t_at(now, 17));
	same_time(memory.t, gms_t_at(now, 17));
	memory.t = (km_time){ 0xff000000, 1 };
	t_is_refused(gms, now, KM_ELOST, "too far ahead");
	memory.t = (km_time){ -5, 1 };
	t_is_refused(gms, now, KM_ELOST, "no T");
	km_gms_free(gms);
}

enum { THREADS = 4, EACH = 5000, CHUNK = 3 };

static void *take_many(void *arg)
{
	km_time *out = ((void **)arg)[1];

	for (int i = 0; i < EACH; i++)
		out[i] = take(((void **)arg)[0], CHUNK, some_now());
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	const km_time *x = a, *y = b;

	if (x->seconds != y->seconds)
		return x->seconds < y->seconds ? -1 : 1;
	return (x->fraction > y->fraction) - (x->fraction < y->fraction);
}

/* No two of the chunks overlap. */
static void are_apart(km_time *t, size_t n)
{
	qsort(t, n, sizeof *t, by_time);
	for (size_t i = 1; i < n; i++)
		assert_true(by_time(&(km_time){ t[i - 1].seconds, t[i - 1].fraction + CHUNK - 1 }, &t[i]) < 0);
}

/* Threads of one GMS, and another GMS of the same process: each T once. */
static void threads_never_get_the_same(void **ctx)
{
	static km_time t[THREADS * EACH];
	km_gms *one = gms_in(files("threads.state", KM_MAY_BEGIN)),
	       *other = gms_in(files("threads.state", KM_MUST_EXIST));
	pthread_t threads[THREADS];
	void *args[THREADS][2];

	(void)ctx;
	for (int i = 0; i < THREADS; i++) {
		args[i][0] = i % 2 == 0 ? one : other;
		args[i][1] = t + (size_t)i * EACH;
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, args[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	are_apart(t, THREADS * EACH);
	km_gms_free(one);
	km_gms_free(other);
}

enum { FORKS = 60 };

typedef struct {
	_Atomic size_t n;
	_Atomic int stop;
	km_time t[1 << 20];
} shared;

static void take_into(shared *s, km_gms *gms)
{
	size_t at = atomic_fetch_add(&s->n, 1);

	if (at < sizeof s->t / sizeof *s->t)
		s->t[at] = take(gms, CHUNK, some_now());
}

static void *take_until_told(void *arg)
{
	while (!((shared *)((void **)arg)[0])->stop)
		take_into(((void **)arg)[0], ((void **)arg)[1]);
	return NULL;
}

/* A child goes on at once, whatever the threads of its parent hold; and takes none of its parent's T. */
static void a_child_shares_the_state(void **ctx)
{
	shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	km_gms *gms = gms_in(files("fork.state", KM_MAY_BEGIN));
	void *arg[2] = { s, gms };
	pthread_t thread;

	(void)ctx;
	assert_true(s != MAP_FAILED);
	assert_int_equal(pthread_create(&thread, NULL, take_until_told, arg), 0);
	for (int i = 0; i < FORKS; i++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			alarm(30);
			for (int k = 0; k < 10; k++)
				take_into(s, gms);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	s->stop = 1;
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_in_range(s->n, FORKS * 10 + 1, sizeof s->t / sizeof *s->t);
	are_apart(s->t, s->n);
	km_gms_free(gms);
	munmap(s, sizeof *s);
}

/* ---- GMK-IDs --------------------------------------------------------------------------------- */

/* Numbers that repeat: 0, then each of a few several times. */
static int few_numbers(void *ctx, uint8_t *out, size_t len)
{
	unsigned *n = ctx;

	memset(out, 0, len);
	out[len - 1] = (uint8_t)(++*n / 3);
	return 0;
}

static void ids_are_new(km_gms *gms)
{
	const km_time now = some_now();
	km_time expiries[40];
	unsigned drawn = 0;
	const km_random rnd = { few_numbers, &drawn };
	uint32_t ids[40], is;

	for (size_t i = 0; i < 40; i++)
		expiries[i] = i % 2 == 0 ? (km_time){ KM_NEVER, 0 } : (km_time){ now.seconds + 1000, 0 };
	assert_int_equal(gms_new_ids(ids, gms, expiries, 20, now, &rnd, &why), KM_OK);
	drawn = 30;                             /* which begins again among those */
	assert_int_equal(gms_new_ids(ids + 20, gms, expiries, 20, now, &rnd, &why), KM_OK);
	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(ids[i], i + 1);
		assert_int_equal(gms_look_up(&is, gms, ids[i], &why), KM_OK);
		assert_int_equal(is, KM_ID_IN_USE);
	}
	assert_int_equal(gms_look_up(&is, gms, 41, &why), KM_OK);
	assert_int_equal(is, KM_ID_UNKNOWN);
	assert_int_equal(gms_revoke_id(gms, 41, expiries[0], &why), KM_OK);
	assert_int_equal(gms_revoke_id(gms, 2, expiries[1], &why), KM_OK);
	assert_int_equal(gms_look_up(&is, gms, 41, &why), KM_OK);
	assert_int_equal(is, KM_ID_REVOKED);
	assert_int_equal(gms_look_up(&is, gms, 2, &why), KM_OK);
	assert_int_equal(is, KM_ID_REVOKED);
	drawn = 38 * 3 - 1;                     /* 38, 39, 40 and 41 are known */
	assert_int_equal(gms_new_ids(ids, gms, expiries, 2, now, &rnd, &why), KM_OK);
	assert_int_equal(ids[0], 42);
	assert_int_equal(ids[1], 43);
}

static void ids_by_files(void **ctx)
{
	km_gms *gms = gms_in(files("ids.state", KM_MAY_BEGIN));

	(void)ctx;
	ids_are_new(gms);
	km_gms_free(gms);
}

static void ids_by_calls(void **ctx)
{
	km_gms *gms = gms_in(store_in_memory(&memory));
	uint32_t id = 7, is;

	(void)ctx;
	ids_are_new(gms);
	memory.fails = 1;
	assert_int_equal(gms_new_ids(&id, gms, &(km_time){ KM_NEVER, 0 }, 1, some_now(), NULL, &why), KM_EIO);
	assert_int_equal(id, 0);
	assert_int_equal(gms_look_up(&is, gms, 1, &why), KM_EIO);
	assert_int_equal(gms_revoke_id(gms, 1, (km_time){ KM_NEVER, 0 }, &why), KM_EIO);
	memory.fails = 0;
	memory.ids[0].is = 0;
	assert_int_equal(gms_look_up(&is, gms, 1, &why), KM_EIO);
	assert_non_null(strstr(why.text, "KM_ID_UNKNOWN"));
	km_gms_free(gms);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void refused(km_err err, km_err with, const char *field)
{
	assert_int_equal(err, with);
	assert_string_equal(km_complaint_field(&why), field);
}

static void what_is_half_filled_is_refused(void **ctx)
{
	km_store_calls calls = { .struct_size = sizeof calls };
	const char *kms = own_text(own, "kms_uri");
	km_store *store;
	km_gms *gms;

	(void)ctx;
	refused(km_store_files(&store, NULL, KM_MAY_BEGIN, &why), KM_EARG, "place");
	refused(km_store_files(&store, "", KM_MAY_BEGIN, &why), KM_EARG, "place");
	refused(km_store_files(&store, "x", 0, &why), KM_EARG, "begin");
	assert_null(store);
	refused(km_store_on(&store, NULL, NULL, NULL, &why), KM_EARG, "calls");
	refused(km_store_on(&store, &calls, NULL, NULL, &why), KM_EARG, "advance");
	calls.struct_size = 0;
	refused(km_store_on(&store, &calls, NULL, NULL, &why), KM_EARG, "struct_size");
	store = store_in_memory(&memory);
	refused(km_gms_new(&gms, ring, store, NULL, kms, &why), KM_EARG, "uri");
	refused(km_gms_new(&gms, ring, store, "a b", kms, &why), KM_EARG, "uri");
	refused(km_gms_new(&gms, ring, store, OWN_GMS, NULL, &why), KM_EARG, "kms_uri");
	refused(km_gms_new(&gms, ring, store, OWN_GMS, "other", &why), KM_EARG, "kms_uri");
	assert_null(gms);
	gms = gms_in(store);
	refused(km_gms_set(gms, 0, 1, &why), KM_EARG, "what");
	refused(km_gms_set(gms, KM_GMS_CLOCK_BEHIND, (uint64_t)1 << 32, &why), KM_EARG, "value");
	km_gms_free(gms);
	km_gms_free(NULL);
	km_store_free(NULL);
}

static void a_state_that_is_missing_is_refused(void **ctx)
{
	km_store *store = files("missing.state", KM_MUST_EXIST);
	km_gms *gms;

	(void)ctx;
	assert_int_equal(km_gms_new(&gms, ring, store, OWN_GMS, own_text(own, "kms_uri"), &why), KM_ELOST);
	assert_null(gms);
	assert_non_null(strstr(why.text, "is missing"));
	km_store_free(store);
	write_text(in_dir("missing.state"), "no state");
	store = files("missing.state", KM_MAY_BEGIN);
	assert_int_equal(km_gms_new(&gms, ring, store, OWN_GMS, own_text(own, "kms_uri"), NULL), KM_ELOST);
	km_store_free(store);
	gms = gms_in(files("missing.state", KM_BEGIN_ANEW));
	assert_non_null(strstr(why.text, ".damaged"));
	km_gms_free(gms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_by_files),
		cmocka_unit_test(t_by_calls),
		cmocka_unit_test(t_stays_where_nothing_was_taken),
		cmocka_unit_test(t_is_checked_before_it_is_taken),
		cmocka_unit_test(t_of_others_is_passed),
		cmocka_unit_test(threads_never_get_the_same),
		cmocka_unit_test(a_child_shares_the_state),
		cmocka_unit_test(ids_by_files),
		cmocka_unit_test(ids_by_calls),
		cmocka_unit_test(what_is_half_filled_is_refused),
		cmocka_unit_test(a_state_that_is_missing_is_refused),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
