/* test_wrong_tables.c -- a table over Z that is wrong, for it has gone bad or came out so: nothing that it makes wrong
 * leaves, and no message opens to a wrong SSV. */
#include "util_sakke.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/sakke/sakke.h"

enum { LEN = 32, MOST = 70, MOST_BITS = 100 };

/* About how many members are announced: each has more tables than the one before. */
static const size_t announced[] = {0, 1000, 5000};
/* For one, for a few, and for all that a table is for: without lanes those are not many more. */
static size_t sizes[] = {1, 9, MOST};
enum { SIZES = sizeof sizes / sizeof *sizes };

static km_kms_master *master;
static km_kms_public *kms;
static km_receiver *receiver;
static uint8_t ssv[KM_SSV_BYTES], ids[MOST * LEN], good[MOST * KM_SED_BYTES];
static uint8_t ssvs[MOST * KM_SSV_BYTES], mail[MOST * KM_SED_BYTES];
static uint64_t seed = 6;

/* Bits that are turned over, one after the other, in each table. */
static size_t bits(void)
{
	return is_slow() ? 2 : 4;
}

/* A window, or group, of a table. */
static size_t part_of(const table *t)
{
	return (size_t)(table_at(t, 1) - table_at(t, 0));
}

/* They may stand where nobody can write. */
static void can_be_written(const table *t)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)t->mem / page * page;

	assert_int_equal(mprotect((void *)from, (uintptr_t)t->mem + table_size(t) - from,
			PROT_READ | PROT_WRITE), 0);
}

/* Whether a batch of n comes to nothing; else it is right. */
static int encap_fails(size_t n)
{
	static const uint8_t zero[sizeof good];
	static uint8_t sed[sizeof good];
	km_err status[MOST], err;

	memset(sed, 0xa5, sizeof sed);
	err = km_sakke_encap_batch(sed, status, ssv, ids, LEN, n, kms, NULL);
	if (err != KM_OK)
		assert_int_equal(err, KM_EFAULT);
	assert_memory_equal(sed, err == KM_OK ? good : zero, n * KM_SED_BYTES);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(status[i], err);
	return err != KM_OK;
}

/* Whether some of n messages do not open; the others open to what they hold. */
static int decap_fails(size_t n)
{
	static const uint8_t zero[KM_SSV_BYTES];
	const km_receiver *keys[MOST] = {NULL};
	uint8_t out[MOST * KM_SSV_BYTES];
	km_err status[MOST], err;
	int fails = 0;

	for (size_t i = 0; i < n; i++)
		keys[i] = receiver;
	memset(out, 0xa5, sizeof out);
	err = km_sakke_decap_batch(out, status, mail, n, keys, NULL);
	assert_true(err == KM_OK || err == KM_EPARTIAL);
	for (size_t i = 0; i < n; i++) {
		assert_memory_equal(out + i * KM_SSV_BYTES,
				status[i] == KM_OK ? ssvs + i * KM_SSV_BYTES : zero, KM_SSV_BYTES);
		fails += status[i] != KM_OK;
	}
	return fails > 0;
}

/* How often a batch of some size fails, of messages to be made and of messages to be opened. */
static void try_all(int fails[2])
{
	for (size_t i = 0; i < SIZES; i++) {
		fails[0] += encap_fails(sizes[i]);
		fails[1] += decap_fails(sizes[i]);
	}
}

/* Single bits, which few meet, and more of them until some are met; and one part that is a copy of another: all of its
 * entries are points, and wrong. */
static void plant_in(const table *t, int by_bits[2])
{
	static uint8_t was[1 << 18];
	uint8_t *first = t->mem, *one = first + table_size(t) / part_of(t) / 2 * part_of(t);
	int fails[2] = {0, 0};

	assert_true(part_of(t) <= sizeof was);
	can_be_written(t);
	for (size_t i = 0; i < bits() || (i < MOST_BITS && (!by_bits[0] || !by_bits[1])); i++) {
		uint8_t *at = first + draw(&seed) % table_size(t), bit = (uint8_t)(1 << draw(&seed) % 8);

		*at ^= bit;
		try_all(by_bits);
		*at ^= bit;
	}
	memcpy(was, one, part_of(t));
	memcpy(one, first, part_of(t));
	try_all(fails);
	memcpy(one, was, part_of(t));
	assert_true(fails[0] > 0 && fails[1] > 0);
}

