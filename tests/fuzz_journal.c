/* fuzz_journal.c -- fuzz target: any octets as the journal of a group key, which is then added to, or of many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/gms/journal.h"
#include "util_dir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *path;

static journal *open_journal(journal_how how)
{
	km_complaint why = { .text = "" };
	journal *j;
	journal_result result = journal_open(&j, path, how, NULL, &why);

	if ((result == JOURNAL_OK) != (j != NULL) || result == JOURNAL_NONE ||
	    (j == NULL && strncmp(why.text, path, strlen(path)) != 0))
		abort();
	return j;
}

static void count_name(void *ctx, const char *uri, size_t len, bool unsure)
{
	uint64_t *named = ctx;

	(void)unsure;
	*named += strlen(uri) == len;
}

/* Who is in it can be asked, whatever they are. */
static void ask(journal *j)
{
	salts *set = salts_new();
	uint64_t named = 0, has, unsure, unmet;
	const uint32_t salt = 7;

	if (set == NULL || !journal_load(set, j, NULL) || !journal_index(j))
		abort();
	if (!journal_distinct(j, &has, &unsure))
		abort();
	(void)journal_meet(j, &salt, "sip:u1@h", 8);
	unmet = journal_unmet(j, count_name, &named);
	if (named > unmet || unmet > has + unsure)
		abort();
	salts_free(set);
}

static void ask_each(void *ctx, const journal_place *at)
{
	km_complaint why = { .text = "" };
	journal *j;
	journal_result result = journal_open_at(&j, at, JOURNAL_READ, NULL, &why);

	*(size_t *)ctx += 1;
	if ((result == JOURNAL_OK) != (j != NULL) || (result != JOURNAL_OK && result != JOURNAL_CORRUPT))
		abort();
	if (j != NULL)
		ask(j);
	journal_close(j);
}

/* A file of many keys: each key that it names can be asked. */
static void read_many(const uint8_t *data, size_t len)
{
	size_t asked = 0, damaged;

	write_file(in_dir("many.run-00000001.journal"), data, len);
	if (journal_list(in_dir("many.state"), ask_each, &asked, &damaged) != asked || (damaged > 0 && asked > 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	journal *j;
	km_complaint why;
	uint64_t before;

	dir_until_exit();
	read_many(data, len);
	path = in_dir("journal");
	write_file(path, data, len);
	j = open_journal(JOURNAL_READ);
	if (j == NULL)
		return 0;
	ask(j);
	before = journal_counts(j).given;
	journal_close(j);
	j = open_journal(JOURNAL_WRITE);
	if (j == NULL || journal_counts(j).given != before || !journal_add(j, 1, "sip:new@h", 9) ||
	    journal_put(j, JOURNAL_GIVEN, 0, false, &why) != JOURNAL_OK ||
	    journal_commit(j, &why) != JOURNAL_OK)
		abort();
	journal_close(j);
	j = open_journal(JOURNAL_READ);
	if (j == NULL || journal_counts(j).given != before + 1)
		abort();
	journal_close(j);
	return 0;
}
