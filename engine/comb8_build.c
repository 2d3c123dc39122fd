/* comb8_build.c -- building tables for eight lanes: eight entries of a window to a vector, all windows
 * in step.  All of it is public. */
#include <stdlib.h>

#include "comb8.h"
#include "cpu.h"

enum { START = FP8_LANES }; /* entries of a window that one element at a time makes */

int comb8_available(void)
{
	return fp8_k != NULL;
}

void comb8_clear(comb8 *c)
{
	free(c->t);
	c->t = NULL;
}

static km_err comb8_new(comb8 *c, unsigned w, size_t members, size_t coords)
{
	c->shape = comb_shape_of(w);
	c->layout = fp8_table_for(c->shape.entries, members, cpu_levels());
	c->coords = coords;
	if (!c->layout)
		return KM_EKERNEL;
	c->window_bytes = coords * c->layout->octets * c->shape.entries;
	c->t = aligned_alloc(64, c->shape.windows * c->window_bytes);
	return c->t ? KM_OK : KM_ENOMEM;
}

/* Store one coordinate of entries at .. at + 7 of window i. */
static void put(comb8 *c, size_t i, size_t coord, size_t at, const fp8 *a)
{
	uint8_t *part = c->t + i * c->window_bytes + coord * c->layout->octets * c->shape.entries;
	fp8 canonical;

	fp8_canon(&canonical, a);
	c->layout->put(part, c->shape.entries, at, &canonical);
}

/* Lane l = a[l * stride]. */
static void lanes_of(fp8 *r, const fp *a, size_t stride)
{
	const fp *lane[FP8_LANES];

	for (size_t l = 0; l < FP8_LANES; l++)
		lane[l] = a + l * stride;
	fp8_from_lanes(r, lane);
}

/* What the windows over a point are built from. */
typedef struct {
	ec_point *start, *step; /* the first entries of each window; 16 times its base */
	ec8_point *acc, *add;
	fp8 *prefix;
	fp *one_prefix;
} point_work;

static void point_work_free(point_work *k)
{
	free(k->start);
	free(k->step);
	free(k->acc);
	free(k->add);
	free(k->prefix);
	free(k->one_prefix);
}

/* Entry 8 is 17 times the base of its window and entry 0 once, so their difference is the step. */
static km_err point_work_new(point_work *k, const ec_point *base, const comb_shape *shape)
{
	size_t n = shape->windows;
	ec_point *minus = aligned_alloc(64, n * sizeof *minus);
	km_err err = KM_ENOMEM;

	*k = (point_work){aligned_alloc(64, n * START * sizeof *k->start),
			aligned_alloc(64, n * sizeof *k->step), aligned_alloc(64, n * sizeof *k->acc),
			aligned_alloc(64, n * sizeof *k->add), aligned_alloc(64, n * sizeof *k->prefix),
			aligned_alloc(64, n * sizeof *k->one_prefix)};
	if (minus && k->start && k->step && k->acc && k->add && k->prefix && k->one_prefix)
		err = comb_start(k->start, k->step, base, shape, START);
	if (err == KM_OK) {
		for (size_t i = 0; i < n; i++) {
			minus[i].x = k->start[i * START].x;
			fp_neg(&minus[i].y, &k->start[i * START].y);
		}
		ec_add_many_var(k->step, minus, k->one_prefix, n);
		for (size_t i = 0; i < n; i++) {
			/* A point is two elements, so those of one coordinate are two apart. */
			lanes_of(&k->acc[i].x, &k->start[i * START].x, 2);
			lanes_of(&k->acc[i].y, &k->start[i * START].y, 2);
			lanes_of(&k->add[i].x, &k->step[i].x, 0);
			lanes_of(&k->add[i].y, &k->step[i].y, 0);
		}
	}
	free(minus);
	return err;
}

