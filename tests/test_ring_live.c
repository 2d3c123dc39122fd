/* test_ring_live.c -- a year of a GMS and its clients in one process: key sets are added before each rollover and
 * certificates renewed, what has ended is pruned, while two threads make messages and one opens them.  Every message
 * is made and opens, and memory stays as it was after the first months. */
#include "util_lab.h"
#include "util_sanitized.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provision/base/complain.h"
#include "provision/base/when.h"
#include "provision/client/open.h"
#include "provision/gms/make.h"

enum {
	FIRST = 1531, PERIODS = 12,     /* numbers of key periods */
	MONTHS = 4,             /* certificates, of which each has three periods: three renewals */
	MAKERS = 2,
	ENOUGH = 6,             /* messages that each thread must do in a period */
	ROOM = 2048,
	RSS_KB = 2048,          /* what memory may grow from the third period to the last */
};

#define GMS "sip:gms@gms-psi.example.org"
#define GROUP "sip:fire-1@gms-psi.example.org"

/* Of each KMS; the GMS is of the first, and a maker serves a member of each. */
static const struct {
	const char *uri, *member;
	uint64_t offset;
} kmss[MAKERS] = { { "kms.one", "sip:alice@example.org", 0 }, { "kms.two", "sip:bob@example.org", 7 } };

static struct {
	char *certs[MONTHS];
	char *members[PERIODS + 1];
} documents[MAKERS];
static char *gms_documents[PERIODS + 1];
static uint64_t period;         /* seconds */

static km_keyring *ring;
static km_key *key;
static _Atomic uint64_t drawn_t;                /* each message has another fraction */
static _Atomic int64_t now;                     /* Unix seconds; the adder moves it */
static atomic_bool done;
static atomic_int made[MAKERS], opened, wrong;  /* made and opened: since the period began */

/* The latest message of each maker, until the opener takes it. */
static struct {
	pthread_mutex_t lock;
	uint8_t msg[ROOM];
	size_t len;
} post[MAKERS] = { { PTHREAD_MUTEX_INITIALIZER, { 0 }, 0 }, { PTHREAD_MUTEX_INITIALIZER, { 0 }, 0 } };

static int64_t begin_of(size_t i)
{
	return (int64_t)((FIRST + i) * period) - KM_NTP_UNIX;
}

/* ---- documents ------------------------------------------------------------------------ */

static void write_documents(size_t k)
{
	kmsdoc_cert cert;
	km_kms_master *master = new_kms(&cert, kmss[k].uri);

	cert.offset = kmss[k].offset;
	period = cert.period;
	for (size_t i = 0; i < MONTHS; i++) {
		cert.valid_from = begin_of(3 * i);
		cert.valid_to = begin_of(3 * i + 4);    /* beside the next one for a period */
		documents[k].certs[i] = written_init(&cert);
	}
	for (size_t i = 0; i <= PERIODS; i++) {
		kmsdoc_keys keys = new_keys(&cert, master, kmss[k].member, FIRST + i);

		documents[k].members[i] = written_keys(&keys, 1);
		keys = new_keys(&cert, master, GMS, FIRST + i);
		if (k == 0)
			gms_documents[i] = written_keys(&keys, 1);
	}
	km_kms_master_free(master);
}

static void free_documents(void)
{
	for (size_t k = 0; k < MAKERS; k++) {
		for (size_t i = 0; i < MONTHS; i++)
			free(documents[k].certs[i]);
		for (size_t i = 0; i <= PERIODS; i++)
			free(documents[k].members[i]);
	}
	for (size_t i = 0; i <= PERIODS; i++)
		free(gms_documents[i]);
}

static void add(const char *xml, uint32_t use)
{
	km_complaint why;

	if (km_keyring_add_keys(ring, xml, strlen(xml), "keys.xml", use, &why) != KM_OK) {
		print_error("%s\n", why.text);
		wrong++;
	}
}

/* What serves from that period on. */
static void add_period(size_t i)
{
	km_complaint why;

	for (size_t k = 0; k < MAKERS && i % 3 == 0 && i / 3 < MONTHS; k++) {
		const char *xml = documents[k].certs[i / 3];

		if (km_keyring_add_kms(ring, xml, strlen(xml), "kms.xml", &why) != KM_OK) {
			print_error("%s\n", why.text);
			wrong++;
		}
	}
	add(gms_documents[i], KM_USE_SIGN);
	for (size_t k = 0; k < MAKERS; k++)
		add(documents[k].members[i], KM_USE_OPEN);
}

/* ---- threads -------------------------------------------------------------------------- */

