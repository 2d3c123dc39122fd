/* test_gms.c -- a GMS: T and GMK-IDs by the same rules over files and a caller's database. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/complain.h"
#include "provision/base/when.h"
#include "provision/gms/batch.h"
#include "provision/gms/given.h"
#include "provision/gms/gms.h"
#include "provision/message/uid.h"
#include "util_dir.h"
#include "util_own.h"
#include "util_sanitized.h"
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

static void refused(km_err err, km_err with, const char *field)
{
	assert_int_equal(err, with);
	assert_string_equal(km_complaint_field(&why), field);
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
	shared *s;
	km_gms *gms;
	void *arg[2];
	pthread_t thread;

	(void)ctx;
	skip_where_children_cannot_open_files();
	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(s != MAP_FAILED);
	gms = gms_in(files("fork.state", KM_MAY_BEGIN));
	arg[0] = s;
	arg[1] = gms;
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

/* ---- keys ------------------------------------------------------------------------------------ */

static const km_str some_group = { OWN_GROUP, sizeof OWN_GROUP - 1 };

static km_key_params some_params(void)
{
	return (km_key_params){ .struct_size = sizeof(km_key_params), .activation = { KM_AT_ONCE, 0 },
			.expiry = { some_now().seconds + 86400, 0 }, .groups = &some_group, .n_groups = 1,
			.authority = KM_AUTHORITY_PSI, .shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER };
}

static void is_in_state(km_gms *gms, uint32_t gmk_id, uint32_t wanted)
{
	uint32_t is;

	assert_int_equal(gms_look_up(&is, gms, gmk_id, &why), KM_OK);
	assert_int_equal(is, wanted);
}

static void keys_are_numbered_and_revoked(km_gms *gms)
{
	km_key_params params = some_params();
	km_key_info one = { .struct_size = sizeof one }, other = one;
	km_key *key, *second;
	uint32_t is[3];

	assert_int_equal(km_key_new_unkept(&key, gms, &params, some_now(), &why), KM_OK);
	assert_int_equal(km_key_new_unkept(&second, gms, &params, some_now(), NULL), KM_OK);
	km_key_tell(&one, key);
	km_key_tell(&other, second);
	assert_true(one.gmk_id != 0 && one.gmk_id >> 28 == 0 && one.gmk_id != other.gmk_id);
	assert_ptr_equal(gms_of(key), gms);
	is_in_state(gms, one.gmk_id, KM_ID_IN_USE);
	assert_int_equal(km_key_revoke(key, &why), KM_OK);
	assert_int_equal(km_key_revoke(key, NULL), KM_OK);
	km_key_tell(&one, key);
	assert_int_equal(one.is_revoked, 1);
	assert_int_equal(gms_look_up_all(is, gms, (const uint32_t[]){ other.gmk_id, 0x0ffffff1, one.gmk_id }, 3, &why),
			KM_OK);
	assert_int_equal(is[0], KM_ID_IN_USE);
	assert_int_equal(is[1], KM_ID_UNKNOWN);
	assert_int_equal(is[2], KM_ID_REVOKED);
	km_key_free(key);
	km_key_free(second);
}

