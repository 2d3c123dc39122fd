/* table_add_tmpl.h -- additions of points and of powers of g that share an inversion, as table_make_tmpl.h
 * wants them, for any field element FE (see curve_tmpl.h for FN and CN; PN(name): of powers). */

typedef FE CN(step);

static inline void CN(neg)(CN(sum) *r, const CN(sum) *a)
{
	r->x = a->x;
	FN(minus)(&r->y, &a->y);
}

/* (c, o) = (c + o, c - o) for n pairs of tight points: both have the same denominator.
 * 1M, then 6M + 2S. */
static inline void CN(pair_forward)(FE *run, FE *prefix, const CN(sum) *c, const CN(sum) *o,
		size_t n)
{
	CN(add_forward)(run, prefix, o, c, n);
}

static inline void CN(pair_backward)(FE *inv, CN(sum) *c, CN(sum) *o, const FE *prefix,
		size_t n)
{
	CN(sum) plus, minus;
	FE l, t;

	for (size_t i = n; i-- > 0;) {
		FN(mul)(&t, inv, &prefix[i]); /* 1/(c.x - o.x) */
		FN(mul_diff)(inv, inv, &c[i].x, &o[i].x);
		FN(mul_diff)(&l, &t, &c[i].y, &o[i].y);
		FN(sqr_sub2)(&plus.x, &l, &c[i].x, &o[i].x);
		FN(mul_diff_sub)(&plus.y, &l, &c[i].x, &plus.x, &c[i].y);
		FN(minus)(&minus.y, &o[i].y);
		FN(mul_diff)(&l, &t, &c[i].y, &minus.y);
		FN(sqr_sub2)(&o[i].x, &l, &c[i].x, &o[i].x);
		FN(mul_diff_sub)(&o[i].y, &l, &c[i].x, &o[i].x, &c[i].y);
		c[i] = plus;
	}
}

static inline void CN(tidy)(CN(sum) *a)
{
	FN(tidy)(&a->x);
	FN(tidy)(&a->y);
}

/* Powers of g: y stands for the class of 1 + i*y, so a + b is (a + b)/(1 - ab).  All are tight; no
 * denominator is 0: that class has order 2. */
typedef struct {
	FE prefix, ab, d;
} PN(step);

static inline void PN(neg)(FE *r, const FE *a)
{
	FN(neg)(r, a);
}

static inline void PN(tidy)(FE *a)
{
	FN(tidy)(a);
}

/* 2M, then 2M. */
static inline void PN(add_forward)(FE *run, PN(step) *s, const FE *a, const FE *b, size_t n)
{
	FE one;

	FN(set_one)(&one);
	for (size_t i = 0; i < n; i++) {
		FN(mul)(&s[i].d, &a[i], &b[i]);
		FN(sub16)(&s[i].d, &one, &s[i].d);
		s[i].prefix = *run;
		FN(mul)(run, run, &s[i].d);
	}
}

static inline void PN(add_backward)(FE *inv, FE *a, const FE *b, const PN(step) *s, size_t n)
{
	FE t;

	for (size_t i = n; i-- > 0;) {
		FN(mul)(&t, inv, &s[i].prefix); /* 1/(1 - ab) */
		FN(mul)(inv, inv, &s[i].d);
		FN(add)(&a[i], &a[i], &b[i]);
		FN(mul)(&a[i], &t, &a[i]);
	}
}

/* (c, o) = (c + o, c - o): with u = co and d = 1 - u^2, (c + o)(1 + u)/d and (c - o)(1 - u)/d.
 * 2M + 1S, then 5M. */
static inline void PN(pair_forward)(FE *run, PN(step) *s, const FE *c, const FE *o, size_t n)
{
	FE one;

	FN(set_one)(&one);
	for (size_t i = 0; i < n; i++) {
		FN(mul)(&s[i].ab, &c[i], &o[i]);
		FN(sqr)(&s[i].d, &s[i].ab);
		FN(sub16)(&s[i].d, &one, &s[i].d);
		s[i].prefix = *run;
		FN(mul)(run, run, &s[i].d);
	}
}

static inline void PN(pair_backward)(FE *inv, FE *c, FE *o, const PN(step) *s, size_t n)
{
	FE t, u, up, down;

	for (size_t i = n; i-- > 0;) {
		FN(mul)(&t, inv, &s[i].prefix);
		FN(mul)(inv, inv, &s[i].d);
		FN(mul)(&u, &t, &s[i].ab);
		FN(add)(&up, &t, &u);
		FN(sub16)(&down, &t, &u);
		FN(add)(&u, &c[i], &o[i]);
		FN(mul_diff)(&o[i], &down, &c[i], &o[i]);
		FN(mul)(&c[i], &up, &u);
	}
}
