/* curve8.c -- the blinded inversion of eight lanes. */
#include "curve8.h"

#include "secret.h"

km_err ec8_blinded_inv(fp8 *inv, uint64_t *zero, const fp8 *a, const km_random *rnd)
{
	struct {
		fp8 level[3], other[3], last;
		fp lane[FP8_LANES], one;
	} w;
	fp *out[FP8_LANES];
	const fp *in[FP8_LANES];
	km_err err;

	w.level[0] = *a;
	for (int s = 0; s < 3; s++) {
		fp8 *next = s < 2 ? &w.level[s + 1] : &w.last;

		fp8_rotate(&w.other[s], &w.level[s], 4 >> s);
		fp8_mul(next, &w.level[s], &w.other[s]);
	}
	for (int l = 0; l < FP8_LANES; l++) {
		out[l] = &w.lane[l];
		in[l] = &w.one;
	}
	fp8_to_lanes(out, &w.last);
	err = ec_blinded_inv(&w.one, zero, &w.lane[0], rnd);
	fp8_from_lanes(inv, in);
	for (int s = 2; s >= 0; s--)
		fp8_mul(inv, inv, &w.other[s]);
	wipe(&w, sizeof w);
	return err;
}