static void a_key_is_taken_over(km_gms *gms)
{
	const uint8_t gmk[KM_SSV_BYTES] = { 7 }, rand[KM_RAND_BYTES] = { 8 }, none[KM_SSV_BYTES] = { 0 };
	km_key_params params = some_params();
	uint8_t shown[KM_SSV_BYTES];
	km_key *key;

	assert_int_equal(km_key_take_gmk(&key, gms, gmk, rand, 77, &params, some_now(), &why), KM_OK);
	is_in_state(gms, 77, KM_ID_IN_USE);
	km_key_show_gmk(shown, key);
	assert_memory_equal(shown, gmk, sizeof gmk);
	km_key_free(key);
	refused(km_key_take_gmk(&key, gms, gmk, rand, 77, &params, some_now(), &why), KM_EARG, "gmk_id");
	assert_null(key);
	refused(km_key_take_gmk(&key, gms, gmk, rand, 0, &params, some_now(), &why), KM_EARG, "gmk_id");
	refused(km_key_take_gmk(&key, gms, gmk, rand, 1u << 28, &params, some_now(), &why), KM_EARG, "gmk_id");
	refused(km_key_take_gmk(&key, gms, none, rand, 78, &params, some_now(), &why), KM_EARG, "gmk");
	refused(km_key_take_gmk(&key, gms, NULL, rand, 78, &params, some_now(), &why), KM_EARG, "gmk");
	refused(km_key_take_gmk(&key, gms, gmk, none, 78, &params, some_now(), &why), KM_EARG, "rand");
	refused(km_key_take_gmk(&key, gms, gmk, NULL, 78, &params, some_now(), &why), KM_EARG, "rand");
	refused(km_key_take_gmk(&key, gms, gmk, rand, 78, NULL, some_now(), &why), KM_EARG, "params");
	params.authority = 0;
	refused(km_key_take_gmk(&key, gms, gmk, rand, 78, &params, some_now(), &why), KM_EARG, "authority");
	refused(km_key_new_unkept(&key, gms, &params, some_now(), &why), KM_EARG, "authority");
	refused(km_key_new_unkept(&key, gms, NULL, some_now(), &why), KM_EARG, "params");
	is_in_state(gms, 78, KM_ID_UNKNOWN);
	params = some_params();
	refused(km_key_new_unkept(&key, gms, &params, (km_time){ 5, 0 }, &why), KM_ECLOCK, "now");
	params.expiry = (km_time){ some_now().seconds + 10, 0 };
	take(gms, 1, (km_time){ some_now().seconds + 20, 0 });
	refused(km_key_new_unkept(&key, gms, &params, some_now(), &why), KM_EARG, "expiry");
	refused(km_key_revoke(NULL, &why), KM_EARG, "key");
}

static void keys_by_files(void **ctx)
{
	km_gms *gms = gms_in(files("keys.state", KM_MAY_BEGIN));

	(void)ctx;
	keys_are_numbered_and_revoked(gms);
	a_key_is_taken_over(gms);
	km_gms_free(gms);
}

static void keys_by_calls(void **ctx)
{
	km_gms *gms = gms_in(store_in_memory(&memory));
	km_key_params params = some_params();
	km_key *key;

	(void)ctx;
	keys_are_numbered_and_revoked(gms);
	a_key_is_taken_over(gms);
	assert_int_equal(km_key_new_unkept(&key, gms, &params, (km_time){ some_now().seconds + 30, 0 }, &why), KM_OK);
	memory.fails = 1;                       /* a revocation that is not kept is none */
	assert_int_equal(km_key_revoke(key, &why), KM_EIO);
	assert_false(key->revoked);
	km_key_free(key);
	km_gms_free(gms);
}

/* ---- who was given a key --------------------------------------------------------------------- */

/* A key of that GMS, which the caller frees. */
static km_key *key_of(km_gms *gms, uint32_t gmk_id)
{
	static const uint8_t bytes[KM_RAND_BYTES] = { 1, 2, 3 };
	static const km_str group = { OWN_GROUP, sizeof OWN_GROUP - 1 };
	const key_parts parts = {
		.gmk = bytes, .gmk_id = gmk_id, .gms = { gms->uri, strlen(gms->uri) },
		.kms = { gms->kms_uri, strlen(gms->kms_uri) }, .rand = bytes, .rand_len = sizeof bytes,
		.params = { .expiry = 1900000000, .groups = &group, .n_groups = 1 },
		.authority = KM_AUTHORITY_PSI, .shared = KM_SHARED_NO,
	};
	km_key *key;

	assert_int_equal(key_make(&key, &parts, &why), KM_OK);
	key->owner = gms_hold(gms);
	key->owner_free = gms_let_go;
	return key;
}

enum { MANY = 3000 };

