/* keyring.c -- rings and their snapshots: what is held, and how more takes its place.
 *
 * Every call works on one snapshot.  Who adds or takes out copies the lists, changes the copy and puts it in place,
 * unless another did so meanwhile: then once more.  So nothing is locked while documents are read.
 */
#include "keyring_load.h"
#include "keyring_pointers.h"

#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "base/threads.h"
#include "base/when.h"
#include "message/keyparams.h"

/* ---- lists ----------------------------------------------------------------------------------- */

bool ring_list_add(ring_list *l, void *entry)
{
	if (l->n == l->room) {
		size_t more = l->room == 0 ? 4 : 2 * l->room;
		void **bigger = reallocarray(l->at, more, sizeof *bigger);

		if (bigger == NULL)
			return false;
		l->at = bigger;
		l->room = more;
	}
	l->at[l->n++] = entry;
	return true;
}

static void list_clear(ring_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		ring_let_go(l->at[i]);
	free(l->at);
	*l = (ring_list){ 0 };
}

static bool list_copy(ring_list *to, const ring_list *from)
{
	if (from->n == 0)
		return true;
	to->at = malloc((from->n + 1) * sizeof *to->at);        /* one is what most add */
	if (to->at == NULL)
		return false;
	to->room = from->n + 1;
	memcpy(to->at, from->at, from->n * sizeof *to->at);
	to->n = from->n;
	for (size_t i = 0; i < to->n; i++)
		ring_hold(to->at[i]);
	return true;
}

/* ---- the index ------------------------------------------------------------------------------- */

/* Two with one UID, under other keys of their KMS, both stand in it. */
static void index_add(ring_snapshot *s, size_t place)
{
	uint64_t i;

	memcpy(&i, keys_at(s, place)->set.uid, sizeof i);
	while (s->slots[i & (s->n_slots - 1)] != 0)
		i++;
	s->slots[i & (s->n_slots - 1)] = (uint32_t)(place + 1);
}

void ring_index_again(ring_snapshot *s)
{
	if (s->n_slots > 0)
		memset(s->slots, 0, s->n_slots * sizeof *s->slots);
	for (size_t i = 0; i < s->keys.n; i++)
		index_add(s, i);
}

static bool index_room(ring_snapshot *s, size_t n)
{
	size_t n_slots = 16;
	uint32_t *slots;

	if (s->n_slots >= 2 * n)
		return true;
	while (n_slots < 4 * n)
		n_slots *= 2;
	slots = calloc(n_slots, sizeof *slots);
	if (slots == NULL)
		return false;
	free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
	ring_index_again(s);
	return true;
}

bool ring_add_keys(ring_snapshot *draft, keys_entry *entry)
{
	if (draft->keys.n >= UINT32_MAX / 8 || !index_room(draft, draft->keys.n + 1) ||
	    !ring_list_add(&draft->keys, entry))
		return false;
	index_add(draft, draft->keys.n - 1);
	return true;
}

