/* eccsi.h -- what ECCSI keeps for a KMS and for a signer, and the KMS's half of RFC 6507.
 *
 * The room, engine/eccsi/, which stands on engine/ and takes the lookup of tables from field/:
 *   eccsi                    signers, and signing one or many
 *   eccsi_nonce              the nonce of a signature, the v of a key
 *   eccsi_check              signatures and pairs of keys checked before they leave
 *   eccsi_block              signatures that were made together, checked together
 *   eccsi_verify             signatures of others
 *   eccsi_halves             one of a signer who is new, by multiples of half the length
 *   kms_eccsi                the KMS's half: KSAK, KPAK, SSK and PVT
 *   p256, p256_inv           P-256's field and scalars; inverses
 *   p256_point, p256_table   its points and sums; fixed-base tables
 *   p256x8, p256x8_point     both in eight lanes
 *   p256x8_jac, p256x8_one   Jacobian points there; one sum by all lanes
 *   p256x8_ladder            multiples of points of many signers
 *   p256x8_pair              two multiples side by side
 */
#ifndef KM_ECCSI_H
#define KM_ECCSI_H

#include <stdatomic.h>

#include "p256x8.h"

/* KPAK, checked, and its table.  Public. */
typedef struct {
	uint8_t octets[KM_ECCSI_POINT_BYTES];
	p256_point point;
	_Atomic(const p256_wide *) table; /* for verifying alone; NULL: not made yet */
} eccsi_kpak;

/* ECCSI's part of a KMS's public keys, which is their first member (sakke/sakke.h). */
static inline const eccsi_kpak *eccsi_kpak_of(const km_kms_public *kms)
{
	return (const eccsi_kpak *)(const void *)kms;
}

/* The identity's key, secret. */
typedef struct {
	uint64_t ssk_mont[4]; /* SSK*2^256 mod n */
	uint8_t ssk[KM_SSK_BYTES];
} eccsi_key;

/* Public but for the key. */
struct km_signer {
	p256_fe y[2]; /* [HS]PVT + KPAK, not aligned as a point */
	eccsi_key *key; /* in locked memory */
	_Atomic(const p256_wide *) table; /* over y; NULL: not prepared */
	uint8_t hs[KM_HASH_BYTES];
	uint8_t pvt[KM_ECCSI_POINT_BYTES];
	struct {
		uint8_t hs[KM_HASH_BYTES], pvt[KM_ECCSI_POINT_BYTES];
	} again; /* what the check of a signature goes by: a fault in hs or pvt is found */
};

/* What a check needs to know of a signer. */
typedef struct {
	const uint8_t *hs;
	const p256_point *y;
	const p256_wide *table; /* over y; may be NULL */
} eccsi_known;

/* Signatures of one signer that are worth a table to check them all. */
enum { ECCSI_WORTH_A_TABLE = 24 };

/* Memory for sums of points of n <= ECCSI_AT_ONCE signatures.  eight may be NULL; else the others lie
 * in it, for what lanes cannot do. */
enum {
	ECCSI_AT_ONCE = P256X8_AT_ONCE,
	ECCSI_CHECK_POINTS = 2 * P256_WIDE_WINDOWS, ECCSI_CHECK_SCRATCH = P256_WIDE_WINDOWS,
};
typedef struct {
	p256_point *pts;  /* ECCSI_CHECK_POINTS each */
	p256_fe *scratch; /* ECCSI_CHECK_SCRATCH each */
	p256x8_space *eight;
} eccsi_space;

/* With lanes where the processor has them and they are wanted: octets, and the parts of so many
 * octets at memory, 64-byte aligned. */
size_t eccsi_space_size(size_t n, int lanes);
eccsi_space eccsi_space_in(void *memory, size_t n, int lanes);

/* Once, after p256_pick.  KM_ENOMEM. */
km_err eccsi_init(void);

/* KM_EFORMAT, KM_ECURVE. */
km_err eccsi_kpak_load(eccsi_kpak *k, const uint8_t *kpak, size_t len);
void eccsi_kpak_clear(eccsi_kpak *k);
/* KPAK's table, made where it is not there yet.  NULL: no memory. */
const p256_wide *eccsi_kpak_table(const eccsi_kpak *k);
/* Octets of it; 0 before it is made. */
uint64_t eccsi_kpak_bytes(const eccsi_kpak *k);

