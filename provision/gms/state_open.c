/* state_open.c -- opening a state: taking over what an older version left, or beginning a new one. */
#include "state_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/hint.h"
#include "base/lock.h"
#include "journal.h"

enum { SAID = 700 };

static void say(const state *st, const char *before, const char *path, const char *after)
{
	char file[300], text[2 * SAID];

	if (st->say == NULL)
		return;
	escape_into(file, sizeof file, path, strlen(path));
	snprintf(text, sizeof text, "%s%s%s", before, file, after);
	st->say(st->ctx, text);
}

/* ---- beside the keys, where older versions kept it ------------------------------------------- */

typedef struct {
	char *path;
	state st;               /* its lock is held */
	bool news;              /* it has a later T, or GMK-IDs that were not known */
} old_one;

static void close_old(old_one *old, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (old[i].st.fd >= 0)
			close(old[i].st.fd);
		free(old[i].path);
	}
	free(old);
}

static bool has_news(const state_content *all, const state_content *old)
{
	if (old->t > all->t)
		return true;
	for (size_t i = 0; i < old->n; i++) {
		if (state_find_id(all, old->ids[i].gmk_id) == NULL)
			return true;
	}
	return false;
}

/* What stands in an old file, into all. */
static state_result take_old(old_one *old, state_content *all, const state_how *how,
		km_complaint *why)
{
	state_content content;
	state_result result = state_lock(&old->st, why);

	if (result != STATE_OK)
		return result;
	result = state_read_locked(&old->st, &content, why);
	if (result == STATE_CORRUPT && how->start_anew)
		result = STATE_OK;              /* what could be read of it */
	old->news = result == STATE_OK && has_news(all, &content);
	if (result == STATE_OK && !state_merge(all, &content))
		result = state_refuse_errno(&old->st, why);
	state_content_free(&content);
	return result;
}

/* state_lock opens for writing, which a directory that is read-only refuses. */
static int open_old(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

	return fd >= 0 || errno == ENOENT ? fd : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static state_result take_all_old(old_one **out, size_t *n, const state *st, state_content *all,
		const state_how *how, km_complaint *why)
{
	old_one *old = calloc(how->n_keys + 1, sizeof *old);
	state_result result = STATE_OK;

	*out = old;
	*n = 0;
	if (old == NULL)
		return state_refuse_errno(st, why);
	for (size_t i = 0; i < how->n_keys && result == STATE_OK; i++) {
		char *path = state_old_path(how->keys[i], how->gms, how->kms);
		bool again = path == NULL || file_is_same(path, st->path);
		int fd;

		for (size_t k = 0; k < *n && !again; k++)
			again = file_is_same(path, old[k].path);
		fd = again ? -1 : open_old(path);
		if (fd < 0) {
			free(path);
			continue;
		}
		old[*n] = (old_one){ .path = path, .st = { .path = path, .fd = fd,
				.process = st->process, .say = st->say, .ctx = st->ctx } };
		result = take_old(&old[(*n)++], all, how, why);
	}
	return result;
}

/* The new one is on disk: nobody is to take the old ones for live. */
static void retire(const state *st, old_one *old, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *moved = NULL, text[SAID], file[300];
		bool renamed = asprintf(&moved, "%s.moved", old[i].path) >= 0 &&
				rename(old[i].path, moved) == 0;

		escape_into(file, sizeof file, st->path, strlen(st->path));
		if (renamed)
			snprintf(text, sizeof text,
					" is now %s; what stood there is renamed .moved", file);
		else
			snprintf(text, sizeof text,
					" was copied to %s, which is the one that counts from "
					"now on: it could not be renamed (%s)",
					file, complain_errno(errno));
		if (renamed || old[i].news)
			say(st, "the state ", old[i].path, text);
		free(moved);
	}
}

/* ---- a new one ------------------------------------------------------------------------------- */

static bool was_moved(const state_how *how)
{
	bool found = false;

	for (size_t i = 0; i < how->n_keys && !found; i++) {
		char *path = state_old_path(how->keys[i], how->gms, how->kms), *moved = NULL;

		found = path != NULL && asprintf(&moved, "%s.moved", path) >= 0 &&
				access(moved, F_OK) == 0;
		free(path);
		free(moved);
	}
	return found;
}

