/* provision_out.c -- keymuster provision: where the messages go, and what that must not replace. */
#include "provision.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"

/* /dev/stdout, say: where that is a file, it is not to be replaced beside its name. */
static bool is_stdout(const char *name)
{
	struct stat named, standard;

	return stat(name, &named) == 0 && fstat(STDOUT_FILENO, &standard) == 0 &&
			named.st_dev == standard.st_dev && named.st_ino == standard.st_ino;
}

/* ---- what must not be replaced --------------------------------------------------------------- */

typedef struct {
	const char *option, *name;
} place;

static int refuse_same(place out, const char *option)
{
	if (strcmp(out.option, "--rejects") == 0)
		return cli_usage(&cli_provision, "--rejects and %s name the same file", option);
	return cli_usage(&cli_provision, "%s and %s name the same file", option, out.option);
}

static int check_list(place out, const char *option, const cli_list *names)
{
	for (size_t i = 0; i < names->n; i++) {
		if (file_is_same(names->at[i], out.name))
			return refuse_same(out, option);
	}
	return CLI_DONE;
}

/* By whatever name: an output never takes the place of what is read, nor of another output. */
static int check_place(const words *w, place out, const place *others, size_t n)
{
	int code = check_list(out, "--kms", &w->kms);

	if (code == CLI_DONE)
		code = check_list(out, "--gms", &w->gms);
	for (size_t i = 0; code == CLI_DONE && i < n; i++) {
		if (others[i].name != NULL && strcmp(others[i].option, out.option) != 0 &&
		    strcmp(others[i].name, "-") != 0 && file_is_same(others[i].name, out.name))
			code = refuse_same(out, others[i].option);
	}
	return code;
}

/* The file that holds keys or a state is not to be had back, whatever the command line says. */
typedef enum { KIND_NONE, KIND_OURS, KIND_KEYS, KIND_OTHER } kind;

static kind kind_of_start(const char *s, size_t len, bool receipt)
{
	static const char receipt_head[] = "{\n  \"receipt\": ";

	if (len == 0)
		return KIND_NONE;
	if (strncmp(s, "keymuster-state", 15) == 0 || strncmp(s, "keymuster-journal", 17) == 0 ||
	    strstr(s, "\"gmk\":") != NULL ||
	    strstr(s, "\"gmk\" :") != NULL || strstr(s, "KmsResponse") != NULL ||
	    strstr(s, "kms-secret") != NULL)
		return KIND_KEYS;
	if (receipt)
		return strncmp(s, receipt_head, sizeof receipt_head - 1) == 0 ? KIND_OURS :
				KIND_OTHER;
	if (strncmp(s, "{\"uri\":\"", 8) == 0 && strstr(s, "\",\"uid\":\"") != NULL)
		return KIND_OURS;
	if (strncmp(s, "mikey ", 6) == 0 || (len > 1 && s[0] == 1 && s[1] == 26))
		return KIND_OURS;
	return KIND_OTHER;
}

static kind kind_of(const char *name, bool receipt)
{
	char start[1 << 13];
	struct stat st;
	FILE *in = stat(name, &st) == 0 && S_ISREG(st.st_mode) ? fopen(name, "re") : NULL;
	size_t len;

	if (in == NULL)
		return KIND_NONE;
	setvbuf(in, NULL, _IONBF, 0);
	len = fread(start, 1, sizeof start - 1, in);
	start[len] = '\0';
	fclose(in);
	for (size_t i = 0; i < len && start[0] != 1; i++) {
		if (start[i] == '\0')
			start[i] = ' ';
	}
	return kind_of_start(start, len, receipt);
}

static int check_kind(const words *w, place out, bool receipt)
{
	kind is = kind_of(out.name, receipt);
	char shown[CLI_SHOWN];

	cli_show(shown, out.name, strlen(out.name));
	if (is == KIND_KEYS)
		return cli_usage(&cli_provision, "%s %s: holds keys or a state, and is not replaced",
				out.option, shown);
	if (is == KIND_OTHER && !w->force)
		return cli_usage(&cli_provision, "%s %s: is there already and is no output of "
				"keymuster: name another file, or say --force", out.option, shown);
	return CLI_DONE;
}

