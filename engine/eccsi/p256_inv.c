/* p256_inv.c -- inverses modulo p and n in constant time, by divsteps (Bernstein and Yang, 2019).
 *
 * f = modulus and g = a are moved towards f = +-1, g = 0 by steps that look at the lowest bits
 * only; d and e follow so that d*a = f and e*a = g modulo m all the way, but for a power of 2.  A step is
 *
 *   delta > 0 and g odd:  delta = 1 - delta, f = g, g = (g - f)/2
 *   else:                 delta = 1 + delta, g = (g + (g mod 2)*f)/2
 *
 * From delta = 1/2 and for 0 <= g <= f < 2^b, (45907b + 26313)/19929 steps make g = 0: Wuille's bound by convex
 * hulls (github.com/sipa/safegcd-bounds), with Bernstein and Yang's argument of section 11 for what is small.  That
 * is 591 for b = 256; ten rounds of 60 are 600.  More steps change delta alone, for g is then 0.  A step does to
 * -f and -g what it does to f and g, so both may change their signs at any time.
 *
 * Numbers here are five limbs of 60 bits: the lower four in 0 .. 2^60 - 1, the top one signed.
 */
#include <string.h>

#include "p256.h"
#include "secret.h"

__extension__ typedef __int128 i128;

enum { ROUNDS = 10, GROWING = 5, LIMBS = 5 };
#define LOW60 0x0fffffffffffffff
#define OWN __attribute__((noinline)) /* a frame of its own, for it uses every register */

typedef struct {
	int64_t v[LIMBS];
} s60;

typedef p256_matrix matrix; /* of 20 steps too: times 2^20 */

typedef struct {
	s60 m;
	uint64_t minus_inv; /* -1/m mod 2^60 */
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
	uint64_t v[LIMBS];

	memcpy(v, a->v, sizeof v);
	r[0] = v[0] | v[1] << 60;
	r[1] = v[1] >> 4 | v[2] << 56;
	r[2] = v[2] >> 8 | v[3] << 52;
	r[3] = v[3] >> 12 | v[4] << 48;
}

/* ---- steps ------------------------------------------------------------------------------- */

static inline uint64_t half(uint64_t word)
{
	return (uint64_t)((int64_t)word >> 1);
}

/* One step, for f = 2F + 1, of which -f = 2*~F + 1.  g changes its sign with every step, so that its half is taken
 * away from what is added: minus is 0 where *g is g and becomes -g, all ones where it is -g and becomes g.
 * delta - 1/2 is an integer; zeta = -(delta + 1/2), so delta > 0 is zeta < 0. */
static inline void step(uint64_t *F, uint64_t *g, uint64_t *zeta, uint64_t minus)
{
	uint64_t positive = ct_barrier(0 - (*zeta >> 63)), odd = ct_barrier(0 - (*g & 1));
	uint64_t both = positive & odd, h = half(*g);

	/* (g + f)/2 = F + 1 + (g - 1)/2 and (g - f)/2 = -F + (g - 1)/2, g being odd; or their opposites */
	*g = ((*F ^ positive ^ ~minus) & odd) - h;
	*F = ct_select(both, h ^ minus, *F);
	/* -(3/2 - delta) = -zeta - 2 where both hold, else -(delta + 3/2) = zeta - 1 */
	*zeta = (*zeta ^ both) - 1;
}

/* The coefficients of f and of g, as a word of twenty_steps has them, of which this is half; or their opposites. */
static inline void unpack(int64_t *u, int64_t *v, uint64_t word)
{
	word += (uint64_t)1 << 19;
	*u = (int64_t)(word << 23) >> 43;
	*v = (int64_t)(word + ((uint64_t)1 << 40)) >> 41;
}

/* 20 steps on the lowest 20 bits.  One word goes through a step with all that belongs to f, or to g: its lowest 20
 * bits less 2^21 times its u and 2^42 times its v, which begin as 2^20 and 0, or 0 and 2^20, so that halves are
 * whole.  What stands for f or g stays between -2^20 and 2^20, and a coefficient above -2^20 and at most 2^20.
 * The matrix is the opposite of the steps'. */
