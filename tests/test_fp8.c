/* test_fp8.c -- the eight-lane kernels against GMP, at their bounds. */
/* Rows are tried beyond what the forms of fp8.h assert: up to a*b < 2^2072. */
#undef KM_VERIFY

#include <stdio.h>
#include <string.h>

#include "engine/cpu.h"
#include "engine/engine.h"
#include "twins/twins.h"
#include "util_fp8.h"

#define ROUNDS 60
/* Values of either sign stand in fp8 here: it is limbs that rows are about. */
#define SIGNED(r) ((fp8_signed *)(r))

static mpz_t p, inv_r8;

static int is_masked(const fp8 *r)
{
	uint64_t high = 0;

	for (int i = 0; i < FP8_LIMBS - 1; i++)
		for (int l = 0; l < FP8_LANES; l++)
			high |= r->v[i][l] >> 52;
	return high == 0;
}

/* Whether s = a*b/R8 mod p in this lane, and in [0, a*b/R8 + p]. */
static int is_product_lane(const mpz_t s, const fp8 *a, const fp8 *b, int lane)
{
	mpz_t x, ab;
	int ok;

	mpz_inits(x, ab, NULL);
	lane_to_mpz(x, a, lane);
	lane_to_mpz(ab, b, lane);
	mpz_mul(ab, ab, x);
	mpz_fdiv_q_2exp(x, ab, 1040);
	mpz_add(x, x, p);
	mpz_mul(ab, ab, inv_r8);
	ok = mpz_sgn(s) >= 0 && mpz_cmp(s, x) <= 0 && mpz_congruent_p(s, ab, p);
	mpz_clears(x, ab, NULL);
	return ok;
}

/* Whether r = a*b/R8 + sign*c - d + k*p; c and d may be NULL. */
static int is_product(const fp8 *r, const fp8 *a, const fp8 *b, int sign, const fp8 *c,
		const fp8 *d, unsigned k)
{
	mpz_t x, y;
	int ok = is_masked(r);

	mpz_inits(x, y, NULL);
	for (int l = 0; ok && l < FP8_LANES; l++) {
		lane_to_mpz(x, r, l);
		if (c) {
			lane_to_mpz(y, c, l);
			mpz_mul_si(y, y, sign);
			mpz_sub(x, x, y);
		}
		if (d) {
			lane_to_mpz(y, d, l);
			mpz_add(x, x, y);
		}
		mpz_submul_ui(x, p, k);
		ok = is_product_lane(x, a, b, l);
	}
	mpz_clears(x, y, NULL);
	return ok;
}

/* Whether r = a + sign*b + k*p exactly. */
static int is_sum(const fp8 *r, const fp8 *a, const fp8 *b, int sign, unsigned k)
{
	mpz_t x, y;
	int ok = is_masked(r);

	mpz_inits(x, y, NULL);
	for (int l = 0; ok && l < FP8_LANES; l++) {
		lane_to_mpz(x, a, l);
		lane_to_mpz(y, b, l);
		mpz_mul_si(y, y, sign);
		mpz_add(x, x, y);
		mpz_addmul_ui(x, p, k);
		lane_to_mpz(y, r, l);
		ok = mpz_cmp(x, y) == 0;
	}
	mpz_clears(x, y, NULL);
	return ok;
}

static void print_lanes(const char *name, const fp8 *a)
{
	mpz_t z;

	mpz_init(z);
	for (int l = 0; a && l < FP8_LANES; l++) {
		lane_to_mpz(z, a, l);
		gmp_fprintf(stderr, "%s[%d] = %Zx\n", name, l, z);
	}
	mpz_clear(z);
}

static void require(int ok, const fp8 *r, const fp8 *a, const fp8 *b)
{
	if (ok)
		return;
	fprintf(stderr, "row %s\n", fp8_k->name);
	print_lanes("a", a);
	print_lanes("b", b);
	print_lanes("r", r);
	fail();
}

static void the_check_can_fail(void **state)
{
	fp8 a, b, r, wrong;

	(void)state;
	fp8_k = &fp8_twin;
	edge_lanes(&a, 1030, 0);
	edge_lanes(&b, 1030, 0);
	fp8_mul(&r, &a, &b);
	assert_true(is_product(&r, &a, &b, 1, NULL, NULL, 0));
	for (int i = 0; i < FP8_LIMBS; i++) {
		wrong = r;
		wrong.v[i][i % FP8_LANES] ^= 1;
		assert_false(is_product(&wrong, &a, &b, 1, NULL, NULL, 0));
		wrong = r;
		wrong.v[i][i % FP8_LANES] |= (uint64_t)1 << 52;
		assert_false(is_product(&wrong, &a, &b, 1, NULL, NULL, 0));
	}
	fp8_add(&r, &a, &b);
	assert_true(is_sum(&r, &a, &b, 1, 0));
	assert_false(is_sum(&r, &a, &b, 1, 1));
}

