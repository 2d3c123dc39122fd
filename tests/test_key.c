/* test_key.c -- group keys: opaque, counted, their GMK locked and wiped, refused by field. */
#include "util.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provision/base/complain.h"
#include "provision/base/file.h"
#include "provision/keys/keyfile.h"
#include "util_dir.h"
#include "util_key.h"

#define GMS "sip:gms@gms-psi.example.org"
#define STR(s) { s, sizeof s - 1 }

static km_complaint why;
static const km_str gms = STR(GMS), kms = STR("kms.example.org");
static const km_str groups[] = { STR("sip:fire-1@gms-psi.example.org"), STR("sip:fire-2@gms-psi.example.org") };
static const km_time now = { 1790000000, 5 }, last_t = { 1790000100, 0 };

static km_key_params some_params(void)
{
	return (km_key_params){
		.struct_size = sizeof(km_key_params), .activation = { 1789000000, 0 }, .expiry = { 1800000000, 0 },
		.text = STR("Fire ground 1"), .groups = groups, .n_groups = 2, .authority = KM_AUTHORITY_PSI,
		.shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER,
	};
}

static km_key *some_key(void)
{
	static const uint8_t rand[KM_RAND_BYTES] = { 9, 8, 7 };
	static const uint8_t gmk[KM_SSV_BYTES] = { 0xaa, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xbb };
	const km_key_params params = some_params();
	key_parts parts = key_params_parts(&params);
	km_key *key;

	parts.gmk = gmk;
	parts.rand = rand;
	parts.rand_len = sizeof rand;
	parts.gms = gms;
	parts.kms = kms;
	parts.gmk_id = 0x00abcdef;
	assert_int_equal(key_make(&key, &parts, &why), KM_OK);
	return key;
}

static bool is_str(km_str s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.s, text, s.len + 1) == 0;
}

/* ---- what it tells --------------------------------------------------------------------------- */

static void a_key_tells_what_it_was_made_of(void **ctx)
{
	km_key *key = some_key();
	km_key_info info = { .struct_size = sizeof info };
	uint8_t gmk[KM_SSV_BYTES];

	(void)ctx;
	km_key_tell(&info, key);
	assert_int_equal(info.struct_size, sizeof info);
	assert_int_equal(info.gmk_id, 0x00abcdef);
	assert_int_equal(info.is_revoked, 0);
	assert_int_equal(info.activation.seconds, 1789000000);
	assert_int_equal(info.expiry.seconds, 1800000000);
	assert_int_equal(info.n_groups, 2);
	assert_true(is_str(km_key_str(key, KM_KEY_TEXT, 0), "Fire ground 1"));
	assert_true(is_str(km_key_str(key, KM_KEY_GMS, 0), GMS));
	assert_true(is_str(km_key_str(key, KM_KEY_KMS, 0), "kms.example.org"));
	assert_true(is_str(km_key_str(key, KM_KEY_GROUP, 1), groups[1].s));
	assert_int_equal(km_key_str(key, KM_KEY_GROUP, 2).len, 0);
	assert_int_equal(km_key_str(key, KM_KEY_TEXT, 1).len, 0);
	assert_int_equal(km_key_str(key, KM_KEY_MEMBER, 0).len, 0);
	assert_int_equal(km_key_str(key, KM_KEY_RAND, 0).len, KM_RAND_BYTES);
	assert_int_equal(km_key_str(key, (km_key_part)0, 0).len, 0);
	km_key_show_gmk(gmk, key);
	assert_int_equal(gmk[0], 0xaa);
	assert_int_equal(gmk[15], 0xbb);
	km_key_free(key);
	km_key_free(NULL);
}

static void a_key_without_limits_says_so(void **ctx)
{
	km_key_params params = some_params();
	km_key_info info = { .struct_size = sizeof info };
	km_key *key;
	key_parts parts;

	(void)ctx;
	params.activation = (km_time){ KM_AT_ONCE, 0 };
	params.expiry = (km_time){ KM_NEVER, 0 };
	assert_int_equal(key_params_check(&params, gms, now, last_t, &why), KM_OK);
	parts = key_params_parts(&params);
	assert_int_equal(key_draw(&key, &parts, NULL, 0, &why), KM_OK);
	km_key_tell(&info, key);
	assert_true(info.activation.seconds == KM_AT_ONCE && info.expiry.seconds == KM_NEVER);
	assert_int_equal(key_params_same(&params, key, &why), KM_OK);
	km_key_free(key);
}

/* ---- what members are told ------------------------------------------------------------------- */

