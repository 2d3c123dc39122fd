/* lines_make_tmpl.h -- the functions of lines.h made from a key K, for one field element FE.
 *
 * Needs curve_tmpl.h for the same FE; LN(name) are the names to define, and before it
 *   LN(put)(fp *r, const FE *a)    a below 106p, canonical
 * Three passes over the doublings and additions ("ops") of the loop.  The Jacobian z of a point is
 * the product of what the ops so far multiplied it by, so that going back from the inverse of the
 * last z gives the inverse of each for one multiplication; slopes are affine then, and so are the
 * points.  Bounds: slopes are tight, points canonical, so tight as well.  Every difference is taken
 * with 16p or 64p more than fits; a factor is below 106p.
 */

/* Pass 1.  slope[i]/z: the slope of op i, z after it; grew[i]: what op i multiplied z by.  c: the
 * last point.  Per doubling 4M + 4S, per addition 8M + 3S. */
static void LN(climb)(FE *slope, FE *grew, CN(jac) *c, const CN(point) *k, const CN(point) *minus)
{
	CN(line) line;
	size_t op = 0;

	c->x = k->x;
	c->y = k->y;
	FN(set_one)(&c->z);
	for (size_t i = 0; i < LINES_STEPS; i++) {
		lines_step step = lines_plan[i];

		for (int n = step.kind == DOUBLE_ADD ? 1 : 2; n > 0; n--) {
			CN(dbl)(c, &line);
			slope[op] = line.slope;
			grew[op++] = line.grew;
		}
		if (step.kind == DOUBLE2)
			continue;
		CN(add_affine)(c, &line, step.minus ? minus : k);
		slope[op] = line.slope;
		grew[op++] = line.grew;
	}
	wipe(&line, sizeof line);
}

/* Pass 2, given the inverse of the last z.  2M an op. */
static void LN(descend)(FE *slope, const FE *grew, FE *inv)
{
	for (size_t op = LINES_OPS; op-- > 0;) {
		FN(mul2)(&slope[op], inv, &slope[op], inv, inv, &grew[op]);
	}
}

/* c goes on along a line of this slope through c and a point with x2: c + that.  1M + 1S. */
static void LN(go)(CN(point) *c, const FE *slope, const FE *x2)
{
	CN(sum) sum;

	FN(sqr_sub2)(&sum.x, slope, &c->x, x2);
	FN(mul_diff_sub)(&sum.y, slope, &c->x, &sum.x, &c->y);
	FN(canon)(&c->x, &sum.x);
	FN(canon)(&c->y, &sum.y);
	wipe(&sum, sizeof sum);
}

/* What the two kinds with one and with two doublings are made from. */
typedef struct {
	FE three;              /* 3 */
	FE e, b0, a1;          /* see two_doublings */
	FE ll, lll, t, u, w;
} LN(work);

/* The line of the addition to c = 2C, with slope l3, times the tangent of slope l1, over the
 * vertical between:
 *   A = x^2 + (x2 + l1*l3)x + x2*(x2 - l1*l3) - 3 + (l1 - l3)*y2     B = -(l1 + l3)
 * 4M. */
static void LN(double_add)(fp *out, const CN(point) *c, const FE *l1, const FE *l3, LN(work) *s)
{
	FN(mul)(&s->ll, l1, l3);
	FN(add)(&s->t, &c->x, &s->ll);
	LN(put)(&out[1], &s->t);
	FN(mul_diff)(&s->t, &c->x, &c->x, &s->ll);
	FN(mul_diff)(&s->u, &c->y, l1, l3);
	FN(add)(&s->t, &s->t, &s->u);
	FN(sub16)(&s->t, &s->t, &s->three);
	LN(put)(&out[0], &s->t);
	FN(add)(&s->t, l1, l3);
	LN(put)(&out[2], &s->t);
}

/* Two tangents of slopes l1, l2, the second at c = 2C: with e = 2*l1 + l2 and w = l1^2*l2
 *   A = -e*x^2 + a1*x + a0          B = x + b0
 *   a1 = y2 - x2*e - w              b0 = 2*x2 + l1^2 + 2*l1*l2
 *   a0 = y2*(3*x2 - l1^2 - 2*l1*l2 - 2*l2^2) - x2*(y2 - 2*x2*e - w)
 * Here e, b0 and a1 + 32p, t = x2*e, w; and ll = l1^2, lll = l1*l2.  3M + 1S. */
static void LN(two_doublings)(LN(work) *s, const CN(point) *c, const FE *l1, const FE *l2)
{
	FN(mul2)(&s->ll, l1, l1, &s->lll, l1, l2);
	FN(add)(&s->e, l1, l1);
	FN(add)(&s->e, &s->e, l2);
	FN(add)(&s->b0, &c->x, &s->lll);
	FN(add)(&s->b0, &s->b0, &s->b0);
	FN(add)(&s->b0, &s->b0, &s->ll);
	FN(mul2)(&s->w, l1, &s->lll, &s->t, &c->x, &s->e);
	FN(sub16)(&s->a1, &c->y, &s->t);
	FN(sub16)(&s->a1, &s->a1, &s->w);
	VERIFY(FN(is_between)(&s->a1, 0, 33));
}

