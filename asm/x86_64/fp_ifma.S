/* fp_ifma.S -- products in F_p of one element with AVX-512 IFMA, its limbs side by side in vectors.
 *
 *   void fp_mul_ifma(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
 *   void fp_sqr_ifma(uint64_t r[16], const uint64_t a[16]);
 *
 * r = a*b/2^1024 mod p.  In, out: canonical, fp.h.  r may be any operand.  rdi = r, rsi = a, rdx = b.
 * AVX-512 F, DQ, VL and IFMA.  No branch, no secret address.
 *
 * a*2^16 and b are taken apart into twenty limbs of 52 bits, a into three vectors, b into memory, and
 * multiplied by rows into a window w of twenty columns:
 *
 *   row i    w += a*2^16 * b[i]; t = w[0] mod 2^52; w = w/2^52 less t/2^52; w += t * N
 *
 * with N = 2^-52 mod p in the first eighteen rows: t itself is the digit, and the next row's waits
 * only for the lowest limb of t*N.  What multiplies low is added at once, what multiplies high a row
 * later, when the window has moved down a column under it.  The last two rows are Montgomery's,
 * w += m*p with m = -w[0]/p mod 2^52, so that what the others added over p is divided away: with
 * T = a*b*2^16 the result is below T/2^1040 + p/2^52 + p/2^52 + p < 1.7p, and p is taken off once.
 *
 * Nothing overflows: a column gets at most 80 terms below 2^52 and a carry below 2^8, so it stays
 * below 2^59.  IFMA ignores bits 52..63 of its operands, hence of t and m.
 *
 * zmm0-2 hold w, zmm3-5 a*2^16, zmm6-8 N, zmm9-11 the sums that wait, zmm12-13 t of two rows,
 * zmm14-15 b[i] of two rows.
 */
#include "asm/asm.h"

#define carry_out	xmm16
#define none	zmm17
#define low52	zmm18
#define ones	zmm19

/* Limbs from words and words from limbs: out = (in[at] >> off | in[at + 1] << (bits - off) | ..).
 * Each table lists for 24 limbs, or 16 words, what is taken; a shift by 64 takes nothing. */
	.section .rodata
	.balign 64
.macro	quad_if yes, x
	.if	\yes
	.quad	\x
	.else
	.quad	64
	.endif
.endm
/* a*2^16: limb i begins at bit 52i - 16 of a, in the word before (52i + 48)/64. */
.macro	a_low_at i
	.quad	((52*\i + 48) / 64 + 15) % 16
.endm
.macro	a_high_at i
	.quad	((52*\i + 48) / 64) % 16
.endm
.macro	a_right_at i
	quad_if	%((\i > 0) & (\i < 20)), %((52*\i + 48) % 64)
.endm
.macro	a_left_at i
	quad_if	%(\i < 20), %(64 - (52*\i + 48) % 64)
.endm
.macro	b_low_at i
	.quad	(52*\i / 64) % 16
.endm
.macro	b_high_at i
	.quad	(52*\i / 64 + 1) % 16
.endm
.macro	b_right_at i
	quad_if	%(\i < 20), %(52*\i % 64)
.endm
.macro	b_left_at i
	quad_if	%(\i < 19), %(64 - 52*\i % 64)
.endm
/* Word j begins in limb 64j/52, for the upper eight counted from limb 8. */
.macro	word0_at j
	.quad	64*\j / 52 - 8*(\j / 8)
.endm
.macro	word1_at j
	.quad	64*\j / 52 - 8*(\j / 8) + 1
.endm
.macro	word2_at j
	.quad	64*\j / 52 - 8*(\j / 8) + 2
.endm
.macro	right0_at j
	.quad	64*\j % 52
.endm
.macro	left1_at j
	.quad	52 - 64*\j % 52
.endm
.macro	left2_at j
	.quad	104 - 64*\j % 52
.endm
.Lof_a:
	for_n	24, a_low_at
	for_n	24, a_high_at
	for_n	24, a_right_at
	for_n	24, a_left_at
.Lof_b:
	for_n	24, b_low_at
	for_n	24, b_high_at
	for_n	24, b_right_at
	for_n	24, b_left_at
.Lof_words:
	for_n	16, word0_at
	for_n	16, word1_at
	for_n	16, word2_at
	for_n	16, right0_at
	for_n	16, left1_at
	for_n	16, left2_at

/* zmm<n> = limbs 8g .. 8g + 7 of the words in zmm9, zmm10, by the table at rax. */
.macro	limbs_of g, n
	vmovdqa64	zmm\n, [rax + 64*\g]
	vmovdqa64	zmm11, [rax + 192 + 64*\g]
	vpermi2q	zmm\n, zmm9, zmm10
	vpermi2q	zmm11, zmm9, zmm10
	vpsrlvq	zmm\n, zmm\n, [rax + 384 + 64*\g]
	vpsllvq	zmm11, zmm11, [rax + 576 + 64*\g]
	vpternlogq	zmm\n, zmm11, low52, 0xa8 /* (x | y) & z */
