/* faults_stub.h -- what one stub of faults_stubs.sh is: stub NAME, I, and what all of them share. */
#ifdef ARCH_x86_64
	.intel_syntax noprefix
	.text
/* r10 and r11 are no argument's. */
.macro	place reg, name
	mov	\reg, qword ptr \name@GOTPCREL[rip]
.endm
.macro	stub name, i
	.globl	__wrap_\name
__wrap_\name:
	place	r11, faults_count
	inc	qword ptr [r11 + 8*\i]
	place	r11, faults_planted
	cmp	dword ptr [r11], \i
	je	faults_pass
	place	r11, faults_function
	cmp	dword ptr [r11], \i
	jne	__real_\name
	place	r11, faults_left
	dec	qword ptr [r11]
	jnz	__real_\name
	place	r11, faults_kind
	cmp	dword ptr [r11], 1
	je	1f
	ja	2f
	place	r11, faults_result
	mov	rax, [r11]
	ret
1:
	place	r11, faults_first
	mov	[r11], rdi
	push	rax
	mov	rax, [rsp + 8]
	place	r11, faults_back
	mov	[r11], rax
	lea	rax, faults_after[rip]
	mov	[rsp + 8], rax
	pop	rax
	jmp	__real_\name
2:
	call	faults_moment
	jmp	__real_\name
.endm

faults_pass:
	mov	rax, -1
	place	r11, faults_pass_stores
	cmp	dword ptr [r11], 0
	je	1f
	mov	dword ptr [rdi], 0
1:
	ret
faults_after:
	place	r11, faults_first
	mov	r11, [r11]
	place	r10, faults_offset
	add	r11, [r10]
	place	r10, faults_mask
	mov	r10, [r10]
	xor	byte ptr [r11], r10b
	place	r11, faults_back
	jmp	qword ptr [r11]
	.globl	faults_moment, faults_stop
faults_moment:
	int3
faults_stop:
	ret
#endif

#ifdef ARCH_aarch64
	.text
	.balign	4
/* x9 to x17 are no argument's, but x16 and x17 alone are nobody's where a function has rules of its own. */
.macro	place name
	adrp	x16, \name
	add	x16, x16, :lo12:\name
.endm
/* MOMENT is steps.c's, which is for x86-64. */
.macro	stub name, i
	.globl	__wrap_\name
__wrap_\name:
	hint	34			/* bti c: tables of kernels point here */
	place	faults_count
	ldr	x17, [x16, 8*\i]
	add	x17, x17, 1
	str	x17, [x16, 8*\i]
	place	faults_planted
	ldr	w17, [x16]
	cmp	w17, \i
	b.eq	faults_pass
	place	faults_function
	ldr	w17, [x16]
	cmp	w17, \i
	b.ne	1f
	place	faults_left
	ldr	x17, [x16]
	subs	x17, x17, 1
	str	x17, [x16]
	b.ne	1f
	place	faults_kind
	ldr	w17, [x16]
	cbnz	w17, 2f
	place	faults_result
	ldr	x0, [x16]
	ret
2:
	place	faults_first
	str	x0, [x16]
	place	faults_back
	str	x30, [x16]
	adr	x30, faults_after
1:
	b	__real_\name
.endm

faults_pass:
	place	faults_pass_stores
	ldr	w17, [x16]
	cbz	w17, 1f
	str	wzr, [x0]
1:
	mov	x0, -1
	ret
faults_after:
	place	faults_first
	ldr	x9, [x16]
	place	faults_offset
	ldr	x10, [x16]
	place	faults_mask
	ldr	x11, [x16]
	ldrb	w12, [x9, x10]
	eor	w12, w12, w11
	strb	w12, [x9, x10]
	place	faults_back
	ldr	x30, [x16]
	ret
#endif
