/* groupkey.h -- the file that keeps one group key, for late joiners and for its revocation.
 *
 * JSON (0600): version 2, gmk, gmk_id, rand (hex), gms, kms (URIs of the issuer), text, activation,
 * expiry (Unix seconds; 0: at once, never), groups (URIs), revoked.  It is read once and may come from
 * a pipe; who was given the key stands in its journal beside the state (journal.h).  Version 1 has
 * salts too: base64 of 8 octets for each member that was given the key, the user salt and the first 32
 * bits of the SHA-256 of its URI.
 */
#ifndef KM_GROUPKEY_H
#define KM_GROUPKEY_H

#include "gmk.h"
#include "salts.h"

/* Strings are the key's own and end in NUL. */
typedef struct {
	uint8_t gmk[KM_SSV_BYTES];       /* secret */
	uint8_t rand[KM_RAND_BYTES];
	uint32_t gmk_id;
	char *gms, *kms, *text;
	uint64_t activation, expiry;
	size_t n_groups;
	char *groups[KM_GROUPS_MAX];
	bool revoked;                    /* a revocation was begun */
	salts *old_salts;                /* of version 1; NULL: none */
} groupkey;

/* An empty key in locked memory.  NULL: out of memory. */
groupkey *groupkey_new(void);
/* Wipes.  key may be NULL. */
void groupkey_free(groupkey *key);

typedef enum {
	GROUPKEY_OK,
	GROUPKEY_BAD,           /* not what groupkey_write writes: *why names the element */
	GROUPKEY_IO,            /* the system refused; also out of memory */
} groupkey_result;

/* What the key parameters say of the key; strings are the key's, status is left 0. */
void groupkey_params(km_gmk_params *params, const groupkey *key);

/* Read the file, a pipe, or stdin ("-"); on an error *key is NULL. */
groupkey_result groupkey_read(groupkey **key, const char *name, km_complaint *why);
/* Write it and wait until it is on disk; is_new: nothing of that name may be there. */
groupkey_result groupkey_write(const groupkey *key, const char *name, bool is_new,
		km_complaint *why);

#endif
