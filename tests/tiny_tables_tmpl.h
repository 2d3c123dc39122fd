/* tiny_tables_tmpl.h -- tables made over the small curve, and sums over such: for one kind of element. */
#include "tiny_sums_tmpl.h"

#define invert  T(invert)
#define load    T(load)
#define offsets T(offsets)
#define centre  T(centre)
#define put     T(put)
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

#include "engine/table/table_add_tmpl.h"

#define GE    CN(sum)
#define GN(x) CN(x)
#include "engine/table/table_make_tmpl.h"
#undef GE
#undef GN

#define GE    FE
#define GN(x) PN(x)
#include "engine/table/table_make_tmpl.h"
#undef GE
#undef GN

/* A table over m times point 4, or over g^m, and its chain. */
typedef struct {
	table_shape shape;
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
