/* test_make.c -- a piece of a batch to messages: octet for octet where T, IVs and nonces are given, each item of its
 * own key and signer. */
#include "util_own.h"

#include <stdlib.h>
#include <string.h>

#include "engine/bytes.h"
#include "provision/base/when.h"
#include "provision/gms/make.h"
#include "provision/keys/keyring.h"

enum { ROOM = 2048 };

static const char *const everybody[] = { OWN_GMS, OWN_ALICE, OWN_BOB, NULL };
static km_keyring *ring;
static const ring_snapshot *snapshot;

static int start(void **state)
{
	if (own_start(state) != 0)
		return -1;
	ring = own_ring(everybody);
	snapshot = ring_take(ring);
	return 0;
}

static int stop(void **state)
{
	ring_give_back(snapshot);
	km_keyring_free(ring);
	return own_stop(state);
}

/* While a message of the file is made, its nonce is taken from there; else it is drawn. */
static const json_t *nonce_of;
/* So many signatures, then each fails. */
static int nonces_left = -1;

km_err __real_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd);
km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd);

km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd)
{
	uint8_t nonce[32];

	if (nonces_left == 0)
		return KM_ERANDOM;
	nonces_left -= nonces_left > 0;
	if (nonce_of == NULL)
		return __real_eccsi_nonce(j, ssk, hs, msg, len, rnd);
	from_hex(nonce, sizeof nonce, own_text(nonce_of, "j"));
	limbs_from_be(j, nonce, 4);
	return KM_OK;
}

/* ---- keys and items -------------------------------------------------------------------------- */

/* The key of the vectors, or another of the same GMS. */
static km_key *key_of(const own_message *m, uint8_t mark)
{
	km_key *key = own_key(&m->job, mark);

	assert_non_null(key);
	return key;
}

static make_how how_of(const own_message *m)
{
	return own_make_how(&m->job);
}

typedef struct {
	uint8_t uid[KM_UID_BYTES], msg[ROOM];
} place;

static make_item item_of(const own_message *m, const km_key *key, const char *uri, place *at)
{
	return own_item(&m->job, snapshot, key, uri, m->ntp64, at->uid, at->msg, ROOM);
}

/* The file's GMK, opened by who it is for, or why it is not. */
static km_reason opens(const make_item *item, const own_message *m, const char *const *users)
{
	static message_opened opened;
	km_keyring *theirs = own_ring(users);
	open_how how = own_how(m);
	uint8_t gmk[KM_SSV_BYTES];
	km_reason r = own_open(&opened, theirs, item->msg, item->len, &how, NULL);

	km_key_show_gmk(gmk, item->key);
	if (r == KM_R_OK) {
		assert_memory_equal(opened.gmk, gmk, sizeof gmk);
		assert_int_equal(opened.gmk_id, item->key->gmk_id);
		assert_int_equal(opened.guk_id, item->guk_id);
		assert_int_equal(opened.revoked, item->what == KM_REVOKE);
	}
	km_keyring_free(theirs);
	return r;
}

/* ---- making ---------------------------------------------------------------------------------- */

static void messages_of_the_vectors_octet_for_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < own_messages(); i++) {
		own_message m;
		place at;
		km_key *key;
		make_item item;
		make_how how;
		make_self self;

		own_get(&m, i, ring);
		key = key_of(&m, 0);
		item = item_of(&m, key, m.responder, &at);
		how = how_of(&m);
		if (m.job.sakke_to_self) {
			self = (make_self){ .key = key, .set = item.signer };
			assert_int_equal(make_selves(&self, 1, NULL), KM_OK);
			item.to_self = self.sed;
		}
		nonce_of = m.json;
		assert_int_equal(make_piece(&item, 1, &how, m.iv, NULL), KM_OK);
		nonce_of = NULL;
		assert_int_equal(item.reason, KM_R_OK);
		assert_int_equal(item.len, m.len);
		assert_memory_equal(item.msg, m.msg, m.len);
		assert_int_equal(item.guk_id, strtoul(own_text(m.json, "guk_id"), NULL, 16));
		km_key_free(key);
	}
}

/* Up to the signature, whose nonces are drawn. */
static void same_but_for_signature(const make_item *a, const make_item *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->msg, b->msg, a->len - KM_SIG_BYTES);
	assert_memory_equal(a->uid, b->uid, KM_UID_BYTES);
	assert_int_equal(a->guk_id, b->guk_id);
}

