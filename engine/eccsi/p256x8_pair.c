/* p256x8_pair.c -- two multiples of points side by side, each by four lanes.  Everything is public.
 *
 * An odd k below 16^N has N digits of four bits, odd and of both signs, none 0: with U = (k - 1)/2 + 16^N/2 its
 * digit u_i stands for 2u_i - 15, for the sum of (2u_i - 15)*16^i is 2U - 16^N + 1.  The curves may be any with
 * the points given: a*z^4 goes with a point, and neither formula has b.
 *
 * Additions are not complete: the end tells (p256x8.h).
 */
#include "p256x8.h"

#include <string.h>

enum { W = 4, ENTRIES = 1 << (W - 1), LANES_EACH = P256X8_LANES / 2 };

/* What is in the lanes of a point. */
enum { X, TWICE_Y, Z, AZ4 };

typedef const uint64_t (*in)[8];

static void dbl(p256x8_pair *a, p256x8_pair_scratch *w, size_t n)
{
	p256x8_k->pair_dbl(a->point.v, w->v[0].v, n);
}

static void add(p256x8_pair *a, p256x8_pair_scratch *w, const p256x8_pair *b, const p256x8_pair *c,
		size_t minus, size_t whole)
{
	p256x8_k->pair_add(a->point.v, w->v[0].v, (in)b->point.v, (in)c->point.v, minus, whole);
}

/* The points, with z = 1. */
static void pair_of(p256x8_pair *r, const p256_curve_point from[2])
{
	uint64_t plain[P256X8_LANES][4] = {{0}};

	for (size_t c = 0; c < 2; c++) {
		uint64_t (*v)[4] = plain + LANES_EACH * c;
		p256_fe y;

		fe_add(&y, &from[c].point.y, &from[c].point.y);
		fe_to_limbs(v[X], &from[c].point.x);
		fe_to_limbs(v[TWICE_Y], &y);
		v[Z][0] = 1;
		fe_to_limbs(v[AZ4], &from[c].a);
	}
	fe8_from_limbs(&r->point, (const uint64_t (*)[4])plain);
	fe8_set(&r->powers, fe8_one);
}

/* The number of digits of the larger k. */
static size_t digits_var(const uint64_t k[2][4])
{
	size_t n = 256 / W;

	while (n > 1 && !((k[0][(n - 1) / 16] | k[1][(n - 1) / 16]) >> W * ((n - 1) % 16)))
		n--;
	return n;
}

/* Digit i of n. */
static size_t digit_of(const uint64_t k[4], size_t i, size_t n)
{
	size_t at = W * i + 1, d = k[at / 64] >> at % 64;

	if (at % 64 > 64 - W && at / 64 < 3)
		d |= k[at / 64 + 1] << (64 - at % 64);
	d &= 2 * ENTRIES - 1;
	return i == n - 1 ? d + ENTRIES : d;
}

/* r = the point of c as it is, (4x, 8y, 2z). */
static void leave(p256_jac *r, const p256x8_pair *a, size_t c)
{
	uint64_t plain[P256X8_LANES][4];
	p256_fe *out[] = {&r->x, &r->y, &r->z};

	fe8_to_limbs(plain, &a->point);
	for (size_t i = 0; i < 3; i++) {
		fe_from_limbs(out[i], plain[LANES_EACH * c + i]);
		fe_add(out[i], out[i], out[i]);
	}
	fe_add(&r->x, &r->x, &r->x);
	fe_add(&r->y, &r->y, &r->y);
}

void p256x8_two_times_var(p256_jac r[2], const uint64_t k[2][4], const p256_curve_point from[2])
{
	static const size_t minus_bit[2] = {1 << 2, 1 << 6};
	p256x8_pair odd[ENTRIES], twice; /* odd[i] = 2i + 1 times the points */
	p256x8_pair_scratch w;
	size_t n = digits_var(k);
	p256x8_pair sum;

	pair_of(&odd[0], from);
	twice = odd[0];
	dbl(&twice, &w, 1);
	for (size_t i = 1; i < ENTRIES; i++) {
		odd[i] = odd[i - 1];
		add(&odd[i], &w, &twice, &twice, 0, 1);
	}
	for (size_t i = n; i-- > 0;) {
		const p256x8_pair *entry[2];
		size_t minus = 0;

		for (size_t c = 0; c < 2; c++) {
			size_t d = digit_of(k[c], i, n);

			minus |= d < ENTRIES ? minus_bit[c] : 0;
			entry[c] = &odd[d < ENTRIES ? ENTRIES - 1 - d : d - ENTRIES];
		}
		if (i == n - 1) { /* the highest digits are positive */
			sum = *entry[0];
			for (size_t j = 0; j < P256X8_LIMBS; j++)
				memcpy(sum.point.v[j] + LANES_EACH, entry[1]->point.v[j] + LANES_EACH,
						LANES_EACH * sizeof(uint64_t));
			continue;
		}
		dbl(&sum, &w, W);
		add(&sum, &w, entry[0], entry[1], minus, 0);
	}
	for (size_t c = 0; c < 2; c++)
		leave(&r[c], &sum, c);
}
