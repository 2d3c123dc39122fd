/* util_key.h -- group keys for tests. */
#ifndef KM_TESTS_UTIL_KEY_H
#define KM_TESTS_UTIL_KEY_H

#include "provision/keys/key.h"

/* A key of that GMS, for groups up to NULL; GMK and RAND are always the same.  Aborts where it cannot. */
km_key *key_for(uint32_t gmk_id, const char *gms, const char *kms, const char *text, uint64_t expiry,
		const char *const *groups);

#endif
