/* p256_point.c -- P-256's points: octets, sums that share inversions, multiples of any point. */
#include <string.h>

#include "bytes.h"
#include "p256.h"
#include "secret.h"

/* ---- octets ------------------------------------------------------------------------------ */

void p256_curve_side(p256_fe *r, const p256_fe *x)
{
	p256_fe t;

	fe_sqr(&t, x);
	fe_sub(&t, &t, &p256_one);
	fe_sub(&t, &t, &p256_one);
	fe_sub(&t, &t, &p256_one);
	fe_mul(&t, &t, x);
	fe_add(r, &t, &p256_b);
}

int p256_is_on_curve_var(const p256_point *a)
{
	p256_fe side, yy;

	p256_curve_side(&side, &a->x);
	fe_sqr(&yy, &a->y);
	return memcmp(&side, &yy, sizeof yy) == 0;
}

km_err p256_from_octets_var(p256_point *r, const uint8_t *in, size_t len)
{
	uint64_t x[4], y[4];

	memset(r, 0, sizeof *r);
	if (len != KM_ECCSI_POINT_BYTES || in[0] != 4)
		return KM_EFORMAT;
	limbs_from_be(x, in + 1, 4);
	limbs_from_be(y, in + 33, 4);
	if (!p256_below(x, p256_p) || !p256_below(y, p256_p))
		return KM_EFORMAT;
	fe_from_limbs(&r->x, x);
	fe_from_limbs(&r->y, y);
	if (p256_is_on_curve_var(r))
		return KM_OK;
	memset(r, 0, sizeof *r);
	return KM_ECURVE;
}

void p256_to_octets(uint8_t out[65], const p256_point *a)
{
	uint64_t t[4];

	out[0] = 4;
	fe_to_limbs(t, &a->x);
	limbs_to_be(out + 1, t, 4);
	fe_to_limbs(t, &a->y);
	limbs_to_be(out + 33, t, 4);
	wipe(t, sizeof t);
}

uint64_t p256_equal(const p256_point *a, const p256_point *b)
{
	uint64_t differ = 0;

	for (int i = 0; i < 4; i++)
		differ |= (a->x.v[i] ^ b->x.v[i]) | (a->y.v[i] ^ b->y.v[i]);
	return ~ct_mask_nonzero(differ);
}

/* ---- sums -------------------------------------------------------------------------------- */

static uint64_t is_infinity(const p256_point *a)
{
	return p256_is_zero(a->x.v) & p256_is_zero(a->y.v);
}

/* The slope of a + b is num/den.  Incomplete: b's x is not a's (num, den: the chord). */
static void chord(p256_fe *num, p256_fe *den, const p256_point *a, const p256_point *b)
{
	fe_sub(num, &b->y, &a->y);
	fe_sub(den, &b->x, &a->x);
}

/* The same for any a and b: the tangent where they are equal; den = 1 where the sum has no slope,
 * for one is infinity or the sum is. */
static void slope(p256_fe *num, p256_fe *den, const p256_point *a, const p256_point *b)
{
	p256_fe t, tangent;
	uint64_t none = is_infinity(a) | is_infinity(b), same;

	chord(num, den, a, b);
	same = p256_is_zero(den->v);
	none |= same & ~p256_is_zero(num->v);
	fe_sqr(&t, &a->x);
	fe_sub(&t, &t, &p256_one);
	fe_add(&tangent, &t, &t);
	fe_add(&tangent, &tangent, &t); /* 3x^2 - 3 */
	fe_add(&t, &a->y, &a->y);       /* 2y, not 0: no point has order 2 */
	ct_cmov(num->v, tangent.v, 4, same);
	ct_cmov(den->v, t.v, 4, same);
	ct_cmov(den->v, p256_one.v, 4, none);
}

/* r = a + b by the slope l; r may be a. */
static void by_slope(p256_point *r, const p256_fe *l, const p256_point *a, const p256_point *b)
{
	p256_fe x3, t;

	fe_sqr(&x3, l);
	fe_sub(&x3, &x3, &a->x);
	fe_sub(&x3, &x3, &b->x); /* x3 = l^2 - x1 - x2 */
	fe_sub(&t, &a->x, &x3);
	fe_mul(&t, &t, l);
	fe_sub(&r->y, &t, &a->y); /* y3 = l*(x1 - x3) - y1 */
	r->x = x3;
}

