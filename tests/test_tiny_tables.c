/* test_tiny_tables.c -- tables and sums over a small field: every entry, every two scalars, every exception,
 * with the bounds of each value. */
#include "tiny_tables.h"
#include "tiny_rules.h"

#include "engine/curve/curve8.h"
#include "engine/field/params.h"
#include "engine/secret.h"

enum { ADDS = 64 };

#define TINY_TESTS "tiny_tables_tmpl.h"
#include "tiny_both.h"

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(every_sum_of_two_scalars),
		BOTH(sums_of_many_in_step),
		BOTH(a_chain_too_long_is_found),
		BOTH(every_power),
		BOTH(every_table),
	};

	return cmocka_run_group_tests_name("tiny tables", tests, NULL, NULL);
}
