/* held_frame.h -- what a client has accepted, as frames of a file.
 *
 * The file begins with its magic; then frames: a head of length, check of the head and check of the body, and the body,
 * sealed as a whole but under km_seal_none.  The first frame says nothing: it shows whether the seal is the right one.
 */
#ifndef KM_HELD_FRAME_H
#define KM_HELD_FRAME_H

#include "held.h"
#include "message/wire.h"

#define HELD_MAGIC "keymuster-client 1\n"
enum {
	HELD_START = sizeof HELD_MAGIC - 1,
	HELD_HEAD = 16,         /* length (4), check of it and of the other check (4), check of the body (8) */
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
/* Write it.  KM_ENOMEM, KM_ERANDOM. */
KM_MUST km_err held_frame_put(uint8_t *out, const held_said *said, const km_seal *seal);

typedef enum {
	HELD_FRAME_WHOLE = 1,
	HELD_FRAME_CUT,         /* the file ends within it */
	HELD_FRAME_BAD_BODY,    /* size is right */
	HELD_FRAME_BAD,         /* there is none here */
} held_frame_state;
/* The frame at data: its body, and with HELD_FRAME_WHOLE and HELD_FRAME_BAD_BODY its size. */
held_frame_state held_frame_find(octets *body, size_t *size, const uint8_t *data, size_t len);
/* What a body says goes into h.  KM_EFORMAT: it was sealed under another key, or is no body.  KM_ENOMEM, KM_ELOCKED. */
KM_MUST km_err held_frame_take(held *h, octets body, const km_seal *seal);

#endif
