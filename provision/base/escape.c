/* escape.c -- foreign text, made safe to show on a terminal. */
#include "escape.h"

#include <string.h>

size_t escape_utf8(unsigned long *point, const char *s, size_t len)
{
	static const unsigned long least[5] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first;
	size_t n;

	if (len == 0)
		return 0;
	first = (unsigned char)s[0];
	n = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 :
			first >= 0xf0 && first < 0xf5 ? 4 : 0;
	if (n == 0 || n > len)
		return 0;
	*point = n == 1 ? first : first & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (*point < least[n] || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000))
		return 0;
	return n;
}

bool escape_acts(unsigned long point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c ||
			point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
			(point >= 0x2066 && point <= 0x2069);
}

/* Unicode's Zs, Zl and Zp, and the blank of Braille. */
bool escape_is_space(unsigned long point)
{
	return point == ' ' || (point >= '\t' && point <= '\r') || point == 0x85 || point == 0xa0 ||
			point == 0x1680 || (point >= 0x2000 && point <= 0x200a) || point == 0x2028 ||
			point == 0x2029 || point == 0x202f || point == 0x205f || point == 0x2800 ||
			point == 0x3000;
}

/* Unicode's Cf and Default_Ignorable_Code_Point. */
bool escape_is_invisible(unsigned long point)
{
	static const unsigned long ranges[][2] = {
		{ 0xad, 0xad }, { 0x34f, 0x34f }, { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd },
		{ 0x70f, 0x70f }, { 0x890, 0x891 }, { 0x8e2, 0x8e2 }, { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x202a, 0x202e },
		{ 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x110bd, 0x110bd }, { 0x110cd, 0x110cd },
		{ 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
		if (point >= ranges[i][0] && point <= ranges[i][1])
			return true;
	}
	return false;
}

/* The next piece of s, escaped: its octets in out (at most 16), *used of s.  Gives its length. */
static size_t piece(char out[17], size_t *used, const char *s, size_t len)
{
	unsigned long point;
	size_t n = escape_utf8(&point, s, len), at = 0;

	if (n && point != '\\' && !escape_acts(point) && !escape_is_invisible(point) &&
	    (point == ' ' || !escape_is_space(point))) {
		memcpy(out, s, n);
		*used = n;
		return n;
	}
	*used = n ? n : 1;
	for (size_t i = 0; i < *used; i++, at += 4)
		snprintf(out + at, 5, "\\x%02x", (unsigned char)s[i]);
	return at;
}

void escape_print(FILE *out, const char *s, size_t len)
{
	char text[17];
	size_t used;

	for (; len; s += used, len -= used)
		fwrite(text, 1, piece(text, &used, s, len), out);
}

void escape_into(char *out, size_t out_len, const char *s, size_t len)
{
	char text[17];
	size_t used, at = 0, n;

	for (; len; s += used, len -= used) {
		n = piece(text, &used, s, len);
		if (at + n + 4 > out_len) { /* room for "..." and NUL must stay */
			memcpy(out + at, "...", 3);
			at += 3;
			break;
		}
		memcpy(out + at, text, n);
		at += n;
	}
	out[at] = 0;
}

void escape_json(FILE *out, const char *s, size_t len)
{
	unsigned long point = 0;

	putc('"', out);
	for (size_t n; len; s += n, len -= n) {
		n = escape_utf8(&point, s, len);
		if (n == 0) {
			fputs("\\ufffd", out);
			n = 1;
		} else if (escape_acts(point)) {
			fprintf(out, "\\u%04lx", point);
		} else {
			if (point == '"' || point == '\\')
				putc('\\', out);
			fwrite(s, 1, n, out);
		}
	}
	putc('"', out);
}
