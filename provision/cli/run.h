/* run.h -- what the parts of a run share: batches on their way, in windows of the list. */
#ifndef KM_CLI_RUN_H
#define KM_CLI_RUN_H

#include "cli.h"

#include "gms/batch.h"
#include "run/pool.h"

enum {
	PIECE = MAKE_MAX,       /* members */
	WINDOWS = 3,            /* one that is made, one before it, one behind it */
	WRITE_ROOM = 1 << 18,   /* octets that are written at once; a message as text has 100 000 at most */
};

typedef struct window window;

/* What a thread is handed: a piece to be made, and written as text. */
typedef struct {
	window *of;
	size_t i;
	char *text;
	size_t room;
	km_err err;
} part;

/* Where the text of a member stands; len 0: no message was made. */
typedef struct {
	const char *s;
	size_t len;
} line;

/* A batch on its way. */
struct window {
	const cli_run *run;
	km_batch *batch;
	crowd_member *who;
	line *lines;
	size_t n, room;
	part *parts;
	size_t n_parts, parts_room;
	size_t back;            /* parts that the threads gave back */
	km_reason refused;      /* none of them could be served; KM_R_OK: a batch was begun */
	int64_t now;            /* the clock as it was begun */
};

typedef struct {
	const cli_run *run;
	cli_counts *counts;
	pool *threads;
	window windows[WINDOWS];
	size_t n_windows;
	uint64_t put, done;     /* windows so far */
	bool *is_seen;          /* KMSs by their number */
	size_t n_kms, n_seen;
	char *out;              /* text that is to be written */
	size_t out_len;
	cli_progress progress;
	uint64_t total;         /* members, about; 0: not known */
	bool clock_warned;
} runner;

/* T as 32.32 bits of Unix seconds. */
uint64_t run_t(km_time t);

/* Said; what to exit with. */
int run_out_of_memory(void);
int run_refuse(km_err err, const km_complaint *why);

/* ---- run_out.c ------------------------------------------------------------------------------- */

/* What the threads made of a window, written.  CLI_DONE, or what to exit with. */
int run_finish(runner *r, window *w);
void run_show_progress(runner *r);

#endif
