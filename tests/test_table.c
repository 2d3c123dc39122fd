/* test_table.c -- fixed-base tables: every entry is the multiple it stands for, by every builder. */
#include "util.h"

#include <stdlib.h>
#include <string.h>

#include "engine/table/table.h"
#include "engine/engine.h"
#include "engine/init.h"
#include "engine/field/params.h"

enum { ENTRIES_MAX = 512 };

static table chains[2];
static const ec_point *chain; /* over P */
static const fp *chain_g;

/* Entry after entry by the step of two bases, all windows side by side. */
static void require_points(const ec_point *t, const table_shape *shape)
{
	size_t n = shape->windows;
	ec_point *row = calloc(n, sizeof *row), *twice = calloc(n, sizeof *twice);
	fp *prefix = calloc(n, sizeof *prefix);

	for (size_t i = 0; i < n; i++) {
		row[i] = chain[shape->w * i];
		twice[i] = chain[shape->w * i + 1];
	}
	for (size_t j = 0; j < shape->entries; j++) {
		for (size_t i = 0; i < n; i++)
			assert_memory_equal(&t[i * shape->entries + j], &row[i], sizeof *row);
		ec_add_many_var(row, twice, prefix, n);
	}
	free(row);
	free(twice);
	free(prefix);
}

/* 1 + i*t[j] times the square of 1 + i*t[0] is 1 + i*t[j+1] up to a factor in F_p. */
static void require_powers(const fp *t, const table_shape *shape)
{
	for (size_t i = 0; i < shape->windows; i++) {
		const fp *y = t + i * shape->entries;
		fp2 twice = {fp_one, chain_g[shape->w * i]}, a;

		assert_memory_equal(&y[0], &twice.im, sizeof *y);
		fp2_sqr(&twice, &twice);
		for (size_t j = 0; j + 1 < shape->entries; j++) {
			a = (fp2){fp_one, y[j]};
			fp2_mul(&a, &a, &twice);
			fp_mul(&a.re, &a.re, &y[j + 1]);
			assert_true(fp_equal(&a.re, &a.im));
		}
	}
}

static void a_chain_doubles_from_the_half(void **state)
{
	ec_point at;
	fp prefix;
	fp2 g = {fp_one, fp_zero}, square;

	(void)state;
	at = chain[0];
	for (int t = 1; t < CHAIN_LEN; t++) {
		static const uint64_t two[16] = {2};

		assert_true(ec_mul_var(&at, two, &at));
		assert_memory_equal(&at, &chain[t], sizeof at);
	}
	assert_memory_equal(&chain[1], &ec_p, sizeof ec_p);
	fp_from_limbs(&g.im, params_g);
	for (int t = 0; t < CHAIN_LEN; t++) {
		square = (fp2){fp_one, chain_g[t]};
		fp2_sqr(&square, &square);
		fp_inv_var(&prefix, &square.re);
		fp_mul(&square.im, &square.im, &prefix);
		assert_memory_equal(&square.im, t + 1 < CHAIN_LEN ? &chain_g[t + 1] : &square.im,
				sizeof(fp));
		if (t == 0)
			assert_memory_equal(&square.im, &g.im, sizeof(fp));
	}
}

/* All entries of a table for eight lanes, as lookups give them. */
static void read_all(fp *to, const table *t)
{
	static fp8 r[2 * ENTRIES_MAX / FP8_LANES];
	static uint16_t index[ENTRIES_MAX];

	for (size_t i = 0; i < t->shape.windows; i++) {
		for (size_t j = 0; j < t->shape.entries; j++)
			index[j] = (uint16_t)j;
		t->lookup->pick(r, t->coords, table_at(t, i), t->shape.entries, index,
				t->shape.entries / table_unit(t));
		for (size_t j = 0; j < t->shape.entries; j += FP8_LANES) {
			for (size_t k = 0; k < t->coords; k++) {
				fp *lane[FP8_LANES];

				for (size_t l = 0; l < FP8_LANES; l++)
					lane[l] = to + (i * t->shape.entries + j + l) * t->coords + k;
				fp8_to_lanes(lane, &r[j / FP8_LANES * t->coords + k]);
			}
		}
	}
}

static void holds_odd_multiples(table_base base, table_layout layout, unsigned w)
{
	table t;
	fp *all;

	assert_int_equal(table_make(&t, &chains[base], layout, w), KM_OK);
	assert_int_equal(t.base, base);
	assert_int_equal(t.layout, layout);
	all = aligned_alloc(64, t.shape.windows * t.shape.entries * t.coords * sizeof *all);
	assert_non_null(all);
	if (layout == TABLE_LIMBS)
		memcpy(all, t.mem, table_size(&t));
	else
		read_all(all, &t);
	if (base == TABLE_POINT)
		require_points((ec_point *)all, &t.shape);
	else
		require_powers(all, &t.shape);
	free(all);
	table_clear(&t);
}

static void tables_hold_odd_multiples(void **state)
{
	(void)state;
	for (unsigned w = 4; w <= 9; w++) {
		holds_odd_multiples(TABLE_POINT, TABLE_LIMBS, w);
		holds_odd_multiples(TABLE_G, TABLE_LIMBS, w);
	}
}

static void tables_for_eight_lanes_hold_odd_multiples(void **state)
{
	(void)state;
	if (!fp8_k)
		skip_as("this processor has no row of eight lanes");
	for (unsigned w = 6; w <= 10; w++) {
		for (int base = TABLE_POINT; base <= TABLE_G; base++) {
			holds_odd_multiples((table_base)base, TABLE_WORDS, w);
			if (w >= 7 && table_widest(w) == TABLE_OCTETS)
				holds_odd_multiples((table_base)base, TABLE_OCTETS, w);
		}
	}
}

/* The whole suite once for each level this machine runs. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_doubles_from_the_half),
		cmocka_unit_test(tables_hold_odd_multiples),
		cmocka_unit_test(tables_for_eight_lanes_hold_odd_multiples),
	};
	const char *kernel;
	int runs, failed = 0;

	for (size_t i = 0; (kernel = km_kernel_at(i, &runs)); i++) {
		if (!runs) {
			print_message("[  SKIPPED ] table[%s]: this processor cannot run it\n", kernel);
			continue;
		}
		if (init_again(kernel) != KM_OK || table_chain(&chains[TABLE_POINT], &ec_p) != KM_OK ||
				table_chain(&chains[TABLE_G], NULL) != KM_OK)
			return 1;
		chain = chains[TABLE_POINT].mem;
		chain_g = chains[TABLE_G].mem;
		print_message("kernel %s\n", kernel);
		failed += cmocka_run_group_tests_name("table", tests, NULL, NULL);
		table_clear(&chains[TABLE_POINT]);
		table_clear(&chains[TABLE_G]);
	}
	return failed;
}
