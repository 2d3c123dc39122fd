/* journal_add.c -- who was given one group key: the frames that a run adds. */
#include "journal_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/complain.h"

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

static bool append(octets *b, const void *more_of_it, size_t len)
{
	if (b->len + len > b->room) {
		size_t more = 2 * (b->len + len);
		uint8_t *bigger = realloc(b->at, more);

		if (bigger == NULL)
			return false;
		b->at = bigger;
		b->room = more;
	}
	memcpy(b->at + b->len, more_of_it, len);
	b->len += len;
	return true;
}

bool frame_string(journal *j, const char *s)
{
	return append(&j->names, s, strlen(s) + 1);
}

/* The frame of what was added since the last one, in entries.at; false: out of memory. */
bool frame_close(journal *j, uint32_t kind, uint64_t t)
{
	uint8_t head[FRAME_HEAD] = { 0 };
	uint8_t none = 0;
	bool done = j->entries.len > 0 || (append(&j->entries, head, sizeof head));

	done = done && append(&j->entries, j->names.len > 0 ? j->names.at : &none, j->names.len);
	if (!done)
		return false;
	store32(j->entries.at, kind);
	store32(j->entries.at + 4, j->run);
	store32(j->entries.at + 8, j->n);
	store32(j->entries.at + 12, (uint32_t)j->names.len);
	store64(j->entries.at + 16, t);
	check_of(j->entries.at + FRAME_HEAD - CHECK, j->entries.at, j->entries.len);
	return true;
}

void frame_clear(journal *j)
{
	j->entries.len = j->names.len = 0;
	j->n = 0;
}

/* ---- adding ---------------------------------------------------------------------------------- */

static bool add(journal *j, uint32_t salt, uint64_t hash)
{
	uint8_t head[FRAME_HEAD] = { 0 }, entry[FRAME_ENTRY];

	if (j->entries.len == 0 && !append(&j->entries, head, sizeof head))
		return false;
	store32(entry, salt);
	store64(entry + 4, hash);
	if (!append(&j->entries, entry, sizeof entry))
		return false;
	j->n++;
	return true;
}

bool journal_add(journal *j, uint32_t salt, const char *uri, size_t len)
{
	return append(&j->names, uri, len) && append(&j->names, "", 1) &&
			add(j, salt, journal_hash(uri, len));
}

/* What others have added is looked at, for one of them may have died in the middle of it. */
static journal_result cut_torn(journal *j, km_complaint *why)
{
	struct stat st;
	uint8_t *data;
	size_t at = 0, next = 0, len;
	frame f;
	journal_result result = JOURNAL_OK;

	if (fstat(j->fd, &st) != 0)
		return journal_refuse_errno(j, why);
	if ((uint64_t)st.st_size < j->end)
		return journal_refuse(j, "was cut during the run", why);
	len = (size_t)((uint64_t)st.st_size - j->end);
	data = len == 0 ? NULL : malloc(len);
	if (len == 0)
		return JOURNAL_OK;
	if (data == NULL || pread(j->fd, data, len, (off_t)j->end) != (ssize_t)len)
		result = journal_refuse_errno(j, why);
	while (result == JOURNAL_OK && frame_next(&f, data, len, &next) &&
	       frame_is_whole(data + at, next - at))
		at = next;
	free(data);
	j->end += at;
	if (result == JOURNAL_OK && at < len && ftruncate(j->fd, (off_t)j->end) != 0)
		result = journal_refuse_errno(j, why);
	return result;
}

static journal_result write_frame(journal *j, uint32_t kind, uint64_t t, km_complaint *why)
{
	journal_result result = journal_lock(j, why);

	if (result != JOURNAL_OK)
		return result;
	result = cut_torn(j, why);
	if (result == JOURNAL_OK && !frame_close(j, kind, t))
		result = journal_refuse_errno(j, why);
	if (result == JOURNAL_OK) {
		errno = ENOSPC;                 /* a short write sets none */
		if (write(j->fd, j->entries.at, j->entries.len) == (ssize_t)j->entries.len) {
			j->end += j->entries.len;
		} else {
			result = journal_refuse_errno(j, why);
			if (ftruncate(j->fd, (off_t)j->end) != 0)
				complain(why, j->path, 0, NULL, strerror(errno));
		}
	}
	frame_clear(j);
	flock(j->fd, LOCK_UN);
	return result;
}

journal_result journal_sync(journal *j, km_complaint *why)
{
	return fdatasync(j->fd) == 0 || errno == EINVAL ? JOURNAL_OK : journal_refuse_errno(j, why);
}

journal_result journal_put(journal *j, journal_kind kind, uint64_t t, bool sync, km_complaint *why)
{
	journal_result result = j->n == 0 ? JOURNAL_OK : write_frame(j, kind, t, why);

	if (result == JOURNAL_OK && sync && fdatasync(j->fd) != 0 && errno != EINVAL)
		result = journal_refuse_errno(j, why);
	return result;
}

/* What is added from then on is another run. */
static journal_result end_run(journal *j, uint32_t kind, km_complaint *why)
{
	journal_result result = write_frame(j, kind, 0, why);

	randombytes_buf(&j->run, sizeof j->run);
	return result == JOURNAL_OK ? journal_sync(j, why) : result;
}

journal_result journal_take_back(journal *j, km_complaint *why)
{
	frame_clear(j);
	return end_run(j, FRAME_VOID, why);
}

journal_result journal_doubt(journal *j, uint64_t t, km_complaint *why)
{
	journal_result result;

	frame_clear(j);
	result = write_frame(j, FRAME_DOUBT, t, why);
	return result == JOURNAL_OK ? journal_sync(j, why) : result;
}

journal_result journal_commit(journal *j, km_complaint *why)
{
	journal_result result = journal_sync(j, why);

	return result == JOURNAL_OK ? end_run(j, FRAME_COMMIT, why) : result;
}

journal_result journal_take(journal *j, const salts *old, km_complaint *why)
{
	enum { AT_ONCE = 4096 };
	size_t n = salts_count(old);
	uint8_t *packed = malloc(n * SALTS_PACKED + 1);
	journal_result result = packed == NULL ? journal_refuse_errno(j, why) : JOURNAL_OK;

	if (result == JOURNAL_OK)
		salts_pack(packed, old);
	for (size_t i = 0; i < n && result == JOURNAL_OK; i++) {
		const uint8_t *at = packed + i * SALTS_PACKED;

		if (!add(j, frame_load32(at), (uint64_t)frame_load32(at + 4) << 32))
			result = journal_refuse_errno(j, why);
		else if (j->n == AT_ONCE || i + 1 == n)
			result = write_frame(j, FRAME_OLD, 0, why);
	}
	free(packed);
	return result == JOURNAL_OK ? journal_sync(j, why) : result;
}
