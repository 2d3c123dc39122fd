/* open.c -- keymuster open: messages opened with a member's keys, a JSON object for each. */
#include "open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WINDOW = 900, WINDOW_MAX = 1000000000 };         /* seconds each way */

typedef struct {
	cli_list kms, keys, trust, operands;
	cli_list compat;
	const char *from, *group, *at, *window, *store, *seal;
	bool show_secrets, any_id;
	cli_keys_how how;
} words;

typedef struct {
	words w;
	int64_t at;             /* 0: the clock */
	km_keyring *ring;
	km_client *client;
	km_signalling signalling;
	uint64_t window;        /* KM_UNCHECKED */
	uint32_t compat;        /* KM_COMPAT_* */
	km_complaint *why;      /* more about the last refusal */
	unsigned long long revoked;     /* messages accepted that revoke a key */
} opener;

/* ---- who may manage which group --------------------------------------------------------------- */

/* The "=" of GMS=GROUP, or the end.  A URI may hold "=" itself, in a parameter: it is the first one
 * with a URI on both sides, else the first with something like one behind it. */
static const char *split_trust(const char *entry)
{
	const char *loose = NULL;

	for (const char *equals = strchr(entry, '='); equals != NULL; equals = strchr(equals + 1, '=')) {
		if (km_uri_check(entry, (size_t)(equals - entry), 0) == KM_URI_OK &&
		    km_uri_check(equals + 1, strlen(equals + 1), 0) == KM_URI_OK)
			return equals;
		if (loose == NULL && strpbrk(equals + 1, ":@") != NULL)
			loose = equals;
	}
	/* A URI as a whole names a GMS, though ":" may stand in one of its parameters. */
	if (loose == NULL || km_uri_check(entry, strlen(entry), 0) == KM_URI_OK)
		return entry + strlen(entry);
	return loose;
}

static bool trust_all(const opener *o)
{
	for (size_t i = 0; i < o->w.trust.n; i++) {
		const char *entry = o->w.trust.at[i], *equals = split_trust(entry);
		char *gms = strndup(entry, (size_t)(equals - entry));
		bool trusted = gms != NULL && km_client_trust(o->client, gms, KM_ANY_KMS,
				*equals == '\0' ? KM_ALL_GROUPS : equals + 1, o->why) == KM_OK;

		free(gms);
		if (!trusted)
			return false;
	}
	return true;
}

/* ---- messages --------------------------------------------------------------------------------- */

/* Open one message.  true: accepted; *failed: it could not be recorded. */
static bool open_one(opener *o, const cli_message *one, const char *name, bool *failed)
{
	const km_time now = { o->at != 0 ? o->at : (int64_t)time(NULL), 0 };
	km_opened opened = { .struct_size = sizeof opened };
	const char *why = one->wrong;
	km_reason reason = KM_R_PARSE;

	if (one->wrong == NULL) {
		reason = km_client_open(&opened, o->client, one->msg, one->len, &o->signalling, now, o->why);
		why = km_complaint_text(o->why);
	}
	*failed = reason == KM_R_STORE;
	if (reason != KM_R_OK) {
		open_put_rejected(one, reason, why);
		cli_reject(name, one->line, NULL, 0, reason, why);
		return false;
	}
	open_put_accepted(&opened, one->line, o->w.show_secrets);
	o->revoked += opened.what == KM_REVOKE;
	km_key_free(opened.key);
	return true;
}

