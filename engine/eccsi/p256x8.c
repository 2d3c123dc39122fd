/* p256x8.c -- P-256's field in eight lanes: the C row, the choice of a row, conversions, inverses. */
#include "p256x8.h"

#include <string.h>

#include "cpu.h"
#include "secret.h"

__extension__ typedef unsigned __int128 u128;

#define MASK (((uint64_t)1 << 52) - 1)
#define LANES P256X8_LANES
#define LIMBS P256X8_LIMBS

typedef uint64_t (*lanes)[8];
typedef const uint64_t (*in)[8];

static const uint64_t p_plus_1[LIMBS] = {
	0x0000000000000, 0x0100000000000, 0x0000000000000, 0x0001000000000, 0x0ffffffff0000,
};
const uint64_t p256x8_2p[LIMBS] = {
	0xffffffffffffe, 0x01fffffffffff, 0x0000000000000, 0x0002000000000, 0x1fffffffe0000,
};
const uint64_t p256x8_4p[LIMBS] = {
	0xffffffffffffc, 0x03fffffffffff, 0x0000000000000, 0x0004000000000, 0x3fffffffc0000,
};
const uint64_t fe8_one[LIMBS] = {
	0x0000000000010, 0xf000000000000, 0xfffffffffffff, 0xffeffffffffff, 0x00000000fffff,
};
static const uint64_t enter[LIMBS] = { /* 2^520 mod p */
	0x0000000000300, 0xffffffff00000, 0xffffefffffffb, 0xfdfffffffffff, 0x0000004ffffff,
};

/* ---- the C row: lane by lane, as p256x8_ifma.S does it ------------------------------------- */

/* r = the value of the columns t, which may be signed but for that. */
static void settle_c(lanes r, int64_t t[LIMBS], int l)
{
	for (int i = 0; i < LIMBS - 1; i++) {
		t[i + 1] += t[i] >> 52;
		r[i][l] = (uint64_t)t[i] & MASK;
	}
	r[LIMBS - 1][l] = (uint64_t)t[LIMBS - 1];
}

static void fold_c(int64_t t[LIMBS])
{
	int64_t high = t[4] >> 48;

	t[4] += high * 65536 - high * ((int64_t)1 << 48);
	t[3] -= high * ((int64_t)1 << 36);
	t[1] -= high * ((int64_t)1 << 44);
	t[0] += high;
}

/* t = the columns of a*b/2^260. */
static void product_c(int64_t t[LIMBS], const uint64_t a[LIMBS], const uint64_t b[LIMBS])
{
	uint64_t c[2 * LIMBS] = {0};

	for (int i = 0; i < LIMBS; i++)
		for (int j = 0; j < LIMBS; j++) {
			u128 ab = (u128)(a[i] & MASK) * (b[j] & MASK);

			c[i + j] += (uint64_t)ab & MASK;
			c[i + j + 1] += (uint64_t)(ab >> 52);
		}
	for (int i = 0; i < LIMBS; i++) {
		uint64_t m = c[i] & MASK;

		c[i + 1] += c[i] >> 52;
		for (int j = 1; j < LIMBS; j++) {
			u128 mp = (u128)m * p_plus_1[j];

			c[i + j] += (uint64_t)mp & MASK;
			c[i + j + 1] += (uint64_t)(mp >> 52);
		}
	}
	for (int i = 0; i < LIMBS; i++)
		t[i] = (int64_t)c[LIMBS + i];
	wipe(c, sizeof c);
}

/* r = a*(b - c)/2^260 - d - e; c, d and e may be NULL, d where e is. */
static void fused_c(lanes r, in a, in b, in c, in d, in e)
{
	struct {
		uint64_t a[LIMBS], b[LIMBS];
		int64_t t[LIMBS];
	} w;

	for (int l = 0; l < LANES; l++) {
		int64_t carry = 0;

		for (int i = 0; i < LIMBS; i++) {
			carry += (int64_t)(b[i][l] - (c ? c[i][l] : 0) + (c ? p256x8_2p[i] : 0));
			w.a[i] = a[i][l];
			w.b[i] = (uint64_t)carry & MASK;
			carry >>= 52;
		}
		product_c(w.t, w.a, w.b);
		for (int i = 0; d && i < LIMBS; i++)
			w.t[i] += (int64_t)(e ? p256x8_4p[i] - d[i][l] - e[i][l] : p256x8_2p[i] - d[i][l]);
		if (d)
			fold_c(w.t);
		settle_c(r, w.t, l);
	}
	wipe(&w, sizeof w);
}

