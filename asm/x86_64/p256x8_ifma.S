/* p256x8_ifma.S -- eight lanes of P-256's field with AVX-512 IFMA: products, squares, sums, lookups.
 *
 *   void p256x8_mul_ifma(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8]);
 *   void p256x8_sqr_ifma(r, a);
 *   void p256x8_mul_sub_ifma(r, a, b, c);          a*b/2^260 - c
 *   void p256x8_mul_diff_ifma(r, a, b, c);         a*(b - c)/2^260
 *   void p256x8_mul_diff_sub_ifma(r, a, b, c, d);  a*(b - c)/2^260 - d
 *   void p256x8_sqr_sub2_ifma(r, a, c, d);         a*a/2^260 - c - d
 *   void p256x8_add_ifma(r, a, b);
 *   void p256x8_sub_ifma(r, a, b);
 *   void p256x8_swap_ifma(r, a, size_t by);        lane l of r is lane l ^ by of a
 *   void p256x8_lines_ifma(x, y, const uint64_t lines[8][8], const uint8_t digit[8]);
 *   void p256x8_select_ifma(x, y, const uint64_t table[8][128], const uint8_t digit[8]);
 *   void p256x8_select_each_ifma(x, y, const uint64_t windows[16][8][8], const uint8_t digit[8]);
 *   void p256x8_scrub_ifma(void);
 *
 * In, out: p256x8.h; everything that comes in and goes out is tight, [0, 2p], with limbs below
 * 2^52.  r may be any operand.  AVX-512F + DQ + IFMA.  No
 * branch but a loop of sixteen entries, no secret address.
 *
 * A product is 25 low and 25 high halves in ten columns, zmm0-9, then five times the lowest column
 * is eliminated.  As p = -1 mod 2^96, the digit is the column itself, m = c mod 2^52, and with
 *
 *   p = -1 + 2^44 * 2^52 + 2^36 * 2^156 + (2^48 - 2^16) * 2^208
 *
 * adding m*p leaves (c >> 52) * 2^52 of the column and puts three products on the ones above.
 *
 * Nothing overflows: a column gets at most 10 halves below 2^52 of a product (a square: 4 twice and
 * 2), 6 of eliminations and a carry below 2^8, so it stays below 2^57.  IFMA ignores bits 52..63 of
 * its operands: digits need no mask.
 *
 * Out of a product of factors a*b <= 8p^2: (a*b + m*p)/2^260 with m < 2^260, so at most
 * 8p^2/2^260 + p < 1.5p + p/16: tight.
 *
 * What is added to or subtracted from is made tight by folding: with V in 0 .. 8p, columns signed
 * and below 2^59, and t = column 4 >> 48, V - t*p is t*(2^256 mod p) more than what stays below bit
 * 256.  Column 4 misses the carries from below it, less than 2^8, which is V/2^256 by less than
 * 2^-40: so -1 <= t <= 8, the result is below 2^256 + 2^230, and above t*(2^256 - p) - 2^217, not
 * negative for t > 0; for t = -1 it is V + p with V < 2^217; for t = 0 it is V.
 */
#include "asm/asm.h"
#include "asm/x86_64/p256x8_product.h"

.macro	load n, src:vararg
	vmovdqa64	zmm\n, \src
.endm

/* ---- products ----------------------------------------------------------------------------
 *
 * zmm16-20 hold the limbs of a, zmm21-25 those of b. */

/* zmm5-9 = the columns of a*b/2^260. */
PART	p256x8_ifma_product
	product_constants
	for_n	10, clear
	for_n	25, term_at
	for_n	5, eliminate_at
	ret
ENDFUNC	p256x8_ifma_product

/* The same for b = a: two different limbs meet once, and are doubled. */
.macro	cross i, j
	term	%(16 + \i), %(16 + \j), %(\i + \j), %(\i + \j + 1)
.endm
.macro	twice n
	vpaddq	zmm\n, zmm\n, zmm\n
.endm
.macro	square_at i
	term	%(16 + \i), %(16 + \i), %(2*\i), %(2*\i + 1)
.endm
PART	p256x8_ifma_square
	product_constants
	for_n	10, clear
	cross	0, 1
	cross	0, 2
	cross	0, 3
	cross	1, 2
	cross	0, 4
	cross	1, 3
	cross	1, 4
	cross	2, 3
	cross	2, 4
	cross	3, 4
	do_range	1, 8, twice
	for_n	5, square_at
	for_n	5, eliminate_at
	ret
