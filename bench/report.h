/* report.h -- the benchmark's results: as tables, as JSON, and held against the targets. */
#ifndef KM_BENCH_REPORT_H
#define KM_BENCH_REPORT_H

#include <stdio.h>

#include "machine.h"
#include "worker.h"

enum { SAMPLES_MAX = 41 };

/* Products an item takes. */
typedef struct {
	double mul, sqr, mul8, sqr8;
} report_counts;

/* One operation of one worker. */
typedef struct {
	char name[32], unit[16];
	const char *by;             /* the kernel, or the peer */
	int peer;
	size_t batch, n;
	report_counts counts;
	double ns[SAMPLES_MAX];     /* an item */
	double slot_ns[SAMPLES_MAX], cycle_ns[SAMPLES_MAX];
	/* By report_finish: */
	double median, min, max;    /* ns an item */
	double slots;               /* median, by the slots beside; 0 without IFMA */
	double model;               /* ns of the products alone; 0: none were counted */
} report_row;

/* A library that the product is held against. */
typedef struct {
	const char *name, *version;
} report_peer;

typedef struct {
	report_row *rows;
	size_t n;
	const report_peer *peers;
	size_t n_peers;
	const char *commit, *flags; /* flags: how this program was built */
	machine machine;
	double slot_ns, cycle_ns;   /* medians of the run */
	double ifma_a_cycle;        /* 512-bit vpmadd52 that issue a cycle, measured; 0 without IFMA */
} report;

/* Work out what follows from the samples. */
void report_finish(report *r);

void report_table(FILE *out, const report *r);
/* Runs of many groups, by their size. */
void report_groups(FILE *out, const report *r);
/* Those that were measured, by what was set for a core that issues as many IFMA a cycle. */
void report_targets(FILE *out, const report *r);
/* 0: it could not be written. */
int report_json(const char *path, const report *r);

/* The row of that operation (batch 0: the largest), or NULL. */
const report_row *report_find(const report *r, const char *name, size_t batch, const char *by);

/* Which make of core it is: 1 or 2 IFMA a cycle; 0 without IFMA. */
int report_make(const report *r);

#endif
