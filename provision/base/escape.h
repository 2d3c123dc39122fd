/* escape.h -- foreign text, made safe to show on a terminal. */
#ifndef KM_ESCAPE_H
#define KM_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Well-formed UTF-8 that can be seen passes; a backslash, a control character (C0, DEL, C1,
 * bidirectional overrides), an invisible character, a space that is no U+0020, and octets that are no
 * UTF-8 become \xHH, octet by octet. */
void escape_print(FILE *out, const char *s, size_t len);
/* The same into out, NUL-terminated, cut with "..." where it is too long; out_len >= 8. */
void escape_into(char *out, size_t out_len, const char *s, size_t len);

/* Octets of the UTF-8 character at s (1..4) and its code point; 0: not well formed. */
size_t escape_utf8(unsigned long *point, const char *s, size_t len);
/* Does it act on a terminal, or turn the direction or the lines of text? */
bool escape_acts(unsigned long point);
/* Is it white space, of any width? */
bool escape_is_space(unsigned long point);
/* Can nobody see it: format and joining characters, fillers, variation selectors, tags? */
bool escape_is_invisible(unsigned long point);

/* A JSON string, with its quotes, of text that may be anything: what acts is escaped, what is no UTF-8
 * becomes U+FFFD. */
void escape_json(FILE *out, const char *s, size_t len);

#endif
