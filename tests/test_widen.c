/* test_widen.c -- tables are made, widened and given back while others encapsulate: nothing is disturbed, results
 * stay, and so does the memory that they take. */
#include "util_sakke.h"
#include "util_sanitized.h"

#include "engine/table/table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 70, ID = 12, THREADS = 3, FEW = 700, MANY = 100000, TURNS = 3, KMSS = 41 };

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

	if (km_kms_public_widen(j->kms, FEW) != KM_OK || km_kms_public_widen(j->kms, MANY) != KM_OK)
		j->wrong++;
	return NULL;
}

static void *widen_and_narrow(void *arg)
{
	job *j = arg;

	for (int i = 0; i < TURNS; i++) {
		if (km_kms_public_widen(j->kms, i % 2 ? MANY : FEW) != KM_OK)
			j->wrong++;
		km_kms_public_narrow(j->kms);
	}
	return NULL;
}

/* Others encapsulate while two do this; the tables that there are at first, and whether all are given back at the
 * end. */
static void work_beside(void *(*change)(void *), size_t members, int back)
{
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	atomic_int stop = 0;
	pthread_t user[THREADS], wide[2];
	job jobs[THREADS + 2];
	uint64_t seed = 7, least = km_kms_public_bytes(kms);
	km_err status[N];

	draw_bytes(ids, sizeof ids, &seed);
	draw_bytes(ssv, sizeof ssv, &seed);
	assert_int_equal(km_sakke_encap_batch(want, status, ssv, ids, ID, N, kms, NULL), KM_OK);
	km_kms_public_free(kms);
	kms = kms_of(master, members);
	for (int i = 0; i < THREADS + 2; i++)
		jobs[i] = (job){kms, &stop, 0, 0};
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&user[i], NULL, encapsulate, &jobs[i]), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&wide[i], NULL, change, &jobs[THREADS + i]), 0);
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
	if (back)
		km_kms_public_narrow(kms);
	/* Where many came first, their chain stays too. */
	assert_true((km_kms_public_bytes(kms) <= least + table_size_of(TABLE_POINT, TABLE_LIMBS, 1)) == back);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

static void others_are_not_disturbed(void **state)
{
	(void)state;
	work_beside(widen, 0, 0);
	work_beside(widen_and_narrow, KM_TABLES_LATER, 1);
}

/* Makes the data once more; they are always the same. */
static void encap_is_right(const km_kms_public *kms, size_t n, const km_random *rnd)
{
	static uint8_t sed[N * KM_SED_BYTES];
	km_err status[N];

	assert_int_equal(km_sakke_encap_batch(sed, status, ssv, ids, ID, n, kms, rnd), KM_OK);
	assert_memory_equal(sed, want, n * KM_SED_BYTES);
}

static void bytes_are_those_that_were_announced(void **state)
{
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, KM_TABLES_LATER);
	uint64_t least = km_kms_public_bytes_for(kms, 0), few, many;

	(void)state;
	assert_int_equal(km_kms_public_bytes(kms), 0);
	km_kms_public_narrow(kms);
	assert_int_equal(km_kms_public_bytes(kms), 0);
	encap_is_right(kms, 1, NULL);
	assert_int_equal(km_kms_public_bytes(kms), least);
	assert_int_equal(km_kms_public_bytes_for(kms, 0), least);
	few = km_kms_public_bytes_for(kms, FEW);
	assert_int_equal(km_kms_public_widen(kms, FEW), KM_OK);
	assert_int_equal(km_kms_public_bytes(kms), few);
	many = km_kms_public_bytes_for(kms, MANY);
	assert_int_equal(km_kms_public_widen(kms, MANY), KM_OK);
	assert_int_equal(km_kms_public_bytes(kms), many);
	assert_true(0 < least && least < few && few <= many && many <= KM_KMS_PUBLIC_BYTES_MAX);
	encap_is_right(kms, N, NULL);
	km_kms_public_narrow(kms);
	assert_int_equal(km_kms_public_bytes(kms), least);
	encap_is_right(kms, N, NULL);
	km_kms_public_free(kms);
	kms = kms_of(master, KM_TABLES_LATER);
	assert_int_equal(km_kms_public_widen(kms, 0), KM_OK);
	assert_int_equal(km_kms_public_bytes(kms), least);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

/* Where many members come first, tables for one wait until they would have been used a few times: those for many take
 * rests and small batches too, and checks go by the chain. */
