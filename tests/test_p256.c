/* test_p256.c -- P-256: every kernel row against GMP, points and tables against libcrypto. */
#include "tests/util_p256.h"

#include <gmp.h>
#include <stdio.h>
#include <string.h>

#include "engine/bytes.h"
#include "engine/cpu.h"
#include "engine/eccsi/p256.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

static mpz_t p, n, radix;
static uint64_t seed = 6507;

/* ---- numbers ----------------------------------------------------------------------------- */

/* Limbs of which a quarter are 0 and a quarter all ones, now and then next to 0 or to the modulus;
 * below the modulus m. */
static void draw_below(uint64_t r[4], const uint64_t m[4])
{
	uint64_t kind = draw(&seed);

	do {
		for (int i = 0; i < 4; i++) {
			uint64_t how = draw(&seed) & 3;

			r[i] = how == 0 ? 0 : how == 1 ? UINT64_MAX : draw(&seed);
		}
		if (kind % 8 == 0)
			memcpy(r, (uint64_t[4]){draw(&seed) & 3}, 32);
		if (kind % 8 == 1) {
			memcpy(r, m, 32);
			r[0] -= 1 + (draw(&seed) & 3);
		}
	} while (!p256_below(r, m));
}

static void to_mpz(mpz_t r, const uint64_t a[4])
{
	mpz_import(r, 4, -1, 8, 0, 0, a);
}

static void assert_limbs(const char *what, const uint64_t got[4], const mpz_t want)
{
	mpz_t g;

	mpz_init(g);
	to_mpz(g, got);
	if (mpz_cmp(g, want) != 0) {
		gmp_printf("%s, kernel %s: %Zx, not %Zx\n", what, p256_k->name, g, want);
		fail();
	}
	mpz_clear(g);
}

static void products_are_products(void **state)
{
	mpz_t a, b, want, r_inv[2];

	(void)state;
	mpz_inits(a, b, want, r_inv[0], r_inv[1], NULL);
	mpz_invert(r_inv[0], radix, p);
	mpz_invert(r_inv[1], radix, n);
	for (int i = 0; i < 20000; i++) {
		uint64_t x[4], y[4], r[4];

		draw_below(x, p256_p);
		draw_below(y, p256_p);
		to_mpz(a, x);
		to_mpz(b, y);
		mpz_mul(want, a, b);
		mpz_mul(want, want, r_inv[0]);
		mpz_mod(want, want, p);
		p256_k->mul(r, x, y);
		assert_limbs("mul", r, want);
		memcpy(r, y, sizeof r);
		p256_k->mul(r, x, r);
		assert_limbs("mul over its second operand", r, want);
		memcpy(r, x, sizeof r);
		p256_k->mul(r, r, y);
		assert_limbs("mul over its first operand", r, want);
		mpz_mul(want, a, a);
		mpz_mul(want, want, r_inv[0]);
		mpz_mod(want, want, p);
		p256_k->sqr(r, x);
		assert_limbs("sqr", r, want);
		p256_k->mul(r, x, x);
		assert_limbs("mul of equals", r, want);
		memcpy(r, x, sizeof r);
		p256_k->mul(r, r, r);
		assert_limbs("mul of equals in place", r, want);
		memcpy(r, x, sizeof r);
		p256_k->sqr(r, r);
		assert_limbs("sqr in place", r, want);

		draw_below(x, (uint64_t[4]){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX});
		draw_below(y, p256_n);
		to_mpz(a, x);
		to_mpz(b, y);
		mpz_mul(want, a, b);
		mpz_mul(want, want, r_inv[1]);
		mpz_mod(want, want, n);
		p256_k->mul_n(r, x, y);
		assert_limbs("mul_n", r, want);
		memcpy(r, y, sizeof r);
		p256_k->mul_n(r, x, r);
		assert_limbs("mul_n over its second operand", r, want);
		p256_k->mul_n(x, x, y);
		assert_limbs("mul_n in place", x, want);
	}
	mpz_clears(a, b, want, r_inv[0], r_inv[1], NULL);
}

