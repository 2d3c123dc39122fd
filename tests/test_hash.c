/* test_hash.c -- SHA-256, HMAC and HashToIntegerRange against published vectors and GMP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gmp.h>

#include "engine/bytes.h"
#include "engine/engine.h"
#include "engine/field/params.h"
#include "engine/field/zq.h"
#include "engine/hash.h"

static size_t unhex(uint8_t *out, const char *hex)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (; hex[0]; hex += 2, n++) {
		const char *high = strchr(digits, hex[0]), *low = strchr(digits, hex[1]);

		assert_true(high && low);
		out[n] = (uint8_t)((high - digits) << 4 | (low - digits));
	}
	return n;
}

static void assert_hex(const uint8_t *got, size_t len, const char *hex)
{
	uint8_t want[160];

	assert_int_equal(unhex(want, hex), len);
	assert_memory_equal(got, want, len);
}

static void sha256_of_known_strings(void **state)
{
	/* FIPS 180-2, appendix B, and the empty string. */
	static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t out[32];

	(void)state;
	km_sha256(out, (const uint8_t *)"", 0);
	assert_hex(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	km_sha256(out, (const uint8_t *)"abc", 3);
	assert_hex(out, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	km_sha256(out, (const uint8_t *)two_blocks, strlen(two_blocks));
	assert_hex(out, 32, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void parts_hash_as_the_whole(void **state)
{
	uint8_t data[200], whole[32], parts[32], key[32];

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	memset(key, 0x5c, sizeof key);
	for (size_t cut = 0; cut <= sizeof data; cut += 25) {
		const hash_part p[] = { { data, cut }, { data + cut, sizeof data - cut } };

		km_sha256(whole, data, sizeof data);
		hash_parts(parts, p, 2);
		assert_memory_equal(whole, parts, 32);
		km_hmac_sha256(whole, key, sizeof key, data, sizeof data);
		hmac_parts(parts, key, sizeof key, p, 2);
		assert_memory_equal(whole, parts, 32);
	}
}

static void a_fan_is_an_hmac_of_each_number(void **state)
{
	uint8_t data[200], key[32], fan[3][32], want[32];

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)i;
	memset(key, 9, sizeof key);
	for (size_t len = 0; len < sizeof data; len += 13) {
		hmac_fan(fan, 3, key, sizeof key, (hash_part[]){ { data, 5 }, { data, len } }, 2);
		for (uint8_t i = 0; i < 3; i++) {
			hmac_parts(want, key, sizeof key,
					(hash_part[]){ { data, 5 }, { data, len }, { &i, 1 } }, 3);
			assert_memory_equal(fan[i], want, sizeof want);
		}
	}
}

static void hmac_of_rfc_4231(void **state)
{
	static const struct {
		uint8_t key_octet;
		size_t key_len;
		const char *key, *data, *mac;
	} rows[] = {
		{ 0x0b, 20, NULL, "Hi There",
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ 0, 4, "Jefe", "what do ya want for nothing?",
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ 0xaa, 131, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	};
	uint8_t key[131], out[32];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].key)
			memcpy(key, rows[i].key, rows[i].key_len);
		else
			memset(key, rows[i].key_octet, rows[i].key_len);
		km_hmac_sha256(out, key, rows[i].key_len, (const uint8_t *)rows[i].data,
				strlen(rows[i].data));
		assert_hex(out, 32, rows[i].mac);
	}
}

/* A, h_i and v_i of RFC 6508, Appendix A, by its text (5.1), and r from them by GMP. */
static void intermediates_of_rfc_6508(void **state)
{
	static const char *const h_want[] = {
		"66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
		"2b32db6c2c0a6235fb1397e8225ea85e0f0e6e8c7b126d0016ccbde0e667151e",
		"12771355e46cd47c71ed1721fd5319b383cca3a1f9fce3aa1c8cd3bd37af20d7",
		"fe15c0d3ebe314fad720a08b839a004c2e6386f5aecc19ec74807d1920cb6aeb",
	}, *const v_want[] = {
		"fa2656ca1d2dbd79015ae918773dfedc24957c91e3c9c33540d6bf6d7c3c0055",
		"f016cd6759620ad787669e3add887df625895a910cee148691a06735b2f0a248",
		"ac45c6f97f83bce0a2bbd0a14cf4d7f4cb3590fbfaf93ae71c64e426185710b5",
		"e65d50bd551a54ef981f535e072de98d2223acad4621e0263b0a61eac56db078",
	};
	uint8_t in[42], a[32], h[64] = { 0 }, v[128];
	uint64_t r[16];
	mpz_t q, want, got;

	(void)state;
	unhex(in, "123456789abcdef0123456789abcdef0"
			"323031312d30320074656c3a2b34343737303039303031323300");
	km_sha256(a, in, sizeof in);
	assert_hex(a, 32, "e04d4ef69df8689322b39ae3802846174a93bedb1e3d2a2c5f2c7ea005513eba");
	memcpy(h + 32, a, 32);
	for (int i = 0; i < 4; i++) {
		km_sha256(h, h, 32);
		assert_hex(h, 32, h_want[i]);
		km_sha256(v + 32 * i, h, 64);
		assert_hex(v + 32 * i, 32, v_want[i]);
	}
	zq_from_hash(r, (hash_part[]){ { in, sizeof in } }, 1);
	mpz_inits(q, want, got, NULL);
	mpz_import(q, 16, -1, 8, 0, 0, params_q);
	mpz_import(want, sizeof v, 1, 1, 1, 0, v);
	mpz_mod(want, want, q);
	mpz_import(got, 16, -1, 8, 0, 0, r);
	assert_int_equal(mpz_cmp(got, want), 0);
	mpz_clears(q, want, got, NULL);
}

