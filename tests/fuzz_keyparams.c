/* fuzz_keyparams.c -- fuzz target: any octets as key parameters, in clear and protected. */
#include <stdlib.h>
#include <string.h>

#include "provision/message/keyparams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_within(km_str s, const uint8_t *data, size_t len)
{
	if (s.len != 0 && (s.s < (const char *)data || s.s + s.len > (const char *)data + len))
		abort();
}

/* What was read can be written, and reads as the same; strings lie in the content. */
static void check_read(const uint8_t *data, size_t len)
{
	km_str groups[KM_GROUPS_MAX], groups_again[KM_GROUPS_MAX];
	keyparams params, again;
	uint8_t *out;
	size_t size;

	if (keyparams_read(&params, groups, data, len))
		return;
	if (params.n_groups > KM_GROUPS_MAX)
		abort();
	check_within(params.text, data, len);
	for (size_t i = 0; i < params.n_groups; i++)
		check_within(params.groups[i], data, len);
	size = keyparams_size(&params);
	if (size == 0 || params.status >> 16)
		return; /* more than one of ours would say, and such a status could look like a length */
	out = malloc(size);
	if (out == NULL)
		abort();
	keyparams_write(out, &params);
	if (keyparams_read(&again, groups_again, out, size) || again.status != params.status ||
			again.activation != params.activation || again.expiry != params.expiry ||
			again.n_groups != params.n_groups || again.text.len != params.text.len ||
			memcmp(again.text.s, params.text.s, params.text.len) != 0)
		abort();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t gmk[KM_SSV_BYTES];
	static keyparams_cipher *cipher;
	static uint8_t out[KEYPARAMS_MAX];
	size_t out_len = 0;

	if (cipher == NULL && (cipher = keyparams_cipher_new()) == NULL)
		abort();
	check_read(data, len);
	if (keyparams_unprotect(out, &out_len, cipher, gmk, 0, (octets){data, len}))
		check_read(out, out_len);
	return 0;
}