static void sums_and_differences(void **state)
{
	const uint64_t *moduli[] = {p256_p, p256_n};
	mpz_t a, b, m, want;

	(void)state;
	mpz_inits(a, b, m, want, NULL);
	for (int i = 0; i < 20000; i++) {
		const uint64_t *modulus = moduli[i & 1];
		uint64_t x[4], y[4], r[4];

		draw_below(x, modulus);
		draw_below(y, modulus);
		to_mpz(a, x);
		to_mpz(b, y);
		to_mpz(m, modulus);
		mpz_add(want, a, b);
		mpz_mod(want, want, m);
		p256_add_mod(r, x, y, modulus);
		assert_limbs("add", r, want);
		if (modulus == p256_p) {
			p256_k->add(r, x, y);
			assert_limbs("add mod p", r, want);
			memcpy(r, y, sizeof r);
			p256_k->add(r, x, r);
			assert_limbs("add over its second operand", r, want);
			memcpy(r, x, sizeof r);
			p256_k->add(r, r, y);
			assert_limbs("add over its first operand", r, want);
		}
		mpz_sub(want, a, b);
		mpz_mod(want, want, m);
		p256_sub_mod(r, x, y, modulus);
		assert_limbs("sub", r, want);
		if (modulus == p256_p) {
			p256_k->sub(r, x, y);
			assert_limbs("sub mod p", r, want);
			memcpy(r, y, sizeof r);
			p256_k->sub(r, x, r);
			assert_limbs("sub over its second operand", r, want);
			memcpy(r, x, sizeof r);
			p256_k->sub(r, r, y);
			assert_limbs("sub over its first operand", r, want);
		}
		assert_int_equal(p256_is_zero(r) != 0, mpz_sgn(want) == 0);
		if (modulus == p256_p) {
			memcpy(r, x, sizeof r);
			p256_k->sub(r, r, r);
			assert_true(p256_is_zero(r) != 0);
			mpz_add(want, a, a);
			mpz_mod(want, want, m);
			p256_k->add(x, x, x);
			assert_limbs("add of equals in place", x, want);
		}
		draw_below(x, (uint64_t[4]){UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX});
		to_mpz(a, x);
		mpz_mod(want, a, m);
		assert_int_equal(p256_below(x, modulus) != 0, mpz_cmp(a, m) < 0);
		p256_reduce(r, x, modulus);
		assert_limbs("reduce", r, want);
	}
	mpz_clears(a, b, m, want, NULL);
}

/* x is below p, or below n. */
static void assert_inverse(const p256_fe *x, int mod_n)
{
	mpz_t a, want;
	p256_fe r, same = *x;

	mpz_inits(a, want, NULL);
	to_mpz(a, x->v);
	if (mpz_sgn(a) != 0)
		mpz_invert(want, a, mod_n ? n : p);
	mpz_mul(want, want, radix); /* of a*R in Montgomery form: R^2/(a*R) */
	mpz_mul(want, want, radix);
	mpz_mod(want, want, mod_n ? n : p);
	if (mod_n) {
		p256_inv_n(r.v, x->v);
		p256_inv_n(same.v, same.v);
	} else {
		p256_inv_p(&r, x);
		p256_inv_p(&same, &same);
	}
	assert_limbs(mod_n ? "inverse mod n" : "inverse mod p", r.v, want);
	assert_limbs("inverse in place", same.v, want);
	mpz_clears(a, want, NULL);
}

__extension__ typedef __int128 i128;

