/* fp8_ifma.S -- eight lanes of F_p with AVX-512 IFMA: products, squares, sums.
 *
 *   void fp8_mul_ifma(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
 *   void fp8_sqr_ifma(r, a);
 *   void fp8_mul_add_ifma(r, a, b, c);      a*b/2^1040 + c
 *   void fp8_mul_sub_ifma(r, a, b, c);      a*b/2^1040 - c
 *   void fp8_mul_lift_ifma(r, a, b, c, const uint64_t k[20]);      a*b/2^1040 - c + k
 *   void fp8_sqr_sub2_ifma(r, a, c, d);     a*a/2^1040 - c - d
 *   void fp8_mul_diff_ifma(r, a, b, c, k);  a*(b - c + k)/2^1040
 *   void fp8_mul_sdiff_ifma(r, a, b, c, k, const uint64_t mask[8]);    a*(+-b - c + k)/2^1040
 *   void fp8_mul_diff_sub_ifma(r, a, b, c, k, d);      a*(b - c + k)/2^1040 - d
 *   void fp8_add_ifma(r, a, b);
 *   void fp8_sub_ifma(r, a, b);
 *   void fp8_lift_ifma(r, a, b, k);         a - b + k
 *   void fp8_cneg_ifma(r, a, mask, k);      k - a or a
 *   void fp8_cmov_ifma(r, a, mask);
 *   void fp8_reduce_ifma(r, a);             a mod p
 *
 * In, out: fp8.h, whose words tight, loose and factor are used here.  r may be any operand.
 * AVX-512F + IFMA.  No branch but one loop of ten turns, no secret address.
 *
 * Montgomery products by rows, two rows a block, ten blocks.  Before block k the window w holds the
 * columns 2k .. 2k+19, to which the two rows add two more:
 *
 *   rows        w += (b[2k] + b[2k+1] * 2^52) * a
 *   eliminate   m0 = -w[0]/p mod 2^52, w += m0 * p; m1 = -w[1]/p mod 2^52, w += m1 * p * 2^52;
 *               now 2^104 divides w, and the carries out of w[0] and w[1] go on to w[2].
 *
 * The columns 0..19, which are going to be eliminated, start at 2^52 - 1 instead of 0: the carry
 * out of a column c is (c + lo(m*p[0])) / 2^52, that is c / 2^52 rounded up: (c + 2^52 - 1) >> 52,
 * and lo(m*p[0]) is never computed.  With c' = c + 2^52 - 1 and n0 = -1/p mod 2^52 the digit is
 * m = n0*c = n0 + n0*c' mod 2^52: one multiplication.
 *
 * Nothing overflows: a column gets at most 80 terms below 2^52, a start of 2^52 and a carry below
 * 2^8, so it stays below 2^59; what is added or subtracted at the end is below 2^52 a limb, and
 * signed in the top limb alone.  IFMA ignores bits 52..63 of its operands, hence of m0 and m1.
 *
 * zmm0-21 hold the window, which moves down two registers a block (moves that are renamed away);
 * zmm26-28 the limbs of a and p in turn.
 */
#include "asm/asm.h"

#define row0	zmm22
#define row1	zmm23
#define m0	zmm24
#define m1	zmm25
#define borrow	zmm29
#define pj	zmm30
#define low52	zmm30
#define tmp	zmm31

.macro	mad half, n, xx, yy
	vpmadd52\half\()uq	zmm\n, \xx, \yy
.endm
.macro	load n, src:vararg
	vmovdqa64	zmm\n, \src
.endm
.macro	store n, dst:vararg
	vmovdqa64	\dst, zmm\n
.endm
.macro	spread n, src:vararg
	vpbroadcastq	zmm\n, \src
.endm
.macro	clear n
	vpxord	zmm\n, zmm\n, zmm\n
.endm
.macro	make_low52 n
	vpternlogd	zmm\n, zmm\n, zmm\n, 0xff
	vpsrlq	zmm\n, zmm\n, 12
.endm

/* w += (xx + yy * 2^52) * zmm<i> * 2^(52j) */
.macro	mad4 xx, yy, i, j
	mad	l, \j, \xx, zmm\i
	mad	l, %(\j + 1), \yy, zmm\i
	mad	h, %(\j + 1), \xx, zmm\i
	mad	h, %(\j + 2), \yy, zmm\i
.endm

/* w[up] += w[n] >> 52, with its sign */
.macro	carry n, up
	vpsraq	tmp, zmm\n, 52
	vpaddq	zmm\up, zmm\up, tmp
.endm

