/* report.c -- the benchmark's results: a table, and JSON. */
#include "report.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Slots of a product of eight lanes at the multiplier's limit. */
#define MUL8_SLOTS 1600
#define SQR8_SLOTS 1220

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *sorted, size_t n)
{
	return n == 0 ? 0 : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

const report_row *report_find(const report *r, const char *name, size_t batch, const char *by)
{
	const report_row *best = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const report_row *row = &r->rows[i];

		if (strcmp(row->name, name) != 0 || strcmp(row->by, by) != 0)
			continue;
		if (batch ? row->batch == batch : !best || row->batch > best->batch)
			best = row;
	}
	return best;
}

/* What n products take, by the row that measured them; 0: none did. */
static double products(const report *r, const char *name, double n, const char *by)
{
	const report_row *row = report_find(r, name, 1, by);

	return row ? n * row->median : 0;
}

/* What the products of a row take alone: one element and AVX2 as measured in this run, IFMA at the
 * limit of its multiplier. */
static double model(const report *r, const report_row *row)
{
	const report_counts *c = &row->counts;
	double one = products(r, "fp_mul", c->mul, row->by) +
			products(r, "fp_sqr", c->sqr, row->by);
	double eight = (c->mul8 * MUL8_SLOTS + c->sqr8 * SQR8_SLOTS) * r->slot_ns;

	if (strcmp(row->by, "ifma") != 0)
		eight = products(r, "fp8_mul", c->mul8, row->by) +
				products(r, "fp8_sqr", c->sqr8, row->by);
	if ((c->mul + c->sqr > 0 && one <= 0) || (c->mul8 + c->sqr8 > 0 && eight <= 0))
		return 0;
	return one + eight;
}

/* The median over all samples of all rows. */
static double overall(const report *r, int cycles)
{
	double *all = malloc(r->n * SAMPLES_MAX * sizeof *all + 1), m;
	size_t n = 0;

	if (!all)
		worker_die("out of memory");
	for (size_t i = 0; i < r->n; i++)
		for (size_t j = 0; j < r->rows[i].n; j++)
			all[n++] = cycles ? r->rows[i].cycle_ns[j] : r->rows[i].slot_ns[j];
	qsort(all, n, sizeof *all, compare);
	m = median(all, n);
	free(all);
	return m;
}

static void finish_row(report_row *row)
{
	double sorted[SAMPLES_MAX];

	for (size_t i = 0; i < row->n; i++)
		sorted[i] = row->slot_ns[i] > 0 ? row->ns[i] / row->slot_ns[i] : 0;
	qsort(sorted, row->n, sizeof *sorted, compare);
	row->slots = median(sorted, row->n);
	memcpy(sorted, row->ns, row->n * sizeof *sorted);
	qsort(sorted, row->n, sizeof *sorted, compare);
	row->median = median(sorted, row->n);
	row->min = row->n ? sorted[0] : 0;
	row->max = row->n ? sorted[row->n - 1] : 0;
}

