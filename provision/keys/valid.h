/* valid.h -- whether certificates and key sets are valid at a time. */
#ifndef KM_VALID_H
#define KM_VALID_H

#include "keyring.h"

/* at is Unix seconds. */
static inline bool valid_kms(const km_kms *kms, int64_t at)
{
	return !kms->revoked && at >= kms->valid_from && at <= kms->valid_to;
}

static inline bool valid_key_set(const km_key_set *set, int64_t at)
{
	return !set->revoked && at >= set->valid_from && at <= set->valid_to;
}

#endif
