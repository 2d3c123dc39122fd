/* sakke_receiver.c -- SAKKE, RFC 6508: a receiver's key checked and prepared, data opened with
 * it. */
#include "sakke.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "curve/pairing.h"
#include "field/params.h"
#include "field/zq.h"
#include "places.h"
#include "scrub.h"
#include "secret.h"

enum {
	LINES_BYTES = KM_RECEIVER_LINES_BYTES,
	ITEMS = 512, /* messages opened at once */
};

struct km_receiver {
	ec_point *rsk;         /* secret, in locked memory */
	_Atomic(fp *) lines;   /* of rsk, secret; NULL: not prepared */
	const km_kms_public *kms;
	size_t id_len;
	uint8_t id[];
};

_Static_assert(LINES_BYTES == LINES_COEFS * sizeof(fp), "what engine.h says of the memory");
static places prepared = {.most = KM_RECEIVERS_PREPARED}; /* receivers with lines */

KM_API void km_receivers_prepared(size_t most)
{
	atomic_store(&prepared.most, most);
}

static void lines_free(fp *lines)
{
	secret_unmap(lines, LINES_BYTES);
	places_give(&prepared);
}

/* Those of r, made at its first use where there is a place; NULL: it goes without.  Of two threads that
 * both make them one throws its own away. */
static const fp *lines_of(km_receiver *r, const km_random *rnd)
{
	fp *lines = atomic_load_explicit(&r->lines, memory_order_acquire), *made;
	uint64_t order = 0;

	if (lines || !places_take(&prepared))
		return lines;
	made = secret_map(LINES_BYTES, 1);
	if (!made || lines_prepare(made, &order, r->rsk, rnd) != KM_OK)
		order = 0;
	/* Public: it was, when r was made. */
	ct_public(&order, sizeof order);
	if (order && atomic_compare_exchange_strong(&r->lines, &lines, made))
		return made;
	lines_free(made);
	return lines;
}

/* [b]P + Z, all public; Z where b = 0.  b = -z is KM_EKEY. */
static km_err identity_point_var(ec_point *r, const uint8_t *id, size_t id_len, const ec_point *z,
		const km_random *rnd)
{
	static const uint64_t two[16] = {2};
	uint64_t b[16];
	fp prefix;
	km_err err;

	zq_from_octets_var(b, id, id_len);
	*r = *z;
	if (zq_is_zero(b))
		return KM_OK;
	err = sakke_times_p(r, b, rnd);
	if (err != KM_OK)
		return err;
	/* Public: of an identity.  It came as a multiple by a scalar that might have been secret. */
	ct_public(r, sizeof *r);
	if (ec_equal(r, z))
		return ec_mul_var(r, two, z) ? KM_OK : KM_EKEY;
	if (fp_equal(&r->x, &z->x))
		return KM_EKEY;
	ec_add_many_var(r, z, &prefix, 1);
	return KM_OK;
}

/* Whether <[id]P + Z, RSK> = g and RSK has order q, by its lines. */
static km_err rsk_check(const km_receiver *r, const fp *lines, uint64_t order, const km_random *rnd)
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
	err = identity_point_var(&at, r->id, r->id_len, &r->kms->sakke.z, rnd);
	if (err != KM_OK)
		return err;
	err = pairing_prepared(&v.w, lines, &at, rnd);
	fp_from_limbs(&v.g, params_g);
	same = fp_equal(&v.w, &v.g);
	ct_public(&same, sizeof same);
	wipe(&v, sizeof v);
	return err == KM_ERANDOM ? err : err != KM_OK || !same ? KM_EKEY : KM_OK;
}

/* Lines are made for the check, and kept where there is a place. */
static km_err rsk_load(km_receiver *r, const uint8_t *rsk, size_t len, const km_random *rnd)
{
	int place = places_take(&prepared);
	fp *lines = place ? secret_map(LINES_BYTES, 1) : scratch_alloc(LINES_BYTES);
	uint64_t order;
	km_err err = KM_ENOMEM;

	if (lines)
		err = ec_from_octets(r->rsk, rsk, len);
	if (err == KM_OK)
		err = lines_prepare(lines, &order, r->rsk, rnd);
	if (err == KM_OK)
		err = rsk_check(r, lines, order, rnd);
	if (!place)
		scratch_free(lines, LINES_BYTES);
	else if (err == KM_OK)
		r->lines = lines;
	else
		lines_free(lines);
	return err;
}

