/* messages_doc.c -- messages in a whole document: SIP, MIME, SDP, or XML with GKTP elements. */
#include "messages.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "message/mikey.h"

enum { PARTS_DEPTH = 8, BOUNDARY_MAX = 200 };

typedef struct {
	found_list *found;
	const char *at;         /* where lines were counted last */
	uint64_t line;          /* of at */
} scan;

/* ---- what was found --------------------------------------------------------------------------- */

/* Whoever asks goes forward. */
static uint64_t line_of(scan *s, const char *at)
{
	const char *end;

	while (s->at < at && (end = memchr(s->at, '\n', (size_t)(at - s->at))) != NULL) {
		s->line++;
		s->at = end + 1;
	}
	return s->line;
}

static found_message *add(scan *s, const char *at)
{
	found_list *f = s->found;

	if (f->n == f->room) {
		size_t room = f->room == 0 ? 8 : 2 * f->room;
		found_message *more = realloc(f->at, room * sizeof *more);

		if (more == NULL) {
			f->failed = true;
			return NULL;
		}
		f->at = more;
		f->room = room;
	}
	f->at[f->n] = (found_message){ .line = line_of(s, at) };
	return &f->at[f->n++];
}

static void add_wrong(scan *s, const char *at, const char *wrong)
{
	found_message *m = add(s, at);

	if (m != NULL)
		m->wrong = wrong;
}

static void add_octets(scan *s, const char *at, const uint8_t *msg, size_t len)
{
	found_message *m;

	if (len > KM_MESSAGE_MAX) {
		add_wrong(s, at, "longer than a message may be");
		return;
	}
	m = add(s, at);
	if (m == NULL)
		return;
	m->msg = malloc(len + 1);
	if (m->msg == NULL) {
		s->found->failed = true;
		s->found->n--;
		return;
	}
	memcpy(m->msg, msg, len);
	m->len = len;
}

static void add_text(scan *s, const char *at, const char *text, size_t len)
{
	uint8_t *msg = malloc(KM_MESSAGE_MAX);
	const char *wrong;
	size_t n;

	if (msg == NULL) {
		s->found->failed = true;
		return;
	}
	wrong = text_decode(msg, &n, text, len);
	if (wrong != NULL)
		add_wrong(s, at, wrong);
	else
		add_octets(s, at, msg, n);
	free(msg);
}

void found_free(found_list *found)
{
	for (size_t i = 0; i < found->n; i++)
		free(found->at[i].msg);
	free(found->at);
	*found = (found_list){ 0 };
}

/* ---- lines ------------------------------------------------------------------------------------ */

