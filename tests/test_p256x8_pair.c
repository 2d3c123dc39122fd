/* test_p256x8_pair.c -- two points of P-256 side by side, and signatures checked by halves of a scalar: every row of
 * lanes against p256, at its bounds. */
#include <string.h>

#include "engine/bytes.h"
#include "engine/cpu.h"
#include "engine/eccsi/eccsi.h"
#include "tests/util_p256.h"
#include "twins/twins.h"

#define MASK (((uint64_t)1 << 52) - 1)

static uint64_t seed = 128;

/* ---- numbers ----------------------------------------------------------------------------- */

/* Sums and products of elements, for formulas that stand as they are written. */
static p256_fe plus(p256_fe a, p256_fe b)
{
	fe_add(&a, &a, &b);
	return a;
}

static p256_fe minus(p256_fe a, p256_fe b)
{
	fe_sub(&a, &a, &b);
	return a;
}

static p256_fe times(p256_fe a, p256_fe b)
{
	fe_mul(&a, &a, &b);
	return a;
}

static p256_fe twice(p256_fe a)
{
	return plus(a, a);
}

static void draw_scalar(uint64_t k[4], unsigned bits)
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned left = bits > 64 * i ? bits - 64 * i : 0;

		k[i] = left ? draw(&seed) >> (left < 64 ? 64 - left : 0) : 0;
	}
}

static void draw_fe(p256_fe *r)
{
	uint64_t k[4];

	draw_scalar(k, 255);
	fe_from_limbs(r, k);
}

static void draw_point(p256_point *r)
{
	uint64_t k[4];
	p256_jac j;

	draw_scalar(k, 255);
	p256_times_var(&j, k, &p256_g);
	p256_affine(r, &j);
}

/* What is in the lanes of the two rows of a pair, of each point. */
enum { X, Y, Z, W, ZZ, ZZZ, Z4, NONE, NUMBERS };
static const unsigned most[NUMBERS] = {6, 7, 2, 2, 2, 2, 2, 2}; /* times p */
static const uint64_t limbs_of_p[P256X8_LIMBS] = {
	0xfffffffffffff, 0x00fffffffffff, 0x0000000000000, 0x0001000000000, 0x0ffffffff0000,
};

static uint64_t *limb_of(p256x8_pair *a, size_t c, size_t i, size_t j)
{
	return &(i < 4 ? &a->point : &a->powers)->v[j][4 * c + i % 4];
}

/* Each number random and below its bound, or the bound, or 0. */
static void draw_pair(p256x8_pair *r)
{
	for (size_t c = 0; c < 2; c++)
		for (size_t i = 0; i < NUMBERS; i++) {
			uint64_t kind = draw(&seed) % 8, carry = 0;

			for (size_t j = 0; j < P256X8_LIMBS; j++) {
				uint64_t bound = limbs_of_p[j] * most[i] + carry;

				carry = bound >> 52;
				*limb_of(r, c, i, j) = kind == 0 ? 0 : bound & MASK;
			}
			if (kind > 1)
				for (size_t j = 0; j < P256X8_LIMBS; j++) {
					uint64_t *limb = limb_of(r, c, i, j);

					*limb = j < P256X8_LIMBS - 1 ? draw(&seed) & MASK : draw(&seed) % *limb;
				}
		}
}

static void numbers_of(p256_fe r[2][NUMBERS], p256x8_pair *a)
{
	for (size_t part = 0; part < 2; part++) {
		uint64_t plain[P256X8_LANES][4];

		fe8_to_limbs(plain, part ? &a->powers : &a->point);
		for (size_t l = 0; l < P256X8_LANES; l++)
			fe_from_limbs(&r[l / 4][4 * part + l % 4], plain[l]);
	}
}

/* Limbs are below 2^52, and numbers below what most says. */
static void assert_bounds(p256x8_pair *a, size_t numbers)
{
	for (size_t c = 0; c < 2; c++)
		for (size_t i = 0; i < numbers; i++) {
			uint64_t top = *limb_of(a, c, i, P256X8_LIMBS - 1);

			for (size_t j = 0; j < P256X8_LIMBS; j++)
				assert_true(*limb_of(a, c, i, j) <= MASK);
			assert_true(top < most[i] * limbs_of_p[P256X8_LIMBS - 1]);
		}
}

static void assert_same(const p256_fe *got, const p256_fe *want)
{
	for (size_t i = 0; i < NUMBERS; i++)
		assert_memory_equal(&got[i], &want[i], sizeof got[i]);
}

static void powers_of(p256_fe v[NUMBERS])
{
	v[ZZ] = times(v[Z], v[Z]);
	v[ZZZ] = times(v[ZZ], v[Z]);
	v[Z4] = times(v[ZZ], v[ZZ]);
	memset(&v[NONE], 0, sizeof v[NONE]);
}

