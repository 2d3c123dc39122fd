/* held_file.c -- the file in which a client keeps what it has accepted. */
#include "held_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/complain.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/memlock.h"
#include "base/wait.h"
#include "keys/seal.h"

#define FILE_MAX ((size_t)1 << 32)      /* octets that are read */
#define WAY_OUT ": put the last good one back, or move it away, and what was seen before is accepted again"
enum { WAIT_MS = 2000, TRIES = 100 };

struct held_file {
	char *path;             /* behind all links */
	const km_seal *seal;    /* held */
	int fd;                 /* locked */
	uint64_t process;       /* that opened it */
	size_t end;
	uint8_t chain[HELD_CHECK];      /* of the last frame */
	bool broken;            /* it is not known what is on disk */
};

static km_err refuse(const held_file *file, km_err err, const char *text, km_complaint *why)
{
	complain(why, file->path, 0, NULL, text);
	return err;
}

static km_err refuse_errno(const held_file *file, km_complaint *why)
{
	return errno == ENOMEM ? refuse(file, KM_ENOMEM, complain_errno(errno), why) :
			refuse(file, KM_EIO, complain_errno(errno), why);
}

void held_file_close(held_file *file)
{
	if (file == NULL)
		return;
	if (file->fd >= 0)
		close(file->fd);
	km_seal_free((km_seal *)(uintptr_t)file->seal);
	free(file->path);
	free(file);
}

const km_seal *held_file_seal(const held_file *file)
{
	return file->seal;
}

size_t held_file_end(const held_file *file)
{
	return file->end;
}

/* Does its name still stand for the file that is open? */
static bool is_current(const held_file *file)
{
	struct stat open_one, named;

	return fstat(file->fd, &open_one) == 0 && stat(file->path, &named) == 0 &&
			open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* What is written of h, frame by frame. */
typedef struct {
	const held *h;
	const void *seen_at, *key_at;
	bool begun, has_all_seen;
	held_seen seen[HELD_SEEN_MAX];
	held_said said;
} saying;

/* The next frame; false: no more.  The first says nothing. */
static bool say_next(saying *s)
{
	const held_seen *seen;

	s->said = (held_said){ .seen = s->seen };
	if (!s->begun)
		return s->begun = true;
	while (!s->has_all_seen && s->said.n_seen < HELD_SEEN_MAX) {
		seen = held_each_seen(s->h, &s->seen_at);
		if (seen == NULL)
			s->has_all_seen = true;
		else
			s->seen[s->said.n_seen++] = *seen;
	}
	if (s->said.n_seen == 0)
		s->said.key = held_each_key(s->h, &s->said.ntp64, &s->key_at);
	return s->said.n_seen > 0 || s->said.key != NULL;
}

size_t held_file_size_of(const held *h, const km_seal *seal)
{
	saying s = { .h = h };
	size_t n = HELD_START;

	while (say_next(&s))
		n += held_frame_size(&s.said, seal);
	return n;
}

/* A frame in memory, which is secret under km_seal_none, for sodium_free; NULL: *err says why not. */
static uint8_t *frame_of(km_err *err, uint8_t chain[HELD_CHECK], const held_said *said, const km_seal *seal)
{
	uint8_t *frame = memlock_start() ? sodium_malloc(held_frame_size(said, seal)) : NULL;

	*err = frame == NULL ? KM_ENOMEM : held_frame_put(frame, chain, said, seal);
	if (*err == KM_OK)
		return frame;
	sodium_free(frame);
	return NULL;
}

/* made: its end and its chain. */
static km_err write_all(FILE *f, const held *h, const km_seal *seal, held_file *made)
{
	saying s = { .h = h };
	km_err err = KM_OK;

	fwrite(HELD_MAGIC, 1, HELD_START, f);
	made->end = HELD_START;
	while (err == KM_OK && say_next(&s)) {
		const size_t size = held_frame_size(&s.said, seal);
		uint8_t *frame = frame_of(&err, made->chain, &s.said, seal);

		if (frame != NULL)
			fwrite(frame, 1, size, f);
		sodium_free(frame);
		made->end += size;
	}
	return err;
}

/* A new file in its place, or with FILE_NEW where none is, locked before it has the name. */
static km_err put(held_file *file, const held *h, unsigned how, km_complaint *why)
{
	held_file made = { .path = file->path, .fd = -1 };
	file_out out;
	km_err err;

	if (!file_create(&out, file->path, FILE_PRIVATE | how, why))
		return KM_EIO;
	err = write_all(out.f, h, file->seal, &made);
	if (err != KM_OK) {
		file_discard(&out);
		return refuse(file, err, km_strerror(err), why);
	}
	made.fd = fcntl(fileno(out.f), F_DUPFD_CLOEXEC, 0);     /* which shares the lock that out has on it */
	if (made.fd < 0 || !wait_lock(made.fd, 0)) {
		err = refuse_errno(file, why);
		file_discard(&out);
	} else if (!file_commit(&out, why)) {
		err = KM_EIO;
		file->broken = file->fd >= 0 && !is_current(file);
	}
	if (err != KM_OK) {
		if (made.fd >= 0)
			close(made.fd);
		return err;
	}
	if (file->fd >= 0)
		close(file->fd);
	file->fd = made.fd;
	file->end = made.end;
	memcpy(file->chain, made.chain, sizeof file->chain);
	return KM_OK;
}

km_err held_file_replace(held_file *file, const held *h, km_complaint *why)
{
	return put(file, h, 0, why);
}

/* What stops it from taking more. */
static const char *obstacle(const held_file *file)
{
	struct stat st;

	if (file->process != lock_process())
		return "opened by the process that this one was forked from, which has it alone";
	if (file->broken)
		return "an error before this one left it in doubt";
	if (!is_current(file))
		return "it was removed or replaced meanwhile";
	if (fstat(file->fd, &st) != 0 || st.st_size != (off_t)file->end)
		return "it was changed meanwhile";
	return NULL;
}

static bool write_at(int fd, const uint8_t *data, size_t len, size_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, data, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		at += (size_t)n;
		len -= (size_t)n;
	}
	return true;
}

