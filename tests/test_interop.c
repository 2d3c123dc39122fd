/* test_interop.c -- an independent engine, Debian's libwolfssl: what one makes, the other opens. */
#include "util_sakke.h"

#include <string.h>

#ifdef WITH_WOLFSSL
#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/eccsi.h>
#include <wolfssl/wolfcrypt/sakke.h>

enum { ROUNDS = 3, ID_BYTES = 32 };

static const enum wc_HashType sha = WC_HASH_TYPE_SHA256;

/* A KMS that both engines know, one of its users, and something to hand over. */
typedef struct {
	km_kms_master *master;
	km_kms_public *kms;
	uint8_t z_secret[KM_FP_BYTES], ksak[KM_SSK_BYTES];
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	uint8_t id[ID_BYTES], ssv[KM_SSV_BYTES], msg[100];
	size_t len;
} common;


/* wolfSSL's keys are large: one of each is enough for a test at a time. */
static SakkeKey sakke;
static EccsiKey eccsi;

static void common_new(common *c, uint64_t seed)
{
	assert_int_equal(km_kms_master_new(&c->master, NULL), KM_OK);
	km_kms_master_export(c->z_secret, c->ksak, c->master);
	km_kms_master_public(c->z, c->kpak, c->master);
	assert_int_equal(km_kms_public_new(&c->kms, c->z, sizeof c->z, c->kpak, sizeof c->kpak, 0),
			KM_OK);
	draw_bytes(c->id, sizeof c->id, &seed);
	draw_bytes(c->ssv, sizeof c->ssv, &seed);
	draw_bytes(c->msg, sizeof c->msg, &seed);
	c->len = draw(&seed) % (sizeof c->msg + 1);
}

static void common_free(common *c)
{
	km_kms_public_free(c->kms);
	km_kms_master_free(c->master);
}

/* ---- its SAKKE ------------------------------------------------------------------------------ */

/* Encapsulating and opening overwrite the master secret in a key: the KMS's half and the users'
 * never share one here. */
static void sakke_as_kms(const common *c)
{
	assert_int_equal(wc_InitSakkeKey(&sakke, NULL, INVALID_DEVID), 0);
	assert_int_equal(wc_ImportSakkePrivateKey(&sakke, c->z_secret, sizeof c->z_secret), 0);
}

static void sakke_as_user(const common *c)
{
	assert_int_equal(wc_InitSakkeKey(&sakke, NULL, INVALID_DEVID), 0);
	assert_int_equal(wc_ImportSakkePublicKey(&sakke, c->z + 1, sizeof c->z - 1, 0), 0);
	assert_int_equal(wc_SetSakkeIdentity(&sakke, c->id, sizeof c->id), 0);
}

static void its_encap(uint8_t sed[KM_SED_BYTES], const common *c)
{
	word16 len = KM_SAKKE_POINT_BYTES;

	sakke_as_user(c);
	memcpy(sed + KM_SAKKE_POINT_BYTES, c->ssv, KM_SSV_BYTES);
	assert_int_equal(wc_MakeSakkePointI(&sakke, c->id, sizeof c->id), 0);
	assert_int_equal(wc_MakeSakkeEncapsulatedSSV(&sakke, sha, sed + KM_SAKKE_POINT_BYTES,
			KM_SSV_BYTES, sed, &len), 0);
	assert_int_equal(len, KM_SAKKE_POINT_BYTES);
	wc_FreeSakkeKey(&sakke);
}

/* What it finds in sed with rsk, which it checks first; its verdict. */
static int its_decap(uint8_t ssv[KM_SSV_BYTES], const common *c,
		const uint8_t rsk[KM_SAKKE_POINT_BYTES], const uint8_t sed[KM_SED_BYTES])
{
	ecc_point *point = wc_ecc_new_point();
	int valid = 0, verdict;

	assert_non_null(point);
	sakke_as_user(c);
	assert_int_equal(wc_DecodeSakkeRsk(&sakke, rsk + 1, KM_SAKKE_POINT_BYTES - 1, point), 0);
	assert_int_equal(wc_ValidateSakkeRsk(&sakke, c->id, sizeof c->id, point, &valid), 0);
	assert_int_equal(valid, 1);
	wc_FreeSakkeKey(&sakke);
	sakke_as_user(c);
	assert_int_equal(wc_SetSakkeRsk(&sakke, point, NULL, 0), 0);
	memcpy(ssv, sed + KM_SAKKE_POINT_BYTES, KM_SSV_BYTES);
	verdict = wc_DeriveSakkeSSV(&sakke, sha, ssv, KM_SSV_BYTES, sed, KM_SAKKE_POINT_BYTES);
	wc_FreeSakkeKey(&sakke);
	wc_ecc_del_point(point);
	return verdict;
}

