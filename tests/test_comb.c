/* test_comb.c -- fixed-base tables: every entry is the multiple it stands for, by every builder. */
#include "util.h"

#include <stdlib.h>
#include <string.h>

#include "engine/table/comb8.h"
#include "engine/engine.h"
#include "engine/init.h"
#include "engine/field/params.h"

enum { ENTRIES_MAX = 512 };

static ec_point chain[CHAIN_LEN];
static fp chain_g[CHAIN_LEN];

/* Entry after entry by the step of two bases, all windows side by side. */
static void require_points(const ec_point *t, const comb_shape *shape)
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
static void require_powers(const fp *t, const comb_shape *shape)
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

static void scalar_tables_hold_odd_multiples(void **state)
{
	(void)state;
	for (unsigned w = 4; w <= 9; w++) {
		comb c;
		gcomb g;

		assert_int_equal(comb_build(&c, chain, w), KM_OK);
		require_points(c.t, &c.shape);
		comb_clear(&c);
		assert_int_equal(gcomb_build(&g, chain_g, w), KM_OK);
		require_powers(g.t, &g.shape);
		gcomb_clear(&g);
	}
}

/* All entries of a table, as lookups give them. */
static void read_all(fp *t, const comb8 *c)
{
	static fp8 r[2 * ENTRIES_MAX / FP8_LANES];
	static uint16_t index[ENTRIES_MAX];
	size_t at_once = c->layout->vectors * FP8_LANES;

	for (size_t i = 0; i < c->shape.windows; i++) {
		for (size_t j = 0; j < c->shape.entries; j++)
			index[j] = (uint16_t)j;
		c->layout->pick(r, c->coords, c->t + i * c->window_bytes, c->shape.entries, index,
				c->shape.entries / at_once);
		for (size_t j = 0; j < c->shape.entries; j += FP8_LANES) {
			for (size_t k = 0; k < c->coords; k++) {
				fp *lane[FP8_LANES];

				for (size_t l = 0; l < FP8_LANES; l++)
					lane[l] = t + (i * c->shape.entries + j + l) * c->coords + k;
				fp8_to_lanes(lane, &r[j / FP8_LANES * c->coords + k]);
			}
		}
	}
}

static void eight_lane_tables_hold_odd_multiples(void **state)
{
	static const size_t members[] = {8, 512};

	(void)state;
	if (!comb8_available())
		skip();
	for (unsigned w = 6; w <= 10; w++) {
		for (size_t m = 0; m < 2; m++) {
			comb8 c;
			ec_point *t;

			assert_int_equal(comb8_build(&c, chain, w, members[m]), KM_OK);
			t = aligned_alloc(64, c.shape.windows * c.shape.entries * sizeof *t);
			read_all(&t->x, &c);
			require_points(t, &c.shape);
			comb8_clear(&c);
			assert_int_equal(comb8_build_g(&c, chain_g, w, members[m]), KM_OK);
			read_all(&t->x, &c);
			require_powers(&t->x, &c.shape);
			comb8_clear(&c);
			free(t);
		}
	}
}

/* The whole suite once for each level this machine runs. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chain_doubles_from_the_half),
		cmocka_unit_test(scalar_tables_hold_odd_multiples),
		cmocka_unit_test(eight_lane_tables_hold_odd_multiples),
	};
	const char *kernel;
	int runs, failed = 0;

	for (size_t i = 0; (kernel = km_kernel_at(i, &runs)); i++) {
		if (!runs) {
			print_message("[  SKIPPED ] comb[%s]: this processor cannot run it\n", kernel);
			continue;
		}
		if (init_again(kernel) != KM_OK || chain_of_point(chain, &ec_p) != KM_OK ||
				chain_of_g(chain_g) != KM_OK)
			return 1;
		print_message("kernel %s\n", kernel);
		failed += cmocka_run_group_tests_name("comb", tests, NULL, NULL);
	}
	return failed;
}
