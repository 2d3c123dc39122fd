/* rows.c -- a file of rows, one after the other: lines, or records of CSV. */
#include "rows.h"

#include <string.h>

/* ---- records --------------------------------------------------------------------------------- */

/* Take a byte order mark off the first line. */
static void skip_mark(rows *r)
{
	if (r->first == 1 && r->len >= 3 && memcmp(r->record, "\xef\xbb\xbf", 3) == 0) {
		r->len -= 3;
		memmove(r->record, r->record + 3, r->len);
	}
}

bool rows_next(rows *r)
{
	bool quoted = false, may_open = true;
	int c, before = '\n';

	r->len = 0;
	r->too_long = r->swallowed = false;
	r->first = r->lines + 1;
	while ((c = getc_unlocked(r->in)) != EOF) {
		if (before == '\n')
			r->lines++;
		r->swallowed = r->swallowed || (before == '\n' && r->lines > r->first);
		before = c;
		if (c == '\n' && !quoted)
			break;
		if (r->is_csv && c == '"') {
			if (!quoted && may_open)
				r->quote = r->lines;
			may_open = quoted || may_open;
			quoted = !quoted && may_open;
		} else if (!quoted) {
			may_open = c == ',';
		}
		if (r->len < sizeof r->record)
			r->record[r->len++] = (char)c;
		else
			r->too_long = true;
	}
	if (r->len > 0 && !r->too_long && r->record[r->len - 1] == '\r')
		r->len--;
	skip_mark(r);
	r->last = r->lines;
	r->open_quote = quoted;
	return r->last >= r->first && !ferror(r->in);
}

bool rows_is_empty(const rows *r)
{
	size_t n = 0;

	if (r->too_long || r->open_quote)
		return false;
	while (r->is_csv && n < r->len && r->record[n] != '\0' &&
	       strchr(", \t", r->record[n]) != NULL)
		n++;
	return n == r->len;
}

/* ---- fields of CSV (RFC 4180) ---------------------------------------------------------------- */

bool rows_take_field(km_str *field, char **rest, char *end)
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

/* Octets of white space at the start of s. */
static size_t space_before(km_str s)
{
	if (s.len > 0 && (*s.s == ' ' || *s.s == '\t'))
		return 1;
	return s.len >= 2 && memcmp(s.s, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

static size_t space_behind(km_str s)
{
	if (s.len > 0 && (s.s[s.len - 1] == ' ' || s.s[s.len - 1] == '\t'))
		return 1;
	return s.len >= 2 && memcmp(s.s + s.len - 2, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

km_str rows_trimmed(km_str s)
{
	size_t n;

	while ((n = space_before(s)) > 0)
		s = (km_str){ s.s + n, s.len - n };
	while ((n = space_behind(s)) > 0)
		s.len -= n;
	return s;
}

/* Empty fields may be missing at the end, or be there in addition, as spreadsheets write them. */
const char *rows_csv(rows *r, km_str *values, const size_t *at, size_t n, size_t named)
{
	char *rest = r->fields, *end = r->fields + r->len;
	km_str field;

	memcpy(r->fields, r->record, r->len);
	if (r->open_quote)
		return "a quote that is never closed";
	for (size_t place = 0; rest != NULL; place++) {
		if (!rows_take_field(&field, &rest, end))
			return "a quote within a field, or text after a closing one";
		field = rows_trimmed(field);
		if (place >= named && field.len > 0)
			return "more fields than the first line names";
		for (size_t i = 0; i < n; i++) {
			if (at[i] == place)
				values[i] = field;
		}
	}
	return NULL;
}
