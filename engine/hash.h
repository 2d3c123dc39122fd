/* hash.h -- SHA-256 in pieces, HMAC, and HashToIntegerRange (RFC 6508, 5.1). */
#ifndef KM_HASH_H
#define KM_HASH_H

#include <stddef.h>
#include <stdint.h>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

/* Octets to hash, one part of several. */
typedef struct {
	const uint8_t *data;
	size_t len;
} hash_part;

/* SHA-256 over the parts, one after the other.  Parts may be secret. */
void hash_parts(uint8_t out[32], const hash_part *parts, size_t n);

/* HMAC-SHA-256 over the parts.  key and parts may be secret. */
void hmac_parts(uint8_t out[32], const uint8_t *key, size_t key_len, const hash_part *parts,
		size_t n);

/* out[i] = HMAC-SHA-256 over the parts and one octet i more, for i < many: as hmac_parts, but the
 * parts are hashed once. */
void hmac_fan(uint8_t (*out)[32], uint8_t many, const uint8_t *key, size_t key_len,
		const hash_part *parts, size_t n);

/* v = v_1 || .. || v_l, with v_i = SHA-256(h_i || A) and A = SHA-256(parts), l <= 4: what
 * HashToIntegerRange reduces.  Constant time. */
void hash_range(uint8_t *v, size_t l, const hash_part *parts, size_t n);

/* out = HashToIntegerRange(parts, 2^128) as 16 octets.  Constant time. */
void hash_to_128(uint8_t out[16], const hash_part *parts, size_t n);

#endif