static void add_journal(void *ctx, const journal_place *at)
{
	state_content *c = ctx;
	journal *j;
	km_complaint why;

	if (journal_open_at(&j, at, JOURNAL_READ, NULL, &why) == JOURNAL_OK) {
		const journal_key *key = journal_of(j);
		uint64_t t = journal_counts(j).last_t;
		bool added = state_add_id(c, (state_id){ at->gmk_id, journal_counts(j).revoked,
				key->expiry });

		(void)added;                    /* without memory nothing will be written either */
		if (t > c->t)
			c->t = t;
	} else {
		c->lost++;
		if (!state_add_id(c, (state_id){ at->gmk_id, false, 0 }))
			c->lost++;
	}
	journal_close(j);
}

size_t state_add_journals(state_content *c, const char *path)
{
	size_t damaged, n = journal_list(path, add_journal, c, &damaged);

	c->lost += damaged;
	return n;
}

static bool name_owner(state_content *all, const state_how *how)
{
	free(all->gms);
	free(all->kms);
	all->gms = strdup(how->gms);
	all->kms = strdup(how->kms);
	return all->gms != NULL && all->kms != NULL;
}

/* STATE_LOST where there must have been one and nothing says that a new one is meant. */
static state_result may_begin(const state *st, const state_how *how, km_complaint *why)
{
	size_t damaged = 0;
	char text[256];

	if (how->start_anew || (!how->is_used && !was_moved(how) &&
	    journal_list(st->path, NULL, NULL, &damaged) == 0 && damaged == 0))
		return STATE_OK;
	snprintf(text, sizeof text, "is missing, though this GMS made keys before: put the last one back, or rebuild it "
			"(keymuster state repair --gmk FILE), or begin a new one with %s", hint_name(HINT_BEGIN_ANEW));
	complain(why, st->path, 0, NULL, text);
	return STATE_LOST;
}

/* Put all where nothing stands.  false: *again (another process was faster), or *why. */
static bool create(const state *st, const state_content *all, bool *again, km_complaint *why)
{
	char text[128];
	file_out out;
	bool done;
	int err;

	errno = 0;
	done = file_create(&out, st->path, FILE_PRIVATE | FILE_NEW, why);
	if (done && !state_print(out.f, all)) {
		file_discard(&out);
		done = false;
	} else if (done) {
		done = file_commit(&out, why);
	}
	err = errno;
	*again = !done && access(st->path, F_OK) == 0;
	errno = err;
	if (!done && (errno == EACCES || errno == EROFS || errno == EPERM || errno == ENOENT))
		state_refuse_errno(st, why);
	if (!done && errno == ENOENT) {
		snprintf(text, sizeof text, "its directory is not there: make it, or name another place with %s",
				hint_name(HINT_PLACE));
		complain(why, st->path, 0, NULL, text);
	}
	return done;
}

static state_result begin(state *st, const state_how *how, bool *again, km_complaint *why)
{
	state_content all = { .version = 2 };
	old_one *old = NULL;
	size_t n = 0, journals = 0;
	state_result result = take_all_old(&old, &n, st, &all, how, why);

	*again = false;
	if (result == STATE_OK && n == 0)
		result = may_begin(st, how, why);
	if (result == STATE_OK)
		journals = state_add_journals(&all, st->path);
	if (result == STATE_OK && !name_owner(&all, how))
		result = state_refuse_errno(st, why);
	if (result == STATE_OK && !create(st, &all, again, why))
		result = *again ? STATE_OK : STATE_IO;
	else if (result == STATE_OK && n > 0)
		retire(st, old, n);
	else if (result == STATE_OK && how->start_anew && journals > 0)
		say(st, "a new state ", st->path,
				": T goes on from the clock, the GMK-IDs are those "
				"that journals beside it know");
	else if (result == STATE_OK)
		say(st, "first use of this GMS on this host: a new state ", st->path, "");
	close_old(old, n);
	state_content_free(&all);
	return result;
}

/* ---- the one that is there ------------------------------------------------------------------- */

