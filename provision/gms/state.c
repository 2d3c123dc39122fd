/* state.c -- what a GMS must remember between runs: its last T, GMK-IDs in use and revoked. */
#include "state_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/file.h"

/* Half a year before the 32 bits of seconds end in 2106: nothing that follows can start again at 0.
 */
#define LAST_T ((uint64_t)0xff000000 << 32)
#define GRACE ((uint64_t)400 * 86400)

void state_close(state *st)
{
	if (st == NULL)
		return;
	if (st->fd >= 0)
		close(st->fd);
	state_content_free(&st->seen);
	state_content_free(&st->asked);
	free(st->path);
	free(st);
}

const char *state_name(const state *st)
{
	return st->path;
}

/* ---- T --------------------------------------------------------------------------------------- */

uint64_t state_time(int64_t seconds, long nanoseconds)
{
	return (uint64_t)seconds << 32 | (((uint64_t)nanoseconds << 32) / 1000000000u);
}

uint64_t state_last_t(const state *st)
{
	return st->last;
}

uint64_t state_next_t(const state *st, uint64_t now)
{
	return now > st->last ? now : st->last + 1;
}

/* Read the last T alone: this happens once a batch. */
static state_result read_t(const state *st, uint64_t *t, km_complaint *why)
{
	char text[STATE_T_LEN];
	ssize_t got = pread(st->fd, text, sizeof text, 0);

	*t = 0;
	if (got < 0)
		return state_refuse_errno(st, why);
	if (!state_parse_t(t, text, (size_t)got))
		return state_refuse(st, 2,
				"not a T with its check: the state was damaged during the run",
				why);
	return STATE_OK;
}

static state_result write_t(const state *st, uint64_t t, km_complaint *why)
{
	char text[STATE_T_LEN + 1];

	state_print_t(text, t);
	errno = ENOSPC;                         /* a short write sets none */
	if (pwrite(st->fd, text, STATE_T_LEN, 0) != STATE_T_LEN || fdatasync(st->fd) != 0)
		return state_refuse_errno(st, why);
	return STATE_OK;
}

uint64_t state_first_of(uint64_t last, uint64_t now, size_t n)
{
	uint64_t t = now > last ? now : last + 1;

	if (last > LAST_T || now > LAST_T)
		return 0;
	if ((t & UINT32_MAX) + n > (uint64_t)UINT32_MAX + 1)
		t = (t | UINT32_MAX) + 1;
	return t;
}

state_result state_advance(state *st, uint64_t *found, uint64_t expected, uint64_t next, km_complaint *why)
{
	state_result result = state_lock(st, why);

	*found = 0;
	if (result != STATE_OK)
		return result;
	result = read_t(st, found, why);
	if (result == STATE_OK && *found == expected && next != expected)
		result = write_t(st, next, why);
	state_unlock(st);
	return result;
}

/* ---- GMK-IDs --------------------------------------------------------------------------------- */

static void drop_expired(state_content *all, int64_t now)
{
	uint64_t t = all->t >> 32, then = now < 0 ? 0 : (uint64_t)now;
	size_t kept = 0;

	then = t < then ? t : then;
	for (size_t i = 0; i < all->n; i++) {
		uint64_t expiry = all->ids[i].expiry;

		if (expiry == 0 || expiry + GRACE >= then)
			all->ids[kept++] = all->ids[i];
	}
	all->n = kept;
}

/* Lock and read; on STATE_OK the lock is held. */
static state_result enter(state *st, state_content *all, km_complaint *why)
{
	state_result result = state_lock(st, why);

	*all = (state_content){ 0 };
	if (result == STATE_OK)
		result = state_read_locked(st, all, why);
	if (result != STATE_OK)
		state_unlock(st);
	return result;
}

static void leave(state *st, state_content *all)
{
	state_content_free(all);
	state_unlock(st);
}

static int by_gmk_id(const void *a, const void *b)
{
	uint32_t x = ((const state_id *)a)->gmk_id, y = ((const state_id *)b)->gmk_id;

	return (x > y) - (x < y);
}

/* Which of ids are in all, by their places; found (NULL: not wanted) gets what is known of them.  How many; sorted is
 * room for n. */
