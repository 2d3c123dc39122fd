/* test_batch.c -- batches, by the public header alone but for one test: members of any keys, GMSs and KMSs, each opens
 * with its own key. */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/field/fp8.h"
#include "provision/gms/batch.h"
#include "util_dir.h"
#include "util_gms.h"
#include "util_store.h"

enum { KMSS = 3, GMSS = 2, KEYS = 5, USERS = 6, EVERYBODY = KEYS * USERS };

static const char *const kms_uris[KMSS] = { "kms-a.example.org", "kms-b.example.org", "kms-c.example.org" };
static const char *const gms_uris[GMSS] = { "sip:gms1@gms-psi.example.org", "sip:gms2@gms-psi.example.org" };
static const char *const users[USERS] = {
	"sip:ann@a.example.org", "sip:bob@b.example.org", "sip:cat@c.example.org",
	"sip:dan@a.example.org", "sip:eve@b.example.org", "sip:flo@c.example.org",
};
static lab_kms kmss[KMSS];
static km_keyring *ring, *theirs[USERS];        /* of the GMSs; of each user */
static memory_store states[GMSS];
static km_gms *gmss[GMSS];
static km_key *keys[KEYS];
static km_complaint *why;

static km_keyring *ring_with_all(void)
{
	km_keyring *r;

	assert_int_equal(km_keyring_new(&r), KM_OK);
	for (int k = 0; k < KMSS; k++)
		lab_add(r, &kmss[k]);
	return r;
}

static int start(void **ctx)
{
	static const char *const domains[KMSS][2] = { { "a.example.org" }, { "b.example.org" }, { "c.example.org" } };

	(void)ctx;
	assert_int_equal(km_init(NULL), KM_OK);
	dir_until_exit();
	assert_int_equal(km_complaint_new(&why), KM_OK);
	for (int k = 0; k < KMSS; k++)
		lab_begin(&kmss[k], kms_uris[k], domains[k]);
	ring = ring_with_all();
	for (int g = 0; g < GMSS; g++) {
		lab_add_user(ring, &kmss[g], gms_uris[g], KM_USE_SIGN);
		lab_add_user_at(ring, &kmss[g], gms_uris[g], KM_USE_SIGN, (km_time){ LAB_NOW.seconds + 2592000, 0 });
	}
	for (int u = 0; u < USERS; u++) {
		theirs[u] = ring_with_all();
		lab_add_user(theirs[u], &kmss[u % KMSS], users[u], KM_USE_OPEN);
	}
	return 0;
}

static int stop(void **ctx)
{
	(void)ctx;
	for (int u = 0; u < USERS; u++)
		km_keyring_free(theirs[u]);
	km_keyring_free(ring);
	for (int k = 0; k < KMSS; k++)
		lab_end(&kmss[k]);
	km_complaint_free(why);
	return 0;
}

static km_gms *gms_of_ring(km_keyring *r, int g)
{
	km_store *store = store_in_memory(&states[g]);
	km_gms *gms;

	assert_int_equal(km_gms_new(&gms, r, store, gms_uris[g], kms_uris[g], why), KM_OK);
	km_store_free(store);
	return gms;
}

/* New states and keys for each test. */
static int before(void **ctx)
{
	(void)ctx;
	for (int g = 0; g < GMSS; g++)
		gmss[g] = gms_of_ring(ring, g);
	for (int k = 0; k < KEYS; k++)
		keys[k] = lab_key(gmss[k < 3 ? 0 : 1], "sip:fire-1@gms-psi.example.org", 0);
	return 0;
}

static int after(void **ctx)
{
	(void)ctx;
	km_keyring_pool(ring, NULL);
	for (int g = 0; g < GMSS; g++)
		km_gms_free(gmss[g]);           /* their keys still hold them */
	for (int k = 0; k < KEYS; k++)
		km_key_free(keys[k]);
	return 0;
}

static km_batch *new_batch(void)
{
	km_batch *b;

	assert_int_equal(km_batch_new(&b, ring), KM_OK);
	return b;
}

