/* lines.c -- one's own key prepared for pairings, on one element. */
#include "lines.h"

#include "field/params.h"
#include "secret.h"

lines_step lines_plan[LINES_STEPS];

/* Digit i of q: 1, -1 or 0, the difference of bit i + 1 of 3q and of q. */
static int digit(const uint64_t q3[17], int i)
{
	int at = i + 1;
	int of_q = at < 1024 ? params_q[at / 64] >> at % 64 & 1 : 0;

	return (int)(q3[at / 64] >> at % 64 & 1) - of_q;
}

void lines_init(void)
{
	uint64_t q3[17] = {0};
	size_t n = 0;
	int i = Q_BITS - 1; /* the first digit is the point that the loop starts with */

	for (int j = 0; j < 16; j++) {
		__extension__ unsigned __int128 t = (unsigned __int128)params_q[j] * 3 + q3[j];

		q3[j] = (uint64_t)t;
		q3[j + 1] = (uint64_t)(t >> 64);
	}
	/* Digit 0 is -1, the addition that would reach infinity: it has a vertical line. */
	while (i > 0) {
		int one = digit(q3, i - 1), two = i > 1 ? digit(q3, i - 2) : 0;
		lines_step step = {DOUBLE2, 0};

		if (one)
			step = (lines_step){DOUBLE_ADD, one < 0};
		else if (two && i > 2)
			step = (lines_step){DOUBLE2_ADD, two < 0};
		lines_plan[n++] = step;
		i -= one ? 1 : 2;
	}
}

/* ---- one element ----------------------------------------------------------------------------- */

typedef fp one_source;

static inline void one_load(fp *c, const one_source *s, size_t at, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		c[i] = s[at + i];
}

static inline void one_put(fp *r, const fp *a)
{
	*r = *a;
}

#define FE    fp
#define FN(x) fp_##x
#define CN(x) ec_##x
#define F2(x) fp2_##x
#define LN(x) one_##x
#include "lines_make_tmpl.h"
#include "lines_tmpl.h"

/* All ones where c, which is [q+1]k or has met z = 0, is k: then and only then k has order q. */
static uint64_t is_same(const ec_jac *c, const ec_point *k)
{
	fp zz, t;
	uint64_t same;

	fp_sqr(&zz, &c->z);
	fp_mul(&t, &k->x, &zz);
	same = fp_equal(&t, &c->x);
	fp_mul(&zz, &zz, &c->z);
	fp_mul(&t, &k->y, &zz);
	return same & fp_equal(&t, &c->y) & ~fp_is_zero(&c->z);
}

km_err lines_prepare(fp coefs[LINES_COEFS], uint64_t *order_q, const ec_point *k,
		const km_random *rnd)
{
	struct work {
		fp slope[LINES_OPS], grew[LINES_OPS];
		ec_jac c;
		ec_point minus;
		fp inv;
	} *w = scratch_alloc(sizeof *w);
	uint64_t zero;
	km_err err;

	if (!w)
		return KM_ENOMEM;
	w->minus.x = k->x;
	fp_neg(&w->minus.y, &k->y);
	one_climb(w->slope, w->grew, &w->c, k, &w->minus);
	*order_q = is_same(&w->c, k);
	err = ec_blinded_inv(&w->inv, &zero, &w->c.z, rnd); /* 0 where z is: the order is wrong */
	one_descend(w->slope, w->grew, &w->inv);
	one_coefs(coefs, w->slope, k);
	scratch_free(w, sizeof *w);
	return err;
}

void lines_eval(fp2 *v, const fp coefs[LINES_COEFS], const ec_point *q)
{
	one_powers w;

	fp_neg(&w.nx, &q->x);
	fp_sqr(&w.xx, &q->x);
	w.y = q->y;
	fp_neg(&w.ny, &q->y);
	fp_mul(&w.xy, &q->x, &q->y);
	w.x1 = q->x;
	w.xx1 = w.xx;
	fp_mul(&w.nxxx1, &w.nx, &w.xx);
	one_product(v, coefs, &w);
	wipe(&w, sizeof w);
}
