/* comb_build.c -- building fixed-base tables: all of it is public. */
#include <stdlib.h>
#include <string.h>

#include "comb.h"
#include "fp2.h"
#include "params.h"

/* (q + 1)/2: times it a point of order q is halved. */
static void half_of_one(uint64_t r[16])
{
	for (int i = 0; i < 16; i++)
		r[i] = params_q[i] >> 1 | (i < 15 ? params_q[i + 1] << 63 : 0);
	r[0] += 1; /* q is odd, and (q - 1)/2 does not end in all ones */
}

/* jac[i] = [2^(wi)](base/2) for each window, and jac[windows + i] = twice that. */
static int window_bases(ec_jac *jac, const ec_point *base, const comb_shape *shape)
{
	uint64_t half[16];
	ec_point h;
	ec_jac c;
	ec_line unused;

	half_of_one(half);
	if (!ec_mul_var(&h, half, base))
		return 0;
	c = (ec_jac){h.x, h.y, fp_one};
	for (unsigned i = 0; i < shape->windows; i++) {
		jac[i] = c;
		for (unsigned j = 0; j < shape->w; j++) {
			ec_dbl(&c, &unused);
			if (j == 0)
				jac[shape->windows + i] = c;
		}
	}
	return 1;
}

km_err comb_start(ec_point *t, ec_point *last, const ec_point *base, const comb_shape *shape,
		size_t entries)
{
	size_t n = shape->windows;
	ec_point *row = aligned_alloc(64, 2 * n * sizeof *row), *twice = row + n;
	ec_jac *jac = aligned_alloc(64, 2 * n * sizeof *jac);
	fp *prefix = aligned_alloc(64, 2 * n * sizeof *prefix);
	km_err err = row && jac && prefix ? KM_OK : KM_ENOMEM;

	if (err == KM_OK && !window_bases(jac, base, shape))
		err = KM_EORDER;
	if (err == KM_OK)
		ec_affine_many_var(row, jac, prefix, 2 * n);
	for (size_t j = 0; err == KM_OK && j < entries; j++) {
		for (size_t i = 0; i < n; i++)
			t[i * entries + j] = row[i];
		if (last || j + 1 < entries)
			ec_add_many_var(row, twice, prefix, n);
	}
	if (err == KM_OK && last)
		memcpy(last, row, n * sizeof *last);
	free(row);
	free(jac);
	free(prefix);
	return err;
}

km_err comb_build(comb *c, const ec_point *base, unsigned w)
{
	km_err err;

	c->shape = comb_shape_of(w);
	c->t = aligned_alloc(64, c->shape.windows * c->shape.entries * sizeof *c->t);
	if (!c->t)
		return KM_ENOMEM;
	err = comb_start(c->t, NULL, base, &c->shape, c->shape.entries);
	if (err != KM_OK)
		comb_clear(c);
	return err;
}

/* y[i] = im/re of n elements with re not 0. */
static void normalise(fp *y, const fp2 *a, fp *prefix, size_t n)
{
	fp run = fp_one, t;

	for (size_t i = 0; i < n; i++) {
		prefix[i] = run;
		fp_mul(&run, &run, &a[i].re);
	}
	fp_inv_var(&run, &run);
	for (size_t i = n; i-- > 0;) {
		fp_mul(&t, &run, &prefix[i]);
		fp_mul(&run, &run, &a[i].re);
		fp_mul(&y[i], &a[i].im, &t);
	}
}

/* The square root of the class of g in its group of order q: g^((q+1)/2). */
static void half_of_g(fp2 *r)
{
	uint64_t half[16];
	fp2 g = {fp_one, fp_zero};

	fp_from_limbs(&g.im, params_g);
	half_of_one(half);
	*r = (fp2){fp_one, fp_zero};
	for (int i = Q_BITS - 1; i >= 0; i--) {
		fp2_sqr(r, r);
		if (half[i / 64] >> i % 64 & 1)
			fp2_mul(r, r, &g);
	}
}

km_err gcomb_start(fp *t, fp *last, const comb_shape *shape, size_t entries)
{
	fp2 *row = aligned_alloc(64, (entries + 1) * sizeof *row), first, twice;
	fp *prefix = aligned_alloc(64, (entries + 1) * sizeof *prefix);
	fp *y = aligned_alloc(64, (entries + 1) * sizeof *y);
	km_err err = row && prefix && y ? KM_OK : KM_ENOMEM;

	half_of_g(&first);
	for (unsigned i = 0; err == KM_OK && i < shape->windows; i++) {
		fp2_sqr(&twice, &first);
		row[0] = first;
		for (size_t j = 1; j <= entries; j++)
			fp2_mul(&row[j], &row[j - 1], &twice);
		normalise(y, row, prefix, entries + 1);
		memcpy(t + i * entries, y, entries * sizeof *t);
		if (last)
			last[i] = y[entries];
		for (unsigned j = 0; j < shape->w; j++)
			fp2_sqr(&first, &first);
	}
	free(row);
	free(prefix);
	free(y);
	return err;
}

km_err gcomb_build(gcomb *c, unsigned w)
{
	km_err err;

	c->shape = comb_shape_of(w);
	c->t = aligned_alloc(64, c->shape.windows * c->shape.entries * sizeof *c->t);
	if (!c->t)
		return KM_ENOMEM;
	err = gcomb_start(c->t, NULL, &c->shape, c->shape.entries);
	if (err != KM_OK)
		gcomb_clear(c);
	return err;
}