/* Pairs of factors at the bound a*b < 2^2060, and the largest of all. */
static const unsigned pairs[][2] = {
	{ 1024, 1024 }, { 1030, 1030 }, { 1034, 1026 }, { 1026, 1034 }, { 1036, 1036 },
};

static const fp8_kernel *row(void **state)
{
	const fp8_kernel *k = *state;

	if (k->needs & ~cpu_levels())
		skip_as("this processor lacks the row %s", k->name);
	fp8_k = k;
	return k;
}

static void mul_is_the_product(void **state)
{
	fp8 a, b, r;

	row(state);
	for (int n = 0; n < ROUNDS; n++) {
		const unsigned *bits = pairs[n % 5];

		edge_lanes(&a, bits[0], 0);
		edge_lanes(&b, bits[1], 0);
		fp8_mul(&r, &a, &b);
		require(is_product(&r, &a, &b, 1, NULL, NULL, 0), &r, &a, &b);
	}
}

static void sqr_is_the_square(void **state)
{
	fp8 a, r;

	row(state);
	for (int n = 0; n < ROUNDS; n++) {
		edge_lanes(&a, pairs[n % 5][0], 0);
		fp8_sqr(&r, &a);
		require(is_product(&r, &a, &a, 1, NULL, NULL, 0), &r, &a, &a);
	}
}

static void fused_forms_add_and_subtract(void **state)
{
	fp8 a, b, c, d, r;

	row(state);
	for (int n = 0; n < ROUNDS; n++) {
		edge_lanes(&a, pairs[n % 4][0], 0);
		edge_lanes(&b, pairs[n % 4][1], 0);
		edge_lanes(&c, 1032, 1);
		edge_lanes(&d, 1032, 1);
		fp8_mul_sub(SIGNED(&r), &a, &b, &c);
		require(is_product(&r, &a, &b, -1, &c, NULL, 0), &r, &a, &b);
		fp8_mul_add(&r, &a, &b, &c);
		require(is_product(&r, &a, &b, 1, &c, NULL, 0), &r, &a, &b);
		fp8_mul_lift(&r, &a, &b, &c);
		require(is_product(&r, &a, &b, -1, &c, NULL, 256), &r, &a, &b);
		fp8_sqr_sub2(SIGNED(&r), &a, &c, &d);
		require(is_product(&r, &a, &a, -1, &c, &d, 0), &r, &a, &a);
	}
}

/* b and c up to the bound |b - c| < 256p. */
static void differences_are_factors(void **state)
{
	static const uint64_t zero[FP8_LIMBS];
	uint64_t mask[FP8_LANES];
	fp8 a, b, c, d, diff, r;

	row(state);
	for (int n = 0; n < ROUNDS; n++) {
		edge_lanes(&a, 1027, 0);
		edge_lanes(&b, n % 2 ? 1024 : 1030, 1);
		edge_lanes(&c, n % 2 ? 1024 : 1030, 1);
		edge_lanes(&d, 1032, 1);
		fp8_sub_lift(&diff, &b, &c);
		fp8_mul_diff(&r, &a, &b, &c);
		require(is_product(&r, &a, &diff, 1, NULL, NULL, 0), &r, &a, &diff);
		fp8_mul_diff_sub(SIGNED(&r), &a, &b, &c, &d);
		require(is_product(&r, &a, &diff, -1, &d, NULL, 0), &r, &a, &diff);
		for (int l = 0; l < FP8_LANES; l++)
			mask[l] = 0 - (edge_draw() & 1);
		fp8_mul_sdiff(&r, &a, &b, &c, mask);
		fp8_k->cneg(b.v, (const uint64_t (*)[8])b.v, mask, zero);
		fp8_sub_lift(&diff, &b, &c);
		require(is_product(&r, &a, &diff, 1, NULL, NULL, 0), &r, &a, &diff);
	}
}