keys_entry *ring_next_with(const ring_snapshot *s, const uint8_t uid[KM_UID_BYTES], size_t *at)
{
	uint64_t i;

	memcpy(&i, uid, sizeof i);
	while (s->n_slots > 0) {
		uint32_t slot = s->slots[(i + (*at)++) & (s->n_slots - 1)];

		if (slot == 0)
			break;
		if (memcmp(keys_at(s, slot - 1)->set.uid, uid, KM_UID_BYTES) == 0)
			return keys_at(s, slot - 1);
	}
	return NULL;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

const ring_snapshot *ring_take(const km_keyring *ring)
{
	km_keyring *r = (km_keyring *)(uintptr_t)ring;  /* as km_keyring_new made it; its lock changes */
	ring_snapshot *s;

	lock_take(&r->lock);
	s = r->now;
	s->uses++;
	lock_give(&r->lock);
	return s;
}

void ring_give_back(const ring_snapshot *given)
{
	ring_snapshot *s = (ring_snapshot *)(uintptr_t)given;   /* as ring_change made it; its count changes */

	if (s == NULL || atomic_fetch_sub_explicit(&s->uses, 1, memory_order_acq_rel) != 1)
		return;
	list_clear(&s->keys);
	list_clear(&s->kms);
	list_clear(&s->names);
	list_clear(&s->lost);
	free(s->slots);
	free(s);
}

static ring_snapshot *draft_of(const ring_snapshot *base)
{
	ring_snapshot *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->uses = 1;
	s->any_period = base->any_period;
	if (list_copy(&s->names, &base->names) && list_copy(&s->kms, &base->kms) &&
	    list_copy(&s->keys, &base->keys) && list_copy(&s->lost, &base->lost) &&
	    index_room(s, s->keys.n))
		return s;
	ring_give_back(s);
	return NULL;
}

/* In place of base, if that is still there; then the ring holds draft, and base no more.  What pointers were given
 * out of is kept until the ring is freed. */
static bool put_in_place(km_keyring *ring, const ring_snapshot *base, ring_snapshot *draft)
{
	ring_snapshot *before;
	bool done, keep;

	lock_take(&ring->lock);
	before = ring->now;
	done = before == base;
	keep = done && ring->gave_out && (draft->kms.n < base->kms.n || draft->keys.n < base->keys.n ||
			draft->lost.n < base->lost.n);
	if (done)
		ring->now = draft;
	if (keep) {
		before->kept = ring->kept;
		ring->kept = before;
	}
	lock_give(&ring->lock);
	if (done && !keep)
		ring_give_back(before);
	return done;
}

km_err ring_change(km_keyring *ring, ring_edit *edit, void *arg)
{
	km_err err = KM_OK;
	bool done = false;

	while (err == KM_OK && !done) {
		const ring_snapshot *base = ring_take(ring);
		ring_snapshot *draft = draft_of(base);

		err = draft == NULL ? KM_ENOMEM : edit(draft, arg);
		done = err == KM_OK && put_in_place(ring, base, draft);
		if (!done)
			ring_give_back(draft);
		ring_give_back(base);
	}
	return err;
}

/* ---- rings ----------------------------------------------------------------------------------- */

km_err km_keyring_new(km_keyring **ring)
{
	*ring = keyparams_start() ? calloc(1, sizeof **ring) : NULL;     /* before anything is made or opened */
	if (*ring != NULL) {
		(*ring)->now = calloc(1, sizeof *(*ring)->now);
		(*ring)->tables = tables_new();
	}
	if (*ring == NULL || (*ring)->now == NULL || (*ring)->tables == NULL) {
		if (*ring != NULL) {
			free((*ring)->now);
			tables_let_go((*ring)->tables);
		}
		free(*ring);
		*ring = NULL;
		return KM_ENOMEM;
	}
	(*ring)->uses = 1;
	(*ring)->now->uses = 1;
	return KM_OK;
}

km_keyring *keyring_hold(km_keyring *ring)
{
	ring->uses++;
	return ring;
}

void km_keyring_free(km_keyring *ring)
{
	if (ring == NULL || atomic_fetch_sub_explicit(&ring->uses, 1, memory_order_acq_rel) != 1)
		return;
	for (ring_snapshot *s = ring->kept; s != NULL;) {
		ring_snapshot *next = s->kept;

		ring_give_back(s);
		s = next;
	}
	ring_give_back(ring->now);
	tables_let_go(ring->tables);
	km_pool_free(ring->pool);
	free(ring);
}

void km_keyring_pool(km_keyring *ring, km_pool *pool)
{
	km_pool *before;

	threads_hold(pool);
	lock_take(&ring->lock);
	before = ring->pool;
	ring->pool = pool;
	lock_give(&ring->lock);
	km_pool_free(before);
}

km_pool *ring_pool(const km_keyring *ring)
{
	km_keyring *r = (km_keyring *)(uintptr_t)ring;  /* as in ring_take */
	km_pool *pool;

	lock_take(&r->lock);
	pool = threads_hold(r->pool);
	lock_give(&r->lock);
	return pool;
}

uint32_t km_keyring_kms(const km_keyring *ring, const char *kms_uri, size_t len)
{
	const ring_snapshot *s = ring_take(ring);
	uint32_t number = ring_number(s, kms_uri, len);

	ring_give_back(s);
	return number;
}

void km_keyring_on_remark(km_keyring *ring, void (*remark)(void *ctx, const char *text), void *ctx)
{
	ring->remark = remark;
	ring->ctx = ctx;
}

/* ---- settings -------------------------------------------------------------------------------- */

static km_err edit_periods(ring_snapshot *draft, void *value)
{
	draft->any_period = *(const uint64_t *)value == KM_PERIODS_ANY;
	return KM_OK;
}

km_err km_keyring_set(km_keyring *ring, km_ring_setting what, uint64_t value, km_complaint *why)
{
	km_complaint spare;

	why = complain_anew(why, &spare);
	switch (what) {
	case KM_RING_TABLES_BYTES:
		if (value == 0)
			return complain_field(why, "KM_RING_TABLES_BYTES", "0: tables of no KMS would have a place");
		tables_bound(ring->tables, value);
		return KM_OK;
	case KM_RING_PERIODS:
		if (value != KM_PERIODS_RULED && value != KM_PERIODS_ANY)
			return complain_field(why, "KM_RING_PERIODS", "neither KM_PERIODS_RULED nor KM_PERIODS_ANY");
		return ring_change(ring, edit_periods, &value);
	case KM_RING_NAMESPACES:
		if (value != KM_NAMESPACES_3GPP && value != KM_NAMESPACES_ANY)
			return complain_field(why, "KM_RING_NAMESPACES",
					"neither KM_NAMESPACES_3GPP nor KM_NAMESPACES_ANY");
		ring->lax_ns = value == KM_NAMESPACES_ANY;
		return KM_OK;
	}
	return complain_field(why, "what", "not a setting of a keyring");
}

/* ---- pruning --------------------------------------------------------------------------------- */

/* Those that edit_prune keeps; the others are let go. */
static void keep_those(ring_list *l, bool (*serves)(const ring_snapshot *s, const void *entry, int64_t from),
		const ring_snapshot *s, int64_t from)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (serves(s, l->at[i], from))
			l->at[n++] = l->at[i];
		else
			ring_let_go(l->at[i]);
	}
	l->n = n;
}

