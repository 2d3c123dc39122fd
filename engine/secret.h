/* secret.h -- handling of secrets: wiping, masks, locked memory, marks. */
#ifndef KM_SECRET_H
#define KM_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "engine.h"
#include "marks.h"

static inline void wipe(void *p, size_t len)
{
	km_wipe(p, len);
}

/* x, of a value the compiler cannot know: it can then not turn a mask into a branch. */
static inline uint64_t ct_barrier(uint64_t x)
{
	__asm__("" : "+r"(x));
	return x;
}

/* All ones where x is not 0, else 0. */
static inline uint64_t ct_mask_nonzero(uint64_t x)
{
	return ct_barrier(0 - ((x | (0 - x)) >> 63));
}

/* All ones where a equals b, else 0. */
static inline uint64_t ct_mask_eq(uint64_t a, uint64_t b)
{
	return ~ct_mask_nonzero(a ^ b);
}

/* a where mask is all ones, b where it is 0. */
static inline uint64_t ct_select(uint64_t mask, uint64_t a, uint64_t b)
{
	return b ^ (mask & (a ^ b));
}

/* r = a where mask is all ones, unchanged where it is 0. */
static inline void ct_cmov(uint64_t *r, const uint64_t *a, size_t limbs, uint64_t mask)
{
	for (size_t i = 0; i < limbs; i++)
		r[i] = ct_select(mask, a[i], r[i]);
}

/* Zeroed memory for a long-lived secret: guarded, locked, not dumped.  NULL where the system gives none. */
void *secret_alloc(size_t len);
/* p may be NULL. */
void secret_free(void *p);

/* Zeroed pages for what is large and long-lived: not dumped, locked where that is asked for and the
 * limit allows, wiped when unmapped.  NULL where there is no memory. */
void *secret_map(size_t len, int locked);
/* p may be NULL. */
void secret_unmap(void *p, size_t len);

/* Zeroed scratch for passing secrets, 64-byte aligned: not dumped, locked where the limit allows,
 * zeroed in a child of a fork, wiped when freed.  NULL where there is no memory. */
void *scratch_alloc(size_t len);
void scratch_free(void *p, size_t len);
/* The thread ends: what it kept is given back. */
void scratch_end(void);

#endif
