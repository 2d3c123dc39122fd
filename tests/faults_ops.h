/* faults_ops.h -- what both campaigns of single faults share: the operations, and what each may give out.
 *
 * A trial is a child process that does one operation with one fault and writes to memory that it shares;
 * this process, which no fault has touched, judges.
 */
#ifndef KM_FAULTS_OPS_H
#define KM_FAULTS_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

/* ---- what the stubs share (faults_stubs.sh) ------------------------------------------------------ */

enum { FUNCTIONS = 1024 };

/* At the chosen call: it is left out, with faults_result; it is made, and a bit turned over; or the process
 * stops for who traces it, and it is made. */
enum { LEFT_OUT, TURNED_OVER, MOMENT };

extern uint64_t faults_count[FUNCTIONS];       /* calls of each function */
extern uint32_t faults_function, faults_kind;
extern uint64_t faults_left;                   /* calls until the fault */
extern uint64_t faults_result, faults_first, faults_back, faults_offset, faults_mask;
extern uint32_t faults_planted, faults_pass_stores;
void faults_moment(void); /* stops */
extern const char faults_stop[]; /* where the process then is */

extern const char *fault_names[FUNCTIONS];
extern uint32_t n_fault_names;

/* The number of a function that has a stub; FUNCTIONS: there is none. */
uint32_t find_name(const char *name);

/* ---- numbers ------------------------------------------------------------------------------------- */

extern uint64_t seed;
uint64_t next(uint64_t *state);

/* ---- operations ---------------------------------------------------------------------------------- */

enum { MOST = 600, ID = 32, MESSAGE = 40 };

/* What comes out of a run. */
typedef struct {
	uint8_t out[MOST * KM_SED_BYTES];
	km_err err, status[MOST];
} run;

/* What is right has left; an error, and nothing has; an error, and something else is in the caller's memory; what
 * is wrong has left with KM_OK; the child died, or did not end. */
typedef enum { HARMLESS, FOUND, LEFT_BEHIND, THROUGH, CRASHED } outcome;
enum { OUTCOMES = CRASHED + 1 };

typedef struct {
	const char *name;
	size_t n;
	km_err (*act)(size_t which, size_t n);
	outcome (*judge)(size_t n);
	int runs;                    /* 2: what leaves is held against another run's */
	const char *check;           /* the function whose yes is the check, and how it says it */
	bool stores;
} operation;

enum { OPERATIONS = 15 };
extern const operation operations[OPERATIONS];

/* What the two runs give, which have different inputs; got is shared with children. */
extern run good[2], *got;

/* A row and its keys. */
bool prepare(const char *row);
/* The runs of op without a fault.  false: one does not succeed. */
bool act_well(const operation *op);
/* How often each function is called in one run. */
void count_calls(const operation *op, uint64_t counts[FUNCTIONS]);
/* From here on what checks says yes: put back by faults_planted = UINT32_MAX. */
void take_check_out(const operation *op);

/* One run of op, from a fresh start: arm, if any, is called just before.  It works in private memory, and is
 * then copied to where the parent sees it; no register of this caller holds what that takes. */
void act_once(const operation *op, run *to, int which, void (*arm)(const void *), const void *with);
/* In a child: all runs, each with the fault. */
void act_in_child(const operation *op, void (*arm)(const void *), const void *with);
/* In its parent, of a child that is gone. */
outcome judge_child(const operation *op, bool ended_well);

/* Each row that this processor can run, in a process of its own: best, the one that most machines will run.
 * What main returns. */
int run_rows(const char *name, int (*run_row)(const char *row, bool best, bool everything), bool everything);

#endif
