/* open.c -- a message opened by a member's client, with every check of TS 33.180 clause 5.7.2. */
#include "open.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "asm/marks.h"
#include "base/complain.h"
#include "base/escape.h"
#include "base/hint.h"
#include "keys/valid.h"
#include "message/mikey.h"
#include "message/uid.h"

enum { TRIES = 8 };     /* key sets that one message may be for */

/* A message on its way through the checks. */
typedef struct {
	const open_how *how;
	const ring_snapshot *ring;
	const km_random *rnd;
	mikey_msg m;
	const uint8_t *msg;
	message_opened *out;
	km_time t;
	int64_t at;                         /* its seconds */
	const km_kms *kms_i, *kms_r;
	uint8_t sender_uid[KM_UID_BYTES];
	const km_key_set *mine;             /* what it is opened with */
	const km_key_set *tries[TRIES];     /* what it may be opened with; mine is one of them */
	size_t n_tries, try;
	octets sed;                         /* the payload for mine */
} opening;

static bool same(km_str a, km_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

static km_str str_of(octets o)
{
	return (km_str){(const char *)o.data, o.len};
}

static km_str str_of_z(const char *s)
{
	return (km_str){s, strlen(s)};
}

static void explain(const opening *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (o->how->why)
		vsnprintf(o->how->why->text, sizeof o->how->why->text, format, args);
	va_end(args);
}

static bool may_manage(const opening *o, km_str group)
{
	const open_how *how = o->how;
	km_str member = str_of_z(o->out->to_self ? "" : o->mine->uri);

	return how->may_manage ? how->may_manage(how->ctx, o->out->gms,
			str_of_z(o->kms_i->uri), group, member) : km_psi_rule(o->out->gms, group, member);
}

static km_reason check_time(opening *o)
{
	int64_t window = o->how->window, ahead;

	o->t = km_time_of_ntp(o->m.ntp64);
	o->at = o->t.seconds;
	ahead = o->at - o->how->now;
	return window < 0 || (ahead <= window && -ahead <= window) ? KM_R_OK : KM_R_TIME;
}

/* What the signalling gave, without angle brackets. */
static km_str bare(km_str s)
{
	if (s.len >= 2 && s.s[0] == '<' && s.s[s.len - 1] == '>')
		return (km_str){s.s + 1, s.len - 2};
	return s;
}

static km_reason check_replay(const opening *o)
{
	const mikey_msg *m = &o->m;
	const open_how *how = o->how;
	octets uri = m->id[ROLE_INITIATOR];

	if (how->replayed && how->replayed(how->ctx, uri.data ? str_of(uri) : bare(how->from), m->ntp64,
			m->rand.data, m->rand.len, m->csb_id))
		return KM_R_REPLAY;
	return KM_R_OK;
}

/* A KMS's certificate that is valid at T, else any of it. */
static const km_kms *kms_of(const opening *o, octets uri)
{
	const ring_snapshot *ring = o->ring;
	const km_kms *kms = ring_kms_valid(ring, (const char *)uri.data, uri.len, o->at);

	return kms ? kms : ring_kms(ring, (const char *)uri.data, uri.len);
}

static km_reason find_kmss(opening *o)
{
	o->kms_i = kms_of(o, o->m.id[ROLE_KMS_INITIATOR]);
	o->kms_r = kms_of(o, o->m.id[ROLE_KMS_RESPONDER]);
	return o->kms_i && o->kms_r ? KM_R_OK : KM_R_KMS;
}

static bool is_of(const km_kms *kms, const char *uri)
{
	return strcmp(kms->uri, uri) == 0;
}

/* The sender's UID under one certificate of its KMS.  Where KMSs number periods in their own way, the
 * number is that of the key set that I open with, at one KMS. */
static bool sender_fits(uint8_t out[KM_UID_BYTES], const opening *o, const km_kms *kms,
		const km_key_set *mine)
{
	km_str gms = o->out->gms;
	octets uid = o->m.id[ROLE_UID_INITIATOR];
	uint64_t no = km_key_period_no(o->t, kms->period, kms->offset);

	if (mine && o->ring->any_period && is_of(mine->kms, kms->uri))
		no = mine->period_no;
	km_uid(out, gms.s, gms.len, kms->uri, strlen(kms->uri), kms->period, kms->offset, no);
	return !uid.data || memcmp(uid.data, out, KM_UID_BYTES) == 0;
}

/* Under any certificate of its KMS, and for any key set of mine. */
static bool some_sender_fits(opening *o)
{
	const ring_snapshot *ring = o->ring;
	const km_kms *kms;

	if (sender_fits(o->sender_uid, o, o->kms_i, o->n_tries > 0 ? o->tries[0] : NULL))
		return true;
	for (size_t i = 0; (kms = ring_kms_at(ring, i)); i++) {
		if (!is_of(kms, o->kms_i->uri))
			continue;
		for (size_t t = 0; t == 0 || t < o->n_tries; t++)
			if (sender_fits(o->sender_uid, o, kms, o->n_tries > 0 ? o->tries[t] : NULL))
				return true;
	}
	return false;
}

/* The key set that the message was hidden for is held, and has a number that F.2.1 does not give. */
static bool counts_otherwise(const opening *o)
{
	octets uid = o->m.id[ROLE_UID_RESPONDER];
	const km_key_set *set = uid.data ? ring_uid(o->ring, uid.data) : NULL;

	return set && set->period_no != km_key_period_no(o->t, set->kms->period, set->kms->offset);
}

static km_reason refuse_sender(opening *o)
{
	if (counts_otherwise(o))
		explain(o, "the key set that the message is for has another KeyPeriodNo than T gives: where "
				"the KMS counts so, %s takes it as it is", hint_name(HINT_PERIODS));
	else
		explain(o, "the sender that the signalling named has not the UID in the message, which is "
				"of its URI octet by octet");
	return KM_R_SENDER;
}

/* The sender's URI and UID: from the message, or where identities are hidden from the signalling,
 * whose URI must then give the UID in the message. */
static km_reason find_sender(opening *o)
{
	octets uri = o->m.id[ROLE_INITIATOR];
	km_str from = bare(o->how->from);

	if (uri.data && from.len && !km_uri_same(str_of(uri), from))
		return KM_R_SENDER;
	o->out->gms = uri.data ? str_of(uri) : from;
	if (o->out->gms.len == 0) {
		explain(o, "identities are hidden, and the signalling did not name the sender");
		return KM_R_SENDER;
	}
	if (o->ring->any_period || some_sender_fits(o))
		return KM_R_OK;
	return refuse_sender(o);
}

static bool is_user(const km_key_set *set, km_str uri, const char *kms_uri)
{
	return is_of(set->kms, kms_uri) && same(str_of_z(set->uri), uri);
}

/* Whether any key set of that user at that KMS is held, of whatever period. */
static bool holds_any(const ring_snapshot *ring, km_str uri, const km_kms *kms)
{
	const km_key_set *set;

	for (size_t i = 0; (set = ring_keys_at(ring, i)); i++)
		if (set->receiver && is_user(set, uri, kms->uri))
			return true;
	return false;
}

static void add_try(opening *o, const km_key_set *set)
{
	bool room = set && set->receiver && o->n_tries < TRIES;

	for (size_t i = 0; i < o->n_tries; i++)
		room = room && o->tries[i] != set;
	if (room)
		o->tries[o->n_tries++] = set;
}

/* A user's key sets for T, under each certificate of its KMS; with any period, those valid at T. */
static void try_user(opening *o, km_str uri, const km_kms *kms)
{
	const ring_snapshot *ring = o->ring;
	const km_kms *other;
	const km_key_set *set;

	add_try(o, ring_keys_when(ring, uri.s, uri.len, kms, o->at));
	for (size_t i = 0; (other = ring_kms_at(ring, i)); i++)
		if (is_of(other, kms->uri))
			add_try(o, ring_keys_when(ring, uri.s, uri.len, other, o->at));
	for (size_t i = 0; ring->any_period && (set = ring_keys_at(ring, i)); i++)
		if (is_user(set, uri, kms->uri) && valid_key_set(set, o->at))
			add_try(o, set);
}

static void try_uid(opening *o, const uint8_t *uid, const km_kms *kms)
{
	const ring_snapshot *ring = o->ring;
	const km_key_set *set = ring_uid(ring, uid);

	for (size_t i = 0; set && (set = ring_keys_at(ring, i)); i++)
		if (memcmp(set->uid, uid, KM_UID_BYTES) == 0 && is_of(set->kms, kms->uri))
			add_try(o, set);
}

/* The responder's key set; or the sender's own, where there is a SAKKE-to-self. */
static km_reason find_my_keys(opening *o)
{
	octets uri = o->m.id[ROLE_RESPONDER], uid = o->m.id[ROLE_UID_RESPONDER];
	bool any = o->ring->any_period;

	o->sed = o->m.sed;
	if (uri.data)
		try_user(o, str_of(uri), o->kms_r);
	else
		try_uid(o, uid.data, o->kms_r);
	if (o->n_tries == 0 && o->m.to_self.data) {
		try_user(o, o->out->gms, o->kms_i);
		o->sed = o->m.to_self;
		o->out->to_self = o->n_tries > 0;
	}
	if (o->n_tries > 0) {
		o->mine = o->tries[0];
		return !any || some_sender_fits(o) ? KM_R_OK : refuse_sender(o);
	}
	return uri.data && holds_any(o->ring, str_of(uri), o->kms_r) ? KM_R_PERIOD : KM_R_NOT_MINE;
}

static bool is_twin(const km_kms *a, const km_kms *b)
{
	return a->keys == b->keys && a->period == b->period && a->offset == b->offset;
}

/* The key set is valid, and a certificate of its KMS with its points: what the set was loaded under may be revoked or
 * renewed since. */
static bool serves(const opening *o, const km_key_set *set)
{
	const km_kms *kms;

	for (size_t i = 0; valid_key_set(set, o->at) && (kms = ring_kms_at(o->ring, i)); i++)
		if (is_twin(kms, set->kms) && is_of(kms, set->kms->uri) && valid_kms(kms, o->at))
			return true;
	return false;
}

static bool any_serves(const opening *o)
{
	for (size_t i = 0; i < o->n_tries; i++)
		if (serves(o, o->tries[i]))
			return true;
	return false;
}

static km_reason check_identities(opening *o)
{
	km_reason r = find_kmss(o);

	if (r == KM_R_OK)
		r = find_sender(o);
	if (r == KM_R_OK)
		r = find_my_keys(o);
	if (r == KM_R_OK && !o->mine->receiver) {
		explain(o, "the key set of the receiver can only sign: its document holds no UserDecryptKey");
		r = KM_R_NOT_MINE;
	}
	if (r == KM_R_OK && (!valid_kms(o->kms_i, o->at) || !valid_kms(o->kms_r, o->at) ||
			!any_serves(o)))
		r = KM_R_EXPIRED;
	return r;
}

static km_err verify(const opening *o, const km_kms *kms, size_t signed_len)
{
	return km_eccsi_verify(o->m.sig.data, o->m.sig.len, o->msg, signed_len, o->sender_uid,
			KM_UID_BYTES, kms->keys);
}

/* Under one certificate of the sender's KMS, as seen from the key set to be tried.  The form of the
 * text first.  The form without the header is looked at in any case, so that who has
 * to do with such a GMS learns it. */
static km_reason verify_with(opening *o, const km_kms *kms)
{
	km_err err;

	if (!sender_fits(o->sender_uid, o, kms, o->mine))
		return KM_R_SIGNATURE;
	err = verify(o, kms, o->m.signed_len);
	if (err != KM_OK && err != KM_ESIG)
		return KM_R_ENGINE;
	if (err != KM_OK && verify(o, kms, o->m.signed_len - MIKEY_SIGN_HEADER) != KM_OK)
		return KM_R_SIGNATURE;
	if (err != KM_OK && !(o->how->compat & KM_COMPAT_SIGN_WITHOUT_HEADER)) {
		explain(o, "the signature verifies only without the header of the SIGN payload, as some "
				"GMSs make it: %s accepts those", hint_name(HINT_SIGN_WITHOUT_HEADER));
		return KM_R_SIGNATURE;
	}
	o->out->remarks |= err != KM_OK ? KM_REMARK_SIGN_HEADER : 0;
	o->kms_i = kms;
	return KM_R_OK;
}

/* Other certificates of the sender's KMS that are valid at T; one with the same points is no other. */
static km_reason verify_others(opening *o)
{
	const km_kms *first = o->kms_i, *kms;
	km_reason r = KM_R_SIGNATURE;

	for (size_t i = 0; r == KM_R_SIGNATURE &&
			(kms = ring_kms_at(o->ring, i)); i++)
		if (is_of(kms, first->uri) && valid_kms(kms, o->at) && !is_twin(kms, first))
			r = verify_with(o, kms);
	return r;
}

static km_reason check_signature(opening *o)
{
	km_reason r = KM_R_SIGNATURE;

	for (o->try = 0; r == KM_R_SIGNATURE && o->try < o->n_tries; o->try++) {
		o->mine = o->tries[o->try];
		if (!serves(o, o->mine))
			continue;
		r = verify_with(o, o->kms_i);
		if (r == KM_R_SIGNATURE)
			r = verify_others(o);
		if (!o->ring->any_period)
			break;
	}
	return r;
}

/* The key set that the signature was found with, and then those that give the same sender. */
static km_err decapsulate(opening *o, uint8_t gmk[KM_SSV_BYTES])
{
	km_err err = km_sakke_decap(gmk, o->sed.data, o->sed.len, o->mine->receiver, o->rnd);

	for (size_t i = 0; err == KM_EDECAP && i < o->n_tries; i++) {
		const km_key_set *set = o->tries[i];
		uint8_t uid[KM_UID_BYTES];

		if (set == o->mine || !serves(o, set) ||
		    !sender_fits(uid, o, o->kms_i, set) || memcmp(uid, o->sender_uid, sizeof uid) != 0)
			continue;
		err = km_sakke_decap(gmk, o->sed.data, o->sed.len, set->receiver, o->rnd);
		if (err == KM_OK)
			o->mine = set;
	}
	return err;
}

/* What the key protects.  gmk is secret. */
static km_reason read_parameters(opening *o, const uint8_t gmk[KM_SSV_BYTES])
{
	message_opened *out = o->out;
	keyparams_cipher *cipher;
	const char *wrong = o->m.protected_payload.data ?
			keyparams_check(o->m.protected_payload, out->guk_id) : "there are none";
	km_reason r = KM_R_DECRYPT;

	if (!wrong) {
		cipher = keyparams_cipher_new();
		if (!cipher)
			return KM_R_ENGINE;
		if (keyparams_unprotect(out->content, &out->content_len, cipher, gmk, out->guk_id,
				o->m.protected_payload)) {
			wrong = keyparams_read(&out->params, out->groups, out->content, out->content_len);
			r = KM_R_OK;
		}
		keyparams_cipher_free(cipher);
	}
	if (!wrong)
		return r;
	if (o->how->why)
		snprintf(o->how->why->text, sizeof o->how->why->text, "the key parameters: %s", wrong);
	return KM_R_PARAMETERS;
}

/* Whatever about the encapsulated key or the encryption under it fails is one reason; want of memory
 * or of randomness is not about the message. */
static km_reason decrypt(opening *o)
{
	message_opened *out = o->out;
	uint8_t gmk[KM_SSV_BYTES];
	octets user = o->m.id[ROLE_RESPONDER];
	km_str p0 = user.data ? str_of(user) : str_of_z(o->mine->uri);
	km_reason r = KM_R_PURPOSE;
	km_err err = decapsulate(o, gmk);

	if (err != KM_OK)
		return err == KM_EDECAP ? KM_R_DECRYPT : KM_R_ENGINE;
	out->guk_id = o->m.csb_id;
	/* The salt is the member's.  The GMS, opening a message with hidden identities to itself, does not learn whose
	 * it is, and so not the GMK-ID either. */
	out->is_id_known = !out->to_self || user.data;
	out->gmk_id = !out->is_id_known ? out->guk_id & 0xf0000000
			: uid_guk_id(out->guk_id, uid_salt(gmk, p0.s, p0.len));
	/* Public: an identifier, which the signalling of calls names. */
	ct_public(&out->gmk_id, sizeof out->gmk_id);
	if (out->gmk_id >> 28 == 0)
		r = read_parameters(o, gmk);
	if (r == KM_R_OK)
		memcpy(out->gmk, gmk, sizeof out->gmk);
	km_wipe(gmk, sizeof gmk);
	return r;
}

/* The PSI rule in words: which of the hosts it was. */
static void explain_authority(const opening *o, km_str group)
{
	const char *trust = hint_name(HINT_TRUST);
	char host[KM_URI_MAX + 1], shown[200];

	if (!o->how->why || o->how->may_manage)
		return;
	escape_into(shown, sizeof shown, group.s, group.len);
	if (km_uri_host(host, group.s, group.len) == 0)
		explain(o, "the group %s has no host to compare with that of the GMS: %s says who may manage it",
				shown, trust);
	else if (km_uri_host(host, o->out->gms.s, o->out->gms.len) == 0)
		explain(o, "the GMS has no host to compare with that of the group %s: %s says who may manage it",
				shown, trust);
	else
		explain(o, "the group %s is under another host than the GMS, or under the member's own: %s says who "
				"may manage it", shown, trust);
}

static km_reason check_groups(const opening *o)
{
	const keyparams *p = &o->out->params;
	km_str named = bare(o->how->group);
	bool listed = p->n_groups == 0;

	if (p->n_groups == 0 && named.len == 0)
		return KM_R_GROUP;
	for (size_t i = 0; i < p->n_groups; i++) {
		if (!may_manage(o, p->groups[i])) {
			explain_authority(o, p->groups[i]);
			return KM_R_AUTHORITY;
		}
		listed = listed || km_uri_same(p->groups[i], named);
	}
	return named.len == 0 || listed ? KM_R_OK : KM_R_GROUP;
}

/* T over all eras: what comes after the wrap of 2036 is later. */
static bool is_later(uint64_t ntp64, uint64_t than)
{
	km_time a = km_time_of_ntp(ntp64), b = km_time_of_ntp(than);

	return a.seconds > b.seconds || (a.seconds == b.seconds && a.fraction > b.fraction);
}

static bool is_same_key(const km_key *held, const message_opened *out)
{
	return same(held->gms, out->gms) && same(held->kms, out->gms_kms) &&
			km_equal(held->gmk, out->gmk, KM_SSV_BYTES);
}

/* Against what is held under the same GMK-ID: the same key of the same issuer with a later T is an
 * update; a key remembered as revoked stays so; anything else is a duplicate.  A revoked key of
 * another issuer forbids nobody its GMK-ID. */
static km_reason check_duplicate(message_opened *out, const open_how *how)
{
	open_held held;
	km_reason r = KM_R_OK;

	out->update = false;
	if (!out->is_id_known)
		return KM_R_OK; /* nor whether it came before */
	for (size_t i = 0; r == KM_R_OK && how->held && how->held(how->ctx, &held, out->member, out->gmk_id, i);
			i++) {
		bool is_revoked = held.key->revoked, is_newer = is_later(out->ntp64, held.ntp64);
		bool is_same = is_same_key(held.key, out);

		km_key_free(held.key);
		if (!is_same)
			r = is_revoked ? KM_R_OK : KM_R_DUPLICATE;
		else if (is_revoked && !out->revoked)
			r = KM_R_REVOKED;
		else if (!is_newer)
			r = KM_R_DUPLICATE;
		else
			out->update = true;
	}
	out->remarks &= ~(unsigned)KM_REMARK_REVOKES_UNKNOWN;
	if (out->revoked && !out->update)
		out->remarks |= KM_REMARK_REVOKES_UNKNOWN;
	return r;
}

/* What an operator should hear about what is accepted. */
static void remark(opening *o)
{
	message_opened *out = o->out;
	const keyparams *p = &out->params;
	int64_t now = o->how->now;

	if (p->expiry != 0 && now >= 0 && p->expiry <= (uint64_t)now)
		out->remarks |= KM_REMARK_EXPIRED;
	if (p->expiry != 0 && p->activation >= p->expiry)
		out->remarks |= KM_REMARK_ACTIVATION;
	if (o->m.kms_role_3)
		out->remarks |= KM_REMARK_KMS_ROLE;
	if (o->m.prf == 0)
		out->remarks |= KM_REMARK_PRF;
}

static km_reason run_checks(opening *o)
{
	message_opened *out = o->out;
	km_reason r = check_time(o);

	if (r == KM_R_OK)
		r = check_replay(o);
	if (r == KM_R_OK)
		r = check_identities(o);
	if (r == KM_R_OK)
		r = check_signature(o);
	if (r == KM_R_OK && o->how->group.len && !may_manage(o, bare(o->how->group))) {
		explain_authority(o, bare(o->how->group));
		r = KM_R_AUTHORITY;
	}
	if (r != KM_R_OK)
		return r;
	out->ntp64 = o->m.ntp64;
	out->rand = o->m.rand.data;
	out->rand_len = o->m.rand.len;
	out->gms_kms = str_of_z(o->kms_i->uri);
	out->member_kms = str_of_z(o->kms_r->uri);
	out->member = o->m.id[ROLE_RESPONDER].data ? str_of(o->m.id[ROLE_RESPONDER])
			: str_of_z(out->to_self ? "" : o->mine->uri);
	r = decrypt(o);
	if (r == KM_R_OK && out->params.key_type != 0)
		r = KM_R_KEY_TYPE;
	if (r == KM_R_OK)
		r = check_groups(o);
	out->revoked = !(out->params.status & KM_STATUS_NOT_REVOKED);
	if (r == KM_R_OK)
		r = check_duplicate(out, o->how);
	if (r == KM_R_OK)
		remark(o);
	return r;
}

km_reason open_message(message_opened *out, const ring_snapshot *ring, const uint8_t *msg, size_t len,
		const open_how *how, const km_random *rnd)
{
	opening o = {.how = how, .ring = ring, .rnd = rnd, .msg = msg, .out = out};
	km_reason r = KM_R_PARSE;

	memset(out, 0, sizeof *out);
	if (how->why)
		how->why->text[0] = 0;
	if (mikey_parse(&o.m, msg, len, how->compat, NULL))
		r = run_checks(&o);
	else if (how->why)
		mikey_why(how->why, msg, len, how->compat);
	if (r != KM_R_OK)
		km_wipe(out, sizeof *out);
	km_wipe(&o, sizeof o);  /* and what registers still hold of the key */
	return r;
}

km_reason open_check_again(message_opened *out, const open_how *how)
{
	if (how->replayed && how->replayed(how->ctx, out->gms, out->ntp64, out->rand, out->rand_len, out->guk_id))
		return KM_R_REPLAY;
	return check_duplicate(out, how);
}

km_err open_key(km_key **key, const message_opened *opened, km_complaint *why)
{
	return key_make(key, &(key_parts){
		.gmk = opened->gmk, .gmk_id = opened->gmk_id, .gms = opened->gms, .kms = opened->gms_kms,
		.member = opened->member, .member_kms = opened->member_kms, .rand = opened->rand,
		.rand_len = opened->rand_len, .params = opened->params, .revoked = opened->revoked,
	}, why);
}
