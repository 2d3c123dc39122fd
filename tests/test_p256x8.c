/* test_p256x8.c -- P-256 in eight lanes: every row against GMP at its bounds, sums against p256. */
#include "tests/util_p256.h"

#include <gmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cpu.h"
#include "twins/twins.h"

#define MASK (((uint64_t)1 << 52) - 1)
#define TOP (P256X8_LIMBS - 1)

static mpz_t p, r_inv;
static uint64_t seed = 260;

/* ---- numbers ----------------------------------------------------------------------------- */

static void lane_to_mpz(mpz_t z, const fe8 *a, int l)
{
	uint64_t v[P256X8_LIMBS];

	for (int i = 0; i < P256X8_LIMBS; i++)
		v[i] = a->v[i][l];
	mpz_import(z, P256X8_LIMBS, -1, 8, 0, 12, v);
}

/* At most max times p in each lane: limbs of which a quarter are 0 and a quarter all ones, now and
 * then next to 0 or to a multiple of p. */
static void draw_lanes(fe8 *r, unsigned max)
{
	mpz_t z, bound;

	mpz_inits(z, bound, NULL);
	mpz_mul_ui(bound, p, max);
	for (int l = 0; l < P256X8_LANES; l++) {
		uint64_t v[P256X8_LIMBS] = {0}, kind = draw(&seed) % 8;

		for (int i = 0; i < P256X8_LIMBS; i++) {
			uint64_t how = draw(&seed) & 3;

			v[i] = how == 0 ? 0 : how == 1 ? MASK : draw(&seed) & MASK;
		}
		mpz_import(z, P256X8_LIMBS, -1, 8, 0, 12, v);
		if (kind == 0)
			mpz_set_ui(z, draw(&seed) & 1);
		if (kind == 1)
			mpz_sub_ui(z, bound, draw(&seed) & 1);
		if (kind == 2) {
			mpz_add_ui(z, p, 1);
			mpz_sub_ui(z, z, draw(&seed) % 3);
		}
		mpz_tdiv_r_2exp(z, z, 259);
		if (mpz_cmp(z, bound) > 0)
			mpz_mod(z, z, bound);
		memset(v, 0, sizeof v);
		mpz_export(v, NULL, -1, 8, 0, 12, z);
		for (int i = 0; i < P256X8_LIMBS; i++)
			r->v[i][l] = v[i];
	}
	mpz_clears(z, bound, NULL);
}

/* Whether r is tight and r = a*(b - c)/2^260 - d - e mod p; with b NULL, r = a - d - e.  All but r and
 * a may be NULL. */
static int is_right(const fe8 *r, const fe8 *a, const fe8 *b, const fe8 *c, const fe8 *d, const fe8 *e)
{
	mpz_t want, x, bound;
	int ok = 1;

	mpz_inits(want, x, bound, NULL);
	mpz_mul_ui(bound, p, 2);
	for (int l = 0; l < P256X8_LANES; l++) {
		lane_to_mpz(want, a, l);
		if (b) {
			lane_to_mpz(x, b, l);
			mpz_mul(x, x, want);
			mpz_swap(x, want);
		}
		if (c) {
			mpz_t ac;

			mpz_init(ac);
			lane_to_mpz(ac, c, l);
			mpz_submul(want, x, ac);
			mpz_clear(ac);
		}
		if (b)
			mpz_mul(want, want, r_inv);
		if (d) {
			lane_to_mpz(x, d, l);
			mpz_sub(want, want, x);
		}
		if (e) {
			lane_to_mpz(x, e, l);
			mpz_sub(want, want, x);
		}
		lane_to_mpz(x, r, l);
		ok &= mpz_congruent_p(x, want, p) && mpz_cmp(x, bound) <= 0;
		for (int i = 0; i < P256X8_LIMBS; i++)
			ok &= r->v[i][l] <= MASK;
	}
	mpz_clears(want, x, bound, NULL);
	return ok;
}

