/* tiny_tables_tmpl.h -- tables made and checked over the small curve: for one kind of element. */

#define invert  T(invert)
#define load    T(load)
#define offsets T(offsets)
#define centre  T(centre)
#define put     T(put)
#define sums    T(sums)
#define sink    T(sink)

/* Entries of one coordinate or two. */
typedef struct {
	uint32_t *t; /* [windows][entries][coords] */
	size_t entries, coords;
} sink;

static km_err invert(FE *inv, const FE *a)
{
	return FN(invert)(inv, a) ? KM_ESELFTEST : KM_OK;
}

/* Links of a chain are limb 0 of each fp. */
static void load(FE *r, size_t coords, const fp *chain, const size_t at[LANES])
{
	for (size_t c = 0; c < coords; c++) {
		FN(set_zero)(&r[c]);
		for (size_t l = 0; l < LANES; l++)
			FN(put)(&r[c], l, (uint32_t)chain[coords * at[l] + c].v[0]);
		FN(bound)(&r[c], 0, TINY_TIGHT);
	}
}

static void offsets(FE *o, size_t coords, const FE *odd, size_t count, size_t i)
{
	for (size_t l = 0; l < OFFSETS; l++) {
		for (size_t c = 0; c < coords; c++) {
			const FE *a = &odd[coords * (count * l + i / LANES) + c];
			FE *to = &o[l / LANES * coords + c];

			to->v[l % LANES] = a->v[i % LANES];
			FN(bound)(to, a->low, a->high);
		}
	}
}

static void centre(FE *r, size_t coords, const FE *a, size_t lane)
{
	for (size_t c = 0; c < coords; c++)
		FN(set_all)(&r[c], a[c].v[lane], a[c].low, a[c].high);
}

static void put(const sink *to, size_t i, size_t at, int by, const FE *a)
{
	for (size_t c = 0; c < to->coords; c++) {
		FE canonical;

		FN(reduce)(&canonical, &a[c]);
		for (size_t l = 0; l < LANES; l++) {
			size_t e = by > 0 ? at + l : at - l;

			to->t[(i * to->entries + e) * to->coords + c] = canonical.v[l];
		}
	}
}

#include "engine/table/comb_add_tmpl.h"

#define GE    CN(point)
#define GN(x) CN(x)
#include "engine/table/comb_tmpl.h"
#undef GE
#undef GN

static void sums(const sink *to, size_t i, size_t lane, const check_weights *w, FE *v, FE *u, FE *all)
{
	FE down[2 * COLUMNS_MAX], across[2 * ROWS_MAX];
	const uint32_t *t = to->t + 2 * i * to->entries;

	(void)all;
	memset(down, 0, sizeof down);
	memset(across, 0, sizeof across);
	for (size_t k = 0; k < w->rows; k++) {
		for (size_t j = 0; j < w->columns; j++) {
			for (size_t c = 0; c < 2; c++) {
				uint64_t r[LANES], s[LANES];
				FE entry;

				FN(set_all)(&entry, *t++, 0, TINY_P);
				for (size_t l = 0; l < LANES; l++) {
					r[l] = w->r[k];
					s[l] = w->s[j];
				}
				FN(weigh)(&down[2 * j + c], &entry, r, &down[2 * j + c]);
				FN(weigh)(&across[2 * k + c], &entry, s, &across[2 * k + c]);
			}
		}
	}
	for (size_t j = 0; j < 2 * w->columns; j++) {
		v[j].v[lane] = down[j].v[0];
		FN(bound)(&v[j], down[j].low, down[j].high);
	}
	for (size_t k = 0; k < 2 * w->rows; k++) {
		u[k].v[lane] = across[k].v[0];
		FN(bound)(&u[k], across[k].low, across[k].high);
	}
}

#include "engine/table/comb_check_tmpl.h"

#define GE    FE
#define GN(x) PN(x)
#include "engine/table/comb_tmpl.h"
#undef GE
#undef GN

/* A table over m times point 4, or over g^m, and its chain. */
typedef struct {
	comb_shape shape;
	sink to;
	fp *chain;
	uint32_t m;
} T(made);

/* What a multiple of the base is, in one coordinate. */
static uint32_t T(value)(const T(made) *k, uint32_t multiple, size_t coord)
{
	uint32_t m = tiny_mod_q(multiple, k->m);

	if (k->to.coords == 1)
		return tiny_power[m];
	return coord ? tiny.point[4 * m].y : tiny.point[4 * m].x;
}

