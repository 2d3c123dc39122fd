/* batch_check.c -- everybody in a batch looked at, before the first signature: keys, GMSs, members, T. */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "keys/valid.h"

/* ---- keys and GMSs, each once ---------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const uintptr_t x = (uintptr_t)((const batch_key *)a)->key, y = (uintptr_t)((const batch_key *)b)->key;

	return (x > y) - (x < y);
}

/* The place of that GMS, which may be new; the last one that was found is the first that is tried. */
static uint32_t find_gms(km_batch *b, km_gms *gms, uint32_t last)
{
	if (last < b->n_gmss && b->gmss[last].gms == gms)
		return last;
	for (uint32_t i = 0; i < b->n_gmss; i++) {
		if (b->gmss[i].gms == gms)
			return i;
	}
	b->gmss[b->n_gmss] = (batch_gms){
		.gms = gms, .number = ring_number(b->now, gms->kms_uri, strlen(gms->kms_uri)),
	};
	return (uint32_t)b->n_gmss++;
}

batch_key *batch_find_key(const km_batch *b, const km_key *key)
{
	const batch_key wanted = { .key = (km_key *)(uintptr_t)key };

	return bsearch(&wanted, b->keys, b->n_keys, sizeof wanted, by_address);
}

/* The place of each member's key; of most, it is that of the member before. */
static void find_keys(km_batch *b)
{
	batch_key *found = NULL;

	for (size_t i = 0; i < b->n; i++) {
		if (found == NULL || found->key != b->members[i].key)
			found = batch_find_key(b, b->members[i].key);
		b->members[i].of = (uint32_t)(found - b->keys);
	}
}

km_err batch_gather(km_batch *b)
{
	uint32_t last = 0;

	b->keys = calloc(b->n + 1, sizeof *b->keys);
	b->gmss = calloc(b->n + 1, sizeof *b->gmss);
	if (b->keys == NULL || b->gmss == NULL)
		return KM_ENOMEM;
	for (size_t i = 0; i < b->n; i++) {
		km_key *key = b->members[i].key;

		if (i > 0 && key == b->members[i - 1].key)
			continue;
		last = find_gms(b, gms_of(key), last);
		b->keys[b->n_keys++] = (batch_key){ .key = key, .gms = last };
	}
	if (b->n_keys > 1)
		qsort(b->keys, b->n_keys, sizeof *b->keys, by_address);
	for (size_t i = 0, n = b->n_keys, k = b->n_keys = 0; i < n; i++) {
		if (k > 0 && b->keys[k - 1].key == b->keys[i].key)
			continue;
		b->keys[k] = b->keys[i];
		b->n_keys = ++k;
	}
	find_keys(b);
	return KM_OK;
}

/* ---- can they sign? -------------------------------------------------------------------------- */

/* One of another time, so that the clock is wrong, or the key sets are old? */
static bool has_any_signer(const km_batch *b, const km_gms *gms)
{
	const km_key_set *set;

	for (size_t i = 0; (set = ring_keys_at(b->now, i)) != NULL; i++) {
		if (set->signer != NULL && strcmp(set->uri, gms->uri) == 0 &&
		    strcmp(set->kms->uri, gms->kms_uri) == 0)
			return true;
	}
	return false;
}

km_err batch_check_gmss(km_batch *b, km_time now, km_complaint *why)
{
	for (size_t i = 0; i < b->n_gmss; i++) {
		batch_gms *g = &b->gmss[i];
		km_err err = gms_can_sign(&g->kms, &g->set, g->gms, b->now, now, why);

		if (err == KM_ECLOCK && !has_any_signer(b, g->gms)) {
			err = complain_field(why, "uri", "the keyring has no key set of the GMS that can sign");
			err = KM_EKEY;
		}
		if (err != KM_OK)
			return err;
	}
	return KM_OK;
}