static void the_check_can_fail(void **state)
{
	fe8 a, b, r, wrong;

	(void)state;
	p256x8_k = &p256x8_twin;
	draw_lanes(&a, 2);
	draw_lanes(&b, 2);
	fe8_mul(&r, &a, &b);
	assert_true(is_right(&r, &a, &b, NULL, NULL, NULL));
	for (int i = 0; i < P256X8_LIMBS; i++) {
		wrong = r;
		wrong.v[i][i] ^= 1;
		assert_false(is_right(&wrong, &a, &b, NULL, NULL, NULL));
	}
	wrong = r;
	wrong.v[1][7] += MASK + 1;
	wrong.v[2][7]--;
	assert_false(is_right(&wrong, &a, &b, NULL, NULL, NULL));
	assert_false(is_right(&r, &a, &b, NULL, &a, NULL));
}

static void products_are_products(void **state)
{
	fe8 a, b, c, d, r;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		draw_lanes(&a, i % 2 ? 2 : 4);
		draw_lanes(&b, 2);
		draw_lanes(&c, 2);
		draw_lanes(&d, 2);
		fe8_mul(&r, &a, &b);
		assert_true(is_right(&r, &a, &b, NULL, NULL, NULL));
		fe8_mul(&r, &b, &a);
		assert_true(is_right(&r, &a, &b, NULL, NULL, NULL));
		fe8_sqr(&r, &b);
		assert_true(is_right(&r, &b, &b, NULL, NULL, NULL));
		fe8_mul_sub(&r, &a, &b, &c);
		assert_true(is_right(&r, &a, &b, NULL, &c, NULL));
		fe8_mul_diff(&r, &d, &b, &c);
		assert_true(is_right(&r, &d, &b, &c, NULL, NULL));
		fe8_mul_diff_sub(&r, &d, &b, &c, &b);
		assert_true(is_right(&r, &d, &b, &c, &b, NULL));
		fe8_sqr_sub2(&r, &b, &c, &d);
		assert_true(is_right(&r, &b, &b, NULL, &c, &d));
	}
}

static void sums_are_sums(void **state)
{
	static const uint64_t nothing[P256X8_LIMBS];
	fe8 a, b, r, s, zero;

	(void)state;
	fe8_set(&zero, nothing);
	for (int i = 0; i < 2000; i++) {
		draw_lanes(&a, 2);
		draw_lanes(&b, 2);
		fe8_sub(&r, &a, &b);
		assert_true(is_right(&r, &a, NULL, NULL, &b, NULL));
		fe8_sub(&r, &zero, &b);
		assert_true(is_right(&r, &zero, NULL, NULL, &b, NULL));
		fe8_add(&s, &a, &b);
		assert_true(is_right(&a, &s, NULL, NULL, &b, NULL)); /* a = s - b */
		assert_true(is_right(&s, &s, NULL, NULL, NULL, NULL));
	}
}

static void lanes_change_places(void **state)
{
	fe8 a, r;

	(void)state;
	draw_lanes(&a, 2);
	for (size_t by = 0; by < P256X8_LANES; by++) {
		fe8_swap(&r, &a, by);
		for (size_t i = 0; i < P256X8_LIMBS; i++)
			for (size_t l = 0; l < P256X8_LANES; l++)
				assert_true(r.v[i][l] == a.v[i][l ^ by]);
	}
}

#define ALIAS(call, arg) \
	r = arg; \
	call; \
	assert_memory_equal(&r, &want, sizeof r)

