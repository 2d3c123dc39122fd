/* held_frame.c -- what a client has accepted, as frames of a file. */
#include "held_frame.h"

#include <string.h>

#include <sodium.h>

#include "base/memlock.h"
#include "keys/seal.h"

enum { SEEN = 8 + KM_HASH_BYTES, KEY_FIXED = 1 + 1 + 4 + 8 + KM_SSV_BYTES, PARAMS_FIXED = 1 + 4 + 8 + 8 + 1 };
enum { HAS_KEY = 1, IS_REVOKED = 2 };

/* ---- in clear -------------------------------------------------------------------------------- */

/* Its strings, each behind its length in two octets: all of them came in messages, which have no longer ones. */
static size_t key_size(const km_key *key)
{
	const keyparams *p = &key->params;
	size_t n = KEY_FIXED + key->rand_len + PARAMS_FIXED + 2 * (5 + p->n_groups) + key->gms.len + key->kms.len +
			key->member.len + key->member_kms.len + p->text.len;

	for (size_t i = 0; i < p->n_groups; i++)
		n += p->groups[i].len;
	return n;
}

static size_t text_size(const held_said *said)
{
	return 2 + said->n_seen * SEEN + (said->key == NULL ? 0 : key_size(said->key));
}

static uint8_t *put_string(uint8_t *p, km_str s)
{
	return put_octets(put_number(p, s.len, 2), s.s, s.len);
}

static uint8_t *put_params(uint8_t *p, const keyparams *params)
{
	*p++ = params->key_type;
	p = put_number(p, params->status, 4);
	p = put_number(p, params->activation, 8);
	p = put_number(p, params->expiry, 8);
	p = put_string(p, params->text);
	*p++ = (uint8_t)params->n_groups;
	for (size_t i = 0; i < params->n_groups; i++)
		p = put_string(p, params->groups[i]);
	return p;
}

static void put_key(uint8_t *p, const km_key *key, uint64_t ntp64)
{
	*p++ = key->revoked ? IS_REVOKED : 0;
	*p++ = (uint8_t)key->rand_len;
	p = put_number(p, key->gmk_id, 4);
	p = put_number(p, ntp64, 8);
	p = put_octets(p, key->gmk, KM_SSV_BYTES);
	p = put_octets(p, key->rand, key->rand_len);
	p = put_string(p, key->gms);
	p = put_string(p, key->kms);
	p = put_string(p, key->member);
	p = put_string(p, key->member_kms);
	put_params(p, &key->params);
}

static void put_text(uint8_t *p, const held_said *said)
{
	*p++ = (uint8_t)said->n_seen;
	*p++ = said->key == NULL ? 0 : HAS_KEY;
	for (size_t i = 0; i < said->n_seen; i++) {
		p = put_number(p, said->seen[i].ntp64, 8);
		p = put_octets(p, said->seen[i].digest, KM_HASH_BYTES);
	}
	if (said->key != NULL)
		put_key(p, said->key, said->ntp64);
}

static km_str take_string(reader *r)
{
	octets o = reader_counted(r, 2);

	return (km_str){ (const char *)o.data, o.len };
}

static keyparams take_params(reader *r, km_str groups[KM_GROUPS_MAX])
{
	keyparams p = { .groups = groups };

	p.key_type = (uint8_t)reader_number(r, 1);
	p.status = (uint32_t)reader_number(r, 4);
	p.activation = reader_number(r, 8);
	p.expiry = reader_number(r, 8);
	p.text = take_string(r);
	p.n_groups = reader_number(r, 1);
	for (size_t i = 0; i < p.n_groups; i++)
		groups[i] = take_string(r);
	return p;
}

static km_err add(held *h, const held_seen *seen, km_key *key, uint64_t ntp64)
{
	held_step step;
	km_err err = held_prepare(&step, h, seen, key, ntp64);

	if (err == KM_OK)
		held_commit(h, &step);
	return err;
}

static km_err take_key(held *h, reader *r)
{
	km_str groups[KM_GROUPS_MAX];
	key_parts parts = { .revoked = reader_number(r, 1) == IS_REVOKED };
	km_key *key;
	uint64_t ntp64;
	km_err err;

	parts.rand_len = reader_number(r, 1);
	parts.gmk_id = (uint32_t)reader_number(r, 4);
	ntp64 = reader_number(r, 8);
	parts.gmk = reader_take(r, KM_SSV_BYTES).data;
	parts.rand = reader_take(r, parts.rand_len).data;
	parts.gms = take_string(r);
	parts.kms = take_string(r);
	parts.member = take_string(r);
	parts.member_kms = take_string(r);
	parts.params = take_params(r, groups);
	if (!reader_done(r) || parts.member_kms.len == 0)
		return KM_EFORMAT;
	err = key_make(&key, &parts, NULL);
	if (err == KM_OK)
		err = add(h, NULL, key, ntp64);
	km_key_free(key);
	return err;
}