/* What by_slope cannot know, put right: the sum is b, a or infinity. */
static void complete(p256_point *r, const p256_point *a, const p256_point *b)
{
	uint64_t a_inf = is_infinity(a), b_inf = is_infinity(b);
	p256_fe x, y;
	uint64_t opposite;

	fe_sub(&x, &a->x, &b->x);
	fe_add(&y, &a->y, &b->y);
	opposite = p256_is_zero(x.v) & p256_is_zero(y.v);
	for (int i = 0; i < 4; i++) {
		r->x.v[i] &= ~opposite;
		r->y.v[i] &= ~opposite;
	}
	ct_cmov(r->x.v, b->x.v, 4, a_inf);
	ct_cmov(r->y.v, b->y.v, 4, a_inf);
	ct_cmov(r->x.v, a->x.v, 4, b_inf);
	ct_cmov(r->y.v, a->y.v, 4, b_inf);
}

/* One level: of each sum the sums of neighbours, to its first (len + 1)/2 places.  All their
 * denominators are inverted together: 5M + 1S an addition, and 1S more for the last of each sum. */
static void level(p256_point *pts, size_t sums, size_t stride, size_t len, p256_fe *prefix)
{
	size_t pairs = len / 2, k = 0;
	struct {
		p256_fe run, num, den, l;
		p256_point sum;
	} w = {.run = p256_one};

	for (size_t i = 0; i < sums; i++)
		for (size_t j = 0; j < pairs; j++) {
			const p256_point *a = pts + i * stride + 2 * j;

			(2 * j + 2 == len ? slope : chord)(&w.num, &w.den, a, a + 1);
			prefix[k++] = w.run; /* the product of all denominators before this one */
			fe_mul(&w.run, &w.run, &w.den);
		}
	p256_inv_p(&w.run, &w.run);
	for (size_t i = sums; i-- > 0;)
		for (size_t j = pairs; j-- > 0;) {
			p256_point *a = pts + i * stride + 2 * j;
			int last = 2 * j + 2 == len;

			(last ? slope : chord)(&w.num, &w.den, a, a + 1);
			fe_mul(&w.l, &w.run, &prefix[--k]); /* 1/den */
			fe_mul(&w.run, &w.run, &w.den);
			fe_mul(&w.l, &w.l, &w.num);
			by_slope(&w.sum, &w.l, a, a + 1);
			if (last)
				complete(&w.sum, a, a + 1);
			*a = w.sum;
		}
	for (size_t i = 0; i < sums; i++)
		for (size_t j = 1; 2 * j < len; j++)
			pts[i * stride + j] = pts[i * stride + 2 * j];
	wipe(&w, sizeof w);
}

void p256_sum(p256_point *pts, size_t sums, size_t len, p256_fe *scratch)
{
	for (size_t left = len; left > 1; left = (left + 1) / 2)
		level(pts, sums, len, left, scratch);
}

/* ---- Jacobian sums ------------------------------------------------------------------------ */

typedef p256_jac jac;

_Static_assert(sizeof(p256_jac) == 12 * sizeof(uint64_t) && sizeof(p256_point) == 8 * sizeof(uint64_t),
		"as the kernels have them");

/* Infinity stays infinity.  4M + 4S. */
void p256_jac_dbl(p256_jac *r, const p256_jac *a)
{
	VERIFY(verify_below(a->x.v, p256_p, 4) && verify_below(a->y.v, p256_p, 4));
	VERIFY(verify_below(a->z.v, p256_p, 4));
	p256_k->dbl((uint64_t *)r, (const uint64_t *)a);
	VERIFY(verify_below(r->x.v, p256_p, 4) && verify_below(r->y.v, p256_p, 4));
}

/* What an addition begins with: h = x2*z1^2 - x1*z2^2, l = y2*z1^3 - y1*z2^3, and x1*z2^2, y1*z2^3. */
typedef struct {
	p256_fe h, l, x, y;
} difference;

/* r = the sum, z being the product of both z; where h = 0, z3 = 0: right for opposite points, and else
 * not.  5M + 2S. */
static void jac_by_difference(jac *r, const difference *d, const p256_fe *z)
{
	p256_fe hh, hhh, v, t;

	fe_mul(&r->z, z, &d->h);
	fe_sqr(&hh, &d->h);
	fe_mul(&hhh, &d->h, &hh);
	fe_mul(&v, &d->x, &hh);
	fe_mul(&hh, &d->y, &hhh);
	fe_sqr(&t, &d->l);
	fe_sub(&t, &t, &hhh);
	fe_sub(&t, &t, &v);
	fe_sub(&r->x, &t, &v); /* x3 = l^2 - h^3 - 2*x*h^2 */
	fe_sub(&v, &v, &r->x);
	fe_mul(&v, &v, &d->l);
	fe_sub(&r->y, &v, &hh); /* y3 = l*(x*h^2 - x3) - y*h^3 */
}