static void results_may_be_arguments(void **state)
{
	fe8 a, b, c, d, want, r;

	(void)state;
	draw_lanes(&a, 2);
	draw_lanes(&b, 2);
	draw_lanes(&c, 2);
	draw_lanes(&d, 2);
	fe8_mul(&want, &a, &b);
	ALIAS(fe8_mul(&r, &r, &b), a);
	ALIAS(fe8_mul(&r, &a, &r), b);
	fe8_sqr(&want, &a);
	ALIAS(fe8_sqr(&r, &r), a);
	fe8_mul_sub(&want, &a, &b, &c);
	ALIAS(fe8_mul_sub(&r, &r, &b, &c), a);
	ALIAS(fe8_mul_sub(&r, &a, &r, &c), b);
	ALIAS(fe8_mul_sub(&r, &a, &b, &r), c);
	fe8_mul_diff(&want, &a, &b, &c);
	ALIAS(fe8_mul_diff(&r, &r, &b, &c), a);
	ALIAS(fe8_mul_diff(&r, &a, &r, &c), b);
	ALIAS(fe8_mul_diff(&r, &a, &b, &r), c);
	fe8_mul_diff_sub(&want, &a, &b, &c, &d);
	ALIAS(fe8_mul_diff_sub(&r, &r, &b, &c, &d), a);
	ALIAS(fe8_mul_diff_sub(&r, &a, &r, &c, &d), b);
	ALIAS(fe8_mul_diff_sub(&r, &a, &b, &r, &d), c);
	ALIAS(fe8_mul_diff_sub(&r, &a, &b, &c, &r), d);
	fe8_sqr_sub2(&want, &a, &c, &d);
	ALIAS(fe8_sqr_sub2(&r, &r, &c, &d), a);
	ALIAS(fe8_sqr_sub2(&r, &a, &r, &d), c);
	ALIAS(fe8_sqr_sub2(&r, &a, &c, &r), d);
	fe8_add(&want, &a, &b);
	ALIAS(fe8_add(&r, &r, &b), a);
	ALIAS(fe8_add(&r, &a, &r), b);
	fe8_swap(&want, &a, 3);
	ALIAS(fe8_swap(&r, &r, 3), a);
	fe8_sub(&want, &a, &b);
	ALIAS(fe8_sub(&r, &r, &b), a);
	ALIAS(fe8_sub(&r, &a, &r), b);
}
#undef ALIAS

static void conversions_and_inverses(void **state)
{
	static const uint64_t plain_one[P256X8_LIMBS] = {1};
	uint64_t in[P256X8_LANES][4], out[P256X8_LANES][4];
	fe8 a, b, one;

	(void)state;
	for (int i = 0; i < 500; i++) {
		draw_lanes(&a, 1);
		fe8_to_limbs(in, &a);
		fe8_from_limbs(&b, (const uint64_t (*)[4])in);
		fe8_to_limbs(out, &b);
		assert_memory_equal(in, out, sizeof in);
		for (int l = 0; l < P256X8_LANES; l++)
			assert_true(p256_below(in[l], p256_p));
		fe8_set(&one, plain_one);
		fe8_mul(&b, &a, &one);
		assert_true(is_right(&b, &a, &one, NULL, NULL, NULL));
		int zero = 0;
		for (int l = 0; l < P256X8_LANES; l++)
			zero |= p256_is_zero(in[l]) != 0;
		assert_int_equal(fe8_inv(&b, &a), !zero);
		if (zero)
			continue;
		fe8_mul(&b, &b, &a);
		fe8_to_limbs(out, &b);
		for (int l = 0; l < P256X8_LANES; l++)
			assert_memory_equal(out[l], ((uint64_t[4]){1}), 32);
	}
}

/* ---- points ------------------------------------------------------------------------------ */

/* Both lookups give entries of the table of G, negated where the digit is below 128. */
static void lookups_find_entries(void **state)
{
	static p256x8_window window;
	_Alignas(64) uint64_t lines[8][8];

	(void)state;
	for (size_t e = 0; e < 128; e++) {
		uint64_t words[8];

		memcpy(words, &p256_wide_g->e[3][e], sizeof words);
		for (int j = 0; j < 8; j++)
			window.v[j][e] = words[j];
	}
	for (unsigned start = 0; start < 256; start += 4) {
		uint8_t digit[8];
		uint64_t x[8][4], y[8][4], want[4];
		p256x8_point a, b;

		for (size_t l = 0; l < 8; l++) {
			unsigned d = (start + 37 * (unsigned)l) % 256;

			digit[l] = (uint8_t)d;
			memcpy(lines[l], &p256_wide_g->e[3][d < 128 ? 127 - d : d - 128],
					sizeof lines[l]);
		}
		p256x8_k->lines(a.x.v, a.y.v, (const uint64_t (*)[8])lines, digit);
		p256x8_k->select(b.x.v, b.y.v, (const uint64_t (*)[128])window.v, digit);
		assert_memory_equal(&a, &b, sizeof a);
		assert_true(is_right(&a.x, &a.x, NULL, NULL, NULL, NULL));
		assert_true(is_right(&a.y, &a.y, NULL, NULL, NULL, NULL));
		fe8_to_limbs(x, &a.x);
		fe8_to_limbs(y, &a.y);
		for (size_t l = 0; l < 8; l++) {
			p256_point e;

			memcpy(&e, lines[l], sizeof e);
			if (digit[l] < 128)
				fe_sub(&e.y, &(const p256_fe){{0}}, &e.y);
			fe_to_limbs(want, &e.x);
			assert_memory_equal(x[l], want, sizeof want);
			fe_to_limbs(want, &e.y);
			assert_memory_equal(y[l], want, sizeof want);
		}
	}
}

