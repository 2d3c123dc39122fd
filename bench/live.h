/* live.h -- what a GMS that lives long costs, over provision/gmk.h alone: a laboratory, and measures.
 *
 * Each measure is a process of its own, forked of one that has done nothing yet, and tells what it found by
 * live_tell.  Documents are made by another process before.
 */
#ifndef KM_BENCH_LIVE_H
#define KM_BENCH_LIVE_H

#include <stdbool.h>

#include "provision/gmk.h"

enum { LIVE_KMSS = 41, LIVE_USERS = 256 };

/* The time of all messages. */
#define LIVE_NOW ((km_time){ 1790000000, 1u << 30 })

/* ---- the laboratory (live_lab.c) ------------------------------------------------------------- */

/* Make all documents, in memory that the processes of measures share. */
void live_documents(void);

typedef struct {
	km_keyring *ring;
	km_gms *gms;
	uint32_t kms[LIVE_KMSS];        /* numbers */
	size_t n_kms;
} live_lab;

/* A ring with the first n_kms certificates and the key set of a GMS at the first KMS.  dir: where its state is kept in
 * files; NULL: in memory, which forgets. */
live_lab live_begin(size_t n_kms, const char *dir);
/* The i-th user's key set, to a ring with the first certificate. */
void live_add_user(km_keyring *ring, size_t i, uint32_t use);
/* The certificates from first on, before end. */
void live_add_kms(km_keyring *ring, size_t first, size_t end);
km_key *live_key(km_gms *gms, size_t i);
km_batch *live_batch(const live_lab *lab);
/* The i-th member is given the key, by the KMS of that number. */
void live_add(km_batch *batch, km_key *key, size_t i, uint32_t kms);
/* Run, delivered, emptied. */
void live_run(km_batch *batch);

/* Processor time of this process, and the clock on the wall, in seconds. */
double live_cpu(void);
double live_wall(void);
/* A field of /proc/self/status, such as "VmRSS:", in octets; 0 where the system has none. */
double live_status(const char *field);

/* End the process where err is not KM_OK. */
void live_must(km_err err, const char *what);
/* One finding. */
void live_tell(const char *name, double value, const char *unit);

/* ---- measures: live_rates.c, live_memory.c --------------------------------------------------- */

typedef struct {
	bool is_short;
	const char *dir;                /* for files */
} live_how;

/* Full batches of groups of so many members. */
void live_groups(const live_how *how, size_t members);
/* Groups of 20, and one group of as many members in all, in turn. */
void live_one_beside_many(const live_how *how, size_t n);
/* One group of 20 again and again, its state in files or in memory. */
void live_latency(const live_how *how, size_t in_files);
/* Many members of 40 KMSs, one by one of each. */
void live_interleaved(const live_how *how, size_t n);
/* 20 000 members, with so many certificates, and at so many KMSs, one after the other or one by one of each. */
typedef struct {
	const char *name;
	size_t documents, kmss;
	bool is_mixed;
	uint64_t bound;                 /* of tables; 0: as it is */
	uint32_t threads;               /* 0: no pool */
} live_kmss;
void live_of_kmss(const live_kmss *what);

void live_memory_of_kms(const live_how *how, size_t n);
void live_memory_of_sets(const live_how *how, size_t use);
void live_memory_of_keys(const live_how *how, size_t n);

#endif
