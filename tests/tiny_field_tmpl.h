/* tiny_field_tmpl.h -- elements of the small field with the operations of curve_tmpl.h and its kin.
 *
 * Needs FE, FN and LANES.  GROWS: values have the bounds of fp8.h (see tiny_rules.h); 0: they are canonical
 * before and after everything, as in fp.h.
 */

/* Comparable as memory. */
typedef struct {
	_Alignas(64) uint32_t v[LANES]; /* of each lane, below p */
	int32_t low, high;              /* thousandths of p */
	uint32_t zero[14 - LANES];
} FE;

static inline void FN(bound)(FE *r, int64_t low, int64_t high)
{
	r->low = GROWS ? (int32_t)low : 0;
	r->high = GROWS ? (int32_t)high : TINY_P;
}

static inline int FN(within)(const FE *a, int64_t low, int64_t high)
{
	return low <= a->low && a->high <= high;
}

/* What VERIFY asks in the templates. */
static inline int FN(is_between)(const FE *a, int64_t low, int64_t high)
{
	return FN(within)(a, low * TINY_P, high * TINY_P);
}

static inline int FN(is_loose)(const FE *a)
{
	return FN(within)(a, -TINY_LOOSE, TINY_LOOSE);
}

static inline int FN(are_factors)(const FE *a, const FE *b)
{
	return a->low >= 0 && b->low >= 0 && rule_factors(a->high, b->high);
}

static inline void FN(set_all)(FE *r, uint32_t v, int64_t low, int64_t high)
{
	memset(r, 0, sizeof *r);
	for (size_t l = 0; l < LANES; l++)
		r->v[l] = v;
	FN(bound)(r, low, high);
}

static inline void FN(set_zero)(FE *r)
{
	FN(set_all)(r, 0, 0, 0);
}

static inline void FN(set_one)(FE *r)
{
	FN(set_all)(r, 1, 0, TINY_P);
}

/* ---- what the operations are made of --------------------------------------------------------- */

static inline FE FN(product)(const FE *a, const FE *b)
{
	FE r = {.low = 0};

	RULE(FN(are_factors)(a, b));
	for (size_t l = 0; l < LANES; l++)
		r.v[l] = tiny_mul(a->v[l], b->v[l]);
	FN(bound)(&r, 0, TINY_TIGHT);
	return r;
}

static inline FE FN(sum)(const FE *a, const FE *b)
{
	FE r = {.low = 0};

	for (size_t l = 0; l < LANES; l++)
		r.v[l] = tiny_add(a->v[l], b->v[l]);
	FN(bound)(&r, a->low + b->low, a->high + b->high);
	return r;
}

/* a - b + lift*p */
static inline FE FN(difference)(const FE *a, const FE *b, int64_t lift)
{
	FE r = {.low = 0};

	for (size_t l = 0; l < LANES; l++)
		r.v[l] = tiny_sub(a->v[l], b->v[l]);
	FN(bound)(&r, a->low - b->high + lift * TINY_P, a->high - b->low + lift * TINY_P);
	return r;
}

/* lift*p - a where mask is all ones, a where it is 0. */
static inline FE FN(turned)(const FE *a, const uint64_t *mask, int64_t lift)
{
	FE r = {.low = 0};

	for (size_t l = 0; l < LANES; l++)
		r.v[l] = mask[l] ? tiny_neg(a->v[l]) : a->v[l];
	lift *= TINY_P;
	FN(bound)(&r, a->low < lift - a->high ? a->low : lift - a->high,
			a->high > lift - a->low ? a->high : lift - a->low);
	return r;
}

/* ---- the operations -------------------------------------------------------------------------- */

static inline void FN(mul)(FE *r, const FE *a, const FE *b)
{
	*r = FN(product)(a, b);
}

static inline void FN(sqr)(FE *r, const FE *a)
{
	*r = FN(product)(a, a);
}

static inline void FN(mul2)(FE *r, const FE *a, const FE *b, FE *s, const FE *c, const FE *d)
{
	RULE(r != c && r != d);
	*r = FN(product)(a, b);
	*s = FN(product)(c, d);
}

static inline void FN(sqr2)(FE *r, const FE *a, FE *s, const FE *c)
{
	FN(mul2)(r, a, a, s, c, c);
}

static inline void FN(add)(FE *r, const FE *a, const FE *b)
{
	RULE(FN(is_loose)(a) && FN(is_loose)(b));
	*r = FN(sum)(a, b);
	RULE(FN(is_loose)(r));
}

static inline void FN(mul_add)(FE *r, const FE *a, const FE *b, const FE *c)
{
	FE t = FN(product)(a, b);

	FN(add)(r, &t, c);
}

static inline void FN(mul_add2)(FE *r, const FE *a, const FE *b, const FE *c, const FE *d, const FE *e)
{
	RULE(r != c && r != d);
	FN(mul_add)(r, a, b, e);
	FN(mul_add)(r, c, d, r);
}

