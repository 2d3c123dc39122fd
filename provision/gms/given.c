/* given.c -- those who were given a key, each once. */
#include "given.h"

#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "base/sized.h"
#include "gms.h"

typedef struct {
	size_t uri;             /* its place in text */
	uint32_t len, salt;
	uint32_t has, is_told;  /* 0: told, and not given */
} holder;

struct km_given {
	uint32_t gmk_id;
	km_err err;             /* of a mark that was not taken: a store that goes on leaves nobody out unseen */
	holder *at;
	size_t n, room;
	uint32_t *slots;        /* open addressing: 1 + place in at, by URI; 0: empty */
	size_t n_slots;         /* a power of two, more than twice n */
	char *text;
	size_t len, text_room;
};

km_given *given_new(uint32_t gmk_id)
{
	km_given *given = calloc(1, sizeof *given);

	if (given != NULL)
		given->gmk_id = gmk_id;
	return given;
}

void km_given_free(km_given *given)
{
	if (given == NULL)
		return;
	free(given->at);
	free(given->slots);
	free(given->text);
	free(given);
}

/* ---- marks put ------------------------------------------------------------------------------- */

static uint64_t hash_of(const char *uri, size_t len)
{
	uint8_t hash[KM_HASH_BYTES];
	uint64_t h;

	km_sha256(hash, (const uint8_t *)uri, len);
	memcpy(&h, hash, sizeof h);
	return h;
}

/* Old marks have no URI: their salts stand for them. */
static uint32_t *slot_of(const km_given *g, const km_mark *mark)
{
	uint64_t h = mark->uri.len == 0 ? hash_of((const char *)&mark->salt, sizeof mark->salt) :
			hash_of(mark->uri.s, mark->uri.len);
	size_t i = (size_t)h & (g->n_slots - 1);

	for (; g->slots[i] != 0; i = (i + 1) & (g->n_slots - 1)) {
		const holder *one = &g->at[g->slots[i] - 1];

		if (one->len == mark->uri.len && (one->len == 0 ? one->salt == mark->salt :
				memcmp(g->text + one->uri, mark->uri.s, one->len) == 0))
			break;
	}
	return &g->slots[i];
}

static bool widen_slots(km_given *g)
{
	size_t n = g->n_slots == 0 ? 64 : 2 * g->n_slots;
	uint32_t *slots = calloc(n, sizeof *slots);

	if (slots == NULL)
		return false;
	free(g->slots);
	g->slots = slots;
	g->n_slots = n;
	for (size_t i = 0; i < g->n; i++) {
		const holder *one = &g->at[i];
		const km_mark mark = { .salt = one->salt, .uri = { g->text + one->uri, one->len } };

		*slot_of(g, &mark) = (uint32_t)i + 1;
	}
	return true;
}

static bool make_room(km_given *g, size_t len)
{
	if (g->n == g->room) {
		holder *bigger = reallocarray(g->at, 2 * g->room + 16, sizeof *bigger);

		if (bigger == NULL)
			return false;
		g->at = bigger;
		g->room = 2 * g->room + 16;
	}
	if (g->text_room - g->len < len) {
		size_t room = 2 * g->text_room + len + 256;
		char *bigger = realloc(g->text, room);

		if (bigger == NULL)
			return false;
		g->text = bigger;
		g->text_room = room;
	}
	return 2 * (g->n + 1) < g->n_slots || widen_slots(g);
}

static bool is_sound(const km_given *g, const km_mark *mark)
{
	return mark->gmk_id == g->gmk_id && (mark->what == KM_GIVE || mark->what == KM_REVOKE) && mark->is_sure <= 1 &&
			mark->uri.len <= KM_URI_MAX && (mark->uri.len == 0 || mark->uri.s != NULL);
}

