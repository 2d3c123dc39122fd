/* ours.h -- what the benchmark measures of the product. */
#ifndef KM_BENCH_OURS_H
#define KM_BENCH_OURS_H

#include "engine/engine.h"
#include "worker.h"

enum {
	BENCH_ID = 32,       /* octets of an identifier, as of a UID */
	BENCH_MSG = 512,     /* octets that are signed */
	BENCH_BATCH = 512,   /* members of a large batch */
	BENCH_MOST = 1000,   /* members of the largest */
	BENCH_MANY = 100000, /* members a KMS is prepared for where there is no end of them */
	BENCH_KEYS = 56,     /* keys where a batch has many: all are prepared */
};

/* Sizes of groups that people have, each measured with the tables of a server that lives long. */
#define BENCH_GROUPS(X) X(1) X(8) X(20) X(50) X(200) X(512) X(1000)

/* Each writes the operations it offers with the kernels chosen, and returns how many. */
size_t field_offer(bench_op *ops);
size_t sakke_offer(bench_op *ops);
size_t eccsi_offer(bench_op *ops);
size_t message_offer(bench_op *ops);
/* These only where something is named. */
size_t kernels_offer(bench_op *ops);

/* A KMS made up for this process. */
const km_kms_master *bench_master(void);
/* Its public keys, prepared for so many members. */
km_kms_public *bench_kms(size_t members);
/* len octets of no meaning, the same for the same seed. */
void bench_octets(uint8_t *out, size_t len, uint64_t seed);

/* End the process where err is not KM_OK. */
void must(km_err err, const char *what);

/* Serve the driver with this kernel; the operations are those that filter names. */
int ours_serve(const char *kernel, const char *filter);

/* Print the rows that ours_count takes, but for those of IFMA, which no tool that counts can run. */
int ours_rows(void);

/* Take one turn of an operation (batch 0: whatever its batch), for a tool that counts the
 * instructions in worker_turn, and print its items.  row names the rows of the field tables to use,
 * whether or not CPUID reports what they need; "none" is one of kernels that do nothing. */
int ours_count(const char *row, const char *name, size_t batch);

#endif
