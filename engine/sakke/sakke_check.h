/* sakke_check.h -- encapsulations checked before they leave: a block against one member's complete sums. */
#ifndef KM_SAKKE_CHECK_H
#define KM_SAKKE_CHECK_H

#include "sakke.h"

/* A block: n members' data, KM_SED_BYTES each, where they came from, and what was asked for: its second copy, read
 * from at on. */
typedef struct {
	const uint8_t *sed;
	const encap_item *items;    /* those whose status is KM_OK are looked at */
	const sakke_asked *asked;
	size_t at, n;
} sakke_checked;

/* Octets of memory that a check works in, 64-byte aligned. */
size_t sakke_check_size(void);

/* Check a block.  *verdict is KM_EFAULT before, and becomes KM_OK only where every member's data open to
 * its SSV under its identity.  KM_ERANDOM, KM_ENOMEM.  36M and twenty blocks of SHA-256 a member, and the
 * sums of one. */
void sakke_check(km_err *verdict, const sakke_checked *b, const sakke_z *z, void *memory,
		const km_random *rnd);

#endif
