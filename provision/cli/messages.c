/* messages.c -- messages that are read: one raw message, lines of text, or NDJSON. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

enum { LINE_MAX_OCTETS = 1 << 18 };     /* base64 of the longest message, and room around it */

struct cli_messages {
	FILE *in;
	bool begun, raw;
	uint64_t line;
	size_t len;
	bool too_long;
	char text[LINE_MAX_OCTETS];
	uint8_t msg[KM_MESSAGE_MAX + 1];
};

cli_messages *cli_messages_open(FILE *in)
{
	cli_messages *m = calloc(1, sizeof *m);

	if (m != NULL)
		m->in = in;
	return m;
}

void cli_messages_close(cli_messages *m)
{
	free(m);
}

/* An I_MESSAGE starts with its version, which is 1; lines start with what can be typed. */
static bool is_raw(FILE *in)
{
	int c = getc(in);

	if (c == EOF)
		return true;
	ungetc(c, in);
	return strchr("m{ \t\r\n\xef", c) == NULL || c == '\0';
}

static void read_raw(cli_messages *m, cli_message *out)
{
	out->msg = m->msg;
	out->len = fread(m->msg, 1, sizeof m->msg, m->in);
	if (out->len > KM_MESSAGE_MAX)
		out->wrong = "longer than a message may be";
}

/* Read a line without its end and spaces around it.  false: the end. */
static bool read_line(cli_messages *m)
{
	int c = getc_unlocked(m->in);

	if (c == EOF)
		return false;
	m->line++;
	m->len = 0;
	m->too_long = false;
	for (; c != EOF && c != '\n'; c = getc_unlocked(m->in)) {
		if (m->len < sizeof m->text)
			m->text[m->len++] = (char)c;
		else
			m->too_long = true;
	}
	while (m->len > 0 && strchr(" \t\r", m->text[m->len - 1]) != NULL)
		m->len--;
	if (m->line == 1 && m->len >= 3 && memcmp(m->text, "\xef\xbb\xbf", 3) == 0) {
		m->len -= 3;
		memmove(m->text, m->text + 3, m->len);
	}
	return true;
}

static void decode(cli_messages *m, cli_message *out, const char *text, size_t len)
{
	out->msg = m->msg;
	if (sodium_base642bin(m->msg, KM_MESSAGE_MAX, text, len, NULL, &out->len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0) {
		out->len = 0;
		out->wrong = "mikey is not base64, or longer than a message may be";
	}
}

static void read_json(cli_messages *m, cli_message *out)
{
	json_error_t error;
	json_t *root = json_loadb(m->text, m->len, JSON_REJECT_DUPLICATES, &error);
	const json_t *mikey = json_object_get(root, "mikey");

	if (!json_is_object(root))
		out->wrong = "not one JSON object";
	else if (!json_is_string(mikey))
		out->wrong = "no string called mikey in the object";
	else
		decode(m, out, json_string_value(mikey), json_string_length(mikey));
	json_decref(root);
}

bool cli_messages_next(cli_messages *m, cli_message *out)
{
	static const char word[] = "mikey ";

	*out = (cli_message){ 0 };
	if (!m->begun)
		m->raw = is_raw(m->in);
	if (m->raw) {
		if (m->begun || ferror(m->in))
			return false;
		m->begun = true;
		read_raw(m, out);
		return !ferror(m->in);
	}
	m->begun = true;
	do {
		if (!read_line(m))
			return false;
	} while (m->len == 0 && !m->too_long);
	out->line = m->line;
	if (m->too_long)
		out->wrong = "the line is too long";
	else if (m->text[0] == '{')
		read_json(m, out);
	else if (m->len > sizeof word - 1 && memcmp(m->text, word, sizeof word - 1) == 0)
		decode(m, out, m->text + sizeof word - 1, m->len - (sizeof word - 1));
	else
		out->wrong = "neither \"mikey BASE64\" nor a JSON object";
	return true;
}
