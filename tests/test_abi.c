/* test_abi.c -- every kernel of the tables leaves to its caller what the x86-64 calling convention
 * says: rbx, rbp, r12 to r15, the stack pointer, the direction flag, the modes of SSE and x87. */
#include <stdio.h>
#include <string.h>

#include "engine/cpu.h"
#include "engine/field/fp.h"
#include "engine/field/fp4.h"
#include "engine/eccsi/p256.h"
#include "engine/eccsi/p256x8.h"
#include "util.h"

#ifdef ARCH_x86_64
enum { ARGS = 6, KEPT = 8, BUFFER = 65536 };

typedef void any_function(void);

/* What a function has to keep. */
typedef struct {
	uint64_t rbx, rbp, r12, r13, r14, r15;
	uint64_t flags;     /* the direction flag, alone */
	uint32_t mxcsr;     /* modes, without what happened */
	uint16_t x87, zero;
} kept;

_Static_assert(sizeof(kept) == 8 * KEPT, "as abi_call has it");

/* Calls f with six arguments and the first six registers of *k, and leaves in *k what they and the
 * rest are then.  Gives how far the stack pointer is from where it was. */
int64_t abi_call(any_function *f, const uintptr_t args[ARGS], kept *k);
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
	"	stmxcsr 56(%rdx); andl $0xffc0, 56(%rdx); fnstcw 60(%rdx); movw $0, 62(%rdx)\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	".size abi_call, . - abi_call\n"
	".local saved_rsp\n"
	".comm saved_rsp, 8, 8\n"
	".popsection\n");

static _Alignas(64) uint64_t buffer[ARGS][BUFFER / 8];

static void nothing(void)
{
}

/* What f does not keep, NULL for nothing.  args: as they are for f, 0 for a buffer. */
static const char *spoiled(any_function *f, const uintptr_t args[ARGS])
{
	static const uintptr_t none[ARGS];
	static uint64_t seed;
	uintptr_t all[ARGS];
	kept before, after;

	for (int i = 0; i < ARGS; i++) {
		for (size_t j = 0; j < BUFFER / 8; j++)
			buffer[i][j] = 1; /* a limb, an index, a count */
		all[i] = args[i] ? args[i] : (uintptr_t)buffer[i];
	}
	draw_bytes((uint8_t *)&before, sizeof before, &seed);
	abi_call(nothing, none, &before); /* its flags and modes */
	after = before;
	if (abi_call(f, all, &after) != 0)
		return "rsp";
	return before.rbx != after.rbx ? "rbx" : before.rbp != after.rbp ? "rbp" :
			before.r12 != after.r12 ? "r12" : before.r13 != after.r13 ? "r13" :
			before.r14 != after.r14 ? "r14" : before.r15 != after.r15 ? "r15" :
			before.flags != after.flags ? "the direction flag" :
			before.mxcsr != after.mxcsr ? "the modes of SSE" :
			before.x87 != after.x87 ? "the modes of x87" : NULL;
}

/* ---- that it can fail ------------------------------------------------------------------- */

#define SPOILERS(X) \
	X(spoil_rbx, "rbx", "not %rbx") X(spoil_rbp, "rbp", "not %rbp") \
	X(spoil_r12, "r12", "not %r12") X(spoil_r13, "r13", "not %r13") \
	X(spoil_r14, "r14", "not %r14") X(spoil_r15, "r15", "inc %r15") \
	X(spoil_rsp, "rsp", "pop %rcx; push %rcx; push %rcx") \
	X(spoil_direction, "the direction flag", "std") \
	X(spoil_sse, "the modes of SSE", \
			"stmxcsr -8(%rsp); xorl $0x8000, -8(%rsp); ldmxcsr -8(%rsp)") \
	X(spoil_x87, "the modes of x87", \
			"fnstcw -8(%rsp); xorw $0x300, -8(%rsp); fldcw -8(%rsp)")

#define SPOILER_CODE(name, what, code) \
	void name(void); \
	__asm__(".pushsection .text\n" #name ": " code "; ret\n.popsection\n");
SPOILERS(SPOILER_CODE)

static void mend_modes(void)
{
	static const uint32_t mxcsr = 0x1f80;
	static const uint16_t x87 = 0x37f;

	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(x87));
}

