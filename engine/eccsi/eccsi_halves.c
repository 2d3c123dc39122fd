/* eccsi_halves.c -- a signature of a signer who is new, checked by multiples of half the length.
 *
 * J = [u1]G + [u2]KPAK + [u3]PVT has the x r (RFC 6507, 5.2.2) if and only if [a]J has the x of [a]R, for R with
 * the x r, either of the two, and a not 0 modulo n.  With a*u3 = +-b modulo n, both of about 128 bits,
 *
 *   [a]R  and  [a*u1]G + [a*u2]KPAK +- [b]PVT
 *
 * need 128 doublings side by side instead of 256 one after the other.  No y of R is looked for: where
 * w = r^3 - 3r + b is y^2, (wr, w^2) is what R becomes under (u, v) -> (wu, wyv), which leads to the curve
 * y^2 = x^3 - 3w^2 x + b*w^3.  Where w is no square it is a point of the twist; its multiples have an x there, over
 * w, that no point of P-256 has, for no point of either has y = 0.  Everything here is public.
 */
#include <string.h>

#include "bytes.h"
#include "eccsi.h"

__extension__ typedef unsigned __int128 u128;

/* ---- a and b ------------------------------------------------------------------------------ */

/* What Euclid's algorithm has for n and u: r = t*u, or -t*u, modulo n, in turns. */
typedef struct {
	uint64_t r[4], t[4];
} remainder;

/* r = r - q*a, not negative. */
static void sub_times(uint64_t r[4], uint64_t q, const uint64_t a[4])
{
	uint64_t carry = 0, borrow = 0;

	for (int i = 0; i < 4; i++) {
		u128 p = (u128)q * a[i] + carry;
		u128 d = (u128)r[i] - (uint64_t)p - borrow;

		carry = (uint64_t)(p >> 64);
		r[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
}

/* r = r + q*a, below 2^256. */
static void add_times(uint64_t r[4], uint64_t q, const uint64_t a[4])
{
	u128 p = 0;

	for (int i = 0; i < 4; i++) {
		p += (u128)q * a[i] + r[i];
		r[i] = (uint64_t)p;
		p >>= 64;
	}
}

/* Bits shift .. shift + 63 of a, shift below 256. */
static uint64_t bits_at(const uint64_t a[4], unsigned shift)
{
	unsigned i = shift / 64, by = shift % 64;
	uint64_t up = i < 3 ? a[i + 1] : 0;

	return by ? a[i] >> by | up << (64 - by) : a[i];
}

/* Bits of a, which is 2^64 or more. */
static unsigned length_var(const uint64_t a[4])
{
	unsigned top = a[3] ? 3 : a[2] ? 2 : 1;

	return 64 * (top + 1) - (unsigned)__builtin_clzll(a[top]);
}

static void words_up(uint64_t r[4], const uint64_t a[4], size_t words)
{
	memset(r, 0, 4 * sizeof *r);
	memcpy(r + words, a, (4 - words) * sizeof *r);
}

/* Take low off high as often as seems right, high's r being at least low's.  b is low moved up by whole words, at
 * most high and more than high/2^65; q is at least 1, at most high/b, and a quarter of that or more, so that a long
 * quotient takes some steps and not many. */
static void less_of_var(remainder *high, const remainder *low)
{
	unsigned length = length_var(high->r), shift = length - 64, longer = length - length_var(low->r);
	size_t words = longer ? (longer - 1) / 64 : 0; /* so that b is at most high */
	uint64_t below, q;
	remainder b;

	words_up(b.r, low->r, words);
	words_up(b.t, low->t, words);
	below = bits_at(b.r, shift) + 1;
	q = below ? bits_at(high->r, shift) / below : 0;
	q = q ? q : 1;
	sub_times(high->r, q, b.r);
	add_times(high->t, q, b.t);
}

/* Odd a and b with a*u = b, or -b where 1 comes back, modulo n: of two remainders in turn, whose r*t' + r'*t is n,
 * one has both odd, or their difference has. */
static int halves_var(uint64_t a[4], uint64_t b[4], const uint64_t u[4])
{
	remainder v[2] = {{.t = {0}}, {.t = {1}}}, *high = &v[0], *low = &v[1];
	int minus = 0; /* whether low's is */

	memcpy(high->r, p256_n, sizeof high->r);
	memcpy(low->r, u, sizeof low->r);
	while (low->r[2] | low->r[3]) {
		remainder *next = high;

		while (!p256_below(high->r, low->r))
			less_of_var(high, low);
		high = low;
		low = next;
		minus ^= 1;
	}
	if (!(low->r[0] & low->t[0] & 1)) {
		if (!(high->r[0] & high->t[0] & 1)) {
			sub_times(high->r, 1, low->r);
			add_times(high->t, 1, low->t);
		}
		low = high;
		minus ^= 1;
	}
	memcpy(a, low->t, sizeof low->t);
	memcpy(b, low->r, sizeof low->r);
	return minus;
}

/* ---- the check ---------------------------------------------------------------------------- */

/* r = -3w^2 */
static void minus_three_squares(p256_fe *r, const p256_fe *w)
{
	static const p256_fe zero;
	p256_fe ww, t;

	fe_sqr(&ww, w);
	fe_add(&t, &ww, &ww);
	fe_add(&t, &t, &ww);
	fe_sub(r, &zero, &t);
}

/* The point with the x r, x over w on its curve. */
static void image_of(p256_curve_point *r, p256_fe *w, const uint64_t x[4])
{
	p256_fe t;

	fe_from_limbs(&t, x);
	p256_curve_side(w, &t);
	fe_mul(&r->point.x, &t, w);
	fe_sqr(&r->point.y, w);
	minus_three_squares(&r->a, w);
}

int eccsi_by_halves_var(const uint8_t sig[KM_SIG_BYTES], const eccsi_three *u, const p256_point *pvt,
		const p256_wide *kpak)
{
	static const p256_fe zero;
	uint64_t x[4], k[2][4], u1[4], u2[4];
	p256_curve_point from[2];
	p256_jac j, multiple[2] = {{.z = {{0}}}, {.z = {{0}}}};
	p256_fe w, left, right;

	limbs_from_be(x, sig, 4);
	if (!p256_below(x, p256_p))
		return -1;
	image_of(&from[0], &w, x);
	from[1].point = *pvt;
	minus_three_squares(&from[1].a, &p256_one);
	if (halves_var(k[0], k[1], u->pvt))
		fe_sub(&from[1].point.y, &zero, &pvt->y);
	p256_mul_n(u1, k[0], u->g);
	p256_mul_n(u2, k[0], u->kpak);
	eccsi_of_two_var(&j, u1, u2, kpak);
	p256x8_two_times_var(multiple, (const uint64_t (*)[4])k, from);
	if (p256_is_zero(multiple[0].z.v) || p256_is_zero(multiple[1].z.v))
		return -1;
	p256_jac_add_var(&j, &j, &multiple[1]);
	if (p256_is_zero(j.z.v))
		return -1;
	fe_sqr(&left, &multiple[0].z);
	fe_mul(&left, &left, &w);
	fe_mul(&left, &left, &j.x);
	fe_sqr(&right, &j.z);
	fe_mul(&right, &right, &multiple[0].x);
	return memcmp(&left, &right, sizeof left) == 0;
}
