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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults_ops.h"

/* ---- trials ------------------------------------------------------------------------------------ */

typedef struct {
	uint32_t function, kind;
	uint64_t call, result, offset, mask;
} fault;

static void set(const void *with)
{
	const fault *f = with;

	faults_function = f->function;
	faults_left = f->call;
	faults_kind = f->kind;
	faults_result = f->result;
	faults_offset = f->offset;
	faults_mask = f->mask;
}

enum { TOO_LONG = 10 };
static double seconds;                  /* of a run */
static unsigned long outcomes[OUTCOMES], tried;

static outcome try(const operation *op, const fault *f)
{
	pid_t child;
	outcome how;
	int status;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		signal(SIGALRM, SIG_DFL);
		alarm(TOO_LONG + (unsigned)(10 * seconds));
		close(STDERR_FILENO); /* what the C library says of crashes */
		act_in_child(op, set, f);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("fork");
		exit(1);
	}
	how = judge_child(op, WIFEXITED(status) && WEXITSTATUS(status) == 0);
	tried++;
	outcomes[how]++;
	return how;
}

/* Octets of what a function makes; most make more.  0: its first argument is no place to make it in. */
static uint64_t size_of(const char *name)
{
	static const char *const none[] = { "fp8_table_for", "table_widest", "table_unit", "table_size", "table_at",
		"table_shared_ready", "table_pages_", "sakke_set_for", "scratch_", "secret_", "leave_secret", "scrub_",
		"process_", "eccsi_space_", "sakke_check_size", "init_", "sodium_memcmp", "km_equal" };

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

	if (size_of(fault_names[function]) == 0)
		f.kind = 0;
	else
		f.offset = next(&seed) % size_of(fault_names[function]);
	f.mask = (uint64_t)1 << next(&seed) % 8;
	return f;
}

static void report(const operation *op, const char *row, const fault *f)
{
	printf("through: %s of %zu, %s: call %llu of %s, ", op->name, op->n, row,
			(unsigned long long)f->call, fault_names[f->function]);
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

/* Of how many functions that are called one is tried, so that a campaign ends within that time, as about twice a run
 * is what a trial takes: of each, but in the short form on a slow machine, or under an emulator. */
static uint64_t one_of(const operation *op, const uint64_t counts[FUNCTIONS], unsigned tries, double within)
{
	double all = 0;

	for (uint32_t f = 0; f < n_fault_names; f++)
		all += counts[f] > 0 ? tries * 2 * op->runs * seconds : 0;
	return within > 0 ? 1 + (uint64_t)(all / within) : 1;
}

/* Some calls of each function, or of as many as there is time for: the first ones, the last one, and some between. */
static unsigned long campaign(const operation *op, const char *row, unsigned calls, unsigned kinds, double within)
{
	static uint64_t counts[FUNCTIONS];
	unsigned long before = outcomes[THROUGH] + outcomes[LEFT_BEHIND];
	clock_t start = clock();
	uint64_t part;

	count_calls(op, counts);
	seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	part = one_of(op, counts, calls * kinds, within);
	for (uint32_t f = 0; f < n_fault_names; f++) {
		if (part > 1 && next(&seed) % part != 0)
			continue;
		for (unsigned c = is_entry(fault_names[f]) ? calls : 0; c < calls && c < counts[f]; c++) {
			uint64_t call = counts[f] <= calls || c == 0 ? c + 1 :
					c == 1 ? counts[f] : 1 + next(&seed) % counts[f];

			for (unsigned k = 0; k < kinds; k++) {
				fault one = fault_of(f, call, kinds == 1 ? (unsigned)(next(&seed) % 4) : k);

				outcome how = try(op, &one);

				if ((how == THROUGH || how == LEFT_BEHIND) && faults_planted == UINT32_MAX)
					report(op, row, &one);
			}
		}
	}
	return outcomes[THROUGH] + outcomes[LEFT_BEHIND] - before;
}

/* ---- rows -------------------------------------------------------------------------------------- */

/* Seconds of a campaign in the short form: those that must find something, and the others; where all is slow, some. */
enum { ENOUGH = 10, SOME = 3 };

/* The check taken out: faults that the campaign would find must get through. */
static bool can_fail(const operation *op, const char *row)
{
	unsigned long through = 0;

	take_check_out(op);
	for (int i = 0; i < 8 && through == 0; i++) /* more than once where there is time for few only */
		through = campaign(op, row, 2, 2, ENOUGH);
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

		if (!everything && op->n > 64 && !best)
			continue;
		if (!act_well(op)) {
			printf("%s of %zu, %s: fails without a fault\n", op->name, op->n, row);
			return 1;
		}
		if (op->check != NULL && !large && (best || everything)) {
			memset(outcomes, 0, sizeof outcomes);
			shown = can_fail(op, row) && shown;
		}
		memset(outcomes, 0, sizeof outcomes);
		before = tried;
		through = everything ? campaign(op, row, large ? 8 : 40, 4, 0) :
				campaign(op, row, large ? 1 : 2, large ? 1 : best ? 4 : 2,
						getenv("KM_SLOW") ? SOME : ENOUGH);
		printf("%s of %zu, %s: %lu faults tried, %lu found, %lu harmless, %lu crashed, %lu through\n",
				op->name, op->n, row, tried - before, outcomes[FOUND],
				outcomes[HARMLESS], outcomes[CRASHED], through);
		bad += through;
	}
	fflush(NULL);
	return bad > 0 || !shown;
}

int main(int argc, char **argv)
{
	bool everything = false;

	for (int i = 1; i < argc; i++) {
		everything = everything || strcmp(argv[i], "--long") == 0;
		if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
	}
#ifndef ARCH_x86_64
	printf("[  SKIPPED ] steps: faults at instructions, which are of x86-64\n");
#endif
	return run_rows("faults", run_row, everything);
}