static void its_rsk(uint8_t rsk[KM_SAKKE_POINT_BYTES], const common *c)
{
	ecc_point *point = wc_ecc_new_point();
	word32 len = KM_SAKKE_POINT_BYTES;

	assert_non_null(point);
	sakke_as_kms(c);
	assert_int_equal(wc_MakeSakkeRsk(&sakke, c->id, sizeof c->id, point), 0);
	assert_int_equal(wc_EncodeSakkeRsk(&sakke, point, rsk, &len, 0), 0);
	assert_int_equal(len, KM_SAKKE_POINT_BYTES);
	wc_FreeSakkeKey(&sakke);
	wc_ecc_del_point(point);
}

static void its_z(uint8_t z[KM_SAKKE_POINT_BYTES], const common *c)
{
	ecc_point *point = wc_ecc_new_point();
	word32 len = KM_SAKKE_POINT_BYTES;

	assert_non_null(point);
	sakke_as_kms(c);
	assert_int_equal(wc_MakeSakkePublicKey(&sakke, point), 0);
	assert_int_equal(wc_EncodeSakkeRsk(&sakke, point, z, &len, 0), 0);
	assert_int_equal(len, KM_SAKKE_POINT_BYTES);
	wc_FreeSakkeKey(&sakke);
	wc_ecc_del_point(point);
}

static void both_make_the_same_keys(void **state)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES], ours[KM_SAKKE_POINT_BYTES];

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		common c;
		km_receiver *receiver;

		common_new(&c, i);
		its_z(ours, &c);
		assert_memory_equal(ours, c.z, sizeof ours);
		its_rsk(rsk, &c);
		assert_int_equal(km_receiver_new(&receiver, c.id, sizeof c.id, rsk, sizeof rsk, c.kms,
				NULL), KM_OK);
		km_receiver_free(receiver);
		assert_int_equal(km_kms_rsk(ours, c.id, sizeof c.id, c.master, NULL), KM_OK);
		assert_memory_equal(ours, rsk, sizeof rsk);
		common_free(&c);
	}
}

static void they_open_what_we_encapsulate(void **state)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES], sed[KM_SED_BYTES], ssv[KM_SSV_BYTES];

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		common c;

		common_new(&c, 10 + i);
		assert_int_equal(km_kms_rsk(rsk, c.id, sizeof c.id, c.master, NULL), KM_OK);
		assert_int_equal(km_sakke_encap(sed, c.ssv, c.id, sizeof c.id, c.kms, NULL), KM_OK);
		assert_int_equal(its_decap(ssv, &c, rsk, sed), 0);
		assert_memory_equal(ssv, c.ssv, sizeof ssv);
		sed[KM_SED_BYTES - 1] ^= 1;
		assert_int_not_equal(its_decap(ssv, &c, rsk, sed), 0);
		common_free(&c);
	}
}

static void we_open_what_they_encapsulate(void **state)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES], sed[KM_SED_BYTES], ssv[KM_SSV_BYTES], ours[KM_SED_BYTES];

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		common c;
		km_receiver *receiver;

		common_new(&c, 20 + i);
		its_encap(sed, &c);
		its_rsk(rsk, &c);
		assert_int_equal(km_receiver_new(&receiver, c.id, sizeof c.id, rsk, sizeof rsk, c.kms,
				NULL), KM_OK);
		assert_int_equal(km_sakke_decap(ssv, sed, sizeof sed, receiver, NULL), KM_OK);
		assert_memory_equal(ssv, c.ssv, sizeof ssv);
		assert_int_equal(km_sakke_encap(ours, c.ssv, c.id, sizeof c.id, c.kms, NULL), KM_OK);
		assert_memory_equal(ours, sed, sizeof sed);
		km_receiver_free(receiver);
		common_free(&c);
	}
}

