/* store.c -- where the state of GMSs is kept: a store made, and its calls asked. */
#include "store_inner.h"

#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "keys/seal.h"

/* ---- a store --------------------------------------------------------------------------------- */

static km_store *make(void)
{
	km_store *store = calloc(1, sizeof *store);

	if (store != NULL)
		store->holders = 1;
	return store;
}

km_store *store_hold(km_store *store)
{
	atomic_fetch_add(&store->holders, 1);
	return store;
}

void km_store_free(km_store *store)
{
	if (store == NULL || atomic_fetch_sub(&store->holders, 1) != 1)
		return;
	km_seal_free((km_seal *)(uintptr_t)store->seal);
	free(store->place);
	free(store);
}

km_err km_store_files(km_store **out, const char *place, km_begin begin, km_complaint *why)
{
	km_complaint spare;
	km_store *store;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (place == NULL || *place == '\0')
		return complain_field(why, "place", "neither a directory nor a file is named");
	if (begin != KM_MUST_EXIST && begin != KM_MAY_BEGIN && begin != KM_BEGIN_ANEW)
		return complain_field(why, "begin", "none of KM_MUST_EXIST, KM_MAY_BEGIN, KM_BEGIN_ANEW");
	store = make();
	if (store == NULL)
		return KM_ENOMEM;
	store->calls = store_files_calls;
	store->is_files = true;
	store->begin = begin;
	if (strcmp(place, KM_PLACE_USUAL) != 0 && (store->place = strdup(place)) == NULL) {
		km_store_free(store);
		return KM_ENOMEM;
	}
	*out = store;
	return KM_OK;
}

/* The first call that is missing; NULL: none. */
static const char *missing(const km_store_calls *calls)
{
	if (calls->struct_size < sizeof *calls)
		return "struct_size";
	return calls->advance == NULL ? "advance" : calls->add_ids == NULL ? "add_ids" :
			calls->revoke_id == NULL ? "revoke_id" : calls->look_up == NULL ? "look_up" :
			calls->keep_key == NULL ? "keep_key" : calls->mark == NULL ? "mark" :
			calls->end_run == NULL ? "end_run" : calls->given == NULL ? "given" : NULL;
}

km_err km_store_on(km_store **out, const km_store_calls *calls, void *ctx, const km_seal *seal, km_complaint *why)
{
	km_complaint spare;
	km_store *store;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (calls == NULL)
		return complain_field(why, "calls", "is missing");
	if (missing(calls) != NULL)
		return complain_field(why, missing(calls), "is missing: each call is wanted");
	if (seal == NULL || seal_is_none(seal))
		return complain_field(why, "seal", "is missing, or km_seal_none: keys leave for the database sealed");
	store = make();
	if (store == NULL)
		return KM_ENOMEM;
	store->calls = *calls;
	store->ctx = ctx;
	store->seal = seal_hold(seal);
	*out = store;
	return KM_OK;
}

/* ---- the state of one GMS -------------------------------------------------------------------- */

km_err store_open(store_place **out, km_store *store, const char *gms, const char *kms, km_complaint *why)
{
	store_place *place = calloc(1, sizeof *place);
	km_err err = KM_OK;

	*out = NULL;
	if (place == NULL)
		return KM_ENOMEM;
	place->store = store_hold(store);
	place->gms = strdup(gms);
	place->kms = strdup(kms);
	if (place->gms == NULL || place->kms == NULL)
		err = KM_ENOMEM;
	else if (store->is_files)
		err = store_files_open(place, why);
	if (err == KM_OK)
		*out = place;
	else
		store_close(place);
	return err;
}

void store_close(store_place *place)
{
	if (place == NULL)
		return;
	store_files_close(place->files);
	km_store_free(place->store);
	free(place->gms);
	free(place->kms);
	free(place);
}

/* ---- its calls ------------------------------------------------------------------------------- */

static void *ctx_of(const store_place *place, store_visit *v)
{
	return place->store->is_files ? v : place->store->ctx;
}

/* What a call gave, KM_STORE_DIFFERS being none of it. */
static km_err outcome(const store_visit *v, int done, const char *call)
{
	if (done == KM_STORE_DONE)
		return KM_OK;
	if (!v->place->store->is_files)
		complain(v->why, "store", 0, call, "the call failed");
	return v->err;
}

#define VISIT { .place = place, .why = why, .err = KM_EIO }

