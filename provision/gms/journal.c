/* journal.c -- who was given a group key: where the files lie, and a key's marks opened. */
#include "journal_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/file.h"
#include "message/uid.h"

journal_result journal_refuse_errno(const char *path, km_complaint *why)
{
	complain(why, path, 0, NULL, complain_errno(errno));
	return JOURNAL_IO;
}

journal_result journal_refuse(const char *path, const char *text, km_complaint *why)
{
	complain(why, path, 0, NULL, text);
	return JOURNAL_CORRUPT;
}

journal_key journal_key_of(const km_key *key)
{
	const keyparams *p = &key->params;

	return (journal_key){ key->gmk_id, p->activation, p->expiry, key->gms.s, key->kms.s, p->text.s, p->n_groups,
			key->groups };
}

/* ---- where they lie -------------------------------------------------------------------------- */

static const char state_end[] = ".state", journal_end[] = ".journal", run_start[] = ".run-";
enum { NUMBER = 8, KEY_END = 1 + NUMBER + sizeof journal_end - 1 };

static size_t base_length(const char *state_file)
{
	size_t len = strlen(state_file), end = sizeof state_end - 1;

	return len > end && strcmp(state_file + len - end, state_end) == 0 ? len - end : len;
}

char *journal_path(const char *state_file, uint32_t gmk_id)
{
	char *path = NULL;

	if (asprintf(&path, "%.*s.%08x%s", (int)base_length(state_file), state_file,
			    (unsigned)gmk_id, journal_end) < 0)
		return NULL;
	return path;
}

/* "START0abcdef0.journal", and nothing more. */
static bool is_end(const char *s, const char *start, uint32_t *number)
{
	size_t len = strlen(start);
	char *end;

	if (strncmp(s, start, len) != 0 || strspn(s + len, "0123456789abcdef") != NUMBER ||
	    strcmp(s + len + NUMBER, journal_end) != 0)
		return false;
	*number = (uint32_t)strtoul(s + len, &end, 16);
	return true;
}

typedef struct {
	const char *base;               /* DIR/NAME, of len octets */
	size_t len;
	void (*each_run)(void *ctx, const char *path);
	void *ctx;
	number_list ids;                /* of keys that have a file, where each_run is NULL */
	bool lost;                      /* one may be there that was not listed */
} listing;

static void note_entry(listing *l, const char *dir, const char *entry, const char *name)
{
	size_t len = strlen(name);
	uint32_t number;
	char *path = NULL;

	if (strncmp(entry, name, len) != 0)
		return;
	if (l->each_run == NULL && is_end(entry + len, ".", &number)) {
		l->lost = !number_list_add(&l->ids, number) || l->lost;
	} else if (l->each_run != NULL && is_end(entry + len, run_start, &number)) {
		if (asprintf(&path, "%s%s", dir, entry) < 0) {
			l->lost = true;
			return;
		}
		l->each_run(l->ctx, path);
		free(path);
	}
}

static void look_through(listing *l)
{
	char *base = strndup(l->base, l->len);
	const char *slash = base == NULL ? NULL : strrchr(base, '/');
	char *dir_name = slash == NULL ? strdup("./") : strndup(base, (size_t)(slash - base) + 1);
	DIR *dir = base == NULL || dir_name == NULL ? NULL : opendir(dir_name);
	const struct dirent *entry = NULL;
	int err = errno;

	l->lost = dir == NULL && (base == NULL || dir_name == NULL || err != ENOENT);
	errno = 0;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		note_entry(l, dir_name, entry->d_name, slash == NULL ? base : slash + 1);
		errno = 0;
	}
	err = dir == NULL ? err : errno;
	l->lost = l->lost || (dir != NULL && err != 0);
	if (dir != NULL)
		closedir(dir);
	free(dir_name);
	free(base);
	errno = err;
}

bool journal_each_run(const char *base, size_t len, void (*each)(void *ctx, const char *path), void *ctx)
{
	listing l = { .base = base, .len = len, .each_run = each, .ctx = ctx };

	look_through(&l);
	return !l.lost;
}

bool journal_each_run_of(const char *state_file, void (*each)(void *ctx, const char *path), void *ctx)
{
	return journal_each_run(state_file, base_length(state_file), each, ctx);
}

