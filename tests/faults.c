/* faults.c -- single faults in the engine: each call of each function in turn is left out, or a bit of its
 * result is turned over, and nothing wrong may leave with KM_OK.
 *
 *   faults [--long] [--seed N]
 *
 * Every call of a function of another file, a kernel or a library goes through a stub (faults_stubs.sh).  A
 * trial is a child process that does one operation with one fault; what it gives out is held against what the
 * operation gives without.  First the checks are taken out one by one, and faults must get through.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/engine.h"

/* ---- what the stubs share ---------------------------------------------------------------------- */

enum { FUNCTIONS = 1024 };

uint64_t faults_count[FUNCTIONS];    /* calls of each function */
uint32_t faults_function = UINT32_MAX;
uint64_t faults_left;                /* calls until the fault */
uint32_t faults_kind;                /* 0: left out, with faults_result; 1: a bit turned over */
uint64_t faults_result, faults_first, faults_back, faults_offset, faults_mask;
uint32_t faults_planted = UINT32_MAX, faults_pass_stores;
extern const char faults_names[];

static const char *names[FUNCTIONS];
static uint32_t n_names;

static void read_names(void)
{
	for (const char *s = faults_names; *s != '\0'; s += strlen(s) + 1)
		names[n_names++] = s;
}

static uint32_t find(const char *name)
{
	for (uint32_t i = 0; i < n_names; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	fprintf(stderr, "no function %s\n", name);
	exit(1);
}

/* ---- numbers ----------------------------------------------------------------------------------- */

static uint64_t seed = 1;

static uint64_t next(uint64_t *state)
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

enum { MOST = 600, ID = 32, MESSAGE = 40 };

static km_kms_master *masters[2];
static km_kms_public *few, *many;
static km_signer *signers[2];
static uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES], ksak[KM_SSK_BYTES];

/* What goes in and comes out of a run; there are two, of different inputs. */
typedef struct {
	uint8_t ssv[KM_SSV_BYTES], ids[MOST * ID], messages[MOST * MESSAGE];
	uint8_t out[MOST * KM_SED_BYTES];
	km_err err, status[MOST];
	size_t at;                   /* which of the two: they have different keys too */
} run;

static run good[2], got[2];

static void make_inputs(run *r, size_t which)
{
	uint64_t at = 100 + which;

	r->at = which;
	fill(&at, r->ssv, sizeof r->ssv);
	fill(&at, r->ids, sizeof r->ids);
	fill(&at, r->messages, sizeof r->messages);
}

typedef enum { HARMLESS, FOUND, THROUGH } verdict;

typedef struct {
	const char *name;
	size_t n;
	void (*act)(run *r, size_t n);
	verdict (*judge)(size_t n);
	const char *check; /* the function whose yes is the check, and how it says it */
	bool stores;
} operation;

static const uint8_t nothing[KM_SED_BYTES];

static km_err status_of(const run *r, size_t i)
{
	return r->err == KM_OK || r->err == KM_EPARTIAL ? r->status[i] : r->err;
}

/* Of n outputs of len octets: those that are said to be good must be those of the good run, the others these or
 * 0. */
static verdict same_or_nothing(const run *a, const run *b, size_t n, size_t len)
{
	verdict v = HARMLESS;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *out = a->out + i * len;
		km_err err = status_of(a, i);

		if (memcmp(out, b->out + i * len, len) != 0 && (err == KM_OK ||
				memcmp(out, nothing, len) != 0))
			return THROUGH;
		if (err != KM_OK)
			v = FOUND;
	}
	return v;
}

static void encap(run *r, size_t n)
{
	r->err = n == 1 ? km_sakke_encap(r->out, r->ssv, r->ids, ID, few, &rnd) :
			km_sakke_encap_batch(r->out, r->status, r->ssv, r->ids, ID, n,
			n < 100 ? few : many, &rnd);
	if (n == 1)
		r->status[0] = r->err;
}

/* Tables over Z too are made with the fault. */
static void encap_anew(run *r, size_t n)
{
	km_kms_public *kms;

	r->err = km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, n == 1 ? 1 : 1000);
	if (r->err == KM_OK)
		r->err = km_sakke_encap_batch(r->out, r->status, r->ssv, r->ids, ID, n, kms, &rnd);
	else
		memset(r->out, 0, n * KM_SED_BYTES);
	km_kms_public_free(kms);
}