km_err comb8_build(comb8 *c, const ec_point *base, unsigned w, size_t members)
{
	point_work k = {NULL, NULL, NULL, NULL, NULL, NULL};
	fp8 run, inv;
	uint64_t zero = 0;
	km_err err = comb8_new(c, w, members, 2);

	if (err == KM_OK)
		err = point_work_new(&k, base, &c->shape);
	for (size_t at = 0; err == KM_OK && !zero; at += START) {
		for (size_t i = 0; i < c->shape.windows; i++) {
			put(c, i, 0, at, &k.acc[i].x);
			put(c, i, 1, at, &k.acc[i].y);
		}
		if (at + START >= c->shape.entries)
			break;
		fp8_set_one(&run);
		ec8_add_forward(&run, k.prefix, k.acc, k.add, c->shape.windows);
		err = ec8_blinded_inv(&inv, &zero, &run, NULL);
		ec8_add_backward(&inv, k.acc, k.add, k.prefix, c->shape.windows);
	}
	point_work_free(&k);
	if (err == KM_OK && zero)
		err = KM_EORDER;
	if (err != KM_OK)
		comb8_clear(c);
	return err;
}

/* What the windows over g are built from: y stands for the class of 1 + i*y. */
typedef struct {
	fp *start, *step;
	fp8 *acc, *by, *re, *prefix;
} power_work;

static void power_work_free(power_work *k)
{
	free(k->start);
	free(k->step);
	free(k->acc);
	free(k->by);
	free(k->re);
	free(k->prefix);
}

/* The step: entry 8 over entry 0, (y - x)/(1 + xy). */
static km_err power_work_new(power_work *k, const comb_shape *shape)
{
	size_t n = shape->windows;
	fp t;
	km_err err = KM_ENOMEM;

	*k = (power_work){aligned_alloc(64, n * START * sizeof *k->start),
			aligned_alloc(64, n * sizeof *k->step), aligned_alloc(64, n * sizeof *k->acc),
			aligned_alloc(64, n * sizeof *k->by), aligned_alloc(64, n * sizeof *k->re),
			aligned_alloc(64, n * sizeof *k->prefix)};
	if (k->start && k->step && k->acc && k->by && k->re && k->prefix)
		err = gcomb_start(k->start, k->step, shape, START);
	for (size_t i = 0; err == KM_OK && i < n; i++) {
		const fp *first = &k->start[i * START];

		fp_mul(&t, first, &k->step[i]);
		fp_add(&t, &t, &fp_one);
		fp_inv_var(&t, &t);
		fp_sub(&k->step[i], &k->step[i], first);
		fp_mul(&k->step[i], &k->step[i], &t);
		lanes_of(&k->acc[i], first, 1);
		lanes_of(&k->by[i], &k->step[i], 0);
	}
	return err;
}

/* acc = (acc + by)/(1 - acc*by) in all windows, with one inversion. */
static km_err powers_step(power_work *k, size_t n)
{
	fp8 run, inv, one;
	uint64_t zero;
	km_err err;

	fp8_set_one(&run);
	fp8_set_one(&one);
	for (size_t i = 0; i < n; i++) {
		fp8_mul(&k->re[i], &k->acc[i], &k->by[i]);
		fp8_sub16(&k->re[i], &one, &k->re[i]);
		k->prefix[i] = run;
		fp8_mul(&run, &run, &k->re[i]);
	}
	err = ec8_blinded_inv(&inv, &zero, &run, NULL); /* never 0: no power of g has re = 0 */
	for (size_t i = n; i-- > 0;) {
		fp8_mul(&run, &inv, &k->prefix[i]);
		fp8_mul(&inv, &inv, &k->re[i]);
		fp8_add(&k->acc[i], &k->acc[i], &k->by[i]);
		fp8_mul(&k->acc[i], &k->acc[i], &run);
	}
	return err;
}

km_err comb8_build_g(comb8 *c, unsigned w, size_t members)
{
	power_work k = {NULL, NULL, NULL, NULL, NULL, NULL};
	km_err err = comb8_new(c, w, members, 1);

	if (err == KM_OK)
		err = power_work_new(&k, &c->shape);
	for (size_t at = 0; err == KM_OK; at += START) {
		for (size_t i = 0; i < c->shape.windows; i++)
			put(c, i, 0, at, &k.acc[i]);
		if (at + START >= c->shape.entries)
			break;
		err = powers_step(&k, c->shape.windows);
	}
	power_work_free(&k);
	if (err != KM_OK)
		comb8_clear(c);
	return err;
}
