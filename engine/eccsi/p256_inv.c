/* p256_inv.c -- inverses modulo p and n in constant time, by divsteps (Bernstein and Yang, 2019).
 *
 * f = modulus and g = a are moved towards f = +-1, g = 0 by steps that look at the lowest bits
 * only; d and e follow so that d*a = f and e*a = g modulo m all the way.  For a modulus below
 * 2^256, 590 steps from delta = 1/2 are enough; ten rounds of 62 are 620.  More steps change delta
 * alone, for g is then 0.
 *
 * Numbers here are five limbs of 62 bits: the lower four in 0 .. 2^62 - 1, the top one signed.
 */
#include <string.h>

#include "p256.h"
#include "secret.h"

__extension__ typedef __int128 i128;

enum { ROUNDS = 10 };
#define LOW62 0x3fffffffffffffff

typedef struct {
	int64_t v[5];
} s62;

/* 2^62 times the effect of 62 steps: (f, g) becomes (u*f + v*g, q*f + r*g)/2^62.
 * |u| + |v| <= 2^62 and |q| + |r| <= 2^62. */
typedef struct {
	int64_t u, v, q, r;
} matrix;

typedef struct {
	s62 m;         /* the modulus */
	uint64_t m_inv; /* 1/m mod 2^62 */
} modulus;

static void s62_from_limbs(s62 *r, const uint64_t a[4])
{
	r->v[0] = (int64_t)(a[0] & LOW62);
	r->v[1] = (int64_t)((a[0] >> 62 | a[1] << 2) & LOW62);
	r->v[2] = (int64_t)((a[1] >> 60 | a[2] << 4) & LOW62);
	r->v[3] = (int64_t)((a[2] >> 58 | a[3] << 6) & LOW62);
	r->v[4] = (int64_t)(a[3] >> 56);
}

/* a is in 0 .. 2^256 - 1. */
static void s62_to_limbs(uint64_t r[4], const s62 *a)
{
	uint64_t v[5];

	memcpy(v, a->v, sizeof v);
	r[0] = v[0] | v[1] << 62;
	r[1] = v[1] >> 2 | v[2] << 60;
	r[2] = v[2] >> 4 | v[3] << 58;
	r[3] = v[3] >> 6 | v[4] << 56;
}

/* 62 steps on the low limbs.  A step, for odd f:
 *   delta > 0 and g odd:  delta = 1 - delta, f = g, g = (g - f)/2
 *   else:                 delta = 1 + delta, g = (g + (g mod 2)*f)/2
 * delta - 1/2 is an integer; zeta = -(delta + 1/2), so delta > 0 is zeta < 0.
 * f, u and v double instead of g, q and r halving, which is the factor 2^62. */
static int64_t steps(matrix *t, int64_t zeta, uint64_t f, uint64_t g)
{
	uint64_t u = 1, v = 0, q = 0, r = 1;

	for (int i = 0; i < 62; i++) {
		uint64_t positive = ct_barrier((uint64_t)(zeta >> 63)); /* delta > 0 */
		uint64_t odd = ct_barrier(0 - (g & 1));

		/* g +- f where g is odd: minus where delta > 0 */
		g += ((f ^ positive) - positive) & odd;
		q += ((u ^ positive) - positive) & odd;
		r += ((v ^ positive) - positive) & odd;
		/* f = old g = (g - f) + f where both hold */
		positive &= odd;
		f += g & positive;
		u += q & positive;
		v += r & positive;
		/* -(3/2 - delta) = -zeta - 2 where both hold, else -(delta + 3/2) = zeta - 1 */
		zeta = (int64_t)((uint64_t)zeta ^ positive) - 1;
		g >>= 1;
		u <<= 1;
		v <<= 1;
	}
	*t = (matrix){(int64_t)u, (int64_t)v, (int64_t)q, (int64_t)r};
	return zeta;
}

/* (f, g) = t*(f, g)/2^62, exactly.  |f|, |g| <= m all the way, so every sum fits. */
static void move_fg(s62 *f, s62 *g, const matrix *t)
{
	i128 cf = 0, cg = 0;

	for (int i = 0; i < 5; i++) {
		int64_t fi = f->v[i], gi = g->v[i];

		cf += (i128)t->u * fi + (i128)t->v * gi;
		cg += (i128)t->q * fi + (i128)t->r * gi;
		if (i) {
			f->v[i - 1] = (int64_t)cf & LOW62;
			g->v[i - 1] = (int64_t)cg & LOW62;
		}
		cf >>= 62;
		cg >>= 62;
	}
	f->v[4] = (int64_t)cf;
	g->v[4] = (int64_t)cg;
}

