/* fp8_select_vbmi.S -- constant-time lookup for sixty-four members at once, octet by octet.
 *
 *   void fp8_select_vbmi_prepare(uint8_t prepared[2][64], const uint16_t index[64]);
 *   void fp8_select_vbmi_<e>(uint64_t *r, size_t stride, const uint8_t *table,
 *                            const uint8_t (*prepared)[2][64], size_t lookups);
 *
 * e = 64, 128, 256 or 512 entries.  Lane l of the fp8 at r + (8g + v)*stride octets is entry
 * index[g][8v + l] < e, for v = 0..7 and g < lookups, lookups > 0.  The table is
 * [130 octets][e/64][64 entries], 64-byte aligned: octets least significant first, two octets of
 * zero on top, so that there are ten sections of 13 octets, two limbs each.  A section serves all
 * lookups while it is in the first cache, and meanwhile they fetch the next one: all tables together
 * are larger than the last cache.  r is 64-byte aligned, stride a multiple of 64.
 *
 * rdi = r, rsi = stride, rdx = table, rcx = prepared, r8 = its end; r11 = 3*stride; r9 = r of the
 * lookup, r10 = r9 + 4*stride, rax = prepared of the lookup; ebx counts sections;
 * r12 = what is fetched.
 * zmm31 = the indexes mod 64, one octet each; k1-k7 = whose entry is in tile 1..7.
 * zmm0-12 = thirteen octets of all members, zmm13-28 = their transposition into eight vectors.
 * AVX-512F, BW + VBMI.  No branch but loops over lookups and sections.  Every octet of the table is
 * read, in the order of addresses, and a section beyond its end is fetched; indexes are in registers
 * and in prepared alone.
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
.Ltile:
	.irp	tile, 0, 1, 2, 3, 4, 5, 6, 7
	.fill	64, 1, \tile
	.endr

/* lo, hi = aa and bb interleaved in units of a size, by halves of each 128 bits. */
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
	vmovdqa64	[r9 + \at], zmm13
	vmovdqa64	[r9 + rsi + \at], zmm14
	vmovdqa64	[r9 + 2*rsi + \at], zmm15
	vmovdqa64	[r9 + r11 + \at], zmm16
	vmovdqa64	[r10 + \at], zmm17
	vmovdqa64	[r10 + rsi + \at], zmm18
	vmovdqa64	[r10 + 2*rsi + \at], zmm19
	vmovdqa64	[r10 + r11 + \at], zmm20
.endm
.macro	drop_nibble_at i
	drop_nibble	%(13 + \i)
.endm
.macro	drop_nibble n
	vpsrlq	zmm\n, zmm\n, 4
.endm

.macro	mask_at c
	vpcmpeqb	k\c, zmm13, [rip + .Ltile + 64*\c]
.endm
/* Octet i of the section: out of the first tile for all, then of the tile that each needs. */
.macro	octet_at i
	prefetcht0	[r12 + 64*\i]
	vpermb	zmm\i, idx, [rdx + 64*.Ltiles*\i]
	octet_tiles	\i, %(.Ltiles - 1)
.endm
.macro	octet_tiles i, n
	.if	\n
	octet_tiles	\i, %(\n - 1)
	vpermb	zmm\i{k\n}, idx, [rdx + 64*(.Ltiles*\i + \n)]
	.endif
.endm

.macro	select_body tiles
	.set	.Ltiles, \tiles
	push	rbx
	.cfi_adjust_cfa_offset	8
	.cfi_rel_offset	rbx, 0
	push	r12
	.cfi_adjust_cfa_offset	8
	.cfi_rel_offset	r12, 0
	lea	r11, [rsi + 2*rsi]
	shl	r8, 7
	add	r8, rcx
	vpxord	zmm29, zmm29, zmm29
	vpternlogd	low_nibble, low_nibble, low_nibble, 0xff
	vpabsb	low_nibble, low_nibble
	vpsllw	zmm28, low_nibble, 4
	vpsubb	low_nibble, zmm28, low_nibble
	mov	ebx, 10
7:
	mov	rax, rcx
	mov	r9, rdi
	lea	r12, [rdx + 13*64*.Ltiles]
8:
	lea	r10, [r9 + 4*rsi]
	vmovdqa64	idx, [rax]
	vmovdqa64	zmm13, [rax + 64]
	do_range	1, %(.Ltiles - 1), mask_at
	for_n	13, octet_at
	add	r12, 13*64
	transpose	6, 12
	for_n	8, drop_nibble_at
	store_eight	64
	vpandq	zmm6, zmm6, low_nibble
	transpose	0, 6
	store_eight	0
	lea	r9, [r10 + 4*rsi]
	add	rax, 128
	cmp	rax, r8
	jne	8b
	add	rdi, 128
	add	rdx, 13*64*.Ltiles
	dec	ebx
	jnz	7b
	pop	r12
	.cfi_adjust_cfa_offset	-8
	.cfi_restore	r12
	pop	rbx
	.cfi_adjust_cfa_offset	-8
	.cfi_restore	rbx
	ret
.endm

/* The low six bits and the tile of each index, as octets, where the transposition wants them. */
.macro	octets n, nn
	vpmovwb	ymm\n, zmm\n
	vpmovwb	ymm\nn, zmm\nn
	vinserti64x4	zmm\n, zmm\n, ymm\nn, 1
	vpermb	zmm\n, zmm4, zmm\n
.endm
FUNC	fp8_select_vbmi_prepare
	vmovdqa64	zmm4, [rip + .Lplace]
	vmovdqu16	zmm0, [rsi]
	vmovdqu16	zmm1, [rsi + 64]
	vpsrlw	zmm2, zmm0, 6
	vpsrlw	zmm3, zmm1, 6
	octets	0, 1
	octets	2, 3
	vmovdqa64	[rdi], zmm0
	vmovdqa64	[rdi + 64], zmm2
	ret
ENDFUNC	fp8_select_vbmi_prepare

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
