/* client.h -- a member's client: what it accepted, and how it checks.
 *
 * The room, provision/client/, which stands on keys/: messages opened.
 *   client               the checks with what is remembered, as callers see it
 *   open                 a message opened, with every check of clause 5.7.2
 *   held                 what was accepted: messages seen, and keys held or remembered as revoked
 *   held_file, held_frame        the file in which that is kept; its frames
 */
#ifndef KM_CLIENT_H
#define KM_CLIENT_H

#include "base/lock.h"
#include "held_file.h"
#include "keys/keyring.h"

/* Who may manage which group.  One that was added does not change, and stays until its client goes. */
typedef struct client_trust {
	struct client_trust *before;
	km_str gms, kms, group;         /* kms, group: len 0 for any */
	char text[];
} client_trust;

struct km_client {
	km_keyring *ring;               /* held */
	_Atomic uint64_t window;        /* KM_UNCHECKED */
	_Atomic uint32_t compat;
	_Atomic(client_trust *) trust;  /* the last one that was added; NULL: the PSI rule */
	lock lock;                      /* of what follows */
	held *held;
	held_file *file;                /* NULL: forgetful */
	uint64_t octets, look_at;       /* what was recorded takes, or would in a file; from when on some may be forgotten */
};

#endif
