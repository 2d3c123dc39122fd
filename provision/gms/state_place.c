/* state_place.c -- where the state of a GMS lies. */
#include "state.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* A readable part, and a hash of both URIs: key files of all periods share it. */
static char *name_of(const char *gms_uri, const char *kms_uri)
{
	uint8_t hash[KM_HASH_BYTES];
	char both[2 * KM_URI_MAX + 3], name[32], *out = NULL;
	size_t at = 0;
	int len;

	for (const char *s = gms_uri; *s != '\0' && at < sizeof name - 1; s++)
		name[at++] = isalnum((unsigned char)*s) ? *s : '-';
	name[at] = '\0';
	len = snprintf(both, sizeof both, "%s %s", gms_uri, kms_uri);
	km_sha256(hash, (const uint8_t *)both, (size_t)len);
	if (asprintf(&out, "%s-%02x%02x%02x%02x.state", name, hash[0], hash[1], hash[2], hash[3]) <
			0)
		return NULL;
	return out;
}

static char *join(const char *dir, const char *name)
{
	char *path = NULL;
	size_t len = strlen(dir);

	if (asprintf(&path, "%s%s%s", dir, len > 0 && dir[len - 1] == '/' ? "" : "/", name) < 0)
		return NULL;
	return path;
}

char *state_directory(void)
{
	const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (xdg != NULL && xdg[0] == '/')
		return join(xdg, "keymuster");
	if (geteuid() == 0)
		return strdup("/var/lib/keymuster");
	if (home != NULL && home[0] == '/')
		return join(home, ".local/state/keymuster");
	errno = ENOENT;
	return NULL;
}

/* The directory and those above it that are missing. */
static bool make_directories(const char *dir)
{
	char *path = strdup(dir);
	bool done = path != NULL;

	for (char *at = path; done && at != NULL; ) {
		at = strchr(at + 1, '/');
		if (at != NULL)
			*at = '\0';
		done = mkdir(path, 0700) == 0 || errno == EEXIST || errno == EROFS ||
		       errno == EACCES;
		if (at != NULL)
			*at = '/';
	}
	free(path);
	return done;
}

static bool is_directory(const char *name)
{
	struct stat st;
	size_t len = strlen(name);

	return (len > 0 && name[len - 1] == '/') || (stat(name, &st) == 0 && S_ISDIR(st.st_mode));
}

char *state_path(const char *place, const char *gms_uri, const char *kms_uri)
{
	char *dir = NULL, *name = NULL, *path = NULL, *target;

	if (place == NULL) {
		dir = state_directory();
		if (dir == NULL || !make_directories(dir)) {
			free(dir);
			return NULL;
		}
		place = dir;
	} else if (!is_directory(place)) {
		return file_target(place);
	}
	name = name_of(gms_uri, kms_uri);
	if (name != NULL)
		path = join(place, name);
	target = path == NULL ? NULL : file_target(path);
	free(dir);
	free(name);
	free(path);
	return target;
}

char *state_old_path(const char *key_file, const char *gms_uri, const char *kms_uri)
{
	char *real = realpath(key_file, NULL),
	     *name = real == NULL ? NULL : name_of(gms_uri, kms_uri);
	char *path = NULL;

	if (name != NULL) {
		strrchr(real, '/')[1] = '\0';
		path = join(real, name);
	}
	free(real);
	free(name);
	return path;
}
