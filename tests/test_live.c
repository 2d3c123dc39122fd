/* test_live.c -- GMSs that live: of many threads, with children, and for long; by the public header alone.
 *
 * usage: test_live [--long]: some seconds, or a minute and 10 000 groups.  make live runs it so, and under MODE=tsan.
 *        test_live --threads SECONDS: the threads alone, after a batch of one, for helgrind.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provision/gmk.h"
#include "util_dir.h"
#include "util_gms.h"
#include "util_sanitized.h"

enum { KMSS = 2, GMSS = 2, GROUPS = 12, USERS = 4, THREADS = 8, BATCH = 32, CHILDREN = 6, RSS_KB = 2048 };

#ifdef SANITIZED_THREAD
enum { LONG_GROUPS = 1000 };    /* twenty times as slow */
#else
enum { LONG_GROUPS = 10000 };
#endif

static const char *const kms_uris[KMSS] = { "kms-a.example.org", "kms-b.example.org" };
static const char *const gms_uris[GMSS] = { "sip:gms1@gms-psi.example.org", "sip:gms2@gms-psi.example.org" };
static const char *const users[USERS] = {
	"sip:ann@a.example.org", "sip:bob@b.example.org", "sip:cat@a.example.org", "sip:dan@b.example.org",
};
static int seconds = 1;         /* of the threads */
static size_t many = 200;       /* groups of the one that lives long */
static lab_kms kmss[KMSS];
static km_keyring *ring, *theirs;       /* of the GMSs; of all users */
static km_gms *gmss[GMSS];
static km_key *keys[GROUPS];
static atomic_bool done;
static atomic_int wrong, made, opened;

/* ---- before and after ------------------------------------------------------------------------ */

