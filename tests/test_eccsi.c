/* test_eccsi.c -- ECCSI on every kernel row: RFC 6507 Appendix A, users of our own vectors, batches
 * against singles, and what must be refused. */
#include "tests/util_p256.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/bytes.h"
#include "engine/cpu.h"
#include "engine/eccsi/eccsi.h"
#include "engine/hash.h"
#include "engine/sakke/sakke.h"

/* ---- nonces -------------------------------------------------------------------------------- */

/* Real nonces, or numbers from a list, or numbers that follow from the message, or one for all. */
static enum { REAL, LISTED, FROM_MESSAGE, SAME, FAILING } nonces;
static uint64_t listed[4][4];
static size_t listed_next;

km_err __real_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd);
km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd);

km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd)
{
	uint8_t hash[32];

	switch (nonces) {
	case LISTED:
		assert_true(listed_next < 4);
		memcpy(j, listed[listed_next++], 32);
		return KM_OK;
	case SAME:
		memcpy(j, (uint64_t[4]){12345}, 32);
		return KM_OK;
	case FROM_MESSAGE:
		km_hmac_sha256(hash, ssk, 32, msg, len);
		p256_scalar(j, hash);
		return KM_OK;
	case FAILING:
		return KM_ERANDOM;
	default:
		return __real_eccsi_nonce(j, ssk, hs, msg, len, rnd);
	}
}

/* ---- RFC 6507, Appendix A ------------------------------------------------------------------ */

static const uint8_t id[26] = "2011-02\0tel:+447700900123";
static const uint8_t message[8] = "message";
static uint8_t ksak[32], kpak[65], pvt[65], ssk[32], sig[129], hs[32];

static km_kms_public *kms;
static km_signer *signer;

static km_err load_kms(km_kms_public **out, const uint8_t *octets)
{
	*out = aligned_alloc(64, (sizeof **out + 63) / 64 * 64);
	assert_non_null(*out);
	return eccsi_kpak_load(&(*out)->auth, octets, 65);
}

static void unload_kms(km_kms_public *k)
{
	eccsi_kpak_clear(&k->auth);
	free(k);
}

static int appendix_a(void **state)
{
	(void)state;
	nonces = REAL;
	from_hex(ksak, 32, "0000000000000000000000000000000000000000000000000000000000012345");
	from_hex(kpak, 65, "04"
		"50D4670B DE75244F 28D2838A 0D25558A 7A72686D 4522D4C8 273FB644 2AEBFA93"
		"DBDD3755 1AFD263B 5DFD617F 3960C65A 8C298850 FF99F203 66DCE7D4 367217F4");
	from_hex(pvt, 65, "04"
		"758A1427 79BE89E8 29E71984 CB40EF75 8CC4AD77 5FC5B9A3 E1C8ED52 F6FA36D9"
		"A79D2476 92F4EDA3 A6BDAB77 D6AA6474 A464AE49 34663C52 65BA7018 BA091F79");
	from_hex(hs, 32,
		"490F3FEB BC1C902F 6289723D 7F8CBF79 DB889308 49D19F38 F0295B5C 276C14D1");
	from_hex(ssk, 32,
		"23F374AE 1F4033F3 E9DBDDAA EF20F4CF 0B86BBD5 A138A5AE 9E7E006B 34489A0D");
	from_hex(sig, 64,
		"269D4C8F DEB66A74 E4EF8C0D 5DCC597D DFE6029C 2AFFC493 6008CD2C C1045D81"
		"E09B528D 0EF8D6DF 1AA3ECBF 80110CFC EC9FC682 52CEBB67 9F413484 6940CCFD");
	memcpy(sig + 64, pvt, 65);
	return load_kms(&kms, kpak) != KM_OK ||
			km_signer_new(&signer, id, sizeof id, ssk, 32, pvt, 65, kms) != KM_OK;
}

static int release(void **state)
{
	(void)state;
	km_signer_free(signer);
	unload_kms(kms);
	return 0;
}

static void keys_of_the_rfc(void **state)
{
	uint8_t out[65], got[32], want[65];
	uint64_t v[4] = {0x23456}, h[4], k[4], s[4];
	p256_point point, y;

	(void)state;
	assert_int_equal(eccsi_public(out, ksak), KM_OK);
	assert_memory_equal(out, kpak, 65);
	eccsi_public_again(out, ksak);
	assert_memory_equal(out, kpak, 65);
	p256_times_g(&point, v);
	p256_to_octets(out, &point);
	assert_memory_equal(out, pvt, 65);
	eccsi_hs(got, kpak, id, sizeof id, pvt);
	assert_memory_equal(got, hs, 32);
	p256_scalar(h, hs);
	p256_scalar(k, ksak);
	p256_mul_n(s, h, v);
	p256_add_mod(s, s, k, p256_n);
	limbs_to_be(got, s, 4);
	assert_memory_equal(got, ssk, 32);
	eccsi_y_var(&y, hs, &point, &kms->auth.point);
	p256_to_octets(out, &y);
	from_hex(want, 65, "04"
		"833898D9 39C0013B B0502728 6F95CCE0 37C11BD2 5799423C 76E48362 A4959978"
		"95D0473A 1CD6186E E9F0C104 B472499E 1A24D6CE 3D85173F 02EBBD94 5C25F604");
	assert_memory_equal(out, want, 65);
}

