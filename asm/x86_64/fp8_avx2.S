/* fp8_avx2.S -- eight lanes of F_p with AVX2, for processors without IFMA: products and squares.
 *
 *   void fp8_mul_avx2(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
 *   void fp8_sqr_avx2(r, a);
 *   void fp8_mul_add_avx2(r, a, b, c);      a*b/2^1040 + c
 *   void fp8_mul_sub_avx2(r, a, b, c);      a*b/2^1040 - c
 *   void fp8_mul_lift_avx2(r, a, b, c, const uint64_t k[20]);      a*b/2^1040 - c + k
 *   void fp8_sqr_sub2_avx2(r, a, c, d);     a*a/2^1040 - c - d
 *   void fp8_mul_diff_avx2(r, a, b, c, k);  a*(b - c + k)/2^1040
 *   void fp8_mul_sdiff_avx2(r, a, b, c, k, const uint64_t mask[8]);    a*(+-b - c + k)/2^1040
 *   void fp8_mul_diff_sub_avx2(r, a, b, c, k, d);      a*(b - c + k)/2^1040 - d
 *
 * In, out: fp8.h, whose words tight, loose and factor are used here.  r may be any operand.
 * AVX2.  No branch but counted loops, calls and returns, no secret address.
 *
 * Four lanes, then the other four.  A factor becomes forty limbs of 26 bits, and t collects
 * products of two in 43 columns.  Ten blocks of four rows; block k adds b[4k..4k+3] * a to t and
 * divides t by 2^104, so that four columns leave.  Eight times that is
 *
 *   m = t mod 2^104, t = (t >> 104) + m * drop	with drop = 2^-104 mod p
 *
 * where no multiplication gives m, and for the last two blocks, as what they add must be small,
 *
 *   m = -t/p mod 2^104, t = (t + m*p) >> 104
 *
 * The rows of drop add less than 2^104 * 0.55p * (1 + 2^-100) in all, of which the last two
 * blocks leave 2^-104: the result is below a*b/2^1040 + (1 + 2^-103) p.
 *
 * Nothing overflows: a column stays for ten blocks, in each of which it gets at most eight products
 * below 2^52, or four of those and four below 2^53 where a factor is doubled, and carries below
 * 2^34: below 2^59.  The final sums add a bias of 2^60 and at most three terms below 2^53 to it.
 *
 * r15 = a frame: the limbs of a (doubled for squares), those of b, and t.
 */
#include "asm/asm.h"
#include "asm/x86_64/fp8_avx2.h"

#define fr_a	0
#define fr_b	(40*32)
#define fr_t	(80*32)
#define fr_size	(124*32)

	.section .rodata
	.balign	64
.Lp:						/* four limbs of zero on top */
	.quad	0x2a85feb, 0x3601ebf, 0x0e87666, 0x042b1eb, 0x080c5df, 0x2615f6c, 0x23e8238, 0x07c7ff3
	.quad	0x2af5697, 0x2a7e535, 0x1c3c09a, 0x33cf148, 0x12a82a7, 0x12a0c61, 0x21b6aff, 0x195a073
	.quad	0x12ac5cd, 0x2d33514, 0x2487326, 0x34389b1, 0x0a666a6, 0x15b49fd, 0x088a193, 0x2ce7fdf
	.quad	0x0b0e791, 0x14c6967, 0x228730d, 0x3f03c6c, 0x2ab27e2, 0x28bbd02, 0x18b3e01, 0x2fa6b8d
	.quad	0x0b48261, 0x3033867, 0x257a416, 0x2636b41, 0x265c611, 0x2958ff6, 0x3abb1f0, 0x0000265
	.quad	0, 0, 0, 0
