/* fp8_proof.c -- at the start: each kernel of eight lanes against one element, each lookup against indexing. */
#include <stdlib.h>
#include <string.h>

#include "fp8.h"
#include "params.h"

/* select and reduce are tried by themselves. */
enum { KERNELS = 14, ENTRIES = 4 };

typedef struct {
	fp8 a, b, c, out[KERNELS];
	fp of_a[FP8_LANES], of_b[FP8_LANES], of_c[FP8_LANES], of_out[KERNELS][FP8_LANES];
	_Alignas(64) uint64_t table[ENTRIES * FP8_WORDS][FP8_LANES];
} work;

static const uint64_t all = ~(uint64_t)0;
static const uint64_t mask[FP8_LANES] = {all, 0, 0, all, all, 0, all, 0};

typedef const uint64_t (*in)[FP8_LANES];

static void every_kernel(fp8 out[KERNELS], const fp8 *x, const fp8 *y, const fp8 *z)
{
	in a = x->v, b = y->v, c = z->v;

	memset(out, 0, KERNELS * sizeof *out);
	fp8_k->mul(out[0].v, a, b);
	fp8_k->sqr(out[1].v, a);
	fp8_k->mul_add(out[2].v, a, b, c);
	fp8_k->mul_sub(out[3].v, a, b, c);
	fp8_k->mul_lift(out[4].v, a, b, c, fp8_256p);
	fp8_k->sqr_sub2(out[5].v, a, b, c);
	fp8_k->mul_diff(out[6].v, a, b, c, fp8_256p);
	fp8_k->mul_sdiff(out[7].v, a, b, c, fp8_256p, mask);
	fp8_k->mul_diff_sub(out[8].v, a, b, c, fp8_256p, b);
	fp8_k->add(out[9].v, a, b);
	fp8_k->sub(out[10].v, a, b);
	fp8_k->lift(out[11].v, b, a, fp8_16p);
	fp8_k->cneg(out[12].v, a, mask, fp8_16p);
	out[13] = *y;
	fp8_k->cmov(out[13].v, a, mask);
}

/* Whether lane l of each is what one element gives. */
static int same_in_fp(const work *w, int l)
{
	const fp *a = &w->of_a[l], *b = &w->of_b[l], *c = &w->of_c[l];
	fp want[KERNELS];
	uint64_t same = all;

	fp_mul(&want[0], a, b);
	fp_sqr(&want[1], a);
	fp_mul_add(&want[2], a, b, c);
	fp_mul_lift(&want[3], a, b, c);
	fp_mul_lift(&want[4], a, b, c);
	fp_sqr_sub2(&want[5], a, b, c);
	fp_mul_diff(&want[6], a, b, c);
	fp_mul_sdiff(&want[7], a, b, c, &mask[l]);
	fp_mul_diff_sub(&want[8], a, b, c, b);
	fp_add(&want[9], a, b);
	fp_sub(&want[10], a, b);
	fp_sub(&want[11], b, a);
	want[12] = *a;
	fp_cneg(&want[12], a, mask[l]);
	want[13] = *b;
	fp_cmov(&want[13], a, mask[l]);
	for (int i = 0; i < KERNELS; i++)
		same &= fp_equal(&want[i], &w->of_out[i][l]);
	return same == all;
}

/* The lanes of a mod p as fp has them, by nothing that is to be proved: rows may differ in the multiple of
 * p.  From 2^1040 to 2^1024, for which the top limb, which has the sign, is worth 2^972 for 2^988. */
static void to_elements(fp r[FP8_LANES], const fp8 *a)
{
	static const fp down = {{[FP_LIMBS - 1] = (uint64_t)1 << 48}};
	uint64_t words[FP8_WORDS][FP8_LANES];
	fp8 low = *a;

	memset(low.v[FP8_LIMBS - 1], 0, sizeof low.v[0]);
	fp8_pack(words, &low);
	for (int l = 0; l < FP8_LANES; l++) {
		uint64_t top = a->v[FP8_LIMBS - 1][l], sign = 0 - (top >> 63);
		fp high = {{[FP_LIMBS - 1] = ((top ^ sign) - sign) << 12}};

		for (int i = 0; i < FP_LIMBS; i++)
			r[l].v[i] = words[i][l];
		fp_mul(&r[l], &r[l], &down);
		fp_cneg(&high, &high, sign);
		fp_add(&r[l], &r[l], &high);
	}
}

/* Numbers below p as they come: squares of *f, which is then the last one. */
static void numbers(fp8 *a, fp *f)
{
	fp of[FP8_LANES];
	const fp *from[FP8_LANES];

	for (int l = 0; l < FP8_LANES; l++) {
		fp_sqr(f, f);
		of[l] = *f;
		from[l] = &of[l];
	}
	fp8_unpack(a, from);
}

/* Two lanes are 0, and two the largest factor, 2^1030 - 1. */
static void edges(fp8 *a)
{
	for (int i = 0; i < FP8_LIMBS; i++) {
		a->v[i][0] = a->v[i][1] = 0;
		a->v[i][4] = a->v[i][5] = all >> (i < FP8_LIMBS - 1 ? 12 : 22);
	}
}

