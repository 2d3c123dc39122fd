/* sakke.c -- SAKKE, RFC 6508: encapsulation to one or many identities. */
#include "sakke.h"

#include <string.h>

#include "bytes.h"
#include "hash.h"
#include "kms_public.h"
#include "scrub.h"
#include "secret.h"
#include "tables.h"
#include "zq.h"

enum {
	ITEMS = 512,       /* members whose scalars are held at once */
};

void sakke_scalars(encap_item *item, const uint8_t *ssv, const uint8_t *id, size_t id_len)
{
	hash_part parts[2] = {{ssv, KM_SSV_BYTES}, {id, id_len}};
	uint64_t b[16];

	hash_to_q(item->r, parts, 2);
	zq_from_octets_var(b, id, id_len);
	zq_mul(item->rb, item->r, b);
}

void sakke_mask(uint8_t out[KM_SSV_BYTES], const uint8_t in[KM_SSV_BYTES], const fp *w)
{
	struct {
		uint8_t octets[KM_FP_BYTES], mask[KM_SSV_BYTES];
	} s;

	fp_to_bytes(s.octets, w);
	hash_to_128(s.mask, &(hash_part){s.octets, sizeof s.octets}, 1);
	for (int i = 0; i < KM_SSV_BYTES; i++)
		out[i] = in[i] ^ s.mask[i];
	wipe(&s, sizeof s);
}

/* One element at a time. */
static km_err sums_by_ones(encap_item *items, size_t n, const sakke_z *z, int with_g,
		const km_random *rnd)
{
	const sakke_set *set = sakke_set_for(z, n);
	encap_tables t = set ? set->one : z->small;
	km_err err = KM_OK;

	if (!with_g)
		t.g = NULL;
	else if (!set)
		err = tables_of_g(&t.g, SAKKE_SMALL_W);
	return err == KM_OK ? encap_sums(items, n, &t, rnd) : err;
}

/* Eight lanes. */
static km_err sums_by_eights(encap_item *items, size_t n, const sakke_z *z, int with_g,
		const km_random *rnd)
{
	alone_tables alone = z->alone;
	km_err err = with_g ? tables_alone_g(&alone.g) : KM_OK;
	size_t now;

	for (size_t at = 0; at < n && err == KM_OK; at += now) {
		const sakke_set *set = sakke_set_for(z, n - at);
		encap8_tables eight;

		now = n - at;
		if (!set) {
			err = alone_sums(items + at, now, &alone, rnd);
			continue;
		}
		/* Too few to fill up what is made at once take the narrower tables. */
		if (now % set->unit < set->batch)
			now -= now % set->unit;
		eight = set->eight;
		eight.complete = &alone;
		if (!with_g)
			eight.g = NULL;
		err = encap8_sums(items + at, now, &eight, rnd);
	}
	return err;
}

km_err sakke_sums(encap_item *items, size_t n, const sakke_z *z, int with_g, const km_random *rnd)
{
	return z->z_alone.t ? sums_by_eights(items, n, z, with_g, rnd) :
			sums_by_ones(items, n, z, with_g, rnd);
}

km_err sakke_times_p(ec_point *r, const uint64_t k[16], const km_random *rnd)
{
	const alone_table *eight;
	const comb *one;
	km_err err;

	memset(r, 0, sizeof *r);
	if (comb8_available()) {
		err = tables_alone_p(&eight);
		return err == KM_OK ? alone_times_p(r, k, eight, rnd) : err;
	}
	err = tables_of_p(&one, SAKKE_SMALL_W);
	return err == KM_OK ? encap_times_p(r, k, one, rnd) : err;
}

/* One block of at most ITEMS members. */
static km_err encap_block(uint8_t *sed, km_err *status, encap_item *items, const uint8_t *ssv,
		const uint8_t *ids, size_t id_len, size_t n, const sakke_z *z, const km_random *rnd)
{
	km_err err;

	for (size_t i = 0; i < n; i++)
		sakke_scalars(&items[i], ssv, ids + i * id_len, id_len);
	err = sakke_sums(items, n, z, 1, rnd);
	for (size_t i = 0; err == KM_OK && i < n; i++) {
		uint8_t *out = sed + i * KM_SED_BYTES;

		status[i] = items[i].status;
		if (status[i] != KM_OK)
			continue;
		ec_to_octets(out, &items[i].point);
		sakke_mask(out + KM_SAKKE_POINT_BYTES, ssv, &items[i].gr);
		/* Public: this is what is sent. */
		ct_public(out, KM_SED_BYTES);
	}
	return err;
}

km_err sakke_verdict(const km_err *status, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (status[i] != KM_OK)
			return KM_EPARTIAL;
	return KM_OK;
}

SECRET_BODY static km_err encap_batch(uint8_t *sed, km_err *status, const uint8_t ssv[KM_SSV_BYTES],
		const uint8_t *ids, size_t id_len, size_t n, const km_kms_public *kms,
		const km_random *rnd)
{
	size_t held = n < ITEMS ? n : ITEMS;
	encap_item *items;
	km_err err = KM_OK;

	memset(sed, 0, n * KM_SED_BYTES);
	if (n == 0)
		return KM_OK;
	if (id_len == 0 || id_len > KM_ID_MAX)
		err = KM_EARG;
	items = scratch_alloc(held * sizeof *items);
	if (!items)
		err = KM_ENOMEM;
	for (size_t at = 0; err == KM_OK && at < n; at += ITEMS)
		err = encap_block(sed + at * KM_SED_BYTES, status + at, items, ssv, ids + at * id_len,
				id_len, n - at < ITEMS ? n - at : ITEMS, &kms->sakke, rnd);
	scratch_free(items, held * sizeof *items);
	if (err == KM_OK)
		return sakke_verdict(status, n);
	memset(sed, 0, n * KM_SED_BYTES);
	for (size_t i = 0; i < n; i++)
		status[i] = err;
	return err;
}

KM_API km_err km_sakke_encap_batch(uint8_t *sed, km_err *status, const uint8_t ssv[KM_SSV_BYTES],
		const uint8_t *ids, size_t id_len, size_t n, const km_kms_public *kms,
		const km_random *rnd)
{
	return leave_secret(encap_batch(sed, status, ssv, ids, id_len, n, kms, rnd), SCRUB_MANY);
}

SECRET_BODY static km_err encap_one(uint8_t sed[KM_SED_BYTES], const uint8_t ssv[KM_SSV_BYTES],
		const uint8_t *id, size_t id_len, const km_kms_public *kms, const km_random *rnd)
{
	km_err status, err = encap_batch(sed, &status, ssv, id, id_len, 1, kms, rnd);

	return err == KM_EPARTIAL ? status : err;
}

KM_API km_err km_sakke_encap(uint8_t sed[KM_SED_BYTES], const uint8_t ssv[KM_SSV_BYTES],
		const uint8_t *id, size_t id_len, const km_kms_public *kms, const km_random *rnd)
{
	return leave_secret(encap_one(sed, ssv, id, id_len, kms, rnd), SCRUB_ONE);
}
