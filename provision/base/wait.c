/* wait.c -- waits that may last for ever, and that a request to end breaks off. */
#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static int end_fd = -1;

void wait_end_by(int fd)
{
	end_fd = fd;
}

/* Until fd is ready for events, or ms have passed.  1; 0: too late; -1: asked to end, or another errno.
 * fd may be -1. */
static int wait_for(int fd, short events, int ms)
{
	struct pollfd fds[2] = { { .fd = fd, .events = events }, { .fd = end_fd, .events = POLLIN } };
	int n;

	do {
		n = poll(fds, 2, ms);
	} while (n < 0 && errno == EINTR && end_fd >= 0);
	if (n > 0 && fds[1].revents != 0) {
		errno = EINTR;
		return -1;
	}
	return n;
}

static bool is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* A pipe without a name, as /dev/fd/N is one: opening it waits for nobody. */
static bool is_nameless(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
}

/* The reader's end without waiting; then for the first writer, whose end or octets poll tells of. */
static int open_reader(const char *name, int flags)
{
	int fd = open(name, flags | O_NONBLOCK), err;

	if (fd < 0)
		return -1;
	if ((is_nameless(fd) || wait_for(fd, POLLIN, -1) > 0) && fcntl(fd, F_SETFL, flags) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* A writer's end cannot be had before there is a reader, nor can a reader be waited for. */
static int open_writer(const char *name, int flags)
{
	enum { PAUSE = 20 };            /* ms */
	int fd;

	while ((fd = open(name, flags | O_NONBLOCK)) < 0 && errno == ENXIO) {
		if (wait_for(-1, 0, PAUSE) < 0)
			return -1;
	}
	if (fd >= 0)
		fcntl(fd, F_SETFL, flags);
	return fd;
}

int wait_open(const char *name, int flags)
{
	struct stat st;

	if (stat(name, &st) != 0 || !S_ISFIFO(st.st_mode))
		return open(name, flags);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return open_reader(name, flags);
	return open_writer(name, flags);
}

/* ---- reading and writing --------------------------------------------------------------------- */

ssize_t wait_read(int fd, void *buf, size_t len)
{
	if (wait_for(fd, POLLIN, -1) < 0 && !(errno == EINTR && is_regular(fd)))
		return -1;
	return read(fd, buf, len);
}

bool wait_write(int fd, const void *buf, size_t len)
{
	enum { PIECE = 4096 };          /* what a pipe that can be written to takes at once */
	const char *at = buf;
	bool whole = is_regular(fd);

	while (len > 0) {
		size_t piece = whole || len < PIECE ? len : PIECE;
		ssize_t n;

		if (!whole && wait_for(fd, POLLOUT, -1) < 0)
			return false;
		n = write(fd, at, piece);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* ---- locks ----------------------------------------------------------------------------------- */

static int ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)((now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000);
}

/* Looked at again and again: a flock that waits cannot be told to end without a moment in which the
 * request is missed. */
bool wait_lock(int fd, int ms)
{
	enum { PAUSE_MAX = 20, GRACE = 1000 };  /* ms */
	struct timespec start, pause = { 0, 1000000 };
	bool ended = false;
	int pause_ms = 1;

	clock_gettime(CLOCK_MONOTONIC, &start);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int passed = ms_since(&start);

		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (ms >= 0 && passed >= ms) {
			errno = EWOULDBLOCK;
			return false;
		}
		if (!ended)
			ended = wait_for(-1, 0, pause_ms) < 0;
		else
			nanosleep(&pause, NULL);
		if (ended && passed >= GRACE) {
			errno = EINTR;
			return false;
		}
		pause_ms = pause_ms < PAUSE_MAX ? 2 * pause_ms : PAUSE_MAX;
	}
	return true;
}
