/* p256x8.c -- the C twin of P-256's kernels in eight lanes: lane by lane, as p256x8_ifma.S does it. */
#include <string.h>

#include "engine/secret.h"
#include "twins.h"

__extension__ typedef unsigned __int128 u128;

#define MASK (((uint64_t)1 << 52) - 1)
#define LANES P256X8_LANES
#define LIMBS P256X8_LIMBS

typedef uint64_t (*lanes)[8];
typedef const uint64_t (*in)[8];

static const uint64_t p_plus_1[LIMBS] = {
	0x0000000000000, 0x0100000000000, 0x0000000000000, 0x0001000000000, 0x0ffffffff0000,
};

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

static void swap_c(lanes r, in a, size_t by)
{
	uint64_t from[LANES];

	for (int i = 0; i < LIMBS; i++) {
		memcpy(from, a[i], sizeof from);
		for (size_t l = 0; l < LANES; l++)
			r[i][l] = from[l ^ by];
	}
	wipe(from, sizeof from);
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

/* ---- pairs of points: p256x8_pair_ifma.S ------------------------------------------------------ */

typedef struct {
	int64_t t[LIMBS];
} columns;
typedef struct {
	uint64_t v[LIMBS];
} limbs;

/* Number i of point c, of ten rows' first five or last. */
static limbs get(in a, size_t c, size_t i)
{
	limbs r;

	for (size_t j = 0; j < LIMBS; j++)
		r.v[j] = a[i / 4 * LIMBS + j][4 * c + i % 4];
	return r;
}

static void put(lanes a, size_t c, size_t i, limbs x)
{
	for (size_t j = 0; j < LIMBS; j++)
		a[i / 4 * LIMBS + j][4 * c + i % 4] = x.v[j];
}

enum { X, Y, Z, W, ZZ, ZZZ, Z4, NONE };

static columns times(limbs a, limbs b)
{
	columns r;

	product_c(r.t, a.v, b.v);
	return r;
}

static limbs carried(columns a)
{
	limbs r;

	for (int i = 0; i < LIMBS - 1; i++) {
		a.t[i + 1] += a.t[i] >> 52;
		r.v[i] = (uint64_t)a.t[i] & MASK;
	}
	r.v[LIMBS - 1] = (uint64_t)a.t[LIMBS - 1];
	return r;
}

static limbs folded(columns a)
{
	fold_c(a.t);
	return carried(a);
}

static const uint64_t nothing[LIMBS];

/* m*a + n*b + c */
static columns sum(int m, columns a, int n, columns b, const uint64_t c[LIMBS])
{
	for (int i = 0; i < LIMBS; i++)
		a.t[i] = m * a.t[i] + n * b.t[i] + (int64_t)c[i];
	return a;
}

static void powers(lanes a, size_t c, limbs z, limbs zz)
{
	put(a, c, ZZ, zz);
	put(a, c, ZZZ, carried(times(z, zz)));
	put(a, c, Z4, carried(times(zz, zz)));
	put(a, c, NONE, (limbs){{0}});
}

static void dbl_one(lanes a, size_t c)
{
	in from = (in)a;
	limbs x = get(from, c, X), y = get(from, c, Y), z = get(from, c, Z), w = get(from, c, W);
	limbs yy, m, q;
	columns v, mm, qq, less;

	yy = folded(times(y, y));
	m = folded(sum(3, times(x, x), 0, (columns){{0}}, w.v));
	z = folded(times(y, z));
	v = times(x, yy);
	qq = times(yy, yy);
	mm = times(m, m);
	q = carried(qq);
	less = sum(3, v, -1, mm, p256x8_2p);
	put(a, c, X, carried(sum(1, mm, -2, v, p256x8_4p)));
	put(a, c, Y, carried(sum(2, times(m, carried(less)), -1, qq, p256x8_2p)));
	put(a, c, Z, z);
	put(a, c, W, carried(times(q, w)));
	powers(a, c, z, carried(times(z, z)));
}

static void pair_dbl_c(lanes a, lanes w, size_t n)
{
	(void)w;
	while (n--)
		for (size_t c = 0; c < 2; c++)
			dbl_one(a, c);
}

static limbs difference(int sign, columns from, columns less, int many)
{
	columns d = sum(sign, from, -1, less, p256x8_4p);

	fold_c(d.t);
	return carried(sum(many, d, 0, d, nothing));
}

static void add_one(lanes a, in b, size_t c, size_t minus, size_t whole)
{
	in from = (in)a;
	columns u = times(get(from, c, X), get(b, c, ZZ)), s = times(get(from, c, Y), get(b, c, ZZZ));
	columns x2 = times(get(b, c, X), get(from, c, ZZ)), y2 = times(get(b, c, Y), get(from, c, ZZZ));
	limbs h = difference(1, x2, u, 1), hh = difference(1, x2, u, 2);
	limbs r = difference(minus >> (4 * c + 2) & 1 ? -1 : 1, y2, s, 1);
	limbs i = carried(times(hh, hh)), z = carried(times(get(from, c, Z), get(b, c, Z)));
	limbs w = carried(times(get(from, c, W), get(b, c, Z4)));
	columns rr = times(r, r), g = times(h, i), v = times(carried(u), i), t;

	z = carried(times(z, hh));
	put(a, c, X, carried(sum(1, sum(1, rr, -1, g, p256x8_4p), -2, v, nothing)));
	t = times(r, carried(sum(1, sum(3, v, 1, g, p256x8_2p), -1, rr, nothing)));
	put(a, c, Y, carried(sum(2, t, -2, times(carried(s), carried(g)), p256x8_4p)));
	put(a, c, Z, z);
	put(a, c, W, carried(times(w, carried(times(i, i)))));
	if (whole)
		powers(a, c, z, carried(times(z, z)));
}

static void pair_add_c(lanes a, lanes w, in b, in c, size_t minus, size_t whole)
{
	(void)w;
	add_one(a, b, 0, minus, whole);
	add_one(a, c, 1, minus, whole);
}

static void scrub_c(void)
{
}

const p256x8_kernel p256x8_twin = {
	"c", 0, mul_c, sqr_c, mul_sub_c, mul_diff_c, mul_diff_sub_c, sqr_sub2_c, add_c, sub_c,
	swap_c, lines_c, select_c, select_each_c, pair_dbl_c, pair_add_c, scrub_c,
};

const p256x8_kernel *p256x8_row(size_t i)
{
	size_t n = 0;

	while (n < i && p256x8_kernels[n])
		n++;
	return p256x8_kernels[n] ? p256x8_kernels[n] : n == i ? &p256x8_twin : NULL;
}
