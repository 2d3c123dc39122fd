/* uri.c -- what is a URI, by RFC 3261 25.1, RFC 3986 and RFC 3966, and what is wrong with one. */
#include "uri.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/escape.h"

KM_API const char *km_uri_fault_text(km_uri_fault fault)
{
	switch (fault) {
#define KM_URI_CASE(name, text) \
	case name: \
		return text;
		KM_URI_FAULTS(KM_URI_CASE)
#undef KM_URI_CASE
	}
	return "not a fault of this library";
}

/* ---- characters ------------------------------------------------------------------------------ */

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Letters, digits and "-_.!~*'()", which may stand anywhere: a set of bits, for most characters are. */
static bool is_unreserved(char c)
{
	static const uint64_t set[2] = { 0x03ff678200000000, 0x47fffffe87fffffe };
	unsigned char at = (unsigned char)c;

	return at < 0x80 && set[at / 64] >> at % 64 & 1;
}

/* Those that no URI holds anywhere (RFC 3986 2), and '#', which begins a fragment. */
static bool is_impossible(unsigned long point)
{
	if (point < 0x80)
		return is_one_of((char)point, "\"<>\\^`{|}#");
	/* Quotes and dashes of word processors, forms of ASCII in full width, private use, what stands
	 * for damaged text, and what is no character. */
	return (point >= 0x2010 && point <= 0x205e) || (point >= 0xff01 && point <= 0xff5e) ||
			point == 0xab || point == 0xbb || point == 0x3002 || point == 0xff61 ||
			(point >= 0xe000 && point <= 0xf8ff) || point == 0xfffc || point == 0xfffd ||
			(point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) == 0xfffe ||
			point >= 0xf0000;
}

/* The rule for foreign messages and documents: octets that can be shown on one line. */
static km_uri_fault check_octets(const char *uri, size_t len)
{
	unsigned long point;
	size_t n;

	if (len == 0)
		return KM_URI_EMPTY;
	if (len > KM_URI_MAX)
		return KM_URI_LONG;
	for (; len > 0; uri += n, len -= n) {
		n = 1;
		if (is_unreserved(*uri))
			continue;
		n = escape_utf8(&point, uri, len);
		if (n == 0)
			return KM_URI_NOT_UTF8;
		if (point == ' ' || point == 0xa0)
			return KM_URI_SPACE;
		if (point < ' ' || (point >= 0x7f && point < 0xa0))
			return KM_URI_CONTROL;
	}
	return KM_URI_OK;
}

/* *uri is UTF-8.  Quotes and brackets around it are named as such. */
static km_uri_fault check_characters(const char *uri, size_t len)
{
	unsigned long point;
	size_t n = escape_utf8(&point, uri, len);

	if (point == '<')
		return KM_URI_BRACKETS;
	if (point == '"' || point == '\'' || (point >= 0x2018 && point <= 0x201f) || point == 0xab)
		return KM_URI_QUOTES;
	for (; len > 0; uri += n, len -= n) {
		n = 1;
		if (is_unreserved(*uri))
			continue;
		n = escape_utf8(&point, uri, len);
		if (escape_is_space(point))
			return KM_URI_SPACE;
		if (escape_is_invisible(point))
			return KM_URI_INVISIBLE;
		if (is_impossible(point))
			return KM_URI_CHARACTER;
	}
	return KM_URI_OK;
}

/* Octets that one character of a part takes at s: an escape, or one of more than is unreserved.
 * Visible characters beyond ASCII are let through.  0: it may not stand there. */
static size_t part_octets(const char *s, size_t len, const char *more)
{
	if (*s == '%') {
		bool is_escape = len >= 3 && isxdigit((unsigned char)s[1]) &&
				isxdigit((unsigned char)s[2]);

		return is_escape && (s[1] != '0' || s[2] != '0') ? 3 : 0;
	}
	return is_unreserved(*s) || (unsigned char)*s >= 0x80 || is_one_of(*s, more);
}

