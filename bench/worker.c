/* worker.c -- one process of the benchmark: warms up, repeats, and reads the clocks. */
#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/cpu.h"
#include "slots.h"

#define SAMPLE_NS 4e6       /* turns are repeated for about so long */
#define WARM_NS 20e6

_Noreturn void worker_die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

/* Whether a word of the filter is NAME or NAME@BATCH of the operation. */
static int wants(const char *filter, const bench_op *op)
{
	char exact[64];
	size_t len;

	snprintf(exact, sizeof exact, "%s@%zu", op->name, op->batch);
	for (const char *at = filter; *(at += strspn(at, " ")); at += len) {
		len = strcspn(at, " ");
		if ((len == strlen(op->name) && memcmp(at, op->name, len) == 0) ||
				(len == strlen(exact) && memcmp(at, exact, len) == 0))
			return 1;
	}
	return *filter == 0;
}

static double read_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double now(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

static double wall(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static double timed(void (*run)(size_t), size_t turns)
{
	double t = now();

	run(turns);
	return now() - t;
}

__attribute__((noinline)) void worker_turn(const bench_op *op)
{
	op->run(1);
	__asm__ volatile("" : : : "memory"); /* no tail call: the turn stays inside */
}

/* Count one turn, then find how many make a sample. */
static size_t warm(const bench_op *op, const bench_counter *counter)
{
	bench_counts c = {0, 0, 0, 0};
	double n = (double)op->batch, ns = 0, spent = 0;
	size_t turns = 1;

	if (op->start)
		op->start();
	worker_turn(op);
	if (counter) {
		counter->start();
		worker_turn(op);
		c = counter->stop();
	}
	while (spent < WARM_NS) {
		ns = timed(op->run, turns) / (double)turns;
		spent += ns * (double)turns;
		turns = ns < SAMPLE_NS ? (size_t)(SAMPLE_NS / (ns + 1)) + 1 : 1;
	}
	printf("%.3f %.3f %.3f %.3f\n", (double)c.mul / n, (double)c.sqr / n, (double)c.mul8 / n,
			(double)c.sqr8 / n);
	return turns;
}

static void sample(const bench_op *op, size_t turns)
{
	int lanes = (cpu_levels() & CPU_IFMA) != 0;
	double began_wall = wall(), began = now(), before = lanes ? slots_ns() : 0;
	double cycle = cycle_ns(), ns;

	ns = timed(op->run, turns);
	if (op->less)
		ns -= timed(op->less, turns);
	cycle = (cycle + cycle_ns()) / 2;
	printf("%.4f %.5f %.5f %.6f %.6f\n", ns / (double)turns / (double)op->batch,
			lanes ? (before + slots_ns()) / 2 : 0, cycle, (now() - began) / 1e9,
			(wall() - began_wall) / 1e9);
}

void worker_serve(const char *library, const bench_op *ops, size_t n, const char *filter,
		const bench_counter *counter)
{
	size_t *turns = calloc(n, sizeof *turns), i;
	char word[8];

	if (!turns)
		worker_die("out of memory");
	printf("is %s\n", library);
	for (i = 0; i < n; i++)
		if (wants(filter, &ops[i]))
			printf("op %zu %s %zu %s\n", i, ops[i].name, ops[i].batch, ops[i].unit);
	puts("end");
	fflush(stdout);
	while (scanf("%7s %zu", word, &i) == 2 && i < n) {
		if (strcmp(word, "warm") == 0)
			turns[i] = warm(&ops[i], counter);
		else
			sample(&ops[i], turns[i] ? turns[i] : 1);
		fflush(stdout);
	}
	free(turns);
}
