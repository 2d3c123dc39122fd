/* cpu.c -- asks the processor and the system what kernels may use. */
#include "cpu.h"

#ifdef ARCH_x86_64
#include <cpuid.h>
#include <stdint.h>

/* The register states that the system saves. */
static uint64_t xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static unsigned all(unsigned value, unsigned bits)
{
	return (value & bits) == bits;
}

unsigned cpu_levels(void)
{
	const unsigned avx2 = 1u << 5, bmi2 = 1u << 8, adx = 1u << 19;
	const unsigned f = 1u << 16, dq = 1u << 17, ifma = 1u << 21, bw = 1u << 30, vl = 1u << 31;
	const unsigned osxsave = 1u << 27, vbmi = 1u << 1;
	const uint64_t ymm = 0x06, zmm = 0xe6; /* SSE and AVX; and the mask and ZMM registers */
	unsigned a, b, c, d, max = __get_cpuid_max(0, 0), levels = 0;
	uint64_t saved;

	if (max < 7 || !__get_cpuid(1, &a, &b, &c, &d) || !(c & osxsave))
		return 0;
	saved = xcr0();
	__cpuid_count(7, 0, a, b, c, d);
	if ((saved & ymm) == ymm && all(b, avx2 | bmi2 | adx))
		levels |= CPU_ADX;
	if ((saved & zmm) == zmm && all(b, f | dq | ifma | bw | vl)) {
		levels |= CPU_IFMA;
		if (c & vbmi)
			levels |= CPU_VBMI;
	}
	return levels;
}

unsigned cpu_vectors(void)
{
	const unsigned osxsave = 1u << 27, avx = 1u << 28, f = 1u << 16;
	const uint64_t ymm = 0x06, zmm = 0xe6;
	unsigned a, b, c, d;
	uint64_t saved;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !all(c, osxsave | avx))
		return 0;
	saved = xcr0();
	if ((saved & ymm) != ymm)
		return 0;
	return (saved & zmm) == zmm && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & f) ? 2 : 1;
}
#elif defined(ARCH_aarch64)
#include <sys/auxv.h>

unsigned cpu_levels(void)
{
	const unsigned long asimd = 1ul << 1;

	return getauxval(AT_HWCAP) & asimd ? CPU_A64 : 0;
}
#else
unsigned cpu_levels(void)
{
	return 0;
}
#endif

#ifndef ARCH_x86_64
unsigned cpu_vectors(void)
{
	return 0;
}
#endif
