/* p256_adx -- P-256's field: products, squares, sums and differences of four 64-bit limbs
 *
 *   void p256_mul_adx(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *   void p256_sqr_adx(uint64_t r[4], const uint64_t a[4]);
 *   void p256_add_adx(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *   void p256_sub_adx(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *   void p256_dbl_adx(uint64_t r[12], const uint64_t a[12]);
 *   void p256_mixed_adx(uint64_t r[12], const uint64_t a[12], const uint64_t b[8]);
 *
 * a*b/2^256, a*a/2^256, a + b, a - b mod p; sums of points.  In: below p.  Out: below p.  r may be a or b.
 * rdi = r, rsi = a, rdx = b.  BMI2 and ADX.  No branch, no secret address.
 *
 * p = 2^256 - 2^224 + 2^192 + 2^96 - 1, so -1/p = 1 mod 2^64, and one step of the reduction adds
 * m*p with m the lowest limb: m*(2^64 - 2^32 + 1)*2^192 + m*2^96 - m, which clears that limb.
 */
#include "asm/asm.h"

#define lo	rax
#define hi	rcx
#define bp	rbx
#define top	rbp		/* the highest limb of p, 2^64 - 2^32 + 1 */

.macro	save_all
	save	rbx
	save	rbp
	save	r12
	save	r13
	save	r14
	save	r15
	mov	top, 0xffffffff00000001
.endm
.macro	restore_all
	restore	r15
	restore	r14
	restore	r13
	restore	r12
	restore	rbp
	restore	rbx
.endm

/* ---- the product ---------------------------------------------------------------------------
 *
 * Limb k of the sum lives in register 8 + k mod 8.  Before row i the sum has limbs i .. i + 4 and
 * is below 2p; a*b[i] brings it below p*2^64 + p < 2^320, so it keeps five limbs; m*p takes it
 * below 2^321, and what is left, without limb i, is below 2p again. */

.macro	mac n, above, j		/* r\n += low, r\above += high of a[j]*rdx */
	mulx	hi, lo, [rsi + 8*\j]
	adcx	r\n, lo
	adox	r\above, hi
.endm
.macro	mac_at i, j
	mac	%(8 + \i + \j), %(9 + \i + \j), \j
.endm

/* limb i away: n0 .. n4 are limbs i .. i + 4, n5 becomes the carry above them */
.macro	clear n0, n1, n2, n3, n4, n5
	mov	rdx, r\n0
	mulx	hi, lo, top
	shl	r\n0, 32
	shr	rdx, 32
	xor	r\n5, r\n5
	add	r\n1, r\n0
	adc	r\n2, rdx
	adc	r\n3, lo
	adc	r\n4, hi
	adc	r\n5, 0
.endm
.macro	clear_at i
	clear	%(8 + \i), %(9 + \i), %(10 + \i), %(11 + \i), %(12 + \i), %(8 + (\i + 5) % 8)
.endm

.macro	add_row i
	mov	rdx, [bp + 8*\i]
	xor	lo, lo			/* carries off */
	mac_at	\i, 0
	mac_at	\i, 1
	mac_at	\i, 2
	mac_at	\i, 3
	mov	lo, 0
	add_carry	%(12 + \i)
	clear_at	\i
.endm
.macro	add_carry n
	adcx	r\n, lo			/* the last adox left no carry: five limbs are enough */
.endm

/* rsi:rdx:rcx:rax = n3:n2:n1:n0 + r\n4*2^256 mod p, which is below 2p */
.macro	finish n0, n1, n2, n3, n4
	mov	rax, r\n0
	mov	rcx, r\n1
	mov	rdx, r\n2
	mov	rsi, r\n3
	mov	ebx, 0xffffffff
	sub	rax, -1
	sbb	rcx, rbx
	sbb	rdx, 0
	sbb	rsi, top
	sbb	r\n4, 0
	cmovc	rax, r\n0
	cmovc	rcx, r\n1
	cmovc	rdx, r\n2
	cmovc	rsi, r\n3
.endm
.macro	store
	mov	[rdi], rax
	mov	[rdi + 8], rcx
	mov	[rdi + 16], rdx
	mov	[rdi + 24], rsi
.endm

.macro	product				/* of [rsi] and [bp] */
	mov	rdx, [bp]
	mulx	r9, r8, [rsi]
	mulx	r10, lo, [rsi + 8]
	add	r9, lo
	mulx	r11, lo, [rsi + 16]
	adc	r10, lo
	mulx	r12, lo, [rsi + 24]
	adc	r11, lo
	adc	r12, 0
	clear_at	0
	add_row	1
	add_row	2
	add_row	3
	finish	12, 13, 14, 15, 8
.endm

FUNC	p256_mul_adx
	save_all
	mov	bp, rdx
	product
	store
	restore_all
	ret
ENDFUNC	p256_mul_adx

/* ---- the square ----------------------------------------------------------------------------
 *
 * r8 .. r15 = a*a, then four steps on the lower half alone, which stays below 2^256, for
 * (2^256 - 1 + (2^64 - 1)*p)/2^64 < 2^256, and ends at p or below; with the upper half, which is
 * below p, it is below 2p. */

