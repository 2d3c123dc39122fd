/* kmsdoc_value.c -- the texts of a KMS document's elements turned to values. */
#include "kmsdoc_value.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "gmk.h"
#include "base/when.h"
#include "base/word.h"

/* As XML Schema collapses white space: none at the ends. */
static km_str trimmed(const char *text, size_t len)
{
	while (len > 0 && kmsdoc_is_space(*text)) {
		text++;
		len--;
	}
	while (len > 0 && kmsdoc_is_space(text[len - 1]))
		len--;
	return (km_str){ text, len };
}

static bool says(const char *text, size_t len, const char *word)
{
	km_str s = trimmed(text, len);

	return s.len == strlen(word) && memcmp(s.s, word, s.len) == 0;
}

const char *kmsdoc_take_uri(void *field, size_t size, char *text, size_t len)
{
	km_str s = trimmed(text, len);
	km_uri_fault fault = km_uri_check(s.s, s.len, KM_URI_LOOSE);

	if (s.len >= size || fault != KM_URI_OK)
		return km_uri_fault_text(s.len >= size ? KM_URI_LONG : fault);
	memcpy(field, s.s, s.len);
	((char *)field)[s.len] = '\0';
	return NULL;
}

const char *kmsdoc_take_text(void *field, size_t size, char *text, size_t len)
{
	km_str s = trimmed(text, len);
	size_t n = s.len < size ? s.len : size - 1;

	memcpy(field, s.s, n);
	((char *)field)[n] = '\0';
	return NULL;
}

const char *kmsdoc_take_number(void *field, size_t size, char *text, size_t len)
{
	km_str s = trimmed(text, len);
	uint64_t n = 0;
	bool minus = false;

	(void)size;
	if (s.len > 1 && (*s.s == '+' || *s.s == '-')) {
		minus = *s.s == '-';
		s = (km_str){ s.s + 1, s.len - 1 };
	}
	if (s.len == 0)
		return "empty, where a number is needed";
	for (size_t i = 0; i < s.len; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return "not a number without sign";
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.s[i] - '0'), &n))
			return "the number is too large";
	}
	if (minus && n > 0)
		return "not a number without sign";
	*(uint64_t *)field = n;
	return NULL;
}

const char *kmsdoc_take_period(void *field, size_t size, char *text, size_t len)
{
	const char *wrong = kmsdoc_take_number(field, size, text, len);

	if (wrong == NULL && *(uint64_t *)field == 0)
		return "a key period of 0 seconds";
	return wrong;
}

const char *kmsdoc_take_time(void *field, size_t size, char *text, size_t len)
{
	km_str s = trimmed(text, len);

	(void)size;
	return when_parse_xml(field, s.s, s.len) ? NULL : "not a date and time";
}

const char *kmsdoc_take_bool(void *field, size_t size, char *text, size_t len)
{
	bool yes = says(text, len, "true") || says(text, len, "1");

	(void)size;
	if (!yes && !says(text, len, "false") && !says(text, len, "0"))
		return "neither true nor false";
	*(bool *)field = yes;
	return NULL;
}

const char *kmsdoc_take_one(void *field, size_t size, char *text, size_t len)
{
	(void)field, (void)size;
	return says(text, len, "1") ? NULL : "not 1, the only one that is supported";
}

const char *kmsdoc_take_two(void *field, size_t size, char *text, size_t len)
{
	(void)field, (void)size;
	return says(text, len, "2") ? NULL : "not 2, the only one that is supported";
}

/* 1 where first <= c <= last, else 0, without a branch: c may be secret. */
static unsigned between(unsigned c, unsigned first, unsigned last)
{
	return (((c - first) | (last - c)) >> 31) ^ 1;
}

/* All of the text is looked at, in the same way whatever it says. */
static bool is_hex(const char *text, size_t len)
{
	unsigned all = len > 0;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = (unsigned char)text[i];

		all &= between(c, '0', '9') | between(c, 'a', 'f') | between(c, 'A', 'F');
	}
	return all;
}

/* Take white space out, and what tools put around and between hex digits: 0x, colons.  Gives the length
 * that is left. */
static size_t squeeze(char *text, size_t len)
{
	size_t n = 0;
	bool prefix;

	for (size_t i = 0; i < len; i++) {
		if (!kmsdoc_is_space(text[i]) && text[i] != ':')
			text[n++] = text[i];
	}
	/* Both at once: the first digit may be secret. */
	prefix = n > 2 && ((text[0] ^ '0') | ((text[1] | 0x20) ^ 'x')) == 0;
	if (prefix && is_hex(text + 2, n - 2)) {
		memmove(text, text + 2, n - 2);
		n -= 2;
	}
	return n;
}

/* Octets in hex, or else in base64 of any kind, in place; false: neither, or more than room. */
static bool decode(uint8_t *out, size_t room, size_t *n, const char *text, size_t len)
{
	static const int variants[] = {
		sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
		sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING,
	};

	if (is_hex(text, len) && len % 2 == 0)
		return sodium_hex2bin(out, room, text, len, NULL, n, NULL) == 0;
	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
		if (sodium_base642bin(out, room, text, len, NULL, n, NULL, variants[i]) == 0)
			return true;
	}
	return false;
}

/* What is wrong, into text, in place of what stands there. */
static const char *not_octets(size_t want, char *text, size_t len, bool decoded, size_t n)
{
	if (is_hex(text, len) && len % 2 != 0)
		snprintf(text, KMSDOC_SAID, "not %zu octets in hex or base64: %zu hex %s, an odd "
				"number: a digit is missing", want, len, word_for(len, "digit", "digits"));
	else if (decoded)
		snprintf(text, KMSDOC_SAID, "not %zu octets in hex or base64: %zu %s", want, n,
				word_for(n, "octet", "octets"));
	else
		snprintf(text, KMSDOC_SAID, "not %zu octets in hex or base64", want);
	return text;
}

enum { OCTETS_MAX = 4096 };     /* more than the text of an element holds */

const char *kmsdoc_take_octets(void *field, size_t size, char *text, size_t len)
{
	uint8_t octets[OCTETS_MAX];
	size_t n = 0;
	bool decoded;

	len = squeeze(text, len);
	decoded = decode(octets, sizeof octets, &n, text, len);
	if (decoded && n == size)
		memcpy(field, octets, size);
	km_wipe(octets, sizeof octets);
	return decoded && n == size ? NULL : not_octets(size, text, len, decoded, n);
}

/* A number: KMSs leave zeros before it off, or give some more. */
const char *kmsdoc_take_ssk(void *field, size_t size, char *text, size_t len)
{
	uint8_t octets[OCTETS_MAX], beyond = 0;
	size_t n = 0, taken;
	bool decoded, fits;

	len = squeeze(text, len);
	decoded = decode(octets, sizeof octets, &n, text, len);
	taken = n < size ? n : size;
	for (size_t i = 0; i < n - taken; i++) /* how many of those that are taken are 0 is secret */
		beyond |= octets[i];
	fits = decoded && n > 0 && beyond == 0;
	if (fits) {
		memset(field, 0, size);
		memcpy((uint8_t *)field + size - taken, octets + n - taken, taken);
	}
	km_wipe(octets, sizeof octets);
	return fits ? NULL : not_octets(size, text, len, decoded, n);
}

/* Nobody goes by it: what is no UID is none. */
const char *kmsdoc_take_uid(void *field, size_t size, char *text, size_t len)
{
	if (kmsdoc_take_octets(field, size, text, len) != NULL)
		memset(field, 0, size);
	return NULL;
}
