/* fp4.c -- four elements side by side: choice of the kernel, its proof, and conversions. */
#include "fp4.h"

#include <stdlib.h>
#include <string.h>

#include "cpu.h"

#define ROW(low, high) {low, high, low, high, low, high, low, high}
_Alignas(64) const uint64_t fp4_p[FP4_ROWS][8] = {
	ROW(0xd807afea85feb, 0x56d27f4a666a6),
	ROW(0x10ac7ace87666, 0xb39ff7c88a193),
	ROW(0x9857db080c5df, 0x531a59cb0e791),
	ROW(0x1f1ffce3e8238, 0xfc0f1b228730d),
	ROW(0xa9f94d6af5697, 0xa2ef40aab27e2),
	ROW(0xcf3c521c3c09a, 0xbe9ae358b3e01),
	ROW(0x4a831852a82a7, 0xc0ce19cb48261),
	ROW(0x65681ce1b6aff, 0x98dad0657a416),
	ROW(0xb4cd4512ac5cd, 0xa563fda65c611),
	ROW(0xd0e26c6487326, 0x0000997abb1f0),
};
_Alignas(64) const uint64_t fp4_2p[FP4_ROWS][8] = {
	ROW(0xb00f5fd50bfd6, 0xada4fe94ccd4d),
	ROW(0x2158f59d0eccd, 0x673fef9114326),
	ROW(0x30afb61018bbe, 0xa634b3961cf23),
	ROW(0x3e3ff9c7d0471, 0xf81e36450e61a),
	ROW(0x53f29ad5ead2e, 0x45de815564fc5),
	ROW(0x9e78a43878135, 0x7d35c6b167c03),
	ROW(0x950630a55054f, 0x819c3396904c3),
	ROW(0xcad039c36d5fe, 0x31b5a0caf482d),
	ROW(0x699a8a2558b9a, 0x4ac7fb4cb8c23),
	ROW(0xa1c4d8c90e64d, 0x000132f5763e1),
};

/* p in both parts; 64p in the real one; 2^-52 mod p in both. */
_Alignas(64) const uint64_t fp2_p[3 * FP2_ROWS][8] = {
	{0xd807afea85feb, 0xcf3c521c3c09a, 0x56d27f4a666a6, 0xbe9ae358b3e01,
	 0xd807afea85feb, 0xcf3c521c3c09a, 0x56d27f4a666a6, 0xbe9ae358b3e01},
	{0x10ac7ace87666, 0x4a831852a82a7, 0xb39ff7c88a193, 0xc0ce19cb48261,
	 0x10ac7ace87666, 0x4a831852a82a7, 0xb39ff7c88a193, 0xc0ce19cb48261},
	{0x9857db080c5df, 0x65681ce1b6aff, 0x531a59cb0e791, 0x98dad0657a416,
	 0x9857db080c5df, 0x65681ce1b6aff, 0x531a59cb0e791, 0x98dad0657a416},
	{0x1f1ffce3e8238, 0xb4cd4512ac5cd, 0xfc0f1b228730d, 0xa563fda65c611,
	 0x1f1ffce3e8238, 0xb4cd4512ac5cd, 0xfc0f1b228730d, 0xa563fda65c611},
	{0xa9f94d6af5697, 0xd0e26c6487326, 0xa2ef40aab27e2, 0x0000997abb1f0,
	 0xa9f94d6af5697, 0xd0e26c6487326, 0xa2ef40aab27e2, 0x0000997abb1f0},
	{0x01ebfaa17fac0, 0xcf14870f026aa, 0xb49fd2999a9b4, 0xa6b8d62cf8068,
	 0, 0, 0, 0},
	{0x2b1eb3a1d99b6, 0xa0c614aa0a9f3, 0xe7fdf222864d5, 0x338672d20986f,
	 0, 0, 0, 0},
	{0x15f6c203177c4, 0x5a07386dabfd2, 0xc69672c39e46c, 0x36b4195e905b0,
	 0, 0, 0, 0},
	{0xc7ff38fa08e26, 0x335144ab17359, 0x03c6c8a1cc354, 0x58ff699718466,
	 0, 0, 0, 0},
	{0x7e535abd5a5c7, 0x389b1921cc9ad, 0xbbd02aac9f8bf, 0x00265eaec7c29,
	 0, 0, 0, 0},
	{0x7e1767314b5d0, 0x4eeb74a96a1ed, 0x7a97f0e6863c9, 0xd386ec7e99f56,
	 0x7e1767314b5d0, 0x4eeb74a96a1ed, 0x7a97f0e6863c9, 0xd386ec7e99f56},
	{0x8680235fc4037, 0x8db415fca1c77, 0x1cd26858ac036, 0x5dcc5b8250c9c,
	 0x8680235fc4037, 0x8db415fca1c77, 0x1cd26858ac036, 0x5dcc5b8250c9c},
	{0xe20c6581d42db, 0x1031d6957c676, 0xd91c991931be6, 0x1921bad1a1781,
	 0xe20c6581d42db, 0x1031d6957c676, 0xd91c991931be6, 0x1921bad1a1781},
	{0xff249b73749e3, 0x427c14d23e20b, 0xf41fc6555768c, 0x7300b9b279309,
	 0xff249b73749e3, 0x427c14d23e20b, 0xf41fc6555768c, 0x7300b9b279309},
	{0x8362e81e55010, 0x48751b22b1584, 0x2774e1fb0df38, 0x00002791ec0e8,
	 0x8362e81e55010, 0x48751b22b1584, 0x2774e1fb0df38, 0x00002791ec0e8},
};

