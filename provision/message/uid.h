/* uid.h -- the key derivation of TS 33.220 B.2, as TS 33.180 uses it. */
#ifndef KM_UID_H
#define KM_UID_H

#include "gmk.h"

/* HMAC-SHA-256(key, FC || P0 || L0).  key and out are secret; len <= KM_URI_MAX. */
void uid_kdf(uint8_t out[KM_HASH_BYTES], const uint8_t key[KM_SSV_BYTES], uint8_t fc, const void *p0,
		size_t len);

#endif
