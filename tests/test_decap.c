/* test_decap.c -- many SAKKE data opened at once: as one by one, and each for itself. */
#include "util.h"

#include <string.h>

#include "engine/engine.h"
#include "engine/init.h"

enum { KMSS = 2, USERS = 3, ITEMS = 24 };

static const char *const ids[USERS] = {
	"sip:a@example.org", "sip:b@example.org", "sip:c@example.org",
};

/* Two KMSs, three users of each, and data for them. */
static struct {
	km_kms_public *kms[KMSS];
	km_receiver *receiver[KMSS][USERS];
	const km_receiver *of[ITEMS];
	uint8_t ssv[ITEMS][KM_SSV_BYTES], sed[ITEMS][KM_SED_BYTES];
} made;

static int make(void **state)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES], rsk[KM_SAKKE_POINT_BYTES];
	uint64_t seed = 17;

	(void)state;
	for (int k = 0; k < KMSS; k++) {
		km_kms_master *master;

		assert_int_equal(km_kms_master_new(&master, NULL), KM_OK);
		km_kms_master_public(z, kpak, master);
		assert_int_equal(km_kms_public_new(&made.kms[k], z, sizeof z, kpak, sizeof kpak, k ? 400 : 0),
				KM_OK);
		for (int u = 0; u < USERS; u++) {
			const uint8_t *id = (const uint8_t *)ids[u];
			size_t len = strlen(ids[u]);

			assert_int_equal(km_kms_rsk(rsk, id, len, master, NULL), KM_OK);
			assert_int_equal(km_receiver_new(&made.receiver[k][u], id, len, rsk, sizeof rsk,
					made.kms[k], NULL), KM_OK);
		}
		km_kms_master_free(master);
	}
	draw_bytes(made.ssv[0], sizeof made.ssv, &seed);
	for (int i = 0; i < ITEMS; i++) {
		int k = i / 3 % KMSS, u = i % 7 % USERS;

		made.of[i] = made.receiver[k][u];
		assert_int_equal(km_sakke_encap(made.sed[i], made.ssv[i], (const uint8_t *)ids[u],
				strlen(ids[u]), made.kms[k], NULL), KM_OK);
	}
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	for (int k = 0; k < KMSS; k++) {
		for (int u = 0; u < USERS; u++)
			km_receiver_free(made.receiver[k][u]);
		km_kms_public_free(made.kms[k]);
	}
	return 0;
}

static void any_number_opens(void **state)
{
	uint8_t out[ITEMS][KM_SSV_BYTES], one[KM_SSV_BYTES];
	km_err status[ITEMS];

	(void)state;
	for (size_t n = 0; n <= ITEMS; n += n < 17 ? 1 : 7) {
		memset(out, 0xa5, sizeof out);
		memset(status, 0xa5, sizeof status);
		assert_int_equal(km_sakke_decap_batch(out[0], status, made.sed[0], n, made.of, NULL), KM_OK);
		assert_memory_equal(out, made.ssv, n * KM_SSV_BYTES);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(status[i], KM_OK);
	}
	for (size_t i = 0; i < ITEMS; i += 11) {
		assert_int_equal(km_sakke_decap(one, made.sed[i], KM_SED_BYTES, made.of[i], NULL), KM_OK);
		assert_memory_equal(one, made.ssv[i], sizeof one);
	}
}

/* Every kind of bad datum among good ones, and a good one for somebody else. */
static void a_bad_one_touches_no_neighbour(void **state)
{
	uint8_t sed[ITEMS][KM_SED_BYTES], out[ITEMS][KM_SSV_BYTES], zero[KM_SSV_BYTES] = {0};
	const km_receiver *of[ITEMS];
	km_err status[ITEMS];
	int bad[ITEMS] = {0};

	(void)state;
	memcpy(sed, made.sed, sizeof sed);
	memcpy(of, made.of, sizeof of);
	bad[0] = 1, sed[0][0] = 5;
	bad[3] = 1, sed[3][200] ^= 1;                                  /* not on the curve */
	bad[4] = 1, sed[4][KM_SED_BYTES - 1] ^= 0x80;                  /* another SSV */
	bad[7] = 1, memset(sed[7] + 1, 0, KM_SAKKE_POINT_BYTES - 1);   /* (0, 0), of order 2 */
	bad[8] = 1, memset(sed[8] + 1, 0xff, KM_SAKKE_POINT_BYTES - 1);
	bad[13] = 1, memset(sed[13], 0, KM_SED_BYTES);
	bad[17] = 1, of[17] = made.receiver[0][1];
	assert_true(made.of[17] != of[17]);
	bad[22] = 1, memcpy(sed[22], made.sed[21], KM_SAKKE_POINT_BYTES);
	assert_int_equal(km_sakke_decap_batch(out[0], status, sed[0], ITEMS, of, NULL), KM_EPARTIAL);
	for (size_t i = 0; i < ITEMS; i++) {
		assert_int_equal(status[i], bad[i] ? KM_EDECAP : KM_OK);
		assert_memory_equal(out[i], bad[i] ? zero : made.ssv[i], KM_SSV_BYTES);
	}
	assert_int_equal(km_sakke_decap_batch(out[0], status, sed[7], 1, of + 7, NULL), KM_EPARTIAL);
	assert_int_equal(status[0], KM_EDECAP);
	assert_int_equal(km_sakke_decap(out[0], sed[7], KM_SED_BYTES, of[7], NULL), KM_EDECAP);
}