static bool is_part(km_str s, const char *more)
{
	size_t n = 1;

	for (; s.len > 0 && n > 0; s.s += n, s.len -= n)
		n = part_octets(s.s, s.len, more);
	return n > 0;
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static bool is_address(int family, const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char address[16];

	if (len >= sizeof text)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(family, text, address) == 1;
}

/* Labels of letters, digits and hyphens within; the last one begins with a letter. */
static bool is_name(const char *s, size_t len)
{
	size_t start = 0;

	if (len > 1 && s[len - 1] == '.')
		len--;
	for (size_t i = 0; i <= len; i++) {
		unsigned char c = i < len ? (unsigned char)s[i] : '.';

		if (c == '.') {
			if (i == start || s[start] == '-' || s[i - 1] == '-')
				return false;
			if (i == len && isdigit((unsigned char)s[start]))
				return false;
			start = i + 1;
		} else if (!isalnum(c) && c != '-' && c < 0x80) {
			return false;
		}
	}
	return true;
}

bool uri_is_host(km_str host)
{
	if (host.len == 0)
		return false;
	if (host.s[0] == '[')
		return host.len > 2 && host.s[host.len - 1] == ']' &&
				is_address(AF_INET6, host.s + 1, host.len - 2);
	return is_address(AF_INET, host.s, host.len) || is_name(host.s, host.len);
}

/* ---- sip: and sips: -------------------------------------------------------------------------- */

/* Cut *s at the first c: what stands behind it, len 0 where there is none. */
static km_str cut_at(km_str *s, char c, bool *found)
{
	const char *at = s->len == 0 ? NULL : memchr(s->s, c, s->len);
	km_str rest = { NULL, 0 };

	*found = at != NULL;
	if (at != NULL) {
		rest = (km_str){ at + 1, s->len - (size_t)(at + 1 - s->s) };
		s->len = (size_t)(at - s->s);
	}
	return rest;
}

static km_uri_fault split_user(uri_parts *parts, km_str *rest)
{
	km_str user = *rest;
	bool has_password;

	*rest = cut_at(&user, '@', &parts->has_user);
	if (!parts->has_user) {
		*rest = user;
		return KM_URI_OK;
	}
	if (memchr(rest->s, '@', rest->len) != NULL)
		return KM_URI_ATS;
	parts->password = cut_at(&user, ':', &has_password);
	parts->user = user;
	if (user.len == 0)
		return KM_URI_USER;
	if (user.len > 1 && user.s[0] == '/' && user.s[1] == '/')
		return KM_URI_SLASHES;
	return is_part(user, "&=+$,;?/") && is_part(parts->password, "&=+$,") ? KM_URI_OK :
			KM_URI_USER_CHARACTER;
}

static km_uri_fault split_host(uri_parts *parts, km_str s)
{
	km_str rest = s;
	bool has_port;

	if (s.len > 0 && s.s[0] == '[') {
		const char *end = memchr(s.s, ']', s.len);
		size_t n = end == NULL ? s.len : (size_t)(end + 1 - s.s);

		parts->host = (km_str){ s.s, n };
		rest = (km_str){ s.s + n, s.len - n };
		has_port = rest.len > 0;
		parts->port = (km_str){ rest.s + has_port, rest.len - has_port };
		if (has_port && rest.s[0] != ':')
			return KM_URI_HOST;
	} else {
		parts->port = cut_at(&rest, ':', &has_port);
		parts->host = rest;
	}
	if (!uri_is_host(parts->host))
		return parts->host.len == 0 ? KM_URI_NO_HOST : KM_URI_HOST;
	if (has_port && (parts->port.len == 0 || parts->port.len > 5))
		return KM_URI_PORT;
	for (size_t i = 0, port = 0; i < parts->port.len; i++) {
		if (!isdigit((unsigned char)parts->port.s[i]))
			return KM_URI_PORT;
		port = 10 * port + (size_t)(parts->port.s[i] - '0');
		if (port > 65535)
			return KM_URI_PORT;
	}
	return KM_URI_OK;
}

/* NAME=VALUE, separated by mark: names are not empty; a value is there where values says so, and not
 * empty where an '=' stands without. */
static bool is_list_of_pairs(km_str s, char mark, const char *more, bool headers)
{
	bool again;

	do {
		km_str rest = cut_at(&s, mark, &again), value;
		bool has_value;

		value = cut_at(&s, '=', &has_value);
		if (s.len == 0 || !is_part(s, more) || !is_part(value, more))
			return false;
		if (headers ? !has_value : has_value && value.len == 0)
			return false;
		s = rest;
	} while (again);
	return true;
}

/* The value of a parameter, in any case; len 0: it is not there. */
static km_str find_param(km_str params, km_str name, size_t *times)
{
	bool again = params.len > 0, has_value;
	km_str found = { NULL, 0 };

	for (*times = 0; again; ) {
		km_str rest = cut_at(&params, ';', &again), value = cut_at(&params, '=', &has_value);

		if (params.len == name.len && strncasecmp(params.s, name.s, name.len) == 0) {
			found = *times == 0 ? value : found;
			++*times;
		}
		params = rest;
	}
	return found;
}

static km_uri_fault check_params(km_str params)
{
	bool again = true, has_value;
	size_t times;

	if (!is_list_of_pairs(params, ';', "[]/:&+$", false))
		return KM_URI_PARAMETER;
	for (km_str s = params, rest; again; s = rest) {
		rest = cut_at(&s, ';', &again);
		cut_at(&s, '=', &has_value);
		find_param(params, s, &times);
		if (times > 1)
			return KM_URI_PARAMETER_TWICE;
	}
	return KM_URI_OK;
}

static km_uri_fault split_sip(uri_parts *parts, km_str s)
{
	km_uri_fault fault = split_user(parts, &s);
	bool has_headers, has_params;

	if (fault != KM_URI_OK)
		return fault;
	parts->headers = cut_at(&s, '?', &has_headers);
	parts->params = cut_at(&s, ';', &has_params);
	fault = split_host(parts, s);
	if (fault != KM_URI_OK)
		return fault;
	if (has_params)
		fault = check_params(parts->params);
	if (fault != KM_URI_OK)
		return fault;
	if (has_headers && !is_list_of_pairs(parts->headers, '&', "[]/?:+$", true))
		return KM_URI_PARAMETER;
	return KM_URI_OK;
}

/* ---- tel: ------------------------------------------------------------------------------------ */

static bool is_number(km_str s, bool local)
{
	bool digits = false;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];
		bool digit = local ? isxdigit(c) || c == '*' : isdigit(c);

		if (!digit && !is_one_of((char)c, "-.()"))
			return false;
		digits = digits || digit;
	}
	return digits;
}

