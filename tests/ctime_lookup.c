/* ctime_lookup.c -- the constant-time check of every lookup in tables for eight lanes by itself. */
#include "ctime_lookup.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cpu.h"
#include "engine/secret.h"
#include "twins/twins.h"
#include "util.h"

enum { WIDE = 64, COORDS = 2, ENTRIES = 512, VECTORS_MOST = 17 * WIDE / FP8_LANES };

static uint64_t seed = 11;

#ifdef ARCH_x86_64
/* ---- twins of the kernels that memcheck cannot run ---------------------------------------------- */

static bool reads_secret_address;
static volatile unsigned taken;

void __wrap_fp8_select_vbmi_prepare(uint8_t prepared[2 * WIDE], const uint16_t index[WIDE]);
void __wrap_fp8_select_ifma(uint64_t (*r)[8], const uint8_t *part, size_t tiles,
		const uint16_t index[FP8_LANES]);

/* The indexes as they are: the format is the kernels' own. */
void __wrap_fp8_select_vbmi_prepare(uint8_t prepared[2 * WIDE], const uint16_t index[WIDE])
{
	memcpy(prepared, index, sizeof(uint16_t[WIDE]));
}

static void select_vbmi(uint64_t *r, size_t stride, const uint8_t *part,
		const uint8_t (*prepared)[2 * WIDE], size_t lookups, size_t entries)
{
	uint16_t index[WIDE];

	for (size_t g = 0; g < lookups; g++) {
		fp8 picked[WIDE / FP8_LANES];

		memcpy(index, prepared[g], sizeof index);
		if (reads_secret_address)
			taken += part[index[0]];
		fp8_bytes_twin.pick(picked, 1, part, entries, index, 1);
		for (size_t v = 0; v < WIDE / FP8_LANES; v++)
			memcpy((uint8_t *)r + (g * WIDE / FP8_LANES + v) * stride, &picked[v],
					sizeof picked[v]);
	}
}

#define TWIN(entries) \
	void __wrap_fp8_select_vbmi_##entries(uint64_t *r, size_t stride, const uint8_t *part, \
			const uint8_t (*prepared)[2 * WIDE], size_t lookups); \
	void __wrap_fp8_select_vbmi_##entries(uint64_t *r, size_t stride, const uint8_t *part, \
			const uint8_t (*prepared)[2 * WIDE], size_t lookups) \
	{ \
		select_vbmi(r, stride, part, prepared, lookups, entries); \
	}
TWIN(64)
TWIN(128)
TWIN(256)
TWIN(512)

void __wrap_fp8_select_ifma(uint64_t (*r)[8], const uint8_t *part, size_t tiles,
		const uint16_t index[FP8_LANES])
{
	fp8_words_twin.pick((fp8 *)r, 1, part, 8 * tiles, index, 1);
}
#else
static bool reads_secret_address;
#endif

/* ---- lookups -------------------------------------------------------------------------------------- */

/* Entry e of coordinate c is what is in the lanes of in[(e / 8 + c) mod (entries / 8)]. */
static void check_lookup(const fp8_table *t, size_t entries, size_t n)
{
	static fp8 in[ENTRIES / FP8_LANES], out[VECTORS_MOST * COORDS];
	static uint16_t index[VECTORS_MOST * FP8_LANES], known[VECTORS_MOST * FP8_LANES];
	size_t vectors = n * t->vectors, members = vectors * FP8_LANES, eights = entries / FP8_LANES;
	/* tables are public: the twin of the layout makes them */
	const fp8_table *maker = t->vectors == 1 ? &fp8_words_twin : &fp8_bytes_twin;
	uint8_t *table = aligned_alloc(64, COORDS * t->octets * entries);

	for (size_t i = 0; i < eights; i++)
		for (size_t k = 0; k < FP8_LIMBS; k++)
			for (size_t l = 0; l < FP8_LANES; l++)
				in[i].v[k][l] = draw(&seed) >> (k == FP8_LIMBS - 1 ? 29 : 12);
	for (size_t c = 0; c < COORDS; c++)
		for (size_t i = 0; i < eights; i++)
			maker->put(table + c * t->octets * entries, entries, FP8_LANES * i,
					&in[(i + c) % eights], 0);
	for (size_t m = 0; m < members; m++)
		known[m] = index[m] = (uint16_t)(draw(&seed) % entries);
	ct_secret(index, members * sizeof *index);
	t->pick(out, COORDS, table, entries, index, n);
	expect(marked(out, vectors * COORDS * sizeof *out) > 0, "what is looked up is secret");
	ct_public(out, sizeof out);
	for (size_t m = 0; m < members; m++)
		for (size_t k = 0; k < COORDS * FP8_LIMBS; k++)
			expect(out[m / 8 * COORDS + k % 2].v[k / 2][m % 8] == in[(known[m] / 8u + k % 2) %
					eights].v[k / 2][known[m] % 8], "a lookup gives the entry");
	ct_public(index, sizeof index);
	free(table);
}

void check_lookups(unsigned cpu, bool planted)
{
	static const size_t sizes[] = {64, 128, 256, 512};

	reads_secret_address = planted;
	for (size_t i = 0; fp8_table_row(i); i++) {
		const fp8_table *t = fp8_table_row(i);

		if (t->needs & ~(cpu | CPU_IFMA | CPU_VBMI))
			continue;
		for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
			check_lookup(t, sizes[s], 1);
		/* more than one pass over a table serves */
		check_lookup(t, 64, VECTORS_MOST / t->vectors > 17 ? 2 : 17);
	}
}
