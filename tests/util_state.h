/* util_state.h -- T and GMK-IDs taken of a state, as a GMS takes them. */
#ifndef KM_TESTS_UTIL_STATE_H
#define KM_TESTS_UTIL_STATE_H

#include "provision/gms/state.h"

/* n values of T from *t on.  STATE_CORRUPT: T is too far ahead to go on from. */
state_result take_t(state *st, uint64_t *t, size_t n, uint64_t now, km_complaint *why);
/* A GMK-ID that is drawn until it is free. */
state_result take_id(state *st, uint32_t *gmk_id, uint64_t expiry, int64_t now, km_complaint *why);

#endif