.macro	square_of n, above, j
	mov	rdx, [rsi + 8*\j]
	mulx	hi, lo, rdx
	adcx	r\n, r\n
	adox	r\n, lo
	adcx	r\above, r\above
	adox	r\above, hi
.endm
.macro	clear_low n0, n1, n2, n3	/* limb n0 away; it becomes the highest of the four */
	mov	rdx, r\n0
	mulx	hi, lo, top
	shl	r\n0, 32
	shr	rdx, 32
	add	r\n1, r\n0
	adc	r\n2, rdx
	adc	r\n3, lo
	adc	hi, 0
	mov	r\n0, hi
.endm

.macro	square				/* of [rsi] */
	mov	rdx, [rsi]
	mulx	r10, r9, [rsi + 8]
	mulx	r11, lo, [rsi + 16]
	add	r10, lo
	mulx	r12, lo, [rsi + 24]
	adc	r11, lo
	adc	r12, 0
	mov	rdx, [rsi + 8]
	xor	r14d, r14d		/* carries off */
	mulx	hi, lo, [rsi + 16]
	adcx	r11, lo
	adox	r12, hi
	mulx	r13, lo, [rsi + 24]
	adcx	r12, lo
	mov	rdx, [rsi + 16]
	mulx	hi, lo, [rsi + 24]
	adox	r13, lo
	adcx	r13, r14
	adox	hi, r14
	adc	hi, 0
	mov	r14, hi			/* limbs 1 .. 6: the products of two different limbs */
	mov	rdx, [rsi]
	xor	r15d, r15d		/* carries off */
	mulx	hi, r8, rdx
	adcx	r9, r9
	adox	r9, hi
	square_of	10, 11, 1
	square_of	12, 13, 2
	square_of	14, 15, 3
	clear_low	8, 9, 10, 11
	clear_low	9, 10, 11, 8
	clear_low	10, 11, 8, 9
	clear_low	11, 8, 9, 10
	add	r8, r12
	adc	r9, r13
	adc	r10, r14
	adc	r11, r15
	mov	r12d, 0
	adc	r12, 0
	finish	8, 9, 10, 11, 12
.endm

FUNC	p256_sqr_adx
	save_all
	square
	store
	restore_all
	ret
ENDFUNC	p256_sqr_adx

/* ---- the sum and the difference ----------------------------------------------------------- */

.macro	load_a
	mov	r8, [rsi]
	mov	r9, [rsi + 8]
	mov	r10, [rsi + 16]
	mov	r11, [rsi + 24]
	mov	ecx, 0xffffffff
	mov	rsi, 0xffffffff00000001
.endm
.macro	add_p_and_store			/* [rdi] = r11:r10:r9:r8 + (p where rax is all ones) */
	and	rcx, rax
	and	rsi, rax
	add	r8, rax
	adc	r9, rcx
	adc	r10, 0
	adc	r11, rsi
	mov	[rdi], r8
	mov	[rdi + 8], r9
	mov	[rdi + 16], r10
	mov	[rdi + 24], r11
.endm

FUNC	p256_add_adx
	load_a
	xor	eax, eax
	add	r8, [rdx]
	adc	r9, [rdx + 8]
	adc	r10, [rdx + 16]
	adc	r11, [rdx + 24]
	adc	rax, 0
	sub	r8, -1
	sbb	r9, rcx
	sbb	r10, 0
	sbb	r11, rsi
	sbb	rax, 0			/* all ones where a + b - p is below 0 */
	add_p_and_store
	ret
ENDFUNC	p256_add_adx

FUNC	p256_sub_adx
	load_a
	sub	r8, [rdx]
	sbb	r9, [rdx + 8]
	sbb	r10, [rdx + 16]
	sbb	r11, [rdx + 24]
	sbb	rax, rax		/* all ones where a - b is below 0 */
	add_p_and_store
	ret
ENDFUNC	p256_sub_adx

/* ---- sums of points ------------------------------------------------------------------------
 *
 * Twice a = (x/z^2, y/z^3), on a curve with the coefficient -3:  m = 3(x - z^2)(x + z^2)/2, v = xy^2, and
 *
 *   x3 = m^2 - 2v,  y3 = m(v - x3) - y^4,  z3 = yz.
 *
 * A number on its way is rsi:rdx:rcx:rax, as a product leaves it. */

#define at_s	rsp			/* y^2 */
#define at_m	rsp + 32
#define at_v	rsp + 64
#define at_w	rsp + 96		/* x - z^2, then y^4 */
#define at_a	[rsp + 128]
#define at_b	[rsp + 136]
#define frame	128

PART	p256_adx_product
	product
	ret
ENDFUNC	p256_adx_product
PART	p256_adx_square
	square
	ret
ENDFUNC	p256_adx_square

.macro	times aa, bb:vararg
	lea	rsi, [\aa]
	lea	bp, [\bb]
	call	p256_adx_product
.endm
.macro	squared aa:vararg
	lea	rsi, [\aa]
	call	p256_adx_square