static int broken_fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	memset(out, 0, len);
	return -1;
}

static void without_randomness_nothing_opens(void **state)
{
	const km_random broken = {broken_fill, NULL};
	uint8_t out[5][KM_SSV_BYTES], zero[5][KM_SSV_BYTES] = {{0}};
	km_err status[5];

	(void)state;
	memset(out, 1, sizeof out);
	assert_int_equal(km_sakke_decap_batch(out[0], status, made.sed[0], 5, made.of, &broken),
			KM_ERANDOM);
	assert_memory_equal(out, zero, sizeof out);
	assert_int_equal(status[4], KM_ERANDOM);
	assert_int_equal(km_sakke_decap(out[0], made.sed[0], KM_SED_BYTES, made.of[0], &broken),
			KM_ERANDOM);
}

/* More receivers than are held prepared: the last ones open all the same. */
static void receivers_beyond_the_prepared_ones_open(void **state)
{
	enum { MORE = KM_RECEIVERS_PREPARED + 2 };
	uint8_t rsk[KM_SAKKE_POINT_BYTES], sed[4][KM_SED_BYTES], out[4][KM_SSV_BYTES];
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	const uint8_t *id = (const uint8_t *)ids[0];
	const km_receiver *of[4];
	km_receiver *more[MORE];
	km_kms_public *kms;
	km_kms_master *master;
	km_err status[4];

	(void)state;
	assert_int_equal(km_kms_master_new(&master, NULL), KM_OK);
	km_kms_master_public(z, kpak, master);
	assert_int_equal(km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, 0), KM_OK);
	assert_int_equal(km_kms_rsk(rsk, id, 9, master, NULL), KM_OK);
	for (size_t i = 0; i < MORE; i++)
		assert_int_equal(km_receiver_new(&more[i], id, 9, rsk, sizeof rsk, kms, NULL), KM_OK);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(km_sakke_encap(sed[i], made.ssv[i], id, 9, kms, NULL), KM_OK);
		of[i] = more[i < 2 ? i : MORE - i];
	}
	assert_int_equal(km_sakke_decap_batch(out[0], status, sed[0], 4, of, NULL), KM_OK);
	assert_memory_equal(out, made.ssv, sizeof out);
	assert_int_equal(km_sakke_decap(out[0], sed[3], KM_SED_BYTES, of[3], NULL), KM_OK);
	assert_memory_equal(out[0], made.ssv[3], KM_SSV_BYTES);
	for (size_t i = 0; i < MORE; i++)
		km_receiver_free(more[i]);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

static int failed;

static void run(const char *name)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_number_opens),
		cmocka_unit_test(a_bad_one_touches_no_neighbour),
		cmocka_unit_test(without_randomness_nothing_opens),
		cmocka_unit_test(receivers_beyond_the_prepared_ones_open),
	};

	print_message("kernel %s\n", name);
	failed += cmocka_run_group_tests_name("decap", tests, make, unmake);
}

/* Once for each level this machine runs. */
int main(void)
{
	const char *kernel;
	int runs;

	for (size_t i = 0; (kernel = km_kernel_at(i, &runs)); i++) {
		if (!runs) {
			print_message("[  SKIPPED ] decap[%s]: this processor cannot run it\n", kernel);
			continue;
		}
		if (init_again(kernel) != KM_OK)
			return 1;
		run(kernel);
	}
	return failed;
}
