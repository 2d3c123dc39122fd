/* test_fp4.c -- four elements side by side, by every kernel and its C twin, against GMP: values where carries happen. */
#include "util_fp8.h"

#include <string.h>

#include "engine/cpu.h"
#include "engine/field/fp4.h"
#include "twins/twins.h"

enum { ROUNDS = 400 };

static const fp4_order in_order = FP4_ORDER(0, 1, 2, 3);
static mpz_t p;

/* Four elements below 2^bits. */
static void edge_four(fp4 *r, unsigned bits)
{
	fp8 t;

	edge_lanes(&t, bits, 0);
	fp4_from_fp8(r, &t);
}

/* Whether lane l of r is tight, and x/2^down modulo p. */
static int is_quotient(const fp8 *r, int l, const mpz_t x, unsigned down)
{
	mpz_t y;
	int ok = fp8_is_tight(r);

	mpz_init(y);
	lane_to_mpz(y, r, l);
	mpz_mul_2exp(y, y, down);
	mpz_sub(y, y, x);
	ok &= mpz_divisible_p(y, p) != 0;
	mpz_clear(y);
	return ok;
}

static int is_product(const fp4 *r, const fp4 *a, const fp4_order *of_a, const fp4 *b, const fp4_order *of_b)
{
	fp8 x, y, z;
	mpz_t s, t;
	int ok = 1;

	mpz_inits(s, t, NULL);
	fp4_to_fp8(&x, a, of_a);
	fp4_to_fp8(&y, b, of_b);
	fp4_to_fp8(&z, r, &in_order);
	for (int l = 0; l < 4; l++) {
		lane_to_mpz(s, &x, l);
		lane_to_mpz(t, &y, l);
		mpz_mul(s, s, t);
		ok &= is_quotient(&z, l, s, 1040);
	}
	mpz_clears(s, t, NULL);
	return ok;
}

static void the_check_can_fail(void **state)
{
	fp4 a, b, r, wrong;

	(void)state;
	fp4_k = &fp4_twin;
	edge_four(&a, 1030);
	edge_four(&b, 1030);
	fp4_mul(&r, &a, &in_order, &b, &in_order);
	assert_true(is_product(&r, &a, &in_order, &b, &in_order));
	for (int i = 0; i < FP4_ROWS; i++) {
		wrong = r;
		wrong.v[i][i % 8] ^= 1;
		assert_false(is_product(&wrong, &a, &in_order, &b, &in_order));
	}
}

static void random_order(fp4_order *r)
{
	for (size_t e = 0; e < 4; e++) {
		uint64_t from = edge_draw() % 4;

		r->from[2 * e] = 2 * from;
		r->from[2 * e + 1] = 2 * from + 1;
	}
}

static void products(void **state)
{
	fp4 a, b, r;
	fp4_order of_a, of_b;

	(void)state;
	for (int n = 0; n < ROUNDS; n++) {
		edge_four(&a, n % 2 ? 1030 : 1034);
		edge_four(&b, n % 2 ? 1030 : 1026);
		random_order(&of_a);
		random_order(&of_b);
		fp4_mul(&r, &a, &of_a, &b, &of_b);
		assert_true(is_product(&r, &a, &of_a, &b, &of_b));
		r = a;
		fp4_mul(&r, &r, &of_a, &b, &of_b);
		assert_true(is_product(&r, &a, &of_a, &b, &of_b));
		r = b;
		fp4_mul(&r, &a, &of_a, &r, &of_b);
		assert_true(is_product(&r, &a, &of_a, &b, &of_b));
	}
}

static uint8_t random_places(void)
{
	uint64_t x = edge_draw();

	return (uint8_t)FP4_HAS(x & 1, x >> 1 & 1, x >> 2 & 1, x >> 3 & 1);
}

/* s = s + sign times what a plan takes for element e. */
static void take(mpz_t s, int sign, const fp4 *a, const fp4_order *of, unsigned has, int e)
{
	fp8 x;
	mpz_t t;

	if (!(has >> 2 * e & 1))
		return;
	mpz_init(t);
	fp4_to_fp8(&x, a, of);
	lane_to_mpz(t, &x, e);
	mpz_mul_si(t, t, sign);
	mpz_add(s, s, t);
	mpz_clear(t);
}