static void contents_differ_in_the_status_alone(void **ctx)
{
	km_key *key = some_key();
	octets give = key_content(key, KM_GIVE), revoke = key_content(key, KM_REVOKE);
	km_str read_groups[KM_GROUPS_MAX];
	keyparams read;

	(void)ctx;
	assert_int_equal(give.len, revoke.len);
	assert_null(keyparams_read(&read, read_groups, give.data, give.len));
	assert_int_equal(read.status, KM_STATUS_NOT_REVOKED);
	assert_int_equal(read.activation, 1789000000);
	assert_int_equal(read.n_groups, 2);
	assert_int_equal(read.text.len, strlen("Fire ground 1"));
	assert_null(keyparams_read(&read, read_groups, revoke.data, revoke.len));
	assert_int_equal(read.status, 0);
	assert_memory_equal(give.data, revoke.data, 1);
	assert_memory_equal(give.data + 5, revoke.data + 5, give.len - 5);
	km_key_free(key);
}

static void self_is_kept_for_one_uid_at_one_kms(void **ctx)
{
	static const uint8_t uid[2][KM_UID_BYTES] = { { 1 }, { 2 } };
	static const uint8_t z[2][KM_SAKKE_POINT_BYTES] = { { 4, 1 }, { 4, 2 } };
	static const uint8_t sed[2][KM_SED_BYTES] = { { 5 }, { 6 } };
	km_key *key = some_key();
	uint8_t out[KM_SED_BYTES] = { 0 };

	(void)ctx;
	assert_false(key_self(out, key, uid[0], z[0]));
	key_keep_self(key, sed[0], uid[0], z[0]);
	assert_false(key_self(out, key, uid[1], z[0]));
	assert_false(key_self(out, key, uid[0], z[1]));
	assert_int_equal(out[0], 0);
	assert_true(key_self(out, key, uid[0], z[0]));
	assert_memory_equal(out, sed[0], sizeof out);
	key_keep_self(key, sed[1], uid[1], z[0]);
	assert_false(key_self(out, key, uid[0], z[0]));
	assert_true(key_self(out, key, uid[1], z[0]));
	assert_memory_equal(out, sed[1], sizeof out);
	km_key_free(key);
}

static void a_key_shared_with_a_gateway_says_so(void **ctx)
{
	km_key_params params = some_params();
	km_str read_groups[KM_GROUPS_MAX];
	key_parts parts;
	keyparams read;
	octets give;
	km_key *key;

	(void)ctx;
	params.shared = KM_SHARED_WITH_GATEWAY;
	parts = key_params_parts(&params);
	assert_int_equal(key_draw(&key, &parts, NULL, 0, &why), KM_OK);
	give = key_content(key, KM_GIVE);
	assert_null(keyparams_read(&read, read_groups, give.data, give.len));
	assert_int_equal(read.status, KM_STATUS_NOT_REVOKED | KM_STATUS_SHARED_WITH_GATEWAY);
	km_key_free(key);
}

/* The vectors that a vendor published, as in test_uid.c. */
static void media_keys_of_published_vectors(void **ctx)
{
	static const char uri[] = "sip:p25user01@etherstack.com";
	const km_key_params params = some_params();
	key_parts parts = key_params_parts(&params);
	uint8_t gmk[KM_SSV_BYTES], rand[KM_RAND_BYTES];
	uint8_t media[KM_SRTP_KEY_BYTES], salt[KM_SRTP_SALT_BYTES], want[KM_SRTP_KEY_BYTES];
	km_key *key;

	(void)ctx;
	from_hex(gmk, sizeof gmk, "fcfe65cd967c58d260b603ccb9a887a9");
	from_hex(rand, sizeof rand, "6819e679461120e10ac458cce67b8024");
	parts.gmk = gmk;
	parts.rand = rand;
	parts.rand_len = sizeof rand;
	parts.gmk_id = 0x09bf9d37;
	assert_int_equal(key_make(&key, &parts, &why), KM_OK);
	assert_int_equal(km_key_guk_id(key, uri, strlen(uri)), 0x01c8de7b);
	assert_int_equal(km_key_srtp(media, salt, key, KM_SERVICE_MCPTT, 0x01c8de7b), KM_OK);
	from_hex(want, sizeof media, "64837d2b4d69a266e4489d3807353ad9");
	assert_memory_equal(media, want, sizeof media);
	from_hex(want, sizeof salt, "8b2f081ce8e8bdab1f8d9eb8");
	assert_memory_equal(salt, want, sizeof salt);
	assert_int_equal(km_key_srtp(media, salt, key, KM_SERVICE_MCVIDEO, 0x01c8de7b), KM_OK);
	assert_memory_not_equal(salt, want, sizeof salt);
	assert_int_equal(km_key_srtp(media, salt, key, 3, 0x01c8de7b), KM_EARG);
	memset(want, 0, sizeof want);
	assert_memory_equal(media, want, sizeof media);
	assert_memory_equal(salt, want, sizeof salt);
	km_key_free(key);
}

/* ---- in a file -------------------------------------------------------------------------------- */

