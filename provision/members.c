/* members.c -- lists of members, read line by line: one URI a line, CSV, or NDJSON. */
#include "members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "complain.h"
#include "seen.h"

enum { RECORD_MAX = 1 << 16 };          /* octets of a line, or of a CSV record */

typedef enum { UNDECIDED, PLAIN, CSV, NDJSON } list_kind;

struct members {
	FILE *in;
	char *name;
	list_kind kind;
	bool ended;
	uint64_t line;          /* line ends read */
	uint64_t first_line;    /* of the record */
	size_t columns, uri_column, kms_column;         /* of CSV; kms_column == columns: none */
	seen *seen;
	json_t *row;            /* holds the strings of an NDJSON line */
	size_t len;
	bool too_long;          /* the record: only its start was kept */
	bool open_quote;        /* the list ended within quotes */
	char record[RECORD_MAX];
};

members *members_open(FILE *in, const char *name)
{
	members *list = calloc(1, sizeof *list);

	if (list == NULL)
		return NULL;
	list->in = in;
	list->name = strdup(name);
	list->seen = seen_new();
	if (list->name == NULL || list->seen == NULL) {
		members_close(list);
		return NULL;
	}
	return list;
}

void members_close(members *list)
{
	if (list == NULL)
		return;
	json_decref(list->row);
	seen_free(list->seen);
	free(list->name);
	free(list);
}

/* ---- records --------------------------------------------------------------------------------- */

/* Read a line, or a CSV record, which goes on over line ends in quotes: what stands in a quoted
 * field never becomes a line of its own.  false: the end. */
static bool read_record(members *list)
{
	bool quoted = false, may_open = true, any = false;
	int c;

	list->len = 0;
	list->too_long = false;
	list->first_line = list->line + 1;
	while ((c = getc_unlocked(list->in)) != EOF) {
		any = true;
		list->line += c == '\n';
		if (c == '\n' && !quoted)
			break;
		if (list->kind == CSV && c == '"') {
			may_open = quoted || may_open;
			quoted = !quoted && may_open;
		} else if (!quoted) {
			may_open = c == ',';
		}
		if (list->len < sizeof list->record)
			list->record[list->len++] = (char)c;
		else
			list->too_long = true;
	}
	if (list->len > 0 && !list->too_long && list->record[list->len - 1] == '\r')
		list->len--;
	list->open_quote = quoted;
	return any;
}

/* Take a byte order mark off the first line. */
static void skip_mark(members *list)
{
	if (list->first_line == 1 && list->len >= 3 &&
	    memcmp(list->record, "\xef\xbb\xbf", 3) == 0) {
		list->len -= 3;
		memmove(list->record, list->record + 3, list->len);
	}
}

/* ---- CSV (RFC 4180) -------------------------------------------------------------------------- */

/* Take the next field of *rest, its quotes undone in place.  *rest is NULL after the last one.
 * false: quotes where none may stand. */
static bool take_field(km_str *field, char **rest, char *end)
{
	char *at = *rest, *to = *rest;

	field->s = to;
	if (at < end && *at == '"') {
		for (at++; at < end && (*at != '"' || (at + 1 < end && at[1] == '"')); at++) {
			at += *at == '"';
			*to++ = *at;
		}
		if (at == end)
			return false;
		at++;
	} else {
		while (at < end && *at != ',' && *at != '"')
			*to++ = *at++;
	}
	field->len = (size_t)(to - field->s);
	if (at < end && *at != ',')
		return false;
	*rest = at == end ? NULL : at + 1;
	return true;
}

/* Is the field this word, in any case, with spaces around it or not? */
static bool is_column(km_str field, const char *word)
{
	while (field.len > 0 && *field.s == ' ') {
		field.s++;
		field.len--;
	}
	while (field.len > 0 && field.s[field.len - 1] == ' ')
		field.len--;
	return field.len == strlen(word) && strncasecmp(field.s, word, field.len) == 0;
}

/* NULL: a header or not, as list->kind then says.  Else what is wrong with the header. */
static const char *read_header(members *list, char *line, size_t len)
{
	char *rest = line, *end = line + len;
	size_t n = 0, uris = 0, kmss = 0, uri_at = 0, kms_at = 0;
	km_str field;

	for (; rest != NULL; n++) {
		if (!take_field(&field, &rest, end))
			return NULL;
		if (is_column(field, "uri")) {
			uris++;
			uri_at = n;
		} else if (is_column(field, "kms")) {
			kmss++;
			kms_at = n;
		}
	}
	if (uris == 0)
		return NULL;
	if (uris > 1 || kmss > 1)
		return "a column of the header stands there twice";
	list->kind = CSV;
	list->columns = n;
	list->uri_column = uri_at;
	list->kms_column = kmss == 0 ? n : kms_at;
	return NULL;
}

/* Is this a header with other separators?  Its lines would pass for URIs. */
static bool is_foreign_header(const char *line, size_t len)
{
	if (memchr(line, ':', len) != NULL)
		return false;
	for (size_t i = 0; i < len; ) {
		size_t n = 0;

		while (i + n < len && line[i + n] != ';' && line[i + n] != '\t')
			n++;
		if (is_column((km_str){ line + i, n }, "uri"))
			return true;
		i += n + 1;
	}
	return false;
}

