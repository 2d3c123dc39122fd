/* p256x8_jac.c -- Jacobian points of P-256 in eight lanes.
 *
 * Additions are not complete: one of equal or opposite points gives z = 0, and from then on z stays 0,
 * for every z is a product of those before it; so the end tells whether a lane is right.
 */
#include "p256x8.h"

/* 6M + 2S and five sums: with fewer products there would be nine. */
void jac8_dbl(jac8 *r, const jac8 *a)
{
	fe8 delta, y2, c, g, v, alpha, s, t;

	fe8_sqr(&delta, &a->z);
	fe8_add(&s, &a->x, &delta);
	fe8_mul_diff(&t, &s, &a->x, &delta);
	fe8_add(&alpha, &t, &t);
	fe8_add(&alpha, &alpha, &t);                    /* 3(x - z^2)(x + z^2) */
	fe8_add(&y2, &a->y, &a->y);
	fe8_mul(&c, &a->y, &y2);
	fe8_add(&g, &c, &c);                            /* 4y^2 */
	fe8_mul(&v, &a->x, &g);
	fe8_mul(&c, &c, &g);                            /* 8y^4 */
	fe8_mul(&r->z, &y2, &a->z);
	fe8_sqr_sub2(&r->x, &alpha, &v, &v);            /* x3 = alpha^2 - 8xy^2 */
	fe8_mul_diff_sub(&r->y, &alpha, &v, &r->x, &c);
}

/* 8M + 3S. */
void jac8_add(jac8 *r, const jac8 *a, const p256x8_point *b)
{
	fe8 zz, h, hh, hhh, v, l, t;

	fe8_sqr(&zz, &a->z);
	fe8_mul_sub(&h, &b->x, &zz, &a->x);
	fe8_mul(&t, &zz, &a->z);
	fe8_mul_sub(&l, &b->y, &t, &a->y);
	fe8_mul(&r->z, &a->z, &h);
	fe8_sqr(&hh, &h);
	fe8_mul(&hhh, &h, &hh);
	fe8_mul(&v, &a->x, &hh);
	fe8_mul(&t, &a->y, &hhh);
	fe8_add(&hh, &v, &v);
	fe8_sqr_sub2(&r->x, &l, &hhh, &hh);             /* x3 = l^2 - h^3 - 2*x*h^2 */
	fe8_mul_diff_sub(&r->y, &l, &v, &r->x, &t);     /* y3 = l*(x*h^2 - x3) - y*h^3 */
}

/* With both as they are seen from lane l: what is theirs in lane l ^ by is ours there.  So the other's
 * x2*z1^2 and y2*z1^3 are our x1*z2^2 and y1*z2^3, swapped.  8M + 3S. */
void jac8_join(jac8 *a, size_t by)
{
	fe8 zz, other, u, s, h, hh, hhh, l;

	fe8_sqr(&zz, &a->z);
	fe8_swap(&other, &zz, by);
	fe8_mul(&u, &a->x, &other);
	fe8_mul(&zz, &zz, &a->z);
	fe8_swap(&other, &zz, by);
	fe8_mul(&s, &a->y, &other);
	fe8_swap(&other, &a->z, by);
	fe8_mul(&a->z, &a->z, &other);
	fe8_swap(&h, &u, by);
	fe8_sub(&h, &h, &u);
	fe8_swap(&l, &s, by);
	fe8_sub(&l, &l, &s);
	fe8_mul(&a->z, &a->z, &h);
	fe8_sqr(&hh, &h);
	fe8_mul(&hhh, &h, &hh);
	fe8_mul(&u, &u, &hh);
	fe8_mul(&s, &s, &hhh);
	fe8_add(&hh, &u, &u);
	fe8_sqr_sub2(&a->x, &l, &hhh, &hh);
	fe8_mul_diff_sub(&a->y, &l, &u, &a->x, &s);
}