static state_result check_owner(const state *st, const state_content *all, const state_how *how,
		km_complaint *why)
{
	char text[240];

	if (all->gms == NULL ||
			(strcmp(all->gms, how->gms) == 0 && strcmp(all->kms, how->kms) == 0))
		return STATE_OK;
	snprintf(text, sizeof text, "the state of %.90s at %.90s: name another file for this GMS",
			all->gms, all->kms);
	return state_refuse(st, 4, text, why);
}

/* The lock is held.  What is damaged is put aside, and what could be read of it goes on. */
static state_result read_or_mend(state *st, state_content *all, const state_how *how, bool *changed,
		km_complaint *why)
{
	state_result result = state_read_locked(st, all, why);
	char not_needed[64];

	snprintf(not_needed, sizeof not_needed, "%s was not needed: ", hint_name(HINT_BEGIN_ANEW));
	*changed = result == STATE_OK && all->version == 1;
	if (result == STATE_OK)
		result = check_owner(st, all, how, why);
	if (result == STATE_OK && how->start_anew)
		say(st, not_needed, st->path, " is whole, and is used");
	if (result != STATE_CORRUPT || !how->start_anew || all->wrong == NULL)
		return result;
	if (!state_put_aside(st->path))
		return state_refuse_errno(st, why);
	say(st, "a new state ", st->path,
			" with what could be read of the one that was damaged, which is "
			"kept as .damaged");
	state_add_journals(all, st->path);
	*changed = true;
	return STATE_OK;
}

static state_result use(state *st, const state_how *how, km_complaint *why)
{
	state_content all = { 0 };
	old_one *old = NULL;
	size_t n = 0;
	bool changed = false;
	state_result result = state_lock(st, why);

	if (result != STATE_OK)
		return result;
	result = read_or_mend(st, &all, how, &changed, why);
	if (result == STATE_OK)
		result = take_all_old(&old, &n, st, &all, how, why);
	for (size_t i = 0; i < n; i++)
		changed = changed || old[i].news;
	if (result == STATE_OK && changed)
		result = name_owner(&all, how) ? state_write_locked(st, &all, why) :
				state_refuse_errno(st, why);
	if (result == STATE_OK) {
		retire(st, old, n);
		st->last = all.t;
	}
	close_old(old, n);
	state_content_free(&all);
	state_unlock(st);
	return result;
}

/* As begin or use would find it. */
static state_result look(state *st, const state_how *how, km_complaint *why)
{
	old_one *old = NULL;
	size_t n = 0;
	state_result result = STATE_OK;
	bool there = access(st->path, F_OK) == 0;

	st->look = true;
	if (there) {
		st->fd = open(st->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		result = st->fd < 0 ? state_refuse_errno(st, why) : state_lock(st, why);
		if (result == STATE_OK)
			result = state_read_locked(st, &st->seen, why);
		if (result == STATE_OK)
			result = check_owner(st, &st->seen, how, why);
		state_unlock(st);
	}
	if (result == STATE_OK)
		result = take_all_old(&old, &n, st, &st->seen, how, why);
	if (result == STATE_OK && !there && n == 0)
		result = may_begin(st, how, why);
	if (result == STATE_OK && !there && n == 0)
		say(st, "no state yet: this would be the first use of this GMS on this host, with ",
				st->path, "");
	st->last = st->seen.t;
	close_old(old, n);
	return result;
}

state_result state_open(state **out, const char *path, const state_how *how, km_complaint *why)
{
	state *st = calloc(1, sizeof *st);
	state_result result = STATE_OK;
	bool again = true;

	*out = NULL;
	if (st == NULL || (st->path = strdup(path)) == NULL) {
		free(st);
		complain(why, path, 0, NULL, complain_errno(ENOMEM));
		return STATE_IO;
	}
	st->fd = -1;
	st->process = lock_process();
	st->say = how->say;
	st->ctx = how->ctx;
	if (how->look)
		result = look(st, how, why);
	else if (access(path, F_OK) != 0 && errno == ENOENT)
		result = begin(st, how, &again, why);
	if (result == STATE_OK && !how->look)
		result = use(st, how, why);
	if (result == STATE_OK)
		*out = st;
	else
		state_close(st);
	return result;
}
