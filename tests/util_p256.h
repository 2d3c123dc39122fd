/* util_p256.h -- runs tests once for each row of the kernel table of P-256. */
#ifndef KM_TESTS_UTIL_P256_H
#define KM_TESTS_UTIL_P256_H

#include "tests/util.h"

typedef struct {
	const char *name;
	CMUnitTestFunction run;
} row_test;

/* Each of the n tests (at most 32) as name[kernel], with setup before it and teardown after it,
 * which may be NULL.  A row that this processor cannot run is skipped, visibly.  The failures. */
int run_on_each_row(const row_test *tests, size_t n, CMFixtureFunction setup,
		CMFixtureFunction teardown);
/* The same for each row of the eight-lane table, beside the best of p256's: name[lanes-row]. */
int run_on_each_row8(const row_test *tests, size_t n, CMFixtureFunction setup,
		CMFixtureFunction teardown);

#endif
