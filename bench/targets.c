/* targets.c -- the targets of the engine, and what was reached.
 *
 * Work in lanes is held against a number of slots, and by what was set for the make of core that the
 * run found: one that issues one IFMA a cycle, or two, where all else takes their ports.
 */
#include "report.h"

#include <string.h>

/* A slot, in ns, where the times of targets were set: of each make; and for older ones. */
static const double make_slot_ns[] = {0, 0.272, 0.180};
#define SLOT_NS 0.142

/* Times of products at which the target of the scalar rows holds. */
#define MUL_NS 165
#define SQR_NS 140

enum unit {
	SLOTS,     /* an item */
	MAKE_US,   /* at the make's slot, so slots */
	LANES_US,  /* at SLOT_NS, so slots */
	CYCLES,
	SCALAR_US, /* at MUL_NS and SQR_NS, so it grows and shrinks with their times here */
	TIMES,     /* at least: as fast as Debian's wolfSSL */
	RATE,      /* at least: of the rate of another operation, a batch of LARGE */
};

enum { LARGE = 512 };

typedef struct {
	double target, stretch; /* 0: none */
} goal;

typedef struct {
	const char *what, *by, *name;
	size_t batch;       /* 0: the largest that there is */
	const char *beside; /* an operation that is taken off, or that RATE is of; or NULL */
	enum unit unit;
	goal one, two;      /* by IFMA a cycle */
} target;

#define BOTH(...) {__VA_ARGS__}, {__VA_ARGS__}

