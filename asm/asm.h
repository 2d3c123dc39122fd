/* asm.h -- what every kernel file starts from: functions with unwind data, and counted repetition.
 *
 * Hidden visibility: a kernel is reached through the tables of the engine only.  The assembler's
 * .altmacro is on, so %(expression) passes a number to a macro.
 */
#ifdef __CET__
#include <cet.h> /* the note: this object may run where indirect branches and returns are checked */
#endif
#ifdef __x86_64__
	.intel_syntax noprefix
#endif
	.altmacro
	.section .note.GNU-stack, "", %progbits

.macro	FUNC name
	.text
	.balign	64
	.globl	\name
	.hidden	\name
	.type	\name, %function
\name:
	.cfi_startproc
#ifdef __x86_64__
	endbr64
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

#ifdef __x86_64__
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
