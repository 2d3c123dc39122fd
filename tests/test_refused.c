/* test_refused.c -- what is wrong with a call is refused by the name of its field, setting or argument, and nothing is
 * made, kept or signed.  The tables of fields and settings are held against gmk.h itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/gmk.h"
#include "util_dir.h"
#include "util_gms.h"
#include "util_store.h"

#define GMS   "sip:gms@gms-psi.example.org"
#define KMS   "kms.example.org"
#define ALICE "sip:alice@example.org"
#define GROUP "sip:fire-1@gms-psi.example.org"
#define STR(s) { s, sizeof s - 1 }

static lab_kms lab;
static km_keyring *ring, *other_ring;
static memory_store memory;
static km_store *store;
static km_seal *seal;
static km_gms *gms, *gms_of_files;
static km_key *key, *revoked, *from_message;    /* of gms; the last of a client */
static km_batch *batch, *other_batch;
static km_client *client;
static km_complaint *why;
static uint8_t message[2048];
static char nowhere[256];       /* the file of calls that are refused before they begin one */
static size_t message_len, n_signed;

static const km_str groups[] = { STR(GROUP) }, members[] = { STR(ALICE) };
static const km_signalling anyone = { sizeof anyone, { NULL, KM_NOT_NAMED }, { NULL, KM_NOT_NAMED } };
/* A time before 2020, which is no time of a GMS. */
static const km_time unset = { 1500000000, 0 };

/* ---- nothing is signed ----------------------------------------------------------------------- */

km_err __real_km_eccsi_sign_batch(const km_to_sign *items, km_err *status, size_t n, const km_signer *signer,
		const km_random *rnd);
km_err __wrap_km_eccsi_sign_batch(const km_to_sign *items, km_err *status, size_t n, const km_signer *signer,
		const km_random *rnd);

km_err __wrap_km_eccsi_sign_batch(const km_to_sign *items, km_err *status, size_t n, const km_signer *signer,
		const km_random *rnd)
{
	n_signed += n;
	return __real_km_eccsi_sign_batch(items, status, n, signer, rnd);
}

/* ---- what works ------------------------------------------------------------------------------ */

static km_key_params good_params(void)
{
	return (km_key_params){
		.struct_size = sizeof(km_key_params), .activation = { KM_AT_ONCE, 0 }, .expiry = { KM_NEVER, 0 },
		.text = STR("Fire"), .groups = groups, .n_groups = 1, .authority = KM_AUTHORITY_PSI,
		.shared = KM_SHARED_NO, .members = members, .n_members = 1,
	};
}

static void must(km_err err)
{
	if (err != KM_OK)
		fail_msg("%s: %s", km_strerror(err), km_complaint_text(why));
}

/* One message, which the client opens: so everything that is refused below works but for what is changed. */
static void make_and_open(void)
{
	km_made m = { .struct_size = sizeof m };
	km_opened opened = { .struct_size = sizeof opened };
	size_t len;

	must(km_batch_add(batch, key, ALICE, strlen(ALICE), KM_KMS_OF_GMS, KM_GIVE, 0, why));
	must(km_batch_run(batch, LAB_NOW, why));
	assert_int_equal(n_signed, 1);
	assert_int_equal(km_batch_made(&m, batch, 0), 1);
	assert_in_range(m.len, 1, sizeof message);
	message_len = m.len;
	memcpy(message, km_batch_octets(&len, batch) + m.at, m.len);
	must(km_batch_delivered(batch, why));
	km_batch_clear(batch);
	assert_int_equal(km_client_open(&opened, client, message, message_len, &anyone, LAB_NOW, why), KM_R_OK);
	from_message = opened.key;
	n_signed = 0;
}

static km_store *files(void)
{
	km_store *s;

	must(km_store_files(&s, in_dir("state"), KM_MAY_BEGIN, why));
	return s;
}

