/* run.c -- a run of the GMS: members in batches, whose pieces threads make; messages in order to the output. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memlock.h"
#include "base/wait.h"
#include "gms/batch.h"
#include "run/pool.h"

enum {
	PIECE = MAKE_MAX,       /* members */
	WINDOWS = 3,            /* one that is made, one before it, one behind it */
	WRITE_ROOM = 1 << 18,   /* octets that are written at once; a message as text has 100 000 at most */
};

typedef struct window window;

/* What a thread is handed: a piece to be made, and written as text. */
typedef struct {
	window *of;
	size_t i;
	char *text;
	size_t room;
	km_err err;
} part;

/* Where the text of a member stands; len 0: no message was made. */
typedef struct {
	const char *s;
	size_t len;
} line;

/* A batch on its way. */
struct window {
	const cli_run *run;
	km_batch *batch;
	crowd_member *who;
	line *lines;
	size_t n, room;
	part *parts;
	size_t n_parts, parts_room;
	size_t back;            /* parts that the threads gave back */
	km_reason refused;      /* none of them could be served; KM_R_OK: a batch was begun */
	int64_t now;            /* the clock as it was begun */
};

typedef struct {
	const cli_run *run;
	cli_counts *counts;
	pool *threads;
	window windows[WINDOWS];
	size_t n_windows;
	uint64_t put, done;     /* windows so far */
	bool *is_seen;          /* KMSs by their number */
	size_t n_kms, n_seen;
	char *out;              /* text that is to be written */
	size_t out_len;
	cli_progress progress;
	uint64_t total;         /* members, about; 0: not known */
	bool clock_warned;
} runner;

static uint64_t bits_of(km_time t)
{
	return (uint64_t)t.seconds << 32 | t.fraction;
}