/* The next line of *s without its end; false: there is none. */
static bool next_line(km_str *s, km_str *line)
{
	const char *end;

	if (s->len == 0)
		return false;
	end = memchr(s->s, '\n', s->len);
	*line = (km_str){ s->s, end == NULL ? s->len : (size_t)(end - s->s) };
	s->len -= line->len + (end != NULL);
	s->s += line->len + (end != NULL);
	if (line->len > 0 && line->s[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* ---- SDP -------------------------------------------------------------------------------------- */

static bool is_sdp(const char *s, size_t len)
{
	return len >= 2 && islower((unsigned char)s[0]) && s[1] == '=';
}

/* Each a=key-mgmt:mikey is a message; what follows without a letter and "=" belongs to it. */
static void scan_sdp(scan *s, km_str body)
{
	km_str line;

	while (next_line(&body, &line)) {
		km_str code = text_behind_word(line.s, line.len), rest = body, more;
		const char *end = code.s + code.len;

		if (code.s == NULL)
			continue;
		while (next_line(&rest, &more) && more.len > 0 && text_is_code(more.s, more.len) &&
				!is_sdp(more.s, more.len)) {
			end = more.s + more.len;
			body = rest;
		}
		add_text(s, line.s, code.s, (size_t)(end - code.s));
	}
}

/* ---- XML -------------------------------------------------------------------------------------- */

/* Behind the tag, comment, instruction or CDATA section that begins at s; *text: what a CDATA section
 * holds. */
static const char *behind_markup(const char *s, const char *end, km_str *text)
{
	static const struct {
		const char *start, *end;
	} kinds[] = { { "<!--", "-->" }, { "<![CDATA[", "]]>" }, { "<?", "?>" } };
	char quote = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t n = strlen(kinds[i].start), m = strlen(kinds[i].end);
		const char *p;

		if ((size_t)(end - s) < n || memcmp(s, kinds[i].start, n) != 0)
			continue;
		for (p = s + n; p + m <= end && memcmp(p, kinds[i].end, m) != 0; p++)
			;
		if (i == 1 && p + m <= end)
			*text = (km_str){ s + n, (size_t)(p - (s + n)) };
		return p + m <= end ? p + m : end;
	}
	for (; s < end && (quote != 0 || *s != '>'); s++) {
		if (quote != 0)
			quote = *s == quote ? 0 : quote;
		else if (*s == '"' || *s == '\'')
			quote = *s;
	}
	return s < end ? s + 1 : end;
}

/* Is that the start tag of an element with that local name? */
static bool is_tag(const char *tag, const char *end, const char *name)
{
	const char *start = tag + 1, *p = start;

	while (p < end && *p != '>' && *p != '/' && !isspace((unsigned char)*p)) {
		if (*p++ == ':')
			start = p;
	}
	return (size_t)(p - start) == strlen(name) && memcmp(start, name, strlen(name)) == 0;
}

/* The text of the open element, in one piece: comments and sections may stand in it. */
typedef struct {
	char *s;                /* as long as the document */
	size_t len;
	const char *at;         /* where it begins in the document */
} element_text;

/* The character that &#N; or &#xN; at s stands for; 0: none that a message is written in. */
static char character_of(const char *s, size_t len)
{
	bool hex = len > 3 && s[2] == 'x';
	unsigned long n = 0;

	for (size_t i = hex ? 3 : 2; i + 1 < len; i++) {
		if (!(hex ? isxdigit((unsigned char)s[i]) : isdigit((unsigned char)s[i])) || n > 127)
			return '\0';
		n = n * (hex ? 16 : 10) + (unsigned long)(isdigit((unsigned char)s[i]) ? s[i] - '0' :
				tolower((unsigned char)s[i]) - 'a' + 10);
	}
	return n < 128 ? (char)n : '\0';
}

static void add_piece(element_text *e, km_str piece, bool references)
{
	const char *end = piece.s + piece.len;

	if (e->len == 0)
		e->at = text_trim(piece.s, piece.len).s;
	for (const char *p = piece.s; p < end; p++) {
		const char *stop = references && *p == '&' && end - p > 3 && p[1] == '#' ?
				memchr(p, ';', (size_t)(end - p < 12 ? end - p : 12)) : NULL;
		char c = stop == NULL ? '\0' : character_of(p, (size_t)(stop + 1 - p));

		e->s[e->len++] = c == '\0' ? *p : c;
		p = c == '\0' ? p : stop;
	}
}

static void end_text(scan *s, element_text *e, bool is_gktp)
{
	km_str text = text_trim(e->s, e->len);

	if (text.len > 0 && (is_gktp || text_surely_starts(text.s, text.len)))
		add_text(s, e->at, text.s, text.len);
	e->len = 0;
}

/* What a GKTP element holds, or any element that holds what surely is a message. */
static void scan_xml(scan *s, km_str doc)
{
	const char *p = doc.s, *end = doc.s + doc.len;
	element_text e = { .s = malloc(doc.len + 1) };
	bool is_gktp = false;

	s->found->failed = s->found->failed || e.s == NULL;
	while (e.s != NULL && p < end) {
		km_str section = { NULL, 0 };
		const char *next = memchr(p, '<', (size_t)(end - p));

		if (next == NULL)
			next = end;
		add_piece(&e, (km_str){ p, (size_t)(next - p) }, true);
		if (next == end)
			break;
		p = behind_markup(next, end, &section);
		if (section.s != NULL) {
			add_piece(&e, section, false);
		} else if (p - next > 2 && next[1] != '!' && next[1] != '?') {
			end_text(s, &e, is_gktp);
			is_gktp = next[1] != '/' && p[-2] != '/' && is_tag(next, p, "GKTP");
		}
	}
	if (e.s != NULL)
		end_text(s, &e, is_gktp);
	free(e.s);
}

/* ---- SIP and MIME ----------------------------------------------------------------------------- */

typedef struct {
	km_str type, encoding;
	char boundary[BOUNDARY_MAX + 3];        /* with its dashes; empty: none */
	size_t length;                          /* SIZE_MAX: not said */
} entity;

static bool starts_with(km_str s, const char *word)
{
	return s.len >= strlen(word) && strncasecmp(s.s, word, strlen(word)) == 0;
}

static bool contains(km_str s, const char *word)
{
	for (size_t n = strlen(word); s.len >= n; s.s++, s.len--)
		if (strncasecmp(s.s, word, n) == 0)
			return true;
	return false;
}

static void take_boundary(entity *e, km_str value)
{
	size_t n = 0;
	bool quoted;

	while (value.len > 0 && !starts_with(value, "boundary=")) {
		value.s++;
		value.len--;
	}
	if (value.len < 10)
		return;
	value = (km_str){ value.s + 9, value.len - 9 };
	quoted = value.s[0] == '"';
	value = (km_str){ value.s + quoted, value.len - quoted };
	while (n < value.len && n < BOUNDARY_MAX && (quoted ? value.s[n] != '"' :
			value.s[n] != ';' && !isspace((unsigned char)value.s[n])))
		n++;
	memcpy(e->boundary, "--", 2);
	memcpy(e->boundary + 2, value.s, n);
	e->boundary[2 + n] = '\0';
}

static void take_header(entity *e, km_str line)
{
	const char *colon = memchr(line.s, ':', line.len);
	km_str name, value;

	if (colon == NULL)
		return;
	name = text_trim(line.s, (size_t)(colon - line.s));
	value = text_trim(colon + 1, line.len - (size_t)(colon + 1 - line.s));
	if ((name.len == 12 && starts_with(name, "Content-Type")) || (name.len == 1 && starts_with(name, "c"))) {
		e->type = value;
		take_boundary(e, value);
	} else if (name.len == 25 && starts_with(name, "Content-Transfer-Encoding")) {
		e->encoding = value;
	} else if ((name.len == 14 && starts_with(name, "Content-Length")) ||
			(name.len == 1 && starts_with(name, "l"))) {
		e->length = 0;
		for (size_t i = 0; i < value.len && isdigit((unsigned char)value.s[i]) &&
				e->length < SIZE_MAX / 16; i++)
			e->length = 10 * e->length + (size_t)(value.s[i] - '0');
	}
}

/* The headers of *s, which then is the body. */
static entity read_headers(km_str *s)
{
	entity e = { .length = SIZE_MAX };
	km_str line;

	while (next_line(s, &line) && line.len > 0) {
		/* A line that begins with a blank goes on with the one before. */
		while (s->len > 0 && (*s->s == ' ' || *s->s == '\t')) {
			km_str more;

			next_line(s, &more);
			line.len = (size_t)(more.s + more.len - line.s);
		}
		take_header(&e, line);
	}
	if (e.length < s->len)
		s->len = e.length;
	return e;
}

/* A body of application/mikey: octets, or text with or without the word. */
static void scan_mikey(scan *s, km_str body, const char *at)
{
	km_str text = text_trim(body.s, body.len), code = text_behind_word(text.s, text.len);
	mikey_msg m;

	if (body.len > 0 && body.s[0] == 1) {
		/* A line end behind it is that of the file. */
		if (!mikey_parse(&m, (const uint8_t *)body.s, body.len, 0, NULL) &&
		    text.len < body.len && text.s == body.s && body.s[body.len - 1] == '\n')
			body.len -= body.len > 1 && body.s[body.len - 2] == '\r' ? 2 : 1;
		add_octets(s, at, (const uint8_t *)body.s, body.len);
	} else if (code.s != NULL) {
		add_text(s, at, code.s, (size_t)(text.s + text.len - code.s));
	} else {
		add_text(s, at, text.s, text.len);
	}
}

static void scan_entity(scan *s, km_str part, int depth);

/* Parts stand between lines that begin with the boundary. */
static void scan_parts(scan *s, km_str body, const char *boundary, int depth)
{
	const char *part = NULL;
	km_str line;

	while (next_line(&body, &line)) {
		if (!starts_with(line, boundary))
			continue;
		if (part != NULL && line.s > part) {
			size_t len = (size_t)(line.s - part);

			len -= len > 0 && part[len - 1] == '\n'; /* the line end belongs to the boundary */
			len -= len > 0 && part[len - 1] == '\r';
			scan_entity(s, (km_str){ part, len }, depth + 1);
		}
		part = body.s;
		if (line.len >= strlen(boundary) + 2 &&
		    memcmp(line.s + strlen(boundary), "--", 2) == 0)
			return;
	}
	if (part != NULL && body.s > part) /* the last boundary is missing */
		scan_entity(s, (km_str){ part, (size_t)(body.s - part) }, depth + 1);
}

static void scan_body(scan *s, const entity *e, km_str body, const char *at, int depth)
{
	if (e->boundary[0] != '\0' && starts_with(e->type, "multipart/")) {
		if (depth < PARTS_DEPTH)
			scan_parts(s, body, e->boundary, depth);
		else
			add_wrong(s, at, "more than 8 levels of parts");
	} else if (starts_with(e->type, "application/mikey")) {
		scan_mikey(s, body, at);
	} else if (starts_with(e->type, "application/sdp") || (body.len > 1 && memcmp(body.s, "v=", 2) == 0)) {
		scan_sdp(s, body);
	} else if (contains(e->type, "xml") || (body.len > 0 && body.s[0] == '<')) {
		scan_xml(s, body);
	} else if (e->type.len == 0 || starts_with(e->type, "application/octet-stream") ||
			starts_with(e->type, "text/plain")) {
		km_str text = text_trim(body.s, body.len);

		if ((body.len > 0 && body.s[0] == 1) || text_behind_word(text.s, text.len).s != NULL ||
		    text_may_start(text.s, text.len))
			scan_mikey(s, body, at);
	}
}

/* An encoded body is a document of its own: all of it stands in the line where it began. */
static void scan_encoded(scan *s, const entity *e, km_str body, int depth)
{
	uint8_t *decoded = malloc(KM_MESSAGE_MAX);
	scan inner = { s->found, (const char *)decoded, line_of(s, body.s) };
	const char *wrong;
	size_t n, before = s->found->n;

	if (decoded == NULL) {
		s->found->failed = true;
		return;
	}
	wrong = text_decode(decoded, &n, body.s, body.len);
	if (wrong != NULL && (starts_with(e->type, "application/mikey")))
		add_wrong(s, body.s, wrong);
	else if (wrong == NULL)
		scan_body(&inner, e, (km_str){ (const char *)decoded, n }, (const char *)decoded, depth);
	for (size_t i = before; i < s->found->n; i++)
		s->found->at[i].line = inner.line;
	free(decoded);
}

static void scan_entity(scan *s, km_str part, int depth)
{
	entity e = read_headers(&part);

	if (starts_with(e.encoding, "base64") && !starts_with(e.type, "multipart/"))
		scan_encoded(s, &e, part, depth);
	else
		scan_body(s, &e, part, part.s, depth);
}

/* ---- the whole -------------------------------------------------------------------------------- */

static bool is_start_line(km_str line)
{
	return starts_with(line, "SIP/2.0 ") || starts_with(line, "HTTP/1.") || contains(line, " SIP/2.0") ||
			contains(line, " HTTP/1.");
}

static bool is_header(km_str line)
{
	size_t n = 0;

	while (n < line.len && (isalnum((unsigned char)line.s[n]) || line.s[n] == '-'))
		n++;
	return n > 0 && n < line.len && line.s[n] == ':' && isalpha((unsigned char)line.s[0]) &&
			!starts_with(line, "sip:") && !starts_with(line, "sips:") && !starts_with(line, "tel:") &&
			!starts_with(line, "key-mgmt:");
}

bool doc_starts(const char *line, size_t len)
{
	km_str s = text_trim(line, len);

	if (s.len == 0)
		return false;
	return s.s[0] == '<' || is_start_line(s) || is_header(s) || (s.len > 2 && memcmp(s.s, "--", 2) == 0);
}

void doc_find(found_list *found, const char *doc, size_t len, uint64_t line)
{
	scan s = { found, doc, line };
	km_str rest = { doc, len }, first;
	char boundary[BOUNDARY_MAX + 1];

	if (!next_line(&rest, &first))
		return;
	if (text_trim(first.s, first.len).len > 0 && text_trim(first.s, first.len).s[0] == '<') {
		scan_xml(&s, (km_str){ doc, len });
	} else if (is_start_line(first)) {
		scan_entity(&s, rest, 0);
	} else if (memcmp(first.s, "--", 2) == 0 && first.len <= BOUNDARY_MAX) {
		memcpy(boundary, first.s, first.len);
		boundary[first.len] = '\0';
		scan_parts(&s, (km_str){ doc, len }, boundary, 0);
	} else {
		scan_entity(&s, (km_str){ doc, len }, 0);
	}
}
