/* faults_ops.c -- the operations that single faults are tried on, and what each may give out. */
#include "tests/faults_ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern const char faults_names[];

const char *fault_names[FUNCTIONS];
uint32_t n_fault_names;

/* Those of the stubs. */
uint64_t faults_count[FUNCTIONS], faults_left, faults_result, faults_first, faults_back, faults_offset,
		faults_mask;
uint32_t faults_function = UINT32_MAX, faults_kind, faults_planted = UINT32_MAX, faults_pass_stores;

static void read_names(void)
{
	for (const char *s = faults_names; *s != '\0'; s += strlen(s) + 1)
		fault_names[n_fault_names++] = s;
}

uint32_t find_name(const char *name)
{
	for (uint32_t i = 0; i < n_fault_names; i++)
		if (strcmp(fault_names[i], name) == 0)
			return i;
	return FUNCTIONS;
}

/* ---- numbers ----------------------------------------------------------------------------------- */

uint64_t seed = 1;

uint64_t next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static int fill(void *ctx, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(next(ctx) >> 56);
	return 0;
}

static uint64_t stream;
static const km_random rnd = {fill, &stream};

/* ---- operations -------------------------------------------------------------------------------- */

static km_kms_master *masters[2];
static km_kms_public *few, *many;
static km_signer *signers[2];
static uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
static uint8_t master_z[2][KM_FP_BYTES], master_ksak[2][KM_SSK_BYTES];

run good[2], *got;
static run here;                     /* what is being made */
static bool *ended;                  /* shared too */

/* What goes into the two runs; they have different keys too. */
typedef struct {
	uint8_t ssv[KM_SSV_BYTES], ids[MOST * ID], messages[MOST * MESSAGE];
} input;

static input inputs[2];

static void make_inputs(input *in, uint64_t which)
{
	uint64_t at = 100 + which;

	fill(&at, in->ssv, sizeof in->ssv);
	fill(&at, in->ids, sizeof in->ids);
	fill(&at, in->messages, sizeof in->messages);
}

enum { UNTOUCHED = 0x55 };

static km_err status_of(const run *r, size_t i, size_t n)
{
	if (n == 1)
		return r->err;
	return r->err == KM_OK || r->err == KM_EPARTIAL ? r->status[i] : r->err;
}

/* Of the memory before, or wiped. */
static bool is_nothing(const uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (out[i] != 0 && out[i] != UNTOUCHED)
			return false;
	return true;
}

/* Of n outputs of len octets: those that are said to be good must be those of the good run, the others these or
 * nothing. */
static outcome same_or_nothing(const run *a, const run *b, size_t n, size_t len)
{
	outcome v = HARMLESS;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *out = a->out + i * len;
		bool same = memcmp(out, b->out + i * len, len) == 0;

		if (status_of(a, i, n) == KM_OK && !same)
			return THROUGH;
		if (status_of(a, i, n) != KM_OK)
			v = v == LEFT_BEHIND || !(same || is_nothing(out, len)) ? LEFT_BEHIND : FOUND;
	}
	return v;
}

static km_err act_encap(size_t which, size_t n)
{
	return n == 1 ? km_sakke_encap(here.out, inputs[which].ssv, inputs[which].ids, ID, few, &rnd) :
			km_sakke_encap_batch(here.out, here.status, inputs[which].ssv, inputs[which].ids, ID, n,
			n < 100 ? few : many, &rnd);
}

/* Each with another SSV than its neighbours. */
static km_err act_encap_items(size_t which, size_t n)
{
	static km_to_encap items[MOST];

	for (size_t i = 0; i < n; i++)
		items[i] = (km_to_encap){inputs[(which + i) % 2].ssv, inputs[which].ids + i * ID, ID};
	return km_sakke_encap_items(here.out, here.status, items, n, few, &rnd);
}

/* Tables over Z too are made with the fault, before the data or when they are first used. */
static km_err act_encap_anew(size_t which, size_t n)
{
	km_kms_public *kms;
	km_err err = km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, n == 1 ? KM_TABLES_LATER : 1000);

	if (err == KM_OK)
		err = km_sakke_encap_batch(here.out, here.status, inputs[which].ssv, inputs[which].ids, ID, n, kms,
				&rnd);
	km_kms_public_free(kms);
	return err;
}

static outcome judge_encap(size_t n)
{
	return same_or_nothing(&got[0], &good[0], n, KM_SED_BYTES);
}

static km_err act_sign(size_t which, size_t n)
{
	static km_to_sign items[MOST];

	for (size_t i = 0; i < n; i++)
		items[i] = (km_to_sign){.msg = inputs[which].messages + i * MESSAGE, .len = MESSAGE,
			.sig = here.out + i * KM_SIG_BYTES};
	return n == 1 ? km_eccsi_sign(here.out, inputs[which].messages, MESSAGE, signers[which], &rnd) :
			km_eccsi_sign_batch(items, here.status, n, signers[which], &rnd);
}