static int start(void **ctx)
{
	static const char *const no_domains[] = { NULL };
	const km_key_params params = good_params();
	km_store *s;

	(void)ctx;
	assert_int_equal(km_init(NULL), KM_OK);
	dir_until_exit();
	snprintf(nowhere, sizeof nowhere, "%s", in_dir("nowhere"));
	must(km_complaint_new(&why));
	lab_begin(&lab, KMS, no_domains);
	must(km_keyring_new(&ring));
	must(km_keyring_new(&other_ring));
	lab_add(ring, &lab);
	lab_add_user(ring, &lab, GMS, KM_USE_SIGN);
	lab_add_user(ring, &lab, ALICE, KM_USE_OPEN);
	store = store_in_memory(&memory);
	seal = store_seal_in_memory();
	must(km_gms_new(&gms, ring, store, GMS, KMS, why));
	s = files();
	must(km_gms_new(&gms_of_files, ring, s, GMS, KMS, why));
	km_store_free(s);
	must(km_key_new(&key, gms, &params, LAB_NOW, why));
	must(km_key_new(&revoked, gms, &params, LAB_NOW, why));
	must(km_key_revoke(revoked, why));
	must(km_batch_new(&batch, ring));
	must(km_batch_new(&other_batch, other_ring));
	must(km_client_forgetful(&client, ring));
	make_and_open();
	return 0;
}

static int stop(void **ctx)
{
	(void)ctx;
	assert_int_equal(n_signed, 0);
	assert_int_equal(access(nowhere, F_OK), -1);
	km_key_free(from_message);
	km_client_free(client);
	km_batch_free(batch);
	km_batch_free(other_batch);
	km_key_free(key);
	km_key_free(revoked);
	km_gms_free(gms);
	km_gms_free(gms_of_files);
	km_seal_free(seal);
	km_store_free(store);
	km_keyring_free(ring);
	km_keyring_free(other_ring);
	lab_end(&lab);
	km_complaint_free(why);
	return 0;
}

/* ---- arguments ------------------------------------------------------------------------------- */

static void check(const char *call, km_err got, km_err wanted, const char *field)
{
	if (got != wanted || strcmp(km_complaint_field(why), field) != 0)
		fail_msg("%s: %d (%s), \"%s\" instead of %d, \"%s\"", call, got, km_complaint_text(why),
				km_complaint_field(why), wanted, field);
}