/* Rejects of an earlier run look as any list does; what must not go is a list of messages. */
static int check_rejects(const words *w, place out)
{
	kind is = kind_of(out.name, false);
	char shown[CLI_SHOWN];

	if (is == KIND_KEYS)
		return check_kind(w, out, false);
	if (w->force || (is != KIND_OURS && kind_of(out.name, true) != KIND_OURS))
		return CLI_DONE;
	return cli_usage(&cli_provision, "--rejects %s: is the output or the receipt of a run: name another file,"
			" or say --force", cli_show(shown, out.name, strlen(out.name)));
}

int provision_check_output(const provision *p)
{
	const words *w = &p->w;
	const place outs[] = { { "-o", w->output }, { "--receipt", p->receipt_name },
			{ "--rejects", p->how.rejects } };
	const char *members = strcmp(w->members, "-") == 0 ? "/dev/stdin" : w->members;
	const place all[] = { { "--gmk", w->gmk }, { "--groups", w->by_group }, { "--members", members },
			outs[0], outs[1], outs[2] };
	int code = CLI_DONE;

	if (p->how.rejects != NULL && strcmp(p->how.rejects, "-") == 0)
		return cli_usage(&cli_provision, "--rejects needs the name of a file");
	for (size_t i = 0; code == CLI_DONE && i < sizeof outs / sizeof *outs; i++) {
		if (outs[i].name == NULL || strcmp(outs[i].name, "-") == 0 ||
		    is_stdout(outs[i].name))
			continue;
		code = check_place(w, outs[i], all, sizeof all / sizeof *all);
		if (code == CLI_DONE && i < 2)
			code = check_kind(w, outs[i], i == 1);
		else if (code == CLI_DONE)
			code = check_rejects(w, outs[i]);
	}
	return code;
}

/* ---- the files ------------------------------------------------------------------------------- */

static bool is_to_file(const words *w)
{
	struct stat st;

	return w->output != NULL && strcmp(w->output, "-") != 0 && !is_stdout(w->output) &&
			(stat(w->output, &st) != 0 || S_ISREG(st.st_mode));
}

int provision_name_receipt(provision *p)
{
	const words *w = &p->w;
	char *target = NULL;
	bool done = true;

	if (w->receipt != NULL)
		p->receipt_name = strdup(w->receipt);
	else if (is_to_file(w) && (target = file_target(w->output)) != NULL)
		done = asprintf(&p->receipt_name, "%s.receipt", target) >= 0;
	else
		return CLI_DONE;
	free(target);
	if (done && p->receipt_name != NULL)
		return CLI_DONE;
	p->receipt_name = NULL;
	cli_error("%s", strerror(errno));
	return CLI_IO;
}

static int create(file_out *file, const char *name)
{
	char *target = file_target(name), shown[CLI_SHOWN];
	km_complaint why = { 0 };
	bool done = false;

	if (target == NULL)
		snprintf(why.text, sizeof why.text, "%.400s: %s",
				cli_show(shown, name, strlen(name)), strerror(errno));
	else
		done = file_create(file, target, 0, &why);
	free(target);
	if (done)
		return CLI_DONE;
	cli_error("%s", why.text);
	return CLI_IO;
}

int provision_open_output(provision *p)
{
	const char *name = p->w.output;
	int code = CLI_DONE;

	p->out = stdout;
	if (name != NULL && strcmp(name, "-") != 0 && !is_stdout(name))
		code = create(&p->file, name);
	if (code == CLI_DONE && p->file.f != NULL)
		p->out = p->file.f;
	if (code == CLI_DONE && p->receipt_name != NULL)
		code = create(&p->receipt, p->receipt_name);
	return code;
}

void provision_discard_output(provision *p)
{
	file_discard(&p->file);
	file_discard(&p->receipt);
}

/* The receipt is complete on disk before the output stands in its place, and no receipt of an
 * earlier run ever stands beside it: between the two steps there is none. */
