/* fp8_table.c -- the C twins of the lookups in tables for eight lanes: octet by octet, by the layouts alone. */
#include <string.h>

#include "engine/secret.h"
#include "twins.h"

enum { BYTES = 130, WORD_BYTES = 128, TILE = 8, WIDE = 64 };

/* Octet b of lane l. */
static uint8_t octet_of_lane(const fp8 *a, int l, size_t b)
{
	size_t i = 8 * b / 52, off = 8 * b % 52;
	uint64_t x = i < FP8_LIMBS ? a->v[i][l] >> off : 0;

	if (off > 44 && i + 1 < FP8_LIMBS)
		x |= a->v[i + 1][l] << (52 - off);
	return (uint8_t)x;
}

/* [octet][entry] */
static void put_bytes_c(uint8_t *part, size_t entries, size_t at, const fp8 *a, int backwards)
{
	for (int l = 0; l < FP8_LANES; l++)
		for (size_t b = 0; b < BYTES; b++)
			part[b * entries + at + (size_t)l] =
					octet_of_lane(a, backwards ? FP8_LANES - 1 - l : l, b);
}

/* [entry / 8][word][entry mod 8] */
static void put_words_c(uint8_t *part, size_t entries, size_t at, const fp8 *a, int backwards)
{
	(void)entries;
	for (int l = 0; l < FP8_LANES; l++)
		for (size_t b = 0; b < WORD_BYTES; b++)
			part[at * WORD_BYTES + b / 8 * 64 + (size_t)l * 8 + b % 8] =
					octet_of_lane(a, backwards ? FP8_LANES - 1 - l : l, b);
}

static void lane_from_octets(fp8 *a, int l, const uint8_t in[BYTES])
{
	for (int i = 0; i < FP8_LIMBS; i++) {
		uint64_t x = 0;

		for (int b = 0; b < 7 && 13 * i / 2 + b < BYTES; b++)
			x |= (uint64_t)in[13 * i / 2 + b] << 8 * b;
		a->v[i][l] = x >> (i % 2 * 4) & (((uint64_t)1 << 52) - 1);
	}
}

/* One member, one coordinate. */
static void pick_one_bytes(fp8 *r, int lane, const uint8_t *part, size_t entries, size_t index)
{
	uint8_t octets[BYTES] = { 0 };

	for (size_t e = 0; e < entries; e++) {
		uint64_t mask = ct_mask_eq(e, index);

		for (size_t b = 0; b < BYTES; b++)
			octets[b] |= (uint8_t)(mask & part[b * entries + e]);
	}
	lane_from_octets(r, lane, octets);
	wipe(octets, sizeof octets);
}

static void pick_one_words(fp8 *r, int lane, const uint8_t *part, size_t entries, size_t index)
{
	uint8_t octets[BYTES] = { 0 };

	for (size_t e = 0; e < entries; e++) {
		uint64_t mask = ct_mask_eq(e, index);
		const uint8_t *t = part + e / TILE * TILE * WORD_BYTES + e % TILE * 8;

		for (size_t b = 0; b < WORD_BYTES; b++)
			octets[b] |= (uint8_t)(mask & t[b / 8 * 64 + b % 8]);
	}
	lane_from_octets(r, lane, octets);
	wipe(octets, sizeof octets);
}

static void pick_bytes_c(fp8 *r, size_t coords, const uint8_t *table, size_t entries,
		const uint16_t *index, size_t n)
{
	for (size_t m = 0; m < n * WIDE; m++)
		for (size_t c = 0; c < coords; c++)
			pick_one_bytes(&r[m / FP8_LANES * coords + c], (int)(m % FP8_LANES),
					table + c * BYTES * entries, entries, index[m]);
}

static void pick_words_c(fp8 *r, size_t coords, const uint8_t *table, size_t entries,
		const uint16_t *index, size_t n)
{
	for (size_t m = 0; m < n * FP8_LANES; m++)
		for (size_t c = 0; c < coords; c++)
			pick_one_words(&r[m / FP8_LANES * coords + c], (int)(m % FP8_LANES),
					table + c * WORD_BYTES * entries, entries, index[m]);
}

const fp8_table fp8_bytes_twin = {
	"bytes-c", 0, WIDE / FP8_LANES, BYTES, WIDE, 512, put_bytes_c, pick_bytes_c,
};
const fp8_table fp8_words_twin = {
	"words-c", 0, 1, WORD_BYTES, TILE, 65536, put_words_c, pick_words_c,
};

const fp8_table *fp8_table_row(size_t i)
{
	size_t n = 0;

	while (n < i && fp8_tables[n])
		n++;
	return fp8_tables[n] ? fp8_tables[n] : n == i ? &fp8_bytes_twin :
			n + 1 == i ? &fp8_words_twin : NULL;
}
