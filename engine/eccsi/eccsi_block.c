/* eccsi_block.c -- signatures that were made together are checked together, before they leave.
 *
 * Each verifies if T_i = [u1_i]G + [u2_i]Y has the x r_i (5.2.2).  Who made them has the y of T_i too: y is
 * shown to belong to the r_i of the octets that are to leave, by the equation of the curve, and then
 *
 *   sum c_i (r_i, y_i) = [sum c_i u1_i]G + [sum c_i u2_i]Y
 *
 * with weights c_i that are all different: 2^v in vector v, times 1, 3, .. 15 in its lanes; one by one,
 * 2^i.  A wrong hash, scalar or point of one signature shows for
 * certain, where the tables of G are right, which is proved when they are made; several, that one fault made
 * wrong, would have to cancel out under the weights.  Whatever does not fit is checked one by one.
 * Everything here is public: from r, s and the message everybody makes T_i.
 */
#include <string.h>

#include "bytes.h"
#include "eccsi.h"

enum { LANES = P256X8_LANES };

/* Of each lane; one by one there is the first alone. */
typedef struct {
	uint64_t u1[LANES][4], u2[LANES][4];
	p256_jac points[LANES];
} sums;

/* Signature l of vector v of width lanes; idle lanes have the last one's. */
static size_t item_at(size_t v, size_t l, size_t width, size_t n)
{
	size_t i = v * width + l;

	return i < n ? i : n - 1;
}

/* ---- scalars ----------------------------------------------------------------------------- */

static void add_twice(uint64_t sum[4], const uint64_t u[4])
{
	p256_add_mod(sum, sum, sum, p256_n);
	p256_add_mod(sum, sum, u, p256_n);
}

/* 0: one of them is no signature. */
static int add_scalars(sums *w, const km_signed *items, size_t n, size_t width,
		const eccsi_known *signer)
{
	uint64_t u1[ECCSI_AT_ONCE][4], u2[ECCSI_AT_ONCE][4];

	for (size_t i = 0; i < n; i++)
		if (!eccsi_scalars_var(u1[i], u2[i], items[i].sig, signer->hs, items[i].msg,
				items[i].len))
			return 0;
	memset(w->u1, 0, sizeof w->u1);
	memset(w->u2, 0, sizeof w->u2);
	for (size_t v = (n + width - 1) / width; v-- > 0;)
		for (size_t l = 0; l < width; l++) {
			add_twice(w->u1[l], u1[item_at(v, l, width, n)]);
			add_twice(w->u2[l], u2[item_at(v, l, width, n)]);
		}
	return 1;
}

/* ---- points ------------------------------------------------------------------------------ */

/* The number r of a signature; 0 where it is no x. */
static int r_of(uint64_t r[4], const km_signed *item)
{
	limbs_from_be(r, item->sig, 4);
	return p256_below(r, p256_p) != 0;
}

static int on_curve8(const p256x8_point *a)
{
	static const uint64_t three[P256X8_LIMBS] = {
		0x0000000000030, 0xd000000000000, 0xfffffffffffff, 0xffcffffffffff, 0x00000002fffff,
	};
	static const uint64_t curve_b[P256X8_LIMBS] = {
		0xdf6229c4bddfd, 0xca8843090d89c, 0x212ed6acf005c, 0x83415a220abf7, 0x0c30061dd4874,
	};
	uint64_t differ[LANES][4], any = 0;
	fe8 side, t;

	fe8_sqr(&side, &a->x);
	fe8_set(&t, three);
	fe8_mul_diff(&side, &a->x, &side, &t);  /* x^3 - 3x */
	fe8_set(&t, curve_b);
	fe8_add(&side, &side, &t);
	fe8_sqr(&t, &a->y);
	fe8_sub(&side, &side, &t);
	fe8_to_limbs(differ, &side);
	for (size_t l = 0; l < LANES; l++)
		for (size_t i = 0; i < 4; i++)
			any |= differ[l][i];
	return any == 0;
}

