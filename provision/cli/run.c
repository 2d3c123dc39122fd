/* run.c -- a run of the GMS: members in chunks to the threads, messages in order to the output. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memlock.h"
#include "run/pool.h"
#include "base/wait.h"

enum { CHUNK = 512, CHUNK_MIN = 64 };   /* members; below 64 shared inversions do not pay */

typedef struct {
	crowd_member who[CHUNK];
	km_member members[CHUNK];
	km_gmk_message out[CHUNK];
	size_t n;
	uint64_t t;             /* of the first, 32.32 bits of Unix seconds */
	uint8_t *buf;
	size_t room;
	char *text;             /* the messages as they leave */
	size_t text_len, text_room;
	km_err err;
} chunk;

typedef struct {
	const cli_run *run;
	cli_counts *counts;
	pool *threads;
	chunk *chunks;
	size_t n_chunks, chunk_size;
	uint64_t put;           /* chunks so far; the next one is put % n_chunks */
	cli_progress progress;
	uint64_t total;         /* members, about; 0: not known */
	bool clock_warned;
} runner;

/* ---- on a thread ----------------------------------------------------------------------------- */

static bool make_room(void **buf, size_t *room, size_t need)
{
	void *bigger;

	if (need <= *room)
		return true;
	bigger = malloc(need);
	if (bigger == NULL)
		return false;
	free(*buf);
	*buf = bigger;
	*room = need;
	return true;
}

static km_err make(const cli_run *run, chunk *c)
{
	uint64_t seconds = (c->t >> 32) + KM_NTP_UNIX;
	size_t need = 0;
	void *buf = c->buf;
	bool got;

	for (size_t i = 0; i < c->n; i++) {
		c->members[i] = c->who[i].member;
		need += km_gmk_size(run->job, &c->members[i]);
	}
	got = make_room(&buf, &c->room, need);
	c->buf = buf;
	if (!got)
		return KM_ENOMEM;
	return km_gmk_make(c->out, c->buf, c->room, run->job, c->members, c->n,
			seconds << 32 | (c->t & UINT32_MAX), seconds, c->t >> 32, NULL, NULL);
}

static km_err encode(const cli_run *run, chunk *c)
{
	size_t need = 0;
	void *text = c->text;
	bool got;

	for (size_t i = 0; i < c->n; i++)
		need += sink_size(run->format, &c->members[i], c->out[i].len);
	got = make_room(&text, &c->text_room, need);
	c->text = text;
	if (!got)
		return KM_ENOMEM;
	for (size_t i = 0; i < c->n; i++) {
		if (c->out[i].reason == KM_R_OK)
			c->text_len += sink_put(c->text + c->text_len, run->format,
					&c->members[i], &c->out[i], run->job->gmk_id);
	}
	return KM_OK;
}

static void work(void *ctx, void *item)
{
	chunk *c = item;

	c->text_len = 0;
	c->err = make(ctx, c);
	if (c->err == KM_OK || c->err == KM_EPARTIAL)
		c->err = encode(ctx, c);
}

/* ---- before and behind the threads ----------------------------------------------------------- */

/* CLI_DONE, or CLI_IO: no T could be had. */
static int reserve(runner *r, chunk *c)
{
	km_complaint why = { 0 };
	struct timespec ts;
	uint64_t now;

	clock_gettime(CLOCK_REALTIME, &ts);
	now = state_time(ts.tv_sec, ts.tv_nsec);
	if (state_reserve(r->run->st, &c->t, c->n, now, &why) != STATE_OK) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	if (!r->clock_warned && (c->t >> 32) > (now >> 32) + 60) {
		cli_warn("the clock is %llu s behind the last message of this GMS: members whose "
				"clocks are right may refuse these", (unsigned long long)
				((c->t >> 32) - (now >> 32)));
		r->clock_warned = true;
	}
	return CLI_DONE;
}

