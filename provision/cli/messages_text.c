/* messages_text.c -- a message written in hex or base64, and the words and objects around it. */
#include "messages.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "message/mikey.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

km_str text_trim(const char *s, size_t len)
{
	while (len > 0 && is_blank(s[len - 1]))
		len--;
	while (len > 0 && is_blank(*s)) {
		s++;
		len--;
	}
	return (km_str){ s, len };
}

/* ---- hex and base64 --------------------------------------------------------------------------- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* Tools write blanks and colons between the octets. */
static bool is_between(char c)
{
	return is_blank(c) || c == ':';
}

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (hex_value(text[i]) < 0 && !is_between(text[i]))
			return false;
	return true;
}

/* 0x before hex says nothing. */
static km_str without_0x(const char *text, size_t len)
{
	km_str s = text_trim(text, len);
	bool is_prefix = s.len > 2 && s.s[0] == '0' && (s.s[1] | 0x20) == 'x' &&
			is_hex(s.s + 2, s.len - 2);

	return is_prefix ? (km_str){ s.s + 2, s.len - 2 } : (km_str){ text, len };
}

bool text_is_code(const char *text, size_t len)
{
	if (is_hex(text, len))
		return true;
	for (size_t i = 0; i < len; i++)
		if (base64_value(text[i]) < 0 && text[i] != '=' && !is_blank(text[i]))
			return false;
	return true;
}

static const char *decode_hex(uint8_t *out, size_t *out_len, const char *text, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_between(text[i]))
			continue;
		if (digits / 2 == KM_MESSAGE_MAX)
			return "longer than a message may be";
		if (digits % 2 == 0)
			out[digits / 2] = (uint8_t)(hex_value(text[i]) << 4);
		else
			out[digits / 2] |= (uint8_t)hex_value(text[i]);
		digits++;
	}
	*out_len = digits / 2;
	return digits % 2 == 0 ? NULL : "hex with an odd number of digits";
}

static const char *decode_base64(uint8_t *out, size_t *out_len, const char *text, size_t len)
{
	unsigned long bits = 0;
	size_t n = 0, pads = 0;

	for (size_t i = 0; i < len; i++) {
		int value = base64_value(text[i]);

		if (is_blank(text[i]))
			continue;
		if (text[i] == '=') {
			pads++;
			continue;
		}
		if (value < 0 || pads > 0)
			return "neither hex nor base64";
		bits = (bits << 6 | (unsigned)value) & 0xffffff;
		n++;
		if (n % 4 == 1)
			continue;
		if (*out_len == KM_MESSAGE_MAX)
			return "longer than a message may be";
		out[(*out_len)++] = (uint8_t)(bits >> (n % 4 == 2 ? 4 : n % 4 == 3 ? 2 : 0));
	}
	if (n % 4 == 1 || (pads > 0 && (n + pads) % 4 != 0) || pads > 2)
		return "base64 that is cut, or padded wrongly";
	return (n % 4 == 2 && bits & 0xf) || (n % 4 == 3 && bits & 0x3) ?
			"base64 with bits behind its last octet" : NULL;
}

/* The first letters without blanks. */
static size_t first_letters(char *out, size_t most, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n < most; i++)
		if (!is_blank(text[i]))
			out[n++] = text[i];
	return n;
}

bool text_may_start(const char *text, size_t len)
{
	km_str hex = without_0x(text, len);
	char first[2];

	text = hex.s;
	len = hex.len;
	if (first_letters(first, sizeof first, text, len) < sizeof first || !text_is_code(text, len))
		return false;
	return memcmp(first, "01", 2) == 0 ||
			(first[0] == 'A' && base64_value(first[1]) >> 4 == 1 && first[1] != '=');
}

bool text_surely_starts(const char *text, size_t len)
{
	static const char *const starts[] = { "011a05", "010605", "ARoF", "AQYF" };
	char first[6];
	size_t n = first_letters(first, sizeof first, text, len);

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		size_t want = strlen(starts[i]);

		if (n >= want && (want == 6 ? strncasecmp(first, starts[i], want) :
				strncmp(first, starts[i], want)) == 0)
			return true;
	}
	return false;
}

/* ---- words ------------------------------------------------------------------------------------ */

static size_t word_at(const char *s, size_t len)
{
	static const char *const words[] = { "mikey", "a=key-mgmt:mikey", "key-mgmt:mikey" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t n = strlen(words[i]);

		if (len >= n && strncasecmp(s, words[i], n) == 0 && (len == n || is_blank(s[n])))
			return n;
	}
	return 0;
}

const char *text_decode(uint8_t *out, size_t *out_len, const char *text, size_t len)
{
	const char *wrong;
	size_t word = word_at(text, len);
	km_str hex = without_0x(text + word, len - word);

	*out_len = 0;
	text = hex.s;
	len = hex.len;
	if (text_trim(text, len).len == 0)
		return "nothing where hex or base64 is wanted";
	wrong = is_hex(text, len) ? decode_hex(out, out_len, text, len) :
			decode_base64(out, out_len, text, len);
	if (wrong != NULL)
		*out_len = 0;
	return wrong;
}

