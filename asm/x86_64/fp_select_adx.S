/* fp_select_adx.S -- constant-time lookup in a table of field elements, with AVX2.
 *
 *   void fp_select_adx(uint64_t *r, const uint64_t *table, size_t n, size_t words, uint64_t index);
 *
 * r = entry index of n > 0 entries of words limbs each; words is a multiple of 8, r and table are
 * 64-byte aligned.  n and words are public.
 *
 * rdi = r, rsi = table, rdx = n, rcx = words, r8 = index < 2^32.  All entries pass by for 32 limbs,
 * or for the last 8, 16 or 24, whose sum under the mask stays in ymm0-7.  Every octet of the table
 * is read, in an order that n and words alone decide.
 */
#include "asm/asm.h"

#define want	ymm8
#define now	ymm9
#define one	ymm10
#define mask	ymm11

.macro	clear_at i
	vpxor	ymm\i, ymm\i, ymm\i
.endm
.macro	add_at i
	vpand	ymm12, mask, [rax + 32*\i]
	vpor	ymm\i, ymm\i, ymm12
.endm
.macro	put_at i
	vmovdqa	[rdi + 32*\i], ymm\i
.endm

/* All entries, for their next n quarters of 16 octets twice: 4n limbs. */
.macro	pass n
	for_n	\n, clear_at
	vpxor	now, now, now
	mov	rax, rsi
	mov	r9, rdx
	.balign	32
.Lentry\n:
	vpcmpeqd	mask, now, want
	vpaddd	now, now, one
	for_n	\n, add_at
	add	rax, rcx
	dec	r9
	jnz	.Lentry\n
	for_n	\n, put_at
.endm

FUNC	fp_select_adx
	vmovd	xmm8, r8d
	vpbroadcastd	want, xmm8
	vpcmpeqd	one, one, one
	vpsrld	one, one, 31
	shl	rcx, 3				/* octets of an entry */
	mov	r10, rcx			/* octets left */
.Lmore:
	cmp	r10, 256
	jb	.Lrest
	pass	8
	add	rsi, 256
	add	rdi, 256
	sub	r10, 256
	jnz	.Lmore
	vzeroupper
	ret
.Lrest:
	cmp	r10, 128
	jb	.Lsmall
	pass	4
	add	rsi, 128
	add	rdi, 128
	sub	r10, 128
	jz	.Lend
.Lsmall:
	pass	2
.Lend:
	vzeroupper
	ret
ENDFUNC	fp_select_adx
