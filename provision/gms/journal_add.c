/* journal_add.c -- who was given a group key: the frames that a run adds. */
#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/complain.h"
#include "base/wait.h"

enum { CHECK = 8 };

/* ---- frames ---------------------------------------------------------------------------------- */

static void store32(uint8_t out[4], uint32_t v)
{
	out[0] = (uint8_t)(v >> 24);
	out[1] = (uint8_t)(v >> 16);
	out[2] = (uint8_t)(v >> 8);
	out[3] = (uint8_t)v;
}

static void store64(uint8_t out[8], uint64_t v)
{
	store32(out, (uint32_t)(v >> 32));
	store32(out + 4, (uint32_t)v);
}

/* Over the head before it, and all that stands behind. */
static void check_of(uint8_t out[CHECK], const uint8_t *at, size_t len)
{
	uint8_t first[KM_HASH_BYTES], both[2 * KM_HASH_BYTES];

	km_sha256(first, at, FRAME_HEAD - CHECK);
	memcpy(both, first, sizeof first);
	km_sha256(both + KM_HASH_BYTES, at + FRAME_HEAD, len - FRAME_HEAD);
	km_sha256(first, both, sizeof both);
	memcpy(out, first, CHECK);
}

bool frame_is_whole(const uint8_t *at, size_t len)
{
	uint8_t check[CHECK];

	check_of(check, at, len);
	return memcmp(check, at + FRAME_HEAD - CHECK, CHECK) == 0;
}

bool buffer_add(buffer *b, const void *more, size_t len)
{
	if (b->len + len > b->room) {
		size_t room = 2 * (b->len + len);
		uint8_t *bigger = realloc(b->at, room);

		if (bigger == NULL)
			return false;
		b->at = bigger;
		b->room = room;
	}
	memcpy(b->at + b->len, more, len);
	b->len += len;
	return true;
}

bool frame_string(maker *m, const char *s)
{
	return buffer_add(&m->names, s, strlen(s) + 1);
}

static bool add_head(maker *m)
{
	const uint8_t head[FRAME_HEAD] = { 0 };

	return m->entries.len > 0 || buffer_add(&m->entries, head, sizeof head);
}

/* The frame of what was added since the last one, in entries.at; false: out of memory. */
bool frame_close(maker *m, uint32_t kind, uint32_t gmk_id, uint64_t t)
{
	uint8_t none = 0;

	if (!add_head(m) || !buffer_add(&m->entries, m->names.len > 0 ? m->names.at : &none, m->names.len))
		return false;
	store32(m->entries.at, kind);
	store32(m->entries.at + 4, m->run);
	store32(m->entries.at + 8, m->n);
	store32(m->entries.at + 12, (uint32_t)m->names.len);
	store64(m->entries.at + 16, t);
	store64(m->entries.at + 24, gmk_id);
	check_of(m->entries.at + FRAME_HEAD - CHECK, m->entries.at, m->entries.len);
	return true;
}

void frame_clear(maker *m)
{
	m->entries.len = m->names.len = 0;
	m->n = 0;
}

void maker_free(maker *m)
{
	free(m->entries.at);
	free(m->names.at);
}

bool frame_key(maker *m, const journal_key *key)
{
	char numbers[64];
	bool done;

	snprintf(numbers, sizeof numbers, "%08x %llu %llu", (unsigned)key->gmk_id,
			(unsigned long long)key->activation, (unsigned long long)key->expiry);
	done = frame_string(m, numbers) && frame_string(m, key->gms) && frame_string(m, key->kms) &&
			frame_string(m, key->text);
	for (size_t i = 0; done && i < key->n_groups; i++)
		done = frame_string(m, key->groups[i]);
	return done;
}

static bool add_entry(maker *m, uint32_t salt, uint64_t hash)
{
	uint8_t entry[FRAME_ENTRY];

	store32(entry, salt);
	store64(entry + 4, hash);
	if (!add_head(m) || !buffer_add(&m->entries, entry, sizeof entry))
		return false;
	m->n++;
	return true;
}

bool frame_add(maker *m, uint32_t salt, const char *uri, size_t len)
{
	return buffer_add(&m->names, uri, len) && buffer_add(&m->names, "", 1) &&
			add_entry(m, salt, journal_hash(uri, len));
}

/* ---- files ----------------------------------------------------------------------------------- */

journal_result tail_lock(const tail *file, km_complaint *why)
{
	return wait_lock(file->fd, -1) ? JOURNAL_OK : journal_refuse_errno(file->path, why);
}

void tail_close(tail *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
}

/* What others have added is looked at, for one of them may have died in the middle of it. */
static journal_result cut_torn(tail *file, km_complaint *why)
{
	struct stat st;
	uint8_t *data;
	size_t at = 0, next = 0, len;
	frame f;
	journal_result result = JOURNAL_OK;

	if (fstat(file->fd, &st) != 0)
		return journal_refuse_errno(file->path, why);
	if (st.st_nlink == 0) {
		complain(why, file->path, 0, NULL, "was removed meanwhile");
		return JOURNAL_IO;
	}
	if ((uint64_t)st.st_size < file->end)
		return journal_refuse(file->path, "was cut during the run", why);
	len = (size_t)((uint64_t)st.st_size - file->end);
	data = len == 0 ? NULL : malloc(len);
	if (len == 0)
		return JOURNAL_OK;
	if (data == NULL || pread(file->fd, data, len, (off_t)file->end) != (ssize_t)len)
		result = journal_refuse_errno(file->path, why);
	while (result == JOURNAL_OK && frame_next(&f, data, len, &next) &&
	       frame_is_whole(data + at, next - at))
		at = next;
	free(data);
	file->end += at;
	if (result == JOURNAL_OK && at < len && ftruncate(file->fd, (off_t)file->end) != 0)
		result = journal_refuse_errno(file->path, why);
	return result;
}

