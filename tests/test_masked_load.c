/* test_masked_load.c -- whether this processor makes a load under a mask in full, whatever the mask:
 * tests/opcodes.awk takes that for granted, and the lookups by AVX-512 rest on it.
 *
 * A line is flushed, loaded under a mask of zeros, and loaded again by itself: the second load is as
 * fast as after one without a mask, or as slow as after none.  Medians of many; a clock too coarse to
 * tell these two apart skips the test, and so does a processor without AVX-512.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cpu.h"
#include "util.h"

#ifdef ARCH_x86_64
#include <x86intrin.h>

enum { SAMPLES = 4001, PAGE = 4096 };

static _Alignas(PAGE) uint8_t pages[4 * PAGE];
static const uint8_t *const line = pages + 2 * PAGE + 7 * 64;

static void none(void)
{
}

static void plain(void)
{
	__asm__ volatile("vmovdqu64 (%0), %%zmm1" : : "r"(line) : "xmm1", "memory");
}

/* What the lookups have: moves and permutations from memory, of words and of octets. */
static void move_words(void)
{
	__asm__ volatile("kxorw %%k1, %%k1, %%k1; vmovdqa64 (%0), %%zmm1%{%%k1%}" : : "r"(line)
			: "xmm1", "memory");
}

static void move_words_zeroing(void)
{
	__asm__ volatile("kxorw %%k1, %%k1, %%k1; vmovdqa64 (%0), %%zmm1%{%%k1%}%{z%}" : : "r"(line)
			: "xmm1", "memory");
}

static void add_words(void)
{
	__asm__ volatile("kxorw %%k1, %%k1, %%k1; vpaddq (%0), %%zmm1, %%zmm1%{%%k1%}" : : "r"(line)
			: "xmm1", "memory");
}

static void permute_words(void)
{
	__asm__ volatile("kxorw %%k1, %%k1, %%k1; vpermq (%0), %%zmm2, %%zmm1%{%%k1%}" : : "r"(line)
			: "xmm1", "memory");
}

static void permute_octets(void)
{
	__asm__ volatile("kxorq %%k1, %%k1, %%k1; vpermb (%0), %%zmm2, %%zmm1%{%%k1%}" : : "r"(line)
			: "xmm1", "memory");
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Cycles of a load of the line after it was flushed and f called: the median. */
static uint64_t reload(void (*f)(void))
{
	static uint64_t took[SAMPLES];
	unsigned processor;

	for (size_t i = 0; i < SAMPLES; i++) {
		uint64_t from;

		_mm_clflush(line);
		_mm_mfence();
		f();
		for (volatile int wait = 0; wait < 300; wait++)
			; /* the load arrives */
		_mm_mfence();
		_mm_lfence();
		from = __rdtscp(&processor);
		_mm_lfence();
		*(const volatile uint8_t *)line;
		_mm_lfence();
		took[i] = __rdtscp(&processor) - from;
	}
	qsort(took, SAMPLES, sizeof *took, by_size);
	return took[SAMPLES / 2];
}

static void a_load_under_a_mask_is_made_in_full(void **state)
{
	static const struct {
		const char *name;
		unsigned needs;
		void (*load)(void);
	} loads[] = {
		{"vmovdqa64", 0, move_words}, {"vmovdqa64, zeroing", 0, move_words_zeroing},
		{"vpaddq", 0, add_words}, {"vpermq", 0, permute_words},
		{"vpermb", CPU_VBMI, permute_octets},
	};
	uint64_t flushed, loaded;

	(void)state;
	memset(pages, 1, sizeof pages);
	flushed = reload(none);
	loaded = reload(plain);
	print_message("cycles: %llu after a load, %llu after none\n", (unsigned long long)loaded,
			(unsigned long long)flushed);
	if (flushed < 2 * loaded)
		skip_as("the clock, or the cache, does not tell them apart");
	for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
		uint64_t masked;

		if (loads[i].needs & ~cpu_levels())
			continue;
		masked = reload(loads[i].load);
		print_message("cycles: %llu after %s\n", (unsigned long long)masked, loads[i].name);
		assert_true(masked < loaded + (flushed - loaded) / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_load_under_a_mask_is_made_in_full),
	};

	if (!(cpu_levels() & CPU_IFMA)) {
		printf("[  SKIPPED ] masked loads: this processor has no AVX-512\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
	printf("[  SKIPPED ] masked loads: no kernels of another processor than x86-64 have them\n");
	return 0;
}
#endif
