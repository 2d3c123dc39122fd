/* journal_runs.c -- who was given group keys: the files of many keys beside a state, looked through once. */
#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

typedef struct {
	uint32_t gmk_id, part;
	uint64_t at;
} entry;

struct journal_runs {
	_Atomic size_t holders;
	part *parts;
	char **paths;
	size_t n, damaged;
	entry *entries;         /* by GMK-ID, and then as they stand */
	size_t n_entries, room;
};

journal_runs *journal_runs_hold(journal_runs *runs)
{
	if (runs != NULL)
		atomic_fetch_add(&runs->holders, 1);
	return runs;
}

void journal_runs_free(journal_runs *runs)
{
	if (runs == NULL || atomic_fetch_sub(&runs->holders, 1) != 1)
		return;
	for (size_t i = 0; i < runs->n; i++) {
		part_free(&runs->parts[i]);
		free(runs->paths[i]);
	}
	free(runs->parts);
	free(runs->paths);
	free(runs->entries);
	free(runs);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool note_entry(journal_runs *runs, entry e)
{
	if (runs->n_entries == runs->room) {
		size_t more = runs->room == 0 ? 64 : 2 * runs->room;
		entry *bigger = reallocarray(runs->entries, more, sizeof *bigger);

		if (bigger == NULL)
			return false;
		runs->entries = bigger;
		runs->room = more;
	}
	runs->entries[runs->n_entries++] = e;
	return true;
}

static bool note_entries(journal_runs *runs, size_t i)
{
	size_t at = JOURNAL_START, next = JOURNAL_START;
	frame f;

	while (part_next(&f, &runs->parts[i], &next)) {
		if ((f.kind == FRAME_KEY || f.kind == JOURNAL_GIVEN || f.kind == JOURNAL_TOLD) &&
		    !note_entry(runs, (entry){ f.gmk_id, (uint32_t)i, at }))
			return false;
		at = next;
	}
	return true;
}

static journal_result read_file(journal_runs *runs, const char *path, km_complaint *why)
{
	part *p = &runs->parts[runs->n];
	tail file = { .path = (char *)(uintptr_t)path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) };
	journal_result result = file.fd < 0 ? journal_refuse_errno(path, why) : tail_lock(&file, why);

	*p = (part){ .data = NULL };
	if (result == JOURNAL_OK)
		result = part_map(p, &file, JOURNAL_OF_MANY, why);
	if (file.fd >= 0) {
		flock(file.fd, LOCK_UN);        /* which the map would keep */
		close(file.fd);
	}
	if (result == JOURNAL_OK && !part_survey(p, NULL))
		result = journal_refuse_errno(path, why);
	if (result != JOURNAL_OK)
		part_free(p);
	return result;
}

/* One file more.  false: out of memory. */
static bool add_file(journal_runs *runs, const char *path, km_complaint *why)
{
	part *parts = reallocarray(runs->parts, runs->n + 1, sizeof *parts);
	char **paths;

	if (parts == NULL)
		return false;
	runs->parts = parts;
	paths = reallocarray(runs->paths, runs->n + 1, sizeof *paths);
	if (paths == NULL)
		return false;
	runs->paths = paths;
	if (read_file(runs, path, why) != JOURNAL_OK) {
		runs->damaged++;
		return true;
	}
	paths[runs->n] = strdup(path);
	return paths[runs->n++] != NULL && note_entries(runs, runs->n - 1);
}

static int by_key(const void *a, const void *b)
{
	const entry *x = a, *y = b;

	if (x->gmk_id != y->gmk_id)
		return x->gmk_id < y->gmk_id ? -1 : 1;
	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

typedef struct {
	journal_runs *runs;
	km_complaint *why;
	bool done;
} reading;

static void add_found(void *ctx, const char *path)
{
	reading *r = ctx;

	r->done = r->done && add_file(r->runs, path, r->why);
}

journal_runs *journal_runs_read(const char *base, size_t len, km_complaint *why)
{
	reading r = { calloc(1, sizeof *r.runs), why, true };

	if (r.runs == NULL)
		return NULL;
	r.runs->holders = 1;
	if (!journal_each_run(base, len, add_found, &r) || !r.done) {
		journal_runs_free(r.runs);
		return NULL;
	}
	if (r.runs->n_entries > 0)
		qsort(r.runs->entries, r.runs->n_entries, sizeof *r.runs->entries, by_key);
	return r.runs;
}

/* ---- asking ---------------------------------------------------------------------------------- */

size_t journal_runs_damaged(const journal_runs *runs)
{
	return runs->damaged;
}

/* The first entry of that GMK-ID or behind. */
static size_t lowest(const journal_runs *runs, uint64_t gmk_id)
{
	size_t from = 0, to = runs->n_entries;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (runs->entries[middle].gmk_id < gmk_id)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

void journal_runs_find(const journal_runs *runs, uint32_t gmk_id, size_t *first, size_t *last)
{
	*first = lowest(runs, gmk_id);
	*last = lowest(runs, (uint64_t)gmk_id + 1);
}

bool journal_runs_at(const journal_runs *runs, size_t i, frame *f)
{
	size_t at = (size_t)runs->entries[i].at;

	return part_next(f, &runs->parts[runs->entries[i].part], &at);
}

const char *journal_runs_path(const journal_runs *runs, size_t i)
{
	return runs->paths[runs->entries[i].part];
}

size_t journal_runs_key(const journal_runs *runs, size_t i, uint32_t *gmk_id)
{
	if (i >= runs->n_entries)
		return 0;
	*gmk_id = runs->entries[i].gmk_id;
	return lowest(runs, (uint64_t)*gmk_id + 1);
}