void report_finish(report *r)
{
	r->slot_ns = overall(r, 0);
	r->cycle_ns = overall(r, 1);
	for (size_t i = 0; i < r->n; i++)
		finish_row(&r->rows[i]);
	for (size_t i = 0; i < r->n; i++)
		r->rows[i].model = model(r, &r->rows[i]);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* What a peer sets against an operation. */
static const struct {
	const char *ours, *theirs;
} counterparts[] = {
	{"pairing", "pairing"}, {"pairing_prepared", "pairing"}, {"pairing_batch", "pairing"},
	{"encap_one", "encap_one"}, {"encap_batch", "encap_one"},
	{"decap_one", "decap_one_table"}, {"decap_one", "decap_one"},
	{"decap_batch", "decap_one_table"}, {"decap_batch", "decap_one"},
	{"decap_batch_keys", "decap_one"},
	{"sign_one", "sign_one"}, {"sign_batch", "sign_one"},
	{"verify_one", "verify_one"}, {"verify_batch", "verify_one"},
	{"message_batch", "message_batch"},
};

/* How many times as long the peer takes; 0: it has no such thing. */
static double against(const report *r, const report_row *row, const char *peer)
{
	for (size_t i = 0; i < sizeof counterparts / sizeof counterparts[0]; i++) {
		const report_row *its;

		if (strcmp(counterparts[i].ours, row->name) != 0)
			continue;
		its = report_find(r, counterparts[i].theirs, 1, peer);
		if (its)
			return its->median / row->median;
	}
	return 0;
}

static void put_number(FILE *out, int width, double x)
{
	int digits = x >= 999.5 ? 0 : x >= 99.5 ? 1 : x >= 9.995 ? 2 : 3;

	fprintf(out, " %*.*f", width, digits, x);
}

/* Or nothing, where it does not apply. */
static void put_some(FILE *out, int width, double x, int digits)
{
	if (x > 0)
		fprintf(out, " %*.*f", width, digits, x);
	else
		fprintf(out, " %*s", width, "");
}

/* Of a peer, how it was built. */
static const char *short_name(const char *by)
{
	const char *dash = strchr(by, '-');

	return dash ? dash + 1 : by;
}

static void put_row(FILE *out, const report *r, const report_row *row)
{
	const report_counts *c = &row->counts;

	fprintf(out, "%-16s %-6s %4zu", row->name, short_name(row->by), row->batch);
	put_number(out, 9, row->median / 1e3);
	put_number(out, 8, row->min / 1e3);
	put_number(out, 8, row->max / 1e3);
	fprintf(out, " %2zu", row->n);
	put_some(out, 8, row->peer ? 0 : row->slots, 0);
	put_some(out, 5, c->mul + 8 * c->mul8, 0);
	put_some(out, 5, c->sqr + 8 * c->sqr8, 0);
	put_some(out, 5, row->model > 0 ? row->median / row->model : 0, 2);
	if (!row->peer) {
		put_some(out, 5, against(r, row, "wolfssl-debian"), 1);
		put_some(out, 5, against(r, row, "wolfssl-asm"), 1);
	}
	fputc('\n', out);
}

static void put_cpu(char *name, size_t len)
{
	FILE *in = fopen("/proc/cpuinfo", "r");
	char line[256];

	snprintf(name, len, "unknown");
	while (in && fgets(line, sizeof line, in)) {
		char *at = strstr(line, ": ");

		if (strncmp(line, "model name", 10) != 0 || !at)
			continue;
		at[strcspn(at, "\n")] = 0;
		snprintf(name, len, "%s", at + 2);
		break;
	}
	if (in)
		fclose(in);
}

static const char *compiler(void)
{
#ifdef __clang__
	return __VERSION__;
#else
	return "gcc " __VERSION__;
#endif
}

void report_table(FILE *out, const report *r)
{
	char cpu[128];

	put_cpu(cpu, sizeof cpu);
	fprintf(out, "%s, %s, %s\n", cpu, compiler(), r->commit);
	fprintf(out, "a slot %.3f ns, a cycle %.3f ns; ", r->slot_ns, r->cycle_ns);
	fputs("us, slots and products an item (fp8: a vector)\n\n", out);
	fprintf(out, "%-16s %-6s %4s %9s %8s %8s %2s %8s %5s %5s %5s %5s %5s\n", "operation", "by",
			"at a", "median us", "min", "max", "n", "slots", "mul", "sqr", "model",
			"debn", "asm");
	for (size_t i = 0; i < r->n; i++) {
		int seen = 0;

		for (size_t j = 0; j < i; j++)
			seen |= strcmp(r->rows[i].name, r->rows[j].name) == 0;
		for (size_t j = i; !seen && j < r->n; j++)
			if (strcmp(r->rows[i].name, r->rows[j].name) == 0)
				put_row(out, r, &r->rows[j]);
	}
	fputs("\n"
	      "model: the time by that of the products alone: one element (fp_mul, one after the\n"
	      "other) and AVX2 as measured here, IFMA at 1600 slots a vector and 1220 a square.\n"
	      "debian, asm: wolfSSL as Debian builds it, and with its assembly, and in the last\n"
	      "columns how many times as long it takes; its message_batch is an encapsulation to a\n"
	      "new identity and a signature.\n", out);
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static json_t *row_json(const report_row *row)
{
	const report_counts *c = &row->counts;
	double muls = c->mul + 8 * c->mul8, sqrs = c->sqr + 8 * c->sqr8;

	return json_pack("{s:s, s:s?, s:i, s:I, s:s, s:f, s:f, s:f, s:I, s:f, s:f, s:f, s:f, s:s?}",
			"name", row->name, "kernel", row->peer ? NULL : row->by, "threads", 1,
			"batch", (json_int_t)row->batch, "unit", row->unit,
			"median", row->median / 1e3, "min", row->min / 1e3,
			"max", row->max / 1e3, "n", (json_int_t)row->n,
			"slots", row->slots, "mults", muls + sqrs, "squarings", sqrs,
			"model", row->model / 1e3, "peer", row->peer ? row->by : NULL);
}

int report_json(const char *path, const report *r)
{
	json_t *list = json_array(), *all;
	char cpu[128];
	int ok = 1;

	put_cpu(cpu, sizeof cpu);
	for (size_t i = 0; i < r->n; i++)
		ok &= json_array_append_new(list, row_json(&r->rows[i])) == 0;
	all = json_pack("{s:s, s:s, s:s, s:f, s:f, s:o}", "cpu", cpu, "compiler", compiler(),
			"commit", r->commit, "slot_ns", r->slot_ns, "cycle_ns", r->cycle_ns,
			"results", list);
	ok &= all && json_dump_file(all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) == 0;
	json_decref(all);
	return ok;
}
