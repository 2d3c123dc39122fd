/* random.h -- random numbers below a bound, and which source is asked for what. */
#ifndef KM_RANDOM_H
#define KM_RANDOM_H

#include "engine.h"

/* Octets for passing values: blinds, and what hedges a nonce.  NULL: the system's stream.  A clone of a
 * virtual machine may repeat some of it.  KM_ERANDOM. */
km_err random_passing(uint8_t *out, size_t len, const km_random *rnd);

/* The source for what lasts, such as keys: rnd, or instead of the system's stream the system itself. */
const km_random *random_lasting(const km_random *rnd);

/* r = a uniform number in 1..bound-1; bound has bits significant bits, limbs limbs.  r is secret;
 * rnd as for random_passing.  KM_ERANDOM, also where the source gives no usable number in 128 draws. */
km_err random_below(uint64_t *r, const uint64_t *bound, size_t limbs, unsigned bits,
		const km_random *rnd);

/* The thread ends: its stream is wiped and given back. */
void random_end(void);

#endif
