/* test_digests.c -- the digests of the tables over P and g, computed again by the portable builder;
 * with --print, as the list that the engine holds. */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/hash.h"
#include "engine/table/table_layouts.h"
#include "twins/twins.h"

static table chains[2];

/* Entries are packed by the twin's kernel where the twin is what computes. */
const fp8_table *__real_fp8_table_for(size_t entries, size_t members, unsigned cpu);
const fp8_table *__wrap_fp8_table_for(size_t entries, size_t members, unsigned cpu);

const fp8_table *__wrap_fp8_table_for(size_t entries, size_t members, unsigned cpu)
{
	return fp8_k == &fp8_twin ? &fp8_words_twin : __real_fp8_table_for(entries, members, cpu);
}

/* Eight elements, each as the limbs of a*2^1040 mod p. */
static void to_lanes(fp8 *r, const fp *a, size_t stride)
{
	fp up, v;
	uint64_t two16[16] = {1 << 16};

	fp_from_limbs(&up, two16);
	for (size_t l = 0; l < FP8_LANES; l++) {
		fp_mul(&v, &a[l * stride], &up); /* times 2^1024 already */
		for (size_t i = 0; i < FP8_LIMBS; i++) {
			size_t at = 52 * i / 64, off = 52 * i % 64;

			r->v[i][l] = v.v[at] >> off;
			if (off > 12 && at + 1 < FP_LIMBS)
				r->v[i][l] |= v.v[at + 1] << (64 - off);
			r->v[i][l] &= ((uint64_t)1 << 52) - 1;
		}
	}
}

/* The table of eight lanes that holds the entries of one in limbs, by the C twin of its layout. */
static void eight_digest(uint8_t out[32], const table *limbs, table_layout layout)
{
	const fp8_table *lookup = layout == TABLE_WORDS ? &fp8_words_twin : &fp8_bytes_twin;
	size_t entries = limbs->shape.entries, coords = limbs->coords, part = lookup->octets * entries;
	table t = *limbs;
	uint8_t *to;
	fp8 a;

	t.layout = layout;
	t.octets = lookup->octets;
	t.mem = to = aligned_alloc(64, (table_size(&t) + 63) / 64 * 64);
	assert_non_null(to);
	for (size_t i = 0; i < t.shape.windows; i++) {
		for (size_t k = 0; k < coords; k++, to += part) {
			for (size_t j = 0; j < entries; j += FP8_LANES) {
				to_lanes(&a, (const fp *)limbs->mem + (i * entries + j) * coords + k, coords);
				lookup->put(to, entries, j, &a, 0);
			}
		}
	}
	table_digest_of(out, &t);
	free(t.mem);
}

/* Of groups there is no other builder than that of lanes, by their C twins. */
static void compute(uint8_t out[32], table_base base, table_layout layout, unsigned w)
{
	table_layout by = layout == TABLE_GROUPS ? TABLE_GROUPS : TABLE_LIMBS;
	table t;

	if (by == TABLE_GROUPS)
		fp8_k = &fp8_twin;
	assert_int_equal(table_make(&t, &chains[base], by, w), KM_OK);
	if (by == layout)
		table_digest_of(out, &t);
	else
		eight_digest(out, &t, layout);
	table_clear(&t);
}

static void they_are_those_of_the_portable_builder(void **state)
{
	(void)state;
	for (size_t i = 0; i < table_digests_n; i++) {
		const table_digest *d = &table_digests[i];
		uint8_t got[32];

		compute(got, d->base, d->layout, d->w);
		assert_memory_equal(got, d->digest, sizeof got);
	}
}

/* Of a copy, with one bit of one octet turned over. */
static km_err flipped(const table *t, size_t octet)
{
	uint8_t *copy = malloc(table_size(t));
	table wrong = *t;
	km_err err;

	assert_non_null(copy);
	memcpy(copy, t->mem, table_size(t));
	copy[octet] ^= 0x20;
	wrong.mem = copy;
	err = table_digest_check(&wrong);
	free(copy);
	return err;
}

static void a_flipped_bit_or_another_table_does_not_fit(void **state)
{
	(void)state;
	for (int base = TABLE_POINT; base <= TABLE_G; base++) {
		table t, other;

		assert_int_equal(table_make(&t, &chains[base], TABLE_LIMBS, 6), KM_OK);
		assert_int_equal(table_digest_check(&t), KM_OK);
		assert_int_equal(flipped(&t, 1234), KM_ESELFTEST);
		assert_int_equal(flipped(&t, table_size(&t) - 1), KM_ESELFTEST);
		other = t;
		other.shape.w = 8;
		assert_int_equal(table_digest_check(&other), KM_ESELFTEST);
		other = t;
		other.base = base == TABLE_G ? TABLE_POINT : TABLE_G;
		assert_int_equal(table_digest_check(&other), KM_ESELFTEST);
		other = t;
		other.layout = TABLE_WORDS;
		assert_int_equal(table_digest_check(&other), KM_ESELFTEST);
		table_clear(&t);
	}
}

static void print_octets(const uint8_t d[32])
{
	for (size_t k = 0; k < 32; k++)
		printf("%s0x%02x,", k % 12 ? " " : "\n\t\t", d[k]);
}

/* The list, for every width of the engine's tables; and what is known of the rows of p256x8. */
static void print_all(void)
{
	static const struct {
		table_layout layout;
		const char *name;
		unsigned w[3];
	} uses[] = {
		{TABLE_LIMBS, "TABLE_LIMBS", {6, 8, 0}},
		{TABLE_WORDS, "TABLE_WORDS", {8, 10, 0}},
		{TABLE_OCTETS, "TABLE_OCTETS", {10, 0, 0}},
		{TABLE_GROUPS, "TABLE_GROUPS", {5, 0, 0}},
	};
	uint8_t d[32];

	for (size_t u = 0; u < sizeof uses / sizeof *uses; u++) {
		for (size_t i = 0; i < 3 && uses[u].w[i]; i++) {
			for (int base = TABLE_POINT; base <= TABLE_G; base++) {
				compute(d, (table_base)base, uses[u].layout, uses[u].w[i]);
				printf("\t{%s, %s, %u, {", base == TABLE_POINT ? "TABLE_POINT" : "TABLE_G",
						uses[u].name, uses[u].w[i]);
				print_octets(d);
				printf("\n\t}},\n");
			}
		}
	}
	p256x8_k = &p256x8_twin;
	p256x8_digest(d);
	printf("\n/* engine/eccsi/p256x8.c */");
	print_octets(d);
	printf("\n\n/* engine/eccsi/p256_table.c */");
	hash_parts(d, &(hash_part){(const uint8_t *)p256_narrow_g, sizeof *p256_narrow_g}, 1);
	print_octets(d);
	hash_parts(d, &(hash_part){(const uint8_t *)p256_wide_g, sizeof *p256_wide_g}, 1);
	print_octets(d);
	printf("\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_those_of_the_portable_builder),
		cmocka_unit_test(a_flipped_bit_or_another_table_does_not_fit),
	};
	int failed = 0;

	if (km_init("c") != KM_OK || table_chain(&chains[TABLE_POINT], &ec_p) != KM_OK ||
			table_chain(&chains[TABLE_G], NULL) != KM_OK)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--print") == 0)
		print_all();
	else
		failed = cmocka_run_group_tests_name("digests", tests, NULL, NULL);
	table_clear(&chains[TABLE_POINT]);
	table_clear(&chains[TABLE_G]);
	return failed;
}
