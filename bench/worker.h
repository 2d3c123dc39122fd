/* worker.h -- one process of the benchmark: operations, measured a sample at a time as it is told.
 *
 * A kernel is chosen once a process, and a peer is another library: so each is a process of its
 * own, and the driver (bench.c) asks them in turn, so that drift of the clock hits all alike.
 *
 * Lines to the driver: first "is LIBRARY", of which a peer is, "op I NAME BATCH UNIT" for each
 * operation, and "end".  From the driver: "warm I" and "run I" for the I-th operation.  Answers:
 * "M S M8 S8", the products of an item; and "NS SLOT CYCLE SECONDS WALL": an item, a slot (0 without
 * IFMA) and a cycle, in ns, and what the sample took of processor time and by the clock on the wall.
 */
#ifndef KM_BENCH_WORKER_H
#define KM_BENCH_WORKER_H

#include <stddef.h>
#include <stdint.h>

/* Multiplications and squarings in F_p: of one element, and of eight lanes. */
typedef struct {
	uint64_t mul, sqr, mul8, sqr8;
} bench_counts;

typedef struct {
	const char *name, *unit;
	size_t batch;               /* items a turn */
	void (*start)(void);        /* or NULL: before the first turn; operations may share it */
	void (*run)(size_t turns);
	void (*less)(size_t turns); /* or NULL: a part of run that is not the operation */
} bench_op;

/* What turns count; either NULL where nothing is counted. */
typedef struct {
	void (*start)(void);
	bench_counts (*stop)(void);
} bench_counter;

/* Offer the n operations that filter names (NAME or NAME@BATCH, words between spaces; empty: all) and
 * measure until the driver is done.  library: its name and version. */
void worker_serve(const char *library, const bench_op *ops, size_t n, const char *filter,
		const bench_counter *counter);

/* One turn of an operation in a function of this name, which instructions are counted in. */
void worker_turn(const bench_op *op);

/* End the process: what could not be done. */
_Noreturn void worker_die(const char *what);

#endif
