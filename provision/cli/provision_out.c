/* provision_out.c -- keymuster provision: where the messages go, and what that must not replace. */
#include "provision.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int provision_check_output(const words *w)
{
	if (w->output == NULL)
		return CLI_DONE;
	if (w->gmk != NULL && file_is_same(w->gmk, w->output))
		return cli_usage(&cli_provision, "--gmk and -o name the same file");
	if (file_is_same(w->gms, w->output))
		return cli_usage(&cli_provision, "--gms and -o name the same file");
	for (size_t i = 0; i < w->kms.n; i++) {
		if (file_is_same(w->kms.at[i], w->output))
			return cli_usage(&cli_provision, "--kms and -o name the same file");
	}
	return CLI_DONE;
}

/* /dev/stdout, say: where that is a file, it is not to be replaced beside its name. */
static bool is_stdout(const char *name)
{
	struct stat named, standard;

	return stat(name, &named) == 0 && fstat(STDOUT_FILENO, &standard) == 0 &&
			named.st_dev == standard.st_dev && named.st_ino == standard.st_ino;
}

int provision_open_output(provision *p)
{
	km_complaint why = { 0 };

	p->out = stdout;
	if (p->w.output == NULL || strcmp(p->w.output, "-") == 0 || is_stdout(p->w.output))
		return CLI_DONE;
	if (!file_create(&p->file, p->w.output, 0, &why)) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	p->out = p->file.f;
	return CLI_DONE;
}

int provision_close_output(provision *p, bool keep)
{
	km_complaint why = { 0 };

	if (p->out == stdout) {
		if (!keep || fflush(stdout) == 0)
			return CLI_DONE;
		cli_error("stdout: %s", strerror(errno));
		return CLI_IO;
	}
	if (!keep) {
		file_discard(&p->file);
		return CLI_DONE;
	}
	if (file_commit(&p->file, &why))
		return CLI_DONE;
	cli_error("%s", why.text);
	return CLI_IO;
}