/* All or nothing of what is malformed; memory may end before all of it is there. */
static km_err take_text(held *h, octets text)
{
	reader r = reader_of(text), key;
	const size_t n_seen = reader_number(&r, 1), has_key = reader_number(&r, 1);
	octets seen = reader_take(&r, n_seen * SEEN);
	km_err err = KM_OK;

	if (r.bad || has_key > HAS_KEY || (has_key == 0 && !reader_done(&r)))
		return KM_EFORMAT;
	key = r;
	if (has_key)
		err = take_key(h, &key);
	for (size_t i = 0; err == KM_OK && i < n_seen; i++) {
		reader one = { seen.data + i * SEEN, seen.data + (i + 1) * SEEN, false };
		held_seen s = { .ntp64 = reader_number(&one, 8) };

		memcpy(s.digest, reader_take(&one, KM_HASH_BYTES).data, KM_HASH_BYTES);
		if (!held_has_seen(h, &s))
			err = add(h, &s, NULL, 0);
	}
	return err;
}

/* ---- sealed ---------------------------------------------------------------------------------- */

static size_t more(const km_seal *seal)
{
	return seal_is_none(seal) ? 0 : SEAL_MORE;
}

size_t held_frame_size(const held_said *said, const km_seal *seal)
{
	return HELD_HEAD + text_size(said) + more(seal);
}

/* The check of a frame: of that of the frame before it, which stands right before the body, and of the body. */
static void check_body(uint8_t out[HELD_CHECK], const uint8_t *frame, size_t body)
{
	uint8_t hash[KM_HASH_BYTES];

	km_sha256(hash, frame + 8 + HELD_CHECK, HELD_CHECK + body);
	memcpy(out, hash, HELD_CHECK);
}

/* The check of the head: of the length, and of the checks. */
static void check_head(uint8_t out[4], const uint8_t head[HELD_HEAD])
{
	uint8_t all[4 + 2 * HELD_CHECK], hash[KM_HASH_BYTES];

	memcpy(all, head, 4);
	memcpy(all + 4, head + 8, 2 * HELD_CHECK);
	km_sha256(hash, all, sizeof all);
	memcpy(out, hash, 4);
}

/* What a seal is about: the file, and the frame before. */
enum { ABOUT = HELD_START + HELD_CHECK };
static void say_about(uint8_t about[ABOUT], const uint8_t before[HELD_CHECK])
{
	memcpy(about, HELD_MAGIC, HELD_START);
	memcpy(about + HELD_START, before, HELD_CHECK);
}

km_err held_frame_put(uint8_t *out, uint8_t chain[HELD_CHECK], const held_said *said, const km_seal *seal)
{
	const size_t len = text_size(said), body = len + more(seal);
	uint8_t *text = memlock_start() ? sodium_malloc(len) : NULL, about[ABOUT];
	km_err err = KM_OK;

	if (text == NULL)
		return KM_ENOMEM;
	put_text(text, said);
	say_about(about, chain);
	if (seal_is_none(seal))
		memcpy(out + HELD_HEAD, text, len);
	else
		err = seal_put(out + HELD_HEAD, seal, about, ABOUT, text, len);
	sodium_free(text);
	put_number(out, body, 4);
	memcpy(out + 8 + HELD_CHECK, chain, HELD_CHECK);
	check_body(out + 8, out, body);
	check_head(out + 4, out);
	if (err == KM_OK)
		memcpy(chain, out + 8, HELD_CHECK);
	return err;
}

held_frame_state held_frame_find(held_frame *frame, const uint8_t *data, size_t len)
{
	reader r = { data, data + len, false };
	uint8_t sum[HELD_CHECK];
	size_t n;

	*frame = (held_frame){ .size = 0 };
	if (len < HELD_HEAD)
		return HELD_FRAME_CUT;
	n = reader_number(&r, 4);
	check_head(sum, data);
	if (n > HELD_BODY_MAX || memcmp(sum, data + 4, 4) != 0)
		return HELD_FRAME_BAD;
	if (len - HELD_HEAD < n)
		return HELD_FRAME_CUT;
	frame->body = (octets){ data + HELD_HEAD, n };
	frame->size = HELD_HEAD + n;
	memcpy(frame->check, data + 8, HELD_CHECK);
	memcpy(frame->before, data + 8 + HELD_CHECK, HELD_CHECK);
	check_body(sum, data, n);
	return memcmp(sum, frame->check, HELD_CHECK) == 0 ? HELD_FRAME_WHOLE : HELD_FRAME_BAD_BODY;
}

km_err held_frame_take(held *h, const held_frame *frame, const km_seal *seal)
{
	const octets body = frame->body;
	uint8_t *text, about[ABOUT];
	km_err err;

	if (seal_is_none(seal))
		return take_text(h, body);
	if (body.len < SEAL_MORE)
		return KM_EFORMAT;
	text = memlock_start() ? sodium_malloc(body.len - SEAL_MORE + 1) : NULL;
	if (text == NULL)
		return KM_ENOMEM;
	say_about(about, frame->before);
	err = seal_take(text, seal, about, ABOUT, body.data, body.len) ?
			take_text(h, (octets){ text, body.len - SEAL_MORE }) : KM_EFORMAT;
	sodium_free(text);
	return err;
}
