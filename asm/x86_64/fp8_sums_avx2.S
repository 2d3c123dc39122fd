/* fp8_sums_avx2.S -- eight lanes of F_p with AVX2: sums, what is chosen between, and reduction.
 *
 *   void fp8_add_avx2(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
 *   void fp8_sub_avx2(r, a, b);
 *   void fp8_lift_avx2(r, a, b, const uint64_t k[20]);      a - b + k
 *   void fp8_cneg_avx2(r, a, const uint64_t mask[8], k);    k - a or a
 *   void fp8_cmov_avx2(r, a, mask);
 *   void fp8_reduce_avx2(r, a);                             a mod p
 *
 * In, out: fp8.h, whose words tight, loose and factor are used here.  r may be any operand.
 * AVX2.  No branch but counted loops, no secret address.
 *
 * Four lanes and the other four side by side: ymm0 and ymm2 = a limb of each, ymm8 and ymm3 the carries,
 * which go as in fp8_avx2.h.
 */
#include "asm/asm.h"
#include "asm/x86_64/fp8_avx2.h"

	.hidden	fp8_p

.macro	sum_limb terms, watch
	\terms
	vpaddq	ymm8, ymm8, ymm0
	vpaddq	ymm3, ymm3, ymm2
	vpand	ymm0, ymm8, ymm11
	vpand	ymm2, ymm3, ymm11
	vmovdqa	[rdi + rax], ymm0
	vmovdqa	[rdi + rax + 32], ymm2
	\watch
	pass_carry
	vpsrlq	ymm3, ymm3, 52
	vpaddq	ymm3, ymm3, ymm9
.endm
.macro	sum_up terms, watch
	vmovdqa	ymm8, ymm12
	vmovdqa	ymm3, ymm12
	xor	eax, eax
7:
	sum_limb	\terms, \watch
	add	eax, 64
	cmp	eax, 64*19
	jne	7b
	\terms
	vpaddq	ymm0, ymm0, ymm8
	vpaddq	ymm2, ymm2, ymm3
	vpsubq	ymm0, ymm0, ymm12
	vpsubq	ymm2, ymm2, ymm12
	vmovdqa	[rdi + rax], ymm0
	vmovdqa	[rdi + rax + 32], ymm2
.endm
.macro	sum name, terms
FUNC	fp8_\name\()_avx2
	\name\()_start
	chain_constants
	sum_up	\terms, nothing
	vzeroupper
	ret
ENDFUNC	fp8_\name\()_avx2
.endm
.macro	load_a
	vmovdqa	ymm0, [rsi + rax]
	vmovdqa	ymm2, [rsi + rax + 32]
.endm
.macro	a_plus_b
	load_a
	vpaddq	ymm0, ymm0, [rdx + rax]
	vpaddq	ymm2, ymm2, [rdx + rax + 32]
.endm
.macro	a_minus_b
	load_a
	vpsubq	ymm0, ymm0, [rdx + rax]
	vpsubq	ymm2, ymm2, [rdx + rax + 32]
.endm
.macro	a_minus_b_plus_k
	a_minus_b
	vpbroadcastq	ymm1, [rcx]
	add	rcx, 8
	vpaddq	ymm0, ymm0, ymm1
	vpaddq	ymm2, ymm2, ymm1
.endm
/* -a = (a ^ mask) - mask, limb by limb, where mask is all ones; and k. */
.macro	negated_a
	vpbroadcastq	ymm1, [rcx]
	add	rcx, 8
	vpxor	ymm0, ymm4, [rsi + rax]
	vpxor	ymm2, ymm5, [rsi + rax + 32]
	vpand	ymm6, ymm4, ymm1
	vpand	ymm7, ymm5, ymm1
	vpsubq	ymm0, ymm0, ymm4
	vpsubq	ymm2, ymm2, ymm5
	vpaddq	ymm0, ymm0, ymm6
	vpaddq	ymm2, ymm2, ymm7
.endm
.macro	add_start
.endm
.macro	sub_start
.endm
.macro	lift_start
.endm
.macro	cneg_start
	vmovdqu	ymm4, [rdx]
	vmovdqu	ymm5, [rdx + 32]
.endm
	sum	add, a_plus_b
	sum	sub, a_minus_b
	sum	lift, a_minus_b_plus_k
	sum	cneg, negated_a

/* r = a, or a + 2p where that is negative (mask in ymm4, ymm5); ymm13, ymm14 = the carries of
 * r - p. */
.macro	lifted_a
	load_a
	vpbroadcastq	ymm15, [rcx]
	add	rcx, 8
	vpaddq	ymm1, ymm15, ymm15
	vpand	ymm6, ymm4, ymm1
	vpand	ymm7, ymm5, ymm1
	vpaddq	ymm0, ymm0, ymm6
	vpaddq	ymm2, ymm2, ymm7
.endm
.macro	try_p
	vpsubq	ymm0, ymm0, ymm15
	vpsubq	ymm2, ymm2, ymm15
	vpaddq	ymm13, ymm13, ymm0
	vpaddq	ymm14, ymm14, ymm2
.endm
.macro	watch_p
	try_p
	vpsrlq	ymm13, ymm13, 52
	vpsrlq	ymm14, ymm14, 52
	vpaddq	ymm13, ymm13, ymm9
	vpaddq	ymm14, ymm14, ymm9
.endm
/* r - p, but r where that is negative (mask in ymm4, ymm5). */
.macro	less_p
	vpbroadcastq	ymm1, [rcx]
	add	rcx, 8
	vpandn	ymm6, ymm4, ymm1
	vpandn	ymm7, ymm5, ymm1
	vmovdqa	ymm0, [rdi + rax]
	vmovdqa	ymm2, [rdi + rax + 32]
	vpsubq	ymm0, ymm0, ymm6
	vpsubq	ymm2, ymm2, ymm7
.endm
FUNC	fp8_reduce_avx2
	lea	rcx, [rip + fp8_p]
	chain_constants
	clear	1
	vpcmpgtq	ymm4, ymm1, [rsi + 64*19]
	vpcmpgtq	ymm5, ymm1, [rsi + 64*19 + 32]
	vmovdqa	ymm13, ymm12
	vmovdqa	ymm14, ymm12
	sum_up	lifted_a, watch_p
	try_p
	vpcmpgtq	ymm4, ymm12, ymm13
	vpcmpgtq	ymm5, ymm12, ymm14
	sub	rcx, 8*20
	sum_up	less_p, nothing
	vzeroupper
	ret
ENDFUNC	fp8_reduce_avx2

.macro	cmov_limb_at j
	vmovdqa	ymm0, [rdi + 64*\j]
	vmovdqa	ymm1, [rdi + 64*\j + 32]
	vblendvpd	ymm0, ymm0, [rsi + 64*\j], ymm4
	vblendvpd	ymm1, ymm1, [rsi + 64*\j + 32], ymm5
	vmovdqa	[rdi + 64*\j], ymm0
	vmovdqa	[rdi + 64*\j + 32], ymm1
.endm
FUNC	fp8_cmov_avx2
	vmovdqu	ymm4, [rdx]
	vmovdqu	ymm5, [rdx + 32]
	for_n	20, cmov_limb_at
	vzeroupper
	ret
ENDFUNC	fp8_cmov_avx2
