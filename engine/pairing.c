/* pairing.c -- the pairing of one pair of points. */
#include "pairing.h"

#include "fp2.h"
#include "params.h"
#include "secret.h"

#define FE    fp
#define FN(x) fp_##x
#define CN(x) ec_##x
#define F2(x) fp2_##x
#define PN(x) pairing_##x
#include "pairing_tmpl.h"

/* All ones where c = [q-1]k is -k: then and only then k has order q.  An exceptional addition on the
 * way leaves z = 0. */
static uint64_t is_minus(const ec_jac *c, const ec_point *k)
{
	fp zz, t, minus;
	uint64_t same;

	fp_sqr(&zz, &c->z);
	fp_mul(&t, &k->x, &zz);
	same = fp_equal(&t, &c->x);
	fp_mul(&zz, &zz, &c->z);
	fp_neg(&minus, &k->y);
	fp_mul(&t, &minus, &zz);
	return same & fp_equal(&t, &c->y) & ~fp_is_zero(&c->z);
}

km_err pairing_checked(fp *r, uint64_t *order_q, const ec_point *k, const ec_point *q,
		const km_random *rnd)
{
	struct {
		fp2 v;
		ec_jac c;
		fp inv;
	} w;
	uint64_t zero;
	km_err err;

	pairing_miller(&w.v, &w.c, k, q);
	*order_q = is_minus(&w.c, k);
	err = ec_blinded_inv(&w.inv, &zero, &w.v.re, rnd);
	fp_mul(r, &w.v.im, &w.inv);
	if (err == KM_OK && zero)
		err = KM_EDEGENERATE;
	wipe(&w, sizeof w);
	return err;
}

km_err pairing(fp *r, const ec_point *k, const ec_point *q, const km_random *rnd)
{
	uint64_t unused;

	return pairing_checked(r, &unused, k, q, rnd);
}
