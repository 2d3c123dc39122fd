/* p256_inv.c -- inverses modulo p and n in constant time, by divsteps (Bernstein and Yang, 2019).
 *
 * f = modulus and g = a are moved towards f = +-1, g = 0 by steps that look at the lowest bits
 * only; d and e follow so that d*a = f and e*a = g modulo m all the way.  For a modulus below
 * 2^256, 590 steps from delta = 1/2 are enough; ten rounds of 60 are 600.  More steps change delta
 * alone, for g is then 0.
 *
 * Numbers here are five limbs of 60 bits: the lower four in 0 .. 2^60 - 1, the top one signed.
 */
#include <string.h>

#include "p256.h"
#include "secret.h"

__extension__ typedef __int128 i128;

enum { ROUNDS = 10 };
#define LOW60 0x0fffffffffffffff

typedef struct {
	int64_t v[5];
} s60;

/* 2^20 or 2^60 times the effect of so many steps: (f, g) becomes (u*f + v*g, q*f + r*g)/2^60.
 * |u| + |v| <= 2^60 and |q| + |r| <= 2^60. */
typedef struct {
	int64_t u, v, q, r;
} matrix;

typedef struct {
	s60 m;         /* the modulus */
	uint64_t m_inv; /* 1/m mod 2^60 */
} modulus;

static void s60_from_limbs(s60 *r, const uint64_t a[4])
{
	r->v[0] = (int64_t)(a[0] & LOW60);
	r->v[1] = (int64_t)((a[0] >> 60 | a[1] << 4) & LOW60);
	r->v[2] = (int64_t)((a[1] >> 56 | a[2] << 8) & LOW60);
	r->v[3] = (int64_t)((a[2] >> 52 | a[3] << 12) & LOW60);
	r->v[4] = (int64_t)(a[3] >> 48);
}

/* a is in 0 .. 2^256 - 1. */
static void s60_to_limbs(uint64_t r[4], const s60 *a)
{
	uint64_t v[5];

	memcpy(v, a->v, sizeof v);
	r[0] = v[0] | v[1] << 60;
	r[1] = v[1] >> 4 | v[2] << 56;
	r[2] = v[2] >> 8 | v[3] << 52;
	r[3] = v[3] >> 12 | v[4] << 48;
}

/* The coefficients that a word of twenty_steps has: of f, of g. */
static void unpack(int64_t *u, int64_t *v, uint64_t word)
{
	word += (uint64_t)1 << 20;
	*u = -((int64_t)(word << 22) >> 43);
	*v = -((int64_t)(word + ((uint64_t)1 << 41)) >> 42);
}

/* 20 steps on the lowest 20 bits.  A step, for odd f:
 *   delta > 0 and g odd:  delta = 1 - delta, f = g, g = (g - f)/2
 *   else:                 delta = 1 + delta, g = (g + (g mod 2)*f)/2
 * delta - 1/2 is an integer; zeta = -(delta + 1/2), so delta > 0 is zeta < 0.
 *
 * One word goes through a step with all that belongs to f, or to g: its lowest 20 bits less 2^21 times
 * its u and 2^42 times its v, which begin as 2^20 and 0, or 0 and 2^20, so that halves are whole.  What
 * stands for f or g stays between -2^20 and 2^20, and a coefficient above -2^20 and at most 2^20. */
static int64_t twenty_steps(matrix *t, int64_t zeta, uint64_t f, uint64_t g)
{
	f = (f & 0xfffff) - ((uint64_t)1 << 41);
	g = (g & 0xfffff) - ((uint64_t)1 << 62);
	for (int i = 0; i < 20; i++) {
		uint64_t positive = ct_barrier((uint64_t)(zeta >> 63)); /* delta > 0 */
		uint64_t odd = ct_barrier(0 - (g & 1));

		uint64_t both = positive & odd;
		/* g +- f where g is odd: minus where delta > 0; f = the old g where both hold */
		uint64_t sum = g + (((f ^ positive) - positive) & odd);

		f = ct_select(both, g, f);
		/* -(3/2 - delta) = -zeta - 2 where both hold, else -(delta + 3/2) = zeta - 1 */
		zeta = (int64_t)((uint64_t)zeta ^ both) - 1;
		g = (uint64_t)((int64_t)sum >> 1);
	}
	unpack(&t->u, &t->v, f);
	unpack(&t->q, &t->r, g);
	return zeta;
}

/* r = a after b. */
static void after(matrix *r, const matrix *a, const matrix *b)
{
	*r = (matrix){a->u * b->u + a->v * b->q, a->u * b->v + a->v * b->r,
		a->q * b->u + a->r * b->q, a->q * b->v + a->r * b->r};
}

