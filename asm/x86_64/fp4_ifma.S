/* fp4_ifma.S -- F_p of four elements side by side, two lanes of a vector to each, with AVX-512 IFMA: see fp4.h.
 *
 *   void fp4_mul_ifma(uint64_t r[10][8], const uint64_t a[10][8], const uint64_t ia[8],
 *                     const uint64_t b[10][8], const uint64_t ib[8]);
 *   void fp4_mix_ifma(uint64_t r[10][8], const uint64_t a[10][8], const fp4_plan *m, const uint64_t k[10][8]);
 *
 * Lanes 2e and 2e + 1 of vector i are limbs i and i + 10 of element e.  mul: r = a*b/2^1040 mod p, below 1.11p for
 * factors, with the lanes of a and b taken from those that ia and ib name.  mix: sums of what m names, and k where
 * something is subtracted.  In, out: limbs in [0, 2^52).  r may be a and b.  All are 64-byte aligned.
 * AVX-512 F, BW, DQ, VL and IFMA.  No branch, no secret address.
 *
 * Rows of Montgomery's product into a window of twenty columns, ten for the even lanes and ten for the odd:
 *
 *   row j    w += a*b[j] + m*p, m = -w[0]/p mod 2^52; w = w/2^52
 *
 * What multiplies high is added after the window has moved down a column: its registers are renamed, and column 10,
 * the first of the odd lane, goes over to the even one as its last.  A column gets at most 80 terms below 2^52 and a
 * carry below 2^8, so it stays below 2^59.
 *
 *   w  zmm0-9      a  zmm10-19      b[j] zmm24-25      m  zmm21      carry zmm22      -1/p zmm23
 *   b  on the stack                 k1 even lanes
 */
#include "asm/asm.h"

#define none	zmm30
#define low52	zmm31
#define order	zmm20
#define digit	zmm21
#define carry	zmm22
#define inv	zmm23

.macro	clear n
	vpxord	zmm\n, zmm\n, zmm\n
.endm
.macro	set_low52
	vpternlogd	low52, low52, low52, 0xff
	vpsrlq	low52, low52, 12
.endm

/* ---- a row ---- */
.macro	mad_a half, w, a, b
	vpmadd52\half\()uq	zmm\w, zmm\a, zmm\b
.endm
.macro	mad_p half, w, i
	vpmadd52\half\()uq	zmm\w, digit, [rax + 64*\i]
.endm
.macro	low_a j, i
	mad_a	l, %((\i + \j) % 10), %(10 + \i), %(24 + \j % 2)
.endm
.macro	high_a j, i
	mad_a	h, %((\i + \j + 1) % 10), %(10 + \i), %(24 + \j % 2)
.endm
.macro	low_p j, i
	mad_p	l, %((\i + \j) % 10), \i
.endm
.macro	high_p j, i
	mad_p	h, %((\i + \j + 1) % 10), \i
.endm
.macro	from_two m, j
	.irp	i, 2, 3, 4, 5, 6, 7, 8, 9
	\m	\j, \i
	.endr
.endm
.macro	window_down w, next
	vpsrlq	carry{k1}{z}, zmm\w, 52
	vpsrldq	zmm\w, zmm\w, 8
	vpaddq	zmm\next, zmm\next, carry
.endm
.macro	find_digit w
	vpxord	digit, digit, digit
	vpmadd52luq	digit, zmm\w, inv
	vpshufd	digit, digit, 0x44
.endm
.macro	load_b j, n
	.if	\j < 10
	vpshufd	zmm\n, [rsp + 64*\j], 0x44
	.elseif	\j < 20
	vpshufd	zmm\n, [rsp + 64*(\j - 10)], 0xee
	.endif
.endm
/* The next digit waits for w[1] alone: what does not wait for this one is added there first. */
.macro	row j
	load_b	%(\j + 1), %(24 + (\j + 1) % 2)
	find_digit	%(\j % 10)
	low_a	\j, 1
	high_a	\j, 0
	.if	\j < 19
	low_a	%(\j + 1), 0
	.endif
	low_p	\j, 0
	low_p	\j, 1
	high_p	\j, 0
	window_down	%(\j % 10), %((\j + 1) % 10)
	from_two	low_a, \j
	high_a	\j, 1
	from_two	high_a, \j
	from_two	low_p, \j
	high_p	\j, 1
	from_two	high_p, \j