static void sums_are_exact(void **state)
{
	fp8 a, b, r;

	row(state);
	for (int n = 0; n < ROUNDS; n++) {
		unsigned bits = n % 2 ? 1024 : 1032;

		edge_lanes(&a, bits, 1);
		edge_lanes(&b, bits, 1);
		fp8_add(&r, &a, &b);
		require(is_sum(&r, &a, &b, 1, 0), &r, &a, &b);
		fp8_sub(SIGNED(&r), &a, &b);
		require(is_sum(&r, &a, &b, -1, 0), &r, &a, &b);
		fp8_sub16(&r, &a, &b);
		require(is_sum(&r, &a, &b, -1, 16), &r, &a, &b);
		fp8_sub_lift(&r, &a, &b);
		require(is_sum(&r, &a, &b, -1, 256), &r, &a, &b);
		fp8_sub_lift512(&r, &a, &b);
		require(is_sum(&r, &a, &b, -1, 512), &r, &a, &b);
	}
}

#define ALIAS(call, arg) \
	r = arg; \
	call; \
	assert_memory_equal(&r, &want, sizeof r)

static void products_may_be_arguments(void **state)
{
	fp8 a, b, c, d, want, r;

	row(state);
	edge_lanes(&a, 1030, 0);
	edge_lanes(&b, 1030, 0);
	edge_lanes(&c, 1031, 1);
	edge_lanes(&d, 1031, 1);
	fp8_mul(&want, &a, &b);
	ALIAS(fp8_mul(&r, &r, &b), a);
	ALIAS(fp8_mul(&r, &a, &r), b);
	fp8_sqr(&want, &a);
	ALIAS(fp8_sqr(&r, &r), a);
	ALIAS(fp8_mul(&r, &r, &r), a);
	fp8_mul_sub(SIGNED(&want), &a, &b, &c);
	ALIAS(fp8_mul_sub(SIGNED(&r), &r, &b, &c), a);
	ALIAS(fp8_mul_sub(SIGNED(&r), &a, &r, &c), b);
	ALIAS(fp8_mul_sub(SIGNED(&r), &a, &b, &r), c);
	fp8_mul_add(&want, &a, &b, &c);
	ALIAS(fp8_mul_add(&r, &r, &b, &c), a);
	ALIAS(fp8_mul_add(&r, &a, &r, &c), b);
	ALIAS(fp8_mul_add(&r, &a, &b, &r), c);
	fp8_mul_lift(&want, &a, &b, &c);
	ALIAS(fp8_mul_lift(&r, &r, &b, &c), a);
	ALIAS(fp8_mul_lift(&r, &a, &r, &c), b);
	ALIAS(fp8_mul_lift(&r, &a, &b, &r), c);
	fp8_sqr_sub2(SIGNED(&want), &a, &c, &d);
	ALIAS(fp8_sqr_sub2(SIGNED(&r), &r, &c, &d), a);
	ALIAS(fp8_sqr_sub2(SIGNED(&r), &a, &r, &d), c);
	ALIAS(fp8_sqr_sub2(SIGNED(&r), &a, &c, &r), d);
}

static void differences_and_sums_may_be_arguments(void **state)
{
	static const uint64_t mask[FP8_LANES] = { 0, UINT64_MAX, UINT64_MAX };
	fp8 a, b, c, d, want, r;

	row(state);
	edge_lanes(&a, 1027, 0);
	edge_lanes(&b, 1030, 0);
	edge_lanes(&c, 1031, 1);
	edge_lanes(&d, 1031, 1);
	fp8_mul_diff_sub(SIGNED(&want), &a, &b, &c, &d);
	ALIAS(fp8_mul_diff_sub(SIGNED(&r), &r, &b, &c, &d), a);
	ALIAS(fp8_mul_diff_sub(SIGNED(&r), &a, &r, &c, &d), b);
	ALIAS(fp8_mul_diff_sub(SIGNED(&r), &a, &b, &r, &d), c);
	ALIAS(fp8_mul_diff_sub(SIGNED(&r), &a, &b, &c, &r), d);
	fp8_mul_diff(&want, &a, &b, &c);
	ALIAS(fp8_mul_diff(&r, &r, &b, &c), a);
	ALIAS(fp8_mul_diff(&r, &a, &r, &c), b);
	ALIAS(fp8_mul_diff(&r, &a, &b, &r), c);
	fp8_mul_sdiff(&want, &a, &b, &c, mask);
	ALIAS(fp8_mul_sdiff(&r, &r, &b, &c, mask), a);
	ALIAS(fp8_mul_sdiff(&r, &a, &r, &c, mask), b);
	ALIAS(fp8_mul_sdiff(&r, &a, &b, &r, mask), c);
	fp8_add(&want, &c, &d);
	ALIAS(fp8_add(&r, &r, &d), c);
	ALIAS(fp8_add(&r, &c, &r), d);
	fp8_sub(SIGNED(&want), &c, &d);
	ALIAS(fp8_sub(SIGNED(&r), &r, &d), c);
	ALIAS(fp8_sub(SIGNED(&r), &c, &r), d);
	fp8_sub_lift(&want, &c, &d);
	ALIAS(fp8_sub_lift(&r, &r, &d), c);
	ALIAS(fp8_sub_lift(&r, &c, &r), d);
	fp8_cneg(&want, &c, mask);
	ALIAS(fp8_cneg(&r, &r, mask), c);
}
#undef ALIAS

