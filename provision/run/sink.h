/* sink.h -- messages as they leave: NDJSON, lines of text, or raw octets. */
#ifndef KM_SINK_H
#define KM_SINK_H

#include "gmk.h"

typedef enum { SINK_NDJSON, SINK_TEXT, SINK_RAW } sink_format;

/* A message, and whose it is. */
typedef struct {
	km_str uri, kms;
	km_str group;           /* len 0: all have one key */
	const uint8_t *uid;     /* KM_UID_BYTES */
	uint64_t period_no;
	uint32_t gmk_id, guk_id;
	const uint8_t *msg;
	size_t len;
} sink_message;

/* Upper bound of what sink_put writes for it. */
size_t sink_size(sink_format format, const sink_message *message);

/* Write one message; gives the octets written.  NDJSON is an object a line: uri, uid (hex), kms,
 * key_period (a number), gmk_id, guk_id (8 hex digits), mikey (base64), and behind uri its group where it has one.  Text is "mikey
 * BASE64", a tab, and whose it is, and a tab and the group where it has one: members are refused and repeated, and a line's number would tell nothing. */
size_t sink_put(char *out, sink_format format, const sink_message *message);

/* Base64 with padding: exactly 4 * ceil(len / 3) octets, no NUL. */
size_t sink_base64(char *out, const uint8_t *in, size_t len);

#endif