ENDFUNC	p256x8_ifma_square

/* ---- what goes in and out ---------------------------------------------------------------- */

.macro	load_a_at i
	load	%(16 + \i), [rsi + 64*\i]
.endm
.macro	load_b_at i
	load	%(21 + \i), [rdx + 64*\i]
.endm
/* zmm21-25 = b - c + 2p, with limbs below 2^52 but for bits 52..63 that IFMA ignores. */
.macro	diff_at i
	diff	%(21 + \i), \i
.endm
.macro	diff n, i
	vmovdqa64	zmm\n, [rdx + 64*\i]
	vpsubq	zmm\n, zmm\n, [rcx + 64*\i]
	vpaddq	zmm\n, zmm\n, qword ptr [rax + 8*\i]{1to8}
	.if	\i > 0
	vpaddq	zmm\n, zmm\n, tmp
	.endif
	vpsraq	tmp, zmm\n, 52
.endm
.macro	load_diff
	lea	rax, [rip + p256x8_2p]
	for_n	5, diff_at
.endm

.macro	minus n, src:vararg
	vpsubq	zmm\n, zmm\n, \src
.endm
.macro	minus_rdx_at i
	minus	%(5 + \i), [rdx + 64*\i]
.endm
.macro	minus_rcx_at i
	minus	%(5 + \i), [rcx + 64*\i]
.endm
.macro	minus_r8_at i
	minus	%(5 + \i), [r8 + 64*\i]
.endm
.macro	plus n, src:vararg
	vpaddq	zmm\n, zmm\n, \src
.endm
.macro	plus_rdx_at i
	plus	%(5 + \i), [rdx + 64*\i]
.endm
.macro	plus_limb_at i
	plus	%(5 + \i), qword ptr [rax + 8*\i]{1to8}
.endm

/* zmm5-9 - t*p for t = their value / 2^256. */
.macro	fold
	vpsraq	zmm0, zmm9, 48
	vpsrlq	tmp, low52, 4
	vpandq	zmm9, zmm9, tmp
	vpaddq	zmm5, zmm5, zmm0
	vpsllq	zmm1, zmm0, 44
	vpsllq	zmm2, zmm0, 36
	vpsllq	zmm3, zmm0, 16
	vpsubq	zmm6, zmm6, zmm1
	vpsubq	zmm8, zmm8, zmm2
	vpaddq	zmm9, zmm9, zmm3
.endm
/* To base: the columns zmm<n> .. with limbs below 2^52. */
.macro	settle_at n, up, base, i
	vpsraq	tmp, zmm\n, 52
	vpandq	zmm\n, zmm\n, low52
	vpaddq	zmm\up, zmm\up, tmp
	vmovdqa64	[\base + 64*\i], zmm\n
.endm
.macro	settle base, n
	settle_at	\n, %(\n + 1), \base, 0
	settle_at	%(\n + 1), %(\n + 2), \base, 1
	settle_at	%(\n + 2), %(\n + 3), \base, 2
	settle_at	%(\n + 3), %(\n + 4), \base, 3
	store_top	%(\n + 4), \base
.endm
.macro	store_top n, base
	vmovdqa64	[\base + 64*4], zmm\n
.endm

FUNC	p256x8_mul_ifma
	for_n	5, load_a_at
	for_n	5, load_b_at
	call	p256x8_ifma_product
	settle	rdi, 5
	ret
ENDFUNC	p256x8_mul_ifma

FUNC	p256x8_mul_diff_ifma
	load_diff
	for_n	5, load_a_at
	call	p256x8_ifma_product
	settle	rdi, 5
	ret
ENDFUNC	p256x8_mul_diff_ifma

FUNC	p256x8_mul_sub_ifma
	for_n	5, load_a_at
	for_n	5, load_b_at
	call	p256x8_ifma_product
	lea	rax, [rip + p256x8_2p]
	for_n	5, minus_rcx_at
	for_n	5, plus_limb_at
	fold
	settle	rdi, 5
	ret
ENDFUNC	p256x8_mul_sub_ifma

FUNC	p256x8_mul_diff_sub_ifma
	load_diff
	for_n	5, load_a_at
	call	p256x8_ifma_product
	for_n	5, minus_r8_at
	for_n	5, plus_limb_at
	fold
	settle	rdi, 5
	ret
ENDFUNC	p256x8_mul_diff_sub_ifma

