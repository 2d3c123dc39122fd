/* p256_table.c -- fixed-base tables over P-256: how they are made and looked up.
 *
 * k = sum of d_i*2^(w*i)/2 with odd digits |d_i| < 2^w, so no digit is 0 and no entry infinity:
 * with N windows, U = k + (2^(w*N) - 1)/2 mod n, and its w-bit digit u_i stands for
 * d_i = 2*u_i + 1 - 2^w, for the sum of d_i*2^(w*i) is 2U + 1 - 2^(w*N).
 *
 * That keeps p256_sum's precondition: a sum over windows i .. j is, over B/2, an odd number times
 * 2^(w*i), of an absolute value below 2^(w*(j + 1)).  Two neighbouring sums differ in absolute
 * value, the upper being the larger, and neither is 0; without the last window, both together are
 * below 2^255 < n, so nothing changes modulo n.  So too for p256_chain, but for the last addition.
 */
#include <stdlib.h>
#include <string.h>

#include "field/fp.h"
#include "hash.h"
#include "p256.h"
#include "secret.h"
#include "table_pages.h"

const p256_narrow *p256_narrow_g;
const p256_wide *p256_wide_g;

/* (2^260 - 1)/2 and (2^256 - 1)/2 mod n, for the two widths. */
static const uint64_t offset_narrow[4] = {
	0xdc0e8f499b186820, 0xf73ba7e99acedb1a, 0x8000000000000001, 0x800000077ffffff8,
};
static const uint64_t offset_wide[4] = {
	0x86231a9e81ce6d57, 0x218c82a92c7430bd, 0x8000000000000000, 0x000000007fffffff,
};
static const uint64_t half[4] = { /* 1/2 mod n */
	0x79dce5617e3192a9, 0xde737d56d38bcf42, 0x7fffffffffffffff, 0x7fffffff80000000,
};

/* ---- making ------------------------------------------------------------------------------ */

/* t[i][k] = (2k + 1)*2^(w*i)*b/2, for i < windows and k < 2^(w-1): with 2^s entries of every window
 * known, the next 2^s are those plus 2^(s+1)*2^(w*i)*b/2. */
static int make_var(p256_point *t, size_t w, size_t windows, const p256_point *b)
{
	size_t size = (size_t)1 << (w - 1), pairs = windows * size / 2;
	p256_point *chain = aligned_alloc(64, windows * w * sizeof *chain);
	p256_point *pair = aligned_alloc(64, 2 * pairs * sizeof *pair);
	p256_fe *scratch = malloc(pairs * sizeof *scratch);
	int made = chain && pair && scratch;

	if (made) {
		p256_jac first;

		p256_times_var(&first, half, b);
		p256_affine(&chain[0], &first);
		p256_doublings_var(chain, windows * w, &chain[0]); /* chain[j] = 2^j*b/2 */
		for (size_t i = 0; i < windows; i++)
			t[i * size] = chain[i * w];
	}
	for (size_t s = 0, have = 1; made && have < size; s++, have *= 2) {
		for (size_t i = 0; i < windows * have; i++) {
			pair[2 * i] = t[i / have * size + i % have];
			pair[2 * i + 1] = chain[i / have * w + s + 1];
		}
		p256_sum(pair, windows * have, 2, scratch);
		for (size_t i = 0; i < windows * have; i++)
			t[i / have * size + have + i % have] = pair[2 * i];
	}
	free(chain);
	free(pair);
	free(scratch);
	return made;
}

int p256_wide_make_var(p256_wide *t, const p256_point *b)
{
	return make_var(t->e[0], P256_WIDE_W, P256_WIDE_WINDOWS, b);
}

const p256_wide *p256_wide_new_var(const p256_point *b)
{
	p256_wide *t = table_pages_new(sizeof *t);

	if (t && p256_wide_make_var(t, b)) {
		table_pages_seal(t);
		return t;
	}
	p256_wide_free(t);
	return NULL;
}

void p256_wide_free(const p256_wide *t)
{
	table_pages_free(t);
}

static const p256_narrow *narrow_new_var(const p256_point *b)
{
	p256_narrow *t = table_pages_new(sizeof *t);

	if (t && make_var(t->e[0], P256_W, P256_WINDOWS_MADE, b)) {
		table_pages_seal(t);
		return t;
	}
	table_pages_free(t);
	return NULL;
}

int p256_init(void)
{
	table_pages_free(p256_narrow_g);
	p256_wide_free(p256_wide_g);
	p256_narrow_g = narrow_new_var(&p256_g);
	p256_wide_g = p256_wide_new_var(&p256_g);
	return p256_narrow_g && p256_wide_g;
}

