/* fp_select_a64.S -- constant-time lookup in a table of field elements, with NEON.
 *
 *   void fp_select_a64(uint64_t *r, const uint64_t *table, size_t n, size_t words, uint64_t index);
 *
 * r = entry index of n > 0 entries of words limbs each; words is a multiple of 8, r and table are
 * 64-byte aligned.  n and words are public.
 *
 * x0 = r, x1 = table, x2 = n, x3 = words, x4 = index.  All entries pass by for 32 limbs, or for 8 of the last 8, 16 or 24,
 * while the one under the mask stays in v16-31.  Every octet of the table is read, in an order that n and words alone decide.
 */
#include "asm/asm.h"

#define want	v7.2d
#define now	v6.2d
#define one	v5.2d
#define mask	v4

.macro	take i, j, k, l, off			/* four q registers of an entry */
	ldp	q0, q1, [x5, #\off]
	ldp	q2, q3, [x5, #\off + 32]
	bit	v\i\().16b, v0.16b, mask.16b
	bit	v\j\().16b, v1.16b, mask.16b
	bit	v\k\().16b, v2.16b, mask.16b
	bit	v\l\().16b, v3.16b, mask.16b
.endm
.macro	put i, j, off
	stp	q\i, q\j, [x0, #\off]
.endm
.macro	begin
	movi	now, #0
	mov	x5, x1
	mov	x6, x2
.endm
.macro	next
	cmeq	mask.2d, now, want
	add	now, now, one
.endm
.macro	entry
	next
	take	16, 17, 18, 19, 0
	take	20, 21, 22, 23, 64
	take	24, 25, 26, 27, 128
	take	28, 29, 30, 31, 192
	add	x5, x5, x7
.endm
.macro	clear i
	movi	v\i\().2d, #0
.endm

FUNC	fp_select_a64
	dup	want, x4
	mov	x7, #1
	dup	one, x7
	lsl	x7, x3, #3			/* octets of an entry */
.Lmore:
	cmp	x3, #32
	b.cc	.Lrest
	begin
	add	x6, x6, #1
	lsr	x6, x6, #1			/* pairs; of an odd number the first is half a one */
	do_range	16, 16, clear
	tst	x2, #1
	b.ne	.Lodd
.Lpair:
	entry
.Lodd:
	entry
	subs	x6, x6, #1
	b.ne	.Lpair
	put	16, 17, 0
	put	18, 19, 32
	put	20, 21, 64
	put	22, 23, 96
	put	24, 25, 128
	put	26, 27, 160
	put	28, 29, 192
	put	30, 31, 224
	add	x1, x1, #256
	add	x0, x0, #256
	sub	x3, x3, #32
	b	.Lmore
.Lrest:
	cbz	x3, .Ldone
	begin
	do_range	16, 4, clear
.Leight:
	next
	take	16, 17, 18, 19, 0
	add	x5, x5, x7
	subs	x6, x6, #1
	b.ne	.Leight
	put	16, 17, 0
	put	18, 19, 32
	add	x1, x1, #64
	add	x0, x0, #64
	sub	x3, x3, #8
	b	.Lrest
.Ldone:
	ret
ENDFUNC	fp_select_a64