/* ---- one step ---------------------------------------------------------------------------- */

static void want_double(p256_fe v[NUMBERS])
{
	p256_fe m = plus(plus(twice(times(v[X], v[X])), times(v[X], v[X])), v[W]);
	p256_fe yy = times(v[Y], v[Y]), s = times(v[X], yy), q = times(yy, yy);

	v[Z] = times(v[Y], v[Z]);
	v[X] = minus(times(m, m), twice(s));
	v[Y] = minus(twice(times(m, minus(s, v[X]))), q);
	v[W] = times(q, v[W]);
	powers_of(v);
}

static void pairs_double(void **state)
{
	p256x8_pair_scratch w;
	p256_fe want[2][NUMBERS], got[2][NUMBERS];
	p256x8_pair a;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		draw_pair(&a);
		numbers_of(want, &a);
		p256x8_k->pair_dbl(a.point.v, w.v[0].v, 1 + i % 3);
		assert_bounds(&a, NUMBERS);
		numbers_of(got, &a);
		for (size_t c = 0; c < 2; c++) {
			for (size_t j = 0; j <= i % 3; j++)
				want_double(want[c]);
			assert_same(got[c], want[c]);
		}
	}
}

static void want_sum(p256_fe a[NUMBERS], const p256_fe b[NUMBERS], int opposite, int whole)
{
	p256_fe u = times(a[X], b[ZZ]), s = times(a[Y], b[ZZZ]), y2 = times(b[Y], a[ZZZ]);
	p256_fe h = minus(times(b[X], a[ZZ]), u), r = minus(opposite ? minus(s, plus(s, y2)) : y2, s);
	p256_fe i = times(twice(h), twice(h)), g = times(h, i), v = times(u, i);

	a[X] = minus(minus(times(r, r), g), twice(v));
	a[Y] = twice(minus(times(r, minus(v, a[X])), times(s, g)));
	a[Z] = times(times(a[Z], b[Z]), twice(h));
	a[W] = times(times(a[W], b[Z4]), times(i, i));
	if (whole)
		powers_of(a);
}

static void pairs_are_added(void **state)
{
	p256x8_pair_scratch w;
	p256_fe want[2][NUMBERS], got[2][NUMBERS], other[2][2][NUMBERS];
	p256x8_pair a, b, c;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		size_t minus = (i & 1) << 2 | (i & 2) << 5, whole = i & 4;

		draw_pair(&a);
		draw_pair(&b);
		draw_pair(&c);
		numbers_of(want, &a);
		numbers_of(other[0], &b);
		numbers_of(other[1], &c);
		p256x8_k->pair_add(a.point.v, w.v[0].v, (const uint64_t (*)[8])b.point.v,
				(const uint64_t (*)[8])c.point.v, minus, whole);
		assert_bounds(&a, whole ? NUMBERS : ZZ);
		numbers_of(got, &a);
		for (size_t j = 0; j < 2; j++) {
			want_sum(want[j], other[j][j], (i >> j & 1) != 0, whole != 0);
			assert_same(got[j], want[j]);
		}
	}
}

/* ---- multiples --------------------------------------------------------------------------- */

/* r = (z^2 x, z^3 y) and the a of its curve. */
static void draw_image(p256_curve_point *r, p256_fe *zz, const p256_point *of)
{
	p256_fe z, three = plus(twice(p256_one), p256_one);

	draw_fe(&z);
	*zz = times(z, z);
	r->point.x = times(*zz, of->x);
	r->point.y = times(times(*zz, z), of->y);
	r->a = minus(minus(three, three), times(three, times(*zz, *zz)));
}

static void multiples_side_by_side(void **state)
{
	static const unsigned bits[] = {1, 4, 5, 64, 127, 128, 129, 132, 133, 255};
	enum { N = sizeof bits / sizeof *bits };

	(void)state;
	for (size_t i = 0; i < N * N; i++) {
		p256_curve_point from[2];
		p256_point of[2];
		p256_fe zz[2];
		uint64_t k[2][4];
		p256_jac r[2], want;

		draw_scalar(k[0], bits[i % N]);
		draw_scalar(k[1], bits[i / N]);
		for (size_t c = 0; c < 2; c++) {
			k[c][0] |= 1;
			draw_point(&of[c]);
			draw_image(&from[c], &zz[c], &of[c]);
		}
		p256x8_two_times_var(r, (const uint64_t (*)[4])k, from);
		for (size_t c = 0; c < 2; c++) {
			p256_times_var(&want, k[c], &of[c]);
			p256_affine(&of[c], &want);
			assert_false(p256_is_zero(r[c].z.v));
			p256_affine(&of[c], &r[c]);
			p256_affine(&from[c].point, &want);
			from[c].point.x = times(from[c].point.x, zz[c]);
			assert_memory_equal(&of[c].x, &from[c].point.x, sizeof of[c].x);
		}
	}
}

