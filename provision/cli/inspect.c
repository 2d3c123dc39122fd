/* inspect.c -- keymuster inspect: what messages say without keys. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "message/mikey.h"

/* What the library says of a message, which is to be freed; NULL: out of memory. */
static char *say(const cli_message *one, uint32_t form, bool *good)
{
	char *text = NULL;
	size_t room = 1 << 16, len;
	km_err err;

	do {
		char *bigger = realloc(text, room);

		if (bigger == NULL) {
			free(text);
			return NULL;
		}
		text = bigger;
		err = km_inspect(text, room, &len, one->msg, one->len, form);
		if (err == KM_EARG)
			room = len;
	} while (err == KM_EARG);
	*good = err == KM_OK;
	if (*good || err == KM_EFORMAT)
		return text;
	free(text);
	return NULL;
}

static bool inspect_text(const cli_message *one, bool first, bool *failed)
{
	bool good = false;
	char *text = NULL;

	if (one->wrong == NULL) {
		text = say(one, KM_INSPECT_TEXT, &good);
		*failed = text == NULL;
	}
	if (!first)
		putchar('\n');
	if (one->line > 0)
		printf("line %llu\n", (unsigned long long)one->line);
	if (one->wrong != NULL)
		printf("not a message: %s\n", one->wrong);
	else if (text != NULL)
		fputs(text, stdout);
	free(text);
	return good;
}

static bool inspect_json(const cli_message *one, bool *failed)
{
	bool good = false;
	char *text;

	printf("{\"line\":%llu", (unsigned long long)one->line);
	if (one->wrong != NULL) {
		fputs(",\"well_formed\":false,\"text\":", stdout);
		escape_json(stdout, one->wrong, strlen(one->wrong));
		fputs("}\n", stdout);
		return false;
	}
	text = say(one, KM_INSPECT_JSON, &good);
	*failed = text == NULL;
	printf(",%s\n", text == NULL ? "}" : text + 1);        /* behind its brace */
	free(text);
	return good;
}

static int inspect_all(FILE *in, const char *name, bool json)
{
	cli_messages *m = cli_messages_open(in);
	unsigned long long rejected = 0, n = 0;
	char shown[CLI_SHOWN];
	bool failed = m == NULL;
	km_complaint why;
	cli_message one;

	for (; !failed && !cli_interrupted && !ferror(stdout) && cli_messages_next(m, &one); n++) {
		if (json ? inspect_json(&one, &failed) : inspect_text(&one, n == 0, &failed))
			continue;
		rejected++;
		if (one.wrong == NULL)
			mikey_why(&why, one.msg, one.len, 0);
		cli_reject(name, one.line, NULL, 0, KM_R_PARSE, one.wrong != NULL ? one.wrong : why.text);
	}
	cli_messages_close(m);
	if (failed) {
		cli_error("%s", strerror(ENOMEM));
		return CLI_IO;
	}
	if (cli_interrupted)
		return CLI_INTERRUPTED;
	if (ferror(in)) {
		cli_error("%s: %s", cli_show(shown, name, strlen(name)), strerror(errno));
		return CLI_IO;
	}
	if (n == 0)
		cli_error("%s: no message in it, in any form that is read (see --help)",
				cli_show(shown, name, strlen(name)));
	return rejected > 0 || n == 0 ? CLI_REJECTED : CLI_DONE;
}

static int inspect(const cli_list *operands, bool json)
{
	const char *name = operands->n == 0 ? "-" : operands->at[0];
	int code = cli_start();
	FILE *in;

	if (operands->n > 1)
		return cli_usage(&cli_inspect, "one file, or none for stdin");
	if (code != CLI_DONE)
		return code;
	in = cli_open_input(&name, NULL);
	code = in == NULL ? CLI_IO : inspect_all(in, name, json);
	cli_close_input(in);
	return code;
}

static int inspect_run(int argc, char **argv)
{
	bool json = false;
	const cli_option options[] = {
		{ "json", 0, CLI_FLAG, &json }, { NULL, 0, CLI_FLAG, NULL },
	};
	cli_list operands = { 0 };
	int code = cli_parse(&cli_inspect, argc, argv, options, &operands);

	if (code == CLI_GO_ON)
		code = inspect(&operands, json);
	cli_list_free(&operands);
	return code;
}

static const char help[] =
"usage: keymuster inspect [--json] [FILE|-]\n"
"\n"
"Show what messages say in clear, a line for each payload and field, and what in them is not as\n"
"the clauses have it: refused where `open` refuses it.  FILE holds messages in any form that\n"
"people have them in: raw, base64, hex, \"mikey BASE64\", SDP, SIP or MIME, NDJSON with mikey, a\n"
"GKTP document.  Nothing is checked but the form.\n"
"\n"
"  --json                an object for each message, with all its octets\n"
"  -q, -v, --plain, --kernel NAME, -h, --help, --version: see keymuster --help\n"
"\n"
"Exit: 0 done, 1 usage, 2 something was not a message, 4 input or output,\n"
"6 interrupted.\n"
"\n"
"Examples:\n"
"  keymuster inspect late.mikey\n"
"  head -1 fire.ndjson | keymuster inspect\n";

const cli_command cli_inspect = { "inspect", help, inspect_run, NULL };
