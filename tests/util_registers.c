/* util_registers.c -- calls a kernel with known values in the registers that it must keep. */
#include "tests/util_registers.h"

#include <stddef.h>

#include "tests/util.h"

#ifdef ARCH_x86_64
uint64_t registers_changed(void *f, void *r, const void *a, uintptr_t b, uintptr_t c, uintptr_t d)
{
	register uintptr_t r8 __asm__("r8") = d;
	uint64_t changed = (uint64_t)(uintptr_t)f;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n"
			 "push %%rbx\n push %%rbp\n push %%r12\n push %%r13\n push %%r14\n push %%r15\n"
			 "mov %%rsp, %%rbx\n and $-64, %%rsp\n push %%rbx\n push %%rbx\n"
			 "mov $0x11111111, %%ebx\n mov $0x22222222, %%ebp\n mov $0x33333333, %%r12d\n"
			 "mov $0x44444444, %%r13d\n mov $0x55555555, %%r14d\n mov $0x66666666, %%r15d\n"
			 "call *%%rax\n"
			 "xor $0x11111111, %%rbx\n xor $0x22222222, %%rbp\n xor $0x33333333, %%r12\n"
			 "xor $0x44444444, %%r13\n xor $0x55555555, %%r14\n xor $0x66666666, %%r15\n"
			 "pushf\n pop %%rax\n and $0x400, %%eax\n" /* the direction flag */
			 "or %%rbx, %%rax\n or %%rbp, %%rax\n or %%r12, %%rax\n"
			 "or %%r13, %%rax\n or %%r14, %%rax\n or %%r15, %%rax\n"
			 "pop %%rsp\n"
			 "pop %%r15\n pop %%r14\n pop %%r13\n pop %%r12\n pop %%rbp\n pop %%rbx\n"
			 "lea 128(%%rsp), %%rsp\n"
			 : "+a"(changed), "+D"(r), "+S"(a), "+d"(b), "+c"(c), "+r"(r8)
			 :
			 : "r9", "r10", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
			   "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
			   "xmm14", "xmm15");
	return changed;
}

void corrupt_rbx(void);
void corrupt_r15(void);
__asm__(".text\ncorrupt_rbx: xor %ebx, %ebx\nret\ncorrupt_r15: inc %r15\nret\n");
static void (*const corrupt[])(void) = {corrupt_rbx, corrupt_r15};

#elif defined(ARCH_aarch64)
/* A frame of its own: x16 = f, x17 what has been found; the stack pointer is compared too. */
uint64_t registers_call(void *r, const void *a, uintptr_t b, uintptr_t c, uintptr_t d, void *f);
__asm__(".text\n.balign 4\nregisters_call:\n hint 34\n"
	"stp x29, x30, [sp, -192]!\n stp x19, x20, [sp, 16]\n stp x21, x22, [sp, 32]\n"
	"stp x23, x24, [sp, 48]\n stp x25, x26, [sp, 64]\n stp x27, x28, [sp, 80]\n"
	"stp d8, d9, [sp, 96]\n stp d10, d11, [sp, 112]\n stp d12, d13, [sp, 128]\n"
	"stp d14, d15, [sp, 144]\n mov x29, sp\n str x29, [sp, 168]\n"
	".irp i, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28\n mov x\\i, 0x5a00 + \\i\n .endr\n"
	".irp i, 8, 9, 10, 11, 12, 13, 14, 15\n mov x16, 0x6b00 + \\i\n fmov d\\i, x16\n .endr\n"
	"mov x16, x5\n blr x16\n"
	"mov x16, sp\n ldr x17, [sp, 168]\n eor x17, x17, x16\n eor x16, x16, x29\n orr x17, x17, x16\n"
	".irp i, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28\n mov x16, 0x5a00 + \\i\n eor x16, x16, x\\i\n"
	" orr x17, x17, x16\n .endr\n"
	".irp i, 8, 9, 10, 11, 12, 13, 14, 15\n mov x16, 0x6b00 + \\i\n fmov x15, d\\i\n"
	" eor x16, x16, x15\n orr x17, x17, x16\n .endr\n"
	"mov x0, x17\n ldp d14, d15, [sp, 144]\n ldp d12, d13, [sp, 128]\n ldp d10, d11, [sp, 112]\n"
	"ldp d8, d9, [sp, 96]\n ldp x27, x28, [sp, 80]\n ldp x25, x26, [sp, 64]\n ldp x23, x24, [sp, 48]\n"
	"ldp x21, x22, [sp, 32]\n ldp x19, x20, [sp, 16]\n ldp x29, x30, [sp], 192\n ret\n");

uint64_t registers_changed(void *f, void *r, const void *a, uintptr_t b, uintptr_t c, uintptr_t d)
{
	return registers_call(r, a, b, c, d, f);
}

void corrupt_x19(void);
void corrupt_x28(void);
void corrupt_x29(void);
void corrupt_v8(void);
void corrupt_v15(void);
__asm__(".text\n.balign 4\n"
	".irp i, 19, 28, 29\ncorrupt_x\\i: hint 34\n add x\\i, x\\i, 1\n ret\n .endr\n"
	".irp i, 8, 15\ncorrupt_v\\i: hint 34\n movi v\\i\\().2d, 0\n ret\n .endr\n");
static void (*const corrupt[])(void) = {corrupt_x19, corrupt_x28, corrupt_x29, corrupt_v8, corrupt_v15};
#endif

#ifdef REGISTERS_CHECKED
void registers_check_can_fail(void)
{
	for (size_t i = 0; i < sizeof corrupt / sizeof corrupt[0]; i++)
		assert_true(registers_changed((void *)(uintptr_t)corrupt[i], NULL, NULL, 0, 0, 0) != 0);
}
#endif
