/* curve.h -- the points of E: y^2 = x^3 - 3x over F_p: octets, checks, and sums of many at once.
 *
 * The room, engine/curve/, which stands on field/:
 *   curve, curve_tmpl        points in affine and Jacobian form: octets, checks, sums that share inversions
 *   curve8                   the same formulas in eight lanes
 *   edwards, edwards_tmpl    complete sums, without exceptional cases
 *   edwards8                 the same in eight lanes
 *   lines, lines_tmpl        a receiver's key prepared: the lines of its Miller loop; what they are at a point
 *   lines_make_tmpl          how they are made
 *   pairing, pairing_tmpl    one pairing, by prepared lines or without
 *   pairing8, miller8        many pairings, eight to a vector; the loops of keys that are not prepared
 *   parts8, conics8, climb4  one pairing by eight lanes: its loop in parts, lines of new points, these points
 */
#ifndef KM_CURVE_H
#define KM_CURVE_H

#include "engine.h"
#include "field/fp.h"

enum { ec_lanes = 1 };

typedef struct {
	fp x, y;
} ec_point, ec_sum; /* canonical, so that sums are points like others */

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
