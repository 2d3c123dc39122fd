/* file.c -- whole files read within a bound, and files that appear only when they are complete. */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "complain.h"
#include "memlock.h"
#include "wait.h"

static bool fail(km_complaint *why, const char *name, const char *text)
{
	complain(why, name, 0, NULL, text);
	return false;
}

static bool fail_errno(km_complaint *why, const char *name)
{
	return fail(why, name, complain_errno(errno));
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Twice the room, or limit; the old room is wiped. */
static bool grow(char **data, size_t len, size_t *room, size_t limit)
{
	size_t more = *room <= limit / 2 ? 2 * *room : limit;
	char *bigger = sodium_malloc(more + 1);

	if (bigger == NULL)
		return false;
	memcpy(bigger, *data, len);
	sodium_free(*data);
	*data = bigger;
	*room = more;
	return true;
}

/* All of fd, or its first limit octets; room is a first guess, at most limit. */
static bool read_up_to(char **data, size_t *len, int fd, size_t room, size_t limit)
{
	ssize_t n = 1;

	if (!memlock_start() || (*data = sodium_malloc(room + 1)) == NULL)
		return false;
	while (n != 0 && *len < limit) {
		if (*len == room && !grow(data, *len, &room, limit))
			return false;
		n = wait_read(fd, *data + *len, room - *len);
		if (n < 0)
			return false;
		*len += (size_t)n;
	}
	(*data)[*len] = '\0';
	return true;
}

bool file_read(char **data, size_t *len, const char *name, size_t max, km_complaint *why)
{
	int fd = wait_open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t room = max < 1 << 16 ? max + 1 : 1 << 16;
	struct stat st;
	bool done;

	*data = NULL;
	*len = 0;
	if (fd < 0)
		return fail_errno(why, name);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		room = (uintmax_t)st.st_size < max ? (size_t)st.st_size + 1 : max + 1;
	done = read_up_to(data, len, fd, room, max + 1);
	if (!done) {
		fail_errno(why, name);
	} else if (*len > max) {
		char text[64];

		snprintf(text, sizeof text, "larger than %zu octets", max);
		done = fail(why, name, text);
	}
	close(fd);
	if (!done) {
		file_free(*data);
		*data = NULL;
		*len = 0;
	}
	return done;
}

void file_free(char *data)
{
	sodium_free(data);
}

bool file_is_private(const char *name)
{
	struct stat st;

	return stat(name, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

static bool is_one(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The directory that name stands in. */
static bool stat_directory(struct stat *st, const char *name)
{
	const char *slash = strrchr(name, '/');
	char *dir = slash == NULL ? strdup(".") : strndup(name, (size_t)(slash - name) + 1);
	bool done = dir != NULL && stat(dir, st) == 0;

	free(dir);
	return done;
}

static const char *last_part(const char *name)
{
	const char *slash = strrchr(name, '/');

	return slash == NULL ? name : slash + 1;
}

bool file_is_same(const char *a, const char *b)
{
	struct stat of_a, of_b;
	bool has_a = stat(a, &of_a) == 0, has_b = stat(b, &of_b) == 0;

	if (has_a || has_b)
		return has_a && has_b && is_one(&of_a, &of_b);
	return strcmp(last_part(a), last_part(b)) == 0 && stat_directory(&of_a, a) &&
			stat_directory(&of_b, b) && is_one(&of_a, &of_b);
}

/* A link's target as a name that can be opened from here.  NULL: errno. */
static char *read_link(const char *name)
{
	char to[PATH_MAX], *path = NULL;
	ssize_t len = readlink(name, to, sizeof to - 1);
	const char *slash = strrchr(name, '/');

	if (len < 0)
		return NULL;
	to[len] = '\0';
	if (to[0] == '/' || slash == NULL)
		return strdup(to);
	return asprintf(&path, "%.*s%s", (int)(slash - name) + 1, name, to) < 0 ? NULL : path;
}

char *file_target(const char *name)
{
	enum { LINKS_MAX = 40 };        /* as the kernel has it */
	char *path = strdup(name);
	struct stat st;

	for (int i = 0; path != NULL && lstat(path, &st) == 0 && S_ISLNK(st.st_mode); i++) {
		char *next = i < LINKS_MAX ? read_link(path) : NULL;

		if (i >= LINKS_MAX)
			errno = ELOOP;
		free(path);
		path = next;
	}
	return path;
}

/* ---- what dead processes left ---------------------------------------------------------------- */

static const char tmp_mark[] = ".tmp-";
enum { TMP_DIGITS = 16 };

static bool is_tmp_of(const char *entry, const char *last, size_t len)
{
	return strncmp(entry, last, len) == 0 &&
			strncmp(entry + len, tmp_mark, sizeof tmp_mark - 1) == 0 &&
			strlen(entry + len) == sizeof tmp_mark - 1 + TMP_DIGITS &&
			strspn(entry + len + sizeof tmp_mark - 1, "0123456789abcdef") == TMP_DIGITS;
}

static void (*tell_removed)(const char *name);

void file_on_removed(void (*tell)(const char *name))
{
	tell_removed = tell;
}

/* Whoever writes such a file holds a lock on it: the lock of one that died is free.  Where the file
 * system knows no locks, nothing is removed. */
static void remove_if_dead(int dir, const char *entry)
{
	int fd = openat(dir, entry, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0 && unlinkat(dir, entry, 0) == 0 && tell_removed != NULL)
		tell_removed(entry);
	close(fd);
}

static void remove_dead(const char *name)
{
	const char *last = last_part(name);
	char *path = last == name ? strdup(".") : strndup(name, (size_t)(last - name));
	DIR *dir = path == NULL ? NULL : opendir(path);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (is_tmp_of(entry->d_name, last, strlen(last)))
			remove_if_dead(dirfd(dir), entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	free(path);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Say that fd is being written, for as long as this process lives.  false: another process took it for
 * left over in the moment between.  One of many has no second descriptor: its first one stays open. */
static bool hold(file_out *out, int fd)
{
	struct stat of_name, of_fd;

	if ((out->how & FILE_ONE_OF_MANY) == 0)
		out->lock = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	flock(out->lock >= 0 ? out->lock : fd, LOCK_EX | LOCK_NB);
	return lstat(out->tmp, &of_name) == 0 && fstat(fd, &of_fd) == 0 && is_one(&of_name, &of_fd);
}

/* NAME.tmp- and 16 random hex digits; NULL: no memory. */
static char *beside(const char *name)
{
	uint8_t random[8];
	char hex[2 * sizeof random + 1];
	char *tmp = NULL;

	randombytes_buf(random, sizeof random);
	sodium_bin2hex(hex, sizeof hex, random, sizeof random);
	if (asprintf(&tmp, "%s%s%s", name, tmp_mark, hex) < 0)
		return NULL;
	return tmp;
}

/* What is replaced keeps its owner and mode, but for what others may: a service whose file root has
 * written once must still get in.  Root leaves a new file to the owner of its directory, unless all may write there. */
static bool keep_owner(int fd, const char *name, unsigned how)
{
	struct stat st, mine;

	if ((how & FILE_NEW) == 0 && stat(name, &st) == 0) {
		if (fstat(fd, &mine) != 0 || fchmod(fd, st.st_mode & (S_IRWXU | S_IRWXG)) != 0)
			return false;
		return (st.st_uid == mine.st_uid && st.st_gid == mine.st_gid) ||
				fchown(fd, st.st_uid, st.st_gid) == 0 || st.st_uid == mine.st_uid;
	}
	if (geteuid() != 0 || !stat_directory(&st, name) || st.st_uid == 0 ||
	    (st.st_mode & (S_ISVTX | S_IWOTH)) != 0)
		return true;
	return fchown(fd, st.st_uid, st.st_gid) == 0;
}

static int open_beside(file_out *out, const char *name, mode_t mode)
{
	for (;;) {
		int fd;

		out->tmp = beside(name);
		if (out->tmp == NULL)
			return -1;
		fd = open(out->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd >= 0 && (out->how & FILE_PRIVATE) != 0 && !keep_owner(fd, name, out->how)) {
			int err = errno;

			unlink(out->tmp);
			close(fd);
			errno = err;
			return -1;
		}
		if (fd < 0 || hold(out, fd))
			return fd;
		close(fd);
		close(out->lock);
		free(out->tmp);
	}
}

/* The descriptor to write to, or -1 with errno. */
static int open_for(file_out *out, const char *name, unsigned how)
{
	mode_t mode = how & FILE_PRIVATE ? 0600 : 0666;
	struct stat st;

	if ((how & FILE_NEW) != 0 && lstat(name, &st) == 0) {
		errno = EEXIST;
		return -1;
	}
	if ((how & (FILE_PRIVATE | FILE_NEW)) == 0 && stat(name, &st) == 0 && !S_ISREG(st.st_mode))
		return wait_open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if ((how & FILE_ONE_OF_MANY) == 0)
		remove_dead(name);
	return open_beside(out, name, mode);
}

/* What is private is a secret: stdio's buffer must not keep it.  One of many has none, for it is written at once. */
static bool open_stream(file_out *out, int fd, km_complaint *why)
{
	bool is_direct = (out->how & FILE_ONE_OF_MANY) != 0;

	if ((out->how & FILE_PRIVATE) != 0 && !is_direct &&
	    (!memlock_start() || (out->buffer = sodium_malloc(BUFSIZ)) == NULL)) {
		close(fd);
	} else {
		out->f = fdopen(fd, "w");
		if (out->f == NULL)
			close(fd);
		else if ((out->buffer == NULL && !is_direct) ||
		         setvbuf(out->f, out->buffer, is_direct ? _IONBF : _IOFBF, BUFSIZ) == 0)
			return true;
	}
	fail_errno(why, out->name);
	file_discard(out);
	return false;
}

bool file_create(file_out *out, const char *name, unsigned how, km_complaint *why)
{
	struct stat st;
	int fd;

	*out = (file_out){ .how = how, .name = strdup(name), .lock = -1 };
	if (out->name == NULL)
		return fail_errno(why, name);
	if ((how & (FILE_PRIVATE | FILE_NEW)) != 0 && stat(name, &st) == 0 && !S_ISREG(st.st_mode)) {
		file_discard(out);
		return fail(why, name, "not a regular file");
	}
	fd = open_for(out, name, how);
	if (fd < 0) {
		int err = errno;

		free(out->tmp);
		out->tmp = NULL;        /* not ours: nothing to remove */
		file_discard(out);
		if (err == EEXIST && stat(name, &st) != 0)
			return fail(why, name, "a link to a file that is not there: make that one, or "
					"remove the link");
		errno = err;
		return fail_errno(why, name);
	}
	return open_stream(out, fd, why);
}

/* Make the entry of name in its directory last. */
static bool sync_directory(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *dir = slash == NULL ? strdup(".") : slash == name ? strdup("/") :
			strndup(name, (size_t)(slash - name));
	int fd, failed;

	if (dir == NULL)
		return false;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return errno == EACCES;         /* a directory that may be searched only */
	failed = fsync(fd) != 0 && errno != EINVAL;
	close(fd);
	return !failed;
}

static bool put_in_place(file_out *out)
{
	if ((out->how & FILE_NEW) == 0)
		return rename(out->tmp, out->name) == 0;
	if (renameat2(AT_FDCWD, out->tmp, AT_FDCWD, out->name, RENAME_NOREPLACE) == 0)
		return true;
	return errno == EINVAL && link(out->tmp, out->name) == 0 && unlink(out->tmp) == 0;
}

/* What could not be done, by errno; out is done either way. */
static bool end(file_out *out, bool done, km_complaint *why)
{
	if (!done && errno == EBUSY)
		fail(why, out->name, "it is mounted by itself and cannot be replaced: mount its "
				"directory instead");
	else if (!done)
		fail_errno(why, out->name);
	file_discard(out);
	return done;
}

/* Written to its end; closed, but for one of many. */
static bool finish(file_out *out, bool sync, km_complaint *why)
{
	bool lost = ferror(out->f) != 0;
	bool done = fflush(out->f) == 0 && (!sync || fsync(fileno(out->f)) == 0);

	if ((out->how & FILE_ONE_OF_MANY) == 0) {
		done = fclose(out->f) == 0 && done;
		out->f = NULL;
	}
	if (!done)
		return end(out, false, why);
	if (lost) {
		fail(why, out->name, "not everything could be written");
		file_discard(out);
	}
	return !lost;
}

/* Under its name; its directory is still to be synced. */
static bool take_place(file_out *out)
{
	if (!put_in_place(out))
		return false;
	free(out->tmp);
	out->tmp = NULL;
	return true;
}

bool file_commit(file_out *out, km_complaint *why)
{
	if (!finish(out, out->tmp != NULL, why))
		return false;
	return end(out, out->tmp == NULL || (take_place(out) && sync_directory(out->name)), why);
}

/* ---- many at once ---------------------------------------------------------------------------- */

static size_t directory_length(const char *name)
{
	return (size_t)(last_part(name) - name);
}

static bool is_beside(const char *a, const char *b)
{
	size_t len = directory_length(a);

	return len == directory_length(b) && memcmp(a, b, len) == 0;
}

/* All that was written on that file's file system.  (A process that reads it anew would not miss it, a disk might.)  By
 * a descriptor of before it was written, which alone is told what failed meanwhile. */
static bool sync_file_system(const file_out *out)
{
	const int fd = out->f != NULL ? fileno(out->f) : out->lock;

	if (fd < 0)
		errno = EMFILE;
	return fd >= 0 && syncfs(fd) == 0;
}

/* The first that is in place in the same directory: what its sync said holds for all, for the system says it once. */
static size_t first_beside(const file_out *out, size_t i)
{
	size_t first = 0;

	while (first < i && (out[first].name == NULL || !is_beside(out[first].name, out[i].name)))
		first++;
	return first;
}

/* Content before names, names before their directories: what fails in between is as if it was not begun. */
bool file_commit_all(file_out *out, bool *done, size_t n, km_complaint *why)
{
	const size_t few = 4;                   /* for which waiting for a whole file system does not pay */
	bool all = true;

	for (size_t i = 0; i < n; i++)
		done[i] = finish(&out[i], n <= few, why);
	for (size_t i = 0, last = n; i < n && n > few; i++) {
		if (!done[i] || (last < n && is_beside(out[i].name, out[last].name)))
			continue;
		done[i] = sync_file_system(&out[i]) || end(&out[i], false, why);
		last = done[i] ? i : last;
	}
	for (size_t i = 0; i < n; i++) {
		if (done[i] && !take_place(&out[i]))
			done[i] = end(&out[i], false, why);
	}
	for (size_t i = 0; i < n; i++) {
		const size_t first = done[i] ? first_beside(out, i) : i;

		if (!done[i])
			continue;
		done[i] = first == i ? sync_directory(out[i].name) || fail_errno(why, out[i].name) : done[first];
	}
	for (size_t i = 0; i < n; i++) {
		all = all && done[i];
		file_discard(&out[i]);
	}
	return all;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* dir's entries that are left of one of n sorted names, all in dir. */
static void remove_dead_in(const char *dir, const char *const *sorted, size_t n)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		size_t len = strlen(entry->d_name), more = sizeof tmp_mark - 1 + TMP_DIGITS;
		char *name = NULL;

		if (len <= more || asprintf(&name, "%.*s%.*s", (int)directory_length(sorted[0]), sorted[0],
				(int)(len - more), entry->d_name) < 0)
			continue;
		if (is_tmp_of(entry->d_name, last_part(name), strlen(last_part(name))) &&
		    bsearch(&name, sorted, n, sizeof *sorted, by_name) != NULL)
			remove_if_dead(dirfd(d), entry->d_name);
		free(name);
	}
	if (d != NULL)
		closedir(d);
}

void file_remove_dead(const char *const *names, size_t n)
{
	const char **sorted = calloc(n + 1, sizeof *sorted);

	for (size_t i = 0; i < n && sorted != NULL; i++)
		sorted[i] = names[i];
	if (sorted != NULL)
		qsort(sorted, n, sizeof *sorted, by_name);
	for (size_t i = 0, stop = 0; i < n && sorted != NULL; i = stop) {
		size_t len = directory_length(sorted[i]);
		char *dir = len == 0 ? strdup(".") : strndup(sorted[i], len);

		for (stop = i + 1; stop < n && is_beside(sorted[i], sorted[stop]); stop++)
			;
		if (dir != NULL)
			remove_dead_in(dir, sorted + i, stop - i);
		free(dir);
	}
	free(sorted);
}

void file_discard(file_out *out)
{
	if (out->f != NULL)
		fclose(out->f);
	if (out->tmp != NULL) {
		unlink(out->tmp);
		free(out->tmp);
	}
	if (out->name != NULL && out->lock >= 0)
		close(out->lock);
	sodium_free(out->buffer);
	free(out->name);
	*out = (file_out){ .lock = -1 };
}
