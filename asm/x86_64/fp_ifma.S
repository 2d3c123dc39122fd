/* fp_ifma.S -- products in F_p of one element with AVX-512 IFMA, its limbs side by side in vectors.
 *
 *   void fp_mul_ifma(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
 *   void fp_sqr_ifma(uint64_t r[16], const uint64_t a[16]);
 *   void fp_mul2_ifma(uint64_t r[16], const uint64_t a[16], const uint64_t b[16],
 *                     uint64_t s[16], const uint64_t c[16], const uint64_t d[16]);
 *
 * r = a*b/2^1024 mod p, and s = c*d/2^1024 mod p beside it.  In, out: canonical, fp.h.  r and s
 * may be any operands.  rdi = r, rsi = a, rdx = b, rcx = s, r8 = c, r9 = d.
 * AVX-512 F, DQ, VL and IFMA.  No branch, no secret address.
 *
 * a*2^16 and b are taken apart into twenty limbs of 52 bits, a into three vectors, b into memory,
 * and multiplied by rows into a window w of twenty columns:
 *
 *   row i    w += a*2^16 * b[i]; t = w[0] mod 2^52; w = w/2^52 less t/2^52; w += t * N
 *
 * with N = 2^-52 mod p in the first eighteen rows: t itself is the digit, and the next row's waits
 * only for the lowest limb of t*N.  What multiplies low is added at once, what multiplies high a
 * row later, when the window has moved down a column under it.  The last two rows are Montgomery's,
 * w += m*p with m = -w[0]/p mod 2^52, so that what the others added over p is divided away: with
 * T = a*b*2^16 the result is below T/2^1040 + p/2^52 + p/2^52 + p < 1.7p, and p is taken off once.
 *
 * Nothing overflows: a column gets at most 80 terms below 2^52 and a carry below 2^8, so it stays
 * below 2^59.  IFMA ignores bits 52..63 of its operands, hence of t and m.
 *
 * One product waits more than it works, so two at once, row by row, cost little more than one.
 * The registers of the first and of the second:
 *   w  zmm0-2, zmm3-5         a*2^16  zmm6-8, zmm9-11     what waits  zmm15-17, zmm18-20
 *   t  zmm21-22, zmm23-24     b[i]    zmm25-26, zmm27-28  (of two rows in turn)
 * and zmm12-14 hold N.
 */
#include "asm/asm.h"

#define none	zmm30
#define low52	zmm31
#define ones	zmm12	/* in the end */

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

/* zmm<n> = limbs 8g .. 8g + 7 of the words in zmm<v>, zmm<v1>, by the table at rax. */
.macro	limbs_at g, n, v, v1, tmp
	vmovdqa64	zmm\n, [rax + 64*\g]
	vmovdqa64	zmm\tmp, [rax + 192 + 64*\g]
	vpermi2q	zmm\n, zmm\v, zmm\v1
	vpermi2q	zmm\tmp, zmm\v, zmm\v1
	vpsrlvq	zmm\n, zmm\n, [rax + 384 + 64*\g]
	vpsllvq	zmm\tmp, zmm\tmp, [rax + 576 + 64*\g]
	vpternlogq	zmm\n, zmm\tmp, low52, 0xa8 /* (x | y) & z */
.endm
/* zmm<n> .. = all limbs of the words at src; zmm<v> .. are used. */
.macro	load_words src, v, v1
	vmovdqu64	zmm\v, [\src]
	vmovdqu64	zmm\v1, [\src + 64]
.endm
.macro	limbs_of src, n, v
	load_words	\src, \v, %(\v + 1)
	limbs_at	0, \n, \v, %(\v + 1), %(\v + 2)
	limbs_at	1, %(\n + 1), \v, %(\v + 1), %(\v + 2)
	limbs_at	2, %(\n + 2), \v, %(\v + 1), %(\v + 2)
.endm
/* The limbs of b to at, and the first of them to zmm<b>. */
.macro	put n, dst:vararg
	vmovdqa64	\dst, zmm\n
