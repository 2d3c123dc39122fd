/* pairing.c -- the pairing of one pair of points. */
#include "pairing.h"

#include "secret.h"

km_err pairing_prepared(fp *r, const fp *lines, const ec_point *q, const km_random *rnd)
{
	struct {
		fp2 v;
		fp inv;
	} w;
	uint64_t zero;
	km_err err;

	lines_eval(&w.v, lines, q);
	err = ec_blinded_inv(&w.inv, &zero, &w.v.re, rnd);
	fp_mul(r, &w.v.im, &w.inv);
	if (err == KM_OK && zero)
		err = KM_EDEGENERATE;
	wipe(&w, sizeof w);
	return err;
}

km_err pairing(fp *r, const ec_point *k, const ec_point *q, const km_random *rnd)
{
	size_t size = LINES_COEFS * sizeof(fp);
	fp *lines = scratch_alloc(size);
	uint64_t order = 0;
	km_err err;

	if (!lines)
		return KM_ENOMEM;
	*r = fp_zero;
	err = lines_prepare(lines, &order, k, rnd);
	/* Public: the verdict on a key. */
	ct_public(&order, sizeof order);
	if (err == KM_OK)
		err = order ? pairing_prepared(r, lines, q, rnd) : KM_EDEGENERATE;
	scratch_free(lines, size);
	return err;
}
