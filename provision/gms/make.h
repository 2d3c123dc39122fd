/* make.h -- members of one KMS to messages: of any keys, signed by any of the GMSs' key sets. */
#ifndef KM_MAKE_H
#define KM_MAKE_H

#include "keys/key.h"
#include "keys/keyring.h"

enum { MAKE_MAX = 512 };        /* items of a piece: more gain nothing */

/* What messages that are made together have in common. */
typedef struct {
	bool hide;              /* UIDs instead of URIs */
	unsigned map;           /* KM_MAP_EMPTY, or KM_MAP_GENERIC with the default SP */
	unsigned services;      /* KM_SERVICE_* together, for KM_MAP_GENERIC */
} make_how;

/* A member on the way to a message.  Everything is known when it is begun but for what stands last. */
typedef struct {
	const km_key *key;
	uint32_t what;          /* KM_GIVE, KM_REVOKE */
	km_str uri;
	const km_kms *kms;      /* the certificate of the member's KMS for that time */
	const km_key_set *signer;
	uint64_t period_no;     /* at kms */
	km_time t;
	const uint8_t *to_self; /* KM_SED_BYTES of SAKKE-to-self; NULL: none */
	uint8_t *uid;           /* gets KM_UID_BYTES */
	uint8_t *msg;           /* gets len octets, which make_size says */
	size_t len;
	/* What became of it.  But for KM_R_OK, which it begins with, msg is zeroed. */
	km_reason reason;
	km_err err;             /* of KM_R_ENGINE */
	uint32_t guk_id;
} make_item;

size_t make_size(const make_how *how, const make_item *item);

/* Make the messages of n <= MAKE_MAX items, whose certificates have one km_kms_public; those of one signer, which stand
 * together, are signed at once.  ivs holds n IVs, or is NULL: they are drawn.  A pure function of its arguments but for
 * nonces and IVs that are drawn.  On an error no message is there; what is wrong with one item is its reason. */
KM_MUST km_err make_piece(make_item *items, size_t n, const make_how *how, const uint8_t *ivs, const km_random *rnd);

/* SAKKE-to-self of a key, for the time of a key set of its GMS. */
typedef struct {
	const km_key *key;
	const km_key_set *set;
	uint8_t sed[KM_SED_BYTES];      /* is made */
} make_self;

/* n <= MAKE_MAX of them, whose sets are of one km_kms_public. */
KM_MUST km_err make_selves(make_self *selves, size_t n, const km_random *rnd);

#endif
