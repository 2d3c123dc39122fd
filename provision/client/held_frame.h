/* held_frame.h -- what a client has accepted, as frames of a file.
 *
 * The file begins with its magic; then frames: a head, and the body, sealed as a whole but under km_seal_none.  The
 * first frame says nothing: it shows whether the seal is the right one.  Each names the check of the one before it, in
 * its head, in its own check and in its seal: one that was removed, replaced or moved is found by the next.  A file
 * that ends earlier, behind a whole frame, cannot be told from one that went no further.
 */
#ifndef KM_HELD_FRAME_H
#define KM_HELD_FRAME_H

#include "held.h"
#include "message/wire.h"

#define HELD_MAGIC "keymuster-client 2\n"
enum {
	HELD_START = sizeof HELD_MAGIC - 1,
	HELD_CHECK = 8,
	HELD_HEAD = 24,         /* length (4), check of the head (4), checks of the body, and of the frame before */
	HELD_BODY_MAX = 1 << 19,
	HELD_SEEN_MAX = 255,    /* of one frame */
};

/* What one frame says. */
typedef struct {
	const held_seen *seen;
	size_t n_seen;          /* up to HELD_SEEN_MAX */
	const km_key *key;      /* NULL: none */
	uint64_t ntp64;         /* of key */
} held_said;

/* Octets of the frame. */
size_t held_frame_size(const held_said *said, const km_seal *seal);
/* Write it.  chain is the check of the frame before it, all 0 for the first, and becomes its own.  KM_ENOMEM,
 * KM_ERANDOM. */
KM_MUST km_err held_frame_put(uint8_t *out, uint8_t chain[HELD_CHECK], const held_said *said, const km_seal *seal);

typedef enum {
	HELD_FRAME_WHOLE = 1,
	HELD_FRAME_CUT,         /* the file ends within it */
	HELD_FRAME_BAD_BODY,    /* size is right */
	HELD_FRAME_BAD,         /* there is none here */
} held_frame_state;
typedef struct {
	octets body;
	uint8_t before[HELD_CHECK], check[HELD_CHECK];  /* of the frame before it; its own */
	size_t size;
} held_frame;

/* The frame at data, with HELD_FRAME_WHOLE and HELD_FRAME_BAD_BODY; else all 0. */
held_frame_state held_frame_find(held_frame *frame, const uint8_t *data, size_t len);
/* What its body says goes into h.  KM_EFORMAT: it was sealed under another key, or is no body.  KM_ENOMEM,
 * KM_ELOCKED. */
KM_MUST km_err held_frame_take(held *h, const held_frame *frame, const km_seal *seal);

#endif
