/* gms.c -- a GMS, and the rules of what it must remember. */
#include "gms.h"

#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "keys/valid.h"
#include "state.h"

#define CLOCK_BEHIND 900                        /* seconds: the window of a client */
#define EARLIEST 1577836800                     /* 2020-01-01: a clock that was never set lies before it */
#define LATEST 0xff000000                       /* half a year before the 32 bits of seconds of T end */
enum { TRIES_MAX = 10000 };                     /* each of which another process won */

/* ---- a GMS ----------------------------------------------------------------------------------- */

km_gms *gms_hold(km_gms *gms)
{
	atomic_fetch_add(&gms->holders, 1);
	return gms;
}

void km_gms_free(km_gms *gms)
{
	if (gms == NULL || atomic_fetch_sub(&gms->holders, 1) != 1)
		return;
	store_close(gms->place);
	km_keyring_free(gms->ring);
	free(gms->uri);
	free(gms->kms_uri);
	free(gms);
}

static km_err check_owner(const km_keyring *ring, const char *uri, const char *kms_uri, km_complaint *why)
{
	km_uri_fault fault;

	if (uri == NULL)
		return complain_field(why, "uri", "is missing");
	if (kms_uri == NULL)
		return complain_field(why, "kms_uri", "is missing");
	fault = km_uri_check(uri, strlen(uri), KM_URI_LOOSE);
	if (fault != KM_URI_OK)
		return complain_field(why, "uri", km_uri_fault_text(fault));
	if (km_keyring_kms(ring, kms_uri, strlen(kms_uri)) == 0)
		return complain_field(why, "kms_uri", "no certificate of that KMS is in the ring");
	return KM_OK;
}

km_err km_gms_new(km_gms **out, km_keyring *ring, km_store *store, const char *uri, const char *kms_uri,
		km_complaint *why)
{
	km_complaint spare;
	km_gms *gms;
	km_err err;

	why = complain_anew(why, &spare);
	*out = NULL;
	err = check_owner(ring, uri, kms_uri, why);
	if (err != KM_OK)
		return err;
	gms = calloc(1, sizeof *gms);
	if (gms == NULL)
		return KM_ENOMEM;
	gms->holders = 1;
	gms->ring = keyring_hold(ring);
	gms->clock_behind = CLOCK_BEHIND;
	gms->uri = strdup(uri);
	gms->kms_uri = strdup(kms_uri);
	err = gms->uri == NULL || gms->kms_uri == NULL ? KM_ENOMEM :
			store_open(&gms->place, store, uri, kms_uri, why);
	if (err == KM_OK)
		*out = gms;
	else
		km_gms_free(gms);
	return err;
}

km_err km_gms_set(km_gms *gms, km_gms_setting what, uint64_t value, km_complaint *why)
{
	km_complaint spare;

	why = complain_anew(why, &spare);
	if (what != KM_GMS_CLOCK_BEHIND)
		return complain_field(why, "what", "no setting of a GMS");
	if (value == 0 || (value > UINT32_MAX && value != KM_UNCHECKED))
		return complain_field(why, "KM_GMS_CLOCK_BEHIND", "neither seconds from 1 on, that T has, nor KM_UNCHECKED");
	gms->clock_behind = value;
	return KM_OK;
}

/* ---- T --------------------------------------------------------------------------------------- */

/* 32.32 bits of Unix seconds, of what lies between 1970 and 2106. */
static uint64_t bits_of(km_time t)
{
	return (uint64_t)t.seconds << 32 | t.fraction;
}

static km_time time_of(uint64_t bits)
{
	return (km_time){ (int64_t)(bits >> 32), (uint32_t)bits };
}

km_time gms_t_at(km_time first, size_t i)
{
	return time_of(bits_of(first) + i);
}

static km_err refuse_clock(km_complaint *why, const char *text)
{
	km_err field = complain_field(why, "now", text);

	(void)field;
	return KM_ECLOCK;
}

/* *first of n after last, where clock and check allow it; gms->last is not changed. */
static km_err choose(km_time *first, const km_gms *gms, uint64_t last, size_t n, km_time now, km_complaint *why)
{
	const uint64_t behind = gms->clock_behind;
	uint64_t t;
	char text[160];

	if (now.seconds < EARLIEST || now.seconds >= LATEST)
		return refuse_clock(why, "before 2020, or after 2105");
	t = state_first_of(last, bits_of(now), n);
	if (t == 0) {
		complain(why, gms->uri, 0, NULL, "T is too far ahead to go on from");
		return KM_ELOST;
	}
	if (behind != KM_UNCHECKED && last >> 32 > (uint64_t)now.seconds + behind) {
		snprintf(text, sizeof text, "%llu s behind the last T: if this clock is right, the state has the T of "
				"a wrong one", (unsigned long long)((last >> 32) - (uint64_t)now.seconds));
		return refuse_clock(why, text);
	}
	*first = time_of(t);
	return KM_OK;
}