/* RFC 6508, Appendix A. */
static void range_of_rfc_6508(void **state)
{
	uint8_t in[42], out[128], mask[16];
	uint64_t r[16];
	size_t n = unhex(in, "123456789abcdef0123456789abcdef0"
			"323031312d30320074656c3a2b34343737303039303031323300");

	(void)state;
	assert_int_equal(n, 42);
	zq_from_hash(r, (hash_part[]){ { in, 16 }, { in + 16, 26 } }, 2);
	limbs_to_be(out, r, 16);
	assert_hex(out, 128,
			"13ee3e1b8dac5db168b1ceb32f0566a4c273693f78baffa2a2ee6a686e6bd90f"
			"8206ccab84e7f42ed39bd4fb131012ecca2ecd2119414560c17cab46b956a80f"
			"58a3302eb3e2c9a228fba7ed34d8aca2392da1ffb0b17b2320ae09aaedfd0235"
			"f6fe0eb65337a63f9cc97728b8e5ad0460fade144369aa5b2166213247712096");
	n = unhex(out, "7d2a8438e6291c649b6579eb3b79eae948b1de9e5f7d1f4070a08f8db6b3c515"
			"6f2201affbb5cb9d82aa3ec0d0398b89abc78a13a760c0bf3f77e63d0df3f1a3"
			"41a41b8811df197fd6cd0f003125606f4f109f400f7292a10d255e3c0ebccb42"
			"53fb182c68f09cf6cd9c4a53da6c74ad007af36b8bca979d5895e282f483fcd6");
	hash_to_128(mask, (hash_part[]){ { out, n } }, 1);
	assert_hex(mask, 16, "9bd4ea1e801d37e62ad2fab0d4f5bbf7");
}

/* v = v_1 || .. || v_4 by the text of RFC 6508, 5.1, and its remainder by GMP.  The quotients met
 * must be 0 .. 6, so that every path of the reduction has been taken. */
static void range_is_the_remainder(void **state)
{
	unsigned seen = 0;
	mpz_t q, v, want, got, quotient;

	(void)state;
	mpz_inits(q, v, want, got, quotient, NULL);
	mpz_import(q, 16, -1, 8, 0, 0, params_q);
	for (uint8_t i = 0; i < 100; i++) {
		uint8_t a[32], h[64] = { 0 }, octets[128];
		uint64_t r[16];

		km_sha256(a, &i, 1);
		for (int j = 0; j < 4; j++) {
			km_sha256(h, h, 32);
			memcpy(h + 32, a, 32);
			km_sha256(octets + 32 * j, h, 64);
		}
		mpz_import(v, 128, 1, 1, 1, 0, octets);
		mpz_fdiv_qr(quotient, want, v, q);
		seen |= 1u << mpz_get_ui(quotient);
		zq_from_hash(r, (hash_part[]){ { &i, 1 } }, 1);
		mpz_import(got, 16, -1, 8, 0, 0, r);
		assert_int_equal(mpz_cmp(got, want), 0);
	}
	assert_int_equal(seen, 0x7f);
	mpz_clears(q, v, want, got, quotient, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_known_strings),
		cmocka_unit_test(parts_hash_as_the_whole),
		cmocka_unit_test(a_fan_is_an_hmac_of_each_number),
		cmocka_unit_test(hmac_of_rfc_4231),
		cmocka_unit_test(intermediates_of_rfc_6508),
		cmocka_unit_test(range_of_rfc_6508),
		cmocka_unit_test(range_is_the_remainder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