static void mul_c(lanes r, in a, in b)
{
	fused_c(r, a, b, NULL, NULL, NULL);
}

static void sqr_c(lanes r, in a)
{
	fused_c(r, a, a, NULL, NULL, NULL);
}

static void mul_sub_c(lanes r, in a, in b, in c)
{
	fused_c(r, a, b, NULL, c, NULL);
}

static void mul_diff_c(lanes r, in a, in b, in c)
{
	fused_c(r, a, b, c, NULL, NULL);
}

static void mul_diff_sub_c(lanes r, in a, in b, in c, in d)
{
	fused_c(r, a, b, c, d, NULL);
}

static void sqr_sub2_c(lanes r, in a, in c, in d)
{
	fused_c(r, a, a, NULL, c, d);
}

static void add_c(lanes r, in a, in b)
{
	int64_t t[LIMBS];

	for (int l = 0; l < LANES; l++) {
		for (int i = 0; i < LIMBS; i++)
			t[i] = (int64_t)(a[i][l] + b[i][l]);
		fold_c(t);
		settle_c(r, t, l);
	}
}

static void sub_c(lanes r, in a, in b)
{
	int64_t t[LIMBS];

	for (int l = 0; l < LANES; l++) {
		for (int i = 0; i < LIMBS; i++)
			t[i] = (int64_t)(a[i][l] - b[i][l] + p256x8_2p[i]);
		fold_c(t);
		settle_c(r, t, l);
	}
}

/* Lane l of r = 16 times the four words, folded; negated where the mask says so. */
static void limbs_of_words_c(lanes r, const uint64_t *word, size_t stride, uint64_t negative, int l)
{
	uint64_t v[4], limb[LIMBS];
	int64_t t[LIMBS];

	for (size_t i = 0; i < 4; i++)
		v[i] = word[stride * i];
	limb[0] = v[0] << 4;
	limb[1] = v[0] >> 48 | v[1] << 16;
	limb[2] = v[1] >> 36 | v[2] << 28;
	limb[3] = v[2] >> 24 | v[3] << 40;
	for (int i = 0; i < 4; i++)
		t[i] = (int64_t)(limb[i] & MASK);
	t[4] = (int64_t)(v[3] >> 12);
	fold_c(t);
	for (int i = 0; i < LIMBS; i++)
		t[i] = (int64_t)(((uint64_t)t[i] ^ negative) - negative + (p256x8_2p[i] & negative));
	settle_c(r, t, l);
}

static uint64_t index_c(uint64_t *negative, uint8_t digit)
{
	*negative = ct_barrier(((uint64_t)digit >> 7) - 1);
	return (digit ^ *negative) & 127;
}

static void lines_c(lanes x, lanes y, const uint64_t (*line)[8], const uint8_t digit[8])
{
	uint64_t negative;

	for (int l = 0; l < LANES; l++) {
		index_c(&negative, digit[l]);
		limbs_of_words_c(x, line[l], 1, 0, l);
		limbs_of_words_c(y, line[l] + 4, 1, negative, l);
	}
}

static void select_c(lanes x, lanes y, const uint64_t (*window)[128], const uint8_t digit[8])
{
	struct {
		uint64_t word[8], negative, index;
	} w;

	for (int l = 0; l < LANES; l++) {
		w.index = index_c(&w.negative, digit[l]);
		memset(w.word, 0, sizeof w.word);
		for (uint64_t e = 0; e < 128; e++)
			for (int i = 0; i < 8; i++)
				w.word[i] |= window[i][e] & ct_mask_eq(w.index, e);
		limbs_of_words_c(x, w.word, 1, 0, l);
		limbs_of_words_c(y, w.word + 4, 1, w.negative, l);
	}
	wipe(&w, sizeof w);
}

