/* pairing_tmpl.h -- the Tate-Lichtenbaum pairing of RFC 6508 3.2, for any field element FE.
 *
 * Needs curve_tmpl.h and fp2_tmpl.h for the same FE; PN(name) are the names to define.
 * Factors in F_p leave the class of a value in PF_p alone, so that every division is cleared: with
 * (x, y, z) the point C before a step in Jacobian coordinates and z3 of the point after it,
 *   the tangent times z3*z^2:  slope*(Qx*z^2 + x) - 2y^2   +  i*(z3*z^2*Qy)
 *   the chord times z3:        slope*(Qx + Kx) - z3*Ky     +  i*(z3*Qy)
 * 13M + 4S a doubling, 14M + 3S an addition.
 */

/* v = v^2 * the tangent at c, c = 2c. */
static inline void PN(dbl)(F2(elt) *v, CN(jac) *c, const CN(point) *q)
{
	F2(elt) value;
	CN(line) line;
	FE x = c->x;

	F2(sqr)(v, v);
	CN(dbl)(c, &line);
	FN(mul2)(&value.re, &q->x, &line.zz, &value.im, &c->z, &line.zz);
	FN(add)(&value.re, &value.re, &x);
	FN(mul2)(&value.re, &value.re, &line.slope, &value.im, &value.im, &q->y);
	FN(sub16)(&value.re, &value.re, &line.yy2);
	VERIFY(FN(is_between)(&value.re, 0, 18) && FN(is_between)(&value.im, 0, 2));
	F2(mul)(v, v, &value);
}

/* v = v * the chord through c and k, c = c + k; qk = q.x + k.x. */
static inline void PN(add)(F2(elt) *v, CN(jac) *c, const CN(point) *k, const CN(point) *q,
		const FE *qk)
{
	F2(elt) value;
	CN(line) line;
	FE t;

	CN(add_affine)(c, &line, k);
	FN(mul2)(&value.re, &line.slope, qk, &t, &c->z, &k->y);
	FN(sub16)(&value.re, &value.re, &t);
	FN(mul)(&value.im, &c->z, &q->y);
	VERIFY(FN(is_between)(&value.re, 0, 18) && FN(is_between)(&value.im, 0, 2));
	F2(mul)(v, v, &value);
}

/* *v = the product of all lines through multiples of k, at q; its class to the power 4 is <k, q>.
 * Both points may be secret: the loop runs over lines_plan alone.  k is tight. */
static inline void PN(miller)(F2(elt) *v, const CN(point) *k, const CN(point) *q)
{
	CN(point) minus = *k;
	CN(jac) c;
	FE qk;

	FN(set_zero)(&qk);
	FN(sub16)(&minus.y, &qk, &k->y);
	FN(add)(&qk, &q->x, &k->x);
	c.x = k->x;
	c.y = k->y;
	FN(set_one)(&c.z);
	FN(set_one)(&v->re);
	FN(set_zero)(&v->im);
	for (size_t i = 0; i < LINES_STEPS; i++) {
		lines_step step = lines_plan[i];

		PN(dbl)(v, &c, q);
		if (step.kind != DOUBLE_ADD)
			PN(dbl)(v, &c, q);
		if (step.kind != DOUBLE2)
			PN(add)(v, &c, step.minus ? &minus : k, q, &qk);
	}
	F2(sqr)(v, v);
	F2(sqr)(v, v);
	wipe(&c, sizeof c);
	wipe(&minus, sizeof minus);
	wipe(&qk, sizeof qk);
}
