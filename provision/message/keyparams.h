/* keyparams.h -- key parameters (TS 33.180 E.6) and their protected payload (8.5.4, annex E.6). */
#ifndef KM_KEYPARAMS_H
#define KM_KEYPARAMS_H

#include "mikey.h"

enum {
	KEYPARAMS_FIXED = 20,                       /* content without text and groups */
	PROTECTED_HEADER = 35, GCM_TAG = 16,
	KEYPARAMS_MAX = KM_CONTENT_MAX,             /* content that is read */
	KM_GMK_IV_BYTES = 16,
};

enum { KM_STATUS_NOT_REVOKED = 1, KM_STATUS_SHARED_WITH_GATEWAY = 2 };

/* What key parameters say.  Strings and groups are somebody else's. */
typedef struct {
	uint8_t key_type;                           /* 0: GMK */
	uint32_t status;                            /* KM_STATUS_* */
	uint64_t activation, expiry;                /* Unix seconds, 40 bits; 0: at once, never */
	km_str text;
	const km_str *groups;
	size_t n_groups;
} keyparams;

/* Octets of the content, 0 where the parameters are out of range. */
size_t keyparams_size(const keyparams *params);
/* Write the content; its size is keyparams_size. */
void keyparams_write(uint8_t *out, const keyparams *params);
/* Read a content, flat or nested in an element; strings point into it, and the groups stand in groups.
 * NULL, or what is malformed. */
const char *keyparams_read(keyparams *params, km_str groups[KM_GROUPS_MAX], const uint8_t *content, size_t len);

/* What is wrong with the head of a protected payload under that GUK-ID, which is in clear; NULL: nothing. */
const char *keyparams_check(octets protected_payload, uint32_t guk_id);

/* Encryption under one GMK for many messages. */
typedef struct keyparams_cipher keyparams_cipher;
/* What libcrypto does once in a process, under locks that the child of a fork in the middle of it would find taken for
 * ever: fetch the cipher.  False: it cannot be had. */
bool keyparams_start(void);
/* NULL: no memory, or no cipher. */
keyparams_cipher *keyparams_cipher_new(void);
void keyparams_cipher_free(keyparams_cipher *cipher);

/* out (PROTECTED_HEADER + len + GCM_TAG octets) = the protected payload of content.  gmk is secret,
 * created is Unix seconds.  false: libcrypto failed. */
bool keyparams_protect(uint8_t *out, keyparams_cipher *cipher, const uint8_t gmk[KM_SSV_BYTES],
		uint32_t guk_id, const uint8_t iv[KM_GMK_IV_BYTES], uint64_t created,
		const uint8_t *content, size_t len);

/* The same read: *len octets of content.  out has KEYPARAMS_MAX octets.  false: its DPPK-ID is not
 * guk_id, or it does not decrypt. */
bool keyparams_unprotect(uint8_t *out, size_t *len, keyparams_cipher *cipher,
		const uint8_t gmk[KM_SSV_BYTES], uint32_t guk_id, octets protected_payload);

#endif