/* 60 steps one by one, as p256_inv.c defines them, for numbers below 2^62 in absolute value. */
static void steps_one_by_one(p256_matrix *t, int64_t *zeta, int64_t f, int64_t g)
{
	i128 F = f, G = g, u = 1, v = 0, q = 0, r = 1, was;

	for (int i = 0; i < 60; i++) {
		const int odd = G & 1, change = odd && *zeta < 0;

		*zeta = change ? -*zeta - 2 : *zeta - 1;
		was = F, F = change ? G : F, G = (change ? G - was : odd ? G + was : G) / 2;
		was = u, u = change ? q : u, q = change ? q - was : odd ? q + was : q;
		was = v, v = change ? r : v, r = change ? r - was : odd ? r + was : r;
		u *= 2;
		v *= 2;
	}
	*t = (p256_matrix){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
}

/* The matrix, or its opposite, and zeta from any zeta that there is. */
static void steps_are_steps(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t f = (int64_t)draw(&seed) >> (2 + draw(&seed) % 60) | 1;
		int64_t g = (int64_t)draw(&seed) >> (2 + draw(&seed) % 60), zeta = (int64_t)(draw(&seed) % 1201) - 600;
		int64_t want_zeta = i % 3 ? zeta / 100 : zeta;
		p256_matrix t, want;
		uint64_t got = p256_k->steps(&t, (uint64_t)want_zeta, (uint64_t)f, (uint64_t)g);

		steps_one_by_one(&want, &want_zeta, f, g);
		assert_true(got == (uint64_t)want_zeta);
		if (t.u != want.u || t.v != want.v)
			t = (p256_matrix){-t.u, -t.v, -t.q, -t.r};
		assert_memory_equal(&t, &want, sizeof t);
	}
}

/* Drawn ones, and 2^i, 2^i - 1, their opposites and 1/2^i, of which the last take long or few steps. */
static void inverses_are_inverses(void **state)
{
	static const uint64_t zero[4];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		p256_fe x;

		draw_below(x.v, i & 1 ? p256_n : p256_p);
		assert_inverse(&x, i & 1);
	}
	for (int i = 0; i < 2 * 256; i++) {
		const uint64_t *m = i & 1 ? p256_n : p256_p;
		p256_fe x = {{0}}, less;

		x.v[i / 128] = (uint64_t)1 << i / 2 % 64;
		assert_inverse(&x, i & 1);
		p256_sub_mod(less.v, x.v, (uint64_t[4]){1}, m);
		assert_inverse(&less, i & 1);
		p256_sub_mod(less.v, zero, less.v, m);
		assert_inverse(&less, i & 1);
		p256_sub_mod(less.v, zero, x.v, m);
		assert_inverse(&less, i & 1);
		if (i & 1)
			p256_inv_n(x.v, x.v);
		else
			p256_inv_p(&x, &x);
		assert_inverse(&x, i & 1);
	}
}

/* ---- rows -------------------------------------------------------------------------------- */

static const p256_kernel *honest;

static void wrong_mul(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	honest->mul(r, a, b);
	r[0] ^= 1;
}

static void wrong_sqr(uint64_t r[4], const uint64_t a[4])
{
	honest->sqr(r, a);
	r[1] ^= 2;
}

static void wrong_add(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	honest->add(r, a, b);
	r[2] ^= 4;
}

static void wrong_sub(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	honest->sub(r, a, b);
	r[3] ^= 8;
}

static void wrong_mul_n(uint64_t r[4], const uint64_t a[4], const uint64_t b[4])
{
	honest->mul_n(r, a, b);
	r[3] ^= (uint64_t)1 << 63;
}

static void wrong_dbl(uint64_t r[12], const uint64_t a[12])
{
	honest->dbl(r, a);
	r[11] ^= 1;
}

static void wrong_mixed(uint64_t r[12], const uint64_t a[12], const uint64_t b[8])
{
	honest->mixed(r, a, b);
	r[4] ^= 1;
}

static uint64_t wrong_steps(p256_matrix *t, uint64_t zeta, uint64_t f, uint64_t g)
{
	zeta = honest->steps(t, zeta, f, g);
	t->r ^= 1;
	return zeta;
}

