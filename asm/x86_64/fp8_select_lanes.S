/* fp8_select_lanes.S -- constant-time lookup of eight entries in eight tables, one to a lane.
 *
 *   void fp8_select_ifma_lanes(uint64_t (*r)[8], const uint64_t (*table)[8], size_t entries,
 *                              const uint64_t index[8]);
 *
 * Lane l of r is entry index[l] < entries of the table of lane l.  The tables lie side by side:
 * [entries][16 words][8 lanes], 64-byte aligned.
 *
 * rdi = r, rsi = table, rdx = entries > 0, rcx = index.  zmm0-15 = the sixteen words found so far,
 * zmm16 = the indexes, zmm18 = the present entry, k1 = whose entry it is.  AVX-512F.
 * No branch but a loop over the entries.  Every octet of the table is read, in the order of
 * addresses; indexes are in registers alone.
 */
#include "asm/asm.h"

#define idx	zmm16
#define now	zmm18
#define one	zmm19
#define low52	zmm20
#include "asm/x86_64/fp8_words.h"

.macro	clear_at i
	vpxord	zmm\i, zmm\i, zmm\i
.endm
.macro	word_at i
	vmovdqa64	zmm\i{k1}, [rsi + 64*\i]
.endm

FUNC	fp8_select_ifma_lanes
	vmovdqu64	idx, [rcx]
	vpternlogd	low52, low52, low52, 0xff
	vpsrlq	one, low52, 63
	vpsrlq	low52, low52, 12
	vpxord	now, now, now
	for_n	16, clear_at
.Lentry:
	vpcmpeqq	k1, idx, now
	for_n	16, word_at
	vpaddq	now, now, one
	add	rsi, 64*16
	dec	rdx
	jnz	.Lentry
	for_n	20, limb_at
	ret
ENDFUNC	fp8_select_ifma_lanes
