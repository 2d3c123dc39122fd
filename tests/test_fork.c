/* test_fork.c -- a child of fork may use everything at once, whatever its parent's threads were doing.
 *
 * Each round is a process of its own, so that its shared tables are still to be made: threads widen, narrow,
 * encapsulate and sign, and at some moment it forks.  usage: test_fork [ROUNDS]
 */
#include "util_sakke.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/table/table_layouts.h"
#include "util_sanitized.h"

enum { THREADS = 4, FORKS = 2, N = 60, ID = 12 };

static int all_rounds = 6;
static unsigned limit = 60;     /* seconds of a child; as check.sh says, more under an emulator */
static uint64_t seed = 14;
static uint8_t ids[N * ID], ssv[KM_SSV_BYTES];

typedef struct {
	km_kms_public *kms;
	km_signer *signer;
	atomic_int *ready, *stop;
} world;

static int encapsulates(const km_kms_public *kms, size_t n)
{
	static _Thread_local uint8_t sed[N * KM_SED_BYTES];
	km_err status[N];

	return km_sakke_encap_batch(sed, status, ssv, ids, ID, n, kms, NULL) == KM_OK;
}

static int signs(const km_signer *signer)
{
	uint8_t sig[KM_SIG_BYTES];

	return km_eccsi_sign(sig, ids, sizeof ids, signer, NULL) == KM_OK;
}

static void *widen(void *arg)
{
	const world *w = arg;

	int good = 1;

	atomic_fetch_add(w->ready, 1);
	do {
		good &= km_kms_public_widen(w->kms, 700) == KM_OK;
		good &= km_kms_public_widen(w->kms, 100000) == KM_OK;
		usleep(1000);
		km_kms_public_narrow(w->kms);
	} while (!*w->stop);
	return good ? NULL : arg;
}

static void *send(void *arg)
{
	const world *w = arg;
	int good = 1;

	atomic_fetch_add(w->ready, 1);
	while (!*w->stop)
		good &= encapsulates(w->kms, N) & encapsulates(w->kms, 1) & signs(w->signer);
	return good ? NULL : arg;
}

/* A child that hangs is ended by the alarm. */
static _Noreturn void use_everything(const world *w)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	km_kms_master *master;
	km_kms_public *kms;

	alarm(limit);
	if (!encapsulates(w->kms, 1) || !encapsulates(w->kms, N) || !signs(w->signer))
		_exit(2);
	if (km_kms_public_widen(w->kms, 700) != KM_OK || !encapsulates(w->kms, N))
		_exit(3);
	km_kms_public_narrow(w->kms);
	if (!encapsulates(w->kms, N))
		_exit(3);
	if (km_kms_master_new(&master, NULL) != KM_OK)
		_exit(4);
	km_kms_master_public(z, kpak, master);
	if (km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, 5000) != KM_OK ||
			!encapsulates(kms, N))
		_exit(5);
	km_kms_public_free(kms);
	km_kms_master_free(master);
	_exit(0);
}

static int fork_somewhere(const world *w, useconds_t after)
{
	int status = -1;
	pid_t child;

	usleep(after);
	child = fork();
	if (child == 0)
		use_everything(w);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 0;
	if (status != 0)
		fprintf(stderr, "a child of a fork after %u us: status 0x%x\n", (unsigned)after, status);
	return status == 0;
}

static _Noreturn void round_in_process(uint64_t own_seed)
{
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES];
	km_kms_master *master = master_of(rfc_z_secret);
	atomic_int ready = 0, stop = 0;
	world w = {kms_of(master, KM_TABLES_LATER), NULL, &ready, &stop};
	pthread_t threads[THREADS];
	void *failed;
	int good = 1;

	alarm(2 * limit + limit / 2);
	if (km_kms_ssk(ssk, pvt, ids, ID, master, NULL) != KM_OK ||
			km_signer_new(&w.signer, ids, ID, ssk, sizeof ssk, pvt, sizeof pvt, w.kms) != KM_OK)
		_exit(2);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, i < 2 ? widen : send, &w) != 0)
			_exit(3);
	while (ready < THREADS)
		usleep(100);
	for (int i = 0; i < FORKS; i++)
		good &= fork_somewhere(&w, (useconds_t)(draw(&own_seed) % 80000));
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		good &= pthread_join(threads[i], &failed) == 0 && !failed;
	_exit(!good);
}

