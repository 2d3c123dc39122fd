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

/* The public halves of m->z and m->ksak, which are in range. */
static km_err publish(km_kms_master *m, const km_random *rnd)
{
	km_err err = KM_EFAULT, given = KM_EFAULT;
	sakke_octets z;

	sakke_times_p_checked(&err, &z, m->z, rnd);
	if (err != KM_OK)
		return err;
	/* Public: Z is what everybody gets. */
	ct_public(&z, sizeof z);
	give_out(&given, m->public_z, z.octets, z.before, sizeof m->public_z);
	if (given != KM_OK)
		return given;
	return eccsi_public(m->kpak, m->ksak);
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

static km_err master_make(km_kms_master **master, km_kms_master *m, km_err err,
		const km_random *rnd)
{
	if (err == KM_OK)
		err = publish(m, rnd);
	if (err == KM_OK)
		*master = m;
	else
		secret_free(m);
	return err;
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
	return master_make(master, m, err, rnd);
}

KM_API km_err km_kms_master_new(km_kms_master **master, const km_random *rnd)
{
	return leave_secret(master_new(master, rnd), SCRUB_ONE);
}

SECRET_BODY static km_err master_import(km_kms_master **master, const uint8_t z[KM_FP_BYTES],
		const uint8_t ksak[KM_SSK_BYTES])
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
	limbs_from_be(m->z, z, 16);
	memcpy(m->ksak, ksak, sizeof m->ksak);
	in_range = z_in_range(m->z);
	/* Public: whether a key can be used at all. */
	ct_public(&in_range, sizeof in_range);
	return master_make(master, m, in_range ? KM_OK : KM_EFORMAT, NULL);
}

KM_API km_err km_kms_master_import_new(km_kms_master **master, const uint8_t z[KM_FP_BYTES],
		const uint8_t ksak[KM_SSK_BYTES])
{
	return leave_secret(master_import(master, z, ksak), SCRUB_ONE);
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

/* Whose key was asked for, twice: a key is made by one and checked by the other. */
typedef struct {
	const uint8_t *id;
	size_t id_len;
} asked;

SECRET_BODY static km_err issue_rsk(uint8_t rsk[KM_SAKKE_POINT_BYTES], const uint8_t *id,
		size_t id_len, const km_kms_master *master, const km_random *rnd)
{
	const asked a = {id, id_len}, again = a;
	struct {
		uint64_t k[16];
		sakke_octets point;
	} w;
	km_err err, made = KM_EFAULT;

	keep_apart(&a, &again);
	memset(rsk, 0, KM_SAKKE_POINT_BYTES);
	if (id_len == 0 || id_len > KM_ID_MAX)
		return KM_EARG;
	memset(&w, 0, sizeof w);
	zq_from_octets_var(w.k, a.id, a.id_len);
	zq_add(w.k, w.k, master->z);
	err = zq_inv(w.k, w.k, rnd); /* 1/(a + z) */
	if (err == KM_OK) {
		sakke_times_p_checked(&made, &w.point, w.k, rnd);
		err = made;
	}
	if (err == KM_OK) {
		err = KM_EFAULT;
		if (is_inverse(w.k, again.id, again.id_len, master))
			give_out(&err, rsk, w.point.octets, w.point.before, KM_SAKKE_POINT_BYTES);
	}
	if (err != KM_OK)
		wipe(rsk, KM_SAKKE_POINT_BYTES);
	wipe(&w, sizeof w);
	return err;
}

KM_API km_err km_kms_rsk(uint8_t rsk[KM_SAKKE_POINT_BYTES], const uint8_t *id, size_t id_len,
		const km_kms_master *master, const km_random *rnd)
{
	return leave_secret(issue_rsk(rsk, id, id_len, master, rnd), SCRUB_ONE);
}

SECRET_BODY static km_err issue_ssk(uint8_t ssk[KM_SSK_BYTES], uint8_t pvt[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const km_kms_master *master, const km_random *rnd)
{
	const asked a = {id, id_len}, again = a;
	uint8_t *const to[2] = {ssk, pvt}, *const to_again[2] = {ssk, pvt};
	struct {
		eccsi_pair pair, before;
	} w;
	km_err err = KM_EARG, given[2] = {KM_EFAULT, KM_EFAULT};

	keep_apart(&a, &again);
	keep_apart(to, to_again);
	wipe(ssk, KM_SSK_BYTES);
	wipe(pvt, KM_ECCSI_POINT_BYTES);
	if (id_len == 0 || id_len > KM_ID_MAX)
		return KM_EARG;
	err = eccsi_issue(&w.pair, master->ksak, master->kpak, a.id, a.id_len, rnd);
	w.before = w.pair;
	if (err == KM_OK && eccsi_pair_fits(w.pair.ssk, w.pair.pvt, again.id, again.id_len,
			master->kpak)) {
		give_out(&given[0], to[0], w.pair.ssk, w.before.ssk, KM_SSK_BYTES);
		give_out(&given[1], to[1], w.pair.pvt, w.before.pvt, KM_ECCSI_POINT_BYTES);
	}
	if (err == KM_OK)
		err = given[0] != KM_OK ? given[0] : given[1];
	if (err == KM_OK && (to[0] != to_again[0] || to[1] != to_again[1]))
		err = KM_EFAULT;
	if (err != KM_OK) {
		wipe(to_again[0], KM_SSK_BYTES);
		wipe(to_again[1], KM_ECCSI_POINT_BYTES);
	}
	wipe(&w, sizeof w);
	return err;
}

KM_API km_err km_kms_ssk(uint8_t ssk[KM_SSK_BYTES], uint8_t pvt[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const km_kms_master *master, const km_random *rnd)
{
	return leave_secret(issue_ssk(ssk, pvt, id, id_len, master, rnd), SCRUB_ONE);
}
