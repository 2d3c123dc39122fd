/* util_key.c -- group keys for tests. */
#include "util_key.h"

#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"

static km_str str(const char *s)
{
	return (km_str){s, strlen(s)};
}

km_key *key_for(uint32_t gmk_id, const char *gms, const char *kms, const char *text, uint64_t expiry,
		const char *const *groups)
{
	static const uint8_t gmk[KM_SSV_BYTES] = {0xaa, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xbb};
	static const uint8_t rand[KM_RAND_BYTES] = {9, 8, 7};
	km_str uris[KM_GROUPS_MAX];
	key_parts parts = {.gmk = gmk, .gmk_id = gmk_id, .gms = str(gms), .kms = str(kms), .rand = rand,
			.rand_len = sizeof rand, .shared = KM_SHARED_NO};
	km_complaint why;
	km_key *key;

	parts.params = (keyparams){.expiry = expiry, .text = str(text), .groups = uris};
	while (groups[parts.params.n_groups] != NULL) {
		uris[parts.params.n_groups] = str(groups[parts.params.n_groups]);
		parts.params.n_groups++;
	}
	if (key_make(&key, &parts, &why) != KM_OK)
		abort();
	return key;
}
