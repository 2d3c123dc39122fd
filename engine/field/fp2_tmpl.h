/* fp2_tmpl.h -- F_p^2 = F_p[i], i^2 = -1, for any field element FE (see curve/curve_tmpl.h for FN).
 *
 * The parts of products and squares are factors: re < 18p, im < 34p, and of squares re tight,
 * im < 2.3p.
 */

typedef struct {
	FE re, im;
} F2(elt);

/* r = a*b, Karatsuba: 3M.  a a product or square, both parts of b below 34p.  r may be a or b. */
static inline void F2(mul)(F2(elt) *r, const F2(elt) *a, const F2(elt) *b)
{
	FE rr, ii, s, t;

	FN(add)(&s, &a->re, &a->im);
	FN(add)(&t, &b->re, &b->im);
	FN(mul2)(&rr, &a->re, &b->re, &ii, &a->im, &b->im);
	FN(mul)(&s, &s, &t);
	FN(sub16)(&r->re, &rr, &ii);
	FN(sub16)(&s, &s, &rr);
	FN(sub16)(&r->im, &s, &ii);
	VERIFY(FN(is_between)(&r->re, 0, 18) && FN(is_between)(&r->im, 0, 34));
}

/* r = a^2: 2M.  a a product or square.  r may be a. */
static inline void F2(sqr)(F2(elt) *r, const F2(elt) *a)
{
	FE s, t;

	FN(add)(&s, &a->re, &a->im);
	FN(sub64)(&t, &a->re, &a->im);
	VERIFY(FN(is_between)(&s, 0, 52) && FN(is_between)(&t, 0, 82));
	FN(mul2)(&r->im, &a->re, &a->im, &r->re, &s, &t);
	FN(add)(&r->im, &r->im, &r->im);
	VERIFY(FN(is_between)(&r->re, 0, 2) && FN(is_between)(&r->im, 0, 3));
}

/* a = -conj(a*(1 + i*y)) = (im*y - re) + i*(re*y + im): 2M, and the real part never needs two lifts.
 * n of them are what n multiplications by 1 + i*y, 1 - i*y, 1 + i*y, .. give, with -conj of it all
 * where n is odd.  y is a factor. */
static inline void F2(turn)(F2(elt) *a, const FE *y)
{
	FE t;

	FN(mul_lift)(&t, &a->im, y, &a->re);
	FN(mul_add)(&a->im, &a->re, y, &a->im);
	a->re = t;
}
