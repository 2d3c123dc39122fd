/* state.c -- keymuster state: what a GMS remembers, shown and repaired. */
#include "states.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/complain.h"
#include "base/escape.h"
#include "keys/keyfile.h"
#include "base/when.h"

enum { WINDOW = 900 };          /* seconds, of a client */

typedef struct {
	states_which which;
	const char *t;
	cli_list gmk;
	int64_t now, to;        /* the T that is wanted, Unix seconds */
} words;

/* ---- show ------------------------------------------------------------------------------------ */

static void print_named(const char *name, const char *text)
{
	printf("  %-10s", name);
	escape_print(stdout, text, strlen(text));
	putchar('\n');
}

static void print_t(const state_content *c, int64_t now)
{
	char then[WHEN_MAX];
	int64_t t = (int64_t)(c->t >> 32);

	when_print(then, t);
	if (!c->has_t)
		print_named("last T", "cannot be read");
	else if (c->t == 0)
		print_named("last T", "none yet");
	else if (t > now)
		printf("  last T    %s, %lld s ahead of the clock%s\n", then, (long long)(t - now),
				t > now + WINDOW ? ": clients refuse what goes on from it" : "");
	else
		printf("  last T    %s\n", then);
}

static void print_id(const char *path, const state_id *id)
{
	char *name = journal_path(path, id->gmk_id), until[WHEN_MAX] = "never";
	km_complaint why;
	journal *j = NULL;

	if (id->expiry != 0)
		when_print(until, (int64_t)id->expiry);
	printf("  %08x  %s, expires %s", (unsigned)id->gmk_id, id->revoked ? "revoked" : "in use",
			until);
	if (name != NULL && journal_open(&j, name, JOURNAL_READ, NULL, &why) == JOURNAL_OK) {
		const journal_key *key = journal_of(j);
		const uint64_t told = journal_counts(j).told;
		uint64_t has, unsure;

		if (journal_distinct(j, &has, &unsure))
			printf(", %llu have it", (unsigned long long)has);
		if (unsure > 0)
			printf(", %llu may", (unsigned long long)unsure);
		if (told > 0)
			printf(", %llu told of the revocation", (unsigned long long)told);
		for (size_t i = 0; i < key->n_groups; i++) {
			fputs(i == 0 ? ", " : " ", stdout);
			escape_print(stdout, key->groups[i], strlen(key->groups[i]));
		}
	}
	putchar('\n');
	journal_close(j);
	free(name);
}

static int show_one(void *ctx, const char *path)
{
	const words *w = ctx;
	state_content c;
	km_complaint why;
	int code;

	if (state_read(&c, path, &why) != STATE_OK) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	escape_print(stdout, path, strlen(path));
	putchar('\n');
	print_named("GMS", c.gms == NULL ? "not said" : c.gms);
	print_named("KMS", c.kms == NULL ? "not said" : c.kms);
	print_t(&c, w->now);
	for (size_t i = 0; i < c.n; i++)
		print_id(path, &c.ids[i]);
	if (c.wrong != NULL) {
		complain(&why, path, c.line, NULL, c.wrong);
		cli_error("%s; keymuster state repair keeps what can be read", why.text);
	}
	code = c.wrong == NULL ? CLI_DONE : CLI_KEYS;
	state_content_free(&c);
	return code;
}

static int show(words *w)
{
	char *place = states_place(&w->which), shown[CLI_SHOWN];
	int code = CLI_DONE, n;

	if (place == NULL)
		return CLI_IO;
	n = states_each(place, show_one, w, &code);
	if (n == 0)
		cli_note("%s: no state of a GMS", cli_show(shown, place, strlen(place)));
	free(place);
	return code;
}

/* ---- repair ---------------------------------------------------------------------------------- */

/* What is found on the way. */
typedef struct {
	const words *w;
	const char *path;
	km_key **keys;
	int code;
} repair;

static int refuse(repair *r, const char *text)
{
	char shown[CLI_SHOWN];

	cli_error("%s: %s", cli_show(shown, r->path, strlen(r->path)), text);
	r->code = CLI_KEYS;
	return CLI_KEYS;
}

