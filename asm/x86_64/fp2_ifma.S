/* fp2_ifma.S -- squares in F_p^2, one after the other, with AVX-512 IFMA: see fp4.h.
 *
 *   void fp2_squares_ifma(uint64_t v[5][8], size_t n);
 *
 * v = v^(2^n).  Lanes q and 4 + q of vector i are limbs i + 5q of the real and of the imaginary part, 2^1040 times what
 * they are: below 18p and 34p on the way in, below 1.11p and 2.3p on the way out where n > 0; limbs in [0, 2^52).
 * 64-byte aligned.  AVX-512 F, DQ, VL and IFMA.  No branch but for n, no secret address.
 *
 * A square is two products side by side, (re + im)*(re - im + 64p) and re*im, in rows as in fp_ifma.S, where bounds are:
 * eighteen with N = 2^-52 mod p, whose digits are there at once, and two of Montgomery's; the window moves down a column
 * from lane to lane.
 *
 *   w  zmm0-4      a  zmm5-9      N  zmm10-14      v  zmm15-19      b[j] zmm20-21      t  zmm22-23
 *   b  on the stack
 *   k1 lanes 0 and 4      k2 all but 3 and 7      k3 lanes 0 to 3      k4 the others      k5 all but 0 and 4
 */
#include "asm/asm.h"

#define none	zmm30
#define low52	zmm31
#define carry	zmm24
#define digit	zmm25
#define inv	zmm26

.macro	clear n
	vpxord	zmm\n, zmm\n, zmm\n
.endm
.macro	mad_a half, w, a, b
	vpmadd52\half\()uq	zmm\w, zmm\a, zmm\b
.endm
.macro	mad_p half, w, i
	vpmadd52\half\()uq	zmm\w, digit, [rax + 64*\i]
.endm
.macro	low_a j, i
	mad_a	l, %((\i + \j) % 5), %(5 + \i), %(20 + \j % 2)
.endm
.macro	high_a j, i
	mad_a	h, %((\i + \j + 1) % 5), %(5 + \i), %(20 + \j % 2)
.endm
.macro	low_p j, i
	mad_p	l, %(15 + (\i + \j) % 5), \i
.endm
.macro	high_p j, i
	mad_p	h, %(15 + (\i + \j + 1) % 5), \i
.endm
.macro	mad_n half, w, n, t
	vpmadd52\half\()uq	zmm\w, zmm\n, zmm\t
.endm
.macro	low_n j, i
	mad_n	l, %(15 + (\i + \j + 1) % 5), %(10 + \i), %(22 + \j % 2)
.endm
.macro	high_n j, i
	mad_n	h, %(15 + (\i + \j + 2) % 5), %(10 + \i), %(22 + \j % 2)
.endm
/* m j, i for i from so many up to, not with, that many. */
.macro	each m, j, from, to
	.if	\from < \to
	\m	\j, \from
	each	\m, \j, %(\from + 1), \to
	.endif
.endm
.macro	find_digit w
	vpxord	digit, digit, digit
	vpmadd52luq	digit, zmm\w, inv
	vpermq	digit, digit, 0
.endm
.macro	spread t, w
	vpermq	zmm\t, zmm\w, 0
.endm
.macro	load_b j, n
	.if	\j < 20
	vpermq	zmm\n, [rsp + 64*(\j % 5)], 0x55 * (\j / 5)
	.endif
.endm
.macro	window_down w, next
	vpsrlq	carry{k1}{z}, zmm\w, 52
	vpermq	zmm\w{k2}{z}, zmm\w, 0x39
	vpaddq	zmm\next, zmm\next, carry
.endm
/* zmm<v> was waiting for zmm<w>, its column. */
.macro	together w, v
	vpaddq	zmm\w, zmm\w, zmm\v
	clear	\v
.endm
/* The next digit waits for w[1] alone, and sums to one register for each other: so those with N or p, and carries, have
 * registers of their own, v.  What multiplies N[4] high waits a row for its column. */
.macro	row j
	load_b	\j, %(20 + \j % 2)
	each	low_a, \j, 0, 5
	each	high_a, \j, 0, 4
	together	%(\j % 5), %(15 + \j % 5)
	.if	\j > 0 && \j < 19
	high_n	%(\j - 1), 4
	.endif
	.if	\j < 18
	spread	%(22 + \j % 2), %(\j % 5)
	window_down	%(\j % 5), %(15 + (\j + 1) % 5)
	each	low_n, \j, 0, 5
	each	high_n, \j, 0, 4
	.else
	find_digit	%(\j % 5)
	mad_p	l, %(\j % 5), 0
	each	low_p, \j, 1, 5
	window_down	%(\j % 5), %(15 + (\j + 1) % 5)
	each	high_p, \j, 0, 5
	.endif
	high_a	\j, 4