/* m = -w[n]/p mod 2^52 */
.macro	digit m, n
	vpbroadcastq	\m, [rax + 8*20]
	vpmadd52luq	\m, zmm\n, [rax + 8*20]{1to8}
.endm
/* The part of m * p that the next digit needs. */
.macro	fold m, n
	vpbroadcastq	pj, [rax]
	mad	h, \n, \m, pj
	vpbroadcastq	pj, [rax + 8]
	mad	l, \n, \m, pj
.endm

/* w += (m0 + m1 * 2^52) * p, without what digit and fold have done and what carry stands for. */
.macro	eliminate_first
	spread	26, [rax]
	spread	27, [rax + 8]
	mad	h, 2, m0, zmm27
	mad	h, 2, m1, zmm26
	mad	l, 2, m1, zmm27
	mad	h, 3, m1, zmm27
.endm
.macro	eliminate_at j
	spread	%(26 + \j % 3), [rax + 8*\j]
	mad4	m0, m1, %(26 + \j % 3), \j
.endm

.macro	start_at n
	vmovdqa64	zmm\n, zmm0
.endm
.macro	start
	lea	rax, [rip + fp8_p]
	make_low52	0
	do_range	1, 19, start_at
	clear	20
	clear	21
.endm
.macro	down_at j
	down	\j, %(\j + 2)
.endm
.macro	down n, above
	vmovdqa64	zmm\n, zmm\above
.endm
.macro	down_two
	for_n	20, down_at
	clear	20
	clear	21
.endm

/* r = w: limbs 0..18 into [0, 2^52), the rest into the top one. */
.macro	settle_at j
	carry	\j, %(\j + 1)
	vpandq	zmm\j, zmm\j, low52
	store	\j, [rdi + 64*\j]
.endm
.macro	settle
	make_low52	30
	for_n	19, settle_at
	store	19, [rdi + 64*19]
.endm

/* zmm0-19 = the columns of a*b/2^1040, a at rsi, b at rdx.  The digits are found as early as their
 * columns are complete, so that their latency hides behind the rows. */
.macro	rows_at j
	load	%(26 + \j % 3), [rsi + 64*\j]
	mad4	row0, row1, %(26 + \j % 3), \j
.endm
.macro	mul_block
	rows_at	0
	digit	m0, 0
	carry	0, 1
	do_range	1, 3, rows_at
	fold	m0, 1
	do_range	4, 3, rows_at
	digit	m1, 1
	carry	1, 2
	do_range	7, 13, rows_at
	eliminate_first
	do_range	2, 18, eliminate_at
	down_two
.endm
PART	fp8_ifma_mul
	start
	mov	r10d, 10
.Lmul_block:
	load	22, [rdx]
	load	23, [rdx + 64]
	add	rdx, 128
	mul_block
	dec	r10d
	jnz	.Lmul_block
	ret
ENDFUNC	fp8_ifma_mul

/* The same with b - c + k for b, c at rcx and k at r8: limb by limb as the rows need them, with
 * a chain of signed carries in zmm29.  The rows keep their carries above bit 51, unseen. */
.macro	diff row, at, k_at
	vmovdqa64	\row, [rdx + \at]
	SIGN	\row
	vpsubq	\row, \row, [rcx + \at]
	vpaddq	\row, \row, qword ptr [r8 + \k_at]{1to8}
	vpaddq	\row, \row, borrow
	vpsraq	borrow, \row, 52
.endm
.macro	mul_diff_blocks again
	start
	vpxord	borrow, borrow, borrow
	mov	r10d, 10
\again:
	diff	row0, 0, 0
	diff	row1, 64, 8
	add	rdx, 128
	add	rcx, 128
	add	r8, 16
	mul_block
	dec	r10d
	jnz	\again
	ret
.endm
.macro	SIGN row
.endm
PART	fp8_ifma_mul_diff
	mul_diff_blocks	.Lmul_diff_block
ENDFUNC	fp8_ifma_mul_diff
	.purgem	SIGN

/* The same with -b for b where the mask at r9 is all ones. */
.macro	SIGN row
	vpxorq	\row, \row, [r9]
	vpsubq	\row, \row, [r9]
.endm
PART	fp8_ifma_mul_sdiff
	mul_diff_blocks	.Lmul_sdiff_block
ENDFUNC	fp8_ifma_mul_sdiff

