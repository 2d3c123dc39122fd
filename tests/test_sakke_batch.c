/* test_sakke_batch.c -- SAKKE for many at once, on every kernel: what a batch makes is what its singles
 * make, whatever else is in it. */
#include "util_sakke.h"

#include <stdlib.h>
#include <string.h>

#include "engine/bytes.h"
#include "engine/field/fp8.h"
#include "engine/field/params.h"

enum { LEN = 32, MANY = 1000, WIDEST = 5000 };

/* About how many members are announced: tables for one member, the same turned, narrow ones, wide ones. */
static const size_t announced[] = {0, 40, 400, WIDEST};

static uint8_t ids[MANY * LEN], ssv[KM_SSV_BYTES];
static uint8_t single[MANY * KM_SED_BYTES], batch[MANY * KM_SED_BYTES];
static km_err status[MANY];

#ifdef KM_VERIFY
enum { CHECKED = 1 };
#else
enum { CHECKED = 0 };
#endif

/* Where every operation is checked, or takes long, fewer members have to do; in lanes more than a block of them. */
static size_t most(size_t n)
{
	return CHECKED || (is_slow() && !fp8_k) ? 130 : n;
}

/* Where there are no eight lanes to pad, a few sizes are enough. */
static size_t step(void)
{
	return CHECKED || !fp8_k ? 28 : 1;
}

/* After n, of the sizes up to 17. */
static size_t next_small(size_t n)
{
	static const size_t few[] = {1, 2, 7, 8, 9, 17, 18};
	size_t i = 0;

	if (fp8_k)
		return n + 1;
	while (few[i] <= n)
		i++;
	return few[i];
}

static void make_singles(const km_kms_public *kms, size_t n)
{
	uint64_t seed = 5;

	draw_bytes(ids, sizeof ids, &seed);
	draw_bytes(ssv, sizeof ssv, &seed);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(km_sakke_encap(single + i * KM_SED_BYTES, ssv, ids + i * LEN, LEN,
				kms, NULL), KM_OK);
}

static void check_batch(const km_kms_public *kms, size_t n)
{
	memset(batch, 0xa5, sizeof batch);
	memset(status, 0xff, sizeof status);
	assert_int_equal(km_sakke_encap_batch(batch, status, ssv, ids, LEN, n, kms, NULL), KM_OK);
	assert_memory_equal(batch, single, n * KM_SED_BYTES);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(status[i], KM_OK);
	for (size_t i = n * KM_SED_BYTES; i < (n + 8) * KM_SED_BYTES && i < sizeof batch; i++)
		assert_int_equal(batch[i], 0xa5); /* nothing behind its end */
}

static void a_batch_is_its_singles(void **state)
{
	static const size_t edges[] = {33, 63, 64, 65, 99, 100};
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);

	(void)state;
	make_singles(kms, most(MANY));
	km_kms_public_free(kms);
	for (size_t m = 0; m < sizeof announced / sizeof announced[0]; m++) {
		kms = kms_of(master, announced[m]);
		for (size_t n = 0; n <= 17; n = next_small(n))
			check_batch(kms, n);
		for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
			check_batch(kms, edges[i]);
		km_kms_public_free(kms);
	}
	km_kms_master_free(master);
}

static void a_batch_of_any_size_is_its_singles(void **state)
{
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, WIDEST);

	(void)state;
	for (size_t n = 18; n <= 130; n += step())
		check_batch(kms, n);
	check_batch(kms, most(MANY));
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

static void the_rfc_in_every_place_of_a_batch(void **state)
{
	enum { N = 70 };
	uint8_t same[N * sizeof rfc_id], want[KM_SED_BYTES];
	km_kms_master *master = master_of(rfc_z_secret);

	(void)state;
	rfc_data(ssv, want);
	for (size_t i = 0; i < N; i++)
		memcpy(same + i * sizeof rfc_id, rfc_id, sizeof rfc_id);
	for (size_t m = 0; m < sizeof announced / sizeof announced[0]; m++) {
		km_kms_public *kms = kms_of(master, announced[m]);

		assert_int_equal(km_sakke_encap_batch(batch, status, ssv, same, sizeof rfc_id, N, kms,
				NULL), KM_OK);
		for (size_t i = 0; i < N; i++)
			assert_memory_equal(batch + i * KM_SED_BYTES, want, sizeof want);
		km_kms_public_free(kms);
	}
	km_kms_master_free(master);
}

/* ---- each its own SSV --------------------------------------------------------------------------- */

static uint8_t ssvs[MANY * KM_SSV_BYTES];
static km_to_encap items[MANY];

/* Each so many in a row have one SSV; identifiers have different lengths. */
static void make_items(const km_kms_public *kms, size_t n, size_t group)
{
	for (size_t i = 0; i < n; i++) {
		items[i] = (km_to_encap){ssvs + i / group * KM_SSV_BYTES, ids + i * LEN, LEN - i % 7};
		assert_int_equal(km_sakke_encap(single + i * KM_SED_BYTES, items[i].ssv, items[i].id,
				items[i].id_len, kms, NULL), KM_OK);
	}
}

