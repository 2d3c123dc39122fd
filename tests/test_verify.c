/* test_verify.c -- the assertions of -DKM_VERIFY builds: they see what is out of bounds, and only that. */
#include "util.h"

#include <string.h>

#include "engine/field/fp8.h"
#include "engine/eccsi/p256.h"
#include "engine/verify.h"

static void below_is_exact(void **state)
{
	uint64_t a[16];

	(void)state;
	memcpy(a, fp_p, sizeof a);
	assert_false(verify_below(a, fp_p, 16));
	a[0]--;
	assert_true(verify_below(a, fp_p, 16));
	a[0] += 2;
	assert_false(verify_below(a, fp_p, 16));
	a[15]--;
	assert_true(verify_below(a, fp_p, 16));
	assert_false(verify_below(p256_p, p256_p, 4));
	assert_true(verify_below(p256_n, p256_p, 4));
}

/* All limbs 0 but the top one of a lane. */
static const fp8 *top_of(int lane, int64_t top)
{
	static fp8 a[2];
	static int next;

	next ^= 1;
	memset(&a[next], 0, sizeof a[next]);
	a[next].v[19][lane] = (uint64_t)top;
	return &a[next];
}

static void a_limb_too_large_is_seen(void **state)
{
	fp8 a;

	(void)state;
	for (int i = 0; i < 19; i++)
		for (int l = 0; l < 8; l++) {
			memset(&a, 0, sizeof a);
			a.v[i][l] = ((uint64_t)1 << 52) - 1;
			assert_true(verify_loose(((const fp8 *)&a)->v));
			a.v[i][l]++;
			assert_false(verify_loose(((const fp8 *)&a)->v));
		}
}

static void bounds_hold_in_every_lane(void **state)
{
	const int64_t loose = (int64_t)1 << 44;

	(void)state;
	for (int l = 0; l < 8; l++) {
		assert_true(verify_loose(top_of(l, loose - 1)->v));
		assert_false(verify_loose(top_of(l, loose)->v));
		assert_true(verify_loose(top_of(l, -loose)->v));
		assert_false(verify_loose(top_of(l, -loose - 1)->v));
		assert_true(verify_bits(top_of(l, (1 << 10) - 1)->v, 998));
		assert_false(verify_bits(top_of(l, 1 << 10)->v, 998));
		assert_false(verify_bits(top_of(l, -1)->v, 998));
	}
}

/* 2^1030 * 2^1030 is allowed, and not a bit more; a negative factor never is. */
static void factors_are_bounded_together(void **state)
{
	const int64_t even = (int64_t)1 << 42;

	(void)state;
	for (int l = 0; l < 8; l++) {
		assert_true(verify_factors(top_of(l, even - 1)->v, top_of(l, even - 1)->v, 2060));
		assert_false(verify_factors(top_of(l, even)->v, top_of(l, even - 1)->v, 2060));
		assert_true(verify_factors(top_of(l, even * 2 - 1)->v, top_of(l, even / 2 - 1)->v, 2060));
		assert_true(verify_factors(top_of(l, even)->v, top_of(l, even)->v, 2072));
		assert_false(verify_factors(top_of(l, -1)->v, top_of(l, 0)->v, 2072));
		assert_false(verify_factors(top_of(l, 0)->v, top_of(l, -1)->v, 2072));
		assert_true(verify_factors(top_of(l, even)->v, top_of((l + 1) % 8, even)->v, 2060));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(below_is_exact),
		cmocka_unit_test(a_limb_too_large_is_seen),
		cmocka_unit_test(bounds_hold_in_every_lane),
		cmocka_unit_test(factors_are_bounded_together),
	};

	return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
