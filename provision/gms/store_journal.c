/* store_journal.c -- the journals of a GMS in files: a key's own where one key is served alone, else one of many. */
#include "store_journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/complain.h"
#include "base/lock.h"

enum { CHUNK = 1024 };                  /* members of a frame, whose URIs fit however long they are */
#define SIZE_MAX_OF_MANY ((uint64_t)64 << 20)   /* a new file of many is begun behind it */

/* A file of many, held by its runs, and while runs begin there. */
typedef struct {
	journal_many *file;
	size_t holders;
} many;

/* A run that is not ended, and its numbers where it has marks. */
typedef struct {
	uint64_t run;
	many *many;             /* NULL: none there */
	uint32_t number;
	bool in_one;
	uint32_t one_number;
} open_run;

struct store_journal {
	lock lock;
	uint64_t process;       /* a child of fork begins anew, and leaves its parent's files alone */
	journal *one;           /* of the only key so far; NULL: none */
	uint32_t last_one;      /* the last number of a run in it */
	many *now;              /* the file of many that runs begin in; NULL: none */
	open_run *runs;
	size_t n, room;
};

store_journal *store_journal_new(void)
{
	return calloc(1, sizeof(store_journal));
}

static void drop(many *m)
{
	if (m == NULL || --m->holders > 0)
		return;
	journal_many_close(m->file);
	free(m);
}

void store_journal_free(store_journal *s)
{
	if (s == NULL)
		return;
	if (s->process == lock_process()) {
		for (size_t i = 0; i < s->n; i++)
			drop(s->runs[i].many);
		drop(s->now);
		journal_close(s->one);
		free(s->runs);
	}
	free(s);
}

/* What a parent was in the middle of is not this process's: its memory is left as it is. */
static void enter(store_journal *s)
{
	lock_take(&s->lock);
	if (s->process == lock_process())
		return;
	s->process = lock_process();
	s->one = NULL;
	s->last_one = 0;
	s->now = NULL;
	s->runs = NULL;
	s->n = s->room = 0;
}

static km_err err_of(journal_result result)
{
	return result == JOURNAL_OK ? KM_OK : result == JOURNAL_CORRUPT ? KM_ELOST : KM_EIO;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static open_run *find_run(const store_journal *s, uint64_t run)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->runs[i].run == run)
			return &s->runs[i];
	}
	return NULL;
}

/* NULL: out of memory. */
static open_run *begin_run(store_journal *s, uint64_t run)
{
	open_run *r = find_run(s, run);

	if (r != NULL)
		return r;
	if (s->n == s->room) {
		open_run *bigger = reallocarray(s->runs, 2 * s->room + 4, sizeof *bigger);

		if (bigger == NULL)
			return NULL;
		s->runs = bigger;
		s->room = 2 * s->room + 4;
	}
	s->runs[s->n] = (open_run){ .run = run };
	return &s->runs[s->n++];
}

/* ---- a key served alone ---------------------------------------------------------------------- */

static journal_key describe(const char *groups[KM_GROUPS_MAX], const km_key *key)
{
	for (size_t i = 0; i < key->params.n_groups; i++)
		groups[i] = key->params.groups[i].s;
	return (journal_key){ key->gmk_id, key->params.activation, key->params.expiry, key->gms.s, key->kms.s,
			key->params.text.len == 0 ? "" : key->params.text.s, key->params.n_groups, groups };
}

/* Has this process served this key alone so far? */
static bool is_alone(const store_journal *s, const km_mark *marks, size_t n)
{
	if (s->now != NULL || (s->one != NULL && journal_of(s->one)->gmk_id != marks[0].gmk_id))
		return false;
	for (size_t i = 1; i < n; i++) {
		if (marks[i].gmk_id != marks[0].gmk_id)
			return false;
	}
	return true;
}

static journal_kind kind_of(const km_mark *mark)
{
	return mark->what == KM_REVOKE ? JOURNAL_TOLD : JOURNAL_GIVEN;
}

/* One of them is it. */
static const km_key *find_key(km_key *const *keys, size_t n, uint32_t gmk_id)
{
	size_t i = 0;

	while (i + 1 < n && keys[i]->gmk_id != gmk_id)
		i++;
	return keys[i];
}

static km_err refuse_gmk(const km_key *key, const char *text, km_complaint *why)
{
	char said[128];

	snprintf(said, sizeof said, "%08x: %s", (unsigned)key->gmk_id, text);
	complain(why, "group key", 0, "gmk", said);
	return KM_EKEY;
}

/* A GMK-ID that two keys of a run have names neither. */
static km_err check_apart(const km_key *a, const km_key *b, km_complaint *why)
{
	if (a->gmk_id != b->gmk_id || sodium_memcmp(a->gmk, b->gmk, KM_SSV_BYTES) == 0)
		return KM_OK;
	return refuse_gmk(a, "another key of this run has this GMK-ID", why);
}

