/* slots.c -- how long a slot takes: twenty-four independent 512-bit vpmadd52 in a counted loop; and
 * a cycle: a chain of additions. */
#include "slots.h"

#include <stdint.h>
#include <time.h>

#define TURNS 20000
#define TRIES 5

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void issue(unsigned turns)
{
#ifdef ARCH_x86_64
	__asm__ volatile(
		"1:\n\t"
		".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23\n\t"
		"vpmadd52luq %%zmm30, %%zmm31, %%zmm\\n\n\t"
		".endr\n\t"
		"dec %0\n\t"
		"jnz 1b"
		: "+r"(turns)
		:
		: "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
		"xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#else
	(void)turns;
#endif
}

/* Each addition waits for the one before. */
static inline void chain_of_ten(uint64_t *x)
{
#ifdef ARCH_x86_64
	__asm__ volatile(".rept 10\n\tadd %0, %0\n\t.endr" : "+r"(*x) : : "cc");
#else
	__asm__ volatile(".rept 10\n\tadd %0, %0, %0\n\t.endr" : "+r"(*x));
#endif
}

double slots_ns(void)
{
	double best = 0;

	for (int i = 0; i < TRIES; i++) {
		double t = now();

		issue(TURNS);
		t = (now() - t) / TURNS / 24;
		best = i == 0 || t < best ? t : best;
	}
	return best;
}

double cycle_ns(void)
{
	double best = 0;
	uint64_t x = 1;

	for (int i = 0; i < TRIES; i++) {
		double t = now();

		for (int turn = 0; turn < TURNS; turn++)
			chain_of_ten(&x);
		t = (now() - t) / TURNS / 10;
		best = i == 0 || t < best ? t : best;
	}
	return best;
}