.endm
.macro	put to:vararg
	mov	[\to], rax
	mov	[\to + 8], rcx
	mov	[\to + 16], rdx
	mov	[\to + 24], rsi
.endm
.macro	get from:vararg
	mov	rax, [\from]
	mov	rcx, [\from + 8]
	mov	rdx, [\from + 16]
	mov	rsi, [\from + 24]
.endm
.macro	add_p_where			/* + (p where r12 is all ones) */
	mov	r13d, 0xffffffff
	mov	r14, top
	and	r13, r12
	and	r14, r12
	add	rax, r12
	adc	rcx, r13
	adc	rdx, 0
	adc	rsi, r14
.endm
.macro	minus src:vararg
	sub	rax, [\src]
	sbb	rcx, [\src + 8]
	sbb	rdx, [\src + 16]
	sbb	rsi, [\src + 24]
	sbb	r12, r12
	add_p_where
.endm
.macro	reduce				/* what a sum has carried is in r12 */
	mov	r13d, 0xffffffff
	sub	rax, -1
	sbb	rcx, r13
	sbb	rdx, 0
	sbb	rsi, top
	sbb	r12, 0			/* all ones where it is below 0 */
	add_p_where
.endm
.macro	plus src:vararg
	xor	r12d, r12d
	add	rax, [\src]
	adc	rcx, [\src + 8]
	adc	rdx, [\src + 16]
	adc	rsi, [\src + 24]
	adc	r12, 0
	reduce
.endm
.macro	halved				/* + p where it is odd, which makes it even */
	mov	r12, rax
	and	r12, 1
	neg	r12
	add_p_where
	mov	r12d, 0
	adc	r12, 0
	shrd	rax, rcx, 1
	shrd	rcx, rdx, 1
	shrd	rdx, rsi, 1
	shrd	rsi, r12, 1
.endm

FUNC	p256_dbl_adx
	save_all
	push	rsi			/* at_a */
	.cfi_adjust_cfa_offset 8
	sub	rsp, frame
	.cfi_adjust_cfa_offset frame
	squared	rsi + 64		/* z^2 */
	put	at_m
	mov	r8, at_a
	get	r8
	minus	at_m
	put	at_w			/* x - z^2 */
	get	at_m
	mov	r8, at_a
	plus	r8
	put	at_m			/* x + z^2 */
	mov	r8, at_a
	times	r8 + 32, r8 + 64
	put	rdi + 64		/* z3 */
	mov	r8, at_a
	squared	r8 + 32
	put	at_s			/* y^2 */
	mov	r8, at_a
	times	at_s, r8
	put	at_v			/* v */
	times	at_m, at_w
	put	at_m
	halved
	plus	at_m
	put	at_m			/* m */
	squared	at_s
	put	at_w			/* y^4 */
	squared	at_m
	minus	at_v
	minus	at_v
	put	rdi			/* x3 */
	get	at_v
	minus	rdi
	put	at_v
	times	at_m, at_v
	minus	at_w
	put	rdi + 32		/* y3 */
	add	rsp, frame + 8
	.cfi_adjust_cfa_offset -frame - 8
	restore_all
	ret
ENDFUNC	p256_dbl_adx

/* a + b, b = (x2, y2):  h = x2*z^2 - x, l = y2*z^3 - y, v = x*h^2, and
 *
 *   x3 = l^2 - h^3 - 2v,  y3 = l(v - x3) - y*h^3,  z3 = zh,
 *
 * which is 0 where x2 and y2 are those of a or of -a. */

#define at_h	rsp			/* h, then h^3 */
#define at_l	rsp + 32
#define at_t	rsp + 96		/* z^2, z^3, h^2; then y*h^3 */

FUNC	p256_mixed_adx
	save_all
	push	rdx			/* at_b */
	push	rsi			/* at_a */
	.cfi_adjust_cfa_offset 16
	sub	rsp, frame
	.cfi_adjust_cfa_offset frame
	squared	rsi + 64
	put	at_t			/* z^2 */
	mov	r8, at_b
	times	at_t, r8
	mov	r8, at_a
	minus	r8
	put	at_h			/* h */
	times	at_t, r8 + 64
	put	at_t			/* z^3 */
	mov	r8, at_b
	times	at_t, r8 + 32
	mov	r8, at_a
	minus	r8 + 32
	put	at_l			/* l */
	times	at_h, r8 + 64
	put	rdi + 64		/* z3 */
	squared	at_h
	put	at_t			/* h^2 */
	mov	r8, at_a
	times	at_t, r8
	put	at_v			/* v */
	times	at_t, at_h
	put	at_h			/* h^3 */
	mov	r8, at_a
	times	at_h, r8 + 32
	put	at_t			/* y*h^3 */
	squared	at_l
	minus	at_h
	minus	at_v
	minus	at_v
	put	rdi			/* x3 */
	get	at_v
	minus	rdi
	put	at_v
	times	at_l, at_v
	minus	at_t
	put	rdi + 32		/* y3 */
	add	rsp, frame + 16
	.cfi_adjust_cfa_offset -frame - 16
	restore_all
	ret
ENDFUNC	p256_mixed_adx
