/* few.h -- the sums of encap.h for a few members, one to a lane, by complete Edwards additions: where there
 * are no wider tables than those for one member. */
#ifndef KM_FEW_H
#define KM_FEW_H

#include "encap.h"

/* Fill in n members, by tables that comb8_turn has made.  Never exceptional but for R = infinity, which is the
 * status of that member.  KM_ERANDOM, KM_ENOMEM: none is filled in. */
km_err few_sums(encap_item *items, size_t n, const encap8_tables *t, const km_random *rnd);

#endif
