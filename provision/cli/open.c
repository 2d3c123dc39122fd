/* open.c -- keymuster open: messages opened with a member's keys, a JSON object for each. */
#include "cli.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "../escape.h"

enum { WINDOW = 900, WINDOW_MAX = 1000000000 };         /* seconds each way */

typedef struct {
	cli_list kms, keys, trust, operands;
	const char *from, *group, *at, *window;
	bool show_secrets, any_id;
} words;

typedef struct {
	words w;
	int64_t at;             /* 0: the clock */
	km_keyring *ring;
	km_memory *memory;
	km_open_how how;
	km_gmk_opened *opened;  /* in locked memory */
} opener;

/* ---- who may manage which group --------------------------------------------------------------- */

static bool is_str(km_str a, const char *s, size_t len)
{
	return a.len == len && memcmp(a.s, s, len) == 0;
}

/* The "=" of GMS=GROUP, or the end: what follows it must look like a group. */
static const char *split_trust(const char *entry)
{
	const char *equals = strchr(entry, '=');

	while (equals != NULL && strpbrk(equals + 1, ":@") == NULL)
		equals = strchr(equals + 1, '=');
	return equals == NULL ? entry + strlen(entry) : equals;
}

static bool is_trusted(void *ctx, km_str gms, km_str gms_kms, km_str group, km_str member)
{
	const opener *o = ctx;

	(void)gms_kms;
	(void)member;
	for (size_t i = 0; i < o->w.trust.n; i++) {
		const char *entry = o->w.trust.at[i], *equals = split_trust(entry);

		if (is_str(gms, entry, (size_t)(equals - entry)) &&
		    (*equals == '\0' || is_str(group, equals + 1, strlen(equals + 1))))
			return true;
	}
	return false;
}

static bool was_replayed(void *ctx, km_str sender, uint64_t ntp64, const uint8_t *rand,
		size_t rand_len, uint32_t csb_id)
{
	const opener *o = ctx;

	return km_memory_replayed(o->memory, sender, ntp64, rand, rand_len, csb_id);
}

static bool get_held(void *ctx, km_held *out, km_str member, uint32_t gmk_id, size_t i)
{
	const opener *o = ctx;

	return km_memory_held(o->memory, out, member, gmk_id, i);
}

/* ---- what comes out --------------------------------------------------------------------------- */

/* A JSON string of text that may be anything; what is no UTF-8 becomes U+FFFD. */
static void put_string(km_str text)
{
	putchar('"');
	for (size_t i = 0, n; i < text.len; i += n) {
		unsigned long point;

		n = escape_utf8(&point, text.s + i, text.len - i);
		if (n == 0) {
			fputs("\\ufffd", stdout);
			n = 1;
		} else if (escape_acts(point)) {
			printf("\\u%04lx", point);
		} else {
			if (point == '"' || point == '\\')
				putchar('\\');
			fwrite(text.s + i, 1, n, stdout);
		}
	}
	putchar('"');
}

static void put_accepted(const opener *o)
{
	const km_gmk_opened *opened = o->opened;
	char hex[2 * KM_SSV_BYTES + 1];

	fputs("{\"status\":\"accepted\",\"gms\":", stdout);
	put_string(opened->gms);
	printf(",\"gmk_id\":\"%08x\",\"guk_id\":\"%08x\",\"groups\":[", (unsigned)opened->gmk_id,
			(unsigned)opened->guk_id);
	for (size_t i = 0; i < opened->params.n_groups; i++) {
		fputs(i == 0 ? "" : ",", stdout);
		put_string(opened->params.groups[i]);
	}
	fputs("],\"text\":", stdout);
	put_string(opened->params.text);
	printf(",\"activation\":%llu,\"expiry\":%llu,\"revoked\":%s",
			(unsigned long long)opened->params.activation,
			(unsigned long long)opened->params.expiry, opened->revoked ? "true" : "false");
	if (o->w.show_secrets) {
		sodium_bin2hex(hex, sizeof hex, opened->gmk, sizeof opened->gmk);
		printf(",\"gmk\":\"%s\"", hex);
		km_wipe(hex, sizeof hex);
	}
	fputs("}\n", stdout);
}

/* Open one message.  true: accepted; *failed: memory ran out. */
static bool open_one(opener *o, const cli_message *one, const char *name, bool *failed)
{
	const char *why = one->wrong;
	km_reason reason = KM_R_PARSE;

	o->how.now = o->at != 0 ? o->at : (int64_t)time(NULL);
	if (one->wrong == NULL) {
		reason = km_gmk_open(o->opened, one->msg, one->len, &o->how, NULL);
		why = km_reason_text(reason);
	}
	if (reason != KM_R_OK) {
		printf("{\"status\":\"rejected\",\"error\":\"%s\"}\n", km_reason_name(reason));
		cli_reject(name, one->line, NULL, 0, reason, why);
		return false;
	}
	put_accepted(o);
	*failed = km_memory_accept(o->memory, o->opened) != KM_OK;
	km_wipe(o->opened, sizeof *o->opened);
	return true;
}

