/* run_out.c -- what becomes of the members of a run: those who may have a message marked, all counted, messages written. */
#include "run.h"

#include <errno.h>
#include <string.h>

#include "base/wait.h"

/* ---- behind the threads: who gets what ------------------------------------------------------- */

static bool list_pair(runner *r, const crowd_member *who, uint32_t salt)
{
	const char *name = crowd_name(r->run->members);
	uint32_t line_no = who->line < UINT32_MAX ? (uint32_t)who->line : UINT32_MAX, other;
	salts_result result = salts_add(r->run->keys[who->key].salts, &other, salt, who->uri.s, who->uri.len,
			line_no);
	char shown[CLI_SHOWN], file[CLI_SHOWN], with[40] = "a member of an earlier run";

	r->counts->known += result == SALTS_KNOWN;
	if (r->counts->by_row != NULL) {
		r->counts->by_row[who->row].known += result == SALTS_KNOWN;
		r->counts->by_row[who->row].pairs += result == SALTS_SHARED;
	}
	if (result != SALTS_SHARED)
		return result != SALTS_NOMEM;
	if (r->counts->pairs < CLI_PAIRS)
		r->counts->pair[r->counts->pairs] = (cli_pair){ who->line, other };
	if (r->counts->pairs++ >= CLI_PAIRS_SHOWN)
		return true;
	if (other != 0)
		snprintf(with, sizeof with, "line %lu", (unsigned long)other);
	cli_warn("%s:%llu: %s: has the user salt, and so the media keys, of %s",
			cli_show(file, name, strlen(name)), (unsigned long long)who->line,
			cli_show(shown, who->uri.s, who->uri.len), with);
	return true;
}

/* Is a mark wanted of that member, who may have had the key before? */
static bool mark_one(runner *r, const crowd_member *who, uint32_t salt)
{
	const cli_run *run = r->run;
	const cli_key *key = &run->keys[who->key];
	uint64_t known = r->counts->known;

	for (size_t i = 0; i < key->n_older; i++)
		journal_meet(key->older[i], NULL, who->uri.s, who->uri.len);
	if (!key->revoke && !list_pair(r, who, salt))
		return false;
	if (key->given != NULL && !cli_given_add(key->given, who->uri))
		return false;
	if (!key->revoke && r->counts->known > known)
		return true;
	if (run->journal != NULL)
		return journal_many_add(run->journal, salt, who->uri.s, who->uri.len);
	return key->journal == NULL || journal_add(key->journal, salt, who->uri.s, who->uri.len);
}

/* Members from *i on that get one key, as many as a frame has: before their messages leave, so that a run that breaks
 * off leaves marks of all who may have one. */
static int mark_frame(runner *r, const window *w, size_t *i)
{
	const cli_run *run = r->run;
	const uint32_t key = w->who[*i].key;
	const journal_kind kind = run->keys[key].revoke ? JOURNAL_TOLD : JOURNAL_GIVEN;
	km_made made = { .struct_size = sizeof made };
	km_complaint why = { 0 };
	journal_key name;
	uint64_t t = 0;

	if (run->journal != NULL) {
		name = journal_key_of(run->keys[key].key);
		if (!journal_many_key(run->journal, &name))
			return run_out_of_memory();
	}
	for (size_t n = 0; n < PIECE && *i < w->n && w->who[*i].key == key; n++, (*i)++) {
		if (km_batch_made(&made, w->batch, *i) != 1 || made.reason != KM_R_OK)
			continue;
		t = t == 0 ? run_t(made.t) : t;
		if (!mark_one(r, &w->who[*i], made.guk_id ^ made.gmk_id))
			return run_out_of_memory();
	}
	if (t == 0)
		return CLI_DONE;
	if (run->journal != NULL)
		return journal_many_put(run->journal, run->journal_run, kind, run->keys[key].key->gmk_id, t) ?
				CLI_DONE : run_out_of_memory();
	if (run->keys[key].journal == NULL ||
	    journal_put(run->keys[key].journal, kind, t, run->streams, &why) == JOURNAL_OK)
		return CLI_DONE;
	cli_error("%s", why.text);
	return CLI_IO;
}

static int mark_all(runner *r, const window *w)
{
	km_complaint why = { 0 };
	int code = CLI_DONE;

	for (size_t i = 0; i < w->n && code == CLI_DONE;)
		code = mark_frame(r, w, &i);
	if (code != CLI_DONE || r->run->journal == NULL ||
	    journal_many_sync(r->run->journal, &why) == JOURNAL_OK)
		return code;
	cli_error("%s", why.text);
	return CLI_IO;
}