km_str text_behind_word(const char *line, size_t len)
{
	const char *tab = memchr(line, '\t', len), *end = line + len;
	size_t n = word_at(line, len);
	km_str code;

	if (n == 0 && tab != NULL) {
		line = tab + 1;
		n = word_at(line, (size_t)(end - line));
	}
	if (n == 0)
		return (km_str){ NULL, 0 };
	line += n;
	while (line < end && is_blank(*line))
		line++;
	tab = memchr(line, '\t', (size_t)(end - line));
	code = text_trim(line, (size_t)((tab == NULL ? end : tab) - line));
	return code;
}

/* ---- objects ---------------------------------------------------------------------------------- */

typedef struct {
	const char *at, *end;
} json;

enum { JSON_DEPTH = 64 };

static void json_blanks(json *j)
{
	while (j->at < j->end && is_blank(*j->at))
		j->at++;
}

static bool json_take(json *j, char c)
{
	json_blanks(j);
	if (j->at == j->end || *j->at != c)
		return false;
	j->at++;
	return true;
}

/* A string with its quotes; what stands between them. */
static bool json_string(json *j, km_str *s)
{
	if (!json_take(j, '"'))
		return false;
	s->s = j->at;
	for (; j->at < j->end && *j->at != '"'; j->at++)
		if (*j->at == '\\' && ++j->at == j->end)
			return false;
	s->len = (size_t)(j->at - s->s);
	return json_take(j, '"');
}

/* Any value, by its brackets and strings alone. */
static bool json_skip(json *j)
{
	char open[JSON_DEPTH];
	size_t depth = 0;
	km_str s;

	do {
		const char *before;

		json_blanks(j);
		before = j->at;
		if (j->at == j->end)
			return false;
		if (*j->at == '"') {
			if (!json_string(j, &s))
				return false;
		} else if (*j->at == '{' || *j->at == '[') {
			if (depth == JSON_DEPTH)
				return false;
			open[depth++] = *j->at++ == '{' ? '}' : ']';
		} else if (*j->at == '}' || *j->at == ']') {
			if (depth == 0 || *j->at++ != open[--depth])
				return false;
		} else if (depth > 0 && (*j->at == ',' || *j->at == ':')) {
			j->at++;
		} else {
			while (j->at < j->end && (isalnum((unsigned char)*j->at) ||
					strchr("+-.", *j->at) != NULL) && *j->at != '\0')
				j->at++;
			if (j->at == before)
				return false;
		}
	} while (depth > 0);
	return true;
}

/* Base64 needs no escapes, but for a slash that some write "\/", and what is written \u002b. */
static bool json_unescape(char *out, size_t *len, km_str s)
{
	*len = 0;
	for (size_t i = 0; i < s.len; i++) {
		int value = 0;

		if (s.s[i] != '\\') {
			out[(*len)++] = s.s[i];
			continue;
		}
		if (s.s[++i] == 'u' && s.len - i > 4) {
			for (size_t k = 1; k <= 4; k++)
				value = value < 0 || hex_value(s.s[i + k]) < 0 ? -1 :
						value << 4 | hex_value(s.s[i + k]);
			if (value < ' ' || value > '~')
				return false;
			out[(*len)++] = (char)value;
			i += 4;
		} else if (s.s[i] == 'n' || s.s[i] == 'r' || s.s[i] == 't') {
			out[(*len)++] = ' ';
		} else {
			out[(*len)++] = s.s[i];
		}
	}
	return true;
}

const char *text_json(char *out, size_t *out_len, const char *text, size_t len)
{
	static const char not_object[] = "not one JSON object";
	json j = { text, text + len };
	km_str name, value, mikey = { NULL, 0 };
	bool more;

	*out_len = 0;
	if (!json_take(&j, '{'))
		return not_object;
	json_blanks(&j);
	more = j.at < j.end && *j.at != '}';
	while (more) {
		bool is_mikey;

		if (!json_string(&j, &name) || !json_take(&j, ':'))
			return not_object;
		json_blanks(&j);
		is_mikey = name.len == 5 && memcmp(name.s, "mikey", 5) == 0;
		if (is_mikey && mikey.s != NULL)
			return "mikey stands in the object twice";
		if (is_mikey && j.at < j.end && *j.at == '"') {
			if (!json_string(&j, &value))
				return not_object;
			mikey = value;
		} else if (!json_skip(&j)) {
			return not_object;
		}
		more = json_take(&j, ',');
	}
	if (!json_take(&j, '}'))
		return not_object;
	json_blanks(&j);
	if (j.at != j.end)
		return not_object;
	if (mikey.s == NULL)
		return "no string called mikey in the object";
	return json_unescape(out, out_len, mikey) ? NULL : "mikey is not base64";
}