static km_key *odd_key(void)
{
	return key_for(0x00abcdef, "sip:gms@gms-psi.example.org", "kms.example.org", "Feuer \"1\" \\ \xc3\xbc\n", 1800000000,
			(const char *const[]){ "sip:a@h", "sip:b\"@h", NULL });
}

static void assert_same_key(const km_key *a, const km_key *b)
{
	size_t len_a, len_b;
	char *text_a = keyfile_text(&len_a, a), *text_b = keyfile_text(&len_b, b);

	assert_memory_equal(a->gmk, b->gmk, KM_SSV_BYTES);
	assert_int_equal(a->rand_len, b->rand_len);
	assert_memory_equal(a->rand, b->rand, a->rand_len);
	assert_int_equal(len_a, len_b);
	assert_memory_equal(text_a, text_b, len_a);
	assert_memory_equal(a->content[0], b->content[0], a->content_len);
	file_free(text_a);
	file_free(text_b);
}

static void a_group_key_comes_back(void **ctx)
{
	km_key *key = odd_key(), *back;
	struct stat stat_of;

	(void)ctx;
	assert_int_equal(keyfile_write(key, in_dir("k.gmk"), km_seal_none(), true, &why), KM_OK);
	assert_int_equal(keyfile_write(key, in_dir("k.gmk"), km_seal_none(), true, &why), KM_EIO);
	assert_int_equal(keyfile_write(key, in_dir("k.gmk"), km_seal_none(), false, &why), KM_OK);
	assert_int_equal(stat(in_dir("k.gmk"), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	assert_int_equal(keyfile_read(&back, in_dir("k.gmk"), km_seal_none(), &why), KM_OK);
	assert_same_key(key, back);
	assert_int_equal(back->gmk_id, 0x00abcdef);
	assert_true(is_str(back->gms, "sip:gms@gms-psi.example.org"));
	assert_true(is_str(back->kms, "kms.example.org"));
	assert_true(is_str(back->params.text, "Feuer \"1\" \\ \xc3\xbc\n"));
	assert_int_equal(back->params.expiry, 1800000000);
	assert_int_equal(back->params.n_groups, 2);
	assert_true(is_str(back->params.groups[1], "sip:b\"@h"));
	assert_false(back->revoked);
	assert_null(back->old_salts);
	km_key_free(back);
	key->revoked = true;
	assert_int_equal(keyfile_write(key, in_dir("k.gmk"), km_seal_none(), false, &why), KM_OK);
	assert_int_equal(keyfile_read(&back, in_dir("k.gmk"), km_seal_none(), &why), KM_OK);
	assert_true(back->revoked);
	km_key_free(back);
	km_key_free(key);
}

/* Who may manage its groups, and whether it is shared, only where the key says so: others wrote version 2. */
static void what_a_key_says_beyond_version_2_comes_back(void **ctx)
{
	static const struct {
		uint32_t authority, shared;
		const char *version;
	} rows[] = {
		{ KM_AUTHORITY_PSI, KM_SHARED_NO, "\"version\": 3" }, { KM_AUTHORITY_LISTED, KM_SHARED_NO, "\"version\": 3" },
		{ KM_AUTHORITY_PSI, KM_SHARED_WITH_GATEWAY, "\"version\": 3" }, { 0, KM_SHARED_NO, "\"version\": 2" },
	};

	(void)ctx;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		km_key_params params = some_params();
		key_parts parts = key_params_parts(&params);
		km_key *key, *back;
		size_t len;
		char *text;

		parts.authority = rows[i].authority;
		parts.shared = rows[i].shared;
		parts.gms = gms;
		parts.kms = kms;
		assert_int_equal(key_draw(&key, &parts, NULL, 0, &why), KM_OK);
		text = keyfile_text(&len, key);
		assert_non_null(memmem(text, len, rows[i].version, strlen(rows[i].version)));
		assert_int_equal(keyfile_parse(&back, text, len, "text", &why), KM_OK);
		assert_int_equal(back->authority, rows[i].authority);
		assert_int_equal(back->shared, rows[i].shared);
		assert_same_key(key, back);
		file_free(text);
		km_key_free(key);
		km_key_free(back);
	}
}

static void a_bad_group_key_is_refused(void **ctx)
{
	/* What to replace, with what, and the element that the complaint names. */
	static const char *const bad[][3] = {
		{ "\"version\": 2", "\"version\": 4", "version" },
		{ "\"version\": 2", "\"version\": 2.0", "version" },
		{ "\"version\": 2", "\"version\": 1", "salts" },
		{ "\"version\": 2", "\"version\": 3", "authority" },
		{ "\"version\": 2", "\"version\": 3, \"authority\": \"no\"", "authority" },
		{ "\"version\": 2", "\"version\": 3, \"authority\": \"psi\"", "shared" },
		{ "\"version\": 2", "\"version\": 3, \"authority\": \"psi\", \"shared\": 1", "shared" },
		{ "\"version\": 2", "\"version\": 3, \"authority\": \"psi\", \"shared\": false", "groups" },
		{ "\"version\": 2", "\"version\": 02", ":2: not JSON" },
		{ "\"version\": 2", "\"Version\": 2", "version: is missing" },
		{ "\"revoked\": false", "\"revoked\": false, \"salts\": \"\"", "not known" },
		{ "\"revoked\": false", "\"revoked\": false, \"shared\": false", "not known" },
		{ "\"gmk\": \"aa", "\"gmk\": \"zz", "gmk" },
		{ "\"gmk\": \"aa", "\"gmk\": \"", "gmk" },
		{ "\"gmk\": \"aa", "\"gmk\": 1, \"more\": \"", "gmk" },
		{ "\"00abcdef\"", "\"10abcdef\"", "gmk_id" },
		{ "\"rand\": \"", "\"rand\": \"0", "rand" },
		{ "sip:gms@", "sip: gms@", "gms" },
		{ "\"kms.example.org\"", "null", "kms" },
		{ "kms.example", "kms example", "kms" },
		{ "Feuer", "Feu\\u0000er", "not JSON" },
		{ "Feuer", "Feu\x01" "er", "not JSON" },
		{ "Feuer", "Feu\xff" "er", "not JSON" },
		{ "Feuer", "Feu\\ud800er", "not JSON" },
		{ "\"activation\": 0", "\"activation\": -1", "activation" },
		{ "\"activation\": 0", "\"activation\": \"0\"", "activation" },
		{ "\"activation\": 0", "\"activation\": 1e3", "activation" },
		{ "\"activation\": 0", "\"activation\": 99999999999999999999", "not JSON" },
		{ "\"activation\": 0", "\"activation\": 1900000000", "expiry" },
		{ "1800000000", "1099511627776", "expiry" },
		{ "sip:a@h", "", "groups" },
		{ "[\"sip:a@h\", ", "[\"sip:a@h\", 1, ", "groups" },
		{ "[\"sip:a@h\", ", "[\"sip:a@h\" ", "not JSON" },
		{ "[\"sip:a@h\", ", "{\"sip:a@h\": ", "not JSON" },
		{ "false", "\"no\"", "revoked" },
		{ "false", "falsely", "not JSON" },
		{ "false", "false, \"salts\": \"E\", \"v\": 1", "not known" },
		{ "\"revoked\"", "\"Revoked\"", "revoked" },
		{ "{\n", "{\n\"more\": 1,\n", "not known" },
		{ "{\n", "{\n\"more\": [{\"a\": [1.5e+3, null, -0]}, {}, []],\n", "not known" },
		{ "{\n", "{\n\"gmk\": \"\",\n", "not JSON" },
		{ "{\n", "[{\n", "not JSON" },
		{ "}\n", "", "not JSON" },
		{ "}\n", "},\n", "not JSON" },
		{ "}\n", "}\n}", "not JSON" },
	};
	km_key *key = odd_key(), *back;
	char changed[4200], *text, *at;
	size_t len;

	(void)ctx;
	text = keyfile_text(&len, key);
	km_key_free(key);
	text[len - 1] = '\0';           /* the last line's end stands in changed */
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char what[64];
		size_t n = strlen(bad[i][0]);

		snprintf(what, sizeof what, "%s", bad[i][0]);
		if (strcmp(what, "}\n") == 0)
			what[--n] = '\0';
		at = strstr(text, what);
		assert_non_null(at);
		n = (size_t)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, bad[i][1], at + n);
		write_text(in_dir("b.gmk"), changed);
		assert_int_equal(keyfile_read(&back, in_dir("b.gmk"), km_seal_none(), &why), KM_EFORMAT);
		assert_null(back);
		if (strstr(why.text, bad[i][2]) == NULL)
			fail_msg("%s: %s", bad[i][1], why.text);
		assert_null(strstr(why.text, "0102030405"));
	}
	file_free(text);
	write_text(in_dir("b.gmk"), "[1, 2]");
	assert_int_equal(keyfile_read(&back, in_dir("b.gmk"), km_seal_none(), &why), KM_EFORMAT);
	assert_non_null(strstr(why.text, "not a group key"));
	write_text(in_dir("b.gmk"), "[1, 2] 3");
	assert_int_equal(keyfile_read(&back, in_dir("b.gmk"), km_seal_none(), &why), KM_EFORMAT);
	assert_non_null(strstr(why.text, "not JSON"));
	assert_int_equal(keyfile_read(&back, in_dir("none.gmk"), km_seal_none(), &why), KM_EIO);
}

