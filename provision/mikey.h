/* mikey.h -- the payloads of a MIKEY-SAKKE I_MESSAGE (RFC 3830, 6043, 6509; TS 33.180 annex E). */
#ifndef KM_MIKEY_H
#define KM_MIKEY_H

#include "gmk.h"
#include "wire.h"

enum {
	MIKEY_SIGN = 4, MIKEY_T = 5, MIKEY_SP = 10, MIKEY_RAND = 11, MIKEY_IDR = 14, MIKEY_EXT = 21,
	MIKEY_SAKKE = 26,
};
enum {
	ROLE_INITIATOR = 1, ROLE_RESPONDER = 2, ROLE_KMS_INITIATOR = 6, ROLE_KMS_RESPONDER = 7,
	ROLE_UID_INITIATOR = 8, ROLE_UID_RESPONDER = 9, ROLES = 10,
};
enum { EXT_SAKKE_TO_SELF = 6, EXT_KEY_PARAMETERS = 7 };
enum { MIKEY_SIGN_HEADER = 2 };

/* A message taken apart; everything points into it. */
typedef struct {
	uint32_t csb_id;
	uint8_t n_cs, map_type;
	octets map;
	uint8_t ts_type;
	uint64_t ntp64;
	octets rand;
	octets id[ROLES];           /* by role; data NULL: absent */
	uint8_t id_type[ROLES];
	octets sp;                  /* the first SP payload; data NULL: none */
	octets sed;                 /* SAKKE encapsulated data */
	octets to_self;             /* the same of SAKKE-to-self; data NULL: none */
	octets protected_payload;   /* General Extension 7; data NULL: none */
	octets sig;
	size_t signed_len;          /* octets from the start that the signature covers */
} mikey_msg;

/* Called for each payload in order, for showing: its number (-1: HDR) and its octets. */
typedef void mikey_seen(void *ctx, int payload, const uint8_t *at, size_t len);

/* Take a message apart, strictly.  false: it is not a well-formed I_MESSAGE; *where, if not NULL, is
 * the octet at which that showed.  seen may be NULL; it sees the payloads up to the fault. */
bool mikey_parse(mikey_msg *m, size_t *where, const uint8_t *msg, size_t len, mikey_seen *seen,
		void *ctx);

/* What goes into a message before the signature. */
typedef struct {
	uint32_t csb_id, gmk_id;
	uint64_t ntp64;
	const uint8_t *rand;        /* KM_RAND_BYTES */
	bool hide;                  /* initiator and responder are UIDs */
	octets initiator, responder, kms_initiator, kms_responder;
	unsigned map, services;     /* KM_MAP_*, KM_SERVICE_* */
	octets sed, to_self;        /* to_self.data NULL: none */
	octets protected_payload;
} mikey_parts;

/* Octets that mikey_build writes. */
size_t mikey_size(const mikey_parts *parts);
/* Everything up to and with the SIGN header; the signature follows.  Gives its length. */
size_t mikey_build(uint8_t *out, const mikey_parts *parts);

#endif
