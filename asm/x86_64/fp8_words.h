/* fp8_words.h -- sixteen words of 64 bits to twenty limbs of 52, for lookups in zmm0-15; low52 = 2^52 - 1. */

/* r[i] = 52 bits from bit 52i on: (word i*52/64 >> off | next word << (64 - off)) mod 2^52. */
.macro	limb_at i
	limb	\i, %(52 * \i / 64), %(52 * \i / 64 + 1), %(52 * \i % 64)
.endm
.macro	limb i, word, next, off
	vpsrlq	zmm21, zmm\word, \off
	.if	\off > 12 && \next < 16
	vpsllq	zmm22, zmm\next, 64 - \off
	vpternlogq	zmm21, zmm22, low52, 0xa8
	.else
	vpandq	zmm21, zmm21, low52
	.endif
	vmovdqa64	[rdi + 64*\i], zmm21
.endm