static void signature_of_the_rfc(void **state)
{
	uint8_t got[129], he[32], want[32];
	km_to_sign item = {message, sizeof message, got};
	km_err status;

	(void)state;
	nonces = LISTED;
	listed_next = 0;
	memcpy(listed, (uint64_t[2][4]){{0x34567}, {0x34567}}, 64);
	assert_int_equal(km_eccsi_sign(got, message, sizeof message, signer, NULL), KM_OK);
	assert_memory_equal(got, sig, 129);
	memset(got, 0, sizeof got);
	assert_int_equal(km_eccsi_sign_batch(&item, &status, 1, signer, NULL), KM_OK);
	assert_memory_equal(got, sig, 129);
	hash_parts(he, (hash_part[]){{hs, 32}, {sig, 32}, {message, sizeof message}}, 3);
	from_hex(want, 32,
		"111F90EA E8271C96 DF9B3D67 26768D9E E9B18145 D7EC152C FA9C23D1 C4F02285");
	assert_memory_equal(he, want, 32);
	assert_int_equal(km_eccsi_verify(sig, 129, message, sizeof message, id, sizeof id, kms),
			KM_OK);
}

/* ---- keys that do not fit ------------------------------------------------------------------ */

static km_err try_key(const uint8_t *name, size_t name_len, const uint8_t *secret, size_t ssk_len,
		const uint8_t *point, size_t pvt_len)
{
	km_signer *s = (km_signer *)1;
	km_err err = km_signer_new(&s, name, name_len, secret, ssk_len, point, pvt_len, kms);

	assert_true(err == KM_OK ? s != NULL : s == NULL);
	km_signer_free(s);
	return err;
}

static void wrong_keys_are_refused(void **state)
{
	uint8_t other[65], long_id[KM_ID_MAX + 1] = {0};
	km_kms_public *k;

	(void)state;
	assert_int_equal(try_key(id, 26, ssk, 32, pvt, 65), KM_OK);
	assert_int_equal(try_key(id, 25, ssk, 32, pvt, 65), KM_EKEY);
	assert_int_equal(try_key(id, 0, ssk, 32, pvt, 65), KM_EARG);
	assert_int_equal(try_key(long_id, KM_ID_MAX + 1, ssk, 32, pvt, 65), KM_EARG);
	assert_int_equal(try_key(long_id, KM_ID_MAX, ssk, 32, pvt, 65), KM_EKEY);
	assert_int_equal(try_key(id, 26, ssk, 31, pvt, 65), KM_EFORMAT);
	assert_int_equal(try_key(id, 26, ssk, 32, pvt, 64), KM_EFORMAT);
	memcpy(other, ssk, 32);
	other[31] ^= 1;
	assert_int_equal(try_key(id, 26, other, 32, pvt, 65), KM_EKEY);
	memset(other, 0, 32);
	assert_int_equal(try_key(id, 26, other, 32, pvt, 65), KM_EFORMAT);
	limbs_to_be(other, p256_n, 4);
	assert_int_equal(try_key(id, 26, other, 32, pvt, 65), KM_EFORMAT);
	memcpy(other, pvt, 65);
	other[64] ^= 1;
	assert_int_equal(try_key(id, 26, ssk, 32, other, 65), KM_ECURVE);
	other[0] = 3;
	assert_int_equal(try_key(id, 26, ssk, 32, other, 65), KM_EFORMAT);
	/* [SSK]G with SSK and -SSK have the same x */
	memcpy(other, ssk, 32);
	{
		uint64_t s[4];

		p256_scalar(s, ssk);
		p256_sub_mod(s, (uint64_t[4]){0}, s, p256_n);
		limbs_to_be(other, s, 4);
	}
	assert_int_equal(try_key(id, 26, other, 32, pvt, 65), KM_EKEY);
	memcpy(other, kpak, 65);
	other[1] ^= 1;
	assert_int_equal(load_kms(&k, other), KM_ECURVE);
	unload_kms(k);
	other[0] = 0;
	assert_int_equal(load_kms(&k, other), KM_EFORMAT);
	unload_kms(k);
	memset(other, 0xff, 32);
	assert_int_equal(eccsi_public(kpak, other), KM_EFORMAT);
	memset(other, 0, 32);
	assert_int_equal(eccsi_public(kpak, other), KM_EFORMAT);
}

/* ---- own.json ------------------------------------------------------------------------------ */

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	assert_non_null(s);
	return s;
}

