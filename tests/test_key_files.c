/* test_key_files.c -- group keys in files: made once, read again, many at a time, revoked where the state says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provision/base/complain.h"
#include "provision/gms/gms.h"
#include "provision/keys/keyfile.h"
#include "util_dir.h"
#include "util_gms.h"
#include "util_store.h"

#define GMS "sip:gms@gms-psi.example.org"
#define KMS "kms.example.org"

static const km_str group = { "sip:fire-1@gms-psi.example.org", 30 };
static km_keyring *ring;
static km_complaint why;

static int start(void **ctx)
{
	lab_kms kms;

	(void)ctx;
	if (km_init(NULL) != KM_OK)
		return -1;
	dir_until_exit();
	lab_begin(&kms, KMS, NULL);
	assert_int_equal(km_keyring_new(&ring), KM_OK);
	lab_add(ring, &kms);
	lab_end(&kms);
	return 0;
}

static int stop(void **ctx)
{
	(void)ctx;
	km_keyring_free(ring);
	return 0;
}

static km_gms *gms_named(km_store *store, const char *uri)
{
	km_gms *gms;
	km_err err = km_gms_new(&gms, ring, store, uri, KMS, &why);

	km_store_free(store);
	if (err != KM_OK)
		fail_msg("%s", why.text);
	return gms;
}

static km_gms *gms_in(const char *state)
{
	km_store *store;

	assert_int_equal(km_store_files(&store, in_dir(state), KM_MAY_BEGIN, &why), KM_OK);
	return gms_named(store, GMS);
}

static km_key_params some_params(void)
{
	return (km_key_params){ .struct_size = sizeof(km_key_params), .activation = { KM_AT_ONCE, 0 },
			.expiry = { 1800000000, 0 }, .text = { "Fire", 4 }, .groups = &group, .n_groups = 1,
			.authority = KM_AUTHORITY_PSI, .shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER };
}

static km_err open_one(km_key **key, uint32_t *is_new, km_gms *gms, const char *path, const km_key_params *params)
{
	return km_key_file(key, is_new, gms, path, km_seal_none(), params, LAB_NOW, &why);
}

static uint32_t id_of(const km_key *key)
{
	km_key_info info = { .struct_size = sizeof info };

	km_key_tell(&info, key);
	return info.gmk_id;
}

static void a_key_is_made_once(km_gms *gms, const char *path)
{
	km_key_params params = some_params();
	uint8_t gmk[KM_SSV_BYTES], again[KM_SSV_BYTES];
	uint32_t is_new, id, is;
	struct stat st;
	km_key *key;

	if (open_one(&key, &is_new, gms, path, &params) != KM_OK)
		fail_msg("%s", why.text);
	assert_int_equal(is_new, 1);
	id = id_of(key);
	km_key_show_gmk(gmk, key);
	assert_int_equal(gms_look_up(&is, gms, id, &why), KM_OK);
	assert_int_equal(is, KM_ID_IN_USE);
	km_key_free(key);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(open_one(&key, &is_new, gms, path, &params), KM_OK);
	assert_int_equal(is_new, 0);
	assert_int_equal(id_of(key), id);
	km_key_show_gmk(again, key);
	assert_memory_equal(gmk, again, sizeof gmk);
	assert_int_equal(km_key_revoke(key, &why), KM_OK);
	km_key_free(key);
	assert_int_equal(open_one(&key, &is_new, gms, path, &params), KM_EREVOKED);
	assert_null(key);
	assert_int_equal(is_new, 0);
	assert_int_equal(km_key_load(&key, gms, path, km_seal_none(), &why), KM_OK);
	assert_true(key->revoked);
	km_key_free(key);
}

static void made_once_by_files(void **ctx)
{
	char *path = strdup(in_dir("one.gmk"));
	km_gms *gms = gms_in("one.state");

	(void)ctx;
	a_key_is_made_once(gms, path);
	km_gms_free(gms);
	free(path);
}

static void made_once_by_calls(void **ctx)
{
	char *path = strdup(in_dir("calls.gmk"));
	static memory_store memory;
	km_gms *gms = gms_named(store_in_memory(&memory), GMS);

	(void)ctx;
	a_key_is_made_once(gms, path);
	km_gms_free(gms);
	free(path);
}

/* What the file says must be what is wanted; each field. */
static void what_differs_is_named(void **ctx)
{
	static const km_str others[] = { { "sip:fire-2@gms-psi.example.org", 30 }, { "sip:x@gms-psi.example.org", 25 } };
	char *path = strdup(in_dir("differs.gmk"));
	km_gms *gms = gms_in("differs.state");
	km_key_params params = some_params(), other = params;
	uint32_t is_new;
	km_key *key;

	(void)ctx;
	assert_int_equal(open_one(&key, &is_new, gms, path, &params), KM_OK);
	km_key_free(key);
	other.text = (km_str){ "Water", 5 };
	assert_int_equal(open_one(&key, &is_new, gms, path, &other), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "text");
	assert_non_null(strstr(km_complaint_text(&why), "differs.gmk"));
	other = params;
	other.groups = others;
	assert_int_equal(open_one(&key, &is_new, gms, path, &other), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "groups");
	other.n_groups = 2;
	assert_int_equal(open_one(&key, &is_new, gms, path, &other), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "n_groups");
	other = params;
	other.authority = KM_AUTHORITY_LISTED;
	assert_int_equal(open_one(&key, &is_new, gms, path, &other), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "authority");
	assert_null(key);
	other.authority = 0;
	assert_int_equal(open_one(&key, &is_new, gms, in_dir("never.gmk"), &other), KM_EARG);
	assert_int_not_equal(access(in_dir("never.gmk"), F_OK), 0);
	km_gms_free(gms);
	free(path);
}