/* The later of what stands in the state, and of what this process took: a state that was put back to an older one while
 * it runs gives no T again. */
static uint64_t later(km_time a, km_time b)
{
	return bits_of(a) > bits_of(b) ? bits_of(a) : bits_of(b);
}

/* The lock is held.  *found: the last T. */
static km_err look(km_time *found, km_gms *gms, km_complaint *why)
{
	bool same = false;
	km_time there;
	km_err err = store_advance(gms->place, &same, &there, &gms->last, &gms->last, why);

	*found = same ? gms->last : there;
	return err;
}

static bool is_sound(km_time t)
{
	return t.seconds >= 0 && t.seconds <= UINT32_MAX;
}

static km_err reserve(km_time *first, km_gms *gms, size_t n, km_time now, gms_check *check, void *ctx,
		km_complaint *why)
{
	km_time expected = gms->last, found = { 0, 0 };

	for (int i = 0; i < TRIES_MAX; i++) {
		bool same = false;
		km_time next;
		km_err err = choose(first, gms, later(expected, gms->last), n, now, why);

		if (err == KM_OK && check != NULL)
			err = check(ctx, *first, why);
		if (err != KM_OK)
			return err;
		next = gms_t_at(*first, n - 1);
		err = store_advance(gms->place, &same, &found, &expected, &next, why);
		if (err == KM_OK && same)
			gms->last = next;
		if (err != KM_OK || same)
			return err;
		if (!is_sound(found)) {
			complain(why, gms->uri, 0, "T", "what stands in the state is no T");
			return KM_ELOST;
		}
		expected = found;
	}
	complain(why, gms->uri, 0, "T", "others took it again and again");
	return KM_EIO;
}

km_err gms_reserve_t(km_time *first, km_gms *gms, size_t n, km_time now, gms_check *check, void *ctx,
		km_complaint *why)
{
	km_err err;

	lock_take(&gms->lock);
	err = reserve(first, gms, n, now, check, ctx, why);
	lock_give(&gms->lock);
	if (err != KM_OK)
		*first = (km_time){ 0, 0 };
	return err;
}

/* ---- key sets -------------------------------------------------------------------------------- */

km_err gms_can_sign(const km_kms **kms, const km_key_set **set, const km_gms *gms, const ring_snapshot *s, km_time t,
		km_complaint *why)
{
	*kms = ring_kms_valid(s, gms->kms_uri, strlen(gms->kms_uri), t.seconds);
	*set = *kms == NULL ? NULL : ring_keys_when(s, gms->uri, strlen(gms->uri), *kms, t.seconds);
	if (*kms == NULL)
		return refuse_clock(why, "no certificate of the KMS of the GMS is valid then");
	if (*set == NULL || (*set)->signer == NULL || !valid_key_set(*set, t.seconds))
		return refuse_clock(why, "the GMS has no key set that can sign then");
	return KM_OK;
}

static km_err can_sign_now(const km_gms *gms, km_time t, km_complaint *why)
{
	const ring_snapshot *s = ring_take(gms->ring);
	const km_key_set *set;
	const km_kms *kms;
	km_err err = gms_can_sign(&kms, &set, gms, s, t, why);

	ring_give_back(s);
	return err;
}

km_err gms_last_t(km_time *last, km_gms *gms, km_time now, km_complaint *why)
{
	km_time found, next;
	km_err err;

	lock_take(&gms->lock);
	err = look(&found, gms, why);
	if (err == KM_OK)
		err = choose(&next, gms, later(found, gms->last), 1, now, why);
	*last = err == KM_OK ? time_of(later(found, gms->last)) : (km_time){ 0, 0 };
	lock_give(&gms->lock);
	return err;
}

