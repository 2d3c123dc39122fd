/* fp8_table.c -- tables for eight lanes: their layouts, their lookups, the choice.
 *
 * Layouts are little-endian, as are the processors that have lookups for them.
 */
#include <string.h>

#include "cpu.h"
#include "fp8.h"
#include "secret.h"

#define WORDS      16 /* of 64 bits, an entry */
#define BYTES      130 /* an entry by octets: two of zero on top, see fp8_select_vbmi.S */
#define WORD_BYTES 128
#define TILE       8  /* entries side by side, by words */
#define WIDE       64 /* members, and entries a tile, by octets */
#define LOOKUPS    16 /* of WIDE members that one pass over a table serves */
#define OCTET_LOOKUPS 8 /* the same where what is prepared for one takes more room: */
#define OCTET_TILES 32  /* up to so many tiles of sixteen entries */

#ifdef ARCH_x86_64
/* Bits 64w .. 64w + 63 of lane l. */
static uint64_t word_of_lane(const fp8 *a, int l, int w)
{
	int i = 64 * w / 52, off = 64 * w % 52;
	uint64_t x = a->v[i][l] >> off | a->v[i + 1][l] << (52 - off);

	if (off > 40 && i + 2 < FP8_LIMBS)
		x |= a->v[i + 2][l] << (104 - off);
	return x;
}

/* Octet i of x[j] and octet j of x[i] change places. */
static void transpose_octets(uint64_t x[8])
{
	static const uint64_t mask[] = { 0x00ff00ff00ff00ff, 0x0000ffff0000ffff, 0x00000000ffffffff };

	for (int s = 0; s < 3; s++) {
		for (int i = 0; i < 8; i++) {
			uint64_t *low = &x[i], *high = &x[i | 1 << s], t;

			if (i & 1 << s)
				continue;
			t = (*low >> (8 << s) ^ *high) & mask[s];
			*high ^= t;
			*low ^= t << (8 << s);
		}
	}
}

/* [octet][entry] */
static void put_bytes(uint8_t *part, size_t entries, size_t at, const fp8 *a, int backwards)
{
	uint64_t x[FP8_LANES];

	for (int w = 0; w < WORDS; w++) {
		for (int l = 0; l < FP8_LANES; l++)
			x[l] = word_of_lane(a, backwards ? FP8_LANES - 1 - l : l, w);
		transpose_octets(x);
		for (int b = 0; b < 8; b++)
			memcpy(part + (size_t)(8 * w + b) * entries + at, &x[b], sizeof x[b]);
	}
	for (size_t b = WORD_BYTES; b < BYTES; b++)
		memset(part + b * entries + at, 0, FP8_LANES);
}

/* [entry / 8][word][entry mod 8] */
static void put_words(uint8_t *part, size_t entries, size_t at, const fp8 *a, int backwards)
{
	uint64_t x[FP8_LANES];

	(void)entries;
	for (int w = 0; w < WORDS; w++) {
		for (int l = 0; l < FP8_LANES; l++)
			x[l] = word_of_lane(a, backwards ? FP8_LANES - 1 - l : l, w);
		memcpy(part + at * WORD_BYTES + (size_t)w * sizeof x, x, sizeof x);
	}
}

typedef void select_vbmi(uint64_t *r, size_t stride, const uint8_t *part,
		const uint8_t (*prepared)[2 * WIDE], size_t lookups);
select_vbmi fp8_select_vbmi_64, fp8_select_vbmi_128, fp8_select_vbmi_256, fp8_select_vbmi_512;
void fp8_select_vbmi_prepare(uint8_t prepared[2 * WIDE], const uint16_t index[WIDE]);
void fp8_select_ifma(uint64_t (*r)[8], const uint8_t *part, size_t tiles,
		const uint16_t index[FP8_LANES]);

void fp8_put_vbmi(uint8_t *to, size_t entries, const uint64_t (*a)[8], const uint8_t order[8]);
void fp8_put_ifma(uint8_t *to, const uint64_t (*a)[8], const uint8_t order[8]);

static const uint8_t orders[2][FP8_LANES] = { { 0, 1, 2, 3, 4, 5, 6, 7 }, { 7, 6, 5, 4, 3, 2, 1, 0 } };

static void put_bytes_vbmi(uint8_t *part, size_t entries, size_t at, const fp8 *a, int backwards)
{
	fp8_put_vbmi(part + at, entries, a->v, orders[backwards != 0]);
}

static void put_words_ifma(uint8_t *part, size_t entries, size_t at, const fp8 *a, int backwards)
{
	(void)entries;
	fp8_put_ifma(part + at * WORD_BYTES, a->v, orders[backwards != 0]);
}

static void pick_bytes_vbmi(fp8 *r, size_t coords, const uint8_t *table, size_t entries,
		const uint16_t *index, size_t n)
{
	select_vbmi *select = entries == 64 ? fp8_select_vbmi_64 :
			entries == 128 ? fp8_select_vbmi_128 :
			entries == 256 ? fp8_select_vbmi_256 : fp8_select_vbmi_512;
	_Alignas(64) uint8_t prepared[LOOKUPS][2 * WIDE];

	while (n > 0) {
		size_t now = n < LOOKUPS ? n : LOOKUPS;

		for (size_t g = 0; g < now; g++)
			fp8_select_vbmi_prepare(prepared[g], index + g * WIDE);
		for (size_t c = 0; c < coords; c++)
			select(r[c].v[0], coords * sizeof *r, table + c * BYTES * entries,
					(const uint8_t (*)[2 * WIDE])prepared, now);
		r += now * WIDE / FP8_LANES * coords;
		index += now * WIDE;
		n -= now;
	}
	wipe(prepared, sizeof prepared);
}