/* Of a file that is there, too; also of an older version, which did not say what authority. */
static void params_are_looked_at_for_any_file(void **ctx)
{
	static const char text[] = "{\"version\": 2, \"gmk\": \"00112233445566778899aabbccddeeff\", "
			"\"gmk_id\": \"00000007\", \"rand\": \"00112233445566778899aabbccddeeff\", \"gms\": \"" GMS
			"\", \"kms\": \"" KMS "\", \"text\": \"Fire\", \"activation\": 0, \"expiry\": 1800000000, "
			"\"groups\": [\"sip:fire-1@gms-psi.example.org\"], \"revoked\": false}";
	char *path = strdup(in_dir("version-2.gmk"));
	km_gms *gms = gms_in("any.state");
	km_key_params params = some_params(), other = params;
	uint32_t is_new;
	km_key *key;

	(void)ctx;
	write_text(path, text);
	other.struct_size = 0;
	assert_int_equal(open_one(&key, &is_new, gms, path, &other), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "struct_size");
	other = params;
	other.authority = 0;
	assert_int_equal(open_one(&key, &is_new, gms, path, &other), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "authority");
	other.authority = 77;
	assert_int_equal(open_one(&key, &is_new, gms, path, &other), KM_EARG);
	other = params;
	other.groups = NULL;
	assert_int_equal(open_one(&key, &is_new, gms, path, &other), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "groups");
	assert_null(key);
	assert_int_equal(open_one(&key, &is_new, gms, path, &params), KM_OK);
	assert_int_equal(is_new, 0);
	assert_int_equal(key->authority, KM_AUTHORITY_PSI);
	km_key_free(key);
	km_gms_free(gms);
	free(path);
}

/* As what was filled in half would be; GMSs draw none of these. */
static void a_key_of_zeros_is_none(void **ctx)
{
	static const char text[] = "{\"version\": 2, \"gmk\": \"%s\", \"gmk_id\": \"0000000%d\", \"rand\": \"%s\", \"gms\": \"" GMS
			"\", \"kms\": \"" KMS "\", \"text\": \"\", \"activation\": 0, \"expiry\": 0, "
			"\"groups\": [\"sip:fire-1@gms-psi.example.org\"], \"revoked\": false}";
	static const char zeros[] = "00000000000000000000000000000000", some[] = "0000000000000000000000000000000a";
	static const struct { const char *gmk, *rand, *element; int id; } rows[] = {
		{ zeros, some, "gmk", 8 }, { some, zeros, "rand", 8 }, { some, some, "gmk_id", 0 }, { some, some, NULL, 8 },
	};
	km_gms *gms = gms_in("zeros.state");
	char *path = strdup(in_dir("zeros.gmk"));
	km_key *key;

	(void)ctx;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char all[600];

		snprintf(all, sizeof all, text, rows[i].gmk, rows[i].id, rows[i].rand);
		write_text(path, all);
		assert_int_equal(km_key_load(&key, gms, path, km_seal_none(), &why),
				rows[i].element == NULL ? KM_OK : KM_EFORMAT);
		if (rows[i].element != NULL)
			assert_non_null(strstr(why.text, rows[i].element));
		km_key_free(key);
	}
	km_gms_free(gms);
	free(path);
}