.Ldrop:						/* 2^-104 mod p */
	.quad	0x32d5d9e, 0x0e9ddf2, 0x0584052, 0x295dc62, 0x124bd0a, 0x14e3e05, 0x0dc4d77, 0x0c865f4
	.quad	0x2584332, 0x216b2ee, 0x35cd069, 0x0235127, 0x0546a04, 0x1790903, 0x0febe5a, 0x09a64ce
	.quad	0x05fd5d3, 0x2407ca3, 0x1806988, 0x355a4e3, 0x1f58293, 0x1179201, 0x2812254, 0x27dd330
	.quad	0x3115d3f, 0x2824bd0, 0x04e1d83, 0x377714a, 0x0ef9e2c, 0x07725d6, 0x241dad1, 0x1caff25
	.quad	0x3cdae21, 0x0922ee6, 0x248f011, 0x220f82c, 0x0da9775, 0x2c5934e, 0x3f2d056, 0x000014f
.Ln0:						/* -1/p mod 2^26 */
	.quad	0x08f2f3d

/* ---- products ----------------------------------------------------------------------------------
 *
 * ymm0-3 = four rows of b, ymm4-7 = the four m, ymm8-11 = a window of t: its column c + i is in
 * ymm<8 + (c + i) mod 4>.  ymm12 = a limb of a, ymm13 = one of drop or p, ymm14-15 in between.
 * r12 = the rows of b, rbx = what remains of a, r10 = drop or p / 2^104, r11 = t, eax a count. */

.macro	add_product n, row, src, tmp
	vpmuludq	ymm\tmp, ymm\row, \src
	vpaddq	ymm\n, ymm\n, ymm\tmp
.endm

/* Column c of the head is in ymm<4 + c>: columns 0..3 become m, 4..6 are where the window starts. */
.macro	load_head_at c
	load_head	%(4 + \c), \c
.endm
.macro	load_head n, c
	vmovdqa	ymm\n, [r15 + fr_t + 32*\c]
.endm
.macro	load_row_at i
	vmovdqa	ymm\i, [r12 + 32*\i]
.endm
.macro	head_at j
	vmovdqa	ymm12, [r15 + fr_a + 32*\j]
	add_product	%(4 + \j), 0, ymm12, 14
	add_product	%(5 + \j), 1, ymm12, 15
	add_product	%(6 + \j), 2, ymm12, 14
	add_product	%(7 + \j), 3, ymm12, 15
.endm

.macro	drop_digit n
	vpsrlq	ymm14, ymm\n, 26
	vpand	ymm\n, ymm\n, ymm15
	add_next	%(\n + 1), ymm14
.endm
.macro	add_next n, src
	vpaddq	ymm\n, ymm\n, \src
.endm
.macro	drop_digits
	make_ones	15, 38
	do_range	4, 4, drop_digit
.endm

.macro	redc_digit n
	vpmuludq	ymm11, ymm12, ymm\n
	vpand	ymm11, ymm11, ymm15
	vpbroadcastq	ymm13, [rip + .Lp]
	add_product	\n, 11, ymm13, 14
	vpsrlq	ymm\n, ymm\n, 26
	add_next	%(\n + 1), ymm\n
	.irp	j, 1, 2, 3
	vpbroadcastq	ymm13, [rip + .Lp + 8*\j]
	add_product	%(\n + \j), 11, ymm13, 14
	.endr
	vmovdqa	ymm\n, ymm11
.endm
.macro	redc_digits
	make_ones	15, 38
	vpbroadcastq	ymm12, [rip + .Ln0]
	do_range	4, 4, redc_digit
.endm

/* Steps: t[j] = t[j + 4] + what rows and digits add, for four j in turn, s = j mod 4.  A column
 * enters the window with its fourth term; where no limb of a is left it had no third row either. */
.macro	window_sums s, row, src
	add_product	%(8 + \s), %(\row), \src, 14
	add_product	%(8 + (\s + 1) % 4), %(\row + 1), \src, 15
	add_product	%(8 + (\s + 2) % 4), %(\row + 2), \src, 14
.endm
.macro	enter_window n, row, src, s
	vpmuludq	ymm\n, ymm\row, \src
	vpaddq	ymm\n, ymm\n, [r11 + 32*(\s + 7)]
.endm
.macro	digits_at s
	vpbroadcastq	ymm13, [r10 + 8*\s]
	enter_window	%(8 + (\s + 3) % 4), 7, ymm13, \s
	window_sums	\s, 4, ymm13
.endm
.macro	leave_window n, s
	vmovdqa	[r11 + 32*\s], ymm\n
