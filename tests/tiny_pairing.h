/* tiny_pairing.h -- the Tate-Lichtenbaum pairing of points of the small curve by the textbook, and the plan
 * of lines.h for the small q. */
#ifndef KM_TESTS_TINY_PAIRING_H
#define KM_TESTS_TINY_PAIRING_H

#include "tiny.h"

#include "engine/curve/lines.h"

/* What the templates know as lines_plan. */
static struct {
	lines_step step[32];
	size_t steps, ops, coefs;
} tiny_plan;

#define lines_plan  tiny_plan.step
#define LINES_STEPS tiny_plan.steps
#define LINES_OPS   tiny_plan.ops

/* The digits 0, 1, -1 of q; gives the number of the first one. */
static inline int tiny_digits(int *digit)
{
	int n = 0;

	for (int64_t q = tiny.q; q; q /= 2) {
		digit[n] = q % 2 ? 2 - (int)(q % 4) : 0;
		q -= digit[n++];
	}
	return n - 1;
}

static inline void tiny_step(lines_kind kind, int digit)
{
	tiny_plan.step[tiny_plan.steps++] = (lines_step){(uint8_t)kind, digit < 0};
	tiny_plan.ops += kind == DOUBLE2_ADD ? 3 : 2;
	tiny_plan.coefs += lines_coefs(kind);
}

/* As lines_init. */
static inline void tiny_plan_choose(uint32_t q)
{
	int digit[32] = {0}, i;

	tiny_choose(q);
	tiny_plan.steps = tiny_plan.ops = tiny_plan.coefs = 0;
	i = tiny_digits(digit);
	assert_int_equal(digit[0], -1);
	while (i > 2) {
		int add = digit[i - 1] ? 1 : 2;

		if (digit[i - add])
			tiny_step(add == 1 ? DOUBLE_ADD : DOUBLE2_ADD, digit[i - add]);
		else
			tiny_step(DOUBLE2, 0);
		i -= add;
	}
	assert_int_equal(i, 2); /* only such q are like the large one */
	tiny_step(DOUBLE2, 0);
}

/* The line through points i and j, or the tangent, at the image (-x, iy) of point at. */
static inline tiny2 tiny_line(uint32_t i, uint32_t j, uint32_t at)
{
	tiny_point a = tiny.point[i], q = tiny.point[at];
	uint32_t run = tiny_neg(tiny_add(q.x, a.x));

	if (i + j == tiny.n)
		return (tiny2){run, 0};
	return (tiny2){tiny_neg(tiny_add(a.y, tiny_mul(tiny_slope(a, tiny.point[j]), run))), q.y};
}

/* f times that over the vertical line through i + j; -x is of no point, so nothing is 0. */
static inline tiny2 tiny_miller_step(tiny2 f, uint32_t i, uint32_t j, uint32_t at)
{
	uint32_t sum = tiny_index(i, j), below = 1;

	if (sum)
		below = tiny.inv[tiny_neg(tiny_add(tiny.point[at].x, tiny.point[sum].x))];
	f = tiny2_mul(f, tiny_line(i, j, at));
	return tiny2_mul(f, (tiny2){below, 0});
}

/* Of point k of order q and any point with y not 0: of order q in F_p^2. */
static inline tiny2 tiny_tate(uint32_t k, uint32_t at)
{
	tiny2 f = {1, 0};
	uint32_t c = k;
	int bit = 31 - __builtin_clz(tiny.q);

	while (bit-- > 0) {
		f = tiny_miller_step(tiny2_mul(f, f), c, c, at);
		c = tiny_index(c, c);
		if (tiny.q >> bit & 1) {
			f = tiny_miller_step(f, c, k, at);
			c = tiny_index(c, k);
		}
	}
	return tiny2_pow(f, 4 * (uint64_t)(tiny.p - 1)); /* (p^2 - 1)/q */
}

/* v^(p - 1) = conj(v)/v: what is left of a value whose factors in F_p mean nothing. */
static inline tiny2 tiny_class(tiny2 v)
{
	tiny2 conj = {v.re, tiny_neg(v.im)};
	uint32_t norm = tiny_add(tiny_mul(v.re, v.re), tiny_mul(v.im, v.im));
	tiny2 up = tiny2_mul(conj, conj);

	return (tiny2){tiny_div(up.re, norm), tiny_div(up.im, norm)};
}

#endif