.endm

/* ---- limbs of w into [0, 2^52) ---- */
.macro	carry_at i
	.if	\i > 0
	vpaddq	zmm\i, zmm\i, carry
	.endif
	vpsraq	carry, zmm\i, 52
	vpandq	zmm\i, zmm\i, low52
.endm
.macro	carry_again_at i
	vpaddq	zmm\i, zmm\i, carry
	.if	\i < 9
	vpsraq	carry, zmm\i, 52
	.endif
	vpandq	zmm\i, zmm\i, low52
.endm
/* Once in all lanes, and once more with what the even ones give to the odd. */
.macro	settle
	for_n	10, carry_at
	vpslldq	carry, carry, 8
	for_n	10, carry_again_at
.endm

.macro	take_a n, i
	vpermq	zmm\n, order, [rsi + 64*\i]
.endm
.macro	load_a_at i
	take_a	%(10 + \i), \i
.endm
.macro	load_b_at i
	vpermq	zmm\i, digit, [rcx + 64*\i]
.endm
.macro	keep_b_at i
	vmovdqa64	[rsp + 64*\i], zmm\i
.endm
.macro	put_at i
	vmovdqa64	[rdi + 64*\i], zmm\i
.endm
.macro	wipe_at i
	vmovdqa64	[rsp + 64*\i], none
.endm

FUNC	fp4_mul_ifma
	push	rbp
	.cfi_adjust_cfa_offset	8
	.cfi_rel_offset	rbp, 0
	mov	rbp, rsp
	.cfi_def_cfa_register	rbp
	sub	rsp, 640
	and	rsp, -64
	mov	eax, 0x55
	kmovb	k1, eax
	vmovdqa64	order, [rdx]
	vmovdqa64	digit, [r8]
	for_n	10, load_b_at
	for_n	10, keep_b_at
	for_n	10, load_a_at
	lea	rax, [rip + fp8_p]
	vpbroadcastq	inv, [rax + 8*20]
	lea	rax, [rip + fp4_p]
	set_low52
	for_n	10, clear
	load_b	0, 24
	low_a	0, 0
	for_n	20, row
	settle
	for_n	10, put_at
	vpxord	none, none, none
	for_n	10, wipe_at
	do_range	16, 10, clear
	vzeroupper
	leave
	.cfi_def_cfa	rsp, 8
	ret
ENDFUNC	fp4_mul_ifma

/* ---- sums ---- */
#define of_first	zmm10
#define of_second	zmm11
#define of_third	zmm12
#define of_last	zmm13

.macro	mix_at i
	vmovdqa64	zmm14, [rsi + 64*\i]
	vpermq	zmm\i, of_first, zmm14
	vpermq	zmm15{k1}{z}, of_second, zmm14
	vpaddq	zmm\i, zmm\i, zmm15
	vpermq	zmm15{k2}{z}, of_third, zmm14
	vpaddq	zmm\i, zmm\i, zmm15
	vpaddq	zmm\i{k3}, zmm\i, [rcx + 64*\i]
	vpermq	zmm15{k3}{z}, of_last, zmm14
	vpsubq	zmm\i, zmm\i, zmm15
.endm

FUNC	fp4_mix_ifma
	vmovdqa64	of_first, [rdx]
	vmovdqa64	of_second, [rdx + 64]
	vmovdqa64	of_third, [rdx + 128]
	vmovdqa64	of_last, [rdx + 192]
	kmovb	k1, [rdx + 256]
	kmovb	k2, [rdx + 257]
	kmovb	k3, [rdx + 258]
	set_low52
	for_n	10, mix_at
	settle
	for_n	10, put_at
	vpxord	carry, carry, carry
	vzeroupper
	ret
ENDFUNC	fp4_mix_ifma