/* A signature that leaves verifies, and its r comes once: not again in this batch, nor under other messages
 * and other randomness. */
static outcome judge_sign(size_t n)
{
	static const uint8_t gms[ID] = "the signer";
	outcome v = HARMLESS;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *sig = got[0].out + i * KM_SIG_BYTES;
		bool good_sig = km_eccsi_verify(sig, KM_SIG_BYTES, inputs[0].messages + i * MESSAGE, MESSAGE,
				gms, ID, few) == KM_OK;

		if (status_of(&got[0], i, n) != KM_OK) {
			v = v == LEFT_BEHIND || !(good_sig || is_nothing(sig, KM_SIG_BYTES)) ?
					LEFT_BEHIND : FOUND;
			continue;
		}
		if (!good_sig)
			return THROUGH;
		for (size_t j = 0; j < n; j++)
			if ((j != i && status_of(&got[0], j, n) == KM_OK &&
					memcmp(sig, got[0].out + j * KM_SIG_BYTES, 32) == 0) ||
			    (status_of(&got[1], j, n) == KM_OK &&
					memcmp(sig, got[1].out + j * KM_SIG_BYTES, 32) == 0))
				return THROUGH;
	}
	return v;
}

static km_err act_issue_ssk(size_t which, size_t n)
{
	(void)n;
	return km_kms_ssk(here.out, here.out + KM_SSK_BYTES, inputs[which].ids, ID, masters[which], &rnd);
}

/* The pair fits, SSK is not KSAK, and no two identities get one PVT. */
static outcome judge_ssk(size_t n)
{
	const uint8_t *ssk = got[0].out, *pvt = ssk + KM_SSK_BYTES;
	km_signer *s;

	(void)n;
	if (km_signer_new(&s, inputs[0].ids, ID, ssk, KM_SSK_BYTES, pvt, KM_ECCSI_POINT_BYTES, few) != KM_OK)
		return got[0].err == KM_OK ? THROUGH :
				is_nothing(ssk, KM_SSK_BYTES + KM_ECCSI_POINT_BYTES) ? FOUND : LEFT_BEHIND;
	km_signer_free(s);
	if (got[0].err != KM_OK)
		return FOUND;
	return memcmp(ssk, master_ksak[0], KM_SSK_BYTES) == 0 || (got[1].err == KM_OK &&
			memcmp(pvt, got[1].out + KM_SSK_BYTES, KM_ECCSI_POINT_BYTES) == 0) ?
			THROUGH : HARMLESS;
}

static km_err act_issue_rsk(size_t which, size_t n)
{
	(void)n;
	return km_kms_rsk(here.out, inputs[which].ids, ID, masters[which], &rnd);
}

static outcome judge_rsk(size_t n)
{
	return same_or_nothing(&got[0], &good[0], n, KM_SAKKE_POINT_BYTES);
}

/* Public keys.  What reads them out gives no code: faults there are in the caller's hands, and none is made. */
static km_err act_import(size_t which, size_t n)
{
	static km_kms_master *m;
	static km_err err;

	(void)n;
	err = km_kms_master_import_new(&m, master_z[which], master_ksak[which]);
	faults_function = UINT32_MAX;
	if (err == KM_OK)
		km_kms_master_public(here.out, here.out + KM_SAKKE_POINT_BYTES, m);
	return err;
}

static outcome judge_import(size_t n)
{
	return same_or_nothing(&got[0], &good[0], n, KM_SAKKE_POINT_BYTES + KM_ECCSI_POINT_BYTES);
}

/* The small ones first: tables for many members come with the first of the large ones. */
const operation operations[OPERATIONS] = {
	{ "encapsulate", 1, act_encap, judge_encap, 1, "sakke_check", true },
	{ "encapsulate", 8, act_encap, judge_encap, 1, "sakke_check", true },
	{ "encapsulate", 64, act_encap, judge_encap, 1, "sakke_check", true },
	{ "encapsulate items", 8, act_encap_items, judge_encap, 1, "sakke_check", true },
	{ "encapsulate items", 64, act_encap_items, judge_encap, 1, "sakke_check", true },
	{ "make tables and encapsulate", 1, act_encap_anew, judge_encap, 1, NULL, false },
	{ "make tables and encapsulate", 65, act_encap_anew, judge_encap, 1, "sakke_check", true },
	{ "sign", 1, act_sign, judge_sign, 2, "eccsi_check_var", true },
	{ "sign", 8, act_sign, judge_sign, 2, "eccsi_block_fits_var", false },
	{ "sign", 64, act_sign, judge_sign, 2, "eccsi_block_fits_var", false },
	{ "issue SSK", 1, act_issue_ssk, judge_ssk, 2, "eccsi_pair_fits", false },
	{ "issue RSK", 1, act_issue_rsk, judge_rsk, 1, NULL, false },
	{ "import master", 1, act_import, judge_import, 1, NULL, false },
	{ "sign", 600, act_sign, judge_sign, 2, NULL, false },
	{ "encapsulate", 600, act_encap, judge_encap, 1, "sakke_check", true },
};