static verdict judge_encap(size_t n)
{
	return same_or_nothing(&got[0], &good[0], n, KM_SED_BYTES);
}

static void sign(run *r, size_t n)
{
	static km_to_sign items[MOST];

	for (size_t i = 0; i < n; i++)
		items[i] = (km_to_sign){.msg = r->messages + i * MESSAGE, .len = MESSAGE,
			.sig = r->out + i * KM_SIG_BYTES};
	r->err = n == 1 ? km_eccsi_sign(r->out, r->messages, MESSAGE, signers[r->at], &rnd) :
			km_eccsi_sign_batch(items, r->status, n, signers[r->at], &rnd);
	if (n == 1)
		r->status[0] = r->err;
}

/* A signature that leaves verifies, and its r comes once: not again in this batch, nor under other messages
 * and other randomness. */
static verdict judge_sign(size_t n)
{
	static const uint8_t gms[ID] = "the signer";
	verdict v = HARMLESS;

	for (size_t i = 0; i < n; i++) {
		const uint8_t *sig = got[0].out + i * KM_SIG_BYTES;

		if (status_of(&got[0], i) != KM_OK) {
			v = v == HARMLESS ? FOUND : v;
			if (memcmp(sig, nothing, KM_SIG_BYTES) == 0)
				continue;
		}
		if (km_eccsi_verify(sig, KM_SIG_BYTES, got[0].messages + i * MESSAGE, MESSAGE, gms, ID,
				few) != KM_OK)
			return THROUGH;
		for (size_t j = 0; j < n; j++)
			if ((j != i && memcmp(sig, got[0].out + j * KM_SIG_BYTES, 32) == 0) ||
			    memcmp(sig, got[1].out + j * KM_SIG_BYTES, 32) == 0)
				return THROUGH;
	}
	return v;
}

static void issue_ssk(run *r, size_t n)
{
	(void)n;
	r->err = km_kms_ssk(r->out, r->out + KM_SSK_BYTES, r->ids, ID, masters[r->at], &rnd);
	r->status[0] = r->err;
}

/* The pair fits, SSK is not KSAK, and no two identities get one PVT. */
static verdict judge_ssk(size_t n)
{
	const uint8_t *ssk = got[0].out, *pvt = ssk + KM_SSK_BYTES;
	km_signer *s;

	(void)n;
	if (got[0].err != KM_OK && memcmp(ssk, nothing, KM_SSK_BYTES + KM_ECCSI_POINT_BYTES) == 0)
		return FOUND;
	if (km_signer_new(&s, got[0].ids, ID, ssk, KM_SSK_BYTES, pvt, KM_ECCSI_POINT_BYTES, few) != KM_OK)
		return THROUGH;
	km_signer_free(s);
	return memcmp(ssk, ksak, KM_SSK_BYTES) == 0 || (got[1].err == KM_OK &&
			memcmp(pvt, got[1].out + KM_SSK_BYTES, KM_ECCSI_POINT_BYTES) == 0) ?
			THROUGH : HARMLESS;
}

static void issue_rsk(run *r, size_t n)
{
	(void)n;
	r->err = km_kms_rsk(r->out, r->ids, ID, masters[r->at], &rnd);
	r->status[0] = r->err;
}

static verdict judge_rsk(size_t n)
{
	return same_or_nothing(&got[0], &good[0], n, KM_SAKKE_POINT_BYTES);
}

