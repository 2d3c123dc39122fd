/* pool.h -- threads that work on items side by side, and give them back in the order they came. */
#ifndef KM_POOL_H
#define KM_POOL_H

#include <stdbool.h>
#include <stddef.h>

/* Called on a thread of the pool, for one item; what it shares with others must be read-only. */
typedef void pool_work(void *ctx, void *item);

typedef struct pool pool;

/* At least one thread; depth >= 1 items are inside at most.  NULL: no thread, or out of memory. */
pool *pool_new(unsigned threads, size_t depth, pool_work *work, void *ctx);
/* No room for another item: one must be taken first. */
bool pool_full(const pool *p);
/* Hand an item over; the pool must not be full.  put, take, full and free are for one thread. */
void pool_put(pool *p, void *item);
/* Wait for the oldest item inside; NULL: none is. */
void *pool_take(pool *p);
/* The same where the oldest item is done already; NULL: it is not. */
void *pool_take_done(pool *p);
/* Waits for the work at hand; items that nobody took are forgotten.  p may be NULL. */
void pool_free(pool *p);

#endif
