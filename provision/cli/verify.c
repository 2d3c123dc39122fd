/* verify.c -- keymuster verify: is an output what its receipt says, and the GMS's? */
#include "verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <sodium.h>

#include "base/file.h"

enum { RECEIPT_MAX = 1 << 30 };        /* of a million groups */

/* ---- faults ---------------------------------------------------------------------------------- */

void verify_fault(verifier *v, uint64_t line, const char *format, ...)
{
	char text[2 * CLI_SHOWN], shown[CLI_SHOWN], at[24] = "";
	va_list args;

	if (v->faults++ >= VERIFY_FAULTS_SHOWN)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (line != 0)
		snprintf(at, sizeof at, ":%llu", (unsigned long long)line);
	cli_error("%s%s: %s", cli_show(shown, v->name, strlen(v->name)), at, text);
}

/* ---- the receipt ----------------------------------------------------------------------------- */

static const json_t *in(const json_t *o, const char *a, const char *b)
{
	o = json_object_get(o, a);
	return b == NULL ? o : json_object_get(o, b);
}

static uint64_t number(const verifier *v, const char *a, const char *b)
{
	return (uint64_t)json_integer_value(in(v->receipt, a, b));
}

static const char *text(const verifier *v, const char *a, const char *b)
{
	const char *s = json_string_value(in(v->receipt, a, b));

	return s == NULL ? "" : s;
}

/* CLI_DONE also where there is none, which is a fault. */
static int read_receipt(verifier *v)
{
	km_complaint why = { 0 };
	char shown[CLI_SHOWN], *data;
	size_t len;

	if (v->w.receipt != NULL)
		v->receipt_name = strdup(v->w.receipt);
	else if (asprintf(&v->receipt_name, "%s.receipt", v->name) < 0)
		v->receipt_name = NULL;
	if (v->receipt_name == NULL) {
		cli_error("%s", strerror(ENOMEM));
		return CLI_IO;
	}
	errno = 0;
	if (!file_read(&data, &len, v->receipt_name, RECEIPT_MAX, &why)) {
		if (errno != ENOENT) {
			cli_error("%s", why.text);
			return CLI_IO;
		}
		verify_fault(v, 0, "no receipt: %s is not there; nothing says how many "
				"messages there should be",
				cli_show(shown, v->receipt_name, strlen(v->receipt_name)));
		return CLI_DONE;
	}
	v->receipt = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	file_free(data);
	if (json_is_object(in(v->receipt, "made", NULL)) && (number(v, "receipt", NULL) == 1 ||
	    (number(v, "receipt", NULL) == 2 && json_is_array(in(v->receipt, "groups", NULL)))))
		return CLI_DONE;
	verify_fault(v, 0, "%s is no receipt of keymuster",
			cli_show(shown, v->receipt_name, strlen(v->receipt_name)));
	json_decref(v->receipt);
	v->receipt = NULL;
	return CLI_DONE;
}

static bool take_receipt(verifier *v)
{
	if (v->receipt == NULL)
		return true;
	v->format = text(v, "output", "format");
	v->gms = strdup(text(v, "gms", "uri"));
	v->gms_kms = strdup(text(v, "gms", "kms"));
	snprintf(v->gmk_id, sizeof v->gmk_id, "%s", text(v, "key", "gmk_id"));
	if (number(v, "receipt", NULL) == 2 && !verify_groups_take(v))
		return false;
	return v->gms != NULL && v->gms_kms != NULL;
}

/* ---- the file as it lies there --------------------------------------------------------------- */

static int hash_file(verifier *v)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t buf[1 << 15], hash[KM_HASH_BYTES], first = 0;
	bool done = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
	size_t n;

	while (done && (n = fread(buf, 1, sizeof buf, v->in)) > 0) {
		if (v->octets == 0)
			first = buf[0];
		v->octets += n;
		for (size_t i = 0; i < n; i++)
			v->lines += buf[i] == '\n';
		done = EVP_DigestUpdate(md, buf, n) == 1;
	}
	done = done && EVP_DigestFinal_ex(md, hash, NULL) == 1;
	EVP_MD_CTX_free(md);
	if (cli_interrupted)
		return CLI_INTERRUPTED;
	if (ferror(v->in) || !done || fseek(v->in, 0, SEEK_SET) != 0) {
		char shown[CLI_SHOWN];

		cli_error("%s: %s", cli_show(shown, v->name, strlen(v->name)), strerror(errno));
		return CLI_IO;
	}
	sodium_bin2hex(v->hash, sizeof v->hash, hash, sizeof hash);
	if (v->format == NULL)
		v->format = first == '{' ? "ndjson" : first == 'm' ? "text" : "raw";
	return CLI_DONE;
}