static int open_all(opener *o, FILE *in, const char *name)
{
	cli_messages *m = cli_messages_open(in);
	unsigned long long n = 0, accepted = 0;
	char shown[CLI_SHOWN];
	bool failed = m == NULL;
	cli_message one;

	while (!failed && !ferror(stdout) && cli_messages_next(m, &one)) {
		n++;
		accepted += open_one(o, &one, name, &failed);
	}
	cli_messages_close(m);
	if (failed || ferror(in)) {
		cli_error("%s: %s", cli_show(shown, name, strlen(name)),
				failed ? strerror(ENOMEM) : strerror(errno));
		return CLI_IO;
	}
	if (n == 0)
		cli_error("%s: no message in it", cli_show(shown, name, strlen(name)));
	else
		cli_note("%llu messages, %llu rejected", n, n - accepted);
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
		if (why == NULL || o->how.window < 0)
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

static int take_words(opener *o)
{
	const words *w = &o->w;
	uint64_t window = WINDOW;

	if (w->kms.n == 0)
		return cli_usage(&cli_open, "--kms FILE is missing: the certificates of the KMSs");
	if (w->keys.n == 0)
		return cli_usage(&cli_open, "--keys FILE is missing: the keys of the member");
	if (w->operands.n > 1)
		return cli_usage(&cli_open, "one file, or none for stdin");
	if (w->at != NULL && !cli_take_time(&cli_open, "at", w->at, &o->at))
		return CLI_USAGE;
	if (w->at != NULL && o->at == 0)
		return cli_usage(&cli_open, "--at: there was no message then");
	if (w->window != NULL && strcmp(w->window, "none") != 0 &&
	    !cli_take_number(&cli_open, "window", w->window, 0, WINDOW_MAX, &window))
		return CLI_USAGE;
	o->how.window = w->window != NULL && strcmp(w->window, "none") == 0 ? -1 : (int64_t)window;
	if (w->from != NULL)
		o->how.from = (km_str){ w->from, strlen(w->from) };
	if (w->group != NULL)
		o->how.group = (km_str){ w->group, strlen(w->group) };
	if (!check_uris(w))
		return CLI_USAGE;
	o->how.may_manage = w->trust.n > 0 ? is_trusted : NULL;
	return CLI_DONE;
}

static int prepare(opener *o)
{
	int code = take_words(o);

	if (code == CLI_DONE)
		code = cli_start();
	if (code == CLI_DONE)
		code = cli_load(&o->ring, &o->w.kms, &o->w.keys, 0);
	if (code == CLI_DONE)
		code = check_keys(o);
	if (code != CLI_DONE)
		return code;
	o->opened = sodium_malloc(sizeof *o->opened);
	if (o->opened == NULL || km_memory_new(&o->memory) != KM_OK) {
		cli_error("%s", strerror(ENOMEM));
		return CLI_IO;
	}
	o->how.ring = o->ring;
	o->how.ctx = o;
	o->how.replayed = was_replayed;
	o->how.held = get_held;
	return CLI_DONE;
}

static int open_file(opener *o)
{
	const char *name = o->w.operands.n == 0 ? "-" : o->w.operands.at[0];
	int code = prepare(o);
	FILE *in;

	if (code != CLI_DONE)
		return code;
	in = cli_open_input(&name);
	code = in == NULL ? CLI_IO : open_all(o, in, name);
	cli_close_input(in);
	return code;
}

static int open_run(int argc, char **argv)
{
	opener o = { .at = 0 };
	const cli_option options[] = {
		{ "kms", 0, CLI_MANY, &o.w.kms }, { "keys", 0, CLI_MANY, &o.w.keys },
		{ "from", 0, CLI_ONE, &o.w.from }, { "group", 0, CLI_ONE, &o.w.group },
		{ "trust-gms", 0, CLI_MANY, &o.w.trust },
		{ "any-id", 0, CLI_FLAG, &o.w.any_id }, { "at", 0, CLI_ONE, &o.w.at },
		{ "window", 0, CLI_ONE, &o.w.window },
		{ "show-secrets", 0, CLI_FLAG, &o.w.show_secrets }, { NULL, 0, CLI_FLAG, NULL },
	};
	int code = cli_parse(&cli_open, argc, argv, options, &o.w.operands);

	if (code == CLI_GO_ON)
		code = open_file(&o);
	sodium_free(o.opened);
	km_memory_free(o.memory);
	km_keyring_free(o.ring);
	cli_list_free(&o.w.kms);
	cli_list_free(&o.w.keys);
	cli_list_free(&o.w.trust);
	cli_list_free(&o.w.operands);
	return code;
}

static const char help[] =
"usage: keymuster open (--kms FILE)... (--keys FILE)... [options] [FILE|-]\n"
"\n"
"Open messages with a member's keys, with every check of TS 33.180 clause 5.7.2, and print a\n"
"JSON object for each.  FILE holds one raw message, \"mikey BASE64\" lines, or NDJSON.\n"
"\n"
"  --kms FILE            KMS document with certificates; once for each KMS\n"
"  --keys FILE           KMS document with key sets of the member (those of the GMS open\n"
"                        its SAKKE-to-self)\n"
"  --from URI            the sender that the signalling named (hidden identities need it)\n"
"  --group URI           the group that the signalling named\n"
"  --trust-gms URI[=GROUP]  a GMS that may manage that group, or all; replaces the rule\n"
"  --any-id              such URIs may be identities of vendors, without sip: or tel:\n"
"                        that the group carries the host of the GMS\n"
"  --at TIME             the clock of the receiver (default: now)\n"
"  --window S|none       how far T may be from it, each way (default: 900)\n"
"  --show-secrets        print the key too\n"
"  --plain, --kernel NAME, --help, --version\n"
"\n"
"TIME is Unix seconds or RFC 3339.  Exit: 0 done, 1 usage, 2 some messages rejected (listed\n"
"on stderr), 3 key material missing, invalid or expired, 4 input or output, 5 self-test.\n"
"\n"
"Examples:\n"
"  keymuster open --kms kms-init.xml --keys alice.xml late.mikey\n"
"  keymuster open --kms kms-init.xml --keys alice.xml --window none \\\n"
"      --from sip:gms@gms-psi.example.org fire.ndjson\n";

const cli_command cli_open = { "open", help, open_run };
