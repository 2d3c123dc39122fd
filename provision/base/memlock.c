/* memlock.c -- errors of the engine in words, with the limit where memory for keys cannot be locked. */
#include "memlock.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* May more be locked?  The limit alone does not tell: it does not bind who has CAP_IPC_LOCK. */
static bool may_lock(void)
{
	enum { TRIAL = 1 << 16 };       /* octets: no single key needs more */
	void *p = mmap(NULL, TRIAL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool locked = p == MAP_FAILED || mlock(p, TRIAL) == 0;

	if (p != MAP_FAILED)
		munmap(p, TRIAL);
	return locked;
}

/* KB that are locked now. */
static unsigned long long in_use(void)
{
	FILE *in = fopen("/proc/self/status", "re");
	unsigned long long kb = 0;
	char line[128];

	while (in != NULL && fgets(line, sizeof line, in) != NULL) {
		if (strncmp(line, "VmLck:", 6) == 0)
			kb = strtoull(line + 6, NULL, 10);
	}
	if (in != NULL)
		fclose(in);
	return kb;
}

static bool has_limit(struct rlimit *limit)
{
	return getrlimit(RLIMIT_MEMLOCK, limit) == 0 && limit->rlim_cur != RLIM_INFINITY;
}

static const char *say(char out[MEMLOCK_TEXT], const struct rlimit *limit)
{
	snprintf(out, MEMLOCK_TEXT, "locked memory: the limit is %llu KB, of which %llu KB are in use; "
			"raise it (ulimit -l, LimitMEMLOCK=)", (unsigned long long)limit->rlim_cur / 1024,
			in_use());
	return out;
}

bool memlock_is_full(char out[MEMLOCK_TEXT])
{
	struct rlimit limit;

	return has_limit(&limit) && !may_lock() && say(out, &limit) != NULL;
}

const char *memlock_strerror(char out[MEMLOCK_TEXT], km_err err)
{
	struct rlimit limit;

	if ((err != KM_ENOMEM && err != KM_ELOCKED) || !has_limit(&limit) ||
	    (err == KM_ENOMEM && may_lock()))
		return km_strerror(err);
	return say(out, &limit);
}

bool memlock_start(void)
{
	return *km_kernel() != '\0' || sodium_init() >= 0;
}
