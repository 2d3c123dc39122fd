/* ours_eccsi.c -- ECCSI: signing and verifying, alone and in batches. */
#include "ours.h"

#include <string.h>

static km_kms_public *kms;
static km_signer *signer;
static km_verifier *verifier; /* of that signer */
static uint8_t ids[BENCH_KEYS][BENCH_ID];
static uint8_t msgs[BENCH_BATCH][BENCH_MSG];
static uint8_t made[BENCH_BATCH][KM_SIG_BYTES], known[BENCH_BATCH][KM_SIG_BYTES];
static km_to_sign to_sign[BENCH_BATCH];
static km_signed to_verify[BENCH_BATCH];
static km_err status[BENCH_BATCH];

static km_signer *signer_of(size_t i)
{
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES];
	km_signer *s;

	must(km_kms_ssk(ssk, pvt, ids[i], BENCH_ID, bench_master(), NULL), "SSK");
	must(km_signer_new(&s, ids[i], BENCH_ID, ssk, sizeof ssk, pvt, sizeof pvt, kms), "signer");
	return s;
}

/* One signer signs; signatures of many, in turn, are verified. */
static void start(void)
{
	if (kms)
		return;
	kms = bench_kms(1);
	bench_octets(ids[0], sizeof ids, 4);
	bench_octets(msgs[0], sizeof msgs, 5);
	signer = signer_of(0);
	must(km_eccsi_sign(made[0], msgs[0], BENCH_MSG, signer, NULL), "sign"); /* its table is made */
	for (size_t k = 0; k < BENCH_KEYS; k++) {
		km_signer *s = signer_of(k);

		for (size_t i = k; i < BENCH_BATCH; i += BENCH_KEYS) {
			must(km_eccsi_sign(known[i], msgs[i], BENCH_MSG, s, NULL), "sign");
			to_sign[i] = (km_to_sign){msgs[i], BENCH_MSG, made[i]};
			to_verify[i] = (km_signed){msgs[i], BENCH_MSG, known[i], ids[k], BENCH_ID};
		}
		km_signer_free(s);
	}
	must(km_verifier_new(&verifier, ids[0], BENCH_ID, known[0] + 64, KM_ECCSI_POINT_BYTES, kms),
			"verifier");
}

static void sign_one(size_t turns)
{
	while (turns--)
		must(km_eccsi_sign(made[0], msgs[turns % BENCH_BATCH], BENCH_MSG, signer, NULL),
				"sign");
}

static void sign_batch(size_t turns)
{
	while (turns--)
		must(km_eccsi_sign_batch(to_sign, status, BENCH_BATCH, signer, NULL), "sign");
}

static void verify_one(size_t turns)
{
	while (turns--) {
		const km_signed *s = &to_verify[turns % BENCH_BATCH];

		must(km_eccsi_verify(s->sig, KM_SIG_BYTES, s->msg, s->len, s->id, s->id_len, kms),
				"verify");
	}
}

/* Messages of one signer. */
static void verify_prepared(size_t turns)
{
	while (turns--) {
		size_t i = turns % (BENCH_BATCH / BENCH_KEYS) * BENCH_KEYS;

		must(km_eccsi_verify_by(known[i], KM_SIG_BYTES, msgs[i], BENCH_MSG, verifier),
				"verify by a prepared verifier");
	}
}

static void verify_batch(size_t turns)
{
	while (turns--)
		must(km_eccsi_verify_batch(status, to_verify, BENCH_BATCH, kms), "verify");
}

size_t eccsi_offer(bench_op *ops)
{
	static const bench_op all[] = {
		{"sign_one", "us", 1, start, sign_one, NULL},
		{"sign_batch", "us", BENCH_BATCH, start, sign_batch, NULL},
		{"verify_one", "us", 1, start, verify_one, NULL},
		{"verify_prepared", "us", 1, start, verify_prepared, NULL},
		{"verify_batch", "us", BENCH_BATCH, start, verify_batch, NULL},
	};

	memcpy(ops, all, sizeof all);
	return sizeof all / sizeof all[0];
}