static void sums(void **state)
{
	mpz_t s, t;

	(void)state;
	mpz_inits(s, t, NULL);
	for (int n = 0; n < ROUNDS; n++) {
		fp4 a, r;
		fp4_plan plan;
		fp8 z;

		memset(&plan, 0, sizeof plan);
		edge_four(&a, 1024);
		fp4_mul(&a, &a, &in_order, &a, &in_order);
		random_order(&plan.first);
		random_order(&plan.second);
		random_order(&plan.third);
		random_order(&plan.last);
		plan.has_second = random_places();
		plan.has_third = random_places();
		plan.has_last = random_places();
		fp4_mix(&r, &a, &plan);
		fp4_to_fp8(&z, &r, &in_order);
		for (int e = 0; e < 4; e++) {
			mpz_set_ui(s, 0);
			take(s, 1, &a, &plan.first, 255, e);
			take(s, 1, &a, &plan.second, plan.has_second, e);
			take(s, 1, &a, &plan.third, plan.has_third, e);
			take(s, -1, &a, &plan.last, plan.has_last, e);
			if (plan.has_last >> 2 * e & 1)
				mpz_addmul_ui(s, p, 2);
			lane_to_mpz(t, &z, e);
			assert_int_equal(mpz_cmp(s, t), 0);
		}
	}
	mpz_clears(s, t, NULL);
}

/* Of re and im, below 18p and 34p. */
static void squares(void **state)
{
	mpz_t re, im, t, u;

	(void)state;
	mpz_inits(re, im, t, u, NULL);
	for (int n = 0; n < ROUNDS; n++) {
		fp8x2_elt x;
		fp2_lanes v;
		int l = n % FP8_LANES;
		size_t times = (size_t)n % 4;

		edge_lanes(&x.re, 1027, 0);
		edge_lanes(&x.im, 1028, 0);
		lane_to_mpz(re, &x.re, l);
		lane_to_mpz(im, &x.im, l);
		fp2_put(&v, &x, l);
		fp2_squares(&v, times);
		fp2_take(&x, l, &v);
		for (size_t i = 0; i < times; i++) { /* times 2^1040 each */
			mpz_mul(t, re, re);
			mpz_mul(u, im, im);
			mpz_sub(t, t, u);
			mpz_mul(im, im, re);
			mpz_mul_2exp(im, im, 1);
			mpz_set(re, t);
		}
		lane_to_mpz(t, &x.re, l);
		lane_to_mpz(u, &x.im, l);
		assert_true(times == 0 || (mpz_sizeinbase(t, 2) <= 1025 && mpz_sizeinbase(u, 2) <= 1026));
		mpz_mul_2exp(t, t, 1040 * (((mp_bitcnt_t)1 << times) - 1));
		mpz_mul_2exp(u, u, 1040 * (((mp_bitcnt_t)1 << times) - 1));
		mpz_sub(t, t, re);
		mpz_sub(u, u, im);
		assert_true(mpz_divisible_p(t, p) && mpz_divisible_p(u, p));
	}
	mpz_clears(re, im, t, u, NULL);
}

int main(void)
{
	const struct CMUnitTest once[] = {
		cmocka_unit_test(the_check_can_fail),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products),
		cmocka_unit_test(sums),
		cmocka_unit_test(squares),
	};
	const fp4_kernel *row;
	int failed;

	mpz_init(p);
	limbs_to_mpz(p, fp8_p);
	failed = cmocka_run_group_tests_name("fp4", once, NULL, NULL);
	for (size_t i = 0; (row = fp4_row(i)); i++) {
		if (row->needs & ~cpu_levels()) {
			print_message("[  SKIPPED ] fp4[%s]: this processor cannot run it\n", row->name);
			continue;
		}
		fp4_k = row;
		failed += cmocka_run_group_tests_name(row->name, tests, NULL, NULL);
	}
	mpz_clear(p);
	return failed;
}
