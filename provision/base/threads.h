/* threads.h -- where work is done side by side (km_pool): the library's threads, or the caller's. */
#ifndef KM_THREADS_H
#define KM_THREADS_H

#include <stdbool.h>

#include "gmk.h"

/* One holder more, who lets go by km_pool_free.  Gives pool, which may be NULL. */
km_pool *threads_hold(km_pool *pool);
/* How many may work at once; the processors where that is not known; 1 without a pool. */
size_t threads_count(const km_pool *pool);

/* work(arg, i) for every i < n, all done when it returns: in this thread where pool is NULL, refuses, or is a
 * parent's. */
void threads_each(km_pool *pool, km_work *work, void *arg, size_t n);
/* work(arg, 0) soon, in another thread; work may be the last holder of pool.  false: it will not be called. */
bool threads_later(km_pool *pool, km_work *work, void *arg);

#endif