static void select_each_c(lanes x, lanes y, const uint64_t (*windows)[8][8], const uint8_t digit[8])
{
	struct {
		uint64_t word[8], negative, index;
	} w;

	for (size_t l = 0; l < LANES; l++) {
		w.index = index_c(&w.negative, digit[l]);
		memset(w.word, 0, sizeof w.word);
		for (uint64_t e = 0; e < 1 << (P256_W - 1); e++)
			for (int i = 0; i < 8; i++)
				w.word[i] |= windows[e][i][l] & ct_mask_eq(w.index, e);
		limbs_of_words_c(x, w.word, 1, 0, (int)l);
		limbs_of_words_c(y, w.word + 4, 1, w.negative, (int)l);
	}
	wipe(&w, sizeof w);
}

static void scrub_c(void)
{
}

/* ---- the choice -------------------------------------------------------------------------- */

static const p256x8_kernel row_c = {
	"c", 0, mul_c, sqr_c, mul_sub_c, mul_diff_c, mul_diff_sub_c, sqr_sub2_c, add_c, sub_c,
	lines_c, select_c, select_each_c, scrub_c,
};

#ifdef ARCH_x86_64
void p256x8_mul_ifma(lanes r, in a, in b);
void p256x8_sqr_ifma(lanes r, in a);
void p256x8_mul_sub_ifma(lanes r, in a, in b, in c);
void p256x8_mul_diff_ifma(lanes r, in a, in b, in c);
void p256x8_mul_diff_sub_ifma(lanes r, in a, in b, in c, in d);
void p256x8_sqr_sub2_ifma(lanes r, in a, in c, in d);
void p256x8_add_ifma(lanes r, in a, in b);
void p256x8_sub_ifma(lanes r, in a, in b);
void p256x8_lines_ifma(lanes x, lanes y, in lines, const uint8_t digit[8]);
void p256x8_select_ifma(lanes x, lanes y, const uint64_t (*window)[128], const uint8_t digit[8]);
void p256x8_select_each_ifma(lanes x, lanes y, const uint64_t (*windows)[8][8], const uint8_t digit[8]);
void p256x8_scrub_ifma(void);

static const p256x8_kernel row_ifma = {
	"ifma", CPU_IFMA, p256x8_mul_ifma, p256x8_sqr_ifma, p256x8_mul_sub_ifma,
	p256x8_mul_diff_ifma, p256x8_mul_diff_sub_ifma, p256x8_sqr_sub2_ifma, p256x8_add_ifma,
	p256x8_sub_ifma, p256x8_lines_ifma, p256x8_select_ifma, p256x8_select_each_ifma,
	p256x8_scrub_ifma,
};
#define ASM_ROWS &row_ifma,
#else
#define ASM_ROWS
#endif

const p256x8_kernel *const p256x8_kernels[] = {ASM_ROWS &row_c, NULL};
const p256x8_kernel *p256x8_k;

const p256x8_kernel *p256x8_pick(const char *name, unsigned cpu)
{
	p256x8_k = NULL;
	for (size_t i = 0; p256x8_kernels[i] && !p256x8_k; i++) {
		const p256x8_kernel *k = p256x8_kernels[i];

		if ((k->needs & ~cpu) == 0 && (name ? !strcmp(name, k->name) : k != &row_c))
			p256x8_k = k;
	}
	return p256x8_k;
}

static void every_kernel(fe8 out[8], const p256x8_kernel *k, const fe8 *x, const fe8 *y)
{
	in a = x->v, b = y->v;

	k->mul(out[0].v, a, b);
	k->sqr(out[1].v, a);
	k->mul_sub(out[2].v, a, b, (in)out[1].v);
	k->mul_diff(out[3].v, a, (in)out[2].v, b);
	k->mul_diff_sub(out[4].v, (in)out[3].v, b, a, (in)out[1].v);
	k->sqr_sub2(out[5].v, b, (in)out[4].v, a);
	k->add(out[6].v, (in)out[5].v, (in)out[4].v);
	k->sub(out[7].v, (in)out[6].v, (in)out[3].v);
}

