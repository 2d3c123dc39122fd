/* inputs.c -- what most subcommands begin with: kernels, input files, key material. */
#include "cli.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "../file.h"

int cli_start(void)
{
	char shown[CLI_SHOWN];
	km_err err = sodium_init() < 0 ? KM_ERANDOM : km_init(cli_kernel);

	if (err == KM_OK)
		return CLI_DONE;
	if (err == KM_EKERNEL && cli_kernel != NULL) {
		cli_error("--kernel %s: %s", cli_show(shown, cli_kernel, strlen(cli_kernel)),
				km_strerror(err));
		return CLI_USAGE;
	}
	cli_error("%s", km_strerror(err));
	return CLI_SELFTEST;
}

FILE *cli_open_input(const char **name)
{
	char shown[CLI_SHOWN];
	FILE *in;

	if (strcmp(*name, "-") == 0) {
		*name = "stdin";
		return stdin;
	}
	in = fopen(*name, "re");
	if (in == NULL)
		cli_error("%s: %s", cli_show(shown, *name, strlen(*name)), strerror(errno));
	return in;
}

void cli_close_input(FILE *in)
{
	if (in != NULL && in != stdin)
		fclose(in);
}

static int load_kms(km_keyring *ring, const char *name, size_t members)
{
	km_complaint why = { 0 };
	km_err err = km_keyring_load_kms(ring, name, members, &why);

	if (err != KM_OK)
		cli_error("%s", why.text);
	return err == KM_OK ? CLI_DONE : CLI_KEYS;
}

static int load_keys(km_keyring *ring, const char *name)
{
	km_complaint why = { 0 };
	char shown[CLI_SHOWN];
	km_err err = km_keyring_load_keys(ring, name, &why);

	if (err == KM_OK && !file_is_private(name))
		cli_warn("%s: others than its owner may read these keys",
				cli_show(shown, name, strlen(name)));
	if (err != KM_OK)
		cli_error("%s", why.text);
	else if (why.text[0] != '\0')
		cli_warn("%s", why.text);
	return err == KM_OK ? CLI_DONE : CLI_KEYS;
}

int cli_load(km_keyring **ring, const cli_list *kms, const cli_list *keys, size_t members)
{
	int code = km_keyring_new(ring) == KM_OK ? CLI_DONE : CLI_KEYS;

	for (size_t i = 0; code == CLI_DONE && i < kms->n; i++)
		code = load_kms(*ring, kms->at[i], members);
	for (size_t i = 0; code == CLI_DONE && i < keys->n; i++)
		code = load_keys(*ring, keys->at[i]);
	if (code != CLI_DONE) {
		km_keyring_free(*ring);
		*ring = NULL;
	}
	return code;
}

const char *cli_why_not_valid(int64_t from, int64_t to, bool revoked, int64_t now)
{
	if (revoked)
		return "is revoked";
	if (now < from)
		return "is not valid yet";
	if (now > to)
		return "has expired";
	return NULL;
}

double cli_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
