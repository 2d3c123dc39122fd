/* fp8.c -- the C twin of the eight-lane kernels: what each should give, lane by lane. */
#include <string.h>

#include "engine/secret.h"
#include "twins.h"

#define MASK (((uint64_t)1 << 52) - 1)

__extension__ typedef unsigned __int128 u128;

/* Limbs 0..18 into [0, 2^52), the rest and the sign into limb 19.  t[i] below 2^63 in magnitude. */
static void carry_c(uint64_t (*r)[8], uint64_t t[FP8_LIMBS], int lane)
{
	int64_t c = 0;

	for (int i = 0; i < FP8_LIMBS - 1; i++) {
		c += (int64_t)t[i];
		r[i][lane] = (uint64_t)c & MASK;
		c >>= 52;
	}
	r[FP8_LIMBS - 1][lane] = t[FP8_LIMBS - 1] + (uint64_t)c;
}

/* t = (t + a*b)/2^52 mod p in one lane.  It leaves t < a + p, so that the top limb has room for the
 * carries; the sums fit 128 bits by far. */
static void mul_row_c(uint64_t t[FP8_LIMBS], const uint64_t (*a)[8], uint64_t b, int lane)
{
	u128 c = 0, d = 0;
	uint64_t m = ((t[0] + a[0][lane] * b) * fp8_p[FP8_LIMBS]) & MASK;

	for (int j = 0; j < FP8_LIMBS; j++) {
		c += (u128)a[j][lane] * b + t[j];
		d += (u128)m * fp8_p[j] + ((uint64_t)c & MASK);
		c >>= 52;
		if (j > 0)
			t[j - 1] = (uint64_t)d & MASK;
		d >>= 52;
	}
	t[FP8_LIMBS - 1] = (uint64_t)(c + d);
}

/* t = a*b/2^1040 mod p in one lane. */
static void product_c(uint64_t t[FP8_LIMBS], const uint64_t (*a)[8], const uint64_t (*b)[8],
		int lane)
{
	memset(t, 0, FP8_LIMBS * sizeof *t);
	for (int i = 0; i < FP8_LIMBS; i++)
		mul_row_c(t, a, b[i][lane], lane);
}

/* r = a*b/R8 + plus - c - d + k, each of the last four may be NULL. */
static void fused_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
		const uint64_t (*plus)[8], const uint64_t (*c)[8], const uint64_t (*d)[8],
		const uint64_t *k)
{
	uint64_t t[FP8_LIMBS];

	for (int l = 0; l < FP8_LANES; l++) {
		product_c(t, a, b, l);
		for (int i = 0; i < FP8_LIMBS; i++) {
			t[i] += plus ? plus[i][l] : 0;
			t[i] -= c ? c[i][l] : 0;
			t[i] -= d ? d[i][l] : 0;
			t[i] += k ? k[i] : 0;
		}
		carry_c(r, t, l);
	}
	wipe(t, sizeof t);
}

static void mul_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8])
{
	fused_c(r, a, b, NULL, NULL, NULL, NULL);
}

static void sqr_c(uint64_t (*r)[8], const uint64_t (*a)[8])
{
	fused_c(r, a, a, NULL, NULL, NULL, NULL);
}

static void mul_add_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
		const uint64_t (*c)[8])
{
	fused_c(r, a, b, c, NULL, NULL, NULL);
}

static void mul_sub_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
		const uint64_t (*c)[8])
{
	fused_c(r, a, b, NULL, c, NULL, NULL);
}

static void mul_lift_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
		const uint64_t (*c)[8], const uint64_t k[FP8_LIMBS])
{
	fused_c(r, a, b, NULL, c, NULL, k);
}

static void sqr_sub2_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*c)[8],
		const uint64_t (*d)[8])
{
	fused_c(r, a, a, NULL, c, d, NULL);
}

static void add_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8])
{
	uint64_t t[FP8_LIMBS];

	for (int l = 0; l < FP8_LANES; l++) {
		for (int i = 0; i < FP8_LIMBS; i++)
			t[i] = a[i][l] + b[i][l];
		carry_c(r, t, l);
	}
}

static void lift_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
		const uint64_t k[FP8_LIMBS])
{
	uint64_t t[FP8_LIMBS];

	for (int l = 0; l < FP8_LANES; l++) {
		for (int i = 0; i < FP8_LIMBS; i++)
			t[i] = a[i][l] - b[i][l] + k[i];
		carry_c(r, t, l);
	}
}

static void sub_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8])
{
	static const uint64_t zero[FP8_LIMBS];

	lift_c(r, a, b, zero);
}

