/* encap_tmpl.h -- sums of table entries for many members in step, for any field element FE.
 *
 * Needs curve_tmpl.h, fp2_tmpl.h for the same FE and secret.h, and before it EN(invert), EN(pick),
 * which leaves the digits' signs in masks or, without room for them, applies them, and for the powers
 * of g EN(gpick), which turns the signs over in odd windows (see F2(turn)), and EN(set_start), the
 * number 1 as a real part to start from, and EN(chain), windows that a sum takes before it is tidied;
 * EN(name) are the names to define.  An element is one member, or a vector of eight.
 *
 * The windows over P and Z, one of each in turn and then what the longer one has left, are taken k at a
 * time: partial sum i adds up the i-th, the one k after it, and so on, and all additions of a strip share
 * one inversion.  In the end they are added up as a tree, again with one inversion a level.  Small
 * batches take many, so that an inversion is always shared by about as many additions as the
 * cache holds.
 *
 * Two partial sums over one base are odd multiples of 2^(wi), each dominated by its highest window, so that
 * an addition meets equal or opposite points only at the wrap modulo q, for a scalar 0, or where Z was chosen
 * against us.  That makes its denominator zero and the shared product with it: *zero says so, and
 * the caller goes the complete way.
 */

typedef struct {
	size_t n, used;      /* elements that are picked, for lookups have a unit; those of them that are added */
	size_t k, bases;     /* windows a strip; 1: P alone, 2: P and Z */
	CN(sum) *acc;        /* [k][n] */
	CN(sum) *picked;     /* [k][n] */
	FE *prefix;          /* [k][n] */
	uint64_t *sign;      /* [k][n][CN(lanes)]: what is picked is to be turned over */
} EN(partials);

/* What a batch works in. */
typedef struct {
	EN(partials) partials;
	uint64_t (*urb)[16], (*ur)[16]; /* recoded scalars */
	F2(elt) *power;
	FE *y, *gr;
	uint8_t *mem;
	size_t size;
} EN(work);

static size_t EN(carve)(size_t *at, size_t len)
{
	size_t here = *at;

	*at += (len + 63) / 64 * 64;
	return here;
}

/* Scratch for n elements of members scalars in step, k windows a strip; sums: points of a strip,
 * k * n or more.  0: there is no memory. */
static int EN(work_new)(EN(work) *b, size_t n, size_t members, size_t k, size_t bases, size_t sums)
{
	size_t at[9];

	b->size = 0;
	at[0] = EN(carve)(&b->size, sums * sizeof(CN(sum)));
	at[1] = EN(carve)(&b->size, sums * sizeof(CN(sum)));
	at[2] = EN(carve)(&b->size, sums * sizeof(FE));
	at[3] = EN(carve)(&b->size, members * sizeof *b->urb);
	at[4] = EN(carve)(&b->size, members * sizeof *b->ur);
	at[5] = EN(carve)(&b->size, n * sizeof *b->power);
	at[6] = EN(carve)(&b->size, n * sizeof *b->y);
	at[7] = EN(carve)(&b->size, n * sizeof *b->gr);
	at[8] = EN(carve)(&b->size, sums * CN(lanes) * sizeof *b->partials.sign);
	b->mem = scratch_alloc(b->size);
	if (!b->mem)
		return 0;
	b->partials = (EN(partials)){n, n, k, bases, (void *)(b->mem + at[0]), (void *)(b->mem + at[1]),
			(void *)(b->mem + at[2]), (void *)(b->mem + at[8])};
	b->urb = (void *)(b->mem + at[3]);
	b->ur = (void *)(b->mem + at[4]);
	b->power = (void *)(b->mem + at[5]);
	b->y = (void *)(b->mem + at[6]);
	b->gr = (void *)(b->mem + at[7]);
	return 1;
}

static void EN(work_free)(EN(work) *b)
{
	scratch_free(b->mem, b->size);
}

/* acc += picked, with its signs.  The sums come about where picked was, and so they change places. */
static km_err EN(add_strip)(EN(partials) *s, uint64_t *zero, size_t partials, const km_random *rnd)
{
	FE run, inv;
	km_err err;

	FN(set_one)(&run);
	for (size_t at = 0; at < partials * s->n; at += s->n)
		CN(add_forward)(&run, s->prefix + at, s->acc + at, s->picked + at, s->used);
	err = EN(invert)(&inv, zero, &run, rnd);
	if (err == KM_OK && !*zero) {
		CN(sum) *sums = s->picked;

		for (size_t at = partials * s->n; at > 0;) {
			at -= s->n;
			CN(add_backward_signed)(&inv, s->acc + at, sums + at, s->prefix + at,
					s->sign + at * CN(lanes), s->used);
		}
		/* Those that the last strip has nothing for stay as they are. */
		memcpy(sums + partials * s->n, s->acc + partials * s->n,
				(s->k - partials) * s->n * sizeof *sums);
		s->picked = s->acc;
		s->acc = sums;
	}
	wipe(&run, sizeof run);
	wipe(&inv, sizeof inv);
	return err;
}

static void EN(tidy_partial)(CN(sum) *partial, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		FN(tidy)(&partial[i].x);
		FN(tidy)(&partial[i].y);
	}
}

