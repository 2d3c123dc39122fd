/* ctime_stat.c -- looks in time itself for secrets: whether a kernel or a batch takes longer for
 * random secrets than for one that stays the same.
 *
 * Many short runs of either class, in random order, and Welch's t of the two means, after the
 * slowest tenth is left out.  A t beyond GROSS in each of RUNS repetitions, with one sign, and
 * means that are APART, are a leak: noise does not do that, and a branch or a line of memory does.
 * The exit code is 1 for a leak, or where a planted one is not seen.
 * What cannot be seen here may still leak: memcheck (ctime.c) and opcodes.sh say more.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/cpu.h"
#include "engine/engine.h"
#include "engine/field/fp8.h"
#include "engine/eccsi/p256.h"
#include "engine/eccsi/p256x8.h"
#include "util.h"

enum { RUNS = 3, ARGS = 6, BUFFER = 65536, MOST = 20000, CALLS = 4 };
enum { FEW = 400 };     /* measurements of what takes milliseconds */
#define GROSS 20.0
#define APART 4.0       /* ticks */

static uint64_t seed = 5;

static uint64_t ticks(void)
{
#ifdef ARCH_x86_64
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
#else
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
#endif
}

/* ---- the statistics ---------------------------------------------------------------------- */

typedef struct {
	double n, mean, squares; /* of the differences from the mean */
} moments;

static void count(moments *m, double x)
{
	double d = x - m->mean;

	m->n++;
	m->mean += d / m->n;
	m->squares += d * (x - m->mean);
}

