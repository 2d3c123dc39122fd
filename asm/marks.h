/* marks.h -- marks for the constant-time check: what is secret, and what is public by an argument. */
#ifndef KM_MARKS_H
#define KM_MARKS_H

#include <stddef.h>
#include <stdint.h>

/* Under memcheck the secrets that the tests give to the engine are undefined memory: a branch or an
 * address that depends on one is reported.  ct_public declassifies a value that is public by an
 * argument written beside the call; ct_secret, which marks a secret, is the tests' alone.
 *
 * The marks are in the objects that are shipped, so that these are what is checked.  A request to
 * memcheck is four rotations that together change nothing and an exchange of a register with itself,
 * which valgrind recognises (its manual, "The Client Request mechanism", and memcheck.h): a
 * signature takes 77 instructions more of 510 000. */
#if defined(ARCH_x86_64) && defined(__linux__)
enum { CT_SECRET = 0x4d430001, CT_PUBLIC = 0x4d430002 }; /* memory is undefined, is defined */

static inline void ct_mark(uintptr_t request, const void *p, size_t len)
{
	const volatile uintptr_t asked[6] = {request, (uintptr_t)p, len};
	uintptr_t answer = 0;

	__asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi\n\t"
			"xchgq %%rbx, %%rbx" : "+d"(answer) : "a"(asked) : "cc", "memory");
}

#define ct_secret(p, len) ct_mark(CT_SECRET, p, len)
#define ct_public(p, len) ct_mark(CT_PUBLIC, p, len)
#else
#define ct_secret(p, len) ((void)(p), (void)(len))
#define ct_public(p, len) ((void)(p), (void)(len))
#endif

#endif
