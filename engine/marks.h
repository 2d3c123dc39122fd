/* marks.h -- marks for the constant-time check: what is secret, and what is public by an argument. */
#ifndef KM_MARKS_H
#define KM_MARKS_H

/* In a constant-time build (-DKM_CTCHECK) memcheck treats secrets as undefined memory: a branch or
 * an address that depends on one is reported.  ct_secret marks a secret, ct_public declassifies a
 * value that is public by an argument written beside the call. */
#ifdef KM_CTCHECK
#include <valgrind/memcheck.h>
#define ct_secret(p, len) VALGRIND_MAKE_MEM_UNDEFINED(p, len)
#define ct_public(p, len) VALGRIND_MAKE_MEM_DEFINED(p, len)
#else
#define ct_secret(p, len) ((void)(p), (void)(len))
#define ct_public(p, len) ((void)(p), (void)(len))
#endif

#endif