size_t journal_list(const char *state_file, void (*each)(void *ctx, const journal_place *at), void *ctx,
		size_t *damaged)
{
	listing l = { .base = state_file, .len = base_length(state_file) };
	km_complaint why;
	journal_runs *runs = journal_runs_read(l.base, l.len, &why);
	number_list all = { .at = NULL };
	size_t n = 0;
	uint32_t id;

	look_through(&l);
	number_list_sort(&l.ids);
	for (size_t i = 0; i < l.ids.n; i++)
		l.lost = !number_list_add(&all, l.ids.at[i]) || l.lost;
	for (size_t i = 0; runs != NULL && (i = journal_runs_key(runs, i, &id)) != 0; )
		l.lost = !number_list_add(&all, id) || l.lost;
	number_list_sort(&all);
	for (size_t i = 0; i < all.n; i++) {
		char *path;

		if (i > 0 && all.at[i] == all.at[i - 1])
			continue;
		n++;
		path = each == NULL ? NULL : journal_path(state_file, all.at[i]);
		if (path != NULL)
			each(ctx, &(journal_place){ path, all.at[i], runs,
					!l.lost && !number_list_has(&l.ids, all.at[i]) });
		free(path);
	}
	if (damaged != NULL)
		*damaged = (runs == NULL ? 1 : journal_runs_damaged(runs)) + l.lost;
	journal_runs_free(runs);
	number_list_free(&all);
	number_list_free(&l.ids);
	return n;
}

/* ---- reading --------------------------------------------------------------------------------- */

journal_at journal_begin(const journal *j)
{
	return (journal_at){ JOURNAL_START, j->first };
}

bool journal_next(const journal *j, journal_at *at, frame *f)
{
	if (part_next(f, &j->own, &at->at))
		return true;
	return at->entry < j->last && journal_runs_at(j->runs, at->entry++, f);
}

/* How many members stand there. */
static void count(journal *j)
{
	journal_at at = journal_begin(j);
	frame f;

	j->counts = (journal_count){ 0 };
	while (journal_next(j, &at, &f)) {
		frame_worth worth = frame_value(&f);

		if (f.kind != FRAME_DOUBT && f.t > j->counts.last_t && !frame_is_doubted(&f))
			j->counts.last_t = f.t;
		j->counts.revoked = j->counts.revoked || f.kind == JOURNAL_TOLD;
		if (f.kind == JOURNAL_TOLD)
			j->counts.told += worth == FRAME_SURE ? f.n : 0;
		else if (worth == FRAME_SURE && (f.kind == JOURNAL_GIVEN || f.kind == FRAME_OLD))
			j->counts.given += f.n;
		else if (worth == FRAME_UNSURE && f.kind == JOURNAL_GIVEN)
			j->counts.unsure += f.n;
	}
}

/* What is torn at the end of the key's own file is cut off where it may be. */
static journal_result map(journal *j, km_complaint *why)
{
	const tail *file = &j->file;
	journal_result result = part_map(&j->own, file, JOURNAL_OF_ONE, why);
	size_t at = JOURNAL_START;
	frame f;

	if (result != JOURNAL_OK)
		return result;
	if (!part_next(&f, &j->own, &at) || !part_take_key(&j->key, j->groups, &f))
		return journal_refuse(file->path,
				"the journal is damaged, it does not say whose key it is of" WAY_OUT, why);
	if (j->may_write && j->own.len < j->own.mapped && ftruncate(file->fd, (off_t)j->own.len) != 0)
		return journal_refuse_errno(file->path, why);
	j->file.end = j->own.len;
	return part_survey(&j->own, j->counts_own ? &j->making.run : NULL) ? JOURNAL_OK :
			journal_refuse_errno(file->path, why);
}

static bool take_key_of_many(journal *j)
{
	frame f;

	for (size_t i = j->first; i < j->last; i++) {
		if (journal_runs_at(j->runs, i, &f) && part_take_key(&j->key, j->groups, &f))
			return j->key.gmk_id == f.gmk_id;
	}
	return false;
}

/* All files of many that name the key of path; a path that no key has names none. */
static journal_result find_many(journal *j, km_complaint *why)
{
	const char *path = j->file.path;
	size_t len = strlen(path);
	uint32_t gmk_id = 0;

	j->first = j->last = 0;
	if (len < KEY_END || !is_end(path + len - KEY_END, ".", &gmk_id))
		return JOURNAL_OK;
	if (j->runs == NULL)
		j->runs = journal_runs_read(path, len - KEY_END, why);
	if (j->runs == NULL)
		return journal_refuse_errno(path, why);
	if (journal_runs_damaged(j->runs) > 0)
		return journal_refuse(path, "a journal of many keys beside it cannot be read" WAY_OUT, why);
	journal_runs_find(j->runs, gmk_id, &j->first, &j->last);
	if (j->first < j->last && !take_key_of_many(j))
		return journal_refuse(journal_runs_path(j->runs, j->first),
				"the journal is damaged, it does not say whose key it is of" WAY_OUT, why);
	return JOURNAL_OK;
}

static journal_result compare(const journal *j, const journal_key *key, km_complaint *why)
{
	if (key == NULL || (key->gmk_id == j->key.gmk_id && strcmp(key->gms, j->key.gms) == 0 &&
	    strcmp(key->kms, j->key.kms) == 0))
		return JOURNAL_OK;
	return journal_refuse(j->file.path, "the journal of another key", why);
}

/* ---- opening --------------------------------------------------------------------------------- */