/* Members from to below to of each key, one key after the other for each member. */
static km_err mark(km_gms *gms, uint64_t run, uint32_t what, km_key *const *keys, size_t n_keys, size_t from, size_t to)
{
	static km_mark marks[MANY];
	static char uris[MANY][32];
	size_t n = 0;

	for (size_t i = from; i < to; i++) {
		for (size_t k = 0; k < n_keys; k++, n++) {
			snprintf(uris[n], sizeof uris[n], "sip:u%zu@h", i);
			marks[n] = (km_mark){ .gmk_id = keys[k]->gmk_id, .what = what,
					.salt = uid_salt(keys[k]->gmk, uris[n], strlen(uris[n])),
					.uri = { uris[n], strlen(uris[n]) } };
		}
	}
	return gms_mark(gms, run, marks, n, keys, n_keys, &why);
}

static void delivered(km_gms *gms, uint32_t what, km_key *const *keys, size_t n_keys, size_t from, size_t to)
{
	uint64_t run;

	assert_int_equal(gms_new_run(&run, &why), KM_OK);
	if (mark(gms, run, what, keys, n_keys, from, to) != KM_OK)
		fail_msg("%s", why.text);
	assert_int_equal(gms_end_run(gms, run, KM_RUN_DELIVERED, &why), KM_OK);
}

static void counted(const km_key *key, size_t has, size_t may, size_t told)
{
	km_holder one = { .struct_size = sizeof one };
	size_t n[4] = { 0 };
	km_given *given;

	if (km_gms_given(&given, key, &why) != KM_OK)
		fail_msg("%s", why.text);
	for (size_t i = 0; km_given_at(&one, given, i); i++) {
		n[one.has]++;
		n[0] += one.is_told;
		assert_int_equal(strlen(one.uri.s), one.uri.len);
		assert_memory_equal(one.uri.s, "sip:u", 5);
	}
	assert_int_equal(km_given_count(given), n[KM_HAS_IT] + n[KM_MAY_HAVE_IT]);
	assert_int_equal(n[KM_HAS_IT], has);
	assert_int_equal(n[KM_MAY_HAVE_IT], may);
	assert_int_equal(n[0], told);
	km_given_free(given);
}

static void who_has_a_key_is_known(km_gms *gms)
{
	km_key *keys[3] = { key_of(gms, 30), key_of(gms, 10), key_of(gms, 20) };
	uint64_t runs[3];

	take(gms, 1, some_now());
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(gms_new_run(&runs[i], &why), KM_OK);
	delivered(gms, KM_GIVE, keys, 1, 0, 20);
	counted(keys[0], 20, 0, 0);
	assert_int_equal(mark(gms, runs[0], KM_GIVE, keys, 1, 10, 25), KM_OK);
	counted(keys[0], 20, 5, 0);
	assert_int_equal(mark(gms, runs[1], KM_GIVE, keys, 3, 100, 110), KM_OK);   /* others, at the same time */
	assert_int_equal(mark(gms, runs[2], KM_GIVE, keys + 1, 2, 200, 203), KM_OK);
	assert_int_equal(mark(gms, runs[0], KM_GIVE, keys, 2, 25, 30), KM_OK);
	counted(keys[0], 20, 20, 0);
	counted(keys[1], 0, 18, 0);
	assert_int_equal(gms_end_run(gms, runs[0], KM_RUN_DELIVERED, &why), KM_OK);
	counted(keys[0], 30, 10, 0);
	counted(keys[1], 5, 13, 0);
	assert_int_equal(gms_end_run(gms, runs[1], KM_RUN_TAKEN_BACK, &why), KM_OK);
	counted(keys[0], 30, 0, 0);
	counted(keys[1], 5, 3, 0);
	counted(keys[2], 0, 3, 0);
	delivered(gms, KM_REVOKE, keys, 2, 0, 6);       /* one of whom keys[1] was never given to */
	counted(keys[0], 30, 0, 6);
	counted(keys[1], 5, 3, 0);
	delivered(gms, KM_REVOKE, keys + 1, 1, 25, 27);
	counted(keys[1], 5, 3, 2);
	for (size_t i = 0; i < 3; i++)
		km_key_free(keys[i]);
}