static void items_of_several_keys_are_their_singles(void **state)
{
	enum { N = 9 };
	static const char *const alice[] = { OWN_GMS, OWN_ALICE, NULL }, *const bob[] = { OWN_GMS, OWN_BOB, NULL };
	static place at[N], alone[N];
	uint8_t ivs[N][KM_GMK_IV_BYTES];
	km_key *keys[3];
	make_item items[N], one;
	own_message m;
	make_how how;

	(void)state;
	own_get(&m, 0, ring);
	how = how_of(&m);
	memset(ivs, 7, sizeof ivs);
	for (uint8_t k = 0; k < 3; k++)
		keys[k] = key_of(&m, k);
	for (size_t i = 0; i < N; i++) {
		items[i] = item_of(&m, keys[i % 3], i % 2 == 0 ? OWN_ALICE : OWN_BOB, &at[i]);
		items[i].what = i < 6 ? KM_GIVE : KM_REVOKE;
		items[i].t.fraction += (uint32_t)i;
		ivs[i][0] = (uint8_t)i;
	}
	assert_int_equal(make_piece(items, N, &how, ivs[0], NULL), KM_OK);
	for (size_t i = 0; i < N; i++) {
		one = items[i];
		one.uid = alone[i].uid;
		one.msg = alone[i].msg;
		assert_int_equal(make_piece(&one, 1, &how, ivs[i], NULL), KM_OK);
		same_but_for_signature(&one, &items[i]);
		assert_int_equal(opens(&items[i], &m, i % 2 == 0 ? alice : bob), KM_R_OK);
		assert_int_equal(opens(&items[i], &m, i % 2 == 0 ? bob : alice), KM_R_NOT_MINE);
	}
	for (int k = 0; k < 3; k++)
		km_key_free(keys[k]);
}

/* Alice as a second signer: what she signs is refused under the GMS's name, as a message of its own. */
static void each_run_of_a_signer_is_signed_by_it(void **state)
{
	static place at[4];
	make_item items[4];
	own_message m;
	make_how how;
	km_key *key;

	(void)state;
	own_get(&m, 0, ring);
	how = how_of(&m);
	key = key_of(&m, 0);
	for (size_t i = 0; i < 4; i++)
		items[i] = item_of(&m, key, OWN_BOB, &at[i]);
	items[1].signer = items[2].signer = ring_keys_when(snapshot, OWN_ALICE, strlen(OWN_ALICE), items[0].kms,
			items[0].t.seconds);
	assert_int_equal(make_piece(items, 4, &how, NULL, NULL), KM_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(opens(&items[i], &m, everybody), i == 0 || i == 3 ? KM_R_OK : KM_R_SIGNATURE);
	km_key_free(key);
}

static void self_is_the_same_one_by_one(void **state)
{
	own_message m;
	make_self some[3], one;
	km_key *keys[3];
	place at;

	(void)state;
	own_get(&m, 0, ring);
	for (uint8_t k = 0; k < 3; k++) {
		keys[k] = key_of(&m, k);
		some[k] = (make_self){ .key = keys[k], .set = item_of(&m, keys[k], OWN_BOB, &at).signer };
	}
	assert_int_equal(make_selves(some, 3, NULL), KM_OK);
	assert_int_equal(make_selves(some, 0, NULL), KM_OK);
	for (int k = 0; k < 3; k++) {
		one = (make_self){ .key = keys[k], .set = some[k].set };
		assert_int_equal(make_selves(&one, 1, NULL), KM_OK);
		assert_memory_equal(one.sed, some[k].sed, KM_SED_BYTES);
		assert_true(k == 0 || memcmp(some[k].sed, some[0].sed, KM_SED_BYTES) != 0);
		km_key_free(keys[k]);
	}
}

/* ---- refused --------------------------------------------------------------------------------- */

static void no_messages(const make_item *items, size_t n)
{
	static const uint8_t zero[ROOM];

	for (size_t i = 0; i < n; i++)
		assert_memory_equal(items[i].msg, zero, items[i].len);
}

static void an_error_leaves_no_message(void **state)
{
	static place at[3];
	make_item items[3];
	own_message m;
	make_how how;
	km_key *key;
	km_kms other;

	(void)state;
	own_get(&m, 0, ring);
	how = how_of(&m);
	key = key_of(&m, 0);
	memset(at, 1, sizeof at);
	for (size_t i = 0; i < 3; i++)
		items[i] = item_of(&m, key, OWN_BOB, &at[i]);
	nonces_left = 0;
	assert_int_equal(make_piece(items, 3, &how, NULL, NULL), KM_ERANDOM);
	nonces_left = -1;
	no_messages(items, 3);
	items[1].len++;
	assert_int_equal(make_piece(items, 3, &how, NULL, NULL), KM_EARG);
	no_messages(items, 3);
	items[1].len--;
	other = *items[1].kms;
	other.keys = NULL;
	items[1].kms = &other;
	assert_int_equal(make_piece(items, 3, &how, NULL, NULL), KM_EARG);
	no_messages(items, 3);
	assert_int_equal(make_piece(items, 0, &how, NULL, NULL), KM_OK);
	assert_int_equal(make_piece(NULL, 0, &how, NULL, NULL), KM_OK);
	km_key_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_the_vectors_octet_for_octet),
		cmocka_unit_test(items_of_several_keys_are_their_singles),
		cmocka_unit_test(each_run_of_a_signer_is_signed_by_it),
		cmocka_unit_test(self_is_the_same_one_by_one),
		cmocka_unit_test(an_error_leaves_no_message),
	};

	return cmocka_run_group_tests_name("make", tests, start, stop);
}
