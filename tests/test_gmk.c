/* test_gmk.c -- messages opened, and refused for every reason there is. */
#include "util_lab.h"
#include "util_own.h"

#include <stdlib.h>
#include <string.h>

#include "engine/bytes.h"
#include "provision/base/when.h"
#include "provision/message/mikey.h"
#include "provision/message/uid.h"
#include "util_third.h"

static const char *const everybody[] = {OWN_GMS, OWN_ALICE, OWN_BOB, NULL};
static km_keyring *ring;

static int start(void **state)
{
	if (own_start(state) != 0)
		return -1;
	ring = own_ring(everybody);
	return 0;
}

static int stop(void **state)
{
	km_keyring_free(ring);
	return own_stop(state);
}

static km_str str(const char *s)
{
	return (km_str){s, strlen(s)};
}

/* One message of a job for one member, at T; buf is 4096 octets. */
static own_made make_one(uint8_t *buf, const own_job *job, const char *uri, uint64_t ntp64)
{
	own_made out;

	assert_int_equal(own_make(&out, buf, 4096, job, uri, ntp64, NULL), KM_OK);
	return out;
}

static km_reason open_as(const km_keyring *theirs, message_opened *out, const uint8_t *msg, size_t len, open_how how)
{
	static const message_opened nothing;
	km_reason r = own_open(out, theirs, msg, len, &how, NULL);

	if (r != KM_R_OK)
		assert_memory_equal(out, &nothing, sizeof nothing);
	return r;
}

/* ---- opening ---------------------------------------------------------------------------- */

static void own_messages_open(void **state)
{
	(void)state;
	for (size_t i = 0; i < own_messages(); i++) {
		own_message m;
		message_opened o;

		own_get(&m, i, ring);
		assert_int_equal(open_as(ring, &o, m.msg, m.len, own_how(&m)), KM_R_OK);
		assert_memory_equal(o.gmk, m.job.gmk, KM_SSV_BYTES);
		assert_int_equal(o.gmk_id, m.job.gmk_id);
		assert_int_equal(o.content_len, m.content_len);
		assert_memory_equal(o.content, m.content, m.content_len);
		assert_int_equal(o.params.n_groups, 2);
		assert_memory_equal(o.params.text.s, "Fire ground 1", o.params.text.len);
		assert_int_equal(o.revoked, i == 4);
		assert_memory_equal(o.rand, m.job.rand, KM_RAND_BYTES);
	}
}

static void the_gms_opens_its_sakke_to_self(void **state)
{
	static const char *const gms[] = {OWN_GMS, NULL};
	km_keyring *mine = own_ring(gms);
	own_message m;
	message_opened o;

	(void)state;
	own_get(&m, 3, ring);
	assert_int_equal(open_as(mine, &o, m.msg, m.len, own_how(&m)), KM_R_OK);
	assert_true(o.to_self);
	assert_int_equal(o.gmk_id, m.job.gmk_id);
	assert_memory_equal(o.gmk, m.job.gmk, KM_SSV_BYTES);
	own_get(&m, 0, ring); /* one without */
	assert_int_equal(open_as(mine, &o, m.msg, m.len, own_how(&m)), KM_R_NOT_MINE);
	km_keyring_free(mine);
}

/* Two members derive each other's media keys from the RAND they share; with one RAND a message they
 * would not. */
static void members_agree_on_each_others_media_keys(void **state)
{
	own_message a, b;
	message_opened alice, bob;
	uint8_t key[2][KM_SRTP_KEY_BYTES], salt[2][KM_SRTP_SALT_BYTES], buf[4096];
	own_made other;

	(void)state;
	own_get(&a, 0, ring);
	own_get(&b, 1, ring);
	assert_int_equal(open_as(ring, &alice, a.msg, a.len, own_how(&a)), KM_R_OK);
	assert_int_equal(open_as(ring, &bob, b.msg, b.len, own_how(&b)), KM_R_OK);
	uid_srtp_keys(key[0], salt[0], alice.gmk, 4, alice.guk_id, alice.rand, alice.rand_len);
	uid_srtp_keys(key[1], salt[1], bob.gmk, 4, alice.guk_id, bob.rand, bob.rand_len);
	assert_memory_equal(key[0], key[1], sizeof key[0]);
	assert_memory_equal(salt[0], salt[1], sizeof salt[0]);
	uid_srtp_keys(key[1], salt[1], bob.gmk, 4, bob.guk_id, bob.rand, bob.rand_len);
	assert_memory_not_equal(key[0], key[1], sizeof key[0]);

	b.job.rand[0] ^= 1;
	other = make_one(buf, &b.job, OWN_BOB, b.ntp64);
	assert_int_equal(open_as(ring, &bob, other.msg, other.len, own_how(&b)), KM_R_OK);
	uid_srtp_keys(key[1], salt[1], bob.gmk, 4, alice.guk_id, bob.rand, bob.rand_len);
	assert_memory_not_equal(key[0], key[1], sizeof key[0]);
}

