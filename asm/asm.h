/* asm.h -- what every kernel file starts from: functions with unwind data, and counted repetition.
 *
 * Hidden visibility: a kernel is reached through the tables of the engine only.  The assembler's
 * .altmacro is on, so %(expression) passes a number to a macro.
 */
#ifdef __CET__
#include <cet.h> /* the note: this object may run where indirect branches and returns are checked */
#endif
#ifdef ARCH_x86_64
	.intel_syntax noprefix
#endif
	.altmacro
	.section .note.GNU-stack, "", %progbits
#ifdef ARCH_aarch64
/* The note: as the flags say, indirect branches land where FUNC allows, and who keeps a return address signs it. */
	.section .note.gnu.property, "a", %note
	.balign	8
	.word	4, 16, 5		/* of "GNU"; octets; properties */
	.asciz	"GNU"
	.word	0xc0000000, 4		/* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI 1, PAC 2 */
#if defined(__ARM_FEATURE_BTI_DEFAULT) && defined(__ARM_FEATURE_PAC_DEFAULT)
	.word	3, 0
#elif defined(__ARM_FEATURE_BTI_DEFAULT)
	.word	1, 0
#else
	.word	0, 0
#endif
#endif

.macro	FUNC name
	.text
	.balign	64
	.globl	\name
	.hidden	\name
	.type	\name, %function
\name:
	.cfi_startproc
#ifdef ARCH_x86_64
	endbr64
#endif
#ifdef ARCH_aarch64
	hint	34	/* bti c, which old assemblers do not know */
#endif
.endm

.macro	ENDFUNC name
	.cfi_endproc
	.size	\name, . - \name
.endm

/* A part of the functions of a file, called by them alone: a symbol for debuggers and profilers. */
.macro	PART name
	.text
	.balign	64
	.type	\name, %function
\name:
	.cfi_startproc
.endm

#ifdef ARCH_x86_64
/* A register of the caller, kept and given back. */
.macro	save reg
	push	\reg
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset \reg, 0
.endm
.macro	restore reg
	pop	\reg
	.cfi_adjust_cfa_offset -8
	.cfi_restore \reg
.endm
#endif

#ifdef ARCH_aarch64
/* Two registers of the caller, kept and given back: the last pair kept is the first given back. */
.macro	save_pair a, b
	stp	\a, \b, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	.cfi_rel_offset \a, 0
	.cfi_rel_offset \b, 8
.endm
.macro	restore_pair a, b
	ldp	\a, \b, [sp], #16
	.cfi_adjust_cfa_offset -16
	.cfi_restore \a
	.cfi_restore \b
.endm
/* Before x30 is kept, and after it has been given back, with sp where it was: signed, where the compiler does so. */
.macro	sign_return
#ifdef __ARM_FEATURE_PAC_DEFAULT
	hint	25	/* paciasp */
	.cfi_negate_ra_state
#endif
.endm
.macro	check_return
#ifdef __ARM_FEATURE_PAC_DEFAULT
	hint	29	/* autiasp */
	.cfi_negate_ra_state
#endif
.endm
/* All that belong to the caller, x29 and the way back among them. */
.macro	save_all
	sign_return
	save_pair	x19, x20
	save_pair	x21, x22
	save_pair	x23, x24
	save_pair	x25, x26
	save_pair	x27, x28
	save_pair	x29, x30
.endm
.macro	restore_all
	restore_pair	x29, x30
	restore_pair	x27, x28
	restore_pair	x25, x26
	restore_pair	x23, x24
	restore_pair	x21, x22
	restore_pair	x19, x20
	check_return
.endm
/* The address of a constant, and what lies behind it. */
.macro	address reg, of
	adrp	\reg, \of
	add	\reg, \reg, :lo12:\of
.endm
#endif

/* do_range from, n, m: m from; m from + 1; ... n times.  for_n n, m: from 0.  By halves, because
 * clang nests macros only 20 deep. */
.macro	do_range from, n, m
	.if	\n == 1
	\m	%(\from)
	.elseif	\n > 1
	do_range	%(\from), %(\n / 2), \m
	do_range	%(\from + \n / 2), %(\n - \n / 2), \m
	.endif
.endm
.macro	for_n n, m
	do_range	0, \n, \m
.endm