km_err held_file_add(held_file *file, const held_said *said, km_complaint *why)
{
	const size_t size = held_frame_size(said, file->seal);
	const char *wrong = obstacle(file);
	uint8_t *frame, chain[HELD_CHECK];
	km_err err;

	if (wrong != NULL)
		return refuse(file, KM_ELOST, wrong, why);
	memcpy(chain, file->chain, sizeof chain);
	frame = frame_of(&err, chain, said, file->seal);
	if (frame == NULL)
		return refuse(file, err, km_strerror(err), why);
	if (!write_at(file->fd, frame, size, file->end)) {
		err = refuse_errno(file, why);
		file->broken = ftruncate(file->fd, (off_t)file->end) != 0;
	} else if (fdatasync(file->fd) != 0) {
		err = refuse_errno(file, why);
		file->broken = true;    /* what was not written may be gone from memory too */
	} else {
		file->end += size;
		memcpy(file->chain, chain, sizeof chain);
	}
	sodium_free(frame);
	return err;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *data, size_t len)
{
	while (len > 0 && *data == 0)
		data++, len--;
	return len == 0;
}

/* Can a frame at the end of a file, at at, be one whose octets did not all reach the disk?  What did not is 0: its end,
 * or a whole sector.  Else it was whole once, and is damaged. */
static bool is_torn(const uint8_t *data, size_t size, size_t at)
{
	enum { SECTOR = 512, LEAST = 8 };

	if (is_zero(data + size - LEAST, LEAST))
		return true;
	for (size_t from = 0, to; from < size; from = to) {
		to = from + SECTOR - (at + from) % SECTOR;
		if (to <= size && to - from >= LEAST && is_zero(data + from, to - from))
			return true;
	}
	return false;
}

/* What is read of a file. */
typedef struct {
	size_t end;             /* behind the last whole frame */
	uint8_t chain[HELD_CHECK];      /* of that one */
	bool damaged, has_any;
	km_err err;
} found;

/* The frame at data + at into h.  Gives its octets; 0: nothing more can be read from here. */
static size_t take_frame(found *f, held *h, const held_file *file, const uint8_t *data, size_t len, size_t at)
{
	held_frame frame;

	switch (held_frame_find(&frame, data + at, len - at)) {
	case HELD_FRAME_WHOLE:
		f->damaged = memcmp(frame.before, f->chain, HELD_CHECK) != 0;   /* another stood here, or before it */
		if (f->damaged)
			return frame.size;
		f->err = held_frame_take(h, &frame, file->seal);
		f->has_any = f->has_any || f->err == KM_OK;
		memcpy(f->chain, frame.check, HELD_CHECK);
		return frame.size;
	case HELD_FRAME_CUT:
		return 0;       /* it was never said to be there */
	case HELD_FRAME_BAD_BODY:
		f->damaged = at + frame.size < len || !is_torn(data + at, frame.size, at);
		return f->damaged ? frame.size : 0;
	default:
		f->damaged = !is_zero(data + at, len - at);
		return 0;
	}
}

/* Up to the first that is damaged. */
static void read_frames(found *f, held *h, const held_file *file, const uint8_t *data, size_t len)
{
	size_t at = HELD_START, size;

	f->damaged = len < HELD_START || memcmp(data, HELD_MAGIC, HELD_START) != 0;
	while (!f->damaged && f->err == KM_OK && (size = take_frame(f, h, file, data, len, at)) > 0) {
		if (!f->damaged)
			at += size;
	}
	f->end = at;
	f->damaged = f->damaged || !f->has_any;         /* the first was there before the file had its name */
}

