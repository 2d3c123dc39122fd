/* p256_adx -- P-256's field: products, squares, sums and differences of four 64-bit limbs
 *
 *   void p256_mul_adx(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *   void p256_sqr_adx(uint64_t r[4], const uint64_t a[4]);
 *   void p256_add_adx(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *   void p256_sub_adx(uint64_t r[4], const uint64_t a[4], const uint64_t b[4]);
 *
 * a*b/2^256, a*a/2^256, a + b, a - b mod p.  In: below p.  Out: below p.  r may be a or b.
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

/* [rdi] = n3:n2:n1:n0 + r\n4*2^256 mod p, which is below 2p */
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
	mov	[rdi], rax
	mov	[rdi + 8], rcx
	mov	[rdi + 16], rdx
	mov	[rdi + 24], rsi
.endm

FUNC	p256_mul_adx
	save_all
	mov	bp, rdx
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

FUNC	p256_sqr_adx
	save_all
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
