/* kms_eccsi.c -- the KMS's half of ECCSI: KSAK, KPAK, SSK and PVT (RFC 6507, 4.2 and 5.1.1). */
#include <string.h>

#include "bytes.h"
#include "eccsi.h"
#include "random.h"
#include "secret.h"

km_err eccsi_draw(uint8_t ksak[KM_SSK_BYTES], const km_random *rnd)
{
	uint64_t k[4];
	km_err err = random_below(k, p256_n, 4, 256, random_lasting(rnd));

	limbs_to_be(ksak, k, 4);
	wipe(k, sizeof k);
	return err;
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

km_err eccsi_issue(uint8_t ssk[KM_SSK_BYTES], uint8_t pvt[KM_ECCSI_POINT_BYTES],
		const uint8_t ksak[KM_SSK_BYTES], const uint8_t kpak[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const km_random *rnd)
{
	struct {
		uint64_t v[4], ksak[4], ssk[4];
		p256_point point;
	} w = {0};
	uint8_t hs[KM_HASH_BYTES];
	uint64_t h[4], zero = 0;
	km_err err;

	limbs_from_be(w.ksak, ksak, 4);
	do {
		err = random_below(w.v, p256_n, 4, 256, rnd);
		if (err != KM_OK)
			break;
		p256_times_g(&w.point, w.v);
		p256_to_octets(pvt, &w.point);
		/* Public: PVT goes with every signature. */
		ct_public(pvt, KM_ECCSI_POINT_BYTES);
		eccsi_hs(hs, kpak, id, id_len, pvt);
		p256_scalar(h, hs);
		p256_mul_n(w.ssk, h, w.v);
		p256_add_mod(w.ssk, w.ssk, w.ksak, p256_n);
		zero = p256_is_zero(w.ssk) | p256_is_zero(h);
		/* Public: the pair is thrown away then (step 5), and it happens once in 2^255. */
		ct_public(&zero, sizeof zero);
	} while (zero);
	if (err == KM_OK) {
		limbs_to_be(ssk, w.ssk, 4);
	} else {
		wipe(ssk, KM_SSK_BYTES);
		memset(pvt, 0, KM_ECCSI_POINT_BYTES);
	}
	wipe(&w, sizeof w);
	return err;
}