static int out_of_memory(void)
{
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

/* ---- batches --------------------------------------------------------------------------------- */

km_batch *cli_batch(km_keyring *ring, const cli_settings *s)
{
	km_batch *b;

	if (km_batch_new(&b, ring) != KM_OK)
		return NULL;
	if (km_batch_set(b, KM_BATCH_IDENTITY, s->identity, NULL) == KM_OK &&
	    km_batch_set(b, KM_BATCH_MAP, s->map, NULL) == KM_OK &&
	    km_batch_set(b, KM_BATCH_SERVICES, s->services, NULL) == KM_OK &&
	    km_batch_set(b, KM_BATCH_TO_SELF, s->to_self, NULL) == KM_OK &&
	    km_batch_set(b, KM_BATCH_MEMBERS, s->members, NULL) == KM_OK &&
	    km_batch_set(b, KM_BATCH_JOURNAL, KM_JOURNAL_OFF, NULL) == KM_OK)
		return b;
	km_batch_free(b);
	return NULL;
}

/* Key sets must be good at T: not by a clock that is behind it. */
km_time cli_time(const km_gms *gms)
{
	const uint64_t opened = state_last_t(store_state(gms->place)), now = bits_of(km_time_now());
	uint64_t last = bits_of(gms->last) > opened ? bits_of(gms->last) : opened;

	last = now > last ? now : last;
	return (km_time){ (int64_t)(last >> 32), (uint32_t)last };
}

/* ---- on a thread ----------------------------------------------------------------------------- */

static km_str group_of(const window *w, const plan_entry *place)
{
	const group_list *g = w->run->by_group;

	return g == NULL ? (km_str){ NULL, 0 } : groups_row_at(g, w->who[place->at].row)->group;
}

static sink_message message_of(const window *w, const make_item *item, const plan_entry *place)
{
	return (sink_message){
		.group = group_of(w, place),
		.uri = item->uri, .kms = { item->kms->uri, strlen(item->kms->uri) }, .uid = item->uid,
		.period_no = item->period_no, .gmk_id = item->key->gmk_id, .guk_id = item->guk_id,
		.msg = item->msg, .len = item->len,
	};
}

static km_err encode(part *p, const make_item *items, const plan_entry *places, size_t n)
{
	const sink_format format = p->of->run->format;
	size_t need = 1;
	char *at;

	for (size_t i = 0; i < n; i++) {
		const sink_message m = message_of(p->of, &items[i], &places[i]);

		need += sink_size(format, &m);
	}
	if (need > p->room) {
		free(p->text);
		p->room = 0;
		p->text = malloc(need);
		if (p->text == NULL)
			return KM_ENOMEM;
		p->room = need;
	}
	at = p->text;
	for (size_t i = 0; i < n; i++) {
		const sink_message m = message_of(p->of, &items[i], &places[i]);
		line *l = &p->of->lines[places[i].at];

		if (items[i].reason != KM_R_OK)
			continue;
		*l = (line){ at, sink_put(at, format, &m) };
		at += l->len;
	}
	return KM_OK;
}

static void work(void *ctx, void *item)
{
	part *p = item;
	const make_item *items;
	const plan_entry *places;
	size_t n;

	(void)ctx;
	batch_piece(p->of->batch, p->i);
	items = batch_piece_items(&n, &places, p->of->batch, p->i);
	p->err = encode(p, items, places, n);
}

/* ---- before the threads ---------------------------------------------------------------------- */

static void see(runner *r, const crowd_member *who)
{
	if (who->kms > r->n_kms || r->is_seen[who->kms])
		return;
	r->is_seen[who->kms] = true;
	r->n_seen++;
}

/* So that each KMS that was seen fills a piece, and each thread has one; few are shared out evenly. */
static size_t choose_size(const runner *r)
{
	const crowd *members = r->run->members;
	const size_t jobs = r->run->jobs, n = crowd_size(members);
	size_t most = PIECE * (jobs > r->n_seen ? jobs : r->n_seen), windows;

	if (r->run->flush)
		return 1;
	if (most > CLI_WINDOW_MAX)
		most = CLI_WINDOW_MAX;
	if (!crowd_is_complete(members) || n == 0)
		return most;
	windows = (n + most - 1) / most;
	return (n + windows - 1) / windows;
}

static bool make_room(window *w, size_t n)
{
	crowd_member *who;
	line *lines;

	if (n <= w->room)
		return true;
	who = reallocarray(w->who, n, sizeof *who);
	if (who == NULL)
		return false;
	w->who = who;
	lines = reallocarray(w->lines, n, sizeof *lines);
	if (lines == NULL)
		return false;
	w->lines = lines;
	w->room = n;
	return true;
}

static bool make_parts(window *w, size_t n)
{
	part *bigger;

	if (n > w->parts_room) {
		bigger = reallocarray(w->parts, n, sizeof *bigger);
		if (bigger == NULL)
			return false;
		memset(bigger + w->parts_room, 0, (n - w->parts_room) * sizeof *bigger);
		w->parts = bigger;
		w->parts_room = n;
	}
	for (size_t i = 0; i < n; i++) {
		w->parts[i].of = w;
		w->parts[i].i = i;
		w->parts[i].err = KM_EFAULT;    /* until it is made */
	}
	w->n_parts = n;
	return true;
}

/* Why the GMS cannot sign at that time or a second later: T may lie there.  KM_R_OK: it can. */
static km_reason why_not(const cli_run *run, km_time at)
{
	const ring_snapshot *s = ring_take(run->ring);
	km_reason reason = KM_R_OK;

	for (int i = 0; i < 2 && reason == KM_R_OK; i++, at.seconds++) {
		km_complaint why;
		const km_kms *kms;
		const km_key_set *set;

		if (gms_can_sign(&kms, &set, run->gms, s, at, &why) != KM_OK)
			reason = kms != NULL && set == NULL ? KM_R_PERIOD : KM_R_EXPIRED;
	}
	ring_give_back(s);
	return reason;
}

static int code_of(km_err err)
{
	return err == KM_EFAULT || err == KM_ESELFTEST ? CLI_SELFTEST :
			err == KM_ECLOCK || err == KM_EKEY ? CLI_KEYS : CLI_IO;
}

static int refuse(km_err err, const km_complaint *why)
{
	char reason[MEMLOCK_TEXT];

	cli_error("%s", why->text[0] != '\0' ? why->text : memlock_strerror(reason, err));
	return code_of(err);
}

/* T is reserved, the pieces are known.  A key set that ends within the run, and a key that is revoked meanwhile, are
 * reasons of the members: what was made before is good. */
static int start(runner *r, window *w)
{
	const cli_run *run = r->run;
	const km_time at = cli_time(run->gms);
	km_complaint why = { 0 };
	km_err err = KM_OK;

	for (size_t i = 0; i < w->n && err == KM_OK; i++) {
		const crowd_member *who = &w->who[i];

		w->lines[i] = (line){ NULL, 0 };
		err = km_batch_add(w->batch, run->keys[who->key].key, who->uri.s, who->uri.len, who->kms,
				run->keys[who->key].revoke ? KM_REVOKE : KM_GIVE, i, &why);
	}
	w->refused = KM_R_OK;
	w->n_parts = w->back = 0;
	w->now = (int64_t)time(NULL);
	if (err == KM_OK)
		err = batch_start(w->batch, at, &why);
	if (err == KM_EREVOKED)
		w->refused = KM_R_KEY;
	else if (err == KM_ECLOCK)
		w->refused = why_not(run, at);
	if (w->refused != KM_R_OK)
		return CLI_DONE;
	if (err != KM_OK)
		return refuse(err, &why);
	return make_parts(w, batch_pieces(w->batch)) ? CLI_DONE : out_of_memory();
}

/* Of many keys, one that was revoked meanwhile stops nobody but its own members. */
static bool is_still_given(runner *r, crowd_member *who)
{
	const cli_key *key = &r->run->keys[who->key];

	if (r->run->by_group == NULL || key->revoke || !key->key->revoked)
		return true;
	crowd_reject(r->run->members, who, KM_R_KEY, km_reason_text(KM_R_KEY));
	crowd_drop(who);
	return false;
}

/* The next members, handed over.  *more: there may be members left. */
static int feed(runner *r, bool *more)
{
	window *w = &r->windows[r->put % r->n_windows];
	const size_t size = choose_size(r);
	int found = 1, code;

	w->n = 0;
	if (!make_room(w, size))
		return out_of_memory();
	while (w->n < size && !cli_interrupted && (found = crowd_next(r->run->members, &w->who[w->n])) == 1) {
		if (is_still_given(r, &w->who[w->n]))
			see(r, &w->who[w->n++]);
	}
	*more = found == 1;
	if (found < 0 || cli_interrupted || w->n == 0)
		code = cli_interrupted ? CLI_INTERRUPTED : -found;
	else
		code = start(r, w);
	if (w->n > 0 && code == CLI_DONE) {
		for (size_t i = 0; i < w->n_parts; i++)
			pool_put(r->threads, &w->parts[i]);
		r->put++;
		return code;
	}
	for (size_t i = 0; i < w->n; i++)
		crowd_drop(&w->who[i]);
	return code;
}

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
			return out_of_memory();
	}
	for (size_t n = 0; n < PIECE && *i < w->n && w->who[*i].key == key; n++, (*i)++) {
		if (km_batch_made(&made, w->batch, *i) != 1 || made.reason != KM_R_OK)
			continue;
		t = t == 0 ? bits_of(made.t) : t;
		if (!mark_one(r, &w->who[*i], made.guk_id ^ made.gmk_id))
			return out_of_memory();
	}
	if (t == 0)
		return CLI_DONE;
	if (run->journal != NULL)
		return journal_many_put(run->journal, run->journal_run, kind, run->keys[key].key->gmk_id, t) ?
				CLI_DONE : out_of_memory();
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
					bits_of(made.t)) && done;
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

