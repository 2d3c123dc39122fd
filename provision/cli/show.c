/* show.c -- keymuster show: what KMS documents, key sets and group keys hold, without secrets. */
#include "cli.h"

#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "keys/keyfile.h"
#include "keys/kmsdoc.h"
#include "base/when.h"

typedef struct {
	cli_list kms, files;
	bool json, lax_ns;
	km_keyring *ring;       /* of all certificates that are at hand */
	json_t *all;            /* what is said, an object for each thing */
} shower;

/* ---- records --------------------------------------------------------------------------------- */

/* Foreign text as JSON: what is no UTF-8 is escaped. */
static void put_text(json_t *o, const char *key, const char *text)
{
	char shown[CLI_SHOWN];
	bool plain = cli_is_utf8(text, strlen(text));

	json_object_set_new(o, key, json_string(plain ? text : cli_show(shown, text, strlen(text))));
}

static void put_time(json_t *o, const char *key, int64_t t)
{
	char text[WHEN_MAX];

	if (t == INT64_MIN || t == INT64_MAX)
		return;
	when_print(text, t);
	json_object_set_new(o, key, json_string(text));
}

static void put_validity(json_t *o, int64_t from, int64_t to, bool revoked)
{
	put_time(o, "valid_from", from);
	put_time(o, "valid_to", to);
	json_object_set_new(o, "revoked", json_boolean(revoked));
}

static json_t *record(const shower *s, const char *kind, const char *file, int line)
{
	json_t *o = json_object();

	put_text(o, "file", file);
	if (line > 0)
		json_object_set_new(o, "line", json_integer(line));
	json_object_set_new(o, "kind", json_string(kind));
	json_array_append_new(s->all, o);
	return o;
}

static void put_cert(const shower *s, const kmsdoc *doc, size_t at, const char *file)
{
	const kmsdoc_cert *cert = &doc->certs[at];
	json_t *o = record(s, "kms", file, cert->line), *domains = json_array();

	put_text(o, "kms", cert->uri);
	json_object_set_new(o, "period", json_integer((json_int_t)cert->period));
	json_object_set_new(o, "offset", json_integer((json_int_t)cert->offset));
	put_validity(o, cert->valid_from, cert->valid_to, cert->revoked);
	for (size_t i = 0; i < doc->n_domains; i++) {
		if (doc->domains[i].cert == at && cli_is_utf8(doc->domains[i].name,
				strlen(doc->domains[i].name)))
			json_array_append_new(domains, json_string(doc->domains[i].name));
	}
	json_object_set_new(o, "domains", domains);
	if (cert->fault[0] != '\0')
		json_object_set_new(o, "unusable", json_string(cert->fault));
}

/* The set as the ring holds it: it fits the certificate of its KMS. */
static const km_key_set *find_set(const shower *s, const kmsdoc_keys *keys)
{
	const km_key_set *set;

	for (size_t i = 0; (set = km_keyring_keys_at(s->ring, i)) != NULL; i++) {
		if (set->period_no == keys->period_no && strcmp(set->uri, keys->uri) == 0 &&
		    strcmp(set->kms->uri, keys->kms_uri) == 0)
			return set;
	}
	return NULL;
}

static void put_keys(const shower *s, const kmsdoc_keys *keys, const char *file)
{
	json_t *o = record(s, "keys", file, keys->line);
	const km_kms *kms = km_keyring_kms_newest(s->ring, keys->kms_uri, strlen(keys->kms_uri));
	const km_key_set *set = find_set(s, keys);
	int64_t start;

	put_text(o, "user", keys->uri);
	put_text(o, "kms", keys->kms_uri);
	json_object_set_new(o, "period_no", json_integer((json_int_t)keys->period_no));
	if (set != NULL)
		kms = set->kms;
	if (kms != NULL && keys->period_no < (UINT64_C(1) << 62) / kms->period) {
		start = (int64_t)(keys->period_no * kms->period + kms->offset) - KM_NTP_UNIX;
		put_time(o, "period_from", start);
		put_time(o, "period_to", start + (int64_t)kms->period - 1);
	}
	put_validity(o, keys->valid_from, keys->valid_to, keys->revoked);
	json_object_set_new(o, "opens", json_boolean(keys->rsk_line != 0));
	json_object_set_new(o, "verifies", set != NULL ? json_true() : kms != NULL ? json_false()
			: json_null());
	if (keys->fault[0] != '\0')
		json_object_set_new(o, "unusable", json_string(keys->fault));
}

