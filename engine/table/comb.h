/* comb.h -- fixed-base tables over points and over the powers of g, and their constant-time digits.
 *
 * A scalar k is written with odd signed digits: with n windows of w bits, wn >= 1022, let
 * U = k + (2^(wn) - 1)/2 mod q; a window u of U stands for the digit 2u + 1 - 2^w, and the digits
 * times 2^(wi) add up to 2k mod q.  So tables hold odd multiples of half the base, no digit is zero
 * and no entry is infinity: entry j of window i is [(2j + 1) 2^(wi)](B/2).
 *
 * The room, engine/table/, which stands on curve/:
 *   comb, comb_build         tables for one element at a time, and their digits; how they are made
 *   comb8, comb8_build       tables that eight lanes read, for batches
 *   alone_table, alone_build tables whose eight windows are read at once, for one member or a few
 *   comb_chain               the doublings that all of them are made from
 *   comb_tmpl, comb_add_tmpl, comb_rows    how entries are added up
 *   tables                   those over P and g, which the whole process shares
 *   comb_digest, comb_digests              and what they must be
 */
#ifndef KM_COMB_H
#define KM_COMB_H

#include <stddef.h>
#include <stdint.h>

#include "comb_chain.h"
#include "engine.h"

typedef struct {
	unsigned w;       /* bits a window */
	unsigned windows; /* ceil(1022/w) or more */
	size_t entries;   /* a window: 2^(w-1) */
	uint64_t half[16]; /* (2^(w*windows) - 1)/2 mod q */
} comb_shape;

/* Tables over a point. */
typedef struct {
	comb_shape shape;
	ec_point *t; /* [windows][entries] */
} comb;

/* Tables over g: each entry y stands for the class of 1 + i*y. */
typedef struct {
	comb_shape shape;
	fp *t; /* [windows][entries] */
} gcomb;

comb_shape comb_shape_of(unsigned w);
/* The same with more windows than it takes: a multiple of some number. */
comb_shape comb_shape_padded(unsigned w, unsigned multiple);

/* U of a secret scalar, sixteen limbs below q. */
void comb_recode(uint64_t u[16], const uint64_t k[16], const comb_shape *shape);

/* What window i of each of n recoded scalars, sixteen limbs each, picks: the entry, and the mask of
 * its sign. */
void comb_digits(uint16_t *index, uint64_t *negative, const comb_shape *shape, unsigned i,
		const uint64_t *u, size_t n);

/* The same for n windows of one scalar, from window i on. */
void comb_digits_across(uint64_t *index, uint64_t *negative, const comb_shape *shape, size_t i,
		const uint64_t u[16], size_t n);

/* r[0..n-1] = what window i of each of n recoded scalars picks: the entry, and the mask of its sign to
 * sign[0..n-1]; where that is NULL the sign is applied. */
void comb_pick(ec_point *r, uint64_t *sign, const comb *c, unsigned i, const uint64_t *u, size_t n);
/* The same for g, with the other sign in odd windows: see fp2_turn. */
void gcomb_pick(fp *r, const gcomb *c, unsigned i, const uint64_t *u, size_t n);

/* Build tables from the chain (comb_chain.h) of a public point or of g.  KM_ENOMEM; KM_ESELFTEST: a
 * fault. */
km_err comb_build(comb *c, const ec_point *chain, unsigned w);
km_err gcomb_build(gcomb *c, const fp *chain, unsigned w);
void comb_clear(comb *c);
void gcomb_clear(gcomb *c);

#endif
