/* sakke_check.c -- encapsulations checked before they leave: a block against one member's complete sums.
 *
 * With weights c_i the points and powers of n members must satisfy
 *
 *   sum c_i R_i = [sum c_i r_i b_i]P + [sum c_i r_i]Z,   product (g^(r_i))^(c_i) = g^(sum c_i r_i)
 *
 * where the scalars on the right are made again from SSV and identities, R_i is read from the octets that
 * are to leave, and the right side takes the complete way of one member.  H is unmasked again and compared
 * with the member's SSV, of which r_i is made too, so that SSVs may differ.  So a wrong scalar, digit, sum, inverse,
 * power or octet of any one member shows: but not what is off by a point of order 2 (or 4), or a class of order 2,
 * which even weights do not see and no formula here makes.
 *
 * A table entry that is off by D is met by several members, with either sign: so the weights are different
 * powers of two, of which no signed sum vanishes; one by one they are far apart, and in large blocks, whose
 * members take turns in eight lanes, they are these times a random number for each lane.  All are even, so that the
 * right side, meeting the same entry once, cannot make up for it.
 */
#include "sakke_check.h"

#include <string.h>

#include "curve/edwards8.h"
#include "field/zq.h"
#include "random.h"
#include "secret.h"

#define FE    fp
#define FN(x) fp_##x
#define CN(x) ec_##x
#define F2(x) fp2_##x
#define ED(x) ed_##x
#define KN(x) one_##x
#include "sakke_check_tmpl.h"
#undef FE
#undef FN
#undef CN
#undef F2
#undef ED
#undef KN

#define FE    fp8
#define FN(x) fp8_##x
#define CN(x) ec8_##x
#define F2(x) fp8x2_##x
#define ED(x) ed8_##x
#define KN(x) eight_##x
#include "sakke_check_tmpl.h"

enum {
	WORTH_LANES = 64,  /* members; weighing eight lanes costs about what 30 do one by one, by one element too */
	SPREAD = 10,       /* bits between weights one by one: digits have 10 at most, and differ by even numbers */
	WEIGHT_BITS = 32,  /* of a lane: a wrong sum of two lanes or more passes with 2^-31 */
};

/* What one lane, or the side of one element, adds up on the right. */
typedef struct {
	uint64_t r[16], rb[16];
} scalars;

/* The left side of a lane where there are no vectors. */
typedef struct {
	ed_extended points;
	fp2_elt power;
} one_lane;

/* What is not public is wiped with the scratch that this lies in. */
typedef struct {
	one_side one;
	one_lane lane[FP8_LANES], masked;
	eight_side eight;
	ed8_extended sum8;
	fp8x2_elt power8, next8;
	ec8_point point8;
	fp8 gr8;
	scalars sums, lanes[FP8_LANES];
	encap_item item;            /* the scalars of one member, made again */
	encap_item total;           /* the right side */
	const uint8_t *lane_x[FP8_LANES], *lane_y[FP8_LANES], *lane_gr[FP8_LANES]; /* members of a vector */
	ec_point point;
	fp gr;
	uint32_t weights[FP8_LANES];
	uint8_t ssv[KM_SSV_BYTES];
} work;

size_t sakke_check_size(void)
{
	return sizeof(work);
}

/* ---- one member -------------------------------------------------------------------------------- */

static void twice_scalars(scalars *s)
{
	zq_add(s->r, s->r, s->r);
	zq_add(s->rb, s->rb, s->rb);
}

/* s = 2s + the scalars of item. */
static void add_scalars(scalars *s, const encap_item *item)
{
	twice_scalars(s);
	zq_add(s->r, s->r, item->r);
	zq_add(s->rb, s->rb, item->rb);
}

/* The member's scalars to s.  All ones where the first octet is right and H opens to the SSV. */
static uint64_t read_member(scalars *s, work *w, const sakke_checked *b, size_t i)
{
	const uint8_t *sed = b->sed + i * KM_SED_BYTES;
	const km_to_encap one = item_of(b->asked, b->at + i);
	uint64_t differ = 0, exact = sakke_scalars(&w->item, one.ssv, one.id, one.id_len);

	add_scalars(s, &w->item);
	sakke_mask(w->ssv, sed + KM_SAKKE_POINT_BYTES, b->items[i].gr);
	for (int j = 0; j < KM_SSV_BYTES; j++)
		differ |= (uint64_t)(w->ssv[j] ^ one.ssv[j]);
	return exact & ct_mask_eq(sed[0], 4) & ~ct_mask_nonzero(differ);
}

/* Both sides of one element times 2^(SPREAD - 1): where digits of a window are wrong, members' errors are small
 * multiples of one point, below 2^SPREAD, and with weights so far apart their sum is not 0. */
static void spread(work *w)
{
	for (int i = 1; i < SPREAD; i++) {
		one_twice(&w->one);
		twice_scalars(&w->sums);
	}
}

