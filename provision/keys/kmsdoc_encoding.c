/* kmsdoc_encoding.c -- which encoding a KMS document is in.
 *
 * The parser knows UTF-8, UTF-16, ISO-8859-1 and US-ASCII.  Others are not turned by iconv: it loads modules under
 * locks of the C library, which the child of a fork may find taken for ever.
 */
#include "kmsdoc_encoding.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "kmsdoc_value.h"

static bool is_markup(const char *xml, size_t len)
{
	size_t i = len >= 3 && memcmp(xml, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (i < len && kmsdoc_is_space(xml[i]))
		i++;
	return i < len && xml[i] == '<' && memchr(xml, '\0', len) == NULL;
}

static bool is_ascii(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len && (unsigned char)text[i] < 0x80)
		i++;
	return i == len;
}

/* What the document names; "": nothing. */
static void named(char out[KMSDOC_ENCODING], const char *xml, size_t len)
{
	char head[256];
	const char *at;
	size_t n;

	*out = '\0';
	snprintf(head, sizeof head, "%.*s", (int)(len < sizeof head ? len : sizeof head - 1), xml);
	at = strncmp(head, "<?xml", 5) == 0 ? strstr(head, "encoding") : NULL;
	if (at == NULL || at > head + strcspn(head, ">"))
		return;
	at += strcspn(at, "\"'");
	at += *at != '\0';
	n = strcspn(at, "\"'/");
	if (n < KMSDOC_ENCODING)
		snprintf(out, KMSDOC_ENCODING, "%.*s", (int)n, at);
}

bool kmsdoc_encoding(char out[KMSDOC_ENCODING], const char *xml, size_t len)
{
	if (len >= 2 && (memcmp(xml, "\xff\xfe", 2) == 0 || memcmp(xml, "\xfe\xff", 2) == 0)) {
		strcpy(out, "UTF-16");
		return true;
	}
	named(out, xml, len);
	if (*out == '\0' || strncasecmp(out, "UTF-", 4) == 0 || is_ascii(xml, len))
		strcpy(out, "UTF-8");
	return is_markup(xml, len);
}

int kmsdoc_other_encoding(void *ctx, const XML_Char *name, XML_Encoding *out)
{
	/* 0x80 to 0x9f; the rest is as in ISO-8859-1. */
	static const int windows_1252[32] = {
		0x20ac, -1, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, -1,
		0x017d, -1, -1, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
		0x0153, -1, 0x017e, 0x0178,
	};

	(void)ctx;
	if (strcasecmp(name, "windows-1252") != 0 && strcasecmp(name, "cp1252") != 0)
		return XML_STATUS_ERROR;
	for (int i = 0; i < 256; i++)
		out->map[i] = i;
	memcpy(out->map + 0x80, windows_1252, sizeof windows_1252);
	out->data = NULL;
	out->convert = NULL;
	out->release = NULL;
	return XML_STATUS_OK;
}
