/* fp8_avx2.h -- what products and sums of eight lanes share with AVX2: chains of carries.
 *
 * Limbs of 52 bits, one in each turn of a loop; rax = 64 * the limb.  A chain of carries starts at
 * 2^60, and each carry gets 2^60 - 2^8 more, so that what is shifted is never negative.
 * ymm8 = the carry, ymm9 = 2^60 - 2^8, ymm10 = low 26 bits, ymm11 = low 52 bits, ymm12 = 2^60.
 */
.macro	make_ones n, shift
	vpcmpeqd	ymm\n, ymm\n, ymm\n
	vpsrlq	ymm\n, ymm\n, \shift
.endm
.macro	clear n
	vpxor	ymm\n, ymm\n, ymm\n
.endm
.macro	chain_constants
	make_ones	10, 38
	make_ones	11, 12
	make_ones	12, 63
	vpsllq	ymm9, ymm12, 8
	vpsllq	ymm12, ymm12, 60
	vpsubq	ymm9, ymm12, ymm9
.endm
.macro	pass_carry
	vpsrlq	ymm8, ymm8, 52
	vpaddq	ymm8, ymm8, ymm9
.endm
/* In place of terms that are not there. */
.macro	nothing
.endm