/* Whatever can be read. */
static void salvage(found *f, held *h, const held_file *file, const uint8_t *data, size_t len)
{
	held_frame frame;

	for (size_t at = 0; at < len && (f->err == KM_OK || f->err == KM_EFORMAT);) {
		if (held_frame_find(&frame, data + at, len - at) != HELD_FRAME_WHOLE) {
			at++;
			continue;
		}
		f->err = held_frame_take(h, &frame, file->seal);
		f->has_any = f->has_any || f->err == KM_OK;
		at += frame.size;
	}
	if (f->err == KM_EFORMAT && f->has_any)
		f->err = KM_OK;
}

static km_err judge(const held_file *file, const found *f, km_complaint *why)
{
	if (f->err == KM_EFORMAT)
		return refuse(file, KM_EFORMAT, "sealed under another key, or not sealed as it is to be", why);
	if (f->err != KM_OK)
		return refuse(file, f->err, km_strerror(f->err), why);
	return f->damaged ? refuse(file, KM_ELOST, "damaged, or not a client's file of keymuster" WAY_OUT, why) : KM_OK;
}

/* *anew: its place is to be taken by what h holds. */
static km_err read_all(held_file *file, held *h, bool *anew, km_complaint *why)
{
	const bool may = *anew;
	found f = { .err = KM_OK };
	char *data;
	size_t len;
	km_err err;

	*anew = false;
	if (!file_read(&data, &len, file->path, FILE_MAX, why))
		return KM_EIO;
	read_frames(&f, h, file, (const uint8_t *)data, len);
	if (may && f.damaged && f.err == KM_OK) {
		salvage(&f, h, file, (const uint8_t *)data, len);
		f.damaged = !f.has_any && len > 0;
		*anew = true;
	}
	file_free(data);
	err = judge(file, &f, why);
	if (err != KM_OK || *anew)
		return err;
	file->end = f.end;
	memcpy(file->chain, f.chain, sizeof file->chain);
	if (len > f.end && (ftruncate(file->fd, (off_t)f.end) != 0 || fdatasync(file->fd) != 0))
		return refuse_errno(file, why);
	return KM_OK;
}

/* ---- opened ---------------------------------------------------------------------------------- */

static km_err lock_it(const held_file *file, km_complaint *why)
{
	if (wait_lock(file->fd, WAIT_MS))
		return KM_OK;
	return errno == EWOULDBLOCK ? refuse(file, KM_EIO, "in use by another client, which has it alone", why) :
			refuse_errno(file, why);
}

/* Open and lock what stands there.  *missing: nothing does. */
static km_err open_it(held_file *file, bool *missing, km_complaint *why)
{
	km_err err = KM_OK;

	*missing = false;
	for (int i = 0; i < TRIES; i++) {
		struct stat st;

		file->fd = open(file->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		*missing = file->fd < 0 && errno == ENOENT;
		if (file->fd < 0)
			return refuse_errno(file, why);
		if (fstat(file->fd, &st) == 0 && !S_ISREG(st.st_mode))
			return refuse(file, KM_EIO, "not a regular file", why);
		err = lock_it(file, why);
		if (err != KM_OK || is_current(file))
			return err;
		close(file->fd);        /* it was replaced while its lock was waited for */
		file->fd = -1;
	}
	return refuse(file, KM_EIO, "it is replaced again and again", why);
}

static km_err begin_it(held_file *file, const held *h, km_begin begin, km_complaint *why)
{
	bool missing;
	km_err err;

	if (begin == KM_MUST_EXIST)
		return refuse(file, KM_ELOST, "missing, and may not be begun here", why);
	err = put(file, h, FILE_NEW, why);
	if (err == KM_OK)
		return refuse(file, KM_OK, "a new file: nothing was accepted before", why);
	if (err != KM_EIO || access(file->path, F_OK) != 0)
		return err;
	return open_it(file, &missing, why);    /* another has begun it meanwhile */
}

static km_err open_or_begin(held_file *file, held *h, km_begin begin, km_complaint *why)
{
	bool missing, anew = begin == KM_BEGIN_ANEW;
	km_err err = open_it(file, &missing, why);

	if (missing)
		err = begin_it(file, h, begin, why);
	if (err == KM_OK && file->end == 0)
		err = read_all(file, h, &anew, why);
	else
		anew = false;
	if (err == KM_OK && anew)
		err = put(file, h, 0, why);
	return err;
}

km_err held_file_open(held_file **out, held *h, const char *path, const km_seal *seal, km_begin begin, km_complaint *why)
{
	held_file *file = calloc(1, sizeof *file);
	km_err err;

	*out = NULL;
	if (file == NULL)
		return KM_ENOMEM;
	file->fd = -1;
	file->process = lock_process();
	file->seal = seal_hold(seal);
	file->path = file_target(path);
	if (file->path == NULL) {
		complain(why, path, 0, NULL, complain_errno(errno));
		err = errno == ENOMEM ? KM_ENOMEM : KM_EIO;
	} else {
		err = open_or_begin(file, h, begin, why);
	}
	if (err == KM_OK && !file_is_private(file->path))
		refuse(file, KM_OK, "others than its owner may read it, or write to it", why);
	if (err == KM_OK)
		*out = file;
	else
		held_file_close(file);
	return err;
}
