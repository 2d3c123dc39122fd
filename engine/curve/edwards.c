/* edwards.c -- complete sums of points on E, through the birational map to its Edwards form. */
#include "edwards.h"

#include <string.h>

#include "secret.h"

edwards_map ed_map;

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
	edwards_map *m = &ed_map;
	fp minus3, t;

	fp_dbl(&t, &fp_one);
	fp_add(&t, &t, &fp_one);
	fp_neg(&minus3, &t);
	sqrt_of(&m->s_inv, &minus3); /* -3 is a square modulo this p */
	for (int tries = 0; tries < 2; tries++) {
		fp_dbl(&t, &m->s_inv);
		fp_neg(&t, &t); /* -2/s */
		if (sqrt_of(&m->k, &t))
			break;
		fp_neg(&m->s_inv, &m->s_inv); /* the other root of -3: one of both fits, for -1 is no square */
	}
	fp_inv_var(&m->s, &m->s_inv);
	fp_mul(&m->k_over_s, &m->k, &m->s_inv);
}

void ed_to_point(ec_point *r, const ed_extended *a, const fp *inv)
{
	ed_to_affine(r, a, inv, &ed_map.s_inv, &ed_map.k_over_s);
}

km_err edwards_sum(ec_point *r, const ec_point *points, size_t n, const km_random *rnd)
{
	struct {
		ed_extended acc, next;
		fp d, inv;
	} w;
	uint64_t zero;
	km_err err;

	for (size_t i = 0; i < n; i++) {
		ed_from_affine(i ? &w.next : &w.acc, &points[i], &ed_map.s, &ed_map.k);
		if (i)
			ed_add(&w.acc, &w.next);
	}
	ed_denominator(&w.d, &w.acc);
	err = ec_blinded_inv(&w.inv, &zero, &w.d, rnd);
	ed_to_point(r, &w.acc, &w.inv);
	if (err == KM_OK && zero)
		err = KM_EDEGENERATE;
	if (err != KM_OK)
		wipe(r, sizeof *r);
	wipe(&w, sizeof w);
	return err;
}
