/* batch.h -- members of any keys, GMSs and KMSs on the way to their messages: what km_batch_run does in three steps, of
 * which the middle one may be done anywhere.
 *
 * batch_start looks at everybody, reserves T and plans; batch_piece makes one piece, each i < batch_pieces once, in any
 * threads; batch_finish marks, and then results may be read.  A batch that was begun and is not finished is cleared.
 */
#ifndef KM_BATCH_H
#define KM_BATCH_H

#include "gms.h"
#include "keys/keyring.h"
#include "make.h"
#include "plan.h"

KM_MUST km_err batch_start(km_batch *batch, km_time now, km_complaint *why);
size_t batch_pieces(const km_batch *batch);
/* A km_work. */
void batch_piece(void *batch, size_t i);
KM_MUST km_err batch_finish(km_batch *batch, km_complaint *why);
/* Was a key revoked since they were made?  batch_finish asks behind its marks, and who marks by other means asks behind
 * those: whoever revokes a key says so in the state and then asks for marks, so either they are found there, or that is
 * found here.  KM_EREVOKED, KM_EIO, KM_ELOST. */
KM_MUST km_err batch_check_again(km_batch *batch, km_complaint *why);

/* What a piece made, for who goes on with it in the same thread: its items, *n of them, and the place where each was
 * added.  It counts once the batch is finished without an error. */
const make_item *batch_piece_items(size_t *n, const plan_entry **places, const km_batch *batch, size_t i);
/* With by_piece: its messages and UIDs are not wanted any more. */
void batch_piece_let_go(km_batch *batch, size_t i);

/* ---- inside ---------------------------------------------------------------------------------- */

typedef struct {
	km_key *key;            /* held */
	size_t uri, uri_len;    /* its place in uris */
	uint32_t kms, what;     /* as they were added */
	uint64_t tag;
	/* Of a run. */
	uint32_t of;            /* the place of its key in keys */
	uint32_t number;        /* of its KMS, or 0 */
	km_reason reason;
	km_err err;
	bool shares_salt;
	size_t uid_at, at, len; /* in octets; len 0: no message */
	km_time t;
	uint64_t period_no;
	uint32_t guk_id;
} batch_member;

/* A key of the batch, by address. */
typedef struct {
	km_key *key;
	uint32_t gms;           /* the place of its GMS in gmss */
	bool is_revoked;        /* as the state says */
	size_t n, first;        /* marks of it, and where they begin */
	const make_self *self;  /* NULL: none is wanted */
} batch_key;

typedef struct {
	km_gms *gms;            /* of a key, which holds it */
	uint32_t number;        /* of its KMS; 0: no certificate of it is there */
	const km_kms *kms;      /* for T, as the set */
	const km_key_set *set;
	size_t n, taken;        /* values of T that are wanted; given out */
	km_time first;
	const km_kms **valid;   /* certificates for T, by number; NULL: not looked up */
	bool is_marked;         /* the run is to be ended there */
} batch_gms;

/* What is done at once. */
typedef struct {
	plan_piece of;
	km_err err;
	uint8_t *octets;        /* with by_piece: its UIDs and messages, or NULL */
	size_t octets_len;
} batch_part;

typedef enum { BATCH_OPEN, BATCH_BEGUN, BATCH_RAN, BATCH_ENDED } batch_stage;

struct km_batch {
	km_keyring *ring;       /* held */
	unsigned identity, map, services, to_self, members_are, journal;        /* as they were set */
	size_t makers;          /* threads of who calls batch_piece; 0: those of the ring's pool */
	bool by_piece;          /* octets are of each piece, until it is let go: there are none of the batch */
	batch_stage stage;
	batch_member *members;
	size_t n, room;
	char *uris;
	size_t uris_len, uris_room;
	uint8_t *octets;        /* UIDs and messages, in the order of members */
	size_t octets_len, octets_room;
	/* Of a run. */
	const ring_snapshot *now;       /* held until it is finished, as all of the next ones but keys and gmss */
	km_pool *pool;
	uint32_t only;          /* the number of the only KMS; 0: there are several, or none */
	batch_key *keys;
	size_t n_keys;
	batch_gms *gmss;
	size_t n_gmss;
	make_self *selves;      /* those that are to be made, and at the end, those that keys had kept */
	size_t n_selves;        /* of the former */
	make_how how;
	make_item *items;       /* those that are made, in the order of the plan */
	plan_entry *entries;    /* of these, in the same order */
	size_t n_items;
	batch_part *parts;
	size_t n_parts;
	uint64_t run;
	bool misread;           /* a result was asked for that the caller's struct had no size for */
};

static inline km_str batch_uri(const km_batch *b, const batch_member *m)
{
	return (km_str){ b->uris + m->uri, m->uri_len };
}

/* ---- batch_check.c --------------------------------------------------------------------------- */

/* Keys and their GMSs, each once.  KM_ENOMEM. */
KM_MUST km_err batch_gather(km_batch *b);
/* The key's place in keys. */
batch_key *batch_find_key(const km_batch *b, const km_key *key);
/* Can each GMS sign at now?  KM_EKEY, KM_ECLOCK. */
KM_MUST km_err batch_check_gmss(km_batch *b, km_time now, km_complaint *why);
/* What the state says of each key.  KM_EIO, KM_ELOST. */
KM_MUST km_err batch_check_keys(km_batch *b, km_complaint *why);
/* Reasons of members that do not depend on T, and how many each GMS has left.  KM_EREVOKED: no key may be given. */
KM_MUST km_err batch_check_members(km_batch *b, km_time now, km_complaint *why);
/* T for all that are left.  KM_ECLOCK: it has not moved. */
KM_MUST km_err batch_take_t(km_batch *b, km_time now, km_complaint *why);
/* Certificates and periods at T.  KM_ENOMEM. */
KM_MUST km_err batch_look_up(km_batch *b);

/* ---- batch_plan.c ---------------------------------------------------------------------------- */

/* Items, their places and pieces.  KM_ENOMEM. */
KM_MUST km_err batch_plan(km_batch *b);
/* SAKKE-to-self of keys whose members are made. */
KM_MUST km_err batch_make_selves(km_batch *b);

/* ---- batch_mark.c ---------------------------------------------------------------------------- */

/* Who may have a message from now on.  KM_EIO, KM_ELOST. */
KM_MUST km_err batch_mark(km_batch *b, km_complaint *why);
/* The run has ended so where it was marked.  What could not be written is tried again by the next call. */
KM_MUST km_err batch_end_run(km_batch *b, uint32_t how, km_complaint *why);
/* Who shares a user salt with another.  KM_ENOMEM. */
KM_MUST km_err batch_find_shared(km_batch *b);

#endif
