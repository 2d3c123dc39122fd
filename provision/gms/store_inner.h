/* store_inner.h -- what the parts of a store share: a call on its way to files. */
#ifndef KM_STORE_INNER_H
#define KM_STORE_INNER_H

#include "store.h"

typedef struct store_files store_files;

struct store_place {
	km_store *store;
	char *gms, *kms;
	store_files *files;     /* NULL: the caller's calls */
};

/* The ctx of the calls of files. */
typedef struct {
	store_place *place;
	km_complaint *why;
	km_err err;             /* of KM_STORE_FAILED */
	int64_t now;            /* of add_ids */
	bool *is_known;
	km_key *const *keys;    /* of mark */
	size_t n_keys;
} store_visit;

extern const km_store_calls store_files_calls;
/* The state of a place opened: sets its files. */
KM_MUST km_err store_files_open(store_place *place, km_complaint *why);
/* store_look_up. */
KM_MUST km_err store_files_look_up(store_visit *v, uint32_t *is, const uint32_t *gmk_ids, size_t n);
void store_files_leave_run(store_files *files, uint64_t run);
/* files may be NULL. */
void store_files_close(store_files *files);

#endif
