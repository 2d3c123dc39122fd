/* residue_watch.h -- calls a function on a stack of its own, and looks at what it leaves: there, in
 * registers, and in memory that is given back meanwhile. */
#ifndef KM_TESTS_RESIDUE_WATCH_H
#define KM_TESTS_RESIDUE_WATCH_H

#include "util_residue.h"
#include "util_sanitized.h"

#if (defined(ARCH_x86_64) || defined(ARCH_aarch64)) && !defined(SANITIZED)
#define WATCHED
#endif

#ifdef ARCH_aarch64
typedef struct {
	_Alignas(64) uint64_t v[32][2];
	uint64_t general[18]; /* x1 to x17, and nothing */
} registers;
#else
typedef struct {
	_Alignas(64) uint64_t zmm[32][8];
	uint64_t general[8]; /* rcx rdx rsi rdi r8 r9 r10 r11 */
	uint64_t masks[8];
} registers;
#endif

/* What the watched function said of the stack on its way out, the last time (leave_secret). */
typedef struct {
	const uint8_t *from; /* below it the stack is overwritten, */
	size_t octets;       /* so far; 0: not at all */
	size_t used;         /* and was used, so far; not told while looking */
} leaving;

extern leaving left_by;
extern int watching;     /* a call, */
extern int looking;      /* and at what it frees */
extern int scrub_is_off; /* as if leave_secret did nothing */

/* Before the others; -1: no memory. */
int watch_start(void);

/* Call run; look: search what it frees for words of secrets, else measure how deep the stack is used. */
void watch(void (*run)(void), int look);

/* Words of secrets that the last call has left. */
typedef struct {
	size_t in_stack, in_registers, in_heap;
	const char *of;
} residue;
residue watch_find(void);

/* Whether the stack below the last call is zeros as far as it is overwritten and untouched beyond, and
 * the registers that a function may lose are 0: on AArch64 those of vectors. */
int watch_clean(void);

#endif