static size_t match(const state_content *all, state_id *found, bool *is_known, const state_id *ids, state_id *sorted,
		size_t n)
{
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {        /* its place stands where the expiry does */
		sorted[i] = (state_id){ .gmk_id = ids[i].gmk_id, .expiry = i };
		is_known[i] = false;
	}
	qsort(sorted, n, sizeof *sorted, by_gmk_id);
	for (size_t i = 0; i < all->n; i++) {
		const state_id *one = bsearch(&all->ids[i], sorted, n, sizeof *sorted, by_gmk_id);

		while (one != NULL && one > sorted && one[-1].gmk_id == one->gmk_id)
			one--;                  /* who asks may hold a key twice */
		for (; one != NULL && one < sorted + n && one->gmk_id == all->ids[i].gmk_id; one++) {
			known += !is_known[one->expiry];
			is_known[one->expiry] = true;
			if (found != NULL)
				found[one->expiry] = all->ids[i];
		}
	}
	return known;
}

state_result state_add_ids(state *st, size_t *known, bool *is_known, const state_id *ids, size_t n, int64_t now,
		km_complaint *why)
{
	state_content all;
	state_result result = enter(st, &all, why);
	state_id *sorted;

	*known = 0;
	if (result != STATE_OK) {
		state_content_free(&all);
		return result;
	}
	drop_expired(&all, now);
	sorted = calloc(n + 1, sizeof *sorted);
	if (sorted == NULL)
		result = state_refuse_errno(st, why);
	else
		*known = match(&all, NULL, is_known, ids, sorted, n);
	free(sorted);
	for (size_t i = 0; i < n && *known == 0 && result == STATE_OK; i++) {
		if (!state_push_id(&all, ids[i]))
			result = state_refuse_errno(st, why);
	}
	if (result == STATE_OK && *known == 0)
		result = state_write_locked(st, &all, why);
	leave(st, &all);
	return result;
}

state_result state_keep_id(state *st, state_id *is, uint32_t gmk_id, uint64_t expiry, bool revoked,
		km_complaint *why)
{
	state_content all;
	state_result result;
	const state_id *known;

	*is = (state_id){ .gmk_id = gmk_id, .revoked = revoked, .expiry = expiry };
	if (st->look) {
		known = state_find_id(&st->seen, gmk_id);
		is->revoked = revoked || (known != NULL && known->revoked);
		return STATE_OK;
	}
	result = enter(st, &all, why);
	if (result != STATE_OK) {
		state_content_free(&all);
		return result;
	}
	known = state_find_id(&all, gmk_id);
	if (known == NULL || (revoked && !known->revoked)) {
		if (!state_add_id(&all, (state_id){ gmk_id, revoked, expiry }))
			result = state_refuse_errno(st, why);
		else
			result = state_write_locked(st, &all, why);
	}
	if (result == STATE_OK)
		*is = *state_find_id(&all, gmk_id);
	leave(st, &all);
	return result;
}

/* The lock is held.  GMK-IDs change with the file, which stays the same while T alone is written into it; but who edits
 * it by hand may have left it in its place. */
static state_result read_asked(state *st, km_complaint *why)
{
	struct stat now;
	state_result result;

	if (fstat(st->fd, &now) != 0)
		return state_refuse_errno(st, why);
	if (st->asked_size == now.st_size)
		return STATE_OK;
	state_content_free(&st->asked);
	st->asked_size = 0;
	result = state_read_locked(st, &st->asked, why);
	if (result != STATE_OK)
		return result;
	if (st->asked.n > 0)
		qsort(st->asked.ids, st->asked.n, sizeof *st->asked.ids, by_gmk_id);
	st->asked_size = now.st_size;
	return STATE_OK;
}

state_result state_look_up_all(state *st, state_id *ids, bool *known, size_t n, km_complaint *why)
{
	state_result result = st->look ? STATE_OK : state_lock(st, why);
	const bool is_locked = result == STATE_OK && !st->look;
	state_id *sorted = calloc(n + 1, sizeof *sorted);

	if (is_locked)
		result = read_asked(st, why);
	if (result == STATE_OK && sorted == NULL)
		result = state_refuse_errno(st, why);
	if (result == STATE_OK)
		match(st->look ? &st->seen : &st->asked, ids, known, ids, sorted, n);
	free(sorted);
	if (is_locked)
		state_unlock(st);
	return result;
}

state_result state_look_up(state *st, state_id *is, bool *known, uint32_t gmk_id, km_complaint *why)
{
	const state_id wanted = { .gmk_id = gmk_id }, *found = NULL;
	state_result result = st->look ? STATE_OK : state_lock(st, why);

	if (st->look) {
		found = state_find_id(&st->seen, gmk_id);
	} else if (result == STATE_OK) {
		result = read_asked(st, why);
		if (result == STATE_OK && st->asked.n > 0)
			found = bsearch(&wanted, st->asked.ids, st->asked.n, sizeof wanted, by_gmk_id);
		state_unlock(st);
	}
	*known = found != NULL;
	*is = found == NULL ? wanted : *found;
	return result;
}
