/* sakke.c -- SAKKE, RFC 6508: encapsulation to one or many identities. */
#include "sakke.h"

#include <string.h>

#include "bytes.h"
#include "curve/edwards.h"
#include "field/zq.h"
#include "hash.h"
#include "sakke_check.h"
#include "scrub.h"
#include "secret.h"

enum {
	ITEMS = 512,       /* members whose scalars are held at once */
};

uint64_t sakke_scalars(encap_item *item, const uint8_t *ssv, const uint8_t *id, size_t id_len)
{
	hash_part parts[2] = {{ssv, KM_SSV_BYTES}, {id, id_len}};

	zq_from_hash(item->r, parts, 2);
	return zq_mul_octets(item->rb, item->r, id, id_len);
}

void sakke_mask(uint8_t out[KM_SSV_BYTES], const uint8_t in[KM_SSV_BYTES], const uint8_t w[KM_FP_BYTES])
{
	uint8_t mask[KM_SSV_BYTES];

	hash_to_128(mask, &(hash_part){w, KM_FP_BYTES}, 1);
	for (int i = 0; i < KM_SSV_BYTES; i++)
		out[i] = in[i] ^ mask[i];
	wipe(mask, sizeof mask);
}

/* By these tables; for exceptional cases there are others. */
static km_err sums_by(encap_item *items, size_t n, const encap_tables *t, const sakke_z *z, const km_random *rnd)
{
	encap_tables complete;
	km_err err;

	if (t->z->layout == TABLE_LIMBS)
		return encap_sums(items, n, t, rnd);
	if (t->z->layout == TABLE_GROUPS)
		return alone_sums(items, n, t, rnd);
	if (t->z->layout == TABLE_TURNED)
		return few_sums(items, n, t, rnd);
	err = sakke_complete(&complete, z, t->g != NULL);
	return err == KM_OK ? encap8_sums(items, n, t, &complete, rnd) : err;
}

km_err sakke_sums_of_one(encap_item *item, const sakke_z *z, const km_random *rnd)
{
	encap_tables t;
	km_err err = sakke_complete_for_check(&t, z);

	t.back = 1;
	if (err != KM_OK)
		return err;
	return t.p->layout == TABLE_GROUPS ? alone_sums(item, 1, &t, rnd) : encap_sums(item, 1, &t, rnd);
}

km_err sakke_sums(encap_item *items, size_t n, const sakke_z *z, int with_g, const km_random *rnd)
{
	km_err err = sakke_ready(z);
	size_t now = 0;

	sakke_pin(z);
	for (size_t at = 0; at < n && err == KM_OK; at += now) {
		const sakke_set *set = sakke_set_for(z, n - at);
		encap_tables t;

		if (set == &z->least)
			err = sakke_least(z);
		if (err == KM_OK)
			err = sakke_tables_for(&t, &now, set, n - at, with_g);
		if (err == KM_OK)
			err = sums_by(items + at, now, &t, z, rnd);
	}
	sakke_unpin(z);
	return err;
}

km_err sakke_times_p(ec_point *r, const uint64_t k[16], const km_random *rnd)
{
	const table *p;
	km_err err = sakke_table_of_p(&p);

	memset(r, 0, sizeof *r);
	if (err != KM_OK)
		return err;
	return p->layout == TABLE_GROUPS ? alone_times_p(r, k, p, rnd) : encap_times_p(r, k, p, rnd);
}

void sakke_times_p_checked(km_err *verdict, sakke_octets *r, const uint64_t k[16], const uint64_t again[16],
		const km_random *rnd)
{
	struct {
		uint64_t twice[16];
		ec_point point, pair[2], sum, other;
	} w;
	uint64_t same;
	km_err err;

	memset(&w, 0, sizeof w);
	zq_add(w.twice, again, again);
	err = sakke_times_p(&w.point, k, rnd);
	if (err == KM_OK)
		err = sakke_times_p(&w.other, w.twice, rnd);
	ec_to_octets(r->octets, &w.point);
	keep_before(r->before, r->octets, sizeof r->before);
	if (err == KM_OK)
		err = ec_from_octets(&w.pair[0], r->octets, sizeof r->octets);
	if (err == KM_OK) {
		w.pair[1] = w.pair[0];
		err = edwards_sum(&w.sum, w.pair, 2, rnd);
	}
	same = ec_equal(&w.sum, &w.other) & ~fp_is_zero(&w.sum.x);
	/* Public: anything but the same point, which is not what the memory held, is a fault. */
	ct_public(&same, sizeof same);
	if (err == KM_ERANDOM || err == KM_ENOMEM)
		*verdict = err;
	else if (err == KM_OK && same)
		*verdict = KM_OK;
	wipe(&w, sizeof w);
}