/* Change one octet (its top bit) and sign again with the GMS's key. */
static void resign_with(uint8_t *msg, size_t len, size_t at)
{
	const km_key_set *gms = km_keyring_keys_at(ring, 0);

	msg[at] ^= 0x80;
	assert_int_equal(km_eccsi_sign(msg + len - KM_SIG_BYTES, msg, len - KM_SIG_BYTES, gms->signer,
			NULL), KM_OK);
}

/* ---- refusals --------------------------------------------------------------------------- */

static bool nobody(void *ctx, km_str gms, km_str gms_kms, km_str group, km_str who)
{
	(void)ctx, (void)gms, (void)group, (void)who;
	assert_int_equal(gms_kms.len, strlen("kms.example.org"));
	assert_memory_equal(gms_kms.s, "kms.example.org", gms_kms.len);
	return false;
}

static bool anybody(void *ctx, km_str gms, km_str gms_kms, km_str group, km_str who)
{
	(void)ctx, (void)gms, (void)gms_kms, (void)group, (void)who;
	return true;
}

static bool always_seen(void *ctx, km_str sender, uint64_t ntp64, const uint8_t *rand, size_t len,
		uint32_t csb_id)
{
	(void)ctx, (void)sender, (void)ntp64, (void)rand, (void)len, (void)csb_id;
	return true;
}

static void each_check_has_its_reason(void **state)
{
	static const char *const bob[] = {OWN_GMS, OWN_BOB, NULL};
	km_keyring *bobs = own_ring(bob), *empty;
	own_message m, hidden;
	message_opened o;
	open_how how;

	(void)state;
	own_get(&m, 0, ring);
	own_get(&hidden, 2, ring);
	how = own_how(&m);
	how.now += 901;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_TIME);
	how.now -= 1802;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_TIME);
	how.window = -1;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_OK);
	how.replayed = always_seen;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_REPLAY);

	assert_int_equal(km_keyring_new(&empty), KM_OK);
	assert_int_equal(open_as(empty, &o, m.msg, m.len, own_how(&m)), KM_R_KMS);
	km_keyring_free(empty);
	assert_int_equal(open_as(bobs, &o, m.msg, m.len, own_how(&m)), KM_R_NOT_MINE);
	assert_int_equal(open_as(bobs, &o, hidden.msg, hidden.len, own_how(&hidden)), KM_R_NOT_MINE);
	km_keyring_free(bobs);

	how = own_how(&m);
	how.from = str("sip:other@gms-psi.example.org");
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_SENDER);
	assert_int_equal(open_as(ring, &o, hidden.msg, hidden.len, how), KM_R_SENDER);
	how.from = (km_str){NULL, 0};
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_OK);
	assert_int_equal(open_as(ring, &o, hidden.msg, hidden.len, how), KM_R_SENDER);

	how = own_how(&m);
	how.may_manage = nobody;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_AUTHORITY);
	how = own_how(&m);
	how.group = str("sip:fire-3@gms-psi.example.org");
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_GROUP);
	how.group = str("sip:fire-1@example.org");
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_AUTHORITY);
	how.group = str(OWN_GROUP);
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_OK);
}

static void a_wrong_signature_a_missing_period_and_a_wrong_key(void **state)
{
	own_message m;
	own_made out;
	message_opened o;
	open_how how;
	uint8_t buf[4096];

	(void)state;
	own_get(&m, 0, ring);
	how = own_how(&m);
	m.msg[m.len - 100] ^= 1;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_SIGNATURE);
	m.msg[m.len - 100] ^= 1;
	m.msg[15] ^= 0x80; /* another T: another period, before any signature is looked at */
	m.msg[12] ^= 0x01;
	how.window = -1;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_PERIOD);

	/* Signed by the GMS, and yet not to be opened: the encapsulated data is for somebody else. */
	out = make_one(buf, &m.job, OWN_ALICE, m.ntp64);
	how = own_how(&m);
	resign_with(out.msg, out.len, 141 + 260);
	assert_int_equal(open_as(ring, &o, out.msg, out.len, how), KM_R_DECRYPT);
	out = make_one(buf, &m.job, OWN_ALICE, m.ntp64);
	resign_with(out.msg, out.len, out.len - KM_SIG_BYTES - 10); /* the tag of GCM */
	assert_int_equal(open_as(ring, &o, out.msg, out.len, how), KM_R_DECRYPT);
	out = make_one(buf, &m.job, OWN_ALICE, m.ntp64);
	resign_with(out.msg, out.len, 4); /* the purpose tag, in the top of the CSB ID */
	assert_int_equal(open_as(ring, &o, out.msg, out.len, how), KM_R_PURPOSE);
}

