/* eccsi_check.c -- the check of signatures by a known signer (RFC 6507, 5.2.2), of which all is public, and of
 * a pair of keys before it is given out (5.1.2). */
#include <string.h>

#include "bytes.h"
#include "eccsi.h"
#include "hash.h"
#include "secret.h"

_Static_assert(sizeof((p256x8_space *)0)->pts >= sizeof(p256_point[ECCSI_AT_ONCE][ECCSI_CHECK_POINTS]),
		"a scalar way's points fit in those of lanes");
_Static_assert(sizeof((p256x8_space *)0)->scratch >=
		sizeof(p256_fe[ECCSI_AT_ONCE][ECCSI_CHECK_SCRATCH]), "and their scratch");

size_t eccsi_space_size(size_t n, int lanes)
{
	if (lanes && p256x8_k)
		return sizeof(p256x8_space);
	return n * (ECCSI_CHECK_POINTS * sizeof(p256_point) + ECCSI_CHECK_SCRATCH * sizeof(p256_fe));
}

eccsi_space eccsi_space_in(void *memory, size_t n, int lanes)
{
	p256x8_space *l = memory;
	p256_point *pts = memory;

	if (lanes && p256x8_k)
		return (eccsi_space){memory, (void *)l->scratch, l};
	return (eccsi_space){pts, (void *)(pts + n * ECCSI_CHECK_POINTS), NULL};
}

int eccsi_scalars_var(uint64_t u1[4], uint64_t u2[4], const uint8_t sig[KM_SIG_BYTES],
		const uint8_t hs[KM_HASH_BYTES], const uint8_t *msg, size_t len)
{
	uint64_t r[4], s[4], he[4];
	uint8_t hash[KM_HASH_BYTES];

	hash_parts(hash, (hash_part[]){{hs, KM_HASH_BYTES}, {sig, 32}, {msg, len}}, 3);
	limbs_from_be(he, hash, 4);
	limbs_from_be(r, sig, 4);
	limbs_from_be(s, sig + 32, 4);
	if (p256_is_zero(r) || p256_is_zero(s) || !p256_below(s, p256_n))
		return 0;
	p256_to_mont_n(s, s);
	p256_k->mul_n(u1, he, s);
	p256_k->mul_n(u2, r, s); /* r may be n or more: hashed as it is, reduced here */
	return 1;
}

/* 1 where r is x, octet for octet. */
static int is_r_var(const uint64_t x[4], const uint8_t sig[KM_SIG_BYTES])
{
	uint64_t r[4];

	limbs_from_be(r, sig, 4);
	return memcmp(x, r, sizeof r) == 0;
}

int eccsi_is_r_var(const p256_jac *j, const uint8_t sig[KM_SIG_BYTES])
{
	uint64_t r[4];

	limbs_from_be(r, sig, 4);
	return p256_is_x_var(j, r);
}

void eccsi_of_two_var(p256_jac *r, const uint64_t u1[4], const uint64_t u2[4], const p256_wide *t)
{
	p256_point pts[2][P256_WIDE_WINDOWS];

	*r = (p256_jac){0};
	if (p256x8_k) {
		p256x8_one_of_two_var(r, u1, u2, t);
		if (!p256_is_zero(r->z.v))
			return;
	}
	p256_lookup_var(pts[0], u1, p256_wide_g);
	p256_lookup_var(pts[1], u2, t);
	p256_total_var(r, pts[0], 2 * P256_WIDE_WINDOWS);
}

void eccsi_of_known_var(p256_jac *r, const uint64_t u1[4], const uint64_t u2[4], const eccsi_known *signer)
{
	p256_point parts[P256_WIDE_WINDOWS];
	p256_jac more;

	if (signer->table) {
		eccsi_of_two_var(r, u1, u2, signer->table);
		return;
	}
	p256_lookup_var(parts, u1, p256_wide_g);
	p256_total_var(r, parts, P256_WIDE_WINDOWS);
	p256_times_var(&more, u2, signer->y);
	p256_jac_add_var(r, r, &more);
}

