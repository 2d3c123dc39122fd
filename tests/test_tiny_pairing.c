/* test_tiny_pairing.c -- the pairing over a small field, of every two points and by the lines of every key:
 * as the textbook has it, with the bounds of each value. */
#include "tiny_pairing.h"
#include "tiny_rules.h"

#include "engine/secret.h"

/* The reference: bilinear, and of order q. */
static void textbook_pairing_is_bilinear(void **state)
{
	(void)state;
	for (int n = 0; n < 4; n++) {
		tiny2 g, power = {1, 0};
		uint32_t order = 0;

		tiny_plan_choose((const uint32_t[]){11, 83, 131, 227}[n]);
		g = tiny_tate(4, 1);
		do {
			power = tiny2_mul(power, g);
			order++;
		} while (!tiny2_equal(power, (tiny2){1, 0}));
		assert_int_equal(order, tiny.q);
		for (uint32_t i = 1; i < tiny.q; i++)
			for (uint32_t j = 1; j < tiny.n; j++)
				assert_true(j == tiny.n / 2 ||
						tiny2_equal(tiny_tate(4 * i, j), tiny2_pow(g, i * j)));
	}
}

#define TINY_TESTS "tiny_pairing_tmpl.h"
#include "tiny_both.h"

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(textbook_pairing_is_bilinear),
		BOTH(every_pairing),
		BOTH(every_order_shows),
		BOTH(every_prepared_pairing),
	};

	return cmocka_run_group_tests_name("tiny pairing", tests, NULL, NULL);
}