/* See VERIFY. */
static inline int EN(has_grown)(const CN(sum) *a, int64_t grown)
{
	return FN(is_between)(&a->x, -grown, grown) && FN(is_between)(&a->y, -grown, grown);
}

/* Partial sum 0 = the sum of all, whose coordinates are below grown*p, either sign.  Two that are below A*p
 * make one below (2A + 2)p, and on the way a difference below (3A + 2)p: while that is below 256p they are
 * added as they are, else tidied first. */
static km_err EN(add_tree)(EN(partials) *s, uint64_t *zero, size_t partials, size_t grown,
		const km_random *rnd)
{
	size_t n = s->n;
	FE run, inv;
	km_err err = KM_OK;

	for (size_t step = 1; step < partials; step *= 2) {
		size_t pairs = (partials + step - 1) / (2 * step);

		VERIFY(EN(has_grown)(s->acc, (int64_t)grown));
		if (3 * grown + 2 >= 256) {
			for (size_t j = 0; j < partials; j += step)
				EN(tidy_partial)(s->acc + j * n, n);
			grown = 1;
		}
		grown = 2 * grown + 2;
		FN(set_one)(&run);
		for (size_t j = 0; j < pairs; j++)
			CN(add_forward)(&run, s->prefix + j * n, s->acc + (2 * step * j + step) * n,
					s->acc + 2 * step * j * n, s->used);
		err = EN(invert)(&inv, zero, &run, rnd);
		if (err != KM_OK || *zero)
			break;
		for (size_t j = pairs; j-- > 0;)
			CN(add_backward_signed)(&inv, s->acc + (2 * step * j + step) * n,
					s->acc + 2 * step * j * n, s->prefix + j * n, NULL, s->used);
	}
	wipe(&run, sizeof run);
	wipe(&inv, sizeof inv);
	return err;
}

/* Of the windows in their order, the j-th to at + j * n and their signs, for j < m from first on. */
static void EN(pick_strip)(EN(partials) *s, CN(sum) *to, uint64_t *sign, const EN(table) *const *tables,
		const uint64_t *const *digits, size_t first, size_t m)
{
	size_t shorter = tables[0]->shape.windows, longer = 0;

	if (s->bases == 2 && tables[1]->shape.windows < shorter)
		shorter = tables[1]->shape.windows;
	else
		longer = s->bases - 1;
	for (size_t j = 0; j < m; j++) {
		size_t at = first + j, paired = at < shorter * s->bases;
		size_t base = paired ? at % s->bases : longer;

		EN(pick)(to + j * s->n, sign ? sign + j * s->n * CN(lanes) : NULL, tables[base],
				paired ? at / s->bases : at - shorter, digits[base], s->n);
	}
}

/* acc[0..n-1] = the sum over all windows and bases; tables and digits: one for each base. */
static km_err EN(add_all)(EN(partials) *s, uint64_t *zero, const EN(table) *const *tables,
		const uint64_t *const *digits, const km_random *rnd)
{
	size_t windows = tables[0]->shape.windows + (s->bases == 2 ? tables[1]->shape.windows : 0);
	size_t k = s->k < windows ? s->k : windows, taken = 1; /* windows of each partial sum since it was tidy */

	*zero = 0;
	EN(pick_strip)(s, s->acc, NULL, tables, digits, 0, k);
	for (size_t at = k; at < windows; at += k) {
		size_t m = windows - at < k ? windows - at : k;
		km_err err;

		if (taken == EN(chain)) {
			EN(tidy_partial)(s->acc, k * s->n);
			taken = 1;
		}
		EN(pick_strip)(s, s->picked, s->sign, tables, digits, at, m);
		err = EN(add_strip)(s, zero, m, rnd);
		if (err != KM_OK || *zero)
			return err;
		taken++;
	}
	return EN(add_tree)(s, zero, k, 1 + taken * 10 / 9, rnd); /* from below p, by 1.11p an addition */
}

/* gr[0..used-1] = im/re of g^r: 2M a window, and one inversion for all.  power, prefix, y: n each. */
static km_err EN(powers)(FE *gr, F2(elt) *power, FE *prefix, FE *y, size_t n, size_t used,
		const EN(gtable) *g, const uint64_t *digits, const km_random *rnd)
{
	FE run, inv, t;
	uint64_t zero;
	km_err err;

	for (size_t j = 0; j < used; j++) {
		EN(set_start)(&power[j].re);
		FN(set_zero)(&power[j].im);
	}
	for (unsigned i = 0; i < g->shape.windows; i++) {
		EN(gpick)(y, g, i, digits, n);
		for (size_t j = 0; j < used; j++)
			F2(turn)(&power[j], &y[j]);
	}
	FN(set_one)(&run);
	for (size_t j = 0; j < used; j++) {
		prefix[j] = run;
		FN(mul)(&run, &run, &power[j].re);
	}
	/* No power of g has re = 0: that class has order 2. */
	err = EN(invert)(&inv, &zero, &run, rnd);
	for (size_t j = used; j-- > 0;) {
		FN(mul)(&t, &inv, &prefix[j]);
		FN(mul)(&inv, &inv, &power[j].re);
		FN(mul)(&gr[j], &power[j].im, &t);
	}
	wipe(&run, sizeof run);
	wipe(&inv, sizeof inv);
	wipe(&t, sizeof t);
	return err;
}