/* x[i] = the x of [u1[i]]G + [u2[i]]Y, 0 for infinity. */
static void totals_var(uint64_t (*x)[4], const uint64_t (*u1)[4], const uint64_t (*u2)[4],
		const p256_wide *y, size_t n, const eccsi_space *w)
{
	p256_point *pts = w->pts;

	if (w->eight && p256x8_sum_of_two_var(x, u1, u2, y, n, w->eight))
		return;
	for (size_t i = 0; i < n; i++) {
		p256_lookup_var(pts + i * ECCSI_CHECK_POINTS, u1[i], p256_wide_g);
		p256_lookup_var(pts + i * ECCSI_CHECK_POINTS + P256_WIDE_WINDOWS, u2[i], y);
	}
	p256_sum(pts, 2 * n, P256_WIDE_WINDOWS, w->scratch);
	for (size_t i = 0; i < 2 * n; i++)
		pts[i] = pts[i * P256_WIDE_WINDOWS];
	p256_sum(pts, n, 2, w->scratch);
	for (size_t i = 0; i < n; i++)
		fe_to_limbs(x[i], &pts[2 * i].x);
}

km_err eccsi_check_one_var(const km_signed *item, const eccsi_known *signer)
{
	uint64_t u1[4], u2[4];
	p256_jac j;

	if (!eccsi_scalars_var(u1, u2, item->sig, signer->hs, item->msg, item->len))
		return KM_ESIG;
	eccsi_of_known_var(&j, u1, u2, signer);
	return eccsi_is_r_var(&j, item->sig) ? KM_OK : KM_ESIG;
}

/* Together; a function of its own so that what it keeps is not on the stack below one signature. */
static __attribute__((noinline)) void check_many_var(km_err *status, const km_signed *items, size_t n,
		const eccsi_known *signer, const eccsi_space *w)
{
	uint64_t u1[ECCSI_AT_ONCE][4], u2[ECCSI_AT_ONCE][4], x[ECCSI_AT_ONCE][4];

	for (size_t i = 0; i < n; i++) {
		const km_signed *item = &items[i];

		status[i] = KM_OK;
		if (!eccsi_scalars_var(u1[i], u2[i], item->sig, signer->hs, item->msg, item->len)) {
			status[i] = KM_ESIG; /* whatever the sum is: G + Y */
			memcpy(u1[i], (uint64_t[4]){1}, sizeof u1[i]);
			memcpy(u2[i], (uint64_t[4]){1}, sizeof u2[i]);
		}
	}
	totals_var(x, (const uint64_t (*)[4])u1, (const uint64_t (*)[4])u2, signer->table, n, w);
	for (size_t i = 0; i < n; i++)
		if (!is_r_var(x[i], items[i].sig))
			status[i] = KM_ESIG;
}

/* Below so many items, what sums share costs more than it saves. */
enum { WORTH_SHARING = 4 };

void eccsi_check_var(km_err *status, const km_signed *items, size_t n, const eccsi_known *signer,
		const eccsi_space *w)
{
	if (n >= WORTH_SHARING && signer->table) {
		check_many_var(status, items, n, signer, w);
		return;
	}
	for (size_t i = 0; i < n; i++)
		status[i] = eccsi_check_one_var(&items[i], signer);
}

/* PVT is read as a receiver would: a v of 0, whose SSK is KSAK, has no PVT. */
uint64_t eccsi_pair_fits(const uint8_t ssk[KM_SSK_BYTES], const uint8_t pvt[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const uint8_t kpak[KM_ECCSI_POINT_BYTES])
{
	struct {
		uint64_t ssk[4];
		p256_point point;
	} w;
	p256_point auth, token, y;
	uint8_t hs[KM_HASH_BYTES];
	uint64_t fits = 0;

	if (p256_from_octets_var(&auth, kpak, KM_ECCSI_POINT_BYTES) != KM_OK ||
			p256_from_octets_var(&token, pvt, KM_ECCSI_POINT_BYTES) != KM_OK)
		return 0;
	eccsi_hs(hs, kpak, id, id_len, pvt);
	eccsi_y_var(&y, hs, &token, &auth);
	limbs_from_be(w.ssk, ssk, 4);
	p256_times_g(&w.point, w.ssk);
	fits = p256_equal(&w.point, &y);
	/* Public: anything but a fit is a fault, and nothing leaves. */
	ct_public(&fits, sizeof fits);
	wipe(&w, sizeof w);
	return fits;
}
