/* test_abi.c -- every kernel of the tables leaves to its caller what the calling convention says: see util_registers.h. */
#include <stdio.h>
#include <string.h>

#include "engine/cpu.h"
#include "engine/field/fp.h"
#include "engine/field/fp4.h"
#include "engine/eccsi/p256.h"
#include "engine/eccsi/p256x8.h"
#include "util.h"
#include "util_registers.h"

#ifdef REGISTERS_CHECKED
enum { BUFFER = 65536 };

static _Alignas(64) uint64_t buffer[ARGS][BUFFER / 8];

/* What f does not keep, NULL for nothing.  args: as they are for f, 0 for a buffer. */
static const char *spoiled(any_function *f, const uintptr_t args[ARGS])
{
	uintptr_t all[ARGS];

	for (int i = 0; i < ARGS; i++) {
		for (size_t j = 0; j < BUFFER / 8; j++)
			buffer[i][j] = 1; /* a limb, an index, a count */
		all[i] = args[i] ? args[i] : (uintptr_t)buffer[i];
	}
	return registers_spoiled(f, all);
}

static void the_check_can_fail(void **state)
{
	(void)state;
	registers_check_can_fail();
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
	printf("[  SKIPPED ] abi: no kernels for this processor\n");
	return 0;
}
#endif
