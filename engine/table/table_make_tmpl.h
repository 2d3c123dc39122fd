/* table_make_tmpl.h -- making fixed-base tables, of points or of powers of g, one element at a time or eight.
 *
 * The entries of a window with base B are (32k + o)B and (32k - o)B for o = 1, 3, .. 15: sums and
 * differences of a few multiples, and a sum and its difference share most of their work.  First the
 * multiples are made from the chain in all windows at once, then the entries window by window.
 * All of it is public.
 *
 * Needs before it: FE and FN (see curve_tmpl.h); GE, what is added up, COORDS elements FE, or of the other
 * type that may be negative, which (FE *) copies as they are; GN(step),
 * GN(add_forward), GN(add_backward), GN(pair_forward), GN(pair_backward), GN(neg) and GN(tidy) of
 * table_add_tmpl.h; LANES of an FE, 1 or 8; ADDS that share an inversion; sink, where entries go; and
 *   invert(inv, a)
 *   load(r, COORDS, chain, at)         lane l of r = link at[l] of the chain
 *   offsets(o, COORDS, odd, count, i)  the OFFSETS multiples o of window i, LANES to an element
 *   centre(c, COORDS, a, lane)         c = one lane of a in all lanes
 *   put(to, i, at, by, a)              lane l of a is entry at + by*l of window i
 * GN(name) are the names to define.
 */

#define PARTS  (OFFSETS / LANES)
#define COORDS (sizeof(GE) / sizeof(FE))

/* Each has one multiple in every window: odd[l] = (2l + 1)B, even[j] = 2^(j+1)B,
 * centre[k-1] = 32kB for k <= centres, a power of 2 or 0. */
typedef struct {
	size_t count, centres;
	GE *odd, *even, *centre;
	GN(step) *scratch;
} GN(multiples);

/* What GN(build) works in: c and o are parts of entries to be. */
typedef struct {
	GN(multiples) multiples;
	GE *c, *o;
	GN(step) *scratch;
} GN(work);

static void GN(work_free)(GN(work) *k)
{
	free(k->multiples.odd);
	free(k->multiples.scratch);
	free(k->c);
	free(k->scratch);
}

static int GN(work_new)(GN(work) *k, const table_shape *shape, size_t windows)
{
	size_t count = (shape->windows + LANES - 1) / LANES;
	size_t centres = shape->entries / (2 * OFFSETS), n = windows * centres * PARTS;

	*k = (GN(work)){.multiples = {count, centres,
			aligned_alloc(64, (OFFSETS + EVENS + centres) * count * sizeof(GE)), NULL, NULL,
			aligned_alloc(64, SUMS_MAX * count * sizeof(GN(step)))},
			.c = aligned_alloc(64, (2 * n + 1) * sizeof(GE)),
			.scratch = aligned_alloc(64, (n + 1) * sizeof(GN(step)))};
	k->multiples.even = k->multiples.odd + OFFSETS * count;
	k->multiples.centre = k->multiples.even + EVENS * count;
	k->o = k->c + n;
	return k->multiples.odd && k->multiples.scratch && k->c && k->scratch;
}

/* With step = 2^level: odd[l + step/2] = odd[l] + step*B for l < step/2, and the same for the centres
 * m + step, m < step.  From level 1 upwards all have what they are made from. */
static km_err GN(multiples_step)(GN(multiples) *r, unsigned level)
{
	size_t step = (size_t)1 << level, n = 0, count = r->count;
	GE *to[SUMS_MAX], *by[SUMS_MAX];
	FE run, inv;
	km_err err;

	for (size_t l = 0; l < step / 2 && step < 2 * OFFSETS; l++) {
		to[n] = r->odd + (l + step / 2) * count;
		by[n] = r->even + (level - 1) * count;
		memcpy(to[n++], r->odd + l * count, count * sizeof(GE));
	}
	for (size_t m = 1; m < step && 2 * step <= r->centres; m++) {
		to[n] = r->centre + (step + m - 1) * count;
		by[n] = r->centre + (step - 1) * count;
		memcpy(to[n++], r->centre + (m - 1) * count, count * sizeof(GE));
	}
	FN(set_one)(&run);
	for (size_t i = 0; i < n; i++)
		GN(add_forward)(&run, r->scratch + i * count, to[i], by[i], count);
	err = invert(&inv, &run);
	for (size_t i = n; i-- > 0;)
		GN(add_backward)(&inv, to[i], by[i], r->scratch + i * count, count);
	return err;
}

/* One multiple = the links of the chain that lie up above the beginnings of the windows.  The lanes beyond the
 * last window repeat it. */
