/* test_digests.c -- the digests of the tables over P and g, computed again by the portable builder;
 * with --print, as the list that the engine holds. */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/table/comb_digest.h"
#include "engine/table/tables.h"
#include "twins/twins.h"

static ec_point *chain;
static fp *chain_g;

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

/* The table of eight lanes that holds these entries, by the C twin of its layout. */
static void eight_digest(uint8_t out[32], const fp *t, size_t coords, const comb_shape *shape,
		const fp8_table *layout)
{
	comb8 c = {*shape, layout, coords, coords * layout->octets * shape->entries, NULL};
	fp8 a;

	c.t = aligned_alloc(64, shape->windows * c.window_bytes);
	assert_non_null(c.t);
	for (size_t i = 0; i < shape->windows; i++) {
		for (size_t k = 0; k < coords; k++) {
			for (size_t j = 0; j < shape->entries; j += FP8_LANES) {
				to_lanes(&a, t + (i * shape->entries + j) * coords + k, coords);
				layout->put(c.t + i * c.window_bytes + k * layout->octets * shape->entries,
						shape->entries, j, &a, 0);
			}
		}
	}
	comb_digest_eight(out, &c);
	free(c.t);
}

/* By the C twins of the lanes: there is no other builder of these. */
static void alone_digest(uint8_t out[32], digest_base base)
{
	alone_table t;

	fp8_k = &fp8_twin;
	assert_int_equal(base == DIGEST_P ? alone_build(&t, chain) : alone_build_g(&t, chain_g), KM_OK);
	comb_digest_alone(out, &t);
	alone_clear(&t);
}

static void compute(uint8_t out[32], digest_base base, digest_layout layout, unsigned w)
{
	comb c;
	gcomb g;
	fp *t;
	size_t coords = base == DIGEST_P ? 2 : 1;
	comb_shape shape = comb_shape_of(w);

	if (layout == DIGEST_ALONE) {
		alone_digest(out, base);
		return;
	}
	if (base == DIGEST_P) {
		assert_int_equal(comb_build(&c, chain, w), KM_OK);
		t = &c.t->x;
	} else {
		assert_int_equal(gcomb_build(&g, chain_g, w), KM_OK);
		t = g.t;
	}
	if (layout == DIGEST_LIMBS)
		comb_digest_limbs(out, t->v, shape.windows * shape.entries * coords * FP_LIMBS);
	else
		eight_digest(out, t, coords, &shape,
				layout == DIGEST_WORDS ? &fp8_words_twin : &fp8_bytes_twin);
	free(t);
}

static void they_are_those_of_the_portable_builder(void **state)
{
	(void)state;
	for (size_t i = 0; i < comb_digests_n; i++) {
		const comb_digest *d = &comb_digests[i];
		uint8_t got[32];

		compute(got, d->base, d->layout, d->w);
		assert_memory_equal(got, d->digest, sizeof got);
		assert_int_equal(comb_digest_check(got, d->base, d->layout, d->w), KM_OK);
	}
}

static void a_flipped_bit_or_another_table_does_not_fit(void **state)
{
	comb c;
	gcomb g;
	uint8_t got[32];
	size_t limbs;

	(void)state;
	assert_int_equal(comb_build(&c, chain, 6), KM_OK);
	limbs = c.shape.windows * c.shape.entries * 2 * FP_LIMBS;
	c.t[7].y.v[3] ^= 1 << 20;
	comb_digest_limbs(got, c.t->x.v, limbs);
	assert_int_equal(comb_digest_check(got, DIGEST_P, DIGEST_LIMBS, 6), KM_ESELFTEST);
	c.t[7].y.v[3] ^= 1 << 20;
	comb_digest_limbs(got, c.t->x.v, limbs);
	assert_int_equal(comb_digest_check(got, DIGEST_P, DIGEST_LIMBS, 6), KM_OK);
	assert_int_equal(comb_digest_check(got, DIGEST_P, DIGEST_LIMBS, 8), KM_ESELFTEST);
	assert_int_equal(comb_digest_check(got, DIGEST_G, DIGEST_LIMBS, 6), KM_ESELFTEST);
	comb_clear(&c);
	assert_int_equal(gcomb_build(&g, chain_g, 6), KM_OK);
	g.t[g.shape.windows * g.shape.entries - 1].v[15] ^= 1;
	comb_digest_limbs(got, g.t->v, g.shape.windows * g.shape.entries * FP_LIMBS);
	assert_int_equal(comb_digest_check(got, DIGEST_G, DIGEST_LIMBS, 6), KM_ESELFTEST);
	gcomb_clear(&g);
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
		digest_layout layout;
		const char *name;
		unsigned w[3];
	} uses[] = {
		{DIGEST_LIMBS, "DIGEST_LIMBS", {6, 8, 0}},
		{DIGEST_WORDS, "DIGEST_WORDS", {6, 8, 10}},
		{DIGEST_OCTETS, "DIGEST_OCTETS", {8, 10, 0}},
		{DIGEST_ALONE, "DIGEST_ALONE", {5, 0, 0}},
	};
	uint8_t d[32];

	for (size_t u = 0; u < sizeof uses / sizeof *uses; u++) {
		for (size_t i = 0; i < 3 && uses[u].w[i]; i++) {
			for (int base = DIGEST_P; base <= DIGEST_G; base++) {
				compute(d, (digest_base)base, uses[u].layout, uses[u].w[i]);
				printf("\t{%s, %s, %u, {", base == DIGEST_P ? "DIGEST_P" : "DIGEST_G",
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
	printf("\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_those_of_the_portable_builder),
		cmocka_unit_test(a_flipped_bit_or_another_table_does_not_fit),
	};
	int failed = 0;

	chain = aligned_alloc(64, CHAIN_LEN * sizeof *chain);
	chain_g = aligned_alloc(64, CHAIN_LEN * sizeof *chain_g);
	if (km_init("c") != KM_OK || !chain || !chain_g || chain_of_point(chain, &ec_p) != KM_OK ||
			chain_of_g(chain_g) != KM_OK)
		return 1;
	if (argc > 1 && strcmp(argv[1], "--print") == 0)
		print_all();
	else
		failed = cmocka_run_group_tests_name("digests", tests, NULL, NULL);
	free(chain);
	free(chain_g);
	return failed;
}
