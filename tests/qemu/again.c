/* again.c -- loaded into the command that is tested under an emulator: it can start itself again, and be watched.
 *
 * /proc/self/exe is the emulator, which the system would start without the command.  SCRIPT is what the Makefile has
 * made to start both.  And the emulator catches signals from its start, so that from outside nobody sees when the
 * command does: from then on the process has the command's name.
 */
#include <dlfcn.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>

typedef int spawn_fn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
		const posix_spawnattr_t *how, char *const argv[], char *const envp[]);
typedef int sigaction_fn(int sig, const struct sigaction *set, struct sigaction *was);

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
		const posix_spawnattr_t *how, char *const argv[], char *const envp[])
{
	spawn_fn *next;

	*(void **)&next = dlsym(RTLD_NEXT, "posix_spawn");
	if (strcmp(path, "/proc/self/exe") == 0)
		path = SCRIPT;
	return next(pid, path, files, how, argv, envp);
}

int sigaction(int sig, const struct sigaction *set, struct sigaction *was)
{
	sigaction_fn *next;
	int failed;

	*(void **)&next = dlsym(RTLD_NEXT, "sigaction");
	failed = next(sig, set, was);
	if (sig == SIGTERM && set && !failed)
		prctl(PR_SET_NAME, "keymuster");
	return failed;
}