/* The call, its error, the field. */
#define REFUSED(call, err, field) check(#call, call, err, field)
/* The same, and out, which points to something before, is NULL after it. */
#define NONE(out, call, err, field) \
	do { \
		(out) = (void *)(uintptr_t)&memory; \
		check(#call, call, err, field); \
		assert_null(out); \
	} while (0)

static void arguments_of_rings_and_stores(void **ctx)
{
	static const uint8_t zero[KM_SEAL_BYTES];
	km_store *s;
	km_pool *p;
	km_seal *l;
	km_gms *g;

	(void)ctx;
	NONE(p, km_pool_new(&p, 0, why), KM_EARG, "threads");
	NONE(p, km_pool_new(&p, 257, why), KM_EARG, "threads");
	NONE(p, km_pool_on(&p, NULL, NULL, why), KM_EARG, "calls");
	REFUSED(km_keyring_add_keys(ring, "", 0, "keys", 0, why), KM_EARG, "use");
	REFUSED(km_keyring_add_keys(ring, "", 0, "keys", 4, why), KM_EARG, "use");
	REFUSED(km_keyring_load_keys(ring, "/dev/null", 0, why), KM_EARG, "use");
	NONE(s, km_store_files(&s, NULL, KM_MAY_BEGIN, why), KM_EARG, "place");
	NONE(s, km_store_files(&s, "", KM_MAY_BEGIN, why), KM_EARG, "place");
	NONE(s, km_store_files(&s, nowhere, (km_begin)0, why), KM_EARG, "begin");
	NONE(s, km_store_files(&s, nowhere, (km_begin)4, why), KM_EARG, "begin");
	NONE(s, km_store_on(&s, NULL, &memory, seal, why), KM_EARG, "calls");
	NONE(s, km_store_on(&s, &memory_store_calls, &memory, NULL, why), KM_EARG, "seal");
	NONE(s, km_store_on(&s, &memory_store_calls, &memory, km_seal_none(), why), KM_EARG, "seal");
	assert_int_equal(km_seal_new(&l, zero), KM_EARG);       /* which complains to nobody */
	assert_null(l);
	NONE(l, km_seal_file(&l, NULL, KM_MAY_BEGIN, why), KM_EARG, "path");
	NONE(l, km_seal_file(&l, "", KM_MAY_BEGIN, why), KM_EARG, "path");
	NONE(l, km_seal_file(&l, nowhere, (km_begin)0, why), KM_EARG, "begin");
	NONE(l, km_seal_file(&l, nowhere, (km_begin)4, why), KM_EARG, "begin");
	NONE(g, km_gms_new(&g, ring, store, NULL, KMS, why), KM_EARG, "uri");
	NONE(g, km_gms_new(&g, ring, store, "", KMS, why), KM_EARG, "uri");
	NONE(g, km_gms_new(&g, ring, store, "sip:g ms@h", KMS, why), KM_EARG, "uri");
	NONE(g, km_gms_new(&g, ring, store, GMS, NULL, why), KM_EARG, "kms_uri");
	NONE(g, km_gms_new(&g, ring, store, GMS, "", why), KM_EARG, "kms_uri");
	NONE(g, km_gms_new(&g, ring, store, GMS, "other", why), KM_EARG, "kms_uri");
	NONE(g, km_gms_new(&g, other_ring, store, GMS, KMS, why), KM_EARG, "kms_uri");
}

static void arguments_of_keys_that_are_new(void **ctx)
{
	static const uint8_t zero[KM_SSV_BYTES], some[KM_SSV_BYTES] = { 1 };
	const km_key_params p = good_params();
	const km_time now = LAB_NOW;
	km_key_info info = { .struct_size = sizeof info };
	km_time t;
	km_key *k;

	(void)ctx;
	km_key_tell(&info, key);
	REFUSED(km_gms_next_t(&t, gms, unset, why), KM_ECLOCK, "now");
	assert_true(t.seconds == 0 && t.fraction == 0);
	REFUSED(km_gms_next_t(&t, gms, (km_time){ now.seconds - 901, 0 }, why), KM_ECLOCK, "now");
	REFUSED(km_gms_next_t(&t, gms, (km_time){ now.seconds + 31536000, 0 }, why), KM_ECLOCK, "now");
	NONE(k, km_key_new(&k, gms_of_files, &p, now, why), KM_EARG, "gms");
	NONE(k, km_key_new(&k, gms, NULL, now, why), KM_EARG, "params");
	NONE(k, km_key_new(&k, gms, &p, unset, why), KM_ECLOCK, "now");
	NONE(k, km_key_new_unkept(&k, gms, NULL, now, why), KM_EARG, "params");
	NONE(k, km_key_new_unkept(&k, gms, &p, unset, why), KM_ECLOCK, "now");
	NONE(k, km_key_take_gmk(&k, gms, NULL, some, 1, &p, now, why), KM_EARG, "gmk");
	NONE(k, km_key_take_gmk(&k, gms, zero, some, 1, &p, now, why), KM_EARG, "gmk");
	NONE(k, km_key_take_gmk(&k, gms, some, NULL, 1, &p, now, why), KM_EARG, "rand");
	NONE(k, km_key_take_gmk(&k, gms, some, zero, 1, &p, now, why), KM_EARG, "rand");
	NONE(k, km_key_take_gmk(&k, gms, some, some, 0, &p, now, why), KM_EARG, "gmk_id");
	NONE(k, km_key_take_gmk(&k, gms, some, some, 0x10000001, &p, now, why), KM_EARG, "gmk_id");
	NONE(k, km_key_take_gmk(&k, gms, some, some, info.gmk_id, &p, now, why), KM_EARG, "gmk_id");
	NONE(k, km_key_take_gmk(&k, gms, some, some, 1, NULL, now, why), KM_EARG, "params");
	NONE(k, km_key_take_gmk(&k, gms, some, some, 1, &p, unset, why), KM_ECLOCK, "now");
}

static void arguments_of_keys_that_are_kept(void **ctx)
{
	const char *const path = nowhere, *const no_path = NULL;
	const km_seal *none = km_seal_none();
	const km_key_params p = good_params(), *params = &p, *no_params = NULL;
	const km_time now = LAB_NOW;
	uint8_t out[4096];
	uint32_t is_new;
	km_err status;
	size_t len;
	km_key *k;

	(void)ctx;
	NONE(k, km_key_file(&k, &is_new, gms, NULL, none, &p, now, why), KM_EARG, "path");
	NONE(k, km_key_file(&k, &is_new, gms, path, NULL, &p, now, why), KM_EARG, "seal");
	NONE(k, km_key_file(&k, &is_new, gms, path, none, NULL, now, why), KM_EARG, "params");
	NONE(k, km_key_file(&k, &is_new, gms, path, none, &p, unset, why), KM_ECLOCK, "now");
	NONE(k, km_key_files(&k, &is_new, &status, gms, NULL, none, &params, 1, now, why), KM_EARG, "paths");
	NONE(k, km_key_files(&k, &is_new, &status, gms, &path, NULL, &params, 1, now, why), KM_EARG, "seal");
	NONE(k, km_key_files(&k, &is_new, &status, gms, &path, none, NULL, 1, now, why), KM_EARG, "params");
	NONE(k, km_key_files(&k, &is_new, &status, gms, &no_path, none, &params, 1, now, why), KM_EPARTIAL, "paths");
	NONE(k, km_key_files(&k, &is_new, &status, gms, &path, none, &no_params, 1, now, why), KM_EPARTIAL, "params");
	assert_int_equal(status, KM_EARG);
	NONE(k, km_key_load(&k, gms, NULL, none, why), KM_EARG, "path");
	NONE(k, km_key_load(&k, gms, path, NULL, why), KM_EARG, "seal");
	NONE(k, km_key_import(&k, gms, NULL, 0, seal, why), KM_EARG, "sealed");
	NONE(k, km_key_import(&k, gms, out, 0, NULL, why), KM_EARG, "seal");
	NONE(k, km_key_import(&k, gms, out, 0, none, why), KM_EARG, "seal");
	REFUSED(km_key_export(out, sizeof out, &len, NULL, seal, why), KM_EARG, "key");
	REFUSED(km_key_export(out, sizeof out, &len, key, NULL, why), KM_EARG, "seal");
	REFUSED(km_key_export(out, sizeof out, &len, key, none, why), KM_EARG, "seal");
	REFUSED(km_key_export(NULL, 0, &len, key, seal, why), KM_EARG, "room");
	assert_in_range(len, 1, sizeof out);
	REFUSED(km_key_export(out, len - 1, &len, key, seal, why), KM_EARG, "room");
	REFUSED(km_key_export(out, sizeof out, &len, from_message, seal, why), KM_EARG, "key");
	REFUSED(km_key_revoke(from_message, why), KM_EARG, "key");
}

static void arguments_of_batches(void **ctx)
{
	const uint32_t n = km_keyring_kms(ring, KMS, strlen(KMS));
	const size_t len = strlen(ALICE);
	km_given *g;

	(void)ctx;
	REFUSED(km_batch_add(batch, NULL, ALICE, len, n, KM_GIVE, 0, why), KM_EARG, "key");
	REFUSED(km_batch_add(batch, from_message, ALICE, len, n, KM_GIVE, 0, why), KM_EARG, "key");
	REFUSED(km_batch_add(other_batch, key, ALICE, len, n, KM_GIVE, 0, why), KM_EARG, "key");
	REFUSED(km_batch_add(batch, revoked, ALICE, len, n, KM_GIVE, 0, why), KM_EREVOKED, "key");
	REFUSED(km_batch_add(batch, key, NULL, 0, n, KM_GIVE, 0, why), KM_EARG, "uri");
	REFUSED(km_batch_add(batch, key, ALICE, len, 0, KM_GIVE, 0, why), KM_EARG, "kms");
	REFUSED(km_batch_add(batch, key, ALICE, len, n + 1, KM_GIVE, 0, why), KM_EARG, "kms");
	REFUSED(km_batch_add(batch, key, ALICE, len, n, 0, 0, why), KM_EARG, "what");
	REFUSED(km_batch_add(batch, key, ALICE, len, n, 3, 0, why), KM_EARG, "what");
	REFUSED(km_batch_add(batch, key, ALICE, len, n, KM_REVOKE, 0, why), KM_EARG, "what");
	assert_int_equal(km_batch_count(batch), 0);
	must(km_batch_add(batch, key, ALICE, len, n, KM_GIVE, 0, why));
	REFUSED(km_batch_run(batch, unset, why), KM_ECLOCK, "now");
	REFUSED(km_batch_run(batch, (km_time){ LAB_NOW.seconds - 901, 0 }, why), KM_ECLOCK, "now");
	km_batch_clear(batch);
	NONE(g, km_gms_given(&g, from_message, why), KM_EARG, "key");
}

static void arguments_of_clients(void **ctx)
{
	km_opened opened = { .struct_size = sizeof opened };
	uint8_t media[KM_SRTP_KEY_BYTES], salt[KM_SRTP_SALT_BYTES];
	km_client *c;
	char text[8];
	size_t len;

	(void)ctx;
	NONE(c, km_client_file(&c, ring, NULL, seal, KM_MAY_BEGIN, why), KM_EARG, "path");
	NONE(c, km_client_file(&c, ring, "", seal, KM_MAY_BEGIN, why), KM_EARG, "path");
	NONE(c, km_client_file(&c, ring, nowhere, NULL, KM_MAY_BEGIN, why), KM_EARG, "seal");
	NONE(c, km_client_file(&c, ring, nowhere, seal, (km_begin)0, why), KM_EARG, "begin");
	NONE(c, km_client_file(&c, ring, nowhere, seal, (km_begin)4, why), KM_EARG, "begin");
	REFUSED(km_client_trust(client, NULL, KMS, GROUP, why), KM_EARG, "gms");
	REFUSED(km_client_trust(client, "", KMS, GROUP, why), KM_EARG, "gms");
	REFUSED(km_client_trust(client, GMS, NULL, GROUP, why), KM_EARG, "kms");
	REFUSED(km_client_trust(client, GMS, "", GROUP, why), KM_EARG, "kms");
	REFUSED(km_client_trust(client, GMS, KMS, NULL, why), KM_EARG, "group");
	REFUSED(km_client_trust(client, GMS, KMS, "", why), KM_EARG, "group");
	REFUSED((km_err)km_client_open(&opened, client, message, message_len, NULL, LAB_NOW, why), (km_err)KM_R_CALL,
			"signalling");
	REFUSED((km_err)km_client_open(&opened, client, message, message_len, &anyone, (km_time){ INT64_MAX, 0 }, why),
			(km_err)KM_R_CALL, "now");
	opened = (km_opened){ .struct_size = 0 };
	REFUSED((km_err)km_client_open(&opened, client, message, message_len, &anyone, LAB_NOW, why),
			(km_err)KM_R_CALL, "struct_size");
	assert_null(opened.key);

	/* Those that complain to nobody. */
	assert_int_equal(km_key_srtp(media, salt, key, 0, 1), KM_EARG);
	assert_int_equal(km_key_srtp(media, salt, key, 3, 1), KM_EARG);
	assert_int_equal(km_key_str(key, (km_key_part)0, 0).len, 0);
	assert_int_equal(km_key_str(key, (km_key_part)(KM_KEY_RAND + 1), 0).len, 0);
	assert_int_equal(km_inspect(text, sizeof text, &len, message, message_len, 0), KM_EARG);
	assert_int_equal(km_inspect(text, sizeof text, &len, message, message_len, 3), KM_EARG);
	assert_int_equal(km_inspect(text, sizeof text, &len, message, message_len, KM_INSPECT_TEXT), KM_EARG);
	assert_true(len > sizeof text);
}

/* A struct that says no size is left as it is. */
static void results_want_a_size(void **ctx)
{
	km_view *view;
	km_kms_info kms = { .kms = 77 };
	km_keys_info keys = { .kms = 77 };
	km_key_info info = { .gmk_id = 77 };
	km_made made = { .tag = 77 };
	km_given *given;
	km_holder holder = { .has = 77 };

	(void)ctx;
	must(km_keyring_view(&view, ring));
	assert_int_equal(km_view_kms(&kms, view, 0), 0);
	assert_int_equal(km_view_keys(&keys, view, 0), 0);
	km_view_free(view);
	km_key_tell(&info, key);
	must(km_gms_given(&given, key, why));
	assert_int_equal(km_given_count(given), 1);
	assert_int_equal(km_given_at(&holder, given, 0), 0);
	km_given_free(given);
	must(km_batch_add(batch, key, "no URI", 6, KM_KMS_OF_GMS, KM_GIVE, 0, why));
	assert_int_equal(km_batch_run(batch, LAB_NOW, why), KM_EPARTIAL);
	assert_int_equal(km_batch_made(&made, batch, 0), 0);
	assert_int_equal(km_batch_delivered(batch, why), KM_EARG);
	assert_string_equal(km_complaint_field(why), "struct_size");
	must(km_batch_taken_back(batch, why));
	km_batch_clear(batch);
	must(km_batch_add(batch, key, "no URI", 6, KM_KMS_OF_GMS, KM_GIVE, 0, why));
	assert_int_equal(km_batch_run(batch, LAB_NOW, why), KM_EPARTIAL);
	must(km_batch_delivered(batch, why));
	km_batch_clear(batch);
	assert_true(kms.kms == 77 && keys.kms == 77 && info.gmk_id == 77 && made.tag == 77 && holder.has == 77);
}

/* ---- fields ---------------------------------------------------------------------------------- */

static km_err with_params(const void *changed)
{
	km_key *k;
	km_err err = km_key_new_unkept(&k, gms, changed, LAB_NOW, why);

	km_key_free(k);
	return err;
}

static km_err with_pool_calls(const void *changed)
{
	km_pool *p;
	km_err err = km_pool_on(&p, changed, NULL, why);

	km_pool_free(p);
	return err;
}

static km_err with_store_calls(const void *changed)
{
	km_store *s;
	km_err err = km_store_on(&s, changed, &memory, seal, why);

	km_store_free(s);
	return err;
}

/* A replay, where nothing is wrong with the call. */
static km_err with_signalling(const void *changed)
{
	km_opened opened = { .struct_size = sizeof opened };
	km_reason r = km_client_open(&opened, client, message, message_len, changed, LAB_NOW, why);

	assert_null(opened.key);
	return r == KM_R_CALL ? KM_EARG : r == KM_R_REPLAY ? KM_OK : KM_EFAULT;
}

/* Each field of each struct that a caller fills in; may_be_0: that says something. */
#define FIELDS(X) \
	X(km_pool_calls, struct_size, 0) X(km_pool_calls, each, 0) X(km_pool_calls, later, 0) \
	X(km_store_calls, struct_size, 0) X(km_store_calls, advance, 0) X(km_store_calls, add_ids, 0) \
	X(km_store_calls, revoke_id, 0) X(km_store_calls, look_up, 0) X(km_store_calls, keep_key, 0) \
	X(km_store_calls, mark, 0) X(km_store_calls, end_run, 0) X(km_store_calls, given, 0) \
	X(km_key_params, struct_size, 0) X(km_key_params, activation, 0) X(km_key_params, expiry, 0) \
	X(km_key_params, text, 1) X(km_key_params, groups, 0) X(km_key_params, n_groups, 0) \
	X(km_key_params, authority, 0) X(km_key_params, shared, 0) X(km_key_params, members, 0) \
	X(km_key_params, n_members, 0) \
	X(km_signalling, struct_size, 0) X(km_signalling, from, 0) X(km_signalling, group, 0)

static const struct {
	const char *type, *field;
	size_t at, size;
	int may_be_0;
} fields[] = {
#define FIELD(type, field, may_be_0) { #type, #field, offsetof(type, field), sizeof ((type *)NULL)->field, may_be_0 },
	FIELDS(FIELD)
};
enum { N_FIELDS = sizeof fields / sizeof *fields };

static int do_nothing(void *ctx, km_work *work, void *arg)
{
	return (void)ctx, (void)work, (void)arg, 0;
}

static int do_none(void *ctx, km_work *work, void *arg, size_t n)
{
	return (void)ctx, (void)work, (void)arg, (void)n, 0;
}

/* good, which works, and then with each field 0. */
static void each_field_counts(const char *type, const void *good, size_t size, km_err (*call)(const void *changed))
{
	_Alignas(max_align_t) uint8_t changed[256];

	assert_true(size <= sizeof changed);
	check(type, call(good), KM_OK, "");
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (strcmp(fields[i].type, type) != 0)
			continue;
		memcpy(changed, good, size);
		memset(changed + fields[i].at, 0, fields[i].size);
		check(fields[i].field, call(changed), fields[i].may_be_0 ? KM_OK : KM_EARG,
				fields[i].may_be_0 ? "" : fields[i].field);
	}
	memset(changed, 0, size);
	check(type, call(changed), KM_EARG, "struct_size");
}

