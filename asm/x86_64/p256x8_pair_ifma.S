/* p256x8_pair_ifma.S -- two points of P-256's field at once, each by four lanes: doublings and sums.
 *
 *   void p256x8_pair_dbl_ifma(uint64_t (*a)[8], uint64_t (*w)[8], size_t n);
 *   void p256x8_pair_add_ifma(uint64_t (*a)[8], uint64_t (*w)[8], const uint64_t (*b)[8],
 *                             const uint64_t (*c)[8], size_t minus, size_t whole);
 *
 * What a pair is: p256x8.h.  a = 2^n*a, n > 0; a += (b's first point, c's second), or the opposite of the one
 * where minus has bit 2, of the other where it has bit 6; with z^2, z^3 and z^4 only where whole is not 0.  w is
 * scratch of 20 rows.  AVX-512F + DQ + IFMA.  Branches by n and whole alone.
 *
 * The products of a formula that do not wait for one another are one product of all lanes, so a doubling takes
 * three and a sum four.  Products are those of p256x8_ifma.S; their columns, below 2^57, are moved, added and
 * subtracted as they are, and become limbs once, when they are factors again.  Bounds, in p, of what is a
 * factor: out of a*b/2^260 comes at most ab/16 + 1.07; what is folded is at most 1 + 2^-20.  With x at most 6,
 * y 7 and all else 2, none is above 16p or below 0, as each step says, and out come x at most 5.2, y 7 and
 * all else 1.3.
 */
#include "asm/asm.h"
#include "asm/x86_64/p256x8_product.h"

#define spare	zmm26

#define k_0	k1		/* the lanes 0 of both, and so on */
#define k_1	k2
#define k_2	k3
#define k_3	k4
#define k_01	k5
#define k_13	k6

.macro	lanes_are k, bits
	mov	eax, \bits
	kmovb	\k, eax
.endm
.macro	constants
	product_constants
	lanes_are	k_0, 0x11
	lanes_are	k_1, 0x22
	lanes_are	k_2, 0x44
	lanes_are	k_3, 0x88
	lanes_are	k_01, 0x33
	lanes_are	k_13, 0xaa
	lea	r10, [rip + p256x8_2p]
	lea	r11, [rip + p256x8_4p]
.endm

/* ---- the product: zmm5-9 = the columns of zmm16-20 times zmm21-25 / 2^260 ------------------------ */

PART	p256x8_pair_product
	for_n	10, clear
	for_n	25, term_at
	for_n	5, eliminate_at
	ret
ENDFUNC	p256x8_pair_product

/* ---- sums, folding, carries ----------------------------------------------------------------- */

/* From column n on, V - t*p for t = V / 2^256: p256x8_ifma.S. */
.macro	fold_columns n0, n1, n3, n4
	vpsraq	zmm0, zmm\n4, 48
	vpsrlq	tmp, low52, 4
	vpandq	zmm\n4, zmm\n4, tmp
	vpaddq	zmm\n0, zmm\n0, zmm0
	vpsllq	zmm1, zmm0, 44
	vpsllq	zmm2, zmm0, 36
	vpsllq	zmm3, zmm0, 16
	vpsubq	zmm\n1, zmm\n1, zmm1
	vpsubq	zmm\n3, zmm\n3, zmm2
	vpaddq	zmm\n4, zmm\n4, zmm3
.endm
.macro	fold n
	fold_columns	\n, %(\n + 1), %(\n + 3), %(\n + 4)
.endm
.macro	carry_up n, up
	vpsraq	tmp, zmm\n, 52
	vpandq	zmm\n, zmm\n, low52
	vpaddq	zmm\up, zmm\up, tmp
.endm
.macro	carry n				/* columns n .. n + 4 become limbs */
	carry_up	\n, %(\n + 1)
	carry_up	%(\n + 1), %(\n + 2)
	carry_up	%(\n + 2), %(\n + 3)
	carry_up	%(\n + 3), %(\n + 4)
