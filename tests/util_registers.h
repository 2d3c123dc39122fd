/* util_registers.h -- whether a kernel keeps the registers that belong to its caller. */
#ifndef KM_TESTS_UTIL_REGISTERS_H
#define KM_TESTS_UTIL_REGISTERS_H

#include <stdint.h>

#if defined(ARCH_x86_64) || defined(ARCH_aarch64)
#define REGISTERS_CHECKED

/* 0 where after f(r, a, b, c, d) all are what they were: the callee-saved ones and the direction flag; on AArch64 the
 * lower halves of v8 to v15 too.  x18, the platform's, compilers use where Linux is the platform; that kernels do not
 * touch it tests/opcodes.sh tells. */
uint64_t registers_changed(void *f, void *r, const void *a, uintptr_t b, uintptr_t c, uintptr_t d);

/* Functions that change one are found. */
void registers_check_can_fail(void);
#endif

#endif
