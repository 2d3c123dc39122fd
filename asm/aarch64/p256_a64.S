/* p256_a64 -- P-256's field and scalars: products, squares, sums and differences of four 64-bit limbs
 *
 *   void p256_mul_a64(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *   void p256_sqr_a64(uint64_t r[4], const uint64_t a[4]);
 *   void p256_add_a64(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *   void p256_sub_a64(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *   void p256_mul_n_a64(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *   void p256_dbl_a64(uint64_t r[12], const uint64_t a[12]);
 *   void p256_mixed_a64(uint64_t r[12], const uint64_t a[12], const uint64_t b[8]);
 *
 * a*b/2^256, a*a/2^256, a + b, a - b mod p; a*b/2^256 mod n; sums of points.  In: below p, or n, but that a of
 * mul_n may be any number.  Out: below p, or n.  r may be a or b.  x0 = r, x1 = a, x2 = b.  The first five use
 * x0 .. x17 alone.  No vectors, no branch, no secret address.
 *
 * A number is in four registers one after the other, and macros name it by the first: 4 is x4 .. x7.
 */
#include "asm/asm.h"

#define u1	x1		/* for a moment: what a and b point to is loaded, or they are kept elsewhere */
#define u2	x2
#define u3	x3

#define P1	0xffffffff	/* p is 2^64 - 1, P1, 0, P3 */
#define P3	0xffffffff00000001
#define N3	0xffffffff00000000	/* n is two limbs of p256_a64_n, 2^64 - 1, N3 */

/* m with the registers of one number, and with what else there is; of two, of three. */
.macro	one m, a, more:vararg
	.ifb	\more
	\m	%(\a), %(\a + 1), %(\a + 2), %(\a + 3)
	.else
	\m	%(\a), %(\a + 1), %(\a + 2), %(\a + 3), \more
	.endif
.endm
.macro	two m, a, b
	\m	%(\a), %(\a + 1), %(\a + 2), %(\a + 3), %(\b), %(\b + 1), %(\b + 2), %(\b + 3)
.endm
.macro	three m, a, b, c
	\m	%(\a), %(\a + 1), %(\a + 2), %(\a + 3), %(\b), %(\b + 1), %(\b + 2), %(\b + 3), \
		%(\c), %(\c + 1), %(\c + 2), %(\c + 3)
.endm

.macro	load_one a0, a1, a2, a3, base, at
	ldp	x\a0, x\a1, [\base, \at]
	ldp	x\a2, x\a3, [\base, \at + 16]
.endm
.macro	load a, base, at
	one	load_one, \a, \base, \at
.endm
.macro	store_one a0, a1, a2, a3, base, at
	stp	x\a0, x\a1, [\base, \at]
	stp	x\a2, x\a3, [\base, \at + 16]
.endm
.macro	store a, base, at
	one	store_one, \a, \base, \at
.endm

/* ---- products: rows ------------------------------------------------------------------------ */

.macro	first_row a0, a1, a2, a3, b, n0, n1, n2, n3, n4		/* = a*b */
	mul	x\n0, x\a0, x\b
	umulh	x\n1, x\a0, x\b
	mul	u1, x\a1, x\b
	adds	x\n1, x\n1, u1
	umulh	x\n2, x\a1, x\b
	mul	u1, x\a2, x\b
	adcs	x\n2, x\n2, u1
	umulh	x\n3, x\a2, x\b
	mul	u1, x\a3, x\b
	adcs	x\n3, x\n3, u1
	umulh	x\n4, x\a3, x\b
	adc	x\n4, x\n4, xzr
.endm
.macro	row_low a0, a1, a2, a3, b, n0, n1, n2, n3		/* the low halves; a carry is left */
	mul	u1, x\a0, x\b
	adds	x\n0, x\n0, u1
	mul	u1, x\a1, x\b
	adcs	x\n1, x\n1, u1
	mul	u1, x\a2, x\b
	adcs	x\n2, x\n2, u1
	mul	u1, x\a3, x\b
	adcs	x\n3, x\n3, u1
.endm
.macro	row_high a0, a1, a2, b, n1, n2, n3			/* the high halves but for the highest */
	umulh	u1, x\a0, x\b
	adds	x\n1, x\n1, u1
	umulh	u1, x\a1, x\b
	adcs	x\n2, x\n2, u1
	umulh	u1, x\a2, x\b
	adcs	x\n3, x\n3, u1