static double welch(const moments *a, const moments *b)
{
	double v = a->squares / (a->n - 1) / a->n + b->squares / (b->n - 1) / b->n;

	return v > 0 ? (a->mean - b->mean) / sqrt(v) : a->mean == b->mean ? 0 : INFINITY;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* What is measured: prepare sets the secrets, at random or as they always are, in the same places
 * and with the same work; run uses them. */
typedef struct {
	void (*prepare)(bool random);
	void (*run)(void);
	size_t n;
} target;

static double t_of(const target *what, moments m[2])
{
	static uint64_t took[MOST], sorted[MOST];
	static bool random[MOST];
	uint64_t limit;

	memset(m, 0, 2 * sizeof *m);
	for (size_t i = 0; i < what->n; i++) {
		random[i] = draw(&seed) & 1;
		what->prepare(random[i]);
		took[i] = ticks();
		what->run();
		took[i] = ticks() - took[i];
	}
	memcpy(sorted, took, what->n * sizeof *took);
	qsort(sorted, what->n, sizeof *sorted, by_size);
	limit = sorted[what->n * 9 / 10];
	for (size_t i = what->n / 50; i < what->n; i++) /* after some to warm up */
		if (took[i] <= limit)
			count(&m[random[i]], (double)took[i]);
	return welch(&m[0], &m[1]);
}

/* Prints a line; whether it leaks. */
static bool leaks(const char *name, const target *what)
{
	moments m[2];
	double t[RUNS];
	bool all = true;

	for (int i = 0; i < RUNS; i++) {
		t[i] = t_of(what, m);
		all = all && fabs(t[i]) > GROSS && (t[i] > 0) == (t[0] > 0) &&
				fabs(m[0].mean - m[1].mean) > APART;
	}
	printf("%-34s %12.1f %12.1f", name, m[0].mean, m[1].mean);
	for (int i = 0; i < RUNS; i++)
		printf(" %8.1f", t[i]);
	printf("%s\n", all ? "   LEAKS" : "");
	return all;
}

/* ---- kernels ----------------------------------------------------------------------------- */

/* Any kernel, by the calling convention. */
typedef void function(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

static function *kernel;
static uintptr_t args[ARGS];
static _Alignas(64) uint64_t buffer[ARGS][BUFFER / 8];
static size_t words;           /* of an operand */
static size_t top;             /* from this word on they are smaller: */
static unsigned bits, top_bits;
static size_t mask_at;         /* which argument is a mask of eight lanes; 0: none */
static size_t index_bound;     /* of an index among the arguments; 0: none */
static bool eight_indexes;     /* one for each lane, in the fourth argument; else the fifth is it */

static void run_kernel(void)
{
	for (int i = 0; i < CALLS; i++)
		kernel(args[0], args[1], args[2], args[3], args[4], args[5]);
}

static void prepare_operands(bool random)
{
	uint64_t keep = 0 - (uint64_t)random;

	for (size_t a = 0; a < ARGS; a++)
		for (size_t i = 0; i < words; i++)
			buffer[a][i] = draw(&seed) >> (64 - (i < top ? bits : top_bits)) & keep;
	for (size_t i = 0; mask_at && i < FP8_LANES; i++)
		buffer[mask_at][i] = (0 - (draw(&seed) & 1)) & keep;
	if (index_bound && !eight_indexes)
		args[4] = draw(&seed) % index_bound & keep;
	for (size_t i = 0; eight_indexes && i < FP8_LANES; i++)
		buffer[3][i] = draw(&seed) % index_bound & keep;
}

/* Sixteen-bit indexes in the fifth argument, a table in the third. */
static void prepare_indexes(bool random)
{
	uint16_t index[64], keep = (uint16_t)-(int)random;

	for (int i = 0; i < 64; i++)
		index[i] = (uint16_t)(draw(&seed) % index_bound) & keep;
	memcpy(buffer[4], index, sizeof index);
}

static void arguments(void)
{
	for (int i = 0; i < ARGS; i++)
		args[i] = (uintptr_t)buffer[i];
	mask_at = index_bound = 0;
	eight_indexes = false;
}

static bool runs(unsigned needs)
{
	return needs && (needs & cpu_levels()) == needs;
}

/* A kernel's name, and what it takes that is not an operand. */
typedef struct {
	size_t at; /* of its pointer in the row */
	const char *name;
	size_t mask_at, index_bound;
} known_kernel;

#define KNOWN(type, name, mask_at, index_bound) {offsetof(type, name), #name, mask_at, index_bound}

/* Whether one of the functions of a row leaks; their pointers begin at first.  One not known here
 * gets operands, and is shown by its number. */
static bool row_leaks(const char *table, const void *row, size_t first, size_t size,
		const known_kernel *known, size_t n)
{
	const char *kind = *(const char *const *)row;
	bool any = false;
	char name[64];

	for (size_t at = first; at < size; at += sizeof kernel) {
		memcpy(&kernel, (const char *)row + at, sizeof kernel);
		arguments();
		snprintf(name, sizeof name, "%s_%zu[%s]", table, (at - first) / sizeof kernel, kind);
		for (size_t i = 0; i < n; i++) {
			if (known[i].at != at)
				continue;
			snprintf(name, sizeof name, "%s_%s[%s]", table, known[i].name, kind);
			mask_at = known[i].mask_at;
			index_bound = known[i].index_bound;
		}
		if (index_bound) {
			args[2] = index_bound;
			eight_indexes = words > FP_LIMBS;
		}
		if (index_bound && !eight_indexes)
			args[3] = 2 * words;
		any |= leaks(name, &(target){prepare_operands, run_kernel, MOST});
	}
	return any;
}

#define ROWS_LEAK(table, rows, type, known) \
	for (size_t i = 0; rows[i]; i++) \
	any |= runs(rows[i]->needs) && row_leaks(table, rows[i], offsetof(type, mul), sizeof(type), \
			known, sizeof known / sizeof known[0])

static bool fp_leaks(void)
{
	static const known_kernel known[] = {
		KNOWN(fp_kernel, mul, 0, 0), KNOWN(fp_kernel, sqr, 0, 0),
		KNOWN(fp_kernel, add, 0, 0), KNOWN(fp_kernel, sub, 0, 0),
		KNOWN(fp_kernel, select, 0, 128),
	};
	bool any = false;

	words = FP_LIMBS;
	top = FP_LIMBS - 1;
	bits = 64;
	top_bits = 63;
	ROWS_LEAK("fp", fp_kernels, fp_kernel, known);
	return any;
}

static bool fp8_leaks(void)
{
	static const known_kernel known[] = {
		KNOWN(fp8_kernel, mul, 0, 0), KNOWN(fp8_kernel, sqr, 0, 0),
		KNOWN(fp8_kernel, mul_add, 0, 0), KNOWN(fp8_kernel, mul_sub, 0, 0),
		KNOWN(fp8_kernel, mul_lift, 0, 0), KNOWN(fp8_kernel, sqr_sub2, 0, 0),
		KNOWN(fp8_kernel, mul_diff, 0, 0), KNOWN(fp8_kernel, mul_sdiff, 5, 0),
		KNOWN(fp8_kernel, mul_diff_sub, 0, 0), KNOWN(fp8_kernel, add, 0, 0),
		KNOWN(fp8_kernel, sub, 0, 0), KNOWN(fp8_kernel, lift, 0, 0),
		KNOWN(fp8_kernel, cneg, 2, 0), KNOWN(fp8_kernel, cmov, 2, 0),
		KNOWN(fp8_kernel, reduce, 0, 0), KNOWN(fp8_kernel, select, 0, 16),
	};
	bool any = false;

	words = FP8_LIMBS * FP8_LANES;
	top = words - FP8_LANES;
	bits = 52;
	top_bits = 35;
	ROWS_LEAK("fp8", fp8_kernels, fp8_kernel, known);
	return any;
}

static bool tables_leak(void)
{
	bool any = false;
	char name[64];

	for (size_t i = 0; fp8_tables[i]; i++) {
		const fp8_table *t = fp8_tables[i];

		if (!runs(t->needs))
			continue;
		arguments();
		memcpy(&kernel, &t->pick, sizeof kernel);
		index_bound = 256;
		args[1] = 1;
		args[3] = index_bound;
		args[5] = 1;
		snprintf(name, sizeof name, "fp8_pick[%s]", t->name);
		any |= leaks(name, &(target){prepare_indexes, run_kernel, MOST});
	}
	return any;
}

static bool p256_leaks(void)
{
	static const known_kernel known[] = {
		KNOWN(p256_kernel, mul, 0, 0), KNOWN(p256_kernel, sqr, 0, 0),
		KNOWN(p256_kernel, add, 0, 0), KNOWN(p256_kernel, sub, 0, 0),
		KNOWN(p256_kernel, mul_n, 0, 0),
	};
	bool any = false;

	words = 4;
	top = 3;
	bits = 64;
	top_bits = 63;
	ROWS_LEAK("p256", p256_kernels, p256_kernel, known);
	return any;
}

static bool p256x8_leaks(void)
{
	static const known_kernel known[] = {
		KNOWN(p256x8_kernel, mul, 0, 0), KNOWN(p256x8_kernel, sqr, 0, 0),
		KNOWN(p256x8_kernel, mul_sub, 0, 0), KNOWN(p256x8_kernel, mul_diff, 0, 0),
		KNOWN(p256x8_kernel, mul_diff_sub, 0, 0), KNOWN(p256x8_kernel, sqr_sub2, 0, 0),
		KNOWN(p256x8_kernel, add, 0, 0), KNOWN(p256x8_kernel, sub, 0, 0),
		KNOWN(p256x8_kernel, lines, 0, 0), KNOWN(p256x8_kernel, select, 0, 0),
		KNOWN(p256x8_kernel, scrub, 0, 0),
	};
	bool any = false;

	words = P256X8_LIMBS * P256X8_LANES;
	top = words - P256X8_LANES;
	bits = 52;
	top_bits = 48;
	ROWS_LEAK("p256x8", p256x8_kernels, p256x8_kernel, known);
	return any;
}

/* ---- planted leaks ----------------------------------------------------------------------- */

static volatile uint64_t sink;

/* Skips what is zero. */
static void skipping_sum(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < words; i++)
		if (buffer[1][i])
			sum += buffer[1][i] * buffer[2][i] ^ sum >> 7;
	sink = sum;
}

/* Reads where the indexes say; each read waits for the one before. */
static void indexed_reads(void)
{
	static uint64_t table[1 << 20];
	uint16_t index[64];
	size_t at = 0;

	if (!table[1]) { /* memory of its own, not the one page of zeros */
		for (size_t i = 1; i < 1 << 20; i += 2)
			table[i] = 1;
	}
	memcpy(index, buffer[4], sizeof index);
	for (int i = 0; i < 64; i++)
		at = table[(size_t)index[i] * 4096 + (size_t)i * 8 + at];
	sink = at;
}

static bool planted_are_seen(void)
{
	bool branch, load;

	words = FP_LIMBS;
	top = words;
	bits = 64;
	arguments();
	branch = leaks("planted branch", &(target){prepare_operands, skipping_sum, MOST});
	index_bound = 256;
	load = leaks("planted load", &(target){prepare_indexes, indexed_reads, MOST});
	return branch && load;
}

/* ---- whole batches ----------------------------------------------------------------------- */

enum { MEMBERS = 16, ID_LEN = 32, MSG_LEN = 64 };
enum { ANNOUNCED = 400 }; /* members who are worth tables for eight lanes */

static struct {
	km_kms_master *master;
	km_kms_public *kms;
	km_receiver *receiver;
	km_signer *signer;
	uint8_t ids[MEMBERS][ID_LEN], same_ids[MEMBERS][ID_LEN];
	uint8_t ssv[KM_SSV_BYTES], seds[MEMBERS][KM_SED_BYTES];
	uint8_t msgs[MEMBERS][MSG_LEN], sigs[MEMBERS][KM_SIG_BYTES];
	uint64_t nonce_keep;
	int wrong;
} all;

km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd);

