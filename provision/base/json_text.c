/* json_text.c -- JSON strings, into memory. */
#include "json_text.h"

#include <string.h>

#include "escape.h"

static const char hex[] = "0123456789abcdef";

/* Escape what acts on a terminal; octets that are no UTF-8 pass as they are. */
size_t json_text(char *out, const char *s, size_t len)
{
	char *at = out;

	*at++ = '"';
	for (size_t i = 0, n; i < len; i += n) {
		unsigned long point = ' ';

		n = escape_utf8(&point, s + i, len - i);
		if (n == 0) {
			*at++ = s[i];
			n = 1;
		} else if (point == '"' || point == '\\') {
			*at++ = '\\';
			*at++ = s[i];
		} else if (escape_acts(point)) {
			*at++ = '\\';
			*at++ = 'u';
			for (int shift = 12; shift >= 0; shift -= 4)
				*at++ = hex[point >> shift & 15];
		} else {
			memcpy(at, s + i, n);
			at += n;
		}
	}
	*at++ = '"';
	return (size_t)(at - out);
}
