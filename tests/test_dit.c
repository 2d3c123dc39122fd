/* test_dit.c -- where a processor has data independent timing as a state, it is on while secrets are worked on, in the
 * library's threads too, and afterwards what it was.
 *
 * What others call back is asked: a source of randomness, from within a call; and how a function leaves, by a wrap of
 * leave_secret.
 */
#include "util.h"

#include <stdio.h>
#include <string.h>

#include "asm/dit.h"
#include "engine/engine.h"
#include "engine/scrub.h"
#include "provision/base/threads.h"

km_err __real_leave_secret(km_err err, int scrub);
km_err __wrap_leave_secret(km_err err, int scrub);

#if defined(ARCH_aarch64) && defined(__linux__)
static int left, left_on, drawn, drawn_on; /* calls of leave_secret, of the source; those with DIT on */

km_err __wrap_leave_secret(km_err err, int scrub)
{
	left++;
	left_on += dit_here() && dit_get();
	return __real_leave_secret(err, scrub);
}

static int fill(void *ctx, uint8_t *out, size_t len)
{
	drawn++;
	drawn_on += dit_here() && dit_get();
	draw_bytes(out, len, ctx);
	return 0;
}

static uint64_t seed = 1;
static const km_random source = {fill, &seed};

/* Everything that works on secrets, once. */
static void all_calls(void)
{
	static const uint8_t id[] = "sip:alice@example.org";
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES], rsk[KM_SAKKE_POINT_BYTES], ssk[KM_SSK_BYTES];
	uint8_t pvt[KM_ECCSI_POINT_BYTES], ssv[KM_SSV_BYTES] = {1}, sed[KM_SED_BYTES], sig[KM_SIG_BYTES];
	uint8_t scalar[KM_FP_BYTES], hash[KM_HASH_BYTES];
	const km_to_encap item = {.id = id, .id_len = sizeof id, .ssv = ssv};
	const km_to_sign to_sign = {.msg = id, .len = sizeof id, .sig = sig};
	km_kms_master *master, *copy;
	km_kms_public *kms;
	km_signer *signer;
	km_receiver *receiver;
	km_err status;

	assert_int_equal(km_kms_master_new(&master, &source), KM_OK);
	km_kms_master_export(scalar, ssk, master);
	assert_int_equal(km_kms_master_import_new(&copy, scalar, ssk), KM_OK);
	km_kms_master_public(z, kpak, copy);
	assert_int_equal(km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, KM_TABLES_LATER), KM_OK);
	assert_int_equal(km_kms_rsk(rsk, id, sizeof id, master, &source), KM_OK);
	assert_int_equal(km_kms_ssk(ssk, pvt, id, sizeof id, master, &source), KM_OK);
	assert_int_equal(km_signer_new(&signer, id, sizeof id, ssk, sizeof ssk, pvt, sizeof pvt, kms), KM_OK);
	assert_int_equal(km_receiver_new(&receiver, id, sizeof id, rsk, sizeof rsk, kms, &source), KM_OK);
	assert_int_equal(km_sakke_encap(sed, ssv, id, sizeof id, kms, &source), KM_OK);
	assert_int_equal(km_sakke_encap_batch(sed, &status, ssv, id, sizeof id, 1, kms, &source), KM_OK);
	assert_int_equal(km_sakke_encap_items(sed, &status, &item, 1, kms, &source), KM_OK);
	assert_int_equal(km_sakke_decap(ssv, sed, sizeof sed, receiver, &source), KM_OK);
	assert_int_equal(km_sakke_decap_batch(ssv, &status, sed, 1, (const km_receiver *[]){receiver}, &source), KM_OK);
	assert_int_equal(km_eccsi_sign(sig, id, sizeof id, signer, &source), KM_OK);
	assert_int_equal(km_eccsi_sign_batch(&to_sign, &status, 1, signer, &source), KM_OK);
	assert_int_equal(km_random_bytes(ssv, sizeof ssv, &source), KM_OK);
	km_hmac_sha256(hash, ssv, sizeof ssv, id, sizeof id);
	km_sha256(hash, ssv, sizeof ssv);
	assert_int_equal(km_equal(ssv, ssv, sizeof ssv), 1);
	km_wipe(ssv, sizeof ssv);
	km_signer_free(signer);
	km_receiver_free(receiver);
	km_kms_public_free(kms);
	km_kms_master_free(master);
	km_kms_master_free(copy);
}

static void on_within_and_put_back(void **state)
{
	(void)state;
	if (!dit_here()) {
		print_message("this processor has no such state: calls work without it\n");
		all_calls();
		return;
	}
	for (uint64_t was = 0; was <= DIT_BIT; was += DIT_BIT) {
		left = left_on = drawn = drawn_on = 0;
		dit_set(was);
		all_calls();
		assert_int_equal(dit_get(), was);
		assert_true(left > 20 && drawn > 8);
		assert_int_equal(left_on, left);
		assert_int_equal(drawn_on, drawn);
	}
	dit_set(0);
}

/* A call that does not, as one would be found. */
static void a_call_without_it_is_seen(void **state)
{
	(void)state;
	if (!dit_here())
		skip_as("this processor has no such state, as Neoverse N1");
	left = left_on = 0;
	dit_set(0);
	(void)leave_secret(KM_OK, SCRUB_HASH);
	assert_int_equal(left, 1);
	assert_int_equal(left_on, 0);
}

static void ask(void *arg, size_t i)
{
	((uint64_t *)arg)[i] = dit_get();
}

static void threads_have_it(void **state)
{
	uint64_t seen[64];
	km_pool *pool;

	(void)state;
	if (!dit_here())
		skip_as("this processor has no such state, as Neoverse N1");
	dit_set(0);
	assert_int_equal(km_pool_new(&pool, 2, NULL), KM_OK);
	memset(seen, 0, sizeof seen);
	threads_each(pool, ask, seen, 64);
	for (int i = 0; i < 64; i++)
		assert_int_equal(seen[i], DIT_BIT);
	km_pool_free(pool);
	assert_int_equal(dit_get(), 0);
}
#else
km_err __wrap_leave_secret(km_err err, int scrub)
{
	return __real_leave_secret(err, scrub);
}

#endif

int main(void)
{
#if defined(ARCH_aarch64) && defined(__linux__)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_within_and_put_back),
		cmocka_unit_test(a_call_without_it_is_seen),
		cmocka_unit_test(threads_have_it),
	};

	if (km_init(NULL) != KM_OK)
		return 1;
	return cmocka_run_group_tests_name("dit", tests, NULL, NULL);
#else
	printf("[  SKIPPED ] dit: a state of AArch64 under Linux\n");
	return 0;
#endif
}