/* The lanes of a, one by one. */
static void apart(p256_jac r[LANES], const jac8 *a)
{
	uint64_t x[LANES][4], y[LANES][4], z[LANES][4];

	fe8_to_limbs(x, &a->x);
	fe8_to_limbs(y, &a->y);
	fe8_to_limbs(z, &a->z);
	for (size_t l = 0; l < LANES; l++) {
		fe_from_limbs(&r[l].x, x[l]);
		fe_from_limbs(&r[l].y, y[l]);
		fe_from_limbs(&r[l].z, z[l]);
	}
}

static int add_lanes(sums *w, const km_signed *items, size_t n, const eccsi_points *points)
{
	size_t vectors = (n + LANES - 1) / LANES;
	uint64_t r[LANES][4];
	p256x8_point next;
	jac8 sum;

	for (size_t v = vectors; v-- > 0;) {
		for (size_t l = 0; l < LANES; l++)
			if (!r_of(r[l], &items[item_at(v, l, LANES, n)]))
				return 0;
		fe8_from_limbs(&next.x, (const uint64_t (*)[4])r);
		next.y = points->eight[v * points->step].y;
		if (!on_curve8(&next))
			return 0;
		if (v == vectors - 1) {
			sum = (jac8){.x = next.x, .y = next.y};
			fe8_set(&sum.z, fe8_one);
			continue;
		}
		jac8_dbl(&sum, &sum);
		jac8_add(&sum, &sum, &next); /* of equal or opposite points: z = 0, which does not fit */
	}
	apart(w->points, &sum);
	return 1;
}

static int add_one_by_one(sums *w, const km_signed *items, size_t n, const eccsi_points *points)
{
	p256_jac *sum = &w->points[0];

	*sum = (p256_jac){0};
	for (size_t i = n; i-- > 0;) {
		p256_point next;
		uint64_t r[4];

		if (!r_of(r, &items[i]))
			return 0;
		fe_from_limbs(&next.x, r);
		next.y = points->one[i * points->step].y;
		if (!p256_is_on_curve_var(&next))
			return 0;
		p256_jac_dbl(sum, sum);
		p256_jac_mixed_var(sum, sum, &next);
	}
	return 1;
}

/* ---- together ---------------------------------------------------------------------------- */

/* sum of (2l + 1) a_l = 2 * (sum over l > 0 of the sums from l on) + the sum of all; to the first. */
static void join_scalars(uint64_t a[LANES][4])
{
	uint64_t from[4] = {0}, total[4] = {0};

	for (size_t l = LANES; l-- > 1;) {
		p256_add_mod(from, from, a[l], p256_n);
		p256_add_mod(total, total, from, p256_n);
	}
	p256_add_mod(total, total, total, p256_n);
	p256_add_mod(from, from, a[0], p256_n);
	p256_add_mod(a[0], total, from, p256_n);
}

static void join_points(p256_jac a[LANES])
{
	p256_jac from = {0}, total = {0};

	for (size_t l = LANES; l-- > 1;) {
		p256_jac_add_var(&from, &from, &a[l]);
		p256_jac_add_var(&total, &total, &from);
	}
	p256_jac_dbl(&total, &total);
	p256_jac_add_var(&from, &from, &a[0]);
	p256_jac_add_var(&a[0], &total, &from);
}

int eccsi_block_fits_var(const km_signed *items, size_t n, const eccsi_known *signer,
		const eccsi_points *points)
{
	p256_jac right;
	sums w;

	if (!add_scalars(&w, items, n, points->eight ? LANES : 1, signer))
		return 0;
	if (!(points->eight ? add_lanes : add_one_by_one)(&w, items, n, points))
		return 0;
	if (points->eight) {
		join_scalars(w.u1);
		join_scalars(w.u2);
		join_points(w.points);
	}
	eccsi_of_known_var(&right, w.u1[0], w.u2[0], signer);
	return p256_same_var(&right, &w.points[0]);
}
