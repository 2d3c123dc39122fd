/* fp_adx.S -- F_p, one element: products, squares, sums with BMI2 and ADX.
 *
 *   void fp_mul_adx(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
 *   void fp_sqr_adx(uint64_t r[16], const uint64_t a[16]);
 *   void fp_add_adx(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
 *   void fp_sub_adx(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
 *
 * r = a*b/2^1024, a*a/2^1024, a + b, a - b mod p.  In, out: canonical.  r may be any operand.
 * rdi = r, rsi = a, rdx = b.  No branch but calls and returns, no secret address.
 *
 * A product is made of blocks of 8x8 limbs, each a subroutine, so that the code stays small.  The
 * stack holds t, the 32 limbs of a*b.  It is divided by 2^1024 in two blocks of eight rows:
 *
 *   m = t mod 2^64, t = (t >> 64) + m * fp_inv64	eight times, with fp_inv64 = 2^-64 mod p
 *   m = t * n0 mod 2^64, t = (t + m*p) >> 64	eight times, with n0 = -1/p mod 2^64
 *
 * A row of the first kind needs no multiplication for m.  What such rows add is below
 * 2^512 * 2^64 p in all, so t stays below 2^1536 * 0.36 + 2^1600, and after the second kind below
 * (0.60 + 2^-447 + 1) p < 2p.
 */
#include "asm/asm.h"

	.hidden	fp_p
	.hidden	fp_one
	.hidden	fp_inv64
	.hidden	fp_n0

#define spare	qword ptr [rsp + 8*32]

/* Limb k of a window of eight, which moves up by rows, is in r<8 + k mod 8>.
 * Row w adds rdx * [rsi] at limb w of the window: the low halves in the chain of CF, the high
 * halves in that of OF.  Limb w + 8, the carry of the row, takes the place of limb w, which leaves
 * after the first product. */
.macro	add_product low, high, off
	mulx	rcx, rbx, [rsi + \off]
	adcx	r\low, rbx
	adox	r\high, rcx
.endm
/* The second product is thrown away.  Of three sums without a product between them Zen 4 lets some
 * wait for the port of the multiplier, and products behind them: with it a block takes 74 cycles,
 * without it 88. */
.macro	add_last low, top
	mulx	r\top, rbx, [rsi + 56]
	adox	r\top, rax
	mulx	rcx, rcx, rdx
	adcx	r\low, rbx
	adcx	r\top, rax
.endm
.macro	product_at k			/* k = 8w + i: a[i] in row w */
	add_product	%(8 + (\k / 8 + \k % 8) % 8), %(8 + (\k / 8 + \k % 8 + 1) % 8), %(8 * (\k % 8))
.endm
.macro	row_first w
	xor	eax, eax
	product_at	%(8 * \w)
.endm
.macro	row_rest w
	do_range	%(8 * \w + 1), 6, product_at
	add_last	%(8 + (\w + 7) % 8), %(8 + \w % 8)
.endm

.macro	store_at base, n, reg
	mov	[\base + 8*\n], r\reg
.endm
.macro	zero_at i
	xor	r\i\()d, r\i\()d
.endm

/* The window += [rsi] * [rbp], eight limbs by eight; what leaves it goes to [rdi].
 * Here and below: rax, rbx, rcx, rdx are lost. */
.macro	mul_row w
	mov	rdx, [rbp + 8*\w]
	row_first	\w
	store_at	rdi, \w, %(8 + \w)
	row_rest	\w
.endm
FUNC	fp_mul_rows_adx
	for_n	8, mul_row
	ret
ENDFUNC	fp_mul_rows_adx

/* Eight rows of the first kind.  m is the limb that left last: rbp at first. */
.macro	drop_row w
	mov	rdx, rbp
	row_first	\w
	store_at	rdi, \w, %(8 + \w)
	mov	rbp, [rdi + 8*\w]
	row_rest	\w
.endm
FUNC	fp_drop_rows_adx
	for_n	8, drop_row
	ret
ENDFUNC	fp_drop_rows_adx

/* Eight rows of the second kind, two at a time; the eight m go to [rdi].  rbp = fp_n0.  The m of both
 * rows come from t mod 2^128 as it is before them: the second does not wait for the first row. */
.macro	digits even, odd		/* rdx, rcx = the two limbs * fp_n0 mod 2^128 */
	mov	rdx, r\even
	mulx	rcx, rbx, [rbp]
	imul	rdx, [rbp + 8]
	add	rcx, rdx
	mov	rdx, r\odd
	imul	rdx, [rbp]
	add	rcx, rdx
	mov	rdx, rbx
