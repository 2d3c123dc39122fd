/* util_lab.h -- a laboratory KMS, and rings that its documents are loaded into. */
#ifndef KM_TESTS_UTIL_LAB_H
#define KM_TESTS_UTIL_LAB_H

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
size_t n_kms(const km_keyring *ring);
size_t n_keys(const km_keyring *ring);
/* The key set is in the ring and is found by everything that finds it. */
void assert_holds(const km_keyring *ring, const kmsdoc_keys *keys);

#endif
