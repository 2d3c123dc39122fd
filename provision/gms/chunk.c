/* chunk.c -- one chunk of members of one key to messages: derive, encapsulate, protect, assemble, sign. */
#include <stdlib.h>
#include <string.h>

#include "asm/marks.h"
#include "base/when.h"
#include "gmk.h"
#include "message/keyparams.h"
#include "message/mikey.h"
#include "keys/keyring.h"
#include "keys/valid.h"
#include "message/uid.h"

/* What becomes of one member on the way. */
typedef struct {
	const km_key_set *gms;             /* the GMS's key set of this T's period */
	const km_kms *kms;                 /* the certificate of the member's KMS that is valid at T */
	uint64_t ntp64;
	uint8_t sed[KM_SED_BYTES];
} step;

/* One chunk in work. */
typedef struct {
	const km_gmk_job *job;
	const ring_snapshot *ring;
	const km_member *members;
	size_t n;
	const km_random *rnd;
	km_gmk_message *out;
	step *steps;
	uint8_t *ids, *seds;               /* gathered for one batch */
	uint8_t (*ivs)[KM_GMK_IV_BYTES];
	km_err *status;
	size_t *index;
	km_to_sign *items;
	uint8_t content[KEYPARAMS_MAX];
	size_t content_len;
	uint8_t payload[PROTECTED_HEADER + KEYPARAMS_MAX + GCM_TAG]; /* of the member in hand */
	uint64_t gms_seconds;
	const km_kms *gms_kms;             /* the certificate that is valid at gms_seconds, or NULL */
	const km_key_set *gms_set;         /* of gms_seconds; NULL: none, or not looked up */
	const km_key_set *self_set;        /* whose SAKKE-to-self stands in self */
	uint8_t self[KM_SED_BYTES];
	keyparams_cipher *cipher;
} chunk;

static void chunk_free(chunk *c)
{
	ring_give_back(c->ring);
	free(c->steps);
	free(c->ids);
	free(c->seds);
	free(c->ivs);
	free(c->status);
	free(c->index);
	free(c->items);
	keyparams_cipher_free(c->cipher);
	free(c);
}

static chunk *chunk_new(size_t n)
{
	chunk *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->n = n;
	c->steps = calloc(n, sizeof *c->steps);
	c->ids = malloc(n * KM_UID_BYTES);
	c->seds = malloc(n * KM_SED_BYTES);
	c->ivs = malloc(n * KM_GMK_IV_BYTES);
	c->status = malloc(n * sizeof *c->status);
	c->index = malloc(n * sizeof *c->index);
	c->items = calloc(n, sizeof *c->items);
	c->cipher = keyparams_cipher_new();
	if (c->steps && c->ids && c->seds && c->ivs && c->status && c->index && c->items && c->cipher)
		return c;
	chunk_free(c);
	return NULL;
}

static void reject(chunk *c, size_t i, km_reason reason, km_err err)
{
	memset(&c->out[i], 0, sizeof c->out[i]);
	c->out[i].reason = reason;
	c->out[i].err = err;
}

/* The certificate that serves at a time: the one given, or another of the same KMS. */
static const km_kms *kms_at(const chunk *c, const km_kms *kms, int64_t at)
{
	return valid_kms(kms, at) ? kms : ring_kms_valid(c->ring, kms->uri, strlen(kms->uri), at);
}

/* The GMS's certificate and key set at a time: many of a chunk have the same second. */
static void find_gms(chunk *c, uint64_t seconds)
{
	const km_gmk_job *job = c->job;
	const int64_t at = (int64_t)(seconds - KM_NTP_UNIX);

	if (c->gms_seconds == seconds)
		return;
	c->gms_seconds = seconds;
	c->gms_kms = kms_at(c, job->gms_kms, at);
	c->gms_set = ring_keys_when(c->ring, job->gms_uri.s, job->gms_uri.len,
			c->gms_kms ? c->gms_kms : job->gms_kms, at);
}

/* The key period of a member: where the KMS counts otherwise, the GMS's own key set tells. */
static uint64_t period_of(const chunk *c, const km_kms *kms, uint64_t seconds)
{
	if (c->ring->any_period && strcmp(kms->uri, c->job->gms_kms->uri) == 0)
		return c->gms_set->period_no;
	return km_key_period_no(when_ntp_second(seconds), kms->period, kms->offset);
}

