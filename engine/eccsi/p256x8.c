/* p256x8.c -- P-256's field in eight lanes: the choice of a row, its proof, conversions, inverses. */
#include "p256x8.h"

#include <string.h>

#include "cpu.h"
#include "secret.h"

#define MASK (((uint64_t)1 << 52) - 1)
#define LANES P256X8_LANES
#define LIMBS P256X8_LIMBS

typedef uint64_t (*lanes)[8];
typedef const uint64_t (*in)[8];

const uint64_t p256x8_2p[LIMBS] = {
	0xffffffffffffe, 0x01fffffffffff, 0x0000000000000, 0x0002000000000, 0x1fffffffe0000,
};
const uint64_t p256x8_4p[LIMBS] = {
	0xffffffffffffc, 0x03fffffffffff, 0x0000000000000, 0x0004000000000, 0x3fffffffc0000,
};
const uint64_t p256x8_lanes[LANES] = {0, 1, 2, 3, 4, 5, 6, 7};
const uint64_t fe8_one[LIMBS] = {
	0x0000000000010, 0xf000000000000, 0xfffffffffffff, 0xffeffffffffff, 0x00000000fffff,
};
/* Constants in all lanes, which is how they are factors: a vector waits for words that were just written. */
#define ALL(limb) {limb, limb, limb, limb, limb, limb, limb, limb}
static const fe8 enter = {{ /* 2^520 mod p */
	ALL(0x0000000000300), ALL(0xffffffff00000), ALL(0xffffefffffffb), ALL(0xfdfffffffffff),
	ALL(0x0000004ffffff),
}};
static const fe8 leave = {{ /* 2^256 mod p */
	ALL(0x0000000000001), ALL(0xff00000000000), ALL(0xfffffffffffff), ALL(0xfffefffffffff),
	ALL(0x000000000ffff),
}};
static const fe8 plain_one = {{ALL(1)}};
static const fe8 to_mont = {{ALL(256)}};

/* ---- the choice -------------------------------------------------------------------------- */

#ifdef ARCH_x86_64
void p256x8_mul_ifma(lanes r, in a, in b);
void p256x8_sqr_ifma(lanes r, in a);
void p256x8_mul_sub_ifma(lanes r, in a, in b, in c);
void p256x8_mul_diff_ifma(lanes r, in a, in b, in c);
void p256x8_mul_diff_sub_ifma(lanes r, in a, in b, in c, in d);
void p256x8_sqr_sub2_ifma(lanes r, in a, in c, in d);
void p256x8_add_ifma(lanes r, in a, in b);
void p256x8_sub_ifma(lanes r, in a, in b);
void p256x8_swap_ifma(lanes r, in a, size_t by);
void p256x8_lines_ifma(lanes x, lanes y, in lines, const uint8_t digit[8]);
void p256x8_select_ifma(lanes x, lanes y, const uint64_t (*window)[128], const uint8_t digit[8]);
void p256x8_select_each_ifma(lanes x, lanes y, const uint64_t (*windows)[8][8], const uint8_t digit[8]);
void p256x8_pair_dbl_ifma(lanes a, lanes w, size_t n);
void p256x8_pair_add_ifma(lanes a, lanes w, in b, in c, size_t minus, size_t whole);
void p256x8_scrub_ifma(void);

static const p256x8_kernel row_ifma = {
	"ifma", CPU_IFMA, p256x8_mul_ifma, p256x8_sqr_ifma, p256x8_mul_sub_ifma,
	p256x8_mul_diff_ifma, p256x8_mul_diff_sub_ifma, p256x8_sqr_sub2_ifma, p256x8_add_ifma,
	p256x8_sub_ifma, p256x8_swap_ifma, p256x8_lines_ifma, p256x8_select_ifma, p256x8_select_each_ifma,
	p256x8_pair_dbl_ifma, p256x8_pair_add_ifma, p256x8_scrub_ifma,
};
#define ASM_ROWS &row_ifma,
#else
#define ASM_ROWS
#endif

const p256x8_kernel *const p256x8_kernels[] = {ASM_ROWS NULL};
const p256x8_kernel *p256x8_k;