static void given_by_calls(void **ctx)
{
	km_gms *gms = gms_in(store_in_memory(&memory));
	km_key *key = key_of(gms, 5);
	km_given *given;

	(void)ctx;
	who_has_a_key_is_known(gms);
	memory.fails = 1;
	assert_int_equal(km_gms_given(&given, key, NULL), KM_EIO);
	assert_null(given);
	assert_int_equal(mark(gms, 1, KM_GIVE, &key, 1, 0, 1), KM_EIO);
	assert_int_equal(gms_end_run(gms, 1, KM_RUN_DELIVERED, &why), KM_EIO);
	km_gms_free(gms);
	km_key_free(key);                       /* which held it */
}

static size_t files_named(const char *name)
{
	char command[400], text[16] = "";
	FILE *f;

	snprintf(command, sizeof command, "ls %s 2>/dev/null | wc -l", in_dir(name));
	f = popen(command, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof text, f));
	pclose(f);
	return (size_t)atoi(text);
}

static void given_by_files(void **ctx)
{
	km_gms *gms = gms_in(files("given.state", KM_MAY_BEGIN));
	km_key *key;

	(void)ctx;
	who_has_a_key_is_known(gms);
	assert_int_equal(files_named("given.0000001e.journal"), 1);
	assert_int_equal(files_named("given.*.journal"), 2);    /* and one for all others */
	km_gms_free(gms);
	gms = gms_in(files("given.state", KM_MUST_EXIST));      /* another process */
	key = key_of(gms, 10);
	counted(key, 5, 3, 2);
	delivered(gms, KM_GIVE, &key, 1, 500, 600);
	counted(key, 105, 3, 2);
	assert_int_equal(files_named("given.*.journal"), 3);
	km_key_free(key);
	key = key_of(gms, 11);
	counted(key, 0, 0, 0);
	km_key_free(key);
	km_gms_free(gms);
}

/* A key alone has a file of its own, whatever its members are; ten thousand others are no ten thousand files. */
static void many_keys_are_one_file(void **ctx)
{
	enum { KEYS = 500 };
	km_gms *gms = gms_in(files("many.state", KM_MAY_BEGIN));
	static km_key *keys[KEYS];

	(void)ctx;
	take(gms, 1, some_now());
	for (size_t i = 0; i < KEYS; i++)
		keys[i] = key_of(gms, (uint32_t)(i * 7919 % KEYS + 1));
	for (size_t i = 0; i < 3; i++)
		delivered(gms, KM_GIVE, keys, 1, 1000 * i, 1000 * i + 2100);
	assert_int_equal(files_named("many.*.journal"), 1);
	delivered(gms, KM_GIVE, keys, KEYS, 0, 6);
	delivered(gms, KM_GIVE, keys + 1, KEYS - 1, 3, 8);
	assert_int_equal(files_named("many.*.journal"), 2);
	counted(keys[0], 4100, 0, 0);
	for (size_t i = 1; i < KEYS; i++) {
		if (i % 50 == 1)
			counted(keys[i], 8, 0, 0);
		km_key_free(keys[i]);
	}
	km_key_free(keys[0]);
	km_gms_free(gms);
}

/* The state is lost: its GMK-IDs and T are in the journals, those of many keys too. */
static void a_lost_state_comes_back(void **ctx)
{
	km_gms *gms = gms_in(files("lost.state", KM_MAY_BEGIN));
	km_key *keys[2] = { key_of(gms, 31), key_of(gms, 32) };
	const km_time now = some_now();
	km_store *store;
	uint32_t is;

	(void)ctx;
	take(gms, 10, now);
	delivered(gms, KM_GIVE, keys, 2, 0, 5);
	delivered(gms, KM_REVOKE, keys, 1, 0, 5);
	km_gms_free(gms);
	km_key_free(keys[0]);
	km_key_free(keys[1]);
	assert_int_equal(unlink(in_dir("lost.state")), 0);
	store = files("lost.state", KM_MAY_BEGIN);
	assert_int_equal(km_gms_new(&gms, ring, store, OWN_GMS, own_text(own, "kms_uri"), &why), KM_ELOST);
	km_store_free(store);
	gms = gms_in(files("lost.state", KM_BEGIN_ANEW));
	assert_int_equal(gms_look_up(&is, gms, 31, &why), KM_OK);
	assert_int_equal(is, KM_ID_REVOKED);
	assert_int_equal(gms_look_up(&is, gms, 32, &why), KM_OK);
	assert_int_equal(is, KM_ID_IN_USE);
	same_time(take(gms, 1, (km_time){ now.seconds - 5, 0 }), gms_t_at(now, 10));
	km_gms_free(gms);
}

