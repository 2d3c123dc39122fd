/* lab.c -- keymuster lab: a laboratory KMS, and the keys that it issues. */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>
#include <sodium.h>

#include "base/complain.h"
#include "base/file.h"
#include "keys/kmsdoc.h"
#include "run/members.h"
#include "base/json_text.h"
#include "base/when.h"
#include "base/memlock.h"

enum { PERIOD = 2592000, SECRET_MAX = 1 << 16, NAME_LEN = 64, PERIODS_MAX = 1000 };
static const char kms_uri_default[] = "kms.example.org";

static char *join(const char *dir, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", dir, name) < 0 ? NULL : path;
}

static int fail(const km_complaint *why)
{
	cli_error("%s", why->text);
	return CLI_IO;
}

static int fail_errno(const char *name)
{
	char shown[CLI_SHOWN];

	cli_error("%s: %s", cli_show(shown, name, strlen(name)), strerror(errno));
	return CLI_IO;
}

static int make_directory(const char *dir)
{
	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		return CLI_DONE;
	return fail_errno(dir);
}

/* ---- lab kms --------------------------------------------------------------------------------- */

/* What a laboratory KMS keeps: cert is public, the file is not. */
typedef struct {
	km_kms_master *master;
	kmsdoc_cert cert;
	cli_list domains;
} lab;

static int write_secret(const lab *l, const char *dir)
{
	struct { uint8_t z[KM_FP_BYTES], ksak[KM_SSK_BYTES]; char hex[2 * KM_FP_BYTES + 1]; } w;
	char *path = join(dir, "kms.secret"), uri[6 * KM_URI_MAX + 3];
	km_complaint why = { 0 };
	file_out out;

	if (path == NULL || !file_create(&out, path, FILE_PRIVATE | FILE_NEW, &why)) {
		free(path);
		return fail(&why);
	}
	km_kms_master_export(w.z, w.ksak, l->master);
	sodium_bin2hex(w.hex, sizeof w.hex, w.z, sizeof w.z);
	fprintf(out.f, "{\n\"z\": \"%s\",\n", w.hex);
	sodium_bin2hex(w.hex, sizeof w.hex, w.ksak, sizeof w.ksak);
	fprintf(out.f, "\"ksak\": \"%s\",\n", w.hex);
	km_wipe(&w, sizeof w);
	uri[json_text(uri, l->cert.uri, strlen(l->cert.uri))] = '\0';
	fprintf(out.f, "\"uri\": %s,\n\"period\": %llu,\n\"offset\": %llu\n}\n", uri,
			(unsigned long long)l->cert.period, (unsigned long long)l->cert.offset);
	free(path);
	return file_commit(&out, &why) ? CLI_DONE : fail(&why);
}

static int write_init(const lab *l, const char *dir)
{
	char *path = join(dir, "kms-init.xml");
	km_complaint why = { 0 };
	file_out out;

	if (path == NULL || !file_create(&out, path, 0, &why)) {
		free(path);
		return fail(&why);
	}
	kmsdoc_write_init(out.f, &l->cert, l->domains.at, l->domains.n, time(NULL));
	free(path);
	return file_commit(&out, &why) ? CLI_DONE : fail(&why);
}

static int make_kms(lab *l, const char *dir)
{
	int code = cli_start();
	char why[MEMLOCK_TEXT];
	km_err err;

	if (code != CLI_DONE)
		return code;
	err = km_kms_master_new(&l->master, NULL);
	if (err != KM_OK) {
		cli_error("no master keys could be drawn: %s", memlock_strerror(why, err));
		return CLI_IO;
	}
	km_kms_master_public(l->cert.z, l->cert.kpak, l->master);
	code = make_directory(dir);
	if (code == CLI_DONE)
		code = write_secret(l, dir);
	if (code == CLI_DONE)
		code = write_init(l, dir);
	km_kms_master_free(l->master);
	return code;
}

