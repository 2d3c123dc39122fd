/* key.h -- a group key inside: counted, its GMK in locked memory, what its messages say written once.
 *
 * How it is used.  One thread makes a key, with key_make from what a file, a database or a message gives, or with
 * key_draw, and may still set what is said to be its maker's: gmk_id, owner, file, seal.  From then on it may be shared,
 * and only revoked and self change.  A batch, or whoever else keeps it, calls key_hold, and km_key_free when it is done; the
 * last one wipes.  To make messages: gmk, gmk_id, rand and key_content, none of which moves or changes while it is held.
 */
#ifndef KM_KEY_H
#define KM_KEY_H

#include <stdatomic.h>

#include "base/lock.h"
#include "message/keyparams.h"

enum { KEY_RAND_MAX = 255 };    /* octets, of a message that came */

/* Strings end in NUL, which their lengths do not count; they lie in one piece with the key. */
struct km_key {
	_Atomic size_t holders;
	uint8_t *gmk;                   /* secret, KM_SSV_BYTES, of km_secret_new */
	uint32_t gmk_id;                /* the maker's; purpose tag 0 */
	_Atomic bool revoked;           /* given to nobody; for ever */
	uint32_t authority, shared;     /* KM_AUTHORITY_*, KM_SHARED_* */
	km_str gms, kms;                /* the issuer */
	km_str member, member_kms;      /* whose message it came by, at a client; kms len 0: made here */
	const uint8_t *rand;
	size_t rand_len;                /* KM_RAND_BYTES where it was made here */
	keyparams params;               /* as members are given it */
	const char *const *groups;      /* those of params, as strings */
	const uint8_t *content[2];      /* to give, to revoke; NULL at a client: see key_content */
	size_t content_len;
	const uint8_t *old_salts;       /* of a file of version 1: n members, 8 octets each (salts.h); NULL: none */
	size_t n_old_salts;
	/* The maker's.  They go with the key. */
	void *owner;                    /* such as its km_gms, let go by owner_free; NULL: none */
	void (*owner_free)(void *owner);
	char *file;                     /* where it is kept, of malloc; NULL: no file that can be changed */
	const km_seal *seal;            /* what that is sealed under, of seal_hold; NULL: km_seal_none */
	lock lock;                      /* of self */
	struct key_self *self;          /* what key_keep_self kept; NULL: nothing */
};

/* What a key is made of: all of it is copied, and none of it is checked but for lengths.  params.status does not
 * count where it is made here: shared makes it. */
typedef struct {
	const uint8_t *gmk;             /* secret; key_draw: not read */
	uint32_t gmk_id;
	km_str gms, kms, member, member_kms;
	const uint8_t *rand;            /* key_draw: not read */
	size_t rand_len;                /* up to KEY_RAND_MAX */
	keyparams params;
	uint32_t authority, shared;
	bool revoked;
	const uint8_t *old_salts;
	size_t n_old_salts;
} key_parts;

/* KM_ENOMEM; KM_ELOCKED; KM_EARG, "groups": the parameters are too long together. */
KM_MUST km_err key_make(km_key **key, const key_parts *parts, km_complaint *why);
/* The same with gmk and rand drawn, so that the user salts of n members differ; where they do for no draw of many,
 * two share one.  Also KM_ERANDOM. */
KM_MUST km_err key_draw(km_key **key, const key_parts *parts, const km_str *members, size_t n,
		km_complaint *why);

/* One holder more.  Gives key. */
km_key *key_hold(km_key *key);

/* The key parameters of a message: what is KM_GIVE or KM_REVOKE. */
octets key_content(const km_key *key, uint32_t what);

/* SAKKE-to-self, which is the same for all messages of a period: was it kept, for that UID of the GMS at the KMS of that
 * Z?  Then sed gets it. */
bool key_self(uint8_t sed[KM_SED_BYTES], km_key *key, const uint8_t uid[KM_UID_BYTES],
		const uint8_t z[KM_SAKKE_POINT_BYTES]);
/* Keep it, instead of the one before.  Where memory is out, it is made again. */
void key_keep_self(km_key *key, const uint8_t sed[KM_SED_BYTES], const uint8_t uid[KM_UID_BYTES],
		const uint8_t z[KM_SAKKE_POINT_BYTES]);

/* ---- what a caller says of a new key: key_params.c --------------------------------------------- */

/* Is all of it there, and such that clients of this GMS would take the key, from now on and from the last T on
 * (seconds 0: none)?  KM_EARG: why names the field. */
KM_MUST km_err key_params_check(const km_key_params *params, km_str gms, km_time now, km_time last_t,
		km_complaint *why);
/* Does the key say the same?  KM_EARG: why names the field in which it does not. */
KM_MUST km_err key_params_same(const km_key_params *params, const km_key *key, km_complaint *why);
/* The parts that params are; issuer, gmk, rand and gmk_id are left out. */
key_parts key_params_parts(const km_key_params *params);

#endif
