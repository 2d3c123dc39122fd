/* test_init.c -- km_init: forgotten, again, with another kernel, and by many threads beside work. */
#include "util_sakke.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "engine/init.h"

static const uint8_t ssv[KM_SSV_BYTES] = {7};
static uint8_t want[KM_SED_BYTES];

static void forgotten_it_is_told(void **state)
{
	const uint8_t z[KM_FP_BYTES] = {[KM_FP_BYTES - 1] = 5}, ksak[KM_SSK_BYTES] = {1};
	uint8_t pub[KM_SAKKE_POINT_BYTES];
	km_kms_public *kms = (void *)&pub;
	km_kms_master *master = (void *)&pub;
	uint8_t octets[32];

	(void)state;
	assert_string_equal(km_kernel(), "");
	from_hex(pub, sizeof pub, rfc_z);
	assert_int_equal(km_kms_public_new(&kms, pub, sizeof pub, pub, 65, 0), KM_ESTATE);
	assert_null(kms);
	assert_int_equal(km_kms_master_new(&master, NULL), KM_ESTATE);
	assert_null(master);
	master = (void *)&pub;
	assert_int_equal(km_kms_master_import_new(&master, z, ksak), KM_ESTATE);
	assert_null(master);
	assert_int_equal(km_selftest(NULL, NULL), KM_ESTATE);
	/* What needs no kernel. */
	assert_int_equal(km_random_bytes(octets, sizeof octets, NULL), KM_OK);
}

static void an_unknown_kernel_leaves_it_to_be_done(void **state)
{
	km_kms_master *master;

	(void)state;
	assert_int_equal(km_init("no such kernel"), KM_EKERNEL);
	assert_int_equal(km_kms_master_new(&master, NULL), KM_ESTATE);
}

static void *init(void *failed)
{
	for (int i = 0; i < 50; i++)
		if (km_init(i % 2 ? NULL : "c") != KM_OK)
			atomic_fetch_add((atomic_int *)failed, 1);
	return NULL;
}

enum { THREADS = 4 };

static void threads_may_all_call_it(void **state)
{
	pthread_t threads[THREADS];
	atomic_int failed = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, init, &failed), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	/* NULL, where it comes first, may have chosen another. */
	if (strcmp(km_kernel(), "c") == 0)
		assert_int_equal(failed, 0);
	assert_string_not_equal(km_kernel(), "");
}

static void another_kernel_is_refused_and_the_same_is_not(void **state)
{
	const char *chosen = km_kernel();
	const char *name;
	int runs;

	(void)state;
	assert_int_equal(km_init(NULL), KM_OK);
	assert_int_equal(km_init(chosen), KM_OK);
	for (size_t i = 0; (name = km_kernel_at(i, &runs)); i++)
		if (runs && strcmp(name, chosen) != 0)
			assert_int_equal(km_init(name), KM_ESTATE);
	assert_int_equal(km_init("no such kernel"), KM_ESTATE);
	assert_string_equal(km_kernel(), chosen);
}

typedef struct {
	km_kms_public *kms;
	atomic_int *stop, *made;
	int wrong;
} job;

static void *encapsulate(void *arg)
{
	uint8_t sed[KM_SED_BYTES];
	job *j = arg;

	while (!*j->stop) {
		if (km_sakke_encap(sed, ssv, rfc_id, sizeof rfc_id, j->kms, NULL) != KM_OK ||
				memcmp(sed, want, sizeof sed) != 0)
			j->wrong++;
		atomic_fetch_add(j->made, 1);
	}
	return NULL;
}

static void work_is_not_disturbed(void **state)
{
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	pthread_t threads[THREADS];
	job jobs[THREADS];
	atomic_int stop = 0, made = 0;

	(void)state;
	assert_int_equal(km_sakke_encap(want, ssv, rfc_id, sizeof rfc_id, kms, NULL), KM_OK);
	for (int i = 0; i < THREADS; i++) {
		jobs[i] = (job){kms, &stop, &made, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, encapsulate, &jobs[i]), 0);
	}
	while (made < 100) {
		assert_int_equal(km_init(NULL), KM_OK);
		assert_int_equal(km_init("other"), KM_ESTATE);
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(jobs[i].wrong, 0);
	}
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

int main(void)
{
	/* In this order: the first two are before any km_init. */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forgotten_it_is_told),
		cmocka_unit_test(an_unknown_kernel_leaves_it_to_be_done),
		cmocka_unit_test(threads_may_all_call_it),
		cmocka_unit_test(another_kernel_is_refused_and_the_same_is_not),
		cmocka_unit_test(work_is_not_disturbed),
	};

	return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
