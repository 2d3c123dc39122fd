/* kmsdoc_value.c -- the texts of a KMS document's elements turned to values. */
#include "kmsdoc_value.h"

#include <string.h>

#include <sodium.h>

#include "gmk.h"
#include "when.h"

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

	(void)size;
	if (s.len == 0)
		return "empty, where a number is needed";
	for (size_t i = 0; i < s.len; i++) {
		if (s.s[i] < '0' || s.s[i] > '9')
			return "not a number without sign";
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.s[i] - '0'), &n))
			return "the number is too large";
	}
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

/* Take white space out; gives the length that is left. */
static size_t squeeze(char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (!kmsdoc_is_space(text[i]))
			text[n++] = text[i];
	}
	return n;
}

/* Exactly size octets? */
static bool from_hex(uint8_t *out, size_t size, const char *hex, size_t len)
{
	size_t n = 0;

	return len == 2 * size && sodium_hex2bin(out, size, hex, len, NULL, &n, NULL) == 0 &&
			n == size;
}

static const char *not_octets(size_t size)
{
	switch (size) {
	case KM_SAKKE_POINT_BYTES:
		return "not 257 octets in hex";
	case KM_ECCSI_POINT_BYTES:
		return "not 65 octets in hex";
	default:
		return "not 32 octets in hex";
	}
}

const char *kmsdoc_take_hex(void *field, size_t size, char *text, size_t len)
{
	return from_hex(field, size, text, squeeze(text, len)) ? NULL : not_octets(size);
}

/* Some KMSs give 34 octets, of which the first two are zero. */
const char *kmsdoc_take_ssk(void *field, size_t size, char *text, size_t len)
{
	len = squeeze(text, len);
	if (len == 2 * size + 4 && memcmp(text, "0000", 4) == 0)
		return from_hex(field, size, text + 4, len - 4) ? NULL : not_octets(size);
	return from_hex(field, size, text, len) ? NULL : not_octets(size);
}

/* Base64 with or without padding. */
const char *kmsdoc_take_uid(void *field, size_t size, char *text, size_t len)
{
	static const int variants[] = {
		sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
	};
	size_t n = 0;

	len = squeeze(text, len);
	if (from_hex(field, size, text, len))
		return NULL;
	for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
		if (sodium_base642bin(field, size, text, len, NULL, &n, NULL, variants[i]) == 0 &&
		    n == size)
			return NULL;
	}
	return "not 32 octets in hex or base64";
}
