/* pairing.c -- the pairing of one pair of points. */
#include "pairing.h"

#include "conics8.h"
#include "parts8.h"
#include "secret.h"

#define FE    fp
#define FN(x) fp_##x
#define CN(x) ec_##x
#define F2(x) fp2_##x
#define PN(x) pairing_##x
#include "pairing_tmpl.h"

/* r = im/re. */
static km_err divide(fp *r, const fp2 *v, const km_random *rnd)
{
	uint64_t zero;
	fp inv;
	km_err err = ec_blinded_inv(&inv, &zero, &v->re, rnd);

	fp_mul(r, &v->im, &inv);
	wipe(&inv, sizeof inv);
	return err == KM_OK && zero ? KM_EDEGENERATE : err;
}

km_err pairing_prepared(fp *r, const fp *lines, const ec_point *q, const km_random *rnd)
{
	fp2 v;
	km_err err;

	if (parts8_pay())
		parts8_eval(&v, lines, q);
	else
		lines_eval(&v, lines, q);
	err = divide(r, &v, rnd);
	wipe(&v, sizeof v);
	return err;
}

km_err pairing(fp *r, const ec_point *k, const ec_point *q, const km_random *rnd)
{
	fp2 v;
	km_err err = KM_OK;

	if (parts8_pay())
		err = conics8_miller(&v, k, q);
	else
		pairing_miller(&v, k, q);
	if (err == KM_OK)
		err = divide(r, &v, rnd);
	wipe(&v, sizeof v);
	return err;
}
