/* test_uid.c -- identities and what is derived from a group key, against published vectors. */
#include "util.h"

#include <string.h>
#include <time.h>

#include "provision/gmk.h"
#include "provision/message/uid.h"

static void uids_of_published_vectors(void **state)
{
	static const struct {
		uint64_t period, offset, period_no;
		const char *uid;
	} rows[] = {
		{2592000, 0, 1388, "3a81fb14c3b1d0fe43c9c577104d55a6d81788bfd2f09743c4557746a5a0353b"},
		{2592000, 0, 1, "74e2af803ab5d72841bbced0ce319ffe64f6fe23c88a2d258aabcf6ac5658ef4"},
		{10, 0, 10, "94fb1a697c15d7e9d6b7062066affebda2d9e346e0090d67525c0c3ce666eafa"},
		{25920000, 100, 1, "3c0ad8828cfae1ad1d08b27cc7b61258c6cfcd405081b68cd778f1e1c7f562a7"},
	};
	static const char uri[] = "sip:user@example.org", kms[] = "kms.example.org";
	uint8_t got[KM_UID_BYTES], want[KM_UID_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		km_uid(got, uri, strlen(uri), kms, strlen(kms), rows[i].period, rows[i].offset,
				rows[i].period_no);
		from_hex(want, sizeof want, rows[i].uid);
		assert_memory_equal(got, want, sizeof want);
	}
}

/* F.2.1 as it is written: a number has its fewest octets, 0 has one. */
static void a_uid_is_the_hash_of_its_parts(void **state)
{
	static const char small[] = "\0MIKEY-SAKKE-UID\0\017" "a\0\001" "k\0\001"
			"\001\0\0\0\003" "\0\0\001" "\0\0\001";
	static const char large[] = "\0MIKEY-SAKKE-UID\0\017" "a\0\001" "k\0\001"
			"\377\0\001" "\001\0\0\002" "\377\377\377\377\377\377\377\377\0\010";
	uint8_t got[KM_UID_BYTES], want[KM_UID_BYTES];

	(void)state;
	km_sha256(want, (const uint8_t *)small, sizeof small - 1);
	km_uid(got, "a", 1, "k", 1, 65536, 0, 0);
	assert_memory_equal(got, want, sizeof want);
	km_sha256(want, (const uint8_t *)large, sizeof large - 1);
	km_uid(got, "a", 1, "k", 1, 255, 256, UINT64_MAX);
	assert_memory_equal(got, want, sizeof want);
}

static km_time since_1900(int64_t seconds)
{
	return (km_time){ seconds - 2208988800, 0 };
}

static void periods_are_counted_from_the_offset(void **state)
{
	(void)state;
	assert_int_equal(km_key_period_no(since_1900(0xec8989a8), 16777215, 0), 236);
	assert_int_equal(km_key_period_no(since_1900(0xec8989a8), 2592000, 0), 1531);
	assert_int_equal(km_key_period_no(since_1900(99), 10, 0), 9);
	assert_int_equal(km_key_period_no(since_1900(100), 10, 0), 10);
	assert_int_equal(km_key_period_no(since_1900(106), 10, 7), 9);
	assert_int_equal(km_key_period_no(since_1900(107), 10, 7), 10);
	assert_int_equal(km_key_period_no(since_1900(6), 10, 7), 0);
	assert_int_equal(km_key_period_no((km_time){ INT64_MIN, 0 }, 10, 0), 0);
	assert_int_equal(km_key_period_no((km_time){ -1, UINT32_MAX }, 1, 0), 2208988799);
}

static void times_are_those_of_messages(void **state)
{
	static const struct {
		uint64_t ntp64;
		int64_t seconds;
	} same[] = {
		{ UINT64_C(0x8000000000000000), -61505152 },            /* 1968-01-20T03:14:08Z */
		{ UINT64_C(0x83aa7e8000000001), 0 },
		{ UINT64_C(0xffffffffffffffff), 2085978495 },           /* 2036-02-07T06:28:15Z */
		{ UINT64_C(0x0000000000000000), 2085978496 },
		{ UINT64_C(0x7fffffff80000000), 4233462143 },           /* 2104-02-26T09:42:23Z */
	};
	km_time now = km_time_now();

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		km_time t = km_time_of_ntp(same[i].ntp64);

		assert_int_equal(t.seconds, same[i].seconds);
		assert_int_equal(t.fraction, (uint32_t)same[i].ntp64);
		assert_true(km_time_ntp(t) == same[i].ntp64);
	}
	assert_in_range(now.seconds, time(NULL) - 60, time(NULL) + 1);
}

/* What a vendor published for two users of one key. */
static void salts_and_media_keys_of_published_vectors(void **state)
{
	static const struct {
		const char *uri;
		uint32_t salt, guk_id;
		const char *key, *srtp_salt;
	} rows[] = {
		{"sip:p25user01@etherstack.com", 0x877434c, 0x01c8de7b,
			"64837d2b4d69a266e4489d3807353ad9", "8b2f081ce8e8bdab1f8d9eb8"},
		{"sip:p25user02@etherstack.co.jp", 0x301f4e7, 0x0abe69d0,
			"de81b70c4ae0ff3f79364df586c2e0ce", "750ea7422b4d5a8ff475c6d5"},
	};
	const uint32_t gmk_id = 0x09bf9d37;
	uint8_t gmk[KM_SSV_BYTES], rand[KM_RAND_BYTES];
	uint8_t key[KM_SRTP_KEY_BYTES], salt[KM_SRTP_SALT_BYTES], want[KM_SRTP_KEY_BYTES];

	(void)state;
	from_hex(gmk, sizeof gmk, "fcfe65cd967c58d260b603ccb9a887a9");
	from_hex(rand, sizeof rand, "6819e679461120e10ac458cce67b8024");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(uid_salt(gmk, rows[i].uri, strlen(rows[i].uri)), rows[i].salt);
		assert_int_equal(uid_guk_id(gmk_id, rows[i].salt), rows[i].guk_id);
		assert_int_equal(uid_guk_id(rows[i].guk_id, rows[i].salt), gmk_id);
		uid_srtp_keys(key, salt, gmk, 4, rows[i].guk_id, rand, sizeof rand);
		from_hex(want, sizeof key, rows[i].key);
		assert_memory_equal(key, want, sizeof key);
		from_hex(want, sizeof salt, rows[i].srtp_salt);
		assert_memory_equal(salt, want, sizeof salt);
		uid_srtp_keys(key, salt, gmk, 5, rows[i].guk_id, rand, sizeof rand);
		assert_memory_not_equal(salt, want, sizeof salt);
	}
}

/* The salt never reaches the purpose tag. */
static void the_purpose_tag_is_kept(void **state)
{
	(void)state;
	assert_int_equal(uid_guk_id(0x00000000, 0xffffffff), 0x0fffffff);
	assert_int_equal(uid_guk_id(0x30000000, 0xffffffff), 0x3fffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uids_of_published_vectors),
		cmocka_unit_test(a_uid_is_the_hash_of_its_parts),
		cmocka_unit_test(periods_are_counted_from_the_offset),
		cmocka_unit_test(times_are_those_of_messages),
		cmocka_unit_test(salts_and_media_keys_of_published_vectors),
		cmocka_unit_test(the_purpose_tag_is_kept),
	};

	return cmocka_run_group_tests_name("uid", tests, NULL, NULL);
}
