/* ours_field.c -- products and lookups in F_p, of one element and of eight lanes. */
#include "ours.h"

#include <stdlib.h>
#include <string.h>

#include "engine/field/fp.h"
#include "engine/field/fp8.h"

enum {
	SELECT_ENTRIES = 128, SELECT_WORDS = 2 * FP_LIMBS, /* points, windows of 8 bits */
	PICK_ENTRIES = 512, PICK_COORDS = 2,               /* points, windows of 10 bits */
	PICK_VECTORS = BENCH_BATCH / FP8_LANES,
};

static fp x, y, z;
static fp8 x8, y8;
static uint64_t *table, *entry;
static const fp8_table *layout;
static uint8_t *table8;
static fp8 *picked;
static uint16_t indexes[BENCH_BATCH];

static void *room(size_t len)
{
	void *p = aligned_alloc(64, (len + 63) / 64 * 64);

	if (!p)
		worker_die("out of memory");
	memset(p, 0, len);
	return p;
}

static void start(void)
{
	uint8_t octets[KM_FP_BYTES] = {0};

	bench_octets(octets + 1, sizeof octets - 1, 1);
	fp_from_bytes(&x, octets);
	fp_sqr(&y, &x);
	fp_sqr(&z, &y);
	if (!table) {
		table = room(SELECT_ENTRIES * SELECT_WORDS * sizeof *table);
		entry = room(SELECT_WORDS * sizeof *entry);
	}
}

static void start8(void)
{
	const fp *lanes[FP8_LANES];

	start();
	for (int l = 0; l < FP8_LANES; l++)
		lanes[l] = l % 2 ? &x : &y;
	fp8_from_lanes(&x8, lanes);
	fp8_from_lanes(&y8, lanes);
	if (!table8) {
		table8 = room(PICK_COORDS * layout->octets * PICK_ENTRIES);
		picked = room(PICK_VECTORS * PICK_COORDS * sizeof *picked);
	}
	for (size_t i = 0; i < BENCH_BATCH; i++)
		indexes[i] = (uint16_t)(i * 7 % PICK_ENTRIES);
}

static void mul(size_t turns)
{
	while (turns--)
		fp_mul(&x, &x, &y);
}

static void sqr(size_t turns)
{
	while (turns--)
		fp_sqr(&x, &x);
}

static void mul2(size_t turns)
{
	while (turns--)
		fp_mul2(&x, &x, &z, &y, &y, &z);
}

static void pick(size_t turns)
{
	while (turns--)
		fp_k->select(entry, table, SELECT_ENTRIES, SELECT_WORDS, turns % SELECT_ENTRIES);
}

static void mul8(size_t turns)
{
	while (turns--)
		fp8_mul(&x8, &y8, &x8);
}

static void sqr8(size_t turns)
{
	while (turns--)
		fp8_sqr(&x8, &x8);
}

static void pick8(size_t turns)
{
	while (turns--)
		layout->pick(picked, PICK_COORDS, table8, PICK_ENTRIES, indexes,
				PICK_VECTORS / layout->vectors);
}

size_t field_offer(bench_op *ops)
{
	static const bench_op one[] = {
		{"fp_mul", "us", 1, start, mul, NULL},
		{"fp_sqr", "us", 1, start, sqr, NULL},
		{"fp_mul2", "us", 2, start, mul2, NULL},
		{"fp_select", "us", 1, start, pick, NULL},
	}, eight[] = {
		{"fp8_mul", "us/vector", 1, start8, mul8, NULL},
		{"fp8_sqr", "us/vector", 1, start8, sqr8, NULL},
		{"fp8_select", "us/vector", PICK_VECTORS, start8, pick8, NULL},
	};

	memcpy(ops, one, sizeof one);
	layout = fp8_k ? fp8_table_for(PICK_ENTRIES, BENCH_BATCH, fp8_levels) : NULL;
	if (!layout)
		return sizeof one / sizeof one[0];
	memcpy(ops + sizeof one / sizeof one[0], eight, sizeof eight);
	return (sizeof one + sizeof eight) / sizeof one[0];
}
