/* groupkey.c -- the file that keeps one group key, for late joiners and for its revocation. */
#include "groupkey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "base/complain.h"
#include "base/file.h"
#include "message/keyparams.h"
#include "base/memlock.h"
#include "base/json_text.h"

enum { FILE_MAX = 256 << 20 };          /* about 24 million members */
#define TIME_MAX (((uint64_t)1 << 40) - 1)

groupkey *groupkey_new(void)
{
	groupkey *key = memlock_start() ? sodium_malloc(sizeof *key) : NULL;

	if (key == NULL)
		return NULL;
	memset(key, 0, sizeof *key);
	return key;
}

void groupkey_free(groupkey *key)
{
	if (key == NULL)
		return;
	free(key->gms);
	free(key->kms);
	free(key->text);
	for (size_t i = 0; i < key->n_groups; i++)
		free(key->groups[i]);
	salts_free(key->old_salts);
	sodium_free(key);
}

void groupkey_params(km_gmk_params *params, const groupkey *key)
{
	*params = (km_gmk_params){
		.activation = key->activation, .expiry = key->expiry,
		.text = { key->text, strlen(key->text) }, .n_groups = key->n_groups,
	};
	for (size_t i = 0; i < key->n_groups; i++)
		params->groups[i] = (km_str){ key->groups[i], strlen(key->groups[i]) };
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Each of these takes the value of one element: NULL, or what is wrong with it.  No string holds
 * NUL: jansson refuses it. */
typedef const char *taker(groupkey *key, const json_t *value);

static const char *take_version(groupkey *key, const json_t *value)
{
	json_int_t version = json_integer_value(value);

	if (!json_is_integer(value) || version < 1 || version > 2)
		return "neither version 2 nor 1, which are those that are known";
	if (version == 1 && (key->old_salts = salts_new()) == NULL)
		return strerror(ENOMEM);
	return NULL;
}

static bool is_hex(uint8_t *out, size_t len, const json_t *value)
{
	size_t got = 0;

	return json_is_string(value) && json_string_length(value) == 2 * len &&
			sodium_hex2bin(out, len, json_string_value(value), 2 * len, NULL, &got,
			NULL) == 0 && got == len;
}

static const char *take_gmk(groupkey *key, const json_t *value)
{
	return is_hex(key->gmk, sizeof key->gmk, value) ? NULL : "not 32 hex digits";
}

static const char *take_gmk_id(groupkey *key, const json_t *value)
{
	uint8_t id[4] = { 0 };

	if (!is_hex(id, sizeof id, value) || id[0] > 0x0f)
		return "not 8 hex digits of which the first is 0";
	key->gmk_id = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
	return NULL;
}

static const char *take_rand(groupkey *key, const json_t *value)
{
	return is_hex(key->rand, sizeof key->rand, value) ? NULL : "not 32 hex digits";
}

static const char *take_uri(char **out, const json_t *value)
{
	if (!json_is_string(value) || km_uri_check(json_string_value(value),
			json_string_length(value), KM_URI_LOOSE) != KM_URI_OK)
		return "not a URI";
	*out = strdup(json_string_value(value));
	return *out == NULL ? strerror(ENOMEM) : NULL;
}

static const char *take_gms(groupkey *key, const json_t *value)
{
	return take_uri(&key->gms, value);
}

static const char *take_kms(groupkey *key, const json_t *value)
{
	return take_uri(&key->kms, value);
}

static const char *take_text(groupkey *key, const json_t *value)
{
	if (!json_is_string(value) || json_string_length(value) > KM_TEXT_MAX)
		return "not a string of at most 1024 octets";
	key->text = strdup(json_string_value(value));
	return key->text == NULL ? strerror(ENOMEM) : NULL;
}

static const char *take_time(uint64_t *out, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0 || (uint64_t)n > TIME_MAX)
		return "not Unix seconds of at most 40 bits";
	*out = (uint64_t)n;
	return NULL;
}

static const char *take_activation(groupkey *key, const json_t *value)
{
	return take_time(&key->activation, value);
}

static const char *take_expiry(groupkey *key, const json_t *value)
{
	return take_time(&key->expiry, value);
}

static const char *take_groups(groupkey *key, const json_t *value)
{
	if (!json_is_array(value) || json_array_size(value) > KM_GROUPS_MAX)
		return "not an array of at most 255 URIs";
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *wrong = take_uri(&key->groups[i], json_array_get(value, i));

		if (wrong != NULL)
			return wrong;
		key->n_groups = i + 1;
	}
	return NULL;
}

static const char *take_revoked(groupkey *key, const json_t *value)
{
	key->revoked = json_is_true(value);
	return json_is_boolean(value) ? NULL : "neither true nor false";
}