/* With any numbering of periods, validities alone tell. */
static bool period_serves(const ring_snapshot *s, const km_kms *kms, uint64_t period_no, int64_t from)
{
	return s->any_period || period_no >= km_key_period_no(when_second(from), kms->period, kms->offset);
}

static bool keys_serve(const ring_snapshot *s, const void *entry, int64_t from)
{
	const km_key_set *set = &((const keys_entry *)entry)->set;

	return set->valid_to >= from && period_serves(s, set->kms, set->period_no, from);
}

static bool kms_serves(const ring_snapshot *s, const void *entry, int64_t from)
{
	(void)s;
	return ((const kms_entry *)entry)->kms.valid_to >= from;
}

/* What was refused is told while its period lasts. */
static bool lost_serves(const ring_snapshot *s, const void *entry, int64_t from)
{
	const lost_keys *lost = entry;
	const km_kms *kms = ring_kms(s, lost->kms_uri, strlen(lost->kms_uri));

	return kms != NULL && period_serves(s, kms, lost->period_no, from);
}

static km_err edit_prune(ring_snapshot *draft, void *before)
{
	int64_t from = ((const km_time *)before)->seconds;

	keep_those(&draft->keys, keys_serve, draft, from);
	keep_those(&draft->kms, kms_serves, draft, from);
	keep_those(&draft->lost, lost_serves, draft, from);
	ring_index_again(draft);
	return KM_OK;
}

km_err km_keyring_prune(km_keyring *ring, km_time before, km_complaint *why)
{
	km_complaint spare;

	(void)complain_anew(why, &spare);
	return ring_change(ring, edit_prune, &before);
}