static int kernels_proved(work *w)
{
	fp f;

	fp_from_limbs(&f, params_px);
	numbers(&w->a, &f);
	numbers(&w->b, &f);
	numbers(&w->c, &f);
	for (int round = 0; round < 2; round++) {
		edges(&w->a);
		edges(&w->b);
		edges(&w->c);
		every_kernel(w->out, &w->a, &w->b, &w->c);
		to_elements(w->of_a, &w->a);
		to_elements(w->of_b, &w->b);
		to_elements(w->of_c, &w->c);
		for (int i = 0; i < KERNELS; i++)
			to_elements(w->of_out[i], &w->out[i]);
		for (int l = 0; l < FP8_LANES; l++)
			if (!same_in_fp(w, l))
				return 0;
		w->a = w->out[0];
		w->b = w->out[7];
		w->c = w->out[3];
	}
	return 1;
}

/* What gives canonical values, which are compared as they are: rotations of a are selected, and a + p to
 * a - 2p are reduced. */
static int canonical_proved(work *w)
{
	static const uint64_t index_of[FP8_LANES] = {0, 1, 2, 3, 3, 1, 0, 2};
	fp8 *a = &w->a, *t = &w->b, *p = &w->c, *out = w->out;
	fp f;
	int same = 1;

	fp_from_limbs(&f, params_py);
	numbers(a, &f);
	for (int e = 0; e < ENTRIES; e++) {
		fp8_rotate(t, a, e);
		fp8_pack(w->table + e * FP8_WORDS, t);
	}
	memset(out, 0, sizeof *out);
	fp8_k->select(out->v, (in)w->table, ENTRIES, index_of);
	for (size_t i = 0; i < FP8_LIMBS; i++)
		for (size_t l = 0; l < FP8_LANES; l++)
			same &= out->v[i][l] == a->v[i][(l + index_of[l]) % FP8_LANES];
	fp8_set(p, fp8_p);
	fp8_k->add(t->v, (in)a->v, (in)p->v);
	for (int n = 1; n >= -2; n--) {
		memset(out, 0, sizeof *out);
		fp8_k->reduce(out->v, (in)t->v);
		same &= memcmp(out, a, sizeof *a) == 0;
		fp8_k->sub(t->v, (in)t->v, (in)p->v);
	}
	return same;
}

/* ---- lookups ----------------------------------------------------------------------------------- */

enum { MOST = 512, PICKED = 64 / FP8_LANES }; /* entries; vectors */

typedef struct {
	fp8 entry[MOST / FP8_LANES], out[PICKED];
	uint16_t index[PICKED * FP8_LANES];
} lookups;

/* By the row, which has been proved. */
static void entries_put(lookups *w, uint8_t *table, const fp8_table *t, size_t entries)
{
	fp f;

	fp_from_limbs(&f, params_px);
	numbers(&w->entry[0], &f);
	for (size_t i = 0; i < entries / FP8_LANES; i++) {
		if (i > 0) {
			fp8_k->sqr(w->entry[i].v, (in)w->entry[i - 1].v);
			fp8_k->reduce(w->entry[i].v, (in)w->entry[i].v);
		}
		t->put(table, entries, i * FP8_LANES, &w->entry[i], 0);
	}
}

int fp8_table_proves(const fp8_table *t, size_t entries)
{
	lookups *w = aligned_alloc(64, (sizeof *w + 63) / 64 * 64);
	uint8_t *table = aligned_alloc(64, t->octets * entries);
	int same = w && table;

	if (same) {
		memset(table, 0, t->octets * entries);
		memset(w->out, 0, sizeof w->out);
		for (size_t m = 0; m < PICKED * FP8_LANES; m++)
			w->index[m] = (uint16_t)((7 * m * (entries / 32 + 1) + m / 9) % entries);
		entries_put(w, table, t, entries);
		t->pick(w->out, 1, table, entries, w->index, PICKED / t->vectors);
	}
	for (size_t m = 0; same && m < PICKED * FP8_LANES; m++) {
		const fp8 *e = &w->entry[w->index[m] / FP8_LANES];

		for (int i = 0; i < FP8_LIMBS; i++)
			same &= w->out[m / FP8_LANES].v[i][m % FP8_LANES] ==
					e->v[i][w->index[m] % FP8_LANES];
	}
	free(table);
	free(w);
	return same;
}

/* Every one that tables of 5, 8 and 10 bits a window may use. */
static int lookups_proved(void)
{
	static const size_t sizes[] = {16, 128, 512}, members[] = {1, 100, 100000};

	for (size_t s = 0; s < 3; s++) {
		const fp8_table *last = NULL;

		for (size_t m = 0; m < 3; m++) {
			const fp8_table *t = fp8_table_for(sizes[s], members[m], fp8_levels);

			if (t && t != last && !fp8_table_proves(t, sizes[s]))
				return 0;
			last = t;
		}
	}
	return 1;
}

int fp8_proved(void)
{
	work *w;
	int proved;

	if (!fp8_k)
		return 1;
	w = aligned_alloc(64, sizeof *w);
	proved = w && kernels_proved(w) && canonical_proved(w) && lookups_proved();
	free(w);
	return proved;
}
