/* util_registers.h -- whether a kernel keeps what belongs to its caller. */
#ifndef KM_TESTS_UTIL_REGISTERS_H
#define KM_TESTS_UTIL_REGISTERS_H

#include <stdint.h>

#if defined(ARCH_x86_64) || defined(ARCH_aarch64)
#define REGISTERS_CHECKED

enum { ARGS = 6 };

typedef void any_function(void);

/* What f(args[0], ..) does not keep of what the calling convention says, NULL for nothing.  x86-64: rbx, rbp, r12 to r15,
 * the stack pointer, the direction flag, the modes of SSE and x87.  AArch64: x19 to x29, the lower halves of v8 to v15, the
 * stack pointer, the modes of floating point.  x18, the platform's, compilers use where Linux is the platform; that
 * kernels do not touch it tests/opcodes.sh tells. */
const char *registers_spoiled(any_function *f, const uintptr_t args[ARGS]);

/* A function for each of them that does not keep it is found. */
void registers_check_can_fail(void);
#endif

#endif
