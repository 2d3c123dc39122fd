/* provision_gms.c -- keymuster provision: whose keys sign, and under whose keys members are reached. */
#include "provision.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "gms/make.h"
#include "keys/tables.h"

static int refuse_keys(const char *name, const char *what, const char *uri, const char *why)
{
	char file[CLI_SHOWN], shown[CLI_SHOWN];

	cli_error("%s: %s%s%s %s", cli_show(file, name, strlen(name)), what, *uri == '\0' ? "" : " ",
			cli_show(shown, uri, strlen(uri)), why);
	return CLI_KEYS;
}

static int check_kms(const km_kms *kms, int64_t at)
{
	char text[CLI_WHY];
	const char *why = cli_why_kms(text, kms, at);

	if (why != NULL)
		cli_error("%s", why);
	return why == NULL ? CLI_DONE : CLI_KEYS;
}

/* Does --gms-uri, --gms-kms choose this set? */
static bool is_chosen(const words *w, const km_key_set *set)
{
	return (w->gms_uri == NULL || strcmp(w->gms_uri, set->uri) == 0) &&
			(w->gms_kms == NULL || strcmp(w->gms_kms, set->kms->uri) == 0);
}

/* Each identity once: is there an earlier set of it? */
static bool is_repeated(const provision *p, size_t i)
{
	const km_key_set *set = km_keyring_keys_at(p->ring, i);

	for (size_t j = 0; j < i; j++) {
		const km_key_set *old = km_keyring_keys_at(p->ring, j);

		if (strcmp(old->uri, set->uri) == 0 && strcmp(old->kms->uri, set->kms->uri) == 0)
			return true;
	}
	return false;
}

static int refuse_choice(const provision *p, bool none)
{
	char list[1024] = "", uri[CLI_SHOWN], kms[CLI_SHOWN];
	const km_key_set *set;

	for (size_t i = 0; (set = km_keyring_keys_at(p->ring, i)) != NULL; i++) {
		size_t len = strlen(list);

		if (!is_repeated(p, i))
			snprintf(list + len, sizeof list - len, "%s%s at %s", len == 0 ? "" : ", ",
					cli_show(uri, set->uri, strlen(set->uri)),
					cli_show(kms, set->kms->uri, strlen(set->kms->uri)));
	}
	return cli_usage(&cli_provision, none ? "--gms: no keys of the identity chosen; there are those of "
			"%s" : "--gms: keys of several identities: choose by --gms-uri or --gms-kms among %s",
			list);
}

/* Whose keys stand in the files of the GMS? */
static int find_gms(provision *p)
{
	const km_key_set *first = NULL, *set;

	for (size_t i = 0; (set = km_keyring_keys_at(p->ring, i)) != NULL; i++) {
		if (!is_chosen(&p->w, set))
			continue;
		if (first == NULL)
			first = set;
		if (strcmp(set->uri, first->uri) != 0 || strcmp(set->kms->uri, first->kms->uri) != 0)
			return refuse_choice(p, false);
	}
	if (first == NULL)
		return refuse_choice(p, true);
	p->gms_uri = (km_str){ first->uri, strlen(first->uri) };
	p->gms_kms = km_keyring_kms_newest(p->ring, first->kms->uri, strlen(first->kms->uri));
	return CLI_DONE;
}

/* The certificate that serves then, or else any. */
static const km_kms *kms_then(const provision *p, int64_t at)
{
	const char *uri = p->gms_kms->uri;
	const km_kms *kms = km_keyring_kms_valid(p->ring, uri, strlen(uri), at);

	return kms == NULL ? p->gms_kms : kms;
}

static const km_key_set *keys_then(const provision *p, int64_t at)
{
	return km_keyring_keys_when(p->ring, p->gms_uri.s, p->gms_uri.len, kms_then(p, at), at);
}

