/* run.c -- a run of the GMS: members in batches, whose pieces threads make; messages in order to the output. */
#include "run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memlock.h"
#include "base/wait.h"

uint64_t run_t(km_time t)
{
	return (uint64_t)t.seconds << 32 | t.fraction;
}

int run_out_of_memory(void)
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
	const uint64_t opened = state_last_t(store_state(gms->place)), now = run_t(km_time_now());
	uint64_t last = run_t(gms->last) > opened ? run_t(gms->last) : opened;

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
	batch_piece_let_go(p->of->batch, p->i);
}

/* ---- before the threads ---------------------------------------------------------------------- */

static void see(runner *r, const crowd_member *who)
{
	if (who->kms > r->n_kms || r->is_seen[who->kms])
		return;
	r->is_seen[who->kms] = true;
	r->n_seen++;
}

/* So that each KMS that was seen fills a piece, and each thread has one; few are shared out evenly.  A list that is few
 * pieces of each of several KMSs is one batch: its messages take less than the tables of all KMSs would, which have to
 * stay where more than one batch comes to them. */
size_t cli_window(const crowd *members, size_t n_kms, size_t jobs)
{
	const size_t n = crowd_size(members);
	size_t most = PIECE * (jobs > n_kms ? jobs : n_kms), windows;

	if (most > CLI_WINDOW_MAX)
		most = CLI_WINDOW_MAX;
	if (!crowd_is_complete(members) || n == 0)
		return most;
	if (n_kms > jobs && n <= 4 * PIECE * n_kms && n <= CLI_WINDOW_MAX)
		return n;
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

int run_refuse(km_err err, const km_complaint *why)
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
		return run_refuse(err, &why);
	return make_parts(w, batch_pieces(w->batch)) ? CLI_DONE : run_out_of_memory();
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
	const size_t size = r->run->flush ? 1 : cli_window(r->run->members, r->n_seen, r->run->jobs);
	int found = 1, code;

	w->n = 0;
	if (!make_room(w, size))
		return run_out_of_memory();
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
		r->windows[i].batch->by_piece = true;   /* threads turn what they make into text at once */
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
		run_out_of_memory();
		return false;
	}
	for (size_t i = 0; (who = crowd_at(members, i)) != NULL; i++)
		see(r, who);
	r->total = crowd_is_sized(members) ? crowd_size(members) : 0;
	run_show_progress(r);
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
		code = run_finish(r, w);
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
