/* selftest.c -- keymuster selftest: known answers of every kernel this machine can run. */
#include "cli.h"

static void row(void *ctx, const char *kernel, const char *what, km_err verdict)
{
	unsigned *rows = ctx;

	++*rows;
	printf("%-6s %-40s %s\n", kernel, what, verdict == KM_OK ? "ok" : km_strerror(verdict));
}

static int selftest(void)
{
	unsigned rows = 0;
	const char *name;
	km_err err;
	int runs;

	/* A failure of km_init is shown again, row by row. */
	if (km_init(cli_kernel) == KM_EKERNEL)
		return cli_start();
	err = km_selftest(row, &rows);
	for (size_t i = 0; (name = km_kernel_at(i, &runs)) != NULL; i++) {
		if (!runs)
			printf("%-6s %-40s %s\n", name, "-", "skipped: not on this processor");
	}
	printf("%u known answers, %s, kernel in use: %s\n", rows,
			err == KM_OK ? "all right" : "NOT all right", km_kernel());
	return err == KM_OK && rows > 0 ? CLI_DONE : CLI_SELFTEST;
}

static int selftest_run(int argc, char **argv)
{
	static const cli_option none[] = { { NULL, 0, CLI_FLAG, NULL } };
	cli_list operands = { 0 };
	int code = cli_parse(&cli_selftest, argc, argv, none, &operands);

	if (code == CLI_GO_ON)
		code = operands.n > 0 ? cli_usage(&cli_selftest, "takes no operands") : selftest();
	cli_list_free(&operands);
	return code;
}

static const char help[] =
"usage: keymuster selftest\n"
"\n"
"Compute the known answers of every kernel that this machine can run, and print a line for\n"
"each.  Exit: 0 all right, 5 at least one is wrong.\n"
"\n"
"  -q, -v, --plain, --kernel NAME, -h, --help, --version: see keymuster --help\n"
"\n"
"Example:\n"
"  keymuster selftest\n";

const cli_command cli_selftest = { "selftest", help, selftest_run, NULL };
