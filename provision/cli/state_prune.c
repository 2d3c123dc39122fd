/* state_prune.c -- keymuster state prune: journals of keys that are long over, removed. */
#include "states.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/numbers.h"
#include "base/when.h"

enum { DAY = 86400, DAYS = 400 };       /* as long as an expired GMK-ID is remembered */

typedef struct {
	states_which which;
	const char *keep;
	bool removes;
	int64_t kept, before;   /* seconds; a key that ended then, or later, is not over */
	/* Of one state. */
	const state_content *state;
	number_list over;       /* GMK-IDs */
	uint64_t n_removed, n_kept;
	int code;
} prune;

static void fail(prune *p, int code, const char *text)
{
	cli_error("%s", text);
	p->code = code > p->code ? code : p->code;
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* It has expired; or it is revoked, as the state goes on to know, and all who had it were told, before that day. */
static bool is_past(const prune *p, journal *j, bool *memory)
{
	const journal_key *key = journal_of(j);
	const state_id *id = state_find_id(p->state, key->gmk_id);

	if (key->expiry != 0 && (int64_t)key->expiry < p->before)
		return true;
	if (id == NULL || !id->revoked || (int64_t)(journal_counts(j).last_t >> 32) >= p->before)
		return false;
	*memory = journal_index(j);
	return *memory && journal_unmet(j, NULL, NULL) == 0;
}

static void look_at_key(void *ctx, const journal_place *at)
{
	prune *p = ctx;
	km_complaint why = { 0 };
	journal *j = NULL;
	bool memory = true;
	const journal_result result = journal_open_at(&j, at, JOURNAL_READ, NULL, &why);

	if (result != JOURNAL_OK)
		fail(p, result == JOURNAL_CORRUPT ? CLI_KEYS : CLI_IO, why.text);
	else if (is_past(p, j, &memory))
		memory = number_list_add(&p->over, at->gmk_id);
	if (!memory)
		fail(p, CLI_IO, km_strerror(KM_ENOMEM));
	journal_close(j);
}

static bool is_over(void *ctx, uint32_t gmk_id)
{
	const prune *p = ctx;

	return number_list_has(&p->over, gmk_id);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void prune_file(prune *p, const char *path, bool of_many)
{
	km_complaint why = { 0 };
	size_t n = 0;
	bool over;
	const journal_result result = journal_prune(path, of_many, is_over, p, p->removes, &n, &over, &why);

	if (result == JOURNAL_NONE)
		return;
	if (result != JOURNAL_OK) {
		fail(p, result == JOURNAL_CORRUPT ? CLI_KEYS : CLI_IO, why.text);
		return;
	}
	p->n_removed += over;
	p->n_kept += !over;
	if (!over)
		return;
	printf("%s\t%zu %s\t", p->removes ? "removed" : "would be removed", n, word_for(n, "key", "keys"));
	escape_print(stdout, path, strlen(path));
	putchar('\n');
}

static void prune_run(void *ctx, const char *path)
{
	prune_file(ctx, path, true);
}

static void prune_own(void *ctx, const journal_place *at)
{
	prune_file(ctx, at->path, false);
}

/* Nothing goes where something cannot be read: who was given a key might be in it. */
static void prune_files(prune *p, const char *path)
{
	size_t damaged = 0;
	int before = p->code;

	journal_list(path, look_at_key, p, &damaged);
	if (damaged > 0)
		fail(p, CLI_KEYS, "a journal of many keys cannot be read: nothing is removed beside it");
	if (p->code != before)
		return;
	number_list_sort(&p->over);
	journal_list(path, prune_own, p, NULL);
	if (!journal_each_run_of(path, prune_run, p))
		fail(p, CLI_IO, "journals of many keys could not be listed");
}

static int prune_state(void *ctx, const char *path)
{
	prune *p = ctx;
	const int64_t before = p->before;
	char shown[CLI_SHOWN], day[WHEN_MAX];
	state_content c;
	km_complaint why;

	p->code = CLI_DONE;
	if (state_read(&c, path, &why) != STATE_OK) {
		fail(p, CLI_IO, why.text);
		return p->code;
	}
	p->state = &c;
	p->over.n = p->n_removed = p->n_kept = 0;
	if ((int64_t)(c.t >> 32) - p->kept < p->before)         /* a clock that is ahead of all messages ends no key */
		p->before = (int64_t)(c.t >> 32) - p->kept;
	if (c.wrong == NULL) {
		prune_files(p, path);
	} else {
		complain(&why, path, c.line, NULL, c.wrong);
		fail(p, CLI_KEYS, why.text);
	}
	when_print(day, p->before);
	cli_note("%s: %llu %s of keys that ended before %s %s, %llu stay%s", cli_show(shown, path, strlen(path)),
			(unsigned long long)p->n_removed, word_for(p->n_removed, "journal", "journals"), day,
			p->removes ? word_for(p->n_removed, "was removed", "were removed") : "would be removed",
			(unsigned long long)p->n_kept, p->removes || p->n_removed == 0 ? "" : " (--remove removes)");
	p->before = before;
	state_content_free(&c);
	return p->code;
}

/* ---- the command line ------------------------------------------------------------------------ */

static int prune_all(prune *p)
{
	char *place = states_place(&p->which), shown[CLI_SHOWN];
	int code = CLI_DONE;

	if (place == NULL)
		return CLI_IO;
	if (states_each(place, prune_state, p, &code) == 0)
		cli_note("%s: no state of a GMS", cli_show(shown, place, strlen(place)));
	free(place);
	number_list_free(&p->over);
	return code;
}

static int run(int argc, char **argv)
{
	prune p = { .removes = false };
	const cli_option options[] = {
		{ "state", 0, CLI_ONE, &p.which.state }, { "gms-uri", 0, CLI_ONE, &p.which.gms },
		{ "gms-kms", 0, CLI_ONE, &p.which.kms }, { "keep", 0, CLI_ONE, &p.keep },
		{ "remove", 0, CLI_FLAG, &p.removes }, { NULL, 0, CLI_FLAG, NULL },
	};
	cli_list operands = { 0 };
	uint64_t days = DAYS;
	int code = cli_parse(&cli_state_prune, argc, argv, options, &operands);
	const bool goes_on = code == CLI_GO_ON;

	if (goes_on && operands.n > 0)
		code = cli_usage(&cli_state_prune, "takes no operands: %zu were given", operands.n);
	else if (goes_on && (p.which.gms == NULL) != (p.which.kms == NULL))
		code = cli_usage(&cli_state_prune, "--gms-uri and --gms-kms belong together");
	else if (goes_on && p.keep != NULL && !cli_take_number(&cli_state_prune, "keep", p.keep, 0, 36500, &days))
		code = CLI_USAGE;
	p.kept = (int64_t)days * DAY;
	p.before = (int64_t)time(NULL) - p.kept;
	if (code == CLI_GO_ON)
		code = prune_all(&p);
	cli_list_free(&operands);
	return code;
}

static const char help[] =
"usage: keymuster state prune [--state FILE|DIR] [--gms-uri URI --gms-kms URI]\n"
"           [--keep DAYS] [--remove]\n"
"\n"
"Journals say who was given which key, a file a key and one a run with --groups.  They are only\n"
"ever added to, and nothing else removes them.  This names those of which all keys are over, and\n"
"with --remove removes them: keys that expired so many days ago, and keys that are revoked, whose\n"
"members were all told, the last so many days ago.  A key that is in use, or one whose revocation\n"
"somebody was not told, keeps its files.  The state itself is not changed: it goes on to know that\n"
"a key is revoked.\n"
"\n"
"  --keep DAYS         default 400, as long as the state remembers a key that has expired\n"
"  --remove            remove them; without it nothing is changed\n"
"  --state FILE|DIR    as for keymuster state show\n"
"  --gms-uri URI       with --gms-kms: the state of that GMS alone\n"
"  --gms-kms URI\n"
"  -q, -v, --plain, -h, --help, --version: see keymuster --help\n"
"\n"
"Exit: 0 done or nothing to do, 1 usage, 3 a state or journal is damaged (nothing is removed\n"
"beside it), 4 input or output.\n"
"\n"
"Example: what could go, and then that it goes\n"
"  keymuster state prune\n"
"  keymuster state prune --remove\n";

const cli_command cli_state_prune = { "state prune", help, run, NULL };
