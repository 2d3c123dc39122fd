/* state.c -- what a GMS must remember between runs: its last T, and the GMK-IDs in use. */
#include "state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "file.h"
#include "wait.h"

/* "keymuster-state 1", "t HHHHHHHHHHHHHHHH", then a line "gmk HHHHHHHH EXPIRY" for each GMK-ID. */
#define HEAD "keymuster-state 1\nt "
enum { HEAD_LEN = sizeof HEAD - 1, T_LEN = 16, LAST_T_LEN = HEAD_LEN + T_LEN + 1 };

/* Half a year before the 32 bits of seconds end in 2106: nothing that follows can start again at 0. */
#define LAST_T ((uint64_t)0xff000000 << 32)

struct state {
	char *path;
	int fd;
	uint64_t last;          /* the latest T that this process has reserved */
};

typedef struct {
	uint64_t t;
	struct live { uint32_t gmk_id; uint64_t expiry; } *live;
	size_t n;
} content;

static state_result refuse_errno(const state *st, km_complaint *why)
{
	complain(why, st->path, 0, NULL, strerror(errno));
	return STATE_IO;
}

static state_result refuse_line(const state *st, int line, const char *text, km_complaint *why)
{
	complain(why, st->path, line, NULL, text);
	return STATE_CORRUPT;
}

/* ---- opening and locking --------------------------------------------------------------------- */

char *state_path(const char *key_file, const char *gms_uri, const char *kms_uri)
{
	char *real = realpath(key_file, NULL), *path = NULL, *slash;
	uint8_t hash[KM_HASH_BYTES];
	char both[2 * KM_URI_MAX + 3], name[32];
	size_t at = 0;
	int len;

	if (real == NULL)
		return NULL;
	for (const char *s = gms_uri; *s != '\0' && at < sizeof name - 1; s++)
		name[at++] = isalnum((unsigned char)*s) ? *s : '-';
	name[at] = '\0';
	len = snprintf(both, sizeof both, "%s %s", gms_uri, kms_uri);
	km_sha256(hash, (const uint8_t *)both, (size_t)len);
	slash = strrchr(real, '/');
	slash[1] = '\0';
	if (asprintf(&path, "%s%s-%02x%02x%02x%02x.state", real, name, hash[0], hash[1], hash[2],
			hash[3]) < 0)
		path = NULL;
	free(real);
	return path;
}

