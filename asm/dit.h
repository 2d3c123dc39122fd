/* dit.h -- data independent timing, where a processor has it as a state: on while secrets are worked on.
 *
 * Armv8.4 (FEAT_DIT): while PSTATE.DIT is 1, the instructions that engine and libraries compute with take a time
 * that does not depend on their operands; while it is 0 the architecture promises nothing.  Each function of the
 * interfaces that works on secrets, and each thread of provision's, begins with DIT_WITHIN: it is on until the
 * function returns, and then what it was.  A write to it needs no barrier: instructions after it in the program's
 * order see it (Arm ARM, "Process state, PSTATE").  Threads have it each; a system call and a signal keep it.
 *
 * Other processors have no such state, or none that a program may set: there this is nothing.
 */
#ifndef KM_DIT_H
#define KM_DIT_H

#if defined(ARCH_aarch64) && defined(__linux__)
#include <stdatomic.h>
#include <stdint.h>
#include <sys/auxv.h>

#define DIT_BIT (UINT64_C(1) << 24)

/* As S3_3_C4_C2_5, for assemblers that do not know the name without -march. */
static inline uint64_t dit_get(void)
{
	uint64_t now;

	__asm__ volatile("mrs %0, S3_3_C4_C2_5" : "=r"(now));
	return now & DIT_BIT;
}

static inline void dit_set(uint64_t to)
{
	__asm__ volatile("msr S3_3_C4_C2_5, %0" : : "r"(to) : "memory");
}

/* Has this processor the state?  The system says so, or shows the register that does (ID_AA64PFR0_EL1). */
static inline int dit_asked(void)
{
	const unsigned long dit = 1ul << 24, cpuid = 1ul << 11;
	unsigned long hwcap = getauxval(AT_HWCAP);
	uint64_t features;

	if (hwcap & dit || !(hwcap & cpuid))
		return (hwcap & dit) != 0;
	__asm__("mrs %0, S3_0_C0_C4_0" : "=r"(features));
	return (features >> 48 & 15) != 0;
}

static inline int dit_here(void)
{
	static atomic_int known; /* and 1 */
	int here = atomic_load_explicit(&known, memory_order_relaxed);

	if (!here) {
		here = dit_asked() + 1;
		atomic_store_explicit(&known, here, memory_order_relaxed);
	}
	return here - 1;
}

/* On; what it was. */
static inline uint64_t dit_on(void)
{
	uint64_t was;

	if (!dit_here())
		return 0;
	was = dit_get();
	dit_set(DIT_BIT);
	return was;
}

/* What goes back is DIT's alone: it is off where it was. */
static inline void dit_back(const uint64_t *was)
{
	if (dit_here())
		dit_set(*was);
}

#define DIT_WITHIN __attribute__((cleanup(dit_back))) const uint64_t dit_was = dit_on()
#else
#define DIT_WITHIN ((void)0)
#endif

#endif
