/* given.h -- those who were given a key, each once, as a store names their marks. */
#ifndef KM_GIVEN_H
#define KM_GIVEN_H

#include "gmk.h"

/* One without members.  NULL: out of memory. */
km_given *given_new(uint32_t gmk_id);
/* All marks were put: who was not given the key is left out.  KM_ENOMEM; KM_EIO: one was put that is no mark of this
 * key. */
KM_MUST km_err given_settle(km_given *given);

#endif
