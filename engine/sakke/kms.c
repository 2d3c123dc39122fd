/* kms.c -- a KMS's public keys as others hold them, and the KMS's own half: master keys and RSKs. */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "eccsi/eccsi.h"
#include "field/params.h"
#include "field/zq.h"
#include "init.h"
#include "random.h"
#include "sakke.h"
#include "scrub.h"
#include "secret.h"

KM_API km_err km_kms_public_new(km_kms_public **kms, const uint8_t *z, size_t z_len,
		const uint8_t *kpak, size_t kpak_len, size_t members)
{
	km_kms_public *k;
	km_err err;

	*kms = NULL;
	if (!init_done())
		return KM_ESTATE;
	k = aligned_alloc(64, (sizeof *k + 63) / 64 * 64);
	if (!k)
		return KM_ENOMEM;
	memset(k, 0, sizeof *k);
	err = eccsi_kpak_load(&k->auth, kpak, kpak_len);
	if (err == KM_OK)
		err = sakke_z_load(&k->sakke, z, z_len, members);
	if (err == KM_OK)
		*kms = k;
	else
		km_kms_public_free(k);
	return err;
}

KM_API km_err km_kms_public_widen(km_kms_public *kms, size_t members)
{
	return sakke_z_widen(&kms->sakke, members);
}

KM_API km_err km_shared_widen(size_t members)
{
	return init_done() ? sakke_share(members) : KM_ESTATE;
}

KM_API void km_kms_public_narrow(km_kms_public *kms)
{
	sakke_z_narrow(&kms->sakke);
}

KM_API uint64_t km_kms_public_bytes(const km_kms_public *kms)
{
	return sakke_z_bytes(&kms->sakke) + eccsi_kpak_bytes(&kms->auth);
}

KM_API uint64_t km_kms_public_bytes_for(const km_kms_public *kms, size_t members)
{
	return sakke_z_bytes_for(&kms->sakke, members) + eccsi_kpak_bytes(&kms->auth);
}

KM_API void km_kms_public_free(km_kms_public *kms)
{
	if (!kms)
		return;
	sakke_z_clear(&kms->sakke);
	eccsi_kpak_clear(&kms->auth);
	free(kms);
}

struct km_kms_master {
	uint64_t z[16];
	uint8_t ksak[KM_SSK_BYTES];
	uint8_t public_z[KM_SAKKE_POINT_BYTES];
	uint8_t kpak[KM_ECCSI_POINT_BYTES];
};

/* The public halves of master keys that are in range, to where give_out finds them.  m and again are one.
 * *verdict is KM_EFAULT before. */
typedef struct {
	sakke_octets z;
	uint8_t kpak[KM_ECCSI_POINT_BYTES], kpak_before[KM_ECCSI_POINT_BYTES]; /* made twice, by other entries of the table */
} halves;

static void make_halves(km_err *verdict, halves *h, const km_kms_master *m, const km_kms_master *again,
		const km_random *rnd)
{
	uint8_t kpak[KM_ECCSI_POINT_BYTES];
	km_err made = KM_EFAULT, err;

	memset(h, 0, sizeof *h);
	sakke_times_p_checked(&made, &h->z, m->z, again->z, rnd);
	/* Public: Z is what everybody gets. */
	ct_public(&h->z, sizeof h->z);
	err = eccsi_public(h->kpak, m->ksak);
	if (err == KM_OK)
		eccsi_public_again(kpak, again->ksak);
	keep_before(h->kpak_before, kpak, sizeof kpak);
	*verdict = made != KM_OK ? made : err;
}

/* The octets of the master keys. */
typedef struct {
	const uint8_t *z, *ksak;
} master_octets;

static int was_read_from(const km_kms_master *m, const master_octets *again)
{
	uint8_t z[KM_FP_BYTES];

	limbs_to_be(z, m->z, 16);
	return km_equal(z, again->z, sizeof z) && km_equal(m->ksak, again->ksak, sizeof m->ksak);
}

/* All ones where 1 < z < q. */
static uint64_t z_in_range(const uint64_t z[16])
{
	uint64_t high = 0, borrow = 0;

	for (int i = 0; i < 16; i++) {
		__extension__ unsigned __int128 d = (unsigned __int128)z[i] - params_q[i] - borrow;
		borrow = (uint64_t)(d >> 64) & 1;
		high |= i ? z[i] : z[i] & ~(uint64_t)1;
	}
	return ct_mask_nonzero(high) & (0 - borrow);
}