/* Version 1 kept salts in it. */
static void an_old_group_key_is_read(void **ctx)
{
	static const char *const salts_of[][2] = {
		{ "D////wECAwQ=", NULL }, { "", NULL }, { "H////wECAwQ=", "28 bits" },
		{ "D////wECAw==", "8 octets" }, { "????", "base64" },
	};
	km_key *key;
	char text[1024];

	(void)ctx;
	for (size_t i = 0; i < sizeof salts_of / sizeof *salts_of; i++) {
		snprintf(text, sizeof text, "{\"version\": 1, \"gmk\": \"%032d\", \"gmk_id\": "
				"\"00abcdef\", \"rand\": \"%032d\", \"gms\": \"sip:gms@h\", "
				"\"kms\": \"kms\", \"text\": \"\", \"activation\": 0, "
				"\"expiry\": 0, \"groups\": [], \"revoked\": false, "
				"\"salts\": \"%s\"}", 1, 2, salts_of[i][0]);
		write_text(in_dir("v1.gmk"), text);
		assert_int_equal(keyfile_read(&key, in_dir("v1.gmk"), km_seal_none(), &why),
				salts_of[i][1] == NULL ? KM_OK : KM_EFORMAT);
		if (key == NULL) {
			assert_non_null(strstr(why.text, salts_of[i][1]));
			continue;
		}
		assert_non_null(key->old_salts);
		assert_int_equal(key->n_old_salts, *salts_of[i][0] != '\0');
		if (key->n_old_salts != 0)
			assert_memory_equal(key->old_salts, "\x0f\xff\xff\xff\x01\x02\x03\x04", 8);
		km_key_free(key);
	}
}

