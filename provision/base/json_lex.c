/* json_lex.c -- JSON, token by token: what readers of rows and of key files share. */
#include "json_lex.h"

#include <ctype.h>
#include <string.h>

#include "escape.h"

enum { DEPTH_MAX = 64 };

void lex_space(json_lexer *l)
{
	while (l->at < l->end && (*l->at == ' ' || *l->at == '\t' || *l->at == '\r' || *l->at == '\n'))
		l->at++;
}

bool lex_take(json_lexer *l, char c)
{
	lex_space(l);
	if (l->at == l->end || *l->at != c)
		return false;
	l->at++;
	return true;
}

/* ---- strings --------------------------------------------------------------------------------- */

static void put(json_lexer *l, const char *data, size_t len)
{
	if (l->out == NULL)
		return;
	memmove(l->out, data, len);
	l->out += len;
}

/* Four hex digits; -1: they are not there. */
static long take_hex(json_lexer *l)
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

static void put_point(json_lexer *l, unsigned long point)
{
	int n = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
	static const unsigned char first[] = { 0, 0xc0, 0xe0, 0xf0 };
	char utf8[4];
	size_t len = 0;

	utf8[len++] = (char)(first[n] | point >> 6 * n);
	while (n-- > 0)
		utf8[len++] = (char)(0x80 | (point >> 6 * n & 0x3f));
	put(l, utf8, len);
}

/* Behind a backslash. */
static bool take_escape(json_lexer *l)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	long point, low;

	if (l->at == l->end)
		return false;
	if (*l->at != 'u') {
		at = *l->at == '\0' ? NULL : strchr(from, *l->at);
		if (at != NULL)
			put(l, &to[at - from], 1);
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

bool lex_string(json_lexer *l, km_str *value)
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
		put(l, l->at, n);
		l->at += n;
	}
	if (l->at == l->end)
		return false;
	l->at++;
	value->len = l->out == NULL ? 0 : (size_t)(l->out - value->s);
	return true;
}

/* ---- numbers and words ----------------------------------------------------------------------- */

static bool digits(json_lexer *l)
{
	const char *start = l->at;

	while (l->at < l->end && isdigit((unsigned char)*l->at))
		l->at++;
	return l->at > start;
}

static bool next_is(json_lexer *l, const char *of)
{
	if (l->at == l->end || *l->at == '\0' || strchr(of, *l->at) == NULL)
		return false;
	l->at++;
	return true;
}

/* Minus, and digits that do not begin with 0 where they are more than one. */
static bool skip_integer(json_lexer *l)
{
	const char *start;

	next_is(l, "-");
	start = l->at;
	return digits(l) && (*start != '0' || l->at == start + 1);
}

bool lex_integer(json_lexer *l, int64_t *value)
{
	bool negative;
	const char *at;

	lex_space(l);
	at = l->at;
	*value = 0;
	if (!skip_integer(l))
		return false;
	negative = *at == '-';
	for (at += negative; at < l->at; at++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_sub_overflow(*value, *at - '0', value))
			return false;
	}
	if (!negative && __builtin_sub_overflow(0, *value, value))
		return false;
	return l->at == l->end || strchr(".eE", *l->at) == NULL || *l->at == '\0';
}

/* An integer that has no place among 64 bits is none, one with a fraction is never looked at. */
static bool skip_number(json_lexer *l)
{
	json_lexer copy = *l;
	int64_t value;

	if (lex_integer(&copy, &value)) {
		l->at = copy.at;
		return true;
	}
	if (!skip_integer(l) || l->at == l->end || !strchr(".eE", *l->at) || *l->at == '\0')
		return false;
	if (next_is(l, ".") && !digits(l))
		return false;
	if (!next_is(l, "eE"))
		return true;
	next_is(l, "+-");
	return digits(l);
}

static bool skip_word(json_lexer *l)
{
	const char *start = l->at;

	while (l->at < l->end && isalpha((unsigned char)*l->at))
		l->at++;
	for (const char *const *word = (const char *const[]){ "true", "false", "null", NULL }; *word; word++) {
		if (strlen(*word) == (size_t)(l->at - start) && memcmp(start, *word, strlen(*word)) == 0)
			return true;
	}
	return false;
}

static bool skip(json_lexer *l, int depth)
{
	km_str value;
	bool object;

	if (depth > DEPTH_MAX)
		return false;
	if (lex_take(l, '"'))
		return lex_string(l, &value);
	object = lex_take(l, '{');
	if (!object && !lex_take(l, '['))
		return l->at < l->end && isalpha((unsigned char)*l->at) ? skip_word(l) : skip_number(l);
	if (lex_take(l, object ? '}' : ']'))
		return true;
	do {
		if (object && !(lex_take(l, '"') && lex_string(l, &value) && lex_take(l, ':')))
			return false;
		if (!skip(l, depth + 1))
			return false;
	} while (lex_take(l, ','));
	return lex_take(l, object ? '}' : ']');
}

bool lex_skip(json_lexer *l)
{
	json_lexer looking = { l->at, l->end, NULL };
	bool sound = skip(&looking, 0);

	l->at = looking.at;
	return sound;
}
