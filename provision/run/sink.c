/* sink.c -- messages as they leave: NDJSON, lines of text, or raw octets. */
#include "sink.h"

#include <string.h>

#include "base/json_text.h"

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char hex[] = "0123456789abcdef";

/* Messages are public: reading the table by their octets tells nobody anything. */
size_t sink_base64(char *out, const uint8_t *in, size_t len)
{
	char *at = out;

	for (; len >= 3; len -= 3, in += 3, at += 4) {
		uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

		at[0] = base64[v >> 18];
		at[1] = base64[v >> 12 & 63];
		at[2] = base64[v >> 6 & 63];
		at[3] = base64[v & 63];
	}
	if (len > 0) {
		uint32_t v = (uint32_t)in[0] << 16 | (len == 2 ? (uint32_t)in[1] << 8 : 0);

		at[0] = base64[v >> 18];
		at[1] = base64[v >> 12 & 63];
		at[2] = len == 2 ? base64[v >> 6 & 63] : '=';
		at[3] = '=';
		at += 4;
	}
	return (size_t)(at - out);
}

static char *put(char *at, const char *s)
{
	size_t len = strlen(s);

	memcpy(at, s, len);
	return at + len;
}

static char *put_hex(char *at, const uint8_t *in, size_t len)
{
	for (; len > 0; len--, in++) {
		*at++ = hex[*in >> 4];
		*at++ = hex[*in & 15];
	}
	return at;
}

static char *put_id(char *at, uint32_t id)
{
	uint8_t octets[4] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
			(uint8_t)id };

	return put_hex(at, octets, sizeof octets);
}

static char *put_number(char *at, uint64_t n)
{
	char digits[20];
	size_t i = sizeof digits;

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	memcpy(at, digits + i, sizeof digits - i);
	return at + sizeof digits - i;
}

size_t sink_size(sink_format format, const sink_message *message)
{
	size_t text = (message->len + 2) / 3 * 4;

	if (format == SINK_RAW)
		return message->len;
	if (format == SINK_TEXT)
		return text + message->uri.len + message->group.len + sizeof "mikey \t\t\n";
	/* Names and punctuation, UID, period and two identifiers: 183 octets at most. */
	return text + 6 * (message->uri.len + message->kms.len + message->group.len) + 272;
}

static char *put_ndjson(char *at, const sink_message *message)
{
	at = put(at, "{\"uri\":");
	at += json_text(at, message->uri.s, message->uri.len);
	if (message->group.len > 0) {
		at = put(at, ",\"group\":");
		at += json_text(at, message->group.s, message->group.len);
	}
	at = put(at, ",\"uid\":\"");
	at = put_hex(at, message->uid, KM_UID_BYTES);
	at = put(at, "\",\"kms\":");
	at += json_text(at, message->kms.s, message->kms.len);
	at = put(at, ",\"key_period\":");
	at = put_number(at, message->period_no);
	at = put(at, ",\"gmk_id\":\"");
	at = put_id(at, message->gmk_id);
	at = put(at, "\",\"guk_id\":\"");
	at = put_id(at, message->guk_id);
	at = put(at, "\",\"mikey\":\"");
	at += sink_base64(at, message->msg, message->len);
	return put(at, "\"}\n");
}

size_t sink_put(char *out, sink_format format, const sink_message *message)
{
	char *at = out;

	switch (format) {
	case SINK_RAW:
		memcpy(out, message->msg, message->len);
		return message->len;
	case SINK_TEXT:
		at = put(at, "mikey ");
		at += sink_base64(at, message->msg, message->len);
		at = put(at, "\t");
		memcpy(at, message->uri.s, message->uri.len);
		at += message->uri.len;
		if (message->group.len > 0) {
			*at++ = '\t';
			memcpy(at, message->group.s, message->group.len);
			at += message->group.len;
		}
		at = put(at, "\n");
		break;
	case SINK_NDJSON:
		at = put_ndjson(at, message);
		break;
	}
	return (size_t)(at - out);
}
