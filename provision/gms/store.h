/* store.h -- where the state of GMSs is kept: files, or the caller's calls; what gms.c asks of either.
 *
 * Nothing here knows a rule: T, GMK-IDs and marks are right because gms.c makes them so, over both.
 */
#ifndef KM_STORE_H
#define KM_STORE_H

#include <stdatomic.h>

#include "keys/key.h"

struct km_store {
	_Atomic size_t holders;
	km_store_calls calls;
	void *ctx;              /* of the caller's; NULL: files */
	const km_seal *seal;    /* of the caller's, held; NULL: files */
	char *place;            /* of files; NULL: the usual one */
	km_begin begin;
	bool is_files;
	/* What the command wants of files beside that. */
	const char *const *keys;        /* files beside which older versions kept the state */
	size_t n_keys;
	bool look;              /* nothing is made or changed: such a state can be asked only */
	void (*say)(void *ctx, const char *text);       /* remarks, instead of into a complaint; NULL: there */
};

km_store *store_hold(km_store *store);

/* The state of one GMS at one KMS in a store. */
typedef struct store_place store_place;
/* Remarks, as "first use", stand in why where it is KM_OK.  KM_EIO, KM_ELOST. */
KM_MUST km_err store_open(store_place **place, km_store *store, const char *gms, const char *kms, km_complaint *why);
/* place may be NULL. */
void store_close(store_place *place);
/* What files have; NULL: it is in the caller's calls. */
struct state *store_state(const store_place *place);

/* The calls, each by any thread.  KM_EIO: it was not done; files alone: KM_ELOST, what stands there is damaged. */

/* *same: the last T was *expected, and *next stands in its place; else *found is what stands there. */
KM_MUST km_err store_advance(store_place *place, bool *same, km_time *found, const km_time *expected,
		const km_time *next, km_complaint *why);
/* *known: one of them was there, and none was kept; is_known (n) says which, where *known counts them.  now: when those
 * that files forget count as expired. */
KM_MUST km_err store_add_ids(store_place *place, bool *known, bool *is_known, const uint32_t *gmk_ids,
		const km_time *expiries, size_t n, km_time now, km_complaint *why);
KM_MUST km_err store_revoke_id(store_place *place, uint32_t gmk_id, km_time expiry, km_complaint *why);
/* Of n, some perhaps twice. */
KM_MUST km_err store_look_up(store_place *place, uint32_t *is, const uint32_t *gmk_ids, size_t n, km_complaint *why);
KM_MUST km_err store_keep_key(store_place *place, uint32_t gmk_id, const uint8_t *sealed, size_t len,
		km_complaint *why);

/* Members who may have a message of that run from now on, for what T was reserved last; keys: those of the marks.  The
 * run is to be ended whatever this gives. */
KM_MUST km_err store_mark(store_place *place, uint64_t run, const km_mark *marks, size_t n, km_key *const *keys,
		size_t n_keys, km_complaint *why);
/* how: KM_RUN_*. */
KM_MUST km_err store_end_run(store_place *place, uint64_t run, uint32_t how, km_complaint *why);
/* It was never ended, nor will be: its members are unsure. */
void store_leave_run(store_place *place, uint64_t run);
KM_MUST km_err store_given(store_place *place, uint32_t gmk_id, km_given *to, km_complaint *why);

/* What keep_key is given keys sealed under; NULL: files, which keep none by themselves. */
const km_seal *store_seal(const store_place *place);

#endif
