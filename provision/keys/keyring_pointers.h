/* keyring_pointers.h -- what a keyring holds, by pointers into it: what they are to stays until the ring is freed.
 * For who never prunes; see ring_take for others. */
#ifndef KM_KEYRING_POINTERS_H
#define KM_KEYRING_POINTERS_H

#include "keyring.h"

/* Who is told what is odd about documents that are added from now on, a line each ("FILE:LINE: element: text",
 * escaped): also of a certificate or key set that cannot be used beside others that can.  Before, in the complaint. */
void km_keyring_on_remark(km_keyring *ring, void (*remark)(void *ctx, const char *text), void *ctx);

/* The newest certificate of the KMS with that URI, valid or not; or NULL. */
const km_kms *km_keyring_kms_newest(const km_keyring *ring, const char *uri, size_t len);
/* The newest one that is valid at that time (Unix seconds), or NULL. */
const km_kms *km_keyring_kms_valid(const km_keyring *ring, const char *uri, size_t len, int64_t at);
/* As ring_kms_claims. */
const km_kms *km_keyring_kms_claims(const km_keyring *ring, const char *member_uri, size_t len, const km_kms **other);
/* The i-th certificate or key set in the order of loading; NULL beyond. */
const km_kms *km_keyring_kms_at(const km_keyring *ring, size_t i);
const km_key_set *km_keyring_keys_at(const km_keyring *ring, size_t i);
/* As ring_keys_when. */
const km_key_set *km_keyring_keys_when(const km_keyring *ring, const char *uri, size_t len, const km_kms *kms,
		int64_t at);
/* As ring_lost. */
const char *km_keyring_lost(const km_keyring *ring, const char *uri, const char *kms_uri, uint64_t period_no);

#endif