static void what_is_no_key_of_this_gms_is_refused(void **ctx)
{
	char *path = strdup(in_dir("other.gmk")), *link = strdup(in_dir("link.gmk"));
	km_gms *gms = gms_in("mine.state"), *other;
	km_key_params params = some_params();
	uint32_t is_new;
	km_store *store;
	km_key *key;

	(void)ctx;
	assert_int_equal(km_store_files(&store, in_dir("others.state"), KM_MAY_BEGIN, &why), KM_OK);
	other = gms_named(store, "sip:other@gms-psi.example.org");
	assert_int_equal(open_one(&key, &is_new, other, path, &params), KM_OK);
	km_key_free(key);
	assert_int_equal(open_one(&key, &is_new, gms, path, &params), KM_EKEY);
	assert_int_equal(km_key_load(&key, gms, path, km_seal_none(), &why), KM_EKEY);
	assert_null(key);
	write_text(path, "{}");
	assert_int_equal(open_one(&key, &is_new, gms, path, &params), KM_EFORMAT);
	assert_int_equal(km_key_load(&key, gms, in_dir("nothing.gmk"), km_seal_none(), &why), KM_EIO);
	assert_int_equal(symlink("nowhere.gmk", link), 0);
	assert_int_equal(open_one(&key, &is_new, gms, link, &params), KM_EIO);
	assert_int_equal(open_one(&key, &is_new, gms, in_dir("no/where.gmk"), &params), KM_EIO);
	assert_null(key);
	km_gms_free(gms);
	km_gms_free(other);
	free(path);
	free(link);
}

/* The state was lost, or is of a backup: what the file says of its key is known from then on. */
static void a_file_tells_the_state(void **ctx)
{
	char *path = strdup(in_dir("tells.gmk"));
	km_gms *gms = gms_in("before.state");
	km_key_params params = some_params();
	uint32_t is_new, id, is;
	km_key *key;

	(void)ctx;
	assert_int_equal(open_one(&key, &is_new, gms, path, &params), KM_OK);
	id = id_of(key);
	km_gms_free(gms);
	gms = gms_in("after.state");
	km_key_free(key);
	assert_int_equal(open_one(&key, &is_new, gms, path, &params), KM_OK);
	assert_int_equal(gms_look_up(&is, gms, id, &why), KM_OK);
	assert_int_equal(is, KM_ID_IN_USE);
	assert_int_equal(km_key_revoke(key, &why), KM_OK);
	km_key_free(key);
	km_gms_free(gms);
	gms = gms_in("before.state");           /* which did not hear of it */
	assert_int_equal(open_one(&key, &is_new, gms, path, &params), KM_EREVOKED);
	assert_int_equal(gms_look_up(&is, gms, id, &why), KM_OK);
	assert_int_equal(is, KM_ID_REVOKED);
	km_gms_free(gms);
	free(path);
}

enum { MANY = 1200 };

