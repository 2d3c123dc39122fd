/* keyparams.c -- key parameters: their content, and its encryption under the GMK. */
#include "keyparams.h"

#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "asm/marks.h"
#include "uid.h"

enum {
	GROUP_IEI = 0x7b, MESSAGE_TYPE = 0x43, DP_AES_128_GCM = 1, FC_DPCK = 0x53,
	HEAD = 12,             /* message type .. algorithm */
	AAD = HEAD + KM_GMK_IV_BYTES + 4,
	PIECE = 64,
};

/* ---- content ---------------------------------------------------------------------------------- */

static size_t groups_size(const keyparams *params)
{
	size_t n = 1;

	for (size_t i = 0; i < params->n_groups; i++)
		n += 3 + params->groups[i].len;
	return n;
}

size_t keyparams_size(const keyparams *params)
{
	size_t n;

	if (params->text.len > KM_TEXT_MAX || params->n_groups > KM_GROUPS_MAX ||
			params->activation >> 40 || params->expiry >> 40)
		return 0;
	n = KEYPARAMS_FIXED - 1 + params->text.len + groups_size(params);
	return n <= KEYPARAMS_MAX ? n : 0;
}

static uint8_t *put_string(uint8_t *p, km_str s)
{
	p = put_number(p, s.len, 2);
	return put_octets(p, s.s, s.len);
}

void keyparams_write(uint8_t *out, const keyparams *params)
{
	uint8_t *p = out;

	*p++ = params->key_type;
	p = put_number(p, params->status, 4);
	p = put_number(p, params->activation, 5);
	p = put_number(p, params->expiry, 5);
	p = put_string(p, params->text);
	p = put_number(p, groups_size(params), 2);
	*p++ = (uint8_t)params->n_groups;
	for (size_t i = 0; i < params->n_groups; i++) {
		*p++ = GROUP_IEI;
		p = put_string(p, params->groups[i]);
	}
}

static km_str string(reader *r)
{
	octets o = reader_counted(r, 2);

	return (km_str){(const char *)o.data, o.len};
}

static const char *read_groups(keyparams *params, km_str groups[KM_GROUPS_MAX], reader *r)
{
	reader g = reader_of(reader_counted(r, 2));

	params->groups = groups;
	params->n_groups = reader_number(&g, 1);
	for (size_t i = 0; !g.bad && i < params->n_groups; i++) {
		reader_number(&g, 1); /* IEI: its value is not settled */
		groups[i] = string(&g);
		if (!g.bad && km_uri_check(groups[i].s, groups[i].len, KM_URI_LOOSE) != KM_URI_OK)
			return "a group in them is no identity: empty, too long, no UTF-8, or with a space or "
					"control character";
	}
	return reader_done(&g) ? NULL : "the list of groups does not fill its length";
}

const char *keyparams_read(keyparams *params, km_str groups[KM_GROUPS_MAX], const uint8_t *content, size_t len)
{
	reader r = {content, content + len, false};
	const char *wrong;

	memset(params, 0, sizeof *params);
	/* A nested element starts with IEI and length; in a flat content the same two octets are the
	 * high half of the status, which is 0. */
	if (len >= KEYPARAMS_FIXED && ((size_t)content[1] << 8 | content[2]) == len - 3)
		r.at += 3;
	params->key_type = (uint8_t)reader_number(&r, 1);
	params->status = (uint32_t)reader_number(&r, 4);
	params->activation = reader_number(&r, 5);
	params->expiry = reader_number(&r, 5);
	params->text = string(&r);
	wrong = read_groups(params, groups, &r); /* what follows the groups is reserved, and ignored */
	if (r.bad)
		wrong = "they end too early";
	if (wrong)
		memset(params, 0, sizeof *params);
	return wrong;
}

/* ---- protection ------------------------------------------------------------------------------- */

struct keyparams_cipher {
	EVP_CIPHER_CTX *ctx;
};

/* Fetched once in a process, for fetching takes a lock of libcrypto's; held until the process ends. */
static const EVP_CIPHER *gcm(void)
{
	static _Atomic(EVP_CIPHER *) shared;
	EVP_CIPHER *cipher = atomic_load(&shared), *none = NULL;

	if (cipher)
		return cipher;
	cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
	if (cipher && !atomic_compare_exchange_strong(&shared, &none, cipher)) {
		EVP_CIPHER_free(cipher);
		cipher = none;
	}
	return cipher;
}

bool keyparams_start(void)
{
	return gcm() != NULL;
}

keyparams_cipher *keyparams_cipher_new(void)
{
	keyparams_cipher *c = calloc(1, sizeof *c);
	const EVP_CIPHER *cipher = gcm();

	if (!c)
		return NULL;
	c->ctx = EVP_CIPHER_CTX_new();
	if (cipher && c->ctx && EVP_CipherInit_ex(c->ctx, cipher, NULL, NULL, NULL, 1) == 1 &&
			EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_SET_IVLEN, KM_GMK_IV_BYTES, NULL) == 1)
		return c;
	keyparams_cipher_free(c);
	return NULL;
}