/* Can the GMS sign at that time (Unix seconds)? */
static int check_gms(const provision *p, int64_t at)
{
	const km_kms *kms = kms_then(p, at);
	uint64_t no = km_key_period_no(when_second(at), kms->period, kms->offset);
	const km_key_set *set = keys_then(p, at);
	char what[64], missing[CLI_WHY + 16], text[CLI_WHY], from[WHEN_MAX], to[WHEN_MAX];
	const char *why;

	if (check_kms(kms, at) != CLI_DONE)
		return CLI_KEYS;
	snprintf(what, sizeof what, "the key set of period %llu of", (unsigned long long)no);
	if (set == NULL) {
		why = km_keyring_lost(p->ring, p->gms_uri.s, kms->uri, no);
		if (why != NULL)
			cli_error("%s", why);
		snprintf(missing, sizeof missing, "is missing%s", why != NULL ? "" :
				cli_why_period(text, p->ring, p->gms_uri, kms, at));
		return refuse_keys(p->w.gms.at[0], what, p->gms_uri.s, missing);
	}
	why = cli_why_not_valid(set->valid_from, set->valid_to, set->revoked, at);
	if (why == NULL)
		return CLI_DONE;
	when_print(from, set->valid_from);
	when_print(to, set->valid_to);
	snprintf(text, sizeof text, "%s%s%s%s%s", why, set->revoked || at > set->valid_to ? "" :
			": it begins ", set->revoked || at > set->valid_to ? "" : from,
			set->revoked || at < set->valid_from ? "" : ": it ended ",
			set->revoked || at < set->valid_from ? "" : to);
	return refuse_keys(set->source, what, p->gms_uri.s, text);
}

enum {
	RATE = 2000,            /* messages a second and thread, on a slow kernel */
	SOON = 3600,            /* seconds before the end of a key set that are worth a word */
};

static void print_span(char out[48], int64_t seconds)
{
	if (seconds < 120)
		snprintf(out, 48, "%lld s", (long long)seconds);
	else if (seconds < 7200)
		snprintf(out, 48, "%lld min %lld s", (long long)(seconds / 60), (long long)(seconds % 60));
	else
		snprintf(out, 48, "%lld h %lld min", (long long)(seconds / 3600),
				(long long)(seconds / 60 % 60));
}

provision_period provision_period_at(const provision *p, int64_t at)
{
	const km_kms *kms = kms_then(p, at);
	const km_key_set *set = keys_then(p, at);
	uint64_t no = km_key_period_no(when_second(at), kms->period, kms->offset);
	int64_t end = (int64_t)((no + 1) * kms->period + kms->offset - KM_NTP_UNIX);

	if (set != NULL && (p->w.keys.any_period || set->valid_to < end))
		end = set->valid_to == INT64_MAX ? INT64_MAX : set->valid_to + 1;
	return (provision_period){ set == NULL ? no : set->period_no, end,
			end == INT64_MAX || keys_then(p, end) != NULL };
}

/* A key set that ends while the run goes on, with the next one missing. */
static void warn_of_period(const provision *p, int64_t at)
{
	const provision_period period = provision_period_at(p, at);
	int64_t need = (int64_t)(crowd_size(p->members) / (RATE * p->jobs)) + 1;
	char left[48], needed[48];

	if (period.has_next || (period.end - at > SOON && period.end - at > 2 * need))
		return;
	print_span(left, period.end - at);
	print_span(needed, need);
	cli_warn("the key set of period %llu ends in %s and that of %llu is missing: this run needs about "
			"%s%s", (unsigned long long)period.no, left, (unsigned long long)period.no + 1, needed,
			need > period.end - at ? ", and members behind the end will be rejected" : "");
}

static int check_members(const provision *p)
{
	if (crowd_at(p->members, 0) == NULL && crowd_is_complete(p->members)) {
		cli_error("%s: no member to provision", crowd_name(p->members));
		return CLI_REJECTED;
	}
	if (p->format == SINK_RAW &&
	    (crowd_at(p->members, 1) != NULL || !crowd_is_complete(p->members)))
		return cli_usage(&cli_provision, "--format raw is for exactly one member");
	return CLI_DONE;
}