static T(made) T(make)(uint32_t m, size_t coords, unsigned w, unsigned windows)
{
	T(made) k = {.shape = tiny_shape(w, windows), .m = m};
	size_t links = k.shape.w * k.shape.windows + 1;

	k.to = (sink){calloc(k.shape.windows * k.shape.entries * coords, sizeof *k.to.t), k.shape.entries,
			coords};
	k.chain = aligned_alloc(64, links * coords * sizeof *k.chain);
	assert_true(k.to.t && k.chain);
	for (size_t at = 0; at < links * coords; at++) {
		uint32_t multiple = tiny_mod_q(tiny_half(), tiny_two_to((unsigned)(at / coords)));

		k.chain[at].v[0] = T(value)(&k, multiple, at % coords);
	}
	assert_int_equal((coords == 1 ? PN(build) : CN(build))(&k.to, k.chain, &k.shape), KM_OK);
	return k;
}

static void T(unmake)(T(made) *k)
{
	free(k->to.t);
	free(k->chain);
}

static void T(each_entry_is_its_multiple)(const T(made) *k)
{
	const uint32_t *t = k->to.t;

	for (unsigned i = 0; i < k->shape.windows; i++)
		for (size_t e = 0; e < k->shape.entries; e++)
			for (size_t c = 0; c < k->to.coords; c++)
				assert_int_equal(*t++, T(value)(k, tiny_entry(&k->shape, i, e), c));
}

static void T(both_tables)(uint32_t m, unsigned w, unsigned windows)
{
	for (size_t coords = 1; coords <= 2; coords++) {
		T(made) k = T(make)(m, coords, w, windows);

		T(each_entry_is_its_multiple)(&k);
		if (coords == 2)
			assert_int_equal(CN(check)(&k.to, k.chain, &k.shape), KM_OK);
		T(unmake)(&k);
	}
}

/* Over every point of order q and every power; all widths, and more windows than there are lanes. */
static void T(every_table)(void **state)
{
	(void)state;
	tiny_tables_choose(131);
	for (uint32_t m = 1; m < tiny.q; m++)
		for (unsigned w = 4; w <= 6; w++)
			T(both_tables)(m, w, m % 12);
	tiny_tables_choose(16187);
	for (unsigned w = 4; w <= 10; w++)
		for (unsigned windows = 0; windows <= 18; windows += 9)
			T(both_tables)(1000 * w + windows, w, windows);
	rules_kept();
}

/* Whether one of a few checks, each of which misses a wrong table with a probability of 3/p, finds that k
 * is one. */
static int T(is_found)(const T(made) *k)
{
	for (int n = 0; n < 8; n++)
		if (CN(check)(&k->to, k->chain, &k->shape) != KM_OK)
			return 1;
	return 0;
}

static int T(change_is_found)(const T(made) *k, uint32_t *entry, tiny_point wrong)
{
	uint32_t was[2] = {entry[0], entry[1]};
	int found;

	entry[0] = wrong.x;
	entry[1] = wrong.y;
	found = T(is_found)(k) || (wrong.x == was[0] && wrong.y == was[1]);
	memcpy(entry, was, sizeof was);
	return found;
}

/* Each entry of a window in turn is every other point, or has one wrong coordinate; and in the widest
 * tables some. */
static void T(every_wrong_entry_is_found)(void **state)
{
	T(made) k;

	(void)state;
	tiny_choose(83);
	k = T(make)(3, 2, 4, 0);
	for (size_t at = 0; at < 2 * k.shape.windows * k.shape.entries; at += 2) {
		for (uint32_t i = 1; i < tiny.n; i++)
			assert_true(T(change_is_found)(&k, k.to.t + at, tiny.point[i]));
		for (uint32_t d = 1; d < tiny.p; d++) {
			uint32_t *entry = k.to.t + at;

			assert_true(T(change_is_found)(&k, entry,
					(tiny_point){tiny_add(entry[0], d), entry[1]}));
			assert_true(T(change_is_found)(&k, entry,
					(tiny_point){entry[0], tiny_add(entry[1], d)}));
		}
	}
	T(unmake)(&k);
	tiny_choose(16187);
	for (unsigned w = 7; w <= 10; w++) {
		k = T(make)(5, 2, w, 0);
		for (size_t at = 0; at < 2 * k.shape.windows * k.shape.entries; at += 2)
			assert_true(T(change_is_found)(&k, k.to.t + at, tiny.point[1 + at]));
		T(unmake)(&k);
	}
	rules_kept();
}

/* The links that anchors begin and end with; the others show in the entries that were made from them. */
static void T(every_wrong_link_is_found)(void **state)
{
	(void)state;
	tiny_choose(16187);
	for (unsigned w = 4; w <= 10; w++) {
		T(made) k = T(make)(7, 2, w, 0);

		for (unsigned link = 0; link <= w * k.shape.windows; link++) {
			unsigned up = link % w;
			uint64_t *x = k.chain[2 * link].v, was = *x;

			if (up > 2 && up != (w < 8 ? 4 : 5))
				continue;
			*x = tiny_add((uint32_t)was, 1);
			assert_true(T(is_found)(&k));
			*x = was;
		}
		T(unmake)(&k);
	}
	rules_kept();
}
