/* open.h -- a message opened by a member's client, over what a keyring held at one moment. */
#ifndef KM_OPEN_H
#define KM_OPEN_H

#include "keys/key.h"
#include "keys/keyring.h"

/* A key that the client holds, or remembers as revoked. */
typedef struct {
	km_key *key;            /* who asked lets it go by km_key_free */
	uint64_t ntp64;         /* T of the latest message accepted for it */
} open_held;

/* What the client's own checks need.  Every callback gets ctx and may be NULL. */
typedef struct {
	km_str from, group;     /* that the signalling named; len 0: none.  Compared by km_uri_same; UIDs are of octets */
	int64_t now;            /* the client's clock, Unix seconds */
	int64_t window;         /* seconds each way; negative: T is not checked */
	unsigned compat;        /* KM_COMPAT_* */
	km_complaint *why;      /* gets more about a refusal, empty: nothing; may be NULL */
	void *ctx;
	/* May this GMS, whose identity that KMS issued, manage this group, for this member?  NULL: the PSI rule
	 * (km_psi_rule), which trusts every KMS in the ring to issue the GMS's URI. */
	bool (*may_manage)(void *ctx, km_str gms, km_str gms_kms, km_str group, km_str member);
	/* Was a message with this sender, T, RAND and CSB ID accepted before?  NULL: no. */
	bool (*replayed)(void *ctx, km_str sender, uint64_t ntp64, const uint8_t *rand, size_t rand_len,
			uint32_t csb_id);
	/* The i-th key that member holds (or remembers as revoked) under gmk_id; false beyond.  NULL: none.  Not asked
	 * where the GMK-ID is not known (see message_opened). */
	bool (*held)(void *ctx, open_held *out, km_str member, uint32_t gmk_id, size_t i);
} open_how;

/* A message opened.  Strings and rand point into the message, how, the snapshot, or content. */
typedef struct {
	uint8_t gmk[KM_SSV_BYTES];      /* secret */
	uint32_t gmk_id, guk_id;        /* gmk_id is 0 where to_self and identities are hidden: the member's salt is not
	                                 * known */
	uint64_t ntp64;
	const uint8_t *rand;
	size_t rand_len;
	km_str gms, gms_kms, member, member_kms;
	bool is_id_known;               /* gmk_id is that of the key */
	bool to_self;                   /* opened by the GMS through SAKKE-to-self */
	bool revoked;                   /* the message revokes the key, which must not be used */
	bool update;                    /* the same key came before from the same issuer */
	unsigned remarks;               /* KM_REMARK_* */
	keyparams params;
	km_str groups[KM_GROUPS_MAX];   /* of params */
	uint8_t content[KM_CONTENT_MAX];        /* the decrypted key parameters */
	size_t content_len;
} message_opened;

/* Open a message with every check of clause 5.7.2 in the order of km_reason.  Nothing is remembered.  The first reason
 * found is given, and out is zeroed but where KM_R_OK. */
KM_MUST km_reason open_message(message_opened *out, const ring_snapshot *ring, const uint8_t *msg, size_t len,
		const open_how *how, const km_random *rnd);

/* What may have changed since: was it accepted meanwhile, or another message of its key?  update and remarks with it. */
KM_MUST km_reason open_check_again(message_opened *out, const open_how *how);

/* The key that came, as a handle.  KM_ENOMEM, KM_ELOCKED. */
KM_MUST km_err open_key(km_key **key, const message_opened *opened, km_complaint *why);

#endif
