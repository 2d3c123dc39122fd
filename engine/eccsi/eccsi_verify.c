/* eccsi_verify.c -- ECCSI verification (RFC 6507, 5.2.2).  Everything here is public. */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "eccsi.h"
#include "secret.h"

/* J = [s*HE]G + [s*r]KPAK + [s*r*HS]PVT. */
static km_err verify_one_var(const km_signed *item, const p256_point *pvt,
		const uint8_t hs[KM_HASH_BYTES], const km_kms_public *kms)
{
	const eccsi_kpak *kpak = eccsi_kpak_of(kms);
	const p256_wide *table = eccsi_kpak_table(kpak);
	p256_jac j, more;
	eccsi_three u;
	int fits = -1;

	if (!eccsi_scalars_var(u.g, u.kpak, item->sig, hs, item->msg, item->len))
		return KM_ESIG;
	p256_scalar(u.pvt, hs);
	p256_mul_n(u.pvt, u.pvt, u.kpak);
	if (table && p256x8_k)
		fits = eccsi_by_halves_var(item->sig, &u, pvt, table);
	if (fits >= 0)
		return fits ? KM_OK : KM_ESIG;
	eccsi_of_known_var(&j, u.g, u.kpak, &(eccsi_known){hs, &kpak->point, table});
	p256_times_var(&more, u.pvt, pvt);
	p256_jac_add_var(&j, &j, &more);
	return eccsi_is_r_var(&j, item->sig) ? KM_OK : KM_ESIG;
}

/* Parse what tells the signer: HS and PVT. */
static km_err signer_of_var(uint8_t hs[KM_HASH_BYTES], p256_point *pvt, const km_signed *item,
		const km_kms_public *kms)
{
	if (item->id_len == 0 || item->id_len > KM_ID_MAX)
		return KM_EARG;
	if (p256_from_octets_var(pvt, item->sig + 64, KM_ECCSI_POINT_BYTES) != KM_OK)
		return KM_ESIG;
	eccsi_hs(hs, eccsi_kpak_of(kms)->octets, item->id, item->id_len, item->sig + 64);
	return KM_OK;
}

KM_API km_err km_eccsi_verify(const uint8_t *sig, size_t sig_len, const uint8_t *msg, size_t len,
		const uint8_t *id, size_t id_len, const km_kms_public *kms)
{
	uint8_t hs[KM_HASH_BYTES], copy[KM_SIG_BYTES];
	const km_signed item = {msg, len, copy, id, id_len};
	p256_point pvt;
	km_err err;

	if (id_len == 0 || id_len > KM_ID_MAX)
		return KM_EARG;
	if (sig_len != KM_SIG_BYTES)
		return KM_ESIG;
	memcpy(copy, sig, sizeof copy);
	err = signer_of_var(hs, &pvt, &item, kms);
	return err == KM_OK ? verify_one_var(&item, &pvt, hs, kms) : err;
}

/* ---- a prepared signer --------------------------------------------------------------------- */

struct km_verifier {
	uint8_t hs[KM_HASH_BYTES], pvt[KM_ECCSI_POINT_BYTES];
	const p256_wide *table; /* of Y */
};

static km_err verifier_load_var(km_verifier *v, const uint8_t *id, size_t id_len, const uint8_t *pvt,
		size_t pvt_len, const km_kms_public *kms)
{
	p256_point point, y;
	km_err err = p256_from_octets_var(&point, pvt, pvt_len);

	if (err != KM_OK)
		return err;
	memcpy(v->pvt, pvt, sizeof v->pvt);
	eccsi_hs(v->hs, eccsi_kpak_of(kms)->octets, id, id_len, pvt);
	eccsi_y_var(&y, v->hs, &point, &eccsi_kpak_of(kms)->point);
	if (p256_is_zero(y.x.v) && p256_is_zero(y.y.v))
		return KM_EDEGENERATE;
	v->table = p256_wide_new_var(&y);
	return v->table ? KM_OK : KM_ENOMEM;
}

KM_API km_err km_verifier_new(km_verifier **verifier, const uint8_t *id, size_t id_len,
		const uint8_t *pvt, size_t pvt_len, const km_kms_public *kms)
{
	km_verifier *v;
	km_err err;

	*verifier = NULL;
	if (id_len == 0 || id_len > KM_ID_MAX)
		return KM_EARG;
	v = calloc(1, sizeof *v);
	if (!v)
		return KM_ENOMEM;
	err = verifier_load_var(v, id, id_len, pvt, pvt_len, kms);
	if (err == KM_OK)
		*verifier = v;
	else
		free(v);
	return err;
}

KM_API void km_verifier_free(km_verifier *verifier)
{
	if (verifier)
		p256_wide_free(verifier->table);
	free(verifier);
}

KM_API km_err km_eccsi_verify_by(const uint8_t *sig, size_t sig_len, const uint8_t *msg, size_t len,
		const km_verifier *verifier)
{
	uint8_t copy[KM_SIG_BYTES];
	const km_signed item = {.msg = msg, .len = len, .sig = copy};

	if (sig_len != KM_SIG_BYTES)
		return KM_ESIG;
	memcpy(copy, sig, sizeof copy);
	if (memcmp(copy + 64, verifier->pvt, sizeof verifier->pvt) != 0)
		return KM_ESIG;
	return eccsi_check_one_var(&item, &(eccsi_known){verifier->hs, NULL, verifier->table});
}

/* ---- many ---------------------------------------------------------------------------------- */

static int same_signer(const km_signed *a, const km_signed *b)
{
	if (a->id_len == 0 || a->id_len > KM_ID_MAX || b->id_len != a->id_len)
		return 0;
	return memcmp(a->id, b->id, a->id_len) == 0 &&
			memcmp(a->sig + 64, b->sig + 64, KM_ECCSI_POINT_BYTES) == 0;
}

