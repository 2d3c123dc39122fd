/* util_own.h -- the project's own vectors (tests/vectors/own.json), loaded into keyrings and jobs. */
#ifndef KM_TESTS_UTIL_OWN_H
#define KM_TESTS_UTIL_OWN_H

#include <jansson.h>

#include "provision/client/held.h"
#include "provision/client/open.h"
#include "provision/gms/make.h"
#include "provision/keys/keyring_pointers.h"
#include "util.h"

#define OWN_GMS   "sip:gms@gms-psi.example.org"
#define OWN_ALICE "sip:alice@example.org"
#define OWN_BOB   "sip:bob@example.org"
#define OWN_GROUP "sip:fire-1@gms-psi.example.org"

extern json_t *own;              /* the whole file */

/* Load the file and start the engine; for a group setup, 0 or -1. */
int own_start(void **state);
int own_stop(void **state);

const char *own_text(const json_t *object, const char *key);

/* A new keyring with the KMS and the key sets of these users, up to NULL. */
km_keyring *own_ring(const char *const *users);

/* A key of the file, and how its messages are made, as values that a test may change. */
typedef struct {
	const km_keyring *ring;
	km_str gms_uri;
	const km_kms *gms_kms;
	uint8_t gmk[KM_SSV_BYTES];
	uint32_t gmk_id;
	uint8_t rand[KM_RAND_BYTES];
	keyparams params;            /* whose groups are these */
	km_str groups[KM_GROUPS_MAX];
	bool hide, sakke_to_self;
	unsigned map, services;
} own_job;

/* One message of the file. */
typedef struct {
	const json_t *json;
	uint8_t msg[1024], iv[KM_GMK_IV_BYTES], content[256];
	size_t len, content_len;
	uint64_t ntp64;
	const char *responder;
	own_job job;                 /* as it was made; ring is the caller's */
} own_message;

size_t own_messages(void);
/* ring: own_ring, or NULL where the job is not wanted. */
void own_get(own_message *m, size_t i, const km_keyring *ring);

/* The key of a job, but for a mark in its GMK (0: none) and GMK-ID; NULL: it failed. */
km_key *own_key(const own_job *job, uint8_t mark);
make_how own_make_how(const own_job *job);
/* A member on the way to a message in msg (of room octets); s is of the job's ring.  SAKKE-to-self has its place, and
 * is the caller's to make. */
make_item own_item(const own_job *job, const ring_snapshot *s, const km_key *key, const char *uri, uint64_t ntp64,
		uint8_t uid[KM_UID_BYTES], uint8_t *msg, size_t room);

/* A message made alone. */
typedef struct {
	uint8_t uid[KM_UID_BYTES];
	uint32_t guk_id;
	uint8_t *msg;
	size_t len;
} own_made;

/* The job's message for one member at T, in buf.  rnd: NULL, as the engine has it. */
km_err own_make(own_made *out, uint8_t *buf, size_t room, const own_job *job, const char *uri, uint64_t ntp64,
		const km_random *rnd);

/* How a client would open it: its own clock, the PSI rule. */
open_how own_how(const own_message *m);
/* Strings of out stay as long as nothing is added to ring. */
km_reason own_open(message_opened *out, const km_keyring *ring, const uint8_t *msg, size_t len,
		const open_how *how, const km_random *rnd);

/* Callbacks of open_how, whose ctx is a held; and what they look at. */
bool own_replayed(void *memory, km_str sender, uint64_t ntp64, const uint8_t *rand, size_t rand_len,
		uint32_t csb_id);
bool own_held(void *memory, open_held *out, km_str member, uint32_t gmk_id, size_t i);
km_err own_accept(held *memory, const message_opened *opened);

#endif
