/* sakke_receiver.c -- SAKKE, RFC 6508: a receiver's key checked, and data opened with it. */
#include "sakke.h"

#include <string.h>

#include "kms_public.h"
#include "pairing.h"
#include "params.h"
#include "secret.h"
#include "zq.h"

enum { LINES_BYTES = LINES_COEFS * sizeof(fp) };

struct km_receiver {
	ec_point rsk; /* secret */
	fp *lines;
	uint8_t id[KM_ID_MAX];
	size_t id_len;
	const km_kms_public *kms;
};

/* [b]P + Z by public arithmetic; b = 0 and b = -z are refused. */
static int identity_point_var(ec_point *r, const uint8_t *id, size_t id_len, const ec_point *z)
{
	static const uint64_t two[16] = {2};
	uint64_t b[16];
	fp prefix;

	zq_from_octets_var(b, id, id_len);
	if (zq_is_zero(b) || !ec_mul_var(r, b, &ec_p))
		return 0;
	if (ec_equal(r, z))
		return ec_mul_var(r, two, z);
	if (fp_equal(&r->x, &z->x))
		return 0;
	ec_add_many_var(r, z, &prefix, 1);
	return 1;
}

/* Whether <[id]P + Z, RSK> = g and RSK has order q, by the lines of r->rsk. */
static km_err rsk_check(const km_receiver *r, uint64_t order, const km_random *rnd)
{
	struct {
		fp w, g;
	} v;
	ec_point at;
	uint64_t same;
	km_err err;

	/* Public: the verdict on a key. */
	ct_public(&order, sizeof order);
	if (!order)
		return KM_EORDER;
	if (!identity_point_var(&at, r->id, r->id_len, &r->kms->sakke.z))
		return KM_EKEY;
	err = pairing_prepared(&v.w, r->lines, &at, rnd);
	fp_from_limbs(&v.g, params_g);
	same = fp_equal(&v.w, &v.g);
	ct_public(&same, sizeof same);
	wipe(&v, sizeof v);
	return err == KM_ERANDOM ? err : err != KM_OK || !same ? KM_EKEY : KM_OK;
}

static km_err rsk_load(km_receiver *r, const uint8_t *rsk, size_t len, const km_random *rnd)
{
	uint64_t order;
	km_err err = ec_from_octets(&r->rsk, rsk, len);

	if (err == KM_OK)
		err = lines_prepare(r->lines, &order, &r->rsk, rnd);
	if (err == KM_OK)
		err = rsk_check(r, order, rnd);
	return err;
}

KM_API km_err km_receiver_new(km_receiver **receiver, const uint8_t *id, size_t id_len,
		const uint8_t *rsk, size_t rsk_len, const km_kms_public *kms, const km_random *rnd)
{
	km_receiver *r;
	km_err err;

	*receiver = NULL;
	if (id_len == 0 || id_len > KM_ID_MAX)
		return KM_EARG;
	r = secret_alloc(sizeof *r);
	if (!r)
		return KM_ENOMEM;
	memcpy(r->id, id, id_len);
	r->id_len = id_len;
	r->kms = kms;
	r->lines = scratch_alloc(LINES_BYTES);
	err = r->lines ? rsk_load(r, rsk, rsk_len, rnd) : KM_ENOMEM;
	if (err == KM_OK)
		*receiver = r;
	else
		km_receiver_free(r);
	return err;
}

KM_API void km_receiver_free(km_receiver *receiver)
{
	if (!receiver)
		return;
	scratch_free(receiver->lines, LINES_BYTES);
	secret_free(receiver);
}

/* R made again from the SSV found, and compared (6.2.2, steps 3 to 5). */
static km_err test_again(const uint8_t ssv[KM_SSV_BYTES], const ec_point *point,
		const km_receiver *receiver, const km_random *rnd)
{
	const encap_tables *small = &receiver->kms->sakke.small;
	encap_tables t = {small->p, small->z, NULL};
	encap_item item;
	uint64_t same;
	km_err err;

	sakke_scalars(&item, ssv, receiver->id, receiver->id_len);
	err = encap_sums(&item, 1, &t, rnd);
	if (err == KM_OK)
		err = item.status;
	same = ec_equal(&item.point, point);
	/* Public: the verdict on this message. */
	ct_public(&same, sizeof same);
	wipe(&item, sizeof item);
	if (err == KM_OK && !same)
		err = KM_EDECAP;
	return err == KM_EDEGENERATE ? KM_EDECAP : err;
}

KM_API km_err km_sakke_decap(uint8_t ssv[KM_SSV_BYTES], const uint8_t *sed, size_t sed_len,
		const km_receiver *receiver, const km_random *rnd)
{
	ec_point point;
	fp w;
	km_err err;

	memset(ssv, 0, KM_SSV_BYTES);
	if (sed_len != KM_SED_BYTES || ec_from_octets(&point, sed, KM_SAKKE_POINT_BYTES) != KM_OK)
		return KM_EDECAP;
	err = pairing_prepared(&w, receiver->lines, &point, rnd);
	if (err == KM_OK) {
		sakke_mask(ssv, sed + KM_SAKKE_POINT_BYTES, &w);
		err = test_again(ssv, &point, receiver, rnd);
	}
	wipe(&w, sizeof w);
	if (err == KM_EDEGENERATE)
		err = KM_EDECAP;
	if (err != KM_OK)
		wipe(ssv, KM_SSV_BYTES);
	return err;
}

KM_API km_err km_sakke_decap_batch(uint8_t *ssv, km_err *status, const uint8_t *sed, size_t n,
		const km_receiver *const *receivers, const km_random *rnd)
{
	for (size_t i = 0; i < n; i++) {
		status[i] = km_sakke_decap(ssv + i * KM_SSV_BYTES, sed + i * KM_SED_BYTES, KM_SED_BYTES,
				receivers[i], rnd);
		if (status[i] == KM_ERANDOM || status[i] == KM_ENOMEM) {
			wipe(ssv, n * KM_SSV_BYTES);
			return status[i];
		}
	}
	return sakke_verdict(status, n);
}
