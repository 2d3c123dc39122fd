/* messages.h -- how messages are found in text and in documents: between the files that read them. */
#ifndef KM_CLI_MESSAGES_H
#define KM_CLI_MESSAGES_H

#include "cli.h"

/* ---- text (messages_text.c) ------------------------------------------------------------------- */

/* Octets of hex, base64 or base64url, with white space anywhere; out has KM_MESSAGE_MAX octets.
 * NULL, or what is wrong. */
const char *text_decode(uint8_t *out, size_t *out_len, const char *text, size_t len);
/* Can it be the start of a message in hex or base64?  Surely: it is that of one (01, a data type, T),
 * which hardly stands anywhere else. */
bool text_may_start(const char *text, size_t len);
bool text_surely_starts(const char *text, size_t len);
/* Nothing but letters of hex, base64 or base64url, and blanks? */
bool text_is_code(const char *text, size_t len);
/* What stands behind "mikey" or "a=key-mgmt:mikey", with an identity before it or behind it, parted by
 * a tab; len 0: there is no such word. */
km_str text_behind_word(const char *line, size_t len);
/* Without white space around it. */
km_str text_trim(const char *s, size_t len);
/* The string called mikey in a JSON object, unescaped into out, which has len octets.  Nothing else in
 * the object matters.  NULL, or what is wrong. */
const char *text_json(char *out, size_t *out_len, const char *json, size_t len);

/* ---- documents (messages_doc.c) --------------------------------------------------------------- */

typedef struct {
	uint64_t line;
	uint8_t *msg;
	size_t len;
	const char *wrong;
} found_message;

typedef struct {
	found_message *at;
	size_t n, room;
	bool failed;            /* memory ran out */
} found_list;

/* Is that the first line of a SIP message, of a MIME entity, or of an XML document? */
bool doc_starts(const char *line, size_t len);
/* Take the messages out of a whole document; line is that of its first octet. */
void doc_find(found_list *found, const char *doc, size_t len, uint64_t line);
void found_free(found_list *found);

#endif