.endm
.macro	row a0, a1, a2, a3, b, n0, n1, n2, n3, n4		/* += a*b, n4 is new: it is below 2^64 */
	row_low	\a0, \a1, \a2, \a3, \b, \n0, \n1, \n2, \n3
	umulh	x\n4, x\a3, x\b
	adc	x\n4, x\n4, xzr
	row_high \a0, \a1, \a2, \b, \n1, \n2, \n3
	adc	x\n4, x\n4, xzr
.endm
.macro	row_onto a0, a1, a2, a3, b, n0, n1, n2, n3, n4		/* += a*b, n4 is there */
	row_low	\a0, \a1, \a2, \a3, \b, \n0, \n1, \n2, \n3
	adc	x\n4, x\n4, xzr
	row_high \a0, \a1, \a2, \b, \n1, \n2, \n3
	umulh	u1, x\a3, x\b
	adc	x\n4, x\n4, u1
.endm

/* ---- reduction modulo p ----------------------------------------------------------------------
 *
 * p = 2^256 - 2^224 + 2^192 + 2^96 - 1, so -1/p = 2^96 + 1 mod 2^128: adding m*p, where m is the lowest two limbs n
 * plus 2^96*n mod 2^128, clears these.  With w = m*2^32, of three limbs,
 *
 *   m*p = 2^96*m - m + 2^192*(m - w + 2^64*m),
 *
 * where 2^96*m is w from limb 1 on: its lowest limb makes n1 into m1, and leaves a carry; the next is added to n2;
 * and the highest, below 2^32, with a carry of that, goes into m - w + 2^64*m, which is below 2^192 - 2^159 and so
 * keeps three limbs, those of n3 and up.  n0 = m0.  A carry above n5 is left. */

.macro	clear n0, n1, n2, n3, n4, n5, spare
	adds	x\n1, x\n1, x\n0, lsl 32	/* m1 */
	extr	u1, x\n1, x\n0, 32		/* w1 */
	lsr	u2, x\n1, 32			/* w2 */
	adcs	x\n2, x\n2, u1
	adc	u3, u2, xzr
	subs	x\spare, x\n0, x\n0, lsl 32	/* m - w; below 0 for a moment */
	sbcs	u1, x\n1, u1
	sbc	u2, x\n1, u2			/* m1 - w2: with 2^64*m's m1 */
	adds	x\spare, x\spare, u3
	adcs	u1, u1, x\n0
	adc	u2, u2, xzr
	adds	x\n3, x\n3, x\spare
	adcs	x\n4, x\n4, u1
	adcs	x\n5, x\n5, u2
.endm

/* r = s + c*2^256 mod p, which is below 2p; x\one and x\three hold P1 and P3.  c is 0 or 1. */
.macro	finish r0, r1, r2, r3, s0, s1, s2, s3, c, one, three
	adds	x\r0, x\s0, 1			/* less 2^64 - 1, as carries have it */
	sbcs	x\r1, x\s1, x\one
	sbcs	x\r2, x\s2, xzr
	sbcs	x\r3, x\s3, x\three
	sbcs	xzr, x\c, xzr
	csel	x\r0, x\s0, x\r0, lo
	csel	x\r1, x\s1, x\r1, lo
	csel	x\r2, x\s2, x\r2, lo
	csel	x\r3, x\s3, x\r3, lo
.endm

/* x14:x13:x12:x17:x16 = a*b/2^256 mod p, below 2p, for a below p and any b; b is lost.  Two rows make a*b0 and below
 * p*2^128; with m*p and its limbs cleared it is below 2p.  Another row adds less than p*2^64, so that five limbs are
 * enough, and both less than p*2^128: 2p + (p - 1)*b1 + (2^128 - 1)*p < 2p*2^128. */
.macro	multiply_two a0, a1, a2, a3, b0, b1, b2, b3
	first_row \a0, \a1, \a2, \a3, \b0, 12, 13, 14, 15, 16
	row	\a0, \a1, \a2, \a3, \b1, 13, 14, 15, 16, 17
	clear	12, 13, 14, 15, 16, 17, \b0
	adc	x12, xzr, xzr
	row_onto \a0, \a1, \a2, \a3, \b2, 14, 15, 16, 17, 12
	row	\a0, \a1, \a2, \a3, \b3, 15, 16, 17, 12, 13
	clear	14, 15, 16, 17, 12, 13, \b0
	adc	x14, xzr, xzr
