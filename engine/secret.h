/* secret.h -- handling of secrets: wiping, masks, locked memory, marks. */
#ifndef KM_SECRET_H
#define KM_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "../asm/marks.h"
#include "engine.h"

/* Overwrite with zeros in a way that the compiler keeps. */
void wipe(void *p, size_t len);

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

/* A function of the interface keeps what it was asked for twice: data are made by one copy and checked by the
 * other.  Each copy is taken from the arguments as they came in, which are said to have changed in between
 * (ask_again), and lies in memory (keep_apart): the compiler must not make one of the other, nor, for the
 * stack protector's sake, move an argument away before (AS_ASKED). */
#define ask_again(x) __asm__ volatile("" : "+r"(x))
#ifdef __has_attribute
#if __has_attribute(no_stack_protector)
#define AS_ASKED __attribute__((no_stack_protector))
#endif
#endif
#ifndef AS_ASKED
#define AS_ASKED
#endif
static inline void keep_apart(const void *a, const void *again)
{
	__asm__ volatile("" : : "r"(a), "r"(again) : "memory");
}

/* err, where it has been seen not to be KM_OK: if it is, the jump to here was a fault. */
static inline km_err failed(km_err err)
{
	uint64_t e = ct_barrier((uint64_t)err);

	return e == KM_OK ? KM_EFAULT : (km_err)e;
}

/* Where the caller wants what is made for it. */
typedef struct {
	void *at;
	size_t len;
} given;

/* What will leave, as it is before the check: to hold it against what does leave.  Each bit is turned over, for
 * memory that was never written, or that a pointer led astray finds, is the same here and there. */
void keep_before(void *before, const void *from, size_t len);

/* Copy what has been checked to where the caller wants it, and look for it there by a second copy of place and
 * length.  before is of keep_before, so that what changes behind the check is found.  *err becomes KM_OK where
 * that is seen to stand there, and is left alone, with zeros there, where it does not: so a copy that does not
 * happen leaves the error that the caller of this has put there. */
void give_out(km_err *err, const given *to, const given *again, const void *from, const void *before);

/* *to = err, and look for it there by a second copy of the address, whatever stood there before.  0: it is not.
 * Nothing else is written to the caller's memory before all that is read of it has been read: what such a write hit,
 * led astray, would be data and check alike. */
int give_err(km_err *to, const km_err *again, km_err err);

/* Zeroed memory for a key, at most 2 KB, 64-byte aligned: locked, not dumped, guarded, and wiped when freed.
 * KM_ENOMEM; KM_ELOCKED: the limit is reached, and km_keys_locked asks for more than that. */
km_err secret_alloc(void **p, size_t len);
/* p may be NULL. */
void secret_free(void *p);

/* Zeroed memory for what is large, 64-byte aligned: not dumped, locked while a quarter of the limit is
 * enough for all of it, wiped when unmapped; zeros in a child of a fork unless it is wanted there.
 * NULL where there is no memory.  Whole pages are used where len + SECRET_HEAD is so many. */
enum { SECRET_HEAD = 64 };
void *secret_map(size_t len, int in_child);
/* p may be NULL. */
void secret_unmap(void *p, size_t len);

/* Zeroed scratch for passing secrets: as secret_map, of which each thread keeps what it has freed.  NULL where there is no memory. */
void *scratch_alloc(size_t len);
void scratch_free(void *p, size_t len);
/* The thread ends: what it kept is given back. */
void scratch_end(void);

#endif
