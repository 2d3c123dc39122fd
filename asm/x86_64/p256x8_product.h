/* p256x8_product.h -- the product of P-256's field in eight lanes, for whoever holds its factors in registers.
 *
 * zmm16-20 hold the limbs of a, zmm21-25 those of b; zmm5-9 become the columns of a*b/2^260, by
 *
 *   for_n 10, clear;  for_n 25, term_at;  for_n 5, eliminate_at
 *
 * once product_constants have been set: zmm27-31 are named here.  p256x8_ifma.S says why nothing overflows.
 */
#define tmp	zmm31
#define low52	zmm30
#define two44	zmm29
#define two36	zmm28
#define top_p	zmm27

.macro	clear n
	vpxord	zmm\n, zmm\n, zmm\n
.endm
.macro	mad half, n, xx, yy
	vpmadd52\half\()uq	zmm\n, zmm\xx, \yy
.endm
.macro	product_constants
	vpternlogd	low52, low52, low52, 0xff
	vpsrlq	tmp, low52, 63
	vpsllq	two44, tmp, 44
	vpsllq	two36, tmp, 36
	vpsrlq	low52, low52, 12
	vpsrlq	top_p, low52, 20
	vpsllq	top_p, top_p, 16	/* 2^48 - 2^16 */
.endm

.macro	term xx, yy, n, up
	vpmadd52luq	zmm\n, zmm\xx, zmm\yy
	vpmadd52huq	zmm\up, zmm\xx, zmm\yy
.endm
.macro	term_at i
	term	%(16 + \i % 5), %(21 + \i / 5), %(\i / 5 + \i % 5), %(\i / 5 + \i % 5 + 1)
.endm
.macro	eliminate_at i
	eliminate	\i, %(\i + 1), %(\i + 2), %(\i + 3), %(\i + 4), %(\i + 5)
.endm
.macro	eliminate n, n1, n2, n3, n4, n5
	mad	l, \n1, \n, two44
	vpsrlq	tmp, zmm\n, 52
	vpaddq	zmm\n1, zmm\n1, tmp
	mad	h, \n2, \n, two44
	mad	l, \n3, \n, two36
	mad	h, \n4, \n, two36
	mad	l, \n4, \n, top_p
	mad	h, \n5, \n, top_p
.endm