.endm
.macro	keep_b at, n, b
	put	\n, [rsp + \at]
	put	%(\n + 1), [rsp + \at + 64]
	put	%(\n + 2), [rsp + \at + 128]
	vpbroadcastq	zmm\b, xmm\n
.endm

/* Vectors d, d + 1, and half a vector d + 2, += the low or high halves of those from a on
 * times x. */
.macro	mad half, d, a, xx
	vpmadd52\half\()uq	zmm\d, zmm\a, zmm\xx
.endm
.macro	mad_short half, d, a, xx
	vpmadd52\half\()uq	ymm\d, ymm\a, ymm\xx
.endm
.macro	mad3 half, d, a, xx
	mad	\half, \d, \a, \xx
	mad	\half, %(\d + 1), %(\a + 1), \xx
	mad_short	\half, %(\d + 2), %(\a + 2), \xx
.endm
/* The same with p, at rax. */
.macro	mad_p_at half, d, xx, at
	vpmadd52\half\()uq	zmm\d, zmm\xx, [rax + \at]
.endm
.macro	mad_p_short half, d, xx, at
	vpmadd52\half\()uq	ymm\d, ymm\xx, [rax + \at]
.endm
.macro	mad_p half, d, xx
	mad_p_at	\half, \d, \xx, 0
	mad_p_at	\half, %(\d + 1), \xx, 64
	mad_p_short	\half, %(\d + 2), \xx, 128
.endm
.macro	clear n
	vpxord	zmm\n, zmm\n, zmm\n
.endm
.macro	clear3 n
	clear	\n
	clear	%(\n + 1)
	clear	%(\n + 2)
.endm
.macro	spread n, src:vararg
	vpbroadcastq	zmm\n, \src
.endm

/* Row i of one product: the sums that wait, v, are high halves of this row, low ones of the next,
 * and high ones of t*N of the last. */
.macro	gather i, a, v, b, b_next, t_last, at
	clear3	\v
	mad3	h, \v, \a, \b
	.if	\i < 19
	spread	\b_next, [rsp + \at + 8*(\i + 1)]
	mad3	l, \v, \a, \b_next
	.endif
	.if	\i > 0 && \i < 19
	mad3	h, \v, 12, \t_last
	.endif
.endm
/* w moves down a column, and meets them; t is used. */
.macro	down3 w, w1, w2, v, v1, v2, t
	vpsrlq	xmm\t{k1}{z}, xmm\w, 52
	valignq	zmm\w, zmm\w1, zmm\w, 1
	valignq	zmm\w1, zmm\w2, zmm\w1, 1
	valignq	ymm\w2, ymm30, ymm\w2, 1
	vpaddq	zmm\v, zmm\v, zmm\t
	vpaddq	zmm\w1, zmm\w1, zmm\v1
	vpaddq	ymm\w2, ymm\w2, ymm\v2
	vpaddq	zmm\w, zmm\w, zmm\v
.endm
.macro	down w, v, t
	down3	\w, %(\w + 1), %(\w + 2), \v, %(\v + 1), %(\v + 2), \t
.endm
/* t = -w[0]/p mod 2^52 */
.macro	digit t, w
	clear	\t
	vpmadd52luq	xmm\t, xmm\w, [rax + 8*20]{1to2}
	vpbroadcastq	zmm\t, xmm\t
.endm
/* b of this row is free once its high halves are taken: the carry goes there. */
.macro	row i, w, a, v, b, b_next, t, t_last, at
	gather	\i, \a, \v, \b, \b_next, \t_last, \at
	.if	\i < 18
	spread	\t, xmm\w
	down	\w, \v, \b
	mad3	l, \w, 12, \t
	.else
	digit	\t, \w
	mad_p	l, \w, \t
	down	\w, \v, \b
	mad_p	h, \w, \t
	.endif
.endm
.macro	row_first i
	row	\i, 0, 6, 15, %(25 + \i % 2), %(26 - \i % 2), %(21 + \i % 2), %(22 - \i % 2), 0