static km_uri_fault split_tel(uri_parts *parts, km_str s)
{
	km_uri_fault fault;
	bool has_params, global;
	km_str context;
	size_t times;

	parts->params = cut_at(&s, ';', &has_params);
	parts->user = s;
	parts->has_user = true;
	global = s.len > 0 && s.s[0] == '+';
	if (global)
		s = (km_str){ s.s + 1, s.len - 1 };
	if (!is_number(s, !global))
		return KM_URI_NUMBER;
	if (has_params && (fault = check_params(parts->params)) != KM_URI_OK)
		return fault;
	if (global)
		return KM_URI_OK;
	context = find_param(parts->params, (km_str){ "phone-context", strlen("phone-context") }, &times);
	if (context.len > 1 && context.s[0] == '+')
		return is_number((km_str){ context.s + 1, context.len - 1 }, false) ? KM_URI_OK :
				KM_URI_PARAMETER;
	return context.len > 0 && is_name(context.s, context.len) ? KM_URI_OK : KM_URI_LOCAL;
}

/* ---- the whole ------------------------------------------------------------------------------- */

uri_scheme uri_scheme_of(size_t *len, const char *uri, size_t uri_len)
{
	static const char *const names[] = { [URI_SIP] = "sip:", [URI_SIPS] = "sips:", [URI_TEL] = "tel:" };

	for (uri_scheme scheme = URI_SIP; scheme <= URI_TEL; scheme++) {
		*len = strlen(names[scheme]);
		if (uri_len >= *len && strncasecmp(uri, names[scheme], *len) == 0)
			return scheme;
	}
	*len = 0;
	return URI_OTHER;
}

km_uri_fault uri_split(uri_parts *parts, const char *uri, size_t len)
{
	km_uri_fault fault = check_octets(uri, len);
	size_t n;

	*parts = (uri_parts){ .scheme = URI_OTHER };
	if (fault == KM_URI_OK)
		fault = check_characters(uri, len);
	if (fault != KM_URI_OK)
		return fault;
	parts->scheme = uri_scheme_of(&n, uri, len);
	if (parts->scheme == URI_OTHER)
		return KM_URI_SCHEME;
	if (parts->scheme == URI_TEL)
		return split_tel(parts, (km_str){ uri + n, len - n });
	return split_sip(parts, (km_str){ uri + n, len - n });
}

/* A formula, or a long number as spreadsheets show it: digits, a point, and an exponent. */
static bool is_cell(const char *s, size_t len)
{
	size_t digits = 0;

	if (*s == '=')
		return true;
	while (digits < len && (isdigit((unsigned char)s[digits]) || is_one_of(s[digits], ".,")))
		digits++;
	return digits > 0 && len - digits >= 3 && toupper((unsigned char)s[digits]) == 'E' &&
			s[digits + 1] == '+' && isdigit((unsigned char)s[len - 1]);
}

/* An identity of a vendor: its characters are possible ones, a letter or digit among them, and something
 * stands around an '@'. */
static km_uri_fault check_any(const char *uri, size_t len)
{
	const char *at = memchr(uri, '@', len), *end = uri + len;
	bool says = false;

	for (size_t i = 0; i < len; i++)
		says = says || isalnum((unsigned char)uri[i]) || (unsigned char)uri[i] >= 0x80;
	if (!says)
		return KM_URI_CHARACTER;
	if (is_cell(uri, len))
		return KM_URI_CELL;
	if (at != NULL && memchr(at + 1, '@', (size_t)(end - at - 1)) != NULL)
		return KM_URI_ATS;
	if (at == uri)
		return KM_URI_USER;
	return at != NULL && at + 1 == end ? KM_URI_NO_HOST : KM_URI_OK;
}

KM_API km_uri_fault km_uri_check(const char *uri, size_t len, unsigned how)
{
	uri_parts parts;
	km_uri_fault fault;

	if (how & KM_URI_LOOSE)
		return check_octets(uri, len);
	fault = uri_split(&parts, uri, len);
	if (fault == KM_URI_SCHEME && how & KM_URI_ANY_ID)
		return check_any(uri, len);
	if (fault == KM_URI_SCHEME && is_cell(uri, len))
		return KM_URI_CELL;
	if (fault == KM_URI_OK && how & KM_URI_MEMBER && !parts.has_user)
		return KM_URI_USER;
	return fault;
}
