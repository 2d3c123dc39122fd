/* journal.c -- who was given one group key: the file, and what a run adds to it. */
#include "journal_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/complain.h"
#include "base/file.h"
#include "base/wait.h"


journal_result journal_refuse_errno(const journal *j, km_complaint *why)
{
	complain(why, j->path, 0, NULL, strerror(errno));
	return JOURNAL_IO;
}

journal_result journal_refuse(const journal *j, const char *text, km_complaint *why)
{
	complain(why, j->path, 0, NULL, text);
	return JOURNAL_CORRUPT;
}

#define WAY_OUT ": put the last good one back, or move it away: who was given the key is unknown then"

/* ---- where they lie -------------------------------------------------------------------------- */

static const char state_end[] = ".state", journal_end[] = ".journal";

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

/* "BASE.0abcdef0.journal" */
static bool is_journal_of(const char *entry, const char *base, size_t len, uint32_t *gmk_id)
{
	enum { ID = 8 };
	char *end;

	if (strncmp(entry, base, len) != 0 ||
			strlen(entry) != len + 1 + ID + sizeof journal_end - 1 ||
			entry[len] != '.' || strcmp(entry + len + 1 + ID, journal_end) != 0 ||
			strspn(entry + len + 1, "0123456789abcdef") != ID)
		return false;
	*gmk_id = (uint32_t)strtoul(entry + len + 1, &end, 16);
	return true;
}

size_t journal_list(const char *state_file, void (*each)(void *ctx, const char *path,
		uint32_t gmk_id), void *ctx)
{
	const char *slash = strrchr(state_file, '/');
	size_t dir_len = slash == NULL ? 0 : (size_t)(slash - state_file) + 1, n = 0;
	const char *base = state_file + dir_len;
	size_t base_len = base_length(state_file) - dir_len;
	char *dir_name = dir_len == 0 ? strdup("./") : strndup(state_file, dir_len), *path = NULL;
	DIR *dir = dir_name == NULL ? NULL : opendir(dir_name);
	const struct dirent *entry;
	uint32_t gmk_id;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!is_journal_of(entry->d_name, base, base_len, &gmk_id))
			continue;
		n++;
		if (each == NULL || asprintf(&path, "%s%s", dir_name, entry->d_name) < 0)
			continue;
		each(ctx, path, gmk_id);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
	free(dir_name);
	return n;
}

/* ---- frames ---------------------------------------------------------------------------------- */

uint32_t frame_load32(const uint8_t in[4])
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

uint64_t frame_load64(const uint8_t in[8])
{
	return (uint64_t)frame_load32(in) << 32 | frame_load32(in + 4);
}

uint64_t journal_hash(const char *uri, size_t len)
{
	uint8_t hash[KM_HASH_BYTES];

	km_sha256(hash, (const uint8_t *)uri, len);
	return frame_load64(hash);
}

