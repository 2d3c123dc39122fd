/* ours_sakke.c -- SAKKE: encapsulation, opening, the pairing, and tables, alone and in batches. */
#include "ours.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cpu.h"
#include "engine/field/fp8.h"
#include "engine/curve/pairing.h"

/* Members of a run that is the first of its KMS and for them alone. */
enum { SMALL = 8, MEDIUM = 64 };

static uint8_t ids[BENCH_MOST][BENCH_ID], ssv[KM_SSV_BYTES];
static uint8_t seds[BENCH_MOST][KM_SED_BYTES], opened[BENCH_BATCH][KM_SSV_BYTES];
static km_err status[BENCH_MOST];

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
	start_for(&kms_many, BENCH_MANY);
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

static void fresh_small(size_t turns)
{
	encap_n(kms_small, SMALL, turns);
}

static void fresh_medium(size_t turns)
{
	encap_n(kms_medium, MEDIUM, turns);
}

#define SIZES(X) X(8) X(20) X(50) X(64) X(200) X(512) X(1000)
#define ENCAP(n) static void encap_##n(size_t turns) { encap_n(kms_many, n, turns); }
SIZES(ENCAP)

/* As from a server whose groups are small: each GROUP items have an SSV of their own. */
static void encap_items(size_t turns)
{
	enum { GROUP = 20 };
	static uint8_t ssvs[(BENCH_BATCH + GROUP - 1) / GROUP][KM_SSV_BYTES];
	static km_to_encap to_encap[BENCH_BATCH];

	bench_octets(ssvs[0], sizeof ssvs, 6);
	for (size_t i = 0; i < BENCH_BATCH; i++)
		to_encap[i] = (km_to_encap){ssvs[i / GROUP], ids[i], BENCH_ID};
	while (turns--)
		must(km_sakke_encap_items(seds[0], status, to_encap, BENCH_BATCH, kms_many, NULL), "encap");
}

static void build(size_t turns)
{
	while (turns--)
		km_kms_public_free(bench_kms(BENCH_MANY));
}

/* ---- opening -------------------------------------------------------------------------------- */

/* The identity that is opened for alone, with a KMS prepared for no encapsulations. */
static km_kms_public *kms_client;
static km_receiver *client;
static uint8_t sed_one[KM_SED_BYTES];
static ec_point rsk_point, r_point;
static fp lines[LINES_COEFS];

static km_receiver *receiver_of(uint8_t rsk[KM_SAKKE_POINT_BYTES], const uint8_t *id,
		const km_kms_public *kms)
{
	km_receiver *r;

	must(km_kms_rsk(rsk, id, BENCH_ID, bench_master(), NULL), "RSK");
	must(km_receiver_new(&r, id, BENCH_ID, rsk, KM_SAKKE_POINT_BYTES, kms, NULL), "receiver");
	return r;
}

static void start_client(void)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES];
	uint64_t order;

	start_for(&kms_client, 0);
	if (client)
		return;
	client = receiver_of(rsk, ids[0], kms_client);
	must(km_sakke_encap(sed_one, ssv, ids[0], BENCH_ID, kms_client, NULL), "encap");
	must(ec_from_octets(&rsk_point, rsk, sizeof rsk), "RSK");
	must(ec_from_octets(&r_point, sed_one, KM_SAKKE_POINT_BYTES), "R");
	must(lines_prepare(lines, &order, &rsk_point, NULL), "lines");
}

static void decap_one(size_t turns)
{
	while (turns--)
		must(km_sakke_decap(opened[0], sed_one, KM_SED_BYTES, client, NULL), "decap");
	if (memcmp(opened[0], ssv, sizeof ssv) != 0)
		worker_die("decap: another SSV");
}

static void pair(size_t turns)
{
	fp w;

	while (turns--)
		must(pairing(&w, &rsk_point, &r_point, NULL), "pairing");
}

static void pair_prepared(size_t turns)
{
	fp w;

	while (turns--)
		must(pairing_prepared(&w, lines, &r_point, NULL), "pairing");
}

/* Data that a batch opens: all for one identity, or for all of BENCH_KEYS in turn. */
static size_t held;
static km_kms_public *kms_batch;
static const km_receiver *one_key[BENCH_BATCH], *many_keys[BENCH_BATCH];
static uint8_t seds_one[BENCH_BATCH][KM_SED_BYTES], seds_many[BENCH_BATCH][KM_SED_BYTES];
static ec_point rsk_points[BENCH_KEYS];
static pairing_item items[BENCH_BATCH];

static void start_batch(void)
{
	static uint8_t same[BENCH_BATCH][BENCH_ID], in_turn[BENCH_BATCH][BENCH_ID];
	const km_receiver *receivers[BENCH_KEYS];
	uint8_t rsk[KM_SAKKE_POINT_BYTES];

	start_for(&kms_batch, held);
	if (one_key[0])
		return;
	for (size_t k = 0; k < BENCH_KEYS; k++) {
		receivers[k] = receiver_of(rsk, ids[k], kms_batch);
		must(ec_from_octets(&rsk_points[k], rsk, sizeof rsk), "RSK");
	}
	for (size_t i = 0; i < held; i++) {
		memcpy(same[i], ids[0], BENCH_ID);
		memcpy(in_turn[i], ids[i % BENCH_KEYS], BENCH_ID);
		one_key[i] = receivers[0];
		many_keys[i] = receivers[i % BENCH_KEYS];
	}
	must(km_sakke_encap_batch(seds_one[0], status, ssv, same[0], BENCH_ID, held, kms_batch,
			NULL), "encap");
	must(km_sakke_encap_batch(seds_many[0], status, ssv, in_turn[0], BENCH_ID, held, kms_batch,
			NULL), "encap");
	for (size_t i = 0; i < held; i++) {
		items[i].k = &rsk_points[i % BENCH_KEYS];
		must(ec_from_octets(&items[i].q, seds_many[i], KM_SAKKE_POINT_BYTES), "R");
	}
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
		must(km_sakke_decap_batch(opened[0], status, seds_many[0], held, many_keys, NULL),
				"decap");
}

static void pair_batch(size_t turns)
{
	while (turns--)
		must(pairing_many(items, held, NULL), "pairing");
}

size_t sakke_offer(bench_op *ops)
{
	/* Fewer where it would take long. */
	const size_t n = fp8_k && fp8_k->needs & CPU_IFMA ? BENCH_BATCH : fp8_k ? 64 : 16;
	const bench_op all[] = {
		{"pairing", "us", 1, start_client, pair, NULL},
		{"pairing_prepared", "us", 1, start_client, pair_prepared, NULL},
		{"pairing_batch", "us", n, start_batch, pair_batch, NULL},
		{"encap_one", "us", 1, start_one, encap_one, NULL},
		{"encap_fresh", "us", SMALL, start_small, fresh_small, NULL},
		{"encap_fresh", "us", MEDIUM, start_medium, fresh_medium, NULL},
#define OFFER(n) {"encap_batch", "us", n, start_many, encap_##n, NULL},
		SIZES(OFFER)
		{"encap_items", "us", BENCH_BATCH, start_many, encap_items, NULL},
		{"decap_one", "us", 1, start_client, decap_one, NULL},
		{"decap_batch", "us", n, start_batch, decap_batch, NULL},
		{"decap_batch_keys", "us", n, start_batch, decap_batch_keys, NULL},
		{"table_build", "us", 1, start_many, build, NULL},
	};

	held = n;
	memcpy(ops, all, sizeof all);
	return sizeof all / sizeof all[0];
}
