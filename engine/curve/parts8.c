/* parts8.c -- one pairing by eight lanes: its Miller loop cut into eight parts, one to a lane. */
#include "parts8.h"

#include "field/fp4.h"
#include "secret.h"

enum { LANES = FP8_LANES };

int parts8_pay(void)
{
	return fp4_k != NULL;
}

size_t parts8_at(size_t n, size_t l, size_t left)
{
	size_t begin = n * l / LANES, end = n * (l + 1) / LANES;

	return end - begin > left ? end - 1 - left : n;
}

void parts8_one(fp8x2_elt *v)
{
	fp8_set_one(&v->re);
	fp8_set_zero(&v->im);
}

void parts8_join(fp8x2_elt *v, const fp8x2_elt *parts, const unsigned doublings[LANES])
{
	fp2_lanes w;

	for (int l = 0; l < LANES; l++) {
		fp2_put(&w, v, l ? l - 1 : LANES - 1);
		fp2_squares(&w, doublings[l]);
		fp2_take(v, l, &w);
		fp8x2_mul(v, v, parts);
	}
	wipe(&w, sizeof w);
}

void parts8_end(fp2 *r, const fp8x2_elt *v)
{
	fp8x2_elt w;
	fp2 other;
	fp *re[LANES], *im[LANES];

	fp8x2_sqr(&w, v);
	fp8x2_sqr(&w, &w);
	for (int l = 0; l < LANES; l++) {
		re[l] = l < LANES - 1 ? &other.re : &r->re;
		im[l] = l < LANES - 1 ? &other.im : &r->im;
	}
	fp8_to_lanes(re, &w.re);
	fp8_to_lanes(im, &w.im);
	wipe(&w, sizeof w);
	wipe(&other, sizeof other);
}

/* ---- by prepared lines ------------------------------------------------------------------------ */

/* Of Q = (x, y), in all lanes.  What is added to coefficients is in their form, fp's: see fp8_unpack. */
typedef struct {
	fp8 nx, xx, y, ny, xy;   /* -x, x^2, y, -y, xy */
	fp8 xx1, nxxx1;          /* x^2, -x^3 in that form */
} powers;

typedef struct {
	powers q;
	fp8 c[LINES_STEP_COEFS], k, y;
	fp8x2_elt f, square, parts, all;
} work;

/* A tick.  Whatever the kind of step, its function at the image of Q is
 *   c2*x^2 + c1*(-x) + c0 + (x^2, 0 or -x^3)   +   i*(c3*(y or -y) + c4*xy)
 * with coefficients of its own, 0 or 1. */
typedef struct {
	const fp *from[LINES_STEP_COEFS][LANES];
	uint64_t one[LANES], three[LANES];   /* DOUBLE_ADD; DOUBLE2_ADD */
} tick;

static void powers_of(powers *w, const ec_point *q)
{
	const fp *x[LANES], *y[LANES];
	fp8 zero, at;

	for (int l = 0; l < LANES; l++) {
		x[l] = &q->x;
		y[l] = &q->y;
	}
	fp8_set_zero(&zero);
	fp8_from_lanes(&at, x);
	fp8_from_lanes(&w->y, y);
	fp8_sub16(&w->nx, &zero, &at);
	fp8_sub16(&w->ny, &zero, &w->y);
	fp8_sqr(&w->xx, &at);
	fp8_mul(&w->xy, &at, &w->y);
	fp8_to_unpacked(&w->xx1, &w->xx);
	fp8_mul(&w->nxxx1, &w->nx, &w->xx1);
	wipe(&at, sizeof at);
}

static void put_step(tick *t, int l, lines_kind kind, const fp *c)
{
	const fp *const of_kind[][LINES_STEP_COEFS] = {
		[DOUBLE_ADD] = {&c[0], &c[1], &fp_zero, &c[2], &fp_zero},
		[DOUBLE2] = {&c[0], &c[1], &c[2], &c[3], &fp_one},
		[DOUBLE2_ADD] = {&c[0], &c[1], &c[2], &c[3], &c[4]},
	};

	for (int i = 0; i < LINES_STEP_COEFS; i++)
		t->from[i][l] = of_kind[kind][i];
	t->one[l] = 0 - (uint64_t)(kind == DOUBLE_ADD);
	t->three[l] = 0 - (uint64_t)(kind == DOUBLE2_ADD);
}

/* The function 1. */
static void put_wait(tick *t, int l)
{
	for (int i = 0; i < LINES_STEP_COEFS; i++)
		t->from[i][l] = i ? &fp_zero : &fp_one;
	t->one[l] = t->three[l] = 0;
}

/* v = v^2 or v^4 times the functions. */
static void eval_tick(fp8x2_elt *v, const tick *t, work *w)
{
	const powers *q = &w->q;

	for (int i = 0; i < LINES_STEP_COEFS; i++)
		fp8_unpack(&w->c[i], t->from[i]);
	fp8_set_zero(&w->k);
	fp8_cmov(&w->k, &q->xx1, t->one);
	fp8_cmov(&w->k, &q->nxxx1, t->three);
	w->y = q->ny;
	fp8_cmov(&w->y, &q->y, t->three);
	fp8_add(&w->c[0], &w->c[0], &w->k);
	fp8_mul_add2(&w->f.re, &q->nx, &w->c[1], &q->xx, &w->c[2], &w->c[0]);
	fp8_mul(&w->k, &q->xy, &w->c[4]);
	fp8_mul_add(&w->f.im, &w->y, &w->c[3], &w->k);
	VERIFY(fp8_is_between(&w->f.re, 0, 5) && fp8_is_between(&w->f.im, 0, 5));
	fp8x2_sqr(&w->square, v);
	fp8x2_sqr(v, &w->square);
	fp8_cmov(&v->re, &w->square.re, t->one);
	fp8_cmov(&v->im, &w->square.im, t->one);
	fp8x2_mul(v, v, &w->f);
}

void parts8_eval(fp2 *v, const fp coefs[LINES_COEFS], const ec_point *q)
{
	uint16_t at[LINES_STEPS];
	unsigned doublings[LANES] = {0};
	work w;
	tick t;
	size_t sum = 0;

	for (size_t i = 0; i < LINES_STEPS; i++) {
		at[i] = (uint16_t)sum;
		sum += lines_coefs(lines_plan[i].kind);
	}
	powers_of(&w.q, q);
	parts8_one(&w.parts);
	for (size_t left = parts8_ticks(LINES_STEPS); left-- > 0;) {
		for (int l = 0; l < LANES; l++) {
			size_t i = parts8_at(LINES_STEPS, (size_t)l, left);

			if (i == LINES_STEPS) {
				put_wait(&t, l);
				continue;
			}
			put_step(&t, l, lines_plan[i].kind, coefs + at[i]);
			doublings[l] += lines_plan[i].kind == DOUBLE_ADD ? 1 : 2;
		}
		eval_tick(&w.parts, &t, &w);
	}
	doublings[0] = 0; /* of 1 */
	parts8_one(&w.all);
	parts8_join(&w.all, &w.parts, doublings);
	parts8_end(v, &w.all);
	wipe(&w, sizeof w);
}