.endm
#define from(i0, i1, i2, i3)	((i0) + 4*(i1) + 16*(i2) + 64*(i3))

/* ---- twice ----------------------------------------------------------------------------------
 *
 * With y for twice the y, m = 3x^2 + az^4, q = y^4, v = xy^2:
 *
 *   x3 = m^2 - 2v,  y3 = 2m(v - x3) - q,  z3 = yz,  az3^4 = q*az^4. */

.macro	dbl_load_at i
	dbl_load	\i, %(10 + \i)
.endm
.macro	dbl_load i, n
	vmovdqa64	zmm\n, [rdi + 64*\i]
.endm
/* x^2, y^2, yz */
.macro	dbl_first_at i
	dbl_first	%(10 + \i), %(16 + \i), %(21 + \i)
.endm
.macro	dbl_first n, aa, bb
	vmovdqa64	zmm\bb, zmm\n
	vpermq	zmm\aa, zmm\n, from(0, 1, 1, 3)
.endm
/* y^2, y^2, m, z3: m at most 3*3.4 + 2, and folded, all */
.macro	dbl_m_at i
	dbl_m	%(5 + \i), %(10 + \i), %(21 + \i)
.endm
.macro	dbl_m p, n, ss
	vpermq	zmm\n, zmm\p, from(1, 1, 0, 2)
	vpermq	spare{k_2}{z}, zmm\ss, from(0, 0, 3, 0)
	vpaddq	tmp, zmm\n, zmm\n
	vpaddq	zmm\n{k_2}, zmm\n, tmp
	vpaddq	zmm\n, zmm\n, spare
.endm
/* v, q, m^2, z3^2: x and y^2, others with themselves */
.macro	dbl_second_at i
	dbl_second	%(10 + \i), %(16 + \i), %(21 + \i)
.endm
.macro	dbl_second n, aa, bb
	vpblendmq	zmm\aa{k_0}, zmm\n, zmm\bb
	vmovdqa64	zmm\bb, zmm\n
.endm
/* zmm16-20: q and z3^2; zmm10-14: v - x3 = 3v - m^2 + 2p, at most 6.5, and z3^2 twice; to w what is there of
 * the sum: x3 = m^2 - 2v + 4p, 2p - q, z3 */
.macro	dbl_between_at i
	dbl_between	\i, %(5 + \i), %(10 + \i), %(16 + \i), %(21 + \i)
.endm
.macro	dbl_between i, p, n, aa, bb
	vpermq	zmm\aa, zmm\p, from(0, 1, 0, 3)
	vpermq	zmm\n, zmm\p, from(0, 0, 3, 3)
	vpermq	zmm15, zmm\p, from(2, 2, 2, 2)
	vpaddq	tmp, zmm\n, zmm\n
	vpsubq	zmm15, zmm15, tmp
	vpsubq	zmm\n{k_0}, zmm\n, zmm15
	vpaddq	zmm\n{k_0}, zmm\n, qword ptr [r10 + 8*\i]{1to8}
	vpaddq	zmm15{k_0}{z}, zmm15, qword ptr [r11 + 8*\i]{1to8}
	vpbroadcastq	tmp, qword ptr [r10 + 8*\i]
	vpsubq	zmm15{k_1}, tmp, zmm\p
	vpermq	zmm15{k_2}, zmm\bb, from(0, 0, 3, 0)
	vmovdqa64	[rsi + 64*\i], zmm15
.endm
/* m(v - x3), q*az^4, z3^3, z3^4 */
.macro	dbl_third_at i
	dbl_third	\i, %(10 + \i), %(16 + \i), %(21 + \i)
.endm
.macro	dbl_third i, n, aa, bb
	vpermq	zmm\aa{k_0}, zmm\bb, from(2, 2, 2, 2)
	vpermq	zmm\aa{k_2}, zmm\bb, from(3, 3, 3, 3)
	vpermq	zmm\n{k_1}, [rdi + 64*\i], from(3, 3, 3, 3)
	vmovdqa64	zmm\bb, zmm\n
