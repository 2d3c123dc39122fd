/* uid.h -- user salts, GUK-IDs and media keys, by the key derivation of TS 33.220 B.2 as TS 33.180 uses it. */
#ifndef KM_UID_H
#define KM_UID_H

#include "gmk.h"

/* The 28-bit user salt (F.1.3).  gmk is secret; the salt is shown by the GUK-ID to who knows the GMK-ID. */
uint32_t uid_salt(const uint8_t gmk[KM_SSV_BYTES], const char *uri, size_t uri_len);

/* GMK-ID XOR salt, which is also GUK-ID XOR salt; the purpose tag (4 top bits) is kept. */
uint32_t uid_guk_id(uint32_t gmk_id, uint32_t salt);

/* The media keys of a sender with that GUK-ID (RFC 3830 4.1.3): cs_id 4 MCPTT, 5 MCVideo.  gmk and the outputs are
 * secret. */
void uid_srtp_keys(uint8_t key[KM_SRTP_KEY_BYTES], uint8_t salt[KM_SRTP_SALT_BYTES], const uint8_t gmk[KM_SSV_BYTES],
		uint8_t cs_id, uint32_t guk_id, const uint8_t *rand, size_t rand_len);

/* HMAC-SHA-256(key, FC || P0 || L0).  key and out are secret; len <= KM_URI_MAX. */
void uid_kdf(uint8_t out[KM_HASH_BYTES], const uint8_t key[KM_SSV_BYTES], uint8_t fc, const void *p0,
		size_t len);

#endif
