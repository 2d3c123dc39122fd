# opcodes_aarch64.sh -- what opcodes.sh must find, and let through, in the instructions of AArch64; it sources this.

planted secret_load "a secret address" <<'END'
	ldr	x0, [x1]
	ldr	x0, [x2, x0, lsl #3]
	ret
END
planted secret_load_by_the_stack "a secret address" <<'END'
	stp	x29, x30, [sp, #-32]!
	ldr	x3, [x1]
	str	x3, [sp, #16]
	str	x0, [sp, #24]
	ldr	x4, [sp, #24]
	str	xzr, [x4]
	ldr	x4, [sp, #16]
	ldr	q0, [x4]
	ldp	x29, x30, [sp], #32
	ret
END
planted secret_load_by_a_vector_on_the_stack "a secret address" <<'END'
	sub	sp, sp, #32
	str	x0, [sp, #8]
	ld1	{v0.2d}, [x1]
	str	q0, [sp]
	ldr	x4, [sp, #8]
	ldr	x5, [x4]
	add	sp, sp, #32
	ret
END
planted secret_load_by_a_subroutine "a secret address" <<'END'
	str	x30, [sp, #-16]!
	mov	x3, x0
	bl	1f
	ldp	q0, q1, [x3]
	ldr	x30, [sp], #16
	ret
1:	ldr	x3, [x3]
	ret
END
planted secret_store "a secret address" <<'END'
	umov	x3, v0.d[0]
	str	xzr, [x0, x3]
	ret
END
planted secret_store_one_way "a secret address" <<'END'
	mov	x3, #1
	subs	x2, x2, #1
	b.ne	1f
	ldr	x3, [x1]
1:	str	x2, [x0, x3]
	ret
END
planted secret_load_by_a_carry "a secret address" <<'END'
	ldr	x3, [x1]
	adds	x3, x3, x3
	adc	x4, xzr, xzr
	ldr	x3, [x1, x4, lsl #3]
	ret
END
planted secret_branch "a branch on what may be secret" <<'END'
	ldr	x3, [x1]
	cbz	x3, 1f
	str	x3, [x0]
1:	ret
END
planted secret_bit "not an allowed instruction" <<'END'
	ldr	x3, [x1]
	tbnz	x3, #63, 1f
	str	x3, [x0]
1:	ret
END
planted branch_on_a_carry "a branch on what may be secret" <<'END'
	ldr	x3, [x1]
	ldr	x4, [x2]
	adds	x3, x3, x4
	b.cc	1f
	str	x3, [x0]
1:	ret
END
planted branch_on_older_flags "a branch on what may be secret" <<'END'
	ldr	x3, [x1]
	adds	x3, x3, x3
	sub	x2, x2, #1
	b.ne	1f
	str	x3, [x0]
1:	ret
END
planted secret_count "a branch on what may be secret" <<'END'
	ldr	x3, [x1]
1:	subs	x3, x3, #1
	b.ne	1b
	ret
END
planted secret_argument "a secret address" fp_select_a64 <<'END'
	ldr	x3, [x1, x4, lsl #3]
	ret
END
planted division "not an allowed instruction" <<'END'
	udiv	x0, x1, x2
	ret
END
planted table_of_vectors "not an allowed instruction" <<'END'
	tbl	v0.16b, {v1.16b}, v2.16b
	ret
END
planted platform_register "the platform's register" <<'END'
	mov	x18, x0
	ret
END
planted call_outside "calls out of the file" <<'END'
	str	x30, [sp, #-16]!
	bl	memcpy
	ldr	x30, [sp], #16
	ret
END
planted call_by_a_register "calls out of the file" <<'END'
	blr	x0
	ret
END
planted jump_by_a_register "not an allowed instruction" <<'END'
	br	x0
END
planted forgotten_code "never reached" <<'END'
	ret
	ldr	x0, [x1]
	ret
END
planted lost_register "returns with a register that is not as it was" <<'END'
	stp	x19, x20, [sp, #-16]!
	mov	x19, x0
	ldp	x20, x19, [sp], #16
	ret
END
planted lost_vector "returns with a register that is not as it was" <<'END'
	stp	d8, d9, [sp, #-16]!
	ld1	{v8.2d, v9.2d}, [x1]
	ldr	d8, [sp], #16
	ret
END
planted lost_register_overwritten "returns with a register that is not as it was" <<'END'
	stp	x19, x20, [sp, #-32]!
	mov	x19, x0
	ldr	q0, [x1]
	str	q0, [sp, #8]
	ldp	x19, x20, [sp], #32
	ret
END
planted lost_way_back "returns with a register that is not as it was" <<'END'
	bl	1f
	ret
1:	ret
END
planted crooked_return "returns with a stack that is not as it was" <<'END'
	sub	sp, sp, #16
	ret
END
harmless plain_code <<'END'
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	d8, d15, [sp, #32]
	str	x0, [sp, #48]
	mov	x19, x1
	mov	x3, #10
1:	ldr	x4, [x19, x3, lsl #3]
	ldp	x5, x6, [x2], #16
	adcs	x4, x4, x5
	csel	x4, x4, x6, cs
	str	x4, [x0], #8
	sub	x3, x3, #1
	cbnz	x3, 1b
	subs	x7, x2, x1
	b.eq	2f
	ld1	{v8.2d}, [x1]
	bit	v15.16b, v8.16b, v16.16b
	ldr	x0, [sp, #48]
	str	q15, [x0, #16]
2:	bl	3f
	ldp	d8, d15, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #96
	ret
3:	umulh	x5, x4, x6
	ret
END