km_err km_gms_next_t(km_time *t, km_gms *gms, km_time now, km_complaint *why)
{
	km_complaint spare;
	km_time found;
	km_err err;

	why = complain_anew(why, &spare);
	*t = (km_time){ 0, 0 };
	lock_take(&gms->lock);
	err = look(&found, gms, why);
	if (err == KM_OK)
		err = choose(t, gms, later(found, gms->last), 1, now, why);
	lock_give(&gms->lock);
	if (err == KM_OK)
		err = can_sign_now(gms, *t, why);
	if (err != KM_OK)
		*t = (km_time){ 0, 0 };
	return err;
}

/* ---- GMK-IDs --------------------------------------------------------------------------------- */

/* 28 bits, not 0, and none of those before it. */
static km_err draw_id(uint32_t *gmk_ids, size_t at, const km_random *rnd)
{
	for (;;) {
		uint8_t drawn[4];
		uint32_t id;
		bool again;
		km_err err = km_random_bytes(drawn, sizeof drawn, rnd);

		if (err != KM_OK)
			return err;
		id = (uint32_t)(drawn[0] & 0x0f) << 24 | (uint32_t)drawn[1] << 16 | (uint32_t)drawn[2] << 8 | drawn[3];
		again = id == 0;
		for (size_t i = 0; i < at && !again; i++)
			again = gmk_ids[i] == id;
		if (!again) {
			gmk_ids[at] = id;
			return KM_OK;
		}
	}
}

/* Those that are marked, anew: among all, so that none comes twice. */
static km_err draw_marked(uint32_t *gmk_ids, const bool *marked, size_t n, const km_random *rnd)
{
	size_t kept = 0;
	km_err err = KM_OK;

	for (size_t i = 0; i < n; i++) {        /* which key gets which is not known yet */
		if (!marked[i])
			gmk_ids[kept++] = gmk_ids[i];
	}
	for (size_t i = kept; i < n && err == KM_OK; i++)
		err = draw_id(gmk_ids, i, rnd);
	return err;
}

km_err gms_new_ids(uint32_t *gmk_ids, km_gms *gms, const km_time *expiries, size_t n, km_time now,
		const km_random *rnd, km_complaint *why)
{
	bool *marked = malloc(n + 1), known = true;
	km_err err = marked == NULL ? KM_ENOMEM : KM_OK;

	for (size_t i = 0; i < n && err == KM_OK; i++)
		marked[i] = true;
	for (int i = 0; i < TRIES_MAX && known && err == KM_OK; i++) {
		err = draw_marked(gmk_ids, marked, n, rnd);
		if (err == KM_OK)
			err = store_add_ids(gms->place, &known, marked, gmk_ids, expiries, n, now, why);
	}
	if (err == KM_OK && known) {
		complain(why, gms->uri, 0, "GMK-ID", "none could be kept");
		err = KM_EIO;
	}
	free(marked);
	if (err != KM_OK)
		memset(gmk_ids, 0, n * sizeof *gmk_ids);
	return err;
}

km_err gms_look_up(uint32_t *is, km_gms *gms, uint32_t gmk_id, km_complaint *why)
{
	return store_look_up(gms->place, is, &gmk_id, 1, why);
}

km_err gms_look_up_all(uint32_t *is, km_gms *gms, const uint32_t *gmk_ids, size_t n, km_complaint *why)
{
	return store_look_up(gms->place, is, gmk_ids, n, why);
}

km_err gms_revoke_id(km_gms *gms, uint32_t gmk_id, km_time expiry, km_complaint *why)
{
	return store_revoke_id(gms->place, gmk_id, expiry, why);
}

/* ---- keys, and who was given them ------------------------------------------------------------ */

void gms_let_go(void *gms)
{
	km_gms_free(gms);
}

km_gms *gms_of(const km_key *key)
{
	return key->owner_free == gms_let_go ? key->owner : NULL;
}

km_err gms_new_run(uint64_t *run, km_complaint *why)
{
	km_err err = km_random_bytes((uint8_t *)run, sizeof *run, NULL);

	if (err != KM_OK)
		complain(why, "run", 0, NULL, km_strerror(err));
	return err;
}

km_err gms_mark(km_gms *gms, uint64_t run, const km_mark *marks, size_t n, km_key *const *keys, size_t n_keys,
		km_complaint *why)
{
	return store_mark(gms->place, run, marks, n, keys, n_keys, why);
}

km_err gms_end_run(km_gms *gms, uint64_t run, uint32_t how, km_complaint *why)
{
	return store_end_run(gms->place, run, how, why);
}

void gms_leave_run(km_gms *gms, uint64_t run)
{
	store_leave_run(gms->place, run);
}