/* Each kernel that is wrong in one bit. */
static void a_wrong_row_is_not_proved(void **state)
{
	p256_kernel wrong[8];

	(void)state;
	honest = p256_k;
	for (size_t i = 0; i < 8; i++)
		wrong[i] = *honest;
	wrong[0].mul = wrong_mul;
	wrong[1].sqr = wrong_sqr;
	wrong[2].add = wrong_add;
	wrong[3].sub = wrong_sub;
	wrong[4].mul_n = wrong_mul_n;
	wrong[5].dbl = wrong_dbl;
	wrong[6].mixed = wrong_mixed;
	wrong[7].steps = wrong_steps;
	for (size_t i = 0; i < 8; i++) {
		p256_k = &wrong[i];
		assert_false(p256_proved());
	}
	p256_k = honest;
	assert_true(p256_proved());
}

/* ---- points ------------------------------------------------------------------------------ */

static EC_GROUP *group;

/* [k]G + [l]a by libcrypto; a may be NULL. */
static void times_want(uint8_t out[65], const uint64_t k[4], const uint64_t l[4],
		const uint8_t a[65])
{
	uint8_t octets[32];
	EC_POINT *point = EC_POINT_new(group), *base = EC_POINT_new(group);
	BIGNUM *bk, *bl;

	limbs_to_be(octets, k, 4);
	bk = BN_bin2bn(octets, 32, NULL);
	limbs_to_be(octets, l ? l : k, 4);
	bl = BN_bin2bn(octets, 32, NULL);
	if (a)
		assert_int_equal(EC_POINT_oct2point(group, base, a, 65, NULL), 1);
	assert_int_equal(EC_POINT_mul(group, point, bk, a ? base : NULL, a ? bl : NULL, NULL), 1);
	memset(out, 0, 65);
	if (EC_POINT_is_at_infinity(group, point))
		out[0] = 4; /* as p256_to_octets has it */
	else
		assert_int_equal(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED,
				out, 65, NULL), 65);
	BN_free(bk);
	BN_free(bl);
	EC_POINT_free(point);
	EC_POINT_free(base);
}

static void assert_point(const p256_point *got, const uint8_t want[65])
{
	uint8_t octets[65];

	p256_to_octets(octets, got);
	assert_memory_equal(octets, want, 65);
}

/* Any scalar, and first those next to 0 and to n. */
static void draw_scalar(uint64_t k[4], int i)
{
	draw_below(k, p256_n);
	if (i < 8)
		memcpy(k, (uint64_t[4]){(uint64_t)i}, 32);
	else if (i < 16)
		p256_sub_mod(k, (uint64_t[4]){0}, (uint64_t[4]){(uint64_t)i - 7}, p256_n);
}

static void assert_jac(const p256_jac *got, const uint8_t want[65])
{
	p256_point r;

	p256_affine(&r, got);
	assert_point(&r, want);
}

static void multiples_of_the_generator(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		p256_jac sum;
		p256_point r, pts[P256_WIDE_WINDOWS];
		p256_fe scratch[P256_WIDE_WINDOWS / 2];
		uint64_t k[4];
		uint8_t want[65];

		draw_scalar(k, i);
		times_want(want, k, NULL, NULL);
		p256_times_g(&r, k);
		assert_point(&r, want);
		p256_lookup_var(pts, k, p256_wide_g);
		p256_total_var(&sum, pts, P256_WIDE_WINDOWS);
		assert_jac(&sum, want);
		p256_chain(&sum, pts, P256_WIDE_WINDOWS);
		assert_jac(&sum, want); /* k = 0: infinity, which has z = 0 too */
		p256_sum(pts, 1, P256_WIDE_WINDOWS, scratch);
		assert_point(&pts[0], want);
		p256_times_var(&sum, k, &p256_g);
		assert_jac(&sum, want);
	}
}

/* k = 2L where L is the sum of the lower windows of the last addition of a tree, or of a chain, and the
 * upper ones are congruent to it: L = -n mod 2^(bits of the lower ones), and its negative. */