/* One message with what the ring has now. */
static bool make(uint8_t msg[ROOM], size_t *len, size_t k)
{
	static const make_how how = { .map = KM_MAP_EMPTY };
	const ring_snapshot *s = ring_take(ring);
	const km_time t = { now, (uint32_t)drawn_t++ };
	const km_kms *of_gms = ring_kms_valid(s, kmss[0].uri, strlen(kmss[0].uri), t.seconds);
	const km_kms *kms = ring_kms_numbered(s, (uint32_t)k + 1, t.seconds);
	uint8_t uid[KM_UID_BYTES];
	make_item item = {
		.key = key, .what = KM_GIVE, .uri = { kmss[k].member, strlen(kmss[k].member) }, .kms = kms, .t = t,
		.uid = uid, .msg = msg,
	};
	bool is_made = false;

	if (of_gms != NULL)
		item.signer = ring_keys_when(s, GMS, strlen(GMS), of_gms, t.seconds);
	if (kms != NULL && item.signer != NULL) {
		item.period_no = km_key_period_no(t, kms->period, kms->offset);
		*len = item.len = make_size(&how, &item);
		is_made = item.len <= ROOM && make_piece(&item, 1, &how, NULL, NULL) == KM_OK &&
				item.reason == KM_R_OK;
	}
	ring_give_back(s);
	return is_made;
}

static void *maker(void *arg)
{
	size_t k = (size_t)((atomic_int *)arg - made);
	uint8_t msg[ROOM];
	size_t len = 0;

	while (!done) {
		if (!make(msg, &len, k)) {
			wrong++;
			continue;
		}
		pthread_mutex_lock(&post[k].lock);
		memcpy(post[k].msg, msg, len);
		post[k].len = len;
		pthread_mutex_unlock(&post[k].lock);
		made[k]++;
	}
	return NULL;
}

static km_reason open_one(const uint8_t *msg, size_t len)
{
	static message_opened out;       /* of the one thread that opens */
	const ring_snapshot *s = ring_take(ring);
	const open_how how = { .now = now, .window = (int64_t)(2 * period) };
	km_reason r = open_message(&out, s, msg, len, &how, NULL);

	ring_give_back(s);
	return r;
}

static void *opener(void *arg)
{
	uint8_t msg[ROOM];
	size_t k = 0;

	(void)arg;
	while (!done) {
		size_t len;
		km_reason r;

		k = (k + 1) % MAKERS;
		pthread_mutex_lock(&post[k].lock);
		len = post[k].len;
		memcpy(msg, post[k].msg, len);
		post[k].len = 0;
		pthread_mutex_unlock(&post[k].lock);
		if (len == 0) {
			sched_yield();
			continue;
		}
		r = open_one(msg, len);
		if (r != KM_R_OK) {
			print_error("%s\n", km_reason_name(r));
			wrong++;
		}
		opened++;
	}
	return NULL;
}

static bool have_enough(void)
{
	bool enough = opened >= ENOUGH;

	for (size_t k = 0; k < MAKERS; k++)
		enough = enough && made[k] >= ENOUGH;
	return enough || wrong > 0;
}

/* ---- the year ------------------------------------------------------------------------- */

static long rss_kb(void)
{
	FILE *in = fopen("/proc/self/status", "r");
	char line[256];
	long kb = -1;

	while (in != NULL && fgets(line, sizeof line, in) != NULL)
		sscanf(line, "VmRSS: %ld", &kb);
	if (in != NULL)
		fclose(in);
	return kb;
}

/* One period: the next one's documents come, its messages are made and opened, what has ended goes. */
static void live_period(size_t i)
{
	const struct timespec tick = { 0, 200000 };

	now = begin_of(i) + (int64_t)period / 2;
	opened = 0;
	for (size_t k = 0; k < MAKERS; k++)
		made[k] = 0;
	add_period(i + 1);
	while (!have_enough())
		nanosleep(&tick, NULL);
	/* A message of the period before may still be on its way to the opener. */
	if (i > 0 && km_keyring_prune(ring, (km_time){ begin_of(i - 1) + 7, 0 }, NULL) != KM_OK)
		wrong++;
}

static void count(size_t *certs, size_t *sets)
{
	km_kms_info kms = { .struct_size = sizeof kms };
	km_keys_info keys = { .struct_size = sizeof keys };
	km_view *view;

	assert_int_equal(km_keyring_view(&view, ring), KM_OK);
	for (*certs = 0; km_view_kms(&kms, view, *certs); ++*certs)
		assert_int_equal(kms.kms, strcmp(kms.uri.s, kmss[0].uri) == 0 ? 1 : 2);
	for (*sets = 0; km_view_keys(&keys, view, *sets); ++*sets)
		assert_true(keys.period_no >= FIRST + PERIODS - 2);
	km_view_free(view);
}

