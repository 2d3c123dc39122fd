/* fp8_ifma.S -- eight lanes of F_p with AVX-512 IFMA: product, square, sums.
 *
 * Montgomery products by rows, two rows of the multiplier a block, ten blocks.  Before block k the
 * window w holds the columns 2k .. 2k+19, to which the two rows add two more:
 *
 *   rows      w += (b[2k] + b[2k+1] * 2^52) * a
 *   eliminate m0 = -w[0]/p mod 2^52, w += m0 * p; m1 = -w[1]/p mod 2^52, w += m1 * p * 2^52;
 *             now 2^104 divides w, and the carries out of w[0] and w[1] go to w[2].
 *
 * The columns 0..19, which are going to be eliminated, start at 2^52 - 1 instead of 0: the carry
 * out of a column c is (c + lo(m*p[0])) / 2^52, that is c / 2^52 rounded up, so (c + 2^52 - 1) >> 52,
 * and lo(m*p[0]) is never computed.  With c' = c + 2^52 - 1 and n0 = -1/p mod 2^52 the digit is
 * m = n0*c = n0 + n0*c' mod 2^52: one multiplication.
 *
 * Nothing overflows: a column gets at most 80 terms below 2^52, its start below 2^54 in magnitude
 * and a carry below 2^7 from each of two columns: below 2^59.  IFMA ignores bits 52..63 of its
 * operands, hence of m.  The result is (a*b + m*p)/2^1040 with m < 2^1040, see fp8.h for its size.
 *
 * zmm0-21 hold the window; column j of it is register (.Lw + j) mod 22, so that it moves without a
 * copy.  AVX-512F + IFMA.  No branch, no secret address.
 */
#include "asm/asm.h"

#define b0	zmm22
#define b1	zmm23
#define m0	zmm24
#define m1	zmm25
#define low52	zmm30
#define tmp	zmm31

.macro	mad_ op, n, xx, yy
	vpmadd52\op\()uq	zmm\n, \xx, \yy
.endm
.macro	mad op, col, xx, yy
	mad_	\op, %((.Lw + \col) % 22), \xx, \yy
.endm

/* Four temporaries for limbs of a and p, in turn. */
.macro	load_ n, src:vararg
	vmovdqa64	zmm\n, \src
.endm
.macro	spread_ n, src:vararg
	vpbroadcastq	zmm\n, \src
.endm

/* w += (row 0 * y + row 1 * 2^52 * y) * 2^(52j), by column: y is one limb. */
.macro	mad4_ row0, row1, i, j
	mad	l, \j, \row0, zmm\i
	mad	l, %(\j + 1), \row1, zmm\i
	mad	h, %(\j + 1), \row0, zmm\i
	mad	h, %(\j + 2), \row1, zmm\i
.endm
.macro	rows_at j
	load_	%(26 + \j % 4), [rsi + 64*\j]
	mad4_	b0, b1, %(26 + \j % 4), \j
.endm
.macro	eliminate_at j
	spread_	%(26 + \j % 4), [rax + 8*\j]
	mad4_	m0, m1, %(26 + \j % 4), \j
.endm

/* m = -w[col]/p */
.macro	digit m, col
	vpbroadcastq	\m, [rax + 8*20]
	mad_digit_	\m, %((.Lw + \col) % 22)
.endm
.macro	mad_digit_ m, n
	vpmadd52luq	\m, zmm\n, [rax + 8*20]{1to8}
.endm

/* w[col + 1] += w[col] >> 52 */
.macro	carry col
	carry_	%((.Lw + \col) % 22), %((.Lw + \col + 1) % 22)
.endm
.macro	carry_ n, up
	vpsraq	tmp, zmm\n, 52
	vpaddq	zmm\up, zmm\up, tmp
.endm

.macro	start_ n
	vmovdqa64	zmm\n, low52
.endm
.macro	clear_ n
	vpxord	zmm\n, zmm\n, zmm\n
.endm

/* r[j] = w[j], its carry into w[j + 1] */
.macro	settle j
	carry	\j
	settle_	%((.Lw + \j) % 22), \j
.endm
.macro	settle_ n, j
	vpandq	zmm\n, zmm\n, low52
	vmovdqa64	[rdi + 64*\j], zmm\n
.endm
.macro	settle_top_ n
	vmovdqa64	[rdi + 64*19], zmm\n
.endm

/* The columns 20 and up, which stay, start at what is to be added to the product. */
.macro	enter_0 n, i
	clear_	\n
.endm
.macro	enter_1 n, i
	clear_	\n
	vpsubq	zmm\n, zmm\n, [rcx + 64*\i]
.endm

.macro	reduce
	digit	m0, 0
	carry	0
	spread_	26, [rax]
	mad	h, 1, m0, zmm26
	spread_	27, [rax + 8]
	mad	l, 1, m0, zmm27
	digit	m1, 1
	carry	1
	mad	h, 2, m0, zmm27
	mad	h, 2, m1, zmm26
	mad	l, 2, m1, zmm27
	mad	h, 3, m1, zmm27
	do_range	2, 18, eliminate_at
	.set	.Lw, .Lw + 2
.endm


.macro	mul_rows k
	enter	%((.Lw + 20) % 22), %(2*\k)
	enter	%((.Lw + 21) % 22), %(2*\k + 1)
	load_	22, [rdx + 64*(2*\k)]
	load_	23, [rdx + 64*(2*\k + 1)]
	for_n	20, rows_at
	reduce