static void the_check_can_fail(void **state)
{
	static const struct {
		any_function *f;
		const char *what;
	} spoilers[] = {
#define SPOILER_ROW(name, what, code) {name, what},
		SPOILERS(SPOILER_ROW)
	};
	static const uintptr_t none[ARGS];

	(void)state;
	for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
		const char *found = spoiled(spoilers[i].f, none);

		mend_modes();
		assert_non_null(found);
		assert_string_equal(found, spoilers[i].what);
	}
	assert_null(spoiled(nothing, none));
}

/* ---- the tables ------------------------------------------------------------------------- */

/* Arguments of a kernel that are not all buffers. */
typedef struct {
	size_t at; /* of its pointer in the row */
	uintptr_t args[ARGS];
} call;

/* All pointers to functions of a row: they begin after its name and its needs. */
static void check_row(const char *table, const void *row, size_t first, size_t size,
		const call *calls, size_t n)
{
	static const uintptr_t buffers[ARGS];
	const char *name = *(const char *const *)row;
	unsigned needs = *(const unsigned *)((const char *)row + sizeof name);

	if ((needs & cpu_levels()) != needs) {
		printf("[  SKIPPED ] %s[%s]: this processor cannot run it\n", table, name);
		return;
	}
	for (size_t at = first; at < size; at += sizeof(any_function *)) {
		const uintptr_t *args = buffers;
		const char *what;
		any_function *f;

		memcpy(&f, (const char *)row + at, sizeof f);
		for (size_t i = 0; i < n; i++)
			if (calls[i].at == at)
				args = calls[i].args;
		what = spoiled(f, args);
		if (what)
			fail_msg("%s[%s], the function at %zu: %s is not kept", table, name, at, what);
	}
}

#define CHECK_TABLE(rows, type, first, calls) \
	for (size_t row = 0; rows[row]; row++) \
	check_row(#rows, rows[row], offsetof(type, first), sizeof(type), calls, \
			sizeof calls / sizeof calls[0])

static void fp_kernels_keep_the_callers_state(void **state)
{
	static const call calls[] = {{offsetof(fp_kernel, select), {0, 0, 4, 24, 2}}};

	(void)state;
	CHECK_TABLE(fp_kernels, fp_kernel, mul, calls);
}

static void fp8_kernels_keep_the_callers_state(void **state)
{
	static const call calls[] = {{offsetof(fp8_kernel, select), {0, 0, 4, 0}}};

	(void)state;
	CHECK_TABLE(fp8_kernels, fp8_kernel, mul, calls);
}

/* Lanes are named by buffers that are 1, and there is one square. */
static void fp4_kernels_keep_the_callers_state(void **state)
{
	static const call calls[] = {{offsetof(fp4_kernel, squares), {0, 1}}};

	(void)state;
	CHECK_TABLE(fp4_kernels, fp4_kernel, mul, calls);
}

static void fp8_tables_keep_the_callers_state(void **state)
{
	static const uintptr_t entries[] = {64, 128, 256, 512};

	(void)state;
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
		const call calls[] = {
			{offsetof(fp8_table, put), {0, entries[i], 8, 0, i & 1}},
			{offsetof(fp8_table, pick), {0, 1, 0, entries[i], 0, 1}},
		};

		CHECK_TABLE(fp8_tables, fp8_table, put, calls);
	}
}

static void p256_kernels_keep_the_callers_state(void **state)
{
	static const call calls[] = {{0, {0}}};

	(void)state;
	CHECK_TABLE(p256_kernels, p256_kernel, mul, calls);
}

static void p256x8_kernels_keep_the_callers_state(void **state)
{
	static const call calls[] = {
		{offsetof(p256x8_kernel, pair_dbl), {0, 0, 2}},
		{offsetof(p256x8_kernel, pair_add), {0, 0, 0, 0, 4, 1}},
	};

	(void)state;
	CHECK_TABLE(p256x8_kernels, p256x8_kernel, mul, calls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_check_can_fail),
		cmocka_unit_test(fp_kernels_keep_the_callers_state),
		cmocka_unit_test(fp8_kernels_keep_the_callers_state),
		cmocka_unit_test(fp4_kernels_keep_the_callers_state),
		cmocka_unit_test(fp8_tables_keep_the_callers_state),
		cmocka_unit_test(p256_kernels_keep_the_callers_state),
		cmocka_unit_test(p256x8_kernels_keep_the_callers_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	printf("[  SKIPPED ] abi: no kernels of another processor than x86-64\n");
	return 0;
}
#endif
