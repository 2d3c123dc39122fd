/* test_proof.c -- what km_init proves: an entry of any kernel that does nothing is noticed, and any lookup. */
#include "util.h"

#include <stdio.h>
#include <string.h>

#include "engine/cpu.h"
#include "engine/curve/curve8.h"
#include "engine/engine.h"
#include "engine/eccsi/p256x8.h"
#include "twins/twins.h"

/* Fits every entry, for it takes nothing and gives nothing. */
static void dead(void)
{
}

typedef void entry(void);

/* Takes the place of any entry whose result comes first: of what it gives one bit is wrong. */
typedef void any_entry(uintptr_t r, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e);

static any_entry *whole;
static size_t wrong_word;

static void wrong(uintptr_t r, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e)
{
	whole(r, a, b, c, d, e);
	((uint64_t *)r)[wrong_word] ^= 1;
}

/* A row with its i-th entry dead; its first is behind name and needs. */
#define ENTRIES(type, first) ((sizeof(type) - offsetof(type, first)) / sizeof(entry *))
#define ENTRY(row, first, i) ((uint8_t *)&(row) + offsetof(__typeof__(row), first) + (i) * sizeof(entry *))
#define KILL(row, first, i) do { \
	entry *none = dead; \
	memcpy(ENTRY(row, first, i), &none, sizeof none); \
} while (0)
#define SPOIL(row, first, i) do { \
	any_entry *spoiled = wrong; \
	memcpy(&whole, ENTRY(row, first, i), sizeof whole); \
	memcpy(ENTRY(row, first, i), &spoiled, sizeof spoiled); \
} while (0)

static void each_entry_of_fp(void **state)
{
	(void)state;
	for (size_t r = 0; fp_kernels[r]; r++) {
		if (fp_kernels[r]->needs & ~cpu_levels())
			continue;
		fp_k = fp_kernels[r];
		assert_true(fp_proved());
		/* The portable row is what others are compared with. */
		for (size_t i = 0; i < ENTRIES(fp_kernel, mul) && fp_kernels[r + 1]; i++) {
			fp_kernel row = *fp_kernels[r];

			KILL(row, mul, i);
			fp_k = &row;
			print_message("%s, entry %zu\n", row.name, i);
			assert_false(fp_proved());
		}
	}
	fp_pick(cpu_levels());
}

static void each_entry_of_p256(void **state)
{
	(void)state;
	for (size_t r = 0; p256_kernels[r + 1]; r++) {
		if (p256_kernels[r]->needs & ~cpu_levels())
			continue;
		p256_k = p256_kernels[r];
		assert_true(p256_proved());
		for (size_t i = 0; i < ENTRIES(p256_kernel, mul); i++) {
			p256_kernel row = *p256_kernels[r];

			KILL(row, mul, i);
			p256_k = &row;
			print_message("%s, entry %zu\n", row.name, i);
			assert_false(p256_proved());
		}
	}
	p256_pick(cpu_levels());
}

static void each_entry_of_fp8(void **state)
{
	(void)state;
	fp8_pick(cpu_levels());
	for (size_t r = 0; fp8_row(r); r++) {
		if (fp8_row(r)->needs & ~cpu_levels())
			continue;
		fp8_k = fp8_row(r);
		assert_true(fp8_proved());
		for (size_t i = 0; i < ENTRIES(fp8_kernel, mul); i++) {
			fp8_kernel row = *fp8_row(r);

			KILL(row, mul, i);
			fp8_k = &row;
			print_message("%s, entry %zu\n", row.name, i);
			assert_false(fp8_proved());
			row = *fp8_row(r);
			SPOIL(row, mul, i);
			for (wrong_word = 0; wrong_word < FP8_LIMBS * FP8_LANES; wrong_word += 9)
				assert_false(fp8_proved());
		}
	}
	fp8_pick(cpu_levels());
}

