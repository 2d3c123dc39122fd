/* climb4.c -- the points of a Miller loop on the Edwards form of E.
 *
 * Both operations end in (X, Y, Z, T) = (E*F, G*H, F*G, E*H), extended coordinates (Hisil, Wong, Carter, Dawson):
 *
 *   2C       E = 2XY, G = Y^2 - X^2, F = 2Z^2 - G, H = X^2 + Y^2
 *   C + K    with A = (Y - X)(Yk - Xk), B = (Y + X)(Yk + Xk), D = 2Z*Zk, C = 2T*Tk
 *            E = B - A, G = D + C, F = D - C, H = B + A
 *
 * Bounds: products are below 1.11p, so E, F, G and H below 6p.
 */
#include "climb4.h"

#include "secret.h"

enum { X, Y, Z, T };

static const fp4_order in_order = FP4_ORDER(0, 1, 2, 3);
static const fp4_order left = FP4_ORDER(X, Y, Z, X), right = FP4_ORDER(X, Y, Z, Y);

/* Of the products XX, YY, ZZ, XY: (E, G, F, E) and (F, H, G, H). */
enum { XX, YY, ZZ, XY };
static const fp4_plan dbl_left = {
	{FP4_LANES(XY, YY, ZZ, XY)}, {FP4_LANES(XY, 0, ZZ, XY)}, {FP4_LANES(0, 0, XX, 0)}, {FP4_LANES(0, XX, YY, 0)},
	FP4_HAS(1, 0, 1, 1), FP4_HAS(0, 0, 1, 0), FP4_HAS(0, 1, 1, 0),
};
static const fp4_plan dbl_right = {
	{FP4_LANES(ZZ, XX, YY, XX)}, {FP4_LANES(ZZ, YY, 0, YY)}, {FP4_LANES(XX, 0, 0, 0)}, {FP4_LANES(YY, 0, XX, 0)},
	FP4_HAS(1, 1, 0, 1), FP4_HAS(1, 0, 0, 0), FP4_HAS(1, 0, 1, 0),
};

/* Of X, Y, Z, T: Y - X, Y + X, Z, T; then of A, B, D, C the same as above. */
static const fp4_plan add_first = {
	{FP4_LANES(Y, Y, Z, T)}, {FP4_LANES(0, X, 0, 0)}, {FP4_LANES(0, 0, 0, 0)}, {FP4_LANES(X, 0, 0, 0)},
	FP4_HAS(0, 1, 0, 0), FP4_HAS(0, 0, 0, 0), FP4_HAS(1, 0, 0, 0),
};
enum { A, B, D, C };
static const fp4_plan add_left = {
	{FP4_LANES(B, D, D, B)}, {FP4_LANES(0, C, 0, 0)}, {FP4_LANES(0, 0, 0, 0)}, {FP4_LANES(A, 0, C, A)},
	FP4_HAS(0, 1, 0, 0), FP4_HAS(0, 0, 0, 0), FP4_HAS(1, 0, 1, 1),
};
static const fp4_plan add_right = {
	{FP4_LANES(D, B, D, B)}, {FP4_LANES(0, A, C, A)}, {FP4_LANES(0, 0, 0, 0)}, {FP4_LANES(C, 0, 0, 0)},
	FP4_HAS(0, 1, 1, 1), FP4_HAS(0, 0, 0, 0), FP4_HAS(1, 0, 0, 0),
};

/* The first four. */
static void put(fp4 *r, const fp *a, const fp *b, const fp *c, const fp *d)
{
	const fp *const of[FP8_LANES] = {a, b, c, d, a, b, c, d};
	fp8 t;

	fp8_from_lanes(&t, of);
	fp4_from_fp8(r, &t);
	wipe(&t, sizeof t);
}

void climb4_begin(climb4 *c, const ed_extended *k)
{
	struct {
		fp diff, sum, z2, t2, minus_t2;
	} w;

	put(&c->at, &k->x, &k->y, &k->z, &k->t);
	fp_sub(&w.diff, &k->y, &k->x);
	fp_add(&w.sum, &k->y, &k->x);
	fp_dbl(&w.z2, &k->z);
	fp_dbl(&w.t2, &k->t);
	fp_neg(&w.minus_t2, &w.t2);
	put(&c->entry, &w.diff, &w.sum, &w.z2, &w.t2);
	put(&c->minus, &w.sum, &w.diff, &w.z2, &w.minus_t2);
	wipe(&w, sizeof w);
}

void climb4_dbl(climb4 *c, fp4 *squares)
{
	fp4 u, v;

	fp4_mul(squares, &c->at, &left, &c->at, &right);
	fp4_mix(&u, squares, &dbl_left);
	fp4_mix(&v, squares, &dbl_right);
	fp4_mul(&c->at, &u, &in_order, &v, &in_order);
}

void climb4_add(climb4 *c, int minus)
{
	fp4 u, v;

	fp4_mix(&u, &c->at, &add_first);
	fp4_mul(&u, &u, &in_order, minus ? &c->minus : &c->entry, &in_order);
	fp4_mix(&v, &u, &add_right);
	fp4_mix(&u, &u, &add_left);
	fp4_mul(&c->at, &u, &in_order, &v, &in_order);
}