/* ---- its ECCSI ------------------------------------------------------------------------------ */

static void eccsi_as_kms(const common *c)
{
	uint8_t both[KM_SSK_BYTES + KM_ECCSI_POINT_BYTES - 1]; /* KSAK, x, y */

	memcpy(both, c->ksak, sizeof c->ksak);
	memcpy(both + sizeof c->ksak, c->kpak + 1, sizeof c->kpak - 1);
	assert_int_equal(wc_InitEccsiKey(&eccsi, NULL, INVALID_DEVID), 0);
	assert_int_equal(wc_ImportEccsiKey(&eccsi, both, sizeof both), 0);
}

static void eccsi_as_user(const common *c)
{
	assert_int_equal(wc_InitEccsiKey(&eccsi, NULL, INVALID_DEVID), 0);
	assert_int_equal(wc_ImportEccsiPublicKey(&eccsi, c->kpak + 1, sizeof c->kpak - 1, 0), 0);
}

/* Its own check of a pair. */
static int its_validation(const common *c, const uint8_t ssk[KM_SSK_BYTES],
		const uint8_t pvt[KM_ECCSI_POINT_BYTES])
{
	ecc_point *point = wc_ecc_new_point();
	int valid = 0;
	mp_int s;

	assert_non_null(point);
	assert_int_equal(mp_init(&s), 0);
	eccsi_as_user(c);
	assert_int_equal(wc_DecodeEccsiSsk(&eccsi, ssk, KM_SSK_BYTES, &s), 0);
	assert_int_equal(wc_DecodeEccsiPvt(&eccsi, pvt + 1, KM_ECCSI_POINT_BYTES - 1, point), 0);
	assert_int_equal(wc_ValidateEccsiPair(&eccsi, sha, c->id, sizeof c->id, &s, point, &valid),
			0);
	wc_FreeEccsiKey(&eccsi);
	wc_ecc_del_point(point);
	mp_clear(&s);
	return valid;
}

static void its_pair(uint8_t ssk[KM_SSK_BYTES], uint8_t pvt[KM_ECCSI_POINT_BYTES], const common *c)
{
	ecc_point *point = wc_ecc_new_point();
	word32 len = KM_SSK_BYTES;
	WC_RNG rng;
	mp_int s;

	assert_non_null(point);
	assert_int_equal(wc_InitRng(&rng), 0);
	assert_int_equal(mp_init(&s), 0);
	eccsi_as_kms(c);
	assert_int_equal(wc_MakeEccsiPair(&eccsi, &rng, sha, c->id, sizeof c->id, &s, point), 0);
	assert_int_equal(wc_EncodeEccsiSsk(&eccsi, &s, ssk, &len), 0);
	assert_int_equal(len, KM_SSK_BYTES);
	len = KM_ECCSI_POINT_BYTES;
	assert_int_equal(wc_EncodeEccsiPvt(&eccsi, point, pvt, &len, 0), 0);
	assert_int_equal(len, KM_ECCSI_POINT_BYTES);
	wc_FreeEccsiKey(&eccsi);
	wc_ecc_del_point(point);
	wc_FreeRng(&rng);
	mp_clear(&s);
}

/* HS of the user, which both signing and verifying want set. */
static void set_hs(const common *c, ecc_point *pvt)
{
	uint8_t hs[KM_HASH_BYTES], len = 0;

	assert_int_equal(wc_HashEccsiId(&eccsi, sha, c->id, sizeof c->id, pvt, hs, &len), 0);
	assert_int_equal(len, sizeof hs);
	assert_int_equal(wc_SetEccsiHash(&eccsi, hs, len), 0);
}

