/* messages.c -- messages that are read, in the forms in which people have them. */
#include "messages.h"

#include <stdlib.h>
#include <string.h>

#include "message/mikey.h"

enum {
	LINE_MAX_OCTETS = 1 << 18,      /* base64 of the longest message, and room around it */
	DOCUMENT_MAX = 1 << 24,
	WRAPPED_MAX = 2048,             /* lines of one message */
};

static const char forms[] = "no form of message that is read: raw octets, base64 or hex, \"mikey BASE64\", "
		"a=key-mgmt:mikey in SDP, SIP or MIME with application/mikey or application/sdp, NDJSON with "
		"mikey, a GKTP document";

struct cli_messages {
	FILE *in;
	enum { NOT_BEGUN, BY_LINE, IN_DOCUMENT, AT_END } state;
	uint64_t line;
	bool too_long, ended, held;     /* of the line in text; held: not taken yet */
	bool any;                       /* was a line taken as one of a form? */
	size_t len, block_len;
	found_list found;
	size_t given;                   /* of what was found */
	char text[LINE_MAX_OCTETS], block[LINE_MAX_OCTETS];
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
	if (m == NULL)
		return;
	found_free(&m->found);
	free(m);
}

/* Read a line without its end.  false: the end. */
static bool read_line(cli_messages *m)
{
	int c = getc_unlocked(m->in);

	m->len = 0;
	m->too_long = false;
	if (c == EOF)
		return false;
	m->line++;
	for (; c != EOF && c != '\n'; c = getc_unlocked(m->in)) {
		if (m->len < sizeof m->text)
			m->text[m->len++] = (char)c;
		else
			m->too_long = true;
	}
	m->ended = c == '\n';
	return true;
}

/* ---- what a file is --------------------------------------------------------------------------- */

/* A message begins with its version, which is 1, and is a file of its own. */
static void read_raw(cli_messages *m, cli_message *out)
{
	m->state = AT_END;
	out->msg = m->msg;
	out->len = fread(m->msg, 1, sizeof m->msg, m->in);
	if (out->len > KM_MESSAGE_MAX)
		out->wrong = "longer than a message may be";
}

/* The rest of the file behind the line that was read; its messages. */
static void read_document(cli_messages *m, cli_message *out)
{
	char *doc = malloc(DOCUMENT_MAX);
	size_t len = m->len;

	m->state = IN_DOCUMENT;
	if (doc == NULL) {
		m->found.failed = true;
		return;
	}
	memcpy(doc, m->text, m->len);
	if (m->ended)
		doc[len++] = '\n';
	len += fread(doc + len, 1, DOCUMENT_MAX - len, m->in);
	if (len == DOCUMENT_MAX) {
		*out = (cli_message){ .line = m->line, .wrong = "a document of more than 16 MB" };
		m->state = AT_END;
	} else if (!ferror(m->in)) {
		doc_find(&m->found, doc, len, m->line);
	}
	free(doc);
}

/* Take the first line that is not empty, and see what the file is.  true: out was filled. */
static bool begin(cli_messages *m, cli_message *out)
{
	int c = getc(m->in);

	m->state = AT_END;
	if (c == EOF)
		return false;
	ungetc(c, m->in);
	if (c == 1) {
		read_raw(m, out);
		return true;
	}
	do {
		if (!read_line(m))
			return false;
		if (m->line == 1 && m->len >= 3 && memcmp(m->text, "\xef\xbb\xbf", 3) == 0) {
			m->len -= 3;
			memmove(m->text, m->text + 3, m->len);
		}
	} while (text_trim(m->text, m->len).len == 0 && !m->too_long);
	m->held = true;
	m->state = BY_LINE;
	if (doc_starts(m->text, m->len) && !m->too_long) {
		read_document(m, out);
		return out->wrong != NULL;
	}
	return false;
}

/* ---- lines ------------------------------------------------------------------------------------ */

static bool take_line(cli_messages *m)
{
	if (m->held) {
		m->held = false;
		return true;
	}
	return read_line(m);
}

/* Is what was gathered a whole message?  Then nothing behind it belongs to it. */
static bool is_whole(cli_messages *m)
{
	mikey_msg parsed;
	size_t len;

	return m->block_len > 0 && text_decode(m->msg, &len, m->block, m->block_len) == NULL &&
			mikey_parse(&parsed, m->msg, len, ~0u, NULL);
}

static bool goes_on(const cli_messages *m)
{
	km_str line = text_trim(m->text, m->len);

	return line.len > 0 && !m->too_long && text_is_code(line.s, line.len) &&
			text_behind_word(line.s, line.len).s == NULL && !text_surely_starts(line.s, line.len);
}

/* Gather what was wrapped over lines, and decode it. */
static void read_block(cli_messages *m, cli_message *out, km_str code)
{
	size_t width = 0, lines = 1;

	memcpy(m->block, code.s, code.len);
	m->block_len = code.len;
	/* Lines are wrapped at one width: the last one is another. */
	while (lines++ < WRAPPED_MAX && (m->len == width || !is_whole(m))) {
		width = lines > 2 ? m->len : 0;
		if (!read_line(m))
			break;
		if (!goes_on(m)) {
			m->held = text_trim(m->text, m->len).len > 0 || m->too_long;
			break;
		}
		if (m->block_len + m->len > sizeof m->block) {
			out->wrong = "longer than a message may be";
			return;
		}
		memcpy(m->block + m->block_len, m->text, m->len);
		m->block_len += m->len;
	}
	out->msg = m->msg;
	out->wrong = text_decode(m->msg, &out->len, m->block, m->block_len);
}

static void read_json(cli_messages *m, cli_message *out, km_str line)
{
	out->wrong = text_json(m->block, &m->block_len, line.s, line.len);
	if (out->wrong != NULL)
		return;
	out->msg = m->msg;
	out->wrong = text_decode(m->msg, &out->len, m->block, m->block_len);
}

/* One line of text, and what belongs to it.  false: there is no message in it. */
static bool read_text(cli_messages *m, cli_message *out)
{
	km_str line = text_trim(m->text, m->len), code = text_behind_word(line.s, line.len);
	bool is_first = !m->any;

	m->any = true;
	out->line = m->line;
	if (m->too_long) {
		out->wrong = "the line is too long";
	} else if (line.len == 0) {
		return false;
	} else if (line.s[0] == '{') {
		read_json(m, out, line);
	} else if (code.s != NULL) {
		read_block(m, out, code);
	} else if (line.len > 1 && line.s[1] == '=' && line.s[0] >= 'a' && line.s[0] <= 'z') {
		return false; /* SDP says other things too */
	} else if (text_may_start(line.s, line.len)) {
		read_block(m, out, line);
	} else {
		out->wrong = is_first ? forms : "neither \"mikey BASE64\", base64, hex, nor a JSON object";
		if (is_first)
			m->state = AT_END;
	}
	return true;
}

bool cli_messages_next(cli_messages *m, cli_message *out)
{
	*out = (cli_message){ 0 };
	if (m->state == NOT_BEGUN && begin(m, out))
		return !ferror(m->in);
	while (m->state == BY_LINE && take_line(m))
		if (read_text(m, out))
			return true;
	if (m->state != IN_DOCUMENT || ferror(m->in))
		return false;
	if (m->given < m->found.n) {
		const found_message *f = &m->found.at[m->given++];

		*out = (cli_message){ .line = f->line, .msg = f->msg, .len = f->len, .wrong = f->wrong };
		return true;
	}
	m->state = AT_END;
	if (!m->found.failed)
		return false;
	*out = (cli_message){ .line = m->line, .wrong = "memory ran out before all was read" };
	return true;
}
