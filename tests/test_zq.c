/* test_zq.c -- integers modulo q against GMP: products, sums, and products by octets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <gmp.h>

#include "engine/engine.h"
#include "engine/field/params.h"
#include "engine/field/zq.h"
#include "util.h"

enum { ROUNDS = 4000, OCTETS = 200 };

static void get(mpz_t z, const uint64_t a[16])
{
	mpz_import(z, 16, -1, 8, 0, 0, a);
}

/* Random, small, or near q. */
static void draw_scalar(uint64_t a[16], uint64_t *seed)
{
	mpz_t x, q;

	mpz_inits(x, q, NULL);
	get(q, params_q);
	for (int i = 0; i < 16; i++)
		a[i] = draw(seed);
	get(x, a);
	switch (draw(seed) % 4) {
	case 0:
		mpz_set_ui(x, draw(seed) % 3);
		break;
	case 1:
		mpz_sub_ui(x, q, 1 + draw(seed) % 3);
		break;
	default:
		mpz_mod(x, x, q);
	}
	memset(a, 0, 128);
	mpz_export(a, NULL, -1, 8, 0, 0, x);
	mpz_clears(x, q, NULL);
}

static void assert_is(const uint64_t a[16], const mpz_t want)
{
	mpz_t x;

	mpz_init(x);
	get(x, a);
	assert_int_equal(mpz_cmp(x, want), 0);
	mpz_clear(x);
}

static void products_and_sums_are_those_of_gmp(void **state)
{
	uint64_t seed = 1, a[16], b[16], r[16];
	mpz_t x, y, q;

	(void)state;
	mpz_inits(x, y, q, NULL);
	get(q, params_q);
	for (int i = 0; i < ROUNDS; i++) {
		draw_scalar(a, &seed);
		draw_scalar(b, &seed);
		get(x, a);
		get(y, b);
		zq_add(r, a, b);
		mpz_add(x, x, y);
		mpz_mod(x, x, q);
		assert_is(r, x);
		get(x, a);
		zq_mul(r, a, b);
		mpz_mul(x, x, y);
		mpz_mod(x, x, q);
		assert_is(r, x);
	}
	mpz_clears(x, y, q, NULL);
}

/* All lengths, so that each part of a long number is tried at its ends. */
static void octets_multiply_as_their_number(void **state)
{
	uint64_t seed = 2, a[16], r[16];
	uint8_t octets[OCTETS];
	mpz_t x, y, q;

	(void)state;
	assert_true(zq_holds() == ~(uint64_t)0);
	mpz_inits(x, y, q, NULL);
	get(q, params_q);
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = i % (OCTETS + 1);

		draw_scalar(a, &seed);
		draw_bytes(octets, len, &seed);
		if (i % 3 == 0)
			memset(octets, i % 2 ? 0xff : 0, len);
		get(x, a);
		mpz_import(y, len, 1, 1, 1, 0, octets);
		mpz_mul(x, x, y);
		mpz_mod(x, x, q);
		assert_true(zq_mul_octets(r, a, octets, len) == ~(uint64_t)0);
		assert_is(r, x);
		assert_true(zq_mul_octets(a, a, octets, len) == ~(uint64_t)0);
		assert_is(a, x);
	}
	mpz_clears(x, y, q, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_and_sums_are_those_of_gmp),
		cmocka_unit_test(octets_multiply_as_their_number),
	};

	if (km_init(NULL) != KM_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
