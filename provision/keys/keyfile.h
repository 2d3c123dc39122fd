/* keyfile.h -- the file that keeps one group key, for late joiners and for its revocation.
 *
 * JSON (0600): version 2, gmk, gmk_id, rand (hex), gms, kms (URIs of the issuer), text, activation,
 * expiry (Unix seconds; 0: at once, never), groups (URIs), revoked.  It is read once and may come from
 * a pipe; who was given the key stands in its journal beside the state.  Version 1 has salts too: base64
 * of 8 octets for each member that was given the key, the user salt and the first 32 bits of the SHA-256
 * of its URI.  Version 3 is written where the key says who may manage its groups, or that it is shared:
 * authority ("psi", "listed") and shared (true, false) behind revoked.
 * Sealed, it is a line, "keymuster-sealed 1", nonce and box of that (seal.h), which are about the line.
 */
#ifndef KM_KEYFILE_H
#define KM_KEYFILE_H

#include "key.h"
#include "seal.h"

/* Read the file, a pipe, or stdin ("-"), sealed under seal or plain.  KM_EFORMAT: not what is written here, *why names
 * the element, or sealed under another key; KM_EIO, KM_ENOMEM, KM_ELOCKED.  authority is 0 where the file is of version
 * 1 or 2: it does not say. */
KM_MUST km_err keyfile_read(km_key **key, const char *name, const km_seal *seal, km_complaint *why);
/* The same of text, which is secret, changed, and left to the caller. */
KM_MUST km_err keyfile_parse(km_key **key, char *text, size_t len, const char *name, km_complaint *why);

/* Of octets that must be sealed; name stands in complaints. */
KM_MUST km_err keyfile_unseal(km_key **key, const uint8_t *sealed, size_t len, const km_seal *seal, const char *name,
		km_complaint *why);

/* Write it and wait until it is on disk; is_new: nothing of that name may be there.  KM_EIO, KM_ENOMEM, KM_ERANDOM. */
KM_MUST km_err keyfile_write(const km_key *key, const char *name, const km_seal *seal, bool is_new, km_complaint *why);
/* What is written under a seal that is not km_seal_none; free() it.  KM_ENOMEM, KM_ERANDOM. */
KM_MUST km_err keyfile_seal(uint8_t **sealed, size_t *len, const km_key *key, const km_seal *seal);
extern const char keyfile_sealed[];             /* the line */
enum { KEYFILE_SEALED = 19 };                   /* its octets */
/* What is written, secret, in memory that file_free frees.  NULL: out of memory. */
char *keyfile_text(size_t *len, const km_key *key);
/* The same into locked memory of the caller's, of keyfile_room octets at least: its length. */
size_t keyfile_put(char *text, const km_key *key);
size_t keyfile_room(const km_key *key);
/* keyfile_seal of a text. */
KM_MUST km_err keyfile_seal_text(uint8_t **sealed, size_t *len, const char *text, size_t text_len, const km_seal *seal);

#endif