/* Each lane gets the entry of its window. */
static void each_lane_has_its_window(void **state)
{
	static p256x8_windows windows;

	(void)state;
	for (size_t e = 0; e < 16; e++)
		for (size_t l = 0; l < 8; l++) {
			uint64_t words[8];

			memcpy(words, &p256_narrow_g->e[7 * l][e], sizeof words);
			for (int j = 0; j < 8; j++)
				windows.v[e][j][l] = words[j];
		}
	for (unsigned start = 0; start < 32; start++) {
		uint8_t digit[8];
		uint64_t x[8][4], y[8][4], want[4];
		p256x8_point a;

		for (size_t l = 0; l < 8; l++)
			digit[l] = (uint8_t)(112 + (start + 11 * l) % 32);
		p256x8_k->select_each(a.x.v, a.y.v, (const uint64_t (*)[8][8])windows.v, digit);
		assert_true(is_right(&a.x, &a.x, NULL, NULL, NULL, NULL));
		assert_true(is_right(&a.y, &a.y, NULL, NULL, NULL, NULL));
		fe8_to_limbs(x, &a.x);
		fe8_to_limbs(y, &a.y);
		for (size_t l = 0; l < 8; l++) {
			unsigned d = digit[l];
			p256_point e = p256_narrow_g->e[7 * l][d < 128 ? 127 - d : d - 128];

			if (d < 128)
				fe_sub(&e.y, &(const p256_fe){{0}}, &e.y);
			fe_to_limbs(want, &e.x);
			assert_memory_equal(x[l], want, sizeof want);
			fe_to_limbs(want, &e.y);
			assert_memory_equal(y[l], want, sizeof want);
		}
	}
}

static void draw_scalar(uint64_t k[4])
{
	do {
		for (int i = 0; i < 4; i++)
			k[i] = draw(&seed);
	} while (!p256_below(k, p256_n));
}

static p256x8_space *space;

static int start(void **state)
{
	(void)state;
	space = aligned_alloc(64, sizeof *space);
	return space ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	free(space);
	return 0;
}

static const size_t sizes[] = {1, 2, 7, 8, 9, 16, 31, P256X8_AT_ONCE};

static void multiples_of_the_generator(void **state)
{
	uint64_t k[P256X8_AT_ONCE][4], x[P256X8_AT_ONCE][4], want[4];
	p256_point r;

	(void)state;
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
		for (size_t i = 0; i < sizes[s]; i++)
			draw_scalar(k[i]);
		if (s == 2)
			p256_sub_mod(k[1], (uint64_t[4]){0}, (uint64_t[4]){2}, p256_n);
		assert_true(p256x8_times_g(x, (const uint64_t (*)[4])k, sizes[s], space));
		for (size_t i = 0; i < sizes[s]; i++) {
			p256_times_g(&r, k[i]);
			fe_to_limbs(want, &r.x);
			assert_memory_equal(x[i], want, sizeof want);
		}
	}
}

/* r = [k]G + [l]a. */
static void sum_of(p256_point *r, const uint64_t k[4], const uint64_t l[4], const p256_point *a)
{
	p256_jac sum, more;

	p256_times_var(&sum, l, a);
	p256_times_var(&more, k, &p256_g);
	p256_jac_add_var(&sum, &sum, &more);
	p256_affine(r, &sum);
}