int km_given_put(km_given *g, const km_mark *mark)
{
	uint32_t *slot;
	holder *one;

	if (!is_sound(g, mark))
		g->err = KM_EIO;
	else if (g->n >= UINT32_MAX / 4 || !make_room(g, mark->uri.len + 1))
		g->err = KM_ENOMEM;
	if (g->err != KM_OK)
		return KM_STORE_FAILED;
	slot = slot_of(g, mark);
	if (*slot == 0) {
		g->at[g->n] = (holder){ .uri = g->len, .len = (uint32_t)mark->uri.len, .salt = mark->salt };
		if (mark->uri.len > 0)
			memcpy(g->text + g->len, mark->uri.s, mark->uri.len);
		g->text[g->len + mark->uri.len] = '\0';
		g->len += mark->uri.len + 1;
		*slot = (uint32_t)++g->n;
	}
	one = &g->at[*slot - 1];
	if (mark->what == KM_REVOKE)
		one->is_told |= mark->is_sure;
	else if (one->has != KM_HAS_IT)
		one->has = mark->is_sure ? KM_HAS_IT : KM_MAY_HAVE_IT;
	return KM_STORE_DONE;
}

/* ---- and settled ----------------------------------------------------------------------------- */

static int by_salt(const void *a, const void *b)
{
	const holder *x = *(holder *const *)a, *y = *(holder *const *)b;

	return (x->salt > y->salt) - (x->salt < y->salt);
}

/* An old mark is of who has its salt by name, where there is one: so it is not one more, nor untold. */
static bool join_old(km_given *g)
{
	holder **named = malloc((g->n + 1) * sizeof(holder *));
	size_t n = 0;

	if (named == NULL)
		return false;
	for (size_t i = 0; i < g->n; i++) {
		if (g->at[i].len > 0)
			named[n++] = &g->at[i];
	}
	qsort(named, n, sizeof(holder *), by_salt);
	for (size_t i = 0; i < g->n; i++) {
		holder *old = &g->at[i], **found;

		found = old->len > 0 ? NULL : bsearch(&old, named, n, sizeof(holder *), by_salt);
		if (found == NULL)
			continue;
		if ((*found)->has != KM_HAS_IT && old->has != 0)
			(*found)->has = old->has;
		old->has = 0;
	}
	free(named);
	return true;
}

km_err given_settle(km_given *g)
{
	size_t kept = 0;

	if (g->err != KM_OK)
		return g->err;
	if (!join_old(g))
		return KM_ENOMEM;
	for (size_t i = 0; i < g->n; i++) {
		if (g->at[i].has != 0)
			g->at[kept++] = g->at[i];
	}
	g->n = kept;
	free(g->slots);                         /* nothing is put any more */
	g->slots = NULL;
	g->n_slots = 0;
	return KM_OK;
}

/* ---- asked ----------------------------------------------------------------------------------- */

size_t km_given_count(const km_given *given)
{
	return given->n;
}

int km_given_at(km_holder *out, const km_given *given, size_t i)
{
	km_holder made = { .struct_size = sizeof made };

	if (i < given->n) {
		const holder *one = &given->at[i];

		made.uri = (km_str){ given->text + one->uri, one->len };
		made.has = one->has;
		made.is_told = one->is_told;
	}
	return sized_put(out, &made, sizeof made) && i < given->n;
}

km_err km_gms_given(km_given **out, const km_key *key, km_complaint *why)
{
	km_complaint spare;
	km_gms *gms = gms_of(key);
	km_given *given;
	km_err err;

	why = complain_anew(why, &spare);
	*out = NULL;
	if (gms == NULL)
		return complain_field(why, "key", "not a key of a GMS");
	given = given_new(key->gmk_id);
	if (given == NULL)
		return KM_ENOMEM;
	err = store_given(gms->place, key->gmk_id, given, why);
	if (err == KM_OK) {
		err = given_settle(given);
		if (err == KM_EIO)
			complain(why, "store", 0, "given", "put a mark that is none, or of another key");
	}
	if (err == KM_OK)
		*out = given;
	else
		km_given_free(given);
	return err;
}
