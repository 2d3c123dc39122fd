/* tiny_pairing_tmpl.h -- the pairing of every two points, and by the lines of every key: for one kind of
 * element. */

/* Coefficients of a key in each lane, in limb l of an fp, all times a constant. */
typedef struct {
	const fp *c;
	uint32_t form;
} LN(source);

static inline void LN(load)(FE *c, const LN(source) *s, size_t at, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		for (size_t l = 0; l < LANES; l++)
			FN(put)(&c[i], l, tiny_mul(s->form, (uint32_t)s->c[at + i].v[l]));
}

static inline void LN(put)(fp *r, const FE *a)
{
	RULE(FN(within)(a, 0, 106 * TINY_P));
	for (size_t l = 0; l < LANES; l++)
		r->v[l] = a->v[l];
}

#include "engine/curve/lines_make_tmpl.h"
#include "engine/curve/lines_tmpl.h"
#include "engine/curve/pairing_tmpl.h"

static void CN(put)(CN(point) *a, size_t l, uint32_t i)
{
	FN(put)(&a->x, l, tiny.point[i].x);
	FN(put)(&a->y, l, tiny.point[i].y);
	FN(bound)(&a->x, 0, TINY_TIGHT);
	FN(bound)(&a->y, 0, TINY_TIGHT);
}

/* Whether the value in lane l is that of the textbook. */
static int F2(is_tate)(const F2(elt) *v, size_t l, uint32_t k, uint32_t at)
{
	tiny2 value = {v->re.v[l], v->im.v[l]};

	return (value.re || value.im) && tiny2_equal(tiny_class(value), tiny_tate(k, at));
}

/* A point that is not infinity, nor (0, 0). */
static uint32_t T(other)(uint32_t at)
{
	uint32_t j = 1 + at % (tiny.n - 2);

	return j < tiny.n / 2 ? j : j + 1;
}

static void T(every_pairing)(void **state)
{
	CN(point) k, q;
	F2(elt) v;

	(void)state;
	for (int n = 0; n < 4; n++) {
		tiny_plan_choose((const uint32_t[]){11, 83, 131, 227}[n]);
		for (uint32_t at = 0; at < (tiny.q - 1) * (tiny.n - 2); at += LANES) {
			uint32_t i[LANES], j[LANES];

			for (uint32_t l = 0; l < LANES; l++) {
				i[l] = 4 * (1 + (at + l) / (tiny.n - 2) % (tiny.q - 1));
				j[l] = T(other)(at + l);
				CN(put)(&k, l, i[l]);
				CN(put)(&q, l, j[l]);
			}
			PN(miller)(&v, &k, &q);
			for (size_t l = 0; l < LANES; l++)
				assert_true(F2(is_tate)(&v, l, i[l], j[l]));
		}
	}
	rules_kept();
}

/* Passes 1 and 2, and the last point of the loop. */
static void LN(slopes)(FE *slope, CN(jac) *c, const CN(point) *k)
{
	FE grew[64], inv;
	CN(point) minus = *k;

	FN(neg)(&minus.y, &k->y);
	LN(climb)(slope, grew, c, k, &minus);
	FN(invert)(&inv, &c->z);
	LN(descend)(slope, grew, &inv);
}

/* Whether [q + 1]k came out as k. */
static int CN(is_same)(const CN(jac) *c, size_t l, uint32_t k)
{
	uint32_t zi = tiny.inv[c->z.v[l]], zz = tiny_mul(zi, zi);

	return zi && tiny_mul(c->x.v[l], zz) == tiny.point[k].x &&
		tiny_mul(c->y.v[l], tiny_mul(zz, zi)) == tiny.point[k].y;
}

/* The loop of a point leads back to it where its order is q, and else nowhere. */
static void T(every_order_shows)(void **state)
{
	FE slope[64];
	CN(point) k;
	CN(jac) c;

	(void)state;
	for (int n = 0; n < 4; n++) {
		tiny_plan_choose((const uint32_t[]){11, 83, 131, 227}[n]);
		for (uint32_t i = 1; i < tiny.n; i += LANES) {
			for (uint32_t l = 0; l < LANES; l++)
				CN(put)(&k, l, 1 + (i - 1 + l) % (tiny.n - 1));
			FN(tidy)(&k.y);
			LN(slopes)(slope, &c, &k);
			for (uint32_t l = 0; l < LANES; l++) {
				uint32_t own = 1 + (i - 1 + l) % (tiny.n - 1);

				assert_int_equal(CN(is_same)(&c, l, own), own % 4 == 0);
			}
		}
	}
	rules_kept();
}

/* As a prepared pairing makes them. */
static void LN(powers_of)(LN(powers) *w, const CN(point) *q, uint32_t form)
{
	FE zero, constant;

	FN(set_zero)(&zero);
	FN(set_all)(&constant, form, 0, TINY_P);
	FN(sub16)(&w->nx, &zero, &q->x);
	FN(sqr)(&w->xx, &q->x);
	w->y = q->y;
	FN(sub16)(&w->ny, &zero, &q->y);
	FN(mul)(&w->xy, &q->x, &q->y);
	FN(mul)(&w->x1, &q->x, &constant);
	FN(mul)(&w->xx1, &w->xx, &constant);
	FN(mul)(&w->nxxx1, &w->nx, &w->xx1);
}

static void T(every_prepared_pairing)(void **state)
{
	fp coefs[128];
	FE slope[64];
	CN(point) k, q;
	CN(jac) c;
	LN(powers) w;
	F2(elt) v;

	(void)state;
	for (int n = 0; n < 4; n++) {
		tiny_plan_choose((const uint32_t[]){11, 83, 131, 227}[n]);
		for (uint32_t i = 0; i < tiny.q - 1; i += LANES) {
			for (uint32_t l = 0; l < LANES; l++)
				CN(put)(&k, l, 4 * (1 + (i + l) % (tiny.q - 1)));
			FN(tidy)(&k.x);
			FN(tidy)(&k.y);
			LN(slopes)(slope, &c, &k);
			LN(coefs)(coefs, slope, &k);
			for (uint32_t j = 0; j < tiny.n - 2; j++) {
				LN(source) s = {coefs, 1 + (i + j) % (tiny.p - 1)};

				for (uint32_t l = 0; l < LANES; l++)
					CN(put)(&q, l, T(other)(j + 17 * l));
				LN(powers_of)(&w, &q, s.form);
				LN(product)(&v, &s, &w);
				for (uint32_t l = 0; l < LANES; l++)
					assert_true(F2(is_tate)(&v, l, 4 * (1 + (i + l) % (tiny.q - 1)),
							T(other)(j + 17 * l)));
			}
		}
	}
	rules_kept();
}