static int open_all(opener *o, FILE *in, const char *name)
{
	cli_messages *m = cli_messages_open(in);
	unsigned long long n = 0, accepted = 0;
	char shown[CLI_SHOWN];
	const bool no_memory = m == NULL;
	bool failed = no_memory;
	cli_message one;

	while (!failed && !cli_interrupted && !ferror(stdout) && cli_messages_next(m, &one)) {
		n++;
		accepted += open_one(o, &one, name, &failed);
	}
	cli_messages_close(m);
	if (cli_interrupted) {
		cli_error("interrupted: %llu %s answered", n, word_for(n, "message was", "messages were"));
		return CLI_INTERRUPTED;
	}
	if (failed || ferror(in)) {
		cli_error("%s: %s", cli_show(shown, name, strlen(name)),
				no_memory ? strerror(ENOMEM) : failed ? "what could not be recorded is not accepted" :
				strerror(errno));
		return CLI_IO;
	}
	if (n == 0)
		cli_error("%s: no message in it, in any form that is read (see --help)", cli_show(shown, name, strlen(name)));
	else
		cli_note("%llu %s: %llu accepted, %llu %s, %llu rejected", n,
				word_for(n, "message", "messages"), accepted - o->revoked, o->revoked,
				word_for(o->revoked, "revocation", "revocations"), n - accepted);
	return n > 0 && accepted == n ? CLI_DONE : CLI_REJECTED;
}

/* ---- before the first message ----------------------------------------------------------------- */

/* Is there a key set that is valid at all?  Messages fetched later are not held to the clock. */
static int check_keys(const opener *o)
{
	int64_t now = o->at != 0 ? o->at : (int64_t)time(NULL);
	const char *why = "are missing";
	char shown[CLI_SHOWN];
	const km_key_set *set;

	for (size_t i = 0; (set = km_keyring_keys_at(o->ring, i)) != NULL; i++) {
		why = cli_why_not_valid(set->valid_from, set->valid_to, set->revoked, now);
		if (why == NULL)
			why = cli_why_not_valid(set->kms->valid_from, set->kms->valid_to,
					set->kms->revoked, now);
		if (why == NULL || o->window == KM_UNCHECKED)
			return CLI_DONE;
	}
	cli_error("%s: none of the keys, or their KMS, can be used at that time: the last one %s",
			cli_show(shown, o->w.keys.at[0], strlen(o->w.keys.at[0])), why);
	return CLI_KEYS;
}

static bool check_uri(const words *w, const char *option, const char *uri, size_t len)
{
	bool brackets = len >= 2 && uri[0] == '<' && uri[len - 1] == '>';
	km_uri_fault fault = km_uri_check(uri + brackets, len - 2 * brackets,
			w->any_id ? KM_URI_ANY_ID : 0);
	char shown[CLI_SHOWN];

	if (fault != KM_URI_OK)
		cli_usage(&cli_open, "--%s %s: %s", option, cli_show(shown, uri, len),
				km_uri_fault_text(fault));
	return fault == KM_URI_OK;
}

static bool check_uris(const words *w)
{
	bool right = (w->from == NULL || check_uri(w, "from", w->from, strlen(w->from))) &&
			(w->group == NULL || check_uri(w, "group", w->group, strlen(w->group)));

	for (size_t i = 0; right && i < w->trust.n; i++) {
		const char *entry = w->trust.at[i], *equals = split_trust(entry);

		right = check_uri(w, "trust-gms", entry, (size_t)(equals - entry)) &&
				(*equals == '\0' ||
				 check_uri(w, "trust-gms", equals + 1, strlen(equals + 1)));
	}
	return right;
}

/* What is let through of what others send, in the order of KM_COMPAT_*. */
static const char *const compats[] = { "sign-without-header", "kms-role-3", "prf-0", NULL };

static bool take_compat(opener *o)
{
	size_t at;

	for (size_t i = 0; i < o->w.compat.n; i++) {
		if (!cli_take_word(&cli_open, "compat", o->w.compat.at[i], compats, &at))
			return false;
		o->compat |= 1u << at;
	}
	return true;
}

