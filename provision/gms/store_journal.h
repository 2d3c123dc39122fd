/* store_journal.h -- the journals of a GMS in files: a key's own where one key is served alone, else one of many. */
#ifndef KM_STORE_JOURNAL_H
#define KM_STORE_JOURNAL_H

#include "journal.h"
#include "keys/key.h"

typedef struct store_journal store_journal;

/* NULL: out of memory. */
store_journal *store_journal_new(void);
/* journals may be NULL. */
void store_journal_free(store_journal *journals);

/* Marks of a run on disk, none of them behind t; keys: those of the marks.  KM_EIO, KM_ELOST, KM_ENOMEM. */
KM_MUST km_err store_journal_mark(store_journal *journals, const char *state_file, uint64_t run, uint64_t t,
		const km_mark *marks, size_t n, km_key *const *keys, size_t n_keys, km_complaint *why);
KM_MUST km_err store_journal_end(store_journal *journals, uint64_t run, bool delivered, km_complaint *why);
/* Nobody will say what became of that run. */
void store_journal_leave(store_journal *journals, uint64_t run);
/* All marks of a key, given to km_given_put. */
KM_MUST km_err store_journal_given(const char *state_file, uint32_t gmk_id, km_given *to, km_complaint *why);

#endif
