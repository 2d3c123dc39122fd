/* comb8.h -- fixed-base tables laid out for eight lanes. */
#ifndef KM_COMB8_H
#define KM_COMB8_H

#include "alone_table.h"
#include "comb.h"
#include "curve/curve8.h"

/* Tables over a point (two coordinates an entry, or the three of an ed8_entry) or over g (one). */
typedef struct {
	comb_shape shape;
	const fp8_table *layout;
	size_t coords, window_bytes;
	uint8_t *t; /* [windows][coords], as the layout says */
} comb8;

/* Whether this processor has the kernels. */
int comb8_available(void);

/* Build tables from a chain (comb_chain.h), for batches of about so many members.  KM_ENOMEM;
 * KM_ESELFTEST: a fault. */
km_err comb8_build(comb8 *c, const ec_point *chain, unsigned w, size_t members);
km_err comb8_build_g(comb8 *c, const fp *chain, unsigned w, size_t members);
/* The entries of a table for one member, for eight members at once.  KM_ENOMEM. */
km_err comb8_turn(comb8 *c, const alone_table *a);
void comb8_clear(comb8 *c);

#endif