static const operation operations[] = {
	{ "encapsulate", 1, encap, judge_encap, "sakke_check", true },
	{ "encapsulate", 8, encap, judge_encap, "sakke_check", true },
	{ "encapsulate", 64, encap, judge_encap, "sakke_check", true },
	{ "encapsulate", 600, encap, judge_encap, "sakke_check", true },
	{ "make tables and encapsulate", 1, encap_anew, judge_encap, NULL, false },
	{ "make tables and encapsulate", 65, encap_anew, judge_encap, "sakke_check", true },
	{ "sign", 1, sign, judge_sign, "eccsi_check_var", true },
	{ "sign", 8, sign, judge_sign, "eccsi_block_fits_var", false },
	{ "sign", 64, sign, judge_sign, "eccsi_block_fits_var", false },
	{ "sign", 600, sign, judge_sign, NULL, false },
	{ "issue SSK", 1, issue_ssk, judge_ssk, "eccsi_pair_fits", false },
	{ "issue RSK", 1, issue_rsk, judge_rsk, NULL, false },
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- trials ------------------------------------------------------------------------------------ */

typedef struct {
	uint32_t function, kind;
	uint64_t call, result, offset, mask;
} fault;

static void set(const fault *f)
{
	faults_function = f->function;
	faults_left = f->call;
	faults_kind = f->kind;
	faults_result = f->result;
	faults_offset = f->offset;
	faults_mask = f->mask;
}

/* Both runs, each with the fault; the second begins with other randomness. */
static void act(const operation *op, run to[2], const fault *f)
{
	for (int i = 0; i < 2; i++) {
		memset(to[i].out, 0x55, sizeof to[i].out);
		for (size_t j = 0; j < op->n; j++)
			to[i].status[j] = KM_OK;
		stream = 1000 + (uint64_t)i;
		if (f != NULL)
			set(f);
		op->act(&to[i], op->n);
		faults_function = UINT32_MAX;
	}
}

enum { CRASHED = 3, OUTCOMES = 4, TOO_LONG = 10 };
static unsigned long outcomes[OUTCOMES], tried;

static int try(const operation *op, const fault *f)
{
	pid_t child;
	int how;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(TOO_LONG);
		act(op, got, f);
		_exit(op->judge(op->n));
	}
	if (child < 0 || waitpid(child, &how, 0) != child) {
		perror("fork");
		exit(1);
	}
	how = WIFEXITED(how) ? WEXITSTATUS(how) : CRASHED;
	tried++;
	outcomes[how]++;
	return how;
}

/* Octets of what a function makes; most make more.  0: its first argument is no place to make it in. */
static uint64_t size_of(const char *name)
{
	static const char *const none[] = { "fp8_table_for", "table_widest", "table_unit", "table_size", "table_at",
		"table_shared_ready", "table_pages_", "sakke_set_for", "scratch_", "secret_", "leave_secret", "scrub_",
		"process_", "eccsi_space_", "sakke_check_size", "init_" };

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (strncmp(name, none[i], strlen(none[i])) == 0)
			return 0;
	if (strncmp(name, "mem", 3) == 0 || strncmp(name, "__gmpz_", 7) == 0 || strcmp(name, "sodium_memzero") == 0 ||
	    strcmp(name, "km_wipe") == 0 || strcmp(name, "hash_to_128") == 0)
		return 16;
	if (strcmp(name, "table_shared") == 0 || strcmp(name, "give_out") == 0)
		return 4;
	if (strncmp(name, "p256x8_one_", 11) == 0 || strcmp(name, "eccsi_of_two_var") == 0)
		return 96;
	return strncmp(name, "p256_", 5) == 0 || strcmp(name, "fe8_first") == 0 || strncmp(name, "hash_parts", 10) == 0 ||
			strcmp(name, "eccsi_hs") == 0 ? 32 : 128;
}

/* The i-th kind of fault in that call. */
static fault fault_of(uint32_t function, uint64_t call, unsigned i)
{
	fault f = { .function = function, .call = call, .kind = i >= 2, .result = i == 1 ? UINT64_MAX : 0 };

	if (size_of(names[function]) == 0)
		f.kind = 0;
	else
		f.offset = next(&seed) % size_of(names[function]);
	f.mask = (uint64_t)1 << next(&seed) % 8;
	return f;
}

static void report(const operation *op, const char *row, const fault *f)
{
	printf("through: %s of %zu, %s: call %llu of %s, ", op->name, op->n, row,
			(unsigned long long)f->call, names[f->function]);
	if (f->kind == 0)
		printf("left out, result %llx\n", (unsigned long long)f->result);
	else
		printf("bit %llx of octet %llu turned over\n", (unsigned long long)f->mask,
				(unsigned long long)f->offset);
}

/* The operation itself, called from here. */
static bool is_entry(const char *name)
{
	return strncmp(name, "km_sakke_", 9) == 0 || strncmp(name, "km_eccsi_", 9) == 0 ||
			strncmp(name, "km_kms_", 7) == 0;
}

