/* comb_digest.c -- the SHA-256 of the tables over P and g. */
#include "comb_digest.h"

#include <string.h>

const comb_digest comb_digests[] = {
#include "comb_digests.inc"
};
const size_t comb_digests_n = sizeof comb_digests / sizeof comb_digests[0];

/* Nobody else sees the table yet: where limbs lie the other way round, they are turned and back. */
static void turn(uint64_t *t, size_t limbs)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	for (size_t i = 0; i < limbs; i++)
		t[i] = __builtin_bswap64(t[i]);
#else
	(void)t;
	(void)limbs;
#endif
}

void comb_digest_limbs(uint8_t out[32], uint64_t *t, size_t limbs)
{
	turn(t, limbs);
	km_sha256(out, (const uint8_t *)t, limbs * sizeof *t);
	turn(t, limbs);
}

void comb_digest_eight(uint8_t out[32], const comb8 *c)
{
	km_sha256(out, c->t, c->shape.windows * c->window_bytes);
}

void comb_digest_alone(uint8_t out[32], alone_table *t)
{
	comb_digest_limbs(out, t->t[0], t->shape.windows * t->coords * t->shape.entries * FP8_WORDS);
}

digest_layout comb_digest_layout(const fp8_table *t)
{
	return t->unit == FP8_LANES ? DIGEST_WORDS : DIGEST_OCTETS;
}

km_err comb_digest_check(const uint8_t got[32], digest_base base, digest_layout layout, unsigned w)
{
	for (size_t i = 0; i < comb_digests_n; i++) {
		const comb_digest *d = &comb_digests[i];

		if (d->base == base && d->layout == layout && d->w == w)
			return memcmp(d->digest, got, sizeof d->digest) == 0 ? KM_OK : KM_ESELFTEST;
	}
	return KM_ESELFTEST;
}