static void sums_of_two_multiples(void **state)
{
	static p256_wide table;
	uint64_t k[P256X8_AT_ONCE][4], l[P256X8_AT_ONCE][4], x[P256X8_AT_ONCE][4], want[4];
	p256_point a, r;

	(void)state;
	draw_scalar(k[0]);
	p256_times_g(&a, k[0]);
	assert_int_equal(p256_wide_make_var(&table, &a), 1);
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
		for (size_t i = 0; i < sizes[s]; i++) {
			draw_scalar(k[i]);
			draw_scalar(l[i]);
		}
		assert_true(p256x8_sum_of_two_var(x, (const uint64_t (*)[4])k,
				(const uint64_t (*)[4])l, &table, sizes[s], space));
		for (size_t i = 0; i < sizes[s]; i++) {
			sum_of(&r, k[i], l[i], &a);
			fe_to_limbs(want, &r.x);
			assert_memory_equal(x[i], want, sizeof want);
		}
	}
}

/* Right ones, one that is wrong in a lane of each vector, and in lane 3 of the first what lanes cannot
 * tell: no multiple of C, or one that is opposite or equal to the sum of the others. */
static void sums_of_three_are_checked(void **state)
{
	static uint64_t k[3][P256X8_AT_ONCE][4], x[P256X8_AT_ONCE][4];
	p256_point c[P256X8_AT_ONCE], r;
	uint64_t both[4];
	int8_t verdict[P256X8_AT_ONCE];

	(void)state;
	for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
		int odd_one = s > 2 ? (int)s % 3 : -1;

		for (size_t i = 0; i < sizes[s]; i++) {
			draw_scalar(k[0][i]);
			p256_times_g(&c[i], k[0][i]);
			for (int j = 0; j < 3; j++)
				draw_scalar(k[j][i]);
			if (i == 3 && odd_one == 0)
				memset(k[2][i], 0, sizeof k[2][i]);
			if (i == 3 && odd_one > 0) { /* [k0]G + [k1]G, and C = +-G */
				p256_add_mod(k[2][i], k[0][i], k[1][i], p256_n);
				c[i] = p256_g;
				if (odd_one == 1)
					fe_sub(&c[i].y, &(const p256_fe){{0}}, &c[i].y);
			}
			p256_add_mod(both, k[0][i], k[1][i], p256_n);
			sum_of(&r, both, k[2][i], &c[i]);
			fe_to_limbs(x[i], &r.x);
			if (i % 8 == 5)
				x[i][i / 16 % 4] ^= 1;
		}
		p256x8_check_three_var(verdict, (const uint64_t (*)[4])x,
				(const uint64_t (*)[4])k[0], (const uint64_t (*)[4])k[1],
				(const uint64_t (*)[4])k[2], p256_wide_g, c, sizes[s], space);
		for (size_t i = 0; i < sizes[s]; i++)
			assert_int_equal(verdict[i], i == 3 && odd_one >= 0 ? -1 : i % 8 != 5);
	}
}

/* k such that the last addition of its windows is a doubling: their lower half is low and the
 * upper one low + m*n, over G/2, both within what windows can be.  0: no such k for m and this low. */
static int doubling_scalar(uint64_t k[4], int m, int negative)
{
	mpz_t low, n, u, two;
	int found;

	mpz_inits(low, n, u, two, NULL);
	mpz_import(n, 4, -1, 8, 0, 0, p256_n);
	mpz_ui_pow_ui(two, 2, 128);
	mpz_mul_si(low, n, -m);
	mpz_fdiv_r(low, low, two);
	if (negative)
		mpz_sub(low, low, two);
	mpz_mul_si(u, n, m);
	mpz_add(u, u, low);
	found = mpz_tstbit(u, 128);     /* upper windows make odd multiples of 2^128 */
	mpz_add(u, u, low);             /* the sum of the windows, 2U + 1 - 2^256 */
	mpz_ui_pow_ui(two, 2, 256);
	mpz_add(u, u, two);
	mpz_fdiv_q_2exp(u, u, 1);
	found = found && mpz_sgn(u) >= 0 && mpz_cmp(u, n) < 0;
	mpz_mod(low, low, n);
	memset(k, 0, 32);
	mpz_export(k, NULL, -1, 8, 0, 0, low);
	mpz_clears(low, n, u, two, NULL);
	return found;
}