/* The keys of one GMS, in their order; ids and is have room for all. */
static km_err check_keys_of(km_batch *b, uint32_t gms, uint32_t *ids, uint32_t *is, km_complaint *why)
{
	size_t n = 0;
	km_err err;

	for (size_t i = 0; i < b->n_keys; i++) {
		if (b->keys[i].gms == gms)
			ids[n++] = b->keys[i].key->gmk_id;
	}
	err = gms_look_up_all(is, b->gmss[gms].gms, ids, n, why);
	n = 0;
	for (size_t i = 0; i < b->n_keys && err == KM_OK; i++) {
		batch_key *k = &b->keys[i];

		if (k->gms != gms)
			continue;
		if (is[n++] == KM_ID_REVOKED)
			k->key->revoked = true;         /* by another process */
		k->is_revoked = k->key->revoked;
	}
	return err;
}

km_err batch_check_keys(km_batch *b, km_complaint *why)
{
	uint32_t *ids = calloc(2 * b->n_keys + 1, sizeof *ids);
	km_err err = ids == NULL ? KM_ENOMEM : KM_OK;

	for (uint32_t i = 0; i < b->n_gmss && err == KM_OK; i++)
		err = check_keys_of(b, i, ids, ids + b->n_keys, why);
	free(ids);
	return err;
}

/* ---- members --------------------------------------------------------------------------------- */

/* The number of the only KMS of which there are certificates; 0: there are several, or none. */
static uint32_t only_kms(const ring_snapshot *s)
{
	const km_kms *first = ring_kms_at(s, 0), *kms;

	for (size_t i = 1; (kms = ring_kms_at(s, i)) != NULL; i++) {
		if (kms->number != first->number)
			return 0;
	}
	return first == NULL ? 0 : first->number;
}

/* 0: the KMS that is named is not there or is contradicted, or none is to be found. */
static uint32_t choose_kms(const km_batch *b, const batch_member *m, const batch_gms *g)
{
	const km_str uri = batch_uri(b, m);
	const uint32_t named = m->kms == KM_KMS_OF_GMS ? g->number : m->kms;
	const km_kms *other, *claims = ring_kms_claims(b->now, uri.s, uri.len, &other);

	if (m->kms == KM_KMS_BY_DOMAIN)
		return claims == NULL ? b->only : other == NULL ? claims->number : 0;
	if (claims != NULL && claims->number != named && (other == NULL || other->number != named))
		return 0;
	return named;
}

/* Does its validity end by then? */
static bool is_over(const km_key *key, int64_t at)
{
	return key->params.expiry != 0 && (int64_t)key->params.expiry <= at;
}

static km_reason check_member(km_batch *b, batch_member *m, km_time now)
{
	const batch_key *k = &b->keys[m->of];
	const km_str uri = batch_uri(b, m);
	const unsigned how = KM_URI_MEMBER | (b->members_are == KM_URI_ANY_ID ? (unsigned)KM_URI_ANY_ID : 0u);

	m->number = 0;
	if (km_uri_check(uri.s, uri.len, how) != KM_URI_OK)
		return KM_R_URI;
	m->number = choose_kms(b, m, &b->gmss[k->gms]);
	if (m->number == 0)
		return KM_R_KMS;
	if (k->key->authority == KM_AUTHORITY_PSI && !km_psi_rule(k->key->gms, k->key->params.groups[0], uri))
		return KM_R_AUTHORITY;
	if (m->what == KM_GIVE && (k->is_revoked || is_over(k->key, now.seconds)))
		return KM_R_KEY;
	return KM_R_OK;
}

