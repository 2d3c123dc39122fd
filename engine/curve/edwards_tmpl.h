/* edwards_tmpl.h -- complete additions on -x^2 + y^2 = 1 + x^2 y^2, for any field element FE.
 *
 * See edwards.h for what they are good for, curve_tmpl.h for FE and FN; ED(name) are the names to
 * define.  Beyond those of curve_tmpl.h, with a mask a lane:
 *   FN(cneg16)      -a where the mask is all ones, a where it is 0: for tight a a factor below 16p
 *   FN(mul_signed)  a*b, or -a*b where the mask is all ones
 * CN(point) is that of curve_tmpl.h.  Coordinates are tight before and after every function.
 */

typedef struct {
	FE x, y, z, t; /* (x/z, y/z), t = xy/z */
} ED(extended);

typedef struct {
	FE diff, sum, both; /* (y - x)/2, (y + x)/2, xy */
} ED(entry);

/* r = the sum whose parts are (E, F, G, H) = (h - 2a, f, g, h), as in the formulas of the literature. */
static inline void ED(finish)(ED(extended) *r, FE *a, const FE *f, const FE *g, const FE *h)
{
	FN(add)(a, a, a);
	VERIFY(FN(is_between)(a, 0, 3) && FN(is_between)(f, 0, 19) && FN(is_between)(g, 0, 5) &&
			FN(is_between)(h, 0, 3));
	FN(mul_diff)(&r->x, f, h, a); /* E*F */
	FN(mul)(&r->y, g, h);
	FN(mul)(&r->z, f, g);
	FN(mul_diff)(&r->t, h, h, a); /* E*H */
}

/* acc = e + acc, or e - acc where flip is all ones.  The halves in e make all of (E, F, G, H) halves,
 * which is the same point.  7M. */
static inline void ED(add_entry)(ED(extended) *acc, const ED(entry) *e, const uint64_t *flip)
{
	FE x, a, f, g, h;

	FN(cneg16)(&x, &acc->x, flip);
	FN(mul_diff)(&a, &e->diff, &acc->y, &x);
	FN(add)(&x, &acc->y, &x);
	FN(mul_add)(&h, &e->sum, &x, &a);
	FN(mul_signed)(&x, &e->both, &acc->t, flip);
	FN(sub16)(&f, &acc->z, &x);
	FN(add)(&g, &acc->z, &x);
	ED(finish)(acc, &a, &f, &g, &h);
}

/* acc = e.  No multiplication but for tidiness. */
static inline void ED(start)(ED(extended) *acc, const ED(entry) *e)
{
	FN(sub16)(&acc->x, &e->sum, &e->diff);
	FN(tidy)(&acc->x);
	FN(add)(&acc->y, &e->sum, &e->diff);
	FN(tidy)(&acc->y);
	FN(set_one)(&acc->z);
	acc->t = e->both;
}

/* acc = acc + b.  8M. */
static inline void ED(add)(ED(extended) *acc, const ED(extended) *b)
{
	FE x, y, a, f, g, h;

	FN(sub16)(&x, &acc->y, &acc->x);
	FN(mul_diff)(&a, &x, &b->y, &b->x);
	FN(add)(&x, &acc->y, &acc->x);
	FN(add)(&y, &b->y, &b->x);
	FN(mul_add)(&h, &x, &y, &a);
	FN(mul)(&x, &acc->t, &b->t);
	FN(add)(&x, &x, &x);
	FN(mul)(&y, &acc->z, &b->z);
	FN(add)(&y, &y, &y);
	FN(sub16)(&f, &y, &x);
	FN(add)(&g, &y, &x);
	ED(finish)(acc, &a, &f, &g, &h);
}

/* r = -r where mask is all ones. */
static inline void ED(cneg)(ED(extended) *r, const uint64_t *mask)
{
	FN(cneg16)(&r->x, &r->x, mask);
	FN(tidy)(&r->x);
	FN(cneg16)(&r->t, &r->t, mask);
	FN(tidy)(&r->t);
}

/* r = a, which is of odd order and not infinite; s and k are those of the map (edwards.h).  6M. */
static inline void ED(from_affine)(ED(extended) *r, const CN(point) *a, const FE *s, const FE *k)
{
	FE u, one, plus, minus, kx;

	FN(set_one)(&one);
	FN(mul)(&u, s, &a->x);
	FN(add)(&plus, &u, &one);
	FN(sub16)(&minus, &u, &one);
	FN(mul)(&kx, k, &a->x);
	FN(mul)(&r->x, &kx, &plus); /* x = k*u/v, y = (u - 1)/(u + 1) */
	FN(mul)(&r->y, &minus, &a->y);
	FN(mul)(&r->z, &plus, &a->y);
	FN(mul)(&r->t, &minus, &kx);
}

/* e = r, given half = 1/(2z).  3M. */
static inline void ED(to_entry)(ED(entry) *e, const ED(extended) *r, const FE *half)
{
	FE t;

	FN(mul_diff)(&e->diff, half, &r->y, &r->x);
	FN(add)(&t, &r->y, &r->x);
	FN(mul)(&e->sum, half, &t);
	FN(add)(&t, &r->t, &r->t);
	FN(mul)(&e->both, half, &t);
}

/* The way back takes the inverse of d: 0 for the neutral element alone. */
static inline void ED(denominator)(FE *d, const ED(extended) *a)
{
	FN(sub16)(d, &a->z, &a->y);
	FN(mul)(d, d, &a->x); /* the neutral element has x = 0 and y = z, others neither */
}

/* r = a, given inv = 1/d: u = (1 + y)/(1 - y), v = k*u/x.  6M. */
static inline void ED(to_affine)(CN(point) *r, const ED(extended) *a, const FE *inv, const FE *s_inv,
		const FE *k_over_s)
{
	FE zy;

	FN(add)(&zy, &a->z, &a->y);
	FN(mul)(&zy, &zy, inv);
	FN(mul)(&r->x, &zy, &a->x);
	FN(mul)(&r->x, &r->x, s_inv);
	FN(mul)(&r->y, &zy, &a->z);
	FN(mul)(&r->y, &r->y, k_over_s);
}
