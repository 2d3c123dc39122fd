/* zq.c -- integers modulo q: Montgomery products by mpn_addmul_1 of GMP, with q below 2^1022. */
#include "zq.h"

#include <gmp.h>
#include <string.h>

#include "bytes.h"
#include "fp.h"
#include "params.h"
#include "random.h"
#include "secret.h"

enum { N = 16 };

_Static_assert(GMP_NUMB_BITS == 64, "limbs are 64 bits");

static uint64_t n0;    /* -1/q mod 2^64 */
static uint64_t r2[N]; /* 2^2048 mod q */

/* Short products are reduced by Barrett's quotient: what lies above 2^LOW, times 2^(LOW + UP) / q. */
enum {
	SHORT = 4, /* limbs of a short factor */
	LOW = Q_BITS - 2,
	UP = 64 * SHORT + 6,
	MU = SHORT + 1,
};
static uint64_t mu[MU]; /* 2^(LOW + UP) / q, below 2^261 */

#define limbs(a) ((const mp_limb_t *)(a))

void zq_init(void)
{
	uint64_t inv = 1;
	mp_limb_t big[2 * N + 1] = {0}, quotient[N + 2];

	for (int i = 0; i < 6; i++) /* Newton: the number of right bits doubles */
		inv *= 2 - params_q[0] * inv;
	n0 = 0 - inv;
	big[2 * N] = 1;
	mpn_tdiv_qr(quotient, (mp_limb_t *)r2, 0, big, 2 * N + 1, limbs(params_q), N);
	big[2 * N] = 0;
	big[(LOW + UP) / 64] = (mp_limb_t)1 << (LOW + UP) % 64;
	mpn_tdiv_qr(quotient, big, 0, big, (LOW + UP) / 64 + 1, limbs(params_q), N);
	memcpy(mu, quotient, sizeof mu);
}

/* r -= q where r >= q.  In: r < 2q. */
static void reduce_once(uint64_t r[N])
{
	mp_limb_t t[N];
	uint64_t borrow = mpn_sub_n(t, limbs(r), limbs(params_q), N);

	ct_cmov(r, (const uint64_t *)t, N, ct_barrier(borrow - 1));
	wipe(t, sizeof t);
}

/* r = a*b/2^1024 mod q.  The product is below q^2, so what is left is below q^2/2^1024 + q < 2q and
 * the carry out of the top is 0. */
static void mont_mul(uint64_t r[N], const uint64_t a[N], const uint64_t b[N])
{
	struct {
		mp_limb_t t[2 * N], carry[N], scratch[8 * N];
	} w;

	mpn_sec_mul(w.t, limbs(a), N, limbs(b), N, w.scratch);
	for (int i = 0; i < N; i++)
		w.carry[i] = mpn_addmul_1(w.t + i, limbs(params_q), N, w.t[i] * n0);
	mpn_add_n((mp_limb_t *)r, w.t + N, w.carry, N);
	reduce_once(r);
	wipe(&w, sizeof w);
}

void zq_mul(uint64_t r[N], const uint64_t a[N], const uint64_t b[N])
{
	uint64_t t[N];

	mont_mul(t, a, b);
	mont_mul(r, t, r2);
	wipe(t, sizeof t);
}

/* r = t mod q for t < 2^1280.  The quotient is short by less than 2^1280/2^(LOW + UP) for mu, mu/2^UP for what
 * lies below 2^LOW, and 1 for its own fraction: together below 2, so that what is left is below 2q.  All ones where it
 * was: then r is right whatever mu is, for a multiple of q was taken off all of t. */
static uint64_t reduce_short(uint64_t r[N], const mp_limb_t t[N + SHORT])
{
	struct {
		mp_limb_t high[MU], product[2 * MU], quotient[MU], multiple[N + MU], rest[N + MU];
		uint64_t over;
	} w;
	uint64_t below;

	mpn_rshift(w.high, t + LOW / 64, MU, LOW % 64);
	w.product[MU] = mpn_mul_1(w.product, limbs(mu), MU, w.high[0]);
	for (int i = 1; i < MU; i++)
		w.product[MU + i] = mpn_addmul_1(w.product + i, limbs(mu), MU, w.high[i]);
	mpn_rshift(w.quotient, w.product + UP / 64, MU, UP % 64);
	w.multiple[N] = mpn_mul_1(w.multiple, limbs(params_q), N, w.quotient[0]);
	for (int i = 1; i < MU; i++)
		w.multiple[N + i] = mpn_addmul_1(w.multiple + i, limbs(params_q), N, w.quotient[i]);
	w.over = mpn_sub_n(w.rest, t, w.multiple, N + SHORT) | w.multiple[N + SHORT];
	for (int i = N; i < N + SHORT; i++)
		w.over |= w.rest[i];
	memcpy(r, w.rest, N * sizeof *r);
	reduce_once(r);
	below = ct_barrier(0 - mpn_sub_n(w.multiple, limbs(r), limbs(params_q), N));
	below &= ~ct_mask_nonzero(w.over);
	wipe(&w, sizeof w);
	return below;
}

