/* miller8.c -- the Miller loops of many pairs of points in step, eight to a vector.
 *
 * Points and slopes are affine, and the divisions of one operation on all vectors are shared: one
 * inversion and 3M each.  With C = (x, y) the point of the loop and (Qx, Qy) the other argument,
 *
 *   TANGENT     l = 3(x^2 - 1)/(2y);  v = v^2 * (l*(Qx + x) - y + i*Qy);  C = 2C
 *   CHORD       l = (y -+ Ky)/(x - Kx), through C and +-K; far_x = l^2 - x - Kx
 *   BACK        C = (C +- K) + C, which is 2C +- K without 2C.  With w = 2y/(far_x - x) the chord
 *               through C and C +- K has the slope -(l + w).  The product of both chords over the
 *               vertical at C +- K is a parabola, at Q
 *                 (Qx + x)*(Qx + Kx + l*w) - w*y + i*w*Qy
 *               that goes to v^2.
 *
 * Vertical lines are in F_p at Q and change no class.  13M, 5M and 15M with squarings: 15 734M
 * a pairing.
 *
 * No denominator is 0 for K of order q: C = mK with 1 <= m <= (q + 1)/2, for the digits lead to
 * q + 1 in the end by doubling, and then y is not 0 as q is odd; a chord is never at m = 1, for
 * neighbours of the leading digit are 0, so that m is not +-1 mod q; and 2m +- 1, too, is at most
 * (q + 1)/2, so that neither are C +- K and C equal or opposite.
 */
#include "miller8.h"

#include "lines.h"
#include "secret.h"

typedef enum { TANGENT, CHORD, CHORD_MINUS, BACK, NONE } operation;

typedef struct {
	fp8 t, u, s, one;
	ec8_sum sum;
	fp8x2_elt value;
} work;

/* r = r * what the operation divides by. */
static void times_denominator(fp8 *r, const miller8_pair *p, operation op)
{
	switch (op) {
	case TANGENT:
		fp8_mul(r, r, &p->c.y); /* and twice, see invert */
		break;
	case CHORD:
	case CHORD_MINUS:
		fp8_mul_diff(r, r, &p->c.x, &p->k.x);
		break;
	case BACK:
		fp8_mul_diff(r, r, &p->far_x, &p->c.x);
		break;
	case NONE:
		break;
	}
}

/* The inverse of run, times what all quotients of the operation have in common: 3/2, 1 or 2. */
static km_err invert(fp8 *inv, uint64_t *zero, fp8 *run, operation op, const km_random *rnd)
{
	fp8 twice;
	km_err err;

	if (op == TANGENT)
		fp8_add(run, run, run);
	err = ec8_blinded_inv(inv, zero, run, rnd);
	fp8_add(&twice, inv, inv);
	if (op == TANGENT)
		fp8_add(inv, inv, &twice);
	else if (op == BACK)
		*inv = twice;
	wipe(&twice, sizeof twice);
	return err;
}

/* t = 3/(2y).  Coordinates are below p, so that sums are above -2p before they are reduced. */
static void tangent(miller8_pair *p, work *w)
{
	fp8 *slope = &w->t;

	fp8_sqr(&w->u, &p->c.x);
	fp8_mul_diff(slope, slope, &w->u, &w->one);
	fp8_add(&w->s, &p->q.x, &p->c.x);
	fp8_mul(&w->value.re, slope, &w->s);
	fp8_sub16(&w->value.re, &w->value.re, &p->c.y);
	VERIFY(fp8_is_between(&w->value.re, 0, 18));
	w->value.im = p->q.y;
	fp8_sqr_sub2(&w->sum.x, slope, &p->c.x, &p->c.x);
	fp8_reduce(&w->u, &w->sum.x);
	fp8_mul_diff_sub(&w->sum.y, slope, &p->c.x, &w->u, &p->c.y);
	fp8_reduce(&p->c.y, &w->sum.y);
	p->c.x = w->u;
	fp8x2_sqr(&p->v, &p->v);
	fp8x2_mul(&p->v, &p->v, &w->value);
}

/* t = 1/(x - Kx). */
static void chord(miller8_pair *p, int minus, work *w)
{
	if (minus) {
		fp8_add(&w->u, &p->c.y, &p->k.y);
		fp8_mul(&p->slope, &w->t, &w->u);
	} else {
		fp8_mul_diff(&p->slope, &w->t, &p->c.y, &p->k.y);
	}
	fp8_sqr_sub2(&w->sum.x, &p->slope, &p->c.x, &p->k.x);
	fp8_reduce(&p->far_x, &w->sum.x);
}