static void users_of_our_vectors(void **state)
{
	json_t *root = json_load_file("tests/vectors/own.json", 0, NULL), *user;
	uint8_t pub[65], secret[32], point[65], uid[32], out[129];
	const char *name;
	km_kms_public *k;
	size_t users = 0;

	(void)state;
	assert_non_null(root);
	from_hex(pub, 65, text(root, "kpak"));
	from_hex(secret, 32, text(root, "ksak"));
	assert_int_equal(eccsi_public(point, secret), KM_OK);
	assert_memory_equal(point, pub, 65);
	assert_int_equal(load_kms(&k, pub), KM_OK);
	json_object_foreach(json_object_get(root, "users"), name, user) {
		km_signer *s;

		from_hex(uid, 32, text(user, "uid"));
		from_hex(secret, 32, text(user, "ssk"));
		from_hex(point, 65, text(user, "pvt"));
		assert_int_equal(km_signer_new(&s, uid, 32, secret, 32, point, 65, k), KM_OK);
		assert_int_equal(km_eccsi_sign(out, message, 8, s, NULL), KM_OK);
		assert_int_equal(km_eccsi_verify(out, 129, message, 8, uid, 32, k), KM_OK);
		km_signer_free(s);
		uid[0] ^= 1;
		assert_int_equal(km_eccsi_verify(out, 129, message, 8, uid, 32, k), KM_ESIG);
		assert_int_equal(km_signer_new(&s, uid, 32, secret, 32, point, 65, k), KM_EKEY);
		users++;
	}
	assert_int_equal(users, json_object_size(json_object_get(root, "users")));
	assert_true(users >= 3);
	unload_kms(k);
	json_decref(root);
}

/* The signatures inside the messages of own.json, made by another implementation. */
static void messages_of_our_vectors(void **state)
{
	json_t *root = json_load_file("tests/vectors/own.json", 0, NULL), *m;
	json_t *users = json_object_get(root, "users");
	json_t *gms = json_object_get(users, "sip:gms@gms-psi.example.org");
	uint8_t pub[65], secret[32], point[65], uid[32], out[129];
	km_kms_public *k;
	km_signer *s;
	size_t i;

	(void)state;
	assert_non_null(gms);
	from_hex(pub, 65, text(root, "kpak"));
	from_hex(uid, 32, text(gms, "uid"));
	from_hex(secret, 32, text(gms, "ssk"));
	from_hex(point, 65, text(gms, "pvt"));
	assert_int_equal(load_kms(&k, pub), KM_OK);
	assert_int_equal(km_signer_new(&s, uid, 32, secret, 32, point, 65, k), KM_OK);
	assert_true(json_array_size(json_object_get(root, "messages")) > 0);
	json_array_foreach(json_object_get(root, "messages"), i, m) {
		size_t len = strlen(text(m, "message")) / 2, covered = len - KM_SIG_BYTES;
		uint8_t *octets = malloc(len), j[32];

		from_hex(octets, len, text(m, "message"));
		assert_int_equal(km_eccsi_verify(octets + covered, KM_SIG_BYTES, octets, covered,
				uid, 32, k), KM_OK);
		from_hex(j, 32, text(m, "j"));
		nonces = LISTED;
		listed_next = 0;
		limbs_from_be(listed[0], j, 4);
		assert_int_equal(km_eccsi_sign(out, octets, covered, s, NULL), KM_OK);
		assert_memory_equal(out, octets + covered, KM_SIG_BYTES);
		free(octets);
	}
	km_signer_free(s);
	unload_kms(k);
	json_decref(root);
}

/* ---- signing and verifying ----------------------------------------------------------------- */

enum { MOST = 140 };

static uint8_t texts[MOST][40], sigs[MOST][129];
static km_signed items[MOST];
static km_to_sign to_sign[MOST];
static km_err status[MOST];

static void make_items(void)
{
	uint64_t seed = 5;

	for (size_t i = 0; i < MOST; i++) {
		draw_bytes(texts[i], sizeof texts[i], &seed);
		items[i] = (km_signed){texts[i], i % 41, sigs[i], id, sizeof id};
		to_sign[i] = (km_to_sign){texts[i], i % 41, sigs[i]};
	}
	memset(sigs, 0, sizeof sigs);
}

static void batch_equals_singles(void **state)
{
	uint8_t single[129], untouched[129] = {0};

	(void)state;
	nonces = FROM_MESSAGE;
	for (size_t n = 0; n <= MOST; n = n < 17 ? n + 1 : n + 31) {
		make_items();
		assert_int_equal(km_eccsi_sign_batch(to_sign, status, n, signer, NULL), KM_OK);
		for (size_t i = 0; i < n; i++) {
			const km_signed *item = &items[i];

			assert_int_equal(status[i], KM_OK);
			assert_int_equal(km_eccsi_sign(single, item->msg, item->len, signer, NULL),
					KM_OK);
			assert_memory_equal(single, sigs[i], 129);
			assert_int_equal(km_eccsi_verify(single, 129, item->msg, item->len, id,
					sizeof id, kms), KM_OK);
			status[i] = KM_ESTATE;
		}
		for (size_t i = n; i < MOST; i++)
			assert_memory_equal(sigs[i], untouched, 129);
		assert_int_equal(km_eccsi_verify_batch(status, items, n, kms), KM_OK);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(status[i], KM_OK);
	}
}

