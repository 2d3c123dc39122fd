/* tally.c -- what a run made, counted while it is written: by KMS and key period, octets, hash. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "run/members.h"

bool cli_count_start(cli_counts *counts)
{
	*counts = (cli_counts){ .hash = EVP_MD_CTX_new(), .by_row = counts->by_row };
	return counts->hash != NULL && EVP_DigestInit_ex(counts->hash, EVP_sha256(), NULL) == 1;
}

void cli_count_free(cli_counts *counts)
{
	EVP_MD_CTX_free(counts->hash);
	free(counts->tally);
	counts->hash = NULL;
	counts->tally = NULL;
	counts->n_tally = 0;
}

/* The last one found is likely the next: most runs have one or two. */
static cli_tally *find_tally(cli_counts *counts, uint32_t kms, const char *kms_uri, uint64_t period_no)
{
	cli_tally *bigger;

	for (size_t i = 0; i < counts->n_tally; i++) {
		if (counts->tally[i].period_no == period_no && counts->tally[i].kms == kms)
			return &counts->tally[i];
	}
	bigger = reallocarray(counts->tally, counts->n_tally + 1, sizeof *bigger);
	if (bigger == NULL)
		return NULL;
	counts->tally = bigger;
	bigger[counts->n_tally] = (cli_tally){ .kms = kms, .kms_uri = kms_uri, .period_no = period_no };
	return &bigger[counts->n_tally++];
}

static void count_row(cli_row_counts *row, uint64_t t)
{
	if (row->made++ == 0)
		row->first_t = t;
	row->last_t = t;
}

bool cli_count_made(cli_counts *counts, uint32_t row, uint32_t kms, const char *kms_uri, uint64_t period_no,
		uint64_t t)
{
	cli_tally *tally = find_tally(counts, kms, kms_uri, period_no);

	if (counts->by_row != NULL && row != GROUPS_NONE)
		count_row(&counts->by_row[row], t);

	if (counts->made++ == 0)
		counts->first_t = t;
	counts->last_t = t;
	if (tally != NULL)
		tally->n++;
	return tally != NULL;
}

bool cli_count_written(cli_counts *counts, const void *data, size_t len)
{
	counts->octets += len;
	return EVP_DigestUpdate(counts->hash, data, len) == 1;
}

bool cli_count_hash(char hex[CLI_HASH_HEX], cli_counts *counts)
{
	uint8_t hash[KM_HASH_BYTES];
	bool done = EVP_DigestFinal_ex(counts->hash, hash, NULL) == 1;

	sodium_bin2hex(hex, CLI_HASH_HEX, hash, done ? sizeof hash : 0);
	return done;
}

bool cli_given_add(cli_given *given, km_str uri)
{
	if (given->len + uri.len + 1 > given->room) {
		const size_t room = 2 * given->room + uri.len + 64;
		char *bigger = realloc(given->at, room);

		if (bigger == NULL)
			return false;
		given->at = bigger;
		given->room = room;
	}
	memcpy(given->at + given->len, uri.s, uri.len);
	given->at[given->len + uri.len] = '\0';
	given->len += uri.len + 1;
	return true;
}

/* ---- in words -------------------------------------------------------------------------------- */

static void add(char out[CLI_SUMMARY], const char *format, ...)
		__attribute__((format(printf, 2, 3)));
static void add(char out[CLI_SUMMARY], const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	vsnprintf(out + len, CLI_SUMMARY - len, format, args);
	va_end(args);
}

/* Does that KMS stand there with another period too? */
static bool has_periods(const cli_counts *counts, uint32_t kms)
{
	size_t n = 0;

	for (size_t i = 0; i < counts->n_tally; i++)
		n += counts->tally[i].kms == kms;
	return n > 1;
}

static void add_tally(char out[CLI_SUMMARY], const cli_counts *counts)
{
	enum { SHOWN = 6 };
	char shown[CLI_SHOWN];

	if (counts->n_tally < 2)
		return;
	for (size_t i = 0; i < counts->n_tally && i < SHOWN; i++) {
		const cli_tally *t = &counts->tally[i];

		add(out, "%s%llu at %.200s", i == 0 ? " (" : ", ", (unsigned long long)t->n,
				cli_show(shown, t->kms_uri, strlen(t->kms_uri)));
		if (has_periods(counts, t->kms))
			add(out, " in period %llu", (unsigned long long)t->period_no);
	}
	if (counts->n_tally > SHOWN)
		add(out, ", and %zu more", counts->n_tally - SHOWN);
	add(out, ")");
}

void cli_count_say(char out[CLI_SUMMARY], const cli_counts *counts, const crowd *members)
{
	const crowd_count read = crowd_counts(members);
	const char *before = " (";

	snprintf(out, CLI_SUMMARY, "%llu %s: %llu %s", (unsigned long long)read.list->lines,
			word_for(read.list->lines, "line", "lines"), (unsigned long long)counts->made,
			word_for(counts->made, "member", "members"));
	add_tally(out, counts);
	add(out, ", %llu rejected", (unsigned long long)counts->rejected);
	for (size_t i = 0; i < CROWD_REASONS; i++) {
		if (read.by_reason[i] == 0)
			continue;
		add(out, "%s%llu %s", before, (unsigned long long)read.by_reason[i],
				km_reason_name((km_reason)i));
		before = ", ";
	}
	if (before[0] == ',')
		add(out, ")");
	if (read.list->repeats > 0)
		add(out, ", %llu %s", (unsigned long long)read.list->repeats,
				word_for(read.list->repeats, "repeat", "repeats"));
}