enum { EACH_RUN = 40 };

/* Runs one after the other, each told when it is delivered, until it is killed. */
static void run_until_killed(km_gms *gms, km_key *const *keys, size_t from, int told)
{
	for (size_t at = from; ; at += EACH_RUN) {
		delivered(gms, KM_GIVE, keys, 2, at, at + EACH_RUN);
		if (write(told, &at, sizeof at) != sizeof at)
			_exit(1);
	}
}

/* Those who surely have the key, and all who may have it. */
static void ask(const km_key *key, size_t *sure, size_t *all)
{
	km_holder one = { .struct_size = sizeof one };
	km_given *given;

	*sure = 0;
	if (km_gms_given(&given, key, &why) != KM_OK)
		fail_msg("%s", why.text);
	*all = km_given_count(given);
	for (size_t i = 0; km_given_at(&one, given, i); i++)
		*sure += one.has == KM_HAS_IT;
	km_given_free(given);
}

/* A process that is killed at any moment leaves what it was told is delivered, and nothing that stops the next. */
static void a_process_that_is_killed_leaves_what_it_did(void **ctx)
{
	enum { TIMES = 12 };
	size_t sure[2] = { 0, 0 }, all[2] = { 0, 0 }, next = 0;

	(void)ctx;
	for (int i = 0; i < TIMES; i++) {
		km_gms *gms = gms_in(files("killed.state", KM_MAY_BEGIN));
		km_key *keys[2] = { key_of(gms, 41), key_of(gms, 42) };
		size_t at, done = 0;
		int told[2];
		pid_t pid;

		take(gms, 1, some_now());
		assert_int_equal(pipe(told), 0);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			run_until_killed(gms, keys, next, told[1]);
		close(told[1]);
		if (i % 2 == 0 && read(told[0], &at, sizeof at) == sizeof at)   /* however slow it is */
			done += EACH_RUN;
		usleep(1000 + 700 * (useconds_t)i);
		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		while (read(told[0], &at, sizeof at) == sizeof at)
			done += EACH_RUN;
		close(told[0]);
		next += done + EACH_RUN;
		for (size_t k = 0; k < 2; k++) {        /* what was not told may be there or not */
			size_t sure_now, all_now;

			ask(keys[k], &sure_now, &all_now);
			assert_in_range(sure_now, sure[k] + done, sure[k] + done + EACH_RUN);
			assert_in_range(all_now, all[k] + done, all[k] + done + EACH_RUN);
			sure[k] = sure_now;
			all[k] = all_now;
			km_key_free(keys[k]);
		}
		km_gms_free(gms);
	}
	assert_true(sure[0] > 0);
}

static void a_child_has_a_journal_of_its_own(void **ctx)
{
	km_gms *gms = gms_in(files("child.state", KM_MAY_BEGIN));
	km_key *keys[2] = { key_of(gms, 51), key_of(gms, 52) };
	uint64_t run;
	int status;
	pid_t pid;

	(void)ctx;
	take(gms, 1, some_now());
	delivered(gms, KM_GIVE, keys, 2, 0, 5);
	assert_int_equal(gms_new_run(&run, &why), KM_OK);
	assert_int_equal(mark(gms, run, KM_GIVE, keys, 2, 5, 10), KM_OK);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		delivered(gms, KM_GIVE, keys, 2, 20, 30);
		status = gms_end_run(gms, run, KM_RUN_DELIVERED, &why) == KM_EIO ? 0 : 1;
		km_gms_free(gms);
		km_key_free(keys[0]);
		km_key_free(keys[1]);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	counted(keys[0], 15, 5, 0);
	assert_int_equal(gms_end_run(gms, run, KM_RUN_DELIVERED, &why), KM_OK);
	counted(keys[1], 20, 0, 0);
	assert_int_equal(files_named("child.run-*.journal"), 2);
	km_key_free(keys[0]);
	km_key_free(keys[1]);
	km_gms_free(gms);
}