/* Each second one there before; some that are not to be had fail alone; what a dead process left is gone. */
static void many_are_opened_at_once(void **ctx)
{
	static km_key *keys[MANY];
	static char *paths[MANY];
	static const km_key_params *wanted[MANY];
	static uint32_t is_new[MANY], ids[MANY];
	static km_err status[MANY];
	km_gms *gms = gms_in("many.state");
	km_key_params params = some_params(), bad = params;
	char *dead = strdup(in_dir("many-7.gmk.tmp-0123456789abcdef"));
	struct stat before, after;

	(void)ctx;
	bad.n_groups = 0;
	for (size_t i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof name, "many-%zu.gmk", i);
		paths[i] = strdup(in_dir(name));
		wanted[i] = i % 100 == 50 ? &bad : &params;
	}
	write_text(dead, "half a key");
	assert_int_equal(km_key_files(keys, is_new, status, gms, (const char *const *)paths, km_seal_none(), wanted, 3, LAB_NOW, &why),
			KM_OK);
	for (size_t i = 0; i < 3; i++) {
		ids[i] = id_of(keys[i]);
		km_key_free(keys[i]);
	}
	assert_int_equal(stat(in_dir("many.state"), &before), 0);
	assert_int_equal(km_key_files(keys, is_new, status, gms, (const char *const *)paths, km_seal_none(), wanted, MANY, LAB_NOW, &why),
			KM_EPARTIAL);
	assert_non_null(strstr(why.text, "n_groups"));
	assert_int_equal(stat(in_dir("many.state"), &after), 0);
	assert_true(after.st_size > before.st_size + MANY * 20);
	assert_int_not_equal(access(dead, F_OK), 0);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(status[i], i % 100 == 50 ? KM_EARG : KM_OK);
		assert_int_equal(is_new[i], i >= 3 && i % 100 != 50);
		assert_int_equal(access(paths[i], F_OK) == 0, i % 100 != 50);
		if (i < 3)
			assert_int_equal(id_of(keys[i]), ids[i]);
		km_key_free(keys[i]);
	}
	paths[5][strlen(paths[5]) - 5] = '4';   /* a file twice, which is one key */
	assert_int_equal(km_key_load(&keys[0], gms, paths[4], km_seal_none(), &why), KM_OK);
	assert_int_equal(gms_revoke_id(gms, id_of(keys[0]), params.expiry, &why), KM_OK);       /* the state alone says so */
	km_key_free(keys[0]);
	assert_int_equal(km_key_files(keys, is_new, status, gms, (const char *const *)paths, km_seal_none(), wanted, 10, LAB_NOW, &why),
			KM_EPARTIAL);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(status[i], i == 4 || i == 5 ? KM_EREVOKED : KM_OK);
		km_key_free(keys[i]);
	}
	for (size_t i = 0; i < MANY; i++)
		free(paths[i]);
	free(dead);
	km_gms_free(gms);
}

/* The threads of a pool share the files: each key is its file's, and one that cannot be written fails alone. */
static void threads_write_files(void **ctx)
{
	enum { N = 700, LOST = 3, PRIME = 97 };
	static km_key *keys[N];
	static char *paths[N];
	static const km_key_params *wanted[N];
	static uint32_t is_new[N];
	static km_err status[N];
	km_gms *gms = gms_in("threads.state");
	const km_key_params params = some_params();
	km_pool *pool;

	(void)ctx;
	for (size_t i = 0; i < N; i++) {
		char name[48];

		snprintf(name, sizeof name, i % PRIME == LOST ? "nowhere/%zu.gmk" : "threads-%zu.gmk", i);
		paths[i] = strdup(in_dir(name));
		wanted[i] = &params;
	}
	assert_int_equal(km_pool_new(&pool, 6, &why), KM_OK);
	km_keyring_pool(ring, pool);
	km_pool_free(pool);
	assert_int_equal(km_key_files(keys, is_new, status, gms, (const char *const *)paths, km_seal_none(), wanted, N, LAB_NOW, &why),
			KM_EPARTIAL);
	assert_non_null(strstr(why.text, "nowhere/"));
	for (size_t i = 0; i < N; i++) {
		km_key *same;

		assert_int_equal(status[i], i % PRIME == LOST ? KM_EIO : KM_OK);
		assert_int_equal(is_new[i], i % PRIME != LOST);
		if (i % PRIME == LOST) {
			assert_null(keys[i]);
		} else {
			assert_int_equal(km_key_load(&same, gms, paths[i], km_seal_none(), &why), KM_OK);
			assert_int_equal(id_of(same), id_of(keys[i]));
			assert_string_equal(same->file, keys[i]->file);
			km_key_free(same);
		}
		km_key_free(keys[i]);
		free(paths[i]);
	}
	km_keyring_pool(ring, NULL);
	km_gms_free(gms);
}

/* No key is half made: the state refuses, and no file is there. */
static void no_file_without_a_state(void **ctx)
{
	static memory_store memory;
	km_gms *gms = gms_named(store_in_memory(&memory), GMS);
	km_key_params params = some_params();
	uint32_t is_new;
	km_key *key;

	(void)ctx;
	memory.fails = 1;
	assert_int_equal(open_one(&key, &is_new, gms, in_dir("stateless.gmk"), &params), KM_EIO);
	assert_null(key);
	assert_int_not_equal(access(in_dir("stateless.gmk"), F_OK), 0);
	memory.fails = 0;
	memory.n = STORE_IDS;                   /* it is asked, but keeps none */
	assert_int_equal(open_one(&key, &is_new, gms, in_dir("stateless.gmk"), &params), KM_EIO);
	assert_int_not_equal(access(in_dir("stateless.gmk"), F_OK), 0);
	km_gms_free(gms);
}