/* r = (a*d + b*e)/2^62 mod m, where d, e and the result are in -2m < . < m and |a| + |b| <= 2^62:
 * with m added to what is negative, the sum is within +-2^62*m; then k*m, 0 <= k < 2^62, is taken
 * away, which makes it divisible. */
static void move_one(s62 *r, int64_t a, int64_t b, const s62 *d, const s62 *e, const modulus *mod)
{
	int64_t add = (a & (d->v[4] >> 63)) + (b & (e->v[4] >> 63));
	i128 c = (i128)a * d->v[0] + (i128)b * e->v[0];
	uint64_t k = ((uint64_t)c * mod->m_inv + (uint64_t)add) & LOW62;
	int64_t times = add - (int64_t)k; /* above -2^63: |add| <= 2^62 */

	/* a limb's products are below 2^124 and 2^125: no sum overflows */
	c += (i128)times * mod->m.v[0];
	for (int i = 1; i < 5; i++) {
		c >>= 62;
		c += (i128)a * d->v[i] + (i128)b * e->v[i] + (i128)times * mod->m.v[i];
		r->v[i - 1] = (int64_t)c & LOW62;
	}
	r->v[4] = (int64_t)(c >> 62);
}

/* r += m & mask, then carries. */
static void add_masked(s62 *r, const s62 *m, int64_t mask)
{
	int64_t carry = 0;

	for (int i = 0; i < 5; i++) {
		int64_t t = r->v[i] + (m->v[i] & mask) + carry;

		carry = t >> 62;
		r->v[i] = i < 4 ? t & LOW62 : t;
	}
}

/* r = sign*d mod m, canonical: d in -2m < . < m; negative is all ones for the sign -1, else 0. */
static void canonical(s62 *d, int64_t negative, const s62 *m)
{
	int64_t carry = 0;

	add_masked(d, m, d->v[4] >> 63); /* -m < d < m */
	for (int i = 0; i < 5; i++) {
		int64_t t = (d->v[i] ^ negative) - negative + carry;

		carry = t >> 62;
		d->v[i] = i < 4 ? t & LOW62 : t;
	}
	add_masked(d, m, d->v[4] >> 63);
}

/* r = 1/a mod m for plain canonical a, 0 for a = 0. */
static void invert(uint64_t r[4], const uint64_t a[4], const modulus *mod)
{
	struct {
		s62 f, g, d, e, d2;
		matrix t;
		int64_t zeta;
	} w = {.f = mod->m, .e = {{1}}, .zeta = -1};

	s62_from_limbs(&w.g, a);
	for (int i = 0; i < ROUNDS; i++) {
		w.zeta = steps(&w.t, w.zeta, (uint64_t)w.f.v[0] | (uint64_t)w.f.v[1] << 62,
				(uint64_t)w.g.v[0] | (uint64_t)w.g.v[1] << 62);
		move_one(&w.d2, w.t.u, w.t.v, &w.d, &w.e, mod);
		move_one(&w.e, w.t.q, w.t.r, &w.d, &w.e, mod);
		w.d = w.d2;
		move_fg(&w.f, &w.g, &w.t);
	}
	canonical(&w.d, w.f.v[4] >> 63, &mod->m); /* f = +-1, or m for a = 0, where d = 0 */
	s62_to_limbs(r, &w.d);
	wipe(&w, sizeof w);
}

static const modulus mod_p = {
	{{0x3fffffffffffffff, 0x3ffffffff, 0x0,
	  0x3fffffc000000040, 0xff}},
	0x3fffffffffffffff,
};
static const modulus mod_n = {
	{{0x33b9cac2fc632551, 0x339beab69c5e7a13, 0x3ffffffffffffffb,
	  0x3fffffc00000003f, 0xff}},
	0x332e375511ff43b1,
};
static const uint64_t cube_p[4] = { /* 2^768 mod p */
	0xfffffffd0000000a, 0xffffffedfffffff7, 0x00000005fffffffc, 0x0000001800000001,
};
static const uint64_t cube_n[4] = { /* 2^768 mod n */
	0xac8ebec90b65a624, 0x111f28ae0c0555c9, 0x2543b9246ba5e93f, 0x503a54e76407be65,
};

void p256_inv_p(p256_fe *r, const p256_fe *a)
{
	uint64_t t[4];

	invert(t, a->v, &mod_p);
	p256_k->mul(r->v, t, cube_p); /* 1/(a*R) * R^3 / R */
	wipe(t, sizeof t);
}

void p256_inv_n(uint64_t r[4], const uint64_t a[4])
{
	uint64_t t[4];

	invert(t, a, &mod_n);
	p256_k->mul_n(r, t, cube_n);
	wipe(t, sizeof t);
}
