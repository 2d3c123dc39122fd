/* states.c -- which states of GMSs are meant: one, or all of a directory. */
#include "states.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *states_place(const states_which *which)
{
	char *place;

	if (which->gms != NULL && which->kms != NULL)
		place = state_path(which->state, which->gms, which->kms);
	else
		place = which->state != NULL ? strdup(which->state) : state_directory();
	if (place == NULL)
		cli_error("no place for the state: %s (--state FILE names one)", strerror(errno));
	return place;
}

bool states_are_in(const char *place)
{
	struct stat st;

	return stat(place, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_state(const char *name)
{
	size_t len = strlen(name);

	return len > 6 && strcmp(name + len - 6, ".state") == 0;
}

static void note(int *code, int one)
{
	*code = one > *code ? one : *code;
}

static int fail(const char *place, int *code)
{
	char shown[CLI_SHOWN];

	cli_error("%s: %s", cli_show(shown, place, strlen(place)), strerror(errno));
	note(code, CLI_IO);
	return -1;
}

int states_each(const char *place, int (*each)(void *ctx, const char *path), void *ctx, int *code)
{
	struct dirent **entries;
	int n, found = 0;

	if (!states_are_in(place)) {
		note(code, each(ctx, place));
		return 1;
	}
	n = scandir(place, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char *path = NULL;

		if (is_state(entries[i]->d_name) && asprintf(&path, "%s/%s", place, entries[i]->d_name) >= 0) {
			note(code, each(ctx, path));
			found++;
			free(path);
		}
		free(entries[i]);
	}
	if (n < 0)
		return fail(place, code);
	free(entries);
	return found;
}
