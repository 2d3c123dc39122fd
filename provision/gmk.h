/* gmk.h -- group keys for mission-critical groups: the messages of TS 33.180 clause 5.7.2, made by a Group
 * Management Server (GMS) and opened by a member's client.
 *
 * A GMS: a keyring (km_keyring) with KMS documents and its key sets; a store (km_store) of what must outlive the
 * process; itself (km_gms); a group key (km_key); and batches (km_batch) of members of any groups, made and delivered.
 * A client: a keyring with its key sets, and a km_client that remembers.  examples/gms.c and examples/client.c are
 * both whole.
 *
 * Conventions, for every function here, beside those of engine.h:
 *   - Order: outputs, the object, then inputs; a length follows its buffer.  On any error outputs are zeroed.
 *   - Objects are opaque and counted: one may be freed while others still need it, in any order; it is gone with the
 *     last of them.  What is freed may be NULL.  Nothing that was given to a call is kept by address.
 *   - A struct of the caller's begins with struct_size, its sizeof: so a later library serves an earlier caller.
 *     One that is half filled in is refused by the name of its field.  0 is never a valid choice, and what is left out
 *     is left out by a word of its own (KM_NEVER, KM_UNCHECKED, ..), never by NULL or 0.
 *   - A setting not made has its safe value, which stands beside it.
 *   - why gets what is wrong, and with KM_OK what is odd; it may be NULL for who does not listen, and nothing else may
 *     where its comment does not say so.
 *   - Strings given by const char * end in NUL; given by a length they are octets.  URIs are hashed as they are given.
 *   - Errors that any function may return: KM_EARG (why names the field), KM_ENOMEM, KM_ERANDOM, KM_ESTATE before
 *     km_init.  Others stand beside it.
 *   - Threads: every object may be used by any number of threads at once but for km_batch, km_complaint, km_given
 *     and km_view, which one thread uses at a time.  Nothing here starts a thread, see km_pool.
 *   - Fork: a child may use everything at once, whatever threads of its parent were doing, but the threads of a km_pool,
 *     which it does not have: it goes without.  Only the first km_init and km_keyring_new must not be running meanwhile.
 *     A km_gms of files is shared with the parent as with any process; of calls, as the calls do.
 *   - Secret: GMKs, in locked memory of 64 octets each (km_secret_new), and what a comment calls so.  All else is
 *     public, user salts and RAND too, which messages show.
 */
#ifndef KM_GMK_H
#define KM_GMK_H

#include "../engine/engine.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	KM_UID_BYTES = 32,
	KM_SEAL_BYTES = 32,         /* a sealing key */
	KM_RAND_BYTES = 16,
	KM_URI_MAX = 1023,          /* octets */
	KM_TEXT_MAX = 1024,         /* octets */
	KM_GROUPS_MAX = 255,
	KM_CONTENT_MAX = 16384,     /* octets of key parameters: text and groups together */
	KM_SRTP_KEY_BYTES = 16,
	KM_SRTP_SALT_BYTES = 12,
	KM_BATCH_MAX = 32768,       /* members of a batch */
	KM_MESSAGE_MAX = 65535,     /* octets of a message that is parsed */
};

typedef struct {
	const char *s;
	size_t len;
} km_str;

/* Why a message or a member was refused, in the order in which the checks are made: stable number, stable
 * name for programs, meaning for people. */
#define KM_REASONS(X) \
	X(KM_R_OK, 0, "ok", "accepted") \
	X(KM_R_PARSE, 1, "unparseable", "not a well-formed MIKEY-SAKKE I_MESSAGE") \
	X(KM_R_TIME, 2, "time", "the timestamp lies outside the window") \
	X(KM_R_REPLAY, 3, "replay", "this message was opened before") \
	X(KM_R_KMS, 4, "unknown-kms", "no certificate of a KMS that the message names") \
	X(KM_R_NOT_MINE, 5, "not-for-me", "none of the keys held is for the receiver that the message names") \
	X(KM_R_SENDER, 6, "sender", "the sender is not known, or is another than the signalling named") \
	X(KM_R_PERIOD, 7, "no-key-for-period", "no key set for the key period of the message") \
	X(KM_R_EXPIRED, 8, "expired", "a certificate or key set is not valid at that time, or is revoked") \
	X(KM_R_SIGNATURE, 9, "signature", "the signature does not verify") \
	X(KM_R_AUTHORITY, 10, "authority", "the sender may not manage that group") \
	X(KM_R_GROUP, 11, "group", "the message is for another group than the signalling named, or for none") \
	X(KM_R_DECRYPT, 12, "decrypt", "the key or its parameters do not decrypt") \
	X(KM_R_PURPOSE, 13, "purpose", "the key identifier is not that of a group master key") \
	X(KM_R_KEY_TYPE, 14, "key-type", "the key parameters are not those of a group master key") \
	X(KM_R_DUPLICATE, 15, "duplicate", "the GMK-ID belongs to another key, or an older message came later") \
	X(KM_R_REVOKED, 16, "revoked-before", "the key was revoked before this message came") \
	X(KM_R_URI, 17, "uri", "not a sip:, sips: or tel: URI of a user") \
	X(KM_R_REPEATED, 18, "repeated", "the URI stood in the list before") \
	X(KM_R_ENGINE, 19, "engine", "the engine refused: see its error") \
	X(KM_R_PARAMETERS, 20, "parameters", "the key came, but its parameters are missing or malformed") \
	X(KM_R_KEY, 21, "key", "the group key has expired or is revoked") \
	X(KM_R_STORE, 22, "store", "it could not be recorded, and so is not accepted") \
	X(KM_R_CALL, 23, "call", "the call was wrong: the complaint names the field")

