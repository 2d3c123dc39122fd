/* steps_trace.h -- one fault at one instruction of a child process, by ptrace. */
#ifndef KM_STEPS_TRACE_H
#define KM_STEPS_TRACE_H

#include "tests/faults_ops.h"

/* What becomes of the instruction: it is left out; it is a call, left out, that seems to have given 0; it is a
 * conditional jump, and goes the other way; it is done, and a bit turned over of what it has changed: general
 * or vector registers, flags, memory. */
typedef enum { STEP_SKIPPED, STEP_SKIPPED_0, STEP_TURNED, STEP_FLIPPED } step_kind;

typedef struct {
	size_t place;
	step_kind kind;
	uint32_t function;   /* from that call of it on, or n_fault_names: from the start */
	uint64_t call;
	unsigned pass;       /* the first time that the instruction comes by, the second, .. */
	uint64_t which;      /* of all that changed, and of its bits */
	double seconds;      /* that a child may compute */
} step_fault;

/* Of the last trial, where a bit was turned over. */
extern char trace_turned[64];

/* What is in the way of tracing here; NULL: nothing. */
const char *trace_refused(void);
/* came_by[i]: the instruction at place i is done in a run of op.  false: that could not be seen. */
bool trace_profile(const operation *op, bool *came_by);
/* op with that fault in each run.  *met: the instruction came by. */
outcome trace_trial(const operation *op, const step_fault *f, bool *met);

#endif
