/* fuzz_members.c -- fuzz target: any octets as a list of members. */
#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/run/members.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Lines only go up, and what is accepted is a URI. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* fmemopen refuses an empty buffer. */
	members_how how = { .any_id = len % 3 == 0, .keep_going = len % 2 == 0 };
	FILE *in = len == 0 ? fopen("/dev/null", "r") : fmemopen((void *)(uintptr_t)data, len, "r");
	member_list *list = in == NULL ? NULL : members_open(in, "fuzz", &how);
	member_line line;
	km_complaint why;
	uint64_t last = 0;
	int found;

	if (list == NULL)
		abort();
	while ((found = members_next(list, &line, &why)) == 1) {
		if (line.line <= last)
			abort();
		last = line.line;
		if (line.reason == KM_R_OK && km_uri_check(line.uri.s, line.uri.len,
				KM_URI_MEMBER | (how.any_id ? KM_URI_ANY_ID : 0)) != KM_URI_OK)
			abort();
		if ((line.reason == KM_R_OK) != (line.text[0] == '\0'))
			abort();
	}
	if ((found < 0) != (why.text[0] != '\0') || members_next(list, &line, &why) != 0)
		abort();
	members_close(list);
	fclose(in);
	return 0;
}
