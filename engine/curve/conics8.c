/* conics8.c -- one pairing of two new points by eight lanes.
 *
 * The points of the loop are made one after the other, on the Edwards form of E (climb4.h); what their lines are at
 * the other point, and the value of the loop, by eight lanes (parts8.h), a block of operations at a time.
 *
 * Lines become conics there: of the functions with divisors 2(C) + (-2C) - .. and (C) + (K) + (-C - K) - .. each is
 * c0*(1 + y) + c1*xy + c2*x over factors that are in F_p, or i times that, at the image of Q (Arene, Lange, Naehrig,
 * Ritzenthaler).  So c is orthogonal to w(C) = (Z + Y, T, X), and with n, x, t = Z + Y, X, T of Q and, of K, m, xk, tk,
 * the image (x, y) -> (ix, 1/y) of Q has w = (n, ix, it) and
 *
 *   2C       c = (Y*(T - X), XX - YY + ZZ + Y*Z, -(X*T + YY))
 *   C + K    c = w(C) x w(K):  T*a - X*b  +  i*(X*c + (Z + Y)*d - T*e)
 *            with a, b = xk*n, tk*n; c = m*x; d = tk*t - xk*x; e = m*t
 *
 * C - K, where xk and tk are negative, is up to the sign of all T*a - X*b + i*((Z + Y)*d + T*e - X*c).  The squares at
 * the end take i^2 = -1 into F_p.  [1 372 operations of two layers of four products; 172 ticks of 11M in lanes; 1 022
 * squares in F_p^2, one after the other]
 */
#include "conics8.h"

#include "climb4.h"
#include "parts8.h"
#include "secret.h"

enum { LANES = FP8_LANES, BLOCKS = 4, BLOCK = LANES * ((LINES_OPS + LANES * BLOCKS - 1) / (LANES * BLOCKS)) };

typedef enum { DBL, ADD, ADD_MINUS, WAIT } operation;

/* The point before an operation; and its squares, see climb4_dbl. */
typedef struct {
	fp4 at, squares;
} record;

/* Of Q, in all lanes, and of K and Q. */
typedef struct {
	fp8 n, x, t;
	fp8 a, b, c, d, e;
} constants;

/* What a tick gathers: of a doubling and of an addition. */
typedef struct {
	fp8 x, t;
	fp8 y_t, y_x, z;         /* Y or T; Y or X; Z */
	fp8 xx, yy_y, zz_z;      /* XX; YY or Y; ZZ or Z */
	fp8 l, r, s1, s2, s3, s4, s5, s6;
	fp8x2_elt f, square, before;
	uint64_t dbl[LANES], add[LANES], plus[LANES], minus[LANES], wait[LANES];
} work;

typedef struct {
	record of[BLOCK];
	climb4 climb;
	constants k;
	work w;
	fp8x2_elt v;
	uint8_t ops[LINES_OPS];
} loop;

static void list(uint8_t ops[LINES_OPS])
{
	for (size_t i = 0; i < LINES_STEPS; i++) {
		lines_step step = lines_plan[i];

		for (int n = step.kind == DOUBLE_ADD ? 1 : 2; n > 0; n--)
			*ops++ = DBL;
		if (step.kind != DOUBLE2)
			*ops++ = step.minus ? ADD_MINUS : ADD;
	}
}