static void the_last_addition_may_be_a_doubling(void **state)
{
	static const struct {
		unsigned lower, all;
		int wide;
		int chain;
	} trees[] = {{32 * P256_W, P256_WINDOWS * P256_W, 0, 0}, {16 * P256_WIDE_W, 256, 1, 0},
		{(P256_WINDOWS - 1) * P256_W, P256_WINDOWS * P256_W, 0, 1}};
	mpz_t low, high, k, two, u;
	int met = 0;

	(void)state;
	mpz_inits(low, high, k, two, u, NULL);
	for (int t = 0; t < 3; t++)
		for (int m = -31, negative = 0; m <= 31; m += 2 * negative, negative ^= 1) {
			p256_jac sum;
			p256_point r, pts[P256_WIDE_WINDOWS];
			p256_fe scratch[P256_WIDE_WINDOWS / 2];
			uint64_t limbs[4] = {0};
			uint8_t want[65];

			/* over B/2: upper = lower + m*n, a multiple of 2^(lower bits) */
			mpz_ui_pow_ui(two, 2, trees[t].lower);
			mpz_mul_si(low, n, -m);
			mpz_fdiv_r(low, low, two);
			if (negative)
				mpz_sub(low, low, two);
			mpz_mul_si(high, n, m);
			mpz_add(high, high, low);
			if (!mpz_tstbit(high, trees[t].lower))
				continue; /* upper windows make odd multiples */
			mpz_add(k, high, low); /* the sum of the windows */
			mpz_ui_pow_ui(u, 2, trees[t].all);
			mpz_sub_ui(u, u, 1);
			mpz_add(u, u, k);
			mpz_fdiv_q_2exp(u, u, 1);
			if (mpz_sgn(u) < 0 || mpz_cmp(u, n) >= 0)
				continue; /* no U has these windows */
			met |= 1 << t;
			mpz_set(k, low); /* [2*low](B/2) */
			mpz_mod(k, k, n);
			mpz_export(limbs, NULL, -1, 8, 0, 0, k);
			times_want(want, limbs, NULL, NULL);
			if (trees[t].chain) {
				p256_point narrow[P256_WINDOWS];

				p256_lookup_g(narrow, limbs);
				p256_chain(&sum, narrow, P256_WINDOWS);
				assert_true(p256_is_zero(sum.z.v) != 0);
			}
			if (trees[t].wide) {
				p256_lookup_var(pts, limbs, p256_wide_g);
				p256_sum(pts, 1, P256_WIDE_WINDOWS, scratch);
				r = pts[0];
			} else {
				p256_times_g(&r, limbs);
			}
			assert_point(&r, want);
		}
	assert_int_equal(met, 7);
	mpz_clears(low, high, k, two, u, NULL);
}

static void multiples_of_any_point(void **state)
{
	static p256_wide table;

	(void)state;
	for (int i = 0; i < 20; i++) {
		p256_point a, pts[P256_WIDE_WINDOWS];
		p256_jac sum, more;
		p256_fe scratch[P256_WIDE_WINDOWS / 2];
		uint64_t k[4], l[4];
		uint8_t base[65], want[65];

		do
			draw_below(k, p256_n);
		while (p256_is_zero(k));
		p256_times_g(&a, k);
		p256_to_octets(base, &a);
		draw_scalar(l, i);
		times_want(want, (uint64_t[4]){0}, l, base);
		p256_times_var(&sum, l, &a);
		assert_jac(&sum, want);
		times_want(want, k, l, base);
		p256_lookup_var(pts, k, p256_wide_g);
		p256_total_var(&more, pts, P256_WIDE_WINDOWS);
		p256_jac_add_var(&sum, &sum, &more);
		assert_jac(&sum, want);
		times_want(want, (uint64_t[4]){0}, l, base);
		if (i % 10 == 0)
			assert_int_equal(p256_wide_make_var(&table, &a), 1);
		if (i % 10 == 0) {
			p256_lookup_var(pts, l, &table);
			p256_sum(pts, 1, P256_WIDE_WINDOWS, scratch);
			assert_point(&pts[0], want);
		}
	}
}

