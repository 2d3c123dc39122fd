/* tables.h -- the tables of a ring's KMSs: made by the members that were seen, within one bound for all. */
#ifndef KM_TABLES_H
#define KM_TABLES_H

#include "keyring.h"

/* The bound is KM_TABLES_BYTES_MAX.  NULL: out of memory.  Held once by who makes it, and by each KMS that has
 * joined. */
all_tables *tables_new(void);
/* all may be NULL. */
void tables_let_go(all_tables *all);
/* Narrows at once what is beyond it, those used longest ago first. */
void tables_bound(all_tables *all, uint64_t bytes);

/* What tables for so many members of that KMS count there at most. */
uint64_t tables_bytes(const kms_tables *one, size_t members);

/* A KMS is among them from when it is made until it is freed. */
void tables_join(all_tables *all, kms_tables *one);
void tables_leave(kms_tables *one);

/* Members in all who are about to be encapsulated to by KMSs that have many each, but too few for tables of their own
 * of all widths: those that all share are made wide, where they are worth it. */
void tables_share(size_t members);
/* Whether so many of one KMS count there. */
bool tables_count(size_t members);

/* So many members of that KMS are about to be encapsulated to.  Wider tables are made where all that were seen are
 * worth them, beside other work if the pool does that (NULL: it does not), else here if these members alone are; here
 * too for members who are few pieces, of which the first waits.
 * Where they do not fit, those used longest ago go if these members alone are worth it.  Whoever calls this as
 * each KMS's turn comes has each of many large ones made and dropped once. */
void tables_expect(kms_tables *one, size_t members, km_pool *pool);

#endif
