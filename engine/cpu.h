/* cpu.h -- what this processor can do, by product level. */
#ifndef KM_CPU_H
#define KM_CPU_H

/* Each level is a set of instructions that kernels may need together.  A bit is set only where the
 * processor has the instructions and the system saves the registers (CPUID and XCR0; HWCAP). */
enum {
	CPU_ADX = 1 << 0,    /* BMI2, ADX and AVX2 */
	CPU_IFMA = 1 << 1,   /* AVX-512 F, VL, BW, DQ and IFMA */
	CPU_VBMI = 1 << 2,   /* AVX-512 VBMI, with CPU_IFMA */
	CPU_A64 = 1 << 3,    /* AArch64 with NEON */
};

/* The levels of this processor, 0 for none. */
unsigned cpu_levels(void);

/* The vector registers that anything in this process may use: 0, xmm0 to xmm15; 1, ymm0 to ymm15;
 * 2, zmm0 to zmm31 and masks. */
unsigned cpu_vectors(void);

#endif
