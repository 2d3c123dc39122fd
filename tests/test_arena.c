/* test_arena.c -- memory for keys: apart, wiped, guarded, locked; and where the limit is reached. */
#include "util_sakke.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/secret.h"
#include "util_locked.h"

enum { MANY = 2000 };

/* In a process of its own, whose arena is new as far as locks go.  *out = what it answers. */
static int in_child(int (*run)(void), size_t with_limit)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		limit = with_limit, locked = 0;
		_exit(run());
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---- slots ----------------------------------------------------------------------------------- */

static int all_are(const uint8_t *p, size_t len, uint8_t value)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != value)
			return 0;
	return 1;
}

static size_t size_of(size_t i)
{
	return (size_t[]){64, 192, 256, 512, 1, 2048}[i % 6];
}

static void slots_are_zeroed_aligned_and_apart(void **state)
{
	static void *p[MANY];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < MANY; i++) {
			assert_int_equal(secret_alloc(&p[i], size_of(i)), KM_OK);
			assert_int_equal((uintptr_t)p[i] % 64, 0);
			assert_true(all_are(p[i], size_of(i), 0));
			memset(p[i], (int)i % 255 + 1, size_of(i));
		}
		for (size_t i = 0; i < MANY; i++)
			assert_true(all_are(p[i], size_of(i), (uint8_t)(i % 255 + 1)));
		/* Some go, and others take their places. */
		for (size_t i = 0; i < MANY; i += 3) {
			secret_free(p[i]);
			assert_true(all_are(p[i], size_of(i), 0));
			assert_int_equal(secret_alloc(&p[i], size_of(i)), KM_OK);
		}
		for (size_t i = 0; i < MANY; i++)
			secret_free(p[i]);
	}
	secret_free(NULL);
	assert_int_equal(secret_alloc(&p[0], 2049), KM_ENOMEM);
	assert_null(p[0]);
}

/* What others may have of it: the bounds, and what they get is as above. */
static void callers_have_it_too(void **state)
{
	static const size_t wrong[] = {0, KM_SECRET_MAX + 1, SIZE_MAX};
	static const size_t right[] = {1, KM_SSV_BYTES, 65, KM_SECRET_MAX};
	void *p;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		p = &p;
		assert_int_equal(km_secret_new(&p, wrong[i]), KM_EARG);
		assert_null(p);
	}
	for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
		assert_int_equal(km_secret_new(&p, right[i]), KM_OK);
		assert_int_equal((uintptr_t)p % 64, 0);
		assert_true(all_are(p, right[i], 0));
		memset(p, 0xa5, right[i]);
		km_secret_free(p);
		assert_true(all_are(p, right[i], 0));
	}
	km_secret_free(NULL);
}

static int forward, octet;

static int walk_off(void)
{
	void *p;

	if (secret_alloc(&p, 64) != KM_OK)
		return 2;
	for (volatile uint8_t *at = p;; at += forward)
		octet += *at;
}

static void both_ends_are_guarded(void **state)
{
	(void)state;
	for (forward = -1; forward <= 1; forward += 2) {
		signal(SIGSEGV, SIG_DFL);
		assert_int_equal(in_child(walk_off, SIZE_MAX), -SIGSEGV);
	}
}

static void *take_and_give(void *arg)
{
	void *p[50];

	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < 50; i++) {
			if (secret_alloc(&p[i], 192) != KM_OK || !all_are(p[i], 192, 0))
				return arg;
			memset(p[i], 0xa5, 192);
		}
		for (size_t i = 0; i < 50; i++) {
			if (!all_are(p[i], 192, 0xa5))
				return arg;
			secret_free(p[i]);
		}
	}
	return NULL;
}

static void threads_have_their_own(void **state)
{
	pthread_t threads[4];
	void *failed;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, threads), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
}

/* ---- the limit --------------------------------------------------------------------------------- */

