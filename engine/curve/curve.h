/* curve.h -- the points of E: y^2 = x^3 - 3x over F_p: octets, checks, and sums of many at once. */
#ifndef KM_CURVE_H
#define KM_CURVE_H

#include "engine.h"
#include "field/fp.h"

/* The operations of the templates, for canonical elements (see curve_tmpl.h). */
#define fp_sub16       fp_sub
#define fp_sub64       fp_sub
#define fp_tidy(a)     ((void)(a))
#define fp_reduce(r, a) (*(r) = *(a))
#define fp_set_one(r)  (*(r) = fp_one)
#define fp_set_zero(r) (*(r) = fp_zero)

static inline void fp_sqr2(fp *r, const fp *a, fp *s, const fp *c)
{
	fp_mul2(r, a, a, s, c, c);
}

static inline void fp_mul_add(fp *r, const fp *a, const fp *b, const fp *c)
{
	fp t;

	fp_mul(&t, a, b);
	fp_add(r, &t, c);
}

static inline void fp_mul_lift(fp *r, const fp *a, const fp *b, const fp *c)
{
	fp t;

	fp_mul(&t, a, b);
	fp_sub(r, &t, c);
}

static inline void fp_mul_diff(fp *r, const fp *a, const fp *b, const fp *c)
{
	fp t;

	fp_sub(&t, b, c);
	fp_mul(r, a, &t);
}

static inline void fp_mul_sdiff(fp *r, const fp *a, const fp *b, const fp *c, const uint64_t *mask)
{
	fp t;

	fp_cneg(&t, b, *mask);
	fp_mul_diff(r, a, &t, c);
}

static inline void fp_mul_diff_sqr(fp *r, const fp *a, const fp *b, const fp *c, fp *s, const fp *d)
{
	fp t;

	fp_sub(&t, b, c);
	fp_mul2(r, a, &t, s, d, d);
}

static inline void fp_mul_add2(fp *r, const fp *a, const fp *b, const fp *c, const fp *d, const fp *e)
{
	fp t, u;

	fp_mul2(&t, a, b, &u, c, d);
	fp_add(&t, &t, e);
	fp_add(r, &t, &u);
}

static inline void fp_mul_diff_sub(fp *r, const fp *a, const fp *b, const fp *c, const fp *d)
{
	fp t;

	fp_mul_diff(&t, a, b, c);
	fp_sub(r, &t, d);
}

static inline void fp_sqr_sub2(fp *r, const fp *a, const fp *b, const fp *c)
{
	fp t;

	fp_sqr(&t, a);
	fp_sub(&t, &t, b);
	fp_sub(r, &t, c);
}

enum { ec_lanes = 1 };

#define FE    fp
#define FN(x) fp_##x
#define CN(x) ec_##x
#include "curve_tmpl.h"
#undef FE
#undef FN
#undef CN

/* Once, after fp_pick: the constants of the curve. */
void ec_init(void);

/* P, of order q. */
extern ec_point ec_p;

/* 04 || x || y.  KM_EFORMAT: the length, the first octet, a coordinate not below p.  KM_ECURVE.
 * The point may be secret; what is wrong with it is not. */
km_err ec_from_octets(ec_point *r, const uint8_t *in, size_t len);
void ec_to_octets(uint8_t out[KM_SAKKE_POINT_BYTES], const ec_point *a);

/* All ones where it holds, else 0. */
uint64_t ec_equal(const ec_point *a, const ec_point *b);

/* inv = 1/a of a secret a, blinded by a fresh element from rnd before it is inverted.  *zero is all
 * ones where a = 0 (and inv = 0): public from here on.  KM_ERANDOM. */
km_err ec_blinded_inv(fp *inv, uint64_t *zero, const fp *a, const km_random *rnd);

/* r[i] = a[i] + b[i] for public points that are neither equal nor opposite; prefix: n elements. */
void ec_add_many_var(ec_point *a, const ec_point *b, fp *prefix, size_t n);
/* r = [k]a for a public point and scalar (sixteen limbs); false where the result is infinity, or a
 * sum on the way met an exceptional case (never for a of order q and 0 < k < q). */
int ec_mul_var(ec_point *r, const uint64_t k[16], const ec_point *a);
/* r[i] = (x/z^2, y/z^3) of n public points with z not 0; prefix: n elements. */
void ec_affine_many_var(ec_point *r, const ec_jac *a, fp *prefix, size_t n);
/* Whether a public point has order q. */
int ec_has_order_q_var(const ec_point *a);

#endif
