/* provision_gms.c -- keymuster provision: whose keys sign, and under whose keys members are reached. */
#include "provision.h"

#include <string.h>

static int refuse_keys(const char *name, const char *what, const char *uri, const char *why)
{
	char file[CLI_SHOWN], shown[CLI_SHOWN];

	cli_error("%s: %s%s%s %s", cli_show(file, name, strlen(name)), what, *uri == '\0' ? "" : " ",
			cli_show(shown, uri, strlen(uri)), why);
	return CLI_KEYS;
}

static int check_kms(const km_kms *kms, int64_t now)
{
	const char *why = cli_why_not_valid(kms->valid_from, kms->valid_to, kms->revoked, now);

	return why == NULL ? CLI_DONE : refuse_keys("--kms", "the certificate of", kms->uri, why);
}

/* Whose keys stand in the file of the GMS? */
static int find_gms(provision *p)
{
	const km_key_set *first = km_keyring_keys_at(p->ring, 0), *set;

	for (size_t i = 1; (set = km_keyring_keys_at(p->ring, i)) != NULL; i++) {
		if (strcmp(set->uri, first->uri) != 0 || set->kms != first->kms)
			return refuse_keys(p->w.gms, "holds keys of", set->uri,
					"beside those of another user or KMS");
	}
	p->job->gms_uri = (km_str){ first->uri, strlen(first->uri) };
	p->job->gms_kms = first->kms;
	return CLI_DONE;
}

static int check_gms(const provision *p)
{
	const km_kms *kms = p->job->gms_kms;
	uint64_t no = km_key_period_no((uint64_t)p->now + KM_NTP_UNIX, kms->period, kms->offset);
	const km_key_set *set = km_keyring_keys(p->ring, p->job->gms_uri.s, p->job->gms_uri.len,
			kms, no);
	char what[64];
	const char *why;

	if (check_kms(kms, p->now) != CLI_DONE)
		return CLI_KEYS;
	snprintf(what, sizeof what, "the key set of period %llu of", (unsigned long long)no);
	if (set == NULL)
		return refuse_keys(p->w.gms, what, p->job->gms_uri.s, "is missing");
	why = cli_why_not_valid(set->valid_from, set->valid_to, set->revoked, p->now);
	return why == NULL ? CLI_DONE : refuse_keys(p->w.gms, what, p->job->gms_uri.s, why);
}

/* The certificates of the KMSs that the first members belong to. */
static int check_members(const provision *p)
{
	const crowd_member *m;
	const km_kms *last = p->job->gms_kms;

	for (size_t i = 0; (m = crowd_at(p->members, i)) != NULL; i++) {
		if (m->member.kms != last && check_kms(m->member.kms, p->now) != CLI_DONE)
			return CLI_KEYS;
		last = m->member.kms;
	}
	if (crowd_at(p->members, 0) == NULL && crowd_is_complete(p->members)) {
		cli_error("%s: no member to provision", crowd_name(p->members));
		return CLI_REJECTED;
	}
	if (p->format == SINK_RAW &&
	    (crowd_at(p->members, 1) != NULL || !crowd_is_complete(p->members)))
		return cli_usage(&cli_provision, "--format raw is for exactly one member");
	return CLI_DONE;
}

int provision_load(provision *p)
{
	cli_list gms = { .at = &p->w.gms, .n = 1 };
	int code = cli_load(&p->ring, &p->w.kms, &gms, crowd_size(p->members));

	if (code == CLI_DONE)
		code = find_gms(p);
	if (code == CLI_DONE)
		code = check_gms(p);
	if (code == CLI_DONE && p->key != NULL && (strcmp(p->key->gms, p->job->gms_uri.s) != 0 ||
	    strcmp(p->key->kms, p->job->gms_kms->uri) != 0))
		code = refuse_keys(p->w.gmk, "gms: the key belongs to", p->key->gms,
				"at its KMS, not to the GMS of --gms");
	if (code != CLI_DONE)
		return code;
	crowd_settle(p->members, p->ring, p->job->gms_kms);
	return check_members(p);
}

void provision_warn_of_groups(const provision *p)
{
	char group[KM_URI_MAX + 1], gms[KM_URI_MAX + 1], member[KM_URI_MAX + 1];
	char shown[CLI_SHOWN];
	bool has_gms = km_uri_host(gms, p->job->gms_uri.s, p->job->gms_uri.len) > 0;
	const crowd_member *m;

	for (size_t i = 0; i < p->job->params.n_groups; i++) {
		km_str uri = p->job->params.groups[i];

		if (!has_gms || km_uri_host(group, uri.s, uri.len) == 0 || strcmp(group, gms) != 0)
			cli_warn("the group %s does not carry the host of the GMS: clients that go by "
					"the PSI rule refuse its key", cli_show(shown, uri.s, uri.len));
	}
	for (size_t i = 0; has_gms && (m = crowd_at(p->members, i)) != NULL; i++) {
		if (km_uri_host(member, m->member.uri.s, m->member.uri.len) > 0 &&
		    strcmp(member, gms) == 0) {
			cli_warn("members such as %s live under the host of the GMS, where the PSI rule "
					"proves nothing: their clients need an explicit list",
					cli_show(shown, m->member.uri.s, m->member.uri.len));
			break;
		}
	}
}
