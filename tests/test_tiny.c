/* test_tiny.c -- the formulas of the curve over a small field, for every pair of points: by the rules of
 * one element, and by those of eight lanes with the bounds of each value. */
#include "tiny.h"
#include "tiny_rules.h"

/* The reference: a group, of which point i is the multiple i of one. */
static void textbook_points_are_a_group(void **state)
{
	(void)state;
	for (int k = 0; k < 2; k++) {
		tiny_choose(k ? 83 : 11);
		for (uint32_t i = 1; i < tiny.n; i++) {
			assert_true(tiny_on_curve(tiny.point[i]));
			for (uint32_t j = 1; j < tiny.n; j++) {
				tiny_point sum;

				if (i + j == tiny.n) {
					assert_int_equal(tiny.point[i].x, tiny.point[j].x);
					assert_int_equal(tiny_add(tiny.point[i].y, tiny.point[j].y), 0);
					continue;
				}
				sum = tiny_sum(tiny.point[i], tiny.point[j]);
				assert_memory_equal(&sum, &tiny.point[tiny_index(i, j)], sizeof sum);
			}
		}
	}
}

#define TINY_TESTS "tiny_curve_tmpl.h"
#include "tiny_both.h"

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(textbook_points_are_a_group),
		BOTH(every_product),
		BOTH(every_square),
		BOTH(every_affine_sum),
		BOTH(every_exception_is_seen),
		BOTH(every_doubling),
		BOTH(every_jacobian_sum),
		BOTH(every_edwards_sum),
		BOTH(every_map),
		BOTH(every_step_of_a_check),
	};

	return cmocka_run_group_tests_name("tiny", tests, NULL, NULL);
}