static void check_items(const km_kms_public *kms, size_t n)
{
	memset(batch, 0xa5, sizeof batch);
	memset(status, 0xff, sizeof status);
	assert_int_equal(km_sakke_encap_items(batch, status, items, n, kms, NULL), KM_OK);
	assert_memory_equal(batch, single, n * KM_SED_BYTES);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(status[i], KM_OK);
	for (size_t i = n * KM_SED_BYTES; i < (n + 8) * KM_SED_BYTES && i < sizeof batch; i++)
		assert_int_equal(batch[i], 0xa5);
}

static void items_are_their_singles(void **state)
{
	static const size_t groups[] = {1, 20};
	const size_t large = most(600); /* more than a block */
	uint64_t seed = 6;
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, WIDEST);

	(void)state;
	draw_bytes(ids, sizeof ids, &seed);
	draw_bytes(ssvs, sizeof ssvs, &seed);
	for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
		make_items(kms, large, groups[g]);
		for (size_t n = 0; n <= 17; n = next_small(n))
			check_items(kms, n);
		check_items(kms, 64);
		check_items(kms, 65);
		check_items(kms, large);
	}
	for (size_t i = 0; i < large; i++)
		items[i] = (km_to_encap){ssvs, ids + i * LEN, LEN};
	assert_int_equal(km_sakke_encap_batch(single, status, ssvs, ids, LEN, large, kms, NULL), KM_OK);
	check_items(kms, large);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

/* A length that no identifier has, of any one item: nothing is made of all. */
static void an_item_out_of_range_stops_all(void **state)
{
	static const size_t places[] = {0, 8, 69}, lengths[] = {0, KM_ID_MAX + 1};
	enum { N = 70 };
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);

	(void)state;
	for (size_t p = 0; p < sizeof places / sizeof places[0]; p++)
		for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
			for (size_t i = 0; i < N; i++)
				items[i] = (km_to_encap){ssvs + i * KM_SSV_BYTES, ids + i * LEN, LEN};
			items[places[p]].id_len = lengths[l];
			memset(batch, 0xa5, sizeof batch);
			assert_int_equal(km_sakke_encap_items(batch, status, items, N, kms, NULL), KM_EARG);
			for (size_t i = 0; i < N; i++)
				assert_int_equal(status[i], KM_EARG);
			for (size_t i = 0; i < N * KM_SED_BYTES; i++)
				assert_int_equal(batch[i], 0);
		}
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

/* ---- exceptional members --------------------------------------------------------------------- */

enum { WIDE = KM_FP_BYTES };

