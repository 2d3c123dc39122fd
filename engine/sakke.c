/* sakke.c -- SAKKE, RFC 6508: encapsulation to one or many identities, and opening. */
#include "sakke.h"

#include <string.h>

#include "bytes.h"
#include "hash.h"
#include "kms_public.h"
#include "pairing.h"
#include "params.h"
#include "secret.h"
#include "tables.h"
#include "zq.h"

enum {
	SMALL_W = 5,       /* for a few members: 2 MB of tables over P, Z and g, made in milliseconds */
	SMALL_BATCH = 8,   /* below it, reading wide tables costs more than their width saves */
	EIGHT_BATCH = 3,   /* from here on a vector costs less than its members one by one */
	ITEMS = 512,       /* members whose scalars are held at once */
};

/* The width that pays for its tables with that many members; 0: the small tables do. */
static unsigned wide_for(size_t members)
{
	return members < 32 ? 0 : members < 512 ? 6 : 8;
}

static unsigned eight_for(size_t members)
{
	return members < EIGHT_BATCH ? 0 : members < 64 ? 6 : members < 1000 ? 8 : 10;
}

static km_err tables_load(encap_tables *t, comb *z_table, const ec_point *z, unsigned w)
{
	km_err err = comb_build(z_table, z, w);

	t->z = z_table;
	if (err == KM_OK)
		err = tables_of_p(&t->p, w);
	if (err == KM_OK)
		err = tables_of_g(&t->g, w);
	return err;
}

static km_err tables8_load(sakke_z *s, unsigned w, size_t members)
{
	km_err err = comb8_build(&s->z_eight, &s->z, w, members);

	s->eight.z = &s->z_eight;
	s->eight.complete = s->small;
	if (err == KM_OK)
		err = tables8_of_p(&s->eight.p, w, members);
	if (err == KM_OK)
		err = tables8_of_g(&s->eight.g, w, members);
	return err;
}

km_err sakke_z_load(sakke_z *s, const uint8_t *z, size_t len, size_t members)
{
	unsigned wide = comb8_available() ? 0 : wide_for(members);
	unsigned eight = comb8_available() ? eight_for(members) : 0;
	km_err err;

	memset(s, 0, sizeof *s);
	err = ec_from_octets(&s->z, z, len);
	if (err == KM_OK && !ec_has_order_q_var(&s->z))
		err = KM_EORDER;
	if (err == KM_OK)
		err = tables_load(&s->small, &s->z_small, &s->z, SMALL_W);
	if (err == KM_OK && wide)
		err = tables_load(&s->wide, &s->z_wide, &s->z, wide);
	if (err == KM_OK && eight)
		err = tables8_load(s, eight, members);
	if (err != KM_OK)
		sakke_z_clear(s);
	return err;
}

void sakke_z_clear(sakke_z *s)
{
	comb_clear(&s->z_small);
	comb_clear(&s->z_wide);
	comb8_clear(&s->z_eight);
	memset(s, 0, sizeof *s);
}

/* r = HashToIntegerRange(SSV || b, q), and r*b mod q. */
static void scalars(encap_item *item, const uint8_t *ssv, const uint8_t *id, size_t id_len)
{
	hash_part parts[2] = {{ssv, KM_SSV_BYTES}, {id, id_len}};
	uint64_t b[16];

	hash_to_q(item->r, parts, 2);
	zq_from_octets_var(b, id, id_len);
	zq_mul(item->rb, item->r, b);
}

/* out = ssv XOR HashToIntegerRange(w, 2^128), w as 128 octets. */
static void mask_ssv(uint8_t out[KM_SSV_BYTES], const uint8_t in[KM_SSV_BYTES], const fp *w)
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

/* The sums by what suits so many members. */
static km_err sums(encap_item *items, size_t n, const sakke_z *z, const km_random *rnd)
{
	if (z->z_eight.t && n >= EIGHT_BATCH)
		return encap8_sums(items, n, &z->eight, rnd);
	return encap_sums(items, n, n >= SMALL_BATCH && z->z_wide.t ? &z->wide : &z->small, rnd);
}

/* One block of at most ITEMS members. */
static km_err encap_block(uint8_t *sed, km_err *status, encap_item *items, const uint8_t *ssv,
		const uint8_t *ids, size_t id_len, size_t n, const sakke_z *z, const km_random *rnd)
{
	km_err err;

	for (size_t i = 0; i < n; i++)
		scalars(&items[i], ssv, ids + i * id_len, id_len);
	err = sums(items, n, z, rnd);
	for (size_t i = 0; err == KM_OK && i < n; i++) {
		uint8_t *out = sed + i * KM_SED_BYTES;

		status[i] = items[i].status;
		if (status[i] != KM_OK)
			continue;
		ec_to_octets(out, &items[i].point);
		mask_ssv(out + KM_SAKKE_POINT_BYTES, ssv, &items[i].gr);
		/* Public: this is what is sent. */
		ct_public(out, KM_SED_BYTES);
	}
	return err;
}

/* What every batch returns: the first status that is not KM_OK makes it partial. */
static km_err verdict(const km_err *status, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (status[i] != KM_OK)
			return KM_EPARTIAL;
	return KM_OK;
}

KM_API km_err km_sakke_encap_batch(uint8_t *sed, km_err *status, const uint8_t ssv[KM_SSV_BYTES],
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
		return verdict(status, n);
	memset(sed, 0, n * KM_SED_BYTES);
	for (size_t i = 0; i < n; i++)
		status[i] = err;
	return err;
}

KM_API km_err km_sakke_encap(uint8_t sed[KM_SED_BYTES], const uint8_t ssv[KM_SSV_BYTES],
		const uint8_t *id, size_t id_len, const km_kms_public *kms, const km_random *rnd)
{
	km_err status, err = km_sakke_encap_batch(sed, &status, ssv, id, id_len, 1, kms, rnd);

	return err == KM_EPARTIAL ? status : err;
}

/* ---- the receiver --------------------------------------------------------------------------- */

struct km_receiver {
	ec_point rsk; /* secret */
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

static km_err rsk_check(const km_receiver *r, const km_random *rnd)
{
	struct {
		fp w, g;
	} v;
	ec_point at;
	uint64_t order, same;
	km_err err;

	if (!identity_point_var(&at, r->id, r->id_len, &r->kms->sakke.z))
		return KM_EKEY;
	err = pairing_checked(&v.w, &order, &r->rsk, &at, rnd);
	fp_from_limbs(&v.g, params_g);
	same = fp_equal(&v.w, &v.g);
	/* Public: the verdict on a key. */
	ct_public(&order, sizeof order);
	ct_public(&same, sizeof same);
	wipe(&v, sizeof v);
	if (err == KM_ERANDOM)
		return err;
	return !order ? KM_EORDER : err != KM_OK || !same ? KM_EKEY : KM_OK;
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
	err = ec_from_octets(&r->rsk, rsk, rsk_len);
	if (err == KM_OK)
		err = rsk_check(r, rnd);
	if (err == KM_OK)
		*receiver = r;
	else
		secret_free(r);
	return err;
}

KM_API void km_receiver_free(km_receiver *receiver)
{
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

	scalars(&item, ssv, receiver->id, receiver->id_len);
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
	err = pairing(&w, &receiver->rsk, &point, rnd);
	if (err == KM_OK) {
		mask_ssv(ssv, sed + KM_SAKKE_POINT_BYTES, &w);
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
	return verdict(status, n);
}