/* Fill the chunk and hand it over.  *more: there may be members left. */
static int feed(runner *r, bool *more)
{
	chunk *c = &r->chunks[r->put % r->n_chunks];
	int found = 1, code;

	c->n = 0;
	while (c->n < r->chunk_size && !cli_interrupted &&
	       (found = crowd_next(r->run->members, &c->who[c->n])) == 1)
		c->n++;
	*more = found == 1;
	if (found < 0 || cli_interrupted || c->n == 0)
		code = cli_interrupted ? CLI_INTERRUPTED : -found;
	else
		code = reserve(r, c);
	if (c->n > 0 && code == CLI_DONE) {
		pool_put(r->threads, c);
		r->put++;
	} else {
		for (size_t i = 0; i < c->n; i++)
			crowd_drop(&c->who[i]);
	}
	return code;
}

static bool list_pair(runner *r, const crowd_member *who, uint32_t salt)
{
	const char *name = crowd_name(r->run->members);
	uint32_t line = who->line < UINT32_MAX ? (uint32_t)who->line : UINT32_MAX, other;
	salts_result result = salts_add(r->run->salts, &other, salt, who->member.uri.s,
			who->member.uri.len, line);
	char shown[CLI_SHOWN], file[CLI_SHOWN], with[40] = "a member of an earlier run";

	r->counts->known += result == SALTS_KNOWN;
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
			cli_show(shown, who->member.uri.s, who->member.uri.len), with);
	return true;
}

/* Is a mark wanted of that member, who may have had the key before? */
static bool mark_one(runner *r, const crowd_member *who, uint32_t salt)
{
	const cli_run *run = r->run;
	const km_str uri = who->member.uri;
	uint64_t known = r->counts->known;

	for (size_t i = 0; i < run->n_older; i++)
		journal_meet(run->older[i], NULL, uri.s, uri.len);
	if (!run->revoke && !list_pair(r, who, salt))
		return false;
	if (run->journal == NULL || (!run->revoke && r->counts->known > known))
		return true;
	return journal_add(run->journal, salt, uri.s, uri.len);
}

/* Before the messages leave: a run that breaks off leaves marks of all who may have one. */
static int mark_all(runner *r, const chunk *c)
{
	km_complaint why = { 0 };
	const cli_run *run = r->run;

	for (size_t i = 0; i < c->n; i++) {
		if (c->out[i].reason == KM_R_OK &&
		    !mark_one(r, &c->who[i], c->out[i].guk_id ^ run->job->gmk_id)) {
			cli_error("%s", strerror(ENOMEM));
			return CLI_IO;
		}
	}
	if (run->journal == NULL || journal_put(run->journal, run->revoke ? JOURNAL_TOLD :
			JOURNAL_GIVEN, c->t, run->streams, &why) == JOURNAL_OK)
		return CLI_DONE;
	cli_error("%s", why.text);
	return CLI_IO;
}

static bool count(runner *r, chunk *c)
{
	bool done = true;

	for (size_t i = 0; i < c->n; i++) {
		const km_gmk_message *out = &c->out[i];
		const crowd_member *who = &c->who[i];

		if (out->reason == KM_R_OK) {
			done = cli_count_made(r->counts, who->member.kms, out->period_no, c->t + i) &&
					done;
		} else {
			crowd_reject(r->run->members, who, out->reason,
					out->reason == KM_R_ENGINE ? km_strerror(out->err) :
					km_reason_text(out->reason));
		}
	}
	return done;
}

static void show_progress(runner *r)
{
	const crowd *members = r->run->members;

	if (crowd_is_complete(members))
		r->total = crowd_counts(members).list->members;
	cli_show_progress(&r->progress, r->counts->made, r->total);
}