FUNC	p256x8_sqr_ifma
	for_n	5, load_a_at
	call	p256x8_ifma_square
	settle	rdi, 5
	ret
ENDFUNC	p256x8_sqr_ifma

FUNC	p256x8_sqr_sub2_ifma
	for_n	5, load_a_at
	call	p256x8_ifma_square
	lea	rax, [rip + p256x8_4p]
	for_n	5, minus_rdx_at
	for_n	5, minus_rcx_at
	for_n	5, plus_limb_at
	fold
	settle	rdi, 5
	ret
ENDFUNC	p256x8_sqr_sub2_ifma

/* ---- sums -------------------------------------------------------------------------------- */

.macro	load_sum_at i
	load	%(5 + \i), [rsi + 64*\i]
.endm
.macro	make_low52
	vpternlogd	low52, low52, low52, 0xff
	vpsrlq	low52, low52, 12
.endm

FUNC	p256x8_add_ifma
	make_low52
	for_n	5, load_sum_at
	for_n	5, plus_rdx_at
	fold
	settle	rdi, 5
	ret
ENDFUNC	p256x8_add_ifma

FUNC	p256x8_sub_ifma
	make_low52
	lea	rax, [rip + p256x8_2p]
	for_n	5, load_sum_at
	for_n	5, minus_rdx_at
	for_n	5, plus_limb_at
	fold
	settle	rdi, 5
	ret
ENDFUNC	p256x8_sub_ifma

.macro	swap_at i
	vpermq	tmp, zmm0, [rsi + 64*\i]
	vmovdqa64	[rdi + 64*\i], tmp
.endm
FUNC	p256x8_swap_ifma
	vpbroadcastq	zmm0, rdx
	vpxorq	zmm0, zmm0, [rip + p256x8_lanes]
	for_n	5, swap_at
	ret
ENDFUNC	p256x8_swap_ifma

/* ---- lookups -----------------------------------------------------------------------------
 *
 * Eight points come as eight vectors of words, zmm0-3 for x and zmm4-7 for y, in the scalar form
 * v = a*2^256 mod p, and become limbs of 16v = a*2^260.  What 16v has above bit 256, t < 16, is
 * folded.  y is negated where the digit's highest bit is 0, zmm29: 2p - y with y >= 0. */

/* zmm8-12 = the limbs of 16 * (words n0 .. n3), signed and not carried. */
.macro	words_to_limbs n0, n1, n2, n3
	vpsllq	zmm8, zmm\n0, 4
	vpandq	zmm8, zmm8, low52
	vpsrlq	zmm9, zmm\n0, 48
	vpsllq	tmp, zmm\n1, 16
	vpternlogq	zmm9, tmp, low52, 0xa8	/* (zmm9 | tmp) & low52 */
	vpsrlq	zmm10, zmm\n1, 36
	vpsllq	tmp, zmm\n2, 28
	vpternlogq	zmm10, tmp, low52, 0xa8
	vpsrlq	zmm11, zmm\n2, 24
	vpsllq	tmp, zmm\n3, 40
	vpternlogq	zmm11, tmp, low52, 0xa8
	vpsllq	zmm12, zmm\n3, 4
	vpsrlq	zmm12, zmm12, 16
	vpsrlq	zmm13, zmm\n3, 60
	vpaddq	zmm8, zmm8, zmm13
	vpsllq	tmp, zmm13, 44
	vpsubq	zmm9, zmm9, tmp
	vpsllq	tmp, zmm13, 36
	vpsubq	zmm11, zmm11, tmp
	vpsllq	tmp, zmm13, 16
	vpaddq	zmm12, zmm12, tmp
.endm
.macro	negate_at i
	negate	%(8 + \i), \i
.endm
.macro	negate n, i
	vpxorq	zmm\n, zmm\n, zmm29
	vpsubq	zmm\n, zmm\n, zmm29
	vpandq	tmp, zmm29, qword ptr [rax + 8*\i]{1to8}
	vpaddq	zmm\n, zmm\n, tmp
.endm
/* zmm28 = the digits' indexes, zmm29 = all ones where they are negative. */
.macro	digits_from src
	vpmovzxbq	zmm28, [\src]
	vpternlogd	tmp, tmp, tmp, 0xff
	vpsrlq	zmm29, zmm28, 7
	vpaddq	zmm29, zmm29, tmp
	vpxorq	zmm28, zmm28, zmm29
	vpsrlq	tmp, tmp, 57
	vpandq	zmm28, zmm28, tmp
