/* provision_check.c -- provision --check: everything but the messages, and nothing written. */
#include "provision.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../when.h"

static bool may_write_beside(const char *name)
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
			p->key_exists ? NULL : p->w.gmk };
	char shown[CLI_SHOWN];
	int code = CLI_DONE;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (names[i] == NULL || strcmp(names[i], "-") == 0 || may_write_beside(names[i]))
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
	    km_sakke_encap_batch(sed, status, ssv, ids, KM_UID_BYTES, N, p->job->gms_kms->keys,
			NULL) != KM_OK)
		return 0;
	return (cli_seconds() - start) / N;
}

/* Read the list to its end. */
static int count_members(provision *p, cli_counts *counts, uint64_t *known)
{
	crowd_member m;
	int found;

	while ((found = crowd_next(p->members, &m)) == 1) {
		const km_kms *kms = m.member.kms;
		uint64_t no = km_key_period_no((uint64_t)p->now + KM_NTP_UNIX, kms->period,
				kms->offset);
		uint32_t other;
		bool done = cli_count_made(counts, kms, no, 0);

		if (p->key_exists && salts_add(p->key->salts, &other, km_user_salt(p->key->gmk,
				m.member.uri.s, m.member.uri.len), m.member.uri.s, m.member.uri.len,
				0) == SALTS_KNOWN)
			++*known;
		crowd_drop(&m);
		if (!done) {
			cli_error("%s", strerror(ENOMEM));
			return CLI_IO;
		}
	}
	counts->rejected = crowd_counts(p->members).rejected;
	return -found;
}

/* The period of the GMS's keys, and what the run takes of it. */
static int tell_period(const provision *p, double seconds)
{
	const km_kms *kms = p->job->gms_kms;
	uint64_t no = km_key_period_no((uint64_t)p->now + KM_NTP_UNIX, kms->period, kms->offset);
	int64_t end = (int64_t)((no + 1) * kms->period + kms->offset) - (int64_t)KM_NTP_UNIX;
	bool has_next = km_keyring_keys(p->ring, p->job->gms_uri.s, p->job->gms_uri.len, kms,
			no + 1) != NULL;
	char when[WHEN_MAX];

	when_print(when, end);
	cli_note("the run takes about %.0f s; key period %llu of the GMS ends at %s, the keys of "
			"the next one are %s", seconds + 0.5, (unsigned long long)no, when,
			has_next ? "there" : "not there");
	if (has_next || (double)(end - p->now) > seconds)
		return CLI_DONE;
	cli_warn("the period ends within the run: the members behind it would be rejected");
	return CLI_REJECTED;
}

static int tell_key(const provision *p, uint64_t known)
{
	unsigned long long left = p->salts_saved - known;
	char shown[CLI_SHOWN];

	if (p->w.gmk == NULL) {
		cli_note("check: a new key would be made, and kept nowhere; nothing was written");
		return CLI_DONE;
	}
	cli_show(shown, p->w.gmk, strlen(p->w.gmk));
	if (!p->key_exists) {
		cli_note("check: a new key would be made in %s; nothing was written", shown);
		return CLI_DONE;
	}
	if (p->revoke && left > 0)
		cli_warn("%llu members who were given this key are not in the list: they would "
				"keep it",
				left);
	cli_note("check: key %08x of %s would be %s, %zu members had it before, %llu of them are "
			"in the list; nothing was written", (unsigned)p->key->gmk_id, shown,
			p->revoke ? "revoked" : "given out", p->salts_saved,
			(unsigned long long)known);
	return p->revoke && left > 0 ? CLI_REJECTED : CLI_DONE;
}

int provision_check(provision *p)
{
	cli_counts *counts = calloc(1, sizeof *counts);
	char text[CLI_SUMMARY];
	uint64_t known = 0;
	int code = counts == NULL ? CLI_IO : check_places(p), ends, keeps;

	if (code == CLI_DONE)
		code = count_members(p, counts, &known);
	if (code == CLI_DONE) {
		cli_count_say(text, counts, p->members);
		cli_note("%s", text);
		ends = tell_period(p, measure(p) * (double)counts->made / (double)p->jobs);
		keeps = tell_key(p, known);
		code = counts->rejected > 0 ? CLI_REJECTED : ends != CLI_DONE ? ends : keeps;
	}
	if (counts != NULL)
		cli_count_free(counts);
	free(counts);
	return code;
}

/* The state is opened where it is there, and not made where it is not. */
int provision_check_state(provision *p)
{
	char *path = state_path(p->w.gms.at[0], p->job->gms_uri.s, p->job->gms_kms->uri), shown[CLI_SHOWN];
	int code = CLI_DONE;

	if (path == NULL || access(path, F_OK) == 0)
		code = provision_open_state(p);
	else
		cli_note("%s: no state yet: this would be the first run of this GMS",
				cli_show(shown, path, strlen(path)));
	free(path);
	return code;
}