static void put_group_key(const shower *s, const km_key *key, const char *file)
{
	json_t *o = record(s, "group key", file, 0), *groups = json_array();
	char id[9];

	snprintf(id, sizeof id, "%08x", (unsigned)key->gmk_id);
	json_object_set_new(o, "gmk_id", json_string(id));
	put_text(o, "gms", key->gms.s);
	put_text(o, "kms", key->kms.s);
	for (size_t i = 0; i < key->params.n_groups; i++)
		json_array_append_new(groups, json_string(key->params.groups[i].s));
	json_object_set_new(o, "groups", groups);
	put_text(o, "text", key->params.text.s);
	if (key->params.activation != 0)
		put_time(o, "activation", (int64_t)key->params.activation);
	if (key->params.expiry != 0)
		put_time(o, "expiry", (int64_t)key->params.expiry);
	json_object_set_new(o, "revoked", json_boolean(key->revoked));
}

/* ---- files ----------------------------------------------------------------------------------- */

static void say_remark(void *ctx, const char *text)
{
	(void)ctx;
	cli_warn("%s", text);
}

static int refuse_file(const char *name, const char *start, size_t len)
{
	char shown[CLI_SHOWN];
	const char *what = "neither a KMS document nor a group key";

	if (len >= 15 && memcmp(start, "keymuster-state", 15) == 0)
		what = "the state of a GMS: keymuster state show";
	else if (memmem(start, len < 64 ? len : 64, "\"receipt\"", 9) != NULL)
		what = "a receipt, which is text itself: keymuster verify";
	else if (len > 0 && (start[0] == 1 || memmem(start, len < 2048 ? len : 2048, "mikey", 5) != NULL))
		what = "messages: keymuster inspect";
	cli_error("%s: %s", cli_show(shown, name, strlen(name)), what);
	return CLI_KEYS;
}

static int show_document(shower *s, const char *name, const char *data, size_t len)
{
	const kmsdoc_how how = { name, s->lax_ns, 0, say_remark, NULL };
	km_complaint why;
	kmsdoc doc;
	km_err err = kmsdoc_read(&doc, data, len, &how, &why);

	if (err == KM_OK && doc.n_keys > 0 &&
	    km_keyring_add_keys(s->ring, data, len, name, KM_USE_SIGN | KM_USE_OPEN, &why) != KM_OK)
		cli_warn("%s", why.text);
	if (err != KM_OK)
		cli_error("%s", why.text);
	for (size_t i = 0; i < doc.n_certs; i++)
		put_cert(s, &doc, i, name);
	for (size_t i = 0; i < doc.n_keys; i++)
		put_keys(s, &doc.keys[i], name);
	kmsdoc_free(&doc);
	return err == KM_OK ? CLI_DONE : CLI_KEYS;
}

static int show_group_key(const shower *s, const char *name)
{
	km_complaint why;
	km_key *key;

	if (keyfile_read(&key, name, km_seal_none(), &why) != KM_OK) {
		cli_error("%s", why.text);
		return CLI_KEYS;
	}
	put_group_key(s, key, name);
	km_key_free(key);
	return CLI_DONE;
}

static bool is_document(const char *data, size_t len)
{
	size_t i = 0;

	while (i < len && strchr(" \t\r\n\xef\xbb\xbf\xff\xfe", data[i]) != NULL)
		i++;
	return i < len && data[i] == '<';
}

static int show_file(shower *s, const char *name)
{
	const char *path = strcmp(name, "-") == 0 ? "/dev/stdin" : name;
	km_complaint why;
	char *data;
	size_t len;
	int code;

	if (!file_read(&data, &len, path, FILE_DOCUMENT_MAX, &why)) {
		cli_error("%s", why.text);
		return CLI_IO;
	}
	if (is_document(data, len))
		code = show_document(s, path, data, len);
	else if (memmem(data, len, "\"gmk_id\"", 8) != NULL && memmem(data, len, "\"rand\"", 6) != NULL)
		code = show_group_key(s, path);
	else
		code = refuse_file(path, data, len);
	file_free(data);
	return code;
}