static void children_use_everything(void **state)
{
	(void)state;
	skip_where_children_cannot_allocate();
	draw_bytes(ids, sizeof ids, &seed);
	for (int i = 0; i < all_rounds; i++) {
		uint64_t own_seed = draw(&seed);
		int status = -1;
		pid_t child = fork();

		if (child == 0)
			round_in_process(own_seed);
		assert_true(child > 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

/* A source of randomness, which is drawn from in the middle of a batch: it forks, and the child gives back what the
 * batch uses. */
typedef struct {
	const world *w;
	int forks, failed;
} forking;

static int forks(void *ctx, uint8_t *out, size_t len)
{
	forking *f = ctx;
	int status = -1;
	pid_t child;

	if (f->forks++ == 0) {
		child = fork();
		if (child == 0) {
			uint64_t before = km_kms_public_bytes(f->w->kms);

			km_kms_public_narrow(f->w->kms);
			if (km_kms_public_bytes(f->w->kms) != before)
				_exit(6);
			use_everything(f->w);
		}
		f->failed = child < 0 || waitpid(child, &status, 0) != child || status != 0;
	}
	return km_random_bytes(out, len, NULL) != KM_OK;
}

static void a_batch_is_cut_by_a_fork(void **state)
{
	static uint8_t sed[N * KM_SED_BYTES];
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES];
	km_kms_master *master = master_of(rfc_z_secret);
	world w = {kms_of(master, 5000), NULL, NULL, NULL};
	forking f = {&w, 0, 0};
	km_err status[N];

	(void)state;
	assert_int_equal(km_kms_ssk(ssk, pvt, ids, ID, master, NULL), KM_OK);
	assert_int_equal(km_signer_new(&w.signer, ids, ID, ssk, sizeof ssk, pvt, sizeof pvt, w.kms), KM_OK);
	assert_int_equal(km_sakke_encap_batch(sed, status, ssv, ids, ID, N, w.kms, &(km_random){forks, &f}), KM_OK);
	assert_true(f.forks > 0);
	assert_false(f.failed);
	km_signer_free(w.signer);
	km_kms_public_free(w.kms);
	km_kms_master_free(master);
}

/* Forks while another thread is in the middle of making a table: its maker waits there. */
static atomic_int in_maker, go_on;
static _Thread_local int waits;

km_err __real_table_digest_check(const table *t);
km_err __wrap_table_digest_check(const table *t);

km_err __wrap_table_digest_check(const table *t)
{
	in_maker |= waits;
	while (waits && !go_on)
		usleep(100);
	return __real_table_digest_check(t);
}

static void *make(void *arg)
{
	const table *p;

	waits = 1;
	return table_shared(&p, TABLE_POINT, TABLE_LIMBS, 6) == KM_OK ? arg : &waits;
}

static void a_table_being_made_is_made_again(void **state)
{
	const table *p;
	pthread_t thread;
	void *failed;
	int status = -1;
	pid_t child;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, make, NULL), 0);
	while (!in_maker)
		usleep(100);
	child = fork();
	if (child == 0) {
		alarm(limit);
		_exit(table_shared(&p, TABLE_POINT, TABLE_LIMBS, 6) != KM_OK || !p->mem);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	go_on = 1;
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_int_equal(status, 0);
	assert_int_equal(table_shared(&p, TABLE_POINT, TABLE_LIMBS, 6), KM_OK);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_use_everything),
		cmocka_unit_test(a_table_being_made_is_made_again), /* while this process has none */
		cmocka_unit_test(a_batch_is_cut_by_a_fork),
	};

	if (getenv("KM_LIMIT"))
		limit = (unsigned)atoi(getenv("KM_LIMIT"));
	all_rounds = (int)rounds((size_t)all_rounds);
	if (argc > 1)
		all_rounds = atoi(argv[1]);
	if (km_init(NULL) != KM_OK)
		return 1;
	return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
