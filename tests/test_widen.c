/* test_widen.c -- tables are widened while others encapsulate: nothing is disturbed, results stay. */
#include "util_sakke.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { N = 70, ID = 12, THREADS = 3 };

static uint8_t ids[N * ID], ssv[KM_SSV_BYTES], want[N * KM_SED_BYTES];

typedef struct {
	km_kms_public *kms;
	atomic_int *stop;
	int rounds, wrong;
} job;

static void *encapsulate(void *arg)
{
	job *j = arg;
	uint8_t *sed = malloc(sizeof want);
	km_err status[N];

	do {
		/* Some use the widest tables, some those for small batches. */
		size_t n = j->rounds++ % 2 ? 5 : N;

		if (km_sakke_encap_batch(sed, status, ssv, ids, ID, n, j->kms, NULL) != KM_OK ||
				memcmp(sed, want, n * KM_SED_BYTES) != 0)
			j->wrong++;
	} while (!*j->stop);
	free(sed);
	return NULL;
}

static void *widen(void *arg)
{
	job *j = arg;

	if (km_kms_public_widen(j->kms, 700) != KM_OK || km_kms_public_widen(j->kms, 100000) != KM_OK)
		j->wrong++;
	return NULL;
}

static void others_are_not_disturbed(void **state)
{
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	atomic_int stop = 0;
	pthread_t user[THREADS], wide[2];
	job jobs[THREADS + 2];
	uint64_t seed = 7;
	km_err status[N];

	(void)state;
	draw_bytes(ids, sizeof ids, &seed);
	draw_bytes(ssv, sizeof ssv, &seed);
	assert_int_equal(km_sakke_encap_batch(want, status, ssv, ids, ID, N, kms, NULL), KM_OK);
	for (int i = 0; i < THREADS + 2; i++)
		jobs[i] = (job){kms, &stop, 0, 0};
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&user[i], NULL, encapsulate, &jobs[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&wide[i], NULL, widen, &jobs[THREADS + i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(wide[i], NULL), 0);
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(user[i], NULL), 0);
	for (int i = 0; i < THREADS + 2; i++)
		assert_int_equal(jobs[i].wrong, 0);
	jobs[0].rounds = 0;
	encapsulate(&jobs[0]);
	assert_int_equal(jobs[0].wrong, 0);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_not_disturbed),
	};

	return run_on_each_level("widen", tests, sizeof tests / sizeof *tests);
}