/* zmm0-19 = the columns of a*a/2^1040, a at rsi, 1280 octets of scratch at r11.
 *
 * Two different limbs meet once, one of them doubled: row i is a[i] times a[i], and above it times
 * the limbs of 2*(a[i+1] + a[i+2]*2^52 + ..), which are 2a[i+1] mod 2^52 and then
 * d[j] = 2a[j] + (a[j-1] >> 51) mod 2^52.  So a[j] has to be below 2^52, and a[19] below 2^51.
 * The rows of block k begin in column 2k of the window, therefore from the second block on the
 * digits do not depend on them: .Lsqr_eliminate finds those of the next block on its way. */
.macro	double_at j
	load	26, [rsi + 64*(\j - 1)]
	load	27, [rsi + 64*\j]
	vpsrlq	zmm26, zmm26, 51
	vpaddq	zmm27, zmm27, zmm27
	vpaddq	zmm27, zmm27, zmm26
	store	27, [r11 + 64*\j]
.endm
.macro	doubled_rows_at j
	load	%(26 + \j % 3), [r11 + 64*\j]
	mad4	row0, row1, %(26 + \j % 3), \j
.endm
.macro	sqr_rows i
	load	22, [rsi + 64*\i]
	load	23, [rsi + 64*(\i + 1)]
	vpaddq	zmm26, row1, row1
	mad	l, \i, row0, row0
	mad	h, %(\i + 1), row0, row0
	mad	l, %(\i + 1), row0, zmm26
	mad	h, %(\i + 2), row0, zmm26
	mad	l, %(\i + 2), row1, row1
	mad	h, %(\i + 3), row1, row1
	.if	\i < 18
	load	27, [r11 + 64*(\i + 2)]
	load	28, [rsi + 64*(\i + 2)]
	vpaddq	zmm28, zmm28, zmm28
	mad	l, %(\i + 2), row0, zmm27
	mad	h, %(\i + 3), row0, zmm27
	mad	l, %(\i + 3), row1, zmm28
	mad	h, %(\i + 4), row1, zmm28
	do_range	%(\i + 3), %(17 - \i), doubled_rows_at
	.endif
.endm
.macro	sqr_block k
	call	fp8_ifma_sqr_eliminate
	sqr_rows	%(2*\k)
.endm
PART	fp8_ifma_sqr
	start
	do_range	2, 18, double_at
	sqr_rows	0
	digit	m0, 0
	carry	0, 1
	fold	m0, 1
	digit	m1, 1
	carry	1, 2
	do_range	1, 9, sqr_block
	eliminate_first
	do_range	2, 18, eliminate_at
	for_n	20, down_at
	ret
ENDFUNC	fp8_ifma_sqr

PART	fp8_ifma_sqr_eliminate
	eliminate_first
	do_range	2, 2, eliminate_at
	digit	row0, 2
	carry	2, 3
	do_range	4, 3, eliminate_at
	fold	row0, 3
	do_range	7, 3, eliminate_at
	digit	row1, 3
	carry	3, 4
	do_range	10, 10, eliminate_at
	down_two
	vmovdqa64	m0, row0
	vmovdqa64	m1, row1
	ret
ENDFUNC	fp8_ifma_sqr_eliminate

/* d lives in an aligned frame, and is wiped. */
.macro	wipe_at j
	store	31, [r11 + 64*\j]
.endm
.macro	call_sqr
	push	rbp
	.cfi_adjust_cfa_offset	8
	.cfi_rel_offset	rbp, 0
	mov	rbp, rsp
	.cfi_def_cfa_register	rbp
	sub	rsp, 64*20
	and	rsp, -64
	mov	r11, rsp
	call	fp8_ifma_sqr
	clear	31
	do_range	2, 18, wipe_at
	leave
	.cfi_def_cfa	rsp, 8
.endm

.macro	plus_rcx_at j
	vpaddq	zmm\j, zmm\j, [rcx + 64*\j]
.endm
.macro	plus_r8_limb_at j
	vpaddq	zmm\j, zmm\j, qword ptr [r8 + 8*\j]{1to8}
.endm
.macro	minus_rcx_at j
	vpsubq	zmm\j, zmm\j, [rcx + 64*\j]
.endm
.macro	minus_r9_at j
	vpsubq	zmm\j, zmm\j, [r9 + 64*\j]
.endm
.macro	minus_rdx_at j
	vpsubq	zmm\j, zmm\j, [rdx + 64*\j]
.endm

FUNC	fp8_mul_ifma
	call	fp8_ifma_mul
	settle
	ret
ENDFUNC	fp8_mul_ifma

FUNC	fp8_mul_add_ifma
	call	fp8_ifma_mul
	for_n	20, plus_rcx_at
	settle
	ret
ENDFUNC	fp8_mul_add_ifma