.endm
.macro	points_out
	make_low52
	lea	rax, [rip + p256x8_2p]
	words_to_limbs	0, 1, 2, 3
	settle	rdi, 8
	words_to_limbs	4, 5, 6, 7
	for_n	5, negate_at
	settle	rsi, 8
.endm

.macro	line_at i
	load	%(16 + \i), [rdx + 64*\i]
.endm
.macro	halves lo, hi, aa, bb
	vpunpcklqdq	zmm\lo, zmm\aa, zmm\bb
	vpunpckhqdq	zmm\hi, zmm\aa, zmm\bb
.endm
.macro	join n0, n2, n4, n6, aa, bb, cc, dd	/* four pairs of lanes: words n0, n2, n4, n6 */
	vshufi64x2	zmm16, zmm\aa, zmm\bb, 0x88
	vshufi64x2	zmm17, zmm\cc, zmm\dd, 0x88
	vshufi64x2	zmm18, zmm\aa, zmm\bb, 0xdd
	vshufi64x2	zmm19, zmm\cc, zmm\dd, 0xdd
	vshufi64x2	zmm\n0, zmm16, zmm17, 0x88
	vshufi64x2	zmm\n4, zmm16, zmm17, 0xdd
	vshufi64x2	zmm\n2, zmm18, zmm19, 0x88
	vshufi64x2	zmm\n6, zmm18, zmm19, 0xdd
.endm
FUNC	p256x8_lines_ifma
	digits_from	rcx
	for_n	8, line_at
	halves	8, 9, 16, 17
	halves	10, 11, 18, 19
	halves	12, 13, 20, 21
	halves	14, 15, 22, 23
	join	0, 2, 4, 6, 8, 10, 12, 14
	join	1, 3, 5, 7, 9, 11, 13, 15
	points_out
	ret
ENDFUNC	p256x8_lines_ifma

/* The digit's lower four bits choose within 16 entries, which vpermt2q does for all lanes, the
 * others one of eight such tiles: k<b> where it is tile b.  Every entry is read. */
.macro	tile_at b
	vpcmpeqq	k\b, zmm26, zmm27
	vpaddq	zmm27, zmm27, zmm25
.endm
.macro	from_tile b, n
	vmovdqa64	zmm24, [rdx + 1024*\n + 128*\b]
	vpermt2q	zmm24, zmm28, [rdx + 1024*\n + 128*\b + 64]
	vmovdqa64	zmm\n{k\b}, zmm24
.endm
.macro	word_at n
	vmovdqa64	zmm\n, [rdx + 1024*\n]
	vpermt2q	zmm\n, zmm28, [rdx + 1024*\n + 64]
	from_tile	1, \n
	from_tile	2, \n
	from_tile	3, \n
	from_tile	4, \n
	from_tile	5, \n
	from_tile	6, \n
	from_tile	7, \n
.endm
FUNC	p256x8_select_ifma
	digits_from	rcx
	vpsrlq	zmm26, zmm28, 4
	vpternlogd	zmm25, zmm25, zmm25, 0xff
	vpsrlq	zmm25, zmm25, 63
	vmovdqa64	zmm27, zmm25
	do_range	1, 7, tile_at
	for_n	8, word_at
	points_out
	ret
ENDFUNC	p256x8_select_ifma

/* Entry by entry, those of eight windows side by side: k1 is whose entry it is, zmm27 its number. */
.macro	own_word_at n
	vmovdqa64	zmm\n{k1}, [rdx + 64*\n]
.endm
FUNC	p256x8_select_each_ifma
	digits_from	rcx
	vpternlogd	zmm25, zmm25, zmm25, 0xff
	vpsrlq	zmm25, zmm25, 63
	vpxord	zmm27, zmm27, zmm27
	for_n	8, clear
	mov	eax, 16
.Lentry:
	vpcmpeqq	k1, zmm28, zmm27
	for_n	8, own_word_at
	vpaddq	zmm27, zmm27, zmm25
	add	rdx, 64*8
	dec	eax
	jnz	.Lentry
	points_out
	ret
ENDFUNC	p256x8_select_each_ifma

.macro	forget_mask m
	kxorq	k\m, k\m, k\m
.endm
FUNC	p256x8_scrub_ifma
	for_n	32, clear
	for_n	8, forget_mask
	ret
ENDFUNC	p256x8_scrub_ifma