/* ---- sealed ---------------------------------------------------------------------------------- */

static km_seal *some_seal(uint8_t first)
{
	const uint8_t from[KM_SEAL_BYTES] = { first, 2, 3 };
	km_seal *seal;

	assert_int_equal(km_seal_new(&seal, from), KM_OK);
	return seal;
}

static void a_sealed_key_comes_back(void **ctx)
{
	km_key *key = odd_key(), *back;
	km_seal *seal = some_seal(1), *other = some_seal(4);
	char *data;
	size_t len;

	(void)ctx;
	assert_int_equal(keyfile_write(key, in_dir("s.gmk"), seal, true, &why), KM_OK);
	assert_int_equal(keyfile_read(&back, in_dir("s.gmk"), seal, &why), KM_OK);
	assert_same_key(key, back);
	km_key_free(back);
	assert_int_equal(keyfile_read(&back, in_dir("s.gmk"), other, &why), KM_EFORMAT);
	assert_null(back);
	assert_non_null(strstr(why.text, "sealed under another key, or damaged"));
	assert_int_equal(keyfile_read(&back, in_dir("s.gmk"), km_seal_none(), &why), KM_EFORMAT);
	assert_non_null(strstr(why.text, "is wanted"));
	assert_true(file_read(&data, &len, in_dir("s.gmk"), 1 << 16, &why));
	assert_memory_equal(data, "keymuster-sealed 1\n", 19);
	assert_null(memmem(data, len, "gmk", 3));
	file_free(data);
	/* A file that was not sealed is read whatever seal there is. */
	assert_int_equal(keyfile_write(key, in_dir("s.gmk"), km_seal_none(), false, &why), KM_OK);
	assert_int_equal(keyfile_read(&back, in_dir("s.gmk"), seal, &why), KM_OK);
	assert_same_key(key, back);
	km_key_free(back);
	km_key_free(key);
	km_seal_free(seal);
	km_seal_free(other);
	km_seal_free(NULL);
}

static void each_octet_of_a_sealed_key_counts(void **ctx)
{
	km_key *key = odd_key(), *back;
	km_seal *seal = some_seal(1);
	uint8_t *sealed, *again;
	size_t len, len_again;

	(void)ctx;
	assert_int_equal(keyfile_seal(&sealed, &len, key, seal), KM_OK);
	assert_int_equal(keyfile_seal(&again, &len_again, key, seal), KM_OK);
	assert_int_equal(len, len_again);
	assert_memory_not_equal(sealed + KEYFILE_SEALED, again + KEYFILE_SEALED, SEAL_NONCE);
	for (size_t i = 0; i < len; i++) {
		sealed[i] ^= 0x10;
		assert_int_equal(keyfile_unseal(&back, sealed, len, seal, "sealed", &why), KM_EFORMAT);
		assert_null(back);
		sealed[i] ^= 0x10;
		assert_int_equal(keyfile_unseal(&back, sealed, i, seal, "sealed", &why), KM_EFORMAT);
	}
	assert_int_equal(keyfile_unseal(&back, sealed, len, seal, "sealed", &why), KM_OK);
	assert_same_key(key, back);
	km_key_free(back);
	km_key_free(key);
	free(sealed);
	free(again);
	km_seal_free(seal);
}

