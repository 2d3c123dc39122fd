/* parts8.h -- one pairing by eight lanes: its Miller loop cut into eight parts, one to a lane.
 *
 * The value v of the loop goes to v^2, or v^4, times the function of a step, so that of the steps of part l
 * alone, which begins with v = 1, comes v_l, and of all
 *
 *   v = (..(v_0^(2^n1) * v_1)^(2^n2) * v_2 ..)^(2^n7) * v_7
 *
 * with n_l the doublings of part l.  The parts are made side by side, with as many ticks as the longest one has
 * steps; a shorter one waits first.  Lanes do different steps at a tick: what they all may need is computed, and each
 * keeps its own by masks, which follow from lines_plan alone.
 */
#ifndef KM_PARTS8_H
#define KM_PARTS8_H

#include "curve8.h"
#include "lines.h"

/* Whether there are lanes, and they are faster than one element after the other. */
int parts8_pay(void);

/* As lines_eval.  [71 ticks of 11M in lanes, then 894 squares in F_p^2, one after the other] */
void parts8_eval(fp2 *v, const fp coefs[LINES_COEFS], const ec_point *q);

/* How many ticks n steps, or operations, take; which one lane l is at when so many are left after this tick, n where
 * it waits; 1 to begin with. */
static inline size_t parts8_ticks(size_t n)
{
	return (n + FP8_LANES - 1) / FP8_LANES;
}
size_t parts8_at(size_t n, size_t l, size_t left);
void parts8_one(fp8x2_elt *v);

/* v goes on by all parts; doublings[l]: those of part l.  Lane 7 of v counts, 1 to begin with in all lanes. */
void parts8_join(fp8x2_elt *v, const fp8x2_elt *parts, const unsigned doublings[FP8_LANES]);
/* r = v^4. */
void parts8_end(fp2 *r, const fp8x2_elt *v);

#endif
