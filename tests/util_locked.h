/* util_locked.h -- a limit on locked memory of a test's own: mlock and getrlimit, which it wraps when it is linked. */
#ifndef KM_UTIL_LOCKED_H
#define KM_UTIL_LOCKED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

enum { PAGE = 4096 };

static size_t limit = SIZE_MAX, locked; /* so many octets may be locked, and are */

int __wrap_mlock(const void *p, size_t len);
int __real_getrlimit(int what, struct rlimit *out);
int __wrap_getrlimit(int what, struct rlimit *out);

int __wrap_mlock(const void *p, size_t len)
{
	(void)p;
	len = (len + PAGE - 1) / PAGE * PAGE;
	if (len > limit - locked)
		return -1;
	locked += len;
	return 0;
}

int __wrap_getrlimit(int what, struct rlimit *out)
{
	int result = __real_getrlimit(what, out);

	out->rlim_cur = limit;
	return result;
}

#endif
