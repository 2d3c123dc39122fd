/* util_kmsdoc.c -- KMS documents for the tests. */
#include "util_kmsdoc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

kmsdoc_cert some_cert(const char *uri, uint64_t seed)
{
	kmsdoc_cert cert = { .period = 2592000, .offset = 0, .valid_from = INT64_MIN,
			.valid_to = INT64_MAX };

	snprintf(cert.uri, sizeof cert.uri, "%s", uri);
	draw_bytes(cert.z, sizeof cert.z, &seed);
	draw_bytes(cert.kpak, sizeof cert.kpak, &seed);
	return cert;
}

kmsdoc_keys some_keys(const char *uri, uint64_t period_no, uint64_t seed)
{
	kmsdoc_keys keys = { .period_no = period_no, .valid_from = INT64_MIN,
			.valid_to = INT64_MAX };

	snprintf(keys.uri, sizeof keys.uri, "%s", uri);
	strcpy(keys.kms_uri, "kms.example.org");
	draw_bytes(keys.uid, sizeof keys.uid, &seed);
	draw_bytes(keys.rsk, sizeof keys.rsk, &seed);
	draw_bytes(keys.ssk, sizeof keys.ssk, &seed);
	draw_bytes(keys.pvt, sizeof keys.pvt, &seed);
	return keys;
}

char *written_init(const kmsdoc_cert *cert)
{
	char *xml = NULL;
	size_t len;
	FILE *out = open_memstream(&xml, &len);

	kmsdoc_write_init(out, cert, NULL, 0, 1767607200);
	assert_int_equal(fclose(out), 0);
	return xml;
}

char *written_keys(const kmsdoc_keys *keys, size_t n)
{
	char *xml = NULL;
	size_t len;
	FILE *out = open_memstream(&xml, &len);

	kmsdoc_write_keyprov(out, keys, n, 1767607200);
	assert_int_equal(fclose(out), 0);
	return xml;
}

/* xml with the last `from` replaced; frees xml. */
char *edited(char *xml, const char *from, const char *to)
{
	char *at = NULL, *edit = NULL;

	for (char *next = strstr(xml, from); next != NULL; next = strstr(next + 1, from))
		at = next;
	assert_non_null(at);
	assert_true(asprintf(&edit, "%.*s%s%s", (int)(at - xml), xml, to, at + strlen(from)) > 0);
	free(xml);
	return edit;
}
