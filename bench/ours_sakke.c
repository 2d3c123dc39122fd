/* ours_sakke.c -- SAKKE: encapsulation, opening, the pairing, and tables, alone and in batches. */
#include "ours.h"

#include <stdlib.h>
#include <string.h>

#include "engine/fp8.h"
#include "engine/pairing.h"

/* Members a KMS is prepared for where there is no end of them. */
enum { MANY = 100000, SMALL = 8, MEDIUM = 64 };

static uint8_t ids[BENCH_BATCH][BENCH_ID], ssv[KM_SSV_BYTES];
static uint8_t seds[BENCH_BATCH][KM_SED_BYTES], opened[BENCH_BATCH][KM_SSV_BYTES];
static km_err status[BENCH_BATCH];

/* ---- encapsulation -------------------------------------------------------------------------- */

static km_kms_public *kms_one, *kms_small, *kms_medium, *kms_many;

static void start_for(km_kms_public **kms, size_t members)
{
	bench_octets(ids[0], sizeof ids, 2);
	bench_octets(ssv, sizeof ssv, 3);
	if (!*kms)
		*kms = bench_kms(members);
}

static void start_one(void)
{
	start_for(&kms_one, 1);
}

static void start_small(void)
{
	start_for(&kms_small, SMALL);
}

static void start_medium(void)
{
	start_for(&kms_medium, MEDIUM);
}

static void start_many(void)
{
	start_for(&kms_many, MANY);
}

static void encap_one(size_t turns)
{
	while (turns--)
		must(km_sakke_encap(seds[0], ssv, ids[turns % BENCH_BATCH], BENCH_ID, kms_one,
				NULL), "encap");
}

static void encap_n(const km_kms_public *kms, size_t n, size_t turns)
{
	while (turns--)
		must(km_sakke_encap_batch(seds[0], status, ssv, ids[0], BENCH_ID, n, kms, NULL),
				"encap");
}

static void encap_small(size_t turns)
{
	encap_n(kms_small, SMALL, turns);
}

static void encap_medium(size_t turns)
{
	encap_n(kms_medium, MEDIUM, turns);
}

static void encap_many(size_t turns)
{
	encap_n(kms_many, BENCH_BATCH, turns);
}

static void build(size_t turns)
{
	while (turns--)
		km_kms_public_free(bench_kms(MANY));
}

/* ---- opening -------------------------------------------------------------------------------- */

static size_t held; /* data a batch opens */
static km_receiver *receivers[BENCH_KEYS];
static const km_receiver *one_key[BENCH_BATCH], *many_keys[BENCH_BATCH];
static uint8_t seds_one[BENCH_BATCH][KM_SED_BYTES], seds_keys[BENCH_BATCH][KM_SED_BYTES];
static uint8_t same[BENCH_BATCH][BENCH_ID], in_turn[BENCH_BATCH][BENCH_ID];
static ec_point rsk_point, r_point;

/* The i-th identity's key, and data for it. */
static void start_keys(size_t keys)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES];

	start_one();
	for (size_t i = 0; i < keys; i++) {
		if (receivers[i])
			continue;
		must(km_kms_rsk(rsk, ids[i], BENCH_ID, bench_master(), NULL), "RSK");
		must(km_receiver_new(&receivers[i], ids[i], BENCH_ID, rsk, sizeof rsk, kms_one,
				NULL), "receiver");
		if (i == 0)
			must(ec_from_octets(&rsk_point, rsk, sizeof rsk), "RSK");
	}
	for (size_t i = 0; i < held; i++) {
		memcpy(same[i], ids[0], BENCH_ID);
		memcpy(in_turn[i], ids[i % keys], BENCH_ID);
		one_key[i] = receivers[0];
		many_keys[i] = receivers[i % keys];
	}
	must(km_sakke_encap_batch(seds_one[0], status, ssv, same[0], BENCH_ID, held, kms_one,
			NULL), "encap");
	must(km_sakke_encap_batch(seds_keys[0], status, ssv, in_turn[0], BENCH_ID, held, kms_one,
			NULL), "encap");
	must(ec_from_octets(&r_point, seds_one[0], KM_SAKKE_POINT_BYTES), "R");
}

static void start_key(void)
{
	start_keys(1);
}

static void start_all_keys(void)
{
	start_keys(BENCH_KEYS);
}

static void decap_one(size_t turns)
{
	while (turns--)
		must(km_sakke_decap(opened[0], seds_one[0], KM_SED_BYTES, receivers[0], NULL),
				"decap");
	if (memcmp(opened[0], ssv, sizeof ssv) != 0)
		worker_die("decap: another SSV");
}

static void decap_batch(size_t turns)
{
	while (turns--)
		must(km_sakke_decap_batch(opened[0], status, seds_one[0], held, one_key, NULL),
				"decap");
}

static void decap_batch_keys(size_t turns)
{
	while (turns--)
		must(km_sakke_decap_batch(opened[0], status, seds_keys[0], held, many_keys, NULL),
				"decap");
}

static void pair(size_t turns)
{
	fp w;

	while (turns--)
		must(pairing(&w, &rsk_point, &r_point, NULL), "pairing");
}

size_t sakke_offer(bench_op *ops)
{
	const size_t n = fp8_k ? BENCH_BATCH : 16; /* without lanes they are opened one by one */
	const bench_op all[] = {
		{"pairing", "us", 1, start_key, pair, NULL},
		{"encap_one", "us", 1, start_one, encap_one, NULL},
		{"encap_batch", "us", SMALL, start_small, encap_small, NULL},
		{"encap_batch", "us", MEDIUM, start_medium, encap_medium, NULL},
		{"encap_batch", "us", BENCH_BATCH, start_many, encap_many, NULL},
		{"decap_one", "us", 1, start_key, decap_one, NULL},
		{"decap_batch", "us", n, start_key, decap_batch, NULL},
		{"decap_batch_keys", "us", n, start_all_keys, decap_batch_keys, NULL},
		{"table_build", "us", 1, start_many, build, NULL},
	};

	held = n;
	memcpy(ops, all, sizeof all);
	return sizeof all / sizeof all[0];
}