journal_result tail_add(tail *file, const uint8_t *data, size_t len, km_complaint *why)
{
	journal_result result = tail_lock(file, why);

	if (result != JOURNAL_OK)
		return result;
	result = cut_torn(file, why);
	if (result == JOURNAL_OK) {
		errno = ENOSPC;                 /* a short write sets none */
		if (write(file->fd, data, len) == (ssize_t)len) {
			file->end += len;
		} else {
			result = journal_refuse_errno(file->path, why);
			if (ftruncate(file->fd, (off_t)file->end) != 0)
				complain(why, file->path, 0, NULL, complain_errno(errno));
		}
	}
	flock(file->fd, LOCK_UN);
	return result;
}

journal_result tail_sync(const tail *file, km_complaint *why)
{
	return fdatasync(file->fd) == 0 || errno == EINVAL ? JOURNAL_OK : journal_refuse_errno(file->path, why);
}

/* ---- what a run adds to the file of one key -------------------------------------------------- */

bool journal_add(journal *j, uint32_t salt, const char *uri, size_t len)
{
	return frame_add(&j->making, salt, uri, len);
}

static journal_result write_frame(journal *j, uint32_t kind, uint64_t t, km_complaint *why)
{
	journal_result result = frame_close(&j->making, kind, 0, t) ?
			tail_add(&j->file, j->making.entries.at, j->making.entries.len, why) :
			journal_refuse_errno(j->file.path, why);

	frame_clear(&j->making);
	return result;
}

journal_result journal_sync(journal *j, km_complaint *why)
{
	return tail_sync(&j->file, why);
}

journal_result journal_put(journal *j, journal_kind kind, uint64_t t, bool sync, km_complaint *why)
{
	journal_result result = j->making.n == 0 ? JOURNAL_OK : write_frame(j, kind, t, why);

	return result == JOURNAL_OK && sync ? journal_sync(j, why) : result;
}

void journal_set_run(journal *j, uint32_t run)
{
	j->making.run = run;
}

uint32_t journal_free_run(const journal *j, uint32_t after)
{
	uint32_t run = after;

	if (after == 0)
		randombytes_buf(&run, sizeof run);
	do
		run++;
	while (part_knows_run(&j->own, run));
	return run;
}

/* What is added from then on is another run. */
static journal_result end_run(journal *j, uint32_t kind, km_complaint *why)
{
	journal_result result = write_frame(j, kind, 0, why);

	j->making.run = journal_free_run(j, 0);
	return result == JOURNAL_OK ? journal_sync(j, why) : result;
}

journal_result journal_take_back(journal *j, km_complaint *why)
{
	frame_clear(&j->making);
	return end_run(j, FRAME_VOID, why);
}

journal_result journal_commit(journal *j, km_complaint *why)
{
	journal_result result = journal_sync(j, why);

	return result == JOURNAL_OK ? end_run(j, FRAME_COMMIT, why) : result;
}

/* In one file, of which j->making is about this key. */
static journal_result doubt_in(maker *m, tail *file, uint32_t gmk_id, uint64_t t, km_complaint *why)
{
	journal_result result;

	frame_clear(m);
	result = frame_close(m, FRAME_DOUBT, gmk_id, t) ? tail_add(file, m->entries.at, m->entries.len, why) :
			journal_refuse_errno(file->path, why);
	frame_clear(m);
	return result == JOURNAL_OK ? tail_sync(file, why) : result;
}

/* In a file of many, whose process may be adding to it. */
static journal_result doubt_beside(journal *j, const char *path, uint64_t t, km_complaint *why)
{
	tail file = { .path = (char *)(uintptr_t)path,
			.fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY) };
	journal_result result = file.fd < 0 ? journal_refuse_errno(path, why) : tail_lock(&file, why);
	part p = { .data = NULL };

	if (result == JOURNAL_OK)
		result = part_map(&p, &file, JOURNAL_OF_MANY, why);
	file.end = p.len;
	if (result == JOURNAL_OK)
		result = doubt_in(&j->making, &file, j->key.gmk_id, t, why);
	part_free(&p);
	if (file.fd >= 0)
		close(file.fd);
	return result;
}

journal_result journal_doubt(journal *j, uint64_t t, km_complaint *why)
{
	journal_result result = j->file.fd < 0 ? JOURNAL_OK : doubt_in(&j->making, &j->file, 0, t, why);
	const char *before = NULL;

	for (size_t i = j->first; i < j->last && result == JOURNAL_OK; i++) {
		const char *path = journal_runs_path(j->runs, i);

		if (path != before)             /* entries of a file lie together */
			result = doubt_beside(j, path, t, why);
		before = path;
	}
	return result;
}

journal_result journal_take(journal *j, const salts *old, km_complaint *why)
{
	enum { AT_ONCE = 4096 };
	size_t n = salts_count(old);
	uint8_t *packed = malloc(n * SALTS_PACKED + 1);
	journal_result result = packed == NULL ? journal_refuse_errno(j->file.path, why) : JOURNAL_OK;

	if (result == JOURNAL_OK)
		salts_pack(packed, old);
	for (size_t i = 0; i < n && result == JOURNAL_OK; i++) {
		const uint8_t *at = packed + i * SALTS_PACKED;

		if (!add_entry(&j->making, frame_load32(at), (uint64_t)frame_load32(at + 4) << 32))
			result = journal_refuse_errno(j->file.path, why);
		else if (j->making.n == AT_ONCE || i + 1 == n)
			result = write_frame(j, FRAME_OLD, 0, why);
	}
	free(packed);
	return result == JOURNAL_OK ? journal_sync(j, why) : result;
}