static int take_words(opener *o)
{
	const words *w = &o->w;
	uint64_t window = WINDOW;

	if (w->kms.n == 0)
		return cli_usage(&cli_open, "--kms FILE is missing: the certificates of the KMSs");
	if (w->keys.n == 0)
		return cli_usage(&cli_open, "--keys FILE is missing: the keys of the member");
	if ((w->store == NULL) != (w->seal == NULL))
		return cli_usage(&cli_open, "--store FILE and --seal FILE belong together");
	if (w->operands.n > 1)
		return cli_usage(&cli_open, "one file, or none for stdin");
	if (w->at != NULL && !cli_take_time(&cli_open, "at", w->at, &o->at))
		return CLI_USAGE;
	if (w->at != NULL && o->at == 0)
		return cli_usage(&cli_open, "--at: there was no message then");
	if (w->window != NULL && strcmp(w->window, "none") != 0 &&
	    !cli_take_number(&cli_open, "window", w->window, 1, WINDOW_MAX, &window))
		return CLI_USAGE;
	o->window = w->window != NULL && strcmp(w->window, "none") == 0 ? KM_UNCHECKED : window;
	o->signalling = (km_signalling){ sizeof o->signalling, { w->from, KM_NOT_NAMED },
			{ w->group, KM_NOT_NAMED } };
	if (w->from != NULL)
		o->signalling.from.len = strlen(w->from);
	if (w->group != NULL)
		o->signalling.group.len = strlen(w->group);
	if (!check_uris(w))
		return CLI_USAGE;
	return take_compat(o) ? CLI_DONE : CLI_USAGE;
}

/* What was accepted before, where that is kept. */
static int make_client(opener *o)
{
	const words *w = &o->w;
	km_seal *seal;
	km_err err;

	if (w->store == NULL) {
		err = km_client_forgetful(&o->client, o->ring);
	} else {
		err = km_seal_file(&seal, w->seal, KM_MAY_BEGIN, o->why);
		if (err == KM_OK && *km_complaint_text(o->why) != '\0')
			cli_warn("%s", km_complaint_text(o->why));
		if (err == KM_OK)
			err = km_client_file(&o->client, o->ring, w->store, seal, KM_MAY_BEGIN, o->why);
		km_seal_free(seal);
	}
	if (err != KM_OK) {
		cli_error("%s", *km_complaint_text(o->why) == '\0' ? km_strerror(err) : km_complaint_text(o->why));
		return err == KM_ELOST || err == KM_EFORMAT ? CLI_KEYS : CLI_IO;
	}
	if (*km_complaint_text(o->why) != '\0')
		cli_note("%s", km_complaint_text(o->why));
	return CLI_DONE;
}

static bool set_client(opener *o)
{
	return km_client_set(o->client, KM_CLIENT_WINDOW, o->window, o->why) == KM_OK &&
			(o->compat == 0 || km_client_set(o->client, KM_CLIENT_COMPAT, o->compat, o->why) == KM_OK) &&
			trust_all(o);
}

static int prepare(opener *o)
{
	int code = take_words(o);

	if (code == CLI_DONE)
		code = cli_start();
	if (code == CLI_DONE)
		code = cli_load(&o->ring, &o->w.kms, &o->w.keys, 0, o->w.how);
	if (code == CLI_DONE)
		code = check_keys(o);
	if (code != CLI_DONE)
		return code;
	if (km_complaint_new(&o->why) != KM_OK) {
		cli_error("%s", strerror(ENOMEM));
		return CLI_IO;
	}
	code = make_client(o);
	if (code == CLI_DONE && !set_client(o)) {
		cli_error("%s", strerror(ENOMEM));
		code = CLI_IO;
	}
	return code;
}

static int open_file(opener *o)
{
	const char *name = o->w.operands.n == 0 ? "-" : o->w.operands.at[0];
	int code = prepare(o);
	FILE *in;

	if (code != CLI_DONE)
		return code;
	in = cli_open_input(&name, NULL);
	code = in == NULL ? CLI_IO : open_all(o, in, name);
	cli_close_input(in);
	return code;
}

