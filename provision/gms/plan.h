/* plan.h -- how a batch is cut into pieces: members of one KMS together, and of those, members of one signer. */
#ifndef KM_PLAN_H
#define KM_PLAN_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
	uint32_t kms, signer;   /* by number */
	uint32_t at;            /* the place where it was added */
} plan_entry;

typedef struct {
	size_t first, n;        /* of the entries, sorted */
	size_t kms, part;       /* the how-manieth KMS, and which of its pieces */
} plan_piece;

/* By KMS, then signer, then place. */
void plan_sort(plan_entry *entries, size_t n);
/* Cut sorted entries into pieces of one KMS, about even, of MAKE_MAX at most; few are shared out to that many threads,
 * while pieces do not become so small that they cost more.  The first pieces of as many KMSs as threads come before their
 * second ones, and these before those of other KMSs: who makes the first makes the tables for the others.  pieces: NULL,
 * to count them.  Their number. */
size_t plan_cut(plan_piece *pieces, const plan_entry *entries, size_t n, size_t threads);

#endif