.endm
.macro	multiply a, b
	two	multiply_two, \a, \b
.endm

/* x10:x9:x8:x17:x16 = a*a/2^256 mod p, below 2p, for a below p.  The first m*p is below p*2^128: with a*a it is below
 * 2^512, which t7 ends. */
.macro	square_one a0, a1, a2, a3
	mul	x13, x\a0, x\a1			/* products of two different limbs: limbs 1 to 6 in 13 .. 17, 8 */
	umulh	x14, x\a0, x\a1
	mul	u1, x\a0, x\a2
	adds	x14, x14, u1
	umulh	x15, x\a0, x\a2
	mul	u1, x\a0, x\a3
	adcs	x15, x15, u1
	umulh	x16, x\a0, x\a3
	mul	u1, x\a1, x\a3
	adcs	x16, x16, u1
	umulh	x17, x\a1, x\a3
	adc	x17, x17, xzr
	mul	u1, x\a1, x\a2
	adds	x15, x15, u1
	umulh	u1, x\a1, x\a2
	adcs	x16, x16, u1
	mul	u1, x\a2, x\a3
	adcs	x17, x17, u1
	umulh	x8, x\a2, x\a3
	adc	x8, x8, xzr
	adds	x13, x13, x13			/* twice that */
	adcs	x14, x14, x14
	adcs	x15, x15, x15
	adcs	x16, x16, x16
	adcs	x17, x17, x17
	adcs	x8, x8, x8
	adc	x9, xzr, xzr
	mul	x12, x\a0, x\a0			/* and the squares */
	umulh	u1, x\a0, x\a0
	adds	x13, x13, u1
	mul	u1, x\a1, x\a1
	adcs	x14, x14, u1
	umulh	u1, x\a1, x\a1
	adcs	x15, x15, u1
	mul	u1, x\a2, x\a2
	adcs	x16, x16, u1
	umulh	u1, x\a2, x\a2
	adcs	x17, x17, u1
	mul	u1, x\a3, x\a3
	adcs	x8, x8, u1
	umulh	u1, x\a3, x\a3
	adc	x9, x9, u1
	clear	12, 13, 14, 15, 16, 17, 10
	adcs	x8, x8, xzr
	adc	x9, x9, xzr
	clear	14, 15, 16, 17, 8, 9, 10
	adc	x10, xzr, xzr
.endm
.macro	square a
	one	square_one, \a
.endm

FUNC	p256_mul_a64
	load	4, x1, 0
	load	8, x2, 0
	multiply 4, 8
	mov	x1, P1
	mov	x2, P3
	finish	4, 5, 6, 7, 16, 17, 12, 13, 14, 1, 2
	store	4, x0, 0
	ret
ENDFUNC	p256_mul_a64

FUNC	p256_sqr_a64
	load	4, x1, 0
	square	4
	mov	x1, P1
	mov	x2, P3
	finish	4, 5, 6, 7, 16, 17, 8, 9, 10, 1, 2
	store	4, x0, 0
	ret
ENDFUNC	p256_sqr_a64

/* ---- sums and differences ------------------------------------------------------------------- */

.macro	sum_of s0, s1, s2, s3, a0, a1, a2, a3, b0, b1, b2, b3	/* a carry is left */
	adds	x\s0, x\a0, x\b0
	adcs	x\s1, x\a1, x\b1
	adcs	x\s2, x\a2, x\b2
	adcs	x\s3, x\a3, x\b3
.endm
.macro	difference r0, r1, r2, r3, a0, a1, a2, a3, b0, b1, b2, b3
	subs	x\r0, x\a0, x\b0
	sbcs	x\r1, x\a1, x\b1
	sbcs	x\r2, x\a2, x\b2
	sbcs	x\r3, x\a3, x\b3
	csetm	u1, lo
	and	u2, u1, P1
	and	u3, u1, P3
	adds	x\r0, x\r0, u1			/* + p where that is below 0 */
	adcs	x\r1, x\r1, u2
	adcs	x\r2, x\r2, xzr
	adc	x\r3, x\r3, u3
.endm
.macro	minus r, a, b				/* r = a - b mod p */
	three	difference, \r, \a, \b
.endm

