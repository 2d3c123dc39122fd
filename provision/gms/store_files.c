/* store_files.c -- the state of a GMS in files: the calls of a store over state and journal. */
#include "store_inner.h"

#include "store_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "base/lock.h"
#include "state.h"

struct store_files {
	lock lock;              /* beside flock, which threads of a process share */
	state *st;
	store_journal *journals;
	_Atomic uint64_t t;     /* the last that this place advanced to, which no message in the making is behind */
	km_complaint *why;      /* of the call at work, where remarks go */
};

/* ---- opening --------------------------------------------------------------------------------- */

/* What people should know goes where the call complains, a line each. */
static void remark(void *ctx, const char *text)
{
	const store_files *files = ctx;
	size_t len = files->why == NULL ? 0 : strlen(files->why->text);

	if (files->why != NULL)
		snprintf(files->why->text + len, sizeof files->why->text - len, "%s%s", len > 0 ? "\n" : "", text);
}

static km_err err_of(state_result result)
{
	return result == STATE_OK ? KM_OK : result == STATE_IO ? KM_EIO : KM_ELOST;
}

km_err store_files_open(store_place *place, km_complaint *why)
{
	const km_store *store = place->store;
	store_files *files = place->files = calloc(1, sizeof *files);
	const state_how how = {
		.gms = place->gms, .kms = place->kms, .is_used = store->begin == KM_MUST_EXIST,
		.start_anew = store->begin == KM_BEGIN_ANEW, .keys = store->keys, .n_keys = store->n_keys,
		.look = store->look, .say = store->say != NULL ? store->say : remark, .ctx = files,
	};
	char *path;
	state_result result;

	if (files == NULL || (files->journals = store_journal_new()) == NULL)
		return KM_ENOMEM;
	path = state_path(store->place, place->gms, place->kms);
	if (path == NULL) {
		complain(why, store->place == NULL ? "the usual place" : store->place, 0, NULL, complain_errno(errno));
		return KM_EIO;
	}
	files->why = why;
	result = state_open(&files->st, path, &how, why);
	files->why = NULL;
	free(path);
	return err_of(result);
}

state *store_state(const store_place *place)
{
	return place->files == NULL ? NULL : place->files->st;
}

void store_files_close(store_files *files)
{
	if (files == NULL)
		return;
	state_close(files->st);
	store_journal_free(files->journals);
	free(files);
}

/* ---- T and GMK-IDs --------------------------------------------------------------------------- */

/* 32.32 bits, as the state has it; what lies outside of that is refused above. */
static uint64_t bits_of(const km_time *t)
{
	return (uint64_t)t->seconds << 32 | t->fraction;
}

/* As the state has an expiry: 0 is never. */
static uint64_t expiry_of(const km_time *t)
{
	return t->seconds == KM_NEVER ? 0 : (uint64_t)t->seconds;
}

static store_files *enter(store_visit *v)
{
	store_files *files = v->place->files;

	lock_take(&files->lock);
	return files;
}

static int leave(store_visit *v, state_result result)
{
	lock_give(&v->place->files->lock);
	v->err = err_of(result);
	return result == STATE_OK ? KM_STORE_DONE : KM_STORE_FAILED;
}

static void raise(store_files *files, uint64_t t)
{
	uint64_t before = files->t;

	while (before < t && !atomic_compare_exchange_weak(&files->t, &before, t))
		;
}

static int advance(void *ctx, const char *gms, const char *kms, km_time *found, const km_time *expected,
		const km_time *next)
{
	store_visit *v = ctx;
	uint64_t last = 0;
	int done;

	(void)gms, (void)kms;
	done = leave(v, state_advance(enter(v)->st, &last, bits_of(expected), bits_of(next), v->why));
	*found = (km_time){ (int64_t)(last >> 32), (uint32_t)last };
	if (done == KM_STORE_DONE && last == bits_of(expected))
		raise(v->place->files, bits_of(next));
	return done == KM_STORE_DONE && last != bits_of(expected) ? KM_STORE_DIFFERS : done;
}