void keyparams_cipher_free(keyparams_cipher *cipher)
{
	if (!cipher)
		return;
	EVP_CIPHER_CTX_free(cipher->ctx); /* wipes the key schedule */
	free(cipher);
}

/* Key and IV for one payload: the last 16 octets of the KDF over the DPPK-ID. */
static bool start(keyparams_cipher *c, const uint8_t gmk[KM_SSV_BYTES], const uint8_t dppk_id[4],
		const uint8_t *iv, int encrypt)
{
	uint8_t h[KM_HASH_BYTES];
	int ok;

	uid_kdf(h, gmk, FC_DPCK, dppk_id, 4);
	ok = EVP_CipherInit_ex(c->ctx, NULL, NULL, h + 16, iv, encrypt);
	km_wipe(h, sizeof h);
	return ok == 1;
}

/* The associated data: head, IV, DPPK-ID, as they stand on the wire. */
static bool associate(keyparams_cipher *c, const uint8_t *payload)
{
	int n;

	return EVP_CipherUpdate(c->ctx, NULL, &n, payload, AAD) == 1;
}

/* In pieces, because what libcrypto has for six blocks and more at once branches on the counter,
 * which the key goes into where the IV has not 12 octets. */
static bool transform(keyparams_cipher *c, uint8_t *out, const uint8_t *in, size_t len)
{
	int n, ok = 1;

	for (size_t at = 0; ok == 1 && at < len; at += PIECE)
		ok = EVP_CipherUpdate(c->ctx, out + at, &n, in + at,
				(int)(len - at < PIECE ? len - at : PIECE));
	return ok == 1;
}

bool keyparams_protect(uint8_t *out, keyparams_cipher *c, const uint8_t gmk[KM_SSV_BYTES],
		uint32_t guk_id, const uint8_t iv[KM_GMK_IV_BYTES], uint64_t created,
		const uint8_t *content, size_t len)
{
	uint8_t *p = out;
	int n;

	*p++ = MESSAGE_TYPE;
	p = put_number(p, created, 5);
	p = put_number(p, 0, 5); /* payload ID, sequence number */
	*p++ = DP_AES_128_GCM;
	memcpy(p, iv, KM_GMK_IV_BYTES);
	p = put_number(p + KM_GMK_IV_BYTES, guk_id, 4);
	*p++ = 0; /* payload IEI */
	p = put_number(p, len + GCM_TAG, 2);
	if (!start(c, gmk, out + HEAD + KM_GMK_IV_BYTES, iv, 1) || !associate(c, out) ||
			!transform(c, p, content, len) ||
			EVP_CipherFinal_ex(c->ctx, p + len, &n) != 1 ||
			EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_GET_TAG, GCM_TAG, p + len) != 1)
		return false;
	/* Public: this is what is sent. */
	ct_public(p, len + GCM_TAG);
	return true;
}

const char *keyparams_check(octets payload, uint32_t guk_id)
{
	reader r = {payload.data, payload.data + payload.len, false};
	size_t body;

	if (payload.len < PROTECTED_HEADER + GCM_TAG)
		return "they are too short";
	if (payload.data[HEAD - 1] != DP_AES_128_GCM)
		return "they are not encrypted with AES-128-GCM";
	r.at += HEAD + KM_GMK_IV_BYTES;
	if (reader_number(&r, 4) != guk_id)
		return "their DPPK-ID is not the CSB ID";
	reader_number(&r, 1); /* IEI */
	body = reader_number(&r, 2);
	if (r.bad || body != (size_t)(r.end - r.at) || body < GCM_TAG)
		return "the length of the payload in them is wrong";
	return body - GCM_TAG > KEYPARAMS_MAX ? "they are longer than 16384 octets" : NULL;
}

bool keyparams_unprotect(uint8_t *out, size_t *len, keyparams_cipher *c,
		const uint8_t gmk[KM_SSV_BYTES], uint32_t guk_id, octets payload)
{
	const uint8_t *at = payload.data + PROTECTED_HEADER;
	const uint8_t *iv = payload.data + HEAD, *dppk_id = iv + KM_GMK_IV_BYTES;
	uint8_t tag[GCM_TAG];
	size_t body;
	int n;

	*len = 0;
	if (keyparams_check(payload, guk_id))
		return false;
	body = payload.len - PROTECTED_HEADER - GCM_TAG;
	memcpy(tag, at + body, sizeof tag);
	if (start(c, gmk, dppk_id, iv, 0) && associate(c, payload.data) && transform(c, out, at, body) &&
			EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_SET_TAG, GCM_TAG, tag) == 1 &&
			EVP_CipherFinal_ex(c->ctx, out + body, &n) == 1) {
		/* Public: they hold no key, and are parsed, checked and shown. */
		ct_public(out, body);
		*len = body;
		return true;
	}
	km_wipe(out, body);
	return false;
}