static void open_gmss(void)
{
	km_complaint *why;
	km_store *store;

	assert_int_equal(km_complaint_new(&why), KM_OK);
	if (km_store_files(&store, in_dir("."), KM_MAY_BEGIN, why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
	for (int g = 0; g < GMSS; g++) {
		if (km_gms_new(&gmss[g], ring, store, gms_uris[g], kms_uris[g], why) != KM_OK)
			fail_msg("%s", km_complaint_text(why));
	}
	km_store_free(store);
	km_complaint_free(why);
}

static int start(void **state)
{
	static const char *const domains[KMSS][2] = { { "a.example.org" }, { "b.example.org" } };

	(void)state;
	assert_int_equal(km_init(NULL), KM_OK);
	dir_until_exit();
	assert_int_equal(km_keyring_new(&ring), KM_OK);
	assert_int_equal(km_keyring_new(&theirs), KM_OK);
	for (int k = 0; k < KMSS; k++) {
		lab_begin(&kmss[k], kms_uris[k], domains[k]);
		lab_add(ring, &kmss[k]);
		lab_add(theirs, &kmss[k]);
		lab_add_user(ring, &kmss[k], gms_uris[k], KM_USE_SIGN);
	}
	for (int u = 0; u < USERS; u++)
		lab_add_user(theirs, &kmss[u % KMSS], users[u], KM_USE_OPEN);
	open_gmss();
	for (int i = 0; i < GROUPS; i++)
		keys[i] = lab_key(gmss[i % GMSS], "sip:fire-1@gms-psi.example.org", 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	for (int i = 0; i < GROUPS; i++)
		km_key_free(keys[i]);
	for (int g = 0; g < GMSS; g++)
		km_gms_free(gmss[g]);
	km_keyring_free(ring);
	km_keyring_free(theirs);
	for (int k = 0; k < KMSS; k++)
		lab_end(&kmss[k]);
	return 0;
}

/* ---- one batch, in whatever thread or process ------------------------------------------------ */

static void is_right(bool right, const char *what)
{
	if (right)
		return;
	if (wrong++ < 10)
		fprintf(stderr, "wrong: %s\n", what);
}

/* Of every four members, one is a user who opens. */
static bool is_user(size_t i)
{
	return i % 4 == 0;
}

static km_key *key_of(size_t i, size_t turn)
{
	return keys[(5 * i + turn) % GROUPS];
}

static void fill(km_batch *b, size_t n, size_t turn, km_complaint *why)
{
	is_right(km_batch_set(b, KM_BATCH_TO_SELF, turn % 2 == 0 ? KM_TO_SELF_NO : KM_TO_SELF_YES, why) == KM_OK &&
			km_batch_set(b, KM_BATCH_MAP, turn / 2 % 2 == 0 ? KM_MAP_EMPTY : KM_MAP_GENERIC, why) == KM_OK,
			km_complaint_text(why));
	for (size_t i = 0; i < n; i++) {
		char other[48];
		const char *uri = other;

		snprintf(other, sizeof other, "sip:user%zu@%c.example.org", turn * n + i, "ab"[i / 2 % 2]);
		if (is_user(i))
			uri = users[(i / 4 + turn) % USERS];
		is_right(km_batch_add(b, key_of(i, turn), uri, strlen(uri), KM_KMS_BY_DOMAIN, KM_GIVE, i, why) == KM_OK,
				km_complaint_text(why));
	}
}

/* With the key that it was made of. */
static void open_one(const km_batch *b, const km_made *m, const km_key *key)
{
	static const km_signalling nothing = { sizeof nothing, { NULL, KM_NOT_NAMED }, { NULL, KM_NOT_NAMED } };
	km_opened out = { .struct_size = sizeof out };
	uint8_t gmk[2][KM_SSV_BYTES] = { { 0 }, { 1 } };
	km_client *client;
	km_reason reason;
	size_t len;

	if (km_client_forgetful(&client, theirs) != KM_OK) {
		is_right(false, "no client");
		return;
	}
	reason = km_client_open(&out, client, km_batch_octets(&len, b) + m->at, m->len, &nothing, m->t, NULL);
	is_right(reason == KM_R_OK, km_reason_name(reason));
	if (reason == KM_R_OK) {
		km_key_show_gmk(gmk[0], key);
		km_key_show_gmk(gmk[1], out.key);
	}
	is_right(memcmp(gmk[0], gmk[1], KM_SSV_BYTES) == 0, "another key");
	km_key_free(out.key);
	km_client_free(client);
	opened++;
}

static void make_batch(size_t turn)
{
	const size_t n = 1 + turn * 5 % BATCH;
	km_complaint *why;
	km_batch *b;

	if (km_complaint_new(&why) != KM_OK || km_batch_new(&b, ring) != KM_OK) {
		is_right(false, "out of memory");
		return;
	}
	fill(b, n, turn, why);
	is_right(km_batch_run(b, LAB_NOW, why) == KM_OK, km_complaint_text(why));
	for (size_t i = 0; i < n; i++) {
		km_made m = { .struct_size = sizeof m };

		is_right(km_batch_made(&m, b, i) == 1 && m.reason == KM_R_OK, km_reason_name(m.reason));
		if (is_user(i) && m.len > 0)
			open_one(b, &m, key_of(i, turn));
	}
	is_right(km_batch_delivered(b, why) == KM_OK, km_complaint_text(why));
	km_batch_free(b);
	km_complaint_free(why);
	made += (int)n;
}

/* ---- threads --------------------------------------------------------------------------------- */

typedef struct {
	pthread_t id;
	size_t first, batches;
} maker;

static void *make_many(void *arg)
{
	maker *m = arg;

	do
		make_batch(m->first + THREADS * m->batches++);
	while (!done && wrong == 0);
	return NULL;
}

static void use_pool(uint32_t threads)
{
	km_pool *pool = NULL;

	if (threads > 0)
		assert_int_equal(km_pool_new(&pool, threads, NULL), KM_OK);
	km_keyring_pool(ring, pool);
	km_pool_free(pool);
}

static void start_makers(maker *makers, size_t n)
{
	done = false;
	made = opened = 0;
	for (size_t i = 0; i < n; i++) {
		makers[i] = (maker){ .first = i };
		assert_int_equal(pthread_create(&makers[i].id, NULL, make_many, &makers[i]), 0);
	}
}

static void stop_makers(maker *makers, size_t n)
{
	done = true;
	for (size_t i = 0; i < n; i++)
		pthread_join(makers[i].id, NULL);
	assert_int_equal(wrong, 0);
	print_message("%zu threads: %d messages, of which %d were opened\n", n, (int)made, (int)opened);
}

static void many_threads_make_and_open(void **state)
{
	maker makers[THREADS];

	(void)state;
	use_pool(2);
	start_makers(makers, THREADS);
	sleep((unsigned)seconds);
	stop_makers(makers, THREADS);
	use_pool(0);
}

/* ---- children -------------------------------------------------------------------------------- */

static int make_in_child(size_t turn)
{
	alarm(300);
	made = opened = 0;
	make_batch(turn);
	make_batch(turn + 1);
	return wrong > 0 || opened == 0;
}

/* Children share the state with their parent, whose threads go on. */
static void children_make_batches_meanwhile(void **state)
{
	const int children = seconds > 1 ? 10 * CHILDREN : CHILDREN;
	maker makers[2];

	(void)state;
	skip_where_children_cannot_open_files();
	use_pool(2);
	start_makers(makers, 2);
	for (int i = 0; i < children; i++) {
		const struct timespec tick = { 0, 3000000 };
		const pid_t child = fork();
		int status = -1;

		assert_true(child >= 0);
		if (child == 0)
			_exit(make_in_child((size_t)i));
		nanosleep(&tick, NULL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	stop_makers(makers, 2);
	use_pool(0);
}

/* ---- for long -------------------------------------------------------------------------------- */

static long rss_kb(void)
{
	FILE *in = fopen("/proc/self/status", "r");
	char line[256];
	long kb = 0;

	while (in != NULL && fgets(line, sizeof line, in) != NULL)
		sscanf(line, "VmRSS: %ld", &kb);
	if (in != NULL)
		fclose(in);
	return kb;
}

/* Groups of 20, 25 of them in a batch. */
static void serve(km_batch *b, km_key *const *all, size_t n)
{
	enum { GROUP = 20 };

	for (size_t i = 0; i < n * GROUP; i++) {
		char uri[48];
		const size_t len = (size_t)snprintf(uri, sizeof uri, "sip:user%zu@%c.example.org", i, "ab"[i % 2]);

		is_right(km_batch_add(b, all[i / GROUP], uri, len, KM_KMS_BY_DOMAIN, KM_GIVE, i, NULL) == KM_OK, "add");
	}
	is_right(km_batch_run(b, LAB_NOW, NULL) == KM_OK && km_batch_delivered(b, NULL) == KM_OK, "run");
	km_batch_clear(b);
}

static void memory_stays_flat(void **state)
{
	enum { AT_ONCE = 25 };
	km_key **all = calloc(many, sizeof *all);
	long early = 0, late;
	km_batch *b;

	(void)state;
	assert_non_null(all);
	for (size_t i = 0; i < many; i++)
		all[i] = lab_key(gmss[i % GMSS], "sip:fire-1@gms-psi.example.org", 0);
	assert_int_equal(km_batch_new(&b, ring), KM_OK);
	for (size_t i = 0; i + AT_ONCE <= many && wrong == 0; i += AT_ONCE) {
		serve(b, all + i, AT_ONCE);
		if (early == 0 && i >= many / 4)
			early = rss_kb();
	}
	late = rss_kb();
	assert_int_equal(wrong, 0);
	print_message("%zu groups, VmRSS: %ld KB after a quarter of them, %ld KB in the end\n", many, early, late);
#ifndef SANITIZED
	assert_true(late <= early + RSS_KB);
#endif
	km_batch_free(b);
	for (size_t i = 0; i < many; i++)
		km_key_free(all[i]);
	free(all);
}

/* Helgrind does not know that atomics order what they publish: what all share is there before threads begin. */
static int start_warm(void **state)
{
	const int started = start(state);

	make_batch(3);
	return started;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_threads_make_and_open),
		cmocka_unit_test(children_make_batches_meanwhile),
		cmocka_unit_test(memory_stays_flat),
	};
	const struct CMUnitTest threads[] = { cmocka_unit_test(many_threads_make_and_open) };

	if (argc > 2 && strcmp(argv[1], "--threads") == 0) {
		seconds = atoi(argv[2]);
		return cmocka_run_group_tests(threads, start_warm, stop);
	}
	if (argc > 1 && strcmp(argv[1], "--long") == 0) {
		seconds = 60;
		many = LONG_GROUPS;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
