/* uri_same.c -- which URIs name the same: by RFC 3261 19.1.4, by host, and by user. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "uri.h"

/* ---- characters, escapes undone -------------------------------------------------------------- */

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* Take the next character.  An escape counts as what it stands for, but that an escaped reserved
 * character is another than the character itself: 0x100 and more. */
static int next_character(km_str *s, bool fold)
{
	int c = (unsigned char)*s->s;
	size_t n = 1;

	if (c == '%' && s->len >= 3) {
		c = hex(s->s[1]) << 4 | hex(s->s[2]);
		n = 3;
		if (c != 0 && strchr(";/?:@&=+$,%", c) != NULL)
			c |= 0x100;
	}
	s->s += n;
	s->len -= n;
	return fold && c < 0x80 ? tolower(c) : c;
}

static bool same_text(km_str a, km_str b, bool fold)
{
	while (a.len > 0 && b.len > 0) {
		if (next_character(&a, fold) != next_character(&b, fold))
			return false;
	}
	return a.len == b.len;
}

/* ---- hosts ----------------------------------------------------------------------------------- */

/* In lower case, no dot at the end, an IPv6 address as inet_ntop writes it. */
static size_t put_host(char out[KM_URI_MAX + 1], km_str host)
{
	unsigned char address[16];
	size_t len = host.len;

	if (len > 1 && host.s[len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++)
		out[i] = (char)((unsigned char)host.s[i] < 0x80 ? tolower((unsigned char)host.s[i]) :
				host.s[i]);
	out[len] = '\0';
	if (out[0] != '[')
		return len;
	out[len - 1] = '\0';
	if (inet_pton(AF_INET6, out + 1, address) == 1)
		inet_ntop(AF_INET6, address, out + 1, INET6_ADDRSTRLEN);
	len = strlen(out);
	memcpy(out + len, "]", 2);
	return len + 1;
}

static bool same_host(km_str a, km_str b)
{
	char one[KM_URI_MAX + INET6_ADDRSTRLEN], other[KM_URI_MAX + INET6_ADDRSTRLEN];

	return put_host(one, a) == put_host(other, b) && strcmp(one, other) == 0;
}

KM_API size_t km_uri_host(char host[KM_URI_MAX + 1], const char *uri, size_t len)
{
	char text[KM_URI_MAX + INET6_ADDRSTRLEN];
	uri_parts parts;
	size_t n;

	host[0] = '\0';
	if (uri_split(&parts, uri, len) != KM_URI_OK || parts.host.len == 0)
		return 0;
	n = put_host(text, parts.host);
	if (n > KM_URI_MAX)
		return 0;
	memcpy(host, text, n + 1);
	return n;
}

/* ---- RFC 3261 19.1.4 ------------------------------------------------------------------------- */

/* Take the next NAME=VALUE off a list; false: there is none left. */
static bool take_pair(km_str *list, char mark, km_str *name, km_str *value)
{
	const char *end, *equals;

	if (list->len == 0)
		return false;
	end = memchr(list->s, mark, list->len);
	*name = (km_str){ list->s, end == NULL ? list->len : (size_t)(end - list->s) };
	*list = end == NULL ? (km_str){ NULL, 0 } :
			(km_str){ end + 1, list->len - (size_t)(end + 1 - list->s) };
	equals = memchr(name->s, '=', name->len);
	*value = equals == NULL ? (km_str){ NULL, 0 } :
			(km_str){ equals + 1, name->len - (size_t)(equals + 1 - name->s) };
	if (equals != NULL)
		name->len = (size_t)(equals - name->s);
	return true;
}

static bool is_word(km_str s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.s, word, s.len) == 0;
}

/* Is each parameter of a in b, with the same value?  Those that RFC 3261 does not name may be missing;
 * headers may not. */