/* Periods, UIDs and key sets, all from T. */
static void derive(chunk *c, size_t i, uint64_t seconds)
{
	const km_member *m = &c->members[i];
	const km_gmk_job *job = c->job;
	int64_t at = (int64_t)(seconds - KM_NTP_UNIX);
	km_gmk_message *out = &c->out[i];
	step *s = &c->steps[i];

	if (km_uri_check(m->uri.s, m->uri.len, KM_URI_MEMBER |
			(job->any_id ? KM_URI_ANY_ID : 0)) != KM_URI_OK) {
		reject(c, i, KM_R_URI, KM_OK);
		return;
	}
	find_gms(c, seconds);
	s->gms = c->gms_set;
	if (!s->gms || !s->gms->signer) {
		reject(c, i, KM_R_PERIOD, KM_OK);
		return;
	}
	s->kms = kms_at(c, m->kms, at);
	if (!c->gms_kms || !s->kms || !valid_key_set(s->gms, at)) {
		reject(c, i, KM_R_EXPIRED, KM_OK);
		return;
	}
	out->period_no = period_of(c, s->kms, seconds);
	km_uid(out->uid, m->uri.s, m->uri.len, s->kms->uri, strlen(s->kms->uri), s->kms->period,
			s->kms->offset, out->period_no);
	out->guk_id = uid_guk_id(job->gmk_id, uid_salt(job->gmk, m->uri.s, m->uri.len));
	/* Public: it is sent as the CSB ID. */
	ct_public(&out->guk_id, sizeof out->guk_id);
}

/* Encapsulate for all members of one KMS. */
static km_err encapsulate_for(chunk *c, const km_kms *kms)
{
	size_t k = 0;
	km_err err;

	for (size_t i = 0; i < c->n; i++) {
		if (c->out[i].reason != KM_R_OK || c->steps[i].kms != kms)
			continue;
		memcpy(c->ids + k * KM_UID_BYTES, c->out[i].uid, KM_UID_BYTES);
		c->index[k++] = i;
	}
	err = km_sakke_encap_batch(c->seds, c->status, c->job->gmk, c->ids, KM_UID_BYTES, k, kms->keys,
			c->rnd);
	if (err != KM_OK && err != KM_EPARTIAL)
		return err;
	for (size_t j = 0; j < k; j++) {
		if (c->status[j] == KM_OK)
			memcpy(c->steps[c->index[j]].sed, c->seds + j * KM_SED_BYTES, KM_SED_BYTES);
		else
			reject(c, c->index[j], KM_R_ENGINE, c->status[j]);
	}
	return KM_OK;
}

/* Each KMS once, at its first member. */
static km_err encapsulate(chunk *c)
{
	km_err err = KM_OK;

	for (size_t i = 0; i < c->n && err == KM_OK; i++) {
		bool first = c->out[i].reason == KM_R_OK;

		for (size_t j = 0; first && j < i; j++)
			first = c->steps[j].kms != c->steps[i].kms || c->out[j].reason != KM_R_OK;
		if (first)
			err = encapsulate_for(c, c->steps[i].kms);
		while (i + 1 < c->n && c->steps[i + 1].kms == c->steps[i].kms && first)
			i++;
	}
	return err;
}

/* SAKKE-to-self depends on the GMS's key period alone. */
static km_err encapsulate_to_self(chunk *c, const km_key_set *set)
{
	if (c->self_set == set)
		return KM_OK;
	c->self_set = set;
	return km_sakke_encap(c->self, c->job->gmk, set->uid, KM_UID_BYTES, set->kms->keys, c->rnd);
}

static octets octets_of(km_str s)
{
	return (octets){(const uint8_t *)s.s, s.len};
}

/* The parts of a message whose lengths are final; sed, payload and uid may still be empty. */
static mikey_parts parts_of(const km_gmk_job *job, const km_member *m, const step *s,
		const km_gmk_message *out, octets payload, const uint8_t *self)
{
	mikey_parts p = {
		.csb_id = out->guk_id, .gmk_id = job->gmk_id, .ntp64 = s->ntp64, .rand = job->rand,
		.hide = job->hide, .initiator = octets_of(job->gms_uri), .responder = octets_of(m->uri),
		.kms_initiator = {(const uint8_t *)job->gms_kms->uri, strlen(job->gms_kms->uri)},
		.kms_responder = {(const uint8_t *)m->kms->uri, strlen(m->kms->uri)},
		.map = job->map, .services = job->services, .sed = {s->sed, KM_SED_BYTES},
		.to_self = {job->sakke_to_self ? self : NULL, KM_SED_BYTES},
		.protected_payload = payload,
	};

	if (job->hide) {
		p.initiator = (octets){s->gms ? s->gms->uid : NULL, KM_UID_BYTES};
		p.responder = (octets){out->uid, KM_UID_BYTES};
	}
	return p;
}

KM_API size_t km_gmk_size(const km_gmk_job *job, const km_member *member)
{
	static const step no_step;
	static const km_gmk_message no_message;
	const keyparams params = keyparams_of(&job->params);
	octets payload = {NULL, PROTECTED_HEADER + keyparams_size(&params) + GCM_TAG};
	mikey_parts p = parts_of(job, member, &no_step, &no_message, payload, no_step.sed);

	return mikey_size(&p) + KM_SIG_BYTES;
}

/* The IVs that are given, or new ones, all of them at once. */
static km_err take_ivs(chunk *c, const uint8_t *ivs)
{
	size_t len = c->n * KM_GMK_IV_BYTES;
	km_err err = KM_OK;

	if (ivs)
		memcpy(c->ivs, ivs, len);
	else
		err = km_random_bytes(c->ivs[0], len, c->rnd);
	/* Public: they are sent beside what they encrypt. */
	ct_public(c->ivs, len);
	return err;
}