/* Changing one lane changes that lane alone. */
static void lanes_are_independent(void **state)
{
	const fp8_kernel *k = row(state);
	fp8 a, b, a2, r, r2;

	fp8_set(&b, fp8_one);
	for (int l = 0; l < FP8_LANES; l++) {
		edge_lanes(&a, 1024, 0);
		a2 = a;
		a2.v[0][l] ^= 1;
		for (int op = 0; op < 3; op++) {
			if (op == 0) {
				fp8_mul(&r, &a, &b);
				fp8_mul(&r2, &a2, &b);
			} else if (op == 1) {
				k->sqr(r.v, (const uint64_t (*)[8])a.v);
				k->sqr(r2.v, (const uint64_t (*)[8])a2.v);
			} else {
				fp8_sub(SIGNED(&r), &a, &b);
				fp8_sub(SIGNED(&r2), &a2, &b);
			}
			assert_memory_not_equal(&r, &r2, sizeof r);
			for (int i = 0; i < FP8_LIMBS; i++)
				r2.v[i][l] = r.v[i][l];
			assert_memory_equal(&r, &r2, sizeof r);
		}
	}
}

static void what_is_near_zero_is_reduced(void **state)
{
	fp8 a, r;
	mpz_t x, y, two_p;

	row(state);
	mpz_inits(x, y, two_p, NULL);
	mpz_mul_2exp(two_p, p, 1);
	for (int n = 0; n < ROUNDS; n++) {
		for (int l = 0; l < FP8_LANES; l++) {
			edge_value(x, two_p);
			if (edge_draw() % 2)
				mpz_sub(x, x, two_p);
			lane_from_mpz(&a, x, l);
		}
		fp8_reduce(&r, &a);
		assert_true(is_masked(&r));
		for (int l = 0; l < FP8_LANES; l++) {
			lane_to_mpz(x, &a, l);
			mpz_fdiv_r(x, x, p);
			lane_to_mpz(y, &r, l);
			assert_int_equal(mpz_cmp(x, y), 0);
		}
		fp8_reduce(&a, &a);
		assert_memory_equal(&a, &r, sizeof r);
	}
	mpz_clears(x, y, two_p, NULL);
}

static void masks_choose_lanes(void **state)
{
	fp8 a, b, r;
	uint64_t mask[FP8_LANES], zero[FP8_LANES];
	mpz_t x, y;

	row(state);
	mpz_inits(x, y, NULL);
	for (int n = 0; n < ROUNDS; n++) {
		for (int l = 0; l < FP8_LANES; l++)
			mask[l] = 0 - (edge_draw() & 1);
		edge_lanes(&a, 1031, 1);
		edge_lanes(&b, 1031, 1);
		r = b;
		fp8_cmov(&r, &a, mask);
		for (int l = 0; l < FP8_LANES; l++) {
			lane_to_mpz(x, mask[l] ? &a : &b, l);
			lane_to_mpz(y, &r, l);
			assert_int_equal(mpz_cmp(x, y), 0);
		}
		fp8_cneg(&r, &a, mask);
		assert_true(is_masked(&r));
		for (int l = 0; l < FP8_LANES; l++) {
			lane_to_mpz(x, &a, l);
			if (mask[l])
				mpz_sub(x, p, x);
			lane_to_mpz(y, &r, l);
			assert_int_equal(mpz_cmp(x, y), 0);
			mpz_mul_si(x, p, (long)(edge_draw() % 500) - 250);
			if (mask[l])
				lane_from_mpz(&a, x, l);
		}
		fp8_is_zero(zero, &a);
		for (int l = 0; l < FP8_LANES; l++) {
			lane_to_mpz(x, &a, l);
			assert_true(zero[l] == (mpz_divisible_p(x, p) ? UINT64_MAX : 0));
		}
		fp8_canon(&r, &a);
		assert_true(is_masked(&r));
		for (int l = 0; l < FP8_LANES; l++) {
			lane_to_mpz(x, &a, l);
			mpz_fdiv_r(x, x, p);
			lane_to_mpz(y, &r, l);
			assert_int_equal(mpz_cmp(x, y), 0);
		}
	}
	mpz_clears(x, y, NULL);
}