/* The points of the operations; of squares an addition has none, and takes coordinates in their place. */
static void gather(work *w, const record *const of[LANES])
{
	enum { X, Y, Z, T, XX = X, YY = Y, ZZ = Z };
	const fp4 *at[LANES], *squares[LANES];
	uint8_t y_t[LANES], y_x[LANES];
	static const uint8_t x[LANES] = {X, X, X, X, X, X, X, X}, y[LANES] = {Y, Y, Y, Y, Y, Y, Y, Y};
	static const uint8_t z[LANES] = {Z, Z, Z, Z, Z, Z, Z, Z}, t[LANES] = {T, T, T, T, T, T, T, T};

	for (int l = 0; l < LANES; l++) {
		at[l] = &of[l]->at;
		squares[l] = w->dbl[l] ? &of[l]->squares : at[l];
		y_t[l] = w->dbl[l] ? Y : T;
		y_x[l] = w->dbl[l] ? Y : X;
	}
	fp4_gather(&w->x, at, x);
	fp4_gather(&w->t, at, t);
	fp4_gather(&w->z, at, z);
	fp4_gather(&w->y_t, at, y_t);
	fp4_gather(&w->y_x, at, y_x);
	fp4_gather(&w->xx, squares, x);
	fp4_gather(&w->yy_y, squares, y);
	fp4_gather(&w->zz_z, squares, z);
}

/* What doublings; and additions need. */
static void products(work *w, const constants *k)
{
	fp8_sub16(&w->r, &w->t, &w->x);
	fp8_cmov(&w->r, &k->a, w->add);
	fp8_mul(&w->s1, &w->y_t, &w->r);    /* Y*(T - X); T*a */
	fp8_cmov(&w->z, &k->b, w->add);
	fp8_mul(&w->s2, &w->y_x, &w->z);    /* Y*Z; X*b */
	fp8_cmov(&w->t, &k->c, w->add);
	fp8_mul(&w->s3, &w->x, &w->t);      /* X*T; X*c */
	fp8_add(&w->l, &w->zz_z, &w->yy_y);
	fp8_cmov(&w->l, &w->s1, w->dbl);
	w->r = k->n;
	fp8_cmov(&w->r, &k->d, w->add);
	fp8_mul(&w->s4, &w->l, &w->r);      /* c0*n; (Z + Y)*d */
	fp8_sub16(&w->l, &w->xx, &w->yy_y);
	fp8_add(&w->l, &w->l, &w->zz_z);
	fp8_add(&w->l, &w->l, &w->s2);
	fp8_cmov(&w->l, &w->y_t, w->add);
	w->r = k->x;
	fp8_cmov(&w->r, &k->e, w->add);
	fp8_mul(&w->s5, &w->l, &w->r);      /* c1*x; T*e */
	fp8_add(&w->l, &w->s3, &w->yy_y);
	fp8_mul(&w->s6, &w->l, &k->t);      /* -c2*t */
}

/* s4 + i*(s5 - s6) of a doubling; s1 - s2 + i*(s4 + s3 - s5) where K is added, s5 and s3 changed where -K is. */
static void value(work *w)
{
	fp8_sub16(&w->f.re, &w->s1, &w->s2);
	fp8_cmov(&w->f.re, &w->s4, w->dbl);
	w->l = w->s5;
	fp8_cmov(&w->l, &w->s3, w->plus);
	fp8_cmov(&w->s6, &w->s5, w->plus);
	fp8_cmov(&w->s6, &w->s3, w->minus);
	fp8_cmov(&w->s4, &fp8_no, w->dbl);
	fp8_add(&w->l, &w->l, &w->s4);
	fp8_sub16(&w->f.im, &w->l, &w->s6);
	VERIFY(fp8_is_between(&w->f.re, 0, 18) && fp8_is_between(&w->f.im, 0, 19));
}

/* One operation in each lane. */
static void tick(fp8x2_elt *v, const record *const of[LANES], const operation ops[LANES], work *w,
		const constants *k)
{
	uint64_t waits = 0;

	for (int l = 0; l < LANES; l++) {
		w->dbl[l] = 0 - (uint64_t)(ops[l] == DBL);
		w->add[l] = ~w->dbl[l];
		w->plus[l] = 0 - (uint64_t)(ops[l] == ADD);
		w->minus[l] = 0 - (uint64_t)(ops[l] == ADD_MINUS);
		w->wait[l] = 0 - (uint64_t)(ops[l] == WAIT);
		waits |= w->wait[l];
	}
	gather(w, of);
	products(w, k);
	value(w);
	if (waits)
		w->before = *v;
	fp8x2_sqr(&w->square, v);
	fp8_cmov(&w->square.re, &v->re, w->add);
	fp8_cmov(&w->square.im, &v->im, w->add);
	fp8x2_mul(v, &w->square, &w->f);
	if (!waits)
		return;
	fp8_cmov(&v->re, &w->before.re, w->wait);
	fp8_cmov(&v->im, &w->before.im, w->wait);
}