.endm
.macro	full_step s
	digits_at	\s
	vmovdqa	ymm12, [rbx + 32*\s]
	window_sums	\s, 0, ymm12
	add_product	%(8 + (\s + 3) % 4), 3, ymm12, 15
	leave_window	%(8 + \s), \s
.endm
.macro	digits_step s
	digits_at	\s
	leave_window	%(8 + \s), \s
.endm
/* Row i against limb s of the same four: 2*a[s]*a[i] for i < s, once a[s]^2. */
.macro	square_step s
	digits_at	\s
	vmovdqa	ymm12, [rbx + 32*\s]
	square_rows	\s, \s
	leave_window	%(8 + \s), \s
.endm
.macro	square_rows s, col
	for_n	\s, square_row\s
	add_product	%(8 + (2*\s) % 4), \s, ymm\s, 15
.endm
.macro	square_row0 i
.endm
.macro	square_row1 i
	add_product	%(8 + (1 + \i) % 4), \i, ymm12, 14
.endm
.macro	square_row2 i
	add_product	%(8 + (2 + \i) % 4), \i, ymm12, 14
.endm
.macro	square_row3 i
	add_product	%(8 + (3 + \i) % 4), \i, ymm12, 14
.endm
.macro	tail_step s
	vpbroadcastq	ymm13, [r10 + 8*\s]
	window_sums	\s, 4, ymm13
	tail_last	%(8 + (\s + 3) % 4)
	leave_window	%(8 + \s), \s
.endm
.macro	tail_last n
	vpmuludq	ymm\n, ymm7, ymm13
.endm

/* eax turns of four steps. */
.macro	turns step
	.balign	32
7:
	for_n	4, \step
	add	r10, 32
	add	r11, 128
	add	rbx, 128
	dec	eax
	jnz	7b
.endm
.macro	once step
	for_n	4, \step
	add	r10, 32
	add	r11, 128
	add	rbx, 128
.endm

/* The columns 4..42 of a block, eax turns of which have limbs of a. */
FUNC	fp8_columns_avx2
	turns	full_step
.Ltail:
	for_n	4, tail_step
	.irp	i, 0, 1, 2
	leave_window	%(8 + \i), %(4 + \i)
	.endr
	ret
ENDFUNC	fp8_columns_avx2

.macro	clear_column_at c
	vmovdqa	[r15 + fr_t + 32*\c], ymm0
.endm
.macro	mul_block digits, constant
	for_n	4, load_row_at
	for_n	7, load_head_at
	for_n	4, head_at
	\digits
	lea	r10, [rip + \constant]
	lea	r11, [r15 + fr_t]
	lea	rbx, [r15 + fr_a + 128]
	mov	eax, 9
	call	fp8_columns_avx2
	sub	r12, -128
.endm
/* t = a*b/2^1040. */
FUNC	fp8_rows_avx2
	clear	0
	for_n	43, clear_column_at
	lea	r12, [r15 + fr_b]
	mov	r13d, 8
8:
	mul_block	drop_digits, .Ldrop
	dec	r13d
	jnz	8b
	mov	r13d, 2
8:
	mul_block	redc_digits, .Lp + 32
	dec	r13d
	jnz	8b
	ret
ENDFUNC	fp8_rows_avx2

/* ---- squares -----------------------------------------------------------------------------------
 *
 * Block k adds the products of the limbs 4k..4k+3 with one another and with those above, which are
 * doubled: the columns below 4k get digits alone. */

/* Columns of block k = r13 > 0. */
FUNC	fp8_square_columns_avx2
	lea	r11, [r15 + fr_t]
	lea	rbx, [r15 + fr_a + 128]
	lea	eax, [r13 - 1]
	test	eax, eax
	jz	8f
	turns	digits_step
8:
	once	square_step
	mov	eax, 9
	sub	eax, r13d
	jz	.Ltail
	jmp	fp8_columns_avx2
ENDFUNC	fp8_square_columns_avx2

.macro	square_block digits, constant
	for_n	4, load_row_at
	for_n	7, load_head_at
	\digits
	lea	r10, [rip + \constant]
	call	fp8_square_columns_avx2
	sub	r12, -128
	inc	r13d
