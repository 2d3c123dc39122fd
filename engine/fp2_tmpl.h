/* fp2_tmpl.h -- F_p^2 = F_p[i], i^2 = -1, for any field element FE (see curve_tmpl.h for FN). */

typedef struct {
	FE re, im;
} F2(elt);

/* r = a*b, Karatsuba: 3M.  r may be a or b. */
static inline void F2(mul)(F2(elt) *r, const F2(elt) *a, const F2(elt) *b)
{
	FE rr, ii, s, t;

	FN(add)(&s, &a->re, &a->im);
	FN(add)(&t, &b->re, &b->im);
	FN(mul)(&s, &s, &t);
	FN(mul)(&rr, &a->re, &b->re);
	FN(mul)(&ii, &a->im, &b->im);
	FN(sub16)(&r->re, &rr, &ii);
	FN(sub16)(&s, &s, &rr);
	FN(sub16)(&r->im, &s, &ii);
}

/* r = a^2: 2M.  r may be a. */
static inline void F2(sqr)(F2(elt) *r, const F2(elt) *a)
{
	FE s, t;

	FN(add)(&s, &a->re, &a->im);
	FN(sub16)(&t, &a->re, &a->im);
	FN(mul)(&r->im, &a->re, &a->im);
	FN(mul)(&r->re, &s, &t);
	FN(add)(&r->im, &r->im, &r->im);
}

/* r = a*(1 + i*y): 2M.  a and r are kept values, y is a factor.  r may be a. */
static inline void F2(mul_one_plus)(F2(elt) *r, const F2(elt) *a, const FE *y)
{
	FE s, t;

	FN(lift)(&s, &a->im);
	FN(mul)(&s, &s, y);
	FN(lift)(&t, &a->re);
	FN(mul)(&t, &t, y);
	FN(sub)(&r->re, &a->re, &s);
	FN(add)(&r->im, &a->im, &t);
}