/* *master = m with its public halves, or there is none.  from: what it was read from, if it was. */
static km_err master_make(km_kms_master **master, km_kms_master *m, km_err err, const master_octets *from,
		const km_random *rnd)
{
	km_err made = KM_EFAULT, gave_z = KM_EFAULT, gave_kpak = KM_EFAULT;
	km_kms_master *again = m;
	halves h;

	ask_again(again);
	if (err == KM_OK) {
		make_halves(&made, &h, m, again, rnd);
		err = made;
	}
	if (err == KM_OK && made == KM_OK) {
		give_out(&gave_z, &(given){m->public_z, sizeof m->public_z},
				&(given){again->public_z, sizeof m->public_z}, h.z.octets, h.z.before);
		give_out(&gave_kpak, &(given){m->kpak, sizeof m->kpak},
				&(given){again->kpak, sizeof m->kpak}, h.kpak, h.kpak_before);
	}
	if (err == KM_OK && made == KM_OK && gave_z == KM_OK && gave_kpak == KM_OK &&
			(!from || was_read_from(again, from))) {
		*master = m;
		keep_apart(master, again);
		if (*master == again)
			return KM_OK;
	}
	*master = NULL;
	secret_free(m);
	return failed(err);
}

SECRET_BODY static km_err master_new(km_kms_master **master, const km_random *rnd)
{
	km_kms_master *m;
	void *memory;
	uint64_t in_range = 0;
	km_err err;

	*master = NULL;
	if (!init_done())
		return KM_ESTATE;
	err = secret_alloc(&memory, sizeof *m);
	if (err != KM_OK)
		return err;
	m = memory;
	err = random_below(m->z, params_q, 16, Q_BITS, random_lasting(rnd));
	if (err == KM_OK)
		err = eccsi_draw(m->ksak, rnd);
	in_range = z_in_range(m->z);
	/* Public: all but one draw in 2^1022. */
	ct_public(&in_range, sizeof in_range);
	if (err == KM_OK && !in_range)
		err = KM_ERANDOM;
	return master_make(master, m, err, NULL, rnd);
}

KM_API km_err km_kms_master_new(km_kms_master **master, const km_random *rnd)
{
	DIT_WITHIN;
	return leave_secret(master_new(master, rnd), SCRUB_ONE);
}

SECRET_BODY static km_err master_import(km_kms_master **master, const master_octets *a,
		const master_octets *again)
{
	km_kms_master *m;
	void *memory;
	uint64_t in_range;
	km_err err;

	*master = NULL;
	if (!init_done())
		return KM_ESTATE;
	err = secret_alloc(&memory, sizeof *m);
	if (err != KM_OK)
		return err;
	m = memory;
	limbs_from_be(m->z, a->z, 16);
	memcpy(m->ksak, a->ksak, sizeof m->ksak);
	in_range = z_in_range(m->z);
	/* Public: whether a key can be used at all. */
	ct_public(&in_range, sizeof in_range);
	return master_make(master, m, in_range ? KM_OK : KM_EFORMAT, again, NULL);
}

AS_ASKED KM_API km_err km_kms_master_import_new(km_kms_master **master, const uint8_t z[KM_FP_BYTES],
		const uint8_t ksak[KM_SSK_BYTES])
{
	DIT_WITHIN;
	const master_octets a = {z, ksak};
	master_octets again;

	*master = NULL;
	ask_again(z);
	ask_again(ksak);
	again = (master_octets){z, ksak};
	keep_apart(&a, &again);
	return leave_secret(master_import(master, &a, &again), SCRUB_ONE);
}

SECRET_BODY static km_err master_export(uint8_t z[KM_FP_BYTES], uint8_t ksak[KM_SSK_BYTES],
		const km_kms_master *master)
{
	limbs_to_be(z, master->z, 16);
	memcpy(ksak, master->ksak, sizeof master->ksak);
	return KM_OK;
}

KM_API void km_kms_master_export(uint8_t z[KM_FP_BYTES], uint8_t ksak[KM_SSK_BYTES],
		const km_kms_master *master)
{
	DIT_WITHIN;
	(void)leave_secret(master_export(z, ksak, master), SCRUB_HASH);
}

KM_API void km_kms_master_public(uint8_t z[KM_SAKKE_POINT_BYTES],
		uint8_t kpak[KM_ECCSI_POINT_BYTES], const km_kms_master *master)
{
	memcpy(z, master->public_z, sizeof master->public_z);
	memcpy(kpak, master->kpak, sizeof master->kpak);
}

KM_API void km_kms_master_free(km_kms_master *master)
{
	secret_free(master);
}

/* All ones where k(a + z) = 1 mod q, a read anew. */
static uint64_t is_inverse(const uint64_t k[16], const uint8_t *id, size_t id_len,
		const km_kms_master *master)
{
	uint64_t sum[16], one[16] = {1}, differ = 0;

	zq_from_octets_var(sum, id, id_len);
	zq_add(sum, sum, master->z);
	zq_mul(sum, sum, k);
	for (int i = 0; i < 16; i++)
		differ |= sum[i] ^ one[i];
	differ = ~ct_mask_nonzero(differ);
	/* Public: anything else is a fault. */
	ct_public(&differ, sizeof differ);
	wipe(sum, sizeof sum);
	return differ;
}