static void a_bad_item_leaves_its_neighbours(void **state)
{
	(void)state;
	for (size_t n = 3; n <= MOST; n = n * 2 + 1) {
		make_items();
		assert_int_equal(km_eccsi_sign_batch(to_sign, status, n, signer, NULL), KM_OK);
		sigs[1][5] ^= 1;
		memset(sigs[n - 1] + 32, 0, 32);
		assert_int_equal(km_eccsi_verify_batch(status, items, n, kms), KM_EPARTIAL);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(status[i], i == 1 || i == n - 1 ? KM_ESIG : KM_OK);
		items[1].id_len = 0;
		items[1].id = NULL;
		assert_int_equal(km_eccsi_verify_batch(status, items, n, kms), KM_EPARTIAL);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(status[i],
					i == 1 ? KM_EARG : i == n - 1 ? KM_ESIG : KM_OK);
	}
}

static km_err issue(uint8_t secret[32], uint8_t point[65], const uint8_t *master, const uint8_t *pub,
		const uint8_t *name, size_t len, const km_random *rnd)
{
	eccsi_pair pair;
	km_err err = eccsi_issue(&pair, master, pub, name, len, rnd);

	memcpy(secret, pair.ssk, 32);
	memcpy(point, pair.pvt, 65);
	return err == KM_OK && !eccsi_pair_fits(secret, point, name, len, pub) ? KM_EFAULT : err;
}

/* Signers who change from item to item, and bad items among good ones. */
static void each_of_many_signers_has_a_verdict(void **state)
{
	uint8_t secrets[3][32], points[3][65], names[3][4] = {"ann", "bob", "cy"};
	km_signer *s[3];
	uint64_t seed = 3;

	(void)state;
	nonces = REAL;
	for (size_t k = 0; k < 3; k++) {
		assert_int_equal(issue(secrets[k], points[k], ksak, kpak, names[k], 4, NULL), KM_OK);
		assert_int_equal(km_signer_new(&s[k], names[k], 4, secrets[k], 32, points[k], 65,
				kms), KM_OK);
	}
	for (size_t n = 1; n <= MOST; n += n < 20 ? 1 : 59) {
		make_items();
		for (size_t i = 0; i < n; i++) {
			size_t k = draw(&seed) % 3;

			items[i].id = names[k];
			items[i].id_len = 4;
			assert_int_equal(km_eccsi_sign(sigs[i], items[i].msg, items[i].len, s[k],
					NULL), KM_OK);
			if (i % 7 == 3)
				sigs[i][(size_t)draw(&seed) % 64] ^= 4;
			if (i % 7 == 4)
				items[i].id = names[(k + 1) % 3];
			if (i % 7 == 5)
				memset(sigs[i], 255, 32); /* r >= p */
		}
		for (size_t i = 0; i < n; i++)
			status[i] = KM_ESTATE;
		assert_int_equal(km_eccsi_verify_batch(status, items, n, kms),
				n > 3 ? KM_EPARTIAL : KM_OK);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(status[i], i % 7 > 2 && i % 7 < 6 ? KM_ESIG : KM_OK);
	}
	for (size_t k = 0; k < 3; k++)
		km_signer_free(s[k]);
}

