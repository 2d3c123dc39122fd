/* test_fp.c -- each row of the kernel table of F_p against GMP. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gmp.h>

#include "engine/cpu.h"
#include "engine/field/fp.h"
#include "engine/field/fp_rows.h"
#include "engine/field/params.h"
#include "util.h"

enum { N = FP_LIMBS, ROUNDS = 1000 };

static mpz_t p, radix_inv; /* p and 2^-1024 mod p */

static void from_mpz(uint64_t r[N], const mpz_t x)
{
	memset(r, 0, N * sizeof *r);
	mpz_export(r, NULL, -1, 8, 0, 0, x);
}

static void to_mpz(mpz_t x, const uint64_t a[N])
{
	mpz_import(x, N, -1, 8, 0, 0, a);
}

static void print_limbs(const char *name, const uint64_t a[N])
{
	print_error("%s ", name);
	for (int i = N - 1; i >= 0; i--)
		print_error("%016llx", (unsigned long long)a[i]);
	print_error("\n");
}

/* One case: the operands, and the seed that draws them again. */
typedef struct {
	uint64_t seed;
	fp a, b;
} operands;

/* 0, all ones, any, or with few or many bits set. */
static uint64_t draw_limb(uint64_t *seed)
{
	uint64_t limb = draw(seed);

	switch (draw(seed) % 6) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return limb & draw(seed) & draw(seed);
	case 3:
		return limb | draw(seed) | draw(seed);
	default:
		return limb;
	}
}

/* Sixteen such limbs, below 2^1023, so that none is lost modulo p; at times with halves that are alike, or
 * almost: their differences are what a product by Karatsuba multiplies. */
static void draw_limbs(uint64_t r[N], uint64_t *seed)
{
	for (int i = 0; i < N; i++)
		r[i] = draw_limb(seed);
	if (draw(seed) % 4 == 0) {
		memcpy(r + N / 2, r, N / 2 * sizeof *r);
		r[draw(seed) % N] ^= draw(seed) % 2 << draw(seed) % 64;
	}
	r[N - 1] &= UINT64_MAX >> 1;
}

/* Of 0, 1, p - 1 and the middle more often than by chance; of what has such limbs; of anything. */
static void draw_fp(fp *r, uint64_t *seed)
{
	mpz_t x;

	mpz_init(x);
	switch (draw(seed) % 8) {
	case 0:
		mpz_set_ui(x, draw(seed) % 3);
		break;
	case 1:
		mpz_sub_ui(x, p, 1 + draw(seed) % 3);
		break;
	case 2:
		mpz_fdiv_q_2exp(x, p, 1);
		mpz_add_ui(x, x, draw(seed) % 3);
		break;
	case 3:
		draw_bytes((uint8_t *)r, sizeof *r, seed);
		to_mpz(x, r->v);
		mpz_mod(x, x, p);
		break;
	default:
		draw_limbs(r->v, seed);
		to_mpz(x, r->v);
	}
	from_mpz(r->v, x);
	mpz_clear(x);
}

/* b, next to -a: their sum is next to p, below it, at it and above. */
static void draw_next_to_minus(fp *b, const fp *a, uint64_t *seed)
{
	mpz_t x;

	mpz_init(x);
	to_mpz(x, a->v);
	mpz_ui_sub(x, 1, x);
	mpz_sub_ui(x, x, draw(seed) % 3);
	mpz_mod(x, x, p);
	from_mpz(b->v, x);
	mpz_clear(x);
}

static void draw_operands(operands *o, uint64_t *seed)
{
	o->seed = *seed;
	draw_fp(&o->a, seed);
	draw_fp(&o->b, seed);
	switch (draw(seed) % 8) {
	case 0:
		o->b = o->a;
		break;
	case 1:
		draw_next_to_minus(&o->b, &o->a, seed);
		break;
	default:
		break;
	}
}

/* The row under test, in use; a row that this processor cannot run is skipped. */
static const fp_kernel *use(void **state)
{
	const fp_kernel *k = *state;

	if ((k->needs & cpu_levels()) != k->needs)
		skip_as("row %s: not on this processor", k->name);
	fp_k = k;
	return k;
}

