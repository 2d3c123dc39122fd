/* test_fork_locks.c -- a child of fork may use everything at once, whichever lock a thread of its parent holds.
 *
 * A thread lives through what a GMS and a client do, by the public header.  At each lock that it takes, ours or one
 * inside a library that we call, it waits while its process forks, and the child lives through all of the same.  Locks
 * of the C library itself are not seen here: tests/objects.sh looks at what is called of it.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provision/gmk.h"
#include "util_dir.h"
#include "util_gms.h"
#include "util_sanitized.h"

#define GMS   "sip:gms@gms-psi.example.org"
#define ALICE "sip:alice@example.org"
#define FIRE  "sip:fire-1@gms-psi.example.org"
#define KMS   "kms.example.org"

/* ---- locks, watched -------------------------------------------------------------------------- */

typedef int lock_function(void *lock);

static _Thread_local int watched;
static sem_t taken, forked;
static atomic_int locks;

/* In the thread that holds it. */
static int took(int err)
{
	if (err == 0 && watched) {
		watched = 0;
		atomic_fetch_add(&locks, 1);
		sem_post(&taken);
		while (sem_wait(&forked) != 0)
			continue;
		watched = 1;
	}
	return err;
}

static lock_function *next(_Atomic(void *) *known, const char *name)
{
	void *f = atomic_load(known);
	lock_function *out;

	if (f == NULL) {
		f = dlsym(RTLD_NEXT, name);
		if (f == NULL)
			abort();
		atomic_store(known, f);
	}
	memcpy(&out, &f, sizeof out);
	return out;
}