static void each_entry_of_fp4(void **state)
{
	(void)state;
	if (!fp8_pick(cpu_levels()))
		fp8_k = &fp8_twin;
	for (size_t r = 0; fp4_row(r); r++) {
		if (fp4_row(r)->needs & ~cpu_levels())
			continue;
		fp4_k = fp4_row(r);
		assert_true(fp4_proved());
		for (size_t i = 0; i < ENTRIES(fp4_kernel, mul); i++) {
			const size_t words = 8 * (i == 2 ? FP2_ROWS : FP4_ROWS);
			fp4_kernel row = *fp4_row(r);

			KILL(row, mul, i);
			fp4_k = &row;
			print_message("%s, entry %zu\n", row.name, i);
			assert_false(fp4_proved());
			row = *fp4_row(r);
			SPOIL(row, mul, i);
			for (wrong_word = 0; wrong_word < words; wrong_word++)
				assert_false(fp4_proved());
		}
	}
	fp4_pick(cpu_levels());
	fp8_pick(cpu_levels());
}

static void each_entry_of_p256x8(void **state)
{
	(void)state;
	for (size_t r = 0; p256x8_row(r); r++) {
		if (p256x8_row(r)->needs & ~cpu_levels())
			continue;
		p256x8_k = p256x8_row(r);
		assert_true(p256x8_proved());
		for (size_t i = 0; i < ENTRIES(p256x8_kernel, mul) - 1; i++) {
			p256x8_kernel row = *p256x8_row(r);

			KILL(row, mul, i);
			p256x8_k = &row;
			print_message("%s, entry %zu\n", row.name, i);
			assert_false(p256x8_proved());
			row = *p256x8_row(r);
			SPOIL(row, mul, i);
			for (wrong_word = 0; wrong_word < P256X8_LIMBS * P256X8_LANES; wrong_word++)
				assert_false(p256x8_proved());
		}
	}
	p256x8_pick(cpu_levels());
}

static void each_lookup(void **state)
{
	static const size_t sizes[] = {16, 128, 512};

	(void)state;
	if (!fp8_pick(cpu_levels()))
		fp8_k = &fp8_twin;
	for (size_t t = 0; fp8_table_row(t); t++) {
		for (size_t s = 0; s < 3; s++) {
			fp8_table no_pick = *fp8_table_row(t), no_put = no_pick;

			if (no_pick.needs & ~cpu_levels() || sizes[s] % no_pick.unit ||
					sizes[s] > no_pick.max_entries)
				continue;
			print_message("%s, %zu\n", no_pick.name, sizes[s]);
			KILL(no_pick, pick, 0);
			KILL(no_put, put, 0);
			assert_true(fp8_table_proves(fp8_table_row(t), sizes[s]));
			assert_false(fp8_table_proves(&no_pick, sizes[s]));
			assert_false(fp8_table_proves(&no_put, sizes[s]));
		}
	}
}

/* The one that tables use, whichever it is: what it finds is wrong, once for each size. */
static size_t wrong_size;

const fp8_table *__real_fp8_table_for(size_t entries, size_t members, unsigned cpu);
const fp8_table *__wrap_fp8_table_for(size_t entries, size_t members, unsigned cpu);

const fp8_table *__wrap_fp8_table_for(size_t entries, size_t members, unsigned cpu)
{
	static fp8_table wrong;
	const fp8_table *t = __real_fp8_table_for(entries, members, cpu);

	if (!t || entries != wrong_size)
		return t;
	wrong = *t;
	KILL(wrong, pick, 0);
	return &wrong;
}

static void the_lookups_in_use_are_proved(void **state)
{
	static const size_t sizes[] = {16, 128, 512};

	(void)state;
	if (!fp8_pick(cpu_levels()))
		skip_as("this processor has no row of eight lanes");
	for (size_t s = 0; s < 3; s++) {
		wrong_size = sizes[s];
		assert_false(fp8_proved());
	}
	wrong_size = 0;
	assert_true(fp8_proved());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_entry_of_fp),
		cmocka_unit_test(each_entry_of_p256),
		cmocka_unit_test(each_entry_of_fp8),
		cmocka_unit_test(each_entry_of_fp4),
		cmocka_unit_test(each_entry_of_p256x8),
		cmocka_unit_test(each_lookup),
		cmocka_unit_test(the_lookups_in_use_are_proved),
	};

	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
