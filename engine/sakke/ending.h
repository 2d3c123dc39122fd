/* ending.h -- how complete sums end: one division for a few members. */
#ifndef KM_ENDING_H
#define KM_ENDING_H

#include "curve/edwards.h"
#include "encap.h"

/* What a member's sums have come to, secret; and what it is divided by, which is not 0. */
typedef struct {
	ed_extended sum;
	fp2 power; /* of g, or -conj of it */
	fp d, prefix;
	uint64_t neutral;
} ending;

/* Points, and with_power what stands for the powers, which are -conj of those of g where turned says so, to
 * n members.  R = infinity is the status of that member.  KM_ERANDOM. */
km_err ending_all(encap_item *items, ending *e, size_t n, int with_power, int turned,
		const km_random *rnd);

#endif
