/* lines.h -- one's own key prepared for pairings: the functions of its Miller loop.
 *
 * The loop runs over the digits 0, 1, -1 of q, no two neighbours of which differ from 0, in steps
 * of one or two doublings and perhaps an addition of +-K: from the point C of the loop to the next
 * one, N = [2^n]C + D.  Tangents and chords of a step are taken together as the one function with
 * the divisor 2^n(C) + (D) + (-N) - ..(O): vertical lines are in F_p at the image of Q, and
 * factors in F_p change nothing.  On the curve it is A(x) + y*B(x) with
 *
 *   DOUBLE_ADD        A = x^2 + c1*x + c0               B = -c2
 *   DOUBLE2           A = c2*x^2 + c1*x + c0            B = -x - c3
 *   DOUBLE2_ADD       A = x^3 + c2*x^2 + c1*x + c0      B = -c4*x + c3
 *
 * and at the image (-x, i*y) of Q = (x, y) it is A(-x) + i*y*B(-x).  A value v goes to v^2 or v^4
 * times it.  K of order q and Q with y not 0: no value is ever 0, for A + y*B vanishes at points
 * over F_p alone.  [5 559 M for a pairing, 2 393 coefficients]
 */
#ifndef KM_LINES_H
#define KM_LINES_H

#include "curve.h"

typedef enum { DOUBLE_ADD, DOUBLE2, DOUBLE2_ADD } lines_kind;

typedef struct {
	uint8_t kind;
	uint8_t minus; /* D = -K */
} lines_step;

enum {
	LINES_STEPS = 562,
	LINES_OPS = 1372,      /* doublings and additions */
	LINES_COEFS = 2393,
	LINES_STEP_COEFS = 5,  /* at most */
};

/* The steps, first to last; after lines_init. */
extern lines_step lines_plan[LINES_STEPS];

/* The number of coefficients of a step. */
static inline unsigned lines_coefs(lines_kind kind)
{
	return kind == DOUBLE_ADD ? 3 : kind == DOUBLE2 ? 4 : 5;
}

/* Once, before the others. */
void lines_init(void);

/* The coefficients c0, c1, .. of all steps, of a secret k on E; all ones in *order_q where k has
 * order q, which is not supposed: elsewhere coefs may be anything.  KM_ERANDOM, KM_ENOMEM. */
km_err lines_prepare(fp coefs[LINES_COEFS], uint64_t *order_q, const ec_point *k,
		const km_random *rnd);

/* v, whose class is <k, q> for the k of coefs; q on E.  Both may be secret. */
void lines_eval(fp2 *v, const fp coefs[LINES_COEFS], const ec_point *q);

#endif
