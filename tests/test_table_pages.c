/* test_table_pages.c -- shared tables can be read by all and written by nobody, and go with their KMS. */
#include "util_sakke.h"
#include "util_sanitized.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/eccsi/p256x8.h"
#include "engine/sakke/sakke.h"
#include "engine/table_pages.h"

enum { WIDE = 700, PAGE = 4096 };

/* How a child ends that reads an octet and writes it back. */
static int write_to(const volatile void *at)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		volatile uint8_t *octet = (volatile uint8_t *)(uintptr_t)at;

		signal(SIGSEGV, SIG_DFL); /* the test's own handler, and a sanitizer's */
		*octet = *octet;
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* The first octet, the last one and one between. */
static void cannot_be_written(const void *memory, size_t len)
{
	const uint8_t *at = memory;

	assert_non_null(memory);
	assert_int_equal(write_to(at), SIGSEGV);
	assert_int_equal(write_to(at + len / 2), SIGSEGV);
	assert_int_equal(write_to(at + len - 1), SIGSEGV);
}

/* Until it is sealed, a table is memory like any other: so the others are seen to fail. */
static void a_table_can_be_written_until_it_is_sealed(void **state)
{
	uint8_t *t = table_pages_new(3 * PAGE);

	(void)state;
	assert_non_null(t);
	assert_int_equal((uintptr_t)t % 64, 0);
	for (size_t i = 0; i < 3 * PAGE; i++)
		assert_int_equal(t[i], 0);
	memset(t, 0x5a, 3 * PAGE);
	assert_int_equal(write_to(t), 0);
	assert_int_equal(write_to(t + 3 * PAGE - 1), 0);
	table_pages_seal(t);
	cannot_be_written(t, 3 * PAGE);
	assert_int_equal(t[PAGE], 0x5a);
	table_pages_free(t);
	table_pages_free(NULL);
}

static void is_sealed(const table *t)
{
	cannot_be_written(t->mem, table_size(t));
}

static void those_of_a_kms_are_sealed(void **state)
{
	km_kms_master *master = master_of(rfc_z_secret);
	km_kms_public *kms = kms_of(master, 0);
	size_t sets = 0;

	(void)state;
	assert_int_equal(km_kms_public_widen(kms, WIDE), KM_OK);
	for (const sakke_set *set = kms->sakke.sets; set; set = set->next, sets++) {
		encap_tables t;

		assert_int_equal(sakke_tables(&t, set, 1), KM_OK);
		is_sealed(t.p);
		is_sealed(t.z);
		is_sealed(t.g);
	}
	assert_true(sets > 1);
	km_kms_public_free(kms);
	km_kms_master_free(master);
}

/* Pages of this process. */
static size_t pages(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	size_t n = 0;

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%zu", &n), 1);
	fclose(statm);
	return n;
}

static void tables_go_with_their_kms(void **state)
{
	km_kms_master *master;
	size_t before = 0;

	(void)state;
	skip_where_freed_memory_is_kept();
	master = master_of(rfc_z_secret);
	for (int i = 0; i < 12; i++) {
		if (i == 3)
			before = pages();
		km_kms_public_free(kms_of(master, WIDE));
	}
	/* What malloc keeps varies by a few hundred pages; the smallest table lost each time would be 600. */
	assert_in_range(pages(), 0, before + 400);
	km_kms_master_free(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_can_be_written_until_it_is_sealed),
		cmocka_unit_test(those_of_a_kms_are_sealed),
		cmocka_unit_test(tables_go_with_their_kms),
	};

	return run_on_each_level("table_pages", tests, sizeof tests / sizeof tests[0]);
}