/* Marks of an older version have salts alone. */
static void old_marks_are_members_once(void **ctx)
{
	static const km_mark marks[] = {
		{ 1, KM_GIVE, 7, 1, { NULL, 0 } }, { 1, KM_GIVE, 8, 1, { NULL, 0 } },
		{ 1, KM_GIVE, 7, 0, { "sip:a@h", 7 } }, { 1, KM_REVOKE, 9, 1, { "sip:b@h", 7 } },
		{ 1, KM_GIVE, 9, 1, { NULL, 0 } },
	};
	km_holder one = { .struct_size = sizeof one };
	km_given *given = given_new(1);

	(void)ctx;
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		assert_int_equal(km_given_put(given, &marks[i]), KM_STORE_DONE);
	assert_int_equal(given_settle(given), KM_OK);
	assert_int_equal(km_given_count(given), 3);
	assert_int_equal(km_given_at(&one, given, 0), 1);
	assert_int_equal(one.uri.len, 0);
	assert_int_equal(km_given_at(&one, given, 1), 1);
	assert_string_equal(one.uri.s, "sip:a@h");
	assert_int_equal(one.has, KM_HAS_IT);
	assert_int_equal(km_given_at(&one, given, 2), 1);
	assert_string_equal(one.uri.s, "sip:b@h");
	assert_int_equal(one.is_told, 1);
	assert_int_equal(one.has, KM_HAS_IT);
	assert_int_equal(km_given_at(&one, given, 3), 0);
	one.struct_size = 0;
	assert_int_equal(km_given_at(&one, given, 0), 0);
	km_given_free(given);
	km_given_free(NULL);
}

/* A store that goes on behind a mark that was refused does not leave members out unseen. */
static void wrong_marks_are_not_left_out(void **ctx)
{
	static const km_mark wrong[] = {
		{ 2, KM_GIVE, 7, 1, { "sip:a@h", 7 } }, { 1, 0, 7, 1, { "sip:a@h", 7 } },
		{ 1, KM_GIVE, 7, 2, { "sip:a@h", 7 } }, { 1, KM_GIVE, 7, 1, { "sip:a@h", KM_URI_MAX + 1 } },
		{ 1, KM_GIVE, 7, 1, { NULL, 7 } },
	};
	const km_mark right = { 1, KM_GIVE, 8, 1, { "sip:b@h", 7 } };

	(void)ctx;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		km_given *given = given_new(1);

		assert_int_equal(km_given_put(given, &right), KM_STORE_DONE);
		assert_int_equal(km_given_put(given, &wrong[i]), KM_STORE_FAILED);
		assert_int_equal(km_given_put(given, &right), KM_STORE_FAILED);
		assert_int_equal(given_settle(given), KM_EIO);
		km_given_free(given);
	}
}

static void a_store_of_wrong_marks_is_found(void **ctx)
{
	km_gms *gms = gms_in(store_in_memory(&memory));
	km_key *key = key_of(gms, 5);
	km_given *given;

	(void)ctx;
	delivered(gms, KM_GIVE, &key, 1, 0, 3);
	memory.mixes_keys = 1;
	assert_int_equal(km_gms_given(&given, key, &why), KM_OK);
	assert_int_equal(km_given_count(given), 3);
	km_given_free(given);
	memory.marks[1].mark.gmk_id = 6;
	assert_int_equal(km_gms_given(&given, key, &why), KM_EIO);
	assert_null(given);
	assert_non_null(strstr(why.text, "another key"));
	km_key_free(key);
	km_gms_free(gms);
}