/* Lane by lane x*2^1024 becomes x*2^1040, and comes back. */
static void conversions_keep_the_value(void **state)
{
	fp in[FP8_LANES], out[FP8_LANES];
	const fp *from[FP8_LANES];
	fp *to[FP8_LANES];
	fp8 a, c;
	mpz_t x, y;

	row(state);
	mpz_inits(x, y, NULL);
	for (int n = 0; n < ROUNDS; n++) {
		for (int l = 0; l < FP8_LANES; l++) {
			memset(&in[l], 0, sizeof in[l]);
			edge_value(x, p);
			mpz_export(in[l].v, NULL, -1, 8, 0, 0, x);
			from[l] = &in[l];
			to[l] = &out[l];
		}
		fp8_from_lanes(&a, from);
		fp8_canon(&c, &a);
		for (int l = 0; l < FP8_LANES; l++) {
			mpz_import(x, FP_LIMBS, -1, 8, 0, 0, in[l].v);
			mpz_mul_2exp(x, x, 16);
			mpz_fdiv_r(x, x, p);
			lane_to_mpz(y, &c, l);
			assert_int_equal(mpz_cmp(x, y), 0);
		}
		fp8_sub(SIGNED(&c), &a, &c);
		fp8_sub(SIGNED(&c), &c, &a); /* negative, and -in */
		fp8_to_lanes(to, &a);
		assert_memory_equal(in, out, sizeof in);
		fp8_to_lanes(to, &c);
		for (int l = 0; l < FP8_LANES; l++) {
			mpz_import(x, FP_LIMBS, -1, 8, 0, 0, in[l].v);
			mpz_neg(x, x);
			mpz_fdiv_r(x, x, p);
			mpz_import(y, FP_LIMBS, -1, 8, 0, 0, out[l].v);
			assert_int_equal(mpz_cmp(x, y), 0);
		}
	}
	mpz_clears(x, y, NULL);
}

/* Octets come back as they went in, and who is not below p is told. */
static void octets_are_plain_values(void **state)
{
	uint8_t in[FP8_LANES][KM_FP_BYTES], out[FP8_LANES][KM_FP_BYTES];
	const uint8_t *from[FP8_LANES];
	uint8_t *to[FP8_LANES];
	fp plain[FP8_LANES];
	const fp *lane[FP8_LANES];
	fp8 a, want;
	fp8_signed differ;
	mpz_t x;

	row(state);
	mpz_init(x);
	for (int n = 0; n < ROUNDS; n++) {
		for (int l = 0; l < FP8_LANES; l++) {
			size_t len;

			edge_value(x, p);
			memset(in[l], 0, sizeof in[l]);
			len = (mpz_sizeinbase(x, 2) + 7) / 8;
			mpz_export(in[l] + sizeof in[l] - len, NULL, 1, 1, 1, 0, x);
			assert_true(fp_from_bytes(&plain[l], in[l]));
			from[l] = in[l];
			lane[l] = &plain[l];
			to[l] = out[l];
		}
		assert_true(fp8_from_octets(&a, from) == ~(uint64_t)0);
		fp8_from_lanes(&want, lane);
		fp8_sub(&differ, &want, &a);
		fp8_canon(&want, &differ);
		for (int l = 0; l < FP8_LANES; l++) {
			lane_to_mpz(x, &want, l);
			assert_int_equal(mpz_sgn(x), 0);
		}
		fp8_to_octets(to, &a);
		assert_memory_equal(in, out, sizeof in);
		mpz_export(in[n % FP8_LANES], NULL, 1, 1, 1, 0, p);
		assert_true(fp8_from_octets(&a, from) == 0);
	}
	mpz_clear(x);
}

