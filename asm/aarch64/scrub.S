/* scrub.S -- the stack below the caller and the registers that a callee may leave, overwritten.
 *
 *   km_err scrub_4096_a64(km_err keep, unsigned vectors);
 *   km_err scrub_24576_a64(km_err keep, unsigned vectors);
 *   km_err scrub_45056_a64(km_err keep, unsigned vectors);
 *   km_err scrub_81920_a64(km_err keep, unsigned vectors);
 *
 * All give keep back, and write that many octets below the stack pointer of the caller; vectors says nothing here.
 * Of v8 to v15 the low halves are the caller's: a move to itself clears what lies above, as any write to a v register
 * clears the rest of the z register that it is a part of.  x1 to x17 may be lost; x18 is the platform's.  Stores go
 * down the stack, as its guard page wants it.
 */
#include "asm/asm.h"

.macro	clear_vector i
	movi	v\i\().2d, #0
.endm
.macro	clear_upper i
	fmov	d\i, d\i
.endm
.macro	clear_general i
	mov	x\i, #0
.endm

.macro	scrub_stack bytes
	do_range	0, 8, clear_vector
	do_range	8, 8, clear_upper
	do_range	16, 16, clear_vector
	sub	sp, sp, #\bytes
	.cfi_adjust_cfa_offset \bytes
	add	x1, sp, #\bytes
	mov	x2, #\bytes / 64
1:
	stp	q0, q0, [x1, #-32]!
	stp	q0, q0, [x1, #-32]!
	subs	x2, x2, #1
	b.ne	1b
	add	sp, sp, #\bytes
	.cfi_adjust_cfa_offset -\bytes
	do_range	1, 17, clear_general
	ret
.endm

FUNC	scrub_4096_a64
	scrub_stack	4096
ENDFUNC	scrub_4096_a64

FUNC	scrub_24576_a64
	scrub_stack	24576
ENDFUNC	scrub_24576_a64

FUNC	scrub_45056_a64
	scrub_stack	45056
ENDFUNC	scrub_45056_a64

FUNC	scrub_81920_a64
	scrub_stack	81920
ENDFUNC	scrub_81920_a64
