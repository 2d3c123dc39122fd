/* state.h -- what a GMS must remember between runs: its last T, the GMK-IDs in use, the revoked ones.
 *
 * One small text file for a GMS at a KMS, in one place of the host whatever way the keys came, locked
 * while it is looked at, so that processes may share it.  T is written in place and is on disk before
 * its messages leave; a new GMK-ID is on disk before it is given out.
 *
 * A GMK-ID is forgotten when its expiry is 400 days past for the clock and for the last T before this
 * run: one run with a clock that is a year ahead makes none free.  A revoked one without expiry is kept
 * for ever.
 */
#ifndef KM_STATE_H
#define KM_STATE_H

#include "gmk.h"
#include "state_file.h"

typedef struct state state;

typedef enum {
	STATE_OK,
	STATE_CORRUPT,          /* the file is not what this module wrote, or another GMS's */
	STATE_LOST,             /* there is none, and there must have been one */
	STATE_IO,               /* the system refused; out of memory; asked to end while waiting */
} state_result;

typedef struct {
	const char *place;      /* a file, or a directory (also with a final '/'); NULL: the usual one */
	const char *gms, *kms;  /* URIs */
	const char *const *keys;        /* files beside which older versions kept the state */
	size_t n_keys;
	bool is_used;           /* a key of this GMS was made before: there must be a state */
	bool start_anew;        /* where it is lost or damaged; what journals know is kept */
	bool look;              /* nothing is made or changed: such a state can be asked only */
	void (*say)(void *ctx, const char *text);       /* what people should know; escaped */
	void *ctx;
} state_how;

/* ---- where it lies (state_place.c) ----------------------------------------------------------- */

/* The directory: $XDG_STATE_HOME/keymuster, /var/lib/keymuster for root, ~/.local/state/keymuster.
 * free() it.  NULL: out of memory, or no home. */
char *state_directory(void);
/* The file, behind all links; the directory of the usual place is made (0700).  free() it.
 * NULL: errno. */
char *state_path(const char *place, const char *gms_uri, const char *kms_uri);
/* Where versions before kept it: beside a key file.  NULL: no such file. */
char *state_old_path(const char *key_file, const char *gms_uri, const char *kms_uri);

/* ---- using it (state.c) ---------------------------------------------------------------------- */

/* Open the file at path, which state_path gave; take over what an older version left, or begin a new
 * one where it may be.  On an error *st is NULL and *why says what is wrong. */
state_result state_open(state **st, const char *path, const state_how *how, km_complaint *why);
/* st may be NULL. */
void state_close(state *st);
const char *state_name(const state *st);

/* A point in time as 32.32 bits of Unix seconds, which holds until 2106. */
uint64_t state_time(int64_t seconds, long nanoseconds);
/* The last T, as it was at state_open; 0: none. */
uint64_t state_last_t(const state *st);
/* The T that the next message would have at now. */
uint64_t state_next_t(const state *st, uint64_t now);

/* The first of n values of T that lie within one second: now, or right after last where that is later.  0: T would
 * come too near to the end of its 32 bits of seconds to go on from. */
uint64_t state_first_of(uint64_t last, uint64_t now, size_t n);
/* Where the last T is expected, put next in its place, on disk; *found is what stood there. */
state_result state_advance(state *st, uint64_t *found, uint64_t expected, uint64_t next, km_complaint *why);

/* Keep n new GMK-IDs, none of them twice, unless some are known: *known counts those, is_known (n) says which, and
 * nothing is written.  now: the clock, Unix seconds. */
state_result state_add_ids(state *st, size_t *known, bool *is_known, const state_id *ids, size_t n, int64_t now,
		km_complaint *why);
/* Keep a GMK-ID that is not known yet, or that is revoked from now on; *is: what is known of it then. */
state_result state_keep_id(state *st, state_id *is, uint32_t gmk_id, uint64_t expiry, bool revoked,
		km_complaint *why);
/* What is known of n GMK-IDs now, by one reading: fills in the rest of ids, and known.  One may be there twice. */
state_result state_look_up_all(state *st, state_id *ids, bool *known, size_t n, km_complaint *why);
/* What is known of a GMK-ID now; expiry and revoked are 0 where it is unknown (*known). */
state_result state_look_up(state *st, state_id *is, bool *known, uint32_t gmk_id, km_complaint *why);

/* Keep other processes out; not while calling the above. */
state_result state_lock(state *st, km_complaint *why);
void state_unlock(state *st);

/* ---- for state show and repair --------------------------------------------------------------- */

/* Read path as far as it can be read; STATE_OK also where c->wrong says what is wrong.  It must be
 * freed with state_content_free. */
state_result state_read(state_content *c, const char *path, km_complaint *why);
/* Give all that can be read of path (exists), or nothing, to edit under the lock, and put what it makes
 * of it in its place; what was damaged is kept as PATH.damaged.  edit: false: nothing is to be written. */
typedef bool state_editor(void *ctx, state_content *c, bool exists);
state_result state_edit(const char *path, state_editor *edit, void *ctx, km_complaint *why);
/* GMK-IDs and the last T of the journals beside path into c.  How many journals there are. */
size_t state_add_journals(state_content *c, const char *path);

#endif
