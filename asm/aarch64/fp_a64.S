/* fp_a64.S -- F_p, one element: products, squares and sums.
 *
 *   void fp_mul_a64(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
 *   void fp_sqr_a64(uint64_t r[16], const uint64_t a[16]);
 *   void fp_add_a64(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
 *   void fp_sub_a64(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
 *
 * r = a*b/2^1024, a*a/2^1024, a + b, a - b mod p.  In, out: canonical.  r may be any operand.
 * x0 = r, x1 = a, x2 = b.  No branch but calls and returns, no secret address.
 *
 * A row adds a limb times eight others to a window of eight limbs: mul and umulh leave the flags alone, so that a row is
 * 33 instructions.  Products and squares are straight lines of rows: 56, and 32 with 15 of a triangle.
 *
 * Product: one level of Karatsuba.  With halves a0, a1, b0, b1 of 512 bits and B = 2^512,
 *
 *   a*b = L + (L + H - (a0 - a1)(b0 - b1)) B + H B^2,   L = a0*b0, H = a1*b1.
 *
 * (a0 - a1)(b0 - b1) is D = |a0 - a1| |b0 - b1| with a sign, and what is in brackets a0*b1 + a1*b0, so from 0 to 2^1025.
 * Square: the products of different limbs once, doubled, and the squares of limbs.
 *
 * The 32 limbs t of either are divided by 2^1024, and this is added modulo p (as fp_adx.S does):
 *
 *   m = t mod 2^64, t = (t >> 64) + m * fp_inv64	15 times, with fp_inv64 = 2^-64 mod p
 *   m = t * n0 mod 2^64, t = (t + m*p) >> 64	once, with n0 = -1/p mod 2^64
 *
 * fp_inv64 is below 0.17 p, and what the 15 rows leave of t is below 0.36 * 2^2048 / 2^960 + 2^64 * 0.17 p: after the last
 * row t is below (0.60 + 0.17 + 1) p < 2p.
 *
 * Registers: fac, eight limbs that are multiplied by one; win, a ring, in which limb k of t is win<k mod ring>: the window, and
 * limbs that have left it; tmp; cy.  All but sp, x0 and x18 are lost in between, x19 to x30 kept on the stack.
 */
#include "asm/asm.h"

	.hidden	fp_p
	.hidden	fp_one
	.hidden	fp_inv64
	.hidden	fp_n0

.macro	names prefix, regs:vararg
	.set	.Lnext, 0
	.irp	reg, \regs
	name	\prefix, %(.Lnext), \reg
	.set	.Lnext, .Lnext + 1
	.endr
.endm
.macro	name prefix, i, reg
\prefix\i	.req	\reg
.endm
	names	fac, x3, x4, x5, x6, x7, x8, x9, x10
	names	tmp, x11, x12, x13, x14
	names	win, x16, x17, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30, x0, x1, x2
cy	.req	x15
#define pointer	x2			/* of which no ring of 16 has use */

/* On the stack: t, 32 limbs; the limbs of |b0 - b1|, whose places the low ones of D take; r, a, b; and carries. */
#define at_d	256
#define at_r	320
#define at_a	328
#define at_b	336
#define at_more	344			/* the sign of D; later what is missing from a limb of t */
#define at_17	352			/* what is missing from limb 17 */
#define frame	368

/* ---- rows -------------------------------------------------------------------------------------- */

.macro	one_product op, i, f, g		/* tmp<i> = half of fac<f> * g */
	\op	tmp\i, fac\f, \g
.endm
.macro	products op, f, n, g		/* of fac<f>.., n of them */
	.irp	i, 0, 1, 2, 3
	.if	\i < \n
	one_product	\op, \i, %(\f + \i), \g
	.endif
	.endr
.endm
.macro	one_into op, w, i
	\op	win\w, win\w, tmp\i
.endm
.macro	into op, k, n			/* win<k>.. += tmp0.., n of them; op begins */
	.if	\n > 0
	one_into	\op, %((\k) % ring), 0
	.endif
	.irp	i, 1, 2, 3
	.if	\i < \n
	one_into	adcs, %((\k + \i) % ring), \i
	.endif
	.endr
.endm
.macro	top w, i, more=cy
	adc	win\w, tmp\i, \more
.endm

