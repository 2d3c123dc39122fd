/* signals.c -- signals that ask the command to end: it takes back what is half done. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "base/wait.h"

volatile sig_atomic_t cli_interrupted;

static int ending = -1;
static volatile double first;           /* when it was asked, by cli_seconds */

/* A second signal ends the process at once; not the same one twice, as timeout(1) sends it to the
 * process and to its group. */
static void interrupt(int number)
{
	const double same = 0.1;
	int err = errno;

	if (!cli_interrupted) {
		cli_interrupted = number;
		first = cli_seconds();
		eventfd_write(ending, 1);
	} else if (cli_seconds() - first > same) {
		signal(number, SIG_DFL);
		raise(number);
	}
	errno = err;
}

/* What the caller ignores, as nohup does and a shell for its background jobs, stays ignored. */
void cli_watch_signals(void)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = interrupt }, before;

	ending = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	wait_end_by(ending);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(numbers[i], &action, NULL);
	}
}

int cli_ended(int code)
{
	bool cut = code == CLI_INTERRUPTED ||
			((code == CLI_KEYS || code == CLI_IO) && !cli_has_failed());

	if (!cli_interrupted || !cut)
		return code;
	if (!cli_has_failed())
		cli_error("interrupted");
	return CLI_INTERRUPTED;
}
