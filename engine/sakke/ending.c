/* ending.c -- how complete sums end: one division for a few members. */
#include "encap.h"

#include "secret.h"

/* run = the product of the denominators of the points and, if wanted, of the powers. */
static void denominators(fp *run, ending *e, size_t n, int with_power)
{
	*run = fp_one;
	for (size_t j = 0; j < n; j++) {
		ed_denominator(&e[j].d, &e[j].sum);
		e[j].neutral = fp_is_zero(&e[j].d);
		fp_cmov(&e[j].d, &fp_one, e[j].neutral);
		e[j].prefix = *run;
		fp_mul(run, run, &e[j].d);
		if (with_power)
			fp_mul(run, run, &e[j].power.re); /* not 0: that class has order 2 */
	}
}

/* inv = 1/(prefix*d) or 1/(prefix*d*re), and becomes 1/prefix. */
static void divide(encap_item *item, ending *e, fp *inv, int with_power, int turned)
{
	struct {
		fp t, gr;
		ec_point point;
	} w;

	fp_mul(&w.t, inv, &e->prefix);
	fp_mul(inv, inv, &e->d);
	if (with_power) {
		fp_mul(inv, inv, &e->power.re);
		fp_mul(&w.gr, &e->power.im, &w.t);
		fp_mul(&w.gr, &w.gr, &e->d);
		fp_cneg(&w.gr, &w.gr, 0 - (uint64_t)(turned != 0));
		fp_mul(&w.t, &w.t, &e->power.re);
	}
	ed_to_point(&w.point, &e->sum, &w.t);
	encap_put(item, &w.point, with_power ? &w.gr : NULL);
	wipe(&w, sizeof w);
	/* Public: that R is infinity is told to the caller. */
	ct_public(&e->neutral, sizeof e->neutral);
	if (!e->neutral)
		return;
	wipe(item->point, sizeof item->point);
	wipe(item->gr, sizeof item->gr);
	item->status = KM_EDEGENERATE;
}

km_err ending_all(encap_item *items, ending *e, size_t n, int with_power, int turned,
		const km_random *rnd)
{
	struct {
		fp run, inv;
	} w;
	uint64_t zero;
	km_err err;

	denominators(&w.run, e, n, with_power);
	err = ec_blinded_inv(&w.inv, &zero, &w.run, rnd);
	for (size_t j = n; err == KM_OK && j-- > 0;)
		divide(&items[j], &e[j], &w.inv, with_power, turned);
	wipe(&w, sizeof w);
	return err;
}
