/* make.c -- a piece of a batch to messages: derive, encapsulate, protect, assemble, sign. */
#include "make.h"

#include <stdlib.h>
#include <string.h>

#include "asm/marks.h"

/* A piece in work. */
typedef struct {
	make_item *items;
	size_t n;
	const make_how *how;
	const km_random *rnd;
	km_to_encap *to;                /* gathered for the engine */
	km_to_sign *signing;
	km_err *status;
	uint8_t *seds;                  /* n encapsulations */
	uint8_t (*ivs)[KM_GMK_IV_BYTES];
	keyparams_cipher *cipher;
	uint8_t payload[PROTECTED_HEADER + KEYPARAMS_MAX + GCM_TAG]; /* of the item in hand */
} piece;

static void piece_free(piece *p)
{
	if (p == NULL)
		return;
	free(p->to);
	free(p->signing);
	free(p->status);
	free(p->seds);
	free(p->ivs);
	keyparams_cipher_free(p->cipher);
	free(p);
}

static piece *piece_new(size_t n)
{
	piece *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->n = n;
	p->to = calloc(n, sizeof *p->to);
	p->signing = calloc(n, sizeof *p->signing);
	p->status = calloc(n, sizeof *p->status);
	p->seds = malloc(n * KM_SED_BYTES);
	p->ivs = malloc(n * KM_GMK_IV_BYTES);
	p->cipher = keyparams_cipher_new();
	if (p->to != NULL && p->signing != NULL && p->status != NULL && p->seds != NULL && p->ivs != NULL &&
	    p->cipher != NULL)
		return p;
	piece_free(p);
	return NULL;
}

static void reject(make_item *item, km_err err)
{
	km_wipe(item->msg, item->len);
	item->reason = KM_R_ENGINE;
	item->err = err;
	item->guk_id = 0;
}

/* ---- encapsulation --------------------------------------------------------------------------- */

static void derive(make_item *item)
{
	const km_kms *kms = item->kms;

	km_uid(item->uid, item->uri.s, item->uri.len, kms->uri, strlen(kms->uri), kms->period, kms->offset,
			item->period_no);
	item->guk_id = km_key_guk_id(item->key, item->uri.s, item->uri.len);
}

/* Each item was given its own key's GMK and its own UID: looked at again, after the engine has used them. */
static bool gathered_right(const km_to_encap *to, const make_item *items, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		if (to[i].ssv != items[i].key->gmk || to[i].id != items[i].uid || to[i].id_len != KM_UID_BYTES)
			return false;
	}
	return true;
}

static km_err encapsulate(piece *p)
{
	km_err err;

	for (size_t i = 0; i < p->n; i++) {
		if (p->items[i].kms->keys != p->items[0].kms->keys)
			return KM_EARG;
		derive(&p->items[i]);
		p->to[i] = (km_to_encap){ p->items[i].key->gmk, p->items[i].uid, KM_UID_BYTES };
	}
	err = km_sakke_encap_items(p->seds, p->status, p->to, p->n, p->items[0].kms->keys, p->rnd);
	if (err != KM_OK && err != KM_EPARTIAL)
		return err;
	if (!gathered_right(p->to, p->items, p->n))
		return KM_EFAULT;
	for (size_t i = 0; i < p->n; i++) {
		if (p->status[i] != KM_OK)
			reject(&p->items[i], p->status[i]);
	}
	return KM_OK;
}

static bool selves_gathered_right(const km_to_encap *to, const make_self *selves, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		if (to[i].ssv != selves[i].key->gmk || to[i].id != selves[i].set->uid || to[i].id_len != KM_UID_BYTES)
			return false;
	}
	return true;
}

static km_err encapsulate_selves(uint8_t *seds, km_to_encap *to, km_err *status, make_self *selves, size_t n,
		const km_random *rnd)
{
	km_err err;

	for (size_t i = 0; i < n; i++)
		to[i] = (km_to_encap){ selves[i].key->gmk, selves[i].set->uid, KM_UID_BYTES };
	err = km_sakke_encap_items(seds, status, to, n, selves[0].set->kms->keys, rnd);
	if (err == KM_OK && !selves_gathered_right(to, selves, n))
		err = KM_EFAULT;
	for (size_t i = 0; i < n && err == KM_EPARTIAL; i++)
		err = status[i] == KM_OK ? KM_EPARTIAL : status[i];
	for (size_t i = 0; i < n && err == KM_OK; i++)
		memcpy(selves[i].sed, seds + i * KM_SED_BYTES, KM_SED_BYTES);
	return err;
}

km_err make_selves(make_self *selves, size_t n, const km_random *rnd)
{
	uint8_t *seds = malloc(n * KM_SED_BYTES + 1);
	km_to_encap *to = calloc(n + 1, sizeof *to);
	km_err *status = calloc(n + 1, sizeof *status);
	km_err err = n > MAKE_MAX ? KM_EARG : seds == NULL || to == NULL || status == NULL ? KM_ENOMEM : KM_OK;

	for (size_t i = 0; i < n && err == KM_OK; i++) {
		if (selves[i].set->kms->keys != selves[0].set->kms->keys)
			err = KM_EARG;
	}
	if (err == KM_OK && n > 0)
		err = encapsulate_selves(seds, to, status, selves, n, rnd);
	free(seds);
	free(to);
	free(status);
	return err;
}

