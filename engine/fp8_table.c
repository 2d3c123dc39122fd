/* fp8_table.c -- tables of eight-lane elements: layouts, the C twins of the lookups, their choice. */
#include <string.h>

#include "cpu.h"
#include "fp8.h"
#include "secret.h"

#define WORDS      16 /* of 64 bits, an entry */
#define BYTES      130 /* an entry by octets: two of zero on top, see fp8_select_vbmi.S */
#define WORD_BYTES 128
#define BLOCK      8  /* entries by words */
#define WIDE       64 /* members, and entries a block, by octets */

/* The octets of lane l, least significant first. */
static void lane_to_octets(uint8_t out[BYTES], const fp8 *a, int l)
{
	memset(out, 0, BYTES);
	for (int i = 0; i < FP8_LIMBS; i++) {
		uint64_t x = a->v[i][l] << (i % 2 * 4);

		for (int b = 0; b < 7 && 13 * i / 2 + b < BYTES; b++)
			out[13 * i / 2 + b] |= (uint8_t)(x >> 8 * b);
	}
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

/* [octet][entry] */
static void put_bytes(uint8_t *table, size_t entries, size_t at, const fp8 *a)
{
	uint8_t octets[FP8_LANES][BYTES];

	for (int l = 0; l < FP8_LANES; l++)
		lane_to_octets(octets[l], a, l);
	for (size_t b = 0; b < BYTES; b++)
		for (size_t l = 0; l < FP8_LANES; l++)
			table[b * entries + at + l] = octets[l][b];
}

/* [entry / 8][word][entry mod 8] */
static void put_words(uint8_t *table, size_t entries, size_t at, const fp8 *a)
{
	uint8_t octets[BYTES];

	(void)entries;
	for (size_t l = 0; l < FP8_LANES; l++) {
		lane_to_octets(octets, a, (int)l);
		for (size_t w = 0; w < WORDS; w++)
			memcpy(table + at * WORD_BYTES + w * 64 + l * 8, octets + w * 8, 8);
	}
}

static void pick_bytes_c(fp8 *r, size_t stride, const uint8_t *table, size_t entries,
		const uint16_t *index)
{
	uint8_t octets[BYTES];

	for (size_t m = 0; m < WIDE; m++) {
		memset(octets, 0, sizeof octets);
		for (size_t e = 0; e < entries; e++) {
			uint64_t mask = ct_mask_eq(e, index[m]);

			for (size_t b = 0; b < BYTES; b++)
				octets[b] |= (uint8_t)(mask & table[b * entries + e]);
		}
		lane_from_octets(&r[m / FP8_LANES * stride], (int)(m % FP8_LANES), octets);
	}
	wipe(octets, sizeof octets);
}

static void pick_words_c(fp8 *r, size_t stride, const uint8_t *table, size_t entries,
		const uint16_t *index)
{
	uint8_t octets[BYTES];

	(void)stride;
	for (size_t m = 0; m < FP8_LANES; m++) {
		memset(octets, 0, sizeof octets);
		for (size_t e = 0; e < entries; e++) {
			uint64_t mask = ct_mask_eq(e, index[m]);
			const uint8_t *t = table + e / BLOCK * BLOCK * WORD_BYTES + e % BLOCK * 8;

			for (size_t b = 0; b < WORD_BYTES; b++)
				octets[b] |= (uint8_t)(mask & t[b / 8 * 64 + b % 8]);
		}
		lane_from_octets(r, (int)m, octets);
	}
	wipe(octets, sizeof octets);
}

static const fp8_table bytes_c = {
	"bytes-c", 0, WIDE / FP8_LANES, BYTES, WIDE, 512, put_bytes, pick_bytes_c,
};
static const fp8_table words_c = {
	"words-c", 0, 1, WORD_BYTES, BLOCK, 65536, put_words, pick_words_c,
};

#ifdef ARCH_x86_64
typedef void select_vbmi(uint64_t *, size_t, const uint8_t *, const uint16_t[WIDE]);
select_vbmi fp8_select_vbmi_64, fp8_select_vbmi_128, fp8_select_vbmi_256, fp8_select_vbmi_512;
void fp8_select_ifma(uint64_t (*)[8], const uint8_t *, size_t, const uint16_t[FP8_LANES]);

static void pick_bytes_vbmi(fp8 *r, size_t stride, const uint8_t *table, size_t entries,
		const uint16_t *index)
{
	select_vbmi *select = entries == 64 ? fp8_select_vbmi_64 :
			entries == 128 ? fp8_select_vbmi_128 :
			entries == 256 ? fp8_select_vbmi_256 : fp8_select_vbmi_512;

	select(r->v[0], stride * sizeof *r, table, index);
}

static void pick_words_ifma(fp8 *r, size_t stride, const uint8_t *table, size_t entries,
		const uint16_t *index)
{
	(void)stride;
	fp8_select_ifma(r->v, table, entries / BLOCK, index);
}

static const fp8_table bytes_vbmi = {
	"vbmi", CPU_IFMA | CPU_VBMI, WIDE / FP8_LANES, BYTES, WIDE, 512, put_bytes, pick_bytes_vbmi,
};
static const fp8_table words_ifma = {
	"ifma", CPU_IFMA, 1, WORD_BYTES, BLOCK, 65536, put_words, pick_words_ifma,
};
#define ASM_ROWS &bytes_vbmi, &words_ifma,
#else
#define ASM_ROWS
#endif

const fp8_table *const fp8_tables[] = { ASM_ROWS &bytes_c, &words_c, NULL };

const fp8_table *fp8_table_for(size_t entries, size_t members, unsigned cpu)
{
	for (size_t i = 0; fp8_tables[i]; i++) {
		const fp8_table *t = fp8_tables[i];

		if (t == &bytes_c || t == &words_c)
			break;
		if (!(t->needs & ~cpu) && entries % t->unit == 0 && entries <= t->max_entries &&
				members > (t->vectors - 1) * FP8_LANES / 2)
			return t;
	}
	return NULL;
}
