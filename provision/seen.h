/* seen.h -- was this string there before?  A set that keeps a fingerprint of each. */
#ifndef KM_SEEN_H
#define KM_SEEN_H

#include <stddef.h>

/* Fingerprints have 64 bits under a random key of this set, so that nobody can choose strings that
 * collide.  Two of n different strings do with a probability of n^2 / 2^65: 3e-8 for a million, and
 * then the second one is taken for a repeat, which the caller reports.  A string costs 10 to 15
 * octets, an empty set 40 KiB at most. */
typedef struct seen seen;

/* NULL: out of memory. */
seen *seen_new(void);
/* 1: new.  0: it was there before, or (see above) might have been.  -1: out of memory. */
int seen_add(seen *set, const char *s, size_t len);
/* set may be NULL. */
void seen_free(seen *set);

#endif