uint64_t zq_mul_octets(uint64_t r[N], const uint64_t a[N], const uint8_t *in, size_t len)
{
	struct {
		mp_limb_t product[N + SHORT], sum[N + SHORT]; /* the sum from limb SHORT on */
		uint64_t part[SHORT];
	} w;
	uint64_t exact = ~(uint64_t)0;
	size_t now;

	memset(w.sum, 0, sizeof w.sum);
	for (size_t at = 0; at < len; at += now) {
		now = (len - at - 1) % (8 * SHORT) + 1; /* what follows are whole parts */
		limbs_from_octets(w.part, SHORT, in + at, now);
		w.product[N] = mpn_mul_1(w.product, limbs(a), N, w.part[0]);
		for (int i = 1; i < SHORT; i++)
			w.product[N + i] = mpn_addmul_1(w.product + i, limbs(a), N, w.part[i]);
		/* Each is below q * 2^256. */
		mpn_add_n(w.product, w.product, w.sum, N + SHORT);
		exact &= reduce_short((uint64_t *)w.sum + SHORT, w.product);
	}
	memcpy(r, w.sum + SHORT, N * sizeof *r);
	wipe(&w, sizeof w);
	return exact;
}

void zq_add(uint64_t r[N], const uint64_t a[N], const uint64_t b[N])
{
	mpn_add_n((mp_limb_t *)r, limbs(a), limbs(b), N); /* below 2^1023 */
	reduce_once(r);
}

uint64_t zq_holds(void)
{
	mp_limb_t t[N];
	uint64_t differ;

	mpn_add_n(t, limbs(params_q), limbs(params_q), N);
	mpn_add_n(t, t, t, N); /* below 2^1024 */
	mpn_sub_n(t, t, limbs(fp_p), N);
	differ = t[0] ^ 1;
	for (int i = 1; i < N; i++)
		differ |= t[i];
	return ~ct_mask_nonzero(differ);
}

uint64_t zq_is_zero(const uint64_t a[N])
{
	uint64_t any = 0;

	for (int i = 0; i < N; i++)
		any |= a[i];
	return ~ct_mask_nonzero(any);
}

void zq_from_octets_var(uint64_t r[N], const uint8_t *in, size_t len)
{
	mpz_t x, q;

	mpz_init(x);
	mpz_init(q);
	mpz_import(q, N, -1, 8, 0, 0, params_q);
	mpz_import(x, len, 1, 1, 1, 0, in);
	mpz_mod(x, x, q);
	memset(r, 0, 8 * N);
	mpz_export(r, NULL, -1, 8, 0, 0, x);
	mpz_clears(x, q, NULL);
}

/* r = r - (q << shift) where that is not negative, else r.  shift <= 2 loses no bit of q. */
static void cond_sub_q(uint64_t r[16], unsigned shift)
{
	uint64_t t[16], low = 0, borrow = 0;

	for (int i = 0; i < 16; i++) {
		uint64_t qi = params_q[i] << shift | low;
		uint64_t d = r[i] - qi;

		low = shift ? params_q[i] >> (64 - shift) : 0;
		t[i] = d - borrow;
		borrow = (r[i] < qi) | (d < borrow);
	}
	ct_cmov(r, t, 16, ~ct_mask_nonzero(borrow));
	wipe(t, sizeof t);
}

void zq_from_hash(uint64_t r[16], const hash_part *parts, size_t n)
{
	uint8_t v[128];

	hash_range(v, 4, parts, n);
	limbs_from_be(r, v, 16);
	cond_sub_q(r, 2); /* 2^1024 < 7q, so r < 4q after this, */
	cond_sub_q(r, 1); /* r < 2q, */
	cond_sub_q(r, 0); /* r < q */
	wipe(v, sizeof v);
}

/* r = 1/a mod q for a public a that is not 0.  Under a name of its own in what is built, by which it is known to look
 * at a. */
static __attribute__((noinline)) void inv_var(uint64_t r[N], const uint64_t a[N])
{
	mpz_t x, q;

	mpz_init(x);
	mpz_init(q);
	mpz_import(q, N, -1, 8, 0, 0, params_q);
	mpz_import(x, N, -1, 8, 0, 0, a);
	mpz_invert(x, x, q);
	memset(r, 0, 8 * N);
	mpz_export(r, NULL, -1, 8, 0, 0, x);
	mpz_clears(x, q, NULL);
}

km_err zq_inv(uint64_t r[N], const uint64_t a[N], const km_random *rnd)
{
	struct {
		uint64_t blind[N], product[N];
	} w;
	km_err err;
	uint64_t zero = zq_is_zero(a);

	/* Public: a zero is an error that the caller reports anyway. */
	ct_public(&zero, sizeof zero);
	if (zero)
		err = KM_EDEGENERATE;
	else
		err = random_below(w.blind, params_q, N, Q_BITS, rnd);
	if (err != KM_OK) {
		memset(r, 0, 8 * N);
		goto out;
	}
	zq_mul(w.product, a, w.blind);
	/* Public: a product with a fresh uniform factor is uniform, whatever a is. */
	ct_public(w.product, sizeof w.product);
	inv_var(w.product, w.product);
	zq_mul(r, w.product, w.blind);
out:
	wipe(&w, sizeof w);
	return err;
}