/* Always the same, or others. */
km_err __wrap_eccsi_nonce(uint64_t j[4], const uint8_t *ssk, const uint8_t *hs, const uint8_t *msg,
		size_t len, const km_random *rnd)
{
	(void)ssk, (void)hs, (void)msg, (void)len, (void)rnd;
	for (int i = 0; i < 4; i++)
		j[i] = draw(&seed) & all.nonce_keep;
	j[0] |= 1;
	j[3] >>= 1; /* below n */
	return KM_OK;
}

static void prepare_ssv(bool random)
{
	uint8_t keep = (uint8_t)-(int)random;

	draw_bytes(all.ssv, sizeof all.ssv, &seed);
	for (size_t i = 0; i < sizeof all.ssv; i++)
		all.ssv[i] &= keep;
}

/* Messages are others each time, for the time of a check may depend on the signature. */
static void prepare_nonces(bool random)
{
	all.nonce_keep = 0 - (uint64_t)random;
	draw_bytes(all.msgs[0], sizeof all.msgs, &seed);
}

/* All for one receiver. */
static void prepare_seds(bool random)
{
	km_err status[MEMBERS];

	prepare_ssv(random);
	all.wrong |= km_sakke_encap_batch(all.seds[0], status, all.ssv, all.same_ids[0], ID_LEN,
			MEMBERS, all.kms, NULL);
}

