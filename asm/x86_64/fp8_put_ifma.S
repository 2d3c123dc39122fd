/* fp8_put_ifma.S -- eight elements into a table by 64-bit words.
 *
 *   void fp8_put_ifma(uint8_t *to, const uint64_t (*a)[8], const uint8_t order[8]);
 *
 * to is a tile of [16 words][8 entries], 64-byte aligned: entry l becomes lane order[l] of a, which is
 * below 2^1024 with limbs below 2^52.  All of it is public.
 *
 * rdi = to, rsi = a, rdx = order.  zmm0-19 = the limbs of a, zmm20 = order, zmm21-22 = a word.
 * AVX-512F.  No branch.
 */
#include "asm/asm.h"

.macro	limb_at i
	vmovdqa64	zmm\i, [rsi + 64*\i]
.endm

/* 64 bits from bit 64w on: two limbs, or three. */
.macro	word_at w
	word	\w, %(64 * \w / 52), %(64 * \w / 52 + 1), %(64 * \w / 52 + 2), %(64 * \w % 52)
.endm
.macro	word w, i, next, last, off
	vpsrlq	zmm21, zmm\i, \off
	vpsllq	zmm22, zmm\next, 52 - \off
	vporq	zmm21, zmm21, zmm22
	.if	\off > 40 && \last < 20
	vpsllq	zmm22, zmm\last, 104 - \off
	vporq	zmm21, zmm21, zmm22
	.endif
	vpermq	zmm21, zmm20, zmm21
	vmovdqa64	[rdi + 64*\w], zmm21
.endm

FUNC	fp8_put_ifma
	for_n	20, limb_at
	vpmovzxbq	zmm20, [rdx]
	for_n	16, word_at
	ret
ENDFUNC	fp8_put_ifma
