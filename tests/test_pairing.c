/* test_pairing.c -- pairings by prepared lines and in lanes: as single ones, and by algebra. */
#include "util.h"

#include <string.h>

#include "engine/cpu.h"
#include "engine/field/fp8.h"
#include "engine/init.h"
#include "engine/curve/pairing.h"
#include "engine/field/params.h"
#include "twins/twins.h"

enum { KEYS = 3, POINTS = 5 };

/* Keys of order q with their lines, and points with what pairing() makes of them. */
static struct {
	ec_point key[KEYS], point[POINTS];
	fp lines[KEYS][LINES_COEFS], w[KEYS][POINTS];
} made;

static void random_point(ec_point *r, uint64_t *seed)
{
	uint64_t k[16] = {0};

	for (int i = 0; i < 15; i++)
		k[i] = draw(seed);
	assert_true(ec_mul_var(r, k, &ec_p));
}

static int make(void **state)
{
	uint64_t seed = 12, order;

	(void)state;
	for (int j = 0; j < POINTS; j++)
		random_point(&made.point[j], &seed);
	for (int i = 0; i < KEYS; i++) {
		random_point(&made.key[i], &seed);
		assert_int_equal(lines_prepare(made.lines[i], &order, &made.key[i], NULL), KM_OK);
		assert_true(order == ~(uint64_t)0);
		for (int j = 0; j < POINTS; j++)
			assert_int_equal(pairing(&made.w[i][j], &made.key[i], &made.point[j], NULL), KM_OK);
	}
	return 0;
}

/* <P, P> = g, <[a]P, [b]P> = <P, P>^(ab) = <[ab]P, P>, and symmetric. */
static void the_pairing_is_bilinear(void **state)
{
	uint64_t seed = 11, order, a[16] = {0}, two[16] = {2};
	ec_point pa, p2;
	fp left, right, g;

	(void)state;
	fp_from_limbs(&g, params_g);
	assert_int_equal(pairing(&left, &ec_p, &ec_p, NULL), KM_OK);
	assert_true(fp_equal(&left, &g));
	for (int i = 0; i < 15; i++)
		a[i] = draw(&seed);
	assert_true(ec_mul_var(&pa, a, &ec_p) && ec_mul_var(&p2, two, &ec_p));
	assert_int_equal(pairing(&left, &pa, &p2, NULL), KM_OK);
	assert_int_equal(pairing(&right, &p2, &pa, NULL), KM_OK);
	assert_true(fp_equal(&left, &right));
	assert_true(ec_mul_var(&p2, two, &pa));
	assert_int_equal(lines_prepare(made.lines[0], &order, &p2, NULL), KM_OK);
	assert_int_equal(pairing_prepared(&right, made.lines[0], &ec_p, NULL), KM_OK);
	assert_true(fp_equal(&left, &right));
	assert_false(fp_equal(&left, &g));
	assert_int_equal(lines_prepare(made.lines[0], &order, &made.key[0], NULL), KM_OK);
}

/* The digits of the steps add up to q + 1, no two neighbours of which are not 0. */
static void the_plan_is_q(void **state)
{
	uint64_t sum[17] = {1};
	size_t coefs = 0, ops = 0;

	(void)state;
	for (size_t i = 0; i < LINES_STEPS; i++) {
		lines_step step = lines_plan[i];
		int doublings = step.kind == DOUBLE_ADD ? 1 : 2;

		coefs += lines_coefs(step.kind);
		ops += (size_t)doublings + (step.kind != DOUBLE2);
		for (int n = 0; n < doublings; n++)
			for (int j = 16; j >= 0; j--)
				sum[j] = sum[j] << 1 | (j ? sum[j - 1] >> 63 : 0);
		if (step.kind == DOUBLE2)
			continue;
		for (int j = 0; j < 17; j++) {
			uint64_t before = sum[j];

			sum[j] += step.minus ? ~(uint64_t)0 : 1;
			if (step.minus ? before : sum[j])
				break;
		}
	}
	assert_true(sum[0] == params_q[0] + 1);
	assert_memory_equal(sum + 1, params_q + 1, 15 * sizeof *sum);
	assert_true(sum[16] == 0);
	assert_int_equal(coefs, LINES_COEFS);
	assert_int_equal(ops, LINES_OPS);
}

typedef enum { ONE_KEY, MANY_KEYS, PLAIN, MIXED } manner;

