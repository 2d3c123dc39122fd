/* open.h -- a message opened by a member's client, with what its keyring held at one moment.
 *
 * The room, provision/client/, which stands on keys/:
 *   open                 a message opened
 *   memory               what one process has accepted: replays and keys held
 */
#ifndef KM_OPEN_H
#define KM_OPEN_H

#include "keys/keyring.h"

/* As km_gmk_open, with ring in place of how->ring: strings of out stay as long as that. */
km_reason open_message(km_gmk_opened *out, const ring_snapshot *ring, const uint8_t *msg, size_t len,
		const km_open_how *how, const km_random *rnd);

#endif