/* All are of the journal of one key. */
static km_err check_one(const store_journal *s, km_key *const *keys, size_t n, km_complaint *why)
{
	km_err err = KM_OK;

	for (size_t i = 0; i < n && err == KM_OK; i++) {
		err = check_apart(keys[0], keys[i], why);
		if (err == KM_OK && !journal_has_salts_of(s->one, keys[i]->gmk))
			err = refuse_gmk(keys[i], "not the key that members were given under this GMK-ID", why);
	}
	return err;
}

static km_err open_one(store_journal *s, const char *state_file, const km_key *key, km_complaint *why)
{
	const char *groups[KM_GROUPS_MAX];
	const journal_key wanted = describe(groups, key);
	char *path;
	km_err err;

	if (s->one != NULL)
		return KM_OK;
	path = journal_path(state_file, key->gmk_id);
	if (path == NULL)
		return KM_ENOMEM;
	err = err_of(journal_open(&s->one, path, JOURNAL_MAKE, &wanted, why));
	free(path);
	return err;
}

static km_err mark_one(store_journal *s, open_run *r, uint64_t t, const km_mark *marks, size_t n,
		km_complaint *why)
{
	journal_result result = JOURNAL_OK;
	size_t in_frame = 0;

	if (!r->in_one)
		r->one_number = s->last_one = journal_free_run(s->one, s->last_one);
	r->in_one = true;
	journal_set_run(s->one, r->one_number);
	for (size_t i = 0; i < n && result == JOURNAL_OK; i++) {
		if (!journal_add(s->one, marks[i].salt, marks[i].uri.s, marks[i].uri.len))
			return KM_ENOMEM;
		if (++in_frame < CHUNK && i + 1 < n && marks[i + 1].what == marks[i].what)
			continue;
		result = journal_put(s->one, kind_of(&marks[i]), t, i + 1 == n, why);
		in_frame = 0;
	}
	return err_of(result);
}

/* ---- many keys ------------------------------------------------------------------------------- */

/* The file that a run goes on in, or that runs begin in now. */
static km_err open_many(store_journal *s, open_run *r, const char *state_file, km_complaint *why)
{
	if (r->many != NULL)
		return KM_OK;
	if (s->now == NULL || journal_many_size(s->now->file) > SIZE_MAX_OF_MANY) {
		many *m = calloc(1, sizeof *m);
		km_err err;

		if (m == NULL)
			return KM_ENOMEM;
		m->holders = 1;
		err = err_of(journal_many_new(&m->file, state_file, why));
		if (err != KM_OK) {
			free(m);
			return err;
		}
		drop(s->now);
		s->now = m;
	}
	r->many = s->now;
	r->many->holders++;
	r->number = journal_many_run(r->many->file);
	return KM_OK;
}

/* It may hold half of what was to be written: no run begins there any more. */
static void give_up(store_journal *s, many *m)
{
	if (s->now != m)
		return;
	s->now = NULL;
	drop(m);
}

static int by_id(const void *a, const void *b)
{
	const km_key *const *x = a, *const *y = b;

	return ((*x)->gmk_id > (*y)->gmk_id) - ((*x)->gmk_id < (*y)->gmk_id);
}

static int by_key_and_what(const void *a, const void *b, void *ctx)
{
	const km_mark *marks = ctx;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;

	if (marks[i].gmk_id != marks[k].gmk_id)
		return marks[i].gmk_id < marks[k].gmk_id ? -1 : 1;
	if (marks[i].what != marks[k].what)
		return marks[i].what < marks[k].what ? -1 : 1;
	return (i > k) - (i < k);
}

/* order sorts marks, sorted is keys by their GMK-ID.  false: out of memory. */
static bool gather(const open_run *r, uint64_t t, const km_mark *marks, const size_t *order, size_t n,
		km_key *const *sorted, size_t n_keys)
{
	journal_many *file = r->many->file;
	size_t key = 0, in_frame = 0;

	for (size_t i = 0; i < n; i++) {
		const km_mark *m = &marks[order[i]], *next = i + 1 < n ? &marks[order[i + 1]] : NULL;
		bool is_first = i == 0 || marks[order[i - 1]].gmk_id != m->gmk_id;

		while (is_first && key + 1 < n_keys && sorted[key]->gmk_id < m->gmk_id)
			key++;
		if (is_first) {
			const char *groups[KM_GROUPS_MAX];
			const journal_key described = describe(groups, sorted[key]);

			if (!journal_many_key(file, &described))
				return false;
		}
		if (!journal_many_add(file, m->salt, m->uri.s, m->uri.len))
			return false;
		if (++in_frame < CHUNK && next != NULL && next->gmk_id == m->gmk_id && next->what == m->what)
			continue;
		if (!journal_many_put(file, r->number, kind_of(m), m->gmk_id, t))
			return false;
		in_frame = 0;
	}
	return true;
}