.endm

/* zmm0-2 or zmm9-11 += the low or high halves of three vectors times zmm<x>. */
.macro	mad half, n, m, k, x
	vpmadd52\half\()uq	zmm0, zmm\n, zmm\x
	vpmadd52\half\()uq	zmm1, zmm\m, zmm\x
	vpmadd52\half\()uq	ymm2, ymm\k, ymm\x
.endm
.macro	mad_p half, x
	vpmadd52\half\()uq	zmm0, zmm\x, [rax]
	vpmadd52\half\()uq	zmm1, zmm\x, [rax + 64]
	vpmadd52\half\()uq	ymm2, ymm\x, [rax + 128]
.endm
.macro	wait_for half, n, m, k, x
	vpmadd52\half\()uq	zmm9, zmm\n, zmm\x
	vpmadd52\half\()uq	zmm10, zmm\m, zmm\x
	vpmadd52\half\()uq	ymm11, ymm\k, ymm\x
.endm

/* The sums of row i that wait: high halves of this row, low ones of the next, t*N of the last. */
.macro	gather_row i, b, b_next, t_last
	vpxor	xmm9, xmm9, xmm9
	vpxor	xmm10, xmm10, xmm10
	vpxor	xmm11, xmm11, xmm11
	wait_for	h, 3, 4, 5, \b
	.if	\i < 19
	vpbroadcastq	zmm\b_next, [rsp + 8*(\i + 1)]
	wait_for	l, 3, 4, 5, \b_next
	.endif
	.if	\i > 0 && \i < 19
	wait_for	h, 6, 7, 8, \t_last
	.endif
.endm
/* w moves down a column, and meets them. */
.macro	down
	vpsrlq	carry_out{k1}{z}, xmm0, 52
	valignq	zmm0, zmm1, zmm0, 1
	valignq	zmm1, zmm2, zmm1, 1
	valignq	ymm2, ymm17, ymm2, 1
	vpaddq	zmm9, zmm9, zmm16
	vpaddq	zmm1, zmm1, zmm10
	vpaddq	ymm2, ymm2, ymm11
	vpaddq	zmm0, zmm0, zmm9
.endm
.macro	row i, b, b_next, t, t_last
	gather_row	\i, \b, \b_next, \t_last
	vpbroadcastq	zmm\t, xmm0
	down
	mad	l, 6, 7, 8, \t
.endm
.macro	row_at i
	row	\i, %(14 + \i % 2), %(15 - \i % 2), %(12 + \i % 2), %(13 - \i % 2)
.endm
.macro	montgomery_row i, b, b_next, t, t_last
	gather_row	\i, \b, \b_next, \t_last
	vpxor	xmm\t, xmm\t, xmm\t
	vpmadd52luq	xmm\t, xmm0, [rax + 8*20]{1to2}
	vpbroadcastq	zmm\t, xmm\t
	mad_p	l, \t
	down
	mad_p	h, \t
.endm
.macro	montgomery_row_at i
	montgomery_row	\i, %(14 + \i % 2), %(15 - \i % 2), %(12 + \i % 2), %(13 - \i % 2)
.endm

/* Masks of 8, 8 and 4 lanes in k2-k4, k5-k7 to eax, edx; and ecx back to k2-k4. */
.macro	from_masks
	kmovb	eax, k2
	kmovb	ecx, k3
	kmovb	edx, k4
	shl	ecx, 8
	shl	edx, 16
	or	eax, ecx
	or	eax, edx
	kmovb	edx, k5
	kmovb	ecx, k6
	kmovb	r8d, k7
	shl	ecx, 8
	shl	r8d, 16
	or	edx, ecx
	or	edx, r8d
.endm
/* What eax gives to the next lane goes through the lanes of edx. */
.macro	ripple
	add	eax, eax
	mov	ecx, edx
	add	ecx, eax
	xor	ecx, edx
	mov	eax, ecx
	kmovb	k2, ecx
	shr	ecx, 8
	kmovb	k3, ecx
	shr	ecx, 8
	kmovb	k4, ecx
.endm

/* Limbs of w into [0, 2^52): one step of all carries, which leaves them at most 2^52 + 2^8, then the
 * ones that are left, which run through limbs of all ones. */
.macro	settle
	vpsrlq	zmm9, zmm0, 52
	vpsrlq	zmm10, zmm1, 52
	vpsrlq	ymm11, ymm2, 52
	vpandq	zmm0, zmm0, low52
	vpandq	zmm1, zmm1, low52
	vpandq	ymm2, ymm2, ymm18
	valignq	zmm11, zmm11, zmm10, 7
	valignq	zmm10, zmm10, zmm9, 7
	valignq	zmm9, zmm9, none, 7
	vpaddq	zmm0, zmm0, zmm9
	vpaddq	zmm1, zmm1, zmm10
	vpaddq	ymm2, ymm2, ymm11
	vpcmpltuq	k2, low52, zmm0
	vpcmpltuq	k3, low52, zmm1
	vpcmpltuq	k4, ymm18, ymm2
	vpcmpeqq	k5, low52, zmm0
	vpcmpeqq	k6, low52, zmm1
	vpcmpeqq	k7, ymm18, ymm2
	from_masks
	ripple
	vpsubq	zmm0{k2}, zmm0, ones
	vpsubq	zmm1{k3}, zmm1, ones
	vpsubq	ymm2{k4}, ymm2, ymm19
	vpandq	zmm0, zmm0, low52
	vpandq	zmm1, zmm1, low52
	vpandq	ymm2, ymm2, ymm18