static int put_in_place(provision *p, cli_counts *counts, int code)
{
	km_complaint why = { 0 };
	bool done = true;

	if (p->receipt.f != NULL) {
		done = receipt_write(p->receipt.f, p, counts, code) && fflush(p->receipt.f) == 0;
		if (!done)
			snprintf(why.text, sizeof why.text, "the receipt could not be written: %s",
					strerror(errno));
		else if (p->receipt.tmp != NULL && unlink(p->receipt.name) != 0 && errno != ENOENT)
			done = false;
	}
	p->shown = done;
	if (done && p->file.f != NULL)
		done = file_commit(&p->file, &why);
	else if (done && (fflush(stdout) != 0 || ferror(stdout)))
		return CLI_IO;          /* said at the end of the process */
	if (done && p->receipt.f != NULL)
		done = file_commit(&p->receipt, &why);
	if (!done)
		cli_error("%s", why.text[0] != '\0' ? why.text : strerror(errno));
	return done ? CLI_DONE : CLI_IO;
}

int provision_close_output(provision *p, cli_counts *counts, int code)
{
	bool aside = p->file.f != NULL && p->file.tmp != NULL;
	int closed = CLI_DONE;

	p->in_place = counts->complete && counts->made > 0;
	if (p->in_place)
		closed = put_in_place(p, counts, code);
	p->in_place = p->in_place && closed == CLI_DONE;
	provision_discard_output(p);
	if (aside && !p->shown)
		provision_take_back(p);
	return closed;
}

/* What a run that broke off left: to stdout, messages have gone that cannot be had back. */
static void say_left(char out[PROVISION_SAID], const provision *p)
{
	if (p->in_place)
		snprintf(out, PROVISION_SAID, "the output is in place, but not who got it in the state");
	else if (!p->began || p->file.f != NULL || p->out != stdout)
		snprintf(out, PROVISION_SAID, "nothing was put in place");
	else if (p->made == 0)
		snprintf(out, PROVISION_SAID, "some messages may have been written, the last perhaps not "
				"whole");
	else
		snprintf(out, PROVISION_SAID, "%llu %s or more were written, the last perhaps not whole",
				(unsigned long long)p->made, word_for(p->made, "message", "messages"));
}

int provision_say_interrupted(const provision *p)
{
	const char *name = p->w.gmk;
	char shown[CLI_SHOWN], left[PROVISION_SAID];

	say_left(left, p);
	if (p->w.by_group != NULL)
		cli_error("interrupted: %s; keys that were made%s: the same command goes on", left,
				p->w.forget ? " are lost" : " are kept");
	else if (p->key == NULL || (!p->key_exists && p->gmk_file == NULL && name != NULL))
		cli_error("interrupted: %s, and no key was made: the same command starts anew", left);
	else if (name == NULL)
		cli_error("interrupted: %s, and the key was kept nowhere: the same command makes another",
				left);
	else if (p->revoke && p->began && !p->in_place)
		cli_error("interrupted: %s; the key of %s is revoked, and its members are not told: the same "
				"command goes on", left, cli_show(shown, name, strlen(name)));
	else
		cli_error("interrupted: %s; the key is kept in %s: the same command goes on", left,
				cli_show(shown, name, strlen(name)));
	return CLI_INTERRUPTED;
}

void provision_say_broken(const provision *p)
{
	char left[PROVISION_SAID];

	if (!p->began || p->out != stdout || p->made_all)
		return;
	say_left(left, p);
	cli_note("stdout is not complete: %s", left);
}

void provision_say_earlier(const provision *p)
{
	char *target = is_to_file(&p->w) ? file_target(p->w.output) : NULL;
	char shown[CLI_SHOWN], when[WHEN_MAX];
	struct stat st;

	if (target != NULL && stat(target, &st) == 0 && st.st_size > 0) {
		when_print(when, (int64_t)st.st_mtim.tv_sec);
		cli_warn("%s is of an earlier run (%s), not of this one",
				cli_show(shown, target, strlen(target)), when);
	}
	free(target);
}
