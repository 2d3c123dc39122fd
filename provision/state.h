/* state.h -- what a GMS must remember between runs: its last T, and the GMK-IDs in use.
 *
 * A small text file beside the GMS's keys, locked while it is looked at, so that processes may share
 * it.  T is overwritten in place: after a power cut the clock has gone on anyhow.  A new GMK-ID is on
 * disk before it is given out.
 */
#ifndef KM_STATE_H
#define KM_STATE_H

#include "gmk.h"

typedef struct state state;

typedef enum {
	STATE_OK,
	STATE_CORRUPT,          /* the file is not what this module wrote */
	STATE_IO,               /* the system refused; also out of memory */
} state_result;

/* Where the state of that GMS at that KMS lies: in the directory of its key file.  The name is made
 * from both URIs, so that the key files of two periods share it.  free() it.  NULL: no such file. */
char *state_path(const char *key_file, const char *gms_uri, const char *kms_uri);

/* Open the file, or make it (0600).  On an error *st is NULL and *why says what is wrong. */
state_result state_open(state **st, const char *path, km_complaint *why);
/* st may be NULL. */
void state_close(state *st);

/* A point in time as 32.32 bits of Unix seconds, which holds until 2106. */
uint64_t state_time(int64_t seconds, long nanoseconds);

/* Reserve n <= KM_CHUNK_MAX consecutive values of T, from *t on (as above), all within one second:
 * now, or right after the last one reserved by anyone where that is later. */
state_result state_reserve(state *st, uint64_t *t, size_t n, uint64_t now, km_complaint *why);

/* Draw a GMK-ID that none of the GMKs unexpired at now has, and keep it until expiry (Unix seconds;
 * 0: for ever). */
state_result state_new_id(state *st, uint32_t *gmk_id, uint64_t expiry, int64_t now,
		const km_random *rnd, km_complaint *why);

/* Keep other processes out, to change what belongs to the GMS; not while calling the above. */
state_result state_lock(state *st, km_complaint *why);
void state_unlock(state *st);

#endif
