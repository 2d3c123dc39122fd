/* selftest.c -- known answers: the appendices of RFC 6507 and RFC 6508 through every kernel. */
#include <string.h>

#include "engine.h"
#include "init.h"
#include "secret.h"

/* The identifier of both appendices: "2011-02\0tel:+447700900123\0". */
static const uint8_t id[] = "2011-02\0tel:+447700900123";

/* RFC 6508 Appendix A: z, the SSV, and SHA-256 of the encapsulated data R || H. */
static const uint8_t z_end[20] = {
	0xaf, 0xf4, 0x29, 0xd3, 0x5f, 0x84, 0xb1, 0x10, 0xd0, 0x94, 0x80, 0x3b,
	0x35, 0x95, 0xa6, 0xe2, 0x99, 0x8b, 0xc9, 0x9f,
};
static const uint8_t ssv[KM_SSV_BYTES] = {
	0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x78,
	0x9a, 0xbc, 0xde, 0xf0,
};
static const uint8_t sed_digest[KM_HASH_BYTES] = {
	0xac, 0xe6, 0xd2, 0xd5, 0x3a, 0x01, 0xce, 0x23, 0x6d, 0x85, 0xdb, 0x9f,
	0xd5, 0x32, 0x58, 0x14, 0x3d, 0xb3, 0x41, 0x8a, 0x1e, 0x49, 0x2e, 0x16,
	0x74, 0x66, 0xaa, 0xe9, 0x2c, 0x87, 0x7f, 0x60,
};

/* RFC 6507 Appendix A: KSAK and the signature of "message\0". */
static const uint8_t ksak_end[3] = {0x01, 0x23, 0x45};
static const uint8_t message[] = "message";
static const uint8_t signature[KM_SIG_BYTES] = {
	0x26, 0x9d, 0x4c, 0x8f, 0xde, 0xb6, 0x6a, 0x74, 0xe4, 0xef, 0x8c, 0x0d,
	0x5d, 0xcc, 0x59, 0x7d, 0xdf, 0xe6, 0x02, 0x9c, 0x2a, 0xff, 0xc4, 0x93,
	0x60, 0x08, 0xcd, 0x2c, 0xc1, 0x04, 0x5d, 0x81, 0xe0, 0x9b, 0x52, 0x8d,
	0x0e, 0xf8, 0xd6, 0xdf, 0x1a, 0xa3, 0xec, 0xbf, 0x80, 0x11, 0x0c, 0xfc,
	0xec, 0x9f, 0xc6, 0x82, 0x52, 0xce, 0xbb, 0x67, 0x9f, 0x41, 0x34, 0x84,
	0x69, 0x40, 0xcc, 0xfd, 0x04, 0x75, 0x8a, 0x14, 0x27, 0x79, 0xbe, 0x89,
	0xe8, 0x29, 0xe7, 0x19, 0x84, 0xcb, 0x40, 0xef, 0x75, 0x8c, 0xc4, 0xad,
	0x77, 0x5f, 0xc5, 0xb9, 0xa3, 0xe1, 0xc8, 0xed, 0x52, 0xf6, 0xfa, 0x36,
	0xd9, 0xa7, 0x9d, 0x24, 0x76, 0x92, 0xf4, 0xed, 0xa3, 0xa6, 0xbd, 0xab,
	0x77, 0xd6, 0xaa, 0x64, 0x74, 0xa4, 0x64, 0xae, 0x49, 0x34, 0x66, 0x3c,
	0x52, 0x65, 0xba, 0x70, 0x18, 0xba, 0x09, 0x1f, 0x79,
};

typedef struct {
	km_kms_master *master;
	km_kms_public *kms;
	km_receiver *receiver;
	km_signer *signer;
	uint8_t sed[KM_SED_BYTES];
} kat;