static int lab_kms_run(int argc, char **argv)
{
	const char *uri = NULL, *period = NULL, *offset = NULL, *from = NULL, *to = NULL;
	lab l = { .cert = { .period = PERIOD, .valid_from = INT64_MIN, .valid_to = INT64_MAX } };
	const cli_option options[] = {
		{ "kms-uri", 0, CLI_ONE, &uri }, { "period", 0, CLI_ONE, &period },
		{ "offset", 0, CLI_ONE, &offset }, { "domain", 0, CLI_MANY, &l.domains },
		{ "valid-from", 0, CLI_ONE, &from }, { "valid-to", 0, CLI_ONE, &to },
		{ NULL, 0, CLI_FLAG, NULL },
	};
	cli_list operands = { 0 };
	km_uri_fault fault;
	int code = cli_parse(&cli_lab_kms, argc, argv, options, &operands);

	if (code == CLI_GO_ON && operands.n != 1)
		code = cli_usage(&cli_lab_kms, "one directory is needed");
	if (uri == NULL)
		uri = kms_uri_default;
	fault = km_uri_check(uri, strlen(uri), KM_URI_LOOSE);
	if (code == CLI_GO_ON && fault != KM_URI_OK)
		code = cli_usage(&cli_lab_kms, "--kms-uri: %s", km_uri_fault_text(fault));
	if (code == CLI_GO_ON && ((period != NULL && !cli_take_number(&cli_lab_kms, "period", period,
	    1, UINT32_MAX, &l.cert.period)) || (offset != NULL && !cli_take_number(&cli_lab_kms,
	    "offset", offset, 0, UINT32_MAX, &l.cert.offset))))
		code = CLI_USAGE;
	if (code == CLI_GO_ON && ((from != NULL && !cli_take_time(&cli_lab_kms, "valid-from", from,
	    &l.cert.valid_from)) || (to != NULL && !cli_take_time(&cli_lab_kms, "valid-to", to,
	    &l.cert.valid_to))))
		code = CLI_USAGE;
	if (code == CLI_GO_ON && l.cert.valid_from > l.cert.valid_to)
		code = cli_usage(&cli_lab_kms, "--valid-to lies before --valid-from");
	if (code == CLI_GO_ON) {
		strcpy(l.cert.uri, uri);
		code = make_kms(&l, operands.at[0]);
	}
	cli_list_free(&l.domains);
	cli_list_free(&operands);
	return code;
}

static const char kms_help[] =
"usage: keymuster lab kms DIR [options]\n"
"\n"
"Make a laboratory KMS: DIR/kms-init.xml, its certificate, and DIR/kms.secret, its master\n"
"keys, which must not exist yet.  For tests and trials, not for service.\n"
"\n"
"  --kms-uri URI   its identifier (default: kms.example.org)\n"
"  --period S      key period in seconds (default: 2592000, 30 days)\n"
"  --offset S      key period offset in seconds (default: 0)\n"
"  --domain D      a domain of its users (KmsDomainList), any number of times\n"
"  --valid-from TIME, --valid-to TIME  of its certificate (default: not limited)\n"
"  -q, -v, --plain, --kernel NAME, -h, --help, --version: see keymuster --help\n"
"\n"
"Example:\n"
"  keymuster lab kms lab --kms-uri kms.example.org\n";

const cli_command cli_lab_kms = { "lab kms", kms_help, lab_kms_run, NULL };

/* ---- lab user -------------------------------------------------------------------------------- */

static bool take_hex(uint8_t *out, size_t len, const json_t *value)
{
	size_t got = 0;

	return json_string_length(value) == 2 * len && sodium_hex2bin(out, len,
			json_string_value(value), 2 * len, NULL, &got, NULL) == 0 && got == len;
}

static bool take_seconds(uint64_t *out, uint64_t min, const json_t *value)
{
	json_int_t n = json_integer_value(value);

	*out = (uint64_t)n;
	return json_is_integer(value) && n >= (json_int_t)min && n <= UINT32_MAX;
}

/* The element that is wrong, or NULL. */
static const char *take_secret(lab *l, const json_t *root)
{
	struct { uint8_t z[KM_FP_BYTES], ksak[KM_SSK_BYTES]; } w;
	const json_t *uri = json_object_get(root, "uri");
	const char *wrong = NULL;

	if (!take_hex(w.z, sizeof w.z, json_object_get(root, "z")))
		wrong = "z";
	else if (!take_hex(w.ksak, sizeof w.ksak, json_object_get(root, "ksak")))
		wrong = "ksak";
	else if (!json_is_string(uri) || km_uri_check(json_string_value(uri),
			json_string_length(uri), KM_URI_LOOSE) != KM_URI_OK)
		wrong = "uri";
	else if (!take_seconds(&l->cert.period, 1, json_object_get(root, "period")))
		wrong = "period";
	else if (!take_seconds(&l->cert.offset, 0, json_object_get(root, "offset")))
		wrong = "offset";
	else if (km_kms_master_import_new(&l->master, w.z, w.ksak) != KM_OK)
		wrong = "z or ksak";
	else
		strcpy(l->cert.uri, json_string_value(uri));
	km_wipe(&w, sizeof w);
	return wrong;
}