/* A wrong entry would be met by a sum and by its check alike, for as long as the process lives. */
int p256_tables_proved(void)
{
	static const uint8_t narrow[32] = {
		0x0e, 0x20, 0x78, 0xf9, 0xdf, 0x50, 0x48, 0x9f,
		0x55, 0x9d, 0xb3, 0x49, 0x66, 0x86, 0x79, 0x07,
		0x6b, 0xa6, 0xfa, 0x8b, 0x2d, 0xb1, 0xa5, 0x5c,
		0xbb, 0xfe, 0x18, 0xb6, 0xa5, 0x92, 0x29, 0x9d,
	}, wide[32] = {
		0xdb, 0x8e, 0x27, 0x6e, 0x66, 0x56, 0x21, 0xd3,
		0x99, 0x68, 0xbe, 0x78, 0xcf, 0x92, 0x61, 0x89,
		0x82, 0x6d, 0xb4, 0x48, 0xad, 0xaf, 0x0c, 0x3a,
		0x95, 0xfb, 0x2d, 0xba, 0x86, 0x35, 0xc5, 0xb5,
	};
	uint8_t d[2][32];

	hash_parts(d[0], &(hash_part){(const uint8_t *)p256_narrow_g, sizeof *p256_narrow_g}, 1);
	hash_parts(d[1], &(hash_part){(const uint8_t *)p256_wide_g, sizeof *p256_wide_g}, 1);
	return km_equal(d[0], narrow, sizeof narrow) && km_equal(d[1], wide, sizeof wide);
}

/* ---- looking up -------------------------------------------------------------------------- */

/* Digit i of w bits, w below 64. */
static uint64_t digit_of(const uint64_t u[4], size_t w, size_t i)
{
	size_t at = w * i, limb = at / 64, shift = at % 64;
	uint64_t d = u[limb] >> shift;

	if (shift + w > 64 && limb < 3)
		d |= u[limb + 1] << (64 - shift);
	return d & (((uint64_t)1 << w) - 1);
}

/* A digit's sign as a mask and its index, (|d| - 1)/2. */
static uint64_t index_of(uint64_t *negative, uint64_t digit, size_t w)
{
	*negative = ct_barrier((digit >> (w - 1)) - 1);
	return (digit ^ *negative) & (((uint64_t)1 << (w - 1)) - 1);
}

void p256_lookup_g(p256_point out[P256_WINDOWS], const uint64_t k[4])
{
	struct {
		uint64_t u[4], negative, index;
	} w;

	p256_add_mod(w.u, k, offset_narrow, p256_n);
	for (size_t i = 0; i < P256_WINDOWS; i++) {
		w.index = index_of(&w.negative, digit_of(w.u, P256_W, i), P256_W);
		fp_k->select(out[i].x.v, p256_narrow_g->e[i][0].x.v, 1 << (P256_W - 1),
				sizeof out[i] / 8, w.index);
		fe_negate_where(&out[i].y, w.negative);
	}
	wipe(&w, sizeof w);
}

void p256_wide_recode(uint64_t u[4], const uint64_t k[4])
{
	p256_add_mod(u, k, offset_wide, p256_n);
}

void p256_lookup_var(p256_point out[P256_WIDE_WINDOWS], const uint64_t k[4], const p256_wide *t)
{
	uint64_t u[4], negative;

	p256_wide_recode(u, k);
	for (size_t i = 0; i < P256_WIDE_WINDOWS; i++) {
		out[i] = t->e[i][index_of(&negative, digit_of(u, P256_WIDE_W, i), P256_WIDE_W)];
		fe_negate_where(&out[i].y, negative);
	}
}

void p256_times_g(p256_point *r, const uint64_t k[4])
{
	struct {
		p256_point pts[P256_WINDOWS];
		p256_fe scratch[(P256_WINDOWS + 1) / 2];
		p256_jac sum;
	} w;
	uint64_t none;

	p256_lookup_g(w.pts, k);
	p256_chain(&w.sum, w.pts, P256_WINDOWS);
	none = p256_is_zero(w.sum.z.v);
	/* Public: k is 0 or one of few others, which no random number is. */
	ct_public(&none, sizeof none);
	if (none) {
		p256_sum(w.pts, 1, P256_WINDOWS, w.scratch);
		*r = w.pts[0];
	} else {
		p256_affine(r, &w.sum);
	}
	wipe(&w, sizeof w);
}
