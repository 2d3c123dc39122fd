/* p256x8_ladder.c -- multiples of any points in eight lanes, for the check of signatures of many
 * signers.  Everything is public.
 *
 * Additions are not complete: the end tells whether a lane is right (p256x8_jac.c).
 */
#include <string.h>

#include "p256x8.h"

enum { W = 4, WINDOWS = 256 / W, ENTRIES = 1 << (W - 1) };

/* (2i + 1)*C: the x, and the y of what each digit stands for, which is 2*digit - 15. */
typedef struct {
	fe8 x[ENTRIES], y[2 * ENTRIES];
} odd_multiples;

/* The map of p256_point.c: on a curve where 2C = (x, y) is affine, additions of it are mixed ones.
 * 0: no inverse, which no C on the curve makes so. */
static int odd_multiples_of(odd_multiples *t, const p256x8_point *c)
{
	static const uint64_t nothing[P256X8_LIMBS];
	jac8 twice, chain[ENTRIES];
	p256x8_point mapped;
	fe8 prefix[ENTRIES], run, zi, zz, zero;

	fe8_set(&zero, nothing);
	fe8_set(&run, fe8_one);
	chain[0] = (jac8){c->x, c->y, run};
	jac8_dbl(&twice, &chain[0]);
	mapped = (p256x8_point){twice.x, twice.y};
	fe8_sqr(&zz, &twice.z);
	fe8_mul(&chain[0].x, &c->x, &zz);
	fe8_mul(&zz, &zz, &twice.z);
	fe8_mul(&chain[0].y, &c->y, &zz);
	for (size_t i = 1; i < ENTRIES; i++)
		jac8_add(&chain[i], &chain[i - 1], &mapped);
	for (size_t i = 0; i < ENTRIES; i++) {
		fe8_mul(&chain[i].z, &chain[i].z, &twice.z);
		prefix[i] = run;
		fe8_mul(&run, &run, &chain[i].z);
	}
	if (!fe8_inv(&run, &run))
		return 0;
	for (size_t i = ENTRIES; i-- > 0;) {
		fe8_mul(&zi, &run, &prefix[i]);
		fe8_mul(&run, &run, &chain[i].z);
		fe8_sqr(&zz, &zi);
		fe8_mul(&t->x[i], &chain[i].x, &zz);
		fe8_mul(&zz, &zz, &zi);
		fe8_mul(&t->y[ENTRIES + i], &chain[i].y, &zz);
		fe8_sub(&t->y[ENTRIES - 1 - i], &zero, &t->y[ENTRIES + i]);
	}
	return 1;
}

/* Window i of the lanes' u. */
static void entry_of(p256x8_point *r, const odd_multiples *t, const uint64_t u[P256X8_LANES][4], size_t i)
{
	for (size_t l = 0; l < P256X8_LANES; l++) {
		size_t d = u[l][i / 16] >> W * (i % 16) & (2 * ENTRIES - 1);
		const fe8 *x = &t->x[d < ENTRIES ? ENTRIES - 1 - d : d - ENTRIES], *y = &t->y[d];

		for (size_t j = 0; j < P256X8_LIMBS; j++) {
			r->x.v[j][l] = x->v[j][l];
			r->y.v[j][l] = y->v[j][l];
		}
	}
}

/* r = [k]C lane by lane.  Digits as in p256_table.c, over C instead of its half: so of k/2. */
static int times_var(jac8 *r, const uint64_t k[P256X8_LANES][4], const p256x8_point *c)
{
	static const uint64_t half[4] = { /* 1/2 mod n */
		0x79dce5617e3192a9, 0xde737d56d38bcf42, 0x7fffffffffffffff, 0x7fffffff80000000,
	};
	uint64_t u[P256X8_LANES][4];
	odd_multiples t;
	p256x8_point entry;

	if (!odd_multiples_of(&t, c))
		return 0;
	for (size_t l = 0; l < P256X8_LANES; l++) {
		p256_mul_n(u[l], k[l], half);
		p256_wide_recode(u[l], u[l]);
	}
	entry_of(&entry, &t, (const uint64_t (*)[4])u, WINDOWS - 1);
	*r = (jac8){.x = entry.x, .y = entry.y};
	fe8_set(&r->z, fe8_one);
	for (size_t i = WINDOWS - 1; i-- > 0;) {
		for (int j = 0; j < W; j++)
			jac8_dbl(r, r);
		entry_of(&entry, &t, (const uint64_t (*)[4])u, i);
		jac8_add(r, r, &entry);
	}
	return 1;
}

/* The verdicts of one vector: ab the sum over the two bases, the others as in p256x8.h. */
static void check_vector_var(int8_t verdict[P256X8_LANES], const uint64_t x[P256X8_LANES][4],
		const uint64_t u3[P256X8_LANES][4], const p256x8_point *ab,
		const uint64_t c[P256X8_LANES][8])
{
	static const uint8_t as_it_is[P256X8_LANES] = {255, 255, 255, 255, 255, 255, 255, 255};
	uint64_t z[P256X8_LANES][4], differ[P256X8_LANES][4];
	p256x8_point point;
	jac8 j;
	fe8 r;

	memset(verdict, -1, P256X8_LANES);
	p256x8_k->lines(point.x.v, point.y.v, c, as_it_is);
	if (!times_var(&j, u3, &point))
		return;
	jac8_add(&j, &j, ab);
	fe8_to_limbs(z, &j.z);
	fe8_from_limbs(&r, x);
	fe8_sqr(&j.z, &j.z);
	fe8_mul_sub(&r, &r, &j.z, &j.x); /* r*z^2 - x */
	fe8_to_limbs(differ, &r);
	for (size_t l = 0; l < P256X8_LANES; l++)
		verdict[l] = p256_is_zero(z[l]) ? -1 : p256_is_zero(differ[l]) ? 1 : 0;
}

void p256x8_check_three_var(int8_t *verdict, const uint64_t (*x)[4], const uint64_t (*u1)[4],
		const uint64_t (*u2)[4], const uint64_t (*u3)[4], const p256_wide *t,
		const p256_point *c, size_t n, p256x8_space *w)
{
	int done = p256x8_points_of_two_var(u1, u2, t, n, w);

	memset(verdict, -1, n);
	for (size_t at = 0; done && at < n; at += P256X8_LANES) {
		size_t some = n - at < P256X8_LANES ? n - at : P256X8_LANES;
		uint64_t xs[P256X8_LANES][4], k[P256X8_LANES][4];
		_Alignas(64) uint64_t lines[P256X8_LANES][8];
		int8_t found[P256X8_LANES];

		for (size_t l = 0; l < P256X8_LANES; l++) { /* idle lanes do the last one's work */
			size_t i = at + (l < some ? l : some - 1);

			memcpy(xs[l], x[i], sizeof xs[l]);
			memcpy(k[l], u3[i], sizeof k[l]);
			memcpy(lines[l], &c[i], sizeof lines[l]);
		}
		check_vector_var(found, (const uint64_t (*)[4])xs, (const uint64_t (*)[4])k,
				&w->pts[at / P256X8_LANES][0], (const uint64_t (*)[8])lines);
		memcpy(verdict + at, found, some);
	}
}