/* The certificates first, so that key sets of any of the files are looked at by them. */
static void load_certs(shower *s, const cli_list *files)
{
	for (size_t i = 0; i < files->n; i++) {
		km_complaint why;
		char *data;
		size_t len;

		if (strcmp(files->at[i], "-") == 0 || strncmp(files->at[i], "/dev/", 5) == 0 ||
		    strncmp(files->at[i], "/proc/", 6) == 0 ||
		    !file_read(&data, &len, files->at[i], FILE_DOCUMENT_MAX, &why))
			continue;
		if (is_document(data, len) && km_keyring_add_kms(s->ring, data, len, files->at[i],
				&why) != KM_OK)
			why.text[0] = '\0';     /* said when it is shown, if it is a fault at all */
		file_free(data);
	}
}

/* ---- what is printed ------------------------------------------------------------------------- */

static void print_value(const json_t *value)
{
	char shown[CLI_SHOWN];
	const json_t *item;
	size_t i;

	if (json_is_string(value))
		fputs(cli_show(shown, json_string_value(value), json_string_length(value)), stdout);
	else if (json_is_integer(value))
		printf("%lld", (long long)json_integer_value(value));
	else if (json_is_array(value))
		json_array_foreach(value, i, item) {
			fputs(i == 0 ? "" : ", ", stdout);
			print_value(item);
		}
	else
		fputs(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "not known", stdout);
}

static void print_record(json_t *o)
{
	const char *key;
	json_t *value;

	json_object_foreach(o, key, value) {
		if (json_is_array(value) && json_array_size(value) == 0)
			continue;
		printf("%-12s ", key);
		print_value(value);
		putchar('\n');
	}
	putchar('\n');
}

static void print_all(const shower *s)
{
	json_t *o;
	size_t i;

	json_array_foreach(s->all, i, o) {
		if (s->json) {
			json_dumpf(o, stdout, JSON_COMPACT);
			putchar('\n');
		} else {
			print_record(o);
		}
	}
}

static int show_all(shower *s)
{
	int code = cli_start();

	if (code != CLI_DONE)
		return code;
	s->all = json_array();
	if (s->all == NULL || km_keyring_new(&s->ring) != KM_OK ||
	    km_keyring_set(s->ring, KM_RING_NAMESPACES, s->lax_ns ? KM_NAMESPACES_ANY : KM_NAMESPACES_3GPP,
			NULL) != KM_OK) {
		cli_error("%s", km_strerror(KM_ENOMEM));
		return CLI_IO;
	}
	load_certs(s, &s->kms);
	load_certs(s, &s->files);
	for (size_t i = 0; i < s->files.n; i++) {
		int one = show_file(s, s->files.at[i]);

		code = one == CLI_DONE ? code : one;
	}
	print_all(s);
	return code;
}

static int show_run(int argc, char **argv)
{
	shower s = { .json = false };
	const cli_option options[] = {
		{ "kms", 0, CLI_MANY, &s.kms }, { "json", 0, CLI_FLAG, &s.json },
		{ "lax-ns", 0, CLI_FLAG, &s.lax_ns }, { NULL, 0, CLI_FLAG, NULL },
	};
	int code = cli_parse(&cli_show_files, argc, argv, options, &s.files);

	if (code == CLI_GO_ON && s.files.n == 0)
		code = cli_usage(&cli_show_files, "a file is missing");
	if (code == CLI_GO_ON)
		code = show_all(&s);
	km_keyring_free(s.ring);
	json_decref(s.all);
	cli_list_free(&s.kms);
	cli_list_free(&s.files);
	return code;
}

static const char help[] =
"usage: keymuster show [--kms FILE]... [--json] FILE...\n"
"\n"
"What KMS documents, key sets and group keys hold: periods and their dates, validity, domains,\n"
"groups, and whether key sets fit the certificate of their KMS, where it is among the files or\n"
"behind --kms.  Secrets are not shown.\n"
"\n"
"  --kms FILE   KMS document with certificates, to look at key sets by\n"
"  --json       a JSON object for each certificate, key set and group key\n"
"  --lax-ns     read KMS documents in whatever XML namespace\n"
"  -q, -v, --plain, --kernel NAME, -h, --help, --version: see keymuster --help\n"
"\n"
"Exit: 0 done, 1 usage, 3 a file that is none of these or cannot be used, 4 input or output.\n"
"\n"
"Example:\n"
"  keymuster show --kms kms-init.xml gms.xml fire.gmk\n";

const cli_command cli_show_files = { "show", help, show_run, NULL };
