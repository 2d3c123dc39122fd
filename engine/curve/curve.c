/* curve.c -- the points of E: octets, checks, blinded inversion, and what tables are built with. */
#include "curve.h"

#include <string.h>

#include "field/params.h"
#include "random.h"
#include "secret.h"

ec_point ec_p;

void ec_init(void)
{
	fp_from_limbs(&ec_p.x, params_px);
	fp_from_limbs(&ec_p.y, params_py);
}

/* All ones where y^2 = x^3 - 3x. */
static uint64_t on_curve(const ec_point *a)
{
	fp l, r, t;

	fp_sqr(&r, &a->x);
	fp_dbl(&t, &fp_one);
	fp_add(&t, &t, &fp_one);
	fp_sub(&r, &r, &t);
	fp_mul(&r, &r, &a->x); /* x(x^2 - 3) */
	fp_sqr(&l, &a->y);
	return fp_equal(&l, &r);
}

km_err ec_from_octets(ec_point *r, const uint8_t *in, size_t len)
{
	uint64_t formed, on;

	memset(r, 0, sizeof *r);
	if (len != KM_SAKKE_POINT_BYTES)
		return KM_EFORMAT;
	formed = ct_mask_eq(in[0], 4);
	formed &= fp_from_bytes(&r->x, in + 1);
	formed &= fp_from_bytes(&r->y, in + 1 + KM_FP_BYTES);
	on = on_curve(r);
	/* Public: a refused point is named in an error, an accepted one has both masks set. */
	ct_public(&formed, sizeof formed);
	ct_public(&on, sizeof on);
	if (formed && on)
		return KM_OK;
	wipe(r, sizeof *r);
	return formed ? KM_ECURVE : KM_EFORMAT;
}

void ec_to_octets(uint8_t out[KM_SAKKE_POINT_BYTES], const ec_point *a)
{
	out[0] = 4;
	fp_to_bytes(out + 1, &a->x);
	fp_to_bytes(out + 1 + KM_FP_BYTES, &a->y);
}

uint64_t ec_equal(const ec_point *a, const ec_point *b)
{
	return fp_equal(&a->x, &b->x) & fp_equal(&a->y, &b->y);
}

km_err ec_blinded_inv(fp *inv, uint64_t *zero, const fp *a, const km_random *rnd)
{
	struct {
		fp blind, product;
	} w;
	km_err err = random_below(w.blind.v, fp_p, FP_LIMBS, 1024, rnd);

	memset(inv, 0, sizeof *inv);
	*zero = 0;
	if (err != KM_OK)
		return err;
	fp_mul(&w.product, a, &w.blind);
	/* Public: a times a fresh uniform factor is uniform, or 0 where a is, which the caller reports or
	 * works around in the open. */
	ct_public(&w.product, sizeof w.product);
	*zero = fp_is_zero(&w.product);
	fp_inv_var(inv, &w.product);
	fp_mul(inv, inv, &w.blind);
	wipe(&w, sizeof w);
	return KM_OK;
}

void ec_add_many_var(ec_point *a, const ec_point *b, fp *prefix, size_t n)
{
	fp run = fp_one;

	ec_add_forward(&run, prefix, a, b, n);
	fp_inv_var(&run, &run);
	ec_add_backward(&run, a, b, prefix, n);
}

void ec_affine_many_var(ec_point *r, const ec_jac *a, fp *prefix, size_t n)
{
	fp run = fp_one, zi, t;

	for (size_t i = 0; i < n; i++) {
		prefix[i] = run;
		fp_mul(&run, &run, &a[i].z);
	}
	fp_inv_var(&run, &run);
	for (size_t i = n; i-- > 0;) {
		fp_mul2(&zi, &run, &prefix[i], &run, &run, &a[i].z);
		fp_sqr(&t, &zi);
		fp_mul2(&r[i].x, &a[i].x, &t, &t, &t, &zi);
		fp_mul(&r[i].y, &a[i].y, &t);
	}
}

/* c = [k]a in Jacobian coordinates, k > 0; z = 0 as ec_add_affine says. */
static void mul_jac_var(ec_jac *c, const uint64_t k[16], const ec_point *a)
{
	ec_line unused;
	int top = 1023;

	while (!(k[top / 64] >> top % 64 & 1))
		top--;
	*c = (ec_jac){a->x, a->y, fp_one};
	for (int i = top - 1; i >= 0; i--) {
		ec_dbl(c, &unused);
		if (k[i / 64] >> i % 64 & 1)
			ec_add_affine(c, &unused, a);
	}
}

int ec_mul_var(ec_point *r, const uint64_t k[16], const ec_point *a)
{
	ec_jac c;
	fp prefix;

	mul_jac_var(&c, k, a);
	if (fp_is_zero(&c.z))
		return 0;
	ec_affine_many_var(r, &c, &prefix, 1);
	return 1;
}

/* E has 4q points, and of order 2 (0, 0) alone, for 3 is no square: so its points of order 1, 2 and 4 are cyclic,
 * and those of order q or 1 are the fourfold ones.
 *
 * The double of (u, v) has x = ((u^2 + 3)/(2v))^2.  Given x = t^2, this is (u^2 + 3)^2 = 4t^2 u(u^2 - 3), and with
 * a = u - 3/u, a^2 - 4xa + 12 = 0: a = 2(x + y/t) or 2(x - y/t), for x^2 - 3 = (y/t)^2.  Their product is 12,
 * and a = (v/u)^2: of both just one is a square, so there is a half just where x is a square, and its u is a root of
 * u^2 - au - 3 = 0.  The two halves differ by (0, 0), which is twice a point: both are doubles again, or neither. */
int ec_has_order_q_var(const ec_point *point)
{
	fp a, t, u, twelve;

	if (!fp_is_square_var(&point->x))
		return 0;
	fp_sqrt_var(&t, &point->x);
	fp_inv_var(&t, &t);
	fp_mul(&t, &t, &point->y);
	fp_add(&a, &point->x, &t);
	fp_dbl(&a, &a);
	if (!fp_is_square_var(&a)) {
		fp_sub(&a, &point->x, &t);
		fp_dbl(&a, &a);
	}
	fp_dbl(&t, &fp_one);
	fp_add(&t, &t, &fp_one);
	fp_dbl(&t, &t);
	fp_dbl(&twelve, &t);
	fp_sqr(&t, &a);
	fp_add(&t, &t, &twelve);
	fp_sqrt_var(&u, &t);
	fp_add(&u, &u, &a);
	fp_dbl(&u, &u); /* four times u */
	return fp_is_square_var(&u);
}
