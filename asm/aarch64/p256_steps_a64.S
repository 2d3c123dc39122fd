/* p256_steps_a64 -- 60 divsteps for P-256's inversions
 *
 *   uint64_t p256_steps_a64(p256_matrix *t, uint64_t zeta, uint64_t f, uint64_t g);
 *
 * As p256_steps_c does them: engine/eccsi/p256_inv.c has what a word holds, and the bounds.  What a step chooses, it
 * chooses by flags: a step waits for three instructions of the one before.  f is odd.  x0 = t, x1 = zeta, returned
 * in x0, x2 = f, x3 = g.  Uses x0 .. x17 alone.  No branch, no secret address.
 */
#include "asm/asm.h"

#define zeta	x1
#define two40	x8
#define two62	x9

/* F of f = 2F + 1, and g, which is minus what the step takes, or leaves; x\s and x\h are for a moment. */
.macro	step F, g, s, h, leaves
	tst	x\g, 1				/* ne: g is odd */
	.ifc	\leaves, minus
	eon	x\s, x\F, zeta, asr 63		/* -f - 1 becomes F + 1 - g/2 where delta <= 0 */
	.else
	eor	x\s, x\F, zeta, asr 63
	.endif
	asr	x\h, x\g, 1
	csel	x\s, x\s, xzr, ne
	ccmp	zeta, 0, 0, ne			/* mi: it is, and delta > 0 */
	.ifc	\leaves, minus
	csel	x\F, x\h, x\F, mi
	.else
	csinv	x\F, x\F, x\h, pl
	.endif
	cinv	zeta, zeta, mi
	sub	zeta, zeta, 1
	sub	x\g, x\s, x\h
.endm
.macro	two_steps F, g, s, h
	step	\F, \g, \s, \h, minus
	step	\F, \g, \s, \h, plus
.endm

/* 20 steps on the lowest 20 bits of x2 and x3; the opposite of their matrix to u, v, q, r. */
.macro	twenty F, g, s, h, u, v, q, r
	ubfx	x\F, x2, 1, 19
	and	x\g, x3, 0xfffff
	sub	x\F, x\F, two40
	sub	x\g, x\g, two62
	.rept	10
	two_steps \F, \g, \s, \h
	.endr
	add	x\F, x\F, 0x80, lsl 12
	add	x\g, x\g, 0x100, lsl 12
	sbfx	x\u, x\F, 20, 21
	add	x\F, x\F, two40
	sbfx	x\q, x\g, 21, 21
	add	x\g, x\g, two40, lsl 1
	asr	x\v, x\F, 41
	asr	x\r, x\g, 42
.endm

/* The low bits of f and g after those steps, 20 fewer. */
.macro	move_low u, v, q, r, spare
	mul	x\spare, x\u, x2
	mul	x2, x\q, x2
	madd	x\spare, x\v, x3, x\spare
	madd	x3, x\r, x3, x2
	lsr	x2, x\spare, 20
	lsr	x3, x3, 20
.endm

/* A matrix a after b; a and b stay. */
.macro	after u, v, q, r, au, av, aq, ar, bu, bv, bq, br
	mul	x\u, x\au, x\bu
	mul	x\v, x\au, x\bv
	mul	x\q, x\aq, x\bu
	mul	x\r, x\aq, x\bv
	madd	x\u, x\av, x\bq, x\u
	madd	x\v, x\av, x\br, x\v
	madd	x\q, x\ar, x\bq, x\q
	madd	x\r, x\ar, x\br, x\r
.endm

FUNC	p256_steps_a64
	mov	two40, 0x10000000000
	mov	two62, 0x4000000000000000
	twenty	4, 5, 6, 7, 10, 11, 12, 13
	move_low 10, 11, 12, 13, 4
	twenty	4, 5, 6, 7, 14, 15, 16, 17
	move_low 14, 15, 16, 17, 4
	after	4, 5, 6, 7, 14, 15, 16, 17, 10, 11, 12, 13
	twenty	10, 11, 12, 13, 14, 15, 16, 17
	after	10, 11, 12, 13, 14, 15, 16, 17, 4, 5, 6, 7
	stp	x10, x11, [x0]
	stp	x12, x13, [x0, 16]
	mov	x0, zeta
	ret
ENDFUNC	p256_steps_a64
