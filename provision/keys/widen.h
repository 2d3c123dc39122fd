/* widen.h -- wide tables for large runs, made by a thread of its own while the run has begun. */
#ifndef KM_WIDEN_H
#define KM_WIDEN_H

#include <stddef.h>

#include "engine/engine.h"

enum {
	WIDEN_FIRST = 500,      /* what tables are made for at once */
	WIDEN_FROM = 2000,      /* members that wider ones pay for before a run has ended */
};

typedef struct widening widening;

/* Widen these n for so many members, beside what was begun before; *w grows, and stays as it is where
 * there is no thread or memory: the tables at hand will do. */
void widen_start(widening **w, km_kms_public *const *keys, size_t n, size_t members);
/* Wait for all, which end early if that is still possible.  w may be NULL.  The first error. */
km_err widen_end(widening *w);

#endif
