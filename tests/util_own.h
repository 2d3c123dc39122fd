/* util_own.h -- the project's own vectors (tests/vectors/own.json), loaded into keyrings and jobs. */
#ifndef KM_TESTS_UTIL_OWN_H
#define KM_TESTS_UTIL_OWN_H

#include <jansson.h>

#include "provision/client/held.h"
#include "provision/client/open.h"
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

/* One message of the file. */
typedef struct {
	const json_t *json;
	uint8_t msg[1024], iv[KM_GMK_IV_BYTES], content[256];
	size_t len, content_len;
	uint64_t ntp64;
	const char *responder;
	km_gmk_job job;              /* as it was made; ring is the caller's */
} own_message;

size_t own_messages(void);
/* ring: own_ring, or NULL where the job is not wanted. */
void own_get(own_message *m, size_t i, const km_keyring *ring);

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