/* A member's point and power to the side of one element.  All ones where they are formed. */
static uint64_t add_one(work *w, const sakke_checked *b, size_t i)
{
	const uint8_t *sed = b->sed + i * KM_SED_BYTES;
	uint64_t formed = fp_from_bytes(&w->point.x, sed + 1);

	formed &= fp_from_bytes(&w->point.y, sed + 1 + KM_FP_BYTES);
	formed &= fp_from_bytes(&w->gr, b->items[i].gr);
	one_add(&w->one, &w->point, &w->gr);
	return formed;
}

/* ---- eight lanes ------------------------------------------------------------------------------- */

/* A member's point and power to the side of lane l. */
static uint64_t add_in_turn(work *w, size_t l, const sakke_checked *b, size_t i)
{
	one_lane *lane = &w->lane[l];
	uint64_t formed;

	w->one.points = lane->points;
	w->one.power = lane->power;
	formed = add_one(w, b, i);
	lane->points = w->one.points;
	lane->power = w->one.power;
	return formed;
}

/* Member i to lane l of the vector. */
static void take_lane(work *w, size_t l, const sakke_checked *b, size_t i)
{
	const uint8_t *sed = b->sed + i * KM_SED_BYTES;

	w->lane_x[l] = sed + 1;
	w->lane_y[l] = sed + 1 + KM_FP_BYTES;
	w->lane_gr[l] = b->items[i].gr;
}

/* The vector.  All ones where all of it is formed. */
static uint64_t add_vector(work *w)
{
	uint64_t formed = fp8_from_octets(&w->point8.x, w->lane_x);

	formed &= fp8_from_octets(&w->point8.y, w->lane_y);
	formed &= fp8_from_octets(&w->gr8, w->lane_gr);
	eight_add(&w->eight, &w->point8, &w->gr8);
	return formed;
}

/* The l-th of eight members in a row.  All ones where they, or the vector that is complete, are formed. */
static uint64_t add_in_lane(work *w, size_t l, const sakke_checked *b, size_t i)
{
	if (!fp8_k)
		return add_in_turn(w, l, b, i);
	take_lane(w, l, b, i);
	return l + 1 < FP8_LANES ? ~(uint64_t)0 : add_vector(w);
}

static void start_lanes(work *w)
{
	for (size_t l = 0; l < FP8_LANES; l++)
		w->lane[l] = (one_lane){w->one.points, w->one.power};
	if (!fp8_k)
		return;
	fp8_from_one(&w->eight.s, &ed_map.s);
	fp8_from_one(&w->eight.k, &ed_map.k);
	eight_start(&w->eight);
}

/* The side of one element += the lane, where the bit of its weight is set. */
static void add_masked(work *w, const one_lane *lane, uint64_t mask)
{
	one_side *o = &w->one;

	fp_cmov(&w->masked.points.x, &lane->points.x, mask);
	fp_cmov(&w->masked.points.y, &lane->points.y, mask);
	fp_cmov(&w->masked.points.z, &lane->points.z, mask);
	fp_cmov(&w->masked.points.t, &lane->points.t, mask);
	fp_cmov(&w->masked.power.re, &lane->power.re, mask);
	fp_cmov(&w->masked.power.im, &lane->power.im, mask);
	ed_add(&o->points, &w->masked.points);
	fp2_mul(&o->power, &o->power, &w->masked.power);
}

/* All lanes to the side of one element, each times its weight. */
static void weigh_in_turn(work *w)
{
	one_lane neutral;

	one_start(&w->one);
	neutral = (one_lane){w->one.points, w->one.power};
	for (int bit = WEIGHT_BITS; bit-- > 0;) {
		one_twice(&w->one);
		for (size_t l = 0; l < FP8_LANES; l++) {
			w->masked = neutral;
			add_masked(w, &w->lane[l], 0 - (uint64_t)(w->weights[l] >> bit & 1));
		}
	}
}

/* points and power of lane l to its weight. */
static void weigh_lanes(work *w)
{
	eight_side *e = &w->eight;

	w->sum8 = e->points;
	w->power8 = e->power;
	eight_start(e);
	for (int bit = WEIGHT_BITS; bit-- > 0;) {
		uint64_t mask[FP8_LANES];

		for (int l = 0; l < FP8_LANES; l++)
			mask[l] = 0 - (uint64_t)(w->weights[l] >> bit & 1);
		eight_twice(e);
		e->next = e->points;
		ed8_add(&e->next, &w->sum8);
		fp8x2_mul(&w->next8, &e->power, &w->power8);
		fp8_cmov(&e->points.x, &e->next.x, mask);
		fp8_cmov(&e->points.y, &e->next.y, mask);
		fp8_cmov(&e->points.z, &e->next.z, mask);
		fp8_cmov(&e->points.t, &e->next.t, mask);
		fp8_cmov(&e->power.re, &w->next8.re, mask);
		fp8_cmov(&e->power.im, &w->next8.im, mask);
	}
}