/* 60 steps on the low 64 bits, of which 44 are left after the first 20, and 24 after 40. */
static int64_t steps(matrix *t, int64_t zeta, uint64_t f, uint64_t g)
{
	struct {
		matrix part, before;
		uint64_t f;
	} w;

	zeta = twenty_steps(t, zeta, f, g);
	w.part = *t;
	for (int i = 1; i < 3; i++) {
		w.f = ((uint64_t)w.part.u * f + (uint64_t)w.part.v * g) >> 20;
		g = ((uint64_t)w.part.q * f + (uint64_t)w.part.r * g) >> 20;
		f = w.f;
		w.before = *t;
		zeta = twenty_steps(&w.part, zeta, f, g);
		after(t, &w.part, &w.before);
	}
	return zeta;
}

/* (f, g) = t*(f, g)/2^60, exactly.  |f|, |g| <= m all the way, so every sum fits. */
static void move_fg(s60 *f, s60 *g, const matrix *t)
{
	i128 cf = 0, cg = 0;

	for (int i = 0; i < 5; i++) {
		int64_t fi = f->v[i], gi = g->v[i];

		cf += (i128)t->u * fi + (i128)t->v * gi;
		cg += (i128)t->q * fi + (i128)t->r * gi;
		if (i) {
			f->v[i - 1] = (int64_t)cf & LOW60;
			g->v[i - 1] = (int64_t)cg & LOW60;
		}
		cf >>= 60;
		cg >>= 60;
	}
	f->v[4] = (int64_t)cf;
	g->v[4] = (int64_t)cg;
}

/* r = (a*d + b*e)/2^60 mod m, where d, e and the result are in -2m < . < m and |a| + |b| <= 2^60:
 * with m added to what is negative, the sum is within +-2^60*m; then k*m, 0 <= k < 2^60, is taken
 * away, which makes it divisible. */
static void move_one(s60 *r, int64_t a, int64_t b, const s60 *d, const s60 *e, const modulus *mod)
{
	int64_t add = (a & (d->v[4] >> 63)) + (b & (e->v[4] >> 63));
	i128 c = (i128)a * d->v[0] + (i128)b * e->v[0];
	uint64_t k = ((uint64_t)c * mod->m_inv + (uint64_t)add) & LOW60;
	int64_t times = add - (int64_t)k; /* above -2^61: |add| <= 2^60 */

	/* a limb's products are below 2^120 and 2^121: no sum overflows */
	c += (i128)times * mod->m.v[0];
	for (int i = 1; i < 5; i++) {
		c >>= 60;
		c += (i128)a * d->v[i] + (i128)b * e->v[i] + (i128)times * mod->m.v[i];
		r->v[i - 1] = (int64_t)c & LOW60;
	}
	r->v[4] = (int64_t)(c >> 60);
}

/* r += m & mask, then carries. */
static void add_masked(s60 *r, const s60 *m, int64_t mask)
{
	int64_t carry = 0;

	for (int i = 0; i < 5; i++) {
		int64_t t = r->v[i] + (m->v[i] & mask) + carry;

		carry = t >> 60;
		r->v[i] = i < 4 ? t & LOW60 : t;
	}
}

/* r = sign*d mod m, canonical: d in -2m < . < m; negative is all ones for the sign -1, else 0. */
static void canonical(s60 *d, int64_t negative, const s60 *m)
{
	int64_t carry = 0;

	add_masked(d, m, d->v[4] >> 63); /* -m < d < m */
	for (int i = 0; i < 5; i++) {
		int64_t t = (d->v[i] ^ negative) - negative + carry;

		carry = t >> 60;
		d->v[i] = i < 4 ? t & LOW60 : t;
	}
	add_masked(d, m, d->v[4] >> 63);
}

/* r = 1/a mod m for plain canonical a, 0 for a = 0. */
static void invert(uint64_t r[4], const uint64_t a[4], const modulus *mod)
{
	struct {
		s60 f, g, d, e, d2;
		matrix t;
		int64_t zeta;
	} w = {.f = mod->m, .e = {{1}}, .zeta = -1};

	s60_from_limbs(&w.g, a);
	for (int i = 0; i < ROUNDS; i++) {
		w.zeta = steps(&w.t, w.zeta, (uint64_t)w.f.v[0] | (uint64_t)w.f.v[1] << 60,
				(uint64_t)w.g.v[0] | (uint64_t)w.g.v[1] << 60);
		move_one(&w.d2, w.t.u, w.t.v, &w.d, &w.e, mod);
		move_one(&w.e, w.t.q, w.t.r, &w.d, &w.e, mod);
		w.d = w.d2;
		move_fg(&w.f, &w.g, &w.t);
	}
	canonical(&w.d, w.f.v[4] >> 63, &mod->m); /* f = +-1, or m for a = 0, where d = 0 */
	s60_to_limbs(r, &w.d);
	wipe(&w, sizeof w);
}

static const modulus mod_p = {
	{{0xfffffffffffffff, 0x000000fffffffff, 0x000000000000000,
	  0xffff00000001000, 0x00000000000ffff}},
	0xfffffffffffffff,
};
static const modulus mod_n = {
	{{0x3b9cac2fc632551, 0xe6faada7179e84f, 0xfffffffffffffbc,
	  0xffff00000000fff, 0x00000000000ffff}},
	0x32e375511ff43b1,
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
