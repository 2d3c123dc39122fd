/* fuzz_when.c -- fuzz target: any octets as a time, and as URIs. */
#include <stdlib.h>
#include <string.h>

#include "provision/gmk.h"
#include "provision/base/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A time that was read is printed as one that reads as the same. */
static void check_time(bool (*parse)(int64_t *, const char *, size_t), const char *s, size_t len)
{
	char text[WHEN_MAX];
	int64_t t = 1, again;

	if (!parse(&t, s, len)) {
		if (t != 0)
			abort();
		return;
	}
	if (t < INT64_C(-62135596800) || t > INT64_C(253402300799))
		return;
	when_print(text, t);
	if (!when_parse(&again, text, strlen(text)) || again != t)
		abort();
}

/* The first line is a GMS, the rest a group. */
static void check_uris(const char *s, size_t len)
{
	const char *end = memchr(s, '\n', len);
	size_t first = end == NULL ? len : (size_t)(end - s), rest = end == NULL ? 0 : len - first - 1;
	km_str gms = {s, first}, group = {s + len - rest, rest};
	char host[KM_URI_MAX + 1];
	size_t n = km_uri_host(host, gms.s, gms.len);

	if (n != strlen(host) || (n != 0 && km_uri_check(gms.s, gms.len, 0) != KM_URI_OK))
		abort();
	if (km_psi_rule(gms, group, (km_str){"", 0}) &&
			(n == 0 || km_uri_check(group.s, group.len, 0) != KM_URI_OK))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *s = len == 0 ? "" : (const char *)data;

	check_time(when_parse, s, len);
	check_time(when_parse_xml, s, len);
	check_uris(s, len);
	return 0;
}