/* Rows of two points: equal, opposite, infinity on either side or both, and ordinary ones. */
static void the_last_addition_is_complete(void **state)
{
	p256_point pts[6][2], a, b, minus = {0}, infinity = {0};
	p256_fe scratch[6];
	uint8_t twice[65], both[65];

	(void)state;
	p256_times_g(&a, (uint64_t[4]){5});
	p256_times_g(&b, (uint64_t[4]){7});
	minus.x = a.x;
	fe_sub(&minus.y, &infinity.y, &a.y);
	times_want(twice, (uint64_t[4]){10}, NULL, NULL);
	times_want(both, (uint64_t[4]){12}, NULL, NULL);
	memcpy(pts, (p256_point[6][2]){{a, a}, {a, minus}, {infinity, a}, {a, infinity},
			{infinity, infinity}, {a, b}}, sizeof pts);
	p256_sum(pts[0], 6, 2, scratch);
	assert_point(&pts[0][0], twice);
	assert_memory_equal(&pts[1][0], &infinity, sizeof infinity);
	assert_memory_equal(&pts[2][0], &a, sizeof a);
	assert_memory_equal(&pts[3][0], &a, sizeof a);
	assert_memory_equal(&pts[4][0], &infinity, sizeof infinity);
	assert_point(&pts[5][0], both);
}

/* [5]G and [7]G with any z: their sum, twice one of them, opposites, infinity on either side. */
static void jacobian_sums_are_complete(void **state)
{
	uint8_t five[65], ten[65], twelve[65], none[65];
	p256_jac a = {0}, b = {0}, same, minus, r;
	uint64_t x[4];
	p256_point p5;

	(void)state;
	times_want(five, (uint64_t[4]){5}, NULL, NULL);
	times_want(ten, (uint64_t[4]){10}, NULL, NULL);
	times_want(twelve, (uint64_t[4]){12}, NULL, NULL);
	times_want(none, (uint64_t[4]){0}, NULL, NULL);
	p256_times_var(&a, (uint64_t[4]){5}, &p256_g);
	p256_times_var(&b, (uint64_t[4]){7}, &p256_g);
	p256_affine(&p5, &a);
	same = (p256_jac){p5.x, p5.y, p256_one};
	minus = same;
	fe_sub(&minus.y, &(const p256_fe){{0}}, &same.y);
	p256_jac_add_var(&r, &a, &b);
	assert_jac(&r, twelve);
	p256_jac_add_var(&r, &same, &b);
	assert_jac(&r, twelve);
	p256_jac_add_var(&r, &a, &same);
	assert_jac(&r, ten);
	p256_jac_add_var(&r, &minus, &a);
	assert_jac(&r, none);
	fe_to_limbs(x, &p5.x);
	assert_int_equal(p256_is_x_var(&r, x), 0);
	assert_int_equal(p256_is_x_var(&r, (uint64_t[4]){0}), 0);
	p256_jac_add_var(&r, &r, &a);
	assert_jac(&r, five);
	p256_jac_add_var(&r, &a, &(const p256_jac){0});
	assert_jac(&r, five);
	assert_int_equal(p256_is_x_var(&a, x), 1);
	assert_int_equal(p256_is_x_var(&minus, x), 1);
	assert_int_equal(p256_is_x_var(&b, x), 0);
}