/* Protect and assemble all members behind each other in buf. */
static km_err assemble(chunk *c, uint8_t *buf, size_t buf_len, uint64_t created,
		const uint8_t *ivs)
{
	const octets payload = {c->payload, PROTECTED_HEADER + c->content_len + GCM_TAG};
	km_err err = take_ivs(c, ivs);

	for (size_t i = 0; i < c->n && err == KM_OK; i++) {
		km_gmk_message *out = &c->out[i];
		step *s = &c->steps[i];
		mikey_parts p;

		if (out->reason != KM_R_OK)
			continue;
		if (!keyparams_protect(c->payload, c->cipher, c->job->gmk, out->guk_id, c->ivs[i], created,
				c->content, c->content_len))
			err = KM_ENOMEM;
		if (err == KM_OK && c->job->sakke_to_self)
			err = encapsulate_to_self(c, s->gms);
		p = parts_of(c->job, &c->members[i], s, out, payload, c->self);
		if (err == KM_OK && mikey_size(&p) + KM_SIG_BYTES > buf_len)
			err = KM_EARG;
		if (err != KM_OK)
			break;
		out->msg = buf;
		out->len = mikey_build(buf, &p) + KM_SIG_BYTES;
		buf += out->len;
		buf_len -= out->len;
	}
	return err;
}

/* Sign all messages of one signer; a chunk that crosses a key period has two. */
static km_err sign_for(chunk *c, const km_key_set *set)
{
	size_t k = 0;
	km_err err;

	for (size_t i = 0; i < c->n; i++) {
		km_gmk_message *out = &c->out[i];
		size_t signed_len = out->len - KM_SIG_BYTES;

		if (out->reason != KM_R_OK || c->steps[i].gms != set)
			continue;
		c->items[k] = (km_to_sign){out->msg, signed_len, out->msg + signed_len};
		c->index[k++] = i;
	}
	err = km_eccsi_sign_batch(c->items, c->status, k, set->signer, c->rnd);
	if (err != KM_OK && err != KM_EPARTIAL)
		return err;
	for (size_t j = 0; j < k; j++) {
		if (c->status[j] == KM_OK)
			continue;
		km_wipe(c->out[c->index[j]].msg, c->out[c->index[j]].len);
		reject(c, c->index[j], KM_R_ENGINE, c->status[j]);
	}
	return KM_OK;
}

static km_err sign(chunk *c)
{
	const km_key_set *last = NULL;
	km_err err = KM_OK;

	for (size_t i = 0; i < c->n && err == KM_OK; i++) {
		/* Periods only follow each other within a chunk, so a set that changes is a new one. */
		if (c->out[i].reason != KM_R_OK || c->steps[i].gms == last)
			continue;
		last = c->steps[i].gms;
		err = sign_for(c, last);
	}
	return err;
}

static km_err make(chunk *c, uint8_t *buf, size_t buf_len, uint64_t ntp64, uint64_t era_seconds,
		uint64_t created, const uint8_t *ivs)
{
	const keyparams params = keyparams_of(&c->job->params);
	km_err err;

	c->content_len = keyparams_size(&params);
	if (c->content_len == 0)
		return KM_EARG;
	keyparams_write(c->content, &params);
	for (size_t i = 0; i < c->n; i++) {
		c->steps[i].ntp64 = ntp64 + i;
		derive(c, i, era_seconds + ((ntp64 + i) >> 32) - (ntp64 >> 32));
	}
	err = encapsulate(c);
	if (err == KM_OK)
		err = assemble(c, buf, buf_len, created, ivs);
	return err == KM_OK ? sign(c) : err;
}

KM_API km_err km_gmk_make(km_gmk_message *out, uint8_t *buf, size_t buf_len, const km_gmk_job *job,
		const km_member *members, size_t n, uint64_t ntp64, uint64_t era_seconds,
		uint64_t created, const uint8_t *ivs, const km_random *rnd)
{
	chunk *c = NULL;
	km_err err = KM_EARG;

	memset(out, 0, n * sizeof *out);
	if (n == 0)
		return KM_OK;
	if (n <= KM_CHUNK_MAX && job->gmk_id >> 28 == 0) {
		c = chunk_new(n);
		err = c ? KM_OK : KM_ENOMEM;
	}
	if (c) {
		c->job = job;
		c->ring = ring_take(job->ring);
		c->members = members;
		c->rnd = rnd;
		c->out = out;
		err = make(c, buf, buf_len, ntp64, era_seconds, created, ivs);
		chunk_free(c);
	}
	if (err != KM_OK) {
		memset(out, 0, n * sizeof *out);
		km_wipe(buf, buf_len);
		return err;
	}
	for (size_t i = 0; i < n; i++)
		if (out[i].reason != KM_R_OK)
			return KM_EPARTIAL;
	return KM_OK;
}