static void compare_file(verifier *v)
{
	uint64_t said = number(v, "output", "octets");

	if (v->receipt == NULL)
		return;
	if (said != v->octets)
		verify_fault(v, 0, "%llu %s, where the receipt says %llu: %s", (unsigned long long)v->octets,
				word_for(v->octets, "octet", "octets"), (unsigned long long)said,
				v->octets < said ? "it was cut, or is of another run" :
				"something was added, or it is of another run");
	else if (strcmp(v->hash, text(v, "output", "sha256")) != 0)
		verify_fault(v, 0, "its SHA-256 is not that of the receipt: it was changed, or is "
				"of another run");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void compare_t(verifier *v, const char *which, uint64_t t)
{
	char hex[17];

	snprintf(hex, sizeof hex, "%016llx", (unsigned long long)t);
	if (v->messages > 0 && strcmp(hex, text(v, which, "ntp")) != 0)
		verify_fault(v, 0, "%s is %s, where the receipt says %.16s", which, hex,
				text(v, which, "ntp"));
}

static void compare_counts(verifier *v)
{
	uint64_t members = number(v, "list", "members");

	if (v->receipt == NULL)
		return;
	if (members != v->messages)
		verify_fault(v, 0, "%llu %s, where the receipt says %llu", (unsigned long long)v->messages,
				word_for(v->messages, "message", "messages"), (unsigned long long)members);
	else if (v->faults == 0 && !json_equal(v->made, in(v->receipt, "made", NULL)))
		verify_fault(v, 0, "members by KMS and key period are not those of the receipt");
	if (v->groups != NULL)
		verify_groups_compare(v);
	compare_t(v, "first_t", v->first_t);
	compare_t(v, "last_t", v->last_t);
}

/* The last line says all.  An output that is what the receipt says, of a run that did not serve
 * all, is no good news either. */
static int tell(const verifier *v)
{
	unsigned long long rejected = number(v, "list", "rejected");
	unsigned long long others = number(v, "left_out", "count");
	bool all = json_is_true(in(v->receipt, "complete", NULL)) &&
			number(v, "exit_code", NULL) == 0;
	const char *messages = word_for(v->messages, "message", "messages");
	const unsigned long long lines = number(v, "list", "lines");
	const unsigned long long failed = verify_groups_failed(v);
	char shown[CLI_SHOWN], signatures[80] = "all signatures verified", left_out[200] = "";
	int len = 0;

	cli_show(shown, v->name, strlen(v->name));
	if (others > 0)
		len = snprintf(left_out, sizeof left_out, ", and left out %llu who have the key or an earlier "
				"one", others);
	if (failed > 0)
		snprintf(left_out + len, sizeof left_out - (size_t)len, ", and %llu %s no key", failed,
				word_for(failed, "group had", "groups had"));
	if (v->verified < v->messages)
		snprintf(signatures, sizeof signatures, "%llu %s verified", (unsigned long long)v->verified,
				word_for(v->verified, "signature", "signatures"));
	if (v->faults > VERIFY_FAULTS_SHOWN)
		cli_error("%s: and %llu %s more", shown,
				(unsigned long long)(v->faults - VERIFY_FAULTS_SHOWN),
				word_for(v->faults - VERIFY_FAULTS_SHOWN, "fault", "faults"));
	if (v->faults > 0)
		cli_note("%s: %llu %s, %s, %llu %s: not what %s", shown,
				(unsigned long long)v->messages, messages, signatures,
				(unsigned long long)v->faults,
				word_for(v->faults, "fault", "faults"), v->receipt == NULL ?
				"can be relied on" : "the receipt says");
	else if (!all)
		cli_note("%s: %llu %s, %s, as the receipt says, but the run ended with exit %llu: "
				"it rejected %llu of %llu %s%s: these have no message", shown,
				(unsigned long long)v->messages, messages, signatures,
				(unsigned long long)number(v, "exit_code", NULL), rejected,
				lines, word_for(lines, "line", "lines"), left_out);
	else
		cli_note("%s: %llu %s, %s, as the receipt says", shown,
				(unsigned long long)v->messages, messages, signatures);
	return v->faults > 0 || !all ? CLI_REJECTED : CLI_DONE;
}

static int take_words(verifier *v)
{
	v->sample = UINT64_MAX;
	if (v->w.operands.n != 1 || strcmp(v->w.operands.at[0], "-") == 0)
		return cli_usage(&cli_verify, "one file is wanted: the output of keymuster "
				"provision");
	if (v->w.kms.n == 0)
		return cli_usage(&cli_verify, "--kms FILE is missing: the certificates of the "
				"KMSs");
	if (v->w.sample != NULL && !cli_take_number(&cli_verify, "sample", v->w.sample, 1,
			UINT32_MAX, &v->sample))
		return CLI_USAGE;
	v->name = v->w.operands.at[0];
	return CLI_DONE;
}

static int verify(verifier *v)
{
	const cli_list none = { 0 };
	const char *name;
	int code = take_words(v);

	if (code == CLI_DONE)
		code = cli_start();
	if (code == CLI_DONE)
		code = cli_load(&v->ring, &v->w.kms, &none, 0, v->w.how);
	if (code == CLI_DONE) {
		name = v->name;
		v->in = cli_open_input(&name, NULL);
		code = v->in == NULL ? CLI_IO : read_receipt(v);
	}
	if (code == CLI_DONE && !take_receipt(v))
		code = CLI_IO;
	if (code == CLI_DONE)
		code = hash_file(v);
	if (code != CLI_DONE)
		return code;
	compare_file(v);
	code = verify_messages(v);
	if (code != CLI_DONE)
		return code;
	compare_counts(v);
	return tell(v);
}

static int verify_run(int argc, char **argv)
{
	verifier v = { .at = 0 };
	const cli_option options[] = {
		{ "kms", 0, CLI_MANY, &v.w.kms }, { "receipt", 0, CLI_ONE, &v.w.receipt },
		{ "sample", 0, CLI_ONE, &v.w.sample },
		{ "lax-ns", 0, CLI_FLAG, &v.w.how.lax_ns }, { NULL, 0, CLI_FLAG, NULL },
	};
	int code = cli_parse(&cli_verify, argc, argv, options, &v.w.operands);

	if (code == CLI_GO_ON)
		code = verify(&v);
	cli_close_input(v.in);
	km_keyring_free(v.ring);
	json_decref(v.receipt);
	json_decref(v.made);
	free(v.receipt_name);
	free(v.gms);
	free(v.gms_kms);
	verify_groups_free(v.groups);
	cli_list_free(&v.w.kms);
	cli_list_free(&v.w.operands);
	return code;
}

static const char help[] =
"usage: keymuster verify OUT [--receipt FILE] (--kms FILE)... [--sample N]\n"
"\n"
"See that an output of keymuster provision is what its receipt says: octets, SHA-256,\n"
"counts, members, order, and the signature of each message.  Needs no secret.\n"
"\n"
"  --kms FILE          KMS document with certificates; once for each KMS\n"
"  --lax-ns            read KMS documents in whatever XML namespace\n"
"  --receipt FILE      the receipt (default: OUT.receipt)\n"
"  --sample N          verify the signatures of N messages, chosen at random, instead of all\n"
"  -q, -v, --plain, --kernel NAME, -h, --help, --version: see keymuster --help\n"
"\n"
"Exit: 0 all is as it should be, 1 usage, 2 it is not what the receipt says, there is no\n"
"receipt, or the run did not serve all members, 3 KMS document, 4 input, 5 self-test,\n"
"6 interrupted.\n"
"\n"
"Example:\n"
"  keymuster verify fire.ndjson --kms kms-init.xml\n";

const cli_command cli_verify = { "verify", help, verify_run, NULL };