/* ---- before ------------------------------------------------------------------------------------ */

bool prepare(const char *row)
{
	static const uint8_t gms[ID] = "the signer";
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES];

	got = mmap(NULL, 2 * sizeof *got + sizeof *ended, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	stream = 7;
	if (got == MAP_FAILED || km_init(row) != KM_OK)
		return false;
	ended = (void *)(got + 2);
	for (int i = 0; i < 2; i++) {
		make_inputs(&inputs[i], (uint64_t)i);
		if (km_kms_master_new(&masters[i], &rnd) != KM_OK)
			return false;
		km_kms_master_export(master_z[i], master_ksak[i], masters[i]);
	}
	km_kms_master_public(z, kpak, masters[0]);
	if (km_kms_public_new(&few, z, sizeof z, kpak, sizeof kpak, 8) != KM_OK)
		return false;
	for (int i = 0; i < 2; i++)
		if (km_kms_ssk(ssk, pvt, gms, ID, masters[0], &rnd) != KM_OK ||
		    km_signer_new(&signers[i], gms, ID, ssk, sizeof ssk, pvt, sizeof pvt, few) != KM_OK)
			return false;
	return true;
}

/* ---- runs -------------------------------------------------------------------------------------- */

/* What act_once goes on with. */
static struct {
	run *to;
	size_t len, n;
} kept;

__attribute__((noinline)) static void hand_over(km_err err)
{
	faults_function = UINT32_MAX;
	memcpy(kept.to->out, here.out, kept.len);
	memcpy(kept.to->status, here.status, kept.n * sizeof *here.status);
	kept.to->err = err;
}

void act_once(const operation *op, run *to, int which, void (*arm)(const void *), const void *with)
{
	kept.to = to;
	kept.n = op->n;
	kept.len = (op->n < 4 ? 4 : op->n) * KM_SED_BYTES;
	memset(here.out, UNTOUCHED, kept.len);
	for (size_t j = 0; j < op->n; j++)
		here.status[j] = KM_OK;
	stream = 1000 + (uint64_t)which;
	if (arm != NULL)
		arm(with);
	hand_over(op->act((size_t)which, op->n));
}

/* Tables for many members, made when they are wanted. */
static bool prepare_for(const operation *op)
{
	return op->act != act_encap || op->n < 100 || many != NULL ||
			km_kms_public_new(&many, z, sizeof z, kpak, sizeof kpak, 5000) == KM_OK;
}

bool act_well(const operation *op)
{
	if (!prepare_for(op))
		return false;
	*ended = false;
	for (int i = 0; i < op->runs; i++) {
		act_once(op, &good[i], i, NULL, NULL);
		for (size_t j = 0; j < op->n; j++)
			if (status_of(&good[i], j, op->n) != KM_OK)
				return false;
	}
	return true;
}

static void forget_counts(const void *with)
{
	(void)with;
	memset(faults_count, 0, sizeof faults_count);
}

void count_calls(const operation *op, uint64_t counts[FUNCTIONS])
{
	act_once(op, &got[0], 0, forget_counts, NULL);
	memcpy(counts, faults_count, sizeof faults_count);
}

void take_check_out(const operation *op)
{
	faults_planted = find_name(op->check);
	faults_pass_stores = op->stores;
}

void act_in_child(const operation *op, void (*arm)(const void *), const void *with)
{
	for (int i = 0; i < op->runs; i++)
		act_once(op, &got[i], i, arm, with);
	*ended = true;
}

outcome judge_child(const operation *op, bool ended_well)
{
	bool whole = *ended && ended_well;

	*ended = false;
	return whole ? op->judge(op->n) : CRASHED;
}

int run_rows(const char *name, int (*run_row)(const char *row, bool best, bool everything), bool everything)
{
	int passed = 0, failed = 0, runs, how;
	bool best = true;
	const char *row;

	read_names();
	for (size_t i = 0; (row = km_kernel_at(i, &runs)) != NULL; i++) {
		pid_t child;

		if (!runs) {
			printf("[  SKIPPED ] %s[%s]: this processor cannot run it\n", name, row);
			continue;
		}
		fflush(NULL);
		child = fork();
		if (child == 0)
			exit(run_row(row, best, everything));
		how = 1;
		if (child > 0)
			waitpid(child, &how, 0);
		*(how == 0 ? &passed : &failed) += 1;
		best = false;
	}
	printf("# %d passed, %d failed, 0 skipped\n", passed, failed);
	return failed > 0;
}
