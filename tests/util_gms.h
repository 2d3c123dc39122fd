/* util_gms.h -- several KMSs, and GMSs with group keys, for tests of batches. */
#ifndef KM_TESTS_UTIL_GMS_H
#define KM_TESTS_UTIL_GMS_H

#include "util_lab.h"

/* A time in the middle of a key period, at which everything that is made here is valid. */
#define LAB_NOW ((km_time){ 1790000000, 1u << 30 })

typedef struct {
	km_kms_master *master;
	kmsdoc_cert cert;
	char *certificate;      /* its document */
} lab_kms;

/* domains ends in NULL, and may be none. */
void lab_begin(lab_kms *kms, const char *uri, const char *const *domains);
void lab_end(lab_kms *kms);
/* Into the ring: its certificate; the key set of a user for the period of LAB_NOW.  Fails the test where that is
 * refused. */
void lab_add(km_keyring *ring, const lab_kms *kms);
void lab_add_user(km_keyring *ring, const lab_kms *kms, const char *uri, uint32_t use);
/* For the period of another time. */
void lab_add_user_at(km_keyring *ring, const lab_kms *kms, const char *uri, uint32_t use, km_time at);

/* A new key for one group, kept nowhere, made 100 s before LAB_NOW.  expiry 0: never. */
km_key *lab_key(km_gms *gms, const char *group, int64_t expiry);

#endif