static void expect(const char *what, const fp *got, const mpz_t want, const operands *o)
{
	fp w;

	from_mpz(w.v, want);
	if (memcmp(got, &w, sizeof w) == 0)
		return;
	print_error("row %s, %s, seed 0x%llx\n", fp_k->name, what, (unsigned long long)o->seed);
	print_limbs("a", o->a.v);
	print_limbs("b", o->b.v);
	print_limbs("got ", got->v);
	print_limbs("want", w.v);
	fail();
}

typedef void binary(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);

/* r = f(a, b) is what GMP says, wherever r is. */
static void check_binary(binary *f, const char *what, void (*want)(mpz_t, const mpz_t, const mpz_t))
{
	uint64_t seed = 1;

	for (int i = 0; i < ROUNDS; i++) {
		operands o;
		fp r;
		mpz_t x, y, z;

		draw_operands(&o, &seed);
		mpz_inits(x, y, z, NULL);
		to_mpz(x, o.a.v);
		to_mpz(y, o.b.v);
		want(z, x, y);
		f(r.v, o.a.v, o.b.v);
		expect(what, &r, z, &o);
		r = o.a;
		f(r.v, r.v, o.b.v);
		expect(what, &r, z, &o);
		r = o.b;
		f(r.v, o.a.v, r.v);
		expect(what, &r, z, &o);
		want(z, x, x);
		f(r.v, o.a.v, o.a.v);
		expect(what, &r, z, &o);
		r = o.a;
		f(r.v, r.v, r.v);
		expect(what, &r, z, &o);
		mpz_clears(x, y, z, NULL);
	}
}

static void want_product(mpz_t z, const mpz_t x, const mpz_t y)
{
	mpz_mul(z, x, y);
	mpz_mul(z, z, radix_inv);
	mpz_mod(z, z, p);
}

static void want_sum(mpz_t z, const mpz_t x, const mpz_t y)
{
	mpz_add(z, x, y);
	mpz_mod(z, z, p);
}

static void want_difference(mpz_t z, const mpz_t x, const mpz_t y)
{
	mpz_sub(z, x, y);
	mpz_mod(z, z, p);
}

static void mul_is_the_product(void **state)
{
	check_binary(use(state)->mul, "mul", want_product);
}

static void add_is_the_sum(void **state)
{
	check_binary(use(state)->add, "add", want_sum);
}

static void sub_is_the_difference(void **state)
{
	check_binary(use(state)->sub, "sub", want_difference);
}

static void sqr_is_the_square(void **state)
{
	const fp_kernel *k = use(state);
	uint64_t seed = 2;

	for (int i = 0; i < 2 * ROUNDS; i++) {
		operands o;
		fp r;
		mpz_t x;

		draw_operands(&o, &seed);
		mpz_init(x);
		to_mpz(x, o.a.v);
		want_product(x, x, x);
		k->sqr(r.v, o.a.v);
		expect("sqr", &r, x, &o);
		r = o.a;
		k->sqr(r.v, r.v);
		expect("sqr", &r, x, &o);
		mpz_clear(x);
	}
}

/* Where the operands and results of two products are; the same number, the same place. */
enum { A, B, C, D, R, S, PLACES };

/* The next way in which some of them are one: each number is at most one more than those before it. */
static bool next_places(int at[PLACES])
{
	for (int i = PLACES - 1; i > 0; i--) {
		int most = 0;

		for (int j = 0; j < i; j++)
			most = at[j] > most ? at[j] : most;
		if (at[i] <= most) {
			at[i]++;
			for (int j = i + 1; j < PLACES; j++)
				at[j] = 0;
			return true;
		}
	}
	return false;
}

