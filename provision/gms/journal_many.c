/* journal_many.c -- who was given group keys: the file of a process that serves many keys. */
#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/complain.h"
#include "base/file.h"

struct journal_many {
	tail file;
	maker making;
	buffer out;             /* frames that are still to be written */
	uint32_t *keys;         /* those whose frame K is there, ascending */
	size_t n_keys, room;
	uint32_t last_run;
};

/* ---- the file -------------------------------------------------------------------------------- */

/* DIR/NAME.state -> DIR/NAME.run-HHHHHHHH.journal */
static char *random_path(const char *state_file)
{
	char *one = journal_path(state_file, 0), *path = NULL;
	uint32_t number;
	int len = one == NULL ? 0 : (int)(strlen(one) - strlen(".00000000.journal"));

	randombytes_buf(&number, sizeof number);
	if (one == NULL || asprintf(&path, "%.*s.run-%08x.journal", len, one, (unsigned)number) < 0)
		path = NULL;
	free(one);
	return path;
}

static bool make(const char *path, km_complaint *why)
{
	file_out out;

	if (!file_create(&out, path, FILE_PRIVATE | FILE_NEW, why))
		return false;
	fputs(JOURNAL_OF_MANY, out.f);
	return file_commit(&out, why);
}

journal_result journal_many_new(journal_many **out, const char *state_file, km_complaint *why)
{
	journal_many *m = calloc(1, sizeof *m);
	journal_result result = JOURNAL_OK;

	*out = NULL;
	if (m == NULL || (m->file.path = random_path(state_file)) == NULL) {
		free(m);
		complain(why, state_file, 0, NULL, complain_errno(ENOMEM));
		return JOURNAL_IO;
	}
	m->file.fd = -1;
	m->file.end = JOURNAL_START;
	if (!make(m->file.path, why))
		result = JOURNAL_IO;
	else if ((m->file.fd = open(m->file.path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY)) < 0)
		result = journal_refuse_errno(m->file.path, why);
	if (result == JOURNAL_OK)
		*out = m;
	else
		journal_many_close(m);
	return result;
}

void journal_many_close(journal_many *m)
{
	if (m == NULL)
		return;
	tail_close(&m->file);
	maker_free(&m->making);
	free(m->out.at);
	free(m->keys);
	free(m);
}

uint64_t journal_many_size(const journal_many *m)
{
	return m->file.end;
}

/* ---- what is added --------------------------------------------------------------------------- */

uint32_t journal_many_run(journal_many *m)
{
	return ++m->last_run;
}

static bool put(journal_many *m, uint32_t kind, uint32_t run, uint32_t gmk_id, uint64_t t)
{
	bool done;

	m->making.run = run;
	done = frame_close(&m->making, kind, gmk_id, t) &&
			buffer_add(&m->out, m->making.entries.at, m->making.entries.len);
	frame_clear(&m->making);
	return done;
}

/* Where it stands among keys, or would. */
static size_t place_of(const journal_many *m, uint32_t gmk_id)
{
	size_t from = 0, to = m->n_keys;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (m->keys[middle] < gmk_id)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

bool journal_many_key(journal_many *m, const journal_key *key)
{
	size_t at = place_of(m, key->gmk_id);

	if (at < m->n_keys && m->keys[at] == key->gmk_id)
		return true;
	if (m->n_keys == m->room) {
		uint32_t *bigger = reallocarray(m->keys, 2 * m->room + 16, sizeof *bigger);

		if (bigger == NULL)
			return false;
		m->keys = bigger;
		m->room = 2 * m->room + 16;
	}
	memmove(m->keys + at + 1, m->keys + at, (m->n_keys - at) * sizeof *m->keys);
	m->keys[at] = key->gmk_id;
	m->n_keys++;
	return frame_key(&m->making, key) && put(m, FRAME_KEY, 0, key->gmk_id, 0);
}

bool journal_many_add(journal_many *m, uint32_t salt, const char *uri, size_t len)
{
	return frame_add(&m->making, salt, uri, len);
}

bool journal_many_put(journal_many *m, uint32_t run, journal_kind kind, uint32_t gmk_id, uint64_t t)
{
	return m->making.n == 0 || put(m, kind, run, gmk_id, t);
}

bool journal_many_end(journal_many *m, uint32_t run, bool delivered)
{
	return put(m, delivered ? FRAME_COMMIT : FRAME_VOID, run, 0, 0);
}

journal_result journal_many_sync(journal_many *m, km_complaint *why)
{
	journal_result result = m->out.len == 0 ? JOURNAL_OK : tail_add(&m->file, m->out.at, m->out.len, why);

	m->out.len = 0;
	return result == JOURNAL_OK ? tail_sync(&m->file, why) : result;
}