typedef enum {
#define KM_REASON_ENUM(name, number, word, text) name = number,
	KM_REASONS(KM_REASON_ENUM)
#undef KM_REASON_ENUM
} km_reason;

/* Name and meaning; never NULL. */
KM_API const char *km_reason_name(km_reason r);  /* "no-key-for-period" */
KM_API const char *km_reason_text(km_reason r);

/* ---- complaints ------------------------------------------------------------------------------ */

/* What is wrong, in words.  For one thread at a time; each call that is given one empties it first. */
typedef struct km_complaint km_complaint;

/* Allocates 2 KB, so that complaining cannot fail. */
KM_API KM_MUST km_err km_complaint_new(km_complaint **why);
KM_API void km_complaint_free(km_complaint *why);
/* "FILE:LINE: element: what is wrong", escaped for a terminal, or lines of what is odd; "" where there is nothing.
 * Until the next call with it. */
KM_API const char *km_complaint_text(const km_complaint *why);
/* The field, setting or argument that was refused, such as "expiry"; "" where it is about none. */
KM_API const char *km_complaint_field(const km_complaint *why);

/* ---- time ------------------------------------------------------------------------------------ */

/* A point in time: Unix seconds, and 2^-32 of a second.  There is no other in this interface. */
typedef struct {
	int64_t seconds;
	uint32_t fraction;
} km_time;

#define KM_AT_ONCE INT64_MIN        /* seconds of an activation; of a validity: not limited */
#define KM_NEVER   INT64_MAX        /* seconds of an expiry; of a validity: not limited */

/* The system's clock. */
KM_API km_time km_time_now(void);
/* T of a message, 64-bit NTP by the era rule of RFC 4330 (top bit 0: after 2036); and back. */
KM_API km_time km_time_of_ntp(uint64_t ntp64);
KM_API uint64_t km_time_ntp(km_time t);
/* The key period (F.2.1): floor((t - offset) / period) in seconds since 1900; 0 before offset.  period is not 0. */
KM_API uint64_t km_key_period_no(km_time t, uint64_t period, uint64_t offset);

/* ---- identities (TS 33.180 F.1, F.2) --------------------------------------------------------- */

/* What may be wrong with a URI. */
#define KM_URI_FAULTS(X) \
	X(KM_URI_OK, "a URI") \
	X(KM_URI_EMPTY, "empty") \
	X(KM_URI_LONG, "too long: a URI has at most 1023 octets here") \
	X(KM_URI_NOT_UTF8, "not UTF-8") \
	X(KM_URI_SPACE, "holds a space") \
	X(KM_URI_CONTROL, "holds a control character") \
	X(KM_URI_INVISIBLE, "holds a character that cannot be seen") \
	X(KM_URI_BRACKETS, "in angle brackets: the URI alone is wanted") \
	X(KM_URI_QUOTES, "in quotes: the URI alone is wanted") \
	X(KM_URI_CHARACTER, "holds a character that no URI holds, such as \" < > \\ ^ { | } ` #") \
	X(KM_URI_SCHEME, "begins with none of sip:, sips: and tel:") \
	X(KM_URI_ATS, "more than one @: one URI is wanted, and an @ within a user's name is %40") \
	X(KM_URI_USER, "no user before the host") \
	X(KM_URI_SLASHES, "begins with //, which stands before no user: sip:USER@HOST is wanted") \
	X(KM_URI_USER_CHARACTER, "the user's name holds what must be escaped, or % without two hex digits") \
	X(KM_URI_NO_HOST, "no host") \
	X(KM_URI_HOST, "the host is no name, no IPv4 address, and no IPv6 address in []") \
	X(KM_URI_PORT, "the port is no number up to 65535") \
	X(KM_URI_PARAMETER, "parameters or headers that are not as RFC 3261 has them") \
	X(KM_URI_PARAMETER_TWICE, "a parameter stands in it twice") \
	X(KM_URI_NUMBER, "not a telephone number") \
	X(KM_URI_LOCAL, "a number without + needs ;phone-context=") \
	X(KM_URI_CELL, "what a spreadsheet made of it: a formula, an error or a rounded number")

typedef enum {
#define KM_URI_ENUM(name, text) name,
	KM_URI_FAULTS(KM_URI_ENUM)
#undef KM_URI_ENUM
} km_uri_fault;

/* How strict, one of these, and KM_URI_MEMBER beside it. */
enum {
	KM_URI_STRICT = 8,          /* a sip:, sips: or tel: URI, by RFC 3261 25.1, RFC 3986 and RFC 3966; characters
	                             * beyond ASCII pass where they can be seen */
	KM_URI_ANY_ID = 1,          /* what has no such scheme passes, if its characters are possible */
	KM_URI_LOOSE = 2,           /* anything that is UTF-8 without spaces and control characters */
	KM_URI_MEMBER = 4,          /* of a user: sip: and sips: need one before the host */
};

/* KM_URI_OK, or what is wrong with it. */
KM_API KM_MUST km_uri_fault km_uri_check(const char *uri, size_t len, unsigned how);
KM_API const char *km_uri_fault_text(km_uri_fault fault);

