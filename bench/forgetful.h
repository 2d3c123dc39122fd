/* forgetful.h -- a state of a GMS that knows the last T and nothing else: what is measured waits for no disk. */
#ifndef KM_BENCH_FORGETFUL_H
#define KM_BENCH_FORGETFUL_H

#include "provision/gmk.h"

/* One for the whole process, which ends where there is none. */
km_store *forgetful_store(void);

#endif
