/* wait.h -- waits that may last for ever, and that a request to end breaks off: none is missed, even
 * one that came in the moment before the wait. */
#ifndef KM_WAIT_H
#define KM_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Once fd can be read from, the process is asked to end; -1: nothing asks it.  It is never read. */
void wait_end_by(int fd);

/* As open(2).  A FIFO is waited for until somebody opens its other end; EINTR: asked to end. */
int wait_open(const char *name, int flags);
/* As read(2); EINTR: asked to end before something came.  Regular files are read even then. */
ssize_t wait_read(int fd, void *buf, size_t len);
/* All of it; false: errno, EINTR where the process was asked to end while nobody read.  Parts may
 * have been written. */
bool wait_write(int fd, const void *buf, size_t len);
/* An exclusive flock(2) within ms milliseconds, -1: whenever it can be had.  false: errno, EWOULDBLOCK
 * for too late; EINTR where the process was asked to end and the lock still not free a second later. */
bool wait_lock(int fd, int ms);

#endif
