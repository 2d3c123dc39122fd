/* sakke_check_tmpl.h -- the left side of the check of a block, for any field element FE.
 *
 * Needs edwards_tmpl.h and fp2_tmpl.h for the same FE; KN(name) are the names to define.  With an element
 * of eight lanes these are eight sides beside each other.
 */

typedef struct {
	FE s, k; /* of the map to Edwards form */
	ED(extended) points, next, twice;
	F2(elt) power;
	FE t, u;
} KN(side);

/* The neutral elements. */
static void KN(start)(KN(side) *w)
{
	FN(set_zero)(&w->points.x);
	FN(set_one)(&w->points.y);
	FN(set_one)(&w->points.z);
	FN(set_zero)(&w->points.t);
	FN(set_one)(&w->power.re);
	FN(set_zero)(&w->power.im);
}

static void KN(twice)(KN(side) *w)
{
	w->twice = w->points;
	ED(add)(&w->points, &w->twice);
	F2(sqr)(&w->power, &w->power);
}

/* points = 2*points + R, power = power^2 * (1 + i*gr).  36M. */
static void KN(add)(KN(side) *w, const CN(point) *r, const FE *gr)
{
	KN(twice)(w);
	ED(from_affine)(&w->next, r, &w->s, &w->k);
	ED(add)(&w->points, &w->next);
	FN(mul2)(&w->t, &w->power.im, gr, &w->u, &w->power.re, gr);
	FN(sub16)(&w->power.re, &w->power.re, &w->t);
	FN(add)(&w->power.im, &w->power.im, &w->u);
}
