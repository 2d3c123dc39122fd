/* peer_wolfssl.c -- wolfSSL as a process of the benchmark: what it has of SAKKE and ECCSI.
 *
 * usage: peer_wolfssl FILTER.  Built once for each wolfSSL at hand (see the Makefile).  What can be
 * prepared is prepared outside the measurement.  Its calls that make a point I, encapsulate or
 * derive overwrite the KMS's secret in the same key: so the KMS and the users have keys of their
 * own here.  A whole message has no counterpart; it is held against an encapsulation to an identity
 * not seen before and a signature.
 */
#include <stdlib.h>
#include <string.h>

#include <wolfssl/options.h>
#include <wolfssl/version.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/eccsi.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/sakke.h>

#include "worker.h"

enum { IDS = 256, ID = 32, SSV = 16, POINT = 257, SIG = 129, MSG = 512 };

static const enum wc_HashType sha = WC_HASH_TYPE_SHA256;
static WC_RNG rng;
static SakkeKey kms, sender, fixed, receiver, ready, checker;
static EccsiKey auth, signer, verifier;
static ecc_point *rsk, *pvt;
static mp_int ssk;
static byte ids[IDS][ID], ssv[SSV], msg[MSG], sed[POINT], mask[SSV], sig[SIG], hash[32];
static byte our_sed[POINT], our_mask[SSV]; /* for ids[0] */
static byte hash_len;

static void must(int err, const char *what)
{
	if (err != 0)
		worker_die(what);
}

/* ---- preparation ---------------------------------------------------------------------------- */

static void draw(void)
{
	static int drawn;

	if (drawn++)
		return;
	must(wc_InitRng(&rng), "random numbers");
	must(wc_RNG_GenerateBlock(&rng, ids[0], sizeof ids), "random numbers");
	must(wc_RNG_GenerateBlock(&rng, ssv, sizeof ssv), "random numbers");
	must(wc_RNG_GenerateBlock(&rng, msg, sizeof msg), "random numbers");
}

/* A user's key, which has the KMS's public key and an identity. */
static void user_new(SakkeKey *key, const byte *id)
{
	byte z[POINT];
	word32 len = sizeof z;

	must(wc_ExportSakkePublicKey(&kms, z, &len, 1), "public key");
	must(wc_InitSakkeKey(key, NULL, INVALID_DEVID), "SAKKE key");
	must(wc_ImportSakkePublicKey(key, z, len, 1), "public key");
	must(wc_SetSakkeIdentity(key, id, ID), "identity");
}

static void *room(size_t len)
{
	void *p = malloc(len);

	if (!p)
		worker_die("out of memory");
	return p;
}

/* A table over the point I of the key's identity; 0: this build has none. */
static int identity_table(SakkeKey *key)
{
	word32 len = 0;

	must(wc_MakeSakkePointI(key, key->id, key->idSz), "point I");
	if (wc_GenerateSakkePointITable(key, NULL, &len) != LENGTH_ONLY_E || len == 0)
		return 0;
	must(wc_GenerateSakkePointITable(key, room(len), &len), "table of I");
	return 1;
}

/* Debian's build keeps tables over the last points that it multiplied.  Operations before must not
 * fill them: with many identities gone by, a verification takes eight times as long. */
static void forget_points(void)
{
#ifdef FP_ECC
	wc_ecc_fp_free();
#endif
}

static void start_kms(void)
{
	static int started;

	draw();
	forget_points();
	if (started++)
		return;
	must(wc_InitSakkeKey(&kms, NULL, INVALID_DEVID), "SAKKE key");
	must(wc_MakeSakkeKey(&kms, &rng), "master keys");
	user_new(&sender, ids[0]);
}

static void start_fixed(void)
{
	static int started;

	start_kms();
	if (started++)
		return;
	user_new(&fixed, ids[0]);
	if (!identity_table(&fixed))
		worker_die("no table of I");
}

static void encap(SakkeKey *key)
{
	word16 len = sizeof sed;

	memcpy(mask, ssv, sizeof ssv);
	must(wc_MakeSakkeEncapsulatedSSV(key, sha, mask, sizeof mask, sed, &len), "encapsulate");
}

static void start_receiver(void)
{
	word32 len = 0;
	static int started;

	start_kms();
	if (started++)
		return;
	rsk = wc_ecc_new_point();
	must(!rsk, "point");
	user_new(&receiver, ids[0]);
	user_new(&ready, ids[0]);
	user_new(&checker, ids[0]);
	must(wc_MakeSakkeRsk(&kms, ids[0], ID, rsk), "RSK");
	must(wc_SetSakkeRsk(&receiver, rsk, NULL, 0), "RSK");
	must(wc_MakeSakkePointI(&receiver, ids[0], ID), "point I");
	must(wc_MakeSakkePointI(&sender, ids[0], ID), "point I");
	encap(&sender);
	memcpy(our_sed, sed, sizeof sed);
	memcpy(our_mask, mask, sizeof mask);
	if (wc_GenerateSakkeRskTable(&ready, rsk, NULL, &len) == LENGTH_ONLY_E && len > 0) {
		byte *table = room(len);

		must(wc_GenerateSakkeRskTable(&ready, rsk, table, &len), "table of the RSK");
		must(wc_SetSakkeRsk(&ready, rsk, table, len), "RSK");
		must(!identity_table(&ready), "table of I");
	}
}