static void take_owner(state_content *c, const char *gms, const char *kms)
{
	if (gms == NULL || kms == NULL || (c->gms != NULL && c->kms != NULL))
		return;
	free(c->gms);
	free(c->kms);
	c->gms = strdup(gms);
	c->kms = strdup(kms);
}

static void owner_of_journal(void *ctx, const journal_place *at)
{
	km_complaint why;
	journal *j;

	if (journal_open_at(&j, at, JOURNAL_READ, NULL, &why) == JOURNAL_OK)
		take_owner(ctx, journal_of(j)->gms, journal_of(j)->kms);
	journal_close(j);
}

static void add_keys(repair *r, state_content *c)
{
	for (size_t i = 0; i < r->w->gmk.n; i++) {
		const km_key *key = r->keys[i];
		char shown[CLI_SHOWN];

		if (strcmp(key->gms.s, c->gms) != 0 || strcmp(key->kms.s, c->kms) != 0) {
			cli_show(shown, r->w->gmk.at[i], strlen(r->w->gmk.at[i]));
			cli_error("%s: the key of another GMS", shown);
			r->code = CLI_KEYS;
		} else if (!state_add_id(c, (state_id){ key->gmk_id, key->revoked, key->params.expiry })) {
			r->code = CLI_IO;
		}
	}
}

/* T goes back to that of the state: what was made behind it is in doubt. */
typedef struct {
	repair *r;
	uint64_t t;
} going_back;

static void doubt_journal(void *ctx, const journal_place *at)
{
	const going_back *back = ctx;
	km_complaint why;
	journal *j;
	journal_result result = journal_open_at(&j, at, JOURNAL_WRITE, NULL, &why);

	if (result == JOURNAL_OK && journal_counts(j).last_t > back->t)
		result = journal_doubt(j, back->t, &why);
	journal_close(j);
	if (result == JOURNAL_OK)
		return;
	cli_error("%s", why.text);
	back->r->code = CLI_IO;
}

/* A T that is known stays, and goes back only where that is said. */
static void set_t(repair *r, state_content *c, uint64_t of_journals)
{
	const words *w = r->w;
	char from[WHEN_MAX], to[WHEN_MAX];
	uint64_t t = c->t;

	if (!c->has_t)
		t = of_journals > state_time(w->now, 0) ? of_journals : state_time(w->now, 0);
	if (w->t != NULL)
		t = state_time(w->to, 0);
	when_print(from, (int64_t)(c->t >> 32));
	when_print(to, (int64_t)(t >> 32));
	if (c->has_t && t < c->t)
		cli_warn("T goes back from %s to %s: a client that took a message with the later "
			 "T, by a "
			 "clock as wrong as that of the run, refuses all before it; who was given "
			 "keys in that run counts as unsure, and needs them again",
				from, to);
	else if (t != c->t)
		cli_note("T is set to %s%s", to, w->t != NULL ? "" :
				": it could not be read");
	else if ((int64_t)(t >> 32) > w->now + WINDOW)
		cli_note("T is ahead of the clock, at %s: if the clock is right, --t now sets it "
			 "back",
				from);
	c->t = t;
}