.endm
.macro	dbl_sum_at i
	dbl_sum	\i, %(5 + \i), %(10 + \i)
.endm
.macro	dbl_sum i, p, n
	vpermq	zmm\n{k_13}{z}, zmm\p, from(0, 0, 0, 1)
	vpaddq	zmm\n{k_1}, zmm\n, zmm\n
	vpaddq	zmm\n, zmm\n, [rsi + 64*\i]
.endm
.macro	put_point_at i
	put_point	\i, %(10 + \i)
.endm
.macro	put_point i, n
	vmovdqa64	[rdi + 64*\i], zmm\n
.endm
/* z^3 and z^4 out of the product, z^2 out of its factors */
.macro	dbl_powers_at i
	dbl_powers	%(5 + \i), %(16 + \i)
.endm
.macro	dbl_powers p, n
	vpermq	zmm\n, zmm\p, from(0, 2, 3, 0)
.endm
.macro	dbl_put_powers_at i
	dbl_put_powers	\i, %(16 + \i), %(21 + \i)
.endm
.macro	dbl_put_powers i, n, bb
	vpermq	zmm\n{k_0}, zmm\bb, from(2, 2, 2, 2)
	vpxorq	zmm\n{k_3}, zmm\n, zmm\n
	vmovdqa64	[rdi + 64*5 + 64*\i], zmm\n
.endm

FUNC	p256x8_pair_dbl_ifma
	constants
	for_n	5, dbl_load_at
.Ldouble:
	for_n	5, dbl_first_at
	call	p256x8_pair_product
	for_n	5, dbl_m_at
	fold	10
	carry	10
	for_n	5, dbl_second_at
	call	p256x8_pair_product
	for_n	5, dbl_between_at
	carry	10
	carry	16
	for_n	5, dbl_third_at
	call	p256x8_pair_product
	for_n	5, dbl_sum_at
	carry	10
	for_n	5, put_point_at
	dec	rdx
	jnz	.Ldouble
	for_n	5, dbl_powers_at
	carry	16
	for_n	5, dbl_put_powers_at
	ret
ENDFUNC	p256x8_pair_dbl_ifma

/* ---- the sum --------------------------------------------------------------------------------
 *
 * With y for twice the y, u = x1*z2^2, s = y1*z2^3, h = x2*z1^2 - u, r = +-y2*z1^3 - s, i = (2h)^2, g = hi, v = ui:
 *
 *   x3 = r^2 - g - 2v,  y3 = 2r(v - x3) - 2sg,  z3 = 2h*z1*z2,  az3^4 = az1^4 * z2^4 * i^2,
 *
 * which is 0 in z where x2 and y2 are those of the one or of its opposite. */

#define w_aa	rsi			/* second product: z1 and az1^4; then what x3 and v - x3 begin as */
#define w_bb	rsi + 64*5		/* second product: z2 and z2^4; then what there is of the sum */
#define w_us	rsi + 64*10		/* u, s */
#define w_hr	rsi + 64*15		/* 2h, h, r, r */

.macro	two_halves n, src:vararg	/* lanes 0 to 3 of b, 4 to 7 of c */
	vmovdqa64	zmm\n, [rdx + \src]
	vmovdqa64	zmm\n{k7}, [rcx + \src]
.endm
/* u, s, x2*z1^2, y2*z1^3 */
.macro	add_first_at i
	add_first	\i, %(16 + \i), %(21 + \i)
.endm
.macro	add_first i, aa, bb
	two_halves	10, 64*\i
	two_halves	11, 64*5 + 64*\i
	vpermq	zmm\aa, zmm10, from(0, 0, 0, 1)
	vmovdqa64	zmm\aa{k_01}, [rdi + 64*\i]
	vpermq	zmm\bb, [rdi + 64*5 + 64*\i], from(0, 0, 0, 1)
	vmovdqa64	zmm\bb{k_01}, zmm11
	vpermq	zmm12, [rdi + 64*\i], from(0, 2, 0, 3)
	vmovdqa64	[w_aa + 64*\i], zmm12
	vpermq	zmm13, zmm10, from(2, 2, 2, 2)
	vpermq	zmm13{k_3}, zmm11, from(2, 2, 2, 2)
	vmovdqa64	[w_bb + 64*\i], zmm13