static int add_ids(void *ctx, const char *gms, const char *kms, const uint32_t *gmk_ids, const km_time *expiries,
		size_t n)
{
	store_visit *v = ctx;
	state_id *ids = calloc(n + 1, sizeof *ids);
	size_t known = 0;
	int done;

	(void)gms, (void)kms;
	if (ids == NULL) {
		v->err = KM_ENOMEM;
		return KM_STORE_FAILED;
	}
	for (size_t i = 0; i < n; i++)
		ids[i] = (state_id){ .gmk_id = gmk_ids[i], .expiry = expiry_of(&expiries[i]) };
	done = leave(v, state_add_ids(enter(v)->st, &known, v->is_known, ids, n, v->now, v->why));
	free(ids);
	return done == KM_STORE_DONE && known > 0 ? KM_STORE_DIFFERS : done;
}

static int revoke_id(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, km_time expiry)
{
	store_visit *v = ctx;
	state_id is;

	(void)gms, (void)kms;
	return leave(v, state_keep_id(enter(v)->st, &is, gmk_id, expiry_of(&expiry), true, v->why));
}

km_err store_files_look_up(store_visit *v, uint32_t *is, const uint32_t *gmk_ids, size_t n)
{
	state_id *ids = calloc(n, sizeof *ids);
	bool *known = calloc(n, sizeof *known);
	km_err err = ids == NULL || known == NULL ? KM_ENOMEM : KM_OK;

	for (size_t i = 0; i < n && err == KM_OK; i++)
		ids[i].gmk_id = gmk_ids[i];
	if (err == KM_OK) {
		int done = leave(v, state_look_up_all(enter(v)->st, ids, known, n, v->why));

		err = done == KM_STORE_DONE ? KM_OK : v->err;
	}
	for (size_t i = 0; i < n && err == KM_OK; i++)
		is[i] = !known[i] ? KM_ID_UNKNOWN : ids[i].revoked ? KM_ID_REVOKED : KM_ID_IN_USE;
	free(ids);
	free(known);
	return err;
}

static int look_up(void *ctx, const char *gms, const char *kms, uint32_t *is, uint32_t gmk_id)
{
	store_visit *v = ctx;
	state_id found = { 0 };
	bool known = false;
	int done;

	(void)gms, (void)kms;
	done = leave(v, state_look_up(enter(v)->st, &found, &known, gmk_id, v->why));
	*is = !known ? KM_ID_UNKNOWN : found.revoked ? KM_ID_REVOKED : KM_ID_IN_USE;
	return done;
}

/* ---- journals -------------------------------------------------------------------------------- */

static int done_of(store_visit *v, km_err err)
{
	v->err = err;
	return err == KM_OK ? KM_STORE_DONE : KM_STORE_FAILED;
}

/* Keys are in the file that their maker wrote. */
static int keep_key(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, const uint8_t *sealed, size_t len)
{
	(void)gms, (void)kms, (void)gmk_id, (void)sealed, (void)len;
	return done_of(ctx, KM_EARG);
}

static int mark(void *ctx, const char *gms, const char *kms, uint64_t run, const km_mark *marks, size_t n)
{
	store_visit *v = ctx;
	store_files *files = v->place->files;

	(void)gms, (void)kms;
	return done_of(v, store_journal_mark(files->journals, state_name(files->st), run, files->t, marks, n, v->keys,
			v->n_keys, v->why));
}

static int end_run(void *ctx, const char *gms, const char *kms, uint64_t run, uint32_t how)
{
	store_visit *v = ctx;

	(void)gms, (void)kms;
	return done_of(v, store_journal_end(v->place->files->journals, run, how == KM_RUN_DELIVERED, v->why));
}

void store_files_leave_run(store_files *files, uint64_t run)
{
	store_journal_leave(files->journals, run);
}

static int given(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, km_given *to)
{
	store_visit *v = ctx;

	(void)gms, (void)kms;
	return done_of(v, store_journal_given(state_name(v->place->files->st), gmk_id, to, v->why));
}

const km_store_calls store_files_calls = {
	.struct_size = sizeof store_files_calls, .advance = advance, .add_ids = add_ids, .revoke_id = revoke_id,
	.look_up = look_up, .keep_key = keep_key, .mark = mark, .end_run = end_run, .given = given,
};