static inline void FN(mul_lift)(FE *r, const FE *a, const FE *b, const FE *c)
{
	FE t = FN(product)(a, b);

	RULE(FN(within)(c, 0, 256 * TINY_P));
	*r = FN(difference)(&t, c, 256);
}

static inline void FN(mul_diff)(FE *r, const FE *a, const FE *b, const FE *c)
{
	FE t = FN(difference)(b, c, 256);

	RULE(FN(within)(&t, 0, 512 * TINY_P));
	*r = FN(product)(a, &t);
}

static inline void FN(mul_sdiff)(FE *r, const FE *a, const FE *b, const FE *c, const uint64_t *mask)
{
	FE t = FN(turned)(b, mask, 0);

	RULE(rule_bits(a->high, 1027) && FN(is_loose)(b) && FN(is_loose)(c));
	FN(mul_diff)(r, a, &t, c);
}

static inline void FN(mul_signed)(FE *r, const FE *a, const FE *b, const uint64_t *mask)
{
	FE zero;

	FN(set_zero)(&zero);
	FN(mul_sdiff)(r, a, b, &zero, mask);
}

static inline void FN(mul_diff_sub)(FE *r, const FE *a, const FE *b, const FE *c, const FE *d)
{
	FE t;

	RULE(FN(is_loose)(d));
	FN(mul_diff)(&t, a, b, c);
	*r = FN(difference)(&t, d, 0);
	RULE(FN(is_loose)(r));
}

static inline void FN(mul_diff_sqr)(FE *r, const FE *a, const FE *b, const FE *c, FE *s, const FE *d)
{
	RULE(r != d);
	FN(mul_diff)(r, a, b, c);
	FN(sqr)(s, d);
}

static inline void FN(sqr_sub2)(FE *r, const FE *a, const FE *c, const FE *d)
{
	FE t = FN(product)(a, a);

	RULE(FN(is_loose)(c) && FN(is_loose)(d));
	t = FN(difference)(&t, c, 0);
	*r = FN(difference)(&t, d, 0);
	RULE(FN(is_loose)(r));
}

static inline void FN(sub16)(FE *r, const FE *a, const FE *b)
{
	RULE(FN(within)(a, 0, 256 * TINY_P) && FN(within)(b, 0, 16 * TINY_P));
	*r = FN(difference)(a, b, 16);
}

static inline void FN(sub64)(FE *r, const FE *a, const FE *b)
{
	RULE(FN(within)(a, 0, 256 * TINY_P) && FN(within)(b, 0, 64 * TINY_P));
	*r = FN(difference)(a, b, 64);
}

static inline void FN(cneg16)(FE *r, const FE *a, const uint64_t *mask)
{
	RULE(FN(within)(a, 0, 16 * TINY_P));
	*r = FN(turned)(a, mask, 16);
}

static inline void FN(cneg)(FE *r, const FE *a, const uint64_t *mask)
{
	RULE(FN(within)(a, 0, TINY_P));
	*r = FN(turned)(a, mask, 1);
}

static inline void FN(minus)(FE *r, const FE *a)
{
	FE zero;

	RULE(FN(is_loose)(a));
	FN(set_zero)(&zero);
	*r = FN(difference)(&zero, a, 1);
}

static inline void FN(neg)(FE *r, const FE *a)
{
	RULE(FN(within)(a, 0, TINY_P));
	FN(minus)(r, a);
}

static inline void FN(canon)(FE *r, const FE *a)
{
	RULE(FN(is_loose)(a));
	*r = *a;
	FN(bound)(r, 0, TINY_P);
}

static inline void FN(tidy)(FE *a)
{
	FN(canon)(a, a);
}

static inline void FN(reduce)(FE *r, const FE *a)
{
	RULE(FN(within)(a, -2 * TINY_P, 2 * TINY_P));
	*r = *a;
	FN(bound)(r, 0, TINY_P);
}

/* ---- for the tests --------------------------------------------------------------------------- */

/* Lane l of a; the bounds are those of a canonical value. */
static inline void FN(put)(FE *a, size_t l, uint32_t v)
{
	a->v[l] = v;
	FN(bound)(a, 0, TINY_P);
}

/* 1/a lane by lane, and whether a lane is 0. */
static inline uint64_t FN(invert)(FE *r, const FE *a)
{
	uint64_t zero = 0;
	FE t = {.low = 0};

	RULE(FN(are_factors)(a, a)); /* lanes are folded into their product */
	for (size_t l = 0; l < LANES; l++) {
		zero |= 0 - (uint64_t)(a->v[l] == 0);
		t.v[l] = tiny.inv[a->v[l]];
	}
	FN(bound)(&t, 0, TINY_TIGHT);
	*r = t;
	return zero;
}