/* Does path still name the file that is open? */
static bool is_current(const state *st)
{
	struct stat open_one, named;

	return fstat(st->fd, &open_one) == 0 && stat(st->path, &named) == 0 &&
			open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

state_result state_lock(state *st, km_complaint *why)
{
	for (;;) {
		if (st->fd < 0)
			st->fd = open(st->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (st->fd < 0)
			return refuse_errno(st, why);
		if (!wait_lock(st->fd, -1))
			return refuse_errno(st, why);
		if (is_current(st))
			return STATE_OK;
		close(st->fd);          /* another process has put a new file in its place */
		st->fd = -1;
	}
}

void state_unlock(state *st)
{
	if (st->fd >= 0)
		flock(st->fd, LOCK_UN);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Digits of a number in that base, exactly width of them unless width is 0. */
static bool take_number(uint64_t *n, const char **at, const char *end, int base, size_t width)
{
	const char *start = *at;

	for (*n = 0; *at < end; (*at)++) {
		const char *digits = "0123456789abcdef", *digit;

		if (width != 0 && *at == start + width)
			break;
		digit = memchr(digits, **at, (size_t)base);
		if (digit == NULL)
			break;
		if (*n > (UINT64_MAX - 15) / (unsigned)base)
			return false;
		*n = *n * (unsigned)base + (uint64_t)(digit - digits);
	}
	return width == 0 ? *at > start : *at == start + width;
}

static bool take_text(const char **at, const char *end, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(end - *at) < len || memcmp(*at, text, len) != 0)
		return false;
	*at += len;
	return true;
}

/* A last line without its end was cut by a power failure: its GMK-ID was never given out. */
static state_result parse(const state *st, content *all, const char *text, size_t len,
		km_complaint *why)
{
	const char *at = text, *end = text + len;

	if (len == 0)
		return STATE_OK;
	if (!take_text(&at, end, HEAD) || !take_number(&all->t, &at, end, 16, T_LEN) ||
	    !take_text(&at, end, "\n"))
		return refuse_line(st, 1, "not a state of keymuster, or damaged: put the last good "
				"one back, for its T and GMK-IDs must not come again", why);
	while (at < end && memchr(at, '\n', (size_t)(end - at)) != NULL) {
		uint64_t gmk_id, expiry;

		if (!take_text(&at, end, "gmk ") || !take_number(&gmk_id, &at, end, 16, 8) ||
		    !take_text(&at, end, " ") || !take_number(&expiry, &at, end, 10, 0) ||
		    !take_text(&at, end, "\n"))
			return refuse_line(st, (int)all->n + 3, "not a GMK-ID with its expiry: the "
					"state is damaged", why);
		all->live[all->n++] = (struct live){ (uint32_t)gmk_id, expiry };
	}
	return STATE_OK;
}

/* The file is locked.  all->live must be freed; it has room for one more. */
static state_result read_all(const state *st, content *all, km_complaint *why)
{
	struct stat stat_of;
	state_result result;
	char *text;
	ssize_t got;

	*all = (content){ 0 };
	if (fstat(st->fd, &stat_of) != 0)
		return refuse_errno(st, why);
	text = malloc((size_t)stat_of.st_size + 1);
	all->live = calloc((size_t)stat_of.st_size / 15 + 1, sizeof *all->live);
	if (text == NULL || all->live == NULL) {
		free(text);
		return refuse_errno(st, why);
	}
	got = pread(st->fd, text, (size_t)stat_of.st_size, 0);
	result = got == stat_of.st_size ? parse(st, all, text, (size_t)got, why) :
			refuse_errno(st, why);
	free(text);
	return result;
}

state_result state_open(state **st, const char *path, km_complaint *why)
{
	state_result result;
	content all = { 0 };

	*st = calloc(1, sizeof **st);
	if (*st == NULL || ((*st)->path = strdup(path)) == NULL) {
		free(*st);
		*st = NULL;
		complain(why, path, 0, NULL, strerror(errno));
		return STATE_IO;
	}
	(*st)->fd = -1;
	result = state_lock(*st, why);
	if (result == STATE_OK) {
		result = read_all(*st, &all, why);
		free(all.live);
		state_unlock(*st);
	}
	if (result != STATE_OK) {
		state_close(*st);
		*st = NULL;
	}
	return result;
}

void state_close(state *st)
{
	if (st == NULL)
		return;
	if (st->fd >= 0)
		close(st->fd);
	free(st->path);
	free(st);
}

/* ---- T --------------------------------------------------------------------------------------- */

uint64_t state_time(int64_t seconds, long nanoseconds)
{
	return (uint64_t)seconds << 32 | (((uint64_t)nanoseconds << 32) / 1000000000u);
}

/* Read the last T alone: this happens once a chunk. */
static state_result read_t(const state *st, uint64_t *t, km_complaint *why)
{
	char text[LAST_T_LEN];
	content all = { 0 };
	ssize_t got = pread(st->fd, text, sizeof text, 0);
	state_result result;

	if (got < 0)
		return refuse_errno(st, why);
	result = parse(st, &all, text, (size_t)got, why);
	*t = all.t;
	return result;
}

static state_result write_t(const state *st, uint64_t t, km_complaint *why)
{
	char text[LAST_T_LEN + 1];

	snprintf(text, sizeof text, HEAD "%016llx\n", (unsigned long long)t);
	errno = ENOSPC;                         /* a short write sets none */
	if (pwrite(st->fd, text, LAST_T_LEN, 0) != LAST_T_LEN)
		return refuse_errno(st, why);
	return STATE_OK;
}

/* The first of n values after last that lie within one second, and not before now. */
static uint64_t first_of(uint64_t last, uint64_t now, size_t n)
{
	uint64_t t = now > last ? now : last + 1;

	if ((t & UINT32_MAX) + n > (uint64_t)UINT32_MAX + 1)
		t = (t | UINT32_MAX) + 1;
	return t;
}

state_result state_reserve(state *st, uint64_t *t, size_t n, uint64_t now, km_complaint *why)
{
	uint64_t last = 0;
	state_result result = state_lock(st, why);

	*t = 0;
	if (result != STATE_OK)
		return result;
	result = read_t(st, &last, why);
	if (result == STATE_OK) {
		uint64_t first;

		last = last > st->last ? last : st->last;
		if (last > LAST_T || now > LAST_T) {
			state_unlock(st);
			return refuse_line(st, 2, "T is too far ahead to go on from", why);
		}
		first = first_of(last, now, n);
		result = write_t(st, first + n - 1, why);
		if (result == STATE_OK) {
			st->last = first + n - 1;
			*t = first;
		}
	}
	state_unlock(st);
	return result;
}

/* ---- GMK-IDs --------------------------------------------------------------------------------- */

static bool is_live(const content *all, uint32_t gmk_id)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->live[i].gmk_id == gmk_id)
			return true;
	}
	return false;
}

static void drop_expired(content *all, int64_t now)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++) {
		uint64_t expiry = all->live[i].expiry;

		if (expiry == 0 || now < 0 || expiry >= (uint64_t)now)
			all->live[kept++] = all->live[i];
	}
	all->n = kept;
}

/* Put a new file in the place of the locked one, which frees whoever waits for the lock. */
static state_result write_all(state *st, const content *all, km_complaint *why)
{
	file_out out;

	if (!file_create(&out, st->path, FILE_PRIVATE, why))
		return STATE_IO;
	fprintf(out.f, HEAD "%016llx\n", (unsigned long long)all->t);
	for (size_t i = 0; i < all->n; i++)
		fprintf(out.f, "gmk %08x %llu\n", (unsigned)all->live[i].gmk_id,
				(unsigned long long)all->live[i].expiry);
	return file_commit(&out, why) ? STATE_OK : STATE_IO;
}

static state_result draw_id(const state *st, const content *all, uint32_t *gmk_id,
		const km_random *rnd, km_complaint *why)
{
	do {
		uint8_t octets[4];

		if (km_random_bytes(octets, sizeof octets, rnd) != KM_OK) {
			complain(why, st->path, 0, NULL, km_strerror(KM_ERANDOM));
			return STATE_IO;
		}
		*gmk_id = (uint32_t)(octets[0] & 0x0f) << 24 | (uint32_t)octets[1] << 16 |
				(uint32_t)octets[2] << 8 | octets[3];
	} while (is_live(all, *gmk_id));
	return STATE_OK;
}

state_result state_new_id(state *st, uint32_t *gmk_id, uint64_t expiry, int64_t now,
		const km_random *rnd, km_complaint *why)
{
	content all = { 0 };
	state_result result = state_lock(st, why);

	*gmk_id = 0;
	if (result != STATE_OK)
		return result;
	result = read_all(st, &all, why);
	if (result == STATE_OK) {
		drop_expired(&all, now);
		result = draw_id(st, &all, gmk_id, rnd, why);
	}
	if (result == STATE_OK) {
		all.live[all.n++] = (struct live){ *gmk_id, expiry };
		result = write_all(st, &all, why);
	}
	free(all.live);
	state_unlock(st);
	if (result != STATE_OK)
		*gmk_id = 0;
	return result;
}