/* The host of a sip: or sips: URI, with a user part or without, NUL-terminated: in lower case, no port, no dot at
 * its end; an IPv6 address stays in brackets and in one form.  Gives its length; 0: none. */
KM_API size_t km_uri_host(char host[KM_URI_MAX + 1], const char *uri, size_t len);

/* 1 where both name the same, as RFC 3261 19.1.4 and RFC 3966 4 compare, else 0.  Angle brackets around one are
 * taken off.  What is no such URI must be the same octet by octet. */
KM_API int km_uri_same(km_str a, km_str b);

/* The PSI rule of clause 5.7.2 (recommended): 1 where the host of the group's URI is that of the GMS's, and is not
 * the member's own.  A URI that has no host is not authorised. */
KM_API int km_psi_rule(km_str gms, km_str group, km_str member);

/* UID (F.2.1) of a URI at a KMS. */
KM_API void km_uid(uint8_t uid[KM_UID_BYTES], const char *uri, size_t uri_len, const char *kms_uri,
		size_t kms_uri_len, uint64_t period, uint64_t offset, uint64_t period_no);

/* ---- threads --------------------------------------------------------------------------------- */

/* Where work is done that may be done side by side: the library's own threads, or the caller's. */
typedef struct km_pool km_pool;

/* Called with what each or later was given; from then on the thread is in the library.  i < n. */
typedef void km_work(void *arg, size_t i);

typedef struct {
	size_t struct_size;
	/* Call work(arg, i) once for every i < n, in any threads, this one too, and return 1 when all have returned.
	 * Anything else: none was called. */
	int (*each)(void *ctx, km_work *work, void *arg, size_t n);
	/* Call work(arg, 0) once, soon, in another thread, and return 1 at once.  Anything else: it will not be called.
	 * A call beyond that, even when the pool is gone, does nothing. */
	int (*later)(void *ctx, km_work *work, void *arg);
} km_pool_calls;

/* Threads of the library: threads (1..256) for messages, signals blocked, and one for tables.  KM_EIO: none could
 * be started. */
KM_API KM_MUST km_err km_pool_new(km_pool **pool, uint32_t threads, km_complaint *why);
/* The caller's.  calls is copied; each of them is wanted; ctx must outlive the pool. */
KM_API KM_MUST km_err km_pool_on(km_pool **pool, const km_pool_calls *calls, void *ctx, km_complaint *why);
/* The last holder waits for what is at work. */
KM_API void km_pool_free(km_pool *pool);

/* ---- keyring: certificates of KMSs, and key sets of users ------------------------------------- */

/* Certificates and key sets, to which more may be added while others make and open messages: each call works with
 * what was there when it began.  Certificates are chosen by validity and T, the newest first; certificates with the
 * same points share their tables. */
typedef struct km_keyring km_keyring;

KM_API KM_MUST km_err km_keyring_new(km_keyring **ring);
/* Wipes the secrets. */
KM_API void km_keyring_free(km_keyring *ring);

/* Where batches and tables of this ring are made, and files of many keys written, from now on.  Before: in the thread
 * that calls. */
KM_API void km_keyring_pool(km_keyring *ring, km_pool *pool);

/* Tables of a KMS (engine.h) are made when its first member is seen, by the number of members seen and, with a pool,
 * beside the first messages; those used longest ago are dropped where all would take more than the bound.  Messages
 * are the same with whatever tables.  A KMS of which no member was seen takes 4 KB. */
#define KM_TABLES_BYTES_MAX ((uint64_t)256 << 20)

typedef enum {
	KM_RING_TABLES_BYTES = 1,   /* bound of all KMSs' tables; KM_TABLES_BYTES_MAX.  Those over P and g, and 1.9 MB of
	                             * each KMS that is at work, come on top */
	KM_RING_PERIODS = 2,        /* KM_PERIODS_RULED (F.2.1); or KM_PERIODS_ANY: the number for messages is that of
	                             * the key set held whose validity covers T */
	KM_RING_NAMESPACES = 3,     /* KM_NAMESPACES_3GPP; or KM_NAMESPACES_ANY: elements by their names alone */
} km_ring_setting;
enum { KM_PERIODS_RULED = 1, KM_PERIODS_ANY = 2 };
enum { KM_NAMESPACES_3GPP = 1, KM_NAMESPACES_ANY = 2 };
KM_API KM_MUST km_err km_keyring_set(km_keyring *ring, km_ring_setting what, uint64_t value, km_complaint *why);

/* Add the certificates of a KMS document (KmsInit, KmsCertCache) of len octets.  name stands in complaints.  One
 * that cannot be used is a remark in why where others stand beside it, or in a KmsCertCache.  All or, on an error,
 * nothing is there for calls that begin later.  Not secret.  KM_EFORMAT, KM_ECURVE, KM_EORDER. */
KM_API KM_MUST km_err km_keyring_add_kms(km_keyring *ring, const char *xml, size_t len, const char *name,
		km_complaint *why);

/* What key sets are for, one or both: what is not wanted is neither read nor held, and may be missing.  For both,
 * one without UserDecryptKey passes, and can only sign. */
enum {
	KM_USE_SIGN = 1,            /* SSK and PVT: 64 octets locked */
	KM_USE_OPEN = 2,            /* RSK: 256 octets locked, and what engine.h says when it is first used */
};

/* Add the key sets of a KmsKeyProv document; their KMS's certificate must be in the ring.  xml is secret.  A set that
 * cannot be used is a remark where one stands beside it that can.  KM_EFORMAT, KM_ECURVE, KM_EORDER, KM_EKEY,
 * KM_ELOCKED. */
