/* state_lock.c -- the file of a state: locked, read, and replaced. */
#include "state_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "base/file.h"
#include "base/hint.h"
#include "base/lock.h"
#include "base/wait.h"

state_result state_refuse_errno(const state *st, km_complaint *why)
{
	const bool elsewhere = errno == EACCES || errno == EROFS || errno == EPERM;
	char text[200];

	snprintf(text, sizeof text, "%s%s%s%s", complain_errno(errno), elsewhere ? " (" : "",
			elsewhere ? hint_name(HINT_PLACE) : "", elsewhere ? " names another place)" : "");
	complain(why, st->path, 0, NULL, text);
	return STATE_IO;
}

state_result state_refuse(const state *st, int line, const char *text, km_complaint *why)
{
	complain(why, st->path, line, NULL, text);
	return STATE_CORRUPT;
}

/* ---- locking --------------------------------------------------------------------------------- */

/* Does path still name the file that is open? */
static bool is_current(const state *st)
{
	struct stat open_one, named;

	return fstat(st->fd, &open_one) == 0 && stat(st->path, &named) == 0 &&
			open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

/* The process that holds the lock, as the system lists it; 0: it does not say. */
static long holder(int fd)
{
	FILE *f = fopen("/proc/locks", "re");
	char line[256];
	struct stat st;
	unsigned major, minor;
	unsigned long long inode;
	long pid, found = 0;

	if (f == NULL || fstat(fd, &st) != 0) {
		if (f != NULL)
			fclose(f);
		return 0;
	}
	while (found == 0 && fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line, "%*d: FLOCK %*s %*s %ld %x:%x:%llu", &pid, &major, &minor,
				&inode) == 4 && inode == st.st_ino && pid > 0 &&
		    (makedev(major, minor) == st.st_dev || major == 0))
			found = pid;
	}
	fclose(f);
	return found;
}

static void say_waiting(const state *st)
{
	char file[256], text[400], by[48] = "another process";
	long pid = holder(st->fd);

	if (st->say == NULL)
		return;
	if (pid > 0)
		snprintf(by, sizeof by, "process %ld", pid);
	escape_into(file, sizeof file, st->path, strlen(st->path));
	snprintf(text, sizeof text, "waiting for %s, locked by %s", file, by);
	st->say(st->ctx, text);
}

static state_result wait_for(const state *st, km_complaint *why)
{
	enum { SAY_MS = 2000 };

	if (wait_lock(st->fd, SAY_MS))
		return STATE_OK;
	if (errno == EWOULDBLOCK) {
		say_waiting(st);
		if (wait_lock(st->fd, -1))
			return STATE_OK;
	}
	return state_refuse_errno(st, why);
}

static void close_file(state *st)
{
	if (st->fd >= 0)
		close(st->fd);
	st->fd = -1;
	st->asked_size = 0;
}

state_result state_lock(state *st, km_complaint *why)
{
	if (st->process != lock_process())
		close_file(st);
	st->process = lock_process();
	for (;;) {
		state_result result;

		if (st->fd < 0)
			st->fd = open(st->path, O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (st->fd < 0 && errno == ENOENT) {
			complain(why, st->path, 0, NULL, "the state was removed meanwhile");
			return STATE_IO;
		}
		if (st->fd < 0)
			return state_refuse_errno(st, why);
		result = wait_for(st, why);
		if (result != STATE_OK)
			return result;
		if (is_current(st))
			return STATE_OK;
		close_file(st);         /* another process has put a new file in its place */
	}
}

void state_unlock(state *st)
{
	if (st->fd >= 0)
		flock(st->fd, LOCK_UN);
}

/* ---- reading and writing --------------------------------------------------------------------- */

/* All of fd into *c.  false: errno. */
static bool load(int fd, state_content *c)
{
	struct stat st;
	char *text = NULL;
	bool done;

	*c = (state_content){ 0 };
	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return false;
	}
	text = malloc((size_t)st.st_size + 1);
	done = text != NULL && pread(fd, text, (size_t)st.st_size, 0) == st.st_size &&
			state_parse(c, text, (size_t)st.st_size);
	free(text);
	return done;
}

state_result state_load_locked(const state *st, state_content *all, km_complaint *why)
{
	return load(st->fd, all) ? STATE_OK : state_refuse_errno(st, why);
}

state_result state_read_locked(const state *st, state_content *all, km_complaint *why)
{
	char text[240];

	if (!load(st->fd, all))
		return state_refuse_errno(st, why);
	if (all->wrong == NULL)
		return STATE_OK;
	snprintf(text, sizeof text,
			"%s; put the last good one back, or see keymuster state repair: its "
			"T and GMK-IDs must not come again",
			all->wrong);
	return state_refuse(st, all->line, text, why);
}

state_result state_write_locked(const state *st, const state_content *all, km_complaint *why)
{
	file_out out;

	if (!file_create(&out, st->path, FILE_PRIVATE, why))
		return STATE_IO;
	if (!state_print(out.f, all)) {
		file_discard(&out);
		return state_refuse_errno(st, why);
	}
	return file_commit(&out, why) ? STATE_OK : STATE_IO;
}

state_result state_read(state_content *c, const char *path, km_complaint *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	bool done = fd >= 0 && load(fd, c);

	if (!done)
		complain(why, path, 0, NULL, complain_errno(errno));
	if (fd >= 0)
		close(fd);
	return done ? STATE_OK : STATE_IO;
}

bool state_put_aside(const char *path)
{
	char *aside = NULL;
	bool done = asprintf(&aside, "%s.damaged", path) >= 0 &&
			(unlink(aside) == 0 || errno == ENOENT) && link(path, aside) == 0;

	free(aside);
	return done;
}

state_result state_edit(const char *path, state_editor *edit, void *ctx, km_complaint *why)
{
	state st = { .path = (char *)(uintptr_t)path, .fd = open(path, O_RDWR | O_CLOEXEC),
			.process = lock_process() };
	state_content c = { .version = 2 };
	bool exists = st.fd >= 0;
	state_result result = STATE_OK;

	if (!exists && errno != ENOENT)
		return state_refuse_errno(&st, why);
	if (exists)
		result = state_lock(&st, why);
	if (result == STATE_OK && exists)
		result = state_load_locked(&st, &c, why);
	if (result == STATE_OK && edit(ctx, &c, exists)) {
		if (exists && c.wrong != NULL && !state_put_aside(path))
			result = state_refuse_errno(&st, why);
		if (result == STATE_OK)
			result = state_write_locked(&st, &c, why);
	}
	if (st.fd >= 0)
		close(st.fd);
	state_content_free(&c);
	return result;
}
