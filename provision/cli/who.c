/* who.c -- keymuster who: which members of a list were given a group key. */
#include "who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/escape.h"
#include "keys/keyfile.h"
#include "message/uid.h"

typedef struct {
	const char *gmk, *members, *format;
	states_which which;
	cli_list columns;
	bool groups, missing;
	crowd_how how;
	bool text;              /* --format text */
	km_key *key;
	journal *journal;
	uint64_t has, unsure, none, told, refused;
} who;

/* ---- one line for each ----------------------------------------------------------------------- */

static const char *word_of(unsigned flags)
{
	if ((flags & JOURNAL_WAS_TOLD) != 0)
		return "revoked";
	if ((flags & JOURNAL_HAS) != 0)
		return "has";
	return (flags & JOURNAL_UNSURE) != 0 ? "unsure" : "none";
}

static void put(const who *w, const char *uri, size_t len, const char *word)
{
	if (w->text) {
		printf("%s\t", word);
		escape_print(stdout, uri, len);
		putchar('\n');
		return;
	}
	fputs("{\"uri\":", stdout);
	escape_json(stdout, uri, len);
	printf(",\"key\":\"%s\"}\n", word);
}

static void put_missing(void *ctx, const char *uri, size_t len, bool unsure)
{
	put(ctx, uri, len, unsure ? "unsure" : "has");
}

static void look_up(who *w, const member_line *line)
{
	uint32_t salt = uid_salt(w->key->gmk, line->uri.s, line->uri.len);
	unsigned flags = journal_meet(w->journal, &salt, line->uri.s, line->uri.len);

	if ((flags & JOURNAL_WAS_TOLD) != 0)
		w->told++;
	else if ((flags & JOURNAL_HAS) != 0)
		w->has++;
	else if ((flags & JOURNAL_UNSURE) != 0)
		w->unsure++;
	else
		w->none++;
	if (!w->missing)
		put(w, line->uri.s, line->uri.len, word_of(flags));
}

/* ---- the list -------------------------------------------------------------------------------- */

static int read_list(who *w, const char **name)
{
	FILE *in = cli_open_input(name, NULL);
	member_list *list = in == NULL ? NULL : members_open(in, *name, &w->how.list);
	km_complaint why = { 0 };
	member_line line;
	int found = -1;

	if (in == NULL)
		return CLI_IO;
	if (list == NULL)
		snprintf(why.text, sizeof why.text, "%s", strerror(ENOMEM));
	while (list != NULL && !cli_interrupted && (found = members_next(list, &line, &why)) == 1) {
		if (line.reason == KM_R_OK) {
			look_up(w, &line);
		} else {
			cli_reject(*name, line.line, line.uri.s, line.uri.len, line.reason,
					line.text);
			w->refused++;
		}
	}
	members_close(list);
	cli_close_input(in);
	if (cli_interrupted)
		return CLI_INTERRUPTED;
	if (found == 0)
		return CLI_DONE;
	cli_error("%s", why.text);
	return CLI_IO;
}

static void tell(const who *w, const char *name, uint64_t missing)
{
	char shown[CLI_SHOWN];
	uint64_t has, unsure;

	(void)journal_distinct(w->journal, &has, &unsure);      /* whose index is there */
	cli_note("%s: %llu have key %08x, %llu may have it (their run broke off), %llu do not have "
		 "it, "
		 "%llu %s told that it is revoked, %llu %s",
			cli_show(shown, name, strlen(name)), (unsigned long long)w->has,
			(unsigned)w->key->gmk_id, (unsigned long long)w->unsure,
			(unsigned long long)w->none, (unsigned long long)w->told,
			word_for(w->told, "was", "were"), (unsigned long long)w->refused,
			word_for(w->refused, "is no member", "are no members"));
	cli_note("in all %llu were given it and %llu may have been; %llu who keep it are not in "
		 "this list%s",
			(unsigned long long)has, (unsigned long long)unsure,
			(unsigned long long)missing,
			missing > 0 && !w->missing ? " (--missing names them)" : "");
}

static int look(who *w)
{
	const char *name = w->members;
	uint64_t missing;
	int code;

	if (!journal_index(w->journal)) {
		cli_error("%s", strerror(ENOMEM));
		return CLI_IO;
	}
	code = read_list(w, &name);
	if (code != CLI_DONE)
		return code;
	missing = journal_unmet(w->journal, w->missing ? put_missing : NULL, w);
	tell(w, name, missing);
	if (w->missing)
		return missing > 0 ? CLI_REJECTED : CLI_DONE;
	return w->unsure + w->none + w->told + w->refused > 0 ? CLI_REJECTED : CLI_DONE;
}

/* ---- the key and its journal ----------------------------------------------------------------- */

static int open_key(who *w)
{
	km_complaint why = { 0 };
	km_err read = keyfile_read(&w->key, w->gmk, km_seal_none(), &why);
	char *state_file, *path;
	journal_result result;
	journal_key key;

	if (read != KM_OK) {
		cli_error("%s", why.text);
		return read == KM_EFORMAT ? CLI_KEYS : CLI_IO;
	}
	state_file = state_path(w->which.state, w->key->gms.s, w->key->kms.s);
	path = state_file == NULL ? NULL : journal_path(state_file, w->key->gmk_id);
	if (path == NULL) {
		cli_error("no place for the state: %s (--state FILE names one)", strerror(errno));
		free(state_file);
		return CLI_IO;
	}
	key = journal_key_of(w->key);
	result = journal_open(&w->journal, path, JOURNAL_READ, &key, &why);
	free(path);
	free(state_file);
	if (result == JOURNAL_OK)
		return CLI_DONE;
	if (result == JOURNAL_NONE)
		cli_error("%s: who was given key %08x is not known here (--state FILE names "
			  "another place)",
				why.text, (unsigned)w->key->gmk_id);
	else
		cli_error("%s", why.text);
	return result == JOURNAL_IO ? CLI_IO : CLI_KEYS;
}