static void tables_for_one_member_wait(void **state)
{
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, FEW);
	const uint64_t before = km_kms_public_bytes(kms);
	int made = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		const size_t sizes[] = {66, 70, 1, 2, 65, 4};

		for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			encap_is_right(kms, sizes[k], NULL);
			if (fp8_k && i == 0 && k < 2)
				assert_int_equal(km_kms_public_bytes(kms), before);
			made += km_kms_public_bytes(kms) > before;
		}
	}
	if (fp8_k)
		assert_in_range(made, 12, 15);
	else
		assert_int_equal(made, 0);      /* they are the first that are made */
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

/* A source of randomness, which is drawn from in the middle of a batch: it gives the tables back that the batch
 * uses. */
typedef struct {
	km_kms_public *kms;
	uint64_t wide;
	int kept, gone;
	size_t back;    /* times that it has them made anew */
} thief;

static int narrows(void *ctx, uint8_t *out, size_t len)
{
	thief *t = ctx;

	km_kms_public_narrow(t->kms);
	*(km_kms_public_bytes(t->kms) >= t->wide ? &t->kept : &t->gone) += 1;
	if (t->back > 0) {
		t->back--;
		if (km_kms_public_widen(t->kms, FEW) != KM_OK)
			return 1;
	}
	return km_random_bytes(out, len, NULL) != KM_OK;
}

static void what_a_batch_uses_stays(void **state)
{
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	uint64_t least = km_kms_public_bytes(kms);

	(void)state;
	for (size_t back = 0; back < 2; back++) {
		thief t = {.kms = kms, .back = back * (is_slow() ? 4 : SIZE_MAX)};

		assert_int_equal(km_kms_public_widen(kms, MANY), KM_OK);
		t.wide = km_kms_public_bytes(kms);
		assert_true(t.wide > least);
		encap_is_right(kms, N, &(km_random){narrows, &t});
		assert_true(t.kept > 0);
		km_kms_public_narrow(kms);
		assert_int_equal(km_kms_public_bytes(kms), least);
		encap_is_right(kms, N, NULL);
	}
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

/* Octets of this process's memory. */
static size_t memory(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	size_t n = 0;

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%zu", &n), 1);
	fclose(statm);
	return n * (size_t)sysconf(_SC_PAGESIZE);
}

static void many_that_are_not_used_are_small(void **state)
{
	km_kms_master *master;
	km_kms_public *kms[KMSS];
	size_t before;

	(void)state;
	skip_where_freed_memory_is_kept();
	master = master_of(rfc_z_secret);
	km_kms_public_free(kms_of(master, KM_TABLES_LATER)); /* what is made once for all */
	before = memory();
	for (int i = 0; i < KMSS; i++) {
		kms[i] = kms_of(master, KM_TABLES_LATER);
		assert_int_equal(km_kms_public_bytes(kms[i]), 0);
	}
	assert_true(memory() < before + 200000);
	for (int i = 0; i < KMSS; i++)
		km_kms_public_free(kms[i]);
	km_kms_master_free(master);
}

/* KPAK's table too is made at the first use. */
static void a_verification_makes_the_table_of_kpak(void **state)
{
	static const uint8_t id[] = "signer";
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES], sig[KM_SIG_BYTES];
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, KM_TABLES_LATER);
	uint64_t least = km_kms_public_bytes_for(kms, 0);
	km_signer *signer;

	(void)state;
	assert_int_equal(km_kms_ssk(ssk, pvt, id, sizeof id, master, NULL), KM_OK);
	assert_int_equal(km_signer_new(&signer, id, sizeof id, ssk, sizeof ssk, pvt, sizeof pvt, kms), KM_OK);
	assert_int_equal(km_eccsi_sign(sig, ids, sizeof ids, signer, NULL), KM_OK);
	assert_int_equal(km_kms_public_bytes(kms), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(km_eccsi_verify(sig, sizeof sig, ids, sizeof ids, id, sizeof id, kms), KM_OK);
		assert_int_equal(km_kms_public_bytes(kms), KM_SIGNER_TABLE_BYTES);
		assert_int_equal(km_kms_public_bytes_for(kms, 0), least + KM_SIGNER_TABLE_BYTES);
	}
	km_signer_free(signer);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_not_disturbed),
		cmocka_unit_test(bytes_are_those_that_were_announced),
		cmocka_unit_test(tables_for_one_member_wait),
		cmocka_unit_test(what_a_batch_uses_stays),
		cmocka_unit_test(many_that_are_not_used_are_small),
		cmocka_unit_test(a_verification_makes_the_table_of_kpak),
	};

	return run_on_each_level("widen", tests, sizeof tests / sizeof *tests);
}
