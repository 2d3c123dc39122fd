/* main.c -- keymuster, the command: global options, and which subcommand is meant. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

#include "asm/dit.h"
#include "base/hint.h"
#include "base/memlock.h"

static const cli_command *const commands[] = {
	&cli_provision, &cli_open, &cli_verify, &cli_inspect, &cli_show_files, &cli_who,
	&cli_state_show, &cli_state_repair, &cli_state_prune, &cli_lab_kms, &cli_lab_user, &cli_selftest,
	&cli_help,
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const char help[] =
"usage: keymuster COMMAND [options]\n"
"\n"
"Group keys for mission-critical groups (3GPP TS 33.180): one MIKEY-SAKKE message for\n"
"each member, made by a Group Management Server and opened by a member.\n"
"\n"
"Making:\n"
"  provision           give a group key to every member of a group\n"
"Opening:\n"
"  open                open messages as a member\n"
"Looking:\n"
"  verify              see that an output is what its receipt says, and signed\n"
"  inspect             show what messages say without keys\n"
"  show                what KMS documents, key sets and group keys hold, no secret\n"
"  who                 say which members of a list were given a key\n"
"  state show          show the last T and the keys in use of a GMS\n"
"Mending:\n"
"  state repair        mend a state that is lost, damaged, or ahead of the clock\n"
"  state prune         name or remove journals of keys that are long over\n"
"Laboratory:\n"
"  lab kms DIR         make a laboratory KMS\n"
"  lab user DIR URI    issue the keys of users, also of a GMS, at a laboratory KMS\n"
"  selftest            known answers of every kernel this machine can run\n"
"Help:\n"
"  help [COMMAND]      what COMMAND --help says; COMMAND -h is shorter\n"
"\n"
"Everywhere:\n"
"  -q, --quiet         say errors, warnings and rejects only\n"
"  -v, --verbose       say more\n"
"  --plain             no colours, no progress line\n"
"  --kernel NAME       compute with that kernel, one of --version's, instead of the best\n"
"  -h, --help, --version\n"
"\n"
"Exit codes: 0 done, 1 usage, 2 some members or messages rejected, 3 key material missing,\n"
"invalid or expired, 4 input or output, 5 self-test failed or a fault of the machine,\n"
"6 interrupted by a signal.\n"
"\n"
"Example, from nothing to a group key that a member opens:\n"
"  keymuster lab kms lab\n"
"  keymuster lab user lab sip:gms@gms-psi.example.org -o gms\n"
"  keymuster lab user lab sip:alice@example.org -o users\n"
"  echo sip:alice@example.org >members.txt\n"
"  keymuster provision --kms lab/kms-init.xml --gms gms/gms-*.xml --forget-key \\\n"
"      --group sip:fire-1@gms-psi.example.org --members members.txt -o fire.ndjson\n"
"  keymuster open --kms lab/kms-init.xml --keys users/alice-*.xml fire.ndjson\n";

const cli_command *cli_command_at(size_t i)
{
	return i < N_COMMANDS ? commands[i] : NULL;
}

/* Which command was meant by the first words, "lab usr" too. */
static int no_such_command(const cli_command *me, const cli_list *words)
{
	char both[2 * CLI_SHOWN], shown[CLI_SHOWN];
	cli_suggestion meant = { 0 };
	const cli_command *c;

	if (strlen(words->at[0]) >= KM_URI_MAX)
		return cli_usage(me, "no such command");
	snprintf(both, sizeof both, "%s%s%s", words->at[0], words->n > 1 ? " " : "",
			words->n > 1 ? words->at[1] : "");
	for (size_t i = 0; (c = cli_command_at(i)) != NULL; i++) {
		const char *word = strchr(c->name, ' ') != NULL ? both : words->at[0];

		cli_suggest(&meant, word, strlen(word), c->name);
	}
	if (meant.word == NULL || strchr(meant.word, ' ') == NULL)
		both[strlen(words->at[0])] = '\0';
	cli_show(shown, both, strlen(both));
	if (meant.word == NULL)
		return cli_usage(me, "no such command: %s", shown);
	return cli_usage(me, "no such command: %s; did you mean %s?", shown, meant.word);
}