KM_API KM_MUST km_err km_keyring_add_keys(km_keyring *ring, const char *xml, size_t len, const char *name,
		uint32_t use, km_complaint *why);

/* The same from a file or pipe, read into locked memory where the system gives it.  KM_EIO. */
KM_API KM_MUST km_err km_keyring_load_kms(km_keyring *ring, const char *path, km_complaint *why);
KM_API KM_MUST km_err km_keyring_load_keys(km_keyring *ring, const char *path, uint32_t use, km_complaint *why);

/* Take out what cannot serve from that time on: key sets and certificates whose validity has ended, key sets of
 * periods that have.  It is freed, and wiped, when the last call that uses it returns. */
KM_API KM_MUST km_err km_keyring_prune(km_keyring *ring, km_time before, km_complaint *why);

/* The number of a KMS in this ring, which stays the same as long as the ring; 0: no certificate of it is there. */
KM_API uint32_t km_keyring_kms(const km_keyring *ring, const char *kms_uri, size_t len);

/* What a ring held at one moment.  It keeps all of that, and every string given out of it, until it is freed. */
typedef struct km_view km_view;
KM_API KM_MUST km_err km_keyring_view(km_view **view, const km_keyring *ring);
KM_API void km_view_free(km_view *view);

typedef struct {
	size_t struct_size;
	uint32_t kms, is_revoked;        /* its number; 1 or 0 */
	uint64_t period, offset;         /* seconds */
	km_time valid_from, valid_to;    /* KM_AT_ONCE, KM_NEVER: not limited */
	km_str uri, source;              /* source: "FILE:LINE", escaped */
	size_t n_domains;                /* KmsDomainList: km_view_domain */
	uint64_t tables_bytes;           /* of its tables now */
} km_kms_info;

typedef struct {
	size_t struct_size;
	uint32_t kms, is_revoked, use;   /* use: KM_USE_* that it can serve */
	uint64_t period_no;
	km_time valid_from, valid_to;
	km_str uri, source;
} km_keys_info;

/* The i-th certificate, or key set, in the order of loading.  1, or 0 beyond the last. */
KM_API int km_view_kms(km_kms_info *out, const km_view *view, size_t i);
KM_API int km_view_keys(km_keys_info *out, const km_view *view, size_t i);
/* The d-th domain of the i-th certificate; len 0 beyond. */
KM_API km_str km_view_domain(const km_view *view, size_t i, size_t d);

/* ---- what a GMS must remember ----------------------------------------------------------------- */

/* Where the state of GMSs is kept: the last T, GMK-IDs in use and revoked, and the journal of who was given which key.
 * Files, or the caller's database. */
typedef struct km_store km_store;

/* May one begin where nothing stands? */
typedef enum {
	KM_MUST_EXIST = 1,
	KM_MAY_BEGIN = 2,           /* not where something shows that it was lost */
	KM_BEGIN_ANEW = 3,          /* also then; what can be read of what is damaged is kept */
} km_begin;

/* $XDG_STATE_HOME/keymuster; /var/lib/keymuster for root, ~/.local/state/keymuster for others. */
#define KM_PLACE_USUAL ":usual:"

/* Files: place is a directory, in which each GMS has its own, or a file of one GMS.  They are locked while they are
 * looked at, so that processes may share them.  T is on disk before its messages are given out. */
KM_API KM_MUST km_err km_store_files(km_store **store, const char *place, km_begin begin, km_complaint *why);

typedef struct {
	uint32_t gmk_id, what;      /* KM_GIVE, KM_REVOKE */
	uint32_t salt, is_sure;     /* the user salt; is_sure, of given alone: 1 delivered, 0 may be */
	km_str uri;
} km_mark;

enum { KM_ID_UNKNOWN = 1, KM_ID_IN_USE = 2, KM_ID_REVOKED = 3 };
enum { KM_RUN_DELIVERED = 1, KM_RUN_TAKEN_BACK = 2 };
typedef struct km_given km_given;

/* A database of the caller's.  Each call is for one GMS at one KMS and returns KM_STORE_DONE when what it did is
 * durable, else one of the others; it may come from any thread that is in the library.  All of them are wanted. */
enum { KM_STORE_DONE = 1, KM_STORE_DIFFERS = 2, KM_STORE_FAILED = 3 };
typedef struct {
	size_t struct_size;
	/* Where the last T is *expected (seconds 0: there is none), put *next in its place, in one step.
	 * KM_STORE_DIFFERS: it is not; *found is what stands there. */
	int (*advance)(void *ctx, const char *gms, const char *kms, km_time *found, const km_time *expected,
			const km_time *next);
	/* Keep n new GMK-IDs.  KM_STORE_DIFFERS: one of them was there; none is kept. */
	int (*add_ids)(void *ctx, const char *gms, const char *kms, const uint32_t *gmk_ids,
			const km_time *expiries, size_t n);
	/* Known or not, it is revoked from now on, for ever. */
	int (*revoke_id)(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, km_time expiry);
	/* *is = KM_ID_* */
	int (*look_up)(void *ctx, const char *gms, const char *kms, uint32_t *is, uint32_t gmk_id);
	/* Keep a new group key, sealed. */
	int (*keep_key)(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, const uint8_t *sealed,
			size_t len);
	/* Members who may have a message of that run from now on; and what became of the run. */
	int (*mark)(void *ctx, const char *gms, const char *kms, uint64_t run, const km_mark *marks, size_t n);
	int (*end_run)(void *ctx, const char *gms, const char *kms, uint64_t run, uint32_t how);
	/* Call km_given_put for each mark of that key. */
	int (*given)(void *ctx, const char *gms, const char *kms, uint32_t gmk_id, km_given *to);
} km_store_calls;

