/* report_groups.c -- whole messages by the size of the group, where many groups follow one another. */
#include "report.h"

#include <string.h>

static void put(FILE *out, const report *r, const report_row *row)
{
	const report_row *large = report_find(r, row->name, 0, row->by);
	double members = (double)row->batch, ms = row->median * members / 1e6;

	fprintf(out, "%-7zu %-6s %11.3f %11.1f %12.0f %14.2f\n", row->batch, row->by, ms, 1e3 / ms,
			1e9 / row->median, large->median / row->median);
}

void report_groups(FILE *out, const report *r)
{
	int begun = 0;

	for (size_t i = 0; i < r->n; i++) {
		const report_row *row = &r->rows[i];

		if (strcmp(row->name, "message_groups") != 0)
			continue;
		if (!begun++)
			fprintf(out, "\n%-7s %-6s %11s %11s %12s %14s\n", "members", "by", "ms a group",
					"groups/s", "messages/s", "of the largest");
		put(out, r, row);
	}
	if (begun)
		fputs("Many groups on one thread, each with its own key, a batch a group.\n",
				out);
}
