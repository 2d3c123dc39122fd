/* mikey.h -- the payloads of a MIKEY-SAKKE I_MESSAGE (RFC 3830, 6043, 6509; TS 33.180 annex E).
 *
 * The room, provision/message/, which stands on base/: what is in a message.
 *   uri, uri_same        what is a URI, and which name the same
 *   psi                  which GMS may manage a group, by their hosts
 *   uid                  UID, key periods, user salt, GUK-ID, media keys
 *   mikey, mikey_build   the payloads taken apart, and put together
 *   wire                 octets in network order
 *   keyparams            key parameters, and their encryption under the GMK
 *   inspect              what a message says without keys
 *   reason               why one is refused, in words
 */
#ifndef KM_MIKEY_H
#define KM_MIKEY_H

#include "gmk.h"
#include "wire.h"

enum {
	MIKEY_LAST = 0, MIKEY_SIGN = 4, MIKEY_T = 5, MIKEY_ID = 6, MIKEY_CERT = 7, MIKEY_SP = 10,
	MIKEY_RAND = 11, MIKEY_ERR = 12, MIKEY_IDR = 14, MIKEY_EXT = 21, MIKEY_SAKKE = 26,
};
enum {
	ROLE_INITIATOR = 1, ROLE_RESPONDER = 2, ROLE_KMS = 3, ROLE_KMS_INITIATOR = 6, ROLE_KMS_RESPONDER = 7,
	ROLE_UID_INITIATOR = 8, ROLE_UID_RESPONDER = 9, ROLES = 10,
};
enum { EXT_SAKKE_TO_SELF = 6, EXT_KEY_PARAMETERS = 7 };
enum { MIKEY_SIGN_HEADER = 2 };

/* A message taken apart; everything points into it. */
typedef struct {
	uint8_t data_type, prf;
	uint32_t csb_id;
	uint8_t n_cs, map_type;
	octets map;
	uint8_t ts_type;
	uint64_t ntp64;
	octets rand;
	octets id[ROLES];           /* by role; data NULL: absent */
	uint8_t id_type[ROLES];
	bool kms_role_3;            /* the KMSs were named so (KM_COMPAT_KMS_ROLE_3) */
	octets sp;                  /* the first SP payload; data NULL: none */
	octets sed;                 /* SAKKE encapsulated data */
	octets to_self;             /* the same of SAKKE-to-self; data NULL: none */
	octets protected_payload;   /* General Extension 7; data NULL: none */
	octets sig;
	size_t signed_len;          /* octets from the start that the signature covers */
} mikey_msg;

/* Whoever looks on while a message is taken apart; each call may be NULL. */
typedef struct {
	void *ctx;
	/* Each payload in order: its number (-1: HDR) and its octets. */
	void (*payload)(void *ctx, int payload, const uint8_t *at, size_t len);
	/* What is not as the clauses have it: at which octet, and whether it is refused for that. */
	void (*deviation)(void *ctx, size_t at, bool refused, const char *text);
} mikey_watch;

/* Take a message apart, strictly but for compat (KM_COMPAT_*).  false: it is not an I_MESSAGE as it
 * should be.  Without watch it ends at the first fault, and *m is zeroed then; with it, it goes on as
 * far as lengths allow, and *m holds what could be read. */
bool mikey_parse(mikey_msg *m, const uint8_t *msg, size_t len, unsigned compat,
		const mikey_watch *watch);

/* Why it is refused: "octet N: TEXT" of the first fault; empty where there is none. */
void mikey_why(km_complaint *why, const uint8_t *msg, size_t len, unsigned compat);

/* "PSK", "Error", ...; "unknown" for what is not assigned. */
const char *mikey_data_type(uint8_t type);
/* "T", "RAND", ...; -1 is "HDR". */
const char *mikey_payload(int payload);
/* Of a key identifier: "GMK", "PCK", ... */
const char *mikey_purpose(uint32_t key_id);

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
