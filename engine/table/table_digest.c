/* table_digest.c -- the SHA-256 of the tables over P and g. */
#include "table_layouts.h"

#include <string.h>

const table_digest table_digests[] = {
#include "table_digests.inc"
};
const size_t table_digests_n = sizeof table_digests / sizeof table_digests[0];

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#include <stdlib.h>

/* Of a copy whose words are turned; without memory for it, of nothing that is listed. */
void table_digest_of(uint8_t out[32], const table *t)
{
	size_t words = table_size(t) / 8;
	const uint64_t *in = t->mem;
	uint64_t *turned = malloc(8 * words);

	memset(out, 0, 32);
	for (size_t i = 0; turned && i < words; i++)
		turned[i] = __builtin_bswap64(in[i]);
	if (turned)
		km_sha256(out, (const uint8_t *)turned, 8 * words);
	free(turned);
}
#else
void table_digest_of(uint8_t out[32], const table *t)
{
	km_sha256(out, t->mem, table_size(t));
}
#endif

km_err table_digest_check(const table *t)
{
	uint8_t got[32];

	table_digest_of(got, t);
	for (size_t i = 0; i < table_digests_n; i++) {
		const table_digest *d = &table_digests[i];

		if (d->base == t->base && d->layout == t->layout && d->w == t->shape.w)
			return memcmp(d->digest, got, sizeof d->digest) == 0 ? KM_OK : KM_ESELFTEST;
	}
	return KM_ESELFTEST;
}
