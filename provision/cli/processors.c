/* processors.c -- how many threads the system lets this process run side by side. */
#include "cli.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* Sets grow until the one of this machine fits, which may have thousands of processors. */
static unsigned by_affinity(void)
{
	for (size_t n = CPU_SETSIZE; n <= 1u << 20; n *= 2) {
		cpu_set_t *set = CPU_ALLOC(n);
		size_t size = CPU_ALLOC_SIZE(n);
		int failed = set == NULL || sched_getaffinity(0, size, set) != 0;
		unsigned count = failed ? 0 : (unsigned)CPU_COUNT_S(size, set);
		bool too_small = failed && errno == EINVAL;

		CPU_FREE(set);
		if (!too_small)
			return count == 0 ? 1 : count;
	}
	return 1;
}

/* "QUOTA PERIOD" of a cpu.max, rounded up; 0: no limit, or no such file. */
static unsigned quota_of(const char *path)
{
	unsigned long long quota, period;
	FILE *in = fopen(path, "re");
	unsigned count = 0;

	if (in == NULL)
		return 0;
	if (fscanf(in, "%llu %llu", &quota, &period) == 2 && period > 0)
		count = (unsigned)((quota + period - 1) / period);
	fclose(in);
	return count;
}

/* The tightest limit of the control groups (version 2) that this process is in. */
static unsigned by_quota(void)
{
	char line[4096], path[sizeof line + 64];
	FILE *in = fopen("/proc/self/cgroup", "re");
	unsigned least = 0;

	while (in != NULL && fgets(line, sizeof line, in) != NULL) {
		if (strncmp(line, "0::/", 4) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		for (char *end = line + strlen(line); end != NULL; end = strrchr(line + 3, '/')) {
			unsigned count;

			*end = '\0';
			snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", line + 3);
			count = quota_of(path);
			if (count > 0 && (least == 0 || count < least))
				least = count;
		}
	}
	if (in != NULL)
		fclose(in);
	return least;
}

unsigned cli_processors(void)
{
	unsigned n = by_affinity(), quota = by_quota();

	if (quota > 0 && quota < n)
		n = quota;
	return n < CLI_JOBS_MAX ? n : CLI_JOBS_MAX;
}
