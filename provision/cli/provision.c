/* provision.c -- keymuster provision: a group key to every member of a group. */
#include "provision.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "message/keyparams.h"

enum {
	KNOWN_MAX = 20000,      /* members up to which user salts are made to differ */
	STREAM_AHEAD = 512,     /* a thread, where the key is given */
};
#define TIME_MAX (((int64_t)1 << 40) - 1)

/* ---- the command line ------------------------------------------------------------------------ */

static const char *const statuses[] = { "active", "revoked", NULL };
static const char *const identities[] = { "uri", "uid", NULL };
static const char *const maps[] = { "empty", "generic", NULL };
static const char *const services[] = { "mcptt", "mcvideo", NULL };
static const char *const formats[] = { "ndjson", "text", "raw", NULL };

/* What the file of groups says, the command line does not. */
static int check_beside_groups(const words *w)
{
	const struct {
		const char *option;
		bool is_there;
	} others[] = {
		{ "--group", w->groups.n > 0 }, { "--gmk", w->gmk != NULL }, { "--text", w->text != NULL },
		{ "--activate", w->activate != NULL }, { "--expire", w->expire != NULL },
		{ "--status", w->status != NULL },
	};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (others[i].is_there)
			return cli_usage(&cli_provision, "--groups and %s exclude each other: the file of groups says it",
					others[i].option);
	}
	if (strcmp(w->by_group, "-") == 0 && strcmp(w->members, "-") == 0)
		return cli_usage(&cli_provision, "--groups and --members are both stdin");
	return CLI_DONE;
}

static int check_needed(const words *w)
{
	if (w->kms.n == 0)
		return cli_usage(&cli_provision, "--kms FILE is missing: the certificates of the "
				"KMSs of the GMS and of the members");
	if (w->gms.n == 0)
		return cli_usage(&cli_provision, "--gms FILE is missing: the keys of the GMS");
	if (w->members == NULL)
		return cli_usage(&cli_provision, "--members FILE is missing (- for stdin)");
	if (w->by_group != NULL)
		return check_beside_groups(w);
	if (w->gmk == NULL && !w->forget)
		return cli_usage(&cli_provision, "neither --gmk FILE nor --forget-key: without a "
				"file the group key is lost after this run, and with it late "
				"joiners and revocation; --forget-key says that this is meant");
	if (w->gmk != NULL && w->forget)
		return cli_usage(&cli_provision, "--gmk and --forget-key exclude each other");
	return CLI_DONE;
}

static bool take_time(const char *option, const char *text, int64_t *t)
{
	if (!cli_take_time(&cli_provision, option, text, t))
		return false;
	if (*t > 0 && *t <= TIME_MAX)
		return true;
	cli_usage(&cli_provision, "--%s: the key parameters have no room for that time", option);
	return false;
}

static bool take_words(provision *p)
{
	const words *w = &p->w;
	const cli_command *me = &cli_provision;
	size_t at = 0;

	if (w->status != NULL && !cli_take_word(me, "status", w->status, statuses, &at))
		return false;
	p->revoke = at == 1;
	at = 0;
	if (w->identity != NULL && !cli_take_word(me, "identity", w->identity, identities, &at))
		return false;
	p->settings.identity = at == 1 ? KM_IDENTITY_UID : KM_IDENTITY_URI;
	at = 0;
	if (w->map != NULL && !cli_take_word(me, "map", w->map, maps, &at))
		return false;
	p->settings.map = at == 1 ? KM_MAP_GENERIC : KM_MAP_EMPTY;
	for (size_t i = 0; i < w->services.n; i++) {
		if (!cli_take_word(me, "service", w->services.at[i], services, &at))
			return false;
		p->settings.services |= at == 1 ? KM_SERVICE_MCVIDEO : KM_SERVICE_MCPTT;
	}
	at = SINK_NDJSON;
	if (w->format != NULL && !cli_take_word(me, "format", w->format, formats, &at))
		return false;
	p->format = (sink_format)at;
	if (p->format != SINK_RAW || w->by_group == NULL)
		return true;
	cli_usage(me, "--format raw does not say whose a message is: with --groups, ndjson and text do");
	return false;
}