/* The points that digits stand for, of lines, of a window of such, and of a part of it as windows. */
static void every_lookup(fe8 out[6], const p256x8_kernel *k, const uint64_t (*lines)[8],
		const p256x8_window *window)
{
	static const uint8_t digit[8] = {0, 1, 127, 128, 129, 200, 254, 255};
	static const uint8_t narrow[8] = {112, 113, 127, 128, 129, 120, 142, 143};

	memset(out, 0, 6 * sizeof *out);
	k->lines(out[0].v, out[1].v, lines, digit);
	k->select(out[2].v, out[3].v, window->v, digit);
	k->select_each(out[4].v, out[5].v, (const uint64_t (*)[8][8])window->v, narrow);
}

static int lookups_proved(fe8 got[6], fe8 want[6])
{
	_Alignas(64) uint64_t lines[8][8];
	p256x8_window window;

	for (size_t l = 0; l < 8; l++)
		memcpy(lines[l], &p256_g, sizeof lines[l]);
	for (size_t i = 0; i < 8; i++) /* numbers below p, all different */
		for (size_t e = 0; e < 128; e++)
			window.v[i][e] = lines[0][i] / 2 ^ e << 7 * i;
	every_lookup(got, p256x8_k, (in)lines, &window);
	every_lookup(want, &row_c, (in)lines, &window);
	return memcmp(got, want, 6 * sizeof *got) == 0;
}

int p256x8_proved(void)
{
	fe8 a, b, got[8], want[8];

	if (!p256x8_k)
		return 1;
	if (!lookups_proved(got, want))
		return 0;
	a = want[0];
	b = want[3];
	for (int i = 0; i < 4; i++) {
		memset(got, 0, sizeof got);
		every_kernel(got, p256x8_k, &a, &b);
		every_kernel(want, &row_c, &a, &b);
		if (memcmp(got, want, sizeof got) != 0)
			return 0;
		a = want[7];
		b = want[0];
	}
	return 1;
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
	struct {
		fe8 f, t;
	} w;

	fe8_set(&w.f, enter);
	for (int l = 0; l < LANES; l++)
		put_lane(&w.t, plain[l], l);
	fe8_mul(r, &w.t, &w.f);
	wipe(&w, sizeof w);
}

/* (a + m*p)/2^260 with a <= 2p and m < 2^260 is p at most. */
void fe8_to_limbs(uint64_t (*plain)[4], const fe8 *a)
{
	static const uint64_t one[LIMBS] = {1};
	struct {
		fe8 f, t;
	} w;

	fe8_set(&w.f, one);
	fe8_mul(&w.t, a, &w.f);
	for (int l = 0; l < LANES; l++)
		take_lane(plain[l], &w.t, l);
	wipe(&w, sizeof w);
}

void fe8_swap(fe8 *r, const fe8 *a, size_t by)
{
	for (size_t i = 0; i < LIMBS; i++)
		for (size_t l = 0; l < LANES; l++)
			r->v[i][l] = a->v[i][l ^ by];
}

/* From radix 2^260 to 2^256: (a*(2^256 mod p) + m*p)/2^260 is below p + 2^226, so below 2^256. */
void fe8_first(p256_fe *r, const fe8 *a)
{
	static const uint64_t leave[LIMBS] = {
		0x0000000000001, 0xff00000000000, 0xfffffffffffff, 0xfffefffffffff, 0x000000000ffff,
	};
	struct {
		fe8 f, t;
	} w;

	fe8_set(&w.f, leave);
	fe8_mul(&w.t, a, &w.f);
	take_lane(r->v, &w.t, 0);
	wipe(&w, sizeof w);
}

/* The product over the lanes grows from halves; z = its plain value as the inversion takes it, which
 * gives 2^512/z; that times 2^8/2^260 is 2^260/z. */
int fe8_inv(fe8 *r, const fe8 *a)
{
	static const uint64_t to_mont[LIMBS] = {256};
	struct {
		fe8 part[4], other[3], t, f;
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
	fe8_set(&w.f, to_mont);
	fe8_mul(&w.t, &w.t, &w.f);
	for (int i = 2; i >= 0; i--)
		fe8_mul(&w.t, &w.t, &w.other[i]);
	*r = w.t;
	wipe(&w, sizeof w);
	return !zero;
}
