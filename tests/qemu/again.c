/* again.c -- under an emulator, a command that starts itself again: the emulator's own file is not what is meant.
 *
 * /proc/self/exe is of the emulator where nothing between has put the program's in its place, and the system would
 * not run that without the emulator.  This is loaded before the C library, into the command that is tested.  SCRIPT
 * is what the Makefile has made to start it.
 */
#include <dlfcn.h>
#include <spawn.h>
#include <string.h>

typedef int spawn_fn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
		const posix_spawnattr_t *how, char *const argv[], char *const envp[]);

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
		const posix_spawnattr_t *how, char *const argv[], char *const envp[])
{
	spawn_fn *next;

	*(void **)&next = dlsym(RTLD_NEXT, "posix_spawn");
	if (strcmp(path, "/proc/self/exe") == 0)
		path = SCRIPT;
	return next(pid, path, files, how, argv, envp);
}