.endm
/* h, h, r, r, at most 6 before they are folded: all four products are at most 2 */
.macro	add_differ_at i
	add_differ	\i, %(5 + \i), %(10 + \i)
.endm
.macro	add_differ i, p, n
	vpermq	zmm\n, zmm\p, from(2, 2, 3, 3)
	vpsubq	zmm\n{k7}, tmp, zmm\n
	vpermq	spare, zmm\p, from(0, 0, 1, 1)
	vpsubq	zmm\n, zmm\n, spare
	vpaddq	zmm\n, zmm\n, qword ptr [r11 + 8*\i]{1to8}
.endm
.macro	add_twice_h_at i
	add_twice_h	%(10 + \i)
.endm
.macro	add_twice_h n
	vpaddq	zmm\n{k_0}, zmm\n, zmm\n
.endm
.macro	add_keep_us_at i
	add_keep_us	\i, %(5 + \i)
.endm
.macro	add_keep_us i, p
	vmovdqa64	[w_us + 64*\i], zmm\p
.endm
/* i, z1*z2, r^2, az1^4 * z2^4 */
.macro	add_second_at i
	add_second	\i, %(10 + \i), %(16 + \i), %(21 + \i)
.endm
.macro	add_second i, n, aa, bb
	vmovdqa64	zmm\aa, zmm\n
	vmovdqa64	zmm\bb, zmm\n
	vmovdqa64	[w_hr + 64*\i], zmm\n
	vmovdqa64	zmm\aa{k_13}, [w_aa + 64*\i]
	vmovdqa64	zmm\bb{k_13}, [w_bb + 64*\i]
.endm
/* zmm16-20: i, i, i, z1*z2; zmm10-14: az1^4 * z2^4; r^2 + 4p, 2p - r^2 */
.macro	add_between_at i
	add_between	\i, %(5 + \i), %(10 + \i), %(16 + \i)
.endm
.macro	add_between i, p, n, aa
	vpermq	zmm\aa, zmm\p, from(0, 0, 0, 1)
	vpermq	zmm\n, zmm\p, from(3, 3, 3, 3)
	vpermq	zmm15, zmm\p, from(2, 2, 2, 2)
	vpbroadcastq	tmp, qword ptr [r10 + 8*\i]
	vpaddq	spare, zmm15, qword ptr [r11 + 8*\i]{1to8}
	vpsubq	spare{k_1}, tmp, zmm15
	vmovdqa64	[w_aa + 64*\i], spare
.endm
/* g, v, i^2, z3; zmm10-14: s, r, az1^4 * z2^4 */
.macro	add_third_at i
	add_third	\i, %(10 + \i), %(16 + \i), %(21 + \i)
.endm
.macro	add_third i, n, aa, bb
	vmovdqa64	zmm\bb, zmm\aa
	vpermq	zmm\bb{k_3}, [w_hr + 64*\i], from(0, 0, 0, 0)
	vpermq	zmm\aa{k_0}, [w_hr + 64*\i], from(1, 1, 1, 1)
	vpermq	zmm\aa{k_1}, [w_us + 64*\i], from(0, 0, 0, 0)
	vpermq	zmm\n{k_0}, [w_us + 64*\i], from(1, 1, 1, 1)
	vpermq	zmm\n{k_1}, [w_hr + 64*\i], from(2, 2, 2, 2)
.endm
/* zmm21-25: g, v - x3 = 3v + g - r^2 + 2p, at most 7, i^2, z3 */
.macro	add_v_x3_at i
	add_v_x3	\i, %(5 + \i), %(21 + \i)