static void run_encap_batch(void)
{
	km_err status[MEMBERS];

	all.wrong |= km_sakke_encap_batch(all.seds[0], status, all.ssv, all.ids[0], ID_LEN, MEMBERS,
			all.kms, NULL);
}

static void run_encap_one(void)
{
	all.wrong |= km_sakke_encap(all.seds[0], all.ssv, all.ids[0], ID_LEN, all.kms, NULL);
}

static void run_decap_one(void)
{
	all.wrong |= km_sakke_decap(all.ssv, all.seds[0], KM_SED_BYTES, all.receiver, NULL);
}

static void run_decap_batch(void)
{
	const km_receiver *receivers[MEMBERS];
	uint8_t ssvs[MEMBERS][KM_SSV_BYTES];
	km_err status[MEMBERS];

	for (int i = 0; i < MEMBERS; i++)
		receivers[i] = all.receiver;
	all.wrong |= km_sakke_decap_batch(ssvs[0], status, all.seds[0], MEMBERS, receivers, NULL);
}

static void run_sign_batch(void)
{
	km_to_sign items[MEMBERS];
	km_err status[MEMBERS];

	for (int i = 0; i < MEMBERS; i++)
		items[i] = (km_to_sign){all.msgs[i], MSG_LEN, all.sigs[i]};
	all.wrong |= km_eccsi_sign_batch(items, status, MEMBERS, all.signer, NULL);
}