/* Hundreds of keys. */
static size_t taken_of(size_t size, km_err *err)
{
	size_t n = 0;
	void *p;

	while ((*err = secret_alloc(&p, size)) == KM_OK && n < 200000)
		n++;
	return n;
}

static int keys_of_8_mb(void)
{
	km_err err;
	void *big[8];

	/* Scratch first, more than there is room for. */
	for (int i = 0; i < 8; i++)
		if (!(big[i] = secret_map(2 << 20, 0)))
			return 99;
	return (int)(taken_of(192, &err) / 1000) + (err == KM_ELOCKED ? 0 : 100);
}

static void scratch_leaves_room_for_keys(void **state)
{
	(void)state;
	assert_in_range(in_child(keys_of_8_mb, 8 << 20), 32, 43);
}

/* As many as a server has groups, in the limit that systems have; each goes its own way. */
static int small_secrets_of_8_mb(void)
{
	static void *p[10000];
	size_t before = locked;

	for (size_t i = 0; i < 10000; i++)
		if (km_secret_new(&p[i], KM_SSV_BYTES) != KM_OK)
			return 1;
	if (locked - before > 700000)
		return 2;
	for (size_t i = 0; i < 10000; i++)
		km_secret_free(p[i]);
	while (km_secret_new(&p[0], KM_SECRET_MAX) == KM_OK)
		;
	return km_secret_new(&p[0], KM_SECRET_MAX) != KM_ELOCKED || p[0];
}

static void small_secrets_take_their_own_size(void **state)
{
	(void)state;
	assert_int_equal(in_child(small_secrets_of_8_mb, 8 << 20), 0);
}

static int keys_without_locks(void)
{
	km_err err;
	size_t n;

	km_keys_locked(0);
	n = taken_of(256, &err);
	if (err != KM_OK || n < 200000)
		return 1;
	km_keys_locked(1);
	if (taken_of(256, &err) > 64 || err != KM_ELOCKED)
		return 2;
	return km_keys_lock_again() != KM_ELOCKED;
}

static void a_caller_may_go_without(void **state)
{
	(void)state;
	assert_int_equal(in_child(keys_without_locks, 8 << 20), 0);
}

static km_kms_master *master;
static km_kms_public *kms;

static int objects(void)
{
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES], rsk[KM_SAKKE_POINT_BYTES];
	km_kms_master *m = master;
	km_receiver *r = (void *)m;
	km_signer *s = (void *)m;

	if (km_kms_ssk(ssk, pvt, rfc_id, sizeof rfc_id, master, NULL) != KM_OK ||
			km_kms_rsk(rsk, rfc_id, sizeof rfc_id, master, NULL) != KM_OK)
		return 1;
	if (km_kms_master_new(&m, NULL) != KM_ELOCKED || m)
		return 2;
	if (km_signer_new(&s, rfc_id, sizeof rfc_id, ssk, sizeof ssk, pvt, sizeof pvt, kms) != KM_ELOCKED || s)
		return 3;
	return km_receiver_new(&r, rfc_id, sizeof rfc_id, rsk, sizeof rsk, kms, NULL) != KM_ELOCKED || r;
}

static void objects_have_an_error_for_it(void **state)
{
	(void)state;
	assert_int_equal(in_child(objects, 0), 0);
	assert_string_equal(km_strerror(KM_ELOCKED), "memory for keys cannot be locked: the limit is too small");
}

static int lock_again(void)
{
	if (locked != 0 || km_keys_lock_again() != KM_OK || locked < 1 << 14)
		return 1;
	return 0;
}

static int key_in_old_slab(void)
{
	void *p;

	return secret_alloc(&p, 512) != KM_OK || locked < 1 << 14;
}

static void a_child_locks_again(void **state)
{
	void *p;

	(void)state;
	assert_int_equal(secret_alloc(&p, 512), KM_OK);
	assert_int_equal(in_child(lock_again, SIZE_MAX), 0);
	assert_int_equal(in_child(key_in_old_slab, SIZE_MAX), 0);
	secret_free(p);
}