static inline uint64_t twenty_steps(matrix *t, uint64_t zeta, uint64_t f, uint64_t g)
{
	uint64_t F = (f >> 1 & 0x7ffff) - ((uint64_t)1 << 40);

	g = (g & 0xfffff) - ((uint64_t)1 << 62);
#pragma GCC unroll 10
	for (int i = 0; i < 10; i++) {
		step(&F, &g, &zeta, 0);
		step(&F, &g, &zeta, ~(uint64_t)0);
	}
	unpack(&t->u, &t->v, F);
	unpack(&t->q, &t->r, half(g));
	return zeta;
}

/* r = a after b. */
static inline void after(matrix *r, const matrix *a, const matrix *b)
{
	*r = (matrix){a->u * b->u + a->v * b->q, a->u * b->v + a->v * b->r,
		a->q * b->u + a->r * b->q, a->q * b->v + a->r * b->r};
}

/* The low bits of f and g after the steps of t, 20 bits fewer, but for the signs. */
static inline void move_low(uint64_t *f, uint64_t *g, const matrix *t)
{
	uint64_t was = *f;

	*f = ((uint64_t)t->u * was + (uint64_t)t->v * *g) >> 20;
	*g = ((uint64_t)t->q * was + (uint64_t)t->r * *g) >> 20;
}

/* 60 steps on the low 64 bits, of which 44 are left after the first 20, and 24 after 40. */
uint64_t p256_steps_c(p256_matrix *t, uint64_t zeta, uint64_t f, uint64_t g)
{
	matrix part[3], two;

	zeta = twenty_steps(&part[0], zeta, f, g);
	move_low(&f, &g, &part[0]);
	zeta = twenty_steps(&part[1], zeta, f, g);
	move_low(&f, &g, &part[1]);
	zeta = twenty_steps(&part[2], zeta, f, g);
	after(&two, &part[1], &part[0]);
	after(t, &part[2], &two);
	return zeta;
}

/* ---- what they do to whole numbers --------------------------------------------------------- */

