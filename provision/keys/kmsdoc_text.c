/* kmsdoc_text.c -- the text of a KMS document, whatever encoding it came in. */
#include "kmsdoc_text.h"

#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "engine/engine.h"
#include "kmsdoc_value.h"

static bool is_markup(const char *xml, size_t len)
{
	size_t i = len >= 3 && memcmp(xml, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (i < len && kmsdoc_is_space(xml[i]))
		i++;
	return i < len && xml[i] == '<' && memchr(xml, '\0', len) == NULL;
}

/* The encoding that the document is in, where it must be turned to UTF-8; else "". */
static void find_encoding(char out[32], const char *xml, size_t len)
{
	char head[256];
	const char *at;
	size_t n = 0, i = 0;

	*out = '\0';
	if (len >= 2 && (memcmp(xml, "\xff\xfe", 2) == 0 || memcmp(xml, "\xfe\xff", 2) == 0)) {
		strcpy(out, "UTF-16");
		return;
	}
	snprintf(head, sizeof head, "%.*s", (int)(len < sizeof head ? len : sizeof head - 1), xml);
	at = strncmp(head, "<?xml", 5) == 0 ? strstr(head, "encoding") : NULL;
	if (at == NULL || at > head + strcspn(head, ">"))
		return;
	at += strcspn(at, "\"'");
	at += *at != '\0';
	n = strcspn(at, "\"'/");
	while (i < len && (unsigned char)xml[i] < 0x80)
		i++;
	/* What is called UTF-16 and begins in single octets is not. */
	if (n < 32 && i < len && strncasecmp(at, "UTF-", 4) != 0)
		snprintf(out, 32, "%.*s", (int)n, at);
}

/* We turn it, as what libxml2 turns stands in memory that is not wiped. */
char *kmsdoc_utf8(const char *xml, size_t len, const char **wrong)
{
	char encoding[32], *copy, *from = (char *)(uintptr_t)xml, *to;
	size_t room = len, left = len;
	iconv_t turn;

	find_encoding(encoding, xml, len);
	if (*encoding != '\0')
		room = 3 * len;
	*wrong = km_strerror(KM_ENOMEM);
	copy = sodium_malloc(room + 1);
	if (copy == NULL)
		return NULL;
	memset(copy, 0, room + 1);
	if (*encoding == '\0') {
		memcpy(copy, xml, len);
		if (is_markup(copy, len))
			return copy;
		*wrong = "not XML in UTF-8";
		sodium_free(copy);
		return NULL;
	}
	to = copy;
	turn = iconv_open("UTF-8", encoding);
	if (turn != (iconv_t)-1 && iconv(turn, &from, &left, &to, &room) != (size_t)-1 && left == 0 &&
	    is_markup(copy, (size_t)(to - copy))) {
		iconv_close(turn);
		return copy;
	}
	*wrong = turn == (iconv_t)-1 ? "in an encoding that is not known here: save it as UTF-8"
			: "not XML in the encoding that it names: save it as UTF-8";
	if (turn != (iconv_t)-1)
		iconv_close(turn);
	sodium_free(copy);
	return NULL;
}