.endm

/* Limbs of five vectors from v on into [0, 2^52), by carries from limb to limb in each lane, and four times over from
 * lane to lane. */
.macro	carry_one n, c, add
	.if	\add
	vpaddq	zmm\n, zmm\n, zmm\c
	.endif
	vpsraq	zmm\c, zmm\n, 52
	vpandq	zmm\n, zmm\n, low52
.endm
.macro	carries_both v, c, u, d, pass
	.irp	i, 0, 1, 2, 3, 4
	carry_one	%(\v + \i), \c, %(\i + \pass)
	carry_one	%(\u + \i), \d, %(\i + \pass)
	.endr
	.if	\pass < 3
	vpermq	zmm\c{k5}{z}, zmm\c, 0x93
	vpermq	zmm\d{k5}{z}, zmm\d, 0x93
	.endif
.endm
.macro	settle_one v, c
	.irp	pass, 0, 1, 2, 3
	.irp	i, 0, 1, 2, 3, 4
	carry_one	%(\v + \i), \c, %(\i + \pass)
	.endr
	.if	\pass < 3
	vpermq	zmm\c{k5}{z}, zmm\c, 0x93
	.endif
	.endr
.endm
.macro	settle_both v, c, u, d
	carries_both	\v, \c, \u, \d, 0
	carries_both	\v, \c, \u, \d, 1
	carries_both	\v, \c, \u, \d, 2
	carries_both	\v, \c, \u, \d, 3
.endm

/* The factors from w: a = (re + im, re), b, in vectors from 15 on, = (re - im + 64p, im). */
.macro	factors n, a, b, at
	vshufi64x2	zmm\a, zmm\n, zmm\n, 0x4e
	vmovdqa64	zmm\b, zmm\n
	vpsubq	zmm\b{k3}, zmm\b, zmm\a
	vpaddq	zmm\b, zmm\b, [rax + 320 + 64*\at]
	vpaddq	zmm\a{k3}, zmm\a, zmm\n
.endm
.macro	factors_of i
	factors	\i, %(5 + \i), %(15 + \i), \i
.endm
.macro	keep_b_at i
	put_b	%(15 + \i), \i
.endm
.macro	put_b n, i
	vmovdqa64	[rsp + 64*\i], zmm\n
.endm
.macro	load_n_at i
	load_n	%(10 + \i), \i
.endm
.macro	load_n n, i
	vmovdqa64	zmm\n, [rax + 640 + 64*\i]
.endm
.macro	load_at i
	vmovdqa64	zmm\i, [rdi + 64*\i]
.endm
.macro	put_at i
	vmovdqa64	[rdi + 64*\i], zmm\i
.endm
.macro	meet_at i
	plus	\i, %(15 + \i)
.endm
.macro	plus n, m
	vpaddq	zmm\n, zmm\n, zmm\m
.endm
.macro	twice_at i
	vpaddq	zmm\i{k4}, zmm\i, zmm\i
.endm
.macro	wipe_at i
	vmovdqa64	[rsp + 64*\i], none
.endm
.macro	lanes k, mask
	mov	eax, \mask
	kmovb	\k, eax
.endm

FUNC	fp2_squares_ifma
	push	rbp
	.cfi_adjust_cfa_offset	8
	.cfi_rel_offset	rbp, 0
	mov	rbp, rsp
	.cfi_def_cfa_register	rbp
	sub	rsp, 320
	and	rsp, -64
	lanes	k1, 0x11
	lanes	k2, 0x77
	lanes	k3, 0x0f
	lanes	k4, 0xf0
	lanes	k5, 0xee
	lea	rax, [rip + fp8_p]
	vpbroadcastq	inv, [rax + 8*20]
	lea	rax, [rip + fp2_p]
	vpternlogd	low52, low52, low52, 0xff
	vpsrlq	low52, low52, 12
	for_n	5, load_n_at
	for_n	5, load_at
	test	rsi, rsi
	je	2f
1:
	for_n	5, factors_of
	settle_both	5, 24, 15, 25
	for_n	5, keep_b_at
	for_n	5, clear
	do_range	15, 5, clear
	for_n	20, row
	for_n	5, meet_at
	for_n	5, twice_at
	dec	rsi
	jne	1b
	settle_one	0, 24
	for_n	5, put_at
2:
	vpxord	none, none, none
	for_n	5, wipe_at
	do_range	16, 10, clear
	vzeroupper
	leave
	.cfi_def_cfa	rsp, 8
	ret
ENDFUNC	fp2_squares_ifma