/* v goes on by n operations from ops on. */
static void go_on(fp8x2_elt *v, loop *o, const uint8_t *ops, size_t n)
{
	unsigned doublings[LANES] = {0};
	fp8x2_elt parts;

	for (size_t i = 0; i < n; i++) {
		o->of[i].at = o->climb.at;
		if (ops[i] == DBL)
			climb4_dbl(&o->climb, &o->of[i].squares);
		else
			climb4_add(&o->climb, ops[i] == ADD_MINUS);
	}
	parts8_one(&parts);
	for (size_t left = parts8_ticks(n); left-- > 0;) {
		const record *of[LANES];
		operation now[LANES];

		for (size_t l = 0; l < LANES; l++) {
			size_t i = parts8_at(n, l, left);

			now[l] = i < n ? ops[i] : WAIT;
			of[l] = &o->of[i < n ? i : 0];
			doublings[l] += now[l] == DBL;
		}
		tick(&parts, of, now, &o->w, &o->k);
	}
	parts8_join(v, &parts, doublings);
	wipe(&parts, sizeof parts);
}

static void in_all_lanes(fp8 *r, const fp *a)
{
	const fp *const of[LANES] = {a, a, a, a, a, a, a, a};

	fp8_from_lanes(r, of);
}

static void constants_of(constants *r, const ed_extended *k, const ec_point *q)
{
	struct {
		fp n, x, t, m, u;
		fp8 xk, tk, m8;
	} w;

	/* Of Q: n, x, t over u, so that there are some for every Q. */
	fp_mul(&w.u, &ed_map.s, &q->x);
	fp_mul(&w.n, &ed_map.s, &q->y);
	fp_dbl(&w.n, &w.n);
	fp_add(&w.x, &w.u, &fp_one);
	fp_sub(&w.t, &w.u, &fp_one);
	fp_mul2(&w.x, &w.x, &ed_map.k, &w.t, &w.t, &ed_map.k);
	fp_add(&w.m, &k->z, &k->y);
	in_all_lanes(&r->n, &w.n);
	in_all_lanes(&r->x, &w.x);
	in_all_lanes(&r->t, &w.t);
	in_all_lanes(&w.xk, &k->x);
	in_all_lanes(&w.tk, &k->t);
	in_all_lanes(&w.m8, &w.m);
	fp8_mul(&r->a, &w.xk, &r->n);
	fp8_mul(&r->b, &w.tk, &r->n);
	fp8_mul(&r->c, &w.m8, &r->x);
	fp8_mul(&r->e, &w.m8, &r->t);
	fp8_mul(&r->d, &w.tk, &r->t);
	fp8_mul(&w.xk, &w.xk, &r->x);
	fp8_sub16(&r->d, &r->d, &w.xk);
	wipe(&w, sizeof w);
}

km_err conics8_miller(fp2 *v, const ec_point *k, const ec_point *q)
{
	loop *o = scratch_alloc(sizeof *o);
	ed_extended own;

	if (!o)
		return KM_ENOMEM;
	list(o->ops);
	ed_from_affine(&own, k, &ed_map.s, &ed_map.k);
	climb4_begin(&o->climb, &own);
	constants_of(&o->k, &own, q);
	parts8_one(&o->v);
	for (size_t at = 0; at < LINES_OPS; at += BLOCK)
		go_on(&o->v, o, o->ops + at, LINES_OPS - at < BLOCK ? LINES_OPS - at : BLOCK);
	parts8_end(v, &o->v);
	wipe(&own, sizeof own);
	scratch_free(o, sizeof *o);
	return KM_OK;
}