/* ---- receivers --------------------------------------------------------------------------------- */

static int opens(const km_receiver *r)
{
	uint8_t ssv[KM_SSV_BYTES], sed[KM_SED_BYTES], out[KM_SSV_BYTES];

	rfc_data(ssv, sed);
	return km_sakke_decap(out, sed, sizeof sed, r, NULL) == KM_OK &&
			km_equal(out, ssv, sizeof ssv);
}

/* Large mappings that are there. */
static int mapped;

void *__real_secret_map(size_t len, int in_child_too);
void *__wrap_secret_map(size_t len, int in_child_too);
void __real_secret_unmap(void *p, size_t len);
void __wrap_secret_unmap(void *p, size_t len);

void *__wrap_secret_map(size_t len, int in_child_too)
{
	mapped += len == KM_RECEIVER_LINES_BYTES;
	return __real_secret_map(len, in_child_too);
}

void __wrap_secret_unmap(void *p, size_t len)
{
	mapped -= p && len == KM_RECEIVER_LINES_BYTES;
	__real_secret_unmap(p, len);
}

static void receivers_are_prepared_at_first_use(void **state)
{
	km_receiver *r[3];

	(void)state;
	km_receivers_prepared(0);
	for (int i = 0; i < 3; i++)
		r[i] = receiver_of(master, kms, rfc_id, sizeof rfc_id);
	assert_true(opens(r[0]));
	assert_int_equal(mapped, 0);
	km_receivers_prepared(2);
	assert_int_equal(mapped, 0);
	for (int i = 0; i < 3; i++) {
		assert_true(opens(r[i]) && opens(r[i]));
		assert_int_equal(mapped, i < 2 ? i + 1 : 2);
	}
	km_receiver_free(r[0]);
	assert_int_equal(mapped, 1);
	assert_true(opens(r[2]));
	assert_int_equal(mapped, 2);
	km_receiver_free(r[1]), km_receiver_free(r[2]);
	assert_int_equal(mapped, 0);
	r[0] = receiver_of(master, kms, rfc_id, sizeof rfc_id);
	assert_int_equal(mapped, 1);
	assert_true(opens(r[0]));
	km_receiver_free(r[0]);
	km_receivers_prepared(KM_RECEIVERS_PREPARED);
}

static void *open_twice(void *r)
{
	return opens(r) && opens(r) ? NULL : r;
}

static void threads_prepare_one_together(void **state)
{
	pthread_t threads[4];
	km_receiver *r;
	void *failed;

	(void)state;
	km_receivers_prepared(0);
	r = receiver_of(master, kms, rfc_id, sizeof rfc_id);
	km_receivers_prepared(8);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_twice, r), 0);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	km_receiver_free(r);
	km_receivers_prepared(KM_RECEIVERS_PREPARED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_zeroed_aligned_and_apart),
		cmocka_unit_test(callers_have_it_too),
		cmocka_unit_test(both_ends_are_guarded),
		cmocka_unit_test(threads_have_their_own),
		cmocka_unit_test(scratch_leaves_room_for_keys),
		cmocka_unit_test(small_secrets_take_their_own_size),
		cmocka_unit_test(a_caller_may_go_without),
		cmocka_unit_test(objects_have_an_error_for_it),
		cmocka_unit_test(a_child_locks_again),
		cmocka_unit_test(receivers_are_prepared_at_first_use),
		cmocka_unit_test(threads_prepare_one_together),
	};
	int failures;

	if (km_init(NULL) != KM_OK)
		return 1;
	master = master_of(rfc_z_secret);
	kms = kms_of(master, 0);
	failures = cmocka_run_group_tests_name("arena", tests, NULL, NULL);
	km_kms_public_free(kms);
	km_kms_master_free(master);
	return failures;
}