static void add(km_batch *b, km_key *key, const char *uri, uint64_t tag)
{
	if (km_batch_add(b, key, uri, strlen(uri), KM_KMS_BY_DOMAIN, KM_GIVE, tag, why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
}

static void set(km_batch *b, km_batch_setting what, uint64_t value)
{
	assert_int_equal(km_batch_set(b, what, value, why), KM_OK);
}

/* Every user with every key, in an order that mixes keys, GMSs and KMSs; the tag says who and which. */
static void add_everybody(km_batch *b)
{
	for (size_t i = 0; i < EVERYBODY; i++) {
		const size_t at = i * 7 % EVERYBODY;

		add(b, keys[at / USERS], users[at % USERS], at);
	}
}

static void run(km_batch *b, km_err wanted)
{
	const km_err err = km_batch_run(b, LAB_NOW, why);

	if (err != wanted)
		fail_msg("%s: %s", km_strerror(err), km_complaint_text(why));
}

static km_made made_at(const km_batch *b, size_t i)
{
	km_made m = { .struct_size = sizeof m };

	assert_int_equal(km_batch_made(&m, b, i), 1);
	return m;
}

/* As the client of a ring; *out is to be freed. */
static km_reason open_by(km_opened *out, km_keyring *r, const km_batch *b, const km_made *m)
{
	static const km_signalling nothing = { sizeof nothing, { NULL, KM_NOT_NAMED }, { NULL, KM_NOT_NAMED } };
	km_client *client;
	size_t len;
	const uint8_t *all = km_batch_octets(&len, b);
	km_reason reason;

	assert_true(m->len > 0 && m->at + m->len <= len);
	*out = (km_opened){ .struct_size = sizeof *out };
	assert_int_equal(km_client_forgetful(&client, r), KM_OK);
	reason = km_client_open(out, client, all + m->at, m->len, &nothing, m->t, NULL);
	km_client_free(client);
	return reason;
}

static km_reason open_as(km_opened *out, const km_batch *b, size_t i, size_t user)
{
	const km_made m = made_at(b, i);

	return open_by(out, theirs[user], b, &m);
}

static void is_key(km_key *a, const km_key *b)
{
	uint8_t gmk[2][KM_SSV_BYTES];

	km_key_show_gmk(gmk[0], a);
	km_key_show_gmk(gmk[1], b);
	assert_memory_equal(gmk[0], gmk[1], KM_SSV_BYTES);
}

/* ---- everybody ------------------------------------------------------------------------------- */

static void opens_alone(const km_batch *b, size_t i)
{
	km_opened opened;
	km_key_info info = { .struct_size = sizeof info };
	const km_made m = made_at(b, i);
	const size_t user = m.tag % USERS, key = m.tag / USERS;
	uint8_t uid[KM_UID_BYTES];
	size_t len;

	assert_int_equal(m.reason, KM_R_OK);
	assert_int_equal(open_as(&opened, b, i, user), KM_R_OK);
	is_key(opened.key, keys[key]);
	km_key_tell(&info, opened.key);
	km_key_free(opened.key);
	assert_int_equal(opened.guk_id, m.guk_id);
	assert_int_equal(m.guk_id, km_key_guk_id(keys[key], users[user], strlen(users[user])));
	assert_int_equal(info.gmk_id, m.gmk_id);
	assert_true(km_time_ntp(opened.t) == km_time_ntp(m.t));
	assert_int_equal(m.kms, km_keyring_kms(ring, kms_uris[user % KMSS], strlen(kms_uris[user % KMSS])));
	km_uid(uid, users[user], strlen(users[user]), kms_uris[user % KMSS], strlen(kms_uris[user % KMSS]), 2592000, 0,
			m.period_no);
	assert_memory_equal(km_batch_octets(&len, b) + m.uid_at, uid, sizeof uid);
	assert_int_equal(open_as(&opened, b, i, (user + 1) % USERS), KM_R_NOT_MINE);
}

/* In the order in which they were added, one by one of each GMS. */
static void t_increases(const km_batch *b, km_time first)
{
	uint32_t next[GMSS] = { first.fraction, first.fraction };

	for (size_t i = 0; i < EVERYBODY; i++) {
		const km_made m = made_at(b, i);
		const int g = m.tag / USERS < 3 ? 0 : 1;

		assert_int_equal(m.t.seconds, first.seconds);
		assert_int_equal(m.t.fraction, next[g]++);
	}
}

static void everybody_opens_with_their_own_key_alone(void **ctx)
{
	km_batch *b = new_batch();
	km_made none = { .struct_size = sizeof none };
	km_time t;

	(void)ctx;
	add_everybody(b);
	assert_int_equal(km_batch_count(b), EVERYBODY);
	assert_int_equal(km_batch_made(&none, b, 0), 0);
	run(b, KM_OK);
	for (size_t i = 0; i < EVERYBODY; i++) {
		assert_int_equal(made_at(b, i).tag, i * 7 % EVERYBODY);
		opens_alone(b, i);
	}
	assert_int_equal(km_batch_made(&none, b, EVERYBODY), 0);
	t_increases(b, LAB_NOW);
	assert_int_equal(km_gms_next_t(&t, gmss[0], LAB_NOW, why), KM_OK);
	assert_int_equal(t.fraction, LAB_NOW.fraction + 3 * USERS);
	assert_int_equal(km_gms_next_t(&t, gmss[1], LAB_NOW, why), KM_OK);
	assert_int_equal(t.fraction, LAB_NOW.fraction + 2 * USERS);
	assert_int_equal(km_batch_delivered(b, why), KM_OK);
	km_batch_free(b);
}

static void a_batch_is_its_singles(void **ctx)
{
	km_batch *b = new_batch(), *one = new_batch();

	(void)ctx;
	add_everybody(b);
	run(b, KM_OK);
	for (size_t i = 0; i < EVERYBODY; i++) {
		const km_made of = made_at(b, i);
		size_t len, one_len;
		const uint8_t *all = km_batch_octets(&len, b);
		km_made single;

		add(one, keys[of.tag / USERS], users[of.tag % USERS], 0);
		run(one, KM_OK);
		single = made_at(one, 0);
		assert_int_equal(single.len, of.len);
		assert_int_equal(single.guk_id, of.guk_id);
		/* HDR; then T and what follows it up to IV, encapsulation and all. */
		assert_memory_equal(km_batch_octets(&one_len, one) + single.at, all + of.at, 12);
		assert_memory_equal(km_batch_octets(&one_len, one) + single.at + 20, all + of.at + 20, 400);
		assert_memory_equal(km_batch_octets(&one_len, one) + single.uid_at, all + of.uid_at, KM_UID_BYTES);
		km_batch_clear(one);
	}
	km_batch_free(one);
	km_batch_free(b);
}

static void settings_are_in_the_messages(void **ctx)
{
	km_opened opened;
	km_batch *b = new_batch();

	(void)ctx;
	set(b, KM_BATCH_IDENTITY, KM_IDENTITY_UID);
	set(b, KM_BATCH_MAP, KM_MAP_GENERIC);
	set(b, KM_BATCH_SERVICES, KM_SERVICE_MCPTT | KM_SERVICE_MCVIDEO);
	set(b, KM_BATCH_TO_SELF, KM_TO_SELF_YES);
	add_everybody(b);
	run(b, KM_OK);
	for (size_t i = 0; i < EVERYBODY; i++) {
		size_t len;
		const km_made m = made_at(b, i);
		const uint8_t *msg = km_batch_octets(&len, b) + m.at;

		assert_int_equal(msg[8], 2);            /* crypto sessions */
		assert_int_equal(msg[9], KM_MAP_GENERIC);
		assert_null(memmem(msg, m.len, users[m.tag % USERS], strlen(users[m.tag % USERS])));
		assert_true(m.len > 2 * KM_SED_BYTES);
		assert_int_equal(open_as(&opened, b, i, m.tag % USERS), KM_R_SENDER);   /* a UID: not in their ring */
	}
	km_batch_free(b);
}

static void opens_own(const km_batch *b, km_keyring *own)
{
	km_opened opened;

	for (size_t i = 0; i < km_batch_count(b); i++) {
		const km_made m = made_at(b, i);

		assert_int_equal(open_by(&opened, own, b, &m), m.tag < 3 ? KM_R_OK : KM_R_NOT_MINE);
		if (m.tag < 3)
			is_key(opened.key, keys[m.tag]);
		km_key_free(opened.key);
	}
}

/* The GMS opens its own through SAKKE-to-self: of several keys, each its own, also where some were made by a run before,
 * and by that of another period. */
static void a_gms_opens_its_own(void **ctx)
{
	const km_time next_month = { LAB_NOW.seconds + 2592000, 0 };
	km_keyring *own = ring_with_all();
	km_batch *b = new_batch();

	(void)ctx;
	lab_add_user(own, &kmss[0], gms_uris[0], KM_USE_OPEN);
	lab_add_user_at(own, &kmss[0], gms_uris[0], KM_USE_OPEN, next_month);
	set(b, KM_BATCH_TO_SELF, KM_TO_SELF_YES);
	for (size_t run_no = 0; run_no < 4; run_no++) {
		for (size_t i = 0; i < 6; i++) {
			const size_t key = run_no == 0 ? i % 2 : i % 4;

			add(b, keys[key], users[i], key);
		}
		assert_int_equal(km_batch_run(b, run_no < 2 ? LAB_NOW : next_month, why), KM_OK);
		opens_own(b, own);
		km_batch_clear(b);
	}
	km_batch_free(b);
	km_keyring_free(own);
}

/* ---- where it is made ------------------------------------------------------------------------ */

enum { MANY = 700 };

static void add_many(km_batch *b)
{
	for (int i = 0; i < MANY; i++) {
		char uri[40];

		snprintf(uri, sizeof uri, "sip:user%d@%c.example.org", i, "abc"[i * i % KMSS]);
		add(b, keys[i % KEYS], uri, (uint64_t)i);
	}
	add(b, keys[1], users[1], 1 * USERS + 1);
}

static void many_are_right(km_batch *b)
{
	for (int i = 0; i < MANY; i++) {
		const km_made m = made_at(b, (size_t)i);

		assert_int_equal(m.reason, KM_R_OK);
		assert_int_equal(m.tag, i);
	}
	opens_alone(b, MANY);
}

typedef struct {
	int says, asked;
	size_t skips;           /* of so many, the last are not called; yet it says that all were */
} caller;

static int each(void *ctx, km_work *work, void *arg, size_t n)
{
	caller *c = ctx;

	c->asked++;
	for (size_t i = 0; c->says == 1 && i + c->skips < n; i++)
		work(arg, i);
	return c->says;
}

static int later(void *ctx, km_work *work, void *arg)
{
	(void)ctx, (void)work, (void)arg;
	return 0;
}

static void use_caller(caller *c)
{
	const km_pool_calls calls = { .struct_size = sizeof calls, .each = each, .later = later };
	km_pool *pool;

	assert_int_equal(km_pool_on(&pool, &calls, c, why), KM_OK);
	km_keyring_pool(ring, pool);
	km_pool_free(pool);
}

/* Of the KMS that most of many belong to. */
static uint64_t tables_bytes(void)
{
	km_kms_info kms = { .struct_size = sizeof kms };
	km_view *view;

	assert_int_equal(km_keyring_view(&view, ring), KM_OK);
	assert_int_equal(km_view_kms(&kms, view, 1), 1);
	km_view_free(view);
	return kms.tables_bytes;
}

static void tables_are_made_for_the_members_of_a_batch(void **ctx)
{
	enum { OF_FEW = 3000000 };
	km_batch *b = new_batch();

	(void)ctx;
	assert_in_range(tables_bytes(), 0, OF_FEW);
	add_many(b);
	run(b, KM_OK);
	many_are_right(b);
	assert_true(tables_bytes() > OF_FEW || !fp8_k);
	km_batch_free(b);
}

static void pools_make_the_same(void **ctx)
{
	caller yes = { .says = 1 }, no = { .says = 0 };
	km_batch *b = new_batch();
	km_pool *pool;

	(void)ctx;
	add_many(b);
	run(b, KM_OK);
	many_are_right(b);
	km_batch_clear(b);
	assert_int_equal(km_pool_new(&pool, 2, why), KM_OK);
	km_keyring_pool(ring, pool);
	km_pool_free(pool);
	add_many(b);
	run(b, KM_OK);
	many_are_right(b);
	km_batch_clear(b);
	use_caller(&yes);
	add_many(b);
	run(b, KM_OK);
	many_are_right(b);
	assert_true(yes.asked > 0);
	km_batch_clear(b);
	use_caller(&no);
	add_many(b);
	run(b, KM_OK);
	many_are_right(b);
	assert_true(no.asked > 0);
	km_batch_free(b);
}

/* Which are made all the same. */
static void a_pool_that_leaves_work_out(void **ctx)
{
	caller c = { .says = 1, .skips = 1 };
	km_batch *b = new_batch();

	(void)ctx;
	use_caller(&c);
	add_many(b);
	run(b, KM_OK);
	many_are_right(b);
	km_batch_free(b);
}

typedef struct {
	pthread_t id;
	bool done;
} runner;

static void *run_many(void *arg)
{
	runner *r = arg;
	km_batch *b;

	if (km_batch_new(&b, ring) != KM_OK)
		return NULL;
	r->done = true;
	for (int i = 0; i < EVERYBODY; i++)
		r->done = km_batch_add(b, keys[i % KEYS], users[i % USERS], strlen(users[0]), KM_KMS_BY_DOMAIN, KM_GIVE,
				0, NULL) == KM_OK && r->done;
	r->done = km_batch_run(b, LAB_NOW, NULL) == KM_OK && km_batch_delivered(b, NULL) == KM_OK && r->done;
	km_batch_free(b);
	return NULL;
}

/* T of all of them differ: the state has counted each. */
static void several_batches_run_at_once(void **ctx)
{
	enum { N = 4 };
	runner runners[N] = { { .done = false } };
	km_pool *pool;

	(void)ctx;
	assert_int_equal(km_pool_new(&pool, 2, why), KM_OK);
	km_keyring_pool(ring, pool);
	km_pool_free(pool);
	for (int i = 0; i < N; i++)
		assert_int_equal(pthread_create(&runners[i].id, NULL, run_many, &runners[i]), 0);
	for (int i = 0; i < N; i++)
		pthread_join(runners[i].id, NULL);
	for (int i = 0; i < N; i++)
		assert_true(runners[i].done);
	assert_int_equal(states[0].t.fraction, LAB_NOW.fraction + N * 18 - 1);
	assert_int_equal(states[1].t.fraction, LAB_NOW.fraction + N * 12 - 1);
}

/* ---- refused --------------------------------------------------------------------------------- */

static void field_is(const char *field)
{
	assert_string_equal(km_complaint_field(why), field);
}

static void setting_refused(km_batch *b, km_batch_setting what, uint64_t value, const char *field)
{
	assert_int_equal(km_batch_set(b, what, value, why), KM_EARG);
	field_is(field);
}

static void settings_are_refused_by_name(void **ctx)
{
	km_batch *b = new_batch();

	(void)ctx;
	setting_refused(b, (km_batch_setting)0, 1, "what");
	setting_refused(b, (km_batch_setting)7, 1, "what");
	setting_refused(b, KM_BATCH_IDENTITY, 0, "KM_BATCH_IDENTITY");
	setting_refused(b, KM_BATCH_IDENTITY, 3, "KM_BATCH_IDENTITY");
	setting_refused(b, KM_BATCH_MAP, 0, "KM_BATCH_MAP");
	setting_refused(b, KM_BATCH_MAP, 7, "KM_BATCH_MAP");
	setting_refused(b, KM_BATCH_SERVICES, 0, "KM_BATCH_SERVICES");
	setting_refused(b, KM_BATCH_SERVICES, 4, "KM_BATCH_SERVICES");
	setting_refused(b, KM_BATCH_TO_SELF, 0, "KM_BATCH_TO_SELF");
	setting_refused(b, KM_BATCH_TO_SELF, 3, "KM_BATCH_TO_SELF");
	setting_refused(b, KM_BATCH_MEMBERS, 0, "KM_BATCH_MEMBERS");
	setting_refused(b, KM_BATCH_MEMBERS, KM_URI_LOOSE, "KM_BATCH_MEMBERS");
	setting_refused(b, KM_BATCH_JOURNAL, 0, "KM_BATCH_JOURNAL");
	setting_refused(b, KM_BATCH_JOURNAL, UINT64_MAX, "KM_BATCH_JOURNAL");
	km_batch_free(b);
}

static void call_refused(km_batch *b, km_key *key, const char *uri, uint32_t kms, uint32_t what, const char *field)
{
	assert_int_equal(km_batch_add(b, key, uri, uri == NULL ? 0 : strlen(uri), kms, what, 0, why), KM_EARG);
	field_is(field);
	assert_int_equal(km_batch_count(b), 0);
}

static void wrong_calls_add_nothing(void **ctx)
{
	km_keyring *other = ring_with_all();
	km_batch *b = new_batch();
	km_gms *gms = gms_of_ring(other, 1);
	km_key *key = lab_key(gms, "sip:fire-1@gms-psi.example.org", 0);

	(void)ctx;
	call_refused(b, NULL, users[0], KM_KMS_BY_DOMAIN, KM_GIVE, "key");
	call_refused(b, key, users[0], KM_KMS_BY_DOMAIN, KM_GIVE, "key");
	call_refused(b, keys[0], NULL, KM_KMS_BY_DOMAIN, KM_GIVE, "uri");
	call_refused(b, keys[0], users[0], 0, KM_GIVE, "kms");
	call_refused(b, keys[0], users[0], KMSS + 1, KM_GIVE, "kms");
	call_refused(b, keys[0], users[0], KM_KMS_BY_DOMAIN, 0, "what");
	call_refused(b, keys[0], users[0], KM_KMS_BY_DOMAIN, 3, "what");
	call_refused(b, keys[0], users[0], KM_KMS_BY_DOMAIN, KM_REVOKE, "what");
	assert_int_equal(km_batch_run(b, LAB_NOW, why), KM_OK);
	assert_int_equal(km_batch_delivered(b, why), KM_OK);
	km_key_free(key);
	km_gms_free(gms);
	km_keyring_free(other);
	km_batch_free(b);
}

static void full_is_full(void **ctx)
{
	km_batch *b = new_batch();

	(void)ctx;
	assert_int_equal(km_batch_room(b), KM_BATCH_MAX);
	for (size_t i = 0; i < KM_BATCH_MAX; i++)
		add(b, keys[0], "sip:", 0);
	assert_int_equal(km_batch_room(b), 0);
	assert_int_equal(km_batch_add(b, keys[0], users[0], strlen(users[0]), KM_KMS_BY_DOMAIN, KM_GIVE, 0, why),
			KM_EARG);
	field_is("batch");
	run(b, KM_EPARTIAL);
	assert_int_equal(made_at(b, KM_BATCH_MAX - 1).reason, KM_R_URI);
	assert_int_equal(states[0].t.seconds, 0);       /* nobody needed one */
	km_batch_free(b);
}

typedef struct {
	const char *uri;
	int kms;                /* -1: by its domain; -2: of the GMS; else which */
	km_reason reason;
} member;

static void members_are_refused_by_reason(void **ctx)
{
	static char long_uri[KM_URI_MAX + 40];
	const member all[] = {
		{ "sip:ann@a.example.org", -1, KM_R_OK },
		{ "sip:ann@a.example.org", 0, KM_R_OK },
		{ "sip:ann@a.example.org", -2, KM_R_OK },
		{ "sip:bob@b.example.org", 1, KM_R_OK },
		{ "sip:bob@b.example.org", -2, KM_R_KMS },
		{ "sip:bob@b.example.org", 2, KM_R_KMS },
		{ "sip:bob@elsewhere.example.org", -1, KM_R_KMS },
		{ "sip:bob@elsewhere.example.org", 2, KM_R_OK },
		{ "tel:+15551234", -2, KM_R_OK },
		{ "tel:+15551234", -1, KM_R_KMS },
		{ "sip:bob@gms-psi.example.org", 1, KM_R_AUTHORITY },
		{ "bob", 1, KM_R_URI },
		{ "", 1, KM_R_URI },
		{ "sip:a b@b.example.org", 1, KM_R_URI },
		{ long_uri, 1, KM_R_URI },
	};
	enum { N = sizeof all / sizeof all[0] };
	km_batch *b = new_batch();

	(void)ctx;
	memset(long_uri, 'a', sizeof long_uri - 1);
	memcpy(long_uri, "sip:a@", 6);
	for (size_t i = 0; i < N; i++) {
		const uint32_t kms = all[i].kms == -1 ? KM_KMS_BY_DOMAIN : all[i].kms == -2 ? KM_KMS_OF_GMS :
				km_keyring_kms(ring, kms_uris[all[i].kms], strlen(kms_uris[all[i].kms]));

		assert_int_equal(km_batch_add(b, keys[0], all[i].uri, strlen(all[i].uri), kms, KM_GIVE, i, why), KM_OK);
	}
	run(b, KM_EPARTIAL);
	for (size_t i = 0; i < N; i++) {
		const km_made m = made_at(b, i);

		if (m.reason != all[i].reason)
			fail_msg("%s: %s", all[i].uri, km_reason_name(m.reason));
		assert_int_equal(m.len > 0, m.reason == KM_R_OK);
	}
	assert_int_equal(states[0].n_marks, 6);
	km_batch_free(b);
}

/* What is no URI gets no key, unless the batch says that identities have none. */
static void identities_without_a_scheme_need_a_word(void **ctx)
{
	static const char *const uris[] = { "alice@org.example", "bob", "<sip:a@x>", "sip:", "'sip:a@x", "sip:x" };
	enum { N = sizeof uris / sizeof uris[0] };
	km_batch *b = new_batch();

	(void)ctx;
	for (int word = 0; word < 2; word++) {
		if (word == 1)
			set(b, KM_BATCH_MEMBERS, KM_URI_ANY_ID);
		for (size_t i = 0; i < N; i++)
			assert_int_equal(km_batch_add(b, keys[0], uris[i], strlen(uris[i]), KM_KMS_OF_GMS, KM_GIVE, 0, why),
					KM_OK);
		run(b, KM_EPARTIAL);
		for (size_t i = 0; i < N; i++)
			assert_int_equal(made_at(b, i).reason, word == 1 && i < 2 ? KM_R_OK : KM_R_URI);
		km_batch_clear(b);
	}
	km_batch_free(b);
}

static void keys_that_are_over_are_given_to_nobody(void **ctx)
{
	km_key *over = lab_key(gmss[0], "sip:fire-1@gms-psi.example.org", LAB_NOW.seconds);
	km_key *next = lab_key(gmss[0], "sip:fire-1@gms-psi.example.org", LAB_NOW.seconds + 1);
	km_key_info info = { .struct_size = sizeof info };
	km_batch *b = new_batch();

	(void)ctx;
	km_key_tell(&info, keys[1]);
	for (size_t i = 0; i < states[0].n; i++) {
		if (states[0].ids[i].gmk_id == info.gmk_id)
			states[0].ids[i].is = KM_ID_REVOKED;    /* by another process */
	}
	add(b, over, users[0], 0);
	add(b, next, users[0], 0);
	add(b, keys[0], users[0], 0);
	add(b, keys[1], users[0], 0);
	run(b, KM_EPARTIAL);
	assert_int_equal(made_at(b, 0).reason, KM_R_KEY);
	assert_int_equal(made_at(b, 1).reason, KM_R_OK);
	assert_int_equal(made_at(b, 2).reason, KM_R_OK);
	assert_int_equal(made_at(b, 3).reason, KM_R_KEY);
	km_batch_clear(b);
	assert_int_equal(km_batch_add(b, keys[1], users[0], strlen(users[0]), KM_KMS_BY_DOMAIN, KM_GIVE, 0, why),
			KM_EREVOKED);
	field_is("key");
	assert_int_equal(km_batch_add(b, keys[1], users[0], strlen(users[0]), KM_KMS_BY_DOMAIN, KM_REVOKE, 0, why),
			KM_OK);
	run(b, KM_OK);
	assert_int_equal(states[0].marks[states[0].n_marks - 1].mark.what, KM_REVOKE);
	km_batch_free(b);
	km_key_free(over);
	km_key_free(next);
}

static void members_are_told_that_a_key_is_revoked(void **ctx)
{
	km_opened opened;
	km_batch *b = new_batch();

	(void)ctx;
	add(b, keys[0], users[0], 0);
	assert_int_equal(km_key_revoke(keys[0], why), KM_OK);   /* between adding and running */
	add(b, keys[1], users[0], 0);
	assert_int_equal(km_batch_add(b, keys[0], users[1], strlen(users[1]), KM_KMS_BY_DOMAIN, KM_REVOKE, 0, why),
			KM_OK);
	run(b, KM_EPARTIAL);
	assert_int_equal(made_at(b, 0).reason, KM_R_KEY);
	assert_int_equal(open_as(&opened, b, 1, 0), KM_R_OK);
	assert_int_equal(opened.what, KM_GIVE);
	km_key_free(opened.key);
	assert_int_equal(open_as(&opened, b, 2, 1), KM_R_OK);
	assert_int_equal(opened.what, KM_REVOKE);
	km_key_free(opened.key);
	km_batch_free(b);
}

static void a_key_revoked_elsewhere_runs_nothing(void **ctx)
{
	km_batch *b = new_batch();
	km_key_info info = { .struct_size = sizeof info };

	(void)ctx;
	km_key_tell(&info, keys[4]);
	states[1].ids[1].is = KM_ID_REVOKED;
	assert_int_equal(states[1].ids[1].gmk_id, info.gmk_id);
	add(b, keys[4], users[0], 0);
	add(b, keys[4], users[1], 0);
	run(b, KM_EREVOKED);
	assert_int_equal(states[1].t.seconds, 0);
	km_batch_free(b);
}

/* A GMS over files, and its key of a file, which is made by the first call. */
static km_key *key_of_file(km_gms **gms, const char *state, const char *path)
{
	const km_str group = { "sip:fire-1@gms-psi.example.org", 30 };
	const km_key_params params = {
		.struct_size = sizeof params, .activation = { KM_AT_ONCE, 0 }, .expiry = { KM_NEVER, 0 },
		.text = { "", 0 }, .groups = &group, .n_groups = 1, .authority = KM_AUTHORITY_PSI,
		.shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER,
	};
	uint32_t is_new;
	km_store *store;
	km_key *key;

	assert_int_equal(km_store_files(&store, in_dir(state), KM_MAY_BEGIN, why), KM_OK);
	assert_int_equal(km_gms_new(gms, ring, store, gms_uris[0], kms_uris[0], why), KM_OK);
	km_store_free(store);
	if (km_key_file(&key, &is_new, *gms, in_dir(path), km_seal_none(), &params, LAB_NOW, why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
	return key;
}

/* Whoever holds a key twice or more, as of two requests, gives none of them. */
static void a_key_held_twice_is_revoked_twice(void **ctx)
{
	enum { HELD = 3 };
	km_gms *gms, *other;
	km_key *held[HELD], *revoking = key_of_file(&other, "twice.state", "twice.gmk");
	km_batch *b = new_batch();

	(void)ctx;
	held[0] = key_of_file(&gms, "twice.state", "twice.gmk");
	for (int i = 1; i < HELD; i++)
		assert_int_equal(km_key_load(&held[i], gms, in_dir("twice.gmk"), km_seal_none(), why), KM_OK);
	assert_int_equal(km_key_revoke(revoking, why), KM_OK);
	for (int i = 0; i < HELD; i++)
		add(b, held[i], users[i], 0);
	run(b, KM_EREVOKED);
	for (int i = 0; i < HELD; i++)
		km_key_free(held[i]);
	km_key_free(revoking);
	km_batch_free(b);
	km_gms_free(gms);
	km_gms_free(other);
}

/* Another process revokes the key while its messages are made, and asks the journal then whom to tell. */
static void a_key_revoked_meanwhile_is_given_to_nobody(void **ctx)
{
	km_batch *b = new_batch();
	km_given *given;
	size_t len;

	(void)ctx;
	for (int journal = KM_JOURNAL_ON; journal <= KM_JOURNAL_OFF; journal++) {
		states[0].revokes = &keys[journal];
		states[0].revokes_at = journal == KM_JOURNAL_ON ? AT_MARK : AT_ADVANCE;
		set(b, KM_BATCH_JOURNAL, (uint64_t)journal);
		add(b, keys[journal], users[0], 0);
		add(b, keys[0], users[1], 0);
		run(b, KM_EREVOKED);
		km_batch_octets(&len, b);
		assert_int_equal(len, 0);
		assert_int_equal(km_gms_given(&given, keys[journal], why), KM_OK);
		assert_int_equal(km_given_count(given), 0);
		km_given_free(given);
		km_batch_clear(b);
	}
	add(b, keys[0], users[1], 0);
	assert_int_equal(km_batch_add(b, keys[1], users[0], strlen(users[0]), KM_KMS_BY_DOMAIN, KM_REVOKE, 0, why), KM_OK);
	run(b, KM_OK);
	km_batch_free(b);
}

/* ---- T --------------------------------------------------------------------------------------- */

static void clock_refused(km_batch *b, km_time now)
{
	const km_time before[GMSS] = { states[0].t, states[1].t };

	assert_int_equal(km_batch_run(b, now, why), KM_ECLOCK);
	field_is("now");
	for (int g = 0; g < GMSS; g++)
		assert_memory_equal(&states[g].t, &before[g], sizeof before[g]);
	assert_int_equal(km_batch_count(b), EVERYBODY);
}

static void a_wrong_clock_leaves_t(void **ctx)
{
	km_batch *b = new_batch();
	km_time now = LAB_NOW;

	(void)ctx;
	add_everybody(b);
	clock_refused(b, (km_time){ 0, 0 });
	clock_refused(b, (km_time){ now.seconds + (200 << 20), 0 });    /* no key set is that new */
	clock_refused(b, (km_time){ INT64_MAX, 0 });
	clock_refused(b, (km_time){ INT64_MIN, 0 });
	states[1].t = (km_time){ now.seconds + 901, 0 };                /* behind that of the second GMS alone */
	clock_refused(b, now);
	assert_int_equal(km_gms_set(gmss[1], KM_GMS_CLOCK_BEHIND, 1000, why), KM_OK);
	run(b, KM_OK);
	assert_int_equal(made_at(b, 0).t.seconds, now.seconds);
	km_batch_free(b);
}

static void without_a_key_set_it_is_no_clock(void **ctx)
{
	km_keyring *other = ring_with_all();
	km_gms *gms = gms_of_ring(other, 1);
	km_key *key = lab_key(gms, "sip:fire-1@gms-psi.example.org", 0);
	km_batch *b;

	(void)ctx;
	lab_add_user(other, &kmss[0], gms_uris[0], KM_USE_SIGN);        /* another's */
	lab_add_user(other, &kmss[1], gms_uris[1], KM_USE_OPEN);        /* not for signing */
	assert_int_equal(km_batch_new(&b, other), KM_OK);
	add(b, key, users[0], 0);
	run(b, KM_EKEY);
	field_is("uri");
	assert_int_equal(states[1].t.seconds, 0);
	lab_add_user(other, &kmss[1], gms_uris[1], KM_USE_SIGN);
	run(b, KM_OK);
	km_batch_free(b);
	km_key_free(key);
	km_gms_free(gms);
	km_keyring_free(other);
}

/* ---- again ----------------------------------------------------------------------------------- */

static void a_batch_that_ran_is_emptied_first(void **ctx)
{
	km_batch *b = new_batch();
	size_t len;

	(void)ctx;
	assert_int_equal(km_batch_delivered(b, why), KM_ESTATE);
	add_everybody(b);
	run(b, KM_OK);
	assert_int_equal(km_batch_run(b, LAB_NOW, why), KM_ESTATE);
	assert_non_null(strstr(km_complaint_text(why), "km_batch_clear"));
	assert_int_equal(km_batch_add(b, keys[0], users[0], 5, KM_KMS_BY_DOMAIN, KM_GIVE, 0, why), KM_ESTATE);
	assert_int_equal(km_batch_room(b), 0);
	assert_true(made_at(b, 0).len > 0);             /* still there */
	assert_int_equal(km_batch_delivered(b, why), KM_OK);
	assert_int_equal(km_batch_taken_back(b, why), KM_ESTATE);
	assert_int_equal(km_batch_delivered(b, why), KM_ESTATE);
	assert_true(made_at(b, 0).len > 0);
	km_batch_clear(b);
	assert_int_equal(km_batch_count(b), 0);
	assert_int_equal(km_batch_room(b), KM_BATCH_MAX);
	km_batch_octets(&len, b);
	assert_int_equal(len, 0);
	add_everybody(b);
	run(b, KM_OK);
	opens_alone(b, 3);
	km_batch_free(b);
	km_batch_free(NULL);
}

/* ---- the journal ----------------------------------------------------------------------------- */

/* All marks of that store are of this run, one a member. */
static void marks_are(const memory_store *m, uint64_t run_no, size_t n)
{
	assert_int_equal(m->n_marks, n);
	for (size_t i = 0; i < n; i++) {
		size_t u = 0;

		const km_mark *mark = &m->marks[i].mark;

		assert_true(m->marks[i].run == run_no);
		assert_int_equal(mark->what, KM_GIVE);
		while (u < USERS && strcmp(users[u], m->marks[i].uri) != 0)
			u++;
		assert_true(u < USERS);
		for (size_t k = 0; k < KEYS; k++) {
			km_key_info info = { .struct_size = sizeof info };

			km_key_tell(&info, keys[k]);
			if (info.gmk_id == mark->gmk_id)
				assert_int_equal(info.gmk_id ^ mark->salt,
						km_key_guk_id(keys[k], users[u], strlen(users[u])));
		}
	}
}

/* The first and the last of them have ended so; 0: not. */
static void ended(const memory_store *m, uint32_t how)
{
	assert_true(m->n_marks > 0);
	assert_int_equal(m->marks[0].ended, how);
	assert_int_equal(m->marks[m->n_marks - 1].ended, how);
}

static void who_may_have_a_message_is_marked(void **ctx)
{
	km_batch *b = new_batch();
	uint64_t first;

	(void)ctx;
	add_everybody(b);
	run(b, KM_OK);
	first = states[0].marks[0].run;
	marks_are(&states[0], first, 3 * USERS);
	marks_are(&states[1], first, 2 * USERS);
	ended(&states[0], 0);
	assert_int_equal(km_batch_delivered(b, why), KM_OK);
	ended(&states[0], KM_RUN_DELIVERED);
	ended(&states[1], KM_RUN_DELIVERED);
	states[1].n_marks = 0;
	km_batch_clear(b);
	add(b, keys[4], users[0], 0);
	run(b, KM_OK);
	assert_true(states[1].marks[0].run != first);
	assert_int_equal(km_batch_taken_back(b, why), KM_OK);
	ended(&states[1], KM_RUN_TAKEN_BACK);
	assert_int_equal(states[0].n_marks, 3 * USERS); /* that GMS had no part in it */
	km_batch_clear(b);
	set(b, KM_BATCH_JOURNAL, KM_JOURNAL_OFF);
	states[1].n_marks = 0;
	add(b, keys[4], users[0], 0);
	run(b, KM_OK);
	assert_int_equal(states[1].n_marks, 0);
	assert_int_equal(km_batch_delivered(b, why), KM_OK);
	km_batch_free(b);
}

/* Who is not marked has no message. */
static void marks_that_fail_leave_nothing(void **ctx)
{
	km_batch *b = new_batch();
	size_t len;

	(void)ctx;
	add_everybody(b);
	states[1].n_marks = STORE_MARKS;                /* no more fits */
	run(b, KM_EIO);
	km_batch_octets(&len, b);
	assert_int_equal(len, 0);
	ended(&states[0], KM_RUN_TAKEN_BACK);           /* was marked before */
	states[0].n_marks = states[1].n_marks = 0;
	run(b, KM_OK);
	states[1].fails = 1;
	assert_int_equal(km_batch_delivered(b, why), KM_EIO);
	states[1].fails = 0;
	assert_int_equal(km_batch_delivered(b, why), KM_OK);
	ended(&states[0], KM_RUN_DELIVERED);
	ended(&states[1], KM_RUN_DELIVERED);
	km_batch_free(b);
}

/* What a batch has told, the key tells: over files too. */
static void holders_are(const km_key *key, size_t n, uint32_t has)
{
	km_holder holder = { .struct_size = sizeof holder };
	km_given *given;

	if (km_gms_given(&given, key, why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
	assert_int_equal(km_given_count(given), n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(km_given_at(&holder, given, i), 1);
		assert_int_equal(holder.has, has);
	}
	km_given_free(given);
}

static void who_was_given_a_key_is_in_its_files(void **ctx)
{
	km_batch *b = new_batch();
	km_store *store;
	km_gms *gms;
	km_key *mine[2];

	(void)ctx;
	assert_int_equal(km_store_files(&store, in_dir("states"), KM_MAY_BEGIN, why), KM_OK);
	if (km_gms_new(&gms, ring, store, gms_uris[0], kms_uris[0], why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
	km_store_free(store);
	for (int k = 0; k < 2; k++)
		mine[k] = lab_key(gms, "sip:fire-1@gms-psi.example.org", 0);
	for (size_t i = 0; i < 2 * USERS; i++)
		add(b, mine[i % 2], users[i / 2], 0);
	run(b, KM_OK);
	holders_are(mine[0], USERS, KM_MAY_HAVE_IT);
	assert_int_equal(km_batch_taken_back(b, why), KM_OK);
	holders_are(mine[0], 0, 0);
	km_batch_clear(b);
	for (size_t i = 0; i < USERS + 2; i++)
		add(b, mine[i / USERS], users[i % USERS], 0);
	run(b, KM_OK);
	assert_int_equal(km_batch_delivered(b, why), KM_OK);
	holders_are(mine[0], USERS, KM_HAS_IT);
	holders_are(mine[1], 2, KM_HAS_IT);
	km_batch_free(b);
	for (int k = 0; k < 2; k++)
		km_key_free(mine[k]);
	km_gms_free(gms);
}

static km_gms *gms_of_files(const char *place)
{
	km_store *store;
	km_gms *gms;

	assert_int_equal(km_store_files(&store, in_dir(place), KM_MAY_BEGIN, why), KM_OK);
	if (km_gms_new(&gms, ring, store, gms_uris[0], kms_uris[0], why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
	km_store_free(store);
	return gms;
}

static km_key *load(km_gms *gms, const char *path)
{
	km_key *key;

	if (km_key_load(&key, gms, path, km_seal_none(), why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
	return key;
}

/* A key file, and what it is with another GMK. */
static void two_files(km_gms *gms, const char *path, const char *other)
{
	const km_str group = { "sip:fire-1@gms-psi.example.org", 30 };
	const km_key_params p = { .struct_size = sizeof p, .activation = { KM_AT_ONCE, 0 }, .expiry = { KM_NEVER, 0 },
			.groups = &group, .n_groups = 1, .authority = KM_AUTHORITY_PSI, .shared = KM_SHARED_NO,
			.n_members = KM_MEMBERS_LATER };
	char text[4096], *gmk;
	uint32_t is_new;
	km_key *key;
	size_t len;
	FILE *f;

	assert_int_equal(km_key_file(&key, &is_new, gms, path, km_seal_none(), &p, LAB_NOW, why), KM_OK);
	km_key_free(key);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[len] = '\0';
	gmk = strstr(text, "\"gmk\": \"");
	assert_non_null(gmk);
	gmk[8] = gmk[8] == '7' ? '8' : '7';
	write_text(other, text);
}

static void not_this_key(km_batch *b, const char *said)
{
	run(b, KM_EKEY);
	if (strstr(km_complaint_text(why), said) == NULL)
		fail_msg("%s", km_complaint_text(why));
	km_batch_clear(b);
}

/* Not of two in a run, whoever else is in it; nor of another than members were given. */
static void a_gmk_id_is_of_one_key(void **ctx)
{
	char *path = strdup(in_dir("mine.gmk")), *other = strdup(in_dir("other.gmk"));
	km_gms *gms = gms_of_files("twins");
	km_key *key[3];
	km_batch *b = new_batch();

	(void)ctx;
	two_files(gms, path, other);
	key[0] = load(gms, path);
	key[1] = load(gms, other);
	key[2] = lab_key(gms, "sip:fire-1@gms-psi.example.org", 0);
	for (int n = 2; n <= 3; n++) {
		for (int i = 0; i < n; i++)
			add(b, key[i], users[0], 0);
		not_this_key(b, "another key of this run has this GMK-ID");
	}
	km_gms_free(gms);
	for (int i = 0; i < 3; i++)
		km_key_free(key[i]);
	gms = gms_of_files("twins");
	key[0] = load(gms, path);
	add(b, key[0], users[0], 0);
	run(b, KM_OK);
	assert_int_equal(km_batch_delivered(b, why), KM_OK);
	km_batch_clear(b);
	km_key_free(key[0]);
	km_gms_free(gms);
	gms = gms_of_files("twins");
	key[1] = load(gms, other);
	add(b, key[1], users[1], 0);
	not_this_key(b, "not the key that members were given under this GMK-ID");
	km_batch_free(b);
	km_key_free(key[1]);
	km_gms_free(gms);
	free(path);
	free(other);
}

typedef struct {
	uint32_t guk_id;
	int i;
} numbered;

static int by_guk_id(const void *a, const void *b)
{
	const numbered *x = a, *y = b;

	return (x->guk_id > y->guk_id) - (x->guk_id < y->guk_id);
}

static const char *uri_no(char uri[40], int i)
{
	snprintf(uri, 40, "sip:no%d@a.example.org", i);
	return uri;
}

/* Two with the same user salt under that key: none among so many has a probability of 1e-8. */
static void find_two(int two[2], const km_key *key)
{
	enum { N = 100000 };
	numbered *all = malloc(N * sizeof *all);
	char uri[40];

	assert_non_null(all);
	for (int i = 0; i < N; i++)
		all[i] = (numbered){ km_key_guk_id(key, uri_no(uri, i), strlen(uri_no(uri, i))), i };
	qsort(all, N, sizeof *all, by_guk_id);
	two[0] = two[1] = -1;
	for (int i = 1; i < N && two[0] < 0; i++) {
		if (all[i].guk_id == all[i - 1].guk_id)
			two[0] = all[i - 1].i, two[1] = all[i].i;
	}
	free(all);
	assert_true(two[0] >= 0);
}

static void who_shares_a_salt_is_told(void **ctx)
{
	km_batch *b = new_batch();
	char uri[40];
	int two[2];

	(void)ctx;
	find_two(two, keys[0]);
	for (int i = 0; i < 2; i++) {
		add(b, keys[0], uri_no(uri, two[i]), 1);
		add(b, keys[1], uri_no(uri, two[i]), 0);
		add(b, keys[0], users[0], 0);           /* twice the same, who shares with nobody else */
	}
	run(b, KM_OK);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(made_at(b, i).shares_salt, made_at(b, i).tag);
	km_batch_free(b);
}

/* What the heap holds; 0 where that is not told. */
static size_t heap(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
	const struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
#else
	return 0;
#endif
}

/* A key that says as much as one can, in groups. */
static km_key *long_key(void)
{
	enum { N = 63, LEN = 255 };     /* with what says how long each is, just below KM_CONTENT_MAX */
	static char uris[N][LEN + 16];  /* as long as a compiler thinks that a number of two digits may be */
	km_str groups[N];
	km_key_params p = { .struct_size = sizeof p, .activation = { KM_AT_ONCE, 0 }, .expiry = { KM_NEVER, 0 },
			.groups = groups, .n_groups = N, .authority = KM_AUTHORITY_PSI, .shared = KM_SHARED_NO,
			.n_members = KM_MEMBERS_LATER };
	km_key *key;

	for (int i = 0; i < N; i++) {
		snprintf(uris[i], sizeof uris[i], "sip:%02d-%0*d@gms-psi.example.org", i, LEN - 28, 0);
		groups[i] = (km_str){ uris[i], strlen(uris[i]) };
	}
	if (km_key_new_unkept(&key, gmss[0], &p, LAB_NOW, why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
	return key;
}

/* As gmk.h says. */
static void memory_is_bounded(void **ctx)
{
	enum { N = 300 };
	km_key *long_one = long_key();
	char uri[40];

	(void)ctx;
	for (int to_self = 0; to_self < 2; to_self++) {
		const size_t before = heap();
		km_batch *b = new_batch();
		size_t len, uris = 0;

		set(b, KM_BATCH_JOURNAL, KM_JOURNAL_OFF);
		set(b, KM_BATCH_TO_SELF, to_self ? KM_TO_SELF_YES : KM_TO_SELF_NO);
		for (int i = 0; i < N; i++) {
			uris += strlen(uri_no(uri, i));
			add(b, long_one, uri, 0);
		}
		run(b, KM_OK);
		(void)km_batch_octets(&len, b);
		assert_in_range(len / N, 15 * 1024, KM_CONTENT_MAX + 700 + 300u * (unsigned)to_self);
		assert_true(heap() <= before + N * 600 + 3 * uris + len);
		km_batch_free(b);
	}
	km_key_free(long_one);
}

/* Pieces whose octets are let go one by one, as by who turns them into text at once. */
static void octets_may_be_of_each_piece(void **ctx)
{
	static const km_signalling nothing = { sizeof nothing, { NULL, KM_NOT_NAMED }, { NULL, KM_NOT_NAMED } };
	km_batch *b = new_batch();
	size_t len, n_all = 0;

	(void)ctx;
	add_everybody(b);
	b->by_piece = true;
	b->makers = 2;
	assert_int_equal(batch_start(b, LAB_NOW, why), KM_OK);
	assert_true(batch_pieces(b) > 1);
	for (size_t i = 0; i < batch_pieces(b); i++) {
		const plan_entry *places;
		const make_item *items;
		size_t n;

		batch_piece(b, i);
		items = batch_piece_items(&n, &places, b, i);
		assert_true(n > 0);
		for (size_t k = 0; k < n; k++, n_all++) {
			const uint64_t tag = b->members[places[k].at].tag;
			km_opened opened = { .struct_size = sizeof opened };
			km_client *client;
			uint8_t uid[KM_UID_BYTES];

			assert_int_equal(km_client_forgetful(&client, theirs[tag % USERS]), KM_OK);
			assert_int_equal(km_client_open(&opened, client, items[k].msg, items[k].len, &nothing, items[k].t,
					NULL), KM_R_OK);
			is_key(opened.key, keys[tag / USERS]);
			km_key_free(opened.key);
			km_client_free(client);
			km_uid(uid, items[k].uri.s, items[k].uri.len, items[k].kms->uri, strlen(items[k].kms->uri),
					items[k].kms->period, items[k].kms->offset, items[k].period_no);
			assert_memory_equal(items[k].uid, uid, sizeof uid);
		}
		if (i > 0)              /* the first goes with the batch */
			batch_piece_let_go(b, i);
		assert_int_equal(items[0].msg == NULL, i > 0);
	}
	assert_int_equal(n_all, EVERYBODY);
	assert_int_equal(batch_finish(b, why), KM_OK);
	for (size_t i = 0; i < EVERYBODY; i++)
		assert_int_equal(made_at(b, i).reason, KM_R_OK);
	(void)km_batch_octets(&len, b);
	assert_int_equal(len, 0);
	km_batch_free(b);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, before, after)
	const struct CMUnitTest tests[] = {
		EACH(everybody_opens_with_their_own_key_alone),
		EACH(a_batch_is_its_singles),
		EACH(settings_are_in_the_messages),
		EACH(a_gms_opens_its_own),
		EACH(tables_are_made_for_the_members_of_a_batch),
		EACH(pools_make_the_same),
		EACH(a_pool_that_leaves_work_out),
		EACH(several_batches_run_at_once),
		EACH(settings_are_refused_by_name),
		EACH(wrong_calls_add_nothing),
		EACH(full_is_full),
		EACH(members_are_refused_by_reason),
		EACH(identities_without_a_scheme_need_a_word),
		EACH(keys_that_are_over_are_given_to_nobody),
		EACH(members_are_told_that_a_key_is_revoked),
		EACH(a_key_revoked_elsewhere_runs_nothing),
		EACH(a_key_held_twice_is_revoked_twice),
		EACH(a_key_revoked_meanwhile_is_given_to_nobody),
		EACH(a_wrong_clock_leaves_t),
		EACH(without_a_key_set_it_is_no_clock),
		EACH(a_batch_that_ran_is_emptied_first),
		EACH(who_may_have_a_message_is_marked),
		EACH(marks_that_fail_leave_nothing),
		EACH(who_was_given_a_key_is_in_its_files),
		EACH(a_gmk_id_is_of_one_key),
		EACH(who_shares_a_salt_is_told),
		EACH(memory_is_bounded),
		EACH(octets_may_be_of_each_piece),
	};

	return cmocka_run_group_tests_name("batch", tests, start, stop);
}