static void show_progress(runner *r)
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
	return err == KM_OK || err == KM_EPARTIAL ? CLI_DONE : refuse(err, &why);
}

/* Behind the marks, which stay: those who have them are told of the revocation. */
static int check_again(window *w)
{
	km_complaint why = { 0 };
	km_err err = batch_check_again(w->batch, &why);

	if (err == KM_EREVOKED)
		w->refused = KM_R_KEY;
	return err == KM_OK || err == KM_EREVOKED ? CLI_DONE : refuse(err, &why);
}

/* What the threads made of a window, written. */
static int finish(runner *r, window *w)
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
		code = out_of_memory();
	km_batch_clear(w->batch);
	for (size_t i = 0; i < w->n; i++)
		crowd_drop(&w->who[i]);
	if (code == CLI_DONE)
		cli_detail("%u %s, %zu %s at a time", r->run->jobs,
				word_for(r->run->jobs, "thread", "threads"), w->n,
				word_for(w->n, "member", "members"));
	w->n = 0;
	show_progress(r);
	return code;
}

/* ---- the run --------------------------------------------------------------------------------- */

static bool set_up_windows(runner *r)
{
	const cli_run *run = r->run;

	r->n_windows = run->flush ? 1 : WINDOWS;
	for (size_t i = 0; i < r->n_windows; i++) {
		r->windows[i].run = run;
		r->windows[i].batch = cli_batch(run->ring, &run->settings);
		if (r->windows[i].batch == NULL)
			return false;
		r->windows[i].batch->makers = run->jobs;
	}
	return true;
}