/* [2k]G, with any z, in place too, and as every row has it; twice infinity. */
static void twice_a_point_is_twice_it(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		p256_jac a, r, other;
		p256_fe zz;
		uint64_t k[4];
		uint8_t want[65];

		draw_below(k, p256_n);
		p256_times_var(&a, k, &p256_g);
		draw_below(zz.v, p256_p);
		if (i % 10 == 0 || p256_is_zero(zz.v)) {
			a.z = (p256_fe){{0}};
			memset(k, 0, sizeof k);
		} else {
			fe_mul(&a.z, &a.z, &zz);
			fe_mul(&a.y, &a.y, &zz);
			fe_sqr(&zz, &zz);
			fe_mul(&a.x, &a.x, &zz);
			fe_mul(&a.y, &a.y, &zz);
		}
		p256_add_mod(k, k, k, p256_n);
		times_want(want, k, NULL, NULL);
		p256_jac_dbl(&r, &a);
		assert_jac(&r, want);
		for (size_t row = 0; p256_kernels[row]; row++) {
			if (p256_kernels[row]->needs & ~cpu_levels())
				continue;
			p256_kernels[row]->dbl((uint64_t *)&other, (const uint64_t *)&a);
			assert_memory_equal(&other, &r, sizeof r);
		}
		p256_jac_dbl(&a, &a);
		assert_memory_equal(&a, &r, sizeof r);
	}
}

/* The kernels' incomplete sum: in place too, as every row has it; of equal and opposite points and of
 * infinity, z = 0. */
static void mixed_sums_tell_what_they_cannot_do(void **state)
{
	(void)state;
	for (int i = 0; i < 60; i++) {
		p256_jac a, r, other;
		p256_point b;
		uint64_t k[4], l[4];
		uint8_t want[65];

		do {
			draw_below(k, p256_n);
			draw_below(l, p256_n);
		} while (p256_is_zero(k) || p256_is_zero(l));
		if (i % 4 == 1)
			memcpy(l, k, sizeof l);
		if (i % 4 == 2)
			p256_sub_mod(l, (uint64_t[4]){0}, k, p256_n);
		p256_times_var(&a, k, &p256_g);
		p256_times_g(&b, l);
		if (i % 4 == 3)
			a = (p256_jac){0};
		memset(&r, 0x55, sizeof r);
		p256_k->mixed((uint64_t *)&r, (const uint64_t *)&a, (const uint64_t *)&b);
		for (size_t row = 0; p256_kernels[row]; row++) {
			if (p256_kernels[row]->needs & ~cpu_levels())
				continue;
			other = a;
			p256_kernels[row]->mixed((uint64_t *)&other, (const uint64_t *)&other,
					(const uint64_t *)&b);
			assert_memory_equal(&other, &r, sizeof r);
		}
		p256_jac_mixed_var(&other, &a, &b);
		if (i % 4 == 3)
			memset(k, 0, sizeof k);
		p256_add_mod(k, k, l, p256_n);
		times_want(want, k, NULL, NULL);
		assert_jac(&other, want);
		if (i % 4 == 0)
			assert_jac(&r, want);
		else
			assert_true(p256_is_zero(r.z.v) != 0);
	}
}

/* The x of a point + p, where that is below 2^256, is no x. */
static void an_x_is_reduced(void **state)
{
	uint64_t x[4], y[4], carry = 0;
	uint8_t octets[65] = {4};
	p256_point a;

	(void)state;
	from_hex(octets + 1, 64, "0000000000000000000000000000000000000000000000000000000000000005"
			"459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc");
	assert_int_equal(p256_from_octets_var(&a, octets, 65), KM_OK);
	limbs_from_be(x, octets + 1, 4);
	for (int i = 0; i < 4; i++) {
		y[i] = x[i] + p256_p[i] + carry;
		carry = y[i] < p256_p[i] || (carry && y[i] == p256_p[i]);
	}
	assert_int_equal(carry, 0);
	assert_int_equal(p256_is_x_var(&(p256_jac){a.x, a.y, p256_one}, x), 1);
	assert_int_equal(p256_is_x_var(&(p256_jac){a.x, a.y, p256_one}, y), 0);
}