static void each_field_of_a_struct_is_wanted(void **ctx)
{
	const km_pool_calls pool_calls = { sizeof pool_calls, do_none, do_nothing };
	const km_key_params params = good_params();

	(void)ctx;
	each_field_counts("km_pool_calls", &pool_calls, sizeof pool_calls, with_pool_calls);
	each_field_counts("km_store_calls", &memory_store_calls, sizeof memory_store_calls, with_store_calls);
	each_field_counts("km_key_params", &params, sizeof params, with_params);
	each_field_counts("km_signalling", &anyone, sizeof anyone, with_signalling);
}

/* What is there, and not what it is to be. */
static void fields_are_looked_at(void **ctx)
{
	static const km_str twice[] = { STR(GROUP), STR("SIP:fire-1@GMS-psi.example.org") };
	static const km_str elsewhere[] = { STR("sip:fire-1@example.org") }, no_uri[] = { STR("fire 1") };
	static char long_text[KM_TEXT_MAX + 1];
	const int64_t now = LAB_NOW.seconds;
	km_key_params p;

	(void)ctx;
#define WITH(change, field) \
	p = good_params(); \
	p.change; \
	check(#change, with_params(&p), KM_EARG, field)
	WITH(struct_size = sizeof p - 8, "struct_size");
	WITH(activation.seconds = KM_NEVER, "activation");
	WITH(activation = ((km_time){ now, 1 }), "activation");
	WITH(activation.seconds = (int64_t)1 << 40, "activation");
	WITH(activation.seconds = -1, "activation");
	WITH(expiry.seconds = KM_AT_ONCE, "expiry");
	WITH(expiry = ((km_time){ now + 10, 1 }), "expiry");
	WITH(expiry.seconds = (int64_t)1 << 40, "expiry");
	WITH(expiry.seconds = now, "expiry");
	WITH(activation.seconds = now + 20; p.expiry.seconds = now + 10, "expiry");
	memset(long_text, 'x', sizeof long_text);
	WITH(text = ((km_str){ long_text, sizeof long_text }), "text");
	WITH(text = ((km_str)STR("\xff")), "text");
	WITH(text = ((km_str)STR("a\0b")), "text");
	WITH(text.s = NULL, "text");
	WITH(n_groups = KM_GROUPS_MAX + 1, "n_groups");
	WITH(groups = twice; p.n_groups = 2, "groups");
	WITH(groups = elsewhere, "groups");
	WITH(groups = no_uri, "groups");
	WITH(authority = 3, "authority");
	WITH(shared = 3, "shared");
	WITH(n_members = 20001, "n_members");
	WITH(members = no_uri, "members");
#undef WITH
}

/* ---- settings -------------------------------------------------------------------------------- */

/* Setting, its greatest value or the last of its words. */
#define SETTINGS(X) \
	X(ring, KM_RING_TABLES_BYTES, UINT64_MAX) X(ring, KM_RING_PERIODS, KM_PERIODS_ANY) \
	X(ring, KM_RING_NAMESPACES, KM_NAMESPACES_ANY) \
	X(gms, KM_GMS_CLOCK_BEHIND, UINT32_MAX) \
	X(batch, KM_BATCH_IDENTITY, KM_IDENTITY_UID) X(batch, KM_BATCH_MAP, KM_MAP_GENERIC) \
	X(batch, KM_BATCH_SERVICES, KM_SERVICE_MCPTT | KM_SERVICE_MCVIDEO) X(batch, KM_BATCH_TO_SELF, KM_TO_SELF_YES) \
	X(batch, KM_BATCH_MEMBERS, KM_URI_STRICT) X(batch, KM_BATCH_JOURNAL, KM_JOURNAL_OFF) \
	X(client, KM_CLIENT_WINDOW, UINT32_MAX) X(client, KM_CLIENT_COMPAT, 7)

static km_err set_ring(int what, uint64_t value) { return km_keyring_set(other_ring, (km_ring_setting)what, value, why); }
static km_err set_gms(int what, uint64_t value) { return km_gms_set(gms_of_files, (km_gms_setting)what, value, why); }
static km_err set_batch(int what, uint64_t value) { return km_batch_set(other_batch, (km_batch_setting)what, value, why); }

static km_err set_client(int what, uint64_t value)
{
	km_client *c;
	km_err err;

	must(km_client_forgetful(&c, ring));
	err = km_client_set(c, (km_client_setting)what, value, why);
	km_client_free(c);
	return err;
}

static const struct {
	const char *name, *of;
	km_err (*set)(int what, uint64_t value);
	int what;
	uint64_t most;
} settings[] = {
#define SETTING(of, name, most) { #name, #of, set_##of, name, most },
	SETTINGS(SETTING)
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

static void each_setting_has_its_values(void **ctx)
{
	(void)ctx;
	for (size_t i = 0; i < N_SETTINGS; i++) {
		check(settings[i].name, settings[i].set(settings[i].what, settings[i].most), KM_OK, "");
		check(settings[i].name, settings[i].set(settings[i].what, 0), KM_EARG, settings[i].name);
		if (settings[i].most < UINT64_MAX)
			check(settings[i].name, settings[i].set(settings[i].what, settings[i].most + 1), KM_EARG,
					settings[i].name);
		check(settings[i].of, settings[i].set(0, 1), KM_EARG, "what");
		check(settings[i].of, settings[i].set(99, 1), KM_EARG, "what");
	}
}

/* ---- the tables are whole -------------------------------------------------------------------- */

/* gmk.h without its comments; NUL at its end. */
static char *header(void)
{
	char *text = NULL, *from, *to;
	size_t room = 0;
	FILE *f = fopen("provision/gmk.h", "r");

	assert_non_null(f);
	assert_true(getdelim(&text, &room, '\0', f) > 0);
	fclose(f);
	while ((from = strstr(text, "/*")) != NULL) {
		to = strstr(from, "*/");
		assert_non_null(to);
		memmove(from, to + 2, strlen(to + 2) + 1);
	}
	return text;
}

static size_t count(const char *from, const char *to, char wanted)
{
	size_t n = 0;

	for (int depth = 0; from < to; from++) {
		depth += (*from == '(') - (*from == ')');
		n += depth == 0 && *from == wanted;
	}
	return n;
}

/* What stands between the braces before } NAME; */
static const char *body(const char **end, const char *text, const char *name)
{
	char closing[64];
	const char *from;

	snprintf(closing, sizeof closing, "} %s;", name);
	from = *end = strstr(text, closing);
	assert_non_null(from);
	while (*from != '{')
		from--;
	return from + 1;
}

static size_t count_text(const char *text, const char *wanted)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, wanted)) != NULL; at++)
		n++;
	return n;
}