static const char *read_csv(members *list, member_line *out)
{
	char *rest = list->record, *end = list->record + list->len;
	km_str field;
	size_t n = 0;

	if (list->open_quote)
		return "a quote that is never closed: nothing after it was read";
	for (; rest != NULL; n++) {
		if (!take_field(&field, &rest, end))
			return "a quote within a field, or text after a closing one";
		if (n == list->uri_column)
			out->uri = field;
		else if (n == list->kms_column)
			out->kms = field;
	}
	return n == list->columns ? NULL : "not as many fields as the header has";
}

/* ---- NDJSON and plain lines ------------------------------------------------------------------ */

static km_str json_text(const json_t *value)
{
	return (km_str){ json_string_value(value), json_string_length(value) };
}

static const char *read_json(members *list, member_line *out)
{
	json_error_t error;
	const json_t *uri, *kms;

	list->row = json_loadb(list->record, list->len, JSON_REJECT_DUPLICATES, &error);
	if (list->row == NULL || !json_is_object(list->row))
		return "not one JSON object";
	uri = json_object_get(list->row, "uri");
	kms = json_object_get(list->row, "kms");
	if (!json_is_string(uri))
		return "no string called uri in the object";
	if (kms != NULL && !json_is_string(kms) && !json_is_null(kms))
		return "kms is not a string";
	out->uri = json_text(uri);
	if (json_is_string(kms))
		out->kms = json_text(kms);
	return NULL;
}

/* A comma may stand in a user's name, but not in a host. */
static const char *read_plain(members *list, member_line *out)
{
	const char *host = memrchr(list->record, '@', list->len);

	out->uri = (km_str){ list->record, list->len };
	if (host != NULL && memchr(host, ',', list->len - (size_t)(host - list->record)) != NULL)
		return "a comma behind the host: CSV needs a first line that names the columns";
	return NULL;
}

/* ---- lines to members ------------------------------------------------------------------------ */

/* The first line that counts.  false: a header, or *wrong says what is wrong with it. */
static bool decide(members *list, const char **wrong)
{
	char *copy;

	*wrong = NULL;
	if (list->record[0] == '{') {
		list->kind = NDJSON;
		return true;
	}
	if (list->record[0] == '<') { /* a key document, say: its lines must not be shown */
		*wrong = "a document, not a list of members";
		return false;
	}
	if (list->too_long) {
		list->kind = PLAIN;
		return true;
	}
	copy = malloc(list->len + 1);
	if (copy == NULL) {
		*wrong = strerror(ENOMEM);
		return false;
	}
	memcpy(copy, list->record, list->len);
	*wrong = read_header(list, copy, list->len);
	free(copy);
	if (*wrong == NULL && list->kind == UNDECIDED) {
		if (is_foreign_header(list->record, list->len))
			*wrong = "the columns must be separated by commas";
		list->kind = PLAIN;
	}
	return *wrong == NULL && list->kind == PLAIN;
}

static void reject(member_line *out, km_reason reason, const char *text)
{
	out->reason = reason;
	snprintf(out->text, sizeof out->text, "%s", text);
}

/* The record to a member.  false: out of memory. */
static bool read_member(members *list, member_line *out)
{
	const char *wrong = NULL;
	km_uri_fault fault;
	int is_new;

	if (list->too_long)
		wrong = "the line is too long";
	else if (list->kind == NDJSON)
		wrong = read_json(list, out);
	else if (list->kind == CSV)
		wrong = read_csv(list, out);
	else
		wrong = read_plain(list, out);
	if (wrong != NULL) {
		reject(out, KM_R_PARSE, wrong);
		return true;
	}
	fault = km_uri_check(out->uri.s, out->uri.len, KM_URI_MEMBER);
	if (fault != KM_URI_OK) {
		reject(out, KM_R_URI, km_uri_fault_text(fault));
		return true;
	}
	is_new = seen_add(list->seen, out->uri.s, out->uri.len);
	if (is_new == 0)
		reject(out, KM_R_REPEATED, km_reason_text(KM_R_REPEATED));
	return is_new >= 0;
}

/* Read on to the first octet that counts; 0, -1 as members_next, 1: a record of a member. */
static int next_record(members *list, km_complaint *why)
{
	while (read_record(list)) {
		const char *wrong;

		skip_mark(list);
		if (list->len == 0)
			continue;
		if (list->record[0] == '#' && list->kind <= PLAIN)
			continue;
		if (list->kind != UNDECIDED || decide(list, &wrong))
			return 1;
		if (wrong != NULL) {
			complain(why, list->name, (int)list->first_line, NULL, wrong);
			return -1;
		}
	}
	if (!ferror(list->in))
		return 0;
	complain(why, list->name, (int)list->line + 1, NULL, strerror(errno));
	return -1;
}

int members_next(members *list, member_line *out, km_complaint *why)
{
	int found;

	*out = (member_line){ .reason = KM_R_OK };
	*why = (km_complaint){ 0 };
	json_decref(list->row);
	list->row = NULL;
	if (list->ended)
		return 0;
	found = next_record(list, why);
	out->line = list->first_line;
	if (found == 1 && !read_member(list, out)) {
		complain(why, list->name, (int)list->first_line, NULL, strerror(ENOMEM));
		found = -1;
	}
	list->ended = found != 1;
	return found;
}