static void check_mul2(const fp_kernel *k, const int at[PLACES], uint64_t *seed)
{
	operands o, q;
	mpz_t x, y;
	fp m[PLACES];

	for (int i = 0; i < PLACES; i++)
		draw_fp(&m[i], seed);
	o = (operands){*seed, m[at[A]], m[at[B]]};
	q = (operands){*seed, m[at[C]], m[at[D]]};
	k->mul2(m[at[R]].v, m[at[A]].v, m[at[B]].v, m[at[S]].v, m[at[C]].v, m[at[D]].v);
	mpz_inits(x, y, NULL);
	to_mpz(x, o.a.v);
	to_mpz(y, o.b.v);
	want_product(x, x, y);
	expect("mul2, the first", &m[at[R]], x, &o);
	to_mpz(x, q.a.v);
	to_mpz(y, q.b.v);
	want_product(x, x, y);
	expect("mul2, the second", &m[at[S]], x, &q);
	mpz_clears(x, y, NULL);
}

/* Two products at once, in each way in which operands and results may be one: see fp.h. */
static void mul2_is_two_products(void **state)
{
	const fp_kernel *k = use(state);
	int at[PLACES] = {0}, ways = 0;
	uint64_t seed = 7;

	do {
		if (at[R] == at[C] || at[R] == at[D] || at[R] == at[S])
			continue;
		for (int i = 0; i < 8; i++)
			check_mul2(k, at, &seed);
		ways++;
	} while (next_places(at));
	assert_int_equal(ways, 52 + 35); /* r a place of its own, and one of a's or b's */
}

/* A chain in which each result is the next operand reaches what single draws do not. */
static void a_long_chain_agrees(void **state)
{
	const fp_kernel *k = use(state);
	operands o;
	uint64_t seed = 3;
	mpz_t x, y;

	draw_operands(&o, &seed);
	mpz_inits(x, y, NULL);
	to_mpz(x, o.a.v);
	to_mpz(y, o.b.v);
	for (int i = 0; i < 3000; i++) {
		k->mul(o.a.v, o.a.v, o.b.v);
		want_product(x, x, y);
		k->sqr(o.b.v, o.b.v);
		want_product(y, y, y);
		k->sub(o.b.v, o.b.v, o.a.v);
		want_difference(y, y, x);
	}
	expect("chain", &o.a, x, &o);
	expect("chain", &o.b, y, &o);
	mpz_clears(x, y, NULL);
}

/* For 8, 16, ... words and table lengths of both parities, each entry is found, and nothing behind
 * the result is written. */
static void select_finds_each_entry(void **state)
{
	const fp_kernel *k = use(state);
	static _Alignas(64) uint64_t table[64 * 72], r[72];
	const size_t lengths[] = {1, 2, 7, 8, 9, 64};
	uint64_t seed = 4;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		table[i] = draw(&seed);
	for (size_t words = 8; words <= 64; words += 8)
		for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
			for (size_t index = 0; index < lengths[l]; index++) {
				memset(r, 0x5a, sizeof r);
				k->select(r, table, lengths[l], words, index);
				assert_memory_equal(r, table + index * words, 8 * words);
				assert_int_equal(r[words], 0x5a5a5a5a5a5a5a5a);
			}
}

static void select_finds_in_a_long_table(void **state)
{
	enum { LEN = 512, WORDS = 48 };
	const fp_kernel *k = use(state);
	uint64_t *table = aligned_alloc(64, LEN * WORDS * 8), seed = 5;
	_Alignas(64) uint64_t r[WORDS];

	assert_non_null(table);
	for (size_t i = 0; i < LEN * WORDS; i++)
		table[i] = draw(&seed);
	for (size_t index = 0; index < LEN; index++) {
		k->select(r, table, LEN, WORDS, index);
		assert_memory_equal(r, table + index * WORDS, sizeof r);
	}
	free(table);
}