/* id = -z mod q. */
static void opposite(uint8_t id[WIDE], const uint8_t z[WIDE])
{
	uint64_t zl[16], minus[16], borrow = 0;

	limbs_from_be(zl, z, 16);
	for (int i = 0; i < 16; i++) {
		__extension__ unsigned __int128 d = (unsigned __int128)params_q[i] - zl[i] - borrow;

		minus[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
	limbs_to_be(id, minus, 16);
}

/* In a batch of n, at[0]: b = -z, so that R is infinity.  at[1]: b = z, so that the last addition is
 * a doubling.  Both kill the product of all in step, and the complete path makes the others
 * as if nothing had been. */
static void check_exceptional(const km_kms_master *master, const km_kms_public *kms, size_t n,
		const size_t at[2])
{
	uint8_t *wide = malloc(n * WIDE), z[WIDE], ksak[KM_SSK_BYTES], zero[KM_SED_BYTES] = {0};
	uint8_t opened[KM_SSV_BYTES];
	uint64_t seed = 9;
	km_receiver *receiver;

	assert_non_null(wide);
	draw_bytes(wide, n * WIDE, &seed);
	draw_bytes(ssv, sizeof ssv, &seed);
	km_kms_master_export(z, ksak, master);
	opposite(wide + at[0] * WIDE, z);
	memcpy(wide + at[1] * WIDE, z, WIDE);
	assert_int_equal(km_sakke_encap_batch(batch, status, ssv, wide, WIDE, n, kms, NULL),
			KM_EPARTIAL);
	for (size_t i = 0; i < n; i++) {
		km_err err = km_sakke_encap(single, ssv, wide + i * WIDE, WIDE, kms, NULL);

		assert_int_equal(err, i == at[0] ? KM_EDEGENERATE : KM_OK);
		assert_int_equal(status[i], err);
		assert_memory_equal(batch + i * KM_SED_BYTES, i == at[0] ? zero : single,
				KM_SED_BYTES);
	}
	receiver = receiver_of(master, kms, z, WIDE);
	assert_int_equal(km_sakke_decap(opened, batch + at[1] * KM_SED_BYTES, KM_SED_BYTES,
			receiver, NULL), KM_OK);
	assert_memory_equal(opened, ssv, sizeof ssv);
	km_receiver_free(receiver);
	assert_int_equal(km_kms_rsk(single, wide + at[0] * WIDE, WIDE, master, NULL),
			KM_EDEGENERATE);
	free(wide);
}

static void exceptional_identities_leave_their_neighbours_alone(void **state)
{
	static const size_t places[][2] = {{1, 3}, {0, 20}, {20, 7}};
	km_kms_master *master = master_of(rfc_z_secret);

	(void)state;
	for (size_t m = 0; m < sizeof announced / sizeof announced[0]; m++) {
		km_kms_public *kms = kms_of(master, announced[m]);

		check_exceptional(master, kms, 5, places[0]);
		check_exceptional(master, kms, 21, places[1]);
		check_exceptional(master, kms, 21, places[2]);
		km_kms_public_free(kms);
	}
	km_kms_master_free(master);
}

/* Alone, each takes the complete path too. */
static void exceptional_identities_alone(void **state)
{
	uint8_t z[WIDE], ksak[KM_SSK_BYTES], id[WIDE], zero[KM_SED_BYTES] = {0};
	km_kms_master *master = master_of(rfc_z_secret);

	(void)state;
	km_kms_master_export(z, ksak, master);
	opposite(id, z);
	for (size_t m = 0; m < sizeof announced / sizeof announced[0]; m++) {
		km_kms_public *kms = kms_of(master, announced[m]);

		memset(single, 1, KM_SED_BYTES);
		assert_int_equal(km_sakke_encap(single, ssv, id, WIDE, kms, NULL), KM_EDEGENERATE);
		assert_memory_equal(single, zero, sizeof zero);
		assert_int_equal(km_sakke_encap(single, ssv, z, WIDE, kms, NULL), KM_OK);
		km_kms_public_free(kms);
	}
	km_kms_master_free(master);
}

/* ---- opening ----------------------------------------------------------------------------------- */

/* One key opens many, many keys open one each, and what is damaged fails alone. */
static void data_opens_in_batches(void **state)
{
	enum { N = 20, KEYS = 4 };
	uint8_t sed[N * KM_SED_BYTES], out[N * KM_SSV_BYTES], zero[KM_SSV_BYTES] = {0};
	const km_receiver *keys[N];
	km_receiver *mine[KEYS];
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);

	(void)state;
	make_singles(kms, N);
	for (size_t i = 0; i < KEYS; i++)
		mine[i] = receiver_of(master, kms, ids + i * LEN, LEN);
	for (size_t many = 1; many <= KEYS; many += KEYS - 1) {
		for (size_t i = 0; i < N; i++) {
			keys[i] = mine[i % many];
			memcpy(sed + i * KM_SED_BYTES, single + i % many * KM_SED_BYTES, KM_SED_BYTES);
		}
		for (size_t n = many == 1 ? 17 : 0; n <= 17; n++) {
			memset(out, 0xa5, sizeof out);
			assert_int_equal(km_sakke_decap_batch(out, status, sed, n, keys, NULL), KM_OK);
			for (size_t i = 0; i < n; i++) {
				assert_int_equal(status[i], KM_OK);
				assert_memory_equal(out + i * KM_SSV_BYTES, ssv, KM_SSV_BYTES);
			}
			for (size_t i = n * KM_SSV_BYTES; i < sizeof out; i++)
				assert_int_equal(out[i], 0xa5);
		}
	}
	sed[3 * KM_SED_BYTES + 100] ^= 1;                                   /* off the curve */
	sed[9 * KM_SED_BYTES + KM_SED_BYTES - 1] ^= 1;                      /* another SSV */
	memset(sed + 10 * KM_SED_BYTES + 1, 0, KM_SAKKE_POINT_BYTES - 1);   /* of order 2 */
	keys[N - 1] = mine[0];                                              /* for another */
	assert_int_equal(km_sakke_decap_batch(out, status, sed, N, keys, NULL), KM_EPARTIAL);
	for (size_t i = 0; i < N; i++) {
		int bad = i == 3 || i == 9 || i == 10 || i == N - 1;

		assert_int_equal(status[i], bad ? KM_EDECAP : KM_OK);
		assert_memory_equal(out + i * KM_SSV_BYTES, bad ? zero : ssv, KM_SSV_BYTES);
	}
	for (size_t i = 0; i < KEYS; i++)
		km_receiver_free(mine[i]);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_its_singles),
		cmocka_unit_test(a_batch_of_any_size_is_its_singles),
		cmocka_unit_test(the_rfc_in_every_place_of_a_batch),
		cmocka_unit_test(items_are_their_singles),
		cmocka_unit_test(an_item_out_of_range_stops_all),
		cmocka_unit_test(exceptional_identities_leave_their_neighbours_alone),
		cmocka_unit_test(exceptional_identities_alone),
		cmocka_unit_test(data_opens_in_batches),
	};

	return run_on_each_level("sakke batch", tests, sizeof tests / sizeof tests[0]);
}
