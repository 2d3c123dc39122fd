/* fp8_select_avx2.S -- constant-time lookups for eight-lane tables with AVX2.
 *
 *   void fp8_select_octets_avx2_prepare(uint8_t (*prepared)[64], const uint8_t low[64],
 *                                       const uint8_t high[64], size_t tiles);
 *   void fp8_select_octets_avx2(uint64_t *r, size_t stride, const uint8_t *table,
 *                               uint8_t (*work)[64], size_t lookups, size_t tiles);
 *
 * For 64 members at once, octet by octet.  The table is [130 octets][tiles][16 entries], 64-byte
 * aligned: octets least significant first, two octets of zero on top, so that there are ten
 * sections of 13 octets, two limbs each.  Lane l of the fp8 at r + (8g + v)*stride octets is the
 * entry of member 8v + l of lookup g.  low and high are the indexes mod 16 and the rest, of member
 * 32h + 4v + 2j + e at 32h + 16j + 2v + e, for e, j, h < 2 and v < 8; prepared[tile] is low with
 * the top bit set where the entry is in another tile, for which vpshufb gives zero.  work has 13
 * times 64 octets of scratch and then prepared of one lookup after the other.
 *
 *   void fp8_select_words_avx2(uint64_t (*r)[8], const uint8_t *table, size_t tiles,
 *                              const uint64_t index[8]);
 *
 * For eight members, by words: lane l of r is entry index[l] < 8*tiles of the table
 * [tiles][16 words][8 entries], 64-byte aligned.
 *
 *   void fp8_select_avx2_lanes(uint64_t (*r)[8], const uint64_t (*table)[8], size_t entries,
 *                              const uint64_t index[8]);
 *
 * Lane l of r is entry index[l] < entries of the table of lane l.  The tables lie side by side:
 * [entries][16 words][8 lanes], 64-byte aligned.
 *
 * r is 64-byte aligned, stride a multiple of 64; counts are public and not 0.  AVX2.  No branch but
 * counted loops.  Every octet of the table is read, in an order that the counts alone decide.
 */
#include "asm/asm.h"

.macro	clear n
	vpxor	ymm\n, ymm\n, ymm\n
.endm

/* rdi = prepared, rsi = low, rdx = high, rcx = tiles. */
FUNC	fp8_select_octets_avx2_prepare
	vmovdqu	ymm0, [rsi]
	vmovdqu	ymm1, [rsi + 32]
	vmovdqu	ymm2, [rdx]
	vmovdqu	ymm3, [rdx + 32]
	vpcmpeqd	ymm4, ymm4, ymm4
	vpabsb	ymm6, ymm4			/* ones */
	vpsllw	ymm5, ymm6, 7			/* top bits */
	clear	4				/* the tile */
7:
	vpcmpeqb	ymm7, ymm2, ymm4
	vpcmpeqb	ymm8, ymm3, ymm4
	vpandn	ymm7, ymm7, ymm5
	vpandn	ymm8, ymm8, ymm5
	vpor	ymm7, ymm7, ymm0
	vpor	ymm8, ymm8, ymm1
	vmovdqa	[rdi], ymm7
	vmovdqa	[rdi + 32], ymm8
	vpaddb	ymm4, ymm4, ymm6
	add	rdi, 64
	dec	rcx
	jnz	7b
	vzeroupper
	ret
ENDFUNC	fp8_select_octets_avx2_prepare

/* ---- octets ------------------------------------------------------------------------------------
 *
 * rdi = r, rsi = stride, rdx = table, rcx = work, r8 = lookups, r9 = length of an octet's
 * tiles, r15 = [13][64 members], the octets of a section.  r10 counts sections, r11 lookups, rax
 * tiles; rbp = prepared of the lookup, rbx = of the tile, r12 = r, r13 and r14 = the tiles of the
 * first and the fourth octet.
 * ymm0-9 = what n octets of both halves of the members are so far, ymm14-15 = prepared. */

.macro	octet_of n, src:vararg
	vbroadcasti128	ymm13, \src
	vpshufb	ymm12, ymm13, ymm14
	vpshufb	ymm13, ymm13, ymm15
	vpor	ymm\n, ymm\n, ymm12
	or_other	%(\n + 1), 13
.endm
.macro	or_other n, m
	vpor	ymm\n, ymm\n, ymm\m
.endm
.macro	put_octet at, i
	put_half	%(2*\i), %(64*(\at + \i))
	put_half	%(2*\i + 1), %(64*(\at + \i) + 32)
.endm
.macro	put_half n, off
	vmovdqa	[r15 + \off], ymm\n
.endm
.macro	put_octet_0 i
	put_octet	0, \i