static void its_signature(uint8_t sig[KM_SIG_BYTES], const common *c,
		const uint8_t ssk[KM_SSK_BYTES], const uint8_t pvt[KM_ECCSI_POINT_BYTES])
{
	ecc_point *point = wc_ecc_new_point();
	word32 len = KM_SIG_BYTES;
	WC_RNG rng;
	mp_int s;

	assert_non_null(point);
	assert_int_equal(wc_InitRng(&rng), 0);
	assert_int_equal(mp_init(&s), 0);
	eccsi_as_user(c);
	assert_int_equal(wc_DecodeEccsiSsk(&eccsi, ssk, KM_SSK_BYTES, &s), 0);
	assert_int_equal(wc_DecodeEccsiPvt(&eccsi, pvt + 1, KM_ECCSI_POINT_BYTES - 1, point), 0);
	set_hs(c, point);
	assert_int_equal(wc_SetEccsiPair(&eccsi, &s, point), 0);
	assert_int_equal(wc_SignEccsiHash(&eccsi, &rng, sha, c->msg, (word32)c->len, sig, &len), 0);
	assert_int_equal(len, KM_SIG_BYTES);
	wc_FreeEccsiKey(&eccsi);
	wc_ecc_del_point(point);
	wc_FreeRng(&rng);
	mp_clear(&s);
}

static int its_verdict(const common *c, const uint8_t sig[KM_SIG_BYTES])
{
	ecc_point *point = wc_ecc_new_point();
	int verified = 0;

	assert_non_null(point);
	eccsi_as_user(c);
	assert_int_equal(wc_DecodeEccsiPvtFromSig(&eccsi, sig, KM_SIG_BYTES, point), 0);
	set_hs(c, point);
	assert_int_equal(wc_VerifyEccsiHash(&eccsi, sha, c->msg, (word32)c->len, sig, KM_SIG_BYTES,
			&verified), 0);
	wc_FreeEccsiKey(&eccsi);
	wc_ecc_del_point(point);
	return verified;
}

static void keys_we_issue_sign_there(void **state)
{
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES], sig[KM_SIG_BYTES];

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		common c;

		common_new(&c, 30 + i);
		assert_int_equal(km_kms_ssk(ssk, pvt, c.id, sizeof c.id, c.master, NULL), KM_OK);
		assert_int_equal(its_validation(&c, ssk, pvt), 1);
		its_signature(sig, &c, ssk, pvt);
		assert_int_equal(km_eccsi_verify(sig, sizeof sig, c.msg, c.len, c.id, sizeof c.id,
				c.kms), KM_OK);
		sig[40] ^= 1;
		assert_int_equal(km_eccsi_verify(sig, sizeof sig, c.msg, c.len, c.id, sizeof c.id,
				c.kms), KM_ESIG);
		ssk[31] ^= 1;
		assert_int_equal(its_validation(&c, ssk, pvt), 0);
		common_free(&c);
	}
}

static void keys_they_issue_sign_here(void **state)
{
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES], sig[KM_SIG_BYTES];

	(void)state;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		common c;
		km_signer *signer;

		common_new(&c, 40 + i);
		its_pair(ssk, pvt, &c);
		assert_int_equal(km_signer_new(&signer, c.id, sizeof c.id, ssk, sizeof ssk, pvt,
				sizeof pvt, c.kms), KM_OK);
		assert_int_equal(km_eccsi_sign(sig, c.msg, c.len, signer, NULL), KM_OK);
		assert_int_equal(its_verdict(&c, sig), 1);
		sig[40] ^= 1;
		assert_int_equal(its_verdict(&c, sig), 0);
		km_signer_free(signer);
		common_free(&c);
	}
}

#else

static void no_wolfssl(void **state)
{
	(void)state;
	skip_as("libwolfssl-dev is not installed");
}

#define both_make_the_same_keys       no_wolfssl
#define they_open_what_we_encapsulate no_wolfssl
#define we_open_what_they_encapsulate no_wolfssl
#define keys_we_issue_sign_there      no_wolfssl
#define keys_they_issue_sign_here     no_wolfssl

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_make_the_same_keys),
		cmocka_unit_test(they_open_what_we_encapsulate),
		cmocka_unit_test(we_open_what_they_encapsulate),
		cmocka_unit_test(keys_we_issue_sign_there),
		cmocka_unit_test(keys_they_issue_sign_here),
	};

	return run_on_each_level("interop", tests, sizeof tests / sizeof tests[0]);
}
