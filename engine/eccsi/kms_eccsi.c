/* kms_eccsi.c -- the KMS's half of ECCSI: KSAK, KPAK, SSK and PVT (RFC 6507, 4.2 and 5.1.1). */
#include <gmp.h>
#include <string.h>

#include "bytes.h"
#include "eccsi.h"
#include "random.h"
#include "secret.h"

/* What an SSK is made with, secret. */
typedef struct {
	uint64_t v[4], ksak[4], sum[4];
	p256_point point;
} work;

km_err eccsi_draw(uint8_t ksak[KM_SSK_BYTES], const km_random *rnd)
{
	uint64_t k[4];
	km_err err = random_below(k, p256_n, 4, 256, random_lasting(rnd));

	limbs_to_be(ksak, k, 4);
	wipe(k, sizeof k);
	return err;
}

/* k/2 mod n, k below n. */
static void halve(uint64_t k[4])
{
	mp_limb_t *r = (mp_limb_t *)k;
	uint64_t carry = mpn_cnd_add_n(k[0] & 1, r, r, (const mp_limb_t *)p256_n, 4);

	mpn_rshift(r, r, 4, 1);
	k[3] |= carry << 63;
}

void eccsi_public_again(uint8_t kpak[KM_ECCSI_POINT_BYTES], const uint8_t ksak[KM_SSK_BYTES])
{
	struct {
		uint64_t k[4];
		p256_point point;
		p256_jac twice;
	} w;

	memset(kpak, 0, KM_ECCSI_POINT_BYTES);
	limbs_from_be(w.k, ksak, 4);
	halve(w.k);
	p256_times_g(&w.point, w.k);
	/* Public: half of KPAK, which anybody can halve. */
	ct_public(&w.point, sizeof w.point);
	p256_jac_dbl(&w.twice, &(p256_jac){w.point.x, w.point.y, p256_one});
	p256_affine(&w.point, &w.twice);
	p256_to_octets(kpak, &w.point);
	wipe(&w, sizeof w);
}

km_err eccsi_public(uint8_t kpak[KM_ECCSI_POINT_BYTES], const uint8_t ksak[KM_SSK_BYTES])
{
	struct {
		uint64_t k[4];
		p256_point point;
	} w;
	uint64_t in_range;

	memset(kpak, 0, KM_ECCSI_POINT_BYTES);
	limbs_from_be(w.k, ksak, 4);
	in_range = p256_below(w.k, p256_n) & ~p256_is_zero(w.k);
	/* Public: whether a key can be used at all. */
	ct_public(&in_range, sizeof in_range);
	if (in_range) {
		p256_times_g(&w.point, w.k);
		p256_to_octets(kpak, &w.point);
		/* Public: KPAK is what everybody gets. */
		ct_public(kpak, KM_ECCSI_POINT_BYTES);
	}
	wipe(&w, sizeof w);
	return in_range ? KM_OK : KM_EFORMAT;
}

/* One v, and the pair that comes of it.  *zero: it is to be thrown away (step 5). */
static km_err issue_once(work *w, eccsi_pair *pair, uint64_t *zero, const uint8_t ksak[KM_SSK_BYTES],
		const uint8_t kpak[KM_ECCSI_POINT_BYTES], const uint8_t *id, size_t id_len,
		const km_random *rnd)
{
	uint8_t hs[KM_HASH_BYTES];
	uint64_t h[4];
	km_err err;

	wipe(w, sizeof *w);
	err = eccsi_token(w->v, ksak, kpak, id, id_len, rnd);
	if (err != KM_OK)
		return err;
	limbs_from_be(w->ksak, ksak, 4);
	p256_times_g(&w->point, w->v);
	p256_to_octets(pair->pvt, &w->point);
	/* Public: PVT goes with every signature. */
	ct_public(pair->pvt, sizeof pair->pvt);
	eccsi_hs(hs, kpak, id, id_len, pair->pvt);
	p256_scalar(h, hs);
	p256_mul_n(w->sum, h, w->v);
	p256_add_mod(w->sum, w->sum, w->ksak, p256_n);
	*zero = p256_is_zero(w->sum) | p256_is_zero(h);
	/* Public: it happens once in 2^255. */
	ct_public(zero, sizeof *zero);
	limbs_to_be(pair->ssk, w->sum, 4);
	return KM_OK;
}

km_err eccsi_issue(eccsi_pair *pair, const uint8_t ksak[KM_SSK_BYTES],
		const uint8_t kpak[KM_ECCSI_POINT_BYTES], const uint8_t *id, size_t id_len,
		const km_random *rnd)
{
	uint64_t zero = ~(uint64_t)0;
	km_err err = KM_OK;
	work w;

	wipe(pair, sizeof *pair);
	while (err == KM_OK && zero)
		err = issue_once(&w, pair, &zero, ksak, kpak, id, id_len, rnd);
	wipe(&w, sizeof w);
	return err;
}