/* Infinity, a doubling at the end of a sum, [k]G + [k]G and [k]G - [k]G: in one lane of many. */
static void what_lanes_cannot_do_is_told(void **state)
{
	uint64_t k[16][4], l[16][4], x[16][4];
	int doublings = 0;

	(void)state;
	for (int how = 0; how < 7; how++) {
		for (int i = 0; i < 16; i++) {
			draw_scalar(k[i]);
			draw_scalar(l[i]);
		}
		if (how == 0)
			memset(k[9], 0, sizeof k[9]);
		else if (how < 5) {
			if (!doubling_scalar(k[9], how & 1 ? 1 : -1, how > 2))
				continue;
			doublings++;
		} else if (how == 5)
			memcpy(l[3], k[3], sizeof l[3]);
		else
			p256_sub_mod(l[3], (uint64_t[4]){0}, k[3], p256_n);
		if (how < 5)
			assert_false(p256x8_times_g(x, (const uint64_t (*)[4])k, 16, space));
		assert_false(p256x8_sum_of_two_var(x, (const uint64_t (*)[4])k,
				(const uint64_t (*)[4])l, p256_wide_g, 16, space));
	}
	assert_true(doublings > 0);
}

/* ---- one sum by all lanes ---------------------------------------------------------------- */

static void assert_jac(const p256_jac *got, const p256_point *want)
{
	p256_point r;

	assert_false(p256_is_zero(got->z.v));
	p256_affine(&r, got);
	assert_memory_equal(&r, want, sizeof r);
}

static void one_multiple_by_all_lanes(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++) {
		uint64_t k[4] = {(uint64_t)i};
		p256_point want;
		p256_jac r;

		if (i >= 40)
			draw_scalar(k);
		if (i >= 20 && i < 40)
			p256_sub_mod(k, (uint64_t[4]){0}, (uint64_t[4]){(uint64_t)i - 19}, p256_n);
		p256x8_one_times_g(&r, k);
		if (i == 0) {
			assert_true(p256_is_zero(r.z.v) != 0);
			continue;
		}
		p256_times_g(&want, k);
		assert_jac(&r, &want);
	}
}

static void one_sum_of_two_by_all_lanes(void **state)
{
	static p256_wide table;
	uint64_t k[4], l[4];
	p256_point a, want;
	p256_jac r;

	(void)state;
	draw_scalar(k);
	p256_times_g(&a, k);
	assert_int_equal(p256_wide_make_var(&table, &a), 1);
	for (int i = 0; i < 100; i++) {
		draw_scalar(k);
		draw_scalar(l);
		if (i < 4)
			memset(i & 1 ? k : l, 0, sizeof k);
		if (i == 2)
			memcpy(k, (uint64_t[4]){1}, sizeof k);
		p256x8_one_of_two_var(&r, k, l, &table);
		sum_of(&want, k, l, &a);
		assert_jac(&r, &want);
	}
	/* [k]G + [n - k]G */
	p256_sub_mod(l, (uint64_t[4]){0}, k, p256_n);
	p256x8_one_of_two_var(&r, k, l, p256_wide_g);
	assert_true(p256_is_zero(r.z.v) != 0);
}

/* k such that the windows of even lanes and those of odd ones make the same point: over G/2 their
 * sums differ by m*n, which says all digits: of the alternating sum.  0: no such k for this m. */