.endm

/* w - p where that is not negative: borrows run through limbs of 0. */
.macro	reduce
	lea	r9, [rip + fp8_p]
	vpsubq	zmm9, zmm0, [r9]
	vpsubq	zmm10, zmm1, [r9 + 64]
	vpsubq	ymm11, ymm2, [r9 + 128]
	vpmovq2m	k2, zmm9
	vpmovq2m	k3, zmm10
	vpmovq2m	k4, ymm11
	vptestnmq	k5, zmm9, zmm9
	vptestnmq	k6, zmm10, zmm10
	vptestnmq	k7, ymm11, ymm11
	from_masks
	ripple
	vpaddq	zmm9{k2}, zmm9, ones
	vpaddq	zmm10{k3}, zmm10, ones
	vpaddq	ymm11{k4}, ymm11, ymm19
	shr	eax, 20
	dec	eax
	kmovb	k2, eax
	vpandq	zmm0{k2}, zmm9, low52
	vpandq	zmm1{k2}, zmm10, low52
	vpandq	ymm2{k2}, ymm11, ymm18
.endm

/* Words 8g .. of the limbs in zmm<n>, zmm<m>. */
.macro	store_words g, n, m
	vmovdqa64	zmm9, [rax + 64*\g]
	vmovdqa64	zmm10, [rax + 128 + 64*\g]
	vmovdqa64	zmm11, [rax + 256 + 64*\g]
	vpermi2q	zmm9, zmm\n, zmm\m
	vpermi2q	zmm10, zmm\n, zmm\m
	vpermi2q	zmm11, zmm\n, zmm\m
	vpsrlvq	zmm9, zmm9, [rax + 384 + 64*\g]
	vpsllvq	zmm10, zmm10, [rax + 512 + 64*\g]
	vpsllvq	zmm11, zmm11, [rax + 640 + 64*\g]
	vpternlogq	zmm9, zmm10, zmm11, 0xfe /* x | y | z */
	vmovdqu64	[rdi + 64*\g], zmm9
.endm

FUNC	fp_sqr_ifma
	mov	rdx, rsi
	jmp	.Lmul
ENDFUNC	fp_sqr_ifma

FUNC	fp_mul_ifma
.Lmul:
	push	rbp
	.cfi_adjust_cfa_offset	8
	.cfi_rel_offset	rbp, 0
	mov	rbp, rsp
	.cfi_def_cfa_register	rbp
	sub	rsp, 192
	and	rsp, -64
	mov	eax, 1
	kmovb	k1, eax
	vpxorq	none, none, none
	vpternlogd	ones, ones, ones, 0xff
	vpsrlq	low52, ones, 12

	vmovdqu64	zmm9, [rdx]
	vmovdqu64	zmm10, [rdx + 64]
	lea	rax, [rip + .Lof_b]
	limbs_of	0, 3
	limbs_of	1, 4
	limbs_of	2, 5
	vmovdqa64	[rsp], zmm3
	vmovdqa64	[rsp + 64], zmm4
	vmovdqa64	[rsp + 128], zmm5
	vpbroadcastq	zmm14, xmm3 /* b[0] */
	vmovdqu64	zmm9, [rsi]
	vmovdqu64	zmm10, [rsi + 64]
	lea	rax, [rip + .Lof_a]
	limbs_of	0, 3
	limbs_of	1, 4
	limbs_of	2, 5
	lea	rax, [rip + fp_inv52]
	vmovdqu64	zmm6, [rax]
	vmovdqu64	zmm7, [rax + 64]
	vmovdqu64	ymm8, [rax + 128]

	vpxor	xmm0, xmm0, xmm0
	vpxor	xmm1, xmm1, xmm1
	vpxor	xmm2, xmm2, xmm2
	mad	l, 3, 4, 5, 14
	for_n	18, row_at
	lea	rax, [rip + fp8_p]
	do_range	18, 2, montgomery_row_at

	vmovdqa64	[rsp], none
	vmovdqa64	[rsp + 64], none
	vmovdqa64	[rsp + 128], none
	settle
	reduce
	lea	rax, [rip + .Lof_words]
	store_words	0, 0, 1
	store_words	1, 1, 2
	vpxorq	xmm16, xmm16, xmm16
	vzeroupper
	leave
	.cfi_def_cfa	rsp, 8
	ret
ENDFUNC	fp_mul_ifma