static int no_command(int argc, char **argv)
{
	static const cli_option none[] = { { NULL, 0, CLI_FLAG, NULL } };
	static const cli_command me = { "", help, no_command, NULL };
	cli_list operands = { 0 };
	int code = cli_parse(&me, argc, argv, none, &operands);

	if (code == CLI_GO_ON && operands.n > 0)
		code = no_such_command(&me, &operands);
	else if (code == CLI_GO_ON)
		code = cli_usage(&me, "a command is missing");
	cli_list_free(&operands);
	return code;
}

/* What the words name, as "lab user" does; NULL: nothing. */
static const cli_command *named(const cli_list *words)
{
	char both[CLI_SHOWN];
	const cli_command *c;

	for (size_t i = 0; (c = cli_command_at(i)) != NULL; i++) {
		snprintf(both, sizeof both, "%s%s%s", words->at[0], words->n > 1 ? " " : "",
				words->n > 1 ? words->at[1] : "");
		if (strcmp(c->name, both) == 0)
			return c;
	}
	return NULL;
}

static int help_run(int argc, char **argv)
{
	static const cli_option none[] = { { NULL, 0, CLI_FLAG, NULL } };
	static const cli_command me = { "", help, help_run, NULL };
	const cli_command *about = &me;
	cli_list operands = { 0 };
	int code = cli_parse(&me, argc, argv, none, &operands);

	if (code == CLI_GO_ON && operands.n > 0)
		about = named(&operands);
	if (code == CLI_GO_ON && about == NULL) {
		code = no_such_command(&me, &operands);
	} else if (code == CLI_GO_ON) {
		cli_put_help(about);
		code = CLI_DONE;
	}
	cli_list_free(&operands);
	return code;
}

const cli_command cli_help = { "help", help, help_run, NULL };

/* Take the words of the name out of argv, wherever global options stand before them. */
static bool is_called(const cli_command *command, int *argc, char **argv)
{
	const char *name = command->name;
	int at = 0, words = 0;

	while (at < *argc && argv[at][0] == '-')
		at += strcmp(argv[at], "--kernel") == 0 ? 2 : 1;
	for (; *name != '\0'; words++) {
		size_t len = strcspn(name, " ");

		if (at + words >= *argc || strlen(argv[at + words]) != len ||
		    memcmp(argv[at + words], name, len) != 0)
			return false;
		name += len + (name[len] == ' ');
	}
	memmove(argv + at, argv + at + words, (size_t)(*argc - at - words + 1) * sizeof *argv);
	*argc -= words;
	return true;
}

/* JSON holds keys: what jansson frees is wiped first. */
static void wiping_free(void *p)
{
	if (p != NULL)
		km_wipe(p, malloc_usable_size(p));
	free(p);
}

static int flush_stdout(int code)
{
	if (!ferror(stdout) && fflush(stdout) == 0)
		return code;
	if (cli_has_failed() && (code == CLI_IO || code == CLI_KEYS))
		return code;
	cli_error("stdout: %s", strerror(errno == 0 ? EIO : errno));
	return CLI_IO;
}

/* Where a standard descriptor is closed, the first file opened would get its number, and what is
 * said on it would go into that file.  /dev/null is held there instead, the wrong way round, so that
 * each use fails as it does on a closed one. */
static bool hold_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

/* No memory of this process to a file, nor to a program that the system hands core dumps to, which
 * no limit keeps from them. */
static void forbid_dumps(void)
{
	static const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int main(int argc, char **argv)
{
	DIT_WITHIN;
	const cli_command *called = NULL;
	int code;

	if (!hold_standard_files())
		return CLI_IO;
	forbid_dumps();
	signal(SIGPIPE, SIG_IGN);       /* errors of writing instead: what is begun is taken away */
	signal(SIGXFSZ, SIG_IGN);
	setlinebuf(stderr);
	json_set_alloc_funcs(malloc, wiping_free);
	hint_by_options();
	if (!memlock_start()) { /* once, while there are neither threads nor children */
		cli_error("%s", km_strerror(KM_ERANDOM));
		return CLI_SELFTEST;
	}
	argc--;
	argv++;
	for (size_t i = 0; i < N_COMMANDS && called == NULL; i++) {
		if (is_called(commands[i], &argc, argv))
			called = commands[i];
	}
	if (called != NULL && called != &cli_selftest)
		cli_watch_signals();
	code = called == NULL ? no_command(argc, argv) : called->run(argc, argv);
	return cli_ended(flush_stdout(code));
}
