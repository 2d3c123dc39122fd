/* keyring.h -- what a keyring held at one moment, and how it is found.
 *
 * The room, provision/keys/, which stands on message/: certificates of KMSs and key sets of users.
 *   kmsdoc               KMS documents (TS 33.180 annex D) read: Expat's events
 *   kmsdoc_element, kmsdoc_value, kmsdoc_encoding, kmsdoc_memory   their elements; their texts as values; their encodings;
 *                        the memory in which they are read
 *   keyring              rings and their snapshots: made, put in place, pruned
 *   keyring_find         what a snapshot holds, found
 *   keyring_pointers     the same by pointers, whose ring keeps what it gave out
 *   view                 what a caller sees of it
 *   keyring_load         what loading certificates and key sets has in common
 *   keyring_kms, keyring_keys   certificates and key sets, validated as they come
 *   load                 from files
 *   key, key_params      group keys, and what a caller says of a new one
 *   keyfile, keyfile_write, seal   the file of one; what it may be sealed under
 *   valid                what can serve at a time
 *   tables               tables of KMSs, within one bound for all
 */
#ifndef KM_KEYRING_H
#define KM_KEYRING_H

#include <stdatomic.h>
#include <stdbool.h>

#include "gmk.h"

/* A KMS as its certificate describes it.  Strings end in NUL. */
typedef struct km_kms {
	const char *uri;
	uint64_t period, offset;         /* seconds */
	int64_t valid_from, valid_to;    /* Unix seconds; INT64_MIN, INT64_MAX: not limited */
	bool revoked;
	km_kms_public *keys;             /* certificates with the same points share them */
	const char *source;              /* "FILE:LINE", escaped */
	size_t n_domains;
	const char *const *domains;      /* KmsDomainList */
	uint32_t number;                 /* of the KMS, in its ring */
} km_kms;

/* A user's key set of one period at one KMS, every part validated.  kms is the certificate that it fits; of a KMS with
 * several, compare the URI. */
typedef struct {
	const char *uri;
	const km_kms *kms;
	uint64_t period_no;
	int64_t valid_from, valid_to;    /* as above */
	bool revoked;
	uint8_t uid[KM_UID_BYTES];       /* recomputed from uri, kms, period_no */
	km_signer *signer;               /* NULL: it was loaded for opening alone */
	km_receiver *receiver;           /* NULL: for signing alone, or the document gave no UserDecryptKey */
	const char *source;              /* "FILE:LINE", escaped */
} km_key_set;

/* How many hold it. */
typedef _Atomic size_t ring_uses;

/* Everything in a snapshot is counted and does not change: these are their first members.  free is called by the
 * last who held it. */
typedef struct {
	ring_uses uses;
	void (*free)(void *entry);
} ring_entry;

/* The tables of all KMSs of a ring: see tables.h. */
typedef struct all_tables all_tables;

/* The points of a KMS with its tables, which certificates share: a renewed one has the same. */
typedef struct kms_tables {
	ring_entry entry;
	km_kms_public *keys;
	uint8_t z[KM_SAKKE_POINT_BYTES];
	uint8_t kpak[KM_ECCSI_POINT_BYTES];

	/* Those of tables.c. */
	all_tables *all;        /* held */
	struct kms_tables *next;
	size_t seen;            /* members */
	uint64_t last;          /* when it was used, by the clock of all */
	uint64_t making;        /* the process that is making wider ones, or 0 */
	uint64_t planned;       /* octets of these and those that are there */
} kms_tables;

/* The URI of a KMS, whose place in the list of names is its number less 1. */
typedef struct {
	ring_entry entry;
	char uri[];
} kms_name;

typedef struct kms_entry {
	ring_entry entry;
	km_kms kms;
	kms_tables *tables;     /* held */
	struct kms_entry *before;       /* held: the same, before it was revoked; or NULL */
	char *source;           /* kms.source */
	const char **domains;   /* kms.domains, in one piece with their texts */
	char uri[];
} kms_entry;

/* A key set, with what of the other use was loaded before, or before it was revoked. */
typedef struct keys_entry {
	ring_entry entry;
	km_key_set set;
	kms_entry *of;          /* set.kms, held: also after it was pruned */
	struct keys_entry *rest;        /* held, as set.signer or set.receiver is its; or NULL */
	km_signer *signer;      /* own ones, or NULL */
	km_receiver *receiver;
	char *source;
	char uri[];
} keys_entry;