/* What only another GMS implementation could send, made from our parts. */
static void what_is_inside_is_checked(void **state)
{
	own_message m;
	own_made out;
	message_opened o;
	open_how how;
	uint8_t buf[4096];

	(void)state;
	own_get(&m, 0, ring);
	how = own_how(&m);
	m.job.params.key_type = 1;
	out = make_one(buf, &m.job, OWN_ALICE, m.ntp64);
	assert_int_equal(open_as(ring, &o, out.msg, out.len, how), KM_R_KEY_TYPE);
	m.job.params.key_type = 0;
	m.job.params.n_groups = 0;
	out = make_one(buf, &m.job, OWN_ALICE, m.ntp64);
	assert_int_equal(open_as(ring, &o, out.msg, out.len, how), KM_R_GROUP);
	how.group = str(OWN_GROUP); /* the signalling names it, and may be trusted to */
	assert_int_equal(open_as(ring, &o, out.msg, out.len, how), KM_R_OK);
	m.job.params.n_groups = 1;
	m.job.groups[0] = str("sip:fire-1@example.org");
	how.group = (km_str){NULL, 0};
	out = make_one(buf, &m.job, OWN_ALICE, m.ntp64);
	assert_int_equal(open_as(ring, &o, out.msg, out.len, how), KM_R_AUTHORITY);
}