static journal_result make(journal *j, const journal_key *key, km_complaint *why)
{
	file_out out;
	bool done;

	if (!file_create(&out, j->file.path, FILE_PRIVATE | FILE_NEW, why))
		return errno == EEXIST ? JOURNAL_OK : JOURNAL_IO;
	if (!frame_key(&j->making, key) || !frame_close(&j->making, FRAME_KEY, 0, 0)) {
		file_discard(&out);
		return journal_refuse_errno(j->file.path, why);
	}
	fputs(JOURNAL_OF_ONE, out.f);
	fwrite(j->making.entries.at, 1, j->making.entries.len, out.f);
	frame_clear(&j->making);
	done = file_commit(&out, why);
	j->made = done;
	return done || errno == EEXIST ? JOURNAL_OK : JOURNAL_IO;
}

/* The file of the key itself.  JOURNAL_NONE: there is none. */
static journal_result open_own(journal *j, journal_how how, const journal_key *key, km_complaint *why)
{
	const int flags = (j->may_write ? O_RDWR | O_APPEND : O_RDONLY) | O_CLOEXEC | O_NOCTTY;
	journal_result result = JOURNAL_OK;

	j->file.fd = open(j->file.path, flags);
	if (j->file.fd < 0 && errno == ENOENT && how == JOURNAL_MAKE) {
		result = make(j, key, why);
		if (result == JOURNAL_OK)
			j->file.fd = open(j->file.path, flags);
	}
	if (result != JOURNAL_OK)
		return result;
	if (j->file.fd < 0) {
		result = errno == ENOENT ? JOURNAL_NONE : JOURNAL_IO;
		journal_refuse_errno(j->file.path, why);
		return result;
	}
	result = tail_lock(&j->file, why);
	if (result == JOURNAL_OK)
		result = map(j, why);
	flock(j->file.fd, LOCK_UN);
	return result;
}

static journal_result enter(journal *j, journal_how how, bool no_file, const journal_key *key, km_complaint *why)
{
	journal_result result;

	j->may_write = how != JOURNAL_READ;
	result = find_many(j, why);
	if (result == JOURNAL_OK) {
		result = no_file ? JOURNAL_NONE : open_own(j, how, key, why);
		if (result == JOURNAL_NONE && j->first < j->last)
			result = JOURNAL_OK;
	}
	if (result == JOURNAL_OK)
		result = compare(j, key, why);
	if (result == JOURNAL_OK)
		count(j);
	return result;
}

journal_result journal_open_at(journal **out, const journal_place *at, journal_how how, const journal_key *key,
		km_complaint *why)
{
	journal *j = calloc(1, sizeof *j);
	journal_result result;

	*out = NULL;
	if (j == NULL || (j->file.path = strdup(at->path)) == NULL) {
		free(j);
		complain(why, at->path, 0, NULL, complain_errno(ENOMEM));
		return JOURNAL_IO;
	}
	j->file.fd = -1;
	j->runs = journal_runs_hold(at->runs);
	result = enter(j, how, at->no_file && how != JOURNAL_MAKE, key, why);
	j->making.run = journal_free_run(j, 0);
	if (result == JOURNAL_OK)
		*out = j;
	else
		journal_close(j);
	return result;
}

journal_result journal_open(journal **j, const char *path, journal_how how, const journal_key *key,
		km_complaint *why)
{
	return journal_open_at(j, &(journal_place){ path, 0, NULL, false }, how, key, why);
}

journal_result journal_look_again(journal *j, km_complaint *why)
{
	journal_result result = tail_lock(&j->file, why);

	if (result != JOURNAL_OK)
		return result;
	part_free(&j->own);
	journal_runs_free(j->runs);
	j->runs = NULL;
	free(j->index);
	j->index = NULL;
	j->counts_own = true;
	result = find_many(j, why);
	if (result == JOURNAL_OK)
		result = map(j, why);
	flock(j->file.fd, LOCK_UN);
	if (result == JOURNAL_OK)
		count(j);
	return result;
}

void journal_close(journal *j)
{
	if (j == NULL)
		return;
	part_free(&j->own);
	journal_runs_free(j->runs);
	tail_close(&j->file);
	maker_free(&j->making);
	free(j->index);
	free(j);
}

const journal_key *journal_of(const journal *j)
{
	return &j->key;
}

bool journal_is_new(const journal *j)
{
	return j->made && j->first == j->last;
}

bool journal_has_salts_of(const journal *j, const uint8_t gmk[KM_SSV_BYTES])
{
	journal_at at = journal_begin(j);
	frame f;

	while (journal_next(j, &at, &f)) {
		if (f.kind == JOURNAL_GIVEN && f.n > 0 && f.names > 0)
			return uid_salt(gmk, f.uris, strlen(f.uris)) == frame_load32(f.entries);
	}
	return true;
}

journal_count journal_counts(const journal *j)
{
	return j->counts;
}
