/* slots.c -- how long a slot takes: twenty-four independent 512-bit vpmadd52 in a counted loop. */
#include "slots.h"

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
