/* util_lab.h -- a laboratory KMS, and rings that its documents are loaded into. */
#ifndef KM_TESTS_UTIL_LAB_H
#define KM_TESTS_UTIL_LAB_H

#include "provision/keys/keyring_pointers.h"
#include "util_kmsdoc.h"

/* The same octets each time. */
extern const km_random drawn;

/* New master keys and their certificate. */
km_kms_master *new_kms(kmsdoc_cert *cert, const char *uri);
/* The keys of an identifier. */
void issue(kmsdoc_keys *keys, const void *id, size_t id_len, const km_kms_master *master);
kmsdoc_keys new_keys(const kmsdoc_cert *cert, const km_kms_master *master, const char *uri,
		uint64_t period_no);
/* Load, free xml, and compare the start of the complaint. */
void add_kms(km_keyring *ring, char *xml, km_err want, const char *complaint);
void add_keys(km_keyring *ring, char *xml, km_err want, const char *complaint);
km_keyring *ring_with(const kmsdoc_cert *cert);
/* The first key set with that UID, or of that user for that period; the KMS that claims a member's URI alone: as long
 * as nothing is pruned; or NULL. */
const km_key_set *keys_by_uid(const km_keyring *ring, const uint8_t uid[KM_UID_BYTES]);
const km_key_set *keys_of_period(const km_keyring *ring, const char *uri, size_t len, const km_kms *kms, uint64_t period_no);
const km_kms *kms_of_host(const km_keyring *ring, const char *member_uri);
size_t n_kms(const km_keyring *ring);
size_t n_keys(const km_keyring *ring);
/* The key set is in the ring and is found by everything that finds it. */
void assert_holds(const km_keyring *ring, const kmsdoc_keys *keys);

#endif