static void signs_and_moves_follow_the_mask(void **state)
{
	uint64_t seed = 6;

	use(state);
	for (int i = 0; i < ROUNDS; i++) {
		operands o;
		fp r;
		mpz_t x, y;

		draw_operands(&o, &seed);
		mpz_inits(x, y, NULL);
		to_mpz(x, o.a.v);
		mpz_neg(y, x);
		mpz_mod(y, y, p);
		fp_neg(&r, &o.a);
		expect("neg", &r, y, &o);
		fp_cneg(&r, &o.a, UINT64_MAX);
		expect("cneg", &r, y, &o);
		fp_cneg(&r, &o.a, 0);
		expect("cneg", &r, x, &o);
		r = o.b;
		fp_cmov(&r, &o.a, 0);
		assert_memory_equal(&r, &o.b, sizeof r);
		fp_cmov(&r, &o.a, UINT64_MAX);
		assert_memory_equal(&r, &o.a, sizeof r);
		r = o.a;
		fp_cneg(&r, &r, UINT64_MAX);
		expect("cneg", &r, y, &o);
		mpz_clears(x, y, NULL);
	}
}

static void comparisons_give_masks(void **state)
{
	uint64_t seed = 7;

	use(state);
	assert_true(fp_is_zero(&fp_zero) == UINT64_MAX);
	assert_true(fp_is_zero(&fp_one) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		operands o;
		fp r;

		draw_operands(&o, &seed);
		assert_true(fp_equal(&o.a, &o.a) == UINT64_MAX);
		assert_true(fp_equal(&o.a, &o.b) == (memcmp(&o.a, &o.b, sizeof o.a) ? 0 : UINT64_MAX));
		r = o.a;
		r.v[draw(&seed) % N] ^= (uint64_t)1 << draw(&seed) % 64;
		assert_true(fp_equal(&r, &o.a) == 0);
		memset(&r, 0, sizeof r);
		r.v[draw(&seed) % N] = (uint64_t)1 << draw(&seed) % 64;
		assert_true(fp_is_zero(&r) == 0);
	}
}

/* Octets of p + d, or of 2^1024 - 1 for d = 2. */
static void near_p(uint8_t out[128], int d)
{
	mpz_t x;

	mpz_init(x);
	if (d == 2) {
		mpz_setbit(x, 1024);
		mpz_sub_ui(x, x, 1);
	} else if (d < 0) {
		mpz_sub_ui(x, p, (unsigned long)-d);
	} else {
		mpz_add_ui(x, p, (unsigned long)d);
	}
	mpz_export(out, NULL, 1, 1, 1, 0, x);
	mpz_clear(x);
}

static void octets_at_p_and_above_are_refused(void **state)
{
	uint8_t in[128], out[128];
	fp r;

	use(state);
	for (int d = 0; d <= 2; d++) {
		near_p(in, d);
		r = fp_one;
		assert_true(fp_from_bytes(&r, in) == 0);
		assert_memory_equal(&r, &fp_zero, sizeof r);
	}
	for (int d = -2; d < 0; d++) {
		near_p(in, d);
		assert_true(fp_from_bytes(&r, in) == UINT64_MAX);
		fp_to_bytes(out, &r);
		assert_memory_equal(out, in, sizeof in);
	}
}

static void octets_and_limbs_come_back(void **state)
{
	uint64_t seed = 8;

	use(state);
	for (int i = 0; i < ROUNDS; i++) {
		operands o;
		uint8_t in[128] = {0}, out[128];
		fp r, s;
		mpz_t x, y;
		size_t len;

		draw_operands(&o, &seed);
		mpz_inits(x, y, NULL);
		to_mpz(x, o.a.v);
		len = (mpz_sizeinbase(x, 2) + 7) / 8;
		mpz_export(in + sizeof in - len, NULL, 1, 1, 1, 0, x);
		mpz_mul_2exp(y, x, 1024);
		mpz_mod(y, y, p);
		assert_true(fp_from_bytes(&r, in) == UINT64_MAX);
		expect("from_bytes", &r, y, &o);
		fp_to_bytes(out, &r);
		assert_memory_equal(out, in, sizeof in);
		fp_from_limbs(&s, o.a.v);
		expect("from_limbs", &s, y, &o);
		fp_to_limbs(s.v, &s);
		expect("to_limbs", &s, x, &o);
		mpz_clears(x, y, NULL);
	}
}