static int larger(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* What tables take for the members of a list. */
typedef struct {
	uint64_t *of;           /* of each KMS, the largest first */
	size_t n;               /* KMSs that have members */
	uint64_t narrow;        /* of all KMSs, for a piece of each */
} table_sizes;

static void size_tables(table_sizes *sizes, const provision *p, const ring_snapshot *s)
{
	const crowd_member *who;

	for (size_t i = 0; (who = crowd_at(p->members, i)) != NULL; i++)
		sizes->of[who->kms - 1]++;
	for (size_t i = 0; i < s->names.n; i++) {
		const uint64_t members = sizes->of[i];
		const km_kms *kms = members == 0 ? NULL : ring_kms_numbered(s, (uint32_t)i + 1, p->t);

		sizes->n += members > 0;
		sizes->of[i] = kms == NULL ? 0 : tables_bytes(ring_tables(kms), members);
		if (kms != NULL)
			sizes->narrow += tables_bytes(ring_tables(kms), members < MAKE_MAX ? members : MAKE_MAX);
	}
	qsort(sizes->of, s->names.n, sizeof *sizes->of, larger);
}

/* Room for the tables of the largest KMSs, two for each thread, for a batch that holds the whole list comes to each KMS
 * once.  Where several do, there is room for narrow ones of all. */
static uint64_t room_for_tables(const provision *p, const table_sizes *sizes)
{
	const bool is_one_batch = cli_window(p->members, sizes->n, p->jobs) >= crowd_size(p->members);
	uint64_t few = 1;

	for (size_t i = 0; i < sizes->n && i < 2 * p->jobs; i++)
		few += sizes->of[i];
	return is_one_batch || few > sizes->narrow ? few : sizes->narrow;
}

/* A short list is known to its end. */
static int bound_tables(const provision *p)
{
	const ring_snapshot *s = ring_take(p->ring);
	table_sizes sizes = { calloc(s->names.n + 1, sizeof *sizes.of), 0, 0 };
	km_err err = sizes.of == NULL ? KM_ENOMEM : KM_OK;

	if (err == KM_OK) {
		size_tables(&sizes, p, s);
		err = km_keyring_set(p->ring, KM_RING_TABLES_BYTES, room_for_tables(p, &sizes), NULL);
	}
	free(sizes.of);
	ring_give_back(s);
	if (err == KM_OK)
		return CLI_DONE;
	cli_error("%s", km_strerror(err));
	return CLI_IO;
}

int provision_load(provision *p)
{
	const unsigned threads = crowd_size(p->members) == 0 ? 0 : p->groups != NULL ? p->jobs : 1;
	int code = cli_load(&p->ring, &p->w.kms, &p->w.gms, threads, p->w.keys);

	if (code == CLI_DONE)
		code = find_gms(p);
	if (code == CLI_DONE && p->key != NULL && (strcmp(p->key->gms.s, p->gms_uri.s) != 0 ||
	    strcmp(p->key->kms.s, p->gms_kms->uri) != 0))
		code = refuse_keys(p->w.gmk, "gms: the key belongs to", p->key->gms.s,
				"at its KMS, not to the GMS of --gms");
	return code;
}

int provision_check_keys(provision *p)
{
	int code = check_gms(p, p->t);

	if (code != CLI_DONE)
		return code;
	crowd_settle(p->members, p->ring, p->gms_kms, p->t);
	warn_of_period(p, p->t);
	code = check_members(p);
	if (code == CLI_DONE && crowd_is_complete(p->members) && crowd_size(p->members) <= CLI_WINDOW_MAX)
		code = bound_tables(p);
	return code;
}

void provision_warn_of_default(const provision *p)
{
	const uint64_t n = crowd_counts(p->members).by_default;
	const char *uri = p->gms_kms->uri;
	char shown[CLI_SHOWN];

	if (n > 0)
		cli_warn("%llu %s taken for those of %s, the KMS of the GMS: --kms gives others "
				"too, and neither the list (kms) nor a domain list says whose they are",
				(unsigned long long)n, word_for(n, "member was", "members were"),
				cli_show(shown, uri, strlen(uri)));
}

void provision_warn_of_groups(const provision *p)
{
	char group[KM_URI_MAX + 1], gms[KM_URI_MAX + 1], member[KM_URI_MAX + 1];
	char shown[CLI_SHOWN];
	bool has_gms = km_uri_host(gms, p->gms_uri.s, p->gms_uri.len) > 0;
	const crowd_member *m;

	for (size_t i = 0; i < p->key->params.n_groups; i++) {
		km_str uri = p->key->params.groups[i];

		if (!has_gms || km_uri_host(group, uri.s, uri.len) == 0 || strcmp(group, gms) != 0)
			cli_warn("the group %s does not carry the host of the GMS: clients that go by "
					"the PSI rule refuse its key", cli_show(shown, uri.s, uri.len));
	}
	for (size_t i = 0; has_gms && (m = crowd_at(p->members, i)) != NULL; i++) {
		if (km_uri_host(member, m->uri.s, m->uri.len) > 0 &&
		    strcmp(member, gms) == 0) {
			cli_warn("members such as %s live under the host of the GMS, where the PSI rule "
					"proves nothing: their clients need an explicit list",
					cli_show(shown, m->uri.s, m->uri.len));
			break;
		}
	}
}