/* What group keys are kept under (XChaCha20-Poly1305): secret, 64 octets of locked memory. */
typedef struct km_seal km_seal;

/* calls is copied, ctx must outlive the store; seal is what km_key_new seals keys under (not km_seal_none). */
KM_API KM_MUST km_err km_store_on(km_store **store, const km_store_calls *calls, void *ctx, const km_seal *seal,
		km_complaint *why);
KM_API void km_store_free(km_store *store);

/* ---- sealing --------------------------------------------------------------------------------- */

/* From KM_SEAL_BYTES octets, secret, not all 0.  KM_ELOCKED. */
KM_API KM_MUST km_err km_seal_new(km_seal **seal, const uint8_t key[KM_SEAL_BYTES]);
/* From a file of so many octets (0600), drawn and on disk before it is used where begin lets one begin.  KM_EIO,
 * KM_EFORMAT, KM_ELOCKED. */
KM_API KM_MUST km_err km_seal_file(km_seal **seal, const char *path, km_begin begin, km_complaint *why);
KM_API void km_seal_free(km_seal *seal);
/* Keys in clear, in files that only their owner may read.  It need not be freed. */
KM_API const km_seal *km_seal_none(void);

/* ---- a GMS ----------------------------------------------------------------------------------- */

/* An identity that gives keys: a URI, the KMS of its keys, and its state. */
typedef struct km_gms km_gms;

/* Open the state of that GMS in store; with remarks in why, as "first use".  kms_uri must be in the ring; key sets may
 * come later.  KM_EIO; KM_ELOST: the state is missing where there must be one, damaged, or another GMS's. */
KM_API KM_MUST km_err km_gms_new(km_gms **gms, km_keyring *ring, km_store *store, const char *uri,
		const char *kms_uri, km_complaint *why);
KM_API void km_gms_free(km_gms *gms);

#define KM_UNCHECKED UINT64_MAX
typedef enum {
	KM_GMS_CLOCK_BEHIND = 1,    /* seconds that a time given may lie before the last T; 900.  KM_UNCHECKED */
} km_gms_setting;
KM_API KM_MUST km_err km_gms_set(km_gms *gms, km_gms_setting what, uint64_t value, km_complaint *why);

/* The T that a message made at now would have at least, checked as km_batch_run does.  KM_ECLOCK, KM_EIO, KM_ELOST. */
KM_API KM_MUST km_err km_gms_next_t(km_time *t, km_gms *gms, km_time now, km_complaint *why);

/* ---- group keys ------------------------------------------------------------------------------ */

/* A group key: GMK, GMK-ID, RAND, parameters and issuer.  The GMK is in locked memory and leaves by km_key_show_gmk
 * alone. */
typedef struct km_key km_key;

/* Who says that this GMS may manage these groups? */
enum {
	KM_AUTHORITY_PSI = 1,       /* the PSI rule: a group whose host is not the GMS's is refused here, and a member
	                             * who lives under it by the batch (KM_R_AUTHORITY), as clients would */
	KM_AUTHORITY_LISTED = 2,    /* the clients have lists */
};
enum { KM_SHARED_NO = 1, KM_SHARED_WITH_GATEWAY = 2 };
#define KM_MEMBERS_LATER SIZE_MAX

/* What a new key says (TS 33.180 E.6).  Everything is wanted. */
typedef struct {
	size_t struct_size;
	km_time activation, expiry;      /* KM_AT_ONCE, KM_NEVER; whole seconds below 2^40, expiry after now, after T and
	                                  * after activation */
	km_str text;                     /* UTF-8, for people; len 0: none */
	const km_str *groups;            /* 1 to KM_GROUPS_MAX, URIs, no two the same */
	size_t n_groups;
	uint32_t authority, shared;      /* KM_AUTHORITY_*, KM_SHARED_* */
	const km_str *members;           /* whose user salts are to differ: up to 20 000, or n_members KM_MEMBERS_LATER */
	size_t n_members;
} km_key_params;

/* The key of that file, plain or sealed; where there is none, a new one: GMK, RAND and a GMK-ID that the state has
 * kept, on disk in the file before this returns.  *is_new: 1 or 0.  What the file says must be what params say.
 * now is checked against the state.  KM_EIO; KM_EFORMAT: no key file, or sealed under another key; KM_EKEY: another
 * GMS's; KM_EREVOKED: so says the state; KM_ECLOCK; KM_ELOST; KM_ELOCKED. */
KM_API KM_MUST km_err km_key_file(km_key **key, uint32_t *is_new, km_gms *gms, const char *path, const km_seal *seal,
		const km_key_params *params, km_time now, km_complaint *why);
/* The key of a file or pipe that must exist, whatever it says; a revoked one too, whose members are to be told. */
KM_API KM_MUST km_err km_key_load(km_key **key, km_gms *gms, const char *path, const km_seal *seal, km_complaint *why);
/* n of them at once, keys[i] by paths[i] and params[i]: one writing of the state and one sync for all.  status has n
 * entries; one that fails is NULL, with why about the last of these.  With a pool of the keyring up to four of its
 * threads write files.  KM_EPARTIAL: see status. */
