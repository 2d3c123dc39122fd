/* batch_plan.c -- places of messages, and the pieces in which they are made. */
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "batch.h"

/* ---- SAKKE-to-self --------------------------------------------------------------------------- */

static int by_kms(const void *a, const void *b)
{
	const uintptr_t x = (uintptr_t)((const make_self *)a)->set->kms->keys;
	const uintptr_t y = (uintptr_t)((const make_self *)b)->set->kms->keys;

	return (x > y) - (x < y);
}

/* One for each key that is given to anybody: a run has one key set of each GMS. */
static km_err list_selves(km_batch *b)
{
	size_t kept = b->n_keys;

	for (size_t i = 0; i < b->n; i++)
		b->keys[b->members[i].of].n += b->members[i].reason == KM_R_OK;
	if (b->to_self != KM_TO_SELF_YES)
		return KM_OK;
	b->selves = calloc(b->n_keys + 1, sizeof *b->selves);
	if (b->selves == NULL)
		return KM_ENOMEM;
	for (size_t i = 0; i < b->n_keys; i++) {
		make_self self = { .key = b->keys[i].key, .set = b->gmss[b->keys[i].gms].set };

		if (b->keys[i].n == 0)
			continue;
		if (key_self(self.sed, b->keys[i].key, self.set->uid, ring_tables(self.set->kms)->z))
			b->selves[--kept] = self;
		else
			b->selves[b->n_selves++] = self;
	}
	if (b->n_selves > 1)
		qsort(b->selves, b->n_selves, sizeof *b->selves, by_kms);
	for (size_t i = 0; i < b->n_keys; i++) {
		if (b->selves[i].key != NULL)
			batch_find_key(b, b->selves[i].key)->self = &b->selves[i];
	}
	return KM_OK;
}

/* Those of one KMS from first on, as many as a piece has. */
static size_t end_of_selves(const km_batch *b, size_t first)
{
	size_t end = first + 1;

	while (end < b->n_selves && end - first < MAKE_MAX &&
	       b->selves[end].set->kms->keys == b->selves[first].set->kms->keys)
		end++;
	return end;
}

typedef struct {
	km_batch *b;
	batch_part *parts;
} selves_work;

static void do_selves(void *arg, size_t i)
{
	const selves_work *w = arg;
	batch_part *part = &w->parts[i];

	part->err = make_selves(w->b->selves + part->of.first, part->of.n, NULL);
}

km_err batch_make_selves(km_batch *b)
{
	selves_work w = { b, calloc(b->n_selves + 1, sizeof *w.parts) };
	km_err err = w.parts == NULL ? KM_ENOMEM : KM_OK;
	size_t n = 0;

	for (size_t i = 0; i < b->n_selves && err == KM_OK; i = end_of_selves(b, i))
		w.parts[n++] = (batch_part){ .of = { i, end_of_selves(b, i) - i }, .err = KM_EFAULT };
	threads_each(b->pool, do_selves, &w, n);
	for (size_t i = 0; i < n && err == KM_OK; i++)
		err = w.parts[i].err;
	for (size_t i = 0; i < b->n_selves && err == KM_OK; i++) {
		const make_self *self = &b->selves[i];

		key_keep_self(batch_find_key(b, self->key)->key, self->sed, self->set->uid,
				ring_tables(self->set->kms)->z);
	}
	free(w.parts);
	return err;
}

/* ---- items ----------------------------------------------------------------------------------- */

/* Numbers for KMSs with the same points, in the order in which they come. */
typedef struct {
	const km_kms_public **at;
	uint32_t n;
} kms_list;

static uint32_t number_of(kms_list *list, const km_kms_public *keys, uint32_t last)
{
	uint32_t i = 0;

	if (last < list->n && list->at[last] == keys)
		return last;
	while (i < list->n && list->at[i] != keys)
		i++;
	if (i == list->n)
		list->at[list->n++] = keys;
	return i;
}

static make_item item_of(km_batch *b, const batch_member *m)
{
	const batch_key *k = &b->keys[m->of];
	const batch_gms *g = &b->gmss[k->gms];

	return (make_item){
		.key = m->key, .what = m->what, .uri = batch_uri(b, m), .kms = g->valid[m->number],
		.signer = g->set, .period_no = m->period_no, .t = m->t,
		.to_self = k->self == NULL ? NULL : k->self->sed,
	};
}

/* Entries of those that are made, and the places of their messages. */
static km_err place(km_batch *b)
{
	kms_list list = { calloc(b->now->kms.n + 1, sizeof *list.at), 0 };
	uint32_t last = 0;

	b->entries = calloc(b->n + 1, sizeof *b->entries);
	if (list.at == NULL || b->entries == NULL) {
		free(list.at);
		return KM_ENOMEM;
	}
	for (size_t i = 0; i < b->n; i++) {
		batch_member *m = &b->members[i];
		make_item item;

		if (m->reason != KM_R_OK)
			continue;
		item = item_of(b, m);
		last = number_of(&list, item.kms->keys, last);
		b->entries[b->n_items++] = (plan_entry){ last, b->keys[m->of].gms, (uint32_t)i };
		m->len = make_size(&b->how, &item);
		if (b->by_piece)
			continue;
		m->uid_at = b->octets_len;
		m->at = m->uid_at + KM_UID_BYTES;
		b->octets_len = m->at + m->len;
	}
	free(list.at);
	return KM_OK;
}

/* Those of the run before are wiped. */
static km_err make_room(km_batch *b)
{
	if (b->octets_len <= b->octets_room)
		return KM_OK;
	free(b->octets);
	b->octets_room = 0;
	b->octets = malloc(b->octets_len);
	if (b->octets == NULL) {
		b->octets_len = 0;
		return KM_ENOMEM;
	}
	b->octets_room = b->octets_len;
	return KM_OK;
}

static void fill(km_batch *b)
{
	for (size_t i = 0; i < b->n_items; i++) {
		const batch_member *m = &b->members[b->entries[i].at];
		make_item item = item_of(b, m);

		item.len = m->len;
		if (!b->by_piece) {
			item.uid = b->octets + m->uid_at;
			item.msg = b->octets + m->at;
		}
		b->items[i] = item;
	}
}

static km_err cut(km_batch *b)
{
	const size_t threads = b->makers > 0 ? b->makers : threads_count(b->pool);
	const size_t n = plan_cut(NULL, b->entries, b->n_items, threads);
	plan_piece *pieces = calloc(n + 1, sizeof *pieces);

	b->parts = calloc(n + 1, sizeof *b->parts);
	if (pieces == NULL || b->parts == NULL) {
		free(pieces);
		return KM_ENOMEM;
	}
	b->n_parts = plan_cut(pieces, b->entries, b->n_items, threads);
	for (size_t i = 0; i < n; i++)
		b->parts[i] = (batch_part){ .of = pieces[i], .err = KM_EFAULT };     /* until it is made */
	free(pieces);
	return KM_OK;
}

km_err batch_plan(km_batch *b)
{
	km_err err = list_selves(b);

	b->how = (make_how){ b->identity == KM_IDENTITY_UID, b->map, b->services };
	if (err == KM_OK)
		err = place(b);
	if (err == KM_OK)
		err = make_room(b);
	if (err != KM_OK)
		return err;
	plan_sort(b->entries, b->n_items);
	b->items = calloc(b->n_items + 1, sizeof *b->items);
	if (b->items == NULL)
		return KM_ENOMEM;
	fill(b);
	return cut(b);
}
