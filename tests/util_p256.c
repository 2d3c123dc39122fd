/* util_p256.c -- runs tests once for each row of the kernel table of P-256. */
#include "tests/util_p256.h"

#include <stdio.h>

#include "engine/cpu.h"
#include "engine/p256.h"

enum { MOST = 32 };

int run_on_each_row(const row_test *tests, size_t n, CMFixtureFunction setup,
		CMFixtureFunction teardown)
{
	int failed = 0;

	for (size_t k = 0; p256_kernels[k]; k++) {
		const p256_kernel *row = p256_kernels[k];
		struct CMUnitTest list[MOST];
		char names[MOST][80];

		if ((row->needs & cpu_levels()) != row->needs) {
			print_message("[  SKIPPED ] p256[%s]: this processor cannot run it\n",
					row->name);
			continue;
		}
		p256_k = row;
		for (size_t i = 0; i < n; i++) {
			snprintf(names[i], sizeof names[i], "%s[%s]", tests[i].name, row->name);
			list[i] = (struct CMUnitTest){
				names[i], tests[i].run, setup, teardown, NULL,
			};
		}
		failed += _cmocka_run_group_tests(row->name, list, n, NULL, NULL);
	}
	return failed;
}