/* In each of the tables that so many members are worth. */
static void plant_in_those_for(size_t members, int by_bits[2])
{
	assert_int_equal(km_kms_public_widen(kms, members), KM_OK);
	for (const sakke_set *set = kms->sakke.sets; set; set = set->next)
		plant_in(&set->z, by_bits);
	for (size_t i = 0; i < SIZES; i++)
		assert_false(encap_fails(sizes[i]) || decap_fails(sizes[i]));
}

static void what_a_wrong_table_makes_does_not_leave(void **state)
{
	int by_bits[2] = {0, 0};

	(void)state;
	for (size_t m = 0; m < sizeof announced / sizeof *announced; m++)
		plant_in_those_for(announced[m], by_bits);
	assert_true(by_bits[0] > 0 && by_bits[1] > 0);
}

/* Another KMS for the same, whose first members are many. */
static void begin_anew(km_kms_public **before)
{
	*before = kms;
	kms = kms_of(master, announced[1]);
}

/* Beside wide tables over P and g. */
static void nor_beside_wider_ones_over_p_and_g(void **state)
{
	km_receiver *receiver_before = receiver;
	km_kms_public *before;
	int by_bits[2] = {0, 0};

	(void)state;
	assert_int_equal(km_shared_widen(20000), KM_OK);
	begin_anew(&before);
	receiver = receiver_of(master, kms, ids, LEN);
	for (int i = 0; i < 3; i++)
		plant_in_those_for(announced[1], by_bits);
	assert_true(by_bits[0] > 0 && by_bits[1] > 0);
	km_receiver_free(receiver);
	km_kms_public_free(kms);
	receiver = receiver_before;
	kms = before;
}

/* The chain that the first blocks are checked by: each of its links is met.  Later ones are checked by what it makes. */
static void nor_what_a_wrong_chain_checks(void **state)
{
	km_kms_public *before;

	(void)state;
	for (size_t i = 0; i < bits(); i++) {
		uint8_t *link, bit = (uint8_t)(1 << draw(&seed) % 8);

		begin_anew(&before);
		if (kms->sakke.chain.mem) { /* no row without lanes keeps it */
			can_be_written(&kms->sakke.chain);
			link = (uint8_t *)kms->sakke.chain.mem + draw(&seed) % (1024 * sizeof(ec_point));
			*link ^= bit;
			assert_true(encap_fails(MOST));
			*link ^= bit;
		}
		assert_false(encap_fails(MOST));
		km_kms_public_free(kms);
		kms = before;
	}
}

static int start(void **state)
{
	km_err status[MOST];

	(void)state;
	sizes[2] = fp8_k ? MOST : 20;
	master = master_of(rfc_z_secret);
	kms = kms_of(master, KM_TABLES_LATER);
	draw_bytes(ids, sizeof ids, &seed);
	draw_bytes(ssv, sizeof ssv, &seed);
	draw_bytes(ssvs, sizeof ssvs, &seed);
	receiver = receiver_of(master, kms, ids, LEN);
	assert_int_equal(km_sakke_encap_batch(good, status, ssv, ids, LEN, MOST, kms, NULL), KM_OK);
	for (size_t i = 0; i < MOST; i++)
		assert_int_equal(km_sakke_encap(mail + i * KM_SED_BYTES, ssvs + i * KM_SSV_BYTES, ids, LEN,
				kms, NULL), KM_OK);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	km_receiver_free(receiver);
	km_kms_public_free(kms);
	km_kms_master_free(master);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_wrong_table_makes_does_not_leave, start, stop),
		cmocka_unit_test_setup_teardown(nor_beside_wider_ones_over_p_and_g, start, stop),
		cmocka_unit_test_setup_teardown(nor_what_a_wrong_chain_checks, start, stop),
	};

	return run_on_each_level("wrong_tables", tests, sizeof tests / sizeof tests[0]);
}