static km_err mark_many(store_journal *s, open_run *r, uint64_t t, const km_mark *marks, size_t n,
		km_key *const *keys, size_t n_keys, km_complaint *why)
{
	size_t *order = calloc(n, sizeof *order);
	km_key **sorted = calloc(n_keys, sizeof(km_key *));
	km_err err = order == NULL || sorted == NULL ? KM_ENOMEM : KM_OK;

	if (err == KM_OK) {
		for (size_t i = 0; i < n; i++)
			order[i] = i;
		qsort_r(order, n, sizeof *order, by_key_and_what, (void *)(uintptr_t)marks);
		memcpy(sorted, keys, n_keys * sizeof(km_key *));
		qsort(sorted, n_keys, sizeof(km_key *), by_id);
		for (size_t i = 1; i < n_keys && err == KM_OK; i++)
			err = check_apart(sorted[i - 1], sorted[i], why);
	}
	if (err == KM_OK) {
		err = gather(r, t, marks, order, n, sorted, n_keys) ?
				err_of(journal_many_sync(r->many->file, why)) : KM_ENOMEM;
	}
	if (err != KM_OK)
		give_up(s, r->many);
	free(order);
	free(sorted);
	return err;
}

km_err store_journal_mark(store_journal *s, const char *state_file, uint64_t run, uint64_t t,
		const km_mark *marks, size_t n, km_key *const *keys, size_t n_keys, km_complaint *why)
{
	open_run *r;
	km_err err = KM_OK;

	if (n == 0)
		return KM_OK;
	enter(s);
	r = begin_run(s, run);
	if (r == NULL) {
		err = KM_ENOMEM;
	} else if (is_alone(s, marks, n) && r->many == NULL) {
		err = open_one(s, state_file, find_key(keys, n_keys, marks[0].gmk_id), why);
		if (err == KM_OK)
			err = check_one(s, keys, n_keys, why);
		if (err == KM_OK)
			err = mark_one(s, r, t, marks, n, why);
	} else {
		err = open_many(s, r, state_file, why);
		if (err == KM_OK)
			err = mark_many(s, r, t, marks, n, keys, n_keys, why);
	}
	lock_give(&s->lock);
	return err;
}

/* ---- the end of a run ------------------------------------------------------------------------ */

static km_err end_one(store_journal *s, const open_run *r, bool delivered, km_complaint *why)
{
	journal_set_run(s->one, r->one_number);
	return err_of(delivered ? journal_commit(s->one, why) : journal_take_back(s->one, why));
}

static km_err end_many(store_journal *s, const open_run *r, bool delivered, km_complaint *why)
{
	km_err err = journal_many_end(r->many->file, r->number, delivered) ?
			err_of(journal_many_sync(r->many->file, why)) : KM_ENOMEM;

	if (err != KM_OK)
		give_up(s, r->many);
	return err;
}

km_err store_journal_end(store_journal *s, uint64_t run, bool delivered, km_complaint *why)
{
	open_run *r;
	km_err err = KM_OK, also = KM_OK;

	enter(s);
	r = find_run(s, run);
	if (r == NULL) {
		complain(why, "journal", 0, NULL, "that run has no members, or was ended, or is another process's");
		err = KM_EIO;
	} else {
		if (r->in_one)
			err = end_one(s, r, delivered, why);
		r->in_one = r->in_one && err != KM_OK;
		if (r->many != NULL)
			also = end_many(s, r, delivered, why);
		if (r->many != NULL && also == KM_OK) {
			drop(r->many);
			r->many = NULL;
		}
		if (!r->in_one && r->many == NULL)
			*r = s->runs[--s->n];   /* else it is tried again */
	}
	lock_give(&s->lock);
	return err != KM_OK ? err : also;
}

void store_journal_leave(store_journal *s, uint64_t run)
{
	open_run *r;

	enter(s);
	r = find_run(s, run);
	if (r != NULL) {
		drop(r->many);
		*r = s->runs[--s->n];
	}
	lock_give(&s->lock);
}

/* ---- who was given a key --------------------------------------------------------------------- */

typedef struct {
	uint32_t gmk_id;
	km_given *to;
	int done;
} giving;

static void give(void *ctx, journal_kind kind, uint32_t salt, const char *uri, size_t len, bool sure)
{
	giving *g = ctx;
	const km_mark mark = { .gmk_id = g->gmk_id, .what = kind == JOURNAL_TOLD ? KM_REVOKE : KM_GIVE, .salt = salt,
			.is_sure = sure, .uri = { uri, len } };

	if (g->done == KM_STORE_DONE)
		g->done = km_given_put(g->to, &mark);
}

km_err store_journal_given(const char *state_file, uint32_t gmk_id, km_given *to, km_complaint *why)
{
	giving g = { gmk_id, to, KM_STORE_DONE };
	char *path = journal_path(state_file, gmk_id);
	journal *j = NULL;
	journal_result result;

	if (path == NULL)
		return KM_ENOMEM;
	result = journal_open(&j, path, JOURNAL_READ, NULL, why);
	free(path);
	if (result == JOURNAL_NONE)
		complain_anew(why, why);
	if (result == JOURNAL_OK)
		journal_each(j, give, &g);
	journal_close(j);
	return result == JOURNAL_NONE ? KM_OK : result != JOURNAL_OK ? err_of(result) :
			g.done == KM_STORE_DONE ? KM_OK : KM_ENOMEM;
}