static void a_key_is_exported_sealed(void **ctx)
{
	km_key *key = odd_key(), *back;
	km_seal *seal = some_seal(1);
	uint8_t out[2048], zeros[2048] = { 0 };
	size_t len, wanted;

	(void)ctx;
	assert_int_equal(km_key_export(NULL, 0, &wanted, key, seal, &why), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "room");
	assert_in_range(wanted, 1, sizeof out);
	memset(out, 1, sizeof out);
	assert_int_equal(km_key_export(out, wanted - 1, &len, key, seal, NULL), KM_EARG);
	assert_memory_equal(out, zeros, wanted - 1);
	assert_int_equal(out[wanted - 1], 1);
	assert_int_equal(len, wanted);
	assert_int_equal(km_key_export(out, sizeof out, &len, key, km_seal_none(), &why), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "seal");
	assert_int_equal(km_key_export(out, sizeof out, &len, key, NULL, &why), KM_EARG);
	assert_int_equal(km_key_export(out, sizeof out, &len, NULL, seal, &why), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "key");
	assert_int_equal(km_key_export(out, sizeof out, &len, key, seal, &why), KM_OK);
	assert_int_equal(len, wanted);
	assert_int_equal(keyfile_unseal(&back, out, len, seal, "sealed", &why), KM_OK);
	assert_same_key(key, back);
	km_key_free(back);
	km_key_free(key);
	km_seal_free(seal);
}

