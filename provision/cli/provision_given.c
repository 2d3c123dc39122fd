/* provision_given.c -- keymuster provision: the state, and who was given the key. */
#include "provision_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/when.h"
#include "gms/key_made.h"
#include "message/uid.h"

/* ---- the state ------------------------------------------------------------------------------- */

void cli_say_state(void *ctx, const char *text)
{
	(void)ctx;
	cli_note("%s", text);
}

int cli_state_code(state_result result)
{
	switch (result) {
	case STATE_OK: return CLI_DONE;
	case STATE_CORRUPT: case STATE_LOST: return CLI_KEYS;
	default: return CLI_IO;
	}
}

static void say_span(char out[48], uint64_t seconds)
{
	unsigned long long n = seconds;

	if (n < 120)
		snprintf(out, 48, "%llu s", n);
	else if (n < 7200)
		snprintf(out, 48, "%llu min %llu s", n / 60, n % 60);
	else if (n < 172800)
		snprintf(out, 48, "%llu h %llu min", n / 3600, n / 60 % 60);
	else
		snprintf(out, 48, "%llu %s %llu h", n / 86400, word_for(n / 86400, "day", "days"), n / 3600 % 24);
}

/* One run with a clock that was ahead leaves a T that no client takes. */
static int check_clock(const provision *p)
{
	uint64_t last = state_last_t(p->st) >> 32, now = p->now < 0 ? 0 : (uint64_t)p->now;
	const char *name = state_name(p->st);
	char ahead[48], then[WHEN_MAX], here[WHEN_MAX], shown[CLI_SHOWN];

	if (last <= now + p->tolerance)
		return CLI_DONE;
	say_span(ahead, last - now);
	when_print(then, (int64_t)last);
	when_print(here, p->now);
	cli_error("%s: the last T of this GMS, %s, is %s ahead of the clock, %s: clients would "
		  "refuse "
		  "messages that go on from it (--clock-tolerance %llu s). Set the clock; or, if "
		  "it "
		  "is right, see keymuster state repair",
			cli_show(shown, name, strlen(name)), then, ahead, here,
			(unsigned long long)p->tolerance);
	return CLI_KEYS;
}

/* path: the file of its state. */
static km_err open_gms(provision *p, const char *path, km_complaint *why)
{
	km_store *store;
	km_err err = km_store_files(&store, path, p->w.new_state ? KM_BEGIN_ANEW : p->key_exists ? KM_MUST_EXIST :
			KM_MAY_BEGIN, why);

	if (err != KM_OK)
		return err;
	store->keys = p->w.gms.at;
	store->n_keys = p->w.gms.n;
	store->look = p->w.check;
	store->say = cli_say_state;
	err = km_gms_new(&p->gms, p->ring, store, p->gms_uri.s, p->gms_kms->uri, why);
	/* What the clock may do is said before the run, and within it. */
	if (err == KM_OK)
		err = km_gms_set(p->gms, KM_GMS_CLOCK_BEHIND, KM_UNCHECKED, why);
	km_store_free(store);
	return err;
}

int provision_open_state(provision *p)
{
	char *path = state_path(p->w.state, p->gms_uri.s, p->gms_kms->uri);
	km_complaint why = { 0 };
	km_err err = KM_EIO;
	char shown[CLI_SHOWN];

	if (path == NULL)
		cli_error("no place for the state: %s (--state FILE names one)", strerror(errno));
	else if ((err = open_gms(p, path, &why)) != KM_OK)
		cli_error("%s", why.text[0] != '\0' ? why.text : km_strerror(err));
	else
		cli_detail("state %s", cli_show(shown, path, strlen(path)));
	free(path);
	if (err != KM_OK)
		return err == KM_ELOST ? CLI_KEYS : CLI_IO;
	p->st = store_state(p->gms->place);
	if (p->key != NULL)
		key_adopt(p->key, p->gms);
	if (check_clock(p) != CLI_DONE)
		return CLI_KEYS;
	p->t = (int64_t)(state_next_t(p->st, state_time(p->now, 0)) >> 32);
	return CLI_DONE;
}

/* ---- the journal ----------------------------------------------------------------------------- */

enum { FEW = 512 };     /* members for whom the whole journal is not loaded */

/* The salts that members of this list will have, where they are few. */
static salts *salts_of_few(const provision *p)
{
	salts *few = crowd_is_complete(p->members) && crowd_size(p->members) <= FEW ? salts_new()
										    : NULL;
	const crowd_member *m;
	uint32_t other;

	for (size_t i = 0; few != NULL && (m = crowd_at(p->members, i)) != NULL; i++)
		salts_add(few, &other,
				uid_salt(p->key->gmk, m->uri.s, m->uri.len),
				m->uri.s, m->uri.len, 0);
	return few;
}

