/* eccsi.c -- ECCSI (RFC 6507): signers, signing, and the check of signatures by a known signer. */
#include "eccsi.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "hash.h"
#include "kms_public.h"
#include "secret.h"

km_err eccsi_init(void)
{
	return p256_init() ? KM_OK : KM_ENOMEM;
}

km_err eccsi_kpak_load(eccsi_kpak *k, const uint8_t *kpak, size_t len)
{
	km_err err = p256_from_octets_var(&k->point, kpak, len);

	if (err == KM_OK && !p256_wide_make_var(&k->table, &k->point))
		err = KM_ENOMEM;
	if (err == KM_OK)
		memcpy(k->octets, kpak, sizeof k->octets);
	else
		memset(k, 0, sizeof *k);
	return err;
}

void eccsi_hs(uint8_t hs[KM_HASH_BYTES], const uint8_t kpak[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const uint8_t pvt[KM_ECCSI_POINT_BYTES])
{
	hash_parts(hs, (hash_part[]){{p256_g_octets, sizeof p256_g_octets},
		{kpak, KM_ECCSI_POINT_BYTES}, {id, id_len}, {pvt, KM_ECCSI_POINT_BYTES}}, 4);
}

void eccsi_y_var(p256_point *y, const uint8_t hs[KM_HASH_BYTES], const p256_point *pvt,
		const p256_point *kpak)
{
	uint64_t h[4];

	p256_scalar(h, hs);
	p256_times_var(y, h, pvt);
	p256_add(y, y, kpak);
}

/* ---- signers ----------------------------------------------------------------------------- */

/* KPAK = [SSK]G - [HS]PVT (5.1.2), as [SSK]G = Y. */
static km_err ssk_check(km_signer *s, const p256_point *y)
{
	struct {
		uint64_t ssk[4];
		p256_point point;
	} w;
	uint64_t in_range, same;

	limbs_from_be(w.ssk, s->ssk, 4);
	in_range = p256_below(w.ssk, p256_n) & ~p256_is_zero(w.ssk);
	p256_reduce(w.ssk, w.ssk, p256_n);
	p256_to_mont_n(s->ssk_mont, w.ssk);
	p256_times_g(&w.point, w.ssk);
	same = p256_equal(&w.point, y);
	/* Public: the verdict on a key. */
	ct_public(&in_range, sizeof in_range);
	ct_public(&same, sizeof same);
	wipe(&w, sizeof w);
	return !in_range ? KM_EFORMAT : !same ? KM_EKEY : KM_OK;
}

static km_err signer_load(km_signer *s, const uint8_t *id, size_t id_len, const uint8_t *pvt,
		size_t pvt_len, const km_kms_public *kms)
{
	p256_point point, y;
	km_err err = p256_from_octets_var(&point, pvt, pvt_len);

	if (err != KM_OK)
		return err;
	memcpy(s->pvt, pvt, sizeof s->pvt);
	eccsi_hs(s->hs, kms->auth.octets, id, id_len, pvt);
	eccsi_y_var(&y, s->hs, &point, &kms->auth.point);
	err = ssk_check(s, &y);
	if (err != KM_OK)
		return err;
	s->y = aligned_alloc(64, sizeof *s->y);
	return s->y && p256_wide_make_var(s->y, &y) ? KM_OK : KM_ENOMEM;
}

KM_API km_err km_signer_new(km_signer **signer, const uint8_t *id, size_t id_len,
		const uint8_t *ssk, size_t ssk_len, const uint8_t *pvt, size_t pvt_len,
		const km_kms_public *kms)
{
	km_signer *s;
	km_err err;

	*signer = NULL;
	if (id_len == 0 || id_len > KM_ID_MAX)
		return KM_EARG;
	if (ssk_len != KM_SSK_BYTES)
		return KM_EFORMAT;
	s = secret_alloc(sizeof *s);
	if (!s)
		return KM_ENOMEM;
	memcpy(s->ssk, ssk, sizeof s->ssk);
	err = signer_load(s, id, id_len, pvt, pvt_len, kms);
	if (err == KM_OK)
		*signer = s;
	else
		km_signer_free(s);
	return err;
}

KM_API void km_signer_free(km_signer *signer)
{
	if (!signer)
		return;
	free(signer->y);
	secret_free(signer);
}

/* ---- the check ---------------------------------------------------------------------------- */

int eccsi_scalars_var(uint64_t u1[4], uint64_t u2[4], const uint8_t sig[KM_SIG_BYTES],
		const uint8_t hs[KM_HASH_BYTES], const uint8_t *msg, size_t len)
{
	uint64_t r[4], s[4], he[4];
	uint8_t hash[KM_HASH_BYTES];

	hash_parts(hash, (hash_part[]){{hs, KM_HASH_BYTES}, {sig, 32}, {msg, len}}, 3);
	limbs_from_be(he, hash, 4);
	limbs_from_be(r, sig, 4);
	limbs_from_be(s, sig + 32, 4);
	if (p256_is_zero(r) || p256_is_zero(s) || !p256_below(s, p256_n))
		return 0;
	p256_to_mont_n(s, s);
	p256_k->mul_n(u1, he, s);
	p256_k->mul_n(u2, r, s); /* r may be n or more: hashed as it is, reduced here */
	return 1;
}

int eccsi_is_r_var(const p256_point *j, const uint8_t sig[KM_SIG_BYTES])
{
	uint64_t x[4], r[4];

	/* infinity is (0, 0), and r = 0 has been refused */
	fe_to_limbs(x, &j->x);
	limbs_from_be(r, sig, 4);
	return memcmp(x, r, sizeof r) == 0;
}

/* Below so many items, the inversions that sums share cost more than they save. */
enum { WORTH_SHARING = 4 };

/* J = [s*HE]G + [s*r]Y of item i to pts[2*i]. */
static void totals_var(p256_point *pts, size_t n, p256_fe *scratch)
{
	if (n < WORTH_SHARING) {
		for (size_t i = 0; i < n; i++)
			p256_total_var(&pts[2 * i], pts + i * ECCSI_CHECK_POINTS,
					ECCSI_CHECK_POINTS);
		return;
	}
	p256_sum(pts, 2 * n, P256_WIDE_WINDOWS, scratch);
	for (size_t i = 0; i < 2 * n; i++)
		pts[i] = pts[i * P256_WIDE_WINDOWS];
	p256_sum(pts, n, 2, scratch);
}

void eccsi_check_var(km_err *status, const km_signed *items, size_t n, const eccsi_known *signer,
		p256_point *pts, p256_fe *scratch)
{
	uint64_t u1[4], u2[4];

	for (size_t i = 0; i < n; i++) {
		const km_signed *item = &items[i];
		p256_point *row = pts + i * ECCSI_CHECK_POINTS;

		status[i] = KM_OK;
		if (!eccsi_scalars_var(u1, u2, item->sig, signer->hs, item->msg, item->len)) {
			status[i] = KM_ESIG;
			memset(u1, 0, sizeof u1);
			memset(u2, 0, sizeof u2);
		}
		p256_lookup_var(row, u1, &p256_wide_g);
		p256_lookup_var(row + P256_WIDE_WINDOWS, u2, signer->y);
	}
	totals_var(pts, n, scratch);
	for (size_t i = 0; i < n; i++)
		if (!eccsi_is_r_var(&pts[2 * i], items[i].sig))
			status[i] = KM_ESIG;
}

/* ---- signing ------------------------------------------------------------------------------ */

/* The passing secrets of one signature. */
typedef struct {
	uint64_t j[4];
	uint64_t d[4];   /* (HE + r*SSK)*2^256 mod n, with 1 in place of 0 */
	uint64_t run[4]; /* the product of the d before */
	uint64_t zero;   /* public: HE + r*SSK = 0 */
} passing;

/* Memory for some signatures at a time.  The check comes when the sums of nonces are done with, in
 * the same places. */
typedef struct {
	p256_point *pts;  /* ECCSI_CHECK_POINTS each */
	p256_fe *scratch; /* ECCSI_CHECK_SCRATCH each */
	passing *own;
} workspace;

_Static_assert((int)P256_WINDOWS <= (int)ECCSI_CHECK_POINTS, "a nonce's points fit");
_Static_assert((P256_WINDOWS + 1) / 2 <= (int)ECCSI_CHECK_SCRATCH, "and their scratch");

enum { AT_ONCE = 32, TRIES = 8 };

/* Steps 1 and 2: j, J = [j]G, and r to the signature. */
static km_err make_r(const km_signed *items, size_t n, const km_signer *signer,
		const km_random *rnd, workspace *w)
{
	for (size_t i = 0; i < n; i++) {
		km_err err = eccsi_nonce(w->own[i].j, signer->ssk, signer->hs, items[i].msg,
				items[i].len, rnd);

		if (err != KM_OK)
			return err;
		p256_lookup_g(w->pts + i * P256_WINDOWS, w->own[i].j);
	}
	p256_sum(w->pts, n, P256_WINDOWS, w->scratch);
	for (size_t i = 0; i < n; i++) {
		uint64_t x[4];

		fe_to_limbs(x, &w->pts[i * P256_WINDOWS].x);
		limbs_to_be(items[i].sig, x, 4);
		/* Public: r is part of the signature. */
		ct_public(items[i].sig, 32);
	}
	return KM_OK;
}

/* Steps 3 to 6: s = j/(HE + r*SSK), with one inversion for all. */
static void make_s(const km_signed *items, size_t n, const km_signer *signer, workspace *w)
{
	static const uint64_t one[4] = {1};
	struct {
		uint64_t run[4], he[4], r[4], t[4];
		uint8_t hash[KM_HASH_BYTES];
	} v;

	p256_to_mont_n(v.run, one);
	for (size_t i = 0; i < n; i++) {
		passing *own = &w->own[i];

		hash_parts(v.hash, (hash_part[]){{signer->hs, KM_HASH_BYTES}, {items[i].sig, 32},
			{items[i].msg, items[i].len}}, 3);
		p256_scalar(v.he, v.hash);
		limbs_from_be(v.r, items[i].sig, 4);
		p256_k->mul_n(v.t, v.r, signer->ssk_mont);
		p256_add_mod(v.t, v.t, v.he, p256_n);
		own->zero = p256_is_zero(v.t);
		/* Public: it happens once in 2^256, and the nonce is thrown away (step 4). */
		ct_public(&own->zero, sizeof own->zero);
		p256_to_mont_n(own->d, own->zero ? one : v.t);
		memcpy(own->run, v.run, sizeof own->run);
		p256_k->mul_n(v.run, v.run, own->d);
	}
	p256_inv_n(v.run, v.run);
	for (size_t i = n; i-- > 0;) {
		passing *own = &w->own[i];

		p256_k->mul_n(v.t, v.run, own->run); /* 1/d */
		p256_k->mul_n(v.run, v.run, own->d);
		p256_k->mul_n(v.t, v.t, own->j);
		if (own->zero)
			wipe(v.t, sizeof v.t);
		limbs_to_be(items[i].sig + 32, v.t, 4);
		/* Public: s is part of the signature. */
		ct_public(items[i].sig + 32, 32);
	}
	wipe(&v, sizeof v);
}

/* Sign n items.  A status is KM_EDEGENERATE where step 4 asks for a new j.  KM_ERANDOM. */
static km_err sign_some(const km_signed *items, km_err *status, size_t n, const km_signer *signer,
		const km_random *rnd, workspace *w)
{
	km_err err = make_r(items, n, signer, rnd, w);

	if (err != KM_OK)
		return err;
	make_s(items, n, signer, w);
	for (size_t i = 0; i < n; i++)
		memcpy(items[i].sig + 64, signer->pvt, sizeof signer->pvt);
	eccsi_check_var(status, items, n, &(eccsi_known){signer->hs, signer->y}, w->pts,
			w->scratch);
	for (size_t i = 0; i < n; i++) {
		if (w->own[i].zero)
			status[i] = KM_EDEGENERATE;
		if (status[i] != KM_OK)
			wipe(items[i].sig, KM_SIG_BYTES);
	}
	return KM_OK;
}

KM_API km_err km_eccsi_sign(uint8_t sig[KM_SIG_BYTES], const uint8_t *msg, size_t len,
		const km_signer *signer, const km_random *rnd)
{
	struct {
		p256_point pts[ECCSI_CHECK_POINTS];
		p256_fe scratch[ECCSI_CHECK_SCRATCH];
		passing own;
	} w;
	const km_signed item = {.msg = msg, .len = len, .sig = sig};
	km_err status = KM_EDEGENERATE, err = KM_OK;

	for (int i = 0; i < TRIES && err == KM_OK && status == KM_EDEGENERATE; i++)
		err = sign_some(&item, &status, 1, signer, rnd,
				&(workspace){w.pts, w.scratch, &w.own});
	wipe(&w, sizeof w);
	if (err == KM_OK)
		err = status;
	if (err != KM_OK)
		wipe(sig, KM_SIG_BYTES);
	return err == KM_EDEGENERATE ? KM_ERANDOM : err;
}

/* All items, AT_ONCE at a time. */
static km_err sign_all(const km_signed *items, km_err *status, size_t n, const km_signer *signer,
		const km_random *rnd, workspace *w)
{
	km_err err = KM_OK;

	for (size_t at = 0; at < n && err == KM_OK; at += AT_ONCE) {
		size_t some = n - at < AT_ONCE ? n - at : AT_ONCE;

		err = sign_some(items + at, status + at, some, signer, rnd, w);
	}
	for (size_t i = 0; i < n && err == KM_OK; i++) {
		const km_signed *item = &items[i];

		if (status[i] != KM_EDEGENERATE)
			continue;
		status[i] = km_eccsi_sign(item->sig, item->msg, item->len, signer, rnd);
		err = status[i] == KM_ERANDOM ? KM_ERANDOM : KM_OK;
	}
	return err;
}

KM_API km_err km_eccsi_sign_batch(const km_signed *items, km_err *status, size_t n,
		const km_signer *signer, const km_random *rnd)
{
	size_t held = n < AT_ONCE ? n : AT_ONCE;
	size_t points = held * ECCSI_CHECK_POINTS * sizeof(p256_point);
	size_t scratch = held * ECCSI_CHECK_SCRATCH * sizeof(p256_fe);
	size_t size = points + scratch + held * sizeof(passing);
	uint8_t *memory;
	km_err err = KM_ENOMEM;

	if (n == 0)
		return KM_OK;
	memory = scratch_alloc(size);
	if (memory)
		err = sign_all(items, status, n, signer, rnd, &(workspace){(void *)memory,
			(void *)(memory + points), (void *)(memory + points + scratch)});
	scratch_free(memory, size);
	for (size_t i = 0; i < n && err != KM_OK; i++) {
		wipe(items[i].sig, KM_SIG_BYTES);
		status[i] = err;
	}
	for (size_t i = 0; i < n && err == KM_OK; i++)
		if (status[i] != KM_OK)
			err = KM_EPARTIAL;
	return err;
}