/* A key set that was refused while others of its document were taken. */
typedef struct {
	ring_entry entry;
	uint64_t period_no;
	char *uri, *kms_uri;
	char why[];
} lost_keys;

/* Of entries, each of which is held. */
typedef struct {
	void **at;
	size_t n, room;
} ring_list;

/* What a ring held at one moment: it and all that is found in it stay until it is given back. */
typedef struct ring_snapshot {
	ring_uses uses;
	bool any_period;        /* KM_PERIODS_ANY */
	ring_list names;        /* of kms_name: never less, so that numbers stay */
	ring_list kms;          /* of kms_entry, in the order of loading */
	ring_list keys;         /* of keys_entry */
	ring_list lost;         /* of lost_keys */
	uint32_t *slots;        /* index of keys by UID, open: places in keys and 1, or 0 */
	size_t n_slots;         /* a power of two, at least twice keys.n; or 0 */
	struct ring_snapshot *kept;     /* of km_keyring */
} ring_snapshot;

/* One call takes it as it begins, and looks at nothing but that.  The other: s may be NULL. */
const ring_snapshot *ring_take(const km_keyring *ring);
void ring_give_back(const ring_snapshot *s);

/* Who needs the ring itself for longer holds it, and lets it go by km_keyring_free. */
km_keyring *keyring_hold(km_keyring *ring);

/* Where it works, held, who lets go by km_pool_free; NULL: in the thread that calls. */
km_pool *ring_pool(const km_keyring *ring);

/* The number of a KMS of which there is a certificate, else 0. */
uint32_t ring_number(const ring_snapshot *s, const char *uri, size_t len);
/* The newest certificate of a KMS, valid or not; or NULL. */
const km_kms *ring_kms(const ring_snapshot *s, const char *uri, size_t len);
/* The newest one that is valid at that time (Unix seconds), or NULL. */
const km_kms *ring_kms_valid(const ring_snapshot *s, const char *uri, size_t len, int64_t at);
/* The same by its number. */
const km_kms *ring_kms_numbered(const ring_snapshot *s, uint32_t number, int64_t at);
/* The newest certificate of the KMS whose KmsDomainList covers the host of a member's URI, by the longest domain;
 * NULL: none says.  *other: of another one that claims it as well, or NULL. */
const km_kms *ring_kms_claims(const ring_snapshot *s, const char *member_uri, size_t len, const km_kms **other);
/* The i-th certificate or key set in the order of loading; NULL beyond. */
const km_kms *ring_kms_at(const ring_snapshot *s, size_t i);
const km_key_set *ring_keys_at(const ring_snapshot *s, size_t i);

/* The key set of that user at that KMS for that period, or NULL. */
const km_key_set *ring_keys(const ring_snapshot *s, const char *uri, size_t len, const km_kms *kms,
		uint64_t period_no);
/* The key set of that user for a time (Unix seconds): of its key period (F.2.1); or with any_period the one whose
 * validity covers it.  NULL: none. */
const km_key_set *ring_keys_when(const ring_snapshot *s, const char *uri, size_t len, const km_kms *kms, int64_t at);
/* The first key set with that UID, or NULL. */
const km_key_set *ring_uid(const ring_snapshot *s, const uint8_t uid[KM_UID_BYTES]);
/* Why the key set of that period was refused as its document was loaded; NULL: it was not there. */
const char *ring_lost(const ring_snapshot *s, const char *uri, const char *kms_uri, uint64_t period_no);

/* The tables of a certificate that was found here. */
static inline kms_tables *ring_tables(const km_kms *kms)
{
	return ((const kms_entry *)(const void *)((const char *)kms - offsetof(kms_entry, kms)))->tables;
}

/* The URI of a KMS by its number, which is one; as long as the ring. */
static inline const char *ring_name(const ring_snapshot *s, uint32_t number)
{
	return ((const kms_name *)s->names.at[number - 1])->uri;
}

static inline void ring_hold(void *entry)
{
	atomic_fetch_add_explicit(&((ring_entry *)entry)->uses, 1, memory_order_relaxed);
}

/* entry may be NULL. */
static inline void ring_let_go(void *entry)
{
	ring_entry *e = entry;

	if (e != NULL && atomic_fetch_sub_explicit(&e->uses, 1, memory_order_acq_rel) == 1)
		e->free(e);
}

#endif