#ifdef ARCH_x86_64
void fp4_mul_ifma(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t of_a[8],
		const uint64_t (*b)[8], const uint64_t of_b[8]);
void fp4_mix_ifma(uint64_t (*r)[8], const uint64_t (*a)[8], const fp4_plan *plan,
		const uint64_t (*p2)[8]);
void fp2_squares_ifma(uint64_t (*v)[8], size_t n);

static const fp4_kernel row_ifma = {"ifma", CPU_IFMA, fp4_mul_ifma, fp4_mix_ifma, fp2_squares_ifma};
#define ASM_ROWS &row_ifma,
#else
#define ASM_ROWS
#endif

const fp4_kernel *const fp4_kernels[] = { ASM_ROWS NULL };
const fp4_kernel *fp4_k;

void fp4_pick(unsigned cpu)
{
	size_t i = 0;

	while (fp4_kernels[i] && fp4_kernels[i]->needs & ~cpu)
		i++;
	fp4_k = fp4_kernels[i];
}

void fp4_from_fp8(fp4 *r, const fp8 *a)
{
	for (int i = 0; i < FP8_LIMBS; i++)
		for (int e = 0; e < 4; e++)
			r->v[i % FP4_ROWS][2 * e + i / FP4_ROWS] = a->v[i][e];
}

void fp4_gather(fp8 *r, const fp4 *const a[FP8_LANES], const uint8_t e[FP8_LANES])
{
	for (int l = 0; l < FP8_LANES; l++) {
		const uint64_t (*of)[8] = (const uint64_t (*)[8])&a[l]->v[0][2 * e[l]];

#pragma GCC unroll 10
		for (int i = 0; i < FP4_ROWS; i++) {
			r->v[i][l] = of[i][0];
			r->v[i + FP4_ROWS][l] = of[i][1];
		}
	}
}

void fp2_put(fp2_lanes *r, const fp8x2_elt *a, int l)
{
	for (int i = 0; i < FP8_LIMBS; i++) {
		r->v[i % FP2_ROWS][i / FP2_ROWS] = a->re.v[i][l];
		r->v[i % FP2_ROWS][4 + i / FP2_ROWS] = a->im.v[i][l];
	}
}

void fp2_take(fp8x2_elt *r, int l, const fp2_lanes *a)
{
	for (int i = 0; i < FP8_LIMBS; i++) {
		r->re.v[i][l] = a->v[i % FP2_ROWS][i / FP2_ROWS];
		r->im.v[i][l] = a->v[i % FP2_ROWS][4 + i / FP2_ROWS];
	}
}

void fp4_to_fp8(fp8 *r, const fp4 *a, const fp4_order *of)
{
	for (size_t i = 0; i < FP8_LIMBS; i++)
		for (size_t l = 0; l < FP8_LANES; l++)
			r->v[i][l] = a->v[i % FP4_ROWS][of->from[2 * (l % 4)] + i / FP4_ROWS];
}

/* ---- bounds ------------------------------------------------------------------------------------ */

static const fp4_order in_order = FP4_ORDER(0, 1, 2, 3);

int fp4_is_tight(const fp4 *a)
{
	fp8 t;

	fp4_to_fp8(&t, a, &in_order);
	return fp8_is_tight(&t);
}

int fp4_is_small(const fp4 *a)
{
	fp8 t;

	fp4_to_fp8(&t, a, &in_order);
	return fp8_is_between(&t, 0, 6);
}

int fp4_are_factors(const fp4 *a, const fp4_order *of_a, const fp4 *b, const fp4_order *of_b)
{
	fp8 t, u;

	fp4_to_fp8(&t, a, of_a);
	fp4_to_fp8(&u, b, of_b);
	return verify_factors((const uint64_t (*)[8])t.v, (const uint64_t (*)[8])u.v, 2060);
}