/* Write what the threads made of the chunk. */
static int finish(runner *r, chunk *c)
{
	int code = CLI_DONE;
	char shown[CLI_SHOWN], reason[MEMLOCK_TEXT];

	errno = 0;
	if (c->err != KM_OK) {
		cli_error("%s", memlock_strerror(reason, c->err));
		code = c->err == KM_EFAULT || c->err == KM_ESELFTEST ? CLI_SELFTEST : CLI_IO;
	} else if (mark_all(r, c) != CLI_DONE) {
		code = CLI_IO;
	} else if (!wait_write(fileno(r->run->out), c->text, c->text_len)) {
		cli_error("%s: %s", cli_show(shown, r->run->out_name, strlen(r->run->out_name)),
				strerror(errno));
		code = CLI_IO;
	} else if (!count(r, c) || !cli_count_written(r->counts, c->text, c->text_len)) {
		cli_error("%s", strerror(ENOMEM));
		code = CLI_IO;
	}
	for (size_t i = 0; i < c->n; i++)
		crowd_drop(&c->who[i]);
	if (code == CLI_DONE)
		cli_detail("%u %s, %zu %s at a time", r->run->jobs,
				word_for(r->run->jobs, "thread", "threads"), r->chunk_size,
				word_for(r->chunk_size, "member", "members"));
	show_progress(r);
	return code;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* Chunks of one size; those of a small group are shared out evenly to the threads. */
static size_t choose_size(const cli_run *run)
{
	size_t n = crowd_size(run->members), pieces;

	if (run->flush)
		return 1;
	if (!crowd_is_complete(run->members))
		return CHUNK;
	pieces = (n + CHUNK - 1) / CHUNK;
	pieces = (pieces + run->jobs - 1) / run->jobs * run->jobs;
	if (pieces > n / CHUNK_MIN)
		pieces = n / CHUNK_MIN;
	if (pieces < (n + CHUNK - 1) / CHUNK || pieces == 0)
		pieces = (n + CHUNK - 1) / CHUNK;
	return pieces == 0 ? 1 : (n + pieces - 1) / pieces;
}

static bool set_up(runner *r)
{
	r->n_chunks = 2 * (size_t)r->run->jobs + 1;
	r->chunk_size = choose_size(r->run);
	r->total = crowd_is_sized(r->run->members) ? crowd_size(r->run->members) : 0;
	show_progress(r);
	r->chunks = calloc(r->n_chunks, sizeof *r->chunks);
	r->threads = r->chunks == NULL ? NULL :
			pool_new(r->run->jobs, r->n_chunks, work, (void *)(uintptr_t)r->run);
	if (r->threads == NULL)
		cli_error("no threads: %s", strerror(errno));
	return r->threads != NULL;
}

static void take_down(runner *r)
{
	chunk *c;

	while (r->threads != NULL && (c = pool_take(r->threads)) != NULL) {
		for (size_t i = 0; i < c->n; i++)
			crowd_drop(&c->who[i]);
	}
	pool_free(r->threads);
	for (size_t i = 0; r->chunks != NULL && i < r->n_chunks; i++) {
		free(r->chunks[i].buf);
		free(r->chunks[i].text);
	}
	free(r->chunks);
}

/* Take what is done, and wait only where nothing else can be done. */
static int pump(runner *r)
{
	bool more = true;
	int code = CLI_DONE;

	for (;;) {
		bool must_wait = !more || r->run->flush || pool_full(r->threads);
		chunk *c = must_wait ? pool_take(r->threads) : pool_take_done(r->threads);

		if (c != NULL)
			code = finish(r, c);
		else if (!more)
			return CLI_DONE;
		if (code == CLI_DONE && more && !pool_full(r->threads))
			code = feed(r, &more);
		if (code == CLI_DONE && cli_interrupted)
			code = CLI_INTERRUPTED;
		if (code != CLI_DONE)
			return code;
	}
}

int cli_run_all(cli_counts *counts, const cli_run *run)
{
	runner r = { .run = run, .counts = counts, .progress = { .what = "members", .started = cli_seconds() } };
	int code = CLI_IO;

	if (!cli_count_start(counts))
		cli_error("%s", strerror(ENOMEM));
	else if (set_up(&r))
		code = pump(&r);
	take_down(&r);
	counts->seconds = cli_seconds() - r.progress.started;
	counts->rejected = crowd_counts(run->members).rejected;
	counts->complete = code == CLI_DONE;
	if (code == CLI_DONE && counts->rejected > 0)
		code = CLI_REJECTED;
	return code;
}
