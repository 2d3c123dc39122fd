/* test_scale.c -- 100 000 receivers and 100 000 signers in one process: made, used, held against what engine.h
 * says of their memory, freed, and made again; and where the limit on locked memory ends them.
 *
 * All have one key, whose check is done once: sums that were seen before are given out again while many are made.
 */
#include "util_locked.h"
#include "util_sakke.h"
#include "util_sanitized.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/curve/lines.h"
#include "engine/curve/pairing.h"
#include "engine/eccsi/eccsi.h"
#include "engine/eccsi/p256.h"
#include "engine/secret.h"

enum {
	MANY = 100000, USED = 12,
	IN_8_MB_RECEIVERS = 24000, IN_8_MB_SIGNERS = 96000, /* what engine.h says */
};

/* ---- sums seen before --------------------------------------------------------------------------- */

static enum { REAL, SEE, SEEN } sums;
static fp power;
static ec_point multiple;
static p256_jac product;

km_err __real_lines_prepare(fp *lines, uint64_t *order, const ec_point *k, const km_random *rnd);
km_err __wrap_lines_prepare(fp *lines, uint64_t *order, const ec_point *k, const km_random *rnd);
km_err __real_pairing_prepared(fp *w, const fp *lines, const ec_point *q, const km_random *rnd);
km_err __wrap_pairing_prepared(fp *w, const fp *lines, const ec_point *q, const km_random *rnd);
km_err __real_sakke_times_p(ec_point *r, const uint64_t k[16], const km_random *rnd);
km_err __wrap_sakke_times_p(ec_point *r, const uint64_t k[16], const km_random *rnd);
void __real_p256_times_var(p256_jac *r, const uint64_t k[4], const p256_point *a);
void __wrap_p256_times_var(p256_jac *r, const uint64_t k[4], const p256_point *a);

km_err __wrap_lines_prepare(fp *lines, uint64_t *order, const ec_point *k, const km_random *rnd)
{
	if (sums != SEEN)
		return __real_lines_prepare(lines, order, k, rnd);
	*order = UINT64_MAX; /* and nobody reads the lines */
	return KM_OK;
}

km_err __wrap_pairing_prepared(fp *w, const fp *lines, const ec_point *q, const km_random *rnd)
{
	km_err err = sums == SEEN ? KM_OK : __real_pairing_prepared(w, lines, q, rnd);

	if (sums == SEE)
		power = *w;
	else if (sums == SEEN)
		*w = power;
	return err;
}

km_err __wrap_sakke_times_p(ec_point *r, const uint64_t k[16], const km_random *rnd)
{
	km_err err = sums == SEEN ? KM_OK : __real_sakke_times_p(r, k, rnd);

	if (sums == SEE)
		multiple = *r;
	else if (sums == SEEN)
		*r = multiple;
	return err;
}

void __wrap_p256_times_var(p256_jac *r, const uint64_t k[4], const p256_point *a)
{
	if (sums != SEEN)
		__real_p256_times_var(r, k, a);
	if (sums == SEE)
		product = *r;
	else if (sums == SEEN)
		*r = product;
}

/* ---- objects ------------------------------------------------------------------------------------ */

static km_kms_master *master;
static km_kms_public *kms;
static uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES], rsk[KM_SAKKE_POINT_BYTES];
static void *receivers[MANY], *signers[MANY];

static km_err receiver(void **r)
{
	return km_receiver_new((km_receiver **)r, rfc_id, sizeof rfc_id, rsk, sizeof rsk, kms, NULL);
}

static km_err signer(void **s)
{
	return km_signer_new((km_signer **)s, rfc_id, sizeof rfc_id, ssk, sizeof ssk, pvt, sizeof pvt, kms);
}

static void receiver_free(void *r)
{
	km_receiver_free(r);
}

static void signer_free(void *s)
{
	km_signer_free(s);
}

typedef struct {
	const char *name;
	void **all;
	km_err (*make)(void **);
	void (*end)(void *);
	size_t key, beside; /* octets: what engine.h says, with room for the rounding of the C library */
} kind;

static const kind kinds[] = {
	{"receivers", receivers, receiver, receiver_free, 256, 50 + sizeof rfc_id + 32},
	{"signers", signers, signer, signer_free, 64, 300 + 16},
};

/* How many could be made, of at most MANY, and why no more. */
static size_t made(const kind *k, size_t from, km_err *err)
{
	size_t n = from;

	*err = KM_OK;
	sums = SEEN;
	while (n < MANY && (*err = k->make(&k->all[n])) == KM_OK)
		n++;
	sums = REAL;
	return n;
}

static void end(const kind *k, size_t n)
{
	for (size_t i = 0; i < n; i++)
		k->end(k->all[i]);
}

/* Octets in memory. */
static size_t resident(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	size_t all = 0, n = 0;

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%zu %zu", &all, &n), 2);
	fclose(statm);
	return n * (size_t)sysconf(_SC_PAGESIZE);
}

