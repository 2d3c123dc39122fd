/* keyfile_write.c -- the file that keeps one group key: written. */
#include "keyfile.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "asm/dit.h"
#include "base/complain.h"
#include "base/file.h"
#include "base/json_text.h"
#include "base/memlock.h"

enum { NAMES = 512 };           /* octets of all but strings, and more */

size_t keyfile_room(const km_key *key)
{
	size_t n = key->gms.len + key->kms.len + key->params.text.len, each = strlen(", \"\"");

	for (size_t i = 0; i < key->params.n_groups; i++)
		n += key->params.groups[i].len;
	return NAMES + 6 * n + (key->params.n_groups + 3) * each;
}

static char *put(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len);
	return at + len;
}

static char *put_name(char *at, const char *element)
{
	at = put(at, ",\n\"");
	at = put(at, element);
	return put(at, "\": ");
}

static char *put_hex(char *at, const char *element, const uint8_t *bin, size_t len)
{
	at = put(put_name(at, element), "\"");
	sodium_bin2hex(at, 2 * len + 1, bin, len);
	return put(at + 2 * len, "\"");
}

static char *put_string(char *at, const char *element, km_str s)
{
	at = put_name(at, element);
	return at + json_text(at, s.s, s.len);
}

static char *put_seconds(char *at, const char *element, uint64_t n)
{
	at = put_name(at, element);
	return at + sprintf(at, "%llu", (unsigned long long)n);
}

size_t keyfile_put(char *text, const km_key *key)
{
	const keyparams *p = &key->params;
	const bool says = key->authority != 0 || key->shared == KM_SHARED_WITH_GATEWAY;
	const uint8_t id[4] = { (uint8_t)(key->gmk_id >> 24), (uint8_t)(key->gmk_id >> 16),
			(uint8_t)(key->gmk_id >> 8), (uint8_t)key->gmk_id };
	char *at = text;

	at = put(at, says ? "{\n\"version\": 3" : "{\n\"version\": 2");
	at = put_hex(at, "gmk", key->gmk, KM_SSV_BYTES);
	at = put_hex(at, "gmk_id", id, sizeof id);
	at = put_hex(at, "rand", key->rand, key->rand_len);
	at = put_string(at, "gms", key->gms);
	at = put_string(at, "kms", key->kms);
	at = put_string(at, "text", p->text);
	at = put_seconds(at, "activation", p->activation);
	at = put_seconds(at, "expiry", p->expiry);
	at = put(put_name(at, "groups"), "[");
	for (size_t i = 0; i < p->n_groups; i++) {
		at = put(at, i == 0 ? "" : ", ");
		at += json_text(at, p->groups[i].s, p->groups[i].len);
	}
	at = put(at, "]");
	at = put(put_name(at, "revoked"), key->revoked ? "true" : "false");
	if (says) {
		at = put(put_name(at, "authority"),
				key->authority == KM_AUTHORITY_PSI ? "\"psi\"" : "\"listed\"");
		at = put(put_name(at, "shared"), key->shared == KM_SHARED_WITH_GATEWAY ? "true" : "false");
	}
	at = put(at, "\n}\n");
	return (size_t)(at - text);
}

char *keyfile_text(size_t *len, const km_key *key)
{
	char *text = memlock_start() ? sodium_malloc(keyfile_room(key)) : NULL;

	*len = text == NULL ? 0 : keyfile_put(text, key);
	return text;
}

km_err keyfile_seal_text(uint8_t **sealed, size_t *len, const char *text, size_t text_len, const km_seal *seal)
{
	km_err err = KM_ENOMEM;

	*len = KEYFILE_SEALED + SEAL_MORE + text_len;
	*sealed = malloc(*len);
	if (*sealed != NULL) {
		memcpy(*sealed, keyfile_sealed, KEYFILE_SEALED);
		err = seal_put(*sealed + KEYFILE_SEALED, seal, keyfile_sealed, KEYFILE_SEALED, text, text_len);
	}
	if (err != KM_OK) {
		free(*sealed);
		*sealed = NULL;
		*len = 0;
	}
	return err;
}

km_err keyfile_seal(uint8_t **sealed, size_t *len, const km_key *key, const km_seal *seal)
{
	size_t text_len;
	char *text = keyfile_text(&text_len, key);
	km_err err = KM_ENOMEM;

	*sealed = NULL;
	*len = 0;
	if (text != NULL)
		err = keyfile_seal_text(sealed, len, text, text_len, seal);
	file_free(text);
	return err;
}

static km_err write_octets(const void *data, size_t len, const char *name, bool is_new, km_complaint *why)
{
	file_out out;

	if (!file_create(&out, name, FILE_PRIVATE | (is_new ? FILE_NEW : 0), why))
		return KM_EIO;
	fwrite(data, 1, len, out.f);
	return file_commit(&out, why) ? KM_OK : KM_EIO;
}

km_err keyfile_write(const km_key *key, const char *name, const km_seal *seal, bool is_new, km_complaint *why)
{
	uint8_t *sealed = NULL;
	char *text = NULL;
	size_t len;
	km_err err = KM_OK;

	if (seal_is_none(seal)) {
		text = keyfile_text(&len, key);
		if (text == NULL)
			err = KM_ENOMEM;
	} else {
		err = keyfile_seal(&sealed, &len, key, seal);
	}
	if (err == KM_OK)
		err = write_octets(text != NULL ? (const void *)text : sealed, len, name, is_new, why);
	else
		complain(why, name, 0, NULL, km_strerror(err));
	file_free(text);
	free(sealed);
	return err;
}

KM_API km_err km_key_export(uint8_t *out, size_t room, size_t *len, const km_key *key, const km_seal *seal,
		km_complaint *why)
{
	DIT_WITHIN;
	km_complaint spare;
	uint8_t *sealed;
	km_err err;

	why = complain_anew(why, &spare);
	*len = 0;
	if (room != 0)
		memset(out, 0, room);
	if (key == NULL)
		return complain_field(why, "key", "is missing");
	if (seal == NULL || seal_is_none(seal))
		return complain_field(why, "seal", "is missing, or none: a key leaves sealed");
	if (key->rand_len != KM_RAND_BYTES || key->content_len == 0)
		return complain_field(why, "key", "a client's, which came by a message");
	err = keyfile_seal(&sealed, len, key, seal);
	if (err != KM_OK) {
		complain(why, "group key", 0, NULL, km_strerror(err));
		return err;
	}
	if (room < *len)
		err = complain_field(why, "room", "less than the sealed key takes");
	else
		memcpy(out, sealed, *len);
	free(sealed);
	return err;
}
