/* held.h -- what a client has accepted: messages seen, and keys held or remembered as revoked.
 *
 * Not for two threads at once.  At any moment it is whole, so that the child of a fork may go on with its copy, whatever
 * another thread was about: a message is recorded in two steps, of which only the first can fail.
 */
#ifndef KM_HELD_H
#define KM_HELD_H

#include "keys/key.h"

typedef struct held held;

/* Which message it was: the hash of sender, T, RAND and CSB ID. */
typedef struct {
	uint8_t digest[KM_HASH_BYTES];
	uint64_t ntp64;
} held_seen;
held_seen held_seen_of(km_str sender, uint64_t ntp64, const uint8_t *rand, size_t rand_len, uint32_t csb_id);

KM_MUST km_err held_new(held **h);
/* Lets its keys go. */
void held_free(held *h);

bool held_has_seen(const held *h, const held_seen *seen);

/* The i-th key that member holds under a GMK-ID, in the order in which they came; NULL beyond.  *ntp64 is T of the latest
 * message accepted for it.  The key is h's. */
km_key *held_key(const held *h, uint64_t *ntp64, km_str member, uint32_t gmk_id, size_t i);
/* The same of whichever member. */
km_key *held_any(const held *h, uint32_t gmk_id, size_t i);

/* Everything, in the order in which it came: *at is NULL before the first.  NULL: no more. */
const held_seen *held_each_seen(const held *h, const void **at);
km_key *held_each_key(const held *h, uint64_t *ntp64, const void **at);

/* *kept = what of it is still of use at now (Unix seconds): messages whose T lies less than two windows back (window -1:
 * all), keys up to 400 days after their expiry.  KM_ENOMEM. */
KM_MUST km_err held_sift(held **kept, const held *h, int64_t now, int64_t window);

/* A message that is being recorded. */
typedef struct {
	void *seen, *key, *of, *now;    /* held.c's; NULL: none */
} held_step;

/* Get all that recording takes.  seen, and key with T of its message, may be NULL; a key that is there already, of the
 * same member, issuer and GMK, stays revoked if it was, and is replaced by this one, which nobody else has yet.
 * KM_ENOMEM. */
KM_MUST km_err held_prepare(held_step *step, held *h, const held_seen *seen, km_key *key, uint64_t ntp64);
/* One of both; h holds the key from then on. */
void held_commit(held *h, held_step *step);
void held_drop(held_step *step);

#endif