/* HS = SHA-256(G || KPAK || ID || PVT). */
void eccsi_hs(uint8_t hs[KM_HASH_BYTES], const uint8_t kpak[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const uint8_t pvt[KM_ECCSI_POINT_BYTES]);

/* Y = [HS]PVT + KPAK. */
void eccsi_y_var(p256_point *y, const uint8_t hs[KM_HASH_BYTES], const p256_point *pvt,
		const p256_point *kpak);

/* u1 = s*HE and u2 = s*r mod n of a signature over msg, so that J = [u1]G + [u2]Y.  0 where s is
 * not in 1 .. n - 1 or r is 0. */
int eccsi_scalars_var(uint64_t u1[4], uint64_t u2[4], const uint8_t sig[KM_SIG_BYTES],
		const uint8_t hs[KM_HASH_BYTES], const uint8_t *msg, size_t len);

/* r = [u1]G + [u2]B, t being B's table. */
void eccsi_of_two_var(p256_jac *r, const uint64_t u1[4], const uint64_t u2[4], const p256_wide *t);

/* r = [u1]G + [u2]Y, by the table of Y or without. */
void eccsi_of_known_var(p256_jac *r, const uint64_t u1[4], const uint64_t u2[4], const eccsi_known *signer);

/* 1 where J is not infinity and its x is the r of sig, octet for octet. */
int eccsi_is_r_var(const p256_jac *j, const uint8_t sig[KM_SIG_BYTES]);

/* KM_OK, or KM_ESIG: not a signature of that signer. */
km_err eccsi_check_one_var(const km_signed *item, const eccsi_known *signer);

/* Check n signatures of one known signer: status[i] = KM_OK or KM_ESIG. */
void eccsi_check_var(km_err *status, const km_signed *items, size_t n, const eccsi_known *signer,
		const eccsi_space *w);

/* The points that the r of signatures are the x of, as the sums of their nonces left them: with their
 * octets, in lanes or one by one, each step of them apart. */
typedef struct {
	const p256x8_point *eight; /* or NULL */
	const p256_point *one;
	size_t step;
} eccsi_points;

/* 1 where n > 0 signatures, all right, have points of these y.  0 tells nothing of one of them.
 * eccsi_block.c */
int eccsi_block_fits_var(const km_signed *items, size_t n, const eccsi_known *signer,
		const eccsi_points *points);

/* j = a hedged nonce in 1 .. n - 1 for msg.  KM_ERANDOM. */
km_err eccsi_nonce(uint64_t j[4], const uint8_t ssk[KM_SSK_BYTES], const uint8_t hs[KM_HASH_BYTES],
		const uint8_t *msg, size_t len, const km_random *rnd);

/* The scalars of J = [u.g]G + [u.kpak]KPAK + [u.pvt]PVT. */
typedef struct {
	uint64_t g[4], kpak[4], pvt[4];
} eccsi_three;

/* Whether the x of J is the r of sig: 1, 0, or -1 where this way cannot tell.  Where there are lanes alone. */
int eccsi_by_halves_var(const uint8_t sig[KM_SIG_BYTES], const eccsi_three *u, const p256_point *pvt,
		const p256_wide *kpak);

/* ---- the KMS's half (5.1.1) --------------------------------------------------------------- */

/* v = a hedged number in 1 .. n - 1 for the key of id.  KM_ERANDOM. */
km_err eccsi_token(uint64_t v[4], const uint8_t ksak[KM_SSK_BYTES],
		const uint8_t kpak[KM_ECCSI_POINT_BYTES], const uint8_t *id, size_t id_len,
		const km_random *rnd);

/* KSAK: uniform in 1 .. n - 1.  KM_ERANDOM. */
km_err eccsi_draw(uint8_t ksak[KM_SSK_BYTES], const km_random *rnd);

/* KPAK = [KSAK]G.  KM_EFORMAT: KSAK is not in 1 .. n - 1. */
km_err eccsi_public(uint8_t kpak[KM_ECCSI_POINT_BYTES], const uint8_t ksak[KM_SSK_BYTES]);
/* The same once more of a KSAK that is in range, as twice [KSAK/2]G: by other entries of the table of G. */
void eccsi_public_again(uint8_t kpak[KM_ECCSI_POINT_BYTES], const uint8_t ksak[KM_SSK_BYTES]);

/* All ones where KPAK = [SSK]G - [HS]PVT (5.1.2).  ssk is secret, the answer is not. */
uint64_t eccsi_pair_fits(const uint8_t ssk[KM_SSK_BYTES], const uint8_t pvt[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const uint8_t kpak[KM_ECCSI_POINT_BYTES]);

/* An SSK, secret, and its PVT. */
typedef struct {
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES];
} eccsi_pair;

/* SSK and PVT for id, which are to be checked (eccsi_pair_fits).  KM_ERANDOM. */
km_err eccsi_issue(eccsi_pair *pair, const uint8_t ksak[KM_SSK_BYTES],
		const uint8_t kpak[KM_ECCSI_POINT_BYTES], const uint8_t *id, size_t id_len,
		const km_random *rnd);

#endif