/* r = a + b; z = 0 where that is not possible. */
static void jac_mixed(jac *r, const jac *a, const p256_point *b)
{
	VERIFY(verify_below(a->x.v, p256_p, 4) && verify_below(a->y.v, p256_p, 4));
	VERIFY(verify_below(a->z.v, p256_p, 4));
	p256_k->mixed((uint64_t *)r, (const uint64_t *)a, (const uint64_t *)b);
	VERIFY(verify_below(r->x.v, p256_p, 4) && verify_below(r->y.v, p256_p, 4));
}

void p256_chain(p256_jac *r, const p256_point *pts, size_t n)
{
	*r = (jac){pts[0].x, pts[0].y, p256_one};
	for (size_t i = 1; i < n; i++)
		jac_mixed(r, r, &pts[i]);
}

void p256_affine(p256_point *r, const p256_jac *a)
{
	p256_fe zi, zz;

	p256_inv_p(&zi, &a->z); /* infinity: 0, and so becomes (0, 0) */
	fe_sqr(&zz, &zi);
	fe_mul(&r->x, &a->x, &zz);
	fe_mul(&zz, &zz, &zi);
	fe_mul(&r->y, &a->y, &zz);
	wipe(&zi, sizeof zi);
	wipe(&zz, sizeof zz);
}

/* ---- of public points, for public numbers -------------------------------------------------- */

/* Neither is infinity.  6M + 2S. */
static void jac_differ_var(difference *d, const jac *a, const jac *b)
{
	p256_fe zz;

	fe_sqr(&zz, &b->z);
	fe_mul(&d->x, &a->x, &zz);
	fe_mul(&zz, &zz, &b->z);
	fe_mul(&d->y, &a->y, &zz);
	fe_sqr(&zz, &a->z);
	fe_mul(&d->h, &b->x, &zz);
	fe_sub(&d->h, &d->h, &d->x);
	fe_mul(&zz, &zz, &a->z);
	fe_mul(&d->l, &b->y, &zz);
	fe_sub(&d->l, &d->l, &d->y);
}

void p256_jac_add_var(p256_jac *r, const p256_jac *a, const p256_jac *b)
{
	difference d;
	p256_fe z;

	if (p256_is_zero(a->z.v) || p256_is_zero(b->z.v)) {
		*r = p256_is_zero(a->z.v) ? *b : *a;
		return;
	}
	jac_differ_var(&d, a, b);
	if (p256_is_zero(d.h.v) && p256_is_zero(d.l.v)) {
		p256_jac_dbl(r, a);
		return;
	}
	fe_mul(&z, &a->z, &b->z);
	jac_by_difference(r, &d, &z);
}

void p256_jac_mixed_var(p256_jac *r, const p256_jac *a, const p256_point *b)
{
	const jac whole = {b->x, b->y, p256_one};
	jac sum;

	jac_mixed(&sum, a, b);
	if (p256_is_zero(sum.z.v))
		p256_jac_add_var(r, a, &whole);
	else
		*r = sum;
}

int p256_same_var(const p256_jac *a, const p256_jac *b)
{
	difference d;

	if (p256_is_zero(a->z.v) || p256_is_zero(b->z.v))
		return 0;
	jac_differ_var(&d, a, b);
	return p256_is_zero(d.h.v) && p256_is_zero(d.l.v);
}

int p256_is_x_var(const p256_jac *a, const uint64_t x[4])
{
	p256_fe t, zz;

	if (p256_is_zero(a->z.v) || !p256_below(x, p256_p))
		return 0;
	fe_sqr(&zz, &a->z);
	fe_from_limbs(&t, x);
	fe_mul(&t, &t, &zz);
	return memcmp(&t, &a->x, sizeof t) == 0;
}

/* The signed digits of k, odd or 0, |digit| < 2^(WNAF_W - 1), from the lowest; the sum of
 * digit[i]*2^i is k. */
enum { WNAF_W = 5, WNAF_DIGITS = 257, WNAF_ODD = 1 << (WNAF_W - 2) };