/* The negative of these.  2M + 1S. */
static void LN(double2)(fp *out, const CN(point) *c, const FE *l2, LN(work) *s)
{
	LN(put)(&out[2], &s->e);
	LN(put)(&out[3], &s->b0);
	FN(sub64)(&s->u, &s->w, &c->y);
	FN(add)(&s->u, &s->u, &s->t);
	LN(put)(&out[1], &s->u); /* -a1 */
	FN(sub16)(&s->u, &s->a1, &s->t);
	FN(mul2)(&s->u, &c->x, &s->u, &s->w, l2, l2); /* x2*(y2 - 2*x2*e - w), l2^2 */
	FN(add)(&s->w, &s->w, &s->lll);
	FN(add)(&s->w, &s->w, &s->w);
	FN(add)(&s->w, &s->w, &s->ll);
	FN(sub16)(&s->w, &s->w, &c->x);
	FN(sub16)(&s->w, &s->w, &c->x);
	FN(sub16)(&s->w, &s->w, &c->x);
	VERIFY(FN(is_between)(&s->w, 0, 54));
	FN(mul_add)(&s->u, &c->y, &s->w, &s->u);
	LN(put)(&out[0], &s->u);
}

/* The same times the chord of slope l3 at c = 4C, over the vertical there: with m = x4^2 - 3 -
 * l3*y4, k = y4 - l3*x4 and d = a1 - y4 - e*x4
 *   A = x^3 + (x4 + b0 + e*l3)x^2 + (m + b0*x4 - d*l3 + e*k)x + b0*m - d*k
 *   B = -(e + l3)x + d - l3*b0                                                          10M + 1S */
static void LN(double2_add)(fp *out, const CN(point) *c, const FE *l3, LN(work) *s)
{
	FE *d = &s->a1, *m = &s->w, *k = &s->lll;

	FN(mul2)(&s->t, &s->e, &c->x, &s->u, l3, &s->b0);
	FN(sub16)(d, d, &s->t);
	FN(sub16)(d, d, &c->y);
	FN(sub16)(&s->u, d, &s->u);
	VERIFY(FN(is_between)(d, 0, 65) && FN(is_between)(&s->u, 0, 81));
	LN(put)(&out[3], &s->u);
	FN(mul2)(&s->t, &s->e, l3, k, l3, &c->x);
	FN(add)(&s->t, &s->t, &s->b0);
	FN(add)(&s->t, &s->t, &c->x);
	LN(put)(&out[2], &s->t);
	FN(sub16)(k, &c->y, k);
	FN(mul2)(m, &c->x, &c->x, &s->t, l3, &c->y);
	FN(sub16)(m, m, &s->three);
	FN(sub16)(m, m, &s->t);
	VERIFY(FN(is_between)(m, 0, 34) && FN(is_between)(k, 0, 18));
	FN(mul2)(&s->t, &s->b0, &c->x, &s->u, &s->e, k);
	FN(add)(&s->u, &s->u, &s->t);
	FN(add)(&s->u, &s->u, m);
	FN(add)(&s->e, &s->e, l3);
	LN(put)(&out[4], &s->e);
	FN(mul2)(&s->t, l3, d, &s->e, &s->b0, m);
	FN(sub16)(&s->u, &s->u, &s->t);
	LN(put)(&out[1], &s->u);
	VERIFY(FN(is_between)(&s->u, 0, 52));
	FN(mul)(&s->t, d, k);
	FN(sub16)(&s->e, &s->e, &s->t);
	LN(put)(&out[0], &s->e);
}

/* Pass 3. */
static void LN(coefs)(fp *out, const FE *slope, const CN(point) *k)
{
	CN(point) c = *k;
	LN(work) s;

	FN(set_one)(&s.t);
	FN(add)(&s.three, &s.t, &s.t);
	FN(add)(&s.three, &s.three, &s.t);
	for (size_t i = 0; i < LINES_STEPS; i++) {
		lines_kind kind = lines_plan[i].kind;
		const FE *l = slope;

		LN(go)(&c, l, &c.x);
		if (kind == DOUBLE_ADD) {
			LN(double_add)(out, &c, &l[0], &l[1], &s);
		} else {
			LN(two_doublings)(&s, &c, &l[0], &l[1]);
			if (kind == DOUBLE2)
				LN(double2)(out, &c, &l[1], &s);
			LN(go)(&c, &l[1], &c.x);
			if (kind == DOUBLE2_ADD)
				LN(double2_add)(out, &c, &l[2], &s);
		}
		if (kind != DOUBLE2)
			LN(go)(&c, &l[kind == DOUBLE_ADD ? 1 : 2], &k->x);
		slope += kind == DOUBLE2_ADD ? 3 : 2;
		out += lines_coefs(kind);
	}
	wipe(&c, sizeof c);
	wipe(&s, sizeof s);
}
