/* fp8_proof.c -- at the start: each kernel of eight lanes against its twin in C, each lookup against indexing. */
#include <stdlib.h>
#include <string.h>

#include "fp8.h"
#include "params.h"

/* scrub gives nothing that could be compared. */
enum { KERNELS = 17, ENTRIES = 4 };

typedef struct {
	fp8 a, b, c, small; /* tight; above -2p and below 2p */
	_Alignas(64) uint64_t table[ENTRIES * FP8_WORDS][FP8_LANES];
	fp8 got[KERNELS], want[KERNELS];
} work;

static const uint64_t all = ~(uint64_t)0;
static const uint64_t mask[FP8_LANES] = {all, 0, 0, all, all, 0, all, 0};
static const uint64_t index_of[FP8_LANES] = {0, 1, 2, 3, 3, 1, 0, 2};

typedef const uint64_t (*in)[FP8_LANES];

static void every_kernel(fp8 out[KERNELS], const fp8_kernel *k, const work *w)
{
	static const uint64_t weight[FP8_LANES] = {1, 2, 0, 0xfffffffffffff, 5, 0x8000000000000, 77, 3};
	in a = w->a.v, b = w->b.v, c = w->c.v;

	memset(out, 0, KERNELS * sizeof *out);
	k->mul(out[0].v, a, b);
	k->sqr(out[1].v, a);
	k->mul_add(out[2].v, a, b, c);
	k->mul_sub(out[3].v, a, b, c);
	k->mul_lift(out[4].v, a, b, c, fp8_256p);
	k->sqr_sub2(out[5].v, a, b, c);
	k->mul_diff(out[6].v, a, b, c, fp8_256p);
	k->mul_sdiff(out[7].v, a, b, c, fp8_256p, mask);
	k->mul_diff_sub(out[8].v, a, b, c, fp8_256p, b);
	k->add(out[9].v, a, b);
	k->sub(out[10].v, a, b);
	k->lift(out[11].v, b, a, fp8_16p);
	k->cneg(out[12].v, a, mask, fp8_16p);
	out[13] = w->b;
	k->cmov(out[13].v, a, mask);
	k->weigh(out[14].v, a, weight, b);
	k->reduce(out[15].v, (in)w->small.v);
	k->select(out[16].v, (in)w->table, ENTRIES, index_of);
}

/* r = a mod p by the twin: rows may differ in the multiple of p. */
static void canon(fp8 *r, const fp8_kernel *twin, const fp8 *a)
{
	static const fp8 zero;
	fp8 one;

	fp8_set(&one, fp8_one);
	twin->lift(r->v, a->v, zero.v, fp8_256p);
	twin->mul(r->v, (in)r->v, (in)one.v);
	twin->reduce(r->v, (in)r->v);
}

static int same_mod_p(const fp8_kernel *twin, const fp8 *a, const fp8 *b)
{
	fp8 x, y;

	if (memcmp(a, b, sizeof *a) == 0)
		return 1;
	canon(&x, twin, a);
	canon(&y, twin, b);
	return memcmp(&x, &y, sizeof x) == 0;
}

static const fp8_kernel *twin_of_all(void)
{
	size_t i = 0;

	while (fp8_kernels[i + 1])
		i++;
	return fp8_kernels[i];
}

/* Numbers as they come: squares of one. */
static void numbers(fp8 *a)
{
	fp of[FP8_LANES];
	const fp *from[FP8_LANES];

	fp_from_limbs(&of[0], params_px);
	for (int l = 0; l < FP8_LANES; l++) {
		if (l)
			fp_sqr(&of[l], &of[l - 1]);
		from[l] = &of[l];
	}
	fp8_unpack(a, from);
}

static int kernels_proved(work *w)
{
	const fp8_kernel *twin = twin_of_all();

	numbers(&w->a);
	twin->sqr(w->b.v, (in)w->a.v);
	twin->mul(w->c.v, (in)w->a.v, (in)w->b.v);
	for (int round = 0; round < 2; round++) {
		for (size_t e = 0; e < ENTRIES; e++) {
			canon(&w->got[0], twin, &w->c);
			fp8_rotate(&w->small, &w->got[0], (int)e + 1);
			fp8_pack(w->table + e * FP8_WORDS, &w->small);
		}
		twin->sub(w->small.v, (in)w->a.v, (in)w->b.v);
		every_kernel(w->got, fp8_k, w);
		every_kernel(w->want, twin, w);
		for (int i = 0; i < KERNELS; i++)
			if (!same_mod_p(twin, &w->got[i], &w->want[i]))
				return 0;
		/* What has to be canonical. */
		if (memcmp(&w->got[15], &w->want[15], 2 * sizeof(fp8)) != 0)
			return 0;
		w->a = w->want[0];
		w->b = w->want[7];
		w->c = w->want[1];
	}
	return 1;
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
	for (size_t i = 0; i < entries / FP8_LANES; i++) {
		if (i == 0)
			numbers(&w->entry[0]);
		else
			fp8_k->sqr(w->entry[i].v, (in)w->entry[i - 1].v);
		fp8_k->reduce(w->entry[i].v, (in)w->entry[i].v);
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

/* Every one that tables of 6, 8 and 10 bits a window may use. */
static int lookups_proved(void)
{
	static const size_t sizes[] = {32, 128, 512}, members[] = {1, 100, 100000};

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
	proved = w && kernels_proved(w) && lookups_proved();
	free(w);
	return proved;
}