static void made_and_measured(const kind *k)
{
	size_t before = resident(), locked_before = locked, grown;
	km_err err;

	assert_int_equal(made(k, 0, &err), MANY);
	grown = (resident() - before) / MANY;
	print_message("%s: %zu octets each, %zu of them locked\n", k->name, grown,
			(locked - locked_before) / MANY);
	assert_in_range((locked - locked_before) / MANY, k->key, k->key + k->key / 32 + 1);
#ifndef SANITIZED
	assert_in_range(grown, k->key, k->key + k->key / 32 + 1 + k->beside);
#endif
}

static void some_are_used(uint64_t seed)
{
	uint8_t ssv[KM_SSV_BYTES], sed[KM_SED_BYTES], out[KM_SSV_BYTES], sig[KM_SIG_BYTES];

	rfc_data(ssv, sed);
	for (int i = 0; i < USED; i++) {
		km_receiver *r = receivers[draw(&seed) % MANY];
		km_signer *s = signers[draw(&seed) % MANY];

		assert_int_equal(km_sakke_decap(out, sed, sizeof sed, r, NULL), KM_OK);
		assert_memory_equal(out, ssv, sizeof ssv);
		assert_int_equal(km_eccsi_sign(sig, sed, sizeof sed, s, NULL), KM_OK);
		assert_int_equal(km_eccsi_verify(sig, sizeof sig, sed, sizeof sed, rfc_id, sizeof rfc_id, kms),
				KM_OK);
	}
}

static size_t signers_with_tables(void)
{
	size_t n = 0;

	for (size_t i = 0; i < MANY; i++)
		n += ((km_signer *)signers[i])->table != NULL;
	return n;
}

static void a_hundred_thousand_of_each_at_once(void **state)
{
	size_t before;
	km_err err;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		made_and_measured(&kinds[i]);
	assert_int_equal(signers_with_tables(), 0); /* though there are places */
	km_signers_prepared(0);
	some_are_used(1); /* without tables and lines */
	km_receivers_prepared(USED / 2);
	km_signers_prepared(USED / 2);
	some_are_used(2); /* and some with */
	assert_int_equal(signers_with_tables(), USED / 2);
	/* Their places are taken by others, in as much memory. */
	before = locked;
	for (size_t i = 0; i < 2; i++)
		end(&kinds[i], MANY);
	km_receivers_prepared(0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(made(&kinds[i], 0, &err), MANY);
	assert_int_equal(locked, before);
	some_are_used(3);
	for (size_t i = 0; i < 2; i++)
		end(&kinds[i], MANY);
}

/* ---- the limit --------------------------------------------------------------------------------- */

/* In a process of its own, for an arena that is new: with room for so many keys, which all else leaves them. */
static int up_to_the_limit(const kind *k, size_t most, size_t room)
{
	void *big[4];
	km_err err;
	size_t n;

	limit = most;
	locked = 0;
	for (int i = 0; i < 4; i++)
		if (!(big[i] = secret_map(1 << 20, 0)))
			return 1;
	n = made(k, 0, &err);
	if (err != KM_ELOCKED || n < room || n >= MANY || k->all[n])
		return 2;
	if (made(k, n, &err) != n || err != KM_ELOCKED)
		return 3;
	km_keys_locked(0);
	if (made(k, n, &err) != MANY)
		return 4;
	if (locked > most)
		return 5;
	end(k, MANY);
	return 0;
}

static void limited(const kind *k, size_t most, size_t room)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(up_to_the_limit(k, most, room));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_small_limit_is_an_error_or_the_callers_choice(void **state)
{
	(void)state;
	limited(&kinds[0], 8 << 20, IN_8_MB_RECEIVERS);
	limited(&kinds[1], 4 << 20, IN_8_MB_SIGNERS / 2); /* all would find room in 8 MB */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_small_limit_is_an_error_or_the_callers_choice), /* while no slab is there */
		cmocka_unit_test(a_hundred_thousand_of_each_at_once),
	};
	int failures;
	void *first[2];

	km_receivers_prepared(0);
	if (km_init(NULL) != KM_OK)
		return 1;
	master = master_of(rfc_z_secret);
	kms = kms_of(master, 0);
	sums = SEE;
	if (km_kms_ssk(ssk, pvt, rfc_id, sizeof rfc_id, master, NULL) != KM_OK ||
			km_kms_rsk(rsk, rfc_id, sizeof rfc_id, master, NULL) != KM_OK ||
			receiver(&first[0]) != KM_OK || signer(&first[1]) != KM_OK)
		return 1;
	sums = REAL;
	failures = cmocka_run_group_tests_name("scale", tests, NULL, NULL);
	receiver_free(first[0]);
	signer_free(first[1]);
	km_kms_public_free(kms);
	km_kms_master_free(master);
	return failures;
}
