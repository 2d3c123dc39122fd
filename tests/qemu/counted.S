/* counted.S -- a program of AArch64 whose instructions are known, for tests/bench.sh: no jump in it but calls. */
	.macro func name
	.globl \name
	.type \name, %function
\name:
	.endm
	.macro end name
	.size \name, . - \name
	.endm

	.text
	func straight
	.rept 700
	add x1, x1, #1
	.endr
	ret
	end straight

	/* Calls twice, and goes on to another in the end. */
	func counted
	stp x29, x30, [sp, #-16]!
	bl straight
	adr x9, straight
	blr x9
	ldp x29, x30, [sp], #16
	b straight
	end counted

	/* What follows a call was reached before by another way. */
	func _start
	b 1f
0:	bl counted
1:	add x0, x0, #1
	cmp x0, #2
	b.lt 0b
	bl straight
	mov x0, #0
	mov x8, #93
	svc #0
	end _start

	.section .note.GNU-stack, "", %progbits