static const target targets[] = {
	{"whole message in a batch", "ifma", "message_batch", LARGE, NULL, SLOTS,
		{345e3, 330e3}, {450e3, 420e3}},
	{"of it the encapsulation", "ifma", "encap_batch", LARGE, NULL, SLOTS,
		{325e3, 0}, {400e3, 0}},
	{"of it everything else", "ifma", "message_batch", LARGE, "encap_batch", SLOTS,
		{25e3, 20e3}, {50e3, 35e3}},
	{"whole message, 8 members", "ifma", "message_batch", 8, NULL, MAKE_US, BOTH(170, 0)},
	{"20 members", "ifma", "message_batch", 20, NULL, MAKE_US, BOTH(140, 0)},
	{"50 members", "ifma", "message_batch", 50, NULL, MAKE_US, BOTH(120, 0)},
	{"many groups of 20, rate of a large one", "ifma", "message_groups", 20, "message_batch",
		RATE, BOTH(0.9, 0)},
	{"groups of 20 in one batch, rate of a large one", "ifma", "message_mixed", 0, "message_batch",
		RATE, BOTH(0.9, 0)},
	{"whole message in a batch", "adx", "message_batch", LARGE, NULL, SCALAR_US, BOTH(420, 350)},
	{"product, eight lanes", "ifma", "fp8_mul", 0, NULL, SLOTS, {1640, 1620}, {1690, 1660}},
	{"square, eight lanes", "ifma", "fp8_sqr", 0, NULL, SLOTS, {1350, 1300}, {1430, 1390}},
	{"encapsulate one alone", "ifma", "encap_one", 0, NULL, LANES_US, BOTH(250, 150)},
	{"decapsulate one alone", "ifma", "decap_one", 0, NULL, MAKE_US, BOTH(750, 600)},
	{"decapsulate a batch, one key", "ifma", "decap_batch", 0, NULL, LANES_US, BOTH(350, 0)},
	{"decapsulate a batch, many keys", "ifma", "decap_batch_keys", 0, NULL, LANES_US,
		BOTH(800, 0)},
	{"pairing alone", "ifma", "pairing", 0, NULL, MAKE_US, BOTH(2000, 1000)},
	{"pairing in a batch", "ifma", "pairing_batch", 0, NULL, LANES_US, BOTH(700, 500)},
	{"sign one, checked", "ifma", "sign_one", 0, NULL, MAKE_US, BOTH(14, 12)},
	{"sign in a batch", "ifma", "sign_batch", 0, NULL, SLOTS, {14e3, 0}, {28e3, 14e3}},
	{"verify one", "ifma", "verify_one", 0, NULL, MAKE_US, BOTH(50, 45)},
	{"verify by a prepared verifier", "ifma", "verify_prepared", 0, NULL, MAKE_US, BOTH(8, 5)},
	{"verify in a batch", "ifma", "verify_batch", 0, NULL, LANES_US, BOTH(12, 10)},
	{"product", "adx", "fp_mul", 0, NULL, CYCLES, BOTH(680, 0)},
	{"square", "adx", "fp_sqr", 0, NULL, CYCLES, BOTH(570, 0)},
	{"whole message to wolfSSL's, portable", "c", "message_batch", LARGE, NULL, TIMES,
		BOTH(12, 15)},
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

static double ratio(const report_row *slower, const report_row *row)
{
	return slower ? slower->median / row->median : 0;
}

/* What was reached, in the words of the unit; 0: it was not measured. */
static double reached(const report *r, const target *t, const report_row *row)
{
	const report_row *less;

	switch (t->unit) {
	case CYCLES:
		return row->median / r->cycle_ns;
	case SCALAR_US:
		return scalar_scale(r, row) > 0 ? row->median / 1e3 : 0;
	case TIMES:
		return ratio(report_find(r, t->name, 1, "wolfssl-debian"), row);
	case RATE:
		return ratio(report_find(r, t->beside, LARGE, t->by), row);
	default:
		less = t->beside ? report_find(r, t->beside, t->batch, t->by) : NULL;
		return t->beside && !less ? 0 : row->slots - (less ? less->slots : 0);
	}
}

/* What the unit of a target is in that of what was reached. */
static double scale(const report *r, const target *t, const report_row *row)
{
	switch (t->unit) {
	case MAKE_US:
		return 1e3 / make_slot_ns[report_make(r)];
	case LANES_US:
		return 1e3 / SLOT_NS;
	case SCALAR_US:
		return scalar_scale(r, row);
	default:
		return 1;
	}
}

static int in_slots(enum unit unit)
{
	return unit == SLOTS || unit == MAKE_US || unit == LANES_US;
}

static int at_least(enum unit unit)
{
	return unit == TIMES || unit == RATE;
}

static const char *unit_name(enum unit unit)
{
	return in_slots(unit) ? "slots" : unit == CYCLES ? "cycles" : unit == SCALAR_US ? "us" : "times";
}

static void put(FILE *out, double x, int width, int digits)
{
	if (x > 0)
		fprintf(out, " %*.*f", width, digits, x);
	else
		fprintf(out, " %*s", width, "");
}

static void put_verdict(FILE *out, goal g, double got, enum unit unit)
{
	double limit = g.target > 0 ? g.target : g.stretch;

	if (g.stretch > 0 && (at_least(unit) ? got >= g.stretch : got <= g.stretch))
		fputs("  stretch reached\n", out);
	else if (at_least(unit) ? got >= limit : got <= limit)
		fputs("  reached\n", out);
	else
		fprintf(out, "  not reached: %.2f of it\n", got / limit);
}

static void put_target(FILE *out, const report *r, const target *t)
{
	const report_row *row = report_find(r, t->name, t->batch, t->by);
	double got = row ? reached(r, t, row) : 0, s, us = in_slots(t->unit) ? r->slot_ns / 1e3 : 0;
	goal g = report_make(r) == 2 ? t->two : t->one;
	int digits = at_least(t->unit) ? 2 : 0;

	if (got <= 0)
		return;
	s = scale(r, t, row);
	g = (goal){g.target * s, g.stretch * s};
	fprintf(out, "%-38s %-4s", t->what, t->by);
	put(out, g.target, 9, digits);
	put(out, g.stretch, 9, digits);
	put(out, got, 9, digits);
	fprintf(out, " %-6s", unit_name(t->unit));
	put(out, g.target * us, 9, 2);
	put(out, got * us, 9, 2);
	put_verdict(out, g, got, t->unit);
}

void report_targets(FILE *out, const report *r)
{
	const int make = report_make(r);

	fprintf(out, "\n%-38s %-4s %9s %9s %9s %-6s %9s %9s\n", "target", "by", "at most", "stretch",
			"reached", "", "or us", "reached");
	for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++)
		put_target(out, r, &targets[i]);
	if (make)
		fprintf(out, "Those of a core that issues %s; times by a slot of %.3f ns, those without a "
				"column of\ntheir own by %.3f.  Or us: what they are here.  ",
				make == 1 ? "one IFMA a cycle" : "two IFMA a cycle",
				make_slot_ns[make], SLOT_NS);
	fputs("Without IFMA: by the products here.  Times: at least.\n", out);
}