/* What is asked for: one key, or a pair.  There are two of these: see ask_again. */
typedef struct {
	given key, pvt;
	const uint8_t *id;
	size_t id_len;
	const km_kms_master *master;
} asked;

/* *verdict is KM_EFAULT before. */
SECRET_BODY static void issue_rsk(km_err *verdict, const asked *a, const asked *again, const km_random *rnd)
{
	struct {
		uint64_t k[16];
		sakke_octets point;
	} w;
	const uint64_t *k = w.k;
	km_err err = KM_EARG, made = KM_EFAULT, gave = KM_EFAULT;
	int fits;

	ask_again(k);
	memset(&w, 0, sizeof w);
	if (again->id_len > 0 && again->id_len <= KM_ID_MAX) {
		zq_from_octets_var(w.k, a->id, a->id_len);
		zq_add(w.k, w.k, a->master->z);
		err = zq_inv(w.k, w.k, rnd); /* 1/(a + z) */
	}
	if (err == KM_OK) {
		sakke_times_p_checked(&made, &w.point, w.k, k, rnd);
		err = made;
	}
	fits = err == KM_OK && made == KM_OK && is_inverse(w.k, again->id, again->id_len, again->master);
	if (fits)
		give_out(&gave, &a->key, &again->key, w.point.octets, w.point.before);
	/* w goes with the stack (leave_secret): a wipe that is led astray now could hit what has left. */
	if (fits && gave == KM_OK) {
		*verdict = KM_OK;
	} else {
		*verdict = failed(err);
		wipe(again->key.at, again->key.len);
	}
}

AS_ASKED KM_API km_err km_kms_rsk(uint8_t rsk[KM_SAKKE_POINT_BYTES], const uint8_t *id, size_t id_len,
		const km_kms_master *master, const km_random *rnd)
{
	DIT_WITHIN;
	const asked a = {{rsk, KM_SAKKE_POINT_BYTES}, {NULL, 0}, id, id_len, master};
	asked again;
	km_err err = KM_EFAULT;

	ask_again(rsk);
	ask_again(id);
	ask_again(id_len);
	ask_again(master);
	again = (asked){{rsk, KM_SAKKE_POINT_BYTES}, {NULL, 0}, id, id_len, master};
	keep_apart(&a, &again);
	issue_rsk(&err, &a, &again, rnd);
	return leave_secret(err, SCRUB_ONE);
}

/* *verdict is KM_EFAULT before. */
SECRET_BODY static void issue_ssk(km_err *verdict, const asked *a, const asked *again, const km_random *rnd)
{
	struct {
		eccsi_pair pair, before;
	} w;
	km_err err = KM_EARG, gave_ssk = KM_EFAULT, gave_pvt = KM_EFAULT;
	int fits; /* beside the two, which lie where a pointer led astray may write */

	memset(&w, 0, sizeof w);
	if (again->id_len > 0 && again->id_len <= KM_ID_MAX)
		err = eccsi_issue(&w.pair, a->master->ksak, a->master->kpak, a->id, a->id_len, rnd);
	keep_before(&w.before, &w.pair, sizeof w.before);
	fits = err == KM_OK && eccsi_pair_fits(w.pair.ssk, w.pair.pvt, again->id, again->id_len,
			again->master->kpak);
	if (fits) {
		give_out(&gave_ssk, &a->key, &again->key, w.pair.ssk, w.before.ssk);
		give_out(&gave_pvt, &a->pvt, &again->pvt, w.pair.pvt, w.before.pvt);
	}
	/* w goes with the stack, as above. */
	if (fits && gave_ssk == KM_OK && gave_pvt == KM_OK) {
		*verdict = KM_OK;
	} else {
		*verdict = failed(err);
		wipe(again->key.at, again->key.len);
		wipe(again->pvt.at, again->pvt.len);
	}
}

AS_ASKED KM_API km_err km_kms_ssk(uint8_t ssk[KM_SSK_BYTES], uint8_t pvt[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const km_kms_master *master, const km_random *rnd)
{
	DIT_WITHIN;
	const asked a = {{ssk, KM_SSK_BYTES}, {pvt, KM_ECCSI_POINT_BYTES}, id, id_len, master};
	asked again;
	km_err err = KM_EFAULT;

	ask_again(ssk);
	ask_again(pvt);
	ask_again(id);
	ask_again(id_len);
	ask_again(master);
	again = (asked){{ssk, KM_SSK_BYTES}, {pvt, KM_ECCSI_POINT_BYTES}, id, id_len, master};
	keep_apart(&a, &again);
	issue_ssk(&err, &a, &again, rnd);
	return leave_secret(err, SCRUB_ONE);
}