/* Infinity, and with it the other's right. */
static void an_infinity_beside_a_multiple(void **state)
{
	p256_fe three = plus(twice(p256_one), p256_one), a = minus(minus(three, three), three);
	const p256_curve_point from[2] = {{p256_g, a}, {p256_g, a}};
	uint64_t k[2][4] = {{0}, {5}};
	p256_jac r[2], five;

	(void)state;
	memcpy(k[0], p256_n, sizeof k[0]);
	p256x8_two_times_var(r, (const uint64_t (*)[4])k, from);
	assert_true(p256_is_zero(r[0].z.v) != 0);
	p256_times_var(&five, k[1], &p256_g);
	assert_int_equal(p256_same_var(&r[1], &five), 1);
}

/* ---- signatures -------------------------------------------------------------------------- */

static p256_wide *kpak;
static p256_point kpak_point;

/* The x of J as a signature has it. */
static int r_of(uint8_t sig[KM_SIG_BYTES], const eccsi_three *u, const p256_point *pvt)
{
	p256_jac j, more;
	p256_point sum;
	uint64_t x[4];

	eccsi_of_two_var(&j, u->g, u->kpak, kpak);
	p256_times_var(&more, u->pvt, pvt);
	p256_jac_add_var(&j, &j, &more);
	p256_affine(&sum, &j);
	fe_to_limbs(x, &sum.x);
	memset(sig, 0, KM_SIG_BYTES);
	limbs_to_be(sig, x, 4);
	return !p256_is_zero(j.z.v);
}

/* What is said of J's x, and of others, half of which are of no point; or nothing, where that may be. */
static void assert_told(const eccsi_three *u, const p256_point *pvt, int may_be_silent)
{
	uint8_t sig[KM_SIG_BYTES];
	int told;

	assert_true(r_of(sig, u, pvt));
	told = eccsi_by_halves_var(sig, u, pvt, kpak);
	assert_true(told == 1 || (may_be_silent && told == -1));
	for (unsigned i = 0; i < 4; i++) {
		sig[31] ^= (uint8_t)(1 << i);
		told = eccsi_by_halves_var(sig, u, pvt, kpak);
		assert_true(told == 0 || (may_be_silent && told == -1));
	}
}

static void signatures_by_halves(void **state)
{
	static const unsigned bits[] = {1, 2, 64, 126, 127, 128, 129, 130, 192, 255};
	enum { N = sizeof bits / sizeof *bits };

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		eccsi_three u;
		p256_point pvt;

		draw_point(&pvt);
		draw_scalar(u.g, 255);
		draw_scalar(u.kpak, 255);
		draw_scalar(u.pvt, bits[i % N]);
		if (p256_is_zero(u.pvt))
			u.pvt[0] = 1;
		if (i % 3 == 1)
			p256_sub_mod(u.pvt, p256_n, u.pvt, p256_n);
		if (i % 7 == 1)
			memset(u.g, 0, sizeof u.g);
		if (i % 7 == 2)
			memset(u.kpak, 0, sizeof u.kpak);
		assert_told(&u, &pvt, bits[i % N] < 64);
	}
}

static void halves_that_cannot_tell(void **state)
{
	const eccsi_three none = {{3}, {5}, {0}}, one = {{3}, {5}, {7}};
	uint8_t sig[KM_SIG_BYTES];

	(void)state;
	assert_true(r_of(sig, &none, &p256_g));
	assert_int_equal(eccsi_by_halves_var(sig, &none, &p256_g, kpak), -1);
	memset(sig, 0xff, 32); /* no number below p */
	assert_int_equal(eccsi_by_halves_var(sig, &one, &p256_g, kpak), -1);
}

int main(void)
{
	static const row_test on_rows[] = {
		{"pairs_double", pairs_double},
		{"pairs_are_added", pairs_are_added},
		{"multiples_side_by_side", multiples_side_by_side},
		{"an_infinity_beside_a_multiple", an_infinity_beside_a_multiple},
		{"signatures_by_halves", signatures_by_halves},
		{"halves_that_cannot_tell", halves_that_cannot_tell},
	};
	static p256_wide table;
	int failed;

	kpak = &table;
	p256_pick(cpu_levels());
	if (!p256_init())
		return 1;
	draw_point(&kpak_point);
	if (!p256_wide_make_var(&table, &kpak_point))
		return 1;
	failed = run_on_each_row8(on_rows, sizeof on_rows / sizeof on_rows[0], NULL, NULL);
	return failed;
}
