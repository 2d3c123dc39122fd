/* init.h -- the choice of kernels. */
#ifndef KM_INIT_H
#define KM_INIT_H

#include "engine.h"

/* Use the kernels of that level (NULL: the best), proved against their portable twins.  Not
 * thread-safe.  KM_EKERNEL, KM_ESELFTEST. */
km_err init_use(const char *kernel);

#endif
