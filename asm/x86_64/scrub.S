/* scrub.S -- the stack below the caller and the registers that a callee may leave, overwritten.
 *
 *   km_err scrub_4096_x86(km_err keep, unsigned vectors);
 *   km_err scrub_24576_x86(km_err keep, unsigned vectors);
 *   km_err scrub_45056_x86(km_err keep, unsigned vectors);
 *   km_err scrub_81920_x86(km_err keep, unsigned vectors);
 *
 * All give keep back, and write that many octets below the stack pointer of the caller.  vectors,
 * of cpu_vectors: 0, xmm0-15; 1, ymm0-15; 2, zmm0-31 and the masks, where vzeroall clears the whole
 * of zmm0-15.  The general registers are all that may be lost but rax.  Stores go down the stack, as
 * its guard page wants it.
 */
#include "asm/asm.h"

.macro	clear_xmm i
	pxor	xmm\i, xmm\i
.endm
.macro	clear_zmm i
	vpxord	zmm\i, zmm\i, zmm\i
.endm
.macro	clear_mask i
	kxorw	k\i, k\i, k\i
.endm
.macro	zero_words off			/* eight, from [rsp + off] on */
	.irp	i, 0, 8, 16, 24, 32, 40, 48, 56
	mov	qword ptr [rsp + \off + \i], 0
	.endr
.endm

.macro	clear_registers
	cmp	esi, 1
	jb	7f
	cmp	esi, 1
	je	8f
	do_range	16, 16, clear_zmm
	for_n	8, clear_mask
8:
	vzeroall
	jmp	9f
7:
	for_n	16, clear_xmm
9:
.endm
.macro	leave_with_rax
	xor	ecx, ecx
	xor	edx, edx
	xor	esi, esi
	xor	edi, edi
	xor	r8d, r8d
	xor	r9d, r9d
	xor	r10d, r10d
	xor	r11d, r11d
	ret
.endm

/* Whole lines of 64 from the highest down, and words at both ends. */
.macro	scrub_stack bytes
	mov	rax, rdi
	clear_registers
	sub	rsp, \bytes
	.cfi_adjust_cfa_offset \bytes
	zero_words	%(\bytes - 64)
	lea	rcx, [rsp + \bytes]
	and	rcx, -64
	mov	edx, \bytes/64 - 1
	cmp	esi, 1
	jb	5f
4:
	vmovdqa	[rcx - 32], ymm0
	vmovdqa	[rcx - 64], ymm0
	sub	rcx, 64
	dec	edx
	jnz	4b
	jmp	6f
5:
	movdqa	[rcx - 16], xmm0
	movdqa	[rcx - 32], xmm0
	movdqa	[rcx - 48], xmm0
	movdqa	[rcx - 64], xmm0
	sub	rcx, 64
	dec	edx
	jnz	5b
6:
	zero_words	0
	add	rsp, \bytes
	.cfi_adjust_cfa_offset -\bytes
	leave_with_rax
.endm

FUNC	scrub_4096_x86
	scrub_stack	4096
ENDFUNC	scrub_4096_x86

FUNC	scrub_24576_x86
	scrub_stack	24576
ENDFUNC	scrub_24576_x86

FUNC	scrub_45056_x86
	scrub_stack	45056
ENDFUNC	scrub_45056_x86

FUNC	scrub_81920_x86
	scrub_stack	81920
ENDFUNC	scrub_81920_x86