bool frame_next(frame *f, const uint8_t *data, size_t len, size_t *at)
{
	const uint8_t *head = data + *at;
	size_t left = len - *at, body;

	if (left < FRAME_HEAD)
		return false;
	*f = (frame){ frame_load32(head), frame_load32(head + 4), frame_load32(head + 8),
			frame_load32(head + 12), frame_load64(head + 16), head + FRAME_HEAD, NULL };
	if (f->n > FRAME_MAX / FRAME_ENTRY || f->names > FRAME_MAX)
		return false;
	body = (size_t)f->n * FRAME_ENTRY + f->names;
	if (left - FRAME_HEAD < body || (f->names > 0 && head[FRAME_HEAD + body - 1] != '\0'))
		return false;
	f->uris = (const char *)head + FRAME_HEAD + (size_t)f->n * FRAME_ENTRY;
	*at += FRAME_HEAD + body;
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool is_in(const run_list *runs, uint32_t run)
{
	return runs->n > 0 && bsearch(&run, runs->at, runs->n, sizeof run, by_number) != NULL;
}

static bool is_doubted(const journal *j, const frame *f)
{
	size_t at = (size_t)(f->entries - j->data);

	for (size_t i = 0; i < j->n_doubts; i++) {
		if (at < j->doubts[i].at && f->t > j->doubts[i].t)
			return true;
	}
	return false;
}

frame_worth journal_worth(const journal *j, const frame *f)
{
	if (f->kind == FRAME_OLD || is_in(&j->done, f->run))
		return is_doubted(j, f) ? FRAME_UNSURE : FRAME_SURE;
	return is_in(&j->taken_back, f->run) ? FRAME_NOTHING : FRAME_UNSURE;
}

static bool note_run(run_list *runs, uint32_t run)
{
	uint32_t *bigger = reallocarray(runs->at, runs->n + 1, sizeof *bigger);

	if (bigger == NULL)
		return false;
	runs->at = bigger;
	runs->at[runs->n++] = run;
	return true;
}

static bool note_doubt(journal *j, const frame *f)
{
	doubt *bigger = reallocarray(j->doubts, j->n_doubts + 1, sizeof *bigger);

	if (bigger == NULL)
		return false;
	j->doubts = bigger;
	j->doubts[j->n_doubts++] = (doubt){ f->t, (size_t)(f->entries - j->data) };
	return true;
}

static void sort_runs(run_list *runs)
{
	if (runs->n > 0)
		qsort(runs->at, runs->n, sizeof *runs->at, by_number);
}

/* Everything up to the last commit was on disk before it: only what follows may be torn.  Where it
 * is not, at is where the whole frames end. */
static size_t find_end(const journal *j, const uint8_t *data, size_t len)
{
	size_t at = JOURNAL_START, next = JOURNAL_START, sure = JOURNAL_START;
	frame f;

	(void)j;
	while (frame_next(&f, data, len, &next)) {
		if (f.kind == FRAME_COMMIT && frame_is_whole(data + at, next - at))
			sure = next;
		at = next;
	}
	at = next = sure;
	while (frame_next(&f, data, len, &next) && frame_is_whole(data + at, next - at))
		at = next;
	return at;
}

/* Which runs are committed, and how many members stand there. */
static bool survey(journal *j)
{
	size_t at = JOURNAL_START;
	frame f;

	j->counts = (journal_count){ 0 };
	j->done.n = j->taken_back.n = 0;
	j->n_doubts = 0;
	if (j->counts_own && !note_run(&j->done, j->run))
		return false;
	while (frame_next(&f, j->data, j->len, &at)) {
		if ((f.kind == FRAME_COMMIT && !note_run(&j->done, f.run)) ||
		    (f.kind == FRAME_VOID && !note_run(&j->taken_back, f.run)) ||
		    (f.kind == FRAME_DOUBT && !note_doubt(j, &f)))
			return false;
	}
	sort_runs(&j->done);
	sort_runs(&j->taken_back);
	at = JOURNAL_START;
	while (frame_next(&f, j->data, j->len, &at)) {
		frame_worth worth = journal_worth(j, &f);

		if (f.kind != FRAME_DOUBT && f.t > j->counts.last_t && !is_doubted(j, &f))
			j->counts.last_t = f.t;
		j->counts.revoked = j->counts.revoked || f.kind == JOURNAL_TOLD;
		if (f.kind == JOURNAL_TOLD)
			j->counts.told += worth == FRAME_SURE ? f.n : 0;
		else if (worth == FRAME_SURE && (f.kind == JOURNAL_GIVEN || f.kind == FRAME_OLD))
			j->counts.given += f.n;
		else if (worth == FRAME_UNSURE && f.kind == JOURNAL_GIVEN)
			j->counts.unsure += f.n;
	}
	return true;
}

static const char *take_string(const char **at, const char *end)
{
	const char *s = *at;
	const char *nul = s < end ? memchr(s, '\0', (size_t)(end - s)) : NULL;

	if (nul == NULL)
		return NULL;
	*at = nul + 1;
	return s;
}

/* The first frame: the key.  Its entries are none, its names GMK-ID, activation and expiry in
 * digits, then GMS, KMS, text and groups. */
static bool take_key(journal *j)
{
	journal_key *key = &j->key;
	const char *at, *end, *numbers;
	unsigned long long activation, expiry;
	unsigned id;
	size_t next = JOURNAL_START;
	frame f;

	if (!frame_next(&f, j->data, j->len, &next) || f.kind != FRAME_KEY || f.n != 0 ||
	    !frame_is_whole(j->data + JOURNAL_START, next - JOURNAL_START))
		return false;
	at = f.uris;
	end = at + f.names;
	numbers = take_string(&at, end);
	if (numbers == NULL || sscanf(numbers, "%8x %20llu %20llu", &id, &activation, &expiry) != 3)
		return false;
	*key = (journal_key){ .gmk_id = id, .activation = activation, .expiry = expiry };
	key->gms = take_string(&at, end);
	key->kms = take_string(&at, end);
	key->text = take_string(&at, end);
	while (key->text != NULL && at < end && key->n_groups < KM_GROUPS_MAX)
		key->groups[key->n_groups++] = take_string(&at, end);
	return key->text != NULL;
}

/* Map the file as it is; what is torn at its end is cut off where it may be. */
static journal_result map(journal *j, km_complaint *why)
{
	struct stat st;

	if (fstat(j->fd, &st) != 0)
		return journal_refuse_errno(j, why);
	if (st.st_size < JOURNAL_START)
		return journal_refuse(j, "not a journal of keymuster, or cut" WAY_OUT, why);
	j->mapped = (size_t)st.st_size;
	j->data = mmap(NULL, j->mapped, PROT_READ, MAP_PRIVATE, j->fd, 0);
	if (j->data == MAP_FAILED) {
		j->data = NULL;
		return journal_refuse_errno(j, why);
	}
	if (memcmp(j->data, JOURNAL_MAGIC, JOURNAL_START) != 0)
		return journal_refuse(j, "not a journal of keymuster" WAY_OUT, why);
	j->len = find_end(j, j->data, j->mapped);
	if (!take_key(j))
		return journal_refuse(j,
				"the journal is damaged, it does not say whose key it is of" WAY_OUT, why);
	if (j->may_write && j->len < j->mapped && ftruncate(j->fd, (off_t)j->len) != 0)
		return journal_refuse_errno(j, why);
	j->end = j->len;
	return survey(j) ? JOURNAL_OK : journal_refuse_errno(j, why);
}

journal_result journal_lock(const journal *j, km_complaint *why)
{
	return wait_lock(j->fd, -1) ? JOURNAL_OK : journal_refuse_errno(j, why);
}

static journal_result compare(const journal *j, const groupkey *key, km_complaint *why)
{
	if (key == NULL || (key->gmk_id == j->key.gmk_id && strcmp(key->gms, j->key.gms) == 0 &&
	    strcmp(key->kms, j->key.kms) == 0))
		return JOURNAL_OK;
	return journal_refuse(j, "the journal of another key", why);
}

/* ---- opening --------------------------------------------------------------------------------- */

static journal_result make(journal *j, const groupkey *key, km_complaint *why)
{
	file_out out;
	char numbers[64];
	bool done;

	if (!file_create(&out, j->path, FILE_PRIVATE | FILE_NEW, why))
		return errno == EEXIST ? JOURNAL_OK : JOURNAL_IO;
	snprintf(numbers, sizeof numbers, "%08x %llu %llu", (unsigned)key->gmk_id,
			(unsigned long long)key->activation, (unsigned long long)key->expiry);
	done = frame_string(j, numbers) && frame_string(j, key->gms) &&
			frame_string(j, key->kms) && frame_string(j, key->text);
	for (size_t i = 0; done && i < key->n_groups; i++)
		done = frame_string(j, key->groups[i]);
	done = done && frame_close(j, FRAME_KEY, 0);
	if (!done) {
		file_discard(&out);
		return journal_refuse_errno(j, why);
	}
	fputs(JOURNAL_MAGIC, out.f);
	fwrite(j->entries.at, 1, j->entries.len, out.f);
	frame_clear(j);
	done = file_commit(&out, why);
	j->made = done;
	return done || errno == EEXIST ? JOURNAL_OK : JOURNAL_IO;
}

static journal_result enter(journal *j, journal_how how, const groupkey *key, km_complaint *why)
{
	journal_result result = JOURNAL_OK;

	j->may_write = how != JOURNAL_READ;
	j->fd = open(j->path, (j->may_write ? O_RDWR | O_APPEND : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
	if (j->fd < 0 && errno == ENOENT && how == JOURNAL_MAKE) {
		result = make(j, key, why);
		if (result == JOURNAL_OK)
			j->fd = open(j->path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY);
	}
	if (result != JOURNAL_OK)
		return result;
	if (j->fd < 0) {
		result = errno == ENOENT ? JOURNAL_NONE : JOURNAL_IO;
		journal_refuse_errno(j, why);
		return result;
	}
	result = journal_lock(j, why);
	if (result == JOURNAL_OK)
		result = map(j, why);
	if (result == JOURNAL_OK)
		result = compare(j, key, why);
	flock(j->fd, LOCK_UN);
	return result;
}

journal_result journal_open(journal **out, const char *path, journal_how how, const groupkey *key,
		km_complaint *why)
{
	journal *j = calloc(1, sizeof *j);
	journal_result result;

	*out = NULL;
	if (j == NULL || (j->path = strdup(path)) == NULL) {
		free(j);
		complain(why, path, 0, NULL, strerror(ENOMEM));
		return JOURNAL_IO;
	}
	j->fd = -1;
	result = enter(j, how, key, why);
	do
		randombytes_buf(&j->run, sizeof j->run);
	while (is_in(&j->done, j->run) || is_in(&j->taken_back, j->run));
	if (result == JOURNAL_OK)
		*out = j;
	else
		journal_close(j);
	return result;
}

journal_result journal_look_again(journal *j, km_complaint *why)
{
	journal_result result = journal_lock(j, why);

	if (result != JOURNAL_OK)
		return result;
	munmap(j->data, j->mapped);
	j->data = NULL;
	free(j->index);
	j->index = NULL;
	j->counts_own = true;
	result = map(j, why);
	flock(j->fd, LOCK_UN);
	return result;
}

void journal_close(journal *j)
{
	if (j == NULL)
		return;
	if (j->data != NULL)
		munmap(j->data, j->mapped);
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	free(j->done.at);
	free(j->taken_back.at);
	free(j->doubts);
	free(j->entries.at);
	free(j->names.at);
	free(j->index);
	free(j);
}

const journal_key *journal_of(const journal *j)
{
	return &j->key;
}

bool journal_is_new(const journal *j)
{
	return j->made;
}

bool journal_has_salts_of(const journal *j, const uint8_t gmk[KM_SSV_BYTES])
{
	size_t at = JOURNAL_START;
	frame f;

	while (frame_next(&f, j->data, j->len, &at)) {
		if (f.kind == JOURNAL_GIVEN && f.n > 0 && f.names > 0)
			return km_user_salt(gmk, f.uris, strlen(f.uris)) == frame_load32(f.entries);
	}
	return true;
}

journal_count journal_counts(const journal *j)
{
	return j->counts;
}