static void run_sign_one(void)
{
	all.wrong |= km_eccsi_sign(all.sigs[0], all.msgs[0], MSG_LEN, all.signer, NULL);
}

static bool make_keys(void)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES], rsk[KM_SAKKE_POINT_BYTES];
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES];
	const uint8_t *id = all.ids[0];

	draw_bytes(all.ids[0], sizeof all.ids, &seed);
	for (int i = 0; i < MEMBERS; i++)
		memcpy(all.same_ids[i], id, ID_LEN);
	if (km_kms_master_new(&all.master, NULL) != KM_OK)
		return false;
	km_kms_master_public(z, kpak, all.master);
	return km_kms_public_new(&all.kms, z, sizeof z, kpak, sizeof kpak, ANNOUNCED) == KM_OK &&
			km_kms_rsk(rsk, id, ID_LEN, all.master, NULL) == KM_OK &&
			km_kms_ssk(ssk, pvt, id, ID_LEN, all.master, NULL) == KM_OK &&
			km_receiver_new(&all.receiver, id, ID_LEN, rsk, sizeof rsk, all.kms, NULL) ==
			KM_OK &&
			km_signer_new(&all.signer, id, ID_LEN, ssk, sizeof ssk, pvt, sizeof pvt,
			all.kms) == KM_OK;
}

static bool batches_leak(void)
{
	bool any;

	any = leaks("encap_one", &(target){prepare_ssv, run_encap_one, FEW});
	any |= leaks("encap_batch", &(target){prepare_ssv, run_encap_batch, FEW});
	any |= leaks("decap_one", &(target){prepare_seds, run_decap_one, FEW});
	any |= leaks("decap_batch", &(target){prepare_seds, run_decap_batch, FEW});
	any |= leaks("sign_one", &(target){prepare_nonces, run_sign_one, 10 * FEW});
	any |= leaks("sign_batch", &(target){prepare_nonces, run_sign_batch, FEW});
	km_signer_free(all.signer);
	km_receiver_free(all.receiver);
	km_kms_public_free(all.kms);
	km_kms_master_free(all.master);
	return any;
}

int main(void)
{
	bool seen, any;

	if (km_init(NULL) != KM_OK || !make_keys()) {
		fprintf(stderr, "ctime_stat: cannot start\n");
		return 1;
	}
	printf("kernel %s; ticks of a run, and t: |t| > %.0f in all %d runs is a leak\n", km_kernel(),
			GROSS, RUNS);
	printf("%-34s %12s %12s %8s\n", "", "fixed", "random", "t");
	seen = planted_are_seen();
	any = fp_leaks();
	any |= fp8_leaks();
	any |= tables_leak();
	any |= p256_leaks();
	any |= p256x8_leaks();
	any |= batches_leak();
	if (!seen)
		fprintf(stderr, "ctime_stat: a planted leak was not seen\n");
	if (all.wrong)
		fprintf(stderr, "ctime_stat: an operation failed\n");
	return !seen || any || all.wrong;
}
