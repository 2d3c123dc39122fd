/* fp8_select_ifma.S -- constant-time lookup for eight members, by 64-bit words.
 *
 *   void fp8_select_ifma(uint64_t (*r)[8], const uint8_t *table, size_t tiles,
 *                        const uint16_t index[8]);
 *
 * Lane l of r is entry index[l] < 8*tiles.  The table is [tiles][16 words][8 entries], 64-byte
 * aligned.
 *
 * rdi = r, rsi = table, rdx = tiles > 0, rcx = index.  zmm0-15 = the sixteen words found so far,
 * zmm16 = the indexes, zmm17 = their tiles, zmm18 = the present tile, k1 = whose tile it is.
 * AVX-512F.  No branch but a loop over the tiles.  Every octet of the table is read, in the order
 * of addresses; indexes are in registers alone.
 */
#include "asm/asm.h"

#define idx	zmm16
#define tile	zmm17
#define now	zmm18
#define one	zmm19
#define low52	zmm20
#include "asm/x86_64/fp8_words.h"

.macro	clear_at i
	vpxord	zmm\i, zmm\i, zmm\i
.endm
.macro	word_at i
	vpermq	zmm\i{k1}, idx, [rsi + 64*\i]
.endm

FUNC	fp8_select_ifma
	vpmovzxwq	idx, [rcx]
	vpsrlq	tile, idx, 3
	vpternlogd	low52, low52, low52, 0xff
	vpsrlq	one, low52, 63
	vpsrlq	low52, low52, 12
	vpxord	now, now, now
	for_n	16, clear_at
.Ltile:
	vpcmpeqq	k1, tile, now
	for_n	16, word_at
	vpaddq	now, now, one
	add	rsi, 64*16
	dec	rdx
	jnz	.Ltile
	for_n	20, limb_at
	ret
ENDFUNC	fp8_select_ifma
