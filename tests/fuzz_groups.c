/* fuzz_groups.c -- fuzz target: any octets as a file of groups. */
#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/run/groups.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Lines only go up, each row is of one key, and what does not fail can be found by its group. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const groups_how how = { .any_id = len % 3 == 0, .forget = len % 2 == 0 };
	FILE *in = len == 0 ? fopen("/dev/null", "r") : fmemopen((void *)(uintptr_t)data, len, "r");
	km_complaint why = { 0 };
	group_list *g = NULL;
	size_t of_keys = 0;
	uint64_t last = 0;
	bool is_read;

	if (in == NULL)
		abort();
	is_read = groups_read(&g, in, "fuzz", &how, &why);
	if (is_read != (g != NULL) || is_read != (why.text[0] == '\0'))
		abort();
	for (size_t i = 0; g != NULL && i < groups_rows(g); i++) {
		const groups_row *row = groups_row_at(g, i);

		if (row->line <= last || row->key >= groups_keys(g) ||
		    (row->wrong == NULL && groups_find(g, row->group) != i))
			abort();
		last = row->line;
	}
	for (size_t i = 0; g != NULL && i < groups_keys(g); i++)
		of_keys += groups_key_at(g, i)->n;
	if (g != NULL && of_keys != groups_rows(g))
		abort();
	groups_free(g);
	fclose(in);
	return 0;
}