km_err batch_check_members(km_batch *b, km_time now, km_complaint *why)
{
	bool any = b->n == 0;

	b->only = only_kms(b->now);
	for (size_t i = 0; i < b->n; i++) {
		batch_member *m = &b->members[i];
		const batch_key *k = &b->keys[m->of];

		m->err = KM_OK;
		m->len = 0;
		m->shares_salt = false;
		m->reason = check_member(b, m, now);
		b->gmss[k->gms].n += m->reason == KM_R_OK;
		any = any || m->what == KM_REVOKE || !k->is_revoked;
	}
	if (any)
		return KM_OK;
	complain(why, "key", 0, NULL, "is revoked, as the state says, and given to nobody");
	return KM_EREVOKED;
}

km_err batch_check_again(km_batch *b, km_complaint *why)
{
	km_err err = batch_check_keys(b, why);

	for (size_t i = 0; i < b->n && err == KM_OK; i++) {
		const batch_member *m = &b->members[i];

		if (m->reason != KM_R_OK || m->what != KM_GIVE || !b->keys[m->of].is_revoked)
			continue;
		complain(why, "key", 0, NULL, "was revoked while its messages were made, which are given to nobody");
		err = KM_EREVOKED;
	}
	return err;
}

/* ---- T --------------------------------------------------------------------------------------- */

/* A gms_check: the key set of T. */
typedef struct {
	const ring_snapshot *now;
	batch_gms *g;
} taking;

static km_err check_t(void *ctx, km_time t, km_complaint *why)
{
	const taking *in = ctx;

	return gms_can_sign(&in->g->kms, &in->g->set, in->g->gms, in->now, t, why);
}

/* Of several GMSs, none has its T moved for another that cannot have one. */
static km_err check_all(km_batch *b, km_time now, km_complaint *why)
{
	km_err err = KM_OK;

	for (size_t i = 0; b->n_gmss > 1 && i < b->n_gmss && err == KM_OK; i++) {
		km_time t;

		if (b->gmss[i].n > 0)
			err = km_gms_next_t(&t, b->gmss[i].gms, now, why);
	}
	return err;
}

km_err batch_take_t(km_batch *b, km_time now, km_complaint *why)
{
	km_err err = check_all(b, now, why);

	for (size_t i = 0; i < b->n_gmss && err == KM_OK; i++) {
		batch_gms *g = &b->gmss[i];
		taking in = { b->now, g };

		if (g->n > 0)
			err = gms_reserve_t(&g->first, g->gms, g->n, now, check_t, &in, why);
	}
	return err;
}

/* ---- certificates at T ----------------------------------------------------------------------- */

/* NULL: none is valid then. */
static const km_kms *kms_then(const km_batch *b, batch_gms *g, uint32_t number)
{
	if (g->valid[number] == NULL)
		g->valid[number] = ring_kms_numbered(b->now, number, g->first.seconds);
	return g->valid[number];
}

/* The key period of a member: where the KMS counts otherwise, the GMS's own key set tells. */
static uint64_t period_of(const km_batch *b, const batch_gms *g, const km_kms *kms, km_time t)
{
	if (b->now->any_period && kms->number == g->number)
		return g->set->period_no;
	return km_key_period_no(t, kms->period, kms->offset);
}

km_err batch_look_up(km_batch *b)
{
	for (size_t i = 0; i < b->n_gmss; i++) {
		b->gmss[i].valid = calloc(b->now->names.n + 1, sizeof *b->gmss[i].valid);
		if (b->gmss[i].valid == NULL)
			return KM_ENOMEM;
	}
	for (size_t i = 0; i < b->n; i++) {
		batch_member *m = &b->members[i];
		batch_gms *g = &b->gmss[b->keys[m->of].gms];
		const km_kms *kms;

		if (m->reason != KM_R_OK)
			continue;
		m->t = gms_t_at(g->first, g->taken++);
		kms = kms_then(b, g, m->number);
		if (m->what == KM_GIVE && is_over(m->key, m->t.seconds))
			m->reason = KM_R_KEY;
		else if (kms == NULL)
			m->reason = KM_R_EXPIRED;
		else
			m->period_no = period_of(b, g, kms, m->t);
	}
	return KM_OK;
}