/* What a batch works in.  Data stay here until they are checked. */
typedef struct {
	encap_item *items;
	uint8_t *sed, *before; /* the same twice: see give_out */
	void *check;
	uint8_t *mem;
	size_t size;
} block;

static int block_new(block *b, size_t n)
{
	size_t sums = (n * sizeof *b->items + 63) / 64 * 64, seds = (n * KM_SED_BYTES + 63) / 64 * 64;

	b->size = sums + 2 * seds + sakke_check_size();
	b->mem = scratch_alloc(b->size);
	b->items = (void *)b->mem;
	b->sed = b->mem + sums;
	b->before = b->sed + seds;
	b->check = b->before + seds;
	return b->mem != NULL;
}

/* Points and masked SSVs to octets, of the n members from at on. */
static void write_all(const block *b, const sakke_asked *a, size_t at, size_t n)
{
	memset(b->sed, 0, n * KM_SED_BYTES);
	for (size_t i = 0; i < n; i++) {
		uint8_t *out = b->sed + i * KM_SED_BYTES;

		if (b->items[i].status != KM_OK)
			continue;
		memcpy(out, b->items[i].point, KM_SAKKE_POINT_BYTES);
		sakke_mask(out + KM_SAKKE_POINT_BYTES, item_of(a, at + i).ssv, b->items[i].gr);
		/* Public: this is what is sent. */
		ct_public(out, KM_SED_BYTES);
	}
}

/* Members of the block that begins there. */
static size_t block_of(const sakke_asked *a, size_t at)
{
	return a->n - at < ITEMS ? a->n - at : ITEMS;
}

/* The members from at on, made and checked.  *checked is KM_EFAULT before; KM_OK: b->before is right. */
static km_err encap_block(km_err *checked, const block *b, const sakke_asked *a, const sakke_asked *again,
		size_t at, const km_random *rnd)
{
	size_t m = block_of(a, at);
	km_err err;

	for (size_t i = 0; i < m; i++) {
		const km_to_encap one = item_of(a, at + i);

		(void)sakke_scalars(&b->items[i], one.ssv, one.id, one.id_len);
		b->items[i].status = KM_EFAULT;
	}
	err = sakke_sums(b->items, m, a->z, 1, rnd);
	if (err != KM_OK)
		return failed(err);
	write_all(b, a, at, m);
	keep_before(b->before, b->sed, m * KM_SED_BYTES);
	sakke_check(checked, &(sakke_checked){b->sed, b->items, again, at, block_of(again, at)}, again->z,
			b->check, rnd);
	return *checked;
}

km_err sakke_verdict(const km_err *status, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (status[i] != KM_OK)
			return KM_EPARTIAL;
	return KM_OK;
}

/* All blocks, each given out when it is right; who is in none keeps KM_EFAULT. */
static km_err encap_all(const block *b, const sakke_asked *a, const sakke_asked *again, const km_random *rnd)
{
	for (size_t at = 0; at < again->n; at += ITEMS) {
		km_err checked = KM_EFAULT, gave = KM_EFAULT;
		km_err err = encap_block(&checked, b, a, again, at, rnd);

		if (err != KM_OK)
			return failed(err);
		if (checked != KM_OK)
			return KM_EFAULT;
		give_out(&gave, &(given){a->sed + at * KM_SED_BYTES, block_of(a, at) * KM_SED_BYTES},
				&(given){again->sed + at * KM_SED_BYTES, block_of(again, at) * KM_SED_BYTES},
				b->sed, b->before);
		if (gave != KM_OK)
			return KM_EFAULT;
		for (size_t i = 0; i < block_of(again, at); i++)
			if (!give_err(&a->status[at + i], &again->status[at + i], b->items[i].status))
				return KM_EFAULT;
	}
	return KM_OK;
}

