/* key_made.h -- group keys of a GMS: made, and numbered. */
#ifndef KM_KEY_MADE_H
#define KM_KEY_MADE_H

#include "gms.h"

enum { KEY_MADE_MAX = 512 };    /* at once */

/* The key is of that GMS, and holds it. */
void key_adopt(km_key *key, km_gms *gms);
/* A key of that GMS by what a caller says of it, which is checked; its GMK-ID is still to come.  last: gms_last_t. */
KM_MUST km_err key_made_draw(km_key **key, km_gms *gms, const km_key_params *params, km_time now, km_time last,
		km_complaint *why);
/* GMK-IDs for up to KEY_MADE_MAX of them, which the state has kept. */
KM_MUST km_err key_made_number(km_key *const *keys, km_gms *gms, size_t n, km_time now, km_complaint *why);

#endif