FUNC	fp8_mul_lift_ifma
	call	fp8_ifma_mul
	for_n	20, minus_rcx_at
	for_n	20, plus_r8_limb_at
	settle
	ret
ENDFUNC	fp8_mul_lift_ifma

FUNC	fp8_mul_sub_ifma
	call	fp8_ifma_mul
	for_n	20, minus_rcx_at
	settle
	ret
ENDFUNC	fp8_mul_sub_ifma

FUNC	fp8_mul_diff_ifma
	call	fp8_ifma_mul_diff
	settle
	ret
ENDFUNC	fp8_mul_diff_ifma

FUNC	fp8_mul_sdiff_ifma
	call	fp8_ifma_mul_sdiff
	settle
	ret
ENDFUNC	fp8_mul_sdiff_ifma

FUNC	fp8_mul_diff_sub_ifma
	call	fp8_ifma_mul_diff
	for_n	20, minus_r9_at
	settle
	ret
ENDFUNC	fp8_mul_diff_sub_ifma

FUNC	fp8_sqr_ifma
	call_sqr
	settle
	ret
ENDFUNC	fp8_sqr_ifma

FUNC	fp8_sqr_sub2_ifma
	call_sqr
	for_n	20, minus_rdx_at
	for_n	20, minus_rcx_at
	settle
	ret
ENDFUNC	fp8_sqr_sub2_ifma

.macro	load_at j
	load	\j, [rsi + 64*\j]
.endm
.macro	plus_rdx_at j
	vpaddq	zmm\j, zmm\j, [rdx + 64*\j]
.endm
.macro	plus_rcx_limb_at j
	vpaddq	zmm\j, zmm\j, qword ptr [rcx + 8*\j]{1to8}
.endm

FUNC	fp8_add_ifma
	for_n	20, load_at
	for_n	20, plus_rdx_at
	settle
	ret
ENDFUNC	fp8_add_ifma

FUNC	fp8_sub_ifma
	for_n	20, load_at
	for_n	20, minus_rdx_at
	settle
	ret
ENDFUNC	fp8_sub_ifma

FUNC	fp8_lift_ifma
	for_n	20, load_at
	for_n	20, minus_rdx_at
	for_n	20, plus_rcx_limb_at
	settle
	ret
ENDFUNC	fp8_lift_ifma

/* -a = (a ^ mask) - mask, limb by limb, where mask is all ones; and k. */
.macro	cneg_at j
	vpxorq	zmm\j, zmm31, [rsi + 64*\j]
	vpsubq	zmm\j, zmm\j, zmm31
	vpandq	zmm30, zmm31, qword ptr [rcx + 8*\j]{1to8}
	vpaddq	zmm\j, zmm\j, zmm30
.endm
FUNC	fp8_cneg_ifma
	vmovdqu64	zmm31, [rdx]
	for_n	20, cneg_at
	settle
	ret
ENDFUNC	fp8_cneg_ifma

.macro	cmov_at j
	load	0, [rdi + 64*\j]
	load	1, [rsi + 64*\j]
	vmovdqa64	zmm0{k1}, zmm1
	store	0, [rdi + 64*\j]
.endm
FUNC	fp8_cmov_ifma
	vmovdqu64	zmm0, [rdx]
	vpmovq2m	k1, zmm0
	for_n	20, cmov_at
	ret
ENDFUNC	fp8_cmov_ifma

/* A negative a is lifted by 2p; then p is taken away where that leaves no borrow. */
.macro	lift_2p_at j
	vpaddq	zmm\j{k1}, zmm\j, qword ptr [rax + 8*\j]{1to8}
	vpaddq	zmm\j{k1}, zmm\j, qword ptr [rax + 8*\j]{1to8}
.endm
.macro	borrow_p_at j
	vpsubq	tmp, zmm\j, qword ptr [rax + 8*\j]{1to8}
	vpaddq	borrow, borrow, tmp
	vpsraq	borrow, borrow, 52
.endm
.macro	minus_p_at j
	vpsubq	zmm\j{k1}, zmm\j, qword ptr [rax + 8*\j]{1to8}
.endm
FUNC	fp8_reduce_ifma
	lea	rax, [rip + fp8_p]
	for_n	20, load_at
	vpmovq2m	k1, zmm19
	for_n	20, lift_2p_at
	vpxord	borrow, borrow, borrow
	for_n	20, borrow_p_at
	vpmovq2m	k1, borrow
	knotb	k1, k1
	for_n	20, minus_p_at
	settle
	ret
ENDFUNC	fp8_reduce_ifma