.endm
.macro	put_octet_5 i
	put_octet	5, \i
.endm
.macro	put_octet_9 i
	put_octet	9, \i
.endm
/* Octets from .. from + n - 1; r13 = the first one's tiles, and in the end the next one's. */
.macro	octets from, n
	for_n	%(2*\n), clear
	mov	rbx, rbp
	mov	rax, r9
	lea	r14, [r13 + 2*r9]
	add	r14, r9
7:
	vmovdqa	ymm14, [rbx]
	vmovdqa	ymm15, [rbx + 32]
	octet_of	0, [r13]
	octet_of	2, [r13 + r9]
	octet_of	4, [r13 + 2*r9]
	octet_of	6, [r14]
	.if	\n > 4
	octet_of	8, [r14 + r9]
	.endif
	add	rbx, 64
	add	r13, 16
	add	r14, 16
	sub	rax, 16
	jnz	7b
	for_n	\n, put_octet_\from
	.if	\n > 4
	lea	r13, [r14 + r9]
	.else
	mov	r13, r14
	.endif
.endm

.macro	zip size, lo, hi, aa, bb
	vpunpckl\size	ymm\lo, ymm\aa, ymm\bb
	vpunpckh\size	ymm\hi, ymm\aa, ymm\bb
.endm
/* Eight octets of 32 members in ymm0-7 -> a qword of members 4v..4v+3 in ymm<8 + v>. */
.macro	transpose
	zip	bw, 8, 9, 0, 1
	zip	bw, 10, 11, 2, 3
	zip	bw, 12, 13, 4, 5
	zip	bw, 14, 15, 6, 7
	zip	wd, 0, 1, 8, 10
	zip	wd, 2, 3, 9, 11
	zip	wd, 4, 5, 12, 14
	zip	wd, 6, 7, 13, 15
	zip	dq, 8, 9, 0, 4
	zip	dq, 10, 11, 1, 5
	zip	dq, 12, 13, 2, 6
	zip	dq, 14, 15, 3, 7
.endm
.macro	get_octets from, half
	.irp	i, 0, 1, 2, 3, 4, 5, 6
	vmovdqa	ymm\i, [r15 + 64*(\from + \i) + 32*\half]
	.endr
.endm
.macro	drop_nibble_at i
	drop_nibble	%(8 + \i)
.endm
.macro	drop_nibble n
	vpsrlq	ymm\n, ymm\n, 4
.endm
/* r12 = the first of four fp8, r14 = 3*stride. */
.macro	put_limbs at
	vmovdqa	[r12 + \at], ymm8
	vmovdqa	[r12 + \at + 32], ymm9
	vmovdqa	[r12 + rsi + \at], ymm10
	vmovdqa	[r12 + rsi + \at + 32], ymm11
	vmovdqa	[r12 + 2*rsi + \at], ymm12
	vmovdqa	[r12 + 2*rsi + \at + 32], ymm13
	vmovdqa	[r12 + r14 + \at], ymm14
	vmovdqa	[r12 + r14 + \at + 32], ymm15
.endm
.macro	half_of_members half
	get_octets	0, \half
	vpcmpeqd	ymm7, ymm7, ymm7
	vpabsb	ymm7, ymm7
	vpsllw	ymm8, ymm7, 4
	vpsubb	ymm8, ymm8, ymm7		/* low nibbles */
	vpand	ymm6, ymm6, ymm8
	clear	7
	transpose
	put_limbs	0
	get_octets	6, \half
	clear	7
	transpose
	for_n	8, drop_nibble_at
	put_limbs	64
	lea	r12, [r12 + 4*rsi]
.endm

FUNC	fp8_select_octets_avx2
	.irp	reg, rbx, rbp, r12, r13, r14, r15
	save	\reg
	.endr
	mov	r15, rcx
	shl	r9, 4
	mov	r10d, 10
8:
	mov	r11, r8
	lea	rbp, [rcx + 13*64]
	mov	r12, rdi
9:
	mov	r13, rdx
	octets	0, 5
	octets	5, 4
	octets	9, 4
	lea	r14, [rsi + 2*rsi]
	half_of_members	0
	half_of_members	1
	lea	rbp, [rbp + 4*r9]
	dec	r11
	jnz	9b
	mov	rdx, r13
	sub	rdi, -128
	dec	r10d
	jnz	8b
	vzeroupper
	.irp	reg, r15, r14, r13, r12, rbp, rbx
	restore	\reg
	.endr
	ret
ENDFUNC	fp8_select_octets_avx2