/* t = 2/(far_x - x). */
static void back(miller8_pair *p, work *w)
{
	fp8 *wy = &w->t;

	fp8_mul(wy, &w->t, &p->c.y); /* w */
	fp8_mul(&w->u, wy, &p->slope);
	fp8_add(&w->u, &w->u, &p->q.x);
	fp8_add(&w->u, &w->u, &p->k.x);
	VERIFY(fp8_is_between(&w->u, 0, 4));
	fp8_add(&w->s, &p->q.x, &p->c.x);
	fp8_mul(&w->value.re, &w->s, &w->u);
	fp8_mul(&w->u, wy, &p->c.y);
	fp8_sub16(&w->value.re, &w->value.re, &w->u);
	VERIFY(fp8_is_between(&w->value.re, 0, 18));
	fp8_mul(&w->value.im, wy, &p->q.y);
	fp8_add(&w->s, &p->slope, wy); /* minus the slope */
	VERIFY(fp8_is_between(&w->s, 0, 3));
	fp8_sqr_sub2(&w->sum.x, &w->s, &p->c.x, &p->far_x);
	fp8_reduce(&w->u, &w->sum.x);
	fp8_mul_diff_sub(&w->sum.y, &w->s, &w->u, &p->c.x, &p->c.y);
	fp8_reduce(&p->c.y, &w->sum.y);
	p->c.x = w->u;
	fp8x2_sqr(&p->v, &p->v);
	fp8x2_mul(&p->v, &p->v, &w->value);
}

/* The operation on one vector; inv goes on to those that came before it in run. */
static void operate(miller8_pair *p, operation op, fp8 *inv, work *w)
{
	fp8_mul(&w->t, inv, &p->prefix);
	times_denominator(inv, p, op);
	if (op == TANGENT)
		tangent(p, w);
	else if (op == BACK)
		back(p, w);
	else
		chord(p, op == CHORD_MINUS, w);
}

/* The loop, and NONE after it. */
static void list(uint8_t ops[LINES_OPS + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < LINES_STEPS; i++) {
		lines_step step = lines_plan[i];

		if (step.kind != DOUBLE_ADD)
			ops[n++] = TANGENT;
		if (step.kind == DOUBLE2) {
			ops[n++] = TANGENT;
			continue;
		}
		ops[n++] = step.minus ? CHORD_MINUS : CHORD;
		ops[n++] = BACK;
	}
	ops[n] = NONE;
}

static void begin(miller8_pair *p)
{
	fp8_canon(&p->k.x, &p->k.x);
	fp8_canon(&p->k.y, &p->k.y);
	p->c = p->k;
	fp8_set_one(&p->v.re);
	fp8_set_zero(&p->v.im);
}

/* Each pass over the vectors ends one operation and multiplies up the denominators of the next one,
 * in the other direction than the pass before. */
km_err miller8(miller8_pair *pairs, uint64_t *zero, size_t n, const km_random *rnd)
{
	uint8_t ops[LINES_OPS + 1];
	km_err err = KM_OK;
	fp8 run, inv;
	work w;

	list(ops);
	fp8_set_one(&w.one);
	*zero = 0;
	run = w.one;
	for (size_t i = 0; i < n; i++) {
		begin(&pairs[i]);
		pairs[i].prefix = run;
		times_denominator(&run, &pairs[i], ops[0]);
	}
	for (size_t o = 0; o < LINES_OPS; o++) {
		err = invert(&inv, zero, &run, ops[o], rnd);
		if (err != KM_OK || *zero)
			break;
		run = w.one;
		for (size_t i = 0; i < n; i++) {
			miller8_pair *p = &pairs[o % 2 ? i : n - 1 - i];

			operate(p, ops[o], &inv, &w);
			p->prefix = run;
			times_denominator(&run, p, ops[o + 1]);
		}
	}
	for (size_t i = 0; i < n; i++) {
		fp8x2_sqr(&pairs[i].v, &pairs[i].v);
		fp8x2_sqr(&pairs[i].v, &pairs[i].v);
	}
	wipe(&run, sizeof run);
	wipe(&inv, sizeof inv);
	wipe(&w, sizeof w);
	return err;
}