/* Some calls of each function: the first ones, the last one, and some between. */
static unsigned long campaign(const operation *op, const char *row, unsigned calls, unsigned kinds)
{
	static uint64_t counts[FUNCTIONS];
	unsigned long before = outcomes[THROUGH];

	memset(faults_count, 0, sizeof faults_count);
	stream = 1000;
	op->act(&got[0], op->n);
	memcpy(counts, faults_count, sizeof counts);
	for (uint32_t f = 0; f < n_names; f++) {
		for (unsigned c = is_entry(names[f]) ? calls : 0; c < calls && c < counts[f]; c++) {
			uint64_t call = counts[f] <= calls || c == 0 ? c + 1 :
					c == 1 ? counts[f] : 1 + next(&seed) % counts[f];

			for (unsigned k = 0; k < kinds; k++) {
				fault one = fault_of(f, call, kinds == 1 ? (unsigned)(next(&seed) % 4) : k);

				if (try(op, &one) == THROUGH && faults_planted == UINT32_MAX)
					report(op, row, &one);
			}
		}
	}
	return outcomes[THROUGH] - before;
}

/* ---- rows -------------------------------------------------------------------------------------- */

static bool prepare(const char *row)
{
	static const uint8_t gms[ID] = "the signer";
	uint8_t ssk[KM_SSK_BYTES], pvt[KM_ECCSI_POINT_BYTES], master_z[KM_FP_BYTES];

	stream = 7;
	if (km_init(row) != KM_OK || km_kms_master_new(&masters[0], &rnd) != KM_OK ||
	    km_kms_master_new(&masters[1], &rnd) != KM_OK)
		return false;
	km_kms_master_public(z, kpak, masters[0]);
	km_kms_master_export(master_z, ksak, masters[0]);
	if (km_kms_public_new(&few, z, sizeof z, kpak, sizeof kpak, 8) != KM_OK ||
	    km_kms_public_new(&many, z, sizeof z, kpak, sizeof kpak, 5000) != KM_OK ||
	    km_kms_ssk(ssk, pvt, gms, ID, masters[0], &rnd) != KM_OK ||
	    km_signer_new(&signers[0], gms, ID, ssk, sizeof ssk, pvt, sizeof pvt, few) != KM_OK ||
	    km_kms_ssk(ssk, pvt, gms, ID, masters[0], &rnd) != KM_OK ||
	    km_signer_new(&signers[1], gms, ID, ssk, sizeof ssk, pvt, sizeof pvt, few) != KM_OK)
		return false;
	for (int i = 0; i < 2; i++) {
		make_inputs(&good[i], (size_t)i);
		make_inputs(&got[i], (size_t)i);
	}
	return true;
}

/* The check taken out: faults that the campaign would find must get through. */
static bool can_fail(const operation *op, const char *row)
{
	unsigned long through;

	faults_planted = find(op->check);
	faults_pass_stores = op->stores;
	through = campaign(op, row, 2, 2);
	faults_planted = UINT32_MAX;
	printf("%s of %zu, %s, without %s: %lu faults get through\n", op->name, op->n, row, op->check,
			through);
	return through > 0;
}

/* One row, in a process of its own.  best: the row that most machines will run. */
static int run_row(const char *row, bool best, bool everything)
{
	unsigned long bad = 0;
	bool shown = true;

	if (!prepare(row)) {
		printf("%s: nothing could be prepared\n", row);
		return 1;
	}
	for (size_t i = 0; i < OPERATIONS; i++) {
		const operation *op = &operations[i];
		bool large = op->n > (best ? 64 : 8);
		unsigned long before = tried, through;

		act(op, good, NULL);
		if (!everything && large && op->n > 64 && !best)
			continue;
		if (op->check != NULL && !large && (best || everything)) {
			memset(outcomes, 0, sizeof outcomes);
			shown = can_fail(op, row) && shown;
		}
		memset(outcomes, 0, sizeof outcomes);
		before = tried;
		through = everything ? campaign(op, row, large ? 8 : 40, 4) :
				campaign(op, row, large ? 1 : 2, large ? 1 : best ? 4 : 2);
		printf("%s of %zu, %s: %lu faults tried, %lu found, %lu harmless, %lu crashed, %lu through\n",
				op->name, op->n, row, tried - before, outcomes[FOUND],
				outcomes[HARMLESS], outcomes[CRASHED], outcomes[THROUGH]);
		bad += through;
	}
	fflush(NULL);
	return bad > 0 || !shown;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0, runs, how;
	bool everything = false, best = true;
	const char *row;

	for (int i = 1; i < argc; i++) {
		everything = everything || strcmp(argv[i], "--long") == 0;
		if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
	}
	read_names();
	for (size_t i = 0; (row = km_kernel_at(i, &runs)) != NULL; i++) {
		pid_t child;

		if (!runs) {
			printf("[  SKIPPED ] faults[%s]: this processor cannot run it\n", row);
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