static void a_sealing_key_is_drawn_where_it_may_be(void **ctx)
{
	km_key *key = odd_key(), *back;
	km_seal *seal, *again;
	struct stat stat_of;
	uint8_t *sealed;
	size_t len;

	(void)ctx;
	assert_int_equal(km_seal_file(&seal, in_dir("seal"), KM_MUST_EXIST, &why), KM_EIO);
	assert_null(seal);
	assert_int_equal(km_seal_file(&seal, in_dir("seal"), (km_begin)0, &why), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "begin");
	assert_int_equal(km_seal_file(&seal, "", KM_MAY_BEGIN, NULL), KM_EARG);
	assert_int_equal(km_seal_file(&seal, in_dir("no/seal"), KM_MAY_BEGIN, &why), KM_EIO);
	assert_int_equal(km_seal_file(&seal, in_dir("seal"), KM_MAY_BEGIN, &why), KM_OK);
	assert_string_equal(why.text, "");
	assert_int_equal(stat(in_dir("seal"), &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	assert_int_equal(stat_of.st_size, KM_SEAL_BYTES);
	assert_int_equal(km_seal_file(&again, in_dir("seal"), KM_BEGIN_ANEW, &why), KM_OK);
	assert_int_equal(keyfile_seal(&sealed, &len, key, seal), KM_OK);
	assert_int_equal(keyfile_unseal(&back, sealed, len, again, "sealed", &why), KM_OK);
	km_key_free(back);
	km_seal_free(again);
	assert_int_equal(chmod(in_dir("seal"), 0644), 0);
	assert_int_equal(km_seal_file(&again, in_dir("seal"), KM_MUST_EXIST, &why), KM_OK);
	assert_non_null(strstr(why.text, "others than its owner"));
	km_seal_free(again);
	write_text(in_dir("seal"), "0123456789012345678901234567890");
	assert_int_equal(km_seal_file(&again, in_dir("seal"), KM_BEGIN_ANEW, &why), KM_EFORMAT);
	assert_null(again);
	write_file(in_dir("seal"), (const uint8_t[KM_SEAL_BYTES]){ 0 }, KM_SEAL_BYTES);
	assert_int_equal(km_seal_file(&again, in_dir("seal"), KM_MAY_BEGIN, &why), KM_EFORMAT);
	assert_int_equal(km_seal_new(&again, (const uint8_t[KM_SEAL_BYTES]){ 0 }), KM_EARG);
	assert_null(again);
	free(sealed);
	km_seal_free(seal);
	km_key_free(key);
}

/* A key keeps the seal of its file. */
static void a_seal_lives_as_long_as_its_holders(void **ctx)
{
	km_key *key = odd_key(), *back;
	km_seal *seal = some_seal(1);
	uint8_t *sealed;
	size_t len;

	(void)ctx;
	key->seal = seal_hold(seal);
	km_seal_free(seal);
	assert_int_equal(keyfile_seal(&sealed, &len, key, key->seal), KM_OK);
	assert_int_equal(keyfile_unseal(&back, sealed, len, key->seal, "sealed", &why), KM_OK);
	km_key_free(back);
	km_key_free(key);
	free(sealed);
	assert_ptr_equal(seal_hold(km_seal_none()), km_seal_none());
	km_seal_free((km_seal *)(uintptr_t)km_seal_none());
	assert_true(seal_is_none(km_seal_none()));
}

/* ---- drawn ----------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Of so many members, salts differ in every other draw; one who stands there twice spoils none. */
static void what_is_drawn_differs(void **ctx)
{
	enum { N = 20000, KEYS = 5 };
	static char text[N][24];
	static km_str members[N + 1];
	static uint32_t ids[N];
	const km_key_params params = some_params();
	const key_parts parts = key_params_parts(&params);
	km_key *keys[KEYS];

	(void)ctx;
	for (int i = 0; i < N; i++)
		members[i] = (km_str){ text[i], (size_t)snprintf(text[i], sizeof text[i], "sip:u%d@h", i) };
	members[N] = members[0];
	for (int k = 0; k < KEYS; k++) {
		assert_int_equal(key_draw(&keys[k], &parts, members, N + 1, &why), KM_OK);
		for (int i = 0; i < N; i++)
			ids[i] = km_key_guk_id(keys[k], members[i].s, members[i].len);
		qsort(ids, N, sizeof *ids, by_number);
		for (int i = 1; i < N; i++)
			assert_int_not_equal(ids[i], ids[i - 1]);
	}
	assert_memory_not_equal(keys[0]->gmk, keys[1]->gmk, KM_SSV_BYTES);
	assert_memory_not_equal(keys[0]->rand, keys[1]->rand, KM_RAND_BYTES);
	for (int k = 0; k < KEYS; k++)
		km_key_free(keys[k]);
}

/* ---- counted --------------------------------------------------------------------------------- */

static void *hold_and_let_go(void *arg)
{
	km_key *key = arg;

	for (int i = 0; i < 20000; i++) {
		key_hold(key);
		if (km_key_guk_id(key, "sip:a@b", 7) == 0)
			abort();
		km_key_free(key);
	}
	km_key_free(key);
	return NULL;
}

static int owners_freed;

static void free_owner(void *owner)
{
	owners_freed += *(int *)owner;
}

static void the_last_holder_frees(void **ctx)
{
	enum { N = 4 };
	int owner = 1;
	km_key *key = some_key();
	pthread_t threads[N];

	(void)ctx;
	key->owner = &owner;
	key->owner_free = free_owner;
	for (int i = 0; i < N; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hold_and_let_go, key_hold(key)), 0);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(key->holders, 1);
	assert_int_equal(owners_freed, 0);
	km_key_free(key);
	assert_int_equal(owners_freed, 1);
}

/* What is freed is wiped, and the memory kept for the next one. */
static void a_gmk_is_wiped(void **ctx)
{
	static const uint8_t zeros[KM_SSV_BYTES];
	km_key *key = some_key(), *other = some_key();
	const uint8_t *gmk = key->gmk;

	(void)ctx;
	km_key_free(key);
	assert_memory_equal(gmk, zeros, sizeof zeros);
	km_key_free(other);
}

/* ---- refused by field ------------------------------------------------------------------------ */

static void each_wrong_parameter_is_refused_by_its_field(void **ctx)
{
	static const km_str twice[] = { STR("sip:a@gms-psi.example.org"), STR("sip:a@GMS-PSI.example.org") };
	static const km_str elsewhere[] = { STR("sip:a@example.org") }, no_uri[] = { STR("fire-1") }, none[] = { { NULL, 5 } };
	static const km_str space[] = { STR("sip:a b@gms-psi.example.org") };
	static char text[KM_TEXT_MAX + 2];
	static km_str long_groups[KM_GROUPS_MAX + 1];
	static char long_text[KM_GROUPS_MAX][128];
	const km_key_params good = some_params();
	struct {
		const char *field;
		km_key_params p;
	} rows[40];
	size_t n = 0;

	(void)ctx;
	memset(text, 'x', sizeof text - 1);
	for (size_t i = 0; i < KM_GROUPS_MAX; i++)
		long_groups[i] = (km_str){ long_text[i], (size_t)snprintf(long_text[i], sizeof long_text[i],
				"sip:group-of-a-long-name-that-goes-on-and-on-until-it-is-%03zu@gms-psi.example.org", i) };
#define ROW(name, ...) do { rows[n].field = name; rows[n].p = good; { km_key_params *p = &rows[n].p; __VA_ARGS__; } n++; } while (0)
	ROW("struct_size", memset(p, 0, sizeof *p));
	ROW("struct_size", p->struct_size--);
	ROW("activation", p->activation = (km_time){ 0, 0 });
	ROW("activation", p->activation.fraction = 1);
	ROW("activation", p->activation.seconds = KM_NEVER);
	ROW("activation", p->activation.seconds = (int64_t)1 << 40);
	ROW("expiry", p->expiry = (km_time){ 0, 0 });
	ROW("expiry", p->expiry.seconds = KM_AT_ONCE);
	ROW("expiry", p->expiry.fraction = 1);
	ROW("expiry", p->expiry = p->activation);
	ROW("expiry", p->expiry.seconds = now.seconds);
	ROW("expiry", p->expiry.seconds = last_t.seconds);
	ROW("expiry", p->expiry.seconds = (int64_t)1 << 40);
	ROW("text", p->text.s = NULL);
	ROW("text", p->text = ((km_str){ text, KM_TEXT_MAX + 1 }));
	ROW("text", p->text = ((km_str)STR("\xff")));
	ROW("text", p->text = ((km_str)STR("a\0b")));
	ROW("groups", p->groups = NULL);
	ROW("n_groups", p->n_groups = 0);
	ROW("n_groups", p->n_groups = KM_GROUPS_MAX + 1; p->groups = long_groups);
	ROW("groups", p->groups = twice);
	ROW("groups", p->groups = elsewhere; p->n_groups = 1);
	ROW("groups", p->groups = no_uri; p->n_groups = 1; p->authority = KM_AUTHORITY_LISTED);
	ROW("groups", p->groups = none; p->n_groups = 1);
	ROW("groups", p->groups = space; p->n_groups = 1);
	ROW("groups", p->groups = long_groups; p->n_groups = KM_GROUPS_MAX);
	ROW("authority", p->authority = 0);
	ROW("authority", p->authority = 3);
	ROW("shared", p->shared = 0);
	ROW("shared", p->shared = 3);
	ROW("n_members", p->n_members = 0);
	ROW("n_members", p->n_members = 20001);
	ROW("members", p->n_members = 1);
	ROW("members", p->n_members = 1; p->members = space);
#undef ROW
	assert_int_equal(key_params_check(&good, gms, now, last_t, &why), KM_OK);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(key_params_check(&rows[i].p, gms, now, last_t, &why), KM_EARG);
		assert_string_equal(km_complaint_field(&why), rows[i].field);
	}
}