.endm
.macro	redc_row w
	row_first	\w
	row_rest	\w
.endm
.macro	redc_rows even, odd
	digits	%(8 + \even), %(8 + \odd)
	mov	[rdi + 8*\even], rdx
	mov	[rdi + 8*\odd], rcx
	redc_row	\even
	mov	rdx, [rdi + 8*\odd]
	redc_row	\odd
.endm
.macro	redc_pair k
	redc_rows	%(2*\k), %(2*\k + 1)
.endm
FUNC	fp_redc_rows_adx
	for_n	4, redc_pair
	ret
ENDFUNC	fp_redc_rows_adx

/* The window += the products of different limbs of [rsi], each once; the limbs 0..14 of the sum go
 * to [rdi].  Limb 15 stays zero: the products of the first w limbs by all fit below limb w + 8. */
.macro	cross_row w
	mov	rdx, [rsi + 8*\w]
	xor	eax, eax
	do_range	%(9 * \w + 1), %(6 - \w), product_at
	add_last	%(8 + (\w + 7) % 8), %(8 + \w % 8)
	store_at	rdi, %(2*\w + 1), %(8 + (2*\w + 1) % 8)
	store_at	rdi, %(2*\w + 2), %(8 + (2*\w + 2) % 8)
.endm
FUNC	fp_cross_rows_adx
	mov	[rdi], r8
	for_n	7, cross_row
	ret
ENDFUNC	fp_cross_rows_adx

/* The window from and to t[n..n+7]; add leaves its carry in CF and takes one with adc. */
.macro	window op, n
	window_limb	\op, \n, 0
	.ifc	\op, add
	window_rest	adc, \n
	.else
	window_rest	\op, \n
	.endif
.endm
.macro	window_rest op, n
	.irp	i, 1, 2, 3, 4, 5, 6, 7
	window_limb	\op, \n, \i
	.endr
.endm
.macro	window_limb op, n, i
	window_op	\op, %(8 + \i), %(8 * (\n + \i))
.endm
.macro	window_op op, reg, off
	\op	r\reg, [rsp + \off]
.endm
.macro	put_at i
	store_at	rsp, \i, %(8 + \i % 8)
.endm
.macro	put_back_at i			/* the window starts at t[17] */
	store_at	rsp, \i, %(8 + (\i - 17))
.endm
.macro	save_carry
	sbb	rax, rax
	mov	spare, rax
.endm
.macro	load_carry
	bt	spare, 0
.endm

.macro	enter
	.irp	reg, rbx, rbp, r12, r13, r14, r15, rdi
	save	\reg
	.endr
	sub	rsp, 8*33
	.cfi_adjust_cfa_offset 8*33
.endm

/* r = t - p where that is not negative, else t; t = r15..r8, [rsp + 8*16..23] with its top in rax. */
.macro	less_p_low i
	mov	rbx, [rsp + 8*(16 + \i)]
	sbb	rbx, [rsi + 8*\i]
	mov	[rsp + 8*\i], rbx
.endm
.macro	less_p_high reg
	mov	rbx, r\reg
	sbb	rbx, [rsi + 8*\reg]
	mov	[rsp + 8*\reg], rbx
.endm
.macro	choose_low i
	mov	rbx, [rsp + 8*\i]
	cmovc	rbx, [rsp + 8*(16 + \i)]
	mov	[rdi + 8*\i], rbx
.endm
.macro	choose_high reg
	cmovnc	r\reg, [rsp + 8*\reg]
	mov	[rdi + 8*\reg], r\reg
.endm
.macro	carry_on i
	adc	qword ptr [rsp + 8*\i], 0
.endm

FUNC	fp_mul_adx
	enter
	mov	rbp, rdx
	do_range	8, 8, zero_at
	mov	rdi, rsp
	call	fp_mul_rows_adx			/* t[0..15] = a[0..7] * b[0..7] */
	add	rsi, 64
	add	rdi, 64
	call	fp_mul_rows_adx			/* t[8..23] += a[8..15] * b[0..7] */
	do_range	16, 8, put_at
	window	mov, 8
	sub	rsi, 64
	add	rbp, 64
	call	fp_mul_rows_adx			/* t[8..23] += a[0..7] * b[8..15] */
	window	add, 16
	save_carry
	add	rsi, 64
	add	rdi, 64
	call	fp_mul_rows_adx			/* t[16..31] += a[8..15] * b[8..15] */
	load_carry
	.irp	i, 8, 9, 10, 11, 12, 13, 14, 15
	adc	r\i, 0
	.endr
	do_range	24, 8, put_at