static int read_secret(lab *l, const char *dir)
{
	char *path = join(dir, "kms.secret"), *data;
	km_complaint why = { 0 };
	json_error_t error;
	const char *wrong;
	json_t *root;
	size_t len;

	if (path == NULL || !file_read(&data, &len, path, SECRET_MAX, &why)) {
		free(path);
		fail(&why);
		return CLI_KEYS;
	}
	root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
	file_free(data);
	wrong = take_secret(l, root);
	json_decref(root);
	if (wrong != NULL) {
		complain(&why, path, root == NULL ? error.line : 0, wrong, root == NULL ?
				"not JSON" : "is missing, or is not what lab kms writes");
		fail(&why);
	}
	free(path);
	return wrong == NULL ? CLI_DONE : CLI_KEYS;
}

/* The user part of the URI as far as it is harmless in a file name, and 8 digits of the UID. */
static char *document_path(const char *dir, const kmsdoc_keys *keys)
{
	const char *user = strchr(keys->uri, ':');
	char name[NAME_LEN], *path = NULL;
	size_t n = 0;

	user = user == NULL ? keys->uri : user + 1;
	for (; *user != '\0' && *user != '@' && n < sizeof name - 1; user++) {
		bool plain = isalnum((unsigned char)*user) || strchr("+_", *user) != NULL ||
				(n > 0 && strchr("-.", *user) != NULL);

		name[n++] = plain ? *user : '_';
	}
	name[n] = '\0';
	if (asprintf(&path, "%s/%s-%02x%02x%02x%02x.xml", dir, n == 0 ? "user" : name, keys->uid[0],
			keys->uid[1], keys->uid[2], keys->uid[3]) < 0)
		return NULL;
	return path;
}

static int write_keys(const char *dir, const kmsdoc_keys *keys, size_t n)
{
	char *path = document_path(dir, keys);
	km_complaint why = { 0 };
	file_out out;

	if (path == NULL || !file_create(&out, path, FILE_PRIVATE, &why)) {
		free(path);
		return fail(&why);
	}
	kmsdoc_write_keyprov(out.f, keys, n, time(NULL));
	free(path);
	return file_commit(&out, &why) ? CLI_DONE : fail(&why);
}

/* A run of lab user. */
typedef struct {
	lab l;
	const char *dir;
	uint64_t period_no, periods;    /* the first, and how many */
	unsigned long long issued, rejected;
} issuer;

/* The keys of one period. */
static bool make_keys(kmsdoc_keys *keys, const lab *l, km_str uri, uint64_t period_no)
{
	const kmsdoc_cert *cert = &l->cert;

	*keys = (kmsdoc_keys){
		.valid_from = INT64_MIN, .valid_to = INT64_MAX, .period_no = period_no,
	};
	memcpy(keys->uri, uri.s, uri.len);
	strcpy(keys->kms_uri, cert->uri);
	km_uid(keys->uid, uri.s, uri.len, cert->uri, strlen(cert->uri), cert->period, cert->offset,
			period_no);
	return km_kms_rsk(keys->rsk, keys->uid, sizeof keys->uid, l->master, NULL) == KM_OK &&
			km_kms_ssk(keys->ssk, keys->pvt, keys->uid, sizeof keys->uid, l->master,
				NULL) == KM_OK;
}

static int issue(issuer *is, km_str uri)
{
	kmsdoc_keys *keys = sodium_allocarray(is->periods, sizeof *keys);
	bool made = keys != NULL;
	int code = CLI_IO;

	for (uint64_t i = 0; made && i < is->periods; i++)
		made = make_keys(&keys[i], &is->l, uri, is->period_no + i);
	if (made)
		code = write_keys(is->dir, keys, is->periods);
	else
		cli_error("no keys could be made");
	sodium_free(keys);
	is->issued += code == CLI_DONE;
	return code;
}