static void the_psi_rule_reads_hosts(void **state)
{
	static const struct {
		const char *gms, *group, *who;
		bool may;
	} rows[] = {
		{OWN_GMS, OWN_GROUP, OWN_ALICE, true},
		{OWN_GMS, "sip:g@GMS-PSI.Example.ORG", OWN_ALICE, true},
		{OWN_GMS, "sip:g@gms-psi.example.org:5060", OWN_ALICE, true},
		{OWN_GMS, "sips:g@gms-psi.example.org", OWN_ALICE, true},
		{OWN_GMS, OWN_GROUP, "sip:eve@gms-psi.example.org", false},
		{OWN_GMS, "sip:g@example.org", OWN_ALICE, false},
		{OWN_GMS, "sip:g@x@gms-psi.example.org", OWN_ALICE, false},
		{OWN_GMS, "sip:g@gms-psi.example.org;user=phone", OWN_ALICE, true},
		{OWN_GMS, "sip:g@gms-psi.example.org?x=y", OWN_ALICE, true},
		{OWN_GMS, "sip:g;x@gms-psi.example.org", OWN_ALICE, true},
		{OWN_GMS, "sip:g@gms-psi.example.org:", OWN_ALICE, false},
		{OWN_GMS, "sip:g@gms-psi.example.org:5o", OWN_ALICE, false},
		{OWN_GMS, "sip:@gms-psi.example.org", OWN_ALICE, false},
		{OWN_GMS, "sip:g@", OWN_ALICE, false},
		{OWN_GMS, "tel:+15551234", OWN_ALICE, false},
		{OWN_GMS, "g@gms-psi.example.org", OWN_ALICE, false},
		{"gms@gms-psi.example.org", OWN_GROUP, OWN_ALICE, false},
		{"", "", "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(km_psi_rule(str(rows[i].gms), str(rows[i].group), str(rows[i].who)),
				rows[i].may);
}

static km_reason remember(held *memory, const own_made *out, const own_message *m)
{
	open_how how = own_how(m);
	message_opened o;
	km_reason r;

	how.ctx = memory;
	how.replayed = own_replayed;
	how.held = own_held;
	r = open_as(ring, &o, out->msg, out->len, how);
	if (r == KM_R_OK)
		assert_int_equal(own_accept(memory, &o), KM_OK);
	return r;
}

static void replays_duplicates_updates_and_revocations(void **state)
{
	held *memory;
	own_message m, revocation;
	own_made a, b;
	uint8_t abuf[4096], bbuf[4096];

	(void)state;
	own_get(&m, 0, ring);
	own_get(&revocation, 4, ring);
	assert_int_equal(held_new(&memory), KM_OK);
	a = make_one(abuf, &m.job, OWN_ALICE, m.ntp64);
	assert_int_equal(remember(memory, &a, &m), KM_R_OK);
	assert_int_equal(remember(memory, &a, &m), KM_R_REPLAY);
	b = make_one(bbuf, &m.job, OWN_ALICE, m.ntp64 - 1); /* older than what is held */
	assert_int_equal(remember(memory, &b, &m), KM_R_DUPLICATE);
	b = make_one(bbuf, &m.job, OWN_ALICE, m.ntp64 + 1);
	assert_int_equal(remember(memory, &b, &m), KM_R_OK);
	b = make_one(bbuf, &m.job, OWN_BOB, m.ntp64); /* another client */
	assert_int_equal(remember(memory, &b, &m), KM_R_OK);
	m.job.gmk[0] ^= 1; /* another key under the same GMK-ID */
	b = make_one(bbuf, &m.job, OWN_ALICE, m.ntp64 + 2);
	assert_int_equal(remember(memory, &b, &m), KM_R_DUPLICATE);
	m.job.gmk[0] ^= 1;
	b = make_one(bbuf, &revocation.job, OWN_ALICE, m.ntp64 + 3);
	assert_int_equal(remember(memory, &b, &m), KM_R_OK);
	b = make_one(bbuf, &m.job, OWN_ALICE, m.ntp64 + 4);
	assert_int_equal(remember(memory, &b, &m), KM_R_REVOKED);
	held_free(memory);
}

/* ---- damage ----------------------------------------------------------------------------- */

/* Holds the key of ctx, an own_message, since the T of ctx. */
static bool holds_since(void *ctx, open_held *out, km_str member, uint32_t gmk_id, size_t i)
{
	const own_message *m = ctx;
	const key_parts parts = {.gmk = m->job.gmk, .gms = m->job.gms_uri, .kms = str(m->job.gms_kms->uri),
			.member = member, .member_kms = str(m->job.gms_kms->uri), .gmk_id = gmk_id};

	out->ntp64 = m->ntp64;
	return i == 0 && key_make(&out->key, &parts, NULL) == KM_OK;
}

static void t_after_the_wrap_of_2036_is_later(void **state)
{
	own_message m;
	open_how how;
	message_opened o;

	(void)state;
	own_get(&m, 0, ring);
	how = own_how(&m);
	how.held = holds_since;
	how.ctx = &m;
	m.ntp64 -= 1;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_OK);
	assert_true(o.update);
	m.ntp64 = 1; /* 2036, and the message came before */
	assert_int_equal(open_as(ring, &o, m.msg, m.len, how), KM_R_DUPLICATE);
}

static void the_gms_opens_hidden_messages_of_any_keys_to_itself(void **state)
{
	static const char *const gms[] = {OWN_GMS, NULL};
	km_keyring *mine = own_ring(gms);
	held *memory;
	open_how how;
	own_message m;

	(void)state;
	own_get(&m, 0, ring);
	m.job.hide = m.job.sakke_to_self = true;
	assert_int_equal(held_new(&memory), KM_OK);
	how = own_how(&m);
	how.from = str(OWN_GMS);
	how.ctx = memory;
	how.replayed = own_replayed;
	how.held = own_held;
	for (uint64_t i = 0; i < 3; i++) {
		uint8_t buf[4096];
		own_made made = make_one(buf, &m.job, OWN_ALICE, m.ntp64 - i);
		message_opened o;

		assert_int_equal(open_as(mine, &o, made.msg, made.len, how), KM_R_OK);
		assert_true(o.to_self);
		assert_int_equal(o.gmk_id, 0);
		assert_int_equal(own_accept(memory, &o), KM_OK);
		assert_int_equal(open_as(mine, &o, made.msg, made.len, how), KM_R_REPLAY);
		m.job.gmk[0] ^= (uint8_t)i; /* the same key once more, then another one */
	}
	held_free(memory);
	km_keyring_free(mine);
}

static void a_message_cut_anywhere_does_not_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < own_messages(); i++) {
		own_message m;
		message_opened o;

		own_get(&m, i, ring);
		for (size_t len = 0; len < m.len; len++) {
			uint8_t *exact = malloc(len + 1); /* so that a sanitizer sees the end */

			memcpy(exact, m.msg, len);
			assert_int_equal(open_as(ring, &o, exact, len, own_how(&m)), KM_R_PARSE);
			free(exact);
		}
		assert_int_equal(open_as(ring, &o, m.msg, m.len + 1, own_how(&m)), KM_R_PARSE);
	}
}

