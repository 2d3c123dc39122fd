/* lines_tmpl.h -- the functions of lines.h evaluated, for any field element FE.
 *
 * Needs curve_tmpl.h and fp2_tmpl.h for the same FE, and LN(source) with
 *   LN(load)(FE *c, const LN(source) *s, size_t at, unsigned n)    n coefficients, canonical
 * LN(name) are the names to define.  Coefficients may be in another Montgomery form than products
 * are, that is, all of them times a constant of F_p: what is added to them must be so too.
 */

/* The powers of Q = (x, y) that are multiplied, below 17p, and those that are added. */
typedef struct {
	FE nx, xx, y, ny, xy;    /* -x, x^2, y, -y, xy */
	FE x1, xx1, nxxx1;       /* x, x^2, -x^3 in the form of the coefficients */
} LN(powers);

/* f = the function of one step at Q; c is used up.  2M, 3M or 4M. */
static inline void LN(value)(F2(elt) *f, FE *c, lines_kind kind, const LN(powers) *q)
{
	switch (kind) {
	case DOUBLE_ADD:
		FN(mul2)(&f->re, &q->nx, &c[1], &f->im, &q->ny, &c[2]);
		FN(add)(&f->re, &f->re, &c[0]);
		FN(add)(&f->re, &f->re, &q->xx1);
		break;
	case DOUBLE2:
		FN(mul_add2)(&f->re, &q->nx, &c[1], &q->xx, &c[2], &c[0]);
		FN(mul_diff)(&f->im, &q->y, &q->x1, &c[3]);
		break;
	case DOUBLE2_ADD:
		FN(mul_add2)(&f->re, &q->nx, &c[1], &q->xx, &c[2], &c[0]);
		FN(add)(&f->re, &f->re, &q->nxxx1);
		FN(mul2)(&f->im, &q->y, &c[3], &c[0], &q->xy, &c[4]);
		FN(add)(&f->im, &f->im, &c[0]);
	}
	VERIFY(FN(is_between)(&f->re, 0, 5) && FN(is_between)(&f->im, 0, 5));
}

/* v = the product of all steps, to the power 4. */
static inline void LN(product)(F2(elt) *v, const LN(source) *source, const LN(powers) *q)
{
	FE c[LINES_STEP_COEFS];
	F2(elt) f;
	size_t at = 0;

	VERIFY(FN(is_between)(&q->nx, 0, 17) && FN(is_between)(&q->ny, 0, 17));
	FN(set_one)(&v->re);
	FN(set_zero)(&v->im);
	for (size_t i = 0; i < LINES_STEPS; i++) {
		lines_kind kind = lines_plan[i].kind;

		LN(load)(c, source, at, lines_coefs(kind));
		at += lines_coefs(kind);
		LN(value)(&f, c, kind, q);
		F2(sqr)(v, v);
		if (kind != DOUBLE_ADD)
			F2(sqr)(v, v);
		F2(mul)(v, v, &f);
	}
	F2(sqr)(v, v);
	F2(sqr)(v, v);
	wipe(c, sizeof c);
	wipe(&f, sizeof f);
}