static void GN(multiple_load)(GE *one, size_t count, const fp *chain, const table_shape *shape, unsigned up)
{
	size_t at[LANES];

	for (size_t v = 0; v < count; v++) {
		for (size_t l = 0; l < LANES; l++) {
			size_t i = LANES * v + l, last = shape->windows - 1;

			at[l] = shape->w * (i < last ? i : last) + up;
		}
		load((FE *)&one[v], COORDS, chain, at);
	}
}

static km_err GN(multiples_make)(GN(multiples) *r, const fp *chain, const table_shape *shape)
{
	km_err err = KM_OK;

	GN(multiple_load)(r->odd, r->count, chain, shape, 0);
	for (unsigned j = 0; j < EVENS; j++)
		GN(multiple_load)(r->even + j * r->count, r->count, chain, shape, j + 1);
	for (unsigned j = 0; (size_t)1 << j <= r->centres; j++)
		GN(multiple_load)(r->centre + (((size_t)1 << j) - 1) * r->count, r->count, chain, shape,
				EVENS + 2 + j);
	for (unsigned level = 1; err == KM_OK && (level <= EVENS ||
			(size_t)2 << level <= r->centres); level++)
		err = GN(multiples_step)(r, level);
	for (size_t i = 0; i < (OFFSETS + EVENS + r->centres) * r->count; i++)
		GN(tidy)(&r->odd[i]);
	return err;
}

/* o[i] = c[i] - o[i] for i < n, and c[i] = c[i] + o[i] for i < pairs. */
static km_err GN(spread)(GE *c, GE *o, GN(step) *scratch, size_t n, size_t pairs)
{
	FE run, inv;
	km_err err;

	FN(set_one)(&run);
	GN(pair_forward)(&run, scratch, c, o, pairs);
	for (size_t i = pairs; i < n; i++)
		GN(neg)(&o[i], &o[i]);
	GN(add_forward)(&run, scratch + pairs, o + pairs, c + pairs, n - pairs);
	err = invert(&inv, &run);
	GN(add_backward)(&inv, o + pairs, c + pairs, scratch + pairs, n - pairs);
	GN(pair_backward)(&inv, c, o, scratch, pairs);
	return err;
}

/* Where the parts of window first + g and centre k stand among c and o: the last centre of each
 * window, which is the first one of the next window, gives differences alone. */
static size_t GN(place)(size_t g, size_t k, size_t centres, size_t n)
{
	return (k < centres ? g * (centres - 1) + k - 1 : n * (centres - 1) + g) * PARTS;
}

/* The entries of n windows. */
static km_err GN(windows)(GN(work) *k, const sink *to, size_t first, size_t n)
{
	size_t centres = k->multiples.centres;
	GE o[PARTS];
	km_err err;

	for (size_t g = 0; g < n; g++) {
		size_t i = first + g;

		offsets((FE *)o, COORDS, (const FE *)k->multiples.odd, k->multiples.count, i);
		for (size_t p = 0; p < PARTS; p++)
			put(to, i, LANES * p, 1, (const FE *)&o[p]);
		for (size_t m = 1; m <= centres; m++) {
			size_t at = GN(place)(g, m, centres, n);

			memcpy(k->o + at, o, sizeof o);
			for (size_t p = 0; p < PARTS; p++)
				centre((FE *)&k->c[at + p], COORDS, (const FE *)
						&k->multiples.centre[(m - 1) * k->multiples.count + i / LANES],
						i % LANES);
		}
	}
	err = GN(spread)(k->c, k->o, k->scratch, n * centres * PARTS,
			centres ? n * (centres - 1) * PARTS : 0);
	for (size_t g = 0; g < n; g++) {
		for (size_t m = 1; m <= centres; m++) {
			for (size_t p = 0; p < PARTS; p++) {
				size_t at = GN(place)(g, m, centres, n) + p, middle = 2 * OFFSETS * m;

				put(to, first + g, middle - LANES * p - 1, -1,
						(const FE *)&k->o[at]);
				if (m < centres)
					put(to, first + g, middle + LANES * p, 1,
							(const FE *)&k->c[at]);
			}
		}
	}
	return err;
}

/* All entries of a table. */
static km_err GN(build)(const sink *to, const fp *chain, const table_shape *shape)
{
	size_t centres = shape->entries / (2 * OFFSETS);
	size_t step = centres * PARTS < ADDS && centres ? ADDS / (centres * PARTS) : 1;
	GN(work) k;
	km_err err = KM_ENOMEM;

	if (GN(work_new)(&k, shape, step))
		err = GN(multiples_make)(&k.multiples, chain, shape);
	for (size_t i = 0; err == KM_OK && i < shape->windows; i += step)
		err = GN(windows)(&k, to, i, shape->windows - i < step ? shape->windows - i : step);
	GN(work_free)(&k);
	return err;
}

#undef PARTS
#undef COORDS