/* The V flag alone is ignored by a receiver, and even it stands under the signature. */
static void any_flipped_bit_is_refused(void **state)
{
	own_message m;
	message_opened o;

	(void)state;
	for (size_t i = 0; i < 3; i += 2) {
		own_get(&m, i, ring);
		for (size_t bit = 0; bit < 8 * m.len; bit += i == 0 ? 1 : 7) {
			km_reason r;

			m.msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
			r = open_as(ring, &o, m.msg, m.len, own_how(&m));
			assert_int_not_equal(r, KM_R_OK);
			m.msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* A third party's message with hidden identities, read where VECTORS says and nowhere else. */
static void a_message_of_a_third_party_opens(void **state)
{
	third_party t;
	message_opened o;
	open_how how = {.window = -1, .may_manage = anybody};
	uint8_t sed[KM_SED_BYTES];
	const km_kms *kms;
	mikey_msg parsed;

	(void)state;
	if (!third_party_load(&t))
		skip_as("third-party vectors: none in $VECTORS");
	how.from = str(t.gms);
	how.group = str("sip:any@group");
	assert_int_equal(open_as(t.ring, &o, t.msg, t.len, how), KM_R_OK);
	assert_memory_equal(o.gmk, t.gmk, KM_SSV_BYTES);
	assert_int_equal(o.gmk_id, t.gmk_id);
	assert_int_equal(o.guk_id, t.guk_id);
	assert_memory_equal(o.rand, t.rand, sizeof t.rand);
	assert_int_equal(o.member.len, strlen(t.member));

	kms = km_keyring_kms_at(t.ring, 0); /* its SAKKE payload, made again */
	assert_true(mikey_parse(&parsed, t.msg, t.len, 0, NULL));
	assert_int_equal(km_sakke_encap(sed, o.gmk, keys_of_period(t.ring, t.member,
			strlen(t.member), kms, t.period_no)->uid, KM_UID_BYTES, kms->keys, NULL), KM_OK);
	assert_memory_equal(sed, parsed.sed.data, sizeof sed);

	how.from = str("gms@example.org"); /* whose UID is another */
	assert_int_equal(open_as(t.ring, &o, t.msg, t.len, how), KM_R_SENDER);
	how.from = str(t.gms);
	how.may_manage = NULL; /* the GMS's URI has no scheme: the PSI rule says nothing for it */
	assert_int_equal(open_as(t.ring, &o, t.msg, t.len, how), KM_R_AUTHORITY);
	km_keyring_free(t.ring);
}

static void key_sets_and_certificates_expire(void **state)
{
	own_message m;
	message_opened o;
	km_kms *kms;
	int64_t at;

	(void)state;
	own_get(&m, 0, ring);
	at = (int64_t)(m.ntp64 >> 32) - KM_NTP_UNIX;
	kms = (km_kms *)(uintptr_t)m.job.gms_kms;
	kms->valid_to = at - 1;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, own_how(&m)), KM_R_EXPIRED);
	kms->valid_to = at;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, own_how(&m)), KM_R_OK);
	kms->valid_to = INT64_MAX;
	kms->revoked = true;
	assert_int_equal(open_as(ring, &o, m.msg, m.len, own_how(&m)), KM_R_EXPIRED);
	kms->revoked = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_messages_open),
		cmocka_unit_test(the_gms_opens_its_sakke_to_self),
		cmocka_unit_test(members_agree_on_each_others_media_keys),
		cmocka_unit_test(each_check_has_its_reason),
		cmocka_unit_test(a_wrong_signature_a_missing_period_and_a_wrong_key),
		cmocka_unit_test(what_is_inside_is_checked),
		cmocka_unit_test(the_psi_rule_reads_hosts),
		cmocka_unit_test(replays_duplicates_updates_and_revocations),
		cmocka_unit_test(t_after_the_wrap_of_2036_is_later),
		cmocka_unit_test(the_gms_opens_hidden_messages_of_any_keys_to_itself),
		cmocka_unit_test(a_message_cut_anywhere_does_not_parse),
		cmocka_unit_test(any_flipped_bit_is_refused),
		cmocka_unit_test(a_message_of_a_third_party_opens),
		cmocka_unit_test(key_sets_and_certificates_expire),
	};

	return cmocka_run_group_tests_name("gmk", tests, start, stop);
}
