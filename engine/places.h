/* places.h -- how many objects of a kind may hold what makes them faster. */
#ifndef KM_PLACES_H
#define KM_PLACES_H

#include <stdatomic.h>

typedef struct {
	atomic_size_t taken, most;
} places;

/* Whether one more may; it is counted then. */
static inline int places_take(places *p)
{
	if (atomic_fetch_add(&p->taken, 1) < atomic_load(&p->most))
		return 1;
	atomic_fetch_sub(&p->taken, 1);
	return 0;
}

static inline void places_give(places *p)
{
	atomic_fetch_sub(&p->taken, 1);
}

#endif