static void a_listed_key_may_be_for_groups_elsewhere(void **ctx)
{
	static const km_str elsewhere[] = { STR("sip:a@example.org"), STR("tel:+15551234") };
	km_key_params params = some_params();

	(void)ctx;
	params.groups = elsewhere;
	params.authority = KM_AUTHORITY_LISTED;
	assert_int_equal(key_params_check(&params, gms, now, last_t, &why), KM_OK);
	params.authority = KM_AUTHORITY_PSI;
	assert_int_equal(key_params_check(&params, gms, now, last_t, &why), KM_EARG);
}

static void what_differs_from_a_key_is_refused_by_its_field(void **ctx)
{
	static const km_str swapped[] = { STR("sip:fire-2@gms-psi.example.org"), STR("sip:fire-1@gms-psi.example.org") };
	km_key *key = some_key();
	km_key_params p = some_params();

	(void)ctx;
	assert_int_equal(key_params_same(&p, key, &why), KM_OK);
#define DIFFERS(field, change) do { p = some_params(); change; \
	assert_int_equal(key_params_same(&p, key, &why), KM_EARG); \
	assert_string_equal(km_complaint_field(&why), field); } while (0)
	DIFFERS("activation", p.activation.seconds++);
	DIFFERS("expiry", p.expiry.seconds = KM_NEVER);
	DIFFERS("text", p.text.len--);
	DIFFERS("n_groups", p.n_groups--);
	DIFFERS("groups", p.groups = swapped);
	DIFFERS("authority", p.authority = KM_AUTHORITY_LISTED);
	DIFFERS("shared", p.shared = KM_SHARED_WITH_GATEWAY);
#undef DIFFERS
	km_key_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_tells_what_it_was_made_of),
		cmocka_unit_test(a_key_without_limits_says_so),
		cmocka_unit_test(contents_differ_in_the_status_alone),
		cmocka_unit_test(self_is_kept_for_one_uid_at_one_kms),
		cmocka_unit_test(a_key_shared_with_a_gateway_says_so),
		cmocka_unit_test(media_keys_of_published_vectors),
		cmocka_unit_test(a_group_key_comes_back),
		cmocka_unit_test(what_a_key_says_beyond_version_2_comes_back),
		cmocka_unit_test(a_bad_group_key_is_refused),
		cmocka_unit_test(an_old_group_key_is_read),
		cmocka_unit_test(a_sealed_key_comes_back),
		cmocka_unit_test(each_octet_of_a_sealed_key_counts),
		cmocka_unit_test(a_key_is_exported_sealed),
		cmocka_unit_test(a_sealing_key_is_drawn_where_it_may_be),
		cmocka_unit_test(a_seal_lives_as_long_as_its_holders),
		cmocka_unit_test(what_is_drawn_differs),
		cmocka_unit_test(the_last_holder_frees),
		cmocka_unit_test(a_gmk_is_wiped),
		cmocka_unit_test(each_wrong_parameter_is_refused_by_its_field),
		cmocka_unit_test(a_listed_key_may_be_for_groups_elsewhere),
		cmocka_unit_test(what_differs_from_a_key_is_refused_by_its_field),
	};

	return cmocka_run_group_tests_name("key", tests, dir_start, dir_stop);
}