static int check_words(provision *p)
{
	const words *w = &p->w;
	uint64_t jobs;

	if (!take_words(p))
		return CLI_USAGE;
	if (w->services.n > 0 && p->settings.map != KM_MAP_GENERIC)
		return cli_usage(&cli_provision, "--service needs --map generic: the empty map "
				"names no service");
	if (p->settings.services == 0)
		p->settings.services = KM_SERVICE_MCPTT;
	for (size_t i = 0; i < w->columns.n; i++) {
		if (!crowd_take_column(&cli_provision, &p->how, w->columns.at[i]))
			return CLI_USAGE;
	}
	p->settings.to_self = w->to_self ? KM_TO_SELF_YES : KM_TO_SELF_NO;
	p->settings.members = p->how.list.any_id ? KM_URI_ANY_ID : KM_URI_STRICT;
	if (w->activate != NULL && !take_time("activate", w->activate, &p->activation))
		return CLI_USAGE;
	if (w->expire != NULL && !take_time("expire", w->expire, &p->expiry))
		return CLI_USAGE;
	if (p->expiry != 0 && !p->revoke && (p->expiry <= p->now || p->expiry <= p->activation))
		return cli_usage(&cli_provision, "--expire: the key would never be of use");
	p->tolerance = 900;
	if (w->tolerance != NULL && !cli_take_number(&cli_provision, "clock-tolerance", w->tolerance, 0,
			100 * (uint64_t)366 * 86400, &p->tolerance))
		return CLI_USAGE;
	p->jobs = cli_processors();
	if (w->jobs != NULL) {
		if (!cli_take_number(&cli_provision, "jobs", w->jobs, 1, CLI_JOBS_MAX, &jobs))
			return CLI_USAGE;
		p->jobs = jobs;
	}
	return CLI_DONE;
}

static bool fit_together(const words *w)
{
	km_str groups[KM_GROUPS_MAX];
	keyparams params = { .groups = groups, .n_groups = w->groups.n };

	params.text.len = w->text == NULL ? 0 : strlen(w->text);
	for (size_t i = 0; i < w->groups.n; i++)
		groups[i].len = strlen(w->groups.at[i]);
	return keyparams_size(&params) > 0;
}