static void inverses_are_inverse(void **state)
{
	uint64_t seed = 9;
	fp r;

	use(state);
	fp_inv_var(&r, &fp_zero);
	assert_memory_equal(&r, &fp_zero, sizeof r);
	for (int i = 0; i < 100; i++) {
		operands o;

		draw_operands(&o, &seed);
		fp_inv_var(&r, &o.a);
		fp_mul(&r, &r, &o.a);
		assert_memory_equal(&r, fp_is_zero(&o.a) ? &fp_zero : &fp_one, sizeof r);
		r = o.a;
		fp_inv_var(&r, &r);
		fp_inv_var(&r, &r);
		assert_memory_equal(&r, &o.a, sizeof r);
	}
}

static void roots_of_squares_are_roots(void **state)
{
	uint64_t seed = 10;

	use(state);
	for (int i = 0; i < 20; i++) {
		operands o;
		fp s, r, n;

		draw_operands(&o, &seed);
		fp_sqr(&s, &o.a);
		fp_sqrt_var(&r, &s);
		fp_neg(&n, &o.a);
		assert_true(fp_equal(&r, &o.a) | fp_equal(&r, &n));
		fp_neg(&n, &s); /* p = 3 mod 4: -s is no square, unless s = 0 */
		fp_sqrt_var(&r, &n);
		fp_sqr(&r, &r);
		assert_true(fp_equal(&r, &n) == fp_is_zero(&s));
	}
}

static void constants_are_what_they_say(void **state)
{
	operands none = {0};
	uint64_t n0[N] = {0};
	mpz_t q, x, m;
	fp r;

	(void)state;
	mpz_inits(q, x, m, NULL);
	to_mpz(q, params_q);
	mpz_mul_2exp(x, q, 2);
	mpz_sub_ui(x, x, 1);
	memcpy(&r, fp_p, sizeof r);
	expect("p = 4q - 1", &r, x, &none);
	assert_int_equal(mpz_sizeinbase(p, 2), 1024);
	mpz_set_ui(x, 0);
	mpz_setbit(x, 1024);
	mpz_mod(x, x, p);
	expect("2^1024", &fp_one, x, &none);
	mpz_setbit(m, 64);
	mpz_invert(x, m, p);
	memcpy(&r, fp_inv64, sizeof r);
	expect("2^-64", &r, x, &none);
	mpz_mul(m, m, m);
	mpz_invert(x, p, m);
	mpz_sub(x, m, x);
	from_mpz(n0, x);
	assert_true(n0[0] == FP_N0);
	assert_memory_equal(n0, fp_n0, sizeof fp_n0);
	mpz_clears(q, x, m, NULL);
}

/* What the portable multiplication's one subtraction rests on: see fp_c.c. */
static void the_bound_of_the_reduction_holds(void **state)
{
	mpz_t sum, t;

	(void)state;
	mpz_inits(sum, t, NULL);
	mpz_mul(t, p, p);
	mpz_fdiv_q_2exp(sum, t, 1024);
	to_mpz(t, fp_inv64);
	mpz_add(sum, sum, t);
	mpz_add_ui(sum, sum, 2);
	assert_true(mpz_cmp(sum, p) < 0);
	mpz_clears(sum, t, NULL);
}

/* What kernels may get wrong is among what the tests draw: else they would not find it. */
static void edges_are_drawn(void **state)
{
	enum { ZERO, ONES, ALIKE, LESS, MORE, SAME, SUM_P, SUM_BELOW, SUM_ABOVE, EDGES };
	unsigned seen[EDGES] = {0};
	uint64_t seed = 1;
	mpz_t x, y;

	(void)state;
	mpz_inits(x, y, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		operands o;
		const uint64_t *a = o.a.v;

		draw_operands(&o, &seed);
		for (int j = 0; j < N; j++) {
			seen[ZERO] += a[j] == 0 && !fp_is_zero(&o.a);
			seen[ONES] += a[j] == UINT64_MAX;
		}
		to_mpz(x, a);
		to_mpz(y, o.b.v);
		mpz_add(y, x, y);
		mpz_sub(y, y, p);
		seen[SUM_P] += mpz_sgn(y) == 0;
		seen[SUM_BELOW] += mpz_cmp_si(y, -1) == 0;
		seen[SUM_ABOVE] += mpz_cmp_si(y, 1) == 0;
		mpz_fdiv_q_2exp(y, x, 512);
		mpz_fdiv_r_2exp(x, x, 512);
		seen[ALIKE] += mpz_sgn(x) > 0 && mpz_cmp(x, y) == 0;
		seen[LESS] += mpz_cmp(x, y) < 0;
		seen[MORE] += mpz_cmp(x, y) > 0;
		seen[SAME] += fp_equal(&o.a, &o.b) != 0;
	}
	mpz_clears(x, y, NULL);
	for (int i = 0; i < EDGES; i++)
		if (seen[i] < 8)
			fail_msg("edge %d is drawn %u times", i, seen[i]);
}

