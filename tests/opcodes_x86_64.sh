# opcodes_x86_64.sh -- what opcodes.sh must find, and let through, in the instructions of x86-64; it sources this.

planted secret_load "a secret address" <<'END'
	mov	rax, [rsi]
	mov	rax, [rdx + 8*rax]
	ret
END
planted secret_load_by_the_stack "a secret address" <<'END'
	push	rbx
	mov	rbx, [rsi]
	push	rbx
	push	rdi
	mov	rdi, [rsp + 8]
	vmovdqu64	zmm0, [rdi]
	pop	rdi
	pop	rbx
	pop	rbx
	ret
END
planted secret_load_by_a_subroutine "a secret address" <<'END'
	mov	rcx, rdi
	call	1f
	vmovdqu64	zmm0, [rcx]
	ret
1:	mov	rcx, [rcx]
	ret
END
planted secret_store "a secret address" <<'END'
	vmovq	rax, xmm0
	mov	byte ptr [rdi + rax], 1
	ret
END
planted secret_store_one_way "a secret address" <<'END'
	mov	eax, 1
	dec	rdx
	jnz	1f
	mov	rax, [rsi]
1:	mov	[rdi + rax], rdx
	ret
END
planted secret_branch "a branch on what may be secret" <<'END'
	mov	rax, [rsi]
	test	rax, rax
	jne	1f
	mov	[rdi], rax
1:	ret
END
planted branch_on_a_carry "a branch on what may be secret" <<'END'
	mov	rax, [rsi]
	add	rax, [rdx]
	jae	1f
	mov	[rdi], rax
1:	ret
END
planted secret_count "a branch on what may be secret" <<'END'
	mov	ecx, [rsi]
1:	dec	ecx
	jnz	1b
	ret
END
planted stale_carry "a branch on what may be secret" <<'END'
	mov	rax, [rsi]
	add	rax, [rdx]
	dec	rcx
	jb	1f
	mov	[rdi], rax
1:	ret
END
planted secret_argument "a secret address" fp_select_adx <<'END'
	mov	rax, [rsi + 8*r8]
	ret
END
planted early_end_of_a_loop "a branch on what may be secret" <<'END'
1:	vmovdqu64	zmm0, [rsi]
	vpcmpeqq	k1, zmm0, zmm1
	kmovb	eax, k1
	cmp	eax, 255
	je	2f
	add	rsi, 64
	dec	rdx
	jnz	1b
2:	ret
END
planted division "not an allowed instruction" <<'END'
	mov	rax, [rsi]
	xor	edx, edx
	div	rcx
	ret
END
planted repetition "not an allowed instruction" <<'END'
	rep movsb
	ret
END
planted gather "not an allowed instruction" <<'END'
	kxnorb	k1, k1, k1
	vpgatherqq	zmm1{k1}, [rsi + 8*zmm0]
	ret
END
planted thread_local "an address of another kind" <<'END'
	mov	rax, fs:[rdi]
	ret
END
planted masked_store "a store under a mask" <<'END'
	vmovdqu64	[rdi]{k1}, zmm0
	ret
END
planted call_outside "calls out of the file" <<'END'
	call	memcpy
	ret
END
planted call_by_a_register "calls out of the file" <<'END'
	call	rdi
	ret
END
planted jump_by_a_register "leads out of the file" <<'END'
	jmp	rdi
END
planted forgotten_code "never reached" <<'END'
	ret
	mov	eax, [rsi]
	ret
END
planted lost_register "returns with a register that is not as it was" <<'END'
	push	rbx
	push	r12
	mov	rbx, rdi
	pop	rbx
	pop	r12
	ret
END
planted lost_register_below "returns with a register that is not as it was" <<'END'
	push	rbx
	call	1f
	pop	rbx
	ret
1:	mov	ebp, 1
	ret
END
planted crooked_return "returns with a stack that is not as it was" <<'END'
	push	rsi
	ret
END
harmless plain_code <<'END'
	push	rbx
	.cfi_adjust_cfa_offset	8
	mov	rbx, rdi
	mov	ecx, 10
1:	mov	rax, [rsi + 8*rcx]
	adc	rax, [rip + 2f]
	mov	[rbx], rax
	add	rbx, 8
	dec	ecx
	jnz	1b
	call	3f
	pop	rbx
	ret
3:	lea	rsi, [rsi + 2*rdx]
	vpermq	zmm0{k1}, zmm1, [rsi]
	ret
	.section	.rodata
2:	.quad	1
	.text
END