static void constants_are_what_they_say(void **state)
{
	static const struct {
		const uint64_t *limbs;
		unsigned times;
	} multiples[] = { { fp8_16p, 16 }, { fp8_256p, 256 }, { fp8_512p, 512 } };
	mpz_t x, y;

	(void)state;
	mpz_inits(x, y, NULL);
	mpz_import(x, FP_LIMBS, -1, 8, 0, 0, fp_p);
	assert_int_equal(mpz_cmp(x, p), 0);
	for (size_t i = 0; i < 3; i++) {
		limbs_to_mpz(x, multiples[i].limbs);
		mpz_submul_ui(x, p, multiples[i].times);
		assert_int_equal(mpz_sgn(x), 0);
	}
	limbs_to_mpz(x, fp8_one);
	mpz_mul(x, x, inv_r8);
	mpz_fdiv_r(x, x, p);
	assert_int_equal(mpz_cmp_ui(x, 1), 0);
	assert_true(((fp8_p[FP8_LIMBS] * fp8_p[0] + 1) << 12) == 0);
	mpz_clears(x, y, NULL);
}

/* Canonical values packed into eight tables side by side, and each lane's entry found again. */
static void what_was_packed_is_selected(void **state)
{
	enum { ENTRIES = 32 };
	static _Alignas(64) uint64_t table[ENTRIES][FP8_WORDS][FP8_LANES];
	static fp8 in[ENTRIES];
	fp8 r;
	uint64_t index[FP8_LANES];

	row(state);
	for (int e = 0; e < ENTRIES; e++) {
		edge_lanes(&in[e], 1024, 0);
		fp8_pack(table[e], &in[e]);
	}
	for (size_t entries = 1; entries <= ENTRIES; entries += entries < 4 ? 1 : 7) {
		for (size_t turn = 0; turn < entries; turn++) {
			for (size_t l = 0; l < FP8_LANES; l++)
				index[l] = (turn + 3 * l) % entries;
			memset(&r, 0xff, sizeof r);
			fp8_select(&r, (const uint64_t (*)[FP8_LANES])table, entries, index);
			for (int i = 0; i < FP8_LIMBS; i++)
				for (int l = 0; l < FP8_LANES; l++)
					assert_true(r.v[i][l] == in[index[l]].v[i][l]);
		}
	}
}

static void rows_are_picked_by_level(void **state)
{
	(void)state;
	assert_null(fp8_pick(0));
#ifdef ARCH_x86_64
	assert_string_equal(fp8_pick(CPU_IFMA)->name, "ifma");
	assert_string_equal(fp8_pick(CPU_ADX | CPU_IFMA)->name, "ifma");
	assert_string_equal(fp8_pick(CPU_ADX)->name, "avx2");
#endif
}

int main(void)
{
	struct CMUnitTest tests[64];
	char names[64][64];
	static const struct {
		const char *name;
		CMUnitTestFunction f;
	} per_row[] = {
		{ "mul_is_the_product", mul_is_the_product },
		{ "sqr_is_the_square", sqr_is_the_square },
		{ "fused_forms_add_and_subtract", fused_forms_add_and_subtract },
		{ "differences_are_factors", differences_are_factors },
		{ "sums_are_exact", sums_are_exact },
		{ "products_may_be_arguments", products_may_be_arguments },
		{ "differences_and_sums_may_be_arguments", differences_and_sums_may_be_arguments },
		{ "lanes_are_independent", lanes_are_independent },
		{ "masks_choose_lanes", masks_choose_lanes },
		{ "what_is_near_zero_is_reduced", what_is_near_zero_is_reduced },
		{ "conversions_keep_the_value", conversions_keep_the_value },
		{ "octets_are_plain_values", octets_are_plain_values },
		{ "what_was_packed_is_selected", what_was_packed_is_selected },
	};
	size_t n = 0;

	mpz_inits(p, inv_r8, NULL);
	limbs_to_mpz(p, fp8_p);
	mpz_setbit(inv_r8, 1040);
	mpz_invert(inv_r8, inv_r8, p);
	memset(tests, 0, sizeof tests);
	tests[n].name = "constants_are_what_they_say";
	tests[n++].test_func = constants_are_what_they_say;
	tests[n].name = "the_check_can_fail";
	tests[n++].test_func = the_check_can_fail;
	tests[n].name = "rows_are_picked_by_level";
	tests[n++].test_func = rows_are_picked_by_level;
	for (size_t i = 0; i < sizeof per_row / sizeof *per_row; i++) {
		for (size_t k = 0; fp8_row(k); k++, n++) {
			snprintf(names[n], sizeof names[n], "%s[%s]", per_row[i].name,
					fp8_row(k)->name);
			tests[n].name = names[n];
			tests[n].test_func = per_row[i].f;
			tests[n].initial_state = (void *)(uintptr_t)fp8_row(k);
		}
	}
	return _cmocka_run_group_tests("fp8", tests, n, NULL, NULL);
}
