/* test_alone.c -- Edwards sums: one element against affine arithmetic, and one member by eight lanes,
 * on every row, against powers and multiples bit by bit. */
#include "util.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sakke/encap.h"
#include "engine/cpu.h"
#include "engine/curve/edwards8.h"
#include "engine/engine.h"
#include "engine/field/params.h"
#include "engine/table/table_layouts.h"
#include "twins/twins.h"

enum { MEMBERS = 19, W = 5 }; /* two whole steps and more */

static table chain, chain_g, chain_z;
static ec_point z;
static const uint64_t z_secret[16] = {0x0123456789abcdef, 77, [14] = 5};

/* r = [a]P + [b]Z by doublings; 0 where that is infinity. */
static int affine_sum(ec_point *r, const uint64_t a[16], const uint64_t b[16])
{
	static const uint64_t none[16], two[16] = {2};
	ec_point other;
	fp prefix;

	if (!memcmp(a, none, sizeof none))
		return ec_mul_var(r, b, &z);
	if (!ec_mul_var(r, a, &ec_p))
		return 0;
	if (!memcmp(b, none, sizeof none))
		return 1;
	assert_true(ec_mul_var(&other, b, &z));
	if (ec_equal(r, &other))
		return ec_mul_var(r, two, &other);
	if (fp_equal(&r->x, &other.x))
		return 0;
	ec_add_many_var(r, &other, &prefix, 1);
	return 1;
}

/* y of the class of g^k. */
static void power(fp *y, const uint64_t k[16])
{
	fp2 acc = {fp_one, fp_zero}, g = {fp_one, fp_zero};

	fp_from_limbs(&g.im, params_g);
	for (int i = 1023; i >= 0; i--) {
		fp2_sqr(&acc, &acc);
		if (k[i / 64] >> i % 64 & 1)
			fp2_mul(&acc, &acc, &g);
	}
	fp_inv_var(y, &acc.re);
	fp_mul(y, y, &acc.im);
}

/* q - k; k < q, not 0. */
static void minus(uint64_t r[16], const uint64_t k[16])
{
	uint64_t borrow = 0;

	for (int i = 0; i < 16; i++) {
		__extension__ unsigned __int128 d = (unsigned __int128)params_q[i] - k[i] - borrow;
		r[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
}

/* Small scalars, large ones, one bit, long runs of equal bits, and what comes. */
static void scalar(uint64_t r[16], unsigned kind, uint64_t *seed)
{
	static const uint64_t one[16] = {1};

	memset(r, 0, 128);
	if (kind == 0) {
		r[0] = 1;
	} else if (kind == 1) {
		minus(r, one);
	} else if (kind == 2) {
		r[draw(seed) % 15] = (uint64_t)1 << draw(seed) % 64;
	} else if (kind == 3) {
		memset(r, 0xff, 8 * (size_t)(1 + draw(seed) % 14));
	} else {
		for (int i = 0; i < 16; i++)
			r[i] = draw(seed);
		r[15] %= params_q[15];
	}
}

/* The last two pairs of base scalars: R = infinity, and R = 2[rb]P. */
static void members(encap_item *items, uint64_t *seed)
{
	uint64_t one[16] = {1};

	memset(items, 0, MEMBERS * sizeof *items);
	for (unsigned i = 0; i < MEMBERS; i++) {
		scalar(items[i].r, i % 6, seed);
		scalar(items[i].rb, i / 6 + 1, seed);
	}
	memset(items[3].rb, 0, sizeof items[3].rb);
	memset(items[11].r, 0, sizeof items[11].r);
	memcpy(items[5].r, one, sizeof one);
	minus(items[5].rb, z_secret);
	memcpy(items[9].r, one, sizeof one);
	memcpy(items[9].rb, z_secret, sizeof z_secret);
}

static void row(void **state)
{
	const fp8_kernel *k = *state;
	table none;

	if (k->needs & ~cpu_levels())
		skip_as("this processor lacks the row %s", k->name);
	if (!fp8_table_for(FP8_LANES, FP8_LANES, fp8_levels)) {
		assert_int_equal(table_make(&none, &chain, TABLE_GROUPS, W), KM_EKERNEL);
		skip_as("this processor has no lookups for eight lanes");
	}
	fp8_k = k;
}

static void built(table *p, table *of_z, table *g)
{
	assert_int_equal(table_make(p, &chain, TABLE_GROUPS, W), KM_OK);
	assert_int_equal(table_make(of_z, &chain_z, TABLE_GROUPS, W), KM_OK);
	assert_int_equal(table_make(g, &chain_g, TABLE_GROUPS, W), KM_OK);
}

static void check(const encap_item *item, size_t i, int with_z, int with_power)
{
	static const uint64_t none[16];
	uint8_t octets[KM_SAKKE_POINT_BYTES];
	ec_point want;
	fp y;
	int finite = affine_sum(&want, item->rb, with_z ? item->r : none);

	if (item->status != (finite ? KM_OK : KM_EDEGENERATE))
		fail_msg("member %zu: status %d", i, (int)item->status);
	if (!finite)
		return;
	ec_to_octets(octets, &want);
	if (memcmp(item->point, octets, sizeof octets))
		fail_msg("member %zu: R", i);
	power(&y, item->r);
	fp_to_bytes(octets, &y);
	if (with_power && memcmp(item->gr, octets, KM_FP_BYTES))
		fail_msg("member %zu: g^r", i);
}

static void sums_are_multiples_and_powers(void **state)
{
	static encap_item items[MEMBERS];
	table p, of_z, g;
	const encap_tables all = {&p, &of_z, &g, 0}, points = {&p, &of_z, NULL, 0}, p_alone = {&p, NULL, NULL, 0};
	const encap_tables back[2] = {{&p, NULL, &g, 1}, {&p, &of_z, &g, 1}};
	const encap_tables by_chain[2] = {{&p, &chain_z, &g, 0}, {&p, &chain_z, &g, 1}};
	uint64_t seed = 20;

	row(state);
	built(&p, &of_z, &g);
	members(items, &seed);
	assert_int_equal(alone_sums(items, MEMBERS, &all, NULL), KM_OK);
	for (size_t i = 0; i < MEMBERS; i++)
		check(&items[i], i, 1, 1);
	assert_int_equal(items[5].status, KM_EDEGENERATE);
	members(items, &seed);
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(alone_sums(&items[i], 1, i % 2 ? &points : &p_alone, NULL), KM_OK);
		check(&items[i], i, i % 2, 0);
	}
	members(items, &seed);
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(alone_sums(&items[i], 1, &back[i % 2], NULL), KM_OK);
		check(&items[i], i, i % 2, 1);
	}
	members(items, &seed);
	for (size_t i = 0; i < MEMBERS; i++) {
		assert_int_equal(alone_sums(&items[i], 1, &by_chain[i % 2], NULL), KM_OK);
		check(&items[i], i, 1, 1);
	}
	table_clear(&p);
	table_clear(&of_z);
	table_clear(&g);
}