/* All lanes to the side of one element, each with its weight.  KM_ERANDOM. */
static km_err join_lanes(work *w, const km_random *rnd)
{
	km_err err = random_passing((uint8_t *)w->weights, sizeof w->weights, rnd);

	if (err != KM_OK)
		return err;
	if (fp8_k) {
		weigh_lanes(w);
		alone_join(&w->one.points, &w->one.power, &w->eight.points, &w->eight.power);
	} else {
		weigh_in_turn(w);
	}
	for (size_t l = 0; l < FP8_LANES; l++) {
		uint64_t c[16] = {w->weights[l]};

		zq_mul(w->lanes[l].r, w->lanes[l].r, c);
		zq_mul(w->lanes[l].rb, w->lanes[l].rb, c);
		zq_add(w->sums.r, w->sums.r, w->lanes[l].r);
		zq_add(w->sums.rb, w->sums.rb, w->lanes[l].rb);
	}
	return KM_OK;
}

/* ---- both sides -------------------------------------------------------------------------------- */

/* All members on the left; the last ones, or all of a few, one by one.  All ones where each is formed
 * and opens to the SSV. */
static km_err add_members(work *w, uint64_t *good, const sakke_checked *b, size_t used,
		const km_random *rnd)
{
	size_t in_lanes = used >= WORTH_LANES ? used / FP8_LANES * FP8_LANES : 0;
	size_t at = 0, j = 0;
	km_err err = KM_OK;

	if (in_lanes > 0)
		start_lanes(w);
	for (; at < in_lanes; j++) {
		size_t l = at % FP8_LANES;

		if (b->items[j].status != KM_OK)
			continue;
		*good &= read_member(&w->lanes[l], w, b, j);
		*good &= add_in_lane(w, l, b, j);
		at++;
	}
	if (in_lanes > 0)
		err = join_lanes(w, rnd);
	for (; j < b->n; j++) {
		if (b->items[j].status != KM_OK)
			continue;
		if (at > in_lanes)
			spread(w);
		*good &= read_member(&w->sums, w, b, j);
		*good &= add_one(w, b, j);
		at++;
	}
	*good &= ct_mask_eq(at, used);
	return err;
}

/* All ones where both sides are one. */
static uint64_t sides_meet(work *w)
{
	one_side *o = &w->one;
	uint64_t meet = fp_from_bytes(&w->point.x, w->total.point + 1);

	meet &= fp_from_bytes(&w->point.y, w->total.point + 1 + KM_FP_BYTES);
	meet &= fp_from_bytes(&w->gr, w->total.gr);
	ed_from_affine(&o->next, &w->point, &o->s, &o->k);
	fp_mul2(&o->t, &o->points.x, &o->next.z, &o->u, &o->next.x, &o->points.z);
	meet &= fp_equal(&o->t, &o->u);
	fp_mul2(&o->t, &o->points.y, &o->next.z, &o->u, &o->next.y, &o->points.z);
	meet &= fp_equal(&o->t, &o->u);
	fp_mul(&o->t, &o->power.re, &w->gr);
	meet &= fp_equal(&o->t, &o->power.im);
	/* What a fault has left at 0 is no point, and no power. */
	return meet & ~(fp_is_zero(&o->points.z) | fp_is_zero(&o->next.z) | fp_is_zero(&o->power.re) |
			fp_is_zero(&w->gr));
}

/* Everything doubled, and the sums of the right side. */
static km_err finish(work *w, const sakke_z *z, const km_random *rnd)
{
	one_twice(&w->one);
	zq_add(w->total.r, w->sums.r, w->sums.r);
	zq_add(w->total.rb, w->sums.rb, w->sums.rb);
	return sakke_sums_of_one(&w->total, z, rnd);
}

void sakke_check(km_err *verdict, const sakke_checked *b, const sakke_z *z, void *memory,
		const km_random *rnd)
{
	uint64_t good = ~(uint64_t)0;
	size_t used = 0;
	work *w = memory;
	km_err err;

	for (size_t i = 0; i < b->n; i++)
		used += b->items[i].status == KM_OK;
	if (used == 0) { /* and so nothing leaves */
		*verdict = KM_OK;
		return;
	}
	memset(w, 0, sizeof *w);
	w->one.s = ed_map.s;
	w->one.k = ed_map.k;
	one_start(&w->one);
	w->total.status = KM_EFAULT;
	err = add_members(w, &good, b, used, rnd);
	if (err == KM_OK)
		err = finish(w, z, rnd);
	good &= sides_meet(w) & zq_holds();
	/* Public: anything but a good block is a fault, and nothing leaves. */
	ct_public(&good, sizeof good);
	if (err != KM_OK)
		*verdict = err;
	else if (good && w->total.status == KM_OK)
		*verdict = KM_OK;
}
