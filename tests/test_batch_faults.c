/* test_batch_faults.c -- a batch over files and over calls where each allocation fails in turn: what is said to be done
 * is done, and what failed can be done again. */
#include <stdlib.h>
#include <string.h>

#include "provision/gmk.h"
#include "util_dir.h"
#include "util_gms.h"
#include "util_store.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

static size_t until_fault;      /* allocations that succeed, and one; 0: all do */

static bool fails(void)
{
	return until_fault > 0 && --until_fault == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

#define GMS "sip:gms@gms-psi.example.org"
#define KMS "kms.example.org"

enum { KEYS = 2, USERS = 3, FAULTS_MAX = 2000 };

static const char *const users[USERS] = { "sip:ann@a.example.org", "sip:bob@b.example.org", "sip:cat@c.example.org" };
static km_keyring *ring;
static km_complaint *why;
static memory_store memory;

static int start(void **ctx)
{
	lab_kms kms;

	(void)ctx;
	assert_int_equal(km_init(NULL), KM_OK);
	dir_until_exit();
	assert_int_equal(km_complaint_new(&why), KM_OK);
	lab_begin(&kms, KMS, NULL);
	assert_int_equal(km_keyring_new(&ring), KM_OK);
	lab_add(ring, &kms);
	lab_add_user(ring, &kms, GMS, KM_USE_SIGN);
	lab_end(&kms);
	return 0;
}

static int stop(void **ctx)
{
	(void)ctx;
	km_keyring_free(ring);
	km_complaint_free(why);
	return 0;
}

/* Every user with the first n keys. */
static km_err make(km_batch **b, km_key *const *keys, size_t n)
{
	km_err err = km_batch_new(b, ring);

	for (size_t i = 0; i < n * USERS && err == KM_OK; i++)
		err = km_batch_add(*b, keys[i % n], users[i / n], strlen(users[0]), KM_KMS_BY_DOMAIN, KM_GIVE, i, why);
	if (err == KM_OK)
		err = km_batch_set(*b, KM_BATCH_TO_SELF, KM_TO_SELF_YES, why);
	return err == KM_OK ? km_batch_run(*b, LAB_NOW, why) : err;
}

static void all_are_made(const km_batch *b, size_t n, km_time *last)
{
	km_made m = { .struct_size = sizeof m };

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(km_batch_made(&m, b, i), 1);
		assert_int_equal(m.reason, KM_R_OK);
		assert_true(m.len > 2 * KM_SED_BYTES);
		assert_true(m.t.seconds > last->seconds || m.t.fraction > last->fraction);
		*last = m.t;
	}
	assert_int_equal(km_batch_made(&m, b, n), 0);
}

static void holders(size_t counts[3], const km_key *key)
{
	km_holder one = { .struct_size = sizeof one };
	km_given *given;

	memset(counts, 0, 3 * sizeof *counts);
	assert_int_equal(km_gms_given(&given, key, why), KM_OK);
	for (size_t i = 0; km_given_at(&one, given, i) == 1; i++)
		counts[one.has]++;
	km_given_free(given);
}

/* true: nothing failed. */
static bool try_one(km_gms *gms, size_t fault, size_t n, km_time *last)
{
	km_key *keys[KEYS];
	km_batch *b;
	km_given *given;
	size_t counts[3];
	km_err err, end = KM_OK;
	bool is_over;

	for (size_t k = 0; k < n; k++)
		keys[k] = lab_key(gms, "sip:fire-1@gms-psi.example.org", 0);
	until_fault = fault;
	err = make(&b, keys, n);
	if (err == KM_OK)
		end = km_batch_delivered(b, why);
	is_over = until_fault > 0;
	until_fault = 0;
	if (err == KM_OK)
		all_are_made(b, n * USERS, last);
	holders(counts, keys[0]);
	assert_int_equal(counts[KM_HAS_IT], err == KM_OK && end == KM_OK ? USERS : 0);
	if (err == KM_OK && end != KM_OK) {
		assert_int_equal(counts[KM_MAY_HAVE_IT], USERS);
		assert_int_equal(km_batch_delivered(b, why), KM_OK);
	}
	km_batch_free(b);
	if (err != KM_OK) {
		assert_int_equal(make(&b, keys, n), KM_OK);
		all_are_made(b, n * USERS, last);
		assert_int_equal(km_batch_delivered(b, why), KM_OK);
		km_batch_free(b);
	}
	for (size_t k = 0; k < n; k++) {
		holders(counts, keys[k]);
		assert_int_equal(counts[KM_HAS_IT], USERS);
		assert_int_equal(counts[KM_MAY_HAVE_IT], 0);
		until_fault = fault;
		if (km_gms_given(&given, keys[k], why) == KM_OK)
			assert_int_equal(km_given_count(given), USERS);
		km_given_free(given);
		until_fault = 0;
		km_key_free(keys[k]);
	}
	return is_over;
}

static void each_in_turn(km_store *store, const char *state, size_t n)
{
	km_time last = { 0, 0 };
	km_gms *gms = NULL;
	size_t fault = 1;

	for (bool is_over = false; !is_over && fault < FAULTS_MAX; fault++) {
		km_store *own = store;

		if (own == NULL)
			assert_int_equal(km_store_files(&own, in_dir(state), KM_MAY_BEGIN, why), KM_OK);
		if (gms == NULL || store == NULL)
			assert_int_equal(km_gms_new(&gms, ring, own, GMS, KMS, why), KM_OK);
		is_over = try_one(gms, fault, n, &last);
		if (store == NULL) {
			km_store_free(own);
			km_gms_free(gms);
		}
	}
	assert_in_range(fault, 20, FAULTS_MAX - 1);
	if (store != NULL)
		km_gms_free(gms);
}

static void by_files_one_key(void **ctx)
{
	(void)ctx;
	each_in_turn(NULL, "one.state", 1);
}

static void by_files_many_keys(void **ctx)
{
	(void)ctx;
	each_in_turn(NULL, "many.state", KEYS);
}

static void by_calls(void **ctx)
{
	km_store *store = store_in_memory(&memory);

	(void)ctx;
	each_in_turn(store, NULL, KEYS);
	km_store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_files_one_key),
		cmocka_unit_test(by_files_many_keys),
		cmocka_unit_test(by_calls),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