/* Each entry of each window, by its affine coordinates. */
static void tables_hold_odd_multiples(void **state)
{
	const ec_point *links = chain.mem;
	table p;
	ec_point at, twice;
	ed_extended want;
	fp prefix, inv, lanes[3][FP8_LANES];
	fp8 got;

	row(state);
	assert_int_equal(table_make(&p, &chain, TABLE_GROUPS, W), KM_OK);
	for (size_t i = 0; i < p.shape.windows; i += i ? 29 : 1) {
		at = links[p.shape.w * i];
		twice = links[p.shape.w * i + 1];
		for (size_t e = 0; e < p.shape.entries; e++) {
			uint64_t index[FP8_LANES];
			fp *to[FP8_LANES];

			for (size_t c = 0; c < 3; c++) {
				for (size_t l = 0; l < FP8_LANES; l++) {
					index[l] = e;
					to[l] = &lanes[c][l];
				}
				fp8_select(&got, (const uint64_t (*)[FP8_LANES])table_words(&p,
						i / FP8_LANES, c, 0), p.shape.entries, index);
				fp8_to_lanes(to, &got);
			}
			/* (y + x)/2 - (y - x)/2 = x, and so on. */
			ed_from_affine(&want, &at, &ed_map.s, &ed_map.k);
			fp_inv_var(&inv, &want.z);
			fp_mul(&want.x, &want.x, &inv);
			fp_mul(&want.y, &want.y, &inv);
			fp_mul(&want.t, &want.t, &inv);
			fp_sub(&inv, &lanes[1][i % 8], &lanes[0][i % 8]);
			assert_true(fp_equal(&inv, &want.x));
			fp_add(&inv, &lanes[1][i % 8], &lanes[0][i % 8]);
			assert_true(fp_equal(&inv, &want.y));
			assert_true(fp_equal(&lanes[2][i % 8], &want.t));
			ec_add_many_var(&at, &twice, &prefix, 1);
		}
	}
	table_clear(&p);
}

/* P + P, P - P, and P + Z - Z - P + P. */
static void one_element_sums_are_complete(void **state)
{
	ec_point minus_p = ec_p, minus_z = z, r, want;
	const uint64_t two[16] = {2};

	(void)state;
	fp_neg(&minus_p.y, &ec_p.y);
	fp_neg(&minus_z.y, &z.y);
	assert_int_equal(edwards_sum(&r, (ec_point[]){ec_p, ec_p}, 2, NULL), KM_OK);
	assert_true(ec_mul_var(&want, two, &ec_p) && ec_equal(&r, &want));
	assert_int_equal(edwards_sum(&r, (ec_point[]){ec_p, minus_p}, 2, NULL), KM_EDEGENERATE);
	assert_int_equal(edwards_sum(&r, (ec_point[]){ec_p, z, minus_z, minus_p, ec_p}, 5, NULL),
			KM_OK);
	assert_true(ec_equal(&r, &ec_p));
}

int main(void)
{
	struct CMUnitTest tests[16];
	char names[16][64];
	size_t n = 0;

	if (km_init(NULL) != KM_OK || table_chain(&chain, &ec_p) != KM_OK ||
			table_chain(&chain_g, NULL) != KM_OK || !ec_mul_var(&z, z_secret, &ec_p) ||
			table_chain(&chain_z, &z) != KM_OK)
		return 1;
	memset(tests, 0, sizeof tests);
	tests[n].name = "one_element_sums_are_complete";
	tests[n++].test_func = one_element_sums_are_complete;
	for (size_t k = 0; fp8_row(k); k++) {
		snprintf(names[n], sizeof names[n], "sums_are_multiples_and_powers[%s]",
				fp8_row(k)->name);
		tests[n].name = names[n];
		tests[n].initial_state = (void *)(uintptr_t)fp8_row(k);
		tests[n++].test_func = sums_are_multiples_and_powers;
		snprintf(names[n], sizeof names[n], "tables_hold_odd_multiples[%s]",
				fp8_row(k)->name);
		tests[n].name = names[n];
		tests[n].initial_state = (void *)(uintptr_t)fp8_row(k);
		tests[n++].test_func = tables_hold_odd_multiples;
	}
	return _cmocka_run_group_tests("alone", tests, n, NULL, NULL);
}