static void many_are_singles(size_t n, manner how)
{
	static pairing_item item[514];

	for (size_t i = 0; i < n; i++) {
		size_t key = how == ONE_KEY ? 1 : i / 2 % KEYS;

		item[i].k = &made.key[key];
		item[i].lines = how == PLAIN || (how == MIXED && i % 5 == 3) ? NULL : made.lines[key];
		item[i].q = made.point[i % POINTS];
		memset(&item[i].w, 0xa5, sizeof item[i].w);
	}
	assert_int_equal(pairing_many(item, n, NULL), KM_OK);
	for (size_t i = 0; i < n; i++) {
		size_t key = how == ONE_KEY ? 1 : i / 2 % KEYS;

		assert_int_equal(item[i].status, KM_OK);
		assert_true(fp_equal(&item[i].w, &made.w[key][i % POINTS]));
	}
}

static void many_pairings_are_single_ones(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 17; n++)
		many_are_singles(n, n % 2 ? ONE_KEY : MIXED);
	many_are_singles(9, PLAIN);
	many_are_singles(41, PLAIN); /* the fewest that share inversions */
	many_are_singles(24, MANY_KEYS);
	many_are_singles(40, MIXED);
	if (!is_slow() || (fp8_k && fp8_k != &fp8_twin))
		many_are_singles(514, MIXED); /* two more than go in step */
}

/* (0, 0), of order 2; one that doubles to it, x^2 = -3; and the sum of a good point and (0, 0), of
 * order 2q, (-3/x, 3y/x^2). */
static void odd_points(ec_point r[3], const ec_point *good)
{
	fp three, inv, t;

	fp_dbl(&three, &fp_one);
	fp_add(&three, &three, &fp_one);
	memset(r, 0, sizeof *r);
	fp_neg(&t, &three);
	fp_sqrt_var(&r[1].x, &t);
	for (int i = 0; i < 2; i++) {
		fp_neg(&r[1].x, &r[1].x);
		fp_dbl(&inv, &t); /* y^2 = x(x^2 - 3) = -6x */
		fp_mul(&inv, &inv, &r[1].x);
		fp_sqrt_var(&r[1].y, &inv);
		fp_sqr(&r[1].y, &r[1].y);
		if (fp_equal(&r[1].y, &inv))
			break;
	}
	assert_true(fp_equal(&r[1].y, &inv));
	fp_sqrt_var(&r[1].y, &inv);
	fp_inv_var(&inv, &good->x);
	fp_mul(&r[2].x, &inv, &three);
	fp_mul(&r[2].y, &r[2].x, &inv);
	fp_mul(&r[2].y, &r[2].y, &good->y);
	fp_neg(&r[2].x, &r[2].x);
}

/* Points that no sender makes: of order 2 and 4 the value is 1, whose representative is 0, of
 * order 2q it is that of the part of order q.  And a key that is none, bad: nothing is there to
 * divide by. */
static void odd_points_among(size_t n, const fp *lines, const ec_point odd[3], const ec_point *bad)
{
	pairing_item item[41];

	for (size_t i = 0; i < n; i++) {
		item[i].k = bad && i == 3 ? bad : &made.key[0];
		item[i].lines = lines;
		item[i].q = i % 4 == 1 && i < 12 ? odd[i / 4] : made.point[i % POINTS];
	}
	assert_int_equal(pairing_many(item, n, NULL), KM_OK);
	for (size_t i = 0; i < n; i++) {
		const fp *want = &made.w[0][i == 9 ? 2 : i % POINTS];
		int none = bad && i == 3;

		if (i == 1 || i == 5 || none)
			want = &fp_zero;
		assert_int_equal(item[i].status, none ? KM_EDEGENERATE : KM_OK);
		assert_true(fp_equal(&item[i].w, want));
	}
}

/* Forty-one share their inversions as long as keys are good: one of order 4 has no tangent in the
 * second step. */
static void odd_points_touch_no_neighbour(void **state)
{
	ec_point odd[3];

	(void)state;
	odd_points(odd, &made.point[2]);
	odd_points_among(14, made.lines[0], odd, NULL);
	odd_points_among(14, NULL, odd, &odd[0]);
	odd_points_among(41, NULL, odd, NULL);
	odd_points_among(41, NULL, odd, &odd[1]);
}