/* Limbs k..k+7 of the window and the new limb k + 8 += g * fac, and, in limb k + 8, what [sp + more] holds.  g may be
 * the register of limb k + 8. */
.macro	row k, g, more=-1
	products	mul, 0, 4, \g
	into	adds, \k, 4
	products	mul, 4, 4, \g
	into	adcs, %(\k + 4), 4
	.if	\more < 0
	adc	cy, xzr, xzr
	.else
	ldr	tmp0, [sp, #\more]
	adc	cy, tmp0, xzr
	.endif
	row_high	\k, \g
.endm
.macro	row_high k, g, more=cy
	products	umulh, 0, 4, \g
	into	adds, %(\k + 1), 4
	products	umulh, 4, 4, \g
	into	adcs, %(\k + 5), 3
	top	%((\k + 8) % ring), 3, \more
.endm
/* The first row of a product: the window is written. */
.macro	set_low w, f, g
	mul	win\w, fac\f, \g
.endm
.macro	row_alone k, g
	.irp	i, 0, 1, 2, 3, 4, 5, 6, 7
	set_low	%((\k + \i) % ring), \i, \g
	.endr
	row_high	\k, \g, xzr
.endm

.macro	load_fac base, off=0
	ldp	fac0, fac1, [\base, #\off]
	ldp	fac2, fac3, [\base, #\off + 16]
	ldp	fac4, fac5, [\base, #\off + 32]
	ldp	fac6, fac7, [\base, #\off + 48]
.endm
.macro	pair_at op, v, w, off
	\op	win\v, win\w, [sp, #\off]
.endm
.macro	pairs op, k, n, off		/* limbs k.. from or to [sp + off], n of them */
	.irp	i, 0, 2, 4, 6
	.if	\i < \n
	pair_at	\op, %((\k + \i) % ring), %((\k + \i + 1) % ring), %(\off + 8*\i)
	.endif
	.endr
.endm

/* Two rows by a pair of limbs at [pointer + off]; the two limbs that leave go to [sp + to]. */
.macro	rows_by k, v, w, off, to, kind
	ldp	win\v, win\w, [pointer, #\off]
	\kind	\k, win\v
	row	%(\k + 1), win\w
	pairs	stp, \k, 2, \to
.endm
.macro	two_rows k, off, to, kind=row
	rows_by	\k, %((\k + 10) % ring), %((\k + 11) % ring), \off, \to, \kind
.endm
/* fac times the eight limbs at [pointer + off]: limbs k..k+7 to [sp + to], the next eight in the window. */
.macro	block k, off, to, kind=row_alone
	two_rows	\k, \off, \to, \kind
	two_rows	%(\k + 2), %(\off + 16), %(\to + 16)
	two_rows	%(\k + 4), %(\off + 32), %(\to + 32)
	two_rows	%(\k + 6), %(\off + 48), %(\to + 48)
.endm

/* ---- sums of eight limbs ----------------------------------------------------------------------- */

.macro	sum_pair op, a, b, off
	ldp	tmp0, tmp1, [sp, #\off]
	\op	\a, \a, tmp0
	adcs	\b, \b, tmp1
.endm
.macro	sum_win_pair op, v, w, off
	sum_pair	\op, win\v, win\w, \off
.endm
.macro	sum_win op, k, n, off		/* limbs k.. += [sp + off], n of them; op begins, the carry stays */
	sum_win_pair	\op, %((\k) % ring), %((\k + 1) % ring), \off
	.irp	i, 2, 4, 6
	.if	\i < \n
	sum_win_pair	adcs, %((\k + \i) % ring), %((\k + \i + 1) % ring), %(\off + 8*\i)
	.endif
	.endr
.endm
.macro	sum_fac op, off
	sum_pair	\op, fac0, fac1, \off
	sum_pair	adcs, fac2, fac3, %(\off + 16)
	sum_pair	adcs, fac4, fac5, %(\off + 32)
	sum_pair	adcs, fac6, fac7, %(\off + 48)
.endm

/* fac = |x - y|, x at [base], y at [base + 64]; sign = all ones where x < y. */
.macro	less_pair op, a, b, base, off
	ldp	tmp0, tmp1, [\base, #\off]
	\op	\a, \a, tmp0
	sbcs	\b, \b, tmp1
.endm
.macro	difference base, sign
	load_fac	\base
	less_pair	subs, fac0, fac1, \base, 64
	less_pair	sbcs, fac2, fac3, \base, 80
	less_pair	sbcs, fac4, fac5, \base, 96
	less_pair	sbcs, fac6, fac7, \base, 112
	sbc	\sign, xzr, xzr
	.irp	i, 0, 1, 2, 3, 4, 5, 6, 7
	eor	fac\i, fac\i, \sign
	.endr
	subs	fac0, fac0, \sign
	.irp	i, 1, 2, 3, 4, 5, 6
	sbcs	fac\i, fac\i, \sign
	.endr
	sbc	fac7, fac7, \sign
.endm

/* ---- the frame --------------------------------------------------------------------------------- */

.macro	enter
	save_all
	sub	sp, sp, #frame
	.cfi_adjust_cfa_offset frame
.endm
.macro	leave
	add	sp, sp, #frame
	.cfi_adjust_cfa_offset -frame
	restore_all
	ret
.endm

/* ---- t / 2^1024 -------------------------------------------------------------------------------- */

/* A row by limb k, which has just left the window. */
.macro	row_by k, w, more
	row	\k, win\w, \more
.endm
.macro	drop_row k
	row_by	%(\k + 1), %((\k) % ring), -1
.endm
/* A row by limb k, which left eight rows ago: the new limb takes its place. */
.macro	late_row k, more=-1
	row_by	%(\k + 9), %((\k) % ring), \more
.endm

/* The last row, by m = limb 15 * n0, with p; its first product is not made, for its sum is 0 and carries where limb 15
 * is not 0.  Limb 23 is there already. */
.macro	last_low m, l23
	address	tmp0, fp_n0
	ldr	tmp0, [tmp0]
	cmp	\m, #1				/* C: not 0 */
	mul	\m, \m, tmp0
	products	mul, 1, 3, \m
	into	adcs, 16, 3
	products	mul, 4, 4, \m
	into	adcs, 19, 4
	adc	\l23, \l23, xzr
	products	umulh, 0, 4, \m
	into	adds, 16, 4
	products	umulh, 4, 4, \m
	into	adcs, 20, 4
.endm
.macro	last_high m, l31
	products	mul, 0, 4, \m
	into	adds, 23, 4
	products	mul, 4, 4, \m
	into	adcs, 27, 4
	adc	\l31, \l31, xzr
	products	umulh, 0, 4, \m
	into	adds, 24, 4
	products	umulh, 4, 4, \m
	into	adcs, 28, 4
.endm

/* t - p, limbs by pairs; kept in registers where there are, else at [sp + to]. */
.macro	less_p op, d, e, v, w, off
	ldp	\d, \e, [win15, #\off]
	\op	\d, win\v, \d
	sbcs	\e, win\w, \e
.endm
.macro	put_lower d, e, v, w, off	/* where C says so */
	csel	\d, \d, win\v, cs
	csel	\e, \e, win\w, cs
	stp	\d, \e, [win15, #\off]
.endm

/* ---- products ---------------------------------------------------------------------------------- */

/* Two limbs of M, fac or win, by turns: += D or - D - 1 of [sp + off] or of win. */
.macro	turned_pair op, a, b, d, e
	eor	\d, \d, tmp2
	eor	\e, \e, tmp2
	\op	\a, \a, \d
	adcs	\b, \b, \e
.endm
.macro	turned_low op, a, b, off
	ldp	tmp0, tmp1, [sp, #\off]
	turned_pair	\op, \a, \b, tmp0, tmp1
.endm

FUNC	fp_mul_a64
	enter
	.set	ring, 16
	str	x0, [sp, #at_r]
	str	x1, [sp, #at_a]
	load_fac	x1
	block	0, 0, 0				/* L */
	pairs	stp, 8, 8, 64
	ldr	tmp0, [sp, #at_a]
	load_fac	tmp0, 64
	block	0, 64, 128			/* H */
	pairs	stp, 8, 8, 192
	difference	pointer, win0
	stp	fac0, fac1, [sp, #at_d]
	stp	fac2, fac3, [sp, #at_d + 16]
	stp	fac4, fac5, [sp, #at_d + 32]
	stp	fac6, fac7, [sp, #at_d + 48]
	ldr	win1, [sp, #at_a]
	difference	win1, win2
	eor	win0, win0, win2
	str	win0, [sp, #at_more]
	add	pointer, sp, #at_d
	block	0, 0, at_d			/* D: its upper half is limbs 8 to 15 of the ring */

	/* fac, win0..7, cy = L + H */
	load_fac	sp
	sum_fac	adds, 128
	pairs	ldp, 0, 8, 64
	sum_win	adcs, 0, 8, 192
	adc	cy, xzr, xzr
	/* - D where the sign is 0, else + D */
	ldr	tmp2, [sp, #at_more]
	mvn	tmp2, tmp2
	cmn	tmp2, tmp2			/* C: - D - 1, and 1 */
	turned_low	adcs, fac0, fac1, at_d
	turned_low	adcs, fac2, fac3, at_d + 16
	turned_low	adcs, fac4, fac5, at_d + 32
	turned_low	adcs, fac6, fac7, at_d + 48
	turned_pair	adcs, win0, win1, win8, win9
	turned_pair	adcs, win2, win3, win10, win11
	turned_pair	adcs, win4, win5, win12, win13
	turned_pair	adcs, win6, win7, win14, win15
	adc	cy, cy, tmp2
	/* limbs 8 to 24 += that; limb 24 is at most 2 more, and gets it later */
	sum_fac	adds, 64
	sum_win	adcs, 0, 8, 128
	adc	cy, cy, xzr
	stp	fac0, fac1, [sp, #64]
	stp	fac2, fac3, [sp, #80]
	stp	fac4, fac5, [sp, #96]
	stp	fac6, fac7, [sp, #112]
	pairs	stp, 0, 8, 128
	str	cy, [sp, #at_more]

/* From t at [sp], of which [sp + at_more] is missing from limb 24.
 *
 * No sum of a window and a row loses a carry: what is below 2^512 + (2^64 - 1)(2^512 - 1) has nine limbs.  Where a limb is
 * there already or gets more, the row's factor is small: the upper half of fp_inv64 is below 0.1 * 2^512, so limb 25, 24 and
 * 17 are below 0.1 * 2^64 + 4; the lower half is below 0.04 * 2^512 and that of p below 0.89 * 2^512, so limb 23 is below
 * 0.93 * 2^64 + 2; the upper half of p is below 0.6 * 2^512, so limb 31 is below 0.7 * 2^64 + 2. */
.Lreduce:
	.set	ring, 17
	address	tmp0, fp_inv64
	load_fac	tmp0
	pairs	ldp, 0, 8, 0
	ldr	win8, [sp, #64]
	.irp	k, 0, 1, 2, 3, 4, 5, 6, 7
	drop_row	\k			/* limbs 0 to 7 are eight m, limb 8 the next */
	.endr
	sum_win	adds, 9, 8, 72
	address	tmp0, fp_inv64 + 64
	load_fac	tmp0
	adc	tmp0, xzr, xzr
	str	tmp0, [sp, #at_17]
	late_row	0, at_17
	.irp	k, 1, 2, 3, 4, 5, 6
	late_row	\k
	.endr
	late_row	7, at_more
	sum_win	adds, 17, 8, 136
	adc	cy, xzr, xzr			/* what is missing from limb 25 */
	str	cy, [sp, #at_more]
	pairs	stp, 17, 8, 136
	address	tmp0, fp_inv64
	load_fac	tmp0
	.irp	k, 8, 9, 10, 11, 12, 13, 14
	drop_row	\k
	.endr
	address	tmp0, fp_p
	load_fac	tmp0
	last_low	win15, win6
	mov	win7, xzr			/* limb 24 */
	sum_win	adds, 17, 8, 136
	ldr	tmp0, [sp, #at_more]
	adc	tmp0, tmp0, xzr
	str	tmp0, [sp, #at_more]
	address	tmp0, fp_inv64 + 64
	load_fac	tmp0
	late_row	8, at_more
	.irp	k, 9, 10, 11, 12, 13, 14
	late_row	\k
	.endr
	address	tmp0, fp_p + 64
	load_fac	tmp0
	last_high	win15, win14
	sum_win	adds, 25, 6, 200
	ldr	tmp0, [sp, #248]
	adcs	win14, win14, tmp0
	adc	cy, xzr, xzr
	address	win15, fp_p
	less_p	subs, tmp0, tmp1, 16, 0, 0
	less_p	sbcs, tmp2, tmp3, 1, 2, 16
	stp	tmp0, tmp1, [sp]
	stp	tmp2, tmp3, [sp, #16]
	less_p	sbcs, tmp0, tmp1, 3, 4, 32
	less_p	sbcs, tmp2, tmp3, 5, 6, 48
	less_p	sbcs, fac0, fac1, 7, 8, 64
	less_p	sbcs, fac2, fac3, 9, 10, 80
	less_p	sbcs, fac4, fac5, 11, 12, 96
	less_p	sbcs, fac6, fac7, 13, 14, 112
	sbcs	cy, cy, xzr
	ldr	win15, [sp, #at_r]
	put_lower	tmp0, tmp1, 3, 4, 32
	put_lower	tmp2, tmp3, 5, 6, 48
	ldp	tmp0, tmp1, [sp]
	ldp	tmp2, tmp3, [sp, #16]
	put_lower	tmp0, tmp1, 16, 0, 0
	put_lower	tmp2, tmp3, 1, 2, 16
	put_lower	fac0, fac1, 7, 8, 64
	put_lower	fac2, fac3, 9, 10, 80
	put_lower	fac4, fac5, 11, 12, 96
	put_lower	fac6, fac7, 13, 14, 112
	leave
ENDFUNC	fp_mul_a64

/* ---- squares ----------------------------------------------------------------------------------- */

/* Of eight limbs in fac, at limb k: the products of fac<i> with the n = 7 - i above it are added at limb k + 2i + 1; the new
 * limb is k + i + 8. */
.macro	triangle_row k, i
	triangle_low	%(\k + 2*\i + 1), %(\i + 1), %(7 - \i), \i
	triangle_high	%(\k + 2*\i + 2), %(\i + 1), %(7 - \i), \i
.endm
.macro	triangle_low k, f, n, g
	.if	\n > 4
	products	mul, \f, 4, fac\g
	into	adds, \k, 4
	products	mul, %(\f + 4), %(\n - 4), fac\g
	into	adcs, %(\k + 4), %(\n - 4)
	.else
	products	mul, \f, \n, fac\g
	into	adds, \k, \n
	.endif
	adc	cy, xzr, xzr
.endm
.macro	triangle_high k, f, n, g
	.if	\n > 4
	products	umulh, \f, 4, fac\g
	into	adds, \k, 4
	products	umulh, %(\f + 4), %(\n - 4), fac\g
	into	adcs, %(\k + 4), %(\n - 5)
	top	%((\k + \n - 1) % ring), %(\n - 5)
	.elseif	\n > 1
	products	umulh, \f, \n, fac\g
	into	adds, \k, %(\n - 1)
	top	%((\k + \n - 1) % ring), %(\n - 1)
	.else
	products	umulh, \f, 1, fac\g
	triangle_tip	%((\k) % ring)
	.endif
.endm
.macro	triangle_tip w
	add	win\w, tmp0, cy
.endm
/* The first row: the window is written. */
.macro	triangle_first
	.irp	i, 1, 2, 3, 4, 5, 6, 7
	set_low	\i, \i, fac0
	.endr
	mov	cy, xzr
	triangle_high	2, 1, 7, 0
.endm

/* Limbs of t by pairs: twice the sum of the products x, and the squares of a limb s.  x is the limb before and is lost, in
 * v and w are the two of the sum: afterwards the results are in x and v, and w is the limb before the next.  s is lost. */
.macro	square_pair op, x, v, w, s
	mul	tmp3, \s, \s
	umulh	\s, \s, \s
	extr	\x, \v, \x, #63
	extr	\v, \w, \v, #63
	\op	\x, \x, tmp3
	adcs	\v, \v, \s
.endm
.macro	square_low op, x, v, w, s, off
	ldp	\v, \w, [sp, #\off]
	square_pair	\op, \x, \v, \w, \s
	stp	\x, \v, [sp, #\off]
.endm
.macro	squares_low op, x, v, w, off	/* of two limbs: the last limb is in v */
	ldp	cy, win15, [pointer, #\off]
	square_low	\op, \x, \v, \w, cy, %(2*\off)
	square_low	adcs, \w, \x, \v, win15, %(2*\off + 16)
.endm
.macro	square_high x, v, w, f, off
	square_pair	adcs, \x, \v, \w, fac\f
	stp	\x, \v, [sp, #\off]
.endm

FUNC	fp_sqr_a64
	enter
	.set	ring, 16
	str	x0, [sp, #at_r]
	mov	pointer, x1
	load_fac	pointer
	triangle_first
	.irp	i, 1, 2, 3, 4, 5, 6
	triangle_row	0, \i
	.endr
	stp	xzr, win1, [sp]
	pairs	stp, 2, 6, 16
	load_fac	pointer, 64
	mov	win15, xzr
	block	8, 0, 64, row
	.irp	i, 0, 1, 2, 3, 4, 5, 6
	triangle_row	16, \i
	.endr					/* limbs 16 to 30 are in win0..14 */
	mov	tmp0, xzr
	squares_low	adds, tmp0, tmp1, tmp2, 0
	squares_low	adcs, tmp1, tmp2, tmp0, 16
	squares_low	adcs, tmp2, tmp0, tmp1, 32
	squares_low	adcs, tmp0, tmp1, tmp2, 48
	square_high	tmp1, win0, win1, 0, 128
	square_high	win1, win2, win3, 1, 144
	square_high	win3, win4, win5, 2, 160
	square_high	win5, win6, win7, 3, 176
	square_high	win7, win8, win9, 4, 192
	square_high	win9, win10, win11, 5, 208
	square_high	win11, win12, win13, 6, 224
	square_high	win13, win14, xzr, 7, 240
	str	xzr, [sp, #at_more]
	b	.Lreduce
ENDFUNC	fp_sqr_a64

/* ---- sums -------------------------------------------------------------------------------------- */

/* Sixteen limbs in sum0..15. */
	names	sum, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x19

.macro	a_op_b first, next, i, j
	ldp	sum\i, sum\j, [x1, #8*\i]
	ldp	x20, x21, [x2, #8*\i]
	.if	\i
	\next	sum\i, sum\i, x20
	.else
	\first	sum\i, sum\i, x20
	.endif
	\next	sum\j, sum\j, x21
.endm
.macro	a_op_b_at k, first, next
	a_op_b	\first, \next, %(2*\k), %(2*\k + 1)
.endm
.macro	less_p_at k
	less_p_pair	%(2*\k), %(2*\k + 1)
.endm
.macro	less_p_pair i, j
	ldp	x20, x21, [x1, #8*\i]
	.if	\i
	sbcs	x20, sum\i, x20
	.else
	subs	x20, sum\i, x20
	.endif
	sbcs	x21, sum\j, x21
	stp	x20, x21, [x0, #8*\i]
.endm
.macro	lower_at k
	lower_pair	%(2*\k), %(2*\k + 1)
.endm
.macro	lower_pair i, j
	ldp	x20, x21, [x0, #8*\i]
	csel	x20, x20, sum\i, cs
	csel	x21, x21, sum\j, cs
	stp	x20, x21, [x0, #8*\i]
.endm
/* The sum, and the sum - p, which holds where it is not negative. */
FUNC	fp_add_a64
	save_pair	x19, x20
	save_pair	x21, x22
	.irp	k, 0, 1, 2, 3, 4, 5, 6, 7
	a_op_b_at	\k, adds, adcs
	.endr
	adc	x2, xzr, xzr
	address	x1, fp_p
	for_n	8, less_p_at
	sbcs	x2, x2, xzr
	for_n	8, lower_at
	restore_pair	x21, x22
	restore_pair	x19, x20
	ret
ENDFUNC	fp_add_a64

.macro	plus_p_at k
	plus_p_pair	%(2*\k), %(2*\k + 1)
.endm
.macro	plus_p_pair i, j
	ldp	x20, x21, [x1, #8*\i]
	and	x20, x20, x2
	and	x21, x21, x2
	.if	\i
	adcs	x20, sum\i, x20
	.else
	adds	x20, sum\i, x20
	.endif
	adcs	x21, sum\j, x21
	stp	x20, x21, [x0, #8*\i]
.endm
/* The difference, and p where it is negative. */
FUNC	fp_sub_a64
	save_pair	x19, x20
	save_pair	x21, x22
	.irp	k, 0, 1, 2, 3, 4, 5, 6, 7
	a_op_b_at	\k, subs, sbcs
	.endr
	sbc	x2, xzr, xzr
	address	x1, fp_p
	for_n	8, plus_p_at
	restore_pair	x21, x22
	restore_pair	x19, x20
	ret
ENDFUNC	fp_sub_a64