KM_API KM_MUST km_err km_key_files(km_key **keys, uint32_t *is_new, km_err *status, km_gms *gms,
		const char *const *paths, const km_seal *seal, const km_key_params *const *params, size_t n, km_time now,
		km_complaint *why);
/* A new key that the database of a km_store_on keeps, before this returns. */
KM_API KM_MUST km_err km_key_new(km_key **key, km_gms *gms, const km_key_params *params, km_time now,
		km_complaint *why);
/* A new key that is kept nowhere: without it late joiners cannot be served, and it cannot be revoked. */
KM_API KM_MUST km_err km_key_new_unkept(km_key **key, km_gms *gms, const km_key_params *params, km_time now,
		km_complaint *why);
/* A sealed key as keep_key or km_key_export gave it.  KM_EFORMAT: no such, or sealed under another key; KM_EKEY. */
KM_API KM_MUST km_err km_key_import(km_key **key, km_gms *gms, const uint8_t *sealed, size_t len, const km_seal *seal,
		km_complaint *why);
/* *len octets to out, which has room for so many; room 0 asks for the length (KM_EARG, *len set).  Not under
 * km_seal_none. */
KM_API KM_MUST km_err km_key_export(uint8_t *out, size_t room, size_t *len, const km_key *key, const km_seal *seal,
		km_complaint *why);
/* A key that another GMS's software made: gmk (secret) and rand, neither all 0, and its GMK-ID (purpose tag 0), which
 * the state keeps. */
KM_API KM_MUST km_err km_key_take_gmk(km_key **key, km_gms *gms, const uint8_t gmk[KM_SSV_BYTES],
		const uint8_t rand[KM_RAND_BYTES], uint32_t gmk_id, const km_key_params *params, km_time now, km_complaint *why);
/* Give the GMK itself away: secret. */
KM_API void km_key_show_gmk(uint8_t gmk[KM_SSV_BYTES], const km_key *key);

/* From now on this key is given to nobody, by no process that shares the state: that says so first, on disk, then the
 * key's file where it has one.  Its members are to be told: km_gms_given, KM_REVOKE.  KM_EIO, KM_ELOST. */
KM_API KM_MUST km_err km_key_revoke(km_key *key, km_complaint *why);
/* Wipes. */
KM_API void km_key_free(km_key *key);

typedef struct {
	size_t struct_size;
	uint32_t gmk_id, is_revoked;     /* 1 or 0 */
	km_time activation, expiry;
	size_t n_groups;
} km_key_info;
KM_API void km_key_tell(km_key_info *out, const km_key *key);

typedef enum {
	KM_KEY_TEXT = 1, KM_KEY_GMS = 2, KM_KEY_KMS = 3,    /* KMS: of the GMS */
	KM_KEY_GROUP = 4,                                   /* the i-th */
	KM_KEY_MEMBER = 5, KM_KEY_MEMBER_KMS = 6,           /* whose message it came by, at a client */
	KM_KEY_RAND = 7,
} km_key_part;
/* As long as the key; len 0: there is none.  i: 0 but for KM_KEY_GROUP. */
KM_API km_str km_key_str(const km_key *key, km_key_part part, size_t i);

/* The GUK-ID (F.1.3) of a user under this key: GMK-ID XOR user salt.  Public. */
KM_API uint32_t km_key_guk_id(const km_key *key, const char *uri, size_t len);
/* The media keys of a sender with that GUK-ID (RFC 3830 4.1.3); what: KM_SERVICE_MCPTT or KM_SERVICE_MCVIDEO, and
 * nothing for any other.  Outputs are secret. */
enum { KM_SERVICE_MCPTT = 1, KM_SERVICE_MCVIDEO = 2 };
KM_API KM_MUST km_err km_key_srtp(uint8_t srtp_key[KM_SRTP_KEY_BYTES], uint8_t srtp_salt[KM_SRTP_SALT_BYTES],
		const km_key *key, uint32_t service, uint32_t guk_id);

/* ---- batches: messages made ------------------------------------------------------------------- */

/* Members of any groups, keys, GMSs and KMSs, whose messages are made together.  One thread at a time; several batches
 * at once.  Memory, kept until it is freed: 0.6 KB a member, three times its URI, and its message, which is mostly under
 * 1 KB, and has text and groups of its key in it (up to KM_CONTENT_MAX). */
typedef struct km_batch km_batch;

KM_API KM_MUST km_err km_batch_new(km_batch **batch, km_keyring *ring);
/* Wipes.  A run of which neither was said that it was delivered nor that it was taken back: its members are unsure. */
KM_API void km_batch_free(km_batch *batch);

typedef enum {
	KM_BATCH_IDENTITY = 1,      /* KM_IDENTITY_URI; KM_IDENTITY_UID hides who talks to whom */
	KM_BATCH_MAP = 2,           /* KM_MAP_EMPTY; KM_MAP_GENERIC with the default SP */
	KM_BATCH_SERVICES = 3,      /* KM_SERVICE_*, one or both, of KM_MAP_GENERIC; KM_SERVICE_MCPTT */
	KM_BATCH_TO_SELF = 4,       /* KM_TO_SELF_NO; KM_TO_SELF_YES: the GMS can open its own */
	KM_BATCH_MEMBERS = 5,       /* KM_URI_STRICT; KM_URI_ANY_ID: identities without sip: or tel: pass */
	KM_BATCH_JOURNAL = 6,       /* KM_JOURNAL_ON; KM_JOURNAL_OFF: nobody will know who has the key */
} km_batch_setting;
enum { KM_IDENTITY_URI = 1, KM_IDENTITY_UID = 2 };
enum { KM_MAP_EMPTY = 1, KM_MAP_GENERIC = 2 };
enum { KM_TO_SELF_NO = 1, KM_TO_SELF_YES = 2 };
enum { KM_JOURNAL_ON = 1, KM_JOURNAL_OFF = 2 };
KM_API KM_MUST km_err km_batch_set(km_batch *batch, km_batch_setting what, uint64_t value, km_complaint *why);

