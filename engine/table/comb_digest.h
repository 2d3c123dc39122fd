/* comb_digest.h -- the SHA-256 of the tables over P and g, in each shape and layout that is used.
 *
 * A wrong entry would be a fault attack on every member, so a table is compared before it is used.
 * `make digests` computes them all from the portable builder and prints comb_digest.c's list.
 */
#ifndef KM_COMB_DIGEST_H
#define KM_COMB_DIGEST_H

#include "alone_table.h"
#include "comb8.h"

typedef enum { DIGEST_P, DIGEST_G } digest_base;

/* How entries are laid out: comb.h, the two layouts of fp8_table.c, and alone_table.h. */
typedef enum { DIGEST_LIMBS, DIGEST_WORDS, DIGEST_OCTETS, DIGEST_ALONE } digest_layout;

typedef struct {
	digest_base base;
	digest_layout layout;
	unsigned w;
	uint8_t digest[32];
} comb_digest;

extern const comb_digest comb_digests[];
extern const size_t comb_digests_n;

/* The digest of a table as it lies in memory; limbs are taken least significant octet first. */
void comb_digest_limbs(uint8_t out[32], uint64_t *t, size_t limbs);
void comb_digest_eight(uint8_t out[32], const comb8 *c);
void comb_digest_alone(uint8_t out[32], alone_table *t);

/* KM_OK, or KM_ESELFTEST: it is not the digest of that table. */
km_err comb_digest_check(const uint8_t got[32], digest_base base, digest_layout layout, unsigned w);
digest_layout comb_digest_layout(const fp8_table *t);

#endif