.endm
.macro	row_second i
	row	\i, 3, 9, 18, %(27 + \i % 2), %(28 - \i % 2), %(23 + \i % 2), %(24 - \i % 2), 192
.endm
.macro	row_both i
	row_first	\i
	row_second	\i
.endm

/* Masks of 8, 8 and 4 lanes in k2-k4 to eax, in k5-k7 to edx. */
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
/* What the lanes of eax give to the next goes through the lanes of edx: who gets it, k2-k4 and
 * eax. */
.macro	ripple
	add	eax, eax
	add	eax, edx
	xor	eax, edx
	mov	ecx, eax
	kmovb	k2, ecx
	shr	ecx, 8
	kmovb	k3, ecx
	shr	ecx, 8
	kmovb	k4, ecx
.endm

/* Limbs of w into [0, 2^52): one step of all carries, which leaves them at most 2^52 + 2^8, then
 * the ones that are left, which run through limbs of all ones. */
.macro	settle w, w1, w2, v, v1, v2
	vpsrlq	zmm\v, zmm\w, 52
	vpsrlq	zmm\v1, zmm\w1, 52
	vpsrlq	ymm\v2, ymm\w2, 52
	vpandq	zmm\w, zmm\w, low52
	vpandq	zmm\w1, zmm\w1, low52
	vpandq	ymm\w2, ymm\w2, ymm31
	valignq	zmm\v2, zmm\v2, zmm\v1, 7
	valignq	zmm\v1, zmm\v1, zmm\v, 7
	valignq	zmm\v, zmm\v, none, 7
	vpaddq	zmm\w, zmm\w, zmm\v
	vpaddq	zmm\w1, zmm\w1, zmm\v1
	vpaddq	ymm\w2, ymm\w2, ymm\v2
	vpcmpltuq	k2, low52, zmm\w
	vpcmpltuq	k3, low52, zmm\w1
	vpcmpltuq	k4, ymm31, ymm\w2
	vpcmpeqq	k5, low52, zmm\w
	vpcmpeqq	k6, low52, zmm\w1
	vpcmpeqq	k7, ymm31, ymm\w2
	from_masks
	ripple
	vpsubq	zmm\w{k2}, zmm\w, ones
	vpsubq	zmm\w1{k3}, zmm\w1, ones
	vpsubq	ymm\w2{k4}, ymm\w2, ymm12
	vpandq	zmm\w, zmm\w, low52
	vpandq	zmm\w1, zmm\w1, low52
	vpandq	ymm\w2, ymm\w2, ymm31
.endm

/* w - p, p at r9, where that is not negative: borrows run through limbs of 0. */
.macro	reduce w, w1, w2, v, v1, v2
	vpsubq	zmm\v, zmm\w, [r9]
	vpsubq	zmm\v1, zmm\w1, [r9 + 64]
	vpsubq	ymm\v2, ymm\w2, [r9 + 128]
	vpmovq2m	k2, zmm\v
	vpmovq2m	k3, zmm\v1
	vpmovq2m	k4, ymm\v2
	vptestnmq	k5, zmm\v, zmm\v
	vptestnmq	k6, zmm\v1, zmm\v1
	vptestnmq	k7, ymm\v2, ymm\v2
	from_masks
	ripple
	vpaddq	zmm\v{k2}, zmm\v, ones
	vpaddq	zmm\v1{k3}, zmm\v1, ones
	vpaddq	ymm\v2{k4}, ymm\v2, ymm12
	shr	eax, 20
	dec	eax
	kmovb	k2, eax
	vpandq	zmm\w{k2}, zmm\v, low52
	vpandq	zmm\w1{k2}, zmm\v1, low52
	vpandq	ymm\w2{k2}, ymm\v2, ymm31
.endm