/* ---- sealed ---------------------------------------------------------------------------------- */

static km_seal *some_seal(uint8_t first)
{
	const uint8_t bytes[KM_SEAL_BYTES] = { first };
	km_seal *seal;

	assert_int_equal(km_seal_new(&seal, bytes), KM_OK);
	return seal;
}

static void a_file_may_be_sealed(void **ctx)
{
	char *path = strdup(in_dir("sealed.gmk")), text[4096] = "";
	km_seal *seal = some_seal(1), *wrong = some_seal(2);
	km_gms *gms = gms_in("sealed.state");
	km_key_params params = some_params();
	uint32_t is_new, id;
	km_key *key;
	FILE *f;

	(void)ctx;
	assert_int_equal(km_key_file(&key, &is_new, gms, path, seal, &params, LAB_NOW, &why), KM_OK);
	km_seal_free(seal);                     /* the key holds it */
	id = id_of(key);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof text - 1, f) > 100);
	fclose(f);
	assert_memory_equal(text, "keymuster-sealed 1\n", 19);
	assert_null(strstr(text, "gmk"));
	assert_int_equal(km_key_revoke(key, &why), KM_OK);
	km_key_free(key);
	assert_int_equal(km_key_load(&key, gms, path, wrong, &why), KM_EFORMAT);
	assert_null(key);
	seal = some_seal(1);
	assert_int_equal(km_key_load(&key, gms, path, seal, &why), KM_OK);
	assert_int_equal(id_of(key), id);
	assert_true(key->revoked);
	km_key_free(key);
	km_seal_free(seal);
	km_seal_free(wrong);
	km_gms_free(gms);
	free(path);
}

/* A database keeps keys, and its GMS gets them back. */
static void a_database_keeps_keys(void **ctx)
{
	static memory_store memory;
	km_gms *gms = gms_named(store_in_memory(&memory), GMS), *files = gms_in("no_keys.state"), *other;
	km_key_params params = some_params();
	km_seal *seal = store_seal_in_memory();
	km_store *store;
	km_key *key;
	uint32_t id;

	(void)ctx;
	assert_int_equal(km_key_new(&key, files, &params, LAB_NOW, &why), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "gms");
	assert_int_equal(km_key_new(&key, gms, &params, LAB_NOW, &why), KM_OK);
	id = id_of(key);
	assert_int_equal(memory.kept_id, id);
	km_key_free(key);
	assert_int_equal(km_key_import(&key, gms, memory.kept, memory.kept_len, seal, &why), KM_OK);
	assert_int_equal(id_of(key), id);
	assert_int_equal(km_key_revoke(key, &why), KM_OK);
	km_key_free(key);
	assert_int_equal(km_key_import(&key, gms, memory.kept, memory.kept_len, seal, NULL), KM_OK);
	assert_true(key->revoked);              /* so says the state */
	km_key_free(key);
	assert_int_equal(km_store_files(&store, in_dir("third.state"), KM_MAY_BEGIN, &why), KM_OK);
	other = gms_named(store, "sip:other@gms-psi.example.org");
	assert_int_equal(km_key_import(&key, other, memory.kept, memory.kept_len, seal, &why), KM_EKEY);
	assert_null(key);
	memory.kept[memory.kept_len - 1] ^= 1;
	assert_int_equal(km_key_import(&key, gms, memory.kept, memory.kept_len, seal, &why), KM_EFORMAT);
	assert_int_equal(km_key_import(&key, gms, memory.kept, 5, seal, &why), KM_EFORMAT);
	assert_int_equal(km_key_import(&key, gms, NULL, 5, seal, &why), KM_EARG);
	assert_int_equal(km_key_import(&key, gms, memory.kept, 5, km_seal_none(), &why), KM_EARG);
	memory.fails_to_keep = 1;
	assert_int_equal(km_key_new(&key, gms, &params, LAB_NOW, &why), KM_EIO);
	assert_null(key);
	km_seal_free(seal);
	km_gms_free(gms);
	km_gms_free(files);
	km_gms_free(other);
}

