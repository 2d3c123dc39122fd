/* pairing_tmpl.h -- the Tate-Lichtenbaum pairing of RFC 6508 3.2, for any field element FE.
 *
 * Needs curve_tmpl.h and fp2_tmpl.h for the same FE; PN(name) are the names to define.
 * Factors in F_p leave the class of a value in PF_p alone, so that every division is cleared: with
 * (x, y, z) the point C before a step in Jacobian coordinates and z3 of the point after it,
 *   the tangent times z3*z^2:  slope*(Qx*z^2 + x) - 2y^2   +  i*(z3*z^2*Qy)
 *   the chord times z3:        slope*(Qx + Kx) - z3*Ky     +  i*(z3*Qy)
 */

/* *v = the product of all lines through multiples of k, at q; its class to the power 4 is <k, q>.
 * c = [q-1]k as the loop leaves it.  Both points may be secret: the loop runs over the bits of q - 1
 * alone. */
static inline void PN(miller)(F2(elt) *v, CN(jac) *c, const CN(point) *k, const CN(point) *q)
{
	FE qk, t;
	F2(elt) value;
	CN(line) line;

	c->x = k->x;
	c->y = k->y;
	FN(set_one)(&c->z);
	FN(set_one)(&v->re);
	FN(set_zero)(&v->im);
	FN(add)(&qk, &q->x, &k->x);
	for (int i = Q_BITS - 2; i >= 0; i--) {
		F2(sqr)(v, v);
		t = c->x;
		CN(dbl)(c, &line);
		FN(mul)(&value.re, &q->x, &line.zz);
		FN(add)(&value.re, &value.re, &t);
		FN(mul)(&value.re, &value.re, &line.slope);
		FN(sub16)(&value.re, &value.re, &line.yy2);
		FN(mul)(&value.im, &c->z, &line.zz);
		FN(mul)(&value.im, &value.im, &q->y);
		F2(mul)(v, v, &value);
		if (i == 0 || !(params_q[i / 64] >> i % 64 & 1)) /* q - 1 differs from q in bit 0 */
			continue;
		CN(add_affine)(c, &line, k);
		FN(mul)(&value.re, &line.slope, &qk);
		FN(mul)(&t, &c->z, &k->y);
		FN(sub16)(&value.re, &value.re, &t);
		FN(mul)(&value.im, &c->z, &q->y);
		F2(mul)(v, v, &value);
	}
	F2(sqr)(v, v);
	F2(sqr)(v, v);
}