static void octets_off_the_curve_are_refused(void **state)
{
	uint8_t octets[66];
	p256_point r;

	(void)state;
	memcpy(octets, p256_g_octets, 65);
	assert_int_equal(p256_from_octets_var(&r, octets, 65), KM_OK);
	assert_memory_equal(&r, &p256_g, sizeof r);
	assert_int_equal(p256_from_octets_var(&r, octets, 64), KM_EFORMAT);
	assert_int_equal(p256_from_octets_var(&r, octets, 66), KM_EFORMAT);
	octets[0] = 2;
	assert_int_equal(p256_from_octets_var(&r, octets, 65), KM_EFORMAT);
	octets[0] = 4;
	octets[64] ^= 1;
	assert_int_equal(p256_from_octets_var(&r, octets, 65), KM_ECURVE);
	/* x = p + 5 would be x = 5 if it were reduced, which is the x of a point */
	from_hex(octets + 1, 64,
			"ffffffff00000001000000000000000000000001000000000000000000000004"
			"459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc");
	assert_int_equal(p256_from_octets_var(&r, octets, 65), KM_EFORMAT);
	memset(octets + 1, 0, 32);
	octets[32] = 5;
	assert_int_equal(p256_from_octets_var(&r, octets, 65), KM_OK);
	memset(octets + 1, 0, 64);
	assert_int_equal(p256_from_octets_var(&r, octets, 65), KM_ECURVE);
}

/* One wrong bit of one entry is noticed. */
static void tables_of_g_are_proved(void **state)
{
	static p256_narrow narrow;
	static p256_wide wide;
	const p256_narrow *narrow_was = p256_narrow_g;
	const p256_wide *wide_was = p256_wide_g;

	(void)state;
	assert_true(p256_tables_proved());
	narrow = *narrow_was;
	wide = *wide_was;
	p256_narrow_g = &narrow;
	p256_wide_g = &wide;
	assert_true(p256_tables_proved());
	narrow.e[P256_WINDOWS_MADE - 1][3].y.v[2] ^= 1;
	assert_false(p256_tables_proved());
	narrow = *narrow_was;
	wide.e[0][127].x.v[0] ^= (uint64_t)1 << 63;
	assert_false(p256_tables_proved());
	p256_narrow_g = narrow_was;
	p256_wide_g = wide_was;
}

int main(void)
{
	static const row_test tests[] = {
		{"products_are_products", products_are_products},
		{"sums_and_differences", sums_and_differences},
		{"steps_are_steps", steps_are_steps},
		{"inverses_are_inverses", inverses_are_inverses},
		{"a_wrong_row_is_not_proved", a_wrong_row_is_not_proved},
		{"tables_of_g_are_proved", tables_of_g_are_proved},
		{"multiples_of_the_generator", multiples_of_the_generator},
		{"the_last_addition_may_be_a_doubling", the_last_addition_may_be_a_doubling},
		{"multiples_of_any_point", multiples_of_any_point},
		{"the_last_addition_is_complete", the_last_addition_is_complete},
		{"jacobian_sums_are_complete", jacobian_sums_are_complete},
		{"twice_a_point_is_twice_it", twice_a_point_is_twice_it},
		{"mixed_sums_tell_what_they_cannot_do", mixed_sums_tell_what_they_cannot_do},
		{"an_x_is_reduced", an_x_is_reduced},
		{"octets_off_the_curve_are_refused", octets_off_the_curve_are_refused},
	};
	int failed;

	mpz_inits(p, n, radix, NULL);
	mpz_ui_pow_ui(radix, 2, 256);
	to_mpz(p, p256_p);
	to_mpz(n, p256_n);
	group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	p256_pick(cpu_levels());
	if (!group || !p256_proved() || !p256_init())
		return 1;
	failed = run_on_each_row(tests, sizeof tests / sizeof tests[0], NULL, NULL);
	mpz_clears(p, n, radix, NULL);
	EC_GROUP_free(group);
	return failed;
}
