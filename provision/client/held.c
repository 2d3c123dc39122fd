/* held.c -- what a client has accepted: messages seen, and keys held. */
#include "held.h"

#include <stdlib.h>
#include <string.h>

/* Nodes hang in a tree by two bits of their hash a level, and below LEVELS one under the other.  Adding one is one
 * store, and whatever has the same hash lies on the way to it. */
enum { LEVELS = 32 };
#define KEEP (400 * (int64_t)86400)     /* seconds after the expiry of a key */

typedef struct node {
	uint64_t hash;
	_Atomic(struct node *) below[4];
	_Atomic(struct node *) after;    /* in the order in which they came */
} node;

typedef struct {
	_Atomic(node *) root, first;
	_Atomic(node *) *end;    /* some place in the order that is not long past: a fork may fall before it moves */
} tree;

typedef struct {
	node node;
	held_seen seen;
} seen_node;

/* What changes of a key, in one store. */
typedef struct {
	km_key *key;
	uint64_t ntp64;
} version;

typedef struct {
	node node;
	_Atomic(version *) now;
} key_node;

struct held {
	tree seen, keys;
};

/* ---- trees ----------------------------------------------------------------------------------- */

/* The first node of that hash on the way, or NULL; from that one on, the next. */
typedef struct {
	const _Atomic(node *) *place;
	unsigned level;
	uint64_t hash;
} way;

static way way_to(const tree *t, uint64_t hash)
{
	return (way){ &t->root, 0, hash };
}

static node *way_next(way *w)
{
	node *n;

	while ((n = *w->place) != NULL) {
		w->place = &n->below[w->level < LEVELS ? w->hash >> 2 * w->level & 3 : 0];
		w->level++;
		if (n->hash == w->hash)
			return n;
	}
	return NULL;
}

static void tree_add(tree *t, node *n)
{
	way w = way_to(t, n->hash);
	_Atomic(node *) *end = t->end == NULL ? &t->first : t->end;

	while (way_next(&w) != NULL)
		continue;
	while (*end != NULL)
		end = &(*end)->after;
	*end = n;
	t->end = &n->after;
	*(_Atomic(node *) *)(uintptr_t)w.place = n;
}

static uint64_t hash_of(const uint8_t digest[KM_HASH_BYTES])
{
	uint64_t hash;

	memcpy(&hash, digest, sizeof hash);
	return hash;
}

/* ---- made and let go ------------------------------------------------------------------------- */

km_err held_new(held **h)
{
	*h = calloc(1, sizeof **h);
	return *h == NULL ? KM_ENOMEM : KM_OK;
}

static void version_free(version *v)
{
	if (v != NULL)
		km_key_free(v->key);
	free(v);
}

void held_free(held *h)
{
	if (h == NULL)
		return;
	for (node *n = h->keys.first, *after; n != NULL; n = after) {
		after = n->after;
		version_free(((key_node *)n)->now);
		free(n);
	}
	for (node *n = h->seen.first, *after; n != NULL; n = after) {
		after = n->after;
		free(n);
	}
	free(h);
}

/* ---- messages -------------------------------------------------------------------------------- */

held_seen held_seen_of(km_str sender, uint64_t ntp64, const uint8_t *rand, size_t rand_len, uint32_t csb_id)
{
	uint8_t s[12 + KEY_RAND_MAX + KM_URI_MAX] = { 0 };      /* RAND at a fixed width: fields cannot be shifted */
	size_t len = sender.len < KM_URI_MAX ? sender.len : KM_URI_MAX;
	held_seen seen = { .ntp64 = ntp64 };

	memcpy(s, &ntp64, 8);
	memcpy(s + 8, &csb_id, 4);
	memcpy(s + 12, rand, rand_len < KEY_RAND_MAX ? rand_len : KEY_RAND_MAX);
	if (len != 0)
		memcpy(s + 12 + KEY_RAND_MAX, sender.s, len);
	km_sha256(seen.digest, s, 12 + KEY_RAND_MAX + len);
	return seen;
}

bool held_has_seen(const held *h, const held_seen *seen)
{
	way w = way_to(&h->seen, hash_of(seen->digest));
	const node *n;

	while ((n = way_next(&w)) != NULL) {
		if (memcmp(((const seen_node *)n)->seen.digest, seen->digest, sizeof seen->digest) == 0)
			return true;
	}
	return false;
}