static km_err kat_keys(kat *k)
{
	uint8_t z[KM_FP_BYTES] = {0}, ksak[KM_SSK_BYTES] = {0};
	uint8_t pub[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	km_err err;

	memcpy(z + sizeof z - sizeof z_end, z_end, sizeof z_end);
	memcpy(ksak + sizeof ksak - sizeof ksak_end, ksak_end, sizeof ksak_end);
	err = km_kms_master_import_new(&k->master, z, ksak);
	if (err != KM_OK)
		return err;
	km_kms_master_public(pub, kpak, k->master);
	return km_kms_public_new(&k->kms, pub, sizeof pub, kpak, sizeof kpak, 0);
}

static km_err kat_encap(kat *k)
{
	uint8_t digest[KM_HASH_BYTES];
	km_err err = km_sakke_encap(k->sed, ssv, id, sizeof id, k->kms, NULL);

	if (err != KM_OK)
		return err;
	km_sha256(digest, k->sed, sizeof k->sed);
	return km_equal(digest, sed_digest, sizeof digest) ? KM_OK : KM_ESELFTEST;
}

/* The batch, with a member more than a vector has lanes. */
static km_err kat_encap_batch(kat *k)
{
	enum { N = 9 };
	uint8_t ids[N * sizeof id], seds[N * KM_SED_BYTES];
	km_err status[N], err;

	for (int i = 0; i < N; i++)
		memcpy(ids + i * sizeof id, id, sizeof id);
	err = km_sakke_encap_batch(seds, status, ssv, ids, sizeof id, N, k->kms, NULL);
	for (int i = 0; i < N && err == KM_OK; i++)
		if (!km_equal(seds + i * KM_SED_BYTES, k->sed, KM_SED_BYTES))
			err = KM_ESELFTEST;
	return err;
}

static km_err kat_decap(kat *k)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES], out[KM_SSV_BYTES];
	km_err err = km_kms_rsk(rsk, id, sizeof id, k->master, NULL);

	if (err == KM_OK)
		err = km_receiver_new(&k->receiver, id, sizeof id, rsk, sizeof rsk, k->kms, NULL);
	if (err == KM_OK)
		err = km_sakke_decap(out, k->sed, sizeof k->sed, k->receiver, NULL);
	return err != KM_OK || km_equal(out, ssv, sizeof out) ? err : KM_ESELFTEST;
}

static km_err kat_verify(kat *k)
{
	uint8_t wrong[KM_SIG_BYTES];
	km_err err = km_eccsi_verify(signature, sizeof signature, message, sizeof message, id,
			sizeof id, k->kms);

	memcpy(wrong, signature, sizeof wrong);
	wrong[40] ^= 1;
	if (err == KM_OK && km_eccsi_verify(wrong, sizeof wrong, message, sizeof message, id,
			sizeof id, k->kms) != KM_ESIG)
		err = KM_ESELFTEST;
	return err;
}

static km_err kat_sign(kat *k)
{
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES], sig[KM_SIG_BYTES];
	km_err err = km_kms_ssk(ssk, pvt, id, sizeof id, k->master, NULL);

	if (err == KM_OK)
		err = km_signer_new(&k->signer, id, sizeof id, ssk, sizeof ssk, pvt, sizeof pvt, k->kms);
	if (err == KM_OK)
		err = km_eccsi_sign(sig, message, sizeof message, k->signer, NULL);
	if (err == KM_OK)
		err = km_eccsi_verify(sig, sizeof sig, message, sizeof message, id, sizeof id, k->kms);
	km_wipe(ssk, sizeof ssk);
	return err;
}

static const struct {
	const char *what;
	km_err (*run)(kat *k);
} answers[] = {
	{"SAKKE: Z of RFC 6508", kat_keys},
	{"SAKKE: encapsulation, RFC 6508 Appendix A", kat_encap},
	{"SAKKE: encapsulation in a batch", kat_encap_batch},
	{"SAKKE: RSK and decapsulation", kat_decap},
	{"ECCSI: verification, RFC 6507 Appendix A", kat_verify},
	{"ECCSI: SSK and signature", kat_sign},
};

/* All answers with the kernels of one level, which are in place. */
static km_err selftest_level(const char *kernel, km_selftest_fn *each, void *ctx)
{
	kat k = {0};
	km_err err = KM_OK;

	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		km_err verdict = answers[i].run(&k);

		if (verdict != KM_OK)
			err = KM_ESELFTEST;
		if (each)
			each(ctx, kernel, answers[i].what, verdict);
		if (i == 0 && verdict != KM_OK)
			break; /* nothing else can run without keys */
	}
	km_receiver_free(k.receiver);
	km_signer_free(k.signer);
	km_kms_public_free(k.kms);
	km_kms_master_free(k.master);
	return err;
}

KM_API km_err km_selftest(km_selftest_fn *each, void *ctx)
{
	const char *chosen = km_kernel();
	const char *name;
	km_err all = *chosen ? KM_OK : KM_ESTATE;
	int runs;

	for (size_t i = 0; all != KM_ESTATE && (name = km_kernel_at(i, &runs)); i++) {
		km_err err;

		if (!runs)
			continue;
		err = init_use(name);
		if (err == KM_OK)
			err = selftest_level(name, each, ctx);
		else if (each)
			each(ctx, name, "kernels against portable code", err);
		if (err != KM_OK)
			all = KM_ESELFTEST;
	}
	if (all != KM_ESTATE && init_use(chosen) != KM_OK)
		all = KM_ESELFTEST;
	return all;
}
