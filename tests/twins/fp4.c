/* fp4.c -- the C twin of the kernels of four elements side by side, by that of the eight lanes. */
#include <string.h>

#include "twins.h"

typedef const uint64_t (*in)[8];

static void mul_c(uint64_t (*r)[8], in a, const uint64_t of_a[8], in b, const uint64_t of_b[8])
{
	fp8 x, y;

	memset(&x, 0, sizeof x);
	memset(&y, 0, sizeof y);
	for (int i = 0; i < FP8_LIMBS; i++)
		for (int e = 0; e < 4; e++) {
			x.v[i][e] = a[i % FP4_ROWS][of_a[2 * e + i / FP4_ROWS]];
			y.v[i][e] = b[i % FP4_ROWS][of_b[2 * e + i / FP4_ROWS]];
		}
	fp8_twin.mul(x.v, (in)x.v, (in)y.v);
	for (int i = 0; i < FP8_LIMBS; i++)
		for (int e = 0; e < 4; e++)
			r[i % FP4_ROWS][2 * e + i / FP4_ROWS] = x.v[i][e];
}

/* Lane l of row i that a plan asks for, 0 where it has none. */
static uint64_t taken(in a, int i, const fp4_order *of, unsigned has, int l)
{
	return has >> l & 1 ? a[i][of->from[l]] : 0;
}

static void mix_c(uint64_t (*r)[8], in a, const fp4_plan *plan, in p2)
{
	fp4 t;

	for (int e = 0; e < 4; e++) {
		uint64_t c = 0;

		for (int i = 0; i < FP8_LIMBS; i++) {
			int row = i % FP4_ROWS, l = 2 * e + i / FP4_ROWS;

			c += a[row][plan->first.from[l]] + taken(a, row, &plan->second, plan->has_second, l) +
					taken(a, row, &plan->third, plan->has_third, l) -
					taken(a, row, &plan->last, plan->has_last, l) +
					(plan->has_last >> l & 1 ? p2[row][l] : 0);
			t.v[row][l] = c & (((uint64_t)1 << 52) - 1);
			c = (uint64_t)((int64_t)c >> 52);
		}
	}
	memcpy(r, &t, sizeof t);
}

static void squares_c(uint64_t (*v)[8], size_t n)
{
	fp2_lanes lanes;
	fp8x2_elt x;
	fp8 s, t;

	memset(&x, 0, sizeof x);
	memcpy(&lanes, v, sizeof lanes);
	fp2_take(&x, 0, &lanes);
	for (; n > 0; n--) {
		fp8_twin.add(s.v, (in)x.re.v, (in)x.im.v);
		fp8_twin.lift(t.v, (in)x.re.v, (in)x.im.v, fp8_64p);
		fp8_twin.mul(x.im.v, (in)x.re.v, (in)x.im.v);
		fp8_twin.add(x.im.v, (in)x.im.v, (in)x.im.v);
		fp8_twin.mul(x.re.v, (in)s.v, (in)t.v);
	}
	fp2_put(&lanes, &x, 0);
	memcpy(v, &lanes, sizeof lanes);
}

const fp4_kernel fp4_twin = {"c", 0, mul_c, mix_c, squares_c};

const fp4_kernel *fp4_row(size_t i)
{
	size_t n = 0;

	while (n < i && fp4_kernels[n])
		n++;
	return fp4_kernels[n] ? fp4_kernels[n] : n == i ? &fp4_twin : NULL;
}
