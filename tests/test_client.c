/* test_client.c -- clients by the public header alone: what they accept once, refuse, and remember over restarts. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provision/gmk.h"
#include "util_dir.h"
#include "util_gms.h"
#include "util_store.h"

#define GMS   "sip:gms@gms-psi.example.org"
#define OTHER "sip:other@gms-psi.example.org"
#define ALICE "sip:alice@example.org"
#define BOB   "sip:bob@example.org"
#define FIRE  "sip:fire-1@gms-psi.example.org"
#define KMS   "kms.example.org"
#define DAY   ((int64_t)86400)

enum { ROOM = 2048 };

typedef struct {
	uint8_t octets[ROOM];
	size_t len;
	km_time t;
} message;

static const km_signalling nothing = { sizeof nothing, { NULL, KM_NOT_NAMED }, { NULL, KM_NOT_NAMED } };
static lab_kms kms;
static km_keyring *ring, *theirs;       /* of the GMS; of Alice and Bob, one client */
static memory_store states[2];
static km_gms *gms, *again;             /* the same GMS, with another state: its T goes its own way */
static km_key *key;
static km_seal *seal;
static km_complaint *why;
static char path[256];

static int start(void **ctx)
{
	static const char *const domains[] = { "example.org", NULL };
	static const uint8_t seal_key[KM_SEAL_BYTES] = "a sealing key of a client, drawn";

	(void)ctx;
	assert_int_equal(km_init(NULL), KM_OK);
	dir_until_exit();
	assert_int_equal(km_complaint_new(&why), KM_OK);
	assert_int_equal(km_seal_new(&seal, seal_key), KM_OK);
	lab_begin(&kms, KMS, domains);
	assert_int_equal(km_keyring_new(&ring), KM_OK);
	assert_int_equal(km_keyring_new(&theirs), KM_OK);
	lab_add(ring, &kms);
	lab_add(theirs, &kms);
	lab_add_user(ring, &kms, GMS, KM_USE_SIGN);
	lab_add_user(theirs, &kms, ALICE, KM_USE_OPEN);
	lab_add_user(theirs, &kms, BOB, KM_USE_OPEN);
	return 0;
}

static int stop(void **ctx)
{
	(void)ctx;
	km_keyring_free(theirs);
	km_keyring_free(ring);
	lab_end(&kms);
	km_seal_free(seal);
	km_complaint_free(why);
	return 0;
}

static km_gms *new_gms(memory_store *state)
{
	km_store *store = store_in_memory(state);
	km_gms *g;

	assert_int_equal(km_gms_new(&g, ring, store, GMS, KMS, why), KM_OK);
	km_store_free(store);
	return g;
}

static int before(void **ctx)
{
	(void)ctx;
	gms = new_gms(&states[0]);
	again = new_gms(&states[1]);
	key = lab_key(gms, FIRE, 0);
	snprintf(path, sizeof path, "%s", in_dir("client.store"));
	unlink(path);
	return 0;
}

static int after(void **ctx)
{
	(void)ctx;
	km_key_free(key);
	km_gms_free(again);
	km_gms_free(gms);
	return 0;
}

static km_time later(int64_t seconds)
{
	return (km_time){ LAB_NOW.seconds + seconds, LAB_NOW.fraction };
}

enum { OPEN, HIDDEN };          /* who talks to whom; the GMS can open what is hidden */