/* The KMS whose KmsDomainList covers the member's host, by the longest domain; in a ring with one KMS alone, that. */
#define KM_KMS_BY_DOMAIN 0xffffffffu
#define KM_KMS_OF_GMS    0xfffffffeu

enum { KM_GIVE = 1, KM_REVOKE = 2 };

/* Add a member: key is given to uri (KM_GIVE), or uri is told that it is revoked (KM_REVOKE, which wants km_key_revoke
 * first).  kms is a number of km_keyring_kms, or KM_KMS_*; one that the domain lists contradict is the member's fault.
 * uri is copied, tag comes back with the result.  What is wrong with the member (its URI, no KMS) is told by its
 * result when the batch has run.  What is wrong with the call adds nothing: KM_EARG: what, kms (0 is none), a key
 * of another ring, a full batch, KM_REVOKE of a key that is not revoked; KM_EREVOKED: KM_GIVE of one that is. */
KM_API KM_MUST km_err km_batch_add(km_batch *batch, km_key *key, const char *uri, size_t len, uint32_t kms,
		uint32_t what, uint64_t tag, km_complaint *why);
/* Members that still fit; and those that are in it. */
KM_API size_t km_batch_room(const km_batch *batch);
KM_API size_t km_batch_count(const km_batch *batch);

/* Make all messages, at now.  T is reserved of the state of each GMS for all of its members: now, or right after the
 * last one where that is later, increasing in the order in which they were added, all within one second.  They are
 * marked in the journal, on disk, before this returns.  One that has run is emptied (km_batch_clear) before it runs again:
 * KM_ESTATE.  KM_EPARTIAL: some members were refused, see the results.  Else nothing was made, and where it is KM_ECLOCK
 * (now is before the last T by more than KM_GMS_CLOCK_BEHIND, or the GMS has no key set that can sign then) T has not
 * moved.  KM_EIO, KM_ELOST, KM_EREVOKED, KM_EFAULT, KM_ESELFTEST, KM_EKEY: a key set is missing, or in
 * files a GMK-ID is that of another key. */
KM_API KM_MUST km_err km_batch_run(km_batch *batch, km_time now, km_complaint *why);

/* The messages of this run have been handed over; or none has been, or ever will be.  KM_EIO. */
KM_API KM_MUST km_err km_batch_delivered(km_batch *batch, km_complaint *why);
KM_API KM_MUST km_err km_batch_taken_back(km_batch *batch, km_complaint *why);
/* Empty it for the next members; settings stay. */
KM_API void km_batch_clear(km_batch *batch);

/* What became of a member, as all octets by their place in km_batch_octets. */
typedef struct {
	size_t struct_size;
	uint64_t tag;
	km_reason reason;
	km_err err;                      /* for KM_R_ENGINE */
	size_t at, len;                  /* the message; len 0: none was made */
	size_t uid_at;                   /* KM_UID_BYTES of its UID */
	km_time t;
	uint64_t period_no;              /* at the member's KMS */
	uint32_t gmk_id, guk_id, kms;    /* kms: the number of the one that was taken */
	uint32_t shares_salt;            /* 1: another in this batch has the same user salt under the same key */
} km_made;

/* The i-th in the order in which they were added.  1, or 0 beyond the last or before it has run; and where out has no
 * struct_size, which km_batch_delivered then refuses. */
KM_API int km_batch_made(km_made *out, const km_batch *batch, size_t i);
/* All messages and UIDs of the run, *len octets, until the batch is emptied or freed. */
KM_API const uint8_t *km_batch_octets(size_t *len, const km_batch *batch);

/* ---- who has a key --------------------------------------------------------------------------- */

/* Those who were given a key, each once.  A copy: it does not change.  32 octets and its URI a member. */
KM_API KM_MUST km_err km_gms_given(km_given **given, const km_key *key, km_complaint *why);
KM_API void km_given_free(km_given *given);
/* For km_store_calls.given.  mark is copied.  KM_STORE_DONE, or what given is to return. */
KM_API int km_given_put(km_given *to, const km_mark *mark);

enum { KM_HAS_IT = 1, KM_MAY_HAVE_IT = 2 };
typedef struct {
	size_t struct_size;
	km_str uri;                      /* as long as given; len 0: of an older version's file, which knew none */
	uint32_t has, is_told;           /* KM_HAS_IT, KM_MAY_HAVE_IT; 1 where told that it is revoked */
} km_holder;
KM_API size_t km_given_count(const km_given *given);
/* 1, or 0 beyond the last. */
KM_API int km_given_at(km_holder *out, const km_given *given, size_t i);

/* ---- a client -------------------------------------------------------------------------------- */

/* A member's client: what it has accepted (replays, keys held, keys revoked), and how it checks. */
typedef struct km_client km_client;