static void start_eccsi(void)
{
	byte kpak[2 * 32];
	word32 len = sizeof kpak;
	static int started;

	draw();
	forget_points();
	if (started++)
		return;
	pvt = wc_ecc_new_point();
	must(!pvt, "point");
	must(mp_init(&ssk), "number");
	must(wc_InitEccsiKey(&auth, NULL, INVALID_DEVID), "ECCSI key");
	must(wc_MakeEccsiKey(&auth, &rng), "master keys");
	must(wc_ExportEccsiPublicKey(&auth, kpak, &len, 1), "public key");
	must(wc_MakeEccsiPair(&auth, &rng, sha, ids[0], ID, &ssk, pvt), "SSK and PVT");
	must(wc_InitEccsiKey(&signer, NULL, INVALID_DEVID), "ECCSI key");
	must(wc_ImportEccsiPublicKey(&signer, kpak, len, 1), "public key");
	must(wc_InitEccsiKey(&verifier, NULL, INVALID_DEVID), "ECCSI key");
	must(wc_ImportEccsiPublicKey(&verifier, kpak, len, 1), "public key");
	must(wc_HashEccsiId(&signer, sha, ids[0], ID, pvt, hash, &hash_len), "HS");
	must(wc_SetEccsiHash(&signer, hash, hash_len), "HS");
	must(wc_SetEccsiPair(&signer, &ssk, pvt), "SSK and PVT");
	len = sizeof sig;
	must(wc_SignEccsiHash(&signer, &rng, sha, msg, sizeof msg, sig, &len), "sign");
}

static void start_message(void)
{
	start_kms();
	start_eccsi();
}

/* ---- operations ----------------------------------------------------------------------------- */

/* To an identity that the key has not had before. */
static void encap_new(void)
{
	static unsigned next;
	const byte *id = ids[next++ % IDS];

	must(wc_SetSakkeIdentity(&sender, id, ID), "identity");
	must(wc_MakeSakkePointI(&sender, id, ID), "point I");
	encap(&sender);
}

static void encap_one(size_t turns)
{
	while (turns--)
		encap_new();
}

static void encap_one_table(size_t turns)
{
	while (turns--)
		encap(&fixed);
}

static void derive(SakkeKey *key)
{
	byte out[SSV];

	memcpy(out, our_mask, sizeof out);
	must(wc_DeriveSakkeSSV(key, sha, out, sizeof out, our_sed, sizeof our_sed),
			"derive");
	must(memcmp(out, ssv, sizeof ssv), "derive: another SSV");
}

static void decap_one(size_t turns)
{
	while (turns--)
		derive(&receiver);
}

static void decap_one_table(size_t turns)
{
	while (turns--)
		derive(&ready);
}

/* The check of an RSK makes the point I and takes a pairing with it. */
static void check_rsk(size_t turns)
{
	int valid = 0;

	while (turns--)
		must(wc_ValidateSakkeRsk(&checker, ids[0], ID, rsk, &valid), "check the RSK");
	must(!valid, "check the RSK");
}

static void point_i(size_t turns)
{
	while (turns--)
		must(wc_MakeSakkePointI(&checker, ids[0], ID), "point I");
}

static void sign_one(size_t turns)
{
	word32 len = sizeof sig;

	while (turns--)
		must(wc_SignEccsiHash(&signer, &rng, sha, msg, sizeof msg, sig, &len), "sign");
}

static void verify_one(size_t turns)
{
	int good = 0;

	while (turns--) {
		must(wc_DecodeEccsiPvtFromSig(&verifier, sig, sizeof sig, pvt), "PVT");
		must(wc_HashEccsiId(&verifier, sha, ids[0], ID, pvt, hash, &hash_len), "HS");
		must(wc_SetEccsiHash(&verifier, hash, hash_len), "HS");
		must(wc_VerifyEccsiHash(&verifier, sha, msg, sizeof msg, sig, sizeof sig, &good),
				"verify");
		must(!good, "verify");
	}
}

static void message(size_t turns)
{
	while (turns--) {
		encap_new();
		sign_one(1);
	}
}

int main(int argc, char **argv)
{
	static bench_op ops[16] = {
		{"pairing", "us", 1, start_receiver, check_rsk, point_i},
		{"encap_one", "us", 1, start_kms, encap_one, NULL},
		{"decap_one", "us", 1, start_receiver, decap_one, NULL},
		{"sign_one", "us", 1, start_eccsi, sign_one, NULL},
		{"verify_one", "us", 1, start_eccsi, verify_one, NULL},
		{"message_batch", "us", 1, start_message, message, NULL},
	};
	size_t n = 6;

	start_receiver();
	if (ready.rsk.table) {
		ops[n++] = (bench_op){"encap_one_table", "us", 1, start_fixed, encap_one_table,
				NULL};
		ops[n++] = (bench_op){"decap_one_table", "us", 1, start_receiver, decap_one_table,
				NULL};
	}
	worker_serve("wolfSSL " LIBWOLFSSL_VERSION_STRING, ops, n, argc > 1 ? argv[1] : "", NULL);
	return 0;
}