static bool mend(void *ctx, state_content *c, bool exists)
{
	repair *r = ctx;
	state_content found = { .version = 2 };
	const words *w = r->w;
	size_t before = c->n, journals = state_add_journals(&found, r->path);
	uint64_t t = c->t, of_journals = found.t;
	bool changed = !exists || c->wrong != NULL || c->version == 1;
	char shown[CLI_SHOWN];

	take_owner(c, w->which.gms, w->which.kms);
	for (size_t i = 0; i < w->gmk.n; i++)
		take_owner(c, r->keys[i]->gms.s, r->keys[i]->kms.s);
	journal_list(r->path, owner_of_journal, c, NULL);
	if (c->gms == NULL || c->kms == NULL)
		refuse(r, "whose state it is is not known: --gms-uri and --gms-kms, or a --gmk "
			  "FILE, say so");
	found.t = 0;
	if (r->code == CLI_DONE && !state_merge(c, &found))
		r->code = CLI_IO;
	if (r->code == CLI_DONE)
		add_keys(r, c);
	state_content_free(&found);
	if (r->code != CLI_DONE)
		return false;
	if (!exists)
		cli_note("there was no state: its GMK-IDs are those of %zu journals and %zu key "
			 "files; one "
			 "that is in neither may come again",
				journals, w->gmk.n);
	else if (c->wrong != NULL)
		cli_warn("line %d: %s; %zu %s lost, the file is kept as .damaged",
				c->line, c->wrong, c->lost,
				word_for(c->lost, "line could not be read and is", "lines could not be read and are"));
	set_t(r, c, of_journals);
	if (c->t < t)
		journal_list(r->path, doubt_journal, &(going_back){ r, c->t }, NULL);
	if (r->code != CLI_DONE)
		return false;
	changed = changed || c->n != before || c->t != t;
	cli_note("%s: %zu GMK-IDs%s", cli_show(shown, r->path, strlen(r->path)), c->n,
			changed ? "" : ", nothing to repair");
	return changed;
}