/* (f, g) = t*(f, g)/2^60, exactly.  |f|, |g| <= m all the way, so every sum fits. */
static OWN void move_fg(s60 *f, s60 *g, const matrix *t)
{
	i128 cf = 0, cg = 0;

#pragma GCC unroll 5
	for (int i = 0; i < LIMBS; i++) {
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

/* (d, e) = t*(d, e): 60 bits longer.  After five of these it is at most 2^300, and the top limb 2^60. */
static OWN void grow_de(s60 *d, s60 *e, const matrix *t)
{
	i128 cd = 0, ce = 0;

#pragma GCC unroll 5
	for (int i = 0; i < LIMBS; i++) {
		int64_t di = d->v[i], ei = e->v[i];

		cd += (i128)t->u * di + (i128)t->v * ei;
		ce += (i128)t->q * di + (i128)t->r * ei;
		d->v[i] = i < LIMBS - 1 ? (int64_t)cd & LOW60 : (int64_t)cd;
		e->v[i] = i < LIMBS - 1 ? (int64_t)ce & LOW60 : (int64_t)ce;
		cd >>= 60;
		ce >>= 60;
	}
}

/* r = (a*d + b*e + k*m)/2^60 with the 0 <= k < 2^60 for which that is whole: where |a| + |b| <= 2^60, between
 * -max(|d|, |e|) and m more than that.  For at most 2^301 a limb's products are below 2^122: no sum overflows. */
static inline void move_one(s60 *r, int64_t a, int64_t b, const s60 *d, const s60 *e, const modulus *mod)
{
	i128 c = (i128)a * d->v[0] + (i128)b * e->v[0];
	int64_t k = (int64_t)((uint64_t)c * mod->minus_inv & LOW60);

	c += (i128)k * mod->m.v[0];
#pragma GCC unroll 4
	for (int i = 1; i < LIMBS; i++) {
		c >>= 60;
		c += (i128)a * d->v[i] + (i128)b * e->v[i] + (i128)k * mod->m.v[i];
		r->v[i - 1] = (int64_t)c & LOW60;
	}
	r->v[4] = (int64_t)(c >> 60);
}

static OWN void move_de(s60 *d, s60 *e, const matrix *t, const modulus *mod)
{
	const s60 was = *d;

	move_one(d, t->u, t->v, &was, e, mod);
	move_one(e, t->q, t->r, &was, e, mod);
}

/* r = sign*d/2^60 mod m, canonical, for |d| <= 2^301; negative is all ones for the sign -1, else 0. */
static void canonical(uint64_t r[4], const s60 *d, int64_t negative, const modulus *mod)
{
	s60 t;
	int64_t carry = 0, below;

	move_one(&t, negative | 1, 0, d, d, mod); /* between -2^241 and m + 2^241 */
	below = (int64_t)ct_barrier((uint64_t)(t.v[4] >> 63));
	for (int i = 0; i < LIMBS; i++) {
		t.v[i] += (mod->m.v[i] & below) + carry;
		carry = t.v[i] >> 60;
		t.v[i] &= i < 4 ? LOW60 : -1;
	}
	s60_to_limbs(r, &t);
	wipe(&t, sizeof t);
}

/* r = 2^240/a mod m for plain canonical a, 0 for a = 0; below 2^256, not yet m. */
static void invert(uint64_t r[4], const uint64_t a[4], const modulus *mod)
{
	struct {
		s60 f, g, d, e;
		matrix t;
		uint64_t zeta;
	} w = {.f = mod->m, .e = {{1}}, .zeta = ~(uint64_t)0};

	s60_from_limbs(&w.g, a);
	for (int i = 0; i < ROUNDS; i++) {
		w.zeta = p256_k->steps(&w.t, w.zeta, (uint64_t)w.f.v[0] | (uint64_t)w.f.v[1] << 60,
				(uint64_t)w.g.v[0] | (uint64_t)w.g.v[1] << 60);
		if (i < GROWING)
			grow_de(&w.d, &w.e, &w.t);
		else
			move_de(&w.d, &w.e, &w.t, mod);
		move_fg(&w.f, &w.g, &w.t);
	}
	canonical(r, &w.d, w.f.v[4] >> 63, mod); /* f = +-1, or +-m for a = 0, where d = 0 */
	wipe(&w, sizeof w);
}

static const modulus mod_p = {
	{{0xfffffffffffffff, 0x000000fffffffff, 0x000000000000000,
	  0xffff00000001000, 0x00000000000ffff}},
	0x000000000000001,
};
static const modulus mod_n = {
	{{0x3b9cac2fc632551, 0xe6faada7179e84f, 0xfffffffffffffbc,
	  0xffff00000000fff, 0x00000000000ffff}},
	0xcd1c8aaee00bc4f,
};
static const uint64_t power_p[4] = { /* 2^528 mod p */
	0x0000000000030000, 0xfffbffffffff0000, 0xfffffffffffeffff, 0x0004fffffffdffff,
};
static const uint64_t power_n[4] = { /* 2^528 mod n */
	0x0f80d88a9a9fedcf, 0x6ab8c68a2abb372e, 0xb2392b6bec596190, 0x2d955aba561fc164,
};

void p256_inv_p(p256_fe *r, const p256_fe *a)
{
	uint64_t t[4];

	invert(t, a->v, &mod_p);
	p256_reduce(t, t, p256_p);
	p256_k->mul(r->v, t, power_p); /* 2^240/(a*2^256) * 2^528/2^256 */
	wipe(t, sizeof t);
}

void p256_inv_n(uint64_t r[4], const uint64_t a[4])
{
	uint64_t t[4];

	invert(t, a, &mod_n);
	p256_k->mul_n(r, t, power_n);
	wipe(t, sizeof t);
}
