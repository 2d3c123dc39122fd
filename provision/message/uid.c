/* uid.c -- identities and identifiers: UID, key periods, user salt, GUK-ID, media keys. */
#include <string.h>

#include "base/when.h"
#include "uid.h"

KM_API uint64_t km_key_period_no(km_time t, uint64_t period, uint64_t offset)
{
	uint64_t since_1900 = (uint64_t)t.seconds + KM_NTP_UNIX;

	if (t.seconds < -(int64_t)KM_NTP_UNIX || period == 0 || since_1900 < offset)
		return 0;
	return (since_1900 - offset) / period;
}

/* Octets of a KDF input that is being put together. */
typedef struct {
	uint8_t octets[1 + 6 * (KM_URI_MAX + 3)];
	size_t len;
} kdf_input;

/* P || L */
static void put(kdf_input *s, const void *p, size_t len)
{
	memcpy(s->octets + s->len, p, len);
	s->len += len;
	s->octets[s->len++] = (uint8_t)(len >> 8);
	s->octets[s->len++] = (uint8_t)len;
}

/* A number in the fewest octets, 0 as one. */
static void put_number(kdf_input *s, uint64_t x)
{
	uint8_t octets[8];
	size_t n = 1;

	while (n < 8 && x >> (8 * n))
		n++;
	for (size_t i = 0; i < n; i++)
		octets[i] = (uint8_t)(x >> 8 * (n - 1 - i));
	put(s, octets, n);
}

KM_API void km_uid(uint8_t uid[KM_UID_BYTES], const char *uri, size_t uri_len, const char *kms_uri,
		size_t kms_uri_len, uint64_t period, uint64_t offset, uint64_t period_no)
{
	static const char label[] = "MIKEY-SAKKE-UID";
	kdf_input s;

	s.octets[0] = 0; /* FC */
	s.len = 1;
	put(&s, label, sizeof label - 1);
	put(&s, uri, uri_len < KM_URI_MAX ? uri_len : KM_URI_MAX);
	put(&s, kms_uri, kms_uri_len < KM_URI_MAX ? kms_uri_len : KM_URI_MAX);
	put_number(&s, period);
	put_number(&s, offset);
	put_number(&s, period_no);
	km_sha256(uid, s.octets, s.len);
}

void uid_kdf(uint8_t out[KM_HASH_BYTES], const uint8_t key[KM_SSV_BYTES], uint8_t fc, const void *p0,
		size_t len)
{
	uint8_t s[1 + KM_URI_MAX + 2];

	len = len < KM_URI_MAX ? len : KM_URI_MAX;
	s[0] = fc;
	memcpy(s + 1, p0, len);
	s[1 + len] = (uint8_t)(len >> 8);
	s[2 + len] = (uint8_t)len;
	km_hmac_sha256(out, key, KM_SSV_BYTES, s, len + 3);
}

uint32_t uid_salt(const uint8_t gmk[KM_SSV_BYTES], const char *uri, size_t uri_len)
{
	uint8_t h[KM_HASH_BYTES];
	uint32_t salt;

	uid_kdf(h, gmk, 0x50, uri, uri_len);
	salt = ((uint32_t)h[28] << 24 | (uint32_t)h[29] << 16 | (uint32_t)h[30] << 8 | h[31]) & 0x0fffffff;
	km_wipe(h, sizeof h);
	return salt;
}

uint32_t uid_guk_id(uint32_t gmk_id, uint32_t salt)
{
	return gmk_id ^ (salt & 0x0fffffff);
}

/* PRF-HMAC-SHA-256 of RFC 3830 4.1.2 for a key of one block and at most 32 octets: P = HMAC(key,
 * A_1 || label), A_1 = HMAC(key, label). */
static void prf(uint8_t *out, size_t out_len, const uint8_t gmk[KM_SSV_BYTES], const uint8_t *label,
		size_t len)
{
	struct {
		uint8_t input[KM_HASH_BYTES + 9 + 255], p[KM_HASH_BYTES];
	} w;

	km_hmac_sha256(w.input, gmk, KM_SSV_BYTES, label, len);
	memcpy(w.input + KM_HASH_BYTES, label, len);
	km_hmac_sha256(w.p, gmk, KM_SSV_BYTES, w.input, KM_HASH_BYTES + len);
	memcpy(out, w.p, out_len);
	km_wipe(&w, sizeof w);
}

void uid_srtp_keys(uint8_t key[KM_SRTP_KEY_BYTES], uint8_t salt[KM_SRTP_SALT_BYTES],
		const uint8_t gmk[KM_SSV_BYTES], uint8_t cs_id, uint32_t guk_id, const uint8_t *rand,
		size_t rand_len)
{
	static const uint8_t tek[4] = {0x2a, 0xd0, 0x1c, 0x64}, salting[4] = {0x39, 0xa2, 0xc1, 0x4b};
	uint8_t label[9 + 255];

	rand_len = rand_len < 255 ? rand_len : 255; /* its length has one octet on the wire */
	memcpy(label, tek, 4);
	label[4] = cs_id;
	for (int i = 0; i < 4; i++)
		label[5 + i] = (uint8_t)(guk_id >> (24 - 8 * i));
	memcpy(label + 9, rand, rand_len);
	prf(key, KM_SRTP_KEY_BYTES, gmk, label, 9 + rand_len);
	memcpy(label, salting, 4);
	prf(salt, KM_SRTP_SALT_BYTES, gmk, label, 9 + rand_len);
}
