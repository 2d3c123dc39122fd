/* random.h -- random numbers below a bound. */
#ifndef KM_RANDOM_H
#define KM_RANDOM_H

#include "engine.h"

/* r = a uniform number in 1..bound-1; bound has bits significant bits, limbs limbs.  r is secret.
 * KM_ERANDOM, also where the source gives no usable number in 128 draws. */
km_err random_below(uint64_t *r, const uint64_t *bound, size_t limbs, unsigned bits,
		const km_random *rnd);

#endif