/* The disk was full when it was said that a run is delivered: that may be said again. */
static void an_end_that_fails_is_said_again(void **ctx)
{
	km_gms *gms = gms_in(files("again.state", KM_MAY_BEGIN));
	km_key *keys[2] = { key_of(gms, 21), key_of(gms, 22) };
	struct rlimit before, none = { 0, 0 };
	uint64_t runs[2];

	(void)ctx;
	take(gms, 1, some_now());
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(gms_new_run(&runs[i], &why), KM_OK);
	assert_int_equal(mark(gms, runs[0], KM_GIVE, keys, 1, 0, 5), KM_OK);
	assert_int_equal(mark(gms, runs[1], KM_GIVE, keys, 2, 5, 9), KM_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(gms_end_run(gms, runs[i], KM_RUN_DELIVERED, &why), KM_EIO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(gms_end_run(gms, runs[i], KM_RUN_DELIVERED, &why), KM_OK);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(gms_end_run(gms, runs[i], KM_RUN_DELIVERED, &why), KM_EIO);
	counted(keys[0], 9, 0, 0);
	counted(keys[1], 4, 0, 0);
	for (size_t i = 0; i < 2; i++)
		km_key_free(keys[i]);
	km_gms_free(gms);
}

/* A process that never says what became of its runs does not keep them. */
static void a_run_that_is_left_is_forgotten(void **ctx)
{
	km_gms *gms = gms_in(files("left.state", KM_MAY_BEGIN));
	km_key *keys[2] = { key_of(gms, 23), key_of(gms, 24) };

	(void)ctx;
	for (size_t n = 1; n <= 2; n++) {
		km_batch *b;
		uint64_t run;

		assert_int_equal(km_batch_new(&b, ring), KM_OK);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(km_batch_add(b, keys[k], "sip:u1@h", 8, KM_KMS_OF_GMS, KM_GIVE, 0, &why), KM_OK);
		if (km_batch_run(b, some_now(), &why) != KM_OK)
			fail_msg("%s", why.text);
		run = b->run;
		km_batch_free(b);
		assert_int_equal(gms_end_run(gms, run, KM_RUN_DELIVERED, &why), KM_EIO);
		counted(keys[n - 1], 0, 1, 0);
	}
	for (size_t k = 0; k < 2; k++)
		km_key_free(keys[k]);
	km_gms_free(gms);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void what_is_half_filled_is_refused(void **ctx)
{
	km_store_calls calls = { .struct_size = sizeof calls };
	const char *kms = own_text(own, "kms_uri");
	km_store *store;
	km_gms *gms;

	(void)ctx;
	refused(km_store_files(&store, NULL, KM_MAY_BEGIN, &why), KM_EARG, "place");
	refused(km_store_files(&store, "", KM_MAY_BEGIN, &why), KM_EARG, "place");
	refused(km_store_files(&store, in_dir("nowhere"), 0, &why), KM_EARG, "begin");
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
	refused(km_gms_set(gms, KM_GMS_CLOCK_BEHIND, (uint64_t)1 << 32, &why), KM_EARG, "KM_GMS_CLOCK_BEHIND");
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

/* A journal of many keys is there, but cannot be read. */
static void a_damaged_journal_shows_that_a_state_was_lost(void **ctx)
{
	km_store *store = files("was.state", KM_MAY_BEGIN);
	km_gms *gms;

	(void)ctx;
	write_text(in_dir("was.run-01234567.journal"), "no journal");
	assert_int_equal(km_gms_new(&gms, ring, store, OWN_GMS, own_text(own, "kms_uri"), &why), KM_ELOST);
	assert_non_null(strstr(why.text, "is missing"));
	km_store_free(store);
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
		cmocka_unit_test(keys_by_files),
		cmocka_unit_test(keys_by_calls),
		cmocka_unit_test(given_by_files),
		cmocka_unit_test(given_by_calls),
		cmocka_unit_test(many_keys_are_one_file),
		cmocka_unit_test(a_lost_state_comes_back),
		cmocka_unit_test(a_process_that_is_killed_leaves_what_it_did),
		cmocka_unit_test(a_child_has_a_journal_of_its_own),
		cmocka_unit_test(old_marks_are_members_once),
		cmocka_unit_test(wrong_marks_are_not_left_out),
		cmocka_unit_test(a_store_of_wrong_marks_is_found),
		cmocka_unit_test(an_end_that_fails_is_said_again),
		cmocka_unit_test(a_run_that_is_left_is_forgotten),
		cmocka_unit_test(what_is_half_filled_is_refused),
		cmocka_unit_test(a_state_that_is_missing_is_refused),
		cmocka_unit_test(a_damaged_journal_shows_that_a_state_was_lost),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