static void mul_diff_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
		const uint64_t (*c)[8], const uint64_t k[FP8_LIMBS])
{
	fp8 w;

	lift_c(w.v, b, c, k);
	fused_c(r, a, (const uint64_t (*)[8])w.v, NULL, NULL, NULL, NULL);
	wipe(&w, sizeof w);
}

static void cneg_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t mask[8],
		const uint64_t k[FP8_LIMBS])
{
	uint64_t t[FP8_LIMBS];

	for (int l = 0; l < FP8_LANES; l++) {
		for (int i = 0; i < FP8_LIMBS; i++)
			t[i] = (a[i][l] ^ mask[l]) - mask[l] + (k[i] & mask[l]);
		carry_c(r, t, l);
	}
	wipe(t, sizeof t);
}

static void mul_sdiff_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
		const uint64_t (*c)[8], const uint64_t k[FP8_LIMBS], const uint64_t mask[8])
{
	static const uint64_t zero[FP8_LIMBS];
	fp8 w;

	cneg_c(w.v, b, mask, zero);
	mul_diff_c(r, a, (const uint64_t (*)[8])w.v, c, k);
	wipe(&w, sizeof w);
}

static void mul_diff_sub_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t (*b)[8],
		const uint64_t (*c)[8], const uint64_t k[FP8_LIMBS], const uint64_t (*d)[8])
{
	fp8 w;

	lift_c(w.v, b, c, k);
	fused_c(r, a, (const uint64_t (*)[8])w.v, NULL, d, NULL, NULL);
	wipe(&w, sizeof w);
}

static void cmov_c(uint64_t (*r)[8], const uint64_t (*a)[8], const uint64_t mask[8])
{
	for (int i = 0; i < FP8_LIMBS; i++)
		for (int l = 0; l < FP8_LANES; l++)
			r[i][l] = ct_select(mask[l], a[i][l], r[i][l]);
}

static void reduce_c(uint64_t (*r)[8], const uint64_t (*a)[8])
{
	static const uint64_t zero[FP8_LIMBS];
	fp8 t, p;
	uint64_t mask[FP8_LANES];

	for (int l = 0; l < FP8_LANES; l++)
		mask[l] = ct_barrier(0 - (a[FP8_LIMBS - 1][l] >> 63));
	for (int i = 0; i < FP8_LIMBS; i++)
		for (int l = 0; l < FP8_LANES; l++) {
			p.v[i][l] = fp8_p[i];
			t.v[i][l] = a[i][l] + (2 * fp8_p[i] & mask[l]);
		}
	lift_c(t.v, (const uint64_t (*)[8])t.v, (const uint64_t (*)[8])p.v, zero);
	for (int l = 0; l < FP8_LANES; l++)
		mask[l] = ct_barrier(0 - (t.v[FP8_LIMBS - 1][l] >> 63));
	for (int i = 0; i < FP8_LIMBS; i++)
		for (int l = 0; l < FP8_LANES; l++)
			t.v[i][l] += fp8_p[i] & mask[l];
	lift_c(r, (const uint64_t (*)[8])t.v, (const uint64_t (*)[8])p.v, fp8_p);
	wipe(&t, sizeof t);
}

static void select_c(uint64_t (*r)[8], const uint64_t (*table)[8], size_t entries,
		const uint64_t index[8])
{
	fp w[FP8_LANES];
	const fp *in[FP8_LANES];

	memset(w, 0, sizeof w);
	for (int l = 0; l < FP8_LANES; l++) {
		for (size_t e = 0; e < entries; e++) {
			uint64_t mask = ct_mask_eq(e, index[l]);

			for (size_t i = 0; i < FP8_WORDS; i++)
				w[l].v[i] |= mask & table[e * FP8_WORDS + i][l];
		}
		in[l] = &w[l];
	}
	fp8_unpack((fp8 *)r, in);
	wipe(w, sizeof w);
}

const fp8_kernel fp8_twin = {
	"c", 0, mul_c, sqr_c, mul_add_c, mul_sub_c, mul_lift_c, sqr_sub2_c, mul_diff_c,
	mul_sdiff_c, mul_diff_sub_c, add_c, sub_c, lift_c, cneg_c, cmov_c, reduce_c,
	select_c,
};

const fp8_kernel *fp8_row(size_t i)
{
	size_t n = 0;

	while (n < i && fp8_kernels[n])
		n++;
	return fp8_kernels[n] ? fp8_kernels[n] : n == i ? &fp8_twin : NULL;
}
