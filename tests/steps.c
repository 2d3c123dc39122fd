/* steps.c -- single faults at single instructions of the engine: one is left out, a conditional jump goes the
 * other way, or a bit is turned over of what one has changed, and nothing wrong may leave with KM_OK.
 *
 *   steps [--long] [--seed N] [--row NAME] [--only OPERATION]
 *
 * First a run of each operation tells which instructions it does (steps_places.sh lists them); then a trial is
 * a child that is traced to one of them (steps_trace.c), at its first time or after any call that the stubs
 * count.  At length each instruction of a small operation is tried in each way.  As in faults.c the checks are
 * taken out first, and faults must get through.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/faults_ops.h"
#include "tests/steps_places.h"
#include "tests/steps_trace.h"

static const char *only_row, *only;

/* What an operation does. */
static bool *came_by;
static size_t *done, n_done;          /* functions */
static size_t *kernels, n_kernels;    /* of these, the ones in assembly */
static size_t n_instructions;
static uint64_t counts[FUNCTIONS], all_calls;
static double seconds;

static unsigned long outcomes[OUTCOMES];

/* ---- where -------------------------------------------------------------------------------------- */

/* It gives no code, so that who calls it has to look at what it gave. */
static bool says_nothing(const char *name)
{
	return strcmp(name, "km_kms_master_public") == 0 || strcmp(name, "km_kms_master_free") == 0;
}

static bool look_at(const operation *op)
{
	clock_t before = clock();

	if (!act_well(op))
		return false;
	seconds = 0.1 + 4 * (double)(clock() - before) / CLOCKS_PER_SEC;
	count_calls(op, counts);
	all_calls = 0;
	for (uint32_t i = 0; i < n_fault_names; i++)
		all_calls += counts[i];
	if (!trace_profile(op, came_by))
		return false;
	n_done = n_kernels = n_instructions = 0;
	for (size_t f = 0; f < n_functions; f++) {
		size_t n = 0;

		if (says_nothing(functions[f].name))
			memset(came_by + functions[f].first, 0, functions[f].n * sizeof *came_by);
		for (size_t i = 0; i < functions[f].n; i++)
			n += came_by[functions[f].first + i];
		n_instructions += n;
		if (n > 0)
			done[n_done++] = f;
		if (n > 0 && functions[f].kernel)
			kernels[n_kernels++] = f;
	}
	return n_done > 0;
}

/* One of the instructions of f that are done. */
static size_t some_place(const place_function *f)
{
	size_t i;

	do
		i = f->first + next(&seed) % f->n;
	while (!came_by[i]);
	return i;
}

/* Any call of any function. */
static void some_moment(step_fault *f)
{
	uint64_t at = next(&seed) % all_calls;

	for (f->function = 0; at >= counts[f->function]; f->function++)
		at -= counts[f->function];
	f->call = at + 1;
}

/* The start, a call of the function itself, or any moment; the first time from there on, or a later one. */
static void choose_time(step_fault *f)
{
	uint32_t own = find_name(functions[places[f->place].function].name);

	f->function = n_fault_names;
	f->pass = next(&seed) % 4 == 0 ? 1 + (unsigned)(next(&seed) % 20) : 1;
	switch (next(&seed) % 4) {
	case 0:
		break;
	case 1:
		if (own < FUNCTIONS && counts[own] > 0) {
			f->function = own;
			f->call = 1 + next(&seed) % counts[own];
			break;
		}
		/* fall through */
	default:
		some_moment(f);
	}
}

/* ---- how ---------------------------------------------------------------------------------------- */

/* The i-th way in which that instruction may go wrong.  false: there are not so many. */
static bool way(step_fault *f, unsigned i)
{
	static const step_kind calls[] = { STEP_SKIPPED, STEP_SKIPPED_0 }, branches[] = { STEP_SKIPPED, STEP_TURNED },
			jumps[] = { STEP_SKIPPED }, others[] = { STEP_SKIPPED, STEP_FLIPPED, STEP_FLIPPED };
	char kind = places[f->place].kind;

	f->which = next(&seed);
	f->kind = kind == KIND_CALL ? calls[i % 2] : kind == KIND_BRANCH ? branches[i % 2] :
			kind == KIND_JUMP ? jumps[0] : others[i % 3];
	return i < (kind == KIND_CALL || kind == KIND_BRANCH ? 2 : kind == KIND_JUMP ? 1 : 3);
}

static void report(const operation *op, const char *row, const step_fault *f)
{
	static const char *const kinds[] = { "left out", "left out, as if it gave 0", "turned", "done, and then" };
	const place *p = &places[f->place];
	const place_function *of = &functions[p->function];

	printf("through: %s of %zu, %s: %s+0x%x (%s, at %x), %s", op->name, op->n, row, of->name,
			p->at - places[of->first].at, of->file, p->at, kinds[f->kind]);
	if (f->kind == STEP_FLIPPED)
		printf(" %s turned over", trace_turned);
	printf(", time %u from ", f->pass);
	if (f->function < n_fault_names)
		printf("call %llu of %s\n", (unsigned long long)f->call, fault_names[f->function]);
	else
		printf("the start\n");
}

/* An instruction that does not come by at the time that was chosen is tried at its first. */
static outcome try(const operation *op, const char *row, step_fault *f)
{
	outcome how;
	bool met;

	f->seconds = seconds;
	how = trace_trial(op, f, &met);
	if (!met) {
		f->function = n_fault_names;
		f->pass = 1;
		how = trace_trial(op, f, &met);
	}
	outcomes[how]++;
	if (how == THROUGH && faults_planted == UINT32_MAX)
		report(op, row, f);
	return how;
}

