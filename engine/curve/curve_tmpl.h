/* curve_tmpl.h -- point formulas on E: y^2 = x^3 - 3x, for any field element FE.
 *
 * Before inclusion: FE is the element type, FN(op) its operations, CN(name) the names to define.
 * FN(mul2) and FN(sqr2) are two products and two squares, of which the first result is no operand
 * of the second.  CN(point) has two coordinates FE, and CN(sum), a point as affine additions leave it,
 * has two that may be negative: in eight lanes that is another type, which may be subtracted again but is
 * no factor.  What else differs between one element and eight lanes is only how values grow: bounds are
 * in the header of FE, and asserted here, FN(is_between) as multiples of p.
 *   FN(mul_diff)      a*(b - c), b and c of either type
 *   FN(mul_diff_sub)  a*(b - c) - d, may be negative
 *   FN(sqr_sub2)      a^2 - b - c, may be negative
 *   FN(mul_diff_sqr)  a*(b - c), and d^2 beside it
 *   FN(mul_add2)      a*b + c*d + e
 *   FN(mul_lift)      a*b - c, not negative
 *   FN(sub16)         a - b, not negative and small; b below 16p
 *   FN(sub64)         the same for b below 64p
 *   FN(canon)         a value of either type, made small and not negative
 *   FN(tidy)          the same in its place
 * For a canonical element they are just what they say, and nothing is ever untidy.
 */

typedef struct {
	FE x, y, z; /* (x/z^2, y/z^3); z = 0: infinity, or an addition that met an exceptional case */
} CN(jac);

/* First half of n additions of a and b that share an inversion: prefix[i] = run * d[0] * .. * d[i-1],
 * with d = b.x - a.x, and run becomes run * d[0] * .. * d[n-1].  1M each. */
static inline void CN(add_forward)(FE *run, FE *prefix, const CN(sum) *a, const CN(sum) *b,
		size_t n)
{
	if (n > 0)
		prefix[0] = *run;
	for (size_t i = 0; i < n; i++)
		FN(mul_diff)(i + 1 < n ? &prefix[i + 1] : run, &prefix[i], &b[i].x, &a[i].x);
}

/* Second half of one of them, r = a + b: inv is the inverse of what run was after it, and becomes the
 * inverse of what it was before, prefix.  Where the CN(lanes) masks of sign are all ones, -b is added;
 * NULL: nowhere.  r may be b.  4M + 1S. */
static inline void CN(add_back)(CN(sum) *r, FE *inv, const CN(sum) *a, const CN(sum) *b,
		const FE *prefix, const uint64_t *sign)
{
	FE l, t;

	FN(mul)(&t, inv, prefix); /* 1/d */
	FN(mul_diff)(inv, inv, &b->x, &a->x);
	if (sign) /* l = (y2 - y1)/(x2 - x1) */
		FN(mul_sdiff)(&l, &t, &b->y, &a->y, sign);
	else
		FN(mul_diff)(&l, &t, &b->y, &a->y);
	FN(sqr_sub2)(&r->x, &l, &a->x, &b->x); /* x3 = l^2 - x1 - x2 */
	FN(mul_diff_sub)(&r->y, &l, &a->x, &r->x, &a->y); /* y3 = l*(x1 - x3) - y1 */
}

/* Second half of n additions b += a, from the last to the first, with the signs of b. */
static inline void CN(add_backward_signed)(FE *inv, const CN(sum) *a, CN(sum) *b,
		const FE *prefix, const uint64_t *sign, size_t n)
{
	for (size_t i = n; i-- > 0;)
		CN(add_back)(&b[i], inv, &a[i], &b[i], &prefix[i],
				sign ? sign + i * CN(lanes) : NULL);
}

/* The same of a += b. */
static inline void CN(add_backward)(FE *inv, CN(sum) *a, const CN(sum) *b, const FE *prefix,
		size_t n)
{
	CN(sum) sum;

	for (size_t i = n; i-- > 0;) {
		CN(add_back)(&sum, inv, &a[i], &b[i], &prefix[i], NULL);
		a[i] = sum;
	}
}

/* What the line of a Miller step is made from. */
typedef struct {
	FE slope; /* l * z3: the numerator of the slope */
	FE zz;    /* z^2 of the point before the step */
	FE yy2;   /* 2 * y^2 of the point before the step (doublings only) */
	FE grew;  /* z3/z */
} CN(line);

/* c = 2c, and the tangent at c.  4M + 4S. */
static inline void CN(dbl)(CN(jac) *c, CN(line) *line)
{
	FE yy, beta, t;

	FN(sqr2)(&line->zz, &c->z, &yy, &c->y);
	FN(sub16)(&line->slope, &c->x, &line->zz);
	FN(add)(&t, &c->x, &line->zz);
	FN(mul2)(&beta, &c->x, &yy, &line->slope, &line->slope, &t);
	FN(add)(&t, &line->slope, &line->slope);
	FN(add)(&line->slope, &line->slope, &t); /* 3(x^2 - z^4) */
	FN(add)(&line->yy2, &yy, &yy);
	FN(add)(&line->grew, &c->y, &c->y);
	FN(add)(&beta, &beta, &beta);
	FN(add)(&beta, &beta, &beta); /* 4xy^2 */
	FN(mul2)(&c->z, &c->z, &line->grew, &c->x, &line->slope, &line->slope); /* z3 = 2yz */
	FN(add)(&t, &beta, &beta);
	FN(sub16)(&c->x, &c->x, &t); /* x3 = slope^2 - 8xy^2 */
	FN(mul_diff_sqr)(&t, &line->slope, &beta, &c->x, &yy, &line->yy2); /* yy = 4y^4 */
	FN(add)(&yy, &yy, &yy);
	FN(sub16)(&c->y, &t, &yy); /* y3 = slope*(4xy^2 - x3) - 8y^4 */
	VERIFY(FN(is_between)(&c->x, 0, 18) && FN(is_between)(&c->y, 0, 18));
}

/* c = c + p, and the chord through both.  c = +-p gives z = 0, which no later step leaves.
 * 8M + 3S. */
static inline void CN(add_affine)(CN(jac) *c, CN(line) *line, const CN(point) *p)
{
	FE h, hh, hhh, v, t;

	FN(sqr)(&line->zz, &c->z);
	FN(mul2)(&h, &p->x, &line->zz, &t, &c->z, &line->zz);
	FN(mul)(&t, &p->y, &t);
	FN(sub64)(&line->slope, &t, &c->y);
	FN(sub64)(&h, &h, &c->x);
	line->grew = h;
	FN(mul2)(&c->z, &c->z, &h, &hh, &h, &h); /* z3 = z*h */
	FN(mul2)(&hhh, &h, &hh, &v, &c->x, &hh);
	FN(mul2)(&t, &c->y, &hhh, &c->x, &line->slope, &line->slope);
	FN(sub16)(&c->x, &c->x, &hhh);
	FN(add)(&hh, &v, &v);
	FN(sub16)(&c->x, &c->x, &hh); /* x3 = slope^2 - h^3 - 2*x*h^2 */
	FN(sub64)(&v, &v, &c->x);
	FN(mul)(&v, &v, &line->slope);
	FN(sub16)(&c->y, &v, &t); /* y3 = slope*(x*h^2 - x3) - y*h^3 */
	VERIFY(FN(is_between)(&c->x, 0, 34) && FN(is_between)(&c->y, 0, 18));
}