#ifndef SANITIZED_THREAD
#define WATCHED(name, type) \
	__attribute__((visibility("default"))) int name(type *lock) \
	{ \
		static _Atomic(void *) known; \
		\
		return took(next(&known, #name)(lock)); \
	}
WATCHED(pthread_mutex_lock, pthread_mutex_t)
WATCHED(pthread_mutex_trylock, pthread_mutex_t)
WATCHED(pthread_rwlock_rdlock, pthread_rwlock_t)
WATCHED(pthread_rwlock_wrlock, pthread_rwlock_t)
#endif

/* ---- what a GMS and a client do -------------------------------------------------------------- */

static lab_kms kms;
static char *gms_keys, *alices_keys, *bad_keys;
static km_keyring *ring;        /* that all of them add to */

#define MUST(call) do { if ((call) != KM_OK) return __LINE__; } while (0)

static int documents(km_complaint *why)
{
	km_keyring *own;

	MUST(km_keyring_new(&own));
	MUST(km_keyring_add_kms(own, kms.certificate, strlen(kms.certificate), "kms.xml", why));
	MUST(km_keyring_add_kms(ring, kms.certificate, strlen(kms.certificate), "kms.xml", why));
	for (int i = 0; i < 2; i++) {
		km_keyring *to = i == 0 ? own : ring;

		MUST(km_keyring_add_keys(to, gms_keys, strlen(gms_keys), "gms.xml", KM_USE_SIGN, why));
		MUST(km_keyring_add_keys(to, alices_keys, strlen(alices_keys), "alice.xml", KM_USE_OPEN, why));
	}
	if (km_keyring_add_keys(own, bad_keys, strlen(bad_keys), "bad.xml", KM_USE_OPEN, why) == KM_OK ||
	    km_keyring_add_keys(own, "<a>", 3, "bad.xml", KM_USE_OPEN, why) != KM_EFORMAT)
		return __LINE__;
	MUST(km_keyring_prune(own, LAB_NOW, why));
	km_keyring_free(own);
	return 0;
}

static int opens(const uint8_t *msg, size_t len, km_time t, const char *store, km_complaint *why)
{
	static const uint8_t seal_key[KM_SEAL_BYTES] = "a sealing key of a client, drawn";
	const km_signalling signalling = { sizeof signalling, { NULL, KM_NOT_NAMED }, { NULL, KM_NOT_NAMED } };
	km_opened opened = { .struct_size = sizeof opened };
	uint8_t damaged[2048];
	char text[8192];
	km_client *c;
	km_seal *seal;
	size_t size;

	MUST(km_seal_new(&seal, seal_key));
	MUST(km_client_file(&c, ring, store, seal, KM_MAY_BEGIN, why));
	memcpy(damaged, msg, len);
	damaged[len - 1] ^= 1;
	if (km_client_open(&opened, c, damaged, len, &signalling, t, why) != KM_R_SIGNATURE ||
	    km_client_open(&opened, c, msg, len, &signalling, t, why) != KM_R_OK)
		return __LINE__;
	km_key_free(opened.key);
	km_client_free(c);
	km_seal_free(seal);
	MUST(km_inspect(text, sizeof text, &size, msg, len, KM_INSPECT_TEXT));
	return 0;
}

static int makes_and_opens(const char *place, km_complaint *why)
{
	const km_str group = { FIRE, strlen(FIRE) };
	const km_key_params params = {
		.struct_size = sizeof params, .activation = { KM_AT_ONCE, 0 }, .expiry = { KM_NEVER, 0 },
		.groups = &group, .n_groups = 1, .authority = KM_AUTHORITY_PSI, .shared = KM_SHARED_NO,
		.n_members = KM_MEMBERS_LATER,
	};
	km_made made = { .struct_size = sizeof made };
	char state[300], key_file[300], client[300];
	const uint8_t *octets;
	uint32_t is_new;
	km_batch *batch;
	km_store *store;
	km_gms *gms;
	km_key *key;
	size_t len;
	int line;

	snprintf(state, sizeof state, "%s.state", place);
	snprintf(key_file, sizeof key_file, "%s.key", place);
	snprintf(client, sizeof client, "%s.client", place);
	MUST(km_store_files(&store, state, KM_MAY_BEGIN, why));
	MUST(km_gms_new(&gms, ring, store, GMS, KMS, why));
	MUST(km_key_file(&key, &is_new, gms, key_file, km_seal_none(), &params, LAB_NOW, why));
	MUST(km_batch_new(&batch, ring));
	MUST(km_batch_add(batch, key, ALICE, strlen(ALICE), KM_KMS_OF_GMS, KM_GIVE, 0, why));
	MUST(km_batch_run(batch, LAB_NOW, why));
	octets = km_batch_octets(&len, batch);
	if (!km_batch_made(&made, batch, 0) || made.reason != KM_R_OK)
		return __LINE__;
	line = opens(octets + made.at, made.len, made.t, client, why);
	if (line != 0)
		return line;
	MUST(km_batch_delivered(batch, why));
	km_batch_free(batch);
	km_key_free(key);
	km_gms_free(gms);
	km_store_free(store);
	return 0;
}

/* 0, or the line that it got to.  Not by cmocka: not every thread that lives is the test's. */
static int live(const char *place)
{
	km_complaint *why;
	int line;

	MUST(km_complaint_new(&why));
	line = documents(why);
	if (line == 0)
		line = makes_and_opens(place, why);
	if (line != 0)
		print_error("line %d: %s\n", line, km_complaint_text(why));
	km_complaint_free(why);
	return line;
}

/* ---- forks ----------------------------------------------------------------------------------- */

static char parents_place[256];
static atomic_int ended;

static void *lives(void *line)
{
	watched = 1;
	*(int *)line = live(parents_place);
	watched = 0;
	ended = 1;
	sem_post(&taken);
	return NULL;
}

static void a_child_lives(const char *parents, int at)
{
	char place[64];
	int status;
	pid_t child;

	snprintf(place, sizeof place, "%s-%d", parents, at);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		alarm(is_slow() ? 240 : 20);
		_exit(live(in_dir(place)) != 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status != 0)
		fail_msg("a child of a fork at the %d-th lock: status 0x%x", at, (unsigned)status);
}

static void live_at_every_lock(const char *place)
{
	pthread_t thread;
	int line = -1;

	skip_where_children_cannot_open_files();
#ifdef SANITIZED_THREAD
	skip_as("ThreadSanitizer has the locks");
#endif
	ended = 0;
	locks = 0;
	assert_int_equal(sem_init(&taken, 0, 0), 0);
	assert_int_equal(sem_init(&forked, 0, 0), 0);
	snprintf(parents_place, sizeof parents_place, "%s", in_dir(place));
	assert_int_equal(pthread_create(&thread, NULL, lives, &line), 0);
	for (;;) {
		while (sem_wait(&taken) != 0)
			continue;
		if (ended)
			break;
		a_child_lives(place, locks);
		sem_post(&forked);
	}
	pthread_join(thread, NULL);
	assert_int_equal(line, 0);
	assert_true(locks > 10);
}

static void children_live_at_every_lock(void **state)
{
	(void)state;
	live_at_every_lock("parent");
}

/* Whose threads the children do not have. */
static void children_live_beside_a_pool(void **state)
{
	km_pool *pool;

	(void)state;
	assert_int_equal(km_pool_new(&pool, 2, NULL), KM_OK);
	km_keyring_pool(ring, pool);
	km_pool_free(pool);
	live_at_every_lock("pooled");
}

static int start(void **state)
{
	static const char *const domains[] = { "example.org", NULL };
	kmsdoc_keys keys;

	(void)state;
	assert_int_equal(km_init(NULL), KM_OK);
	dir_until_exit();
	lab_begin(&kms, KMS, domains);
	keys = new_keys(&kms.cert, kms.master, GMS, km_key_period_no(LAB_NOW, kms.cert.period, kms.cert.offset));
	gms_keys = written_keys(&keys, 1);
	keys = new_keys(&kms.cert, kms.master, ALICE, km_key_period_no(LAB_NOW, kms.cert.period, kms.cert.offset));
	alices_keys = written_keys(&keys, 1);
	bad_keys = edited(strdup(alices_keys), "</KeyPeriodNo>", "9</KeyPeriodNo>");
	return km_keyring_new(&ring) == KM_OK ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	km_keyring_free(ring);
	lab_end(&kms);
	free(gms_keys), free(alices_keys), free(bad_keys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_live_at_every_lock),
		cmocka_unit_test(children_live_beside_a_pool),
	};

	return cmocka_run_group_tests_name("fork at locks", tests, start, stop);
}