static int joining_scalar(uint64_t k[4], int m)
{
	mpz_t n, diff, u, even, digit;
	int found = 1;

	mpz_inits(n, diff, u, even, digit, NULL);
	mpz_import(n, 4, -1, 8, 0, 0, p256_n);
	mpz_mul_si(diff, n, m);
	mpz_ui_pow_ui(u, 2, 280);
	mpz_sub_ui(u, u, 1);
	mpz_add(u, u, diff);
	found = mpz_even_p(u) && mpz_sgn(u) >= 0;
	mpz_fdiv_q_2exp(u, u, 1); /* its digits are those of odd windows, and of even ones with the other sign */
	for (unsigned i = 0; i < 56; i++) {
		long d;

		mpz_fdiv_q_2exp(digit, u, 5 * i);
		d = (long)(mpz_get_ui(digit) & 31) * 2 - 31;
		if (i % 2 == 0) {
			d = -d;
			mpz_set_si(digit, d);
			mpz_mul_2exp(digit, digit, 5 * i);
			mpz_add(even, even, digit);
		}
		found = found && (i < 52 || d == -31);
	}
	/* U of both together is below n, so that these are k's digits */
	mpz_add(u, even, even);
	mpz_add(u, u, diff);
	mpz_ui_pow_ui(digit, 2, 280);
	mpz_sub_ui(digit, digit, 1);
	mpz_add(u, u, digit);
	mpz_fdiv_q_2exp(u, u, 1);
	found = found && mpz_sgn(u) >= 0 && mpz_cmp(u, n) < 0;
	mpz_mod(even, even, n); /* [2*even](G/2) */
	memset(k, 0, 32);
	mpz_export(k, NULL, -1, 8, 0, 0, even);
	mpz_clears(n, diff, u, even, digit, NULL);
	return found;
}

static void a_join_that_is_a_doubling_is_told(void **state)
{
	int met = 0;

	(void)state;
	/* as windows 52 to 55 are -31 each */
	for (int m = -15760385; m >= -15760417; m -= 2) {
		uint64_t k[4];
		p256_jac r;

		if (!joining_scalar(k, m))
			continue;
		p256x8_one_times_g(&r, k);
		assert_true(p256_is_zero(r.z.v) != 0);
		met++;
	}
	assert_true(met > 0);
}

static void rows_are_picked_by_level(void **state)
{
	(void)state;
	assert_null(p256x8_pick(CPU_ADX));
	assert_int_equal(p256x8_proved(), 1);
#ifdef ARCH_x86_64
	assert_string_equal(p256x8_pick(CPU_IFMA)->name, "ifma");
#endif
}

int main(void)
{
	static const row_test on_rows[] = {
		{"products_are_products", products_are_products},
		{"sums_are_sums", sums_are_sums},
		{"lanes_change_places", lanes_change_places},
		{"results_may_be_arguments", results_may_be_arguments},
		{"conversions_and_inverses", conversions_and_inverses},
		{"lookups_find_entries", lookups_find_entries},
		{"each_lane_has_its_window", each_lane_has_its_window},
		{"multiples_of_the_generator", multiples_of_the_generator},
		{"sums_of_two_multiples", sums_of_two_multiples},
		{"sums_of_three_are_checked", sums_of_three_are_checked},
		{"what_lanes_cannot_do_is_told", what_lanes_cannot_do_is_told},
		{"one_multiple_by_all_lanes", one_multiple_by_all_lanes},
		{"one_sum_of_two_by_all_lanes", one_sum_of_two_by_all_lanes},
		{"a_join_that_is_a_doubling_is_told", a_join_that_is_a_doubling_is_told},
	};
	const struct CMUnitTest once[] = {
		cmocka_unit_test(the_check_can_fail),
		cmocka_unit_test(rows_are_picked_by_level),
	};
	int failed;

	mpz_inits(p, r_inv, NULL);
	mpz_import(p, 4, -1, 8, 0, 0, p256_p);
	mpz_setbit(r_inv, 260);
	mpz_invert(r_inv, r_inv, p);
	p256_pick(cpu_levels());
	if (!p256_init() || !p256x8_init() || !p256x8_one_init() || !p256x8_copies_proved())
		return 1;
	failed = cmocka_run_group_tests(once, NULL, NULL);
	failed += run_on_each_row8(on_rows, sizeof on_rows / sizeof on_rows[0], start, end);
	mpz_clears(p, r_inv, NULL);
	return failed;
}
