/* given.h -- those who were given a key, each once, as a store names their marks. */
#ifndef KM_GIVEN_H
#define KM_GIVEN_H

#include <stdbool.h>

#include "gmk.h"

/* One without members.  NULL: out of memory. */
km_given *given_new(void);
/* All marks were put: who was not given the key is left out.  false: out of memory. */
bool given_settle(km_given *given);

#endif
