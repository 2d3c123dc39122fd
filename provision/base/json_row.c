/* json_row.c -- a few strings out of one JSON object; what else it holds need not be sound. */
#include "json_row.h"

#include <ctype.h>
#include <string.h>

#include "escape.h"

enum { DEPTH_MAX = 64 };

const char json_row_is_cut[] = "the JSON object does not end in its line";
static const char not_json[] = "not one JSON object";

typedef struct {
	const char *at, *end;
	char *out;
} lexer;

static void skip_space(lexer *l)
{
	while (l->at < l->end && (*l->at == ' ' || *l->at == '\t' || *l->at == '\r' || *l->at == '\n'))
		l->at++;
}

/* Take c, with white space before it. */
static bool take(lexer *l, char c)
{
	skip_space(l);
	if (l->at == l->end || *l->at != c)
		return false;
	l->at++;
	return true;
}

/* What is wrong where c was wanted. */
static const char *missing(const lexer *l)
{
	return l->at == l->end ? json_row_is_cut : not_json;
}

/* ---- what is not read ------------------------------------------------------------------------ */

/* A string behind its first quote: only its end is looked for. */
static const char *skip_string(lexer *l)
{
	for (; l->at < l->end && *l->at != '"'; l->at++) {
		if (*l->at == '\\' && l->at + 1 < l->end)
			l->at++;
	}
	if (l->at == l->end)
		return "a JSON string without an end";
	l->at++;
	return NULL;
}

/* A number of any size, true, false or null. */
static const char *skip_word(lexer *l)
{
	const char *start = l->at;

	while (l->at < l->end && (isalnum((unsigned char)*l->at) || strchr("+-.", *l->at) != NULL) &&
	       *l->at != '\0')
		l->at++;
	if (l->at == start)
		return missing(l);
	if (isdigit((unsigned char)*start) || *start == '-')
		return NULL;
	for (const char *const *word = (const char *const[]){ "true", "false", "null", NULL }; *word; word++) {
		if (strlen(*word) == (size_t)(l->at - start) && memcmp(start, *word, strlen(*word)) == 0)
			return NULL;
	}
	return not_json;
}

static const char *skip_value(lexer *l, int depth)
{
	const char *wrong;
	bool object;

	if (depth > DEPTH_MAX)
		return "nested too deeply";
	if (take(l, '"'))
		return skip_string(l);
	object = take(l, '{');
	if (!object && !take(l, '['))
		return skip_word(l);
	if (take(l, object ? '}' : ']'))
		return NULL;
	do {
		if (object) {
			if (!take(l, '"'))
				return missing(l);
			wrong = skip_string(l);
			if (wrong != NULL || !take(l, ':'))
				return wrong != NULL ? wrong : missing(l);
		}
		wrong = skip_value(l, depth + 1);
		if (wrong != NULL)
			return wrong;
	} while (take(l, ','));
	return take(l, object ? '}' : ']') ? NULL : missing(l);
}

/* ---- what is read ---------------------------------------------------------------------------- */

/* Four hex digits; -1: they are not there. */
static long take_hex(lexer *l)
{
	long n = 0;

	if (l->end - l->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)*l->at++;

		if (!isxdigit(c))
			return -1;
		n = n << 4 | (isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	return n;
}

static void put_point(lexer *l, unsigned long point)
{
	int n = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
	static const unsigned char first[] = { 0, 0xc0, 0xe0, 0xf0 };

	*l->out++ = (char)(first[n] | point >> 6 * n);
	while (n-- > 0)
		*l->out++ = (char)(0x80 | (point >> 6 * n & 0x3f));
}

/* Behind a backslash. */
static bool take_escape(lexer *l)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	long point, low;

	if (l->at == l->end)
		return false;
	if (*l->at != 'u') {
		at = *l->at == '\0' ? NULL : strchr(from, *l->at);
		if (at != NULL)
			*l->out++ = to[at - from];
		l->at++;
		return at != NULL;
	}
	l->at++;
	point = take_hex(l);
	if (point >= 0xd800 && point < 0xdc00) {
		if (l->end - l->at < 6 || l->at[0] != '\\' || l->at[1] != 'u')
			return false;
		l->at += 2;
		low = take_hex(l);
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
	} else if (point >= 0xdc00 && point < 0xe000) {
		return false;
	}
	if (point <= 0)
		return false;
	put_point(l, (unsigned long)point);
	return true;
}

/* A string behind its first quote.  false: it is not sound, and l stands somewhere within. */
static bool take_string(lexer *l, km_str *value)
{
	unsigned long point;
	size_t n;

	value->s = l->out;
	while (l->at < l->end && *l->at != '"') {
		n = escape_utf8(&point, l->at, (size_t)(l->end - l->at));
		if (n == 0 || point < ' ')
			return false;
		if (point == '\\') {
			l->at++;
			if (!take_escape(l))
				return false;
			continue;
		}
		memcpy(l->out, l->at, n);
		l->out += n;
		l->at += n;
	}
	if (l->at == l->end)
		return false;
	l->at++;
	value->len = (size_t)(l->out - value->s);
	return true;
}

/* The name of a member of the object: one of fields, or NULL. */
static const char *take_name(lexer *l, json_field **field, json_field *fields, size_t n)
{
	lexer copy = *l;
	km_str name;

	*field = NULL;
	if (take_string(&copy, &name)) {
		for (size_t i = 0; i < n && *field == NULL; i++) {
			if (name.len == strlen(fields[i].name) &&
			    memcmp(name.s, fields[i].name, name.len) == 0)
				*field = &fields[i];
		}
	}
	return skip_string(l);
}

static const char *take_field(lexer *l, json_field *field)
{
	const char *start;
	const char *wrong;

	if (field->found)
		return "a name that is read stands in the object twice";
	field->found = true;
	if (take(l, '"'))
		return take_string(l, &field->value) ? NULL :
				"the string that is read is no sound JSON, or not UTF-8";
	start = l->at;
	wrong = skip_value(l, 0);
	if (wrong != NULL)
		return wrong;
	return !field->required && l->at - start == 4 && memcmp(start, "null", 4) == 0 ? NULL :
			"what should be a string is none";
}

const char *json_row(json_field *fields, size_t n, char *out, const char *text, size_t len)
{
	lexer l = { text, text + len, out };
	json_field *field;
	const char *wrong;

	if (!take(&l, '{'))
		return not_json;
	if (!take(&l, '}')) {
		do {
			if (!take(&l, '"'))
				return missing(&l);
			wrong = take_name(&l, &field, fields, n);
			if (wrong != NULL || !take(&l, ':'))
				return wrong != NULL ? wrong : missing(&l);
			skip_space(&l);
			wrong = field == NULL ? skip_value(&l, 0) : take_field(&l, field);
			if (wrong != NULL)
				return wrong;
		} while (take(&l, ','));
		if (!take(&l, '}'))
			return missing(&l);
	}
	skip_space(&l);
	return l.at == l.end ? NULL : "text behind the JSON object";
}
