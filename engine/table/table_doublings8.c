/* table_doublings8.c -- the doublings of a chain by lanes: four products at a time on the Edwards form, then eight
 * links at a time to affine coordinates.
 *
 * The Edwards form doubles any point of E that is not of order 1, 2 or 4, whatever its order: of 2A and A - A one would
 * have to be of order 2 or 4 (edwards.h), which the former is for no other A.  Those three, and what comes of them,
 * have no affine coordinates here: a denominator is 0. */
#include <stdlib.h>

#include "curve/climb4.h"
#include "curve/edwards8.h"
#include "secret.h"
#include "table_layouts.h"

enum { LANES = FP8_LANES };

/* Eight links, of which the way back needs no t: there stands the product of the denominators before them. */
typedef ed8_extended links8;

/* The next eight doublings, from c on. */
static void climb(links8 *r, climb4 *c)
{
	static const uint8_t coordinate[3][LANES] = {{0}, {1, 1, 1, 1, 1, 1, 1, 1}, {2, 2, 2, 2, 2, 2, 2, 2}};
	const fp4 *from[LANES];
	fp4 at[LANES], unused;

	for (size_t l = 0; l < LANES; l++) {
		at[l] = c->at;
		from[l] = &at[l];
		climb4_dbl(c, &unused);
	}
	fp4_gather(&r->x, from, coordinate[0]);
	fp4_gather(&r->y, from, coordinate[1]);
	fp4_gather(&r->z, from, coordinate[2]);
}

/* inv = 1/(the product of all denominators), each time the scale of what leaves: 1/s in the form of fp. */
static km_err invert(fp8 *inv, links8 *all, size_t n)
{
	uint64_t zero;
	fp8 run, d, scale;
	km_err err;

	fp8_set_one(&run);
	for (size_t v = 0; v < n; v++) {
		all[v].t = run;
		ed8_denominator(&d, &all[v]);
		fp8_mul(&run, &run, &d);
	}
	err = ec8_blinded_inv(inv, &zero, &run, NULL);
	/* Public: what is inverted is, and nothing of the blind is left in the inverse. */
	ct_public(inv, sizeof *inv);
	fp8_from_one(&scale, &ed_map.s_inv);
	fp8_to_unpacked(&scale, &scale);
	fp8_mul(inv, inv, &scale);
	return err == KM_OK && zero ? KM_EORDER : err;
}

/* The first m of eight links.  inv, of all denominators up to theirs, becomes that of those before: with
 * a = (1 + y)/((1 - y)x), times 1/s, the link is (x a, k a).  8M. */
static void leave(ec_point *to, size_t m, const links8 *a, fp8 *inv, const fp8 *k)
{
	ec_point beyond;
	fp *x[LANES], *y[LANES];
	fp8 d, t;

	for (size_t l = 0; l < LANES; l++) {
		x[l] = l < m ? &to[l].x : &beyond.x;
		y[l] = l < m ? &to[l].y : &beyond.y;
	}
	ed8_denominator(&d, a);
	fp8_mul(&t, inv, &a->t);
	fp8_mul(inv, inv, &d);
	fp8_add(&d, &a->z, &a->y);
	fp8_mul(&t, &t, &d);
	fp8_mul(&d, &t, &a->x);
	fp8_unpacked_to_lanes(x, &d);
	fp8_mul(&t, &t, &a->z);
	fp8_mul(&t, &t, k);
	fp8_unpacked_to_lanes(y, &t);
}

km_err table_doublings8(ec_point *links, size_t n, const ec_point *base)
{
	size_t vectors = (n + LANES - 1) / LANES;
	links8 *all = aligned_alloc(64, vectors * sizeof *all);
	ed_extended first;
	climb4 c;
	fp8 inv, k;
	km_err err = KM_ENOMEM;

	if (all) {
		ed_from_affine(&first, base, &ed_map.s, &ed_map.k);
		climb4_begin(&c, &first);
		for (size_t v = 0; v < vectors; v++)
			climb(&all[v], &c);
		err = invert(&inv, all, vectors);
		fp8_from_one(&k, &ed_map.k);
	}
	for (size_t v = vectors; err == KM_OK && v-- > 0;)
		leave(links + LANES * v, n - LANES * v < LANES ? n - LANES * v : LANES, &all[v], &inv, &k);
	free(all);
	return err;
}
