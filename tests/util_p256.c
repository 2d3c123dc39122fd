/* util_p256.c -- runs tests once for each row of the kernel tables of P-256. */
#include "tests/util_p256.h"

#include <stdio.h>

#include "engine/cpu.h"
#include "twins/twins.h"

enum { MOST = 32 };

/* Whether the processor can run it; else it is said. */
static int runs(const char *table, const char *row, unsigned needs)
{
	if ((needs & cpu_levels()) == needs)
		return 1;
	print_message("[  SKIPPED ] %s[%s]: this processor cannot run it\n", table, row);
	return 0;
}

static int run_all(const char *row, const row_test *tests, size_t n, CMFixtureFunction setup,
		CMFixtureFunction teardown)
{
	struct CMUnitTest list[MOST];
	char names[MOST][80];

	for (size_t i = 0; i < n; i++) {
		snprintf(names[i], sizeof names[i], "%s[%s]", tests[i].name, row);
		list[i] = (struct CMUnitTest){names[i], tests[i].run, setup, teardown, NULL};
	}
	return _cmocka_run_group_tests(row, list, n, NULL, NULL);
}

int run_on_each_row(const row_test *tests, size_t n, CMFixtureFunction setup,
		CMFixtureFunction teardown)
{
	int failed = 0;

	for (size_t k = 0; p256_kernels[k]; k++) {
		const p256_kernel *row = p256_kernels[k];

		if (!runs("p256", row->name, row->needs))
			continue;
		p256_k = row;
		failed += run_all(row->name, tests, n, setup, teardown);
	}
	return failed;
}

int run_on_each_row8(const row_test *tests, size_t n, CMFixtureFunction setup,
		CMFixtureFunction teardown)
{
	int failed = 0;

	p256_pick(cpu_levels());
	for (size_t k = 0; p256x8_row(k); k++) {
		const p256x8_kernel *row = p256x8_row(k);
		char name[32];

		if (!runs("p256x8", row->name, row->needs))
			continue;
		p256x8_k = row;
		snprintf(name, sizeof name, "lanes-%s", row->name);
		failed += run_all(name, tests, n, setup, teardown);
	}
	p256x8_k = NULL;
	return failed;
}