static int read_keys(repair *r)
{
	const cli_list *gmk = &r->w->gmk;

	r->keys = calloc(gmk->n + 1, sizeof(km_key *));
	for (size_t i = 0; i < gmk->n && r->keys != NULL; i++) {
		km_complaint why;
		km_err err = keyfile_read(&r->keys[i], gmk->at[i], km_seal_none(), &why);

		if (err == KM_OK)
			continue;
		cli_error("%s", why.text);
		return err == KM_EFORMAT ? CLI_KEYS : CLI_IO;
	}
	if (r->keys != NULL)
		return CLI_DONE;
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

/* The last one. */
static int keep_path(void *ctx, const char *path)
{
	char **kept = ctx;

	free(*kept);
	*kept = strdup(path);
	return *kept == NULL ? CLI_IO : CLI_DONE;
}

/* The file that is meant; NULL: said. */
static char *find_file(repair *r)
{
	const words *w = r->w;
	const char *gms = w->which.gms, *kms = w->which.kms;
	char *place, *path = NULL, shown[CLI_SHOWN];
	int code = CLI_DONE;

	if ((gms == NULL || kms == NULL) && w->gmk.n > 0) {
		gms = r->keys[0]->gms.s;
		kms = r->keys[0]->kms.s;
	}
	if (gms != NULL && kms != NULL) {
		path = state_path(w->which.state, gms, kms);
		if (path == NULL)
			cli_error("no place for the state: %s", strerror(errno));
		return path;
	}
	place = states_place(&w->which);
	if (place == NULL || !states_are_in(place))
		return place;
	if (states_each(place, keep_path, &path, &code) != 1) {
		cli_error("%s holds no state, or several: --state FILE, or --gms-uri and "
			  "--gms-kms, say "
			  "which",
				cli_show(shown, place, strlen(place)));
		free(path);
		path = NULL;
	}
	free(place);
	return path;
}

static int repair_it(words *w)
{
	repair r = { .w = w };
	km_complaint why = { 0 };
	char *path = NULL;
	int code = read_keys(&r);

	if (code == CLI_DONE) {
		path = find_file(&r);
		code = path == NULL ? CLI_KEYS : CLI_DONE;
	}
	if (code == CLI_DONE) {
		state_result result;

		r.path = path;
		result = state_edit(path, mend, &r, &why);
		if (result != STATE_OK)
			cli_error("%s", why.text);
		code = result != STATE_OK ? cli_state_code(result) : r.code;
	}
	for (size_t i = 0; r.keys != NULL && i < w->gmk.n; i++)
		km_key_free(r.keys[i]);
	free(r.keys);
	free(path);
	return code;
}

/* ---- the command line ------------------------------------------------------------------------ */

static int run(const cli_command *me, int argc, char **argv, int (*act)(words *w), bool repairs)
{
	words w = { .now = time(NULL) };
	const cli_option options[] = {
		{ "state", 0, CLI_ONE, &w.which.state }, { "gms-uri", 0, CLI_ONE, &w.which.gms },
		{ "gms-kms", 0, CLI_ONE, &w.which.kms }, { repairs ? "t" : NULL, 0, CLI_ONE, &w.t },
		{ "gmk", 0, CLI_MANY, &w.gmk }, { NULL, 0, CLI_FLAG, NULL },
	};
	cli_list operands = { 0 };
	int code = cli_parse(me, argc, argv, options, &operands);

	w.to = w.now;
	if (code == CLI_GO_ON && operands.n > 0)
		code = cli_usage(me, "takes no operands: %zu were given", operands.n);
	else if (code == CLI_GO_ON && (w.which.gms == NULL) != (w.which.kms == NULL))
		code = cli_usage(me, "--gms-uri and --gms-kms belong together");
	else if (code == CLI_GO_ON && w.t != NULL && strcmp(w.t, "now") != 0 &&
	    (!cli_take_time(me, "t", w.t, &w.to) || w.to < 0 || w.to >= (int64_t)UINT32_MAX))
		code = CLI_USAGE;
	if (code == CLI_GO_ON)
		code = cli_start();
	else if (code == CLI_DONE)
		code = CLI_GO_ON;               /* help was wanted */
	if (code == CLI_DONE)
		code = act(&w);
	cli_list_free(&w.gmk);
	cli_list_free(&operands);
	return code == CLI_GO_ON ? CLI_DONE : code;
}

static int show_run(int argc, char **argv)
{
	return run(&cli_state_show, argc, argv, show, false);
}

static int repair_run(int argc, char **argv)
{
	return run(&cli_state_repair, argc, argv, repair_it, true);
}

static const char show_help[] =
"usage: keymuster state show [--state FILE|DIR] [--gms-uri URI --gms-kms URI]\n"
"\n"
"Show what GMSs remember between runs: the last T, the GMK-IDs in use and those revoked, and\n"
"how many were given each key.  No secret is in it.\n"
"\n"
"  --state FILE|DIR    default: $XDG_STATE_HOME/keymuster, else /var/lib/keymuster for root and\n"
"                      ~/.local/state/keymuster for others; a directory: all that are in it\n"
"  --gms-uri URI       with --gms-kms: the state of that GMS alone\n"
"  --gms-kms URI\n"
"  -q, -v, --plain, -h, --help, --version: see keymuster --help\n"
"\n"
"Exit: 0 done, 1 usage, 3 damaged, 4 input or output.\n"
"\n"
"Example:\n"
"  keymuster state show\n";

static const char repair_help[] =
"usage: keymuster state repair [--state FILE|DIR] [--gms-uri URI --gms-kms URI]\n"
"           [--gmk FILE]... [--t now|TIME]\n"
"\n"
"Mend the state of a GMS:\n"
"  damaged             what can be read is kept, with what journals beside it and --gmk know;\n"
"                      what is lost is said, and the old file is kept as FILE.damaged\n"
"  lost                rebuilt from journals beside it and --gmk; T goes on from the clock\n"
"  T ahead of clock    --t now sets it back, after a run with a wrong clock.  Clients whose\n"
"                      clocks were as wrong refuse messages before the T that they took\n"
"\n"
"  --state FILE|DIR    as for keymuster state show\n"
"  --gms-uri URI       with --gms-kms: whose state it is\n"
"  --gms-kms URI\n"
"  --gmk FILE          a group key of this GMS: its GMK-ID is in use, or revoked\n"
"  --t now|TIME        the last T (Unix seconds or RFC 3339)\n"
"  -q, -v, --plain, -h, --help, --version: see keymuster --help\n"
"\n"
"Exit: 0 done or nothing to do, 1 usage, 3 it cannot be told whose state it is, 4 input or\n"
"output.\n"
"\n"
"Example:\n"
"  keymuster state repair --gmk fire.gmk --t now\n";

const cli_command cli_state_show = { "state show", show_help, show_run, NULL };
const cli_command cli_state_repair = { "state repair", repair_help, repair_run, NULL };