.endm

.macro	prepare
	lea	rax, [rip + fp8_p]
	vpternlogd	low52, low52, low52, 0xff
	vpsrlq	low52, low52, 12
	for_n	20, start_
	.set	.Lw, 0
.endm

.macro	finish
	for_n	19, settle
	settle_top_	%((.Lw + 19) % 22)
.endm

.macro	enter n, i
	enter_0	\n, \i
.endm
FUNC	fp8_mul_ifma
	prepare
	for_n	10, mul_rows
	finish
	ret
ENDFUNC	fp8_mul_ifma
	.purgem	enter
.macro	enter n, i
	enter_1	\n, \i
.endm
FUNC	fp8_mul_sub_ifma
	prepare
	for_n	10, mul_rows
	finish
	ret
ENDFUNC	fp8_mul_sub_ifma
	.purgem	enter

/* Squares take 2*a once for each pair of different limbs: row i is a[i] times a[i] and, above it,
 * the limbs of 2*(a[i+1] + a[i+2]*2^52 + ..), which are 2a[i+1] mod 2^52 and then
 * d[j] = 2a[j] + (a[j-1] >> 51) mod 2^52.  d is kept on the stack, and wiped. */
.macro	double_at j
	load_	26, [rsi + 64*(\j - 1)]
	load_	27, [rsi + 64*\j]
	vpsrlq	zmm26, zmm26, 51
	vpaddq	zmm27, zmm27, zmm27
	vpaddq	zmm27, zmm27, zmm26
	vmovdqa64	[rsp + 64*\j], zmm27
.endm
.macro	doubles_at j
	load_	%(26 + \j % 4), [rsp + 64*\j]
	mad4_	b0, b1, %(26 + \j % 4), \j
.endm
.macro	sqr_rows k
	sqr_rows_	%(2*\k)
.endm
.macro	sqr_rows_ i
	enter	%((.Lw + 20) % 22), \i
	enter	%((.Lw + 21) % 22), %(\i + 1)
	load_	22, [rsi + 64*\i]
	load_	23, [rsi + 64*(\i + 1)]
	mad	l, \i, b0, b0
	mad	h, %(\i + 1), b0, b0
	vpaddq	zmm26, b1, b1
	mad	l, %(\i + 1), b0, zmm26
	mad	h, %(\i + 2), b0, zmm26
	mad	l, %(\i + 2), b1, b1
	mad	h, %(\i + 3), b1, b1
	.if	\i < 18
	load_	27, [rsp + 64*(\i + 2)]
	load_	28, [rsi + 64*(\i + 2)]
	vpaddq	zmm28, zmm28, zmm28
	mad	l, %(\i + 2), b0, zmm27
	mad	h, %(\i + 3), b0, zmm27
	mad	l, %(\i + 3), b1, zmm28
	mad	h, %(\i + 4), b1, zmm28
	do_range	%(\i + 3), %(17 - \i), doubles_at
	.endif
	reduce
.endm
.macro	wipe_at j
	vmovdqa64	[rsp + 64*\j], tmp
.endm
.macro	sqr_all
	push	rbp
	.cfi_adjust_cfa_offset	8
	.cfi_rel_offset	rbp, 0
	mov	rbp, rsp
	.cfi_def_cfa_register	rbp
	and	rsp, -64
	sub	rsp, 64*20
	prepare
	do_range	2, 18, double_at
	for_n	10, sqr_rows
	finish
	vpxord	tmp, tmp, tmp
	do_range	2, 18, wipe_at
	mov	rsp, rbp
	pop	rbp
	.cfi_def_cfa	rsp, 8
	ret
.endm

.macro	enter n, i
	enter_0	\n, \i
.endm
FUNC	fp8_sqr_ifma
	sqr_all
ENDFUNC	fp8_sqr_ifma
	.purgem	enter
.macro	enter n, i
	enter_sqr	\n, \i
.endm
.macro	enter_sqr n, i
	clear_	\n
	vpsubq	zmm\n, zmm\n, [rdx + 64*\i]
	vpsubq	zmm\n, zmm\n, [rcx + 64*\i]
.endm
FUNC	fp8_sqr_sub2_ifma
	sqr_all
ENDFUNC	fp8_sqr_sub2_ifma
	.purgem	enter

/* Sums, with one chain of signed carries: |w[i]| < 2^54 on the way. */
.macro	add_at j
	load_	\j, [rsi + 64*\j]
	vpaddq	zmm\j, zmm\j, [rdx + 64*\j]
.endm
.macro	sub_at j
	load_	\j, [rsi + 64*\j]
	vpsubq	zmm\j, zmm\j, [rdx + 64*\j]
.endm
.macro	lift_at j
	sub_at	\j
	vpaddq	zmm\j, zmm\j, qword ptr [rcx + 8*\j]{1to8}
.endm
.macro	sum term
	.set	.Lw, 0
	vpternlogd	low52, low52, low52, 0xff
	vpsrlq	low52, low52, 12
	for_n	20, \term
	finish
	ret
.endm
FUNC	fp8_add_ifma
	sum	add_at
ENDFUNC	fp8_add_ifma
FUNC	fp8_sub_ifma
	sum	sub_at
ENDFUNC	fp8_sub_ifma
FUNC	fp8_lift_ifma
	sum	lift_at
ENDFUNC	fp8_lift_ifma