static void wnaf_var(int8_t digit[WNAF_DIGITS], const uint64_t k[4])
{
	uint64_t v[5] = {k[0], k[1], k[2], k[3], 0};

	memset(digit, 0, WNAF_DIGITS);
	for (int i = 0; i < WNAF_DIGITS; i++) {
		if (v[0] & 1) {
			int low = v[0] & ((1 << WNAF_W) - 1);
			int d = low < 1 << (WNAF_W - 1) ? low : low - (1 << WNAF_W);
			uint64_t up = d < 0 ? (uint64_t)-d : 0;

			digit[i] = (int8_t)d;
			v[0] -= d > 0 ? (uint64_t)d : 0;
			for (int j = 0; j < 5; j++) {
				v[j] += up;
				up = v[j] < up;
			}
		}
		for (int j = 0; j < 5; j++)
			v[j] = v[j] >> 1 | (j < 4 ? v[j + 1] << 63 : 0);
	}
}

/* The n points in affine form, by one inversion.  None is infinity; prefix has n elements. */
static void normalize_var(p256_point *r, const jac *a, size_t n, p256_fe *prefix)
{
	p256_fe run = p256_one, zi, zz;

	for (size_t i = 0; i < n; i++) {
		prefix[i] = run;
		fe_mul(&run, &run, &a[i].z);
	}
	p256_inv_p(&run, &run);
	for (size_t i = n; i-- > 0;) {
		fe_mul(&zi, &run, &prefix[i]);
		fe_mul(&run, &run, &a[i].z);
		fe_sqr(&zz, &zi);
		fe_mul(&r[i].x, &a[i].x, &zz);
		fe_mul(&zz, &zz, &zi);
		fe_mul(&r[i].y, &a[i].y, &zz);
	}
}

/* odd[i] = (2i + 1)*a.  With 2a = (x/z^2, y/z^3), the map (u, v) -> (u*z^2, v*z^3) is to a curve on
 * which 2a is the affine (x, y), and the addition knows no coefficient of the curve. */
static void odd_multiples_var(p256_point odd[WNAF_ODD], const p256_point *a)
{
	jac twice, chain[WNAF_ODD];
	p256_fe prefix[WNAF_ODD], zz;
	p256_point mapped;

	p256_jac_dbl(&twice, &(jac){a->x, a->y, p256_one});
	mapped = (p256_point){twice.x, twice.y};
	fe_sqr(&zz, &twice.z);
	fe_mul(&chain[0].x, &a->x, &zz);
	fe_mul(&zz, &zz, &twice.z);
	fe_mul(&chain[0].y, &a->y, &zz);
	chain[0].z = p256_one;
	for (int i = 1; i < WNAF_ODD; i++)
		p256_jac_mixed_var(&chain[i], &chain[i - 1], &mapped);
	for (int i = 0; i < WNAF_ODD; i++)
		fe_mul(&chain[i].z, &chain[i].z, &twice.z);
	normalize_var(odd, chain, WNAF_ODD, prefix);
}

void p256_doublings_var(p256_point *r, size_t n, const p256_point *a)
{
	jac chain[P256_DOUBLINGS_MAX];
	p256_fe prefix[P256_DOUBLINGS_MAX];

	chain[0] = (jac){a->x, a->y, p256_one};
	for (size_t i = 1; i < n; i++)
		p256_jac_dbl(&chain[i], &chain[i - 1]);
	normalize_var(r, chain, n, prefix);
}

void p256_total_var(p256_jac *r, const p256_point *pts, size_t n)
{
	*r = (p256_jac){0};
	for (size_t i = 0; i < n; i++)
		p256_jac_mixed_var(r, r, &pts[i]);
}

void p256_times_var(p256_jac *r, const uint64_t k[4], const p256_point *a)
{
	int8_t digit[WNAF_DIGITS];
	p256_point odd[WNAF_ODD];
	jac acc = {0};

	wnaf_var(digit, k);
	odd_multiples_var(odd, a);
	for (int i = WNAF_DIGITS - 1; i >= 0; i--) {
		p256_jac_dbl(&acc, &acc);
		if (digit[i]) {
			p256_point b = odd[(digit[i] < 0 ? -digit[i] : digit[i]) / 2];

			if (digit[i] < 0)
				fe_negate_where(&b.y, ~(uint64_t)0);
			p256_jac_mixed_var(&acc, &acc, &b);
		}
	}
	*r = acc;
}