static void the_tables_are_whole(void **ctx)
{
	static const char *const kinds[] = { "km_ring_setting", "km_gms_setting", "km_batch_setting", "km_client_setting" };
	char *text = header();
	const char *from, *end;
	size_t n = 0;

	(void)ctx;
	for (size_t i = 0; i < N_FIELDS; i += n) {
		n = 0;
		while (i + n < N_FIELDS && strcmp(fields[i + n].type, fields[i].type) == 0)
			n++;
		from = body(&end, text, fields[i].type);
		if (count(from, end, ';') + count(from, end, ',') != n)
			fail_msg("%s has %zu fields, of which %zu are tried", fields[i].type,
					count(from, end, ';') + count(from, end, ','), n);
	}
	assert_int_equal(count_text(text, "size_t struct_size;"), 4 + 6);       /* of the caller's; results, above */
	n = 0;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		from = body(&end, text, kinds[i]);
		n += count(from, end, '=');
	}
	assert_int_equal(n, N_SETTINGS);
	assert_int_equal(count_text(text, "_setting;"), sizeof kinds / sizeof *kinds);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_of_rings_and_stores),
		cmocka_unit_test(arguments_of_keys_that_are_new),
		cmocka_unit_test(arguments_of_keys_that_are_kept),
		cmocka_unit_test(arguments_of_batches),
		cmocka_unit_test(arguments_of_clients),
		cmocka_unit_test(results_want_a_size),
		cmocka_unit_test(each_field_of_a_struct_is_wanted),
		cmocka_unit_test(fields_are_looked_at),
		cmocka_unit_test(each_setting_has_its_values),
		cmocka_unit_test(the_tables_are_whole),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
