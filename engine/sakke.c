/* sakke.c -- SAKKE, RFC 6508: encapsulation to one or many identities. */
#include "sakke.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "hash.h"
#include "kms_public.h"
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

static km_err tables_load(encap_tables *t, comb *z_table, const ec_point *chain, unsigned w)
{
	km_err err = comb_build(z_table, chain, w);

	t->z = z_table;
	if (err == KM_OK)
		err = tables_of_p(&t->p, w);
	if (err == KM_OK)
		err = tables_of_g(&t->g, w);
	return err;
}

static km_err tables8_load(sakke_z *s, const ec_point *chain, unsigned w, size_t members)
{
	km_err err = comb8_build(&s->z_eight, chain, w, members);

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
	ec_point *chain = aligned_alloc(64, CHAIN_LEN * sizeof *chain);
	km_err err;

	memset(s, 0, sizeof *s);
	err = ec_from_octets(&s->z, z, len);
	if (err == KM_OK)
		err = chain ? chain_of_point(chain, &s->z) : KM_ENOMEM;
	if (err == KM_OK)
		err = tables_load(&s->small, &s->z_small, chain, SMALL_W);
	if (err == KM_OK && wide)
		err = tables_load(&s->wide, &s->z_wide, chain, wide);
	if (err == KM_OK && eight)
		err = tables8_load(s, chain, eight, members);
	free(chain);
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

km_err sakke_sums(encap_item *items, size_t n, const sakke_z *z, int with_g, const km_random *rnd)
{
	encap_tables t = n >= SMALL_BATCH && z->z_wide.t ? z->wide : z->small;

	if (z->z_eight.t && n >= EIGHT_BATCH)
		return encap8_sums(items, n, &z->eight, rnd);
	if (!with_g)
		t.g = NULL;
	return encap_sums(items, n, &t, rnd);
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
		return sakke_verdict(status, n);
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