const p256x8_kernel *p256x8_pick(unsigned cpu)
{
	size_t i = 0;

	while (p256x8_kernels[i] && p256x8_kernels[i]->needs & ~cpu)
		i++;
	p256x8_k = p256x8_kernels[i];
	return p256x8_k;
}

/* ---- the proof: all rows give the same limbs --------------------------------------------- */

enum { ROUNDS = 4 };

typedef struct {
	fe8 kernel[ROUNDS][9], lookup[6];
	p256x8_pair pair[2];
} results;

static void every_kernel(fe8 out[9], const fe8 *x, const fe8 *y)
{
	const p256x8_kernel *k = p256x8_k;
	in a = x->v, b = y->v;

	k->mul(out[0].v, a, b);
	k->sqr(out[1].v, a);
	k->mul_sub(out[2].v, a, b, (in)out[1].v);
	k->mul_diff(out[3].v, a, (in)out[2].v, b);
	k->mul_diff_sub(out[4].v, (in)out[3].v, b, a, (in)out[1].v);
	k->sqr_sub2(out[5].v, b, (in)out[4].v, a);
	k->add(out[6].v, (in)out[5].v, (in)out[4].v);
	k->sub(out[7].v, (in)out[6].v, (in)out[3].v);
	k->swap(out[8].v, (in)out[7].v, 5);
}

/* The points that digits stand for, of lines, of a window of such, and of a part of it as windows. */
static void every_lookup(fe8 out[6])
{
	static const uint8_t digit[8] = {0, 1, 127, 128, 129, 200, 254, 255};
	static const uint8_t narrow[8] = {112, 113, 127, 128, 129, 120, 142, 143};
	_Alignas(64) uint64_t lines[8][8];
	p256x8_window window;

	for (size_t l = 0; l < 8; l++)
		memcpy(lines[l], &p256_g, sizeof lines[l]);
	for (size_t i = 0; i < 8; i++) /* numbers below p, all different */
		for (size_t e = 0; e < 128; e++)
			window.v[i][e] = lines[0][i] / 2 ^ e << 7 * i;
	p256x8_k->lines(out[0].v, out[1].v, (in)lines, digit);
	p256x8_k->select(out[2].v, out[3].v, (const uint64_t (*)[128])window.v, digit);
	p256x8_k->select_each(out[4].v, out[5].v, (const uint64_t (*)[8][8])window.v, narrow);
}

/* Of what goes in as a pair, any numbers below 2p. */
static void every_pair(p256x8_pair out[2], const fe8 *x, const fe8 *y)
{
	const p256x8_pair a = {*x, *y};
	p256x8_pair_scratch w;

	out[0] = a;
	p256x8_k->pair_dbl(out[0].point.v, w.v[0].v, 2);
	out[1] = out[0];
	p256x8_k->pair_add(out[1].point.v, w.v[0].v, (in)a.point.v, (in)out[0].point.v, 0x04, 1);
	p256x8_k->pair_add(out[1].point.v, w.v[0].v, (in)out[0].point.v, (in)a.point.v, 0x40, 0);
}

void p256x8_digest(uint8_t out[32])
{
	results got;
	fe8 a, b;

	memset(&got, 0, sizeof got);
	every_lookup(got.lookup);
	a = got.lookup[0];
	b = got.lookup[3];
	for (int i = 0; i < LIMBS; i++) { /* the least and the most */
		a.v[i][0] = 0;
		a.v[i][1] = a.v[i][2] = b.v[i][2] = p256x8_2p[i];
	}
	for (int i = 0; i < ROUNDS; i++) {
		every_kernel(got.kernel[i], &a, &b);
		a = got.kernel[i][7];
		b = got.kernel[i][0];
	}
	every_pair(got.pair, &got.kernel[1][0], &got.kernel[1][1]);
	km_sha256(out, (const uint8_t *)&got, sizeof got);
}

/* By the portable twin, tests/twins/p256x8.c: make digests. */
static const uint8_t right[32] = {
	0x8a, 0x31, 0xc2, 0x3b, 0x2a, 0xac, 0x3b, 0x2c, 0x49, 0x72, 0x06, 0xfc,
	0xf4, 0xee, 0x67, 0x62, 0x5e, 0xa1, 0xbc, 0x3c, 0x71, 0x82, 0x3a, 0x37,
	0xbd, 0x10, 0x9f, 0x49, 0x61, 0xf3, 0x4f, 0x1b,
};