.Lreduce:
	window	mov, 1
	mov	rbp, [rsp]
	lea	rsi, [rip + fp_inv64]
	lea	rdi, [rsp + 8]
	call	fp_drop_rows_adx		/* now t[0..7] are eight m, t[8] the next */
	window	add, 9
	save_carry
	add	rsi, 64
	mov	rbp, rsp
	add	rdi, 64
	call	fp_mul_rows_adx
	load_carry
	window_limb	adc, 17, 0
	window_rest	adc, 17
	do_range	25, 7, carry_on
	do_range	17, 8, put_back_at
	window	mov, 8
	lea	rbp, [rip + fp_n0]
	lea	rsi, [rip + fp_p]
	lea	rdi, [rsp + 64]
	call	fp_redc_rows_adx		/* now t[8..15] are eight m */
	window	add, 16
	save_carry
	add	rsi, 64
	mov	rbp, rdi
	add	rdi, 64
	call	fp_mul_rows_adx
	load_carry
	window_limb	adc, 24, 0
	window_rest	adc, 24
	setc	al
	movzx	eax, al
	sub	rsi, 64
	mov	rdi, [rsp + 8*33]
	clc
	for_n	8, less_p_low
	do_range	8, 8, less_p_high
	sbb	rax, 0				/* CF: t < p */
	for_n	8, choose_low
	do_range	8, 8, choose_high
	add	rsp, 8*33
	.cfi_adjust_cfa_offset -8*33
	.irp	reg, rdi, r15, r14, r13, r12, rbp, rbx
	restore	\reg
	.endr
	ret
ENDFUNC	fp_mul_adx

/* t[2i, 2i+1] doubled, with a[i]^2: doubling in the chain of CF, squares in that of OF. */
.macro	square_at i
	mov	rdx, [rsi + 8*\i]
	mulx	rcx, rbx, rdx
	mov	r8, [rsp + 16*\i]
	mov	r9, [rsp + 16*\i + 8]
	adcx	r8, r8
	adox	r8, rbx
	adcx	r9, r9
	adox	r9, rcx
	mov	[rsp + 16*\i], r8
	mov	[rsp + 16*\i + 8], r9
.endm

FUNC	fp_sqr_adx
	enter
	do_range	8, 8, zero_at
	mov	rdi, rsp
	call	fp_cross_rows_adx		/* t[0..14]: a[0..7] among themselves */
	mov	qword ptr [rsp + 8*15], 0
	window	mov, 8
	mov	rbp, rsi
	add	rsi, 64
	add	rdi, 64
	call	fp_mul_rows_adx			/* t[8..23] += a[0..7] * a[8..15] */
	add	rdi, 64
	call	fp_cross_rows_adx		/* t[16..30] += a[8..15] among themselves */
	mov	rsi, rbp
	xor	eax, eax
	mov	[rsp + 8*31], rax
	for_n	16, square_at
	jmp	.Lreduce
ENDFUNC	fp_sqr_adx

/* r = s where the carry of the sum or of what corrects it says so. */
.macro	settle_at i
	mov	rax, [rdi + 8*\i]
	cmovz	rax, [rsp + 8*\i - 128]
	mov	[rdi + 8*\i], rax
.endm

/* The sum goes below the stack pointer, the sum + 2^1024 - p to r: the latter holds where one of
 * them carries. */
.macro	add_at i
	mov	rax, [rsi + 8*\i]
	adcx	rax, [rdx + 8*\i]
	mov	[rsp + 8*\i - 128], rax
	adox	rax, [rcx + 8*\i]
	mov	[rdi + 8*\i], rax
.endm
FUNC	fp_add_adx
	lea	rcx, [rip + fp_one]
	xor	eax, eax
	for_n	16, add_at
	mov	eax, 0
	seto	al
	adc	al, 0
	for_n	16, settle_at
	ret
ENDFUNC	fp_add_adx

/* a + (2^1024 - 1 - b) + 1 goes below the stack pointer, that + p to r: the former holds where it
 * carries. */
.macro	sub_at i
	mov	rax, [rdx + 8*\i]
	not	rax
	adcx	rax, [rsi + 8*\i]
	mov	[rsp + 8*\i - 128], rax
	adox	rax, [rcx + 8*\i]
	mov	[rdi + 8*\i], rax
.endm
FUNC	fp_sub_adx
	lea	rcx, [rip + fp_p]
	xor	eax, eax
	stc
	for_n	16, sub_at
	mov	eax, 1
	sbb	eax, 0				/* 0 where the first sum carried */
	for_n	16, settle_at
	ret
ENDFUNC	fp_sub_adx
