/* util_registers.c -- calls a kernel with random values in the registers that it must keep. */
#include "tests/util_registers.h"

#include <stddef.h>
#include <string.h>

#include "tests/util.h"

#ifdef REGISTERS_CHECKED
/* Calls f with six arguments and the registers of kept, and leaves in kept what they are then, and behind them the
 * modes.  Gives how far the stack pointer is from where it was. */
int64_t abi_call(any_function *f, const uintptr_t args[ARGS], uint64_t kept[]);
#endif

#ifdef ARCH_x86_64
static const char *const kept_names[] = {"rbx", "rbp", "r12", "r13", "r14", "r15", "the direction flag",
		"the modes of SSE", "the modes of x87"};

/* Of modes, without what happened. */
__asm__(".pushsection .text\n"
	".type abi_call, @function\n"
	"abi_call:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdx\n"
	"	mov %rsp, saved_rsp(%rip)\n"
	"	mov %rdi, %rax; mov %rsi, %r10\n"
	"	mov (%rdx), %rbx; mov 8(%rdx), %rbp; mov 16(%rdx), %r12\n"
	"	mov 24(%rdx), %r13; mov 32(%rdx), %r14; mov 40(%rdx), %r15\n"
	"	mov (%r10), %rdi; mov 8(%r10), %rsi; mov 16(%r10), %rdx\n"
	"	mov 24(%r10), %rcx; mov 32(%r10), %r8; mov 40(%r10), %r9\n"
	"	call *%rax\n"
	"	mov %rsp, %rax; mov saved_rsp(%rip), %rsp; sub %rsp, %rax\n"
	"	pop %rdx\n"
	"	mov %rbx, (%rdx); mov %rbp, 8(%rdx); mov %r12, 16(%rdx)\n"
	"	mov %r13, 24(%rdx); mov %r14, 32(%rdx); mov %r15, 40(%rdx)\n"
	"	pushf; pop %rcx; and $0x400, %ecx; mov %rcx, 48(%rdx); cld\n"
	"	stmxcsr 56(%rdx); mov 56(%rdx), %ecx; and $0xffc0, %ecx; mov %rcx, 56(%rdx)\n"
	"	fnstcw 64(%rdx); movzwl 64(%rdx), %ecx; mov %rcx, 64(%rdx)\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	".size abi_call, . - abi_call\n"
	".local saved_rsp\n"
	".comm saved_rsp, 8, 8\n"
	".popsection\n");

#define SPOILERS(X) \
	X(spoil_rbx, "rbx", "not %rbx") X(spoil_rbp, "rbp", "not %rbp") \
	X(spoil_r12, "r12", "not %r12") X(spoil_r13, "r13", "not %r13") \
	X(spoil_r14, "r14", "not %r14") X(spoil_r15, "r15", "inc %r15") \
	X(spoil_rsp, "the stack pointer", "pop %rcx; push %rcx; push %rcx") \
	X(spoil_direction, "the direction flag", "std") \
	X(spoil_sse, "the modes of SSE", \
			"stmxcsr -8(%rsp); xorl $0x8000, -8(%rsp); ldmxcsr -8(%rsp)") \
	X(spoil_x87, "the modes of x87", \
			"fnstcw -8(%rsp); xorw $0x300, -8(%rsp); fldcw -8(%rsp)") \
	X(spoil_nothing, NULL, "xor %ecx, %ecx; pxor %xmm8, %xmm8")

static void mend_modes(void)
{
	static const uint32_t mxcsr = 0x1f80;
	static const uint16_t x87 = 0x37f;

	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(x87));
}

#elif defined(ARCH_aarch64)
static const char *const kept_names[] = {"x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29",
		"d8", "d9", "d10", "d11", "d12", "d13", "d14", "d15", "the modes of floating point"};