static const char *take_salts(groupkey *key, const json_t *value)
{
	size_t len = json_string_length(value), got = 0;
	uint8_t *packed;
	const char *wrong = NULL;

	if (!json_is_string(value))
		return "not a string";
	packed = malloc(len / 4 * 3 + 3);
	if (packed == NULL)
		return strerror(ENOMEM);
	if (sodium_base642bin(packed, len / 4 * 3 + 3, json_string_value(value), len, NULL, &got,
			NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || got % SALTS_PACKED != 0)
		wrong = "not base64 of 8 octets a member";
	for (size_t i = 0; wrong == NULL && i < got; i += SALTS_PACKED) {
		if (packed[i] > 0x0f)
			wrong = "a user salt of more than 28 bits";
	}
	if (wrong == NULL && !salts_load(key->old_salts, packed, got / SALTS_PACKED, true))
		wrong = strerror(ENOMEM);
	free(packed);
	return wrong;
}

static const struct {
	const char *name;
	taker *take;
} elements[] = {
	{ "version", take_version }, { "gmk", take_gmk }, { "gmk_id", take_gmk_id },
	{ "rand", take_rand }, { "gms", take_gms }, { "kms", take_kms }, { "text", take_text },
	{ "activation", take_activation }, { "expiry", take_expiry }, { "groups", take_groups },
	{ "revoked", take_revoked }, { "salts", take_salts },   /* the version is first, salts last */
};
enum { N_ELEMENTS = sizeof elements / sizeof *elements - 1 };   /* and one more in version 1 */

static groupkey_result refuse(const char *name, const char *element, const char *text,
		km_complaint *why)
{
	complain(why, name, 0, element, text);
	return GROUPKEY_BAD;
}

static groupkey_result take_all(groupkey *key, const json_t *root, const char *name,
		km_complaint *why)
{
	km_gmk_params all;
	keyparams params;
	const char *wrong;
	size_t n = N_ELEMENTS;

	if (!json_is_object(root))
		return refuse(name, NULL, "not a group key: one JSON object is expected", why);
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_object_get(root, elements[i].name);

		wrong = value == NULL ? "is missing" : elements[i].take(key, value);
		if (wrong != NULL)
			return refuse(name, elements[i].name, wrong, why);
		n = N_ELEMENTS + (key->old_salts != NULL);
	}
	if (json_object_size(root) != n)
		return refuse(name, NULL, "holds an element that is not known", why);
	if (key->expiry != 0 && key->activation > key->expiry)
		return refuse(name, "expiry", "before the activation", why);
	groupkey_params(&all, key);
	params = keyparams_of(&all);
	if (keyparams_size(&params) == 0)
		return refuse(name, "groups", "too long together for the key parameters", why);
	return GROUPKEY_OK;
}

groupkey_result groupkey_read(groupkey **key, const char *name, km_complaint *why)
{
	json_error_t error;
	groupkey_result result;
	json_t *root;
	char *data;
	size_t len;

	*key = groupkey_new();
	if (strcmp(name, "-") == 0)
		name = "/dev/stdin";
	if (*key == NULL || !file_read(&data, &len, name, FILE_MAX, why)) {
		if (*key == NULL)
			complain(why, name, 0, NULL, strerror(ENOMEM));
		groupkey_free(*key);
		*key = NULL;
		return GROUPKEY_IO;
	}
	root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
	file_free(data);
	if (root == NULL) {
		complain(why, name, error.line, NULL, "not JSON");
		result = GROUPKEY_BAD;
	} else {
		result = take_all(*key, root, name, why);
	}
	json_decref(root);
	if (result != GROUPKEY_OK) {
		groupkey_free(*key);
		*key = NULL;
	}
	return result;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_hex(FILE *out, const char *element, const uint8_t *bin, size_t len)
{
	char hex[2 * KM_SSV_BYTES + 1];

	sodium_bin2hex(hex, sizeof hex, bin, len);
	fprintf(out, ",\n\"%s\": \"%s\"", element, hex);
	km_wipe(hex, sizeof hex);
}

static void put_string(FILE *out, const char *s)
{
	char text[6 * KM_TEXT_MAX + 2];

	fwrite(text, 1, json_text(text, s, strlen(s)), out);
}

static void put_named(FILE *out, const char *element, const char *s)
{
	fprintf(out, ",\n\"%s\": ", element);
	put_string(out, s);
}

groupkey_result groupkey_write(const groupkey *key, const char *name, bool is_new,
		km_complaint *why)
{
	file_out out;

	if (!file_create(&out, name, FILE_PRIVATE | (is_new ? FILE_NEW : 0), why))
		return GROUPKEY_IO;
	fputs("{\n\"version\": 2", out.f);
	put_hex(out.f, "gmk", key->gmk, sizeof key->gmk);
	fprintf(out.f, ",\n\"gmk_id\": \"%08x\"", (unsigned)key->gmk_id);
	put_hex(out.f, "rand", key->rand, sizeof key->rand);
	put_named(out.f, "gms", key->gms);
	put_named(out.f, "kms", key->kms);
	put_named(out.f, "text", key->text);
	fprintf(out.f, ",\n\"activation\": %llu,\n\"expiry\": %llu,\n\"groups\": [",
			(unsigned long long)key->activation, (unsigned long long)key->expiry);
	for (size_t i = 0; i < key->n_groups; i++) {
		fputs(i == 0 ? "" : ", ", out.f);
		put_string(out.f, key->groups[i]);
	}
	fprintf(out.f, "],\n\"revoked\": %s\n}\n", key->revoked ? "true" : "false");
	return file_commit(&out, why) ? GROUPKEY_OK : GROUPKEY_IO;
}
