/* gms.h -- a GMS: who it is, and the rules of what it must remember, the same over files and the caller's calls.
 *
 * The room, provision/gms/, which stands on keys/: messages made, and what a GMS remembers.
 *   gms                     T reserved, GMK-IDs drawn, keys looked up
 *   store, store_inner      where that is kept, asked of the caller's calls
 *   store_files, store_journal   or of files
 *   key_made, key_files     group keys made, taken over, revoked; in files
 *   given                   who was given a key, each once
 *   batch, batch_check, batch_plan, batch_mark   batches: filled and run; everybody looked at; placed; marked
 *   plan                    how one is cut into pieces
 *   make                    a piece of a batch to messages
 *   state, state_inner      T and GMK-IDs in a file
 *   state_file, state_lock, state_open, state_place   as text; locked and replaced; opened; where it lies
 *   salts                   the user salts that a group key has given
 *   journal, journal_file   who was given one group key
 *   journal_part, journal_runs   the frames of one file; the files of many keys
 *   journal_prune           journals of keys that are over, removed
 *   journal_add, journal_many, journal_index   what a run adds; a process that serves many keys; members looked up
 */
#ifndef KM_GMS_H
#define KM_GMS_H

#include "base/lock.h"
#include "keys/keyring.h"
#include "store.h"

struct km_gms {
	_Atomic size_t holders;
	km_keyring *ring;
	store_place *place;
	char *uri, *kms_uri;
	_Atomic uint64_t clock_behind;
	lock lock;              /* of last; held while T is reserved */
	km_time last;           /* the latest T seen, or taken by this process: T never falls behind it */
};

km_gms *gms_hold(km_gms *gms);

/* May messages of this GMS have this T?  KM_ECLOCK: it has no key set then. */
typedef km_err gms_check(void *ctx, km_time t, km_complaint *why);

/* Reserve n values of T (1..KM_BATCH_MAX) from *first on, 2^-32 of a second apart and all within one second: now, or
 * right after the last one that anybody reserved where that is later.  check (NULL: none) is asked about *first before
 * it is kept.  KM_ECLOCK: now is out of bounds, or too far behind the last T; or as check says.  T has not moved then.
 * KM_EIO, KM_ELOST. */
KM_MUST km_err gms_reserve_t(km_time *first, km_gms *gms, size_t n, km_time now, gms_check *check, void *ctx,
		km_complaint *why);
/* The last T, seconds 0 where there is none.  KM_ECLOCK where none could be reserved at now, KM_EIO, KM_ELOST. */
KM_MUST km_err gms_last_t(km_time *last, km_gms *gms, km_time now, km_complaint *why);
/* The i-th of those that gms_reserve_t gave. */
km_time gms_t_at(km_time first, size_t i);

/* The certificate and the key set with which gms can sign at t, in that snapshot of its keyring.  KM_ECLOCK: none. */
KM_MUST km_err gms_can_sign(const km_kms **kms, const km_key_set **set, const km_gms *gms, const ring_snapshot *s,
		km_time t, km_complaint *why);

/* Draw n GMK-IDs that are neither known nor 0, and keep them. */
KM_MUST km_err gms_new_ids(uint32_t *gmk_ids, km_gms *gms, const km_time *expiries, size_t n, km_time now,
		const km_random *rnd, km_complaint *why);
/* *is = KM_ID_*. */
KM_MUST km_err gms_look_up(uint32_t *is, km_gms *gms, uint32_t gmk_id, km_complaint *why);
/* The same of n, some perhaps twice; files are read once. */
KM_MUST km_err gms_look_up_all(uint32_t *is, km_gms *gms, const uint32_t *gmk_ids, size_t n, km_complaint *why);
/* Known or not, it is revoked from now on. */
KM_MUST km_err gms_revoke_id(km_gms *gms, uint32_t gmk_id, km_time expiry, km_complaint *why);

/* owner_free of a key whose owner is its GMS; that one; NULL: it is a client's. */
void gms_let_go(void *gms);
km_gms *gms_of(const km_key *key);

/* A number for a run of a batch. */
KM_MUST km_err gms_new_run(uint64_t *run, km_complaint *why);
/* Members who may have a message of that run from now on, on disk when this returns; keys: those that the marks are of.
 * It comes behind the gms_reserve_t of their messages.  A run may mark more than once, and is to be ended whatever this
 * gives.  KM_EIO, KM_ELOST. */
KM_MUST km_err gms_mark(km_gms *gms, uint64_t run, const km_mark *marks, size_t n, km_key *const *keys, size_t n_keys,
		km_complaint *why);
/* how: KM_RUN_DELIVERED, KM_RUN_TAKEN_BACK. */
KM_MUST km_err gms_end_run(km_gms *gms, uint64_t run, uint32_t how, km_complaint *why);
/* Nobody will say what became of it: its members are unsure. */
void gms_leave_run(km_gms *gms, uint64_t run);

#endif
