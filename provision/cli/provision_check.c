/* provision_check.c -- provision --check: everything but the messages, and nothing written. */
#include "provision_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memlock.h"
#include "base/when.h"
#include "message/uid.h"

bool provision_may_write(const char *name)
{
	char *target = file_target(name), *slash = target == NULL ? NULL : strrchr(target, '/');
	const char *dir = slash == NULL ? "." : slash == target ? "/" : target;
	bool may;

	if (slash != NULL && slash != target)
		*slash = '\0';
	may = target != NULL && access(dir, W_OK | X_OK) == 0;
	free(target);
	return may;
}

static int check_places(const provision *p)
{
	const char *const names[] = { p->w.output, p->receipt_name, p->how.rejects,
			p->key_exists ? NULL : p->w.gmk, state_name(p->st) };
	char shown[CLI_SHOWN];
	int code = CLI_DONE;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (names[i] == NULL || strcmp(names[i], "-") == 0 || provision_may_write(names[i]))
			continue;
		cli_error("%s: %s", cli_show(shown, names[i], strlen(names[i])), strerror(errno));
		code = CLI_IO;
	}
	return code;
}

/* About how long a message takes, from a real batch. */
static double measure(const provision *p)
{
	enum { N = 64 };
	static uint8_t sed[N * KM_SED_BYTES], ids[N * KM_UID_BYTES];
	uint8_t ssv[KM_SSV_BYTES];
	km_err status[N];
	double start = cli_seconds();

	if (km_random_bytes(ssv, sizeof ssv, NULL) != KM_OK ||
	    km_random_bytes(ids, sizeof ids, NULL) != KM_OK ||
	    km_sakke_encap_batch(sed, status, ssv, ids, KM_UID_BYTES, N, p->gms_kms->keys,
			NULL) != KM_OK)
		return 0;
	return (cli_seconds() - start) / N;
}

/* Has that member the key?  false: out of memory. */
static bool meet(provision *p, const crowd_member *m, uint64_t *known)
{
	const km_str uri = m->uri;
	uint32_t salt = p->key == NULL ? 0 : uid_salt(p->key->gmk, uri.s, uri.len), other;
	salts_result result;

	for (size_t i = 0; i < p->n_older; i++)
		journal_meet(p->older[i], NULL, uri.s, uri.len);
	if (p->revoke && p->journal != NULL) {
		*known += (journal_meet(p->journal, &salt, uri.s, uri.len) & JOURNAL_HAS) != 0;
		return true;
	}
	result = p->key == NULL ? SALTS_NEW : salts_add(p->salts, &other, salt, uri.s, uri.len, 0);
	*known += result == SALTS_KNOWN;
	return result != SALTS_NOMEM;
}

/* The same of a member of one of many groups. */
static bool meet_group(provision *p, const crowd_member *m, uint64_t *known)
{
	const provision_groups *g = p->groups;
	const cli_key *key = &g->keys[m->key];
	uint32_t salt, other;
	salts_result result;

	if (key->given != NULL && !cli_given_add(key->given, m->uri))
		return false;
	if (key->key == NULL || key->revoke)
		return true;
	salt = km_key_guk_id(key->key, m->uri.s, m->uri.len) ^ key->key->gmk_id;
	result = salts_add(key->salts, &other, salt, m->uri.s, m->uri.len, 0);
	*known += result == SALTS_KNOWN;
	return result != SALTS_NOMEM;
}

/* Read the list to its end. */
static int count_members(provision *p, cli_counts *counts, uint64_t *known)
{
	const ring_snapshot *names = ring_take(p->ring);
	const km_kms *kms = p->gms_kms;
	bool done = true;
	crowd_member m;
	int found = 0;

	while (done && (found = crowd_next(p->members, &m)) == 1) {
		const char *uri = ring_name(names, m.kms);
		uint64_t no;

		if (kms->number != m.kms)
			kms = ring_kms(names, uri, strlen(uri));
		no = km_key_period_no(when_second(p->t), kms->period, kms->offset);
		done = cli_count_made(counts, m.row, m.kms, uri, no, 0) &&
				(p->groups != NULL ? meet_group(p, &m, known) : meet(p, &m, known));
		crowd_drop(&m);
	}
	ring_give_back(names);
	counts->rejected = crowd_counts(p->members).rejected;
	if (done)
		return -found;
	cli_error("%s", strerror(ENOMEM));
	return CLI_IO;
}

