/* fuzz_keyfile.c -- fuzz target: any octets as a group key file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/base/file.h"
#include "provision/keys/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_uri(km_str uri)
{
	if (km_uri_check(uri.s, uri.len, KM_URI_LOOSE) != KM_URI_OK || uri.s[uri.len] != '\0')
		abort();
}

/* A key that was read holds only what the rest of the program relies on. */
static void check_key(const km_key *key)
{
	const keyparams *p = &key->params;

	if (key->gmk_id >> 28 != 0 || p->n_groups > KM_GROUPS_MAX || p->text.len > KM_TEXT_MAX ||
			strlen(p->text.s) != p->text.len || (p->activation | p->expiry) >> 40 != 0 ||
			key->rand_len != KM_RAND_BYTES || key->content_len == 0)
		abort();
	check_uri(key->gms);
	check_uri(key->kms);
	for (size_t i = 0; i < p->n_groups; i++)
		check_uri(p->groups[i]);
}

/* What was read is written, and is the same then; but for salts, which only version 1 has. */
static void check_again(const km_key *key)
{
	km_complaint why;
	km_key *again;
	size_t len, len_again;
	char *text = keyfile_text(&len, key), *text_again;

	if (text == NULL || keyfile_parse(&again, text, len, "again", &why) != KM_OK)
		abort();
	file_free(text);
	text = keyfile_text(&len, key);
	text_again = keyfile_text(&len_again, again);
	if (text == NULL || text_again == NULL || len != len_again || memcmp(text, text_again, len) != 0)
		abort();
	file_free(text);
	file_free(text_again);
	km_key_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	km_key *key = NULL;
	km_complaint why;
	km_err err;

	if (text == NULL)
		abort();
	memcpy(text, data, len);
	err = keyfile_parse(&key, text, len, "name", &why);
	if ((err == KM_OK) != (key != NULL))
		abort();
	if (key != NULL) {
		check_key(key);
		check_again(key);
	} else if (err != KM_EFORMAT || strncmp(why.text, "name", 4) != 0) {
		abort();
	}
	km_key_free(key);
	free(text);
	return 0;
}
