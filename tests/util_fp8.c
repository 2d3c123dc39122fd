/* util_fp8.c -- eight lanes and GMP, and values where carries happen. */
#include "util_fp8.h"

#include "util.h"

#define TOP  (FP8_LIMBS - 1)
#define MASK (((uint64_t)1 << 52) - 1)

uint64_t edge_draw(void)
{
	static uint64_t seed = 8;

	return draw(&seed);
}

void limbs_to_mpz(mpz_t z, const uint64_t v[FP8_LIMBS])
{
	mpz_import(z, FP8_LIMBS, -1, sizeof *v, 0, 12, v);
}

void lane_to_mpz(mpz_t z, const fp8 *a, int lane)
{
	mpz_set_si(z, (long)a->v[TOP][lane]);
	for (int i = TOP - 1; i >= 0; i--) {
		mpz_mul_2exp(z, z, 52);
		mpz_add_ui(z, z, a->v[i][lane]);
	}
}

void lane_from_mpz(fp8 *r, const mpz_t z, int lane)
{
	mpz_t t;

	mpz_init_set(t, z);
	for (int i = 0; i < TOP; i++) {
		mpz_t low;

		mpz_init(low);
		mpz_fdiv_r_2exp(low, t, 52);
		r->v[i][lane] = mpz_get_ui(low);
		mpz_fdiv_q_2exp(t, t, 52);
		mpz_clear(low);
	}
	r->v[TOP][lane] = (uint64_t)mpz_get_si(t);
	mpz_clear(t);
}

/* Limbs of which a quarter each is 0 and all ones. */
static uint64_t edge_limb(void)
{
	uint64_t x = edge_draw();

	switch (edge_draw() % 4) {
	case 0: return 0;
	case 1: return MASK;
	default: return x & MASK;
	}
}

void edge_value(mpz_t z, const mpz_t bound)
{
	uint64_t v[FP8_LIMBS];
	mpz_t p;

	mpz_init(p);
	limbs_to_mpz(p, fp8_p);
	switch (edge_draw() % 8) {
	case 0:
		mpz_set_ui(z, edge_draw() % 2);
		break;
	case 1:
		mpz_sub_ui(z, bound, 1 + edge_draw() % 2);
		break;
	case 2:
		mpz_add_ui(z, p, 1);
		mpz_sub_ui(z, z, edge_draw() % 3);
		break;
	default:
		for (int i = 0; i < FP8_LIMBS; i++)
			v[i] = edge_limb();
		limbs_to_mpz(z, v);
	}
	mpz_fdiv_r(z, z, bound);
	mpz_clear(p);
}

void edge_lanes(fp8 *r, unsigned bits, int with_sign)
{
	mpz_t z, bound;

	mpz_inits(z, bound, NULL);
	mpz_setbit(bound, bits);
	for (int l = 0; l < FP8_LANES; l++) {
		edge_value(z, bound);
		if (with_sign && edge_draw() % 2)
			mpz_neg(z, z);
		lane_from_mpz(r, z, l);
	}
	mpz_clears(z, bound, NULL);
}