.endm
.macro	square_head j
	vmovdqa	ymm12, [r15 + fr_a + 32*\j]
	for_n	\j, square_head\j
	add_product	%(4 + 2*\j), \j, ymm\j, 15
.endm
.macro	square_head0 i
.endm
.macro	square_head1 i
	add_product	%(5 + \i), \i, ymm12, 14
.endm
.macro	square_head2 i
	add_product	%(6 + \i), \i, ymm12, 14
.endm
.macro	square_head3 i
	add_product	%(7 + \i), \i, ymm12, 14
.endm
.macro	clear_head_at c
	clear	%(4 + \c)
.endm
/* t = a*a/2^1040. */
FUNC	fp8_square_rows_avx2
	clear	0
	for_n	43, clear_column_at
	lea	r12, [r15 + fr_b]
	for_n	4, load_row_at
	for_n	7, clear_head_at
	for_n	4, square_head
	drop_digits
	lea	r10, [rip + .Ldrop]
	lea	r11, [r15 + fr_t]
	lea	rbx, [r15 + fr_a + 128]
	mov	eax, 9
	call	fp8_columns_avx2
	sub	r12, -128
	mov	r13d, 1
9:
	square_block	drop_digits, .Ldrop
	cmp	r13d, 8
	jne	9b
9:
	square_block	redc_digits, .Lp + 32
	cmp	r13d, 10
	jne	9b
	ret
ENDFUNC	fp8_square_rows_avx2

/* ---- in and out: chains of carries, see fp8_avx2.h ------------------------------------------------ */

.macro	limbs_up_to last, body
	xor	eax, eax
7:
	\body
	add	eax, 64
	cmp	eax, 64*\last
	jne	7b
.endm

.macro	to_26
	vpand	ymm1, ymm0, ymm10
	vpsrlq	ymm0, ymm0, 26
.endm
.macro	split_b_limb
	vmovdqa	ymm0, [rdx + rax]
	to_26
	vmovdqa	[r15 + rax + fr_b], ymm1
	vmovdqa	[r15 + rax + fr_b + 32], ymm0
.endm
.macro	split_a_limb
	vmovdqa	ymm0, [rsi + rax]
	to_26
	vmovdqa	[r15 + rax + fr_a], ymm1
	vmovdqa	[r15 + rax + fr_a + 32], ymm0
.endm
.macro	split_square_limb
	vmovdqa	ymm0, [rsi + rax]
	to_26
	vmovdqa	[r15 + rax + fr_b], ymm1
	vmovdqa	[r15 + rax + fr_b + 32], ymm0
	vpaddq	ymm1, ymm1, ymm1
	vpaddq	ymm0, ymm0, ymm0
	vmovdqa	[r15 + rax + fr_a], ymm1
	vmovdqa	[r15 + rax + fr_a + 32], ymm0
.endm

.macro	split_a
	make_ones	10, 38
	limbs_up_to	20, split_a_limb
.endm
.macro	split_b
	limbs_up_to	20, split_b_limb
.endm
.macro	split_square
	make_ones	10, 38
	limbs_up_to	20, split_square_limb
.endm

/* b - c + k, b as taken by load_b; rbx = the limbs of k. */
.macro	load_b
	vmovdqa	ymm0, [rdx + rax]
.endm
.macro	load_signed_b
	vpxor	ymm0, ymm13, [rdx + rax]
	vpsubq	ymm0, ymm0, ymm13
.endm
.macro	diff load
	\load
	vpbroadcastq	ymm1, [rbx]
	add	rbx, 8
	vpsubq	ymm0, ymm0, [rcx + rax]
	vpaddq	ymm0, ymm0, ymm1
	vpaddq	ymm8, ymm8, ymm0
.endm
.macro	put_b
	to_26
	vmovdqa	[r15 + rax + fr_b], ymm1
	vmovdqa	[r15 + rax + fr_b + 32], ymm0
.endm
.macro	diff_limb load
	diff	\load
	vpand	ymm0, ymm8, ymm11
	put_b
	pass_carry
