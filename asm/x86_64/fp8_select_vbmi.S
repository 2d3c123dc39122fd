/* fp8_select_vbmi.S -- constant-time lookup for sixty-four members at once, byte by byte.
 *
 *   void fp8_select_vbmi_<e>(uint64_t *r, size_t stride, const uint8_t *table,
 *                            const uint16_t index[64]);
 *
 * e = 64, 128, 256 or 512 entries.  Lane l of the fp8 at r + v*stride octets is entry
 * index[8v + l] < e, for v = 0..7.  The table is [130 octets][e/64][64 entries], 64-byte aligned:
 * octets least significant first, two octets of zero on top, so that there are ten groups of 13
 * octets, two limbs each.  r is 64-byte aligned, stride a multiple of 64.
 *
 * rdi = r, rsi = stride, rdx = table, rcx = index; r8 = 3*stride, r9 = r + 4*stride.
 * zmm31 = the indexes mod 64, one octet each; k1-k7 = whose entry is in block 1..7.
 * zmm0-12 = thirteen octets of all members, zmm13-28 = their transposition into eight vectors.
 * AVX-512F, BW + VBMI.  No branch but one loop of ten turns.  Every octet of the table is read, in
 * the order of addresses; indexes are in registers alone.
 */
#include "asm/asm.h"

#define low_nibble	zmm30
#define idx		zmm31

	.section .rodata
	.balign	64
/* The transposition gives qword 2i + e of vector v what octet 16i + 2v + e held: here is the member
 * that belongs there. */
.macro	place_at i
	.byte	8 * ((\i % 16) / 2) + 2 * (\i / 16) + \i % 2
.endm
.Lplace:
	for_n	64, place_at

/* zmm<lo>, zmm<hi> = zmm<a> and zmm<b> interleaved in units of a size, by halves of each 128 bits. */
.macro	zip size, lo, hi, aa, bb
	vpunpckl\size	zmm\lo, zmm\aa, zmm\bb
	vpunpckh\size	zmm\hi, zmm\aa, zmm\bb
.endm
/* zmm13-20 = eight vectors of qwords from the octets a .. a + 5, zmm<last> and zero. */
.macro	transpose a, last
	zip	bw, 13, 14, \a, %(\a + 1)
	zip	bw, 15, 16, %(\a + 2), %(\a + 3)
	zip	bw, 17, 18, %(\a + 4), %(\a + 5)
	zip	bw, 19, 20, \last, 29
	zip	wd, 21, 22, 13, 15
	zip	wd, 23, 24, 14, 16
	zip	wd, 25, 26, 17, 19
	zip	wd, 27, 28, 18, 20
	zip	dq, 13, 14, 21, 25
	zip	dq, 15, 16, 22, 26
	zip	dq, 17, 18, 23, 27
	zip	dq, 19, 20, 24, 28
.endm
.macro	store_eight at
	vmovdqa64	[rdi + \at], zmm13
	vmovdqa64	[rdi + rsi + \at], zmm14
	vmovdqa64	[rdi + 2*rsi + \at], zmm15
	vmovdqa64	[rdi + r8 + \at], zmm16
	vmovdqa64	[r9 + \at], zmm17
	vmovdqa64	[r9 + rsi + \at], zmm18
	vmovdqa64	[r9 + 2*rsi + \at], zmm19
	vmovdqa64	[r9 + r8 + \at], zmm20
.endm
.macro	drop_nibble_at i
	drop_nibble	%(13 + \i)
.endm
.macro	drop_nibble n
	vpsrlq	zmm\n, zmm\n, 4
.endm

.macro	mask_at c
	vpaddb	zmm2, zmm2, zmm3
	vpcmpeqb	k\c, zmm1, zmm2
.endm
/* Octet i of the group: out of the first block for all, then of the block that each needs. */
.macro	octet_at i
	vpermb	zmm\i, idx, [rdx + 64*.Lblocks*\i]
	octet_blocks	\i, %(.Lblocks - 1)
.endm
.macro	octet_blocks i, n
	.if	\n
	octet_blocks	\i, %(\n - 1)
	vpermb	zmm\i{k\n}, idx, [rdx + 64*(.Lblocks*\i + \n)]
	.endif
.endm

.macro	select_body blocks
	.set	.Lblocks, \blocks
	lea	r8, [rsi + 2*rsi]
	lea	r9, [rdi + 4*rsi]
	vmovdqu16	zmm0, [rcx]
	vmovdqu16	zmm1, [rcx + 64]
	vpsrlw	zmm2, zmm0, 6
	vpsrlw	zmm3, zmm1, 6
	vpmovwb	ymm0, zmm0
	vpmovwb	ymm1, zmm1
	vpmovwb	ymm2, zmm2
	vpmovwb	ymm3, zmm3
	vinserti64x4	zmm0, zmm0, ymm1, 1
	vinserti64x4	zmm2, zmm2, ymm3, 1
	vmovdqa64	zmm4, [rip + .Lplace]
	vpermb	idx, zmm4, zmm0
	vpermb	zmm1, zmm4, zmm2
	vpternlogd	zmm3, zmm3, zmm3, 0xff
	vpabsb	zmm3, zmm3
	vpxord	zmm2, zmm2, zmm2
	do_range	1, %(.Lblocks - 1), mask_at
	vpxord	zmm29, zmm29, zmm29
	vpsllw	low_nibble, zmm3, 4
	vpsubb	low_nibble, low_nibble, zmm3
	mov	eax, 10
7:
	for_n	13, octet_at
	transpose	6, 12
	for_n	8, drop_nibble_at
	store_eight	64
	vpandq	zmm6, zmm6, low_nibble
	transpose	0, 6
	store_eight	0
	add	rdi, 128
	add	r9, 128
	add	rdx, 13*64*.Lblocks
	dec	eax
	jnz	7b
	ret
.endm

FUNC	fp8_select_vbmi_64
	select_body	1
ENDFUNC	fp8_select_vbmi_64

FUNC	fp8_select_vbmi_128
	select_body	2
ENDFUNC	fp8_select_vbmi_128

FUNC	fp8_select_vbmi_256
	select_body	4
ENDFUNC	fp8_select_vbmi_256

FUNC	fp8_select_vbmi_512
	select_body	8
ENDFUNC	fp8_select_vbmi_512