int p256x8_proved(void)
{
	uint8_t got[32];

	if (!p256x8_k)
		return 1;
	p256x8_digest(got);
	return memcmp(got, right, sizeof got) == 0;
}

/* ---- conversions and inverses -------------------------------------------------------------- */

void fe8_set(fe8 *r, const uint64_t limbs[LIMBS])
{
	for (int i = 0; i < LIMBS; i++)
		for (int l = 0; l < LANES; l++)
			r->v[i][l] = limbs[i];
}

/* Lane l of r = the plain number, not in Montgomery form. */
static void put_lane(fe8 *r, const uint64_t v[4], int l)
{
	r->v[0][l] = v[0] & MASK;
	r->v[1][l] = (v[0] >> 52 | v[1] << 12) & MASK;
	r->v[2][l] = (v[1] >> 40 | v[2] << 24) & MASK;
	r->v[3][l] = (v[2] >> 28 | v[3] << 36) & MASK;
	r->v[4][l] = v[3] >> 16;
}

/* v = lane l of a, which is below 2^256, mod p. */
static void take_lane(uint64_t v[4], const fe8 *a, int l)
{
	v[0] = a->v[0][l] | a->v[1][l] << 52;
	v[1] = a->v[1][l] >> 12 | a->v[2][l] << 40;
	v[2] = a->v[2][l] >> 24 | a->v[3][l] << 28;
	v[3] = a->v[3][l] >> 36 | a->v[4][l] << 16;
	p256_reduce(v, v, p256_p);
}

void fe8_from_limbs(fe8 *r, const uint64_t (*plain)[4])
{
	fe8 t;

	for (int l = 0; l < LANES; l++)
		put_lane(&t, plain[l], l);
	fe8_mul(r, &t, &enter);
	wipe(&t, sizeof t);
}

/* (a + m*p)/2^260 with a <= 2p and m < 2^260 is p at most. */
void fe8_to_limbs(uint64_t (*plain)[4], const fe8 *a)
{
	fe8 t;

	fe8_mul(&t, a, &plain_one);
	for (int l = 0; l < LANES; l++)
		take_lane(plain[l], &t, l);
	wipe(&t, sizeof t);
}

/* From radix 2^260 to 2^256: (a*(2^256 mod p) + m*p)/2^260 is below p + 2^226, so below 2^256. */
void fe8_first(p256_fe *r, const fe8 *a)
{
	fe8 t;

	fe8_mul(&t, a, &leave);
	take_lane(r->v, &t, 0);
	wipe(&t, sizeof t);
}

/* The product over the lanes grows from halves; z = its plain value as the inversion takes it, which
 * gives 2^512/z; that times 2^8/2^260 is 2^260/z. */
int fe8_inv(fe8 *r, const fe8 *a)
{
	struct {
		fe8 part[4], other[3], t;
		uint64_t plain[8][4];
		p256_fe z;
	} w;
	uint64_t zero;

	w.part[0] = *a;
	for (int i = 0; i < 3; i++) {
		fe8_swap(&w.other[i], &w.part[i], (size_t)4 >> i);
		fe8_mul(&w.part[i + 1], &w.part[i], &w.other[i]);
	}
	fe8_to_limbs(w.plain, &w.part[3]);
	memcpy(w.z.v, w.plain[0], sizeof w.z.v);
	zero = p256_is_zero(w.z.v);
	/* Public: only numbers that a caller may not give, or that no random one is, make it 0. */
	ct_public(&zero, sizeof zero);
	p256_inv_p(&w.z, &w.z);
	for (int l = 0; l < LANES; l++)
		put_lane(&w.t, w.z.v, l);
	fe8_mul(&w.t, &w.t, &to_mont);
	for (int i = 2; i >= 0; i--)
		fe8_mul(&w.t, &w.t, &w.other[i]);
	*r = w.t;
	wipe(&w, sizeof w);
	return !zero;
}