.endm
.macro	diff_plain
	diff_limb	load_b
.endm
.macro	diff_signed
	diff_limb	load_signed_b
.endm
.macro	split_diff load, limb
	chain_constants
	vmovdqa	ymm8, ymm12
	mov	rbx, r8
	limbs_up_to	19, \limb
	diff	\load
	vpsubq	ymm0, ymm8, ymm12
	put_b
.endm

/* The result from t, two columns a limb; ymm7 = what the column below carries. */
.macro	gather terms
	vpaddq	ymm0, ymm7, [r15 + rax + fr_t]
	vmovdqa	ymm1, [r15 + rax + fr_t + 32]
	vpsrlq	ymm7, ymm1, 26
	vpand	ymm1, ymm1, ymm10
	vpsllq	ymm1, ymm1, 26
	vpaddq	ymm0, ymm0, ymm1
	\terms
	vpaddq	ymm8, ymm8, ymm0
.endm
.macro	gather_limb terms
	gather	\terms
	vpand	ymm0, ymm8, ymm11
	vmovdqa	[rdi + rax], ymm0
	pass_carry
.endm
.macro	finish terms
	chain_constants
	vmovdqa	ymm8, ymm12
	clear	7
	mov	rbx, r8
	xor	eax, eax
7:
	gather_limb	\terms
	add	eax, 64
	cmp	eax, 64*19
	jne	7b
	gather	\terms
	vpsubq	ymm0, ymm8, ymm12
	vmovdqa	[rdi + rax], ymm0
.endm
.macro	plus_c
	vpaddq	ymm0, ymm0, [rcx + rax]
.endm
.macro	minus_c
	vpsubq	ymm0, ymm0, [rcx + rax]
.endm
.macro	minus_c_plus_k
	vpbroadcastq	ymm1, [rbx]
	add	rbx, 8
	vpsubq	ymm0, ymm0, [rcx + rax]
	vpaddq	ymm0, ymm0, ymm1
.endm
.macro	minus_two
	vpsubq	ymm0, ymm0, [rdx + rax]
	vpsubq	ymm0, ymm0, [rcx + rax]
.endm
.macro	minus_d
	vpsubq	ymm0, ymm0, [r9 + rax]
.endm

.macro	enter
	.irp	reg, rbx, r12, r13, r15
	save	\reg
	.endr
	sub	rsp, fr_size + 64
	.cfi_adjust_cfa_offset fr_size + 64
	lea	r15, [rsp + 63]
	and	r15, -64
.endm
.macro	return
	vzeroupper
	add	rsp, fr_size + 64
	.cfi_adjust_cfa_offset -(fr_size + 64)
	.irp	reg, r15, r13, r12, rbx
	restore	\reg
	.endr
	ret
.endm
/* The second half of the lanes: r is 64-byte aligned. */
.macro	other_half
	.irp	reg, rdi, rsi, rdx, rcx, r9
	add	\reg, 32
	.endr
	test	dil, 32
	jnz	9b
.endm

.macro	product name, prepare, terms
FUNC	fp8_\name\()_avx2
	enter
9:
	split_a
	\prepare
	call	fp8_rows_avx2
	finish	\terms
	other_half
	return
ENDFUNC	fp8_\name\()_avx2
.endm
.macro	square name, terms
FUNC	fp8_\name\()_avx2
	enter
9:
	split_square
	call	fp8_square_rows_avx2
	finish	\terms
	other_half
	return
ENDFUNC	fp8_\name\()_avx2
.endm
.macro	split_plain_diff
	split_diff	load_b, diff_plain
.endm
.macro	split_signed_diff
	vmovdqu	ymm13, [r9]
	split_diff	load_signed_b, diff_signed
.endm

	product	mul, split_b, nothing
	product	mul_add, split_b, plus_c
	product	mul_sub, split_b, minus_c
	product	mul_lift, split_b, minus_c_plus_k
	product	mul_diff, split_plain_diff, nothing
	product	mul_sdiff, split_signed_diff, nothing
	product	mul_diff_sub, split_plain_diff, minus_d
	square	sqr, nothing
	square	sqr_sub2, minus_two
