/* memlock.h -- errors of the engine in words, with the limit where memory for keys cannot be locked. */
#ifndef KM_MEMLOCK_H
#define KM_MEMLOCK_H

#include <stdbool.h>

#include "gmk.h"

enum { MEMLOCK_TEXT = 160 };

/* km_strerror, or, where memory ran out because no more of it may be locked, that limit, what is in
 * use, and how to raise it.  Ask before anything is freed. */
const char *memlock_strerror(char out[MEMLOCK_TEXT], km_err err);

/* Is the limit reached, so that what is secret may be swapped out?  Then out says so, with the limit. */
bool memlock_is_full(char out[MEMLOCK_TEXT]);

/* Before memory of sodium_malloc, which km_init has made ready.  Before that, libsodium is asked, under a lock of its own
 * that the child of a fork at that moment would find taken.  False: it cannot be used. */
bool memlock_start(void);

#endif