static int open_run(int argc, char **argv)
{
	opener o = { .at = 0 };
	const cli_option options[] = {
		{ "kms", 0, CLI_MANY, &o.w.kms }, { "keys", 0, CLI_MANY, &o.w.keys },
		{ "any-period", 0, CLI_FLAG, &o.w.how.any_period },
		{ "lax-ns", 0, CLI_FLAG, &o.w.how.lax_ns },
		{ "from", 0, CLI_ONE, &o.w.from }, { "group", 0, CLI_ONE, &o.w.group },
		{ "trust-gms", 0, CLI_MANY, &o.w.trust },
		{ "any-id", 0, CLI_FLAG, &o.w.any_id }, { "at", 0, CLI_ONE, &o.w.at },
		{ "window", 0, CLI_ONE, &o.w.window }, { "compat", 0, CLI_MANY, &o.w.compat },
		{ "store", 0, CLI_ONE, &o.w.store }, { "seal", 0, CLI_ONE, &o.w.seal },
		{ "show-secrets", 0, CLI_FLAG, &o.w.show_secrets }, { NULL, 0, CLI_FLAG, NULL },
	};
	int code = cli_parse(&cli_open, argc, argv, options, &o.w.operands);

	if (code == CLI_GO_ON)
		code = open_file(&o);
	km_client_free(o.client);
	km_complaint_free(o.why);
	km_keyring_free(o.ring);
	cli_list_free(&o.w.kms);
	cli_list_free(&o.w.keys);
	cli_list_free(&o.w.trust);
	cli_list_free(&o.w.compat);
	cli_list_free(&o.w.operands);
	return code;
}

static const char help[] =
"usage: keymuster open (--kms FILE)... (--keys FILE)... [options] [FILE|-]\n"
"\n"
"Open messages with a member's keys, with every check of TS 33.180 clause 5.7.2, and print a\n"
"JSON object for each.  FILE holds messages in any form that people have them in: raw, base64,\n"
"hex, \"mikey BASE64\", SDP, SIP or MIME, NDJSON, a GKTP document.\n"
"\n"
"  --kms FILE            KMS document with certificates; once for each KMS\n"
"  --keys FILE           KMS document with key sets of the member (those of the GMS open\n"
"                        its SAKKE-to-self)\n"
"  --any-period          the KMS numbers key periods in its own way: take the numbers it gives\n"
"  --lax-ns              read KMS documents in whatever XML namespace\n"
"  --from URI            the sender that the signalling named (hidden identities need it)\n"
"  --group URI           the group that the signalling named\n"
"  --trust-gms URI[=GROUP]  a GMS that may manage that group, or all; replaces the rule\n"
"                        that the group carries the host of the GMS\n"
"  --any-id              such URIs may be identities of vendors, without sip: or tel:\n"
"  --at TIME             the clock of the receiver (default: now)\n"
"  --window S|none       how far T may be from it, each way (default: 900)\n"
"  --compat WORD         let through what some GMSs send: sign-without-header, kms-role-3,\n"
"                        prf-0; the object says so in its remarks\n"
"  --store FILE          remember what is accepted, and what was before: replays, keys held and\n"
"                        revoked; begun where it is missing, sealed, for one process at a time\n"
"  --seal FILE           the key of 32 octets that the store is sealed under; drawn where the\n"
"                        file is missing\n"
"  --show-secrets        print the key too\n"
"  -q, -v, --plain, --kernel NAME, -h, --help, --version: see keymuster --help\n"
"\n"
"TIME is Unix seconds or RFC 3339.  Exit: 0 done, 1 usage, 2 some messages rejected (listed\n"
"on stderr), 3 key material missing, invalid or expired, 4 input or output, 5 self-test,\n"
"6 interrupted.\n"
"\n"
"Examples:\n"
"  keymuster open --kms kms-init.xml --keys alice.xml late.mikey\n"
"  keymuster open --kms kms-init.xml --keys alice.xml --window none \\\n"
"      --from sip:gms@gms-psi.example.org fire.ndjson\n";

const cli_command cli_open = { "open", help, open_run, NULL };