/* The period of the GMS's keys, and what the run takes of it. */
static int tell_period(const provision *p, double seconds)
{
	const provision_period period = provision_period_at(p, p->t);
	char when[WHEN_MAX] = "no time";

	if (period.end < INT64_MAX)
		when_print(when, period.end);
	cli_note("the run takes about %.0f s; key period %llu of the GMS ends at %s, the keys of "
			"the next one are %s", seconds + 0.5, (unsigned long long)period.no, when,
			period.has_next ? "there" : "not there");
	if (period.has_next || (double)(period.end - p->t) > seconds)
		return CLI_DONE;
	cli_warn("the period ends within the run: the members behind it would be rejected");
	return CLI_REJECTED;
}

/* As much as the run locks has been locked by measure. */
static void tell_memory(const provision *p)
{
	char text[MEMLOCK_TEXT];

	if (memlock_is_full(text))
		cli_warn("%s: a run of %zu threads cannot keep all its secrets out of swap", text,
				p->jobs);
}

static void tell_key(const provision *p, uint64_t known)
{
	char shown[CLI_SHOWN], before[PROVISION_SAID], left[PROVISION_SAID];

	provision_say_before(before, p);
	provision_say_left_out(left, p);
	if (p->w.gmk == NULL) {
		cli_note("check: a new key would be made, and kept nowhere; nothing was written");
		return;
	}
	cli_show(shown, p->w.gmk, strlen(p->w.gmk));
	if (!p->key_exists)
		cli_note("check: a new key would be made in %s%s; nothing was written", shown, left);
	else
		cli_note("check: key %08x of %s would be %s, %s, %llu of them are in the list%s; nothing "
				"was written", (unsigned)p->key->gmk_id, shown,
				p->revoke ? "revoked" : "given out", before,
				(unsigned long long)known, left);
}

int provision_check(provision *p)
{
	cli_counts *counts = calloc(1, sizeof *counts);
	char text[CLI_SUMMARY];
	uint64_t known = 0;
	int code = counts == NULL ? CLI_IO : check_places(p), ends, keeps;

	if (code == CLI_DONE)
		code = provision_open_journal(p);
	if (code == CLI_DONE)
		code = count_members(p, counts, &known);
	if (code == CLI_DONE) {
		provision_warn_of_default(p);
		cli_count_say(text, counts, p->members);
		cli_note("%s", text);
		ends = tell_period(p, measure(p) * (double)counts->made / (double)p->jobs);
		keeps = provision_count_left_out(p, CLI_DONE);
		tell_memory(p);
		tell_key(p, known);
		code = counts->rejected > 0 ? CLI_REJECTED : ends != CLI_DONE ? ends : keeps;
	}
	if (counts != NULL)
		cli_count_free(counts);
	free(counts);
	return code;
}

int provision_check_groups(provision *p)
{
	cli_counts *counts = calloc(1, sizeof *counts);
	char text[CLI_SUMMARY], rows[PROVISION_SAID];
	uint64_t known = 0;
	int code = counts == NULL ? CLI_IO : check_places(p), ends, keeps;

	if (code == CLI_DONE)
		code = group_open_keys(p);
	if (code == CLI_DONE) {
		counts->by_row = p->groups->rows;
		code = count_members(p, counts, &known);
	}
	if (code == CLI_DONE) {
		provision_warn_of_default(p);
		cli_count_say(text, counts, p->members);
		cli_note("%s", text);
		ends = tell_period(p, measure(p) * (double)counts->made / (double)p->jobs);
		keeps = provision_count_left_out(p, CLI_DONE);
		tell_memory(p);
		group_say_rows(rows, p);
		cli_note("check: %s: %llu %s, %llu of them to members who have the key; nothing was written", rows,
				(unsigned long long)counts->made, word_for(counts->made, "message", "messages"),
				(unsigned long long)known);
		code = counts->rejected > 0 ? CLI_REJECTED : ends != CLI_DONE ? ends : keeps;
	}
	if (counts != NULL)
		cli_count_free(counts);
	free(counts);
	return code;
}
