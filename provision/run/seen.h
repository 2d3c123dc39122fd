/* seen.h -- was this member there before, in the same way or in another?  A set of fingerprints. */
#ifndef KM_SEEN_H
#define KM_SEEN_H

#include <stdint.h>

#include "gmk.h"

/* Fingerprints are taken under a random key of this set, so that nobody can choose strings that
 * collide: 64 bits for the user, 32 for the way the user is written, 64 for the KMS.  Two of n different users
 * are taken for one with a probability of n^2 / 2^65 (3e-8 for a million), which makes a remark; for a repeat
 * the others must be the same too.  A member costs 30 to 45 octets, an empty set 120 KiB at most. */
typedef struct seen seen;

typedef enum {
	SEEN_NEW,
	SEEN_TWIN,              /* new, but its user was there, written in another way */
	SEEN_REPEAT,
	SEEN_OTHER_KMS,         /* the same URI, with another KMS */
	SEEN_NOMEM,
} seen_result;

/* NULL: out of memory. */
seen *seen_new(void);
/* Users are those of a key: who gets several is new for each.  *line goes in as that of this one, and comes out as that
 * of the one before (both cut at 2^32 - 1). */
seen_result seen_add(seen *set, km_str uri, km_str kms, uint32_t key, uint64_t *line);
/* set may be NULL. */
void seen_free(seen *set);

#endif