/* Its memory is a file, locked while this client lives, and sealed.  A message counts as accepted when it is on disk
 * there.  Replays are forgotten when their T lies two windows back, keys 400 days after their expiry.  The child of a
 * fork accepts nothing by it (KM_R_STORE): it opens its own.  KM_EIO, also where another client has it; KM_ELOST: the
 * file is missing where it must exist, or damaged; KM_EFORMAT: sealed under another key; KM_ELOCKED. */
KM_API KM_MUST km_err km_client_file(km_client **client, km_keyring *ring, const char *path, const km_seal *seal,
		km_begin begin, km_complaint *why);
/* Nothing that it accepts outlives it: for tests and tools. */
KM_API KM_MUST km_err km_client_forgetful(km_client **client, km_keyring *ring);
KM_API void km_client_free(km_client *client);

/* What is let through of what others are known to send, one bit each.  None of them accepts what is not signed. */
enum {
	KM_COMPAT_SIGN_WITHOUT_HEADER = 1,  /* a signature over all but the SIGN payload, where the one over its two
	                                     * octets of header does not verify */
	KM_COMPAT_KMS_ROLE_3 = 2,           /* IDR role 3 twice: the KMS of the initiator, of the responder */
	KM_COMPAT_PRF_0 = 4,                /* PRF func 0; media keys come from PRF-HMAC-SHA-256 anyway */
};
typedef enum {
	KM_CLIENT_WINDOW = 1,       /* seconds each way that T may differ from now; 900.  KM_UNCHECKED: for what was stored */
	KM_CLIENT_COMPAT = 2,       /* KM_COMPAT_* together; none */
} km_client_setting;
KM_API KM_MUST km_err km_client_set(km_client *client, km_client_setting what, uint64_t value, km_complaint *why);

#define KM_ALL_GROUPS ":all:"
#define KM_ANY_KMS    ":any:"
/* From the first call on, only those named may manage groups, and the PSI rule is not asked: this GMS, whose identity
 * that KMS issued, that group. */
KM_API KM_MUST km_err km_client_trust(km_client *client, const char *gms, const char *kms, const char *group,
		km_complaint *why);

#define KM_NOT_NAMED SIZE_MAX       /* the len of what the signalling did not name: it is not compared */

typedef struct {
	size_t struct_size;
	km_str from, group;              /* the sender, and the group, that the signalling named */
} km_signalling;

/* What an operator should know of a message that was accepted: bit, stable name, meaning. */
#define KM_REMARKS(X) \
	X(KM_REMARK_REVOKES_UNKNOWN, 1, "revokes-unknown-key", "it revokes a key that did not come before") \
	X(KM_REMARK_EXPIRED, 2, "expired", "the key has expired") \
	X(KM_REMARK_ACTIVATION, 4, "activation-after-expiry", "the key is never active: it expires first") \
	X(KM_REMARK_SIGN_HEADER, 8, "signature-without-header", "signed without the header of the SIGN payload") \
	X(KM_REMARK_KMS_ROLE, 16, "kms-role-3", "both KMSs have IDR role 3") \
	X(KM_REMARK_PRF, 32, "prf-0", "PRF func 0, where TS 36.579-1 has 1")
enum {
#define KM_REMARK_ENUM(name, bit, word, text) name = bit,
	KM_REMARKS(KM_REMARK_ENUM)
#undef KM_REMARK_ENUM
};
/* Of one bit; never NULL. */
KM_API const char *km_remark_name(unsigned remark);
KM_API const char *km_remark_text(unsigned remark);

typedef struct {
	size_t struct_size;
	km_key *key;                     /* the caller's, to be freed; NULL where it was not accepted */
	uint32_t what;                   /* KM_GIVE; KM_REVOKE: the key must not be used any more */
	uint32_t is_update;              /* 1: the same key came before from the same issuer */
	uint32_t is_to_self;             /* 1: opened by the GMS through SAKKE-to-self; GMK-ID 0 where identities are hidden */
	uint32_t guk_id, remarks;        /* the member's own; KM_REMARK_* */
	km_time t;
} km_opened;

/* Open a message with every check of clause 5.7.2, in the order of km_reason, and remember it.  The first reason found
 * is given; KM_R_OK alone leaves anything in out, and then it is remembered.  Memory: 50 KB meanwhile. */
KM_API KM_MUST km_reason km_client_open(km_opened *out, km_client *client, const uint8_t *msg, size_t len,
		const km_signalling *signalling, km_time now, km_complaint *why);

/* The i-th key that the client holds under a GMK-ID, over restarts too; *what: KM_GIVE, or KM_REVOKE for one remembered
 * as revoked.  *key is the caller's, to be freed; NULL with KM_OK beyond the last.  KM_ELOCKED. */
KM_API KM_MUST km_err km_client_key(km_key **key, uint32_t *what, km_client *client, uint32_t gmk_id, size_t i,
		km_complaint *why);

/* ---- looking at messages without keys --------------------------------------------------------- */

enum { KM_INSPECT_TEXT = 1, KM_INSPECT_JSON = 2 };
/* What the message says in clear, with what is not as the clauses have it, foreign text escaped: *len octets to out and
 * a NUL; a line a payload and a field, or one JSON object.  Where room is not enough, KM_EARG, and *len is the room
 * that it takes.  KM_EFORMAT: out says what can be said, and the message would be refused as unparseable. */
KM_API KM_MUST km_err km_inspect(char *out, size_t room, size_t *len, const uint8_t *msg, size_t msg_len,
		uint32_t form);

#ifdef __cplusplus
}
#endif
#endif