static void pick_words_ifma(fp8 *r, size_t coords, const uint8_t *table, size_t entries,
		const uint16_t *index, size_t n)
{
	for (size_t v = 0; v < n; v++)
		for (size_t c = 0; c < coords; c++)
			fp8_select_ifma(r[v * coords + c].v, table + c * WORD_BYTES * entries,
					entries / TILE, index + v * FP8_LANES);
}

static const fp8_table bytes_vbmi = {
	"vbmi", CPU_IFMA | CPU_VBMI, WIDE / FP8_LANES, BYTES, WIDE, 512, put_bytes_vbmi,
	pick_bytes_vbmi,
};
static const fp8_table words_ifma = {
	"ifma", CPU_IFMA, 1, WORD_BYTES, TILE, 65536, put_words_ifma,
	pick_words_ifma,
};

typedef struct {
	_Alignas(64) uint8_t scratch[13][WIDE];
	uint8_t prepared[OCTET_LOOKUPS * OCTET_TILES][WIDE];
} octets_work;
void fp8_select_octets_avx2_prepare(uint8_t (*prepared)[WIDE], const uint8_t low[WIDE],
		const uint8_t high[WIDE], size_t tiles);
void fp8_select_octets_avx2(uint64_t *r, size_t stride, const uint8_t *part, uint8_t (*work)[WIDE],
		size_t lookups, size_t tiles);
void fp8_select_words_avx2(uint64_t (*r)[8], const uint8_t *part, size_t tiles,
		const uint64_t index[FP8_LANES]);

/* The order of members that the kernel's transposition wants. */
static void prepare_octets(uint8_t (*prepared)[WIDE], const uint16_t index[WIDE], size_t tiles)
{
	uint8_t low[WIDE], high[WIDE];

	for (int at = 0; at < WIDE; at++) {
		uint16_t i = index[at / 32 * 32 + at % 16 / 2 * 4 + at % 32 / 16 * 2 + at % 2];

		low[at] = i % 16;
		high[at] = (uint8_t)(i / 16);
	}
	fp8_select_octets_avx2_prepare(prepared, low, high, tiles);
	wipe(low, sizeof low);
	wipe(high, sizeof high);
}

static void pick_octets_avx2(fp8 *r, size_t coords, const uint8_t *table, size_t entries,
		const uint16_t *index, size_t n)
{
	size_t tiles = entries / 16;
	octets_work w;

	while (n > 0) {
		size_t now = n < OCTET_LOOKUPS ? n : OCTET_LOOKUPS;

		for (size_t g = 0; g < now; g++)
			prepare_octets(w.prepared + g * tiles, index + g * WIDE, tiles);
		for (size_t c = 0; c < coords; c++)
			fp8_select_octets_avx2(r[c].v[0], coords * sizeof *r,
					table + c * BYTES * entries, w.scratch, now, tiles);
		r += now * WIDE / FP8_LANES * coords;
		index += now * WIDE;
		n -= now;
	}
	wipe(&w, sizeof w);
}

static void pick_words_avx2(fp8 *r, size_t coords, const uint8_t *table, size_t entries,
		const uint16_t *index, size_t n)
{
	uint64_t wide[FP8_LANES];

	for (size_t v = 0; v < n; v++) {
		for (size_t l = 0; l < FP8_LANES; l++)
			wide[l] = index[v * FP8_LANES + l];
		for (size_t c = 0; c < coords; c++)
			fp8_select_words_avx2(r[v * coords + c].v, table + c * WORD_BYTES * entries,
					entries / TILE, wide);
	}
	wipe(wide, sizeof wide);
}

static const fp8_table octets_avx2 = {
	"avx2", CPU_ADX, WIDE / FP8_LANES, BYTES, WIDE, 512, put_bytes, pick_octets_avx2,
};
static const fp8_table words_avx2 = {
	"avx2-words", CPU_ADX, 1, WORD_BYTES, TILE, 65536, put_words, pick_words_avx2,
};
#define ASM_ROWS &bytes_vbmi, &words_ifma, &octets_avx2, &words_avx2,
#else
#define ASM_ROWS
#endif

const fp8_table *const fp8_tables[] = { ASM_ROWS NULL };

const fp8_table *fp8_table_for(size_t entries, size_t members, unsigned cpu)
{
	for (size_t i = 0; fp8_tables[i]; i++) {
		const fp8_table *t = fp8_tables[i];

		if (!(t->needs & ~cpu) && entries % t->unit == 0 && entries <= t->max_entries &&
				(t->unit < WIDE || (entries & (entries - 1)) == 0) &&
				(t->vectors == 1 || members > 2 * FP8_LANES))
			return t;
	}
	return NULL;
}