static bool set_up(runner *r)
{
	const crowd *members = r->run->members;
	const ring_snapshot *s = ring_take(r->run->ring);
	const crowd_member *who;

	r->n_kms = s->names.n;
	ring_give_back(s);
	r->is_seen = calloc(r->n_kms + 1, sizeof *r->is_seen);
	r->out = malloc(WRITE_ROOM);
	if (r->is_seen == NULL || r->out == NULL || !set_up_windows(r)) {
		out_of_memory();
		return false;
	}
	for (size_t i = 0; (who = crowd_at(members, i)) != NULL; i++)
		see(r, who);
	r->total = crowd_is_sized(members) ? crowd_size(members) : 0;
	show_progress(r);
	r->threads = pool_new(r->run->jobs, (size_t)WINDOWS * CLI_WINDOW_MAX, work, NULL);
	if (r->threads == NULL)
		cli_error("no threads: %s", strerror(errno));
	return r->threads != NULL;
}

static void take_down(runner *r)
{
	pool_free(r->threads);
	for (size_t i = 0; i < r->n_windows; i++) {
		window *w = &r->windows[i];

		km_batch_free(w->batch);
		for (size_t k = 0; k < w->n; k++)
			crowd_drop(&w->who[k]);
		for (size_t k = 0; k < w->parts_room; k++)
			free(w->parts[k].text);
		free(w->parts);
		free(w->lines);
		free(w->who);
	}
	free(r->is_seen);
	free(r->out);
}

/* Windows that are back, in their order. */
static int finish_ready(runner *r)
{
	int code = CLI_DONE;

	while (code == CLI_DONE && r->done < r->put) {
		window *w = &r->windows[r->done % r->n_windows];

		if (w->back < w->n_parts)
			break;
		code = finish(r, w);
		r->done++;
	}
	return code;
}

/* Take what is done, and wait only where nothing else can be done. */
static int pump(runner *r)
{
	bool more = true;
	int code = CLI_DONE;

	while (code == CLI_DONE && (more || r->done < r->put)) {
		const bool is_full = r->put - r->done == r->n_windows;
		part *p = !more || is_full ? pool_take(r->threads) : pool_take_done(r->threads);

		if (p != NULL) {
			p->of->back++;
			code = finish_ready(r);
		} else if (more) {
			code = feed(r, &more);
			if (code == CLI_DONE)
				code = finish_ready(r);
		}
		if (code == CLI_DONE && cli_interrupted)
			code = CLI_INTERRUPTED;
	}
	return code;
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
