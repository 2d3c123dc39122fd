/* init.h -- the choice of kernels. */
#ifndef KM_INIT_H
#define KM_INIT_H

#include "engine.h"

/* Use the kernels of that level (NULL: the best), proved against portable code.  Not
 * thread-safe.  KM_EKERNEL, KM_ESELFTEST. */
km_err init_use(const char *kernel);

/* What km_init does when it is called first: for tests, which go through the kernels in one process.
 * Not thread-safe; no object may be there. */
km_err init_again(const char *kernel);

/* Whether km_init has succeeded; then all that it set can be seen. */
int init_done(void);

#endif