km_err store_advance(store_place *place, bool *same, km_time *found, const km_time *expected, const km_time *next,
		km_complaint *why)
{
	store_visit v = VISIT;
	int done;

	*found = (km_time){ 0, 0 };
	done = place->store->calls.advance(ctx_of(place, &v), place->gms, place->kms, found, expected, next);
	*same = done == KM_STORE_DONE;
	return done == KM_STORE_DIFFERS ? KM_OK : outcome(&v, done, "advance");
}

static km_err look_up_one(store_place *place, uint32_t *is, uint32_t gmk_id, km_complaint *why)
{
	store_visit v = VISIT;
	km_err err;

	*is = 0;
	err = outcome(&v, place->store->calls.look_up(ctx_of(place, &v), place->gms, place->kms, is, gmk_id),
			"look_up");
	if (err == KM_OK && *is != KM_ID_UNKNOWN && *is != KM_ID_IN_USE && *is != KM_ID_REVOKED) {
		complain(why, "store", 0, "look_up", "gave none of KM_ID_UNKNOWN, KM_ID_IN_USE, KM_ID_REVOKED");
		err = KM_EIO;
	}
	return err;
}

km_err store_look_up(store_place *place, uint32_t *is, const uint32_t *gmk_ids, size_t n, km_complaint *why)
{
	store_visit v = VISIT;
	km_err err = KM_OK;

	if (place->store->is_files && n > 1)    /* which read the whole state each time */
		err = store_files_look_up(&v, is, gmk_ids, n);
	else
		for (size_t i = 0; i < n && err == KM_OK; i++)
			err = look_up_one(place, &is[i], gmk_ids[i], why);
	if (err != KM_OK)
		memset(is, 0, n * sizeof *is);
	return err;
}

km_err store_keep_key(store_place *place, uint32_t gmk_id, const uint8_t *sealed, size_t len, km_complaint *why)
{
	store_visit v = VISIT;

	return outcome(&v, place->store->calls.keep_key(ctx_of(place, &v), place->gms, place->kms, gmk_id, sealed, len),
			"keep_key");
}

/* A call of the caller's does not say which. */
static km_err find_known(store_place *place, bool *is_known, const uint32_t *gmk_ids, size_t n, km_complaint *why)
{
	km_err err = KM_OK;

	for (size_t i = 0; i < n && err == KM_OK; i++) {
		uint32_t is;

		err = look_up_one(place, &is, gmk_ids[i], why);
		is_known[i] = is != KM_ID_UNKNOWN;
	}
	return err;
}

km_err store_add_ids(store_place *place, bool *known, bool *is_known, const uint32_t *gmk_ids,
		const km_time *expiries, size_t n, km_time now, km_complaint *why)
{
	store_visit v = VISIT;
	int done;

	v.now = now.seconds;
	v.is_known = is_known;
	done = place->store->calls.add_ids(ctx_of(place, &v), place->gms, place->kms, gmk_ids, expiries, n);
	*known = done == KM_STORE_DIFFERS;
	if (!*known)
		return outcome(&v, done, "add_ids");
	return place->store->is_files ? KM_OK : find_known(place, is_known, gmk_ids, n, why);
}

km_err store_revoke_id(store_place *place, uint32_t gmk_id, km_time expiry, km_complaint *why)
{
	store_visit v = VISIT;

	return outcome(&v, place->store->calls.revoke_id(ctx_of(place, &v), place->gms, place->kms, gmk_id, expiry),
			"revoke_id");
}

km_err store_mark(store_place *place, uint64_t run, const km_mark *marks, size_t n, km_key *const *keys,
		size_t n_keys, km_complaint *why)
{
	store_visit v = VISIT;

	v.keys = keys;
	v.n_keys = n_keys;
	return outcome(&v, place->store->calls.mark(ctx_of(place, &v), place->gms, place->kms, run, marks, n), "mark");
}

km_err store_end_run(store_place *place, uint64_t run, uint32_t how, km_complaint *why)
{
	store_visit v = VISIT;

	return outcome(&v, place->store->calls.end_run(ctx_of(place, &v), place->gms, place->kms, run, how), "end_run");
}

void store_leave_run(store_place *place, uint64_t run)
{
	if (place->store->is_files)
		store_files_leave_run(place->files, run);
}

km_err store_given(store_place *place, uint32_t gmk_id, km_given *to, km_complaint *why)
{
	store_visit v = VISIT;

	return outcome(&v, place->store->calls.given(ctx_of(place, &v), place->gms, place->kms, gmk_id, to), "given");
}

const km_seal *store_seal(const store_place *place)
{
	return place->store->seal;
}