static void write_old(const char *path)
{
	char text[1024];

	snprintf(text, sizeof text, "{\"version\": 1, \"gmk\": \"%032d\", \"gmk_id\": \"00abcdef\", \"rand\": \"%032d\", "
			"\"gms\": \"" GMS "\", \"kms\": \"" KMS "\", \"text\": \"Fire\", \"activation\": 0, "
			"\"expiry\": 1800000000, \"groups\": [\"%s\"], \"revoked\": false, \"salts\": \"D////wECAwQ=\"}",
			1, 2, group.s);
	write_text(path, text);
}

static void one_was_given_it(const km_key *key)
{
	km_holder one = { .struct_size = sizeof one };
	km_given *given;

	assert_int_equal(km_gms_given(&given, key, &why), KM_OK);
	assert_int_equal(km_given_count(given), 1);
	assert_int_equal(km_given_at(&one, given, 0), 1);
	assert_int_equal(one.uri.len, 0);
	assert_int_equal(one.has, KM_HAS_IT);
	km_given_free(given);
}

/* Who was given it stands in the file of an older version: it goes into the journal, once, by whichever call. */
static void an_old_file_says_who_was_given_it(void **ctx)
{
	const char *const path = strdup(in_dir("old.gmk"));
	const km_key_params params = some_params();
	uint32_t is_new;
	km_gms *gms[] = { gms_in("old1.state"), gms_in("old2.state") }, *of_calls;
	memory_store *memory = malloc(sizeof *memory);
	km_key *key;

	(void)ctx;
	assert_non_null(memory);
	write_old(path);
	for (int i = 0; i < 4; i++) {
		if ((i < 2 ? km_key_load(&key, gms[0], path, km_seal_none(), &why) :
				open_one(&key, &is_new, gms[1], path, &params)) != KM_OK)
			fail_msg("%s", why.text);
		one_was_given_it(key);
		km_key_free(key);
	}
	of_calls = gms_named(store_in_memory(memory), GMS);
	assert_int_equal(km_key_load(&key, of_calls, path, km_seal_none(), &why), KM_EFORMAT);
	assert_null(key);
	assert_non_null(strstr(why.text, "salts: it says who was given it"));
	km_gms_free(of_calls);
	km_gms_free(gms[0]);
	km_gms_free(gms[1]);
	free(memory);
	free((char *)(uintptr_t)path);
}

static void what_is_left_out_is_named(void **ctx)
{
	km_gms *gms = gms_in("left_out.state");
	km_key_params params = some_params();
	const km_key_params *wanted = &params;
	const char *path = in_dir("nowhere");
	uint32_t is_new;
	km_err status;
	km_key *key;

	(void)ctx;
	assert_int_equal(km_key_file(&key, &is_new, gms, NULL, km_seal_none(), &params, LAB_NOW, &why), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "path");
	assert_int_equal(km_key_file(&key, &is_new, gms, path, NULL, &params, LAB_NOW, &why), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "seal");
	assert_int_equal(km_key_file(&key, &is_new, gms, path, km_seal_none(), NULL, LAB_NOW, &why), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "params");
	assert_int_equal(km_key_files(&key, &is_new, &status, gms, NULL, km_seal_none(), &wanted, 1, LAB_NOW, &why),
			KM_EARG);
	assert_int_equal(status, KM_EARG);
	assert_int_equal(km_key_files(&key, &is_new, &status, gms, &path, km_seal_none(), NULL, 1, LAB_NOW, NULL),
			KM_EARG);
	assert_int_equal(km_key_load(&key, gms, NULL, km_seal_none(), &why), KM_EARG);
	assert_int_equal(km_key_load(&key, gms, path, NULL, &why), KM_EARG);
	assert_string_equal(km_complaint_field(&why), "seal");
	assert_null(key);
	assert_int_equal(access(path, F_OK), -1);
	km_gms_free(gms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_once_by_files),
		cmocka_unit_test(made_once_by_calls),
		cmocka_unit_test(what_differs_is_named),
		cmocka_unit_test(params_are_looked_at_for_any_file),
		cmocka_unit_test(a_key_of_zeros_is_none),
		cmocka_unit_test(what_is_no_key_of_this_gms_is_refused),
		cmocka_unit_test(a_file_tells_the_state),
		cmocka_unit_test(many_are_opened_at_once),
		cmocka_unit_test(threads_write_files),
		cmocka_unit_test(no_file_without_a_state),
		cmocka_unit_test(a_file_may_be_sealed),
		cmocka_unit_test(a_database_keeps_keys),
		cmocka_unit_test(an_old_file_says_who_was_given_it),
		cmocka_unit_test(what_is_left_out_is_named),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
