/* test_fp8_table.c -- the constant-time lookups of eight-lane tables against plain indexing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cpu.h"
#include "twins/twins.h"
#include "util_fp8.h"

/* n picks of points: the second coordinate of an entry is the first one of eight entries later. */
static void check_pick(const fp8_table *t, const fp8 *in, const uint8_t *table, size_t entries,
		size_t turn, size_t n)
{
	static fp8 out[2 * 18 * 8 + 1], untouched;
	static uint16_t index[18 * 64];
	size_t members = n * t->vectors * FP8_LANES;

	for (size_t m = 0; m < members; m++)
		index[m] = (uint16_t)((turn + m * (turn / 8 + 1)) % entries);
	memset(out, 0xff, sizeof out);
	memset(&untouched, 0xff, sizeof untouched);
	t->pick(out, 2, table, entries, index, n);
	for (size_t m = 0; m < members; m++) {
		for (size_t c = 0; c < 2; c++) {
			size_t e = (index[m] + 8 * c) % entries;

			for (int i = 0; i < FP8_LIMBS; i++)
				assert_int_equal(out[m / 8 * 2 + c].v[i][m % 8], in[e / 8].v[i][e % 8]);
		}
	}
	assert_memory_equal(&out[members / 8 * 2], &untouched, sizeof untouched);
}

/* What a pick gives is what was put, for every index, and in every lane. */
static void picks_are_plain_indexing(void **state)
{
	static const size_t sizes[] = { 8, 16, 32, 64, 128, 256, 512 };
	static fp8 in[64];
	const fp8_table *t = *state;

	if (t->needs & ~cpu_levels())
		skip_as("this processor lacks the row %s", t->name);
	for (size_t i = 0; i < 512 / FP8_LANES; i++)
		edge_lanes(&in[i], 1024, 0);
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		size_t entries = sizes[s], part = t->octets * entries;
		uint8_t *table;

		if (entries % t->unit)
			continue;
		table = aligned_alloc(64, 2 * part);
		assert_non_null(table);
		for (size_t i = 0; i < entries / 8; i++) {
			fp8 turned;

			for (int k = 0; k < FP8_LIMBS; k++)
				for (int l = 0; l < FP8_LANES; l++)
					turned.v[k][l] = in[i].v[k][FP8_LANES - 1 - l];
			t->put(table, entries, 8 * i, &turned, 1);
			t->put(table + part, entries, 8 * i, &in[(i + 1) % (entries / 8)], 0);
		}
		for (size_t turn = 0; turn < entries; turn += t->needs ? 1 : entries / 8)
			check_pick(t, in, table, entries, turn, 1);
		for (size_t n = 2; n <= (t->needs ? 18 : 3); n++)
			check_pick(t, in, table, entries, 3 * n, n);
		free(table);
	}
}

static void tables_are_chosen_by_size(void **state)
{
	(void)state;
	assert_null(fp8_table_for(512, 512, 0));
	assert_null(fp8_table_for(8, 8, 0));
#ifdef ARCH_x86_64
	assert_string_equal(fp8_table_for(512, 512, CPU_ADX)->name, "avx2");
	assert_string_equal(fp8_table_for(64, 8, CPU_ADX)->name, "avx2-words");
	assert_string_equal(fp8_table_for(32, 512, CPU_ADX)->name, "avx2-words");
	assert_string_equal(fp8_table_for(512, 512, CPU_IFMA | CPU_VBMI)->name, "vbmi");
	assert_string_equal(fp8_table_for(512, 512, CPU_IFMA)->name, "ifma");
	assert_string_equal(fp8_table_for(64, 8, CPU_IFMA | CPU_VBMI)->name, "ifma");
	assert_string_equal(fp8_table_for(32, 512, CPU_IFMA | CPU_VBMI)->name, "ifma");
	assert_string_equal(fp8_table_for(192, 512, CPU_IFMA | CPU_VBMI)->name, "ifma");
#endif
}

int main(void)
{
	struct CMUnitTest tests[8];
	char names[8][64];
	size_t n = 0;

	memset(tests, 0, sizeof tests);
	tests[n].name = "tables_are_chosen_by_size";
	tests[n++].test_func = tables_are_chosen_by_size;
	for (size_t k = 0; fp8_table_row(k); k++, n++) {
		snprintf(names[n], sizeof names[n], "picks_are_plain_indexing[%s]",
				fp8_table_row(k)->name);
		tests[n].name = names[n];
		tests[n].test_func = picks_are_plain_indexing;
		tests[n].initial_state = (void *)(uintptr_t)fp8_table_row(k);
	}
	return _cmocka_run_group_tests("fp8_table", tests, n, NULL, NULL);
}
