/* util_fp8.h -- eight lanes and GMP, and values where carries happen. */
#ifndef KM_TESTS_UTIL_FP8_H
#define KM_TESTS_UTIL_FP8_H

#include "util.h"

#include <gmp.h>

#include "engine/field/fp8.h"

void limbs_to_mpz(mpz_t z, const uint64_t v[FP8_LIMBS]);

/* The value of a lane, its top limb signed; and back. */
void lane_to_mpz(mpz_t z, const fp8 *a, int lane);
void lane_from_mpz(fp8 *r, const mpz_t z, int lane);

/* The next number of a reproducible stream. */
uint64_t edge_draw(void);
/* Below bound; 0, 1, bound - 1, p, p + 1, limbs of 0 and of all ones more often than by chance. */
void edge_value(mpz_t z, const mpz_t bound);
/* Eight lanes in [0, 2^bits), or with_sign, in (-2^bits, 2^bits). */
void edge_lanes(fp8 *r, unsigned bits, int with_sign);

#endif