/* ---- assembly -------------------------------------------------------------------------------- */

static octets octets_of(km_str s)
{
	return (octets){ (const uint8_t *)s.s, s.len };
}

/* The parts of a message, whose lengths are final; what is in them may not be there yet. */
static mikey_parts parts_of(const make_how *how, const make_item *item, const uint8_t *sed, octets payload)
{
	const km_key *key = item->key;

	return (mikey_parts){
		.csb_id = item->guk_id, .gmk_id = key->gmk_id, .ntp64 = km_time_ntp(item->t), .rand = key->rand,
		.hide = how->hide,
		.initiator = how->hide ? (octets){ item->signer->uid, KM_UID_BYTES } : octets_of(key->gms),
		.responder = how->hide ? (octets){ item->uid, KM_UID_BYTES } : octets_of(item->uri),
		.kms_initiator = octets_of(key->kms),
		.kms_responder = { (const uint8_t *)item->kms->uri, strlen(item->kms->uri) },
		.map = how->map, .services = how->services, .sed = { sed, KM_SED_BYTES },
		.to_self = { item->to_self, KM_SED_BYTES }, .protected_payload = payload,
	};
}

size_t make_size(const make_how *how, const make_item *item)
{
	const octets payload = { NULL, PROTECTED_HEADER + item->key->content_len + GCM_TAG };
	const mikey_parts parts = parts_of(how, item, NULL, payload);

	return mikey_size(&parts) + KM_SIG_BYTES;
}

/* The IVs that are given, or new ones, all of them at once. */
static km_err take_ivs(piece *p, const uint8_t *ivs)
{
	const size_t len = p->n * KM_GMK_IV_BYTES;
	km_err err = KM_OK;

	if (ivs != NULL)
		memcpy(p->ivs, ivs, len);
	else
		err = km_random_bytes(p->ivs[0], len, p->rnd);
	/* Public: they are sent beside what they encrypt. */
	ct_public(p->ivs, len);
	return err;
}

static km_err assemble_one(piece *p, size_t i)
{
	const make_item *item = &p->items[i];
	const octets content = key_content(item->key, item->what);
	const octets payload = { p->payload, PROTECTED_HEADER + content.len + GCM_TAG };
	const mikey_parts parts = parts_of(p->how, item, p->seds + i * KM_SED_BYTES, payload);

	if (mikey_size(&parts) + KM_SIG_BYTES != item->len)
		return KM_EARG;
	if (!keyparams_protect(p->payload, p->cipher, item->key->gmk, item->guk_id, p->ivs[i],
			(uint64_t)item->t.seconds, content.data, content.len))
		return KM_ENOMEM;
	mikey_build(item->msg, &parts);
	return KM_OK;
}

static km_err assemble(piece *p, const uint8_t *ivs)
{
	km_err err = take_ivs(p, ivs);

	for (size_t i = 0; i < p->n && err == KM_OK; i++) {
		if (p->items[i].reason == KM_R_OK)
			err = assemble_one(p, i);
	}
	return err;
}

/* ---- signatures ------------------------------------------------------------------------------ */

/* All messages from *at on that have one signer; *at moves behind them. */
static km_err sign_run(piece *p, size_t *at)
{
	const size_t first = *at;
	const km_key_set *set = p->items[first].signer;
	size_t k = 0;
	km_err err;

	for (; *at < p->n && p->items[*at].signer == set; ++*at) {
		const make_item *item = &p->items[*at];
		const size_t signed_len = item->len - KM_SIG_BYTES;

		if (item->reason == KM_R_OK)
			p->signing[k++] = (km_to_sign){ item->msg, signed_len, item->msg + signed_len };
	}
	err = km_eccsi_sign_batch(p->signing, p->status, k, set->signer, p->rnd);
	if (err != KM_OK && err != KM_EPARTIAL)
		return err;
	k = 0;
	for (size_t i = first; i < *at; i++) {
		if (p->items[i].reason == KM_R_OK && p->status[k++] != KM_OK)
			reject(&p->items[i], p->status[k - 1]);
	}
	return KM_OK;
}

static km_err sign(piece *p)
{
	km_err err = KM_OK;
	size_t at = 0;

	while (at < p->n && err == KM_OK)
		err = sign_run(p, &at);
	return err;
}

/* ---- all of it ------------------------------------------------------------------------------- */

km_err make_piece(make_item *items, size_t n, const make_how *how, const uint8_t *ivs, const km_random *rnd)
{
	piece *p = n == 0 || n > MAKE_MAX ? NULL : piece_new(n);
	km_err err = n == 0 ? KM_OK : n > MAKE_MAX ? KM_EARG : KM_ENOMEM;

	if (p != NULL) {
		p->items = items;
		p->how = how;
		p->rnd = rnd;
		err = encapsulate(p);
		if (err == KM_OK)
			err = assemble(p, ivs);
		if (err == KM_OK)
			err = sign(p);
		piece_free(p);
	}
	for (size_t i = 0; i < n && err != KM_OK; i++)
		km_wipe(items[i].msg, items[i].len);
	return err;
}
