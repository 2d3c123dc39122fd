/* inspect.c -- keymuster inspect: what messages say without keys. */
#include "cli.h"

#include <errno.h>
#include <string.h>

static int inspect_all(FILE *in, const char *name)
{
	cli_messages *m = cli_messages_open(in);
	unsigned long long rejected = 0, n = 0;
	char shown[CLI_SHOWN];
	cli_message one;
	int code = CLI_DONE;

	if (m == NULL) {
		cli_error("%s", strerror(ENOMEM));
		return CLI_IO;
	}
	for (; cli_messages_next(m, &one); n++) {
		if (n > 0)
			putchar('\n');
		if (one.line > 0)
			printf("line %llu\n", (unsigned long long)one.line);
		if (one.wrong != NULL)
			printf("not a message: %s\n", one.wrong);
		if (one.wrong != NULL || !km_gmk_inspect(stdout, one.msg, one.len)) {
			rejected++;
			cli_reject(name, one.line, NULL, 0, KM_R_PARSE, one.wrong != NULL ?
					one.wrong : km_reason_text(KM_R_PARSE));
		}
	}
	cli_messages_close(m);
	if (ferror(in)) {
		cli_error("%s: %s", cli_show(shown, name, strlen(name)), strerror(errno));
		code = CLI_IO;
	} else if (rejected > 0 || n == 0) {
		if (n == 0)
			cli_error("%s: no message in it", cli_show(shown, name, strlen(name)));
		code = CLI_REJECTED;
	}
	return code;
}

static int inspect(const cli_list *operands)
{
	const char *name = operands->n == 0 ? "-" : operands->at[0];
	int code = cli_start();
	FILE *in;

	if (operands->n > 1)
		return cli_usage(&cli_inspect, "one file, or none for stdin");
	if (code != CLI_DONE)
		return code;
	in = cli_open_input(&name);
	code = in == NULL ? CLI_IO : inspect_all(in, name);
	cli_close_input(in);
	return code;
}

static int inspect_run(int argc, char **argv)
{
	static const cli_option none[] = { { NULL, 0, CLI_FLAG, NULL } };
	cli_list operands = { 0 };
	int code = cli_parse(&cli_inspect, argc, argv, none, &operands);

	if (code == CLI_GO_ON)
		code = inspect(&operands);
	cli_list_free(&operands);
	return code;
}

static const char help[] =
"usage: keymuster inspect [FILE|-]\n"
"\n"
"Show what messages say in clear, a line for each field.  FILE holds one raw message,\n"
"\"mikey BASE64\" lines, or NDJSON with mikey.  Nothing is checked but the form.\n"
"\n"
"  --plain, --kernel NAME, --help, --version\n"
"\n"
"Exit: 0 done, 1 usage, 2 something was not a message, 4 input or output.\n"
"\n"
"Examples:\n"
"  keymuster inspect late.mikey\n"
"  head -1 fire.ndjson | keymuster inspect\n";

const cli_command cli_inspect = { "inspect", help, inspect_run };
