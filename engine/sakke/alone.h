/* alone.h -- the sums of encap.h for one member or a few: eight lanes work on eight windows of one
 * scalar, by complete Edwards additions. */
#ifndef KM_ALONE_H
#define KM_ALONE_H

#include "curve/edwards8.h"
#include "encap.h"
#include "table/alone_table.h"

/* Fill in n members.  Never exceptional but for R = infinity, which is the status of that member.
 * KM_ERANDOM, KM_ENOMEM: none is filled in. */
km_err alone_sums(encap_item *items, size_t n, const alone_tables *t, const km_random *rnd);

/* *sum = the sum of eight lanes' points, and where power is not NULL *power = the product of their powers.
 * points and powers are used up. */
void alone_join(ed_extended *sum, fp2 *power, ed8_extended *points, fp8x2_elt *powers);

/* [k]P, k secret.  KM_ERANDOM, KM_ENOMEM; KM_EDEGENERATE: k = 0. */
km_err alone_times_p(ec_point *r, const uint64_t k[16], const alone_table *p,
		const km_random *rnd);

#endif
