/* seal.h -- what keys are kept under, where they are kept: XChaCha20-Poly1305 of libsodium.
 *
 * What is sealed says what it is, in clear, by octets that the box covers (about): so a box of one kind does not pass
 * for another's.  Nonces are drawn, 192 bits each.
 */
#ifndef KM_SEAL_H
#define KM_SEAL_H

#include <stdbool.h>

#include "gmk.h"

enum { SEAL_NONCE = 24, SEAL_MORE = SEAL_NONCE + 16 };          /* octets; and the tag */

/* One holder more, whom km_seal_free ends.  Gives seal. */
const km_seal *seal_hold(const km_seal *seal);

/* Does it seal, or is it km_seal_none? */
bool seal_is_none(const km_seal *seal);

/* Nonce and box of text, which is secret: len + SEAL_MORE octets.  seal is not km_seal_none.  KM_ERANDOM. */
KM_MUST km_err seal_put(uint8_t *out, const km_seal *seal, const void *about, size_t about_len, const void *text,
		size_t len);
/* What is in them, len - SEAL_MORE octets.  false: too short, changed, or sealed under another key; text is zeroed. */
bool seal_take(void *text, const km_seal *seal, const void *about, size_t about_len, const uint8_t *sealed,
		size_t len);

#endif