static void reject_one(runner *r, const crowd_member *who, km_reason reason, km_err err)
{
	crowd_reject(r->run->members, who, reason, reason == KM_R_ENGINE ? km_strerror(err) :
			km_reason_text(reason));
}

/* false: out of memory. */
static bool count(runner *r, const window *w)
{
	const ring_snapshot *names = ring_take(r->run->ring);
	km_made made = { .struct_size = sizeof made };
	bool done = true;

	for (size_t i = 0; i < w->n; i++) {
		if (w->refused != KM_R_OK)
			reject_one(r, &w->who[i], w->refused, KM_OK);
		else if (km_batch_made(&made, w->batch, i) == 1 && made.reason == KM_R_OK)
			done = cli_count_made(r->counts, w->who[i].row, made.kms, ring_name(names, made.kms), made.period_no,
					run_t(made.t)) && done;
		else
			reject_one(r, &w->who[i], made.reason, made.err);
	}
	ring_give_back(names);
	return done;
}

/* ---- the output ------------------------------------------------------------------------------ */

static bool write_out(runner *r)
{
	const size_t len = r->out_len;
	char shown[CLI_SHOWN];

	r->out_len = 0;
	errno = 0;
	if (len > 0 && !wait_write(fileno(r->run->out), r->out, len)) {
		cli_error("%s: %s", cli_show(shown, r->run->out_name, strlen(r->run->out_name)),
				strerror(errno));
		return false;
	}
	if (len > 0 && !cli_count_written(r->counts, r->out, len)) {
		cli_error("%s", strerror(ENOMEM));
		return false;
	}
	return true;
}

/* In the order of the list, however they were made. */
static bool write_all(runner *r, const window *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const line *l = &w->lines[i];

		if (r->out_len + l->len > WRITE_ROOM && !write_out(r))
			return false;
		if (l->len > 0)
			memcpy(r->out + r->out_len, l->s, l->len);
		r->out_len += l->len;
	}
	return write_out(r);
}

void run_show_progress(runner *r)
{
	const crowd *members = r->run->members;

	if (crowd_is_complete(members))
		r->total = crowd_counts(members).list->members;
	cli_show_progress(&r->progress, r->counts->made, r->total);
}

static void warn_of_clock(runner *r, const window *w)
{
	km_made made = { .struct_size = sizeof made };

	for (size_t i = 0; i < w->n && !r->clock_warned && made.t.seconds == 0; i++) {
		if (km_batch_made(&made, w->batch, i) != 1 || made.t.seconds <= w->now + 60)
			continue;
		cli_warn("the clock is %lld s behind the last message of this GMS: members whose "
				"clocks are right may refuse these", (long long)(made.t.seconds - w->now));
		r->clock_warned = true;
	}
}

static int end_batch(window *w)
{
	km_complaint why = { 0 };
	km_err err = KM_OK;

	for (size_t i = 0; i < w->n_parts && err == KM_OK; i++)
		err = w->parts[i].err;
	if (err == KM_OK)
		err = batch_finish(w->batch, &why);
	if (err == KM_EREVOKED) {
		w->refused = KM_R_KEY;
		return CLI_DONE;
	}
	return err == KM_OK || err == KM_EPARTIAL ? CLI_DONE : run_refuse(err, &why);
}

/* Behind the marks, which stay: those who have them are told of the revocation. */
static int check_again(window *w)
{
	km_complaint why = { 0 };
	km_err err = batch_check_again(w->batch, &why);

	if (err == KM_EREVOKED)
		w->refused = KM_R_KEY;
	return err == KM_OK || err == KM_EREVOKED ? CLI_DONE : run_refuse(err, &why);
}

/* What the threads made of a window, written. */
int run_finish(runner *r, window *w)
{
	int code = w->refused == KM_R_OK ? end_batch(w) : CLI_DONE;

	if (code == CLI_DONE && w->refused == KM_R_OK) {
		warn_of_clock(r, w);
		code = mark_all(r, w);
		if (code == CLI_DONE)
			code = check_again(w);
		if (code == CLI_DONE && w->refused == KM_R_OK && !write_all(r, w))
			code = CLI_IO;
	}
	if (code == CLI_DONE && !count(r, w))
		code = run_out_of_memory();
	km_batch_clear(w->batch);
	for (size_t i = 0; i < w->n; i++)
		crowd_drop(&w->who[i]);
	if (code == CLI_DONE)
		cli_detail("%u %s, %zu %s at a time", r->run->jobs,
				word_for(r->run->jobs, "thread", "threads"), w->n,
				word_for(w->n, "member", "members"));
	w->n = 0;
	run_show_progress(r);
	return code;
}
