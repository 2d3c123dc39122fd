/* zq.h -- integers modulo q of parameter set 1: sixteen 64-bit limbs, canonical, constant time. */
#ifndef KM_ZQ_H
#define KM_ZQ_H

#include <stddef.h>
#include <stdint.h>

#include "engine.h"
#include "hash.h"

/* Once, before anything else here: the constants that follow from q. */
void zq_init(void);

/* r = a*b mod q.  r may be a or b. */
void zq_mul(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
/* r = a*b mod q for a b of len octets, public and short: a third of zq_mul for 32 octets.  r may be a.  All ones
 * where r is that and below q: anything else is a fault, in the constant that quotients are made with too. */
uint64_t zq_mul_octets(uint64_t r[16], const uint64_t a[16], const uint8_t *b, size_t len);
/* r = a+b mod q.  r may be a or b. */
void zq_add(uint64_t r[16], const uint64_t a[16], const uint64_t b[16]);
/* All ones where 4q = p + 1, which a fault in either constant undoes. */
uint64_t zq_holds(void);
/* All ones where a is 0, else 0. */
uint64_t zq_is_zero(const uint64_t a[16]);
/* The octets as an integer mod q; for public identifiers. */
void zq_from_octets_var(uint64_t r[16], const uint8_t *in, size_t len);
/* r = HashToIntegerRange(parts, q) as sixteen limbs, least significant first; q of parameter set 1.
 * Constant time. */
void zq_from_hash(uint64_t r[16], const hash_part *parts, size_t n);
/* r = 1/a mod q; a is secret, and blinded by a fresh number from rnd before it is inverted.  r may be a.
 * KM_EDEGENERATE: a = 0.  KM_ERANDOM. */
km_err zq_inv(uint64_t r[16], const uint64_t a[16], const km_random *rnd);

#endif
