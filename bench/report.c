/* report.c -- the benchmark's results, worked out from the samples, and as a table. */
#include "report.h"

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

static double slot_of(const report_row *row, size_t i)
{
	return row->slot_ns[i];
}

static double cycle_of(const report_row *row, size_t i)
{
	return row->cycle_ns[i];
}

static double slots_a_cycle(const report_row *row, size_t i)
{
	return row->slot_ns[i] > 0 ? row->cycle_ns[i] / row->slot_ns[i] : 0;
}

/* The median over all samples of all rows. */
static double overall(const report *r, double (*of)(const report_row *row, size_t i))
{
	double *all = malloc(r->n * SAMPLES_MAX * sizeof *all + 1), m;
	size_t n = 0;

	if (!all)
		worker_die("out of memory");
	for (size_t i = 0; i < r->n; i++)
		for (size_t j = 0; j < r->rows[i].n; j++)
			all[n++] = of(&r->rows[i], j);
	qsort(all, n, sizeof *all, compare);
	m = median(all, n);
	free(all);
	return m;
}

int report_make(const report *r)
{
	return r->ifma_a_cycle <= 0 ? 0 : r->ifma_a_cycle < 1.5 ? 1 : 2;
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
	r->slot_ns = overall(r, slot_of);
	r->cycle_ns = overall(r, cycle_of);
	r->ifma_a_cycle = overall(r, slots_a_cycle);
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
	{"encap_items", "encap_one"},
	{"decap_one", "decap_one_table"}, {"decap_one", "decap_one"},
	{"decap_batch", "decap_one_table"}, {"decap_batch", "decap_one"},
	{"decap_batch_keys", "decap_one"},
	{"sign_one", "sign_one"}, {"sign_batch", "sign_one"},
	{"verify_one", "verify_one"}, {"verify_prepared", "verify_one"},
	{"verify_batch", "verify_one"},
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
		put_some(out, 5, against(r, row, "openssl-ecdsa"), 1);
	}
	fputc('\n', out);
}

static void put_head(FILE *out, const report *r)
{
	static const char *const makes[] = {"no IFMA", "one IFMA a cycle", "two IFMA a cycle"};

	machine_print(out, &r->machine);
	for (size_t i = 0; i < r->n_peers; i++)
		fprintf(out, "%s: %s\n", r->peers[i].name, r->peers[i].version);
	if (r->flags[0])
		fprintf(out, "built by: %s\n", r->flags);
	fprintf(out, "commit %s\n\n", r->commit[0] ? r->commit : "unknown");
	fprintf(out, "a slot %.3f ns, a cycle %.3f ns: %s", r->slot_ns, r->cycle_ns,
			makes[report_make(r)]);
	if (r->ifma_a_cycle > 0)
		fprintf(out, " (measured: %.2f)", r->ifma_a_cycle);
	fputs("\nus, slots and products an item (fp8: a vector)\n\n", out);
}

void report_table(FILE *out, const report *r)
{
	put_head(out, r);
	fprintf(out, "%-16s %-6s %4s %9s %8s %8s %2s %8s %5s %5s %5s %5s %5s %5s\n", "operation",
			"by", "at a", "median us", "min", "max", "n", "slots", "mul", "sqr",
			"model", "debn", "asm", "ecdsa");
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
	      "debian, asm: wolfSSL as Debian builds it, and with its assembly; its message_batch is\n"
	      "an encapsulation to a new identity and a signature.  ecdsa: OpenSSL's ECDSA over the same\n"
	      "curve, P-256, with SHA-256.  In the last columns, how many times as long they take; none\n"
	      "of them has batches.\n"
	      "encap_batch, encap_items, message_batch and message_groups have the tables of a server\n"
	      "that lives long; encap_fresh those of a first run for so many members.  encap_items has\n"
	      "another SSV for each 20 of a batch.\n", out);
}