const held_seen *held_each_seen(const held *h, const void **at)
{
	const node *n = *at == NULL ? h->seen.first : ((const node *)*at)->after;

	*at = n;
	return n == NULL ? NULL : &((const seen_node *)n)->seen;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static uint64_t key_hash(km_str member, uint32_t gmk_id)
{
	uint8_t s[4 + KM_URI_MAX], digest[KM_HASH_BYTES];
	size_t len = member.len < KM_URI_MAX ? member.len : KM_URI_MAX;

	memcpy(s, &gmk_id, 4);
	if (len != 0)
		memcpy(s + 4, member.s, len);
	km_sha256(digest, s, 4 + len);
	return hash_of(digest);
}

static bool is(km_str a, km_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

km_key *held_key(const held *h, uint64_t *ntp64, km_str member, uint32_t gmk_id, size_t i)
{
	way w = way_to(&h->keys, key_hash(member, gmk_id));
	const node *n;

	while ((n = way_next(&w)) != NULL) {
		const version *v = ((const key_node *)n)->now;

		if (v->key->gmk_id != gmk_id || !is(v->key->member, member) || i-- != 0)
			continue;
		*ntp64 = v->ntp64;
		return v->key;
	}
	return NULL;
}

km_key *held_each_key(const held *h, uint64_t *ntp64, const void **at)
{
	const node *n = *at == NULL ? h->keys.first : ((const node *)*at)->after;
	const version *v;

	*at = n;
	if (n == NULL)
		return NULL;
	v = ((const key_node *)n)->now;
	*ntp64 = v->ntp64;
	return v->key;
}

km_key *held_any(const held *h, uint32_t gmk_id, size_t i)
{
	const void *at = NULL;
	uint64_t ntp64;
	km_key *key;

	while ((key = held_each_key(h, &ntp64, &at)) != NULL) {
		if (key->gmk_id == gmk_id && i-- == 0)
			return key;
	}
	return NULL;
}

/* ---- recording ------------------------------------------------------------------------------- */

static bool is_same_key(const km_key *a, const km_key *b)
{
	return a->gmk_id == b->gmk_id && is(a->member, b->member) && is(a->gms, b->gms) && is(a->kms, b->kms) &&
			km_equal(a->gmk, b->gmk, KM_SSV_BYTES);
}

static key_node *find_same(const held *h, const km_key *key, uint64_t hash)
{
	way w = way_to(&h->keys, hash);
	node *n;

	while ((n = way_next(&w)) != NULL && !is_same_key(((key_node *)n)->now->key, key))
		continue;
	return (key_node *)n;
}

static bool prepare_key(held_step *step, held *h, km_key *key, uint64_t ntp64)
{
	const uint64_t hash = key_hash(key->member, key->gmk_id);
	key_node *there = find_same(h, key, hash), *made = NULL;
	version *now = malloc(sizeof *now);

	step->now = now;
	step->of = there;
	if (there == NULL)
		step->key = made = calloc(1, sizeof *made);
	if (now == NULL || (there == NULL && made == NULL))
		return false;
	*now = (version){ key_hold(key), ntp64 };
	if (there != NULL) {
		if (there->now->key->revoked)
			key->revoked = true;
	} else {
		made->node.hash = hash;
		made->now = now;
	}
	return true;
}

km_err held_prepare(held_step *step, held *h, const held_seen *seen, km_key *key, uint64_t ntp64)
{
	seen_node *made = seen == NULL ? NULL : calloc(1, sizeof *made);

	*step = (held_step){ .seen = made };
	if (made != NULL) {
		made->node.hash = hash_of(seen->digest);
		made->seen = *seen;
	}
	if ((seen == NULL || made != NULL) && (key == NULL || prepare_key(step, h, key, ntp64)))
		return KM_OK;
	free(step->now);        /* which holds no key yet */
	step->now = NULL;
	held_drop(step);
	return KM_ENOMEM;
}

void held_commit(held *h, held_step *step)
{
	key_node *of = step->of;

	if (step->seen != NULL)
		tree_add(&h->seen, &((seen_node *)step->seen)->node);
	if (of != NULL) {
		version *old = of->now, *now = step->now;

		of->now = now;
		if (now->key->revoked)
			old->key->revoked = true;       /* who was given it sees so */
		version_free(old);
	} else if (step->key != NULL) {
		tree_add(&h->keys, &((key_node *)step->key)->node);
	}
	*step = (held_step){ .seen = NULL };
}

void held_drop(held_step *step)
{
	version_free(step->now);
	free(step->key);
	free(step->seen);
	*step = (held_step){ .seen = NULL };
}

/* ---- forgetting ------------------------------------------------------------------------------ */

static km_err add(held *h, const held_seen *seen, km_key *key, uint64_t ntp64)
{
	held_step step;
	km_err err = held_prepare(&step, h, seen, key, ntp64);

	if (err == KM_OK)
		held_commit(h, &step);
	return err;
}

static bool is_past(const held_seen *seen, int64_t now, int64_t window)
{
	return window >= 0 && km_time_of_ntp(seen->ntp64).seconds < now - 2 * window;
}

static bool is_old(const km_key *key, int64_t now)
{
	const uint64_t expiry = key->params.expiry;

	return expiry != 0 && expiry < INT64_MAX - KEEP && (int64_t)expiry + KEEP < now;
}

km_err held_sift(held **kept, const held *h, int64_t now, int64_t window)
{
	km_err err = held_new(kept);
	const void *at = NULL;
	const held_seen *seen;
	uint64_t ntp64;
	km_key *key;

	while (err == KM_OK && (seen = held_each_seen(h, &at)) != NULL) {
		if (!is_past(seen, now, window))
			err = add(*kept, seen, NULL, 0);
	}
	at = NULL;
	while (err == KM_OK && (key = held_each_key(h, &ntp64, &at)) != NULL) {
		if (!is_old(key, now))
			err = add(*kept, NULL, key, ntp64);
	}
	if (err == KM_OK)
		return KM_OK;
	held_free(*kept);
	*kept = NULL;
	return err;
}