SECRET_BODY static km_err receiver_new(km_receiver **receiver, const uint8_t *id, size_t id_len,
		const uint8_t *rsk, size_t rsk_len, const km_kms_public *kms, const km_random *rnd)
{
	km_receiver *r;
	void *memory;
	km_err err;

	*receiver = NULL;
	if (id_len == 0 || id_len > KM_ID_MAX)
		return KM_EARG;
	r = calloc(1, sizeof *r + id_len);
	if (!r)
		return KM_ENOMEM;
	memcpy(r->id, id, id_len);
	r->id_len = id_len;
	r->kms = kms;
	err = secret_alloc(&memory, sizeof *r->rsk);
	r->rsk = memory;
	if (err == KM_OK)
		err = rsk_load(r, rsk, rsk_len, rnd);
	if (err == KM_OK)
		*receiver = r;
	else
		km_receiver_free(r);
	return err;
}

KM_API km_err km_receiver_new(km_receiver **receiver, const uint8_t *id, size_t id_len,
		const uint8_t *rsk, size_t rsk_len, const km_kms_public *kms, const km_random *rnd)
{
	DIT_WITHIN;
	return leave_secret(receiver_new(receiver, id, id_len, rsk, rsk_len, kms, rnd), SCRUB_ONE);
}

KM_API void km_receiver_free(km_receiver *receiver)
{
	if (!receiver)
		return;
	if (receiver->lines)
		lines_free(receiver->lines);
	secret_free(receiver->rsk);
	free(receiver);
}

/* ---- opening --------------------------------------------------------------------------------- */

/* A message that is still good, and what its two steps work on. */
typedef struct {
	const km_receiver *receiver;
	size_t at; /* its place in the block */
} opened;

typedef struct {
	size_t n;
	opened *of;
	pairing_item *pairs;
	encap_item *sums;
	uint8_t *ssv; /* before they are compared */
	uint8_t *mem;
	size_t size;
} block;

static int block_new(block *b, size_t n)
{
	b->size = n * (sizeof(pairing_item) + sizeof(encap_item) + sizeof(opened) + KM_SSV_BYTES);
	b->mem = scratch_alloc(b->size);
	b->pairs = (void *)b->mem; /* these are 64-byte aligned */
	b->sums = (void *)(b->mem + n * sizeof(pairing_item));
	b->of = (void *)(b->mem + n * (sizeof(pairing_item) + sizeof(encap_item)));
	b->ssv = b->mem + b->size - n * KM_SSV_BYTES;
	return b->mem != NULL;
}

/* By the KMS, whose tables a whole run then uses. */
static int by_kms(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const opened *)a)->receiver->kms;
	uintptr_t y = (uintptr_t)((const opened *)b)->receiver->kms;

	return (x > y) - (x < y);
}

/* The points read; all others are KM_EDECAP. */
static void block_read(block *b, km_err *status, const uint8_t *sed, size_t n,
		const km_receiver *const *receivers, const km_random *rnd)
{
	ec_point unused;

	b->n = 0;
	for (size_t i = 0; i < n; i++) {
		status[i] = KM_EDECAP;
		if (ec_from_octets(&unused, sed + i * KM_SED_BYTES, KM_SAKKE_POINT_BYTES) == KM_OK)
			b->of[b->n++] = (opened){receivers[i], i};
	}
	qsort(b->of, b->n, sizeof *b->of, by_kms);
	for (size_t i = 0; i < b->n; i++) {
		const opened *of = &b->of[i];

		b->pairs[i].k = of->receiver->rsk;
		/* A receiver is what km_receiver_new made, and lines are what changes in it. */
		b->pairs[i].lines = lines_of((km_receiver *)(uintptr_t)of->receiver, rnd);
		(void)ec_from_octets(&b->pairs[i].q, sed + of->at * KM_SED_BYTES, KM_SAKKE_POINT_BYTES);
	}
}

/* The mask off, and the scalars of the SSV found (6.2.2, steps 1 to 3). */
static void block_unmask(block *b, const uint8_t *sed)
{
	uint8_t w[KM_FP_BYTES];
	size_t kept = 0;

	for (size_t i = 0; i < b->n; i++) {
		const km_receiver *r = b->of[i].receiver;
		size_t at = b->of[i].at;

		if (b->pairs[i].status != KM_OK)
			continue;
		fp_to_bytes(w, &b->pairs[i].w);
		sakke_mask(b->ssv + at * KM_SSV_BYTES, sed + at * KM_SED_BYTES + KM_SAKKE_POINT_BYTES, w);
		(void)sakke_scalars(&b->sums[kept], b->ssv + at * KM_SSV_BYTES, r->id, r->id_len);
		b->sums[kept].status = KM_EFAULT;
		b->of[kept++] = b->of[i];
	}
	b->n = kept;
	wipe(w, sizeof w);
}