/* Words 8g .. of the limbs in zmm<n>, zmm<m>, by the table at r10. */
.macro	store_words dst, g, n, m, v, v1, v2
	vmovdqa64	zmm\v, [r10 + 64*\g]
	vmovdqa64	zmm\v1, [r10 + 128 + 64*\g]
	vmovdqa64	zmm\v2, [r10 + 256 + 64*\g]
	vpermi2q	zmm\v, zmm\n, zmm\m
	vpermi2q	zmm\v1, zmm\n, zmm\m
	vpermi2q	zmm\v2, zmm\n, zmm\m
	vpsrlvq	zmm\v, zmm\v, [r10 + 384 + 64*\g]
	vpsllvq	zmm\v1, zmm\v1, [r10 + 512 + 64*\g]
	vpsllvq	zmm\v2, zmm\v2, [r10 + 640 + 64*\g]
	vpternlogq	zmm\v, zmm\v1, zmm\v2, 0xfe /* x | y | z */
	vmovdqu64	[\dst + 64*\g], zmm\v
.endm
.macro	finish dst, w, v
	settle	\w, %(\w + 1), %(\w + 2), \v, %(\v + 1), %(\v + 2)
	reduce	\w, %(\w + 1), %(\w + 2), \v, %(\v + 1), %(\v + 2)
	store_words	\dst, 0, \w, %(\w + 1), \v, %(\v + 1), %(\v + 2)
	store_words	\dst, 1, %(\w + 1), %(\w + 2), \v, %(\v + 1), %(\v + 2)
.endm

/* A frame of that many octets for b, and the constants. */
.macro	enter_with size
	push	rbp
	.cfi_adjust_cfa_offset	8
	.cfi_rel_offset	rbp, 0
	mov	rbp, rsp
	.cfi_def_cfa_register	rbp
	sub	rsp, \size
	and	rsp, -64
	mov	eax, 1
	kmovb	k1, eax
	clear	30
	vpternlogd	low52, low52, low52, 0xff
	vpsrlq	low52, low52, 12
.endm
.macro	load_inv
	lea	rax, [rip + fp_inv52]
	vmovdqu64	zmm12, [rax]
	vmovdqu64	zmm13, [rax + 64]
	vmovdqu64	ymm14, [rax + 128]
.endm
.macro	finish_with
	lea	r9, [rip + fp8_p]
	lea	r10, [rip + .Lof_words]
	vpternlogd	ones, ones, ones, 0xff
.endm
.macro	wipe_at i
	vmovdqa64	[rsp + 64*\i], none
.endm
/* vzeroupper does not reach the upper sixteen; those of the first product, or all. */
.macro	leave_clean from, n
	do_range	\from, \n, clear
	vzeroupper
	leave
	.cfi_def_cfa	rsp, 8
	ret
.endm

FUNC	fp_sqr_ifma
	mov	rdx, rsi
	jmp	.Lmul
ENDFUNC	fp_sqr_ifma

FUNC	fp_mul_ifma
.Lmul:
	enter_with	192
	lea	rax, [rip + .Lof_b]
	limbs_of	rdx, 6, 15
	keep_b	0, 6, 25
	lea	rax, [rip + .Lof_a]
	limbs_of	rsi, 6, 15
	load_inv
	clear3	0
	mad3	l, 0, 6, 25
	for_n	18, row_first
	lea	rax, [rip + fp8_p]
	do_range	18, 2, row_first
	for_n	3, wipe_at
	finish_with
	finish	rdi, 0, 15
	leave_clean	16, 11
ENDFUNC	fp_mul_ifma

FUNC	fp_mul2_ifma
	enter_with	384
	mov	r11, rcx
	lea	rax, [rip + .Lof_b]
	limbs_of	rdx, 6, 15
	limbs_of	r9, 9, 18
	keep_b	0, 6, 25
	keep_b	192, 9, 27
	lea	rax, [rip + .Lof_a]
	limbs_of	rsi, 6, 15
	limbs_of	r8, 9, 18
	load_inv
	clear3	0
	clear3	3
	mad3	l, 0, 6, 25
	mad3	l, 3, 9, 27
	for_n	18, row_both
	lea	rax, [rip + fp8_p]
	do_range	18, 2, row_both
	for_n	6, wipe_at
	finish_with
	finish	rdi, 0, 15
	finish	r11, 3, 18
	leave_clean	16, 14
ENDFUNC	fp_mul2_ifma