static void new_key(void)
{
	static const uint8_t gmk[KM_SSV_BYTES] = { 1, 2, 3 }, rand[KM_RAND_BYTES] = { 4, 5 };
	const km_str group = { GROUP, strlen(GROUP) };
	const key_parts parts = {
		.gmk = gmk, .gmk_id = 0x1234567, .gms = { GMS, strlen(GMS) },
		.kms = { kmss[0].uri, strlen(kmss[0].uri) }, .rand = rand, .rand_len = sizeof rand,
		.params = { .n_groups = 1, .groups = &group }, .shared = KM_SHARED_NO,
	};

	assert_int_equal(key_make(&key, &parts, NULL), KM_OK);
}

static void a_year_goes_by(void **state)
{
	pthread_t makers[MAKERS], opening;
	size_t certs, sets;
	long early = 0, late;

	(void)state;
	for (size_t k = 0; k < MAKERS; k++)
		write_documents(k);
	assert_int_equal(km_keyring_new(&ring), KM_OK);
	new_key();
	add_period(0);
	now = begin_of(0) + (int64_t)period / 2;
	for (size_t k = 0; k < MAKERS; k++)
		assert_int_equal(pthread_create(&makers[k], NULL, maker, &made[k]), 0);
	assert_int_equal(pthread_create(&opening, NULL, opener, NULL), 0);
	for (size_t i = 0; i < PERIODS && wrong == 0; i++) {
		live_period(i);
		if (i == 3)
			early = rss_kb();
	}
	late = rss_kb();
	done = true;
	for (size_t k = 0; k < MAKERS; k++)
		pthread_join(makers[k], NULL);
	pthread_join(opening, NULL);
	assert_int_equal(wrong, 0);
	count(&certs, &sets);
	assert_int_equal(certs, MAKERS);
	assert_int_equal(sets, 3 * (MAKERS + 1));
	print_message("VmRSS: %ld KB in the third period, %ld KB in the last\n", early, late);
#ifndef SANITIZED
	if (early > 0)
		assert_true(late <= early + RSS_KB);
#endif
	km_key_free(key);
	km_keyring_free(ring);
	free_documents();
}

/* Two threads add at once: both stay, and an error of one takes nothing of the other away. */
static void *add_sets(void *arg)
{
	const size_t k = *(const size_t *)arg;
	km_complaint why;

	for (size_t i = 0; i <= PERIODS; i++) {
		char *bad = edited(strdup(documents[k].members[i]), "</KeyPeriodNo>", "9</KeyPeriodNo>");

		add(documents[k].members[i], KM_USE_OPEN);
		if (km_keyring_add_keys(ring, bad, strlen(bad), "bad.xml", KM_USE_OPEN, &why) != KM_EKEY)
			wrong++;
		free(bad);
	}
	return NULL;
}

/* A ring with a KMS for each, to which they add key sets. */
static void start_adders(pthread_t adders[MAKERS])
{
	static const size_t ks[MAKERS] = { 0, 1 };

	assert_int_equal(km_keyring_new(&ring), KM_OK);
	for (size_t k = 0; k < MAKERS; k++) {
		write_documents(k);
		add_kms(ring, strdup(documents[k].certs[0]), KM_OK, "");
	}
	for (size_t k = 0; k < MAKERS; k++)
		assert_int_equal(pthread_create(&adders[k], NULL, add_sets, (void *)(uintptr_t)&ks[k]), 0);
}

static void both_of_two_adders_are_kept(void **state)
{
	pthread_t adders[MAKERS];

	(void)state;
	start_adders(adders);
	for (size_t k = 0; k < MAKERS; k++)
		pthread_join(adders[k], NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(n_keys(ring), MAKERS * (PERIODS + 1));
	km_keyring_free(ring);
	free_documents();
}

/* A child uses the ring at once, whatever the threads of its parent were at. */
static void children_go_on(void **state)
{
	pthread_t adders[MAKERS];

	(void)state;
	skip_where_children_cannot_allocate();
	start_adders(adders);
	for (int i = 0; i < 40; i++) {
		const struct timespec tick = { 0, 400000 };
		pid_t child = fork();
		int status;

		assert_true(child >= 0);
		if (child == 0) {
			size_t n = n_keys(ring);

			alarm(60);
			add(gms_documents[0], KM_USE_SIGN);
			if (n_keys(ring) != n + 1 || km_keyring_prune(ring, (km_time){ begin_of(1), 0 }, NULL) != KM_OK)
				wrong++;
			_exit(wrong > 0);
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		nanosleep(&tick, NULL);
	}
	for (size_t k = 0; k < MAKERS; k++)
		pthread_join(adders[k], NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(n_keys(ring), MAKERS * (PERIODS + 1));
	km_keyring_free(ring);
	free_documents();
}

static int start(void **state)
{
	(void)state;
	return km_init(NULL) == KM_OK ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_year_goes_by),
		cmocka_unit_test(both_of_two_adders_are_kept),
		cmocka_unit_test(children_go_on),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