FUNC	p256_add_a64
	load	4, x1, 0
	load	8, x2, 0
	three	sum_of, 12, 4, 8
	adc	x16, xzr, xzr
	mov	x1, P1
	mov	x2, P3
	finish	4, 5, 6, 7, 12, 13, 14, 15, 16, 1, 2
	store	4, x0, 0
	ret
ENDFUNC	p256_add_a64

FUNC	p256_sub_a64
	load	4, x1, 0
	load	8, x2, 0
	minus	4, 4, 8
	store	4, x0, 0
	ret
ENDFUNC	p256_sub_a64

/* ---- the product modulo n --------------------------------------------------------------------
 *
 * First all of a*b; then its lower half alone is made into a number below 2^256, n at most, by four steps, for
 * (2^256 - 1 + (2^64 - 1)*n)/2^64 < 2^256.  With the upper half, below n because b is, that is below 2n.
 *
 * n = 2^256 - 2^224 + 2^192 - 2^128 + h, h being two limbs.  With m the lowest limb times -1/n, m*n is m*h, of three
 * limbs, - 2^128*m + 2^192*(m - 2^32*m + 2^64*m).  Its lowest limb and n0 make 0, and a carry unless n0 is 0. */

.macro	clear_n n0, n1, n2, n3			/* limb n0 away; it becomes the highest of the four */
	mul	x4, x\n0, x2			/* m */
	umulh	x6, x4, x10
	mul	x5, x4, x11
	adds	x5, x5, x6			/* limb 1 of m*n */
	umulh	x6, x4, x11
	adc	x6, x6, xzr
	lsl	x7, x4, 32
	lsr	x3, x4, 32
	subs	x6, x6, x4			/* limb 2 */
	sbcs	x7, x4, x7			/* limb 3 */
	sbc	x3, x4, x3			/* limb 4 */
	cmp	x\n0, 1
	adcs	x\n1, x\n1, x5
	adcs	x\n2, x\n2, x6
	adcs	x\n3, x\n3, x7
	adc	x\n0, x3, xzr
.endm

FUNC	p256_mul_n_a64
	load	8, x1, 0
	load	4, x2, 0
	first_row 4, 5, 6, 7, 8, 12, 13, 14, 15, 16
	row	4, 5, 6, 7, 9, 13, 14, 15, 16, 17
	row	4, 5, 6, 7, 10, 14, 15, 16, 17, 8
	row	4, 5, 6, 7, 11, 15, 16, 17, 8, 9
	address	x3, p256_a64_n
	ldp	x10, x11, [x3]
	ldr	x2, [x3, 16]
	clear_n	12, 13, 14, 15
	clear_n	13, 14, 15, 12
	clear_n	14, 15, 12, 13
	clear_n	15, 12, 13, 14
	adds	x12, x12, x16
	adcs	x13, x13, x17
	adcs	x14, x14, x8
	adcs	x15, x15, x9
	adc	x16, xzr, xzr
	mov	x3, N3
	subs	x4, x12, x10
	sbcs	x5, x13, x11
	adcs	x6, x14, xzr			/* less 2^64 - 1 */
	sbcs	x7, x15, x3
	sbcs	xzr, x16, xzr
	csel	x4, x12, x4, lo
	csel	x5, x13, x5, lo
	csel	x6, x14, x6, lo
	csel	x7, x15, x7, lo
	store	4, x0, 0
	ret
ENDFUNC	p256_mul_n_a64

	.section .rodata
	.balign	16
p256_a64_n:
	.quad	0xf3b9cac2fc632551, 0xbce6faada7179e84	/* the lower limbs of n */
	.quad	0xccd1c8aaee00bc4f			/* -1/n mod 2^64 */

/* ---- sums of points --------------------------------------------------------------------------
 *
 * What is named by 4, 8, 19 and 27 stays in registers; a product loses its second factor, a square all of 8.
 *
 * Twice a = (x/z^2, y/z^3), on a curve with the coefficient -3:  m = 3(x - z^2)(x + z^2)/2, v = xy^2, and
 *
 *   x3 = m^2 - 2v,  y3 = m(v - x3) - y^4,  z3 = yz. */

#define at_a	x23
#define at_b	x24

/* Every register but x18 is used; a return address that leaves them is signed. */
.macro	open
	save_all
	mov	at_a, x1
	mov	at_b, x2
	mov	x25, P1
	mov	x26, P3