static bool within(km_str a, km_str b, char mark, bool all)
{
	km_str name, value, other, it, rest;

	while (take_pair(&a, mark, &name, &value)) {
		bool found = false, must = all || is_word(name, "user") || is_word(name, "ttl") ||
				is_word(name, "method") || is_word(name, "maddr") ||
				is_word(name, "transport");

		for (rest = b; !found && take_pair(&rest, mark, &other, &it); ) {
			found = same_text(name, other, true);
			if (found && !same_text(value, it, true))
				return false;
		}
		if (!found && must)
			return false;
	}
	return true;
}

static bool same_lists(km_str a, km_str b, char mark, bool all)
{
	return within(a, b, mark, all) && within(b, a, mark, all);
}

/* A telephone number's digits, without what is there for the eye. */
static size_t put_digits(char *out, km_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (strchr("-.()", s.s[i]) == NULL)
			out[n++] = (char)tolower((unsigned char)s.s[i]);
	}
	return n;
}

static bool same_numbers(km_str a, km_str b)
{
	char one[KM_URI_MAX], other[KM_URI_MAX];
	size_t n = put_digits(one, a);

	return n == put_digits(other, b) && memcmp(one, other, n) == 0;
}

static km_str without_brackets(km_str s)
{
	return s.len >= 2 && s.s[0] == '<' && s.s[s.len - 1] == '>' ?
			(km_str){ s.s + 1, s.len - 2 } : s;
}

KM_API int km_uri_same(km_str a, km_str b)
{
	uri_parts x, y;

	a = without_brackets(a);
	b = without_brackets(b);
	if (a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0))
		return true;
	if (uri_split(&x, a.s, a.len) != KM_URI_OK || uri_split(&y, b.s, b.len) != KM_URI_OK ||
	    x.scheme != y.scheme)
		return false;
	if (x.scheme == URI_TEL)
		return same_numbers(x.user, y.user) && same_lists(x.params, y.params, ';', true);
	return x.has_user == y.has_user && same_text(x.user, y.user, false) &&
			same_text(x.password, y.password, false) && same_host(x.host, y.host) &&
			x.port.len == y.port.len && same_text(x.port, y.port, false) &&
			same_lists(x.params, y.params, ';', false) &&
			same_lists(x.headers, y.headers, '&', true);
}

/* ---- one user in two ways -------------------------------------------------------------------- */

/* In lower case, escapes undone where nothing is lost. */
static size_t put_user(char *out, km_str user)
{
	bool number = user.s[0] == '+';
	size_t n = 0;

	while (user.len > 0) {
		int c = next_character(&user, true);

		if (c > 0xff)
			n += (size_t)sprintf(out + n, "%%%02x", (unsigned)c & 0xff);
		else if (!number || c == 0 || strchr("-.()", c) == NULL)
			out[n++] = (char)c;
	}
	return n;
}

static size_t put_lower(char *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (char)((unsigned char)s[i] < 0x80 ? tolower((unsigned char)s[i]) : s[i]);
	out[len] = '\0';
	return len;
}

size_t uri_twin(char out[KM_URI_MAX + 1], const char *uri, size_t len)
{
	char host[KM_URI_MAX + 1];
	uri_parts parts;
	size_t n = 0, host_len;

	if (uri_split(&parts, uri, len) != KM_URI_OK)
		return put_lower(out, uri, len < KM_URI_MAX ? len : KM_URI_MAX);
	if (parts.scheme == URI_TEL) {
		n = put_lower(out, "tel:", 4);
		n += put_digits(out + n, parts.user);
		if (parts.user.s[0] != '+') /* a local number is one of its context */
			n += put_lower(out + n, parts.params.s, parts.params.len);
		out[n] = '\0';
		return n;
	}
	host_len = km_uri_host(host, uri, len);
	if (parts.has_user) {
		n = put_user(out, parts.user);
		out[n++] = '@';
	}
	if (n + host_len > KM_URI_MAX)
		return put_lower(out, uri, len < KM_URI_MAX ? len : KM_URI_MAX);
	memcpy(out + n, host, host_len + 1);
	return n + host_len;
}
