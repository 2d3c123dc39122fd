/* edwards.c -- complete sums of points on E, through the birational map to its Edwards form. */
#include "edwards.h"

#include <string.h>

#include "secret.h"

/* (x, y) on E is (u, v) = s(x, y) on the Montgomery curve s v^2 = u^3 + u, s = (-3)^(-1/2), and
 * (k u/v, (u - 1)/(u + 1)) on the Edwards curve, with k^2 = -2/s. */
static fp s_const, s_inv, k_const, k_over_s;

typedef struct {
	fp x, y, z, t; /* (x/z, y/z), t = xy/z */
} extended;

typedef struct {
	fp diff, sum, twice; /* y - x, y + x, 2xy */
} entry;

/* r = the square root of a public a; false where there is none. */
static int sqrt_of(fp *r, const fp *a)
{
	fp t;

	fp_sqrt_var(r, a);
	fp_sqr(&t, r);
	return fp_equal(&t, a) != 0;
}

void edwards_init(void)
{
	fp minus3, t;

	fp_dbl(&t, &fp_one);
	fp_add(&t, &t, &fp_one);
	fp_neg(&minus3, &t);
	sqrt_of(&s_inv, &minus3); /* -3 is a square modulo this p */
	for (int tries = 0; tries < 2; tries++) {
		fp_dbl(&t, &s_inv);
		fp_neg(&t, &t); /* -2/s */
		if (sqrt_of(&k_const, &t))
			break;
		fp_neg(&s_inv, &s_inv); /* the other root of -3: one of both fits, for -1 is no square */
	}
	fp_inv_var(&s_const, &s_inv);
	fp_mul(&k_over_s, &k_const, &s_inv);
}

/* acc += e, with a = -1 and d = 1.  7M. */
static void add_entry(extended *acc, const entry *e)
{
	fp a, b, c, d, f, g, h;

	fp_sub(&a, &acc->y, &acc->x);
	fp_mul(&a, &a, &e->diff);
	fp_add(&b, &acc->y, &acc->x);
	fp_mul(&b, &b, &e->sum);
	fp_mul(&c, &acc->t, &e->twice);
	fp_dbl(&d, &acc->z);
	fp_sub(&f, &d, &c);
	fp_add(&g, &d, &c);
	fp_add(&h, &b, &a);
	fp_sub(&b, &b, &a);
	fp_mul(&acc->x, &b, &f);
	fp_mul(&acc->y, &g, &h);
	fp_mul(&acc->z, &f, &g);
	fp_mul(&acc->t, &b, &h);
}

/* The entry of a point, given inv = 1/(y(u + 1)). */
static void to_entry(entry *e, const ec_point *a, const fp *inv)
{
	fp u, u1, x, y, t;

	fp_mul(&u, &a->x, &s_const);
	fp_add(&u1, &u, &fp_one);
	fp_mul(&t, &u1, inv); /* 1/y */
	fp_mul(&x, &a->x, &t);
	fp_mul(&x, &x, &k_const); /* k u/v: the s of both cancels */
	fp_mul(&t, &a->y, inv); /* 1/(u + 1) */
	fp_sub(&y, &u, &fp_one);
	fp_mul(&y, &y, &t);
	fp_sub(&e->diff, &y, &x);
	fp_add(&e->sum, &y, &x);
	fp_mul(&e->twice, &x, &y);
	fp_dbl(&e->twice, &e->twice);
}

/* y(u + 1), not 0 for a point of odd order: y = 0 has order 2, u = -1 order 4. */
static void denominator(fp *d, const ec_point *a)
{
	fp_mul(d, &a->x, &s_const);
	fp_add(d, d, &fp_one);
	fp_mul(d, d, &a->y);
}

/* Back to E: u = (1 + y)/(1 - y), v = k u/x. */
static km_err from_extended(ec_point *r, const extended *a, const km_random *rnd)
{
	struct {
		fp d, w, zy;
	} v;
	uint64_t zero;
	km_err err;

	fp_sub(&v.d, &a->z, &a->y);
	fp_mul(&v.d, &v.d, &a->x); /* 0 for the neutral element alone, which has x = 0 */
	err = ec_blinded_inv(&v.w, &zero, &v.d, rnd);
	fp_add(&v.zy, &a->z, &a->y);
	fp_mul(&v.zy, &v.zy, &v.w);
	fp_mul(&r->x, &v.zy, &a->x);
	fp_mul(&r->x, &r->x, &s_inv);
	fp_mul(&r->y, &v.zy, &a->z);
	fp_mul(&r->y, &r->y, &k_over_s);
	if (err == KM_OK && zero)
		err = KM_EDEGENERATE;
	if (err != KM_OK)
		wipe(r, sizeof *r);
	wipe(&v, sizeof v);
	return err;
}

km_err edwards_sum(ec_point *r, ec_point *points, fp *prefix, size_t n, const km_random *rnd)
{
	struct {
		fp run, inv, d, t;
		extended acc;
		entry e;
	} w;
	uint64_t zero;
	km_err err;

	w.run = fp_one;
	for (size_t i = 0; i < n; i++) {
		prefix[i] = w.run;
		denominator(&w.d, &points[i]);
		fp_mul(&w.run, &w.run, &w.d);
	}
	memset(r, 0, sizeof *r);
	err = ec_blinded_inv(&w.inv, &zero, &w.run, rnd);
	if (err != KM_OK)
		goto out;
	w.acc = (extended){fp_zero, fp_one, fp_one, fp_zero};
	for (size_t i = n; i-- > 0;) {
		fp_mul(&w.t, &w.inv, &prefix[i]);
		denominator(&w.d, &points[i]);
		fp_mul(&w.inv, &w.inv, &w.d);
		to_entry(&w.e, &points[i], &w.t);
		add_entry(&w.acc, &w.e);
	}
	err = from_extended(r, &w.acc, rnd);
out:
	wipe(&w, sizeof w);
	return err;
}