static int out_of_memory(void)
{
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

static int open_journal(provision *p)
{
	km_complaint why = { 0 };
	char *path = journal_path(state_name(p->st), p->key->gmk_id);
	const journal_key key = journal_key_of(p->key);
	journal_result result = path == NULL ? JOURNAL_IO : journal_open(&p->journal, path,
			p->w.check ? JOURNAL_READ : JOURNAL_MAKE, &key, &why);
	bool is_new = result == JOURNAL_NONE ||
			(result == JOURNAL_OK && journal_is_new(p->journal));
	char shown[CLI_SHOWN];

	free(path);
	if (path == NULL)
		return out_of_memory();
	if (is_new && p->old_salts != NULL)
		p->had_before = salts_count(p->old_salts);
	else if (is_new)
		p->had_unknown = p->key_exists;
	else if (result == JOURNAL_OK && !journal_distinct(p->journal, &p->had_before, &p->unsure_before))
		return out_of_memory();
	if (result == JOURNAL_OK && !is_new && !journal_has_salts_of(p->journal, p->key->gmk)) {
		cli_error("%s: gmk: not the key that members were given under this GMK-ID: the file was "
				"changed or damaged; take a good copy of it", cli_show(shown, p->w.gmk,
				strlen(p->w.gmk)));
		return CLI_KEYS;
	}
	if (result == JOURNAL_OK && is_new && p->old_salts != NULL)
		result = journal_take(p->journal, p->old_salts, &why);
	if (p->w.check && result == JOURNAL_NONE)
		result = JOURNAL_OK;
	if (result == JOURNAL_OK)
		return CLI_DONE;
	cli_error("%s", why.text);
	return result == JOURNAL_CORRUPT ? CLI_KEYS : CLI_IO;
}

/* A state from a backup may not know it: the journal does, and tells the state. */
static int check_revoked(provision *p)
{
	km_complaint why = { 0 };
	state_id is;

	if (p->journal == NULL || !journal_counts(p->journal).revoked)
		return CLI_DONE;
	if (state_keep_id(p->st, &is, p->key->gmk_id, p->key->params.expiry, true, &why) != STATE_OK) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	return p->revoke ? CLI_DONE : provision_refuse_revoked(p);
}

/* Members of earlier runs, for the salts that they share with those of this one. */
static int load_salts(provision *p)
{
	salts *few = p->revoke ? NULL : salts_of_few(p);
	bool done = true;

	if (p->old_salts != NULL && (p->journal == NULL || journal_is_new(p->journal))) {
		uint8_t *packed = malloc(salts_count(p->old_salts) * SALTS_PACKED + 1);

		done = packed != NULL;
		if (done)
			salts_pack(packed, p->old_salts);
		done = done && salts_load(p->salts, packed, salts_count(p->old_salts), true);
		free(packed);
	} else if (!p->revoke && p->journal != NULL) {
		done = journal_load(p->salts, p->journal, few);
	}
	salts_free(few);
	return done ? CLI_DONE : out_of_memory();
}

static bool share_a_group(const provision *p, const journal_key *other)
{
	for (size_t i = 0; i < p->how.list.n_groups; i++) {
		for (size_t k = 0; k < other->n_groups; k++) {
			if (strcmp(p->how.list.groups[i], other->groups[k]) == 0)
				return true;
		}
	}
	return false;
}

/* Is it of a key of this group that is in use still?  *code: CLI_IO where that cannot be told. */
static bool is_in_use(provision *p, const journal *j, int *code)
{
	const journal_key *other = journal_of(j);
	km_complaint why;
	state_id is;
	bool known;

	if (strcmp(other->gms, p->gms_uri.s) != 0 ||
	    strcmp(other->kms, p->gms_kms->uri) != 0 || !share_a_group(p, other) ||
	    journal_counts(j).given == 0 ||
	    (other->expiry != 0 && (int64_t)other->expiry <= p->t))
		return false;
	if (state_look_up(p->st, &is, &known, other->gmk_id, &why) == STATE_OK)
		return !is.revoked;
	cli_error("%s", why.text);
	*code = CLI_IO;
	return false;
}

static bool keep_older(provision *p, journal *j)
{
	journal **bigger = reallocarray(p->older, p->n_older + 1, sizeof *bigger);

	if (bigger == NULL || !journal_index(j)) {
		p->older = bigger == NULL ? p->older : bigger;
		return false;
	}
	p->older = bigger;
	p->older[p->n_older++] = j;
	return true;
}

typedef struct {
	provision *p;
	int code;
} look;

static void note_older(void *ctx, const journal_place *at)
{
	look *l = ctx;
	provision *p = l->p;
	km_complaint why = { 0 };
	journal *j = NULL;
	journal_result result;

	if (p->key != NULL && at->gmk_id == p->key->gmk_id)
		return;
	result = journal_open_at(&j, at, JOURNAL_READ, NULL, &why);
	if (result == JOURNAL_OK && is_in_use(p, j, &l->code)) {
		if (keep_older(p, j))
			return;
		l->code = out_of_memory();
	} else if (result == JOURNAL_IO) {
		cli_error("%s", why.text);
		l->code = CLI_IO;
	} else if (result == JOURNAL_CORRUPT) {
		cli_warn("%s: so it is not known whether key %08x is of this group, and who has it",
				why.text, (unsigned)at->gmk_id);
	}
	journal_close(j);
}

/* A late joiner who is given a key that the others have left hears nobody. */
static void note_later(void *ctx, const journal_place *at)
{
	look *l = ctx;
	const provision *p = l->p;
	km_complaint why;
	journal *j = NULL;
	journal_count marks;
	uint64_t given, unsure;
	char when[WHEN_MAX];

	if (at->gmk_id == p->key->gmk_id ||
	    journal_open_at(&j, at, JOURNAL_READ, NULL, &why) != JOURNAL_OK)
		return;
	marks = journal_counts(j);
	if (marks.last_t <= journal_counts(p->journal).last_t || !is_in_use(l->p, j, &l->code)) {
		journal_close(j);
		return;
	}
	if (!journal_distinct(j, &given, &unsure)) {
		l->code = out_of_memory();
	} else {
		when_print(when, (int64_t)(marks.last_t >> 32));
		cli_warn("the group has another key, %08x, which was given to %llu %s, last at %s, after "
				"this one", (unsigned)at->gmk_id, (unsigned long long)given,
				word_for(given, "member", "members"), when);
	}
	journal_close(j);
}

int provision_open_journal(provision *p)
{
	look l = { p, CLI_DONE };
	int code = CLI_DONE;

	if (p->w.gmk == NULL)
		return CLI_DONE;
	if (p->key != NULL)             /* --check makes none */
		code = open_journal(p);
	if (code == CLI_DONE)
		code = check_revoked(p);
	if (code == CLI_DONE && p->key != NULL)
		code = load_salts(p);
	if (code == CLI_DONE && p->w.check && p->journal != NULL && !journal_index(p->journal))
		code = out_of_memory();
	if (code == CLI_DONE && p->had_before == 0 && !p->had_unknown && !p->revoke)
		journal_list(state_name(p->st), note_older, &l, NULL);
	else if (code == CLI_DONE && p->journal != NULL && !p->revoke)
		journal_list(state_name(p->st), note_later, &l, NULL);
	return code == CLI_DONE ? l.code : code;
}

void provision_close_journal(provision *p)
{
	for (size_t i = 0; i < p->n_older; i++)
		journal_close(p->older[i]);
	free(p->older);
	journal_close(p->journal);
	for (size_t i = 0; i < p->n_left; i++)
		free(p->left[i]);
	free(p->left);
	salts_free(p->salts);
}

/* ---- who is left out ------------------------------------------------------------------------- */

void provision_note_left(void *ctx, const char *uri, size_t len, bool unsure)
{
	provision *p = ctx;
	char **bigger;

	p->left_unsure += unsure;
	if (p->n_left >= PROVISION_LEFT)
		return;
	bigger = reallocarray(p->left, p->n_left + 1, sizeof *bigger);
	if (bigger == NULL)
		return;
	p->left = bigger;
	p->left[p->n_left] = strndup(uri, len);
	p->n_left += p->left[p->n_left] != NULL;
}

void provision_name_left(char *out, size_t size, const provision *p, size_t from, uint64_t n)
{
	enum { NAMED = 10 };
	char shown[CLI_SHOWN];
	size_t at = 0, i;

	out[0] = '\0';
	for (i = from; i < p->n_left && i < from + NAMED; i++) {
		int len = snprintf(out + at, size - at, "%s%s", i == from ? ": " : ", ",
				cli_show(shown, p->left[i], strlen(p->left[i])));

		if (len < 0 || (size_t)len >= size - at) {
			out[at] = '\0';
			break;
		}
		at += (size_t)len;
	}
	if (i - from < n && at + 8 < size)
		snprintf(out + at, size - at, i == from ? " (names are not known)" : ", ...");
}

static void tell_left(const provision *p, uint64_t n, uint32_t gmk_id, size_t from)
{
	char names[4096], unsure[64] = "";
	const char *got = p->w.check ? "would get" : "got";

	provision_name_left(names, sizeof names, p, from, n);
	if (p->left_unsure > 0)
		snprintf(unsure, sizeof unsure, " (or may have been: %llu of them)",
				(unsigned long long)p->left_unsure);
	if (p->revoke)
		cli_warn("%llu who were given key %08x%s %s no message of this run: they keep "
			 "it%s%s",
				(unsigned long long)n, (unsigned)gmk_id, unsure, got, names,
				p->w.partial ? "" : " (--partial says that this is meant)");
	else
		cli_warn("%llu who were given key %08x%s, which is in use until it is revoked, %s "
			 "no "
			 "message with the new one%s%s",
				(unsigned long long)n, (unsigned)gmk_id, unsure, got, names,
				p->w.partial ? "" : " (--partial says that this is meant)");
}

/* Late joiners may have got the key while this run went on.  false: said. */
static bool tell_of_revoked(provision *p)
{
	km_complaint why = { 0 };

	if (!p->w.check && journal_look_again(p->journal, &why) != JOURNAL_OK) {
		cli_error("%s", why.text);
		return false;
	}
	if (!journal_index(p->journal)) {
		out_of_memory();
		return false;
	}
	p->left_out = journal_unmet(p->journal, provision_note_left, p);
	if (p->left_out > 0)
		tell_left(p, p->left_out, p->key->gmk_id, 0);
	return true;
}

int provision_count_left_out(provision *p, int code)
{
	if (code != CLI_DONE && code != CLI_REJECTED)
		return code;
	if (p->groups != NULL)
		return group_count_left_out(p, code);
	if (p->revoke && p->journal != NULL && !tell_of_revoked(p))
		return CLI_IO;
	for (size_t i = 0; i < p->n_older; i++) {
		uint32_t id = journal_of(p->older[i])->gmk_id;
		size_t from = p->n_left;
		uint64_t n;

		p->left_unsure = 0;
		n = journal_unmet(p->older[i], provision_note_left, p);
		p->left_out += n;
		cli_warn("the group has an earlier key, %08x, which stays in use until it is "
			 "revoked",
				(unsigned)id);
		if (n > 0)
			tell_left(p, n, id, from);
	}
	return p->left_out > 0 && !p->w.partial ? CLI_REJECTED : code;
}

void provision_say_before(char out[PROVISION_SAID], const provision *p)
{
	int len;

	if (p->had_unknown) {
		snprintf(out, PROVISION_SAID, "which is older than its journal here");
		return;
	}
	len = snprintf(out, PROVISION_SAID, "%llu %s had it before", (unsigned long long)p->had_before,
			word_for(p->had_before, "member", "members"));
	if (p->unsure_before > 0)
		snprintf(out + len, PROVISION_SAID - (size_t)len, " and %llu may have it from runs that "
				"broke off", (unsigned long long)p->unsure_before);
}

void provision_say_left_out(char out[PROVISION_SAID], const provision *p)
{
	const char *are = p->w.check ? "would be" : "are";

	*out = '\0';
	if (p->left_out > 0 && p->revoke)
		snprintf(out, PROVISION_SAID, "; %llu who were given it %s left out and keep it",
				(unsigned long long)p->left_out, are);
	else if (p->left_out > 0)
		snprintf(out, PROVISION_SAID, "; %llu who were given an earlier key of the group %s left "
				"out", (unsigned long long)p->left_out, are);
}

/* ---- the end --------------------------------------------------------------------------------- */

int provision_sync(provision *p)
{
	km_complaint why = { 0 };

	if (p->journal == NULL || journal_sync(p->journal, &why) == JOURNAL_OK)
		return CLI_DONE;
	cli_error("%s", why.text);
	return CLI_IO;
}

int provision_look_again(provision *p, int code)
{
	km_complaint why = { 0 };
	bool known = false;
	state_id is = { 0 };

	if (p->groups != NULL)
		return provision_look_again_groups(p, code);
	if (p->journal == NULL || p->revoke ||
	    state_look_up(p->st, &is, &known, p->key->gmk_id, &why) != STATE_OK || !is.revoked)
		return code;
	cli_warn("the key was revoked during this run: its members need the revocation too");
	return code == CLI_DONE ? CLI_REJECTED : code;
}

int provision_commit(provision *p)
{
	km_complaint why = { 0 };

	if (p->groups != NULL)
		return provision_end_groups(p, true);
	if (p->journal == NULL)
		return CLI_DONE;
	if (journal_commit(p->journal, &why) != JOURNAL_OK) {
		cli_error("the messages are made, but not that they were is kept: %s", why.text);
		return CLI_IO;
	}
	return CLI_DONE;
}

/* Without it those who are marked are unsure, which is true too. */
void provision_take_back(provision *p)
{
	km_complaint why;

	if (p->groups != NULL)
		(void)provision_end_groups(p, false);
	if (p->journal != NULL && !p->w.check && journal_take_back(p->journal, &why) != JOURNAL_OK)
		cli_warn("%s", why.text);
}