/* R made again, for each KMS at once (step 4). */
static km_err block_sums(block *b, const km_random *rnd)
{
	km_err err = KM_OK;
	size_t to;

	for (size_t at = 0; at < b->n && err == KM_OK; at = to) {
		const km_kms_public *kms = b->of[at].receiver->kms;

		for (to = at + 1; to < b->n && b->of[to].receiver->kms == kms;)
			to++;
		err = sakke_sums(b->sums + at, to - at, &kms->sakke, 0, rnd);
	}
	return err;
}

/* And compared (step 5). */
static void block_compare(const block *b, uint8_t *ssv, km_err *status, const uint8_t *sed)
{
	for (size_t i = 0; i < b->n; i++) {
		size_t at = b->of[i].at;
		uint64_t same = 0 - (uint64_t)km_equal(b->sums[i].point, sed + at * KM_SED_BYTES,
				KM_SAKKE_POINT_BYTES);
		const given to = {ssv + at * KM_SSV_BYTES, KM_SSV_BYTES};
		uint8_t before[KM_SSV_BYTES];

		/* Public: the verdict on this message. */
		ct_public(&same, sizeof same);
		keep_before(before, b->ssv + at * KM_SSV_BYTES, sizeof before);
		if (b->sums[i].status == KM_OK && same)
			give_out(&status[at], &to, &to, b->ssv + at * KM_SSV_BYTES, before);
	}
}

/* At most ITEMS messages. */
static km_err decap_block(block *b, uint8_t *ssv, km_err *status, const uint8_t *sed, size_t n,
		const km_receiver *const *receivers, const km_random *rnd)
{
	km_err err;

	block_read(b, status, sed, n, receivers, rnd);
	err = pairing_many(b->pairs, b->n, rnd);
	if (err != KM_OK)
		return err;
	block_unmask(b, sed);
	err = block_sums(b, rnd);
	if (err == KM_OK)
		block_compare(b, ssv, status, sed);
	return err;
}

SECRET_BODY static km_err decap_batch(uint8_t *ssv, km_err *status, const uint8_t *sed, size_t n,
		const km_receiver *const *receivers, const km_random *rnd)
{
	km_err err = KM_OK;
	block b;

	memset(ssv, 0, n * KM_SSV_BYTES);
	if (n == 0)
		return KM_OK;
	if (!block_new(&b, n < ITEMS ? n : ITEMS))
		err = KM_ENOMEM;
	for (size_t at = 0; at < n && err == KM_OK; at += ITEMS)
		err = decap_block(&b, ssv + at * KM_SSV_BYTES, status + at, sed + at * KM_SED_BYTES,
				n - at < ITEMS ? n - at : ITEMS, receivers + at, rnd);
	scratch_free(b.mem, b.size);
	if (err == KM_OK)
		return sakke_verdict(status, n);
	wipe(ssv, n * KM_SSV_BYTES);
	for (size_t i = 0; i < n; i++)
		status[i] = err;
	return err;
}

KM_API km_err km_sakke_decap_batch(uint8_t *ssv, km_err *status, const uint8_t *sed, size_t n,
		const km_receiver *const *receivers, const km_random *rnd)
{
	DIT_WITHIN;
	return leave_secret(decap_batch(ssv, status, sed, n, receivers, rnd), SCRUB_MANY);
}

SECRET_BODY static km_err decap_one(uint8_t ssv[KM_SSV_BYTES], const uint8_t *sed, size_t sed_len,
		const km_receiver *receiver, const km_random *rnd)
{
	km_err status = KM_EDECAP, err;

	memset(ssv, 0, KM_SSV_BYTES);
	if (sed_len != KM_SED_BYTES)
		return KM_EDECAP;
	err = decap_batch(ssv, &status, sed, 1, &receiver, rnd);
	return err == KM_OK || err == KM_EPARTIAL ? status : err;
}

KM_API km_err km_sakke_decap(uint8_t ssv[KM_SSV_BYTES], const uint8_t *sed, size_t sed_len,
		const km_receiver *receiver, const km_random *rnd)
{
	DIT_WITHIN;
	return leave_secret(decap_one(ssv, sed, sed_len, receiver, rnd), SCRUB_ONE);
}