/* Whatever km_eccsi_verify says of a signature, a prepared verifier says, and another PVT is refused. */
static void a_prepared_verifier_has_the_same_verdicts(void **state)
{
	uint8_t got[129], other_ssk[32], other_pvt[65], negative[65];
	km_verifier *v, *second;
	uint64_t y[4];

	(void)state;
	nonces = REAL;
	assert_int_equal(km_verifier_new(&v, id, sizeof id, pvt, 65, kms), KM_OK);
	assert_int_equal(km_eccsi_verify_by(sig, 129, message, 8, v), KM_OK);
	make_items();
	assert_int_equal(km_eccsi_sign_batch(to_sign, status, MOST, signer, NULL), KM_OK);
	for (size_t i = 0; i < MOST; i++) {
		assert_int_equal(km_eccsi_verify_by(sigs[i], 129, items[i].msg, items[i].len, v), KM_OK);
		assert_int_equal(km_eccsi_verify_by(sigs[i], 129, items[i].msg, items[i].len + 1, v),
				KM_ESIG);
	}
	memcpy(got, sig, 129);
	for (size_t bit = 0; bit < 129 * 8; bit++) {
		got[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(km_eccsi_verify_by(got, 129, message, 8, v), KM_ESIG);
		got[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(km_eccsi_verify_by(got, 128, message, 8, v), KM_ESIG);
	memset(got, 0, 32);
	assert_int_equal(km_eccsi_verify_by(got, 129, message, 8, v), KM_ESIG);
	memset(got, 255, 32);
	assert_int_equal(km_eccsi_verify_by(got, 129, message, 8, v), KM_ESIG);
	/* the same identity with another of its keys */
	assert_int_equal(issue(other_ssk, other_pvt, ksak, kpak, id, sizeof id, NULL), KM_OK);
	assert_int_equal(km_verifier_new(&second, id, sizeof id, other_pvt, 65, kms), KM_OK);
	assert_int_equal(km_eccsi_verify_by(sig, 129, message, 8, second), KM_ESIG);
	memcpy(got, sig, 64);
	memcpy(got + 64, other_pvt, 65);
	assert_int_equal(km_eccsi_verify_by(got, 129, message, 8, second), KM_ESIG);
	km_verifier_free(second);
	km_verifier_free(v);
	/* what makes none */
	assert_int_equal(km_verifier_new(&v, id, 0, pvt, 65, kms), KM_EARG);
	assert_null(v);
	assert_int_equal(km_verifier_new(&v, id, KM_ID_MAX + 1, pvt, 65, kms), KM_EARG);
	assert_int_equal(km_verifier_new(&v, id, sizeof id, pvt, 64, kms), KM_EFORMAT);
	memcpy(negative, pvt, 65);
	negative[64] ^= 1;
	assert_int_equal(km_verifier_new(&v, id, sizeof id, negative, 65, kms), KM_ECURVE);
	assert_null(v);
	limbs_from_be(y, pvt + 33, 4);
	p256_sub_mod(y, (uint64_t[4]){0}, y, p256_p);
	limbs_to_be(negative + 33, y, 4);
	assert_int_equal(km_verifier_new(&v, id, sizeof id, negative, 65, kms), KM_OK);
	assert_int_equal(km_eccsi_verify_by(sig, 129, message, 8, v), KM_ESIG);
	km_verifier_free(v);
	km_verifier_free(NULL);
}

/* KPAK = -[HS]PVT: the sum that signatures are checked with is infinity, and has no table. */
static void a_key_that_anybody_has_makes_no_verifier(void **state)
{
	km_kms_public *odd = aligned_alloc(64, (sizeof *odd + 63) / 64 * 64);
	p256_point point;
	p256_jac sum;
	km_verifier *v;
	uint64_t h[4];

	(void)state;
	assert_non_null(odd);
	*odd = *kms;
	p256_scalar(h, hs);
	assert_int_equal(p256_from_octets_var(&point, pvt, 65), KM_OK);
	p256_times_var(&sum, h, &point);
	p256_affine(&odd->auth.point, &sum);
	fe_sub(&odd->auth.point.y, &(const p256_fe){{0}}, &odd->auth.point.y);
	assert_int_equal(km_verifier_new(&v, id, sizeof id, pvt, 65, odd), KM_EDEGENERATE);
	assert_null(v);
	free(odd);
}

static void one_flipped_bit_is_refused(void **state)
{
	uint8_t got[129], name[26], msg[8];

	(void)state;
	assert_int_equal(km_eccsi_sign(got, message, 8, signer, NULL), KM_OK);
	memcpy(name, id, 26);
	memcpy(msg, message, 8);
	assert_int_equal(km_eccsi_verify(got, 129, msg, 8, name, 26, kms), KM_OK);
	for (size_t bit = 0; bit < 129 * 8; bit++) {
		got[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(km_eccsi_verify(got, 129, msg, 8, name, 26, kms), KM_ESIG);
		got[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * 8; bit += 3) {
		msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(km_eccsi_verify(got, 129, msg, 8, name, 26, kms), KM_ESIG);
		msg[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 26 * 8; bit += 3) {
		name[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(km_eccsi_verify(got, 129, msg, 8, name, 26, kms), KM_ESIG);
		name[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(km_eccsi_verify(got, 128, msg, 8, name, 26, kms), KM_ESIG);
	assert_int_equal(km_eccsi_verify(got, 129, msg, 7, name, 26, kms), KM_ESIG);
	assert_int_equal(km_eccsi_verify(got, 129, msg, 8, name, 25, kms), KM_ESIG);
	assert_int_equal(km_eccsi_verify(got, 129, msg, 8, name, 0, kms), KM_EARG);
	assert_int_equal(km_eccsi_verify(got, 129, msg, 8, name, 26, kms), KM_OK);
}

/* s and n - s both verify (5.2.2); s + n and r + n would, were they reduced first. */
static void numbers_out_of_range_are_refused(void **state)
{
	uint8_t got[129];
	uint64_t s[4];

	(void)state;
	memcpy(got, sig, 129);
	p256_scalar(s, sig + 32);
	p256_sub_mod(s, (uint64_t[4]){0}, s, p256_n);
	limbs_to_be(got + 32, s, 4);
	assert_int_equal(km_eccsi_verify(got, 129, message, 8, id, 26, kms), KM_OK);
	memset(got + 32, 0, 32);
	assert_int_equal(km_eccsi_verify(got, 129, message, 8, id, 26, kms), KM_ESIG);
	limbs_to_be(got + 32, p256_n, 4);
	assert_int_equal(km_eccsi_verify(got, 129, message, 8, id, 26, kms), KM_ESIG);
	memset(got + 32, 0xff, 32);
	assert_int_equal(km_eccsi_verify(got, 129, message, 8, id, 26, kms), KM_ESIG);
	memcpy(got, sig, 129);
	memset(got, 0, 32);
	assert_int_equal(km_eccsi_verify(got, 129, message, 8, id, 26, kms), KM_ESIG);
	memset(got, 0xff, 32);
	assert_int_equal(km_eccsi_verify(got, 129, message, 8, id, 26, kms), KM_ESIG);
}

/* No j is known whose J_x is n or more, so the arithmetic is shown alone: with r = n + 5, which is
 * below p, s*r is that of r = 5 while the hash is over the octets as they are. */
static void r_is_hashed_unreduced(void **state)
{
	uint64_t r[4], u1[4], u2[4], want[4], s[4], he[4];
	uint8_t given[129], hash[32];

	(void)state;
	memcpy(given, sig, 129);
	memcpy(r, p256_n, 32);
	r[0] += 5;
	assert_true(p256_below(r, p256_p) != 0);
	limbs_to_be(given, r, 4);
	assert_int_equal(eccsi_scalars_var(u1, u2, given, hs, message, 8), 1);
	p256_scalar(s, sig + 32);
	p256_mul_n(want, (uint64_t[4]){5}, s);
	assert_memory_equal(u2, want, 32);
	hash_parts(hash, (hash_part[]){{hs, 32}, {given, 32}, {message, 8}}, 3);
	p256_scalar(he, hash);
	p256_mul_n(want, he, s);
	assert_memory_equal(u1, want, 32);
}

/* A signer whose key makes HE + r*SSK = 0 for the first nonce: SSK = -HE/r, and Y = [SSK]G. */
static void a_zero_denominator_takes_a_new_nonce(void **state)
{
	eccsi_key key = *signer->key;
	struct km_signer odd = *signer;
	uint64_t r[4], he[4], x[4], secret[4];
	uint8_t hash[32], got[129], second[129];
	km_to_sign item = {message, 8, got};
	p256_point point;

	(void)state;
	memcpy(listed, (uint64_t[4][4]){{77}, {78}, {77}, {78}}, sizeof listed);
	p256_times_g(&point, listed[0]);
	fe_to_limbs(x, &point.x);
	limbs_to_be(got, x, 4);
	hash_parts(hash, (hash_part[]){{hs, 32}, {got, 32}, {message, 8}}, 3);
	p256_scalar(he, hash);
	p256_reduce(r, x, p256_n);
	p256_to_mont_n(r, r);
	p256_inv_n(r, r);
	p256_sub_mod(he, (uint64_t[4]){0}, he, p256_n);
	p256_k->mul_n(secret, r, he);
	odd.key = &key;
	p256_to_mont_n(key.ssk_mont, secret);
	p256_times_g(&point, secret);
	odd.y[0] = point.x;
	odd.y[1] = point.y;
	odd.table = p256_wide_new_var(&point);
	assert_non_null(odd.table);
	nonces = LISTED;
	listed_next = 0;
	assert_int_equal(km_eccsi_sign(got, message, 8, &odd, NULL), KM_OK);
	assert_int_equal(listed_next, 2);
	memcpy(second, got, 129);
	assert_int_equal(km_eccsi_sign_batch(&item, status, 1, &odd, NULL), KM_OK);
	assert_int_equal(listed_next, 4);
	assert_memory_equal(got, second, 129);
	p256_wide_free(odd.table);
}

/* The points of items[0 .. n - 1], in lanes or one by one. */
static void points_of(eccsi_points *p, size_t n)
{
	const p256_point of_y = {signer->y[0], signer->y[1]};
	const eccsi_known known = {hs, &of_y, NULL};
	static p256_point one[MOST];
	static p256x8_point eight[MOST / 8 + 1];
	uint64_t u1[4], u2[4], x[8][4], y[8][4];

	for (size_t i = 0; i < n || i % 8; i++) {
		p256_jac j;

		if (i < n) {
			assert_int_equal(eccsi_scalars_var(u1, u2, items[i].sig, hs, items[i].msg,
					items[i].len), 1);
			eccsi_of_known_var(&j, u1, u2, &known);
			p256_affine(&one[i], &j);
		}
		fe_to_limbs(x[i % 8], &one[i < n ? i : n - 1].x);
		fe_to_limbs(y[i % 8], &one[i < n ? i : n - 1].y);
		if (p256x8_k && i % 8 == 7) {
			fe8_from_limbs(&eight[i / 8].x, (const uint64_t (*)[4])x);
			fe8_from_limbs(&eight[i / 8].y, (const uint64_t (*)[4])y);
		}
	}
	*p = (eccsi_points){p256x8_k ? eight : NULL, one, 1};
}

/* A block fits, and with any one signature, message or point of it changed it does not. */
static void one_wrong_signature_is_found_in_a_block(void **state)
{
	static const size_t sizes[] = {1, 2, 8, 9, 23, 128};
	const p256_point of_y = {signer->y[0], signer->y[1]};

	(void)state;
	nonces = REAL;
	make_items();
	assert_int_equal(km_eccsi_sign_batch(to_sign, status, MOST, signer, NULL), KM_OK);
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
		const eccsi_known known = {hs, &of_y, s % 2 ? NULL : atomic_load(&signer->table)};
		size_t n = sizes[s];
		eccsi_points points;

		points_of(&points, n);
		assert_int_equal(eccsi_block_fits_var(items, n, &known, &points), 1);
		for (size_t i = 0; i < n; i += n < 24 ? 1 : 5) {
			uint8_t kept[129];

			memcpy(kept, sigs[i], 129);
			for (size_t bit = i % 7; bit < 512; bit += 73) {
				sigs[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_int_equal(eccsi_block_fits_var(items, n, &known, &points), 0);
				memcpy(sigs[i], kept, 129);
			}
			memset(sigs[i], 255, 32); /* r >= p */
			assert_int_equal(eccsi_block_fits_var(items, n, &known, &points), 0);
			memcpy(sigs[i], kept, 129);
			items[i].len++;
			assert_int_equal(eccsi_block_fits_var(items, n, &known, &points), 0);
			items[i].len--;
			assert_int_equal(eccsi_block_fits_var(items, n, &known, &points), 1);
		}
	}
}

/* Opposite points are on the curve and have the same x: s and n - s, of one signature or of all. */
static void a_block_knows_the_sign_of_points(void **state)
{
	const p256_point of_y = {signer->y[0], signer->y[1]};
	const eccsi_known known = {hs, &of_y, atomic_load(&signer->table)};
	eccsi_points points;
	uint64_t s[4];

	(void)state;
	make_items();
	assert_int_equal(km_eccsi_sign_batch(to_sign, status, 11, signer, NULL), KM_OK);
	points_of(&points, 11);
	for (size_t i = 0; i < 11; i++) {
		p256_scalar(s, sigs[i] + 32);
		p256_sub_mod(s, (uint64_t[4]){0}, s, p256_n);
		limbs_to_be(sigs[i] + 32, s, 4);
		assert_int_equal(eccsi_block_fits_var(items, 11, &known, &points), 0);
	}
	points_of(&points, 11);
	assert_int_equal(eccsi_block_fits_var(items, 11, &known, &points), 1);
}

static void turn_over(eccsi_points *p, size_t i)
{
	static const uint64_t nothing[P256X8_LIMBS];
	p256_fe *y = &((p256_point *)p->one)[i].y;
	p256x8_point *eight = (p256x8_point *)p->eight;
	fe8 zero, other;

	fe_sub(y, &(const p256_fe){{0}}, y);
	if (!eight)
		return;
	fe8_set(&zero, nothing);
	fe8_sub(&other, &zero, &eight[i / 8].y);
	for (size_t limb = 0; limb < P256X8_LIMBS; limb++)
		eight[i / 8].y.v[limb][i % 8] = other.v[limb][i % 8];
}

/* Where all have one nonce, two errors are opposite that would cancel out if the weights of the two were
 * the same: -s of one, and the points of both turned over. */
static void no_two_weights_are_the_same(void **state)
{
	enum { N = 24 };
	const p256_point of_y = {signer->y[0], signer->y[1]};
	const eccsi_known known = {hs, &of_y, atomic_load(&signer->table)};
	eccsi_points points;

	(void)state;
	nonces = SAME;
	make_items();
	assert_int_equal(km_eccsi_sign_batch(to_sign, status, N, signer, NULL), KM_OK);
	points_of(&points, N);
	assert_int_equal(eccsi_block_fits_var(items, N, &known, &points), 1);
	for (size_t j = 0; j < N; j++) {
		uint64_t s[4];
		uint8_t kept[32];

		memcpy(kept, sigs[j] + 32, 32);
		p256_scalar(s, kept);
		p256_sub_mod(s, (uint64_t[4]){0}, s, p256_n);
		limbs_to_be(sigs[j] + 32, s, 4);
		for (size_t i = 0; i < N; i++) {
			if (i == j)
				continue;
			turn_over(&points, i);
			assert_int_equal(eccsi_block_fits_var(items, N, &known, &points), 0);
			turn_over(&points, i);
		}
		memcpy(sigs[j] + 32, kept, 32);
	}
	assert_int_equal(eccsi_block_fits_var(items, N, &known, &points), 1);
}

/* A key damaged in memory must not sign: the signature would give it away. */
static void a_fault_is_caught(void **state)
{
	eccsi_key key = *signer->key;
	struct km_signer faulty = *signer;
	uint8_t zeros[129] = {0};

	(void)state;
	make_items();
	faulty.key = &key;
	key.ssk_mont[1] ^= 1 << 20;
	memset(sigs, 0x55, sizeof sigs);
	assert_int_equal(km_eccsi_sign(sigs[0], message, 8, &faulty, NULL), KM_EFAULT);
	assert_memory_equal(sigs[0], zeros, 129);
	assert_int_equal(km_eccsi_sign_batch(to_sign, status, 5, &faulty, NULL), KM_EPARTIAL);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(status[i], KM_EFAULT);
		assert_memory_equal(sigs[i], zeros, 129);
	}
}

static void without_randomness_nothing_is_signed(void **state)
{
	uint8_t zeros[129] = {0};

	(void)state;
	make_items();
	memset(sigs, 0x55, sizeof sigs);
	nonces = FAILING;
	assert_int_equal(km_eccsi_sign(sigs[0], message, 8, signer, NULL), KM_ERANDOM);
	assert_memory_equal(sigs[0], zeros, 129);
	assert_int_equal(km_eccsi_sign_batch(to_sign, status, 5, signer, NULL), KM_ERANDOM);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(status[i], KM_ERANDOM);
		assert_memory_equal(sigs[i], zeros, 129);
	}
}

/* ---- nonces and issued keys ---------------------------------------------------------------- */

static int constant_fill(void *ctx, uint8_t *out, size_t len)
{
	memset(out, *(int *)ctx, len);
	return *(int *)ctx < 0;
}

static void nonces_hang_on_all_that_goes_in(void **state)
{
	int octet = 7;
	const km_random rnd = {constant_fill, &octet};
	uint64_t j[6][4];
	uint8_t other[32];

	(void)state;
	memcpy(other, ssk, 32);
	other[31] ^= 1;
	assert_int_equal(__real_eccsi_nonce(j[0], ssk, hs, message, 8, &rnd), KM_OK);
	assert_int_equal(__real_eccsi_nonce(j[1], ssk, hs, message, 8, &rnd), KM_OK);
	assert_memory_equal(j[0], j[1], 32);
	assert_int_equal(__real_eccsi_nonce(j[1], other, hs, message, 8, &rnd), KM_OK);
	assert_int_equal(__real_eccsi_nonce(j[2], ssk, other, message, 8, &rnd), KM_OK);
	assert_int_equal(__real_eccsi_nonce(j[3], ssk, hs, message, 7, &rnd), KM_OK);
	octet = 8;
	assert_int_equal(__real_eccsi_nonce(j[4], ssk, hs, message, 8, &rnd), KM_OK);
	assert_int_equal(__real_eccsi_nonce(j[5], ssk, hs, message, 8, NULL), KM_OK);
	for (int a = 0; a < 6; a++) {
		assert_true(p256_below(j[a], p256_n) && !p256_is_zero(j[a]));
		for (int b = 0; b < a; b++)
			assert_memory_not_equal(j[a], j[b], 32);
	}
	octet = -1;
	assert_int_equal(__real_eccsi_nonce(j[0], ssk, hs, message, 8, &rnd), KM_ERANDOM);
	assert_true(p256_is_zero(j[0]) != 0);
}

static void issued_keys_validate(void **state)
{
	uint8_t master[32], pub[65], secret[32], point[65], name[5] = "alice", out[129];
	km_kms_public *k;
	km_signer *s;
	int octet = -1;

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(eccsi_draw(master, NULL), KM_OK);
		assert_int_equal(eccsi_public(pub, master), KM_OK);
		eccsi_public_again(out, master);
		assert_memory_equal(out, pub, 65);
		assert_int_equal(load_kms(&k, pub), KM_OK);
		assert_int_equal(issue(secret, point, master, pub, name, 5, NULL), KM_OK);
		assert_int_equal(km_signer_new(&s, name, 5, secret, 32, point, 65, k), KM_OK);
		assert_int_equal(km_eccsi_sign(out, message, 8, s, NULL), KM_OK);
		assert_int_equal(km_eccsi_verify(out, 129, message, 8, name, 5, k), KM_OK);
		km_signer_free(s);
		unload_kms(k);
	}
	assert_int_equal(issue(secret, point, master, pub, name, 5,
			&(km_random){constant_fill, &octet}), KM_ERANDOM);
	memset(pub, 0, 65);
	assert_memory_equal(secret, pub, 32);
	assert_memory_equal(point, pub, 65);
}

int main(void)
{
	static const row_test tests[] = {
		{"keys_of_the_rfc", keys_of_the_rfc},
		{"signature_of_the_rfc", signature_of_the_rfc},
		{"wrong_keys_are_refused", wrong_keys_are_refused},
		{"users_of_our_vectors", users_of_our_vectors},
		{"messages_of_our_vectors", messages_of_our_vectors},
		{"batch_equals_singles", batch_equals_singles},
		{"a_bad_item_leaves_its_neighbours", a_bad_item_leaves_its_neighbours},
		{"each_of_many_signers_has_a_verdict", each_of_many_signers_has_a_verdict},
		{"a_prepared_verifier_has_the_same_verdicts", a_prepared_verifier_has_the_same_verdicts},
		{"a_key_that_anybody_has_makes_no_verifier", a_key_that_anybody_has_makes_no_verifier},
		{"one_flipped_bit_is_refused", one_flipped_bit_is_refused},
		{"numbers_out_of_range_are_refused", numbers_out_of_range_are_refused},
		{"r_is_hashed_unreduced", r_is_hashed_unreduced},
		{"a_zero_denominator_takes_a_new_nonce", a_zero_denominator_takes_a_new_nonce},
		{"one_wrong_signature_is_found_in_a_block", one_wrong_signature_is_found_in_a_block},
		{"a_block_knows_the_sign_of_points", a_block_knows_the_sign_of_points},
		{"no_two_weights_are_the_same", no_two_weights_are_the_same},
		{"a_fault_is_caught", a_fault_is_caught},
		{"without_randomness_nothing_is_signed", without_randomness_nothing_is_signed},
		{"nonces_hang_on_all_that_goes_in", nonces_hang_on_all_that_goes_in},
		{"issued_keys_validate", issued_keys_validate},
	};

	int failed = 0;

	p256_pick(cpu_levels());
	if (eccsi_init() != KM_OK)
		return 1;
	failed += run_on_each_row(tests, sizeof tests / sizeof tests[0], appendix_a, release);
	failed += run_on_each_row8(tests, sizeof tests / sizeof tests[0], appendix_a, release);
	print_message("signers without tables\n");
	km_signers_prepared(0);
	return failed + run_on_each_row(tests, sizeof tests / sizeof tests[0], appendix_a, release);
}