.endm
.macro	close
	restore_all
	ret
.endm

.macro	times r, a, b				/* r = a*b; r may be either */
	multiply \a, \b
	one	finish, \r, 16, 17, 12, 13, 14, 25, 26
.endm
.macro	squared r, a				/* r = a*a; r is not 8 */
	square	\a
	one	finish, \r, 16, 17, 8, 9, 10, 25, 26
.endm
.macro	plus r, a, b
	three	sum_of, 12, \a, \b
	adc	x16, xzr, xzr
	one	finish, \r, 12, 13, 14, 15, 16, 25, 26
.endm
.macro	less_p_where_carried r0, r1, r2, r3
	csetm	u1, hs
	and	u2, u1, P1
	and	u3, u1, P3
	subs	x\r0, x\r0, u1
	sbcs	x\r1, x\r1, u2
	sbcs	x\r2, x\r2, xzr
	sbc	x\r3, x\r3, u3
.endm
.macro	plus_any r, a, b			/* r is congruent to a + b and below 2^256: a second factor */
	three	sum_of, \r, \a, \b
	one	less_p_where_carried, \r
.endm
.macro	half_of r0, r1, r2, r3, a0, a1, a2, a3
	sbfx	u1, x\a0, 0, 1
	and	u2, u1, P1
	and	u3, u1, P3
	adds	x\r0, x\a0, u1			/* + p where it is odd, which makes it even */
	adcs	x\r1, x\a1, u2
	adcs	x\r2, x\a2, xzr
	adcs	x\r3, x\a3, u3
	adc	u1, xzr, xzr
	extr	x\r0, x\r1, x\r0, 1
	extr	x\r1, x\r2, x\r1, 1
	extr	x\r2, x\r3, x\r2, 1
	extr	x\r3, u1, x\r3, 1
.endm
.macro	half r, a
	two	half_of, \r, \a
.endm

FUNC	p256_dbl_a64
	open
	load	4, at_a, 64
	squared	19, 4				/* z^2 */
	load	8, at_a, 32
	times	4, 4, 8
	store	4, x0, 64			/* z3 */
	load	8, at_a, 0
	minus	27, 8, 19
	plus_any 8, 8, 19
	times	27, 27, 8
	half	4, 27
	plus	27, 27, 4			/* m */
	squared	4, 27
	load	19, at_a, 32
	squared	19, 19				/* y^2 */
	load	8, at_a, 0
	times	8, 19, 8			/* v */
	minus	4, 4, 8
	minus	4, 4, 8
	store	4, x0, 0			/* x3 */
	minus	8, 8, 4
	times	27, 27, 8
	squared	19, 19				/* y^4 */
	minus	27, 27, 19
	store	27, x0, 32			/* y3 */
	close
ENDFUNC	p256_dbl_a64

/* a + b, b = (x2, y2):  h = x2*z^2 - x, l = y2*z^3 - y, v = x*h^2, and
 *
 *   x3 = l^2 - h^3 - 2v,  y3 = l(v - x3) - y*h^3,  z3 = zh,
 *
 * which is 0 where x2 and y2 are those of a or of -a. */

FUNC	p256_mixed_a64
	open
	load	4, at_a, 64
	squared	19, 4				/* z^2 */
	load	8, at_b, 0
	times	27, 19, 8
	load	8, at_a, 0
	minus	27, 27, 8			/* h */
	times	19, 19, 4			/* z^3 */
	load	8, at_b, 32
	times	19, 19, 8
	load	8, at_a, 32
	minus	19, 19, 8			/* l */
	load	8, at_a, 64
	times	4, 27, 8
	store	4, x0, 64			/* z3 */
	squared	4, 27				/* h^2 */
	load	8, at_a, 0
	times	8, 4, 8				/* v, which a square would lose: to x3, as x is done with */
	store	8, x0, 0
	times	27, 4, 27			/* h^3 */
	squared	4, 19
	minus	4, 4, 27
	load	8, x0, 0
	minus	4, 4, 8
	minus	4, 4, 8
	store	4, x0, 0			/* x3 */
	minus	8, 8, 4
	times	19, 19, 8
	load	8, at_a, 32
	times	27, 27, 8			/* y*h^3 */
	minus	19, 19, 27
	store	19, x0, 32			/* y3 */
	close
ENDFUNC	p256_mixed_a64