/* All n items are of one signer: make a table of Y.  0: not possible. */
static int verify_run_var(km_err *status, const km_signed *items, size_t n,
		const km_kms_public *kms, const eccsi_space *w)
{
	p256_point pvt, y;
	uint8_t hs[KM_HASH_BYTES];
	p256_wide *table;
	int made = 0;

	if (signer_of_var(hs, &pvt, &items[0], kms) != KM_OK)
		return 0;
	eccsi_y_var(&y, hs, &pvt, &eccsi_kpak_of(kms)->point);
	table = aligned_alloc(64, sizeof *table);
	/* a Y of infinity has no table */
	if (table && !(p256_is_zero(y.x.v) && p256_is_zero(y.y.v)))
		made = p256_wide_make_var(table, &y);
	for (size_t at = 0, some; made && at < n; at += some) {
		some = n - at < ECCSI_AT_ONCE ? n - at : ECCSI_AT_ONCE;
		eccsi_check_var(status + at, items + at, some, &(eccsi_known){hs, &y, table}, w);
	}
	free(table);
	return made;
}

/* Items of any signers, to be checked together. */
typedef struct {
	size_t n, index[ECCSI_AT_ONCE];
	uint64_t r[ECCSI_AT_ONCE][4], u1[ECCSI_AT_ONCE][4], u2[ECCSI_AT_ONCE][4], u3[ECCSI_AT_ONCE][4];
	p256_point pvt[ECCSI_AT_ONCE];
} gathered;

static km_err verify_alone_var(const km_signed *item, const km_kms_public *kms)
{
	return km_eccsi_verify(item->sig, KM_SIG_BYTES, item->msg, item->len, item->id, item->id_len,
			kms);
}

/* Below so many, lanes would be mostly idle. */
enum { WORTH_LANES = 3 };

/* Check what is gathered: in lanes, and what these cannot tell alone. */
static void check_gathered_var(km_err *status, const km_signed *items, gathered *g,
		const km_kms_public *kms, const eccsi_space *w)
{
	const p256_wide *table = g->n >= WORTH_LANES ? eccsi_kpak_table(eccsi_kpak_of(kms)) : NULL;
	int8_t verdict[ECCSI_AT_ONCE];

	memset(verdict, -1, sizeof verdict);
	if (table)
		p256x8_check_three_var(verdict, (const uint64_t (*)[4])g->r,
				(const uint64_t (*)[4])g->u1, (const uint64_t (*)[4])g->u2,
				(const uint64_t (*)[4])g->u3, table, g->pvt, g->n, w->eight);
	for (size_t i = 0; i < g->n; i++) {
		size_t at = g->index[i];

		status[at] = verdict[i] < 0 ? verify_alone_var(&items[at], kms) :
				verdict[i] ? KM_OK : KM_ESIG;
	}
	g->n = 0;
}

/* Add an item to what is gathered, or give its verdict where that is clear already. */
static void gather_var(km_err *status, const km_signed *items, size_t at, gathered *g,
		const km_kms_public *kms)
{
	const km_signed *item = &items[at];
	size_t k = g->n;
	uint8_t hs[KM_HASH_BYTES];

	status[at] = signer_of_var(hs, &g->pvt[k], item, kms);
	if (status[at] != KM_OK)
		return;
	status[at] = KM_ESIG;
	limbs_from_be(g->r[k], item->sig, 4);
	if (!p256_below(g->r[k], p256_p) ||
			!eccsi_scalars_var(g->u1[k], g->u2[k], item->sig, hs, item->msg, item->len))
		return;
	p256_scalar(g->u3[k], hs);
	p256_mul_n(g->u3[k], g->u3[k], g->u2[k]);
	g->index[g->n++] = at;
}

/* Items of one signer, one after the other, that are worth a table are checked with one, others together in lanes
 * or one by one; so all where there is no memory, w = NULL. */
static void verify_all_var(km_err *status, const km_signed *items, size_t n,
		const km_kms_public *kms, const eccsi_space *w)
{
	gathered g;

	g.n = 0;
	for (size_t at = 0, run; at < n; at += run) {
		run = 1;
		while (at + run < n && same_signer(&items[at], &items[at + run]))
			run++;
		if (w && run >= ECCSI_WORTH_A_TABLE &&
				verify_run_var(status + at, items + at, run, kms, w))
			continue;
		for (size_t i = at; i < at + run; i++) {
			if (!w || !w->eight) {
				status[i] = verify_alone_var(&items[i], kms);
				continue;
			}
			gather_var(status, items, i, &g, kms);
			if (g.n == ECCSI_AT_ONCE)
				check_gathered_var(status, items, &g, kms, w);
		}
	}
	if (g.n)
		check_gathered_var(status, items, &g, kms, w);
}

KM_API km_err km_eccsi_verify_batch(km_err *status, const km_signed *items, size_t n,
		const km_kms_public *kms)
{
	size_t held = n < ECCSI_AT_ONCE ? n : ECCSI_AT_ONCE, size = eccsi_space_size(held, 1);
	void *memory;
	eccsi_space w;
	km_err err = KM_OK;

	if (n == 0)
		return KM_OK;
	memory = scratch_alloc(size);
	if (memory)
		w = eccsi_space_in(memory, held, 1);
	verify_all_var(status, items, n, kms, memory ? &w : NULL);
	scratch_free(memory, size);
	for (size_t i = 0; i < n; i++)
		if (status[i] != KM_OK)
			err = KM_EPARTIAL;
	return err;
}
