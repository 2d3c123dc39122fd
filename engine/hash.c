/* hash.c -- SHA-256 in pieces, HMAC, and HashToIntegerRange (RFC 6508, 5.1), but for its modulus q.
 *
 * libcrypto's low-level functions are what this wants: they use the SHA instructions where the
 * processor has them, and neither fetch an algorithm nor allocate, which in the EVP interface costs
 * several times what hashing a short string does.
 */
#include "hash.h"

#include <string.h>

#include "bytes.h"
#include "engine.h"
#include "scrub.h"
#include "secret.h"

/* h_1 = SHA-256(32 zero octets), h_i = SHA-256(h_(i-1)): the same for every input. */
static const uint8_t range_h[4][32] = {
	{ 0x66, 0x68, 0x7a, 0xad, 0xf8, 0x62, 0xbd, 0x77,
	  0x6c, 0x8f, 0xc1, 0x8b, 0x8e, 0x9f, 0x8e, 0x20,
	  0x08, 0x97, 0x14, 0x85, 0x6e, 0xe2, 0x33, 0xb3,
	  0x90, 0x2a, 0x59, 0x1d, 0x0d, 0x5f, 0x29, 0x25 },
	{ 0x2b, 0x32, 0xdb, 0x6c, 0x2c, 0x0a, 0x62, 0x35,
	  0xfb, 0x13, 0x97, 0xe8, 0x22, 0x5e, 0xa8, 0x5e,
	  0x0f, 0x0e, 0x6e, 0x8c, 0x7b, 0x12, 0x6d, 0x00,
	  0x16, 0xcc, 0xbd, 0xe0, 0xe6, 0x67, 0x15, 0x1e },
	{ 0x12, 0x77, 0x13, 0x55, 0xe4, 0x6c, 0xd4, 0x7c,
	  0x71, 0xed, 0x17, 0x21, 0xfd, 0x53, 0x19, 0xb3,
	  0x83, 0xcc, 0xa3, 0xa1, 0xf9, 0xfc, 0xe3, 0xaa,
	  0x1c, 0x8c, 0xd3, 0xbd, 0x37, 0xaf, 0x20, 0xd7 },
	{ 0xfe, 0x15, 0xc0, 0xd3, 0xeb, 0xe3, 0x14, 0xfa,
	  0xd7, 0x20, 0xa0, 0x8b, 0x83, 0x9a, 0x00, 0x4c,
	  0x2e, 0x63, 0x86, 0xf5, 0xae, 0xcc, 0x19, 0xec,
	  0x74, 0x80, 0x7d, 0x19, 0x20, 0xcb, 0x6a, 0xeb },
};

enum { SHORT = 3 * 64 }; /* octets of what is padded here */

/* The whole of a short string at once, with its padding (FIPS 180-4, 5.1.1): what SHA256_Update is given by the
 * block goes through no buffer, and the state after it is the hash. */
static void hash_short(uint8_t out[32], const hash_part *parts, size_t n, size_t len)
{
	struct {
		SHA256_CTX c;
		uint8_t octets[SHORT];
	} w;
	size_t padded = (len + 9 + 63) / 64 * 64, at = 0;

	for (size_t i = 0; i < n; at += parts[i++].len)
		if (parts[i].len)
			memcpy(w.octets + at, parts[i].data, parts[i].len);
	w.octets[len] = 0x80;
	memset(w.octets + len + 1, 0, padded - len - 9);
	store_be64(w.octets + padded - 8, 8 * len);
	SHA256_Init(&w.c);
	SHA256_Update(&w.c, w.octets, padded);
	for (int i = 0; i < 4; i++)
		store_be64(out + 8 * i, (uint64_t)w.c.h[2 * i] << 32 | w.c.h[2 * i + 1]);
	wipe(&w, sizeof w);
}

SECRET_BODY void hash_parts(uint8_t out[32], const hash_part *parts, size_t n)
{
	SHA256_CTX c;
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	if (len <= SHORT - 9) {
		hash_short(out, parts, n, len);
		return;
	}
	SHA256_Init(&c);
	for (size_t i = 0; i < n; i++)
		SHA256_Update(&c, parts[i].data, parts[i].len);
	SHA256_Final(out, &c);
	wipe(&c, sizeof c);
}

/* An HMAC in progress: what the inner hash has taken, and the outer one, which has the key. */
typedef struct {
	SHA256_CTX inner, outer;
	uint8_t pad[64], digest[32];
} hmac;

static void hmac_start(hmac *w, const uint8_t *key, size_t key_len, const hash_part *parts, size_t n)
{
	memset(w->pad, 0, sizeof w->pad);
	if (key_len > sizeof w->pad)
		hash_parts(w->pad, &(hash_part){ key, key_len }, 1);
	else if (key_len)
		memcpy(w->pad, key, key_len);
	for (size_t i = 0; i < sizeof w->pad; i++)
		w->pad[i] ^= 0x36;
	SHA256_Init(&w->inner);
	SHA256_Update(&w->inner, w->pad, sizeof w->pad);
	for (size_t i = 0; i < sizeof w->pad; i++)
		w->pad[i] ^= 0x36 ^ 0x5c;
	SHA256_Init(&w->outer);
	SHA256_Update(&w->outer, w->pad, sizeof w->pad);
	for (size_t i = 0; i < n; i++)
		SHA256_Update(&w->inner, parts[i].data, parts[i].len);
}

static void hmac_finish(uint8_t out[32], hmac *w)
{
	SHA256_Final(w->digest, &w->inner);
	SHA256_Update(&w->outer, w->digest, sizeof w->digest);
	SHA256_Final(out, &w->outer);
}

SECRET_BODY void hmac_parts(uint8_t out[32], const uint8_t *key, size_t key_len, const hash_part *parts,
		size_t n)
{
	hmac w;

	hmac_start(&w, key, key_len, parts, n);
	hmac_finish(out, &w);
	wipe(&w, sizeof w);
}

void hmac_fan(uint8_t (*out)[32], uint8_t many, const uint8_t *key, size_t key_len,
		const hash_part *parts, size_t n)
{
	hmac start, w;

	hmac_start(&start, key, key_len, parts, n);
	for (uint8_t i = 0; i < many; i++) {
		w = start;
		SHA256_Update(&w.inner, &i, 1);
		hmac_finish(out[i], &w);
	}
	wipe(&start, sizeof start);
	wipe(&w, sizeof w);
}

KM_API void km_sha256(uint8_t out[KM_HASH_BYTES], const uint8_t *data, size_t len)
{
	DIT_WITHIN;
	hash_parts(out, &(hash_part){ data, len }, 1);
	(void)leave_secret(KM_OK, SCRUB_HASH);
}

KM_API void km_hmac_sha256(uint8_t out[KM_HASH_BYTES], const uint8_t *key, size_t key_len,
		const uint8_t *data, size_t len)
{
	DIT_WITHIN;
	hmac_parts(out, key, key_len, &(hash_part){ data, len }, 1);
	(void)leave_secret(KM_OK, SCRUB_HASH);
}

void hash_range(uint8_t *v, size_t l, const hash_part *parts, size_t n)
{
	uint8_t a[32];

	hash_parts(a, parts, n);
	for (size_t i = 0; i < l; i++)
		hash_parts(v + 32 * i, (hash_part[]){ { range_h[i], 32 }, { a, 32 } }, 2);
	wipe(a, sizeof a);
}

void hash_to_128(uint8_t out[16], const hash_part *parts, size_t n)
{
	uint8_t v[32];

	hash_range(v, 1, parts, n);
	memcpy(out, v + 16, 16);
	wipe(v, sizeof v);
}