/* The same one by one, which is another way. */
static void odd_points_alone(void **state)
{
	ec_point odd[3];

	(void)state;
	odd_points(odd, &made.point[2]);
	for (size_t i = 0; i < 6; i++) {
		const fp *want = i % 3 == 2 ? &made.w[0][2] : &fp_zero;
		fp w;

		memset(&w, 0xa5, sizeof w);
		if (i < 3)
			assert_int_equal(pairing(&w, &made.key[0], &odd[i], NULL), KM_OK);
		else
			assert_int_equal(pairing_prepared(&w, made.lines[0], &odd[i % 3], NULL), KM_OK);
		assert_true(fp_equal(&w, want));
	}
}

/* Points that the loop of the key itself comes by: a line there goes through the other point's x. */
static void multiples_of_the_key(void **state)
{
	uint64_t k[16] = {0};
	fp minus, own, w[2], known;

	(void)state;
	assert_int_equal(pairing(&own, &made.key[0], &made.key[0], NULL), KM_OK);
	for (uint64_t i = 1; i < 20; i++) {
		ec_point q = made.key[0];

		k[0] = i;
		if (i > 1)
			assert_true(ec_mul_var(&q, k, &made.key[0]));
		for (int side = 0; side < 2; side++) {
			assert_int_equal(pairing(&w[0], &made.key[0], &q, NULL), KM_OK);
			assert_int_equal(pairing_prepared(&w[1], made.lines[0], &q, NULL), KM_OK);
			assert_true(fp_equal(&w[0], &w[1]));
			if (side == 0) {
				known = w[0];
				if (i == 1)
					assert_true(fp_equal(&own, &known));
			}
			fp_neg(&minus, &known);
			assert_true(side == 0 || fp_equal(&w[0], &minus));
			fp_neg(&q.y, &q.y);
		}
	}
}

static void a_key_of_another_order_is_found_out(void **state)
{
	static fp unused[LINES_COEFS];
	ec_point odd[3];
	uint64_t order;

	(void)state;
	odd_points(odd, &made.point[0]);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(lines_prepare(unused, &order, &odd[i], NULL), KM_OK);
		assert_true(order == 0);
	}
}

static int broken_fill(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	memset(out, 0, len);
	return -1;
}

static void without_randomness_there_is_no_pairing(void **state)
{
	const km_random broken = {broken_fill, NULL};
	pairing_item item[41];
	uint64_t order;
	fp w;

	(void)state;
	for (int i = 0; i < 4; i++)
		item[i] = (pairing_item){.k = &made.key[0], .lines = made.lines[0], .q = made.point[0]};
	assert_int_equal(pairing_many(item, 4, &broken), KM_ERANDOM);
	assert_int_equal(pairing_many(item, 1, &broken), KM_ERANDOM);
	for (int i = 0; i < 41; i++)
		item[i] = (pairing_item){.k = &made.key[0], .q = made.point[0]};
	assert_int_equal(pairing_many(item, 41, &broken), KM_ERANDOM);
	assert_int_equal(pairing(&w, &ec_p, &ec_p, &broken), KM_ERANDOM);
	assert_int_equal(lines_prepare(made.lines[0], &order, &made.key[0], &broken), KM_ERANDOM);
	assert_int_equal(lines_prepare(made.lines[0], &order, &made.key[0], NULL), KM_OK);
}

static int failed;

static void run(const char *name)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pairing_is_bilinear),
		cmocka_unit_test(the_plan_is_q),
		cmocka_unit_test(many_pairings_are_single_ones),
		cmocka_unit_test(odd_points_touch_no_neighbour),
		cmocka_unit_test(odd_points_alone),
		cmocka_unit_test(multiples_of_the_key),
		cmocka_unit_test(a_key_of_another_order_is_found_out),
		cmocka_unit_test(without_randomness_there_is_no_pairing),
	};

	print_message("kernel %s\n", name);
	failed += cmocka_run_group_tests_name("pairing", tests, make, NULL);
}

/* Once for each level this machine runs, and once by the C twin of the lanes. */
int main(void)
{
	const char *kernel;
	int runs;

	for (size_t i = 0; (kernel = km_kernel_at(i, &runs)); i++) {
		if (!runs) {
			print_message("[  SKIPPED ] pairing[%s]: this processor cannot run it\n", kernel);
			continue;
		}
		if (init_again(kernel) != KM_OK)
			return 1;
		run(kernel);
	}
	fp8_k = &fp8_twin;
	fp4_k = &fp4_twin;
	run("c, eight lanes");
	return failed;
}