/* Half of them in kernels, as far as there are any. */
static unsigned long sample(const operation *op, const char *row, unsigned n)
{
	unsigned long before = outcomes[THROUGH];

	for (unsigned i = 0; i < n; i++) {
		bool kernel = i % 2 == 0 && n_kernels > 0;
		step_fault f;

		f.place = some_place(&functions[kernel ? kernels[next(&seed) % n_kernels] :
				done[next(&seed) % n_done]]);
		(void)way(&f, (unsigned)(next(&seed) % 6));
		choose_time(&f);
		(void)try(op, row, &f);
	}
	return outcomes[THROUGH] - before;
}

/* Where it is decided what leaves, and by which code: what checks nothing, and is checked by nothing. */
static bool is_way_out(const place_function *f)
{
	static const char *const files[] = { "/sakke.c", "/eccsi.c", "/kms.c", "/secret.c", "/scrub.c" };
	size_t len = strlen(f->file);

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (len > strlen(files[i]) && strcmp(f->file + len - strlen(files[i]), files[i]) == 0)
			return true;
	return false;
}

/* Each instruction, or each on the way out, in so many ways. */
static unsigned long each(const operation *op, const char *row, bool all, unsigned ways)
{
	unsigned long before = outcomes[THROUGH];

	for (size_t i = 0; i < n_places; i++) {
		step_fault f = { .place = i, .function = n_fault_names, .pass = 1 };

		if (!came_by[i] || (!all && !is_way_out(&functions[places[i].function])))
			continue;
		for (unsigned k = 0; k < ways && way(&f, k); k++)
			(void)try(op, row, &f);
	}
	return outcomes[THROUGH] - before;
}

/* ---- rows --------------------------------------------------------------------------------------- */

static unsigned long tried(void)
{
	unsigned long n = 0;

	for (int i = 0; i < OUTCOMES; i++)
		n += outcomes[i];
	return n;
}

/* The check taken out: faults must get through, of the first twenty or of more. */
static bool can_fail(const operation *op, const char *row)
{
	unsigned long through = 0;

	memset(outcomes, 0, sizeof outcomes);
	take_check_out(op);
	for (int i = 0; i < 20 && through == 0; i++)
		through = sample(op, row, 20);
	faults_planted = UINT32_MAX;
	printf("%s of %zu, %s, without %s: %lu of %lu faults get through\n", op->name, op->n, row, op->check,
			through, tried());
	return through > 0;
}

/* How many faults are tried in op.  Short: what a row costs, most for the row that most machines will run. */
static unsigned long campaign(const operation *op, const char *row, bool best, bool everything)
{
	unsigned long through = 0;

	memset(outcomes, 0, sizeof outcomes);
	if (op->n <= 8 && (everything || best))
		through = each(op, row, everything, everything ? 3 : 2);
	through += sample(op, row, everything ? op->n > 64 ? 300 : 2000 :
			(op->n > 64 ? 15 : op->n > 8 ? 60 : 150) / (best ? 1 : 3));
	printf("%s of %zu, %s: %lu faults tried in %zu instructions of %zu functions, "
			"%lu found, %lu harmless, %lu crashed, %lu found and something left, %lu through\n", op->name, op->n, row, tried(),
			n_instructions, n_done, outcomes[FOUND], outcomes[HARMLESS], outcomes[CRASHED],
			outcomes[LEFT_BEHIND], outcomes[THROUGH]);
	return through;
}

/* As the lines name it: "sign of 8". */
static bool is_wanted(const operation *op)
{
	char name[64];

	snprintf(name, sizeof name, "%s of %zu", op->name, op->n);
	return only == NULL || strcmp(name, only) == 0;
}

static int run_row(const char *row, bool best, bool everything)
{
	unsigned long bad = 0;
	bool shown = true;

	if (only_row != NULL && strcmp(row, only_row) != 0)
		return 0;
	if (!prepare(row)) {
		printf("%s: nothing could be prepared\n", row);
		return 1;
	}
	for (size_t i = 0; i < OPERATIONS; i++) {
		const operation *op = &operations[i];

		if ((!everything && op->n > 8 && !best) || !is_wanted(op))
			continue;
		if (!look_at(op)) {
			printf("%s of %zu, %s: fails without a fault\n", op->name, op->n, row);
			return 1;
		}
		if (op->check != NULL && op->n <= 64 && (best || everything))
			shown = can_fail(op, row) && shown;
		bad += campaign(op, row, best, everything);
		fflush(NULL);
	}
	return bad > 0 || !shown;
}

int main(int argc, char **argv)
{
	char list[4096];
	bool everything = false;
	const char *why;

	for (int i = 1; i < argc; i++) {
		everything = everything || strcmp(argv[i], "--long") == 0;
		if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0);
		else if (strcmp(argv[i], "--row") == 0 && i + 1 < argc)
			only_row = argv[++i];
		else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
			only = argv[++i];
	}
	snprintf(list, sizeof list, "%s.places", argv[0]);
	if (!read_places(list)) {
		fprintf(stderr, "%s cannot be read\n", list);
		return 1;
	}
	came_by = calloc(n_places, sizeof *came_by);
	done = calloc(n_functions, sizeof *done);
	kernels = calloc(n_functions, sizeof *kernels);
	if (!came_by || !done || !kernels)
		return 1;
	why = trace_refused();
	if (why != NULL) {
		printf("[  SKIPPED ] steps: no process can be traced here: %s\n", why);
		return 0;
	}
	return run_rows("steps", run_row, everything);
}
