/* util_dir.c -- a directory of a test's own, and files in it. */
#include "util_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/engine.h"

static char dir[64];

static int make_in(const char *where)
{
	snprintf(dir, sizeof dir, "%s/keymuster-test-XXXXXX", where);
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int remove_all(void)
{
	char command[96];

	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command) == 0 ? 0 : -1;
}

int dir_start(void **state)
{
	(void)state;
	return make_in("/tmp") != 0 || km_init("c") != KM_OK ? -1 : 0;
}

int dir_stop(void **state)
{
	(void)state;
	return remove_all();
}

static void leave(void)
{
	(void)remove_all();
}

void dir_until_exit(void)
{
	if (*dir != '\0')
		return;
	if (make_in(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") != 0 || atexit(leave) != 0)
		abort();
}

const char *in_dir(const char *name)
{
	static char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

void write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0)
		abort();
}

void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text));
}
