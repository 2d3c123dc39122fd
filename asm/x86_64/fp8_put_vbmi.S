/* fp8_put_vbmi.S -- eight elements into a table by octets.
 *
 *   void fp8_put_vbmi(uint8_t *to, size_t entries, const uint64_t (*a)[8], const uint8_t order[8]);
 *
 * to is where the first of the eight begins in a table [130 octets][entries]: octet b of entry l goes to
 * to[b * entries + l], and is that of lane order[l] of a, which is below 2^1024 with limbs below 2^52;
 * the last two octets are 0.  All of it is public.
 *
 * rdi = to, rsi = entries, rdx = a, rcx = order.  r8 = 3*entries, r9 = four octets on.  zmm0-19 = the limbs
 * of a, zmm20 = where the octets of a word go, zmm21-22 = a word.  AVX-512F + BW + VBMI.  No branch.
 */
#include "asm/asm.h"

.macro	limb_at i
	vmovdqa64	zmm\i, [rdx + 64*\i]
.endm

/* Octet l of octets b of eight entries is octet b of lane order[l], that is octet 8*order[l] + b of the vector. */
	.section .rodata
	.balign	64
.Loctets:
	.irp	b, 0,1,2,3,4,5,6,7
	.quad	\b * 0x0101010101010101
	.endr

.macro	two_octets xmm, at, next
	vmovlps	[\at], \xmm
	vmovhps	[\next], \xmm
.endm

/* 64 bits from bit 64w on: two limbs, or three. */
.macro	word_at w
	word	%(64 * \w / 52), %(64 * \w / 52 + 1), %(64 * \w / 52 + 2), %(64 * \w % 52)
.endm
.macro	word i, next, last, off
	vpsrlq	zmm21, zmm\i, \off
	vpsllq	zmm22, zmm\next, 52 - \off
	vporq	zmm21, zmm21, zmm22
	.if	\off > 40 && \last < 20
	vpsllq	zmm22, zmm\last, 104 - \off
	vporq	zmm21, zmm21, zmm22
	.endif
	vpermb	zmm21, zmm20, zmm21
	lea	r9, [rdi + 4*rsi]
	two_octets	xmm21, rdi, rdi + rsi
	vextracti32x4	xmm22, zmm21, 1
	two_octets	xmm22, rdi + 2*rsi, rdi + r8
	vextracti32x4	xmm22, zmm21, 2
	two_octets	xmm22, r9, r9 + rsi
	vextracti32x4	xmm22, zmm21, 3
	two_octets	xmm22, r9 + 2*rsi, r9 + r8
	lea	rdi, [r9 + 4*rsi]
.endm

FUNC	fp8_put_vbmi
	for_n	20, limb_at
	vpbroadcastq	zmm20, [rcx]
	vpsllq	zmm20, zmm20, 3
	vporq	zmm20, zmm20, [rip + .Loctets]
	lea	r8, [rsi + 2*rsi]
	for_n	16, word_at
	vpxord	xmm21, xmm21, xmm21
	two_octets	xmm21, rdi, rdi + rsi
	ret
ENDFUNC	fp8_put_vbmi