/* ---- words -------------------------------------------------------------------------------------
 *
 * Four members and eight words at a time: r8 = the tile, r9 = tiles left, rax = the present one.
 * ymm0-7 = the words so far, ymm8 = which doubles of four entries a member takes, ymm9 and ymm10 =
 * whose tile it is, entry of the first four and of the others; ymm11 = its four of entries less
 * the present one, ymm12 = 2. */

.macro	word_at i
	vpermd	ymm13, ymm8, [rax + 64*\i]
	vpermd	ymm14, ymm8, [rax + 64*\i + 32]
	vpand	ymm13, ymm13, ymm9
	vpand	ymm14, ymm14, ymm10
	vpor	ymm13, ymm13, ymm14
	vpor	ymm\i, ymm\i, ymm13
.endm
.macro	put_word_at i
	vmovdqa	[r10 + 32*\i], ymm\i
.endm
/* Eight words at [rax] of four members at [r11], to [r10]. */
.macro	eight_words
	vmovdqu	ymm13, [r11]
	vpcmpeqd	ymm12, ymm12, ymm12
	vpsrlq	ymm12, ymm12, 63		/* ones */
	vpsrlq	ymm11, ymm13, 2
	vpaddq	ymm8, ymm13, ymm13		/* the lower double of an entry, mod 8 */
	vpsllq	ymm14, ymm8, 32
	vpor	ymm8, ymm8, ymm14
	vpsllq	ymm14, ymm12, 32
	vpor	ymm8, ymm8, ymm14		/* and the upper one */
	vpaddq	ymm15, ymm12, ymm12
	for_n	8, clear
	mov	r9, rdx
7:
	clear	13
	vpcmpeqq	ymm9, ymm11, ymm13
	vpcmpeqq	ymm10, ymm11, ymm12
	for_n	8, word_at
	vpsubq	ymm11, ymm11, ymm15
	add	rax, 64*16
	dec	r9
	jnz	7b
	for_n	8, put_word_at
.endm

/* r[i] = 52 bits from bit 52i on, of words of four members at [r10]. */
.macro	limb_at i
	limb	\i, %(52 * \i / 64), %(52 * \i / 64 + 1), %(52 * \i % 64)
.endm
.macro	limb i, word, next, off
	vmovdqa	ymm0, [r10 + 32*\word]
	vpsrlq	ymm0, ymm0, \off
	.if	\off > 12 && \next < 16
	vmovdqa	ymm1, [r10 + 32*\next]
	vpsllq	ymm1, ymm1, 64 - \off
	vpor	ymm0, ymm0, ymm1
	.endif
	vpand	ymm0, ymm0, ymm2
	vmovdqa	[rdi + 64*\i], ymm0
.endm

/* r from words that a macro puts on the stack: eight of four lanes of index (r11) each time, those at
 * [rax] to [r10]. */
.macro	words_body eight
	push	rbp
	.cfi_def_cfa_offset	16
	.cfi_offset	rbp, -16
	mov	rbp, rsp
	.cfi_def_cfa_register	rbp
	sub	rsp, 16*32
	and	rsp, -64
	mov	r11, rcx
	mov	r8d, 2
8:
	mov	r10, rsp
	mov	rax, rsi
	\eight
	add	r10, 8*32
	lea	rax, [rsi + 8*64]
	\eight
	mov	r10, rsp
	vpcmpeqd	ymm2, ymm2, ymm2
	vpsrlq	ymm2, ymm2, 12
	for_n	20, limb_at
	add	rdi, 32
	add	r11, 32
	.ifc	\eight, lane_words
	add	rsi, 32
	.endif
	dec	r8d
	jnz	8b
	vzeroupper
	leave
	.cfi_def_cfa	rsp, 8
	ret
.endm

FUNC	fp8_select_words_avx2
	words_body	eight_words
ENDFUNC	fp8_select_words_avx2

/* ---- lanes -------------------------------------------------------------------------------------
 *
 * ymm0-7 = the words so far, ymm8 = the indexes, ymm9 = the present entry, ymm10 = ones. */

.macro	lane_word_at i
	vpand	ymm13, ymm12, [rax + 64*\i]
	vpor	ymm\i, ymm\i, ymm13
.endm
.macro	lane_words
	vmovdqu	ymm8, [r11]
	vpcmpeqd	ymm10, ymm10, ymm10
	vpsrlq	ymm10, ymm10, 63
	clear	9
	for_n	8, clear
	mov	r9, rdx
7:
	vpcmpeqq	ymm12, ymm8, ymm9
	for_n	8, lane_word_at
	vpaddq	ymm9, ymm9, ymm10
	add	rax, 64*16
	dec	r9
	jnz	7b
	for_n	8, put_word_at
.endm
FUNC	fp8_select_avx2_lanes
	words_body	lane_words
ENDFUNC	fp8_select_avx2_lanes
