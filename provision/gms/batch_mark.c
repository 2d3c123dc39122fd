/* batch_mark.c -- who may have a message of a run, told to the state of each GMS; and who shares a user salt. */
#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "batch.h"

/* ---- marks ----------------------------------------------------------------------------------- */

/* Those of one GMS: marks by key, in the order in which they were added, and the keys.  marks and keys have room. */
static size_t gather(km_mark *marks, km_key **keys, size_t *n_keys, km_batch *b, uint32_t gms)
{
	size_t n = 0;

	*n_keys = 0;
	for (size_t i = 0; i < b->n_keys; i++)
		b->keys[i].n = 0;
	for (size_t i = 0; i < b->n; i++)
		b->keys[b->members[i].of].n += b->members[i].reason == KM_R_OK;
	for (size_t i = 0; i < b->n_keys; i++) {
		batch_key *k = &b->keys[i];

		k->first = n;
		if (k->gms != gms || k->n == 0)
			continue;
		keys[(*n_keys)++] = k->key;
		n += k->n;
	}
	for (size_t i = 0; i < b->n; i++) {
		const batch_member *m = &b->members[i];
		batch_key *k = &b->keys[m->of];

		if (k->gms == gms && m->reason == KM_R_OK)
			marks[k->first++] = (km_mark){ m->key->gmk_id, m->what, m->guk_id ^ m->key->gmk_id, 0,
					batch_uri(b, m) };
	}
	return n;
}

km_err batch_mark(km_batch *b, km_complaint *why)
{
	km_mark *marks = calloc(b->n + 1, sizeof *marks);
	km_key **keys = calloc(b->n_keys + 1, sizeof *keys);
	km_err err = marks == NULL || keys == NULL ? KM_ENOMEM : KM_OK;

	for (size_t i = 0; i < b->n_gmss && err == KM_OK; i++) {
		size_t n_keys, n = gather(marks, keys, &n_keys, b, (uint32_t)i);

		if (n == 0)
			continue;
		b->gmss[i].is_marked = true;
		err = gms_mark(b->gmss[i].gms, b->run, marks, n, keys, n_keys, why);
	}
	free(marks);
	free(keys);
	return err;
}

km_err batch_end_run(km_batch *b, uint32_t how, km_complaint *why)
{
	km_err err = KM_OK;

	for (size_t i = 0; i < b->n_gmss && err == KM_OK; i++) {
		if (!b->gmss[i].is_marked)
			continue;
		err = gms_end_run(b->gmss[i].gms, b->run, how, why);
		b->gmss[i].is_marked = err != KM_OK;
	}
	return err;
}

/* ---- shared user salts ----------------------------------------------------------------------- */

typedef struct {
	uint32_t key, guk_id, at;
	km_str uri;
} salt_of;

static int compare_uris(km_str x, km_str y)
{
	const int order = memcmp(x.s, y.s, x.len < y.len ? x.len : y.len);

	return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

static int by_salt(const void *a, const void *b)
{
	const salt_of *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->guk_id != y->guk_id)
		return x->guk_id < y->guk_id ? -1 : 1;
	return compare_uris(x->uri, y->uri);
}

/* Under one key, GUK-IDs are the same where user salts are.  One who stands there twice shares with nobody. */
km_err batch_find_shared(km_batch *b)
{
	salt_of *of = calloc(b->n + 1, sizeof *of);
	size_t n = 0, end;

	if (of == NULL)
		return KM_ENOMEM;
	for (size_t i = 0; i < b->n; i++) {
		const batch_member *m = &b->members[i];

		if (m->reason == KM_R_OK)
			of[n++] = (salt_of){ m->of, m->guk_id, (uint32_t)i, batch_uri(b, m) };
	}
	if (n > 1)
		qsort(of, n, sizeof *of, by_salt);
	for (size_t first = 0; first < n; first = end) {
		bool differ;

		for (end = first + 1; end < n && of[end].key == of[first].key && of[end].guk_id == of[first].guk_id;)
			end++;
		differ = compare_uris(of[first].uri, of[end - 1].uri) != 0;
		for (size_t i = first; i < end; i++)
			b->members[of[i].at].shares_salt = differ;
	}
	free(of);
	return KM_OK;
}