.endm
.macro	add_v_x3 i, p, bb
	vmovdqa64	zmm\bb, zmm\p
	vpermq	zmm15, zmm\p, from(0, 0, 0, 0)
	vpaddq	tmp, zmm\p, zmm\p
	vpaddq	tmp, tmp, [w_aa + 64*\i]
	vpaddq	tmp, tmp, zmm15
	vpaddq	zmm\bb{k_1}, zmm\p, tmp
.endm
/* sg, r(v - x3), az3^4, z3^2; to w what is there of the sum: x3 = r^2 - g - 2v + 4p, 4p, z3 */
.macro	add_fourth_at i
	add_fourth	\i, %(5 + \i), %(10 + \i), %(16 + \i), %(21 + \i)
.endm
.macro	add_fourth i, p, n, aa, bb
	vpblendmq	zmm\aa{k_3}, zmm\n, zmm\bb
	vpermq	zmm15, zmm\p, from(1, 1, 1, 1)
	vmovdqa64	spare, [w_aa + 64*\i]
	vpsubq	spare, spare, zmm\p
	vpaddq	zmm15, zmm15, zmm15
	vpsubq	spare{k_0}{z}, spare, zmm15
	vpbroadcastq	tmp, qword ptr [r11 + 8*\i]
	vmovdqa64	spare{k_1}, tmp
	vpermq	spare{k_2}, zmm\bb, from(3, 3, 3, 3)
	vmovdqa64	[w_bb + 64*\i], spare
.endm
.macro	add_sum_at i
	add_sum	\i, %(5 + \i), %(10 + \i)
.endm
.macro	add_sum i, p, n
	vpermq	zmm\n{k_13}{z}, zmm\p, from(0, 1, 0, 2)
	vpermq	tmp{k_1}{z}, zmm\p, from(0, 0, 0, 0)
	vpsubq	zmm\n, zmm\n, tmp
	vpaddq	zmm\n{k_1}, zmm\n, zmm\n
	vpaddq	zmm\n, zmm\n, [w_bb + 64*\i]
.endm
/* z3^2; then z3 and z3^2 times it */
.macro	add_zz_at i
	add_zz	%(5 + \i), %(16 + \i)
.endm
.macro	add_zz p, aa
	vpermq	zmm\aa, zmm\p, from(3, 3, 3, 3)
.endm
.macro	add_fifth_at i
	add_fifth	%(16 + \i), %(21 + \i)
.endm
.macro	add_fifth aa, bb
	vpermq	spare, zmm\bb, from(3, 3, 3, 3)
	vpblendmq	zmm\bb{k_1}, zmm\aa, spare
.endm
.macro	add_put_powers_at i
	add_put_powers	\i, %(5 + \i), %(16 + \i)
.endm
.macro	add_put_powers i, p, aa
	vmovdqa64	zmm\p{k_0}, zmm\aa
	vpxorq	zmm\p{k_3}, zmm\p, zmm\p
	vmovdqa64	[rdi + 64*5 + 64*\i], zmm\p
.endm

FUNC	p256x8_pair_add_ifma
	constants
	lanes_are	k7, 0xf0
	for_n	5, add_first_at
	call	p256x8_pair_product
	kmovb	k7, r8d
	vpxord	tmp, tmp, tmp
	for_n	5, add_differ_at
	fold	10
	for_n	5, add_twice_h_at
	carry	10
	carry	5
	for_n	5, add_keep_us_at
	for_n	5, add_second_at
	call	p256x8_pair_product
	for_n	5, add_between_at
	carry	16
	carry	10
	for_n	5, add_third_at
	call	p256x8_pair_product
	for_n	5, add_v_x3_at
	carry	21
	for_n	5, add_fourth_at
	call	p256x8_pair_product
	for_n	5, add_sum_at
	carry	10
	for_n	5, put_point_at
	test	r9, r9
	je	.Ladded
	for_n	5, add_zz_at
	carry	16
	for_n	5, add_fifth_at
	call	p256x8_pair_product
	carry	5
	for_n	5, add_put_powers_at
.Ladded:
	ret
ENDFUNC	p256x8_pair_add_ifma
