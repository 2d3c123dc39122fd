/* alone.h -- the sums of encap.h for one member or a few: eight lanes work on eight windows of one
 * scalar, by complete Edwards additions. */
#ifndef KM_ALONE_H
#define KM_ALONE_H

#include "table/comb.h"
#include "curve/curve8.h"
#include "curve/edwards8.h"
#include "encap.h"
#include "field/fp2.h"

/* Tables over a point (three coordinates, those of an ed8_entry) or over g (one, as in comb.h), with
 * eight windows to a group. */
typedef struct {
	comb_shape shape;
	size_t groups;
	size_t coords;
	uint64_t (*t)[FP8_LANES]; /* [group][coord][entry][FP8_WORDS] */
} alone_table;

struct alone_tables {
	const alone_table *p, *z, *g; /* z, g: NULL where no sum over it is wanted */
};

/* Only where there are kernels for eight lanes (fp8_k).  Build tables from the chain (comb_chain.h) of a
 * public point or of g.  KM_ENOMEM; KM_ESELFTEST: a fault. */
km_err alone_build(alone_table *t, const ec_point *chain);
km_err alone_build_g(alone_table *t, const fp *chain);
void alone_clear(alone_table *t);
/* Whether a table over a point holds what it must, all entries at once with random weights: a wrong one
 * passes with a probability below 2^-1000.  KM_ESELFTEST: it does not.  KM_ERANDOM. */
km_err alone_check(const alone_table *t, const ec_point *chain);

/* Fill in n members.  Never exceptional but for R = infinity, which is the status of that member.
 * KM_ERANDOM, KM_ENOMEM: none is filled in. */
km_err alone_sums(encap_item *items, size_t n, const alone_tables *t, const km_random *rnd);

/* *sum = the sum of eight lanes' points, and where power is not NULL *power = the product of their powers.
 * points and powers are used up. */
void alone_join(ed_extended *sum, fp2 *power, ed8_extended *points, fp8x2_elt *powers);

/* [k]P, k secret.  KM_ERANDOM, KM_ENOMEM; KM_EDEGENERATE: k = 0. */
km_err alone_times_p(ec_point *r, const uint64_t k[16], const alone_table *p,
		const km_random *rnd);

/* Words of one coordinate of an entry in each lane. */
static inline uint64_t (*alone_at(const alone_table *t, size_t group, size_t coord,
		size_t entry))[FP8_LANES]
{
	return t->t + ((group * t->coords + coord) * t->shape.entries + entry) * FP8_WORDS;
}

#endif
