/* comb8.h -- fixed-base tables laid out for eight lanes, and the sums of encap.h over them. */
#ifndef KM_COMB8_H
#define KM_COMB8_H

#include "comb.h"
#include "curve/curve8.h"
#include "sakke/encap.h"

/* Tables over a point (two coordinates an entry) or over g (one). */
typedef struct {
	comb_shape shape;
	const fp8_table *layout;
	size_t coords, window_bytes;
	uint8_t *t; /* [windows][coords], as the layout says */
} comb8;

struct encap8_tables {
	const comb8 *p, *z, *g; /* one shape and layout; g NULL: g^r is not wanted */
	const alone_tables *complete; /* for exceptional cases, of any shape */
};

/* Whether this processor has the kernels. */
int comb8_available(void);

/* Build tables from a chain (comb_chain.h), for batches of about so many members.  KM_ENOMEM;
 * KM_ESELFTEST: a fault. */
km_err comb8_build(comb8 *c, const ec_point *chain, unsigned w, size_t members);
km_err comb8_build_g(comb8 *c, const fp *chain, unsigned w, size_t members);
/* comb_check of what lookups read. */
km_err comb8_check(const comb8 *c, const ec_point *chain);
void comb8_clear(comb8 *c);

/* encap_sums by eight lanes. */
km_err encap8_sums(encap_item *items, size_t n, const encap8_tables *tables, const km_random *rnd);

#endif
