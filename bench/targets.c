/* targets.c -- the targets of the engine, and what was reached.
 *
 * Work in lanes is held against a number of slots, as processors issue one or two a cycle: the
 * times of the targets hold where a slot takes 0.142 ns.
 */
#include "report.h"

#include <string.h>

#define SLOT_NS 0.142

/* Times of products at which the target of the scalar rows holds. */
#define MUL_NS 165
#define SQR_NS 140

enum unit {
	SLOTS,    /* an item */
	LANES_US, /* at SLOT_NS, so slots */
	CYCLES,
	SCALAR_US, /* at MUL_NS and SQR_NS, so it grows and shrinks with their times here */
	TIMES,    /* as fast as Debian's wolfSSL */
};

typedef struct {
	const char *what, *by, *name;
	size_t batch;      /* 0: the largest that there is */
	const char *less;  /* an operation that is taken off, or NULL */
	enum unit unit;
	double target, stretch; /* 0: none */
} target;

static const target targets[] = {
	{"whole message in a batch", "ifma", "message_batch", 512, NULL, SLOTS, 470e3, 430e3},
	{"of it the encapsulation", "ifma", "encap_batch", 512, NULL, SLOTS, 0, 390e3},
	{"of it everything else", "ifma", "message_batch", 512, "encap_batch", LANES_US, 8, 5},
	{"whole message in a batch", "adx", "message_batch", 512, NULL, SCALAR_US, 420, 350},
	{"product, eight lanes", "ifma", "fp8_mul", 0, NULL, SLOTS, 1700, 1660},
	{"square, eight lanes", "ifma", "fp8_sqr", 0, NULL, SLOTS, 1430, 1390},
	{"encapsulate one alone", "ifma", "encap_one", 0, NULL, LANES_US, 300, 150},
	{"decapsulate one alone", "ifma", "decap_one", 0, NULL, LANES_US, 1200, 700},
	{"decapsulate a batch, one key", "ifma", "decap_batch", 0, NULL, LANES_US, 350, 0},
	{"decapsulate a batch, many keys", "ifma", "decap_batch_keys", 0, NULL, LANES_US, 800, 0},
	{"pairing alone", "ifma", "pairing", 0, NULL, LANES_US, 2200, 1000},
	{"pairing in a batch", "ifma", "pairing_batch", 0, NULL, LANES_US, 700, 500},
	{"sign in a batch", "ifma", "sign_batch", 0, NULL, LANES_US, 4, 2},
	{"verify in a batch", "ifma", "verify_batch", 0, NULL, LANES_US, 15, 10},
	{"product", "adx", "fp_mul", 0, NULL, CYCLES, 680, 0},
	{"square", "adx", "fp_sqr", 0, NULL, CYCLES, 570, 0},
	{"whole message to wolfSSL's, portable", "c", "message_batch", 512, NULL, TIMES, 12, 15},
};

/* By how much the products of a row take longer on the scalar rows here than at MUL_NS and SQR_NS;
 * 0: not known. */
static double scalar_scale(const report *r, const report_row *row)
{
	const report_row *mul = report_find(r, "fp_mul", 1, row->by);
	const report_row *sqr = report_find(r, "fp_sqr", 1, row->by);
	double muls = row->counts.mul + 8 * row->counts.mul8;
	double sqrs = row->counts.sqr + 8 * row->counts.sqr8;

	if (!mul || !sqr || muls + sqrs <= 0)
		return 0;
	return (muls * mul->median + sqrs * sqr->median) / (muls * MUL_NS + sqrs * SQR_NS);
}

/* What was reached and what was wanted, in the words of the unit; 0: it was not measured. */
typedef struct {
	double reached, target, stretch;
	const char *unit;
} verdict;

static verdict judge(const report *r, const target *t)
{
	const report_row *row = report_find(r, t->name, t->batch, t->by);
	const report_row *less = t->less ? report_find(r, t->less, t->batch, t->by) : NULL;
	const report_row *peer = report_find(r, t->name, 1, "wolfssl-debian");
	verdict v = {0, t->target, t->stretch, "slots"};
	double scale = 1;

	if (!row || (t->less && !less))
		return v;
	v.reached = row->slots - (less ? less->slots : 0);
	if (t->unit == LANES_US)
		scale = 1e3 / SLOT_NS;
	if (t->unit == CYCLES) {
		v.reached = row->median / r->cycle_ns;
		v.unit = "cycles";
	}
	if (t->unit == SCALAR_US) {
		scale = scalar_scale(r, row);
		v.reached = scale > 0 ? row->median / 1e3 : 0;
		v.unit = "us";
	}
	if (t->unit == TIMES) {
		v.reached = peer ? peer->median / row->median : 0;
		v.unit = "times";
	}
	v.target *= scale;
	v.stretch *= scale;
	return v;
}

static int within(double reached, double limit, enum unit unit)
{
	return unit == TIMES ? reached >= limit : reached <= limit;
}

static void put(FILE *out, double x, enum unit unit)
{
	if (x > 0)
		fprintf(out, " %9.*f", unit == TIMES ? 1 : 0, x);
	else
		fprintf(out, " %9s", "");
}

void report_targets(FILE *out, const report *r)
{
	fprintf(out, "\n%-36s %-4s %9s %9s %9s\n", "target", "by", "at most", "stretch", "reached");
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
		const target *t = &targets[i];
		verdict v = judge(r, t);
		double limit = v.target > 0 ? v.target : v.stretch;

		if (v.reached <= 0)
			continue;
		fprintf(out, "%-36s %-4s", t->what, t->by);
		put(out, v.target, t->unit);
		put(out, v.stretch, t->unit);
		put(out, v.reached, t->unit);
		fprintf(out, " %-6s ", v.unit);
		if (v.stretch > 0 && within(v.reached, v.stretch, t->unit))
			fputs("stretch reached\n", out);
		else if (within(v.reached, limit, t->unit))
			fputs("reached\n", out);
		else
			fprintf(out, "not reached: %.2f of it\n", v.reached / limit);
	}
	fprintf(out, "Slots of work in lanes: the target's time / %.3f ns.  ", SLOT_NS);
	fputs("Without IFMA: its time by\n"
	      "that of the products here.  The portable message: at least so many times as fast.\n",
			out);
}
