/* test_registers.c -- what eight-lane kernels leave in the vector registers is cleared before the
 * engine returns: the halves above bit 255 of zmm0 to zmm15, which little else uses, are zero.  What
 * is in zmm16 to zmm31 may be from the C library, which copies memory by them.
 */
#include <stdio.h>
#include <string.h>

#include "engine/cpu.h"
#include "engine/engine.h"
#include "engine/fp8.h"
#include "util.h"

#ifdef ARCH_x86_64
enum { MOST = 70, ID_LEN = 32, REGISTERS = 16, MEMBERS = 100 };

static uint64_t seed = 3;

static struct {
	km_kms_master *master;
	km_kms_public *kms;
	km_receiver *receiver;
	km_signer *signer;
	uint8_t ids[MOST][ID_LEN], ssv[MOST][KM_SSV_BYTES], seds[MOST][KM_SED_BYTES];
	uint8_t sigs[MOST][KM_SIG_BYTES];
} all;

/* How many registers have something above bit 255. */
static int left_behind(void)
{
	static _Alignas(64) uint64_t zmm[REGISTERS][8];
	int n = 0;

	__asm__ volatile(".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			"vmovdqa64 %%zmm\\n, \\n*64(%0)\n\t"
			".endr" : : "r"(zmm) : "memory");
	for (int i = 0; i < REGISTERS; i++)
		n += (zmm[i][4] | zmm[i][5] | zmm[i][6] | zmm[i][7]) != 0;
	return n;
}

static void the_check_can_fail(void **state)
{
	fp8 a, r;

	(void)state;
	fp8_set(&a, fp8_one);
	fp8_mul(&r, &a, &a);
	assert_true(left_behind() > 0);
	fp8_scrub();
	assert_int_equal(left_behind(), 0);
}

static void encapsulating_leaves_nothing(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 8, 17, MOST};
	km_err status[MOST];

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		assert_int_equal(km_sakke_encap_batch(all.seds[0], status, all.ssv[0], all.ids[0],
				ID_LEN, sizes[i], all.kms, NULL), KM_OK);
		assert_int_equal(left_behind(), 0);
	}
}

static void opening_leaves_nothing(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 17};
	const km_receiver *receivers[MOST];
	km_err status[MOST];

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		receivers[i] = all.receiver;
		assert_int_equal(km_sakke_encap(all.seds[i], all.ssv[0], all.ids[0], ID_LEN, all.kms,
				NULL), KM_OK);
	}
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		assert_int_equal(km_sakke_decap_batch(all.ssv[0], status, all.seds[0], sizes[i],
				receivers, NULL), KM_OK);
		assert_int_equal(left_behind(), 0);
	}
}

static void signing_leaves_nothing(void **state)
{
	static const size_t sizes[] = {1, 2, 8, 33, MOST};
	km_signed items[MOST];
	km_err status[MOST];

	(void)state;
	for (size_t i = 0; i < MOST; i++)
		items[i] = (km_signed){all.ids[i], ID_LEN, all.sigs[i], NULL, 0};
	assert_int_equal(km_eccsi_sign(all.sigs[0], all.ids[0], ID_LEN, all.signer, NULL), KM_OK);
	assert_int_equal(left_behind(), 0);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		assert_int_equal(km_eccsi_sign_batch(items, status, sizes[i], all.signer, NULL), KM_OK);
		assert_int_equal(left_behind(), 0);
	}
}

static void issuing_and_taking_keys_leaves_nothing(void **state)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES], ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES];
	const uint8_t *id = all.ids[0];

	(void)state;
	assert_int_equal(km_kms_rsk(rsk, id, ID_LEN, all.master, NULL), KM_OK);
	fp8_scrub(); /* the first time there were tables to make: they are public */
	assert_int_equal(km_kms_rsk(rsk, id, ID_LEN, all.master, NULL), KM_OK);
	assert_int_equal(left_behind(), 0);
	assert_int_equal(km_kms_ssk(ssk, pvt, id, ID_LEN, all.master, NULL), KM_OK);
	assert_int_equal(left_behind(), 0);
	assert_int_equal(km_receiver_new(&all.receiver, id, ID_LEN, rsk, sizeof rsk, all.kms, NULL),
			KM_OK);
	assert_int_equal(left_behind(), 0);
	assert_int_equal(km_signer_new(&all.signer, id, ID_LEN, ssk, sizeof ssk, pvt, sizeof pvt,
			all.kms), KM_OK);
	assert_int_equal(left_behind(), 0);
}

static int start(void **state)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];

	(void)state;
	draw_bytes(all.ids[0], sizeof all.ids, &seed);
	draw_bytes(all.ssv[0], sizeof all.ssv, &seed);
	if (km_init(NULL) != KM_OK || km_kms_master_new(&all.master, NULL) != KM_OK)
		return -1;
	km_kms_master_public(z, kpak, all.master);
	return km_kms_public_new(&all.kms, z, sizeof z, kpak, sizeof kpak, MEMBERS) == KM_OK ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	km_signer_free(all.signer);
	km_receiver_free(all.receiver);
	km_kms_public_free(all.kms);
	km_kms_master_free(all.master);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_check_can_fail),
		cmocka_unit_test(issuing_and_taking_keys_leaves_nothing),
		cmocka_unit_test(encapsulating_leaves_nothing),
		cmocka_unit_test(opening_leaves_nothing),
		cmocka_unit_test(signing_leaves_nothing),
	};

	if (!(cpu_levels() & CPU_IFMA)) {
		printf("[  SKIPPED ] registers: this processor has no 512-bit registers\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, start, stop);
}
#else
int main(void)
{
	printf("[  SKIPPED ] registers: no kernels of another processor than x86-64\n");
	return 0;
}
#endif