static message make_as(int manner, km_key *k, const char *to, uint32_t of_kms, uint32_t what, km_time now)
{
	km_made made = { .struct_size = sizeof made };
	message m = { .len = 0 };
	km_batch *b;
	size_t len;

	assert_int_equal(km_batch_new(&b, ring), KM_OK);
	if (manner == HIDDEN) {
		assert_int_equal(km_batch_set(b, KM_BATCH_IDENTITY, KM_IDENTITY_UID, why), KM_OK);
		assert_int_equal(km_batch_set(b, KM_BATCH_TO_SELF, KM_TO_SELF_YES, why), KM_OK);
	}
	assert_int_equal(km_batch_add(b, k, to, strlen(to), of_kms, what, 0, why), KM_OK);
	if (km_batch_run(b, now, why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
	assert_int_equal(km_batch_made(&made, b, 0), 1);
	assert_true(made.len <= sizeof m.octets);
	memcpy(m.octets, km_batch_octets(&len, b) + made.at, made.len);
	m.len = made.len;
	m.t = made.t;
	km_batch_free(b);
	return m;
}

static message make(km_key *k, const char *to, uint32_t what, km_time now)
{
	return make_as(OPEN, k, to, KM_KMS_OF_GMS, what, now);
}

static km_client *open_store(km_begin begin, km_err wanted)
{
	km_client *c;
	const km_err err = km_client_file(&c, theirs, path, seal, begin, why);

	if (err != wanted)
		fail_msg("%s, not %s: %s", km_strerror(err), km_strerror(wanted), km_complaint_text(why));
	assert_int_equal(c != NULL, err == KM_OK);
	return c;
}

static km_client *restart(km_client *c)
{
	km_client_free(c);
	return open_store(KM_MUST_EXIST, KM_OK);
}

/* What it gives; the key is let go. */
static km_reason open_at(km_client *c, const message *m, km_time now)
{
	km_opened opened = { .struct_size = sizeof opened };
	km_reason r = km_client_open(&opened, c, m->octets, m->len, &nothing, now, why);

	assert_int_equal(opened.key != NULL, r == KM_R_OK);
	assert_int_equal(opened.what != 0, r == KM_R_OK);
	km_key_free(opened.key);
	return r;
}

static km_reason opens(km_client *c, const message *m)
{
	return open_at(c, m, m->t);
}

static uint32_t id_of(const km_key *k)
{
	km_key_info info = { .struct_size = sizeof info };

	km_key_tell(&info, k);
	return info.gmk_id;
}

static bool is_held(km_client *c, const km_key *of, size_t i, uint32_t wanted)
{
	uint8_t gmk[2][KM_SSV_BYTES];
	uint32_t what;
	km_key *held;

	assert_int_equal(km_client_key(&held, &what, c, id_of(of), i, why), KM_OK);
	assert_int_equal(what, held == NULL ? 0 : wanted);
	if (held == NULL)
		return false;
	km_key_show_gmk(gmk[0], held);
	km_key_show_gmk(gmk[1], of);
	assert_memory_equal(gmk[0], gmk[1], KM_SSV_BYTES);
	km_key_free(held);
	return true;
}

static void says(const char *text)
{
	if (strstr(km_complaint_text(why), text) == NULL)
		fail_msg("'%s' is not in '%s'", text, km_complaint_text(why));
}

/* ---- what is remembered ---------------------------------------------------------------------- */

static void what_was_accepted_is_known_after_a_restart(void **ctx)
{
	const message first = make(key, ALICE, KM_GIVE, LAB_NOW), second = make(key, ALICE, KM_GIVE, later(1)),
			bobs = make(key, BOB, KM_GIVE, later(2));
	km_client *c = open_store(KM_MAY_BEGIN, KM_OK);
	km_opened opened = { .struct_size = sizeof opened };
	uint32_t what;
	km_key *held;

	(void)ctx;
	says("a new file");
	assert_int_equal(km_client_open(&opened, c, second.octets, second.len, &nothing, second.t, why), KM_R_OK);
	assert_int_equal(opened.what, KM_GIVE);
	assert_int_equal(opened.is_update, 0);
	assert_int_equal(opened.guk_id, km_key_guk_id(key, ALICE, strlen(ALICE)));
	assert_true(opened.t.seconds == second.t.seconds && opened.t.fraction == second.t.fraction);
	km_key_free(opened.key);
	assert_int_equal(opens(c, &second), KM_R_REPLAY);
	assert_int_equal(opens(c, &first), KM_R_DUPLICATE);
	c = restart(c);
	assert_string_equal(km_complaint_text(why), "");
	assert_int_equal(opens(c, &second), KM_R_REPLAY);
	assert_int_equal(opens(c, &first), KM_R_DUPLICATE);
	assert_int_equal(opens(c, &bobs), KM_R_OK);
	c = restart(c);
	assert_int_equal(km_client_key(&held, &what, c, id_of(key), 1, why), KM_OK);
	assert_memory_equal(km_key_str(held, KM_KEY_MEMBER, 0).s, BOB, sizeof BOB);
	assert_memory_equal(km_key_str(held, KM_KEY_GMS, 0).s, GMS, sizeof GMS);
	assert_memory_equal(km_key_str(held, KM_KEY_KMS, 0).s, KMS, sizeof KMS);
	assert_memory_equal(km_key_str(held, KM_KEY_MEMBER_KMS, 0).s, KMS, sizeof KMS);
	assert_memory_equal(km_key_str(held, KM_KEY_GROUP, 0).s, FIRE, sizeof FIRE);
	assert_memory_equal(km_key_str(held, KM_KEY_RAND, 0).s, km_key_str(key, KM_KEY_RAND, 0).s, 16);
	km_key_free(held);
	assert_true(is_held(c, key, 0, KM_GIVE) && is_held(c, key, 1, KM_GIVE) && !is_held(c, key, 2, KM_GIVE));
	km_client_free(c);
}

static void an_update_is_said_and_kept(void **ctx)
{
	const message first = make(key, ALICE, KM_GIVE, LAB_NOW), second = make(key, ALICE, KM_GIVE, later(1));
	km_client *c = open_store(KM_MAY_BEGIN, KM_OK);
	km_opened opened = { .struct_size = sizeof opened };

	(void)ctx;
	assert_int_equal(opens(c, &first), KM_R_OK);
	c = restart(c);
	assert_int_equal(km_client_open(&opened, c, second.octets, second.len, &nothing, second.t, why), KM_R_OK);
	assert_int_equal(opened.is_update, 1);
	km_key_free(opened.key);
	c = restart(c);
	assert_true(is_held(c, key, 0, KM_GIVE) && !is_held(c, key, 1, KM_GIVE));
	km_client_free(c);
}

/* The same key as another of that GMS's software may still give. */
static km_key *copy_of(const km_key *k)
{
	const km_str group = { FIRE, strlen(FIRE) };
	const km_key_params params = {
		.struct_size = sizeof params, .activation = { KM_AT_ONCE, 0 }, .expiry = { KM_NEVER, 0 },
		.text = { "", 0 }, .groups = &group, .n_groups = 1, .authority = KM_AUTHORITY_PSI,
		.shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER,
	};
	uint8_t gmk[KM_SSV_BYTES];
	km_key *copy;

	km_key_show_gmk(gmk, k);
	if (km_key_take_gmk(&copy, again, gmk, (const uint8_t *)km_key_str(k, KM_KEY_RAND, 0).s, id_of(k), &params,
			LAB_NOW, why) != KM_OK)
		fail_msg("%s", km_complaint_text(why));
	return copy;
}

static void a_revoked_key_stays_so(void **ctx)
{
	const message first = make(key, ALICE, KM_GIVE, LAB_NOW);
	km_key *copy = copy_of(key);
	const message last = make(copy, ALICE, KM_GIVE, later(60));
	km_client *c = open_store(KM_MAY_BEGIN, KM_OK);
	km_opened opened = { .struct_size = sizeof opened }, revoked = opened;
	km_key_info info = { .struct_size = sizeof info };
	message revocation;

	(void)ctx;
	assert_int_equal(km_client_open(&opened, c, first.octets, first.len, &nothing, first.t, why), KM_R_OK);
	assert_int_equal(km_key_revoke(key, why), KM_OK);
	revocation = make(key, ALICE, KM_REVOKE, later(30));
	c = restart(c);
	assert_int_equal(km_client_open(&revoked, c, revocation.octets, revocation.len, &nothing, revocation.t, why),
			KM_R_OK);
	assert_int_equal(revoked.what, KM_REVOKE);
	assert_int_equal(revoked.remarks, 0);
	km_key_tell(&info, revoked.key);
	assert_int_equal(info.is_revoked, 1);
	km_key_free(revoked.key);
	c = restart(c);
	assert_int_equal(opens(c, &last), KM_R_REVOKED);
	assert_int_equal(opens(c, &revocation), KM_R_REPLAY);
	assert_true(is_held(c, key, 0, KM_REVOKE) && !is_held(c, key, 1, KM_REVOKE));
	km_client_free(c);
	km_key_free(opened.key);
	km_key_free(copy);
}

static void a_revocation_reaches_who_was_given_the_key(void **ctx)
{
	const message first = make(key, ALICE, KM_GIVE, LAB_NOW);
	km_opened opened = { .struct_size = sizeof opened };
	km_key_info info = { .struct_size = sizeof info };
	message revocation;
	km_client *c;

	(void)ctx;
	assert_int_equal(km_client_forgetful(&c, theirs), KM_OK);
	assert_int_equal(km_client_open(&opened, c, first.octets, first.len, &nothing, first.t, why), KM_R_OK);
	assert_int_equal(km_key_revoke(key, why), KM_OK);
	revocation = make(key, ALICE, KM_REVOKE, later(30));
	assert_int_equal(opens(c, &revocation), KM_R_OK);
	km_key_tell(&info, opened.key);
	assert_int_equal(info.is_revoked, 1);
	km_key_free(opened.key);
	km_client_free(c);
}

static off_t size_of_store(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* 200 updates, of which the last says all, and a key that expired long ago. */
static void what_is_of_no_use_is_forgotten(void **ctx)
{
	const km_time year_later = later(402 * DAY);
	km_key *mortal = lab_key(gms, FIRE, LAB_NOW.seconds + 100), *next = lab_key(gms, FIRE, 0);
	const message old = make(mortal, ALICE, KM_GIVE, LAB_NOW);
	message m, last;
	km_client *c = open_store(KM_MAY_BEGIN, KM_OK);
	off_t full;

	(void)ctx;
	assert_int_equal(opens(c, &old), KM_R_OK);
	for (int i = 0; i < 200; i++) {
		m = make(key, ALICE, KM_GIVE, later(1 + i));
		assert_int_equal(opens(c, &m), KM_R_OK);
	}
	full = size_of_store();
	assert_true(is_held(c, mortal, 0, KM_GIVE));
	c = restart(c);
	last = make(key, ALICE, KM_GIVE, later(2 * 900 + 150));
	assert_int_equal(opens(c, &last), KM_R_OK);     /* some messages lie two windows back, the key's expiry does not */
	assert_true(size_of_store() < full);
	assert_true(is_held(c, mortal, 0, KM_GIVE));
	full = size_of_store();
	assert_int_equal(km_client_set(c, KM_CLIENT_WINDOW, KM_UNCHECKED, why), KM_OK);
	assert_int_equal(opens(c, &m), KM_R_REPLAY);    /* not that one, and ... */
	assert_int_equal(km_client_set(c, KM_CLIENT_WINDOW, 900, why), KM_OK);
	c = restart(c);
	lab_add_user_at(ring, &kms, GMS, KM_USE_SIGN, year_later);
	lab_add_user_at(theirs, &kms, ALICE, KM_USE_OPEN, year_later);
	last = make(next, ALICE, KM_GIVE, year_later);
	assert_int_equal(opens(c, &last), KM_R_OK);
	assert_true(size_of_store() < full);
	assert_false(is_held(c, mortal, 0, KM_GIVE));
	assert_true(is_held(c, key, 0, KM_GIVE) && is_held(c, next, 0, KM_GIVE));
	c = restart(c);
	assert_false(is_held(c, mortal, 0, KM_GIVE));
	assert_true(is_held(c, key, 0, KM_GIVE) && is_held(c, next, 0, KM_GIVE));
	assert_int_equal(km_client_set(c, KM_CLIENT_WINDOW, KM_UNCHECKED, why), KM_OK);
	assert_int_equal(opens(c, &m), KM_R_DUPLICATE); /* ... forgotten, but not its key */
	km_client_free(c);
	km_key_free(mortal);
	km_key_free(next);
}

/* ---- what is checked ------------------------------------------------------------------------- */

static void only_those_named_may_manage(void **ctx)
{
	static const struct {
		const char *gms, *kms, *group;
		km_reason wanted;
	} rows[] = {
		{ OTHER, KM_ANY_KMS, KM_ALL_GROUPS, KM_R_AUTHORITY },
		{ GMS, KM_ANY_KMS, "sip:fire-2@gms-psi.example.org", KM_R_AUTHORITY },
		{ GMS, "kms.elsewhere.example", KM_ALL_GROUPS, KM_R_AUTHORITY },
		{ GMS, KM_ANY_KMS, KM_ALL_GROUPS, KM_R_OK },
		{ "sip:gms@GMS-PSI.example.org", KMS, "sip:fire-1@GMS-PSI.example.org", KM_R_OK },
	};
	const message m = make(key, ALICE, KM_GIVE, LAB_NOW);
	km_client *c;

	(void)ctx;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(km_client_forgetful(&c, theirs), KM_OK);
		assert_int_equal(km_client_trust(c, rows[i].gms, rows[i].kms, rows[i].group, why), KM_OK);
		assert_int_equal(opens(c, &m), rows[i].wanted);
		if (rows[i].wanted != KM_R_OK) {        /* and another beside it */
			assert_int_equal(km_client_trust(c, GMS, KMS, FIRE, why), KM_OK);
			assert_int_equal(opens(c, &m), KM_R_OK);
		}
		km_client_free(c);
	}
}

static void t_is_held_to_the_clock(void **ctx)
{
	const message m = make(key, ALICE, KM_GIVE, LAB_NOW);
	km_client *c;

	(void)ctx;
	assert_int_equal(km_client_forgetful(&c, theirs), KM_OK);
	assert_int_equal(open_at(c, &m, later(901)), KM_R_TIME);
	says(km_reason_text(KM_R_TIME));
	assert_int_equal(open_at(c, &m, later(-901)), KM_R_TIME);
	assert_int_equal(km_client_set(c, KM_CLIENT_WINDOW, 10, why), KM_OK);
	assert_int_equal(open_at(c, &m, later(11)), KM_R_TIME);
	assert_int_equal(km_client_set(c, KM_CLIENT_WINDOW, KM_UNCHECKED, why), KM_OK);
	assert_int_equal(open_at(c, &m, later(1000 * DAY)), KM_R_OK);
	assert_int_equal(open_at(c, &m, later(10)), KM_R_REPLAY);
	km_client_free(c);
}

static km_client *client_of(km_keyring *of)
{
	km_client *c;

	assert_int_equal(km_client_forgetful(&c, of), KM_OK);
	return c;
}

/* Who holds keys of two certificates of a KMS, one of them revoked since, takes nothing by that one: not from a GMS of
 * another KMS either, which did not hear of it. */
static void nothing_comes_by_a_revoked_certificate(void **ctx)
{
	static const char *const domains[] = { "example.net", NULL };
	static const char uri[] = "sip:dave@example.net";
	km_keyring *mine;
	lab_kms old, renewed;
	km_client *c;
	message m;

	(void)ctx;
	lab_begin(&old, "kms.example.net", domains);
	lab_begin(&renewed, "kms.example.net", domains);
	lab_add(ring, &old);
	assert_int_equal(km_keyring_new(&mine), KM_OK);
	lab_add(mine, &kms);
	lab_add(mine, &old);
	lab_add_user(mine, &old, uri, KM_USE_OPEN);
	m = make_as(OPEN, key, uri, km_keyring_kms(ring, old.cert.uri, strlen(old.cert.uri)), KM_GIVE, LAB_NOW);
	c = client_of(mine);
	assert_int_equal(opens(c, &m), KM_R_OK);
	km_client_free(c);

	old.cert.revoked = true;
	add_kms(mine, written_init(&old.cert), KM_OK, "");
	lab_add(mine, &renewed);
	c = client_of(mine);
	assert_int_equal(opens(c, &m), KM_R_EXPIRED);
	lab_add_user(mine, &renewed, uri, KM_USE_OPEN);
	assert_int_equal(opens(c, &m), KM_R_DECRYPT);
	km_client_free(c);
	km_keyring_free(mine);
	lab_end(&renewed);
	lab_end(&old);
}

static km_reason named(km_client *c, const message *m, const char *from, const char *group)
{
	const km_signalling s = { sizeof s, { from, from == NULL ? KM_NOT_NAMED : strlen(from) },
			{ group, group == NULL ? KM_NOT_NAMED : strlen(group) } };
	km_opened opened = { .struct_size = sizeof opened };
	km_reason r = km_client_open(&opened, c, m->octets, m->len, &s, m->t, why);

	km_key_free(opened.key);
	return r;
}

/* Of messages that hide whose they are it does not know the GMK-IDs, but it knows the key again. */
static void a_revoked_key_stays_so_for_a_gms_that_opens_its_own(void **ctx)
{
	const message first = make_as(HIDDEN, key, ALICE, KM_KMS_OF_GMS, KM_GIVE, LAB_NOW);
	const message late = make_as(HIDDEN, key, BOB, KM_KMS_OF_GMS, KM_GIVE, LAB_NOW);
	message revocation;
	km_keyring *mine;
	km_client *c;

	(void)ctx;
	assert_int_equal(km_keyring_new(&mine), KM_OK);
	lab_add(mine, &kms);
	lab_add_user(mine, &kms, GMS, KM_USE_OPEN);
	c = client_of(mine);
	assert_int_equal(named(c, &first, GMS, FIRE), KM_R_OK);
	assert_int_equal(km_key_revoke(key, why), KM_OK);
	revocation = make_as(HIDDEN, key, ALICE, KM_KMS_OF_GMS, KM_REVOKE, later(30));
	assert_int_equal(named(c, &revocation, GMS, FIRE), KM_R_OK);
	assert_int_equal(named(c, &late, GMS, FIRE), KM_R_REVOKED);
	assert_int_equal(named(c, &late, GMS, FIRE), KM_R_REVOKED);
	km_client_free(c);
	km_keyring_free(mine);
}

static void the_signalling_is_compared(void **ctx)
{
	const message m = make(key, ALICE, KM_GIVE, LAB_NOW);
	km_client *c;

	(void)ctx;
	assert_int_equal(km_client_forgetful(&c, theirs), KM_OK);
	assert_int_equal(named(c, &m, OTHER, NULL), KM_R_SENDER);
	assert_int_equal(named(c, &m, GMS, "sip:fire-2@gms-psi.example.org"), KM_R_GROUP);
	assert_int_equal(named(c, &m, "<" GMS ">", FIRE), KM_R_OK);
	km_client_free(c);
}

static void field_is(const char *field)
{
	assert_string_equal(km_complaint_field(why), field);
}

static void what_is_half_said_is_refused_by_name(void **ctx)
{
	const message m = make(key, ALICE, KM_GIVE, LAB_NOW);
	km_opened opened = { .struct_size = sizeof opened }, none = { .struct_size = 0 };
	km_signalling s = nothing;
	km_client *c;

	(void)ctx;
	assert_int_equal(km_client_forgetful(&c, theirs), KM_OK);
	assert_int_equal(named(c, &m, "", NULL), KM_R_CALL), field_is("from");
	assert_int_equal(named(c, &m, NULL, ""), KM_R_CALL), field_is("group");
	assert_int_equal(km_client_open(&opened, c, m.octets, m.len, NULL, m.t, why), KM_R_CALL), field_is("signalling");
	assert_int_equal(km_client_open(&none, c, m.octets, m.len, &nothing, m.t, why), KM_R_CALL);
	field_is("struct_size");
	s.struct_size = 0;
	assert_int_equal(km_client_open(&opened, c, m.octets, m.len, &s, m.t, why), KM_R_CALL), field_is("struct_size");
	assert_int_equal(open_at(c, &m, (km_time){ KM_NEVER, 0 }), KM_R_CALL), field_is("now");
	assert_int_equal(km_client_set(c, 0, 1, why), KM_EARG), field_is("what");
	assert_int_equal(km_client_set(c, KM_CLIENT_WINDOW, 0, why), KM_EARG), field_is("KM_CLIENT_WINDOW");
	assert_int_equal(km_client_set(c, KM_CLIENT_WINDOW, 1ull << 32, why), KM_EARG), field_is("KM_CLIENT_WINDOW");
	assert_int_equal(km_client_set(c, KM_CLIENT_COMPAT, 0, why), KM_EARG), field_is("KM_CLIENT_COMPAT");
	assert_int_equal(km_client_set(c, KM_CLIENT_COMPAT, 8, why), KM_EARG), field_is("KM_CLIENT_COMPAT");
	assert_int_equal(km_client_trust(c, NULL, KMS, FIRE, why), KM_EARG), field_is("gms");
	assert_int_equal(km_client_trust(c, GMS, "", FIRE, why), KM_EARG), field_is("kms");
	assert_int_equal(km_client_trust(c, GMS, KMS, NULL, why), KM_EARG), field_is("group");
	assert_int_equal(opens(c, &m), KM_R_OK);        /* none of that left anything */
	km_client_free(c);
	assert_int_equal(km_client_file(&c, theirs, NULL, seal, KM_MAY_BEGIN, why), KM_EARG), field_is("path");
	assert_int_equal(km_client_file(&c, theirs, path, NULL, KM_MAY_BEGIN, why), KM_EARG), field_is("seal");
	assert_int_equal(km_client_file(&c, theirs, path, seal, 0, why), KM_EARG), field_is("begin");
	assert_int_equal(access(path, F_OK), -1);
}

/* ---- files that are not as they were left ---------------------------------------------------- */

enum { STORE_ROOM = 1 << 16 };

static size_t read_store(uint8_t data[STORE_ROOM])
{
	FILE *f = fopen(path, "r");
	size_t len;

	assert_non_null(f);
	len = fread(data, 1, STORE_ROOM, f);
	fclose(f);
	assert_true(len < STORE_ROOM);
	return len;
}

/* Three messages, of which the third is an update; gives the octets of the file after each. */
static void fill_store(message m[3], off_t ends[3])
{
	km_client *c = open_store(KM_MAY_BEGIN, KM_OK);

	for (int i = 0; i < 3; i++) {
		m[i] = make(key, i == 1 ? BOB : ALICE, KM_GIVE, later(i));
		assert_int_equal(opens(c, &m[i]), KM_R_OK);
		ends[i] = size_of_store();
	}
	km_client_free(c);
}

static void damage_is_found(void **ctx)
{
	static uint8_t data[STORE_ROOM];
	message m[3];
	off_t ends[3];
	size_t len;
	km_client *c;

	(void)ctx;
	open_store(KM_MUST_EXIST, KM_ELOST);
	fill_store(m, ends);
	len = read_store(data);
	for (size_t at = 0; at < len; at += 7) {        /* in the last frame too */
		data[at] ^= 0x10;
		write_file(path, data, len);
		open_store(KM_MAY_BEGIN, KM_ELOST);
		says("damaged");
		data[at] ^= 0x10;
	}
	for (size_t at = 0; at < 40; at++) {
		write_file(path, data, at);
		open_store(KM_MAY_BEGIN, KM_ELOST);
	}
	write_file(path, data, len);
	c = open_store(KM_MUST_EXIST, KM_OK);
	assert_int_equal(opens(c, &m[0]), KM_R_REPLAY);
	km_client_free(c);
}

/* Frames that are whole, and are not those that were written there: by the second, or the third, of three. */
static void frames_keep_their_order(void **ctx)
{
	static uint8_t data[STORE_ROOM], changed[2 * STORE_ROOM];
	size_t len, second, third;
	message m[3];
	off_t ends[3];
	km_client *c;

	(void)ctx;
	fill_store(m, ends);
	len = read_store(data);
	second = (size_t)(ends[1] - ends[0]);
	third = len - (size_t)ends[1];
	assert_int_equal(len, ends[2]);
	for (int kind = 0; kind < 4; kind++) {
		uint8_t *to = changed + ends[0];

		memcpy(changed, data, (size_t)ends[0]);
		if (kind > 0 && kind < 3) {     /* 0: the second is missing; 3: the third comes before it */
			memcpy(to, data + ends[0], second);
			to += second;
		}
		memcpy(to, data + (kind == 1 ? ends[0] : ends[1]), kind == 1 ? second : third);
		to += kind == 1 ? second : third;       /* 1: the second stands in its place */
		if (kind == 2) {                        /* twice */
			memcpy(to, data + ends[1], third);
			to += third;
		} else if (kind == 3) {
			memcpy(to, data + ends[0], second);
			to += second;
		}
		write_file(path, changed, (size_t)(to - changed));
		open_store(KM_MAY_BEGIN, KM_ELOST);
		says("damaged");
	}
	write_file(path, data, (size_t)ends[1]);        /* which one that was never written looks like */
	c = open_store(KM_MUST_EXIST, KM_OK);
	assert_int_equal(opens(c, &m[2]), KM_R_OK);
	c = restart(c);
	assert_int_equal(opens(c, &m[2]), KM_R_REPLAY);
	km_client_free(c);
}

static void what_can_be_read_is_kept_when_one_begins_anew(void **ctx)
{
	static uint8_t data[STORE_ROOM];
	message m[3];
	off_t ends[3];
	size_t len;
	km_client *c;

	(void)ctx;
	fill_store(m, ends);
	len = read_store(data);
	for (int where = -1; where < 2; where++) {      /* in the magic; in the frame of the first, of the second */
		data[where < 0 ? 3 : ends[where] - 5] ^= 1;
		write_file(path, data, len);
		c = open_store(KM_BEGIN_ANEW, KM_OK);
		assert_int_equal(opens(c, &m[2]), KM_R_REPLAY);
		assert_int_equal(opens(c, &m[1]), where == 1 ? KM_R_OK : KM_R_REPLAY);
		assert_int_equal(opens(c, &m[0]), where == 0 ? KM_R_DUPLICATE : KM_R_REPLAY);
		c = restart(c);
		assert_int_equal(opens(c, &m[1]), KM_R_REPLAY);
		km_client_free(c);
		data[where < 0 ? 3 : ends[where] - 5] ^= 1;
	}
	write_text(path, "something else, which nobody wants to lose\n");
	open_store(KM_BEGIN_ANEW, KM_ELOST);
	assert_int_equal(read_store(data), 43);
	unlink(path);
	km_client_free(open_store(KM_BEGIN_ANEW, KM_OK));
}

/* A frame that was not whole on disk was never said to be accepted. */
static void a_torn_end_is_cut_off(void **ctx)
{
	static uint8_t data[STORE_ROOM];
	message m[3];
	off_t ends[3];
	km_client *c;

	(void)ctx;
	fill_store(m, ends);
	for (int kind = 0; kind < 4; kind++) {
		size_t len = read_store(data), end = (size_t)ends[1];

		switch (kind) {
		case 0: len = end + 5; break;                           /* in the head */
		case 1: len = end + 50; break;                          /* in the body */
		case 2: memset(data + end, 0, len - end); break;        /* nothing of it has arrived */
		default: memset(data + len - 30, 0, 30); break;         /* its end has not */
		}
		write_file(path, data, len);
		c = open_store(KM_MUST_EXIST, KM_OK);
		assert_int_equal(size_of_store(), ends[1]);
		assert_int_equal(opens(c, &m[1]), KM_R_REPLAY);
		assert_int_equal(opens(c, &m[2]), KM_R_OK);
		c = restart(c);
		assert_int_equal(opens(c, &m[2]), KM_R_REPLAY);
		km_client_free(c);
	}
}

static void another_seal_opens_nothing(void **ctx)
{
	static const uint8_t other_key[KM_SEAL_BYTES] = "another one";
	static uint8_t data[STORE_ROOM], then[STORE_ROOM];
	uint8_t gmk[KM_SSV_BYTES];
	message m[3];
	off_t ends[3];
	km_seal *other;
	km_client *c;
	size_t len;

	(void)ctx;
	fill_store(m, ends);
	len = read_store(data);
	km_key_show_gmk(gmk, key);
	assert_null(memmem(data, len, gmk, sizeof gmk));
	assert_null(memmem(data, len, ALICE, strlen(ALICE)));
	assert_int_equal(km_seal_new(&other, other_key), KM_OK);
	assert_int_equal(km_client_file(&c, theirs, path, other, KM_BEGIN_ANEW, why), KM_EFORMAT);
	says("another key");
	assert_null(c);
	assert_int_equal(km_client_file(&c, theirs, path, km_seal_none(), KM_MAY_BEGIN, why), KM_EFORMAT);
	assert_int_equal(read_store(then), len);
	assert_memory_equal(data, then, len);
	unlink(path);
	assert_int_equal(km_client_file(&c, theirs, path, km_seal_none(), KM_MAY_BEGIN, why), KM_OK);
	assert_int_equal(opens(c, &m[0]), KM_R_OK);
	km_client_free(c);
	len = read_store(data);
	assert_non_null(memmem(data, len, gmk, sizeof gmk));
	assert_int_equal(km_client_file(&c, theirs, path, km_seal_none(), KM_MUST_EXIST, why), KM_OK);
	assert_int_equal(opens(c, &m[0]), KM_R_REPLAY);
	km_client_free(c);
	assert_int_equal(km_client_file(&c, theirs, path, other, KM_MAY_BEGIN, why), KM_EFORMAT);
	km_seal_free(other);
}

/* ---- several at once ------------------------------------------------------------------------- */

/* The exit code of a child that does it. */
static int in_child(int (*doing)(km_client *c, const message *m), km_client *c, const message *m)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(doing(c, m));
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int uses_mine(km_client *c, const message *m)
{
	km_opened opened = { .struct_size = sizeof opened };

	return (int)km_client_open(&opened, c, m->octets, m->len, &nothing, m->t, why);
}

static int opens_its_own(km_client *c, const message *m)
{
	km_client *own;

	(void)c, (void)m;
	return (int)km_client_file(&own, theirs, path, seal, KM_MAY_BEGIN, why);
}

static void a_file_has_one_client_at_a_time(void **ctx)
{
	const message m = make(key, ALICE, KM_GIVE, LAB_NOW);
	km_client *c = open_store(KM_MAY_BEGIN, KM_OK), *forgetful;

	(void)ctx;
	assert_int_equal(in_child(opens_its_own, c, &m), (int)KM_EIO & 0xff);
	open_store(KM_MAY_BEGIN, KM_EIO);
	says("another client");
	assert_int_equal(in_child(uses_mine, c, &m), KM_R_STORE);
	assert_int_equal(km_client_forgetful(&forgetful, theirs), KM_OK);
	assert_int_equal(in_child(uses_mine, forgetful, &m), KM_R_OK);
	km_client_free(forgetful);
	assert_int_equal(opens(c, &m), KM_R_OK);
	km_client_free(c);
	assert_int_equal(in_child(opens_its_own, NULL, &m), KM_OK);
}

enum { THREADS = 4, MESSAGES = 100 };

static struct {
	km_client *client;
	message m[MESSAGES];
	_Atomic unsigned accepted, other;
	pthread_barrier_t each;         /* all open the same one at once */
} shared;

static void *opens_all(void *arg)
{
	(void)arg;
	for (int i = 0; i < MESSAGES; i++) {
		km_opened opened = { .struct_size = sizeof opened };
		km_reason r;

		pthread_barrier_wait(&shared.each);
		r = km_client_open(&opened, shared.client, shared.m[i].octets, shared.m[i].len, &nothing, LAB_NOW, NULL);
		if (r == KM_R_OK)
			shared.accepted++;
		else if (r != KM_R_REPLAY && r != KM_R_DUPLICATE)
			shared.other++;
		km_key_free(opened.key);
	}
	return NULL;
}

static void threads_accept_each_message_once(void **ctx)
{
	pthread_t threads[THREADS];
	km_key *keys[MESSAGES];

	(void)ctx;
	shared.client = open_store(KM_MAY_BEGIN, KM_OK);
	shared.accepted = shared.other = 0;
	for (int i = 0; i < MESSAGES; i++) {
		keys[i] = lab_key(gms, FIRE, 0);
		shared.m[i] = make(keys[i], ALICE, KM_GIVE, LAB_NOW);
	}
	pthread_barrier_init(&shared.each, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, opens_all, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&shared.each);
	assert_int_equal(shared.accepted, MESSAGES);
	assert_int_equal(shared.other, 0);
	shared.client = restart(shared.client);
	for (int i = 0; i < MESSAGES; i++) {
		assert_int_equal(opens(shared.client, &shared.m[i]), KM_R_REPLAY);
		km_key_free(keys[i]);
	}
	km_client_free(shared.client);
}

/* ---- what cannot be recorded ----------------------------------------------------------------- */

static void what_is_not_on_disk_is_not_accepted(void **ctx)
{
	const message m = make(key, ALICE, KM_GIVE, LAB_NOW), bobs = make(key, BOB, KM_GIVE, LAB_NOW);
	km_client *c = open_store(KM_MAY_BEGIN, KM_OK);
	struct rlimit limit, full;
	off_t size = size_of_store();

	(void)ctx;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	full = limit;
	full.rlim_cur = (rlim_t)size + 100;     /* some of the frame */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
	assert_int_equal(opens(c, &m), KM_R_STORE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(size_of_store(), size);
	assert_false(is_held(c, key, 0, KM_GIVE));
	assert_int_equal(opens(c, &m), KM_R_OK);
	c = restart(c);
	assert_int_equal(opens(c, &m), KM_R_REPLAY);
	unlink(path);
	assert_int_equal(opens(c, &bobs), KM_R_STORE);
	says("removed or replaced");
	km_client_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_accepted_is_known_after_a_restart, before, after),
		cmocka_unit_test_setup_teardown(an_update_is_said_and_kept, before, after),
		cmocka_unit_test_setup_teardown(a_revoked_key_stays_so, before, after),
		cmocka_unit_test_setup_teardown(a_revocation_reaches_who_was_given_the_key, before, after),
		cmocka_unit_test_setup_teardown(what_is_of_no_use_is_forgotten, before, after),
		cmocka_unit_test_setup_teardown(only_those_named_may_manage, before, after),
		cmocka_unit_test_setup_teardown(t_is_held_to_the_clock, before, after),
		cmocka_unit_test_setup_teardown(the_signalling_is_compared, before, after),
		cmocka_unit_test_setup_teardown(nothing_comes_by_a_revoked_certificate, before, after),
		cmocka_unit_test_setup_teardown(a_revoked_key_stays_so_for_a_gms_that_opens_its_own, before, after),
		cmocka_unit_test_setup_teardown(what_is_half_said_is_refused_by_name, before, after),
		cmocka_unit_test_setup_teardown(damage_is_found, before, after),
		cmocka_unit_test_setup_teardown(frames_keep_their_order, before, after),
		cmocka_unit_test_setup_teardown(what_can_be_read_is_kept_when_one_begins_anew, before, after),
		cmocka_unit_test_setup_teardown(a_torn_end_is_cut_off, before, after),
		cmocka_unit_test_setup_teardown(another_seal_opens_nothing, before, after),
		cmocka_unit_test_setup_teardown(a_file_has_one_client_at_a_time, before, after),
		cmocka_unit_test_setup_teardown(threads_accept_each_message_once, before, after),
		cmocka_unit_test_setup_teardown(what_is_not_on_disk_is_not_accepted, before, after),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
