/* alone_table.h -- tables for the sums of one member or a few: eight lanes look up eight windows of one
 * scalar, for complete Edwards additions. */
#ifndef KM_ALONE_TABLE_H
#define KM_ALONE_TABLE_H

#include "comb.h"
#include "field/fp8.h"

/* Tables over a point (three coordinates, those of an ed8_entry) or over g (one, as in comb.h), with
 * eight windows to a group. */
typedef struct {
	comb_shape shape;
	size_t groups;
	size_t coords;
	uint64_t (*t)[FP8_LANES]; /* [group][coord][entry][FP8_WORDS] */
} alone_table;

/* Only where there are kernels for eight lanes (fp8_k).  Build tables from the chain (comb_chain.h) of a
 * public point or of g.  KM_ENOMEM; KM_ESELFTEST: a fault. */
km_err alone_build(alone_table *t, const ec_point *chain);
km_err alone_build_g(alone_table *t, const fp *chain);
void alone_clear(alone_table *t);

/* Words of one coordinate of an entry in each lane. */
static inline uint64_t (*alone_at(const alone_table *t, size_t group, size_t coord,
		size_t entry))[FP8_LANES]
{
	return t->t + ((group * t->coords + coord) * t->shape.entries + entry) * FP8_WORDS;
}

#endif