int fp2_is_between(const fp2_lanes *a, int64_t re, int64_t im)
{
	fp8x2_elt t;

	for (int l = 0; l < FP8_LANES; l++)
		fp2_take(&t, l, a);
	return fp8_is_between(&t.re, 0, re) && fp8_is_between(&t.im, 0, im);
}

/* ---- the proof --------------------------------------------------------------------------------- */

enum { PROVED_SQUARES = 3 };

static const fp4_order mixed = FP4_ORDER(2, 0, 3, 2);
static const fp4_plan plan = {
	FP4_ORDER(3, 2, 1, 0), FP4_ORDER(1, 1, 2, 3), FP4_ORDER(0, 2, 3, 1), FP4_ORDER(2, 3, 0, 1),
	FP4_HAS(1, 0, 1, 1), FP4_HAS(0, 1, 1, 0), FP4_HAS(1, 1, 0, 1),
};

typedef struct {
	fp4 a, b, r;
	fp8 want, got, t, u;
	fp8x2_elt square, from;
	fp2_lanes lanes;
} proof;

static int same(proof *w)
{
	fp8_canon(&w->want, &w->want);
	fp8_canon(&w->got, &w->got);
	return memcmp(&w->want, &w->got, sizeof w->want) == 0;
}

/* t, or 0 in the lanes of elements that has does not name. */
static void only(fp8 *t, uint8_t has)
{
	uint64_t none[FP8_LANES];

	for (int l = 0; l < FP8_LANES; l++)
		none[l] = (uint64_t)(has >> 2 * (l % 4) & 1) - 1;
	fp8_cmov(t, &fp8_no, none);
}

static int product_proved(proof *w)
{
	memset(&w->r, 0, sizeof w->r);
	fp4_mul(&w->r, &w->a, &mixed, &w->b, &in_order);
	fp4_to_fp8(&w->t, &w->a, &mixed);
	fp4_to_fp8(&w->u, &w->b, &in_order);
	fp8_mul(&w->want, &w->t, &w->u);
	fp4_to_fp8(&w->got, &w->r, &in_order);
	return same(w);
}

static int sum_proved(proof *w)
{
	memset(&w->r, 0, sizeof w->r);
	fp4_mix(&w->r, &w->b, &plan);
	fp4_to_fp8(&w->want, &w->b, &plan.first);
	fp4_to_fp8(&w->t, &w->b, &plan.second);
	only(&w->t, plan.has_second);
	fp8_add(&w->want, &w->want, &w->t);
	fp4_to_fp8(&w->t, &w->b, &plan.third);
	only(&w->t, plan.has_third);
	fp8_add(&w->want, &w->want, &w->t);
	fp4_to_fp8(&w->t, &w->b, &plan.last);
	only(&w->t, plan.has_last);
	fp8_sub16(&w->want, &w->want, &w->t);
	fp4_to_fp8(&w->got, &w->r, &in_order);
	return same(w);
}

static int squares_proved(proof *w)
{
	int proved;

	fp4_to_fp8(&w->from.re, &w->b, &mixed);
	fp4_to_fp8(&w->from.im, &w->b, &in_order);
	w->square = w->from;
	for (int l = 0; l < FP8_LANES; l++) {
		fp2_put(&w->lanes, &w->from, l);
		fp2_squares(&w->lanes, PROVED_SQUARES);
		fp2_take(&w->from, l, &w->lanes);
	}
	for (int n = 0; n < PROVED_SQUARES; n++)
		fp8x2_sqr(&w->square, &w->square);
	w->want = w->square.re;
	w->got = w->from.re;
	proved = same(w);
	w->want = w->square.im;
	w->got = w->from.im;
	return proved && same(w);
}

int fp4_proved(void)
{
	proof *w;
	int proved;

	if (!fp4_k)
		return 1;
	w = aligned_alloc(64, sizeof *w);
	if (!w)
		return 0;
	fp8_set(&w->t, fp8_one);
	for (size_t i = 0; i < FP8_LIMBS; i++)
		for (size_t l = 0; l < FP8_LANES; l++)
			w->t.v[i][l] ^= l > 0 && i + 1 < FP8_LIMBS ? UINT64_MAX >> (12 + (i + l) % 9) : 0;
	fp8_sqr(&w->u, &w->t);
	fp4_from_fp8(&w->a, &w->t);
	fp4_from_fp8(&w->b, &w->u);
	proved = product_proved(w) && sum_proved(w) && squares_proved(w);
	free(w);
	return proved;
}