static int check_parameters(const provision *p)
{
	const words *w = &p->w;
	char shown[CLI_SHOWN];

	if (w->groups.n > KM_GROUPS_MAX)
		return cli_usage(&cli_provision, "at most %d groups", KM_GROUPS_MAX);
	for (size_t i = 0; i < w->groups.n; i++) {
		const char *group = w->groups.at[i];
		km_uri_fault fault = km_uri_check(group, strlen(group),
				p->how.list.any_id ? KM_URI_ANY_ID : 0);

		if (fault != KM_URI_OK)
			return cli_usage(&cli_provision, "--group %s: %s",
					cli_show(shown, group, strlen(group)),
					km_uri_fault_text(fault));
		for (size_t j = 0; j < i; j++) {
			const char *other = w->groups.at[j];

			if (km_uri_same((km_str){ group, strlen(group) },
					(km_str){ other, strlen(other) }))
				return cli_usage(&cli_provision, "--group %s stands there twice",
						cli_show(shown, group, strlen(group)));
		}
	}
	if (w->text != NULL && strlen(w->text) > KM_TEXT_MAX)
		return cli_usage(&cli_provision, "--text: longer than %d octets", KM_TEXT_MAX);
	if (w->text != NULL && !cli_is_utf8(w->text, strlen(w->text)))
		return cli_usage(&cli_provision, "--text: not UTF-8");
	if (!fit_together(w))
		return cli_usage(&cli_provision, "--group and --text: too long together for the key "
				"parameters, which hold %d octets", KEYPARAMS_MAX);
	return CLI_DONE;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* The last line: who has the key now. */
static void tell_key(const provision *p, const cli_counts *counts)
{
	char shown[CLI_SHOWN], text[CLI_SHOWN + 256], before[PROVISION_SAID], left[PROVISION_SAID];
	char rest[PROVISION_SAID + 80] = "";
	const char *name = p->w.gmk;

	provision_say_before(before, p);
	provision_say_left_out(left, p);
	if (counts->rejected > 0)
		snprintf(rest, sizeof rest, "; %llu rejected: no message for them",
				(unsigned long long)counts->rejected);
	strcat(rest, left);
	if (name == NULL)
		snprintf(text, sizeof text, "new key %08x, kept nowhere", (unsigned)p->key->gmk_id);
	else if (p->key_exists)
		snprintf(text, sizeof text, "key %08x of %s, %s", (unsigned)p->key->gmk_id,
				cli_show(shown, name, strlen(name)), before);
	else
		snprintf(text, sizeof text, "new key %08x in %s", (unsigned)p->key->gmk_id,
				cli_show(shown, name, strlen(name)));
	if (counts->made == 0)
		cli_note("%s: %sno message was made and no output written%s", text,
				p->revoke ? "it is revoked, but " : "", rest);
	else
		cli_note("%s: %llu %s%s%s", text, (unsigned long long)counts->made,
				word_for(counts->made, "message", "messages"), !p->revoke ? "" :
				word_for(counts->made, " that revokes it", " that revoke it"), rest);
}

static void tell(const provision *p, const cli_counts *counts)
{
	char text[CLI_SUMMARY];
	double seconds = cli_seconds() - p->started;

	if (counts->pairs > 0)
		cli_warn("%llu %s a user salt, and so their media keys%s: accept it, "
				"or give the group two keys, each for half of its members",
				(unsigned long long)counts->pairs,
				word_for(counts->pairs, "pair of members shares", "pairs of members share"),
				p->receipt_name != NULL ? " (the receipt names them)" : "");
	provision_warn_of_default(p);
	cli_count_say(text, counts, p->members);
	cli_note("%s", text);
	cli_note("%.3f s, %.0f messages/s, kernel %s", seconds, (double)counts->made / seconds,
			km_kernel());
	if (p->groups != NULL)
		provision_tell_groups(p, counts);
	else
		tell_key(p, counts);
}

static int run_counted(provision *p, cli_counts *counts)
{
	const cli_key key = {
		.key = p->key, .revoke = p->revoke, .salts = p->salts, .journal = p->journal, .older = p->older,
		.n_older = p->n_older,
	};
	cli_run how = {
		.ring = p->ring, .gms = p->gms, .settings = p->settings, .keys = &key, .n_keys = 1,
		.members = p->members, .streams = p->out == stdout,
		.out = p->out, .out_name = p->w.output == NULL ? "stdout" : p->w.output,
		.format = p->format, .jobs = (unsigned)p->jobs, .flush = p->w.flush,
	};
	int code, closed, saved;

	if (p->groups != NULL)
		provision_use_groups(&how, counts, p);
	code = provision_count_left_out(p, cli_run_all(counts, &how));
	if (counts->complete && counts->made > 0 && provision_ask_canary(p) != CLI_DONE) {
		counts->complete = false;
		code = CLI_SELFTEST;
	}
	if (counts->complete && (provision_sync(p) != CLI_DONE ||
	    crowd_keep_rejects(p->members) != CLI_DONE)) {
		counts->complete = false;
		code = CLI_IO;
	}
	if (counts->complete)
		code = provision_look_again(p, code);
	closed = provision_close_output(p, counts, code);
	saved = p->in_place ? provision_commit(p) : CLI_DONE;

	if (closed != CLI_DONE || saved != CLI_DONE)
		code = CLI_IO;
	if (counts->complete && code != CLI_IO)
		tell(p, counts);
	return code;
}

static int run(provision *p)
{
	cli_counts *counts = calloc(1, sizeof *counts);
	int code = CLI_IO;

	if (counts == NULL) {
		cli_error("%s", strerror(errno));
		provision_discard_output(p);
	} else {
		p->began = true;
		code = run_counted(p, counts);
		p->made = counts->made;
		p->made_all = counts->complete;
		cli_count_free(counts);
		free(counts);
	}
	return code;
}

static int read_one_key(provision *p)
{
	int code = provision_read_key(p);

	if (code == CLI_DONE && p->key_exists)
		code = provision_compare_key(p);
	if (code != CLI_DONE)
		return code;
	p->how.list.groups = p->w.groups.n > 0 ? p->w.groups.at : p->key->groups;
	p->how.list.n_groups = p->w.groups.n > 0 ? p->w.groups.n : p->key->params.n_groups;
	return CLI_DONE;
}

/* Everything before the first message.  Options come first, then files. */
static int prepare(provision *p)
{
	crowd_how how;
	size_t limit;
	int code = check_needed(&p->w);

	if (code == CLI_DONE)
		code = check_words(p);
	if (code == CLI_DONE)
		code = check_parameters(p);
	if (code == CLI_DONE)
		code = provision_name_receipt(p);
	if (code == CLI_DONE)
		code = provision_check_output(p);
	if (code == CLI_DONE)
		code = cli_start();
	if (code == CLI_DONE)
		code = p->w.by_group != NULL ? provision_read_groups(p) : read_one_key(p);
	if (code != CLI_DONE)
		return code;
	limit = p->w.flush ? 1 : p->key_exists && p->groups == NULL ? STREAM_AHEAD * p->jobs :
			KNOWN_MAX + 1;
	how = p->how;
	how.list.by_group = p->groups == NULL ? NULL : provision_list(p);
	if (p->w.check)
		how.rejects = NULL;
	code = crowd_open(&p->members, p->w.members, &how, limit);
	if (code == CLI_DONE)
		code = provision_load(p);
	if (code == CLI_DONE)
		code = provision_load_canary(p);
	if (code == CLI_DONE)
		code = provision_open_state(p);
	if (code == CLI_DONE)
		code = provision_check_keys(p);
	if (code == CLI_DONE && p->groups == NULL)
		code = provision_check_key(p);
	return code;
}

static int open_one_key(provision *p)
{
	int code = p->key_exists ? CLI_DONE : provision_make_key(p);

	if (code == CLI_DONE)
		code = provision_open_journal(p);
	if (code == CLI_DONE)
		code = provision_mark_revoked(p);
	if (code == CLI_DONE)
		provision_warn_of_groups(p);
	return code;
}

static int start(provision *p)
{
	int code = prepare(p);

	if (code == CLI_DONE && cli_interrupted)
		code = CLI_INTERRUPTED;
	if (code == CLI_DONE && p->w.check)
		return p->groups != NULL ? provision_check_groups(p) : provision_check(p);
	if (code == CLI_DONE)
		code = provision_open_output(p);
	if (code == CLI_DONE)
		code = p->groups != NULL ? provision_open_groups(p) : open_one_key(p);
	if (code != CLI_DONE) {
		provision_discard_output(p);
		return code;
	}
	return run(p);
}

static int provision_run(int argc, char **argv)
{
	provision p = { .now = time(NULL), .started = cli_seconds() };
	const cli_option options[] = {
		{ "kms", 0, CLI_MANY, &p.w.kms }, { "gms", 0, CLI_MANY, &p.w.gms },
		{ "gms-uri", 0, CLI_ONE, &p.w.gms_uri }, { "gms-kms", 0, CLI_ONE, &p.w.gms_kms },
		{ "any-period", 0, CLI_FLAG, &p.w.keys.any_period },
		{ "lax-ns", 0, CLI_FLAG, &p.w.keys.lax_ns },
		{ "group", 0, CLI_MANY, &p.w.groups }, { "groups", 0, CLI_ONE, &p.w.by_group },
		{ "members", 0, CLI_ONE, &p.w.members },
		{ "state", 0, CLI_ONE, &p.w.state }, { "new-state", 0, CLI_FLAG, &p.w.new_state },
		{ "clock-tolerance", 0, CLI_ONE, &p.w.tolerance },
		{ "partial", 0, CLI_FLAG, &p.w.partial },
		{ "gmk", 0, CLI_ONE, &p.w.gmk }, { "forget-key", 0, CLI_FLAG, &p.w.forget },
		{ "any-id", 0, CLI_FLAG, &p.how.list.any_id },
		{ "column", 0, CLI_MANY, &p.w.columns },
		{ "keep-going", 0, CLI_FLAG, &p.how.list.keep_going },
		{ "rejects", 0, CLI_ONE, &p.how.rejects },
		{ "text", 0, CLI_ONE, &p.w.text }, { "activate", 0, CLI_ONE, &p.w.activate },
		{ "expire", 0, CLI_ONE, &p.w.expire }, { "status", 0, CLI_ONE, &p.w.status },
		{ "identity", 0, CLI_ONE, &p.w.identity }, { "map", 0, CLI_ONE, &p.w.map },
		{ "service", 0, CLI_MANY, &p.w.services },
		{ "sakke-to-self", 0, CLI_FLAG, &p.w.to_self },
		{ "format", 0, CLI_ONE, &p.w.format }, { "output", 'o', CLI_ONE, &p.w.output },
		{ "receipt", 0, CLI_ONE, &p.w.receipt }, { "force", 0, CLI_FLAG, &p.w.force },
		{ "canary", 0, CLI_ONE, &p.w.canary }, { "check", 0, CLI_FLAG, &p.w.check },
		{ "flush", 0, CLI_FLAG, &p.w.flush },
		{ "jobs", 'j', CLI_ONE, &p.w.jobs }, { NULL, 0, CLI_FLAG, NULL },
	};
	cli_list operands = { 0 };
	int code = cli_parse(&cli_provision, argc, argv, options, &operands);

	/* What a shell makes of a pattern behind --gms are more of its files. */
	if (code == CLI_GO_ON && operands.n > 0 && p.w.gms.n == 0)
		code = cli_usage(&cli_provision, "takes no operands but files behind --gms: %zu were given",
				operands.n);
	for (size_t i = 0; code == CLI_GO_ON && i < operands.n; i++)
		code = cli_list_add(&p.w.gms, operands.at[i]) ? CLI_GO_ON : CLI_IO;
	if (code == CLI_GO_ON) {
		p.salts = salts_new();
		if (p.salts != NULL) {
			code = start(&p);
			if (cli_interrupted && !cli_has_failed() && code != CLI_USAGE &&
			    (!p.in_place || code == CLI_IO))
				code = provision_say_interrupted(&p);
			else if (code != CLI_DONE && code != CLI_REJECTED)
				provision_say_broken(&p);
			if (!p.in_place && code != CLI_USAGE && !p.w.check)
				provision_say_earlier(&p);
		} else {
			cli_error("%s", strerror(ENOMEM));
			code = CLI_IO;
		}
	}
	if (code == CLI_REJECTED && crowd_keep_rejects(p.members) != CLI_DONE) /* of nobody at all */
		code = CLI_IO;
	crowd_close(p.members);
	provision_close_journal(&p);
	provision_close_groups(&p);
	km_key_free(p.key);
	salts_free(p.old_salts);
	free(p.gmk_file);
	free(p.receipt_name);
	free((char *)(uintptr_t)p.canary.s);
	km_gms_free(p.gms);
	km_keyring_free(p.ring);
	cli_list_free(&p.w.kms);
	cli_list_free(&p.w.gms);
	cli_list_free(&p.w.groups);
	cli_list_free(&p.w.services);
	cli_list_free(&p.w.columns);
	cli_list_free(&operands);
	return code;
}

const cli_command cli_provision = {
	"provision", provision_help, provision_run, provision_help_rest,
};