/* pairs OP, BASE, AT: what is kept, with stp or ldp, 19 words from there on. */
__asm__(".pushsection .text\n"
	".macro pairs op, op1, base, at\n"
	"	\\op x19, x20, [\\base, \\at]; \\op x21, x22, [\\base, \\at + 16]; \\op x23, x24, [\\base, \\at + 32]\n"
	"	\\op x25, x26, [\\base, \\at + 48]; \\op x27, x28, [\\base, \\at + 64]; \\op1 x29, [\\base, \\at + 80]\n"
	"	\\op d8, d9, [\\base, \\at + 88]; \\op d10, d11, [\\base, \\at + 104]\n"
	"	\\op d12, d13, [\\base, \\at + 120]; \\op d14, d15, [\\base, \\at + 136]\n"
	".endm\n"
	".type abi_call, %function\n"
	".balign 4\n"
	"abi_call:\n"
	"	hint 34\n"
	"	sub sp, sp, 176; pairs stp, str, sp, 16; stp x30, x2, [sp]\n"
	"	adrp x9, saved_sp; mov x10, sp; str x10, [x9, :lo12:saved_sp]\n"
	"	mov x16, x0; mov x17, x1; pairs ldp, ldr, x2, 0\n"
	"	ldp x0, x1, [x17]; ldp x2, x3, [x17, 16]; ldp x4, x5, [x17, 32]\n"
	"	blr x16\n"
	"	adrp x9, saved_sp; ldr x10, [x9, :lo12:saved_sp]; mov x0, sp; mov sp, x10; sub x0, x0, x10\n"
	"	ldp x30, x2, [sp]; pairs stp, str, x2, 0; mrs x9, fpcr; str x9, [x2, 152]\n"
	"	pairs ldp, ldr, sp, 16; add sp, sp, 176\n"
	"	ret\n"
	".size abi_call, . - abi_call\n"
	".local saved_sp\n"
	".comm saved_sp, 8, 8\n"
	".popsection\n");

#define SPOILERS(X) \
	X(spoil_x19, "x19", "mvn x19, x19") X(spoil_x20, "x20", "mvn x20, x20") \
	X(spoil_x21, "x21", "mvn x21, x21") X(spoil_x22, "x22", "mvn x22, x22") \
	X(spoil_x23, "x23", "mvn x23, x23") X(spoil_x24, "x24", "mvn x24, x24") \
	X(spoil_x25, "x25", "mvn x25, x25") X(spoil_x26, "x26", "mvn x26, x26") \
	X(spoil_x27, "x27", "mvn x27, x27") X(spoil_x28, "x28", "mvn x28, x28") \
	X(spoil_x29, "x29", "add x29, x29, 1") \
	X(spoil_d8, "d8", "not v8.8b, v8.8b") X(spoil_d9, "d9", "not v9.16b, v9.16b") \
	X(spoil_d10, "d10", "not v10.16b, v10.16b") X(spoil_d11, "d11", "not v11.16b, v11.16b") \
	X(spoil_d12, "d12", "not v12.16b, v12.16b") X(spoil_d13, "d13", "not v13.16b, v13.16b") \
	X(spoil_d14, "d14", "not v14.16b, v14.16b") X(spoil_d15, "d15", "ins v15.b[7], wzr; ins v15.b[0], wzr") \
	X(spoil_sp, "the stack pointer", "sub sp, sp, 16") \
	X(spoil_modes, "the modes of floating point", "mrs x9, fpcr; eor x9, x9, 0x1000000; msr fpcr, x9") \
	X(spoil_nothing, NULL, "mov x9, 0; ins v8.d[1], xzr; ins v15.d[1], xzr")

static void mend_modes(void)
{
	__asm__ volatile("msr fpcr, xzr");
}
#endif

#ifdef REGISTERS_CHECKED
enum { KEPT = sizeof kept_names / sizeof *kept_names };

static void nothing(void)
{
}

const char *registers_spoiled(any_function *f, const uintptr_t args[ARGS])
{
	static const uintptr_t none[ARGS];
	static uint64_t seed;
	uint64_t before[KEPT], after[KEPT];

	draw_bytes((uint8_t *)before, sizeof before, &seed);
	abi_call(nothing, none, before); /* its flags and modes */
	memcpy(after, before, sizeof after);
	if (abi_call(f, args, after) != 0)
		return "the stack pointer";
	for (size_t i = 0; i < KEPT; i++)
		if (before[i] != after[i])
			return kept_names[i];
	return NULL;
}

#ifdef ARCH_aarch64
#define LANDING "hint 34; "
#else
#define LANDING
#endif
#define SPOILER_CODE(name, what, code) \
	void name(void); \
	__asm__(".pushsection .text\n.balign 16\n" #name ": " LANDING code "; ret\n.popsection\n");
SPOILERS(SPOILER_CODE)

void registers_check_can_fail(void)
{
	static const struct {
		any_function *f;
		const char *what;
	} spoilers[] = {
#define SPOILER_ROW(name, what, code) {name, what},
		SPOILERS(SPOILER_ROW)
	};
	static const uintptr_t none[ARGS];

	_Static_assert(sizeof spoilers / sizeof *spoilers == KEPT + 2, "each, the stack pointer, and nothing");
	for (size_t i = 0; i < sizeof spoilers / sizeof *spoilers; i++) {
		const char *found = registers_spoiled(spoilers[i].f, none);

		mend_modes();
		if (spoilers[i].what == NULL) {
			assert_null(found);
			continue;
		}
		assert_non_null(found);
		assert_string_equal(found, spoilers[i].what);
	}
}
#endif
