/* util_store.h -- a database of a GMS's state in memory, behind km_store_calls. */
#ifndef KM_TESTS_UTIL_STORE_H
#define KM_TESTS_UTIL_STORE_H

#include <pthread.h>

#include "provision/gmk.h"

enum { STORE_IDS = 4096, STORE_MARKS = 4096 };
enum { AT_ADVANCE = 1, AT_MARK = 2 };

typedef struct {
	pthread_mutex_t mutex;
	km_time t;
	struct { uint32_t gmk_id, is; km_time expiry; } ids[STORE_IDS];
	size_t n;
	struct { uint64_t run; km_mark mark; char uri[64]; uint32_t ended; } marks[STORE_MARKS];
	size_t n_marks;
	uint8_t kept[8192];     /* the last key */
	size_t kept_len;
	uint32_t kept_id;
	int fails_to_keep;
	int mixes_keys;         /* given puts the marks of all keys, and never looks at what that says */
	int fails;              /* each call from now on, and does nothing */
	unsigned asked;         /* calls so far */
	int races;              /* so many times another takes T in between */
	km_key *const *revokes; /* the key that another revokes right before such a call; NULL: none */
	int revokes_at;         /* AT_ADVANCE, AT_MARK */
} memory_store;

/* What its keys are sealed under; km_seal_free it. */
km_seal *store_seal_in_memory(void);
/* What it is behind; ctx is a memory_store. */
extern const km_store_calls memory_store_calls;
/* A store over m, which is zeroed first. */
km_store *store_in_memory(memory_store *m);

#endif