static int check_words(who *w)
{
	static const char *const formats[] = { "ndjson", "text", NULL };
	size_t at = 0;

	if (w->format != NULL && !cli_take_word(&cli_who, "format", w->format, formats, &at))
		return CLI_USAGE;
	w->text = at == 1;
	if (w->groups && (w->gmk != NULL || w->members != NULL || w->missing || w->columns.n > 0 || w->how.list.any_id))
		return cli_usage(&cli_who, "--groups is about all keys and members: --gmk, --members and what is said "
				"of a list do not go with it");
	if ((w->which.gms == NULL) != (w->which.kms == NULL))
		return cli_usage(&cli_who, "--gms-uri and --gms-kms belong together");
	if (w->groups)
		return CLI_DONE;
	if (w->which.gms != NULL)
		return cli_usage(&cli_who, "--gms-uri and --gms-kms go with --groups: the key says whose it is");
	if (w->gmk == NULL)
		return cli_usage(&cli_who, "--gmk FILE is missing (- for stdin): the group key");
	if (w->members == NULL)
		return cli_usage(&cli_who, "--members FILE is missing (- for stdin)");
	if (strcmp(w->gmk, "-") == 0 && strcmp(w->members, "-") == 0)
		return cli_usage(&cli_who, "--gmk and --members are both stdin");
	for (size_t i = 0; i < w->columns.n; i++) {
		if (!crowd_take_column(&cli_who, &w->how, w->columns.at[i]))
			return CLI_USAGE;
	}
	return CLI_DONE;
}

static int who_run(int argc, char **argv)
{
	who w = { 0 };
	const cli_option options[] = {
		{ "gmk", 0, CLI_ONE, &w.gmk }, { "members", 0, CLI_ONE, &w.members },
		{ "state", 0, CLI_ONE, &w.which.state }, { "gms-uri", 0, CLI_ONE, &w.which.gms },
		{ "gms-kms", 0, CLI_ONE, &w.which.kms }, { "groups", 0, CLI_FLAG, &w.groups },
		{ "column", 0, CLI_MANY, &w.columns },
		{ "any-id", 0, CLI_FLAG, &w.how.list.any_id },
		{ "missing", 0, CLI_FLAG, &w.missing }, { "format", 0, CLI_ONE, &w.format },
		{ NULL, 0, CLI_FLAG, NULL },
	};
	cli_list operands = { 0 };
	int code = cli_parse(&cli_who, argc, argv, options, &operands);

	if (code == CLI_GO_ON && operands.n > 0)
		code = cli_usage(&cli_who, "takes no operands: %zu were given", operands.n);
	else if (code == CLI_GO_ON)
		code = check_words(&w);
	if (code == CLI_DONE && w.groups) {
		code = who_groups(&w.which, w.text);
		w.gmk = NULL;
	}
	if (code == CLI_DONE && w.gmk != NULL)
		code = cli_start();
	if (code == CLI_DONE && w.gmk != NULL)
		code = open_key(&w);
	if (code == CLI_DONE && w.journal != NULL)
		code = look(&w);
	journal_close(w.journal);
	km_key_free(w.key);
	cli_list_free(&w.columns);
	cli_list_free(&operands);
	return code;
}

static const char help[] =
"usage: keymuster who --gmk FILE|- --members FILE|- [options]\n"
"       keymuster who --groups [--state FILE|DIR] [--gms-uri URI --gms-kms URI] [--format F]\n"
"\n"
"Say which members of a list were given a group key, as its journal beside the state of the\n"
"GMS has it: an object a line, whose key is has, unsure (a run that broke off may have let\n"
"the message out), none, or revoked (told that the key is revoked).  With --groups: who was\n"
"given which key, for all groups and keys of a state, or of all in its directory; status is\n"
"that of the key: active, expired, revoked, or unknown to the state.\n"
"\n"
"  --gmk FILE|-        the group key\n"
"  --members FILE|-    one URI a line, or CSV or NDJSON with uri\n"
"  --missing           list those who keep the key and are not in the list, and only them\n"
"  --groups            an object for each group, key, and member who has it, may, or was told\n"
"  --gms-uri URI       with --groups and --gms-kms: those of that GMS alone\n"
"  --gms-kms URI\n"
"  --state FILE|DIR    the state of the GMS, as for provision\n"
"  --column C=NAME     what the list calls its uri\n"
"  --any-id            identities without sip: or tel: are members too\n"
"  --format F          ndjson (default), or text (key, tab, URI; with --groups a table: group,\n"
"                      GMK-ID, status, key, URI, tabs between them)\n"
"  -q, -v, --plain, -h, --help, --version: see keymuster --help\n"
"\n"
"Exit: 0 all have it (--missing: nobody is missing; --groups: all was read), 1 usage, 2 some do\n"
"not, 3 no journal or no key, 4 input or output, or the list was not read to its end,\n"
"6 interrupted.\n"
"\n"
"Example: those who left, and have the key still\n"
"  keymuster who --gmk fire.gmk --members members-now.txt --missing --format text\n"
"Example: the keys that one member has\n"
"  keymuster who --groups --format text | grep -w sip:alice@example.org\n";

const cli_command cli_who = { "who", help, who_run, NULL };