static int issue_list(issuer *is)
{
	const char *name = "-";
	FILE *in = cli_open_input(&name, NULL);
	member_list *list = in == NULL ? NULL : members_open(in, name, NULL);
	km_complaint why = { 0 };
	member_line line;
	int code = list == NULL ? CLI_IO : CLI_DONE, found = 0;

	while (code == CLI_DONE && !cli_interrupted && (found = members_next(list, &line, &why)) == 1) {
		if (line.reason == KM_R_OK) {
			code = issue(is, line.uri);
		} else {
			cli_reject("stdin", line.line, line.uri.s, line.uri.len, line.reason,
					line.text);
			is->rejected++;
		}
	}
	if (found < 0) {
		fail(&why);
		code = CLI_IO;
	}
	members_close(list);
	cli_close_input(in);
	return cli_interrupted && code == CLI_DONE ? CLI_INTERRUPTED : code;
}

static int issue_all(issuer *is, const cli_list *operands)
{
	int code = make_directory(is->dir);

	for (size_t i = 1; i < operands->n && code == CLI_DONE; i++) {
		km_str uri = { operands->at[i], strlen(operands->at[i]) };
		km_uri_fault fault = km_uri_check(uri.s, uri.len, 0);

		if (strcmp(uri.s, "-") == 0) {
			code = issue_list(is);
		} else if (fault == KM_URI_OK) {
			code = issue(is, uri);
		} else {
			cli_reject("URI", 0, uri.s, uri.len, KM_R_URI, km_uri_fault_text(fault));
			is->rejected++;
		}
	}
	if (code == CLI_DONE || code == CLI_REJECTED)
		cli_note("%llu %s, %llu rejected, key period %llu", is->issued,
				word_for(is->issued, "user", "users"), is->rejected,
				(unsigned long long)is->period_no);
	return code == CLI_DONE && is->rejected > 0 ? CLI_REJECTED : code;
}

static int issue_at(issuer *is, int64_t at, const cli_list *operands)
{
	char *users = join(operands->at[0], "users");
	int code = users == NULL ? CLI_IO : cli_start();

	if (is->dir == NULL)
		is->dir = users;
	if (code == CLI_DONE)
		code = read_secret(&is->l, operands->at[0]);
	if (code == CLI_DONE) {
		is->period_no = km_key_period_no(when_second(at), is->l.cert.period,
				is->l.cert.offset);
		code = issue_all(is, operands);
	}
	km_kms_master_free(is->l.master);
	free(users);
	return code;
}

static int lab_user_run(int argc, char **argv)
{
	const char *at_text = NULL, *periods = NULL;
	issuer is = { .dir = NULL, .periods = 1 };
	const cli_option options[] = {
		{ "at", 0, CLI_ONE, &at_text }, { "periods", 0, CLI_ONE, &periods },
		{ "output", 'o', CLI_ONE, &is.dir },
		{ NULL, 0, CLI_FLAG, NULL },
	};
	int64_t at = time(NULL);
	cli_list operands = { 0 };
	int code = cli_parse(&cli_lab_user, argc, argv, options, &operands);

	if (code == CLI_GO_ON && operands.n < 2)
		code = cli_usage(&cli_lab_user, "a directory and URIs, or -, are needed");
	if (code == CLI_GO_ON && at_text != NULL &&
	    !cli_take_time(&cli_lab_user, "at", at_text, &at))
		code = CLI_USAGE;
	if (code == CLI_GO_ON && periods != NULL &&
	    !cli_take_number(&cli_lab_user, "periods", periods, 1, PERIODS_MAX, &is.periods))
		code = CLI_USAGE;
	if (code == CLI_GO_ON && at < -(int64_t)KM_NTP_UNIX)
		code = cli_usage(&cli_lab_user, "--at: key periods are counted from 1900");
	if (code == CLI_GO_ON)
		code = issue_at(&is, at, &operands);
	cli_list_free(&operands);
	return code;
}

static const char user_help[] =
"usage: keymuster lab user DIR URI...|- [options]\n"
"\n"
"Issue the keys of users at the laboratory KMS in DIR: a KmsKeyProv document each, whose name\n"
"starts with the user part of the URI and ends in .xml; - reads URIs from stdin.\n"
"\n"
"  --at TIME           for the key period of that time (default: now)\n"
"  --periods N         and for those that follow, N in all, in one document (default: 1)\n"
"  -o, --output DIR2   where to put them (default: DIR/users)\n"
"  -q, -v, --plain, --kernel NAME, -h, --help, --version: see keymuster --help\n"
"\n"
"Examples:\n"
"  keymuster lab user lab sip:gms@gms-psi.example.org -o gms\n"
"  keymuster lab user lab - --at 2026-02-01T00:00:00Z <members.txt\n";

const cli_command cli_lab_user = { "lab user", user_help, lab_user_run, NULL };