/* The best row that the levels allow is taken, and each row proves itself against the portable. */
static void picking_takes_the_best_that_runs(void **state)
{
	(void)state;
	fp_pick(0);
	assert_string_equal(fp_k->name, "c");
	fp_pick(cpu_levels());
	for (size_t i = 0; fp_kernels[i] != fp_k; i++)
		assert_true((fp_kernels[i]->needs & cpu_levels()) != fp_kernels[i]->needs);
	assert_true(fp_proved());
}

/* A row that is wrong in one product only. */
static void off_by_one(uint64_t r[16], const uint64_t a[16], const uint64_t b[16])
{
	fp_kernels[0]->sub(r, a, b);
	r[0] ^= 1;
}

static void a_wrong_row_is_not_proved(void **state)
{
	fp_kernel wrong;

	(void)state;
	fp_pick(0);
	wrong = *fp_k;
	wrong.sub = off_by_one;
	fp_k = &wrong;
	assert_false(fp_proved());
	fp_pick(0);
}

static const struct CMUnitTest per_kernel[] = {
	cmocka_unit_test(mul_is_the_product),
	cmocka_unit_test(sqr_is_the_square),
	cmocka_unit_test(mul2_is_two_products),
	cmocka_unit_test(add_is_the_sum),
	cmocka_unit_test(sub_is_the_difference),
	cmocka_unit_test(a_long_chain_agrees),
	cmocka_unit_test(select_finds_each_entry),
	cmocka_unit_test(select_finds_in_a_long_table),
	cmocka_unit_test(signs_and_moves_follow_the_mask),
	cmocka_unit_test(comparisons_give_masks),
	cmocka_unit_test(octets_at_p_and_above_are_refused),
	cmocka_unit_test(octets_and_limbs_come_back),
	cmocka_unit_test(inverses_are_inverse),
	cmocka_unit_test(roots_of_squares_are_roots),
};

static const struct CMUnitTest once[] = {
	cmocka_unit_test(constants_are_what_they_say),
	cmocka_unit_test(the_bound_of_the_reduction_holds),
	cmocka_unit_test(edges_are_drawn),
	cmocka_unit_test(picking_takes_the_best_that_runs),
	cmocka_unit_test(a_wrong_row_is_not_proved),
};

/* The tests of a row, by names like mul_is_the_product[adx]. */
static int run_row(const fp_kernel *k)
{
	enum { TESTS = sizeof per_kernel / sizeof *per_kernel };
	struct CMUnitTest tests[TESTS];
	char names[TESTS][80];

	memcpy(tests, per_kernel, sizeof tests);
	for (int i = 0; i < TESTS; i++) {
		snprintf(names[i], sizeof names[i], "%s[%s]", per_kernel[i].name, k->name);
		tests[i].name = names[i];
		tests[i].initial_state = (void *)(uintptr_t)k;
	}
	return cmocka_run_group_tests_name(k->name, tests, NULL, NULL);
}

int main(void)
{
	int failed;

	mpz_inits(p, radix_inv, NULL);
	to_mpz(p, fp_p);
	mpz_setbit(radix_inv, 1024);
	mpz_invert(radix_inv, radix_inv, p);
	failed = cmocka_run_group_tests(once, NULL, NULL);
	for (size_t i = 0; fp_kernels[i]; i++)
		failed += run_row(fp_kernels[i]);
	mpz_clears(p, radix_inv, NULL);
	return failed != 0;
}
