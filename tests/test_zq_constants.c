/* test_zq_constants.c -- a wrong constant of zq.c never goes unnoticed: a copy of it, whose constants can be reached. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define zq_init        copy_init
#define zq_mul         copy_mul
#define zq_mul_octets  copy_mul_octets
#define zq_add         copy_add
#define zq_is_zero     copy_is_zero
#define zq_holds       copy_holds
#define zq_from_octets_var copy_from_octets_var
#define zq_from_hash   copy_from_hash
#define zq_inv         copy_inv
#include "engine/field/zq.c"

#include "util.h"

/* With any bit of mu turned over a product is right and said to be, or said not to be. */
static void a_wrong_quotient_is_noticed(void **state)
{
	uint64_t seed = 5, a[N], want[N], got[N];
	uint8_t octets[8 * SHORT];
	unsigned noticed = 0;

	(void)state;
	zq_init();
	for (unsigned bit = 0; bit < 64 * MU; bit++) {
		draw_bytes((uint8_t *)a, sizeof a, &seed);
		a[N - 1] >>= 3; /* below q */
		draw_bytes(octets, sizeof octets, &seed);
		assert_true(zq_mul_octets(want, a, octets, sizeof octets) == ~(uint64_t)0);
		mu[bit / 64] ^= (uint64_t)1 << bit % 64;
		if (zq_mul_octets(got, a, octets, sizeof octets) == ~(uint64_t)0)
			assert_memory_equal(got, want, sizeof want);
		else
			noticed++;
		mu[bit / 64] ^= (uint64_t)1 << bit % 64;
	}
	assert_true(noticed > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_quotient_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
