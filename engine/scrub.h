/* scrub.h -- how a function of the interface leaves that has worked on secrets.
 *
 * Such a function is two: the body, and what others call, which is `DIT_WITHIN; return leave_secret(body(..),
 * SCRUB_ONE)` and nothing more.  Whatever the body and all that it calls have left on the stack
 * then lies below, and is overwritten, with every register that a callee may leave as it likes.
 */
#ifndef KM_SCRUB_H
#define KM_SCRUB_H

#include "../asm/dit.h"
#include "engine.h"

/* The body, above: its frame must not become a part of its caller's. */
#define SECRET_BODY __attribute__((noinline))

/* Octets of stack below a function of the interface; tests/test_residue.c measures what is used. */
enum {
	SCRUB_HASH = 4096,  /* a hash, a draw */
	SCRUB_SIGN = 24576, /* a signature: more would push its tables out of the cache */
	SCRUB_ONE = 45056,  /* a key, data for one */
	SCRUB_MANY = 81920, /* a batch */
};

/* err, with the stack below, as far as that, and all vector, mask and caller-saved general
 * registers overwritten: nothing is called after it. */
km_err leave_secret(km_err err, int scrub);

#endif