/* Whether every identifier has a length that it may have. */
static int ids_fit(const sakke_asked *a)
{
	for (size_t i = 0; i < a->n; i++) {
		size_t len = item_of(a, i).id_len;

		if (len == 0 || len > KM_ID_MAX)
			return 0;
	}
	return 1;
}

/* *verdict is KM_EFAULT before. */
SECRET_BODY static void encap_batch(km_err *verdict, const sakke_asked *a, const sakke_asked *again,
		const km_random *rnd)
{
	km_err err = KM_OK;
	block b;

	for (size_t i = 0; i < a->n; i++)
		if (!give_err(&a->status[i], &again->status[i], KM_EFAULT))
			err = KM_EFAULT;
	if (!block_new(&b, block_of(a, 0)) && err == KM_OK)
		err = KM_ENOMEM;
	if (!ids_fit(again) && err != KM_EFAULT)
		err = KM_EARG;
	if (err == KM_OK)
		err = encap_all(&b, a, again, rnd);
	scratch_free(b.mem, b.size);
	if (err == KM_OK) {
		if (a->n == again->n)
			*verdict = sakke_verdict(again->status, again->n);
		return;
	}
	*verdict = failed(err);
	memset(again->sed, 0, again->n * KM_SED_BYTES);
	for (size_t i = 0; i < again->n; i++)
		again->status[i] = failed(err);
}

AS_ASKED KM_API km_err km_sakke_encap_batch(uint8_t *sed, km_err *status, const uint8_t ssv[KM_SSV_BYTES],
		const uint8_t *ids, size_t id_len, size_t n, const km_kms_public *kms,
		const km_random *rnd)
{
	DIT_WITHIN;
	const sakke_asked a = {sed, status, ssv, ids, NULL, id_len, n, &kms->sakke};
	sakke_asked again;
	km_err err = KM_EFAULT;

	ask_again(sed);
	ask_again(status);
	ask_again(ssv);
	ask_again(ids);
	ask_again(id_len);
	ask_again(n);
	ask_again(kms);
	again = (sakke_asked){sed, status, ssv, ids, NULL, id_len, n, &kms->sakke};
	keep_apart(&a, &again);
	encap_batch(&err, &a, &again, rnd);
	return leave_secret(err, SCRUB_MANY);
}

AS_ASKED KM_API km_err km_sakke_encap_items(uint8_t *sed, km_err *status, const km_to_encap *items, size_t n,
		const km_kms_public *kms, const km_random *rnd)
{
	DIT_WITHIN;
	const sakke_asked a = {sed, status, NULL, NULL, items, 0, n, &kms->sakke};
	sakke_asked again;
	km_err err = KM_EFAULT;

	ask_again(sed);
	ask_again(status);
	ask_again(items);
	ask_again(n);
	ask_again(kms);
	again = (sakke_asked){sed, status, NULL, NULL, items, 0, n, &kms->sakke};
	keep_apart(&a, &again);
	encap_batch(&err, &a, &again, rnd);
	return leave_secret(err, SCRUB_MANY);
}

AS_ASKED KM_API km_err km_sakke_encap(uint8_t sed[KM_SED_BYTES], const uint8_t ssv[KM_SSV_BYTES],
		const uint8_t *id, size_t id_len, const km_kms_public *kms, const km_random *rnd)
{
	DIT_WITHIN;
	km_err err = KM_EFAULT, status = KM_EFAULT;
	const sakke_asked a = {sed, &status, ssv, id, NULL, id_len, 1, &kms->sakke};
	sakke_asked again;

	ask_again(sed);
	ask_again(ssv);
	ask_again(id);
	ask_again(id_len);
	ask_again(kms);
	again = (sakke_asked){sed, &status, ssv, id, NULL, id_len, 1, &kms->sakke};
	keep_apart(&a, &again);
	encap_batch(&err, &a, &again, rnd);
	return leave_secret(err == KM_EPARTIAL ? failed(status) : err, SCRUB_ONE);
}
