/* verify.c -- keymuster verify: is an output what its receipt says, and signed by the GMS?  No secret. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "../file.h"
#include "../mikey.h"
#include "../pool.h"

enum { CHUNK = 256, FAULTS_SHOWN = 10, RECEIPT_MAX = 1 << 24 };

typedef struct {
	cli_list kms, operands;
	const char *receipt, *sample;
} words;

typedef struct {
	uint64_t line;
	uint8_t *msg;
	size_t len, signed_len;
	uint8_t sender[KM_UID_BYTES];
} signature;

typedef struct {
	const km_kms *kms;
	signature of[CHUNK];
	km_signed items[CHUNK];
	km_err status[CHUNK];
	size_t n;
	km_err err;
} chunk;

typedef struct {
	words w;
	const char *name;
	json_t *receipt;        /* NULL: there is none */
	char *receipt_name;
	km_keyring *ring;
	FILE *in;
	const char *format;
	bool io_failed;
	uint64_t octets, lines;
	char hash[2 * KM_HASH_BYTES + 1];

	uint64_t at, messages, verified, faults;
	uint64_t sample;        /* still to be chosen; all: UINT64_MAX */
	char *gms;              /* whose messages these are, once known */
	char *gms_kms;
	char gmk_id[9];
	uint8_t rand[KM_RAND_BYTES];
	uint64_t first_t, last_t;
	json_t *made;
	pool *threads;
	chunk *chunks;
	size_t n_chunks, put;
} verifier;

/* ---- faults ---------------------------------------------------------------------------------- */

/* line 0: of the whole.  The text must be escaped. */
static void fault(verifier *v, uint64_t line, const char *format, ...)
		__attribute__((format(printf, 3, 4)));
static void fault(verifier *v, uint64_t line, const char *format, ...)
{
	char text[2 * CLI_SHOWN], shown[CLI_SHOWN], at[24] = "";
	va_list args;

	if (v->faults++ >= FAULTS_SHOWN)
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
		fault(v, 0, "no receipt: %s is not there; nothing says how many messages there should be",
				cli_show(shown, v->receipt_name, strlen(v->receipt_name)));
		return CLI_DONE;
	}
	v->receipt = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
	file_free(data);
	if (number(v, "receipt", NULL) == 1 && json_is_object(in(v->receipt, "made", NULL)))
		return CLI_DONE;
	fault(v, 0, "%s is no receipt of keymuster",
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
	return v->gms != NULL && v->gms_kms != NULL;
}

/* ---- the file as it lies there --------------------------------------------------------------- */

static int hash_file(verifier *v)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t buf[1 << 16], hash[KM_HASH_BYTES], first = 0;
	bool done = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
	size_t n;

	while (done && (n = fread(buf, 1, sizeof buf, v->in)) > 0) {
		if (v->octets == 0)
			first = buf[0];
		v->octets += n;
		for (const uint8_t *at = buf; (at = memchr(at, '\n', (size_t)(buf + n - at))) != NULL; at++)
			v->lines++;
		done = EVP_DigestUpdate(md, buf, n) == 1;
	}
	done = done && EVP_DigestFinal_ex(md, hash, NULL) == 1;
	EVP_MD_CTX_free(md);
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
		fault(v, 0, "%llu octets, where the receipt says %llu: %s",
				(unsigned long long)v->octets, (unsigned long long)said,
				v->octets < said ? "it was cut, or is of another run" :
				"something was added, or it is of another run");
	else if (strcmp(v->hash, text(v, "output", "sha256")) != 0)
		fault(v, 0, "its SHA-256 is not that of the receipt: it was changed, or is of another run");
}

/* ---- one message ----------------------------------------------------------------------------- */

/* What stands beside a message in NDJSON; of the other forms what the message says. */
typedef struct {
	km_str uri, kms;
	const char *uid, *gmk_id, *guk_id;
	uint64_t period_no;
	bool has_period;
} beside;

static km_str str_of(octets o)
{
	return (km_str){ (const char *)o.data, o.len };
}

static bool is_same(km_str a, km_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

static void uid_of(uint8_t uid[KM_UID_BYTES], km_str uri, const km_kms *kms, uint64_t period_no)
{
	km_uid(uid, uri.s, uri.len, kms->uri, strlen(kms->uri), kms->period, kms->offset, period_no);
}

static bool is_hex(const char *hex, const uint8_t *value, size_t len)
{
	char shown[2 * KM_UID_BYTES + 1];

	sodium_bin2hex(shown, sizeof shown, value, len);
	return hex != NULL && strcmp(hex, shown) == 0;
}

/* The member: URI, KMS, period and UID must be those of the message.  NULL: they are. */
static const char *check_member(verifier *v, const mikey_msg *m, const beside *b, uint64_t seconds)
{
	octets uri = m->id[ROLE_RESPONDER], uid = m->id[ROLE_UID_RESPONDER];
	const km_kms *kms = km_keyring_kms(v->ring, b->kms.s, b->kms.len);
	uint64_t no = kms == NULL ? 0 : km_key_period_no(seconds, kms->period, kms->offset);
	uint8_t own[KM_UID_BYTES], id[4];
	char period[24];
	json_t *periods;

	if (kms == NULL)
		return "the certificate of its KMS is missing: give it with --kms";
	if (b->has_period)
		no = b->period_no;
	uid_of(own, b->uri, kms, no);
	if (uri.data != NULL && !is_same(str_of(uri), b->uri))
		return "the message is for another member than its line says";
	if (uid.data != NULL && b->uri.len > 0 && (uid.len != KM_UID_BYTES || memcmp(uid.data, own, KM_UID_BYTES) != 0))
		return "the message is for another UID than that of the member, KMS and period of its line";
	if (m->id[ROLE_KMS_RESPONDER].data != NULL && !is_same(str_of(m->id[ROLE_KMS_RESPONDER]), b->kms))
		return "the message names another KMS than its line";
	if (b->uid != NULL && !is_hex(b->uid, own, sizeof own))
		return "uid is not that of the member, KMS and period of its line";
	put_number(id, m->csb_id, sizeof id);
	if (b->guk_id != NULL && !is_hex(b->guk_id, id, sizeof id))
		return "guk_id is not that of the message";
	if (b->gmk_id != NULL && v->gmk_id[0] == '\0')
		snprintf(v->gmk_id, sizeof v->gmk_id, "%s", b->gmk_id);
	if (b->gmk_id != NULL && strcmp(b->gmk_id, v->gmk_id) != 0)
		return "gmk_id is of another key";
	snprintf(period, sizeof period, "%llu", (unsigned long long)no);
	periods = json_object_get(v->made, kms->uri);
	if (periods == NULL) {
		periods = json_object();
		json_object_set_new_nocheck(v->made, kms->uri, periods);
	}
	json_object_set_new(periods, period,
			json_integer(json_integer_value(json_object_get(periods, period)) + 1));
	return NULL;
}

/* The GMS, and its UID at T, by which it signs.  With --any-period the number may be the member's. */
static const char *check_sender(verifier *v, signature *s, const km_kms **kms, const mikey_msg *m,
		const beside *b, uint64_t seconds)
{
	octets uri = m->id[ROLE_INITIATOR], uid = m->id[ROLE_UID_INITIATOR];
	octets at = m->id[ROLE_KMS_INITIATOR];
	km_str gms;
	uint64_t no;

	if (v->gms == NULL && uri.data != NULL)
		v->gms = strndup((const char *)uri.data, uri.len);
	if (v->gms_kms == NULL && at.data != NULL)
		v->gms_kms = strndup((const char *)at.data, at.len);
	if (v->gms == NULL || v->gms_kms == NULL)
		return "nothing says who sent it: the receipt does";
	gms = (km_str){ v->gms, strlen(v->gms) };
	if (uri.data != NULL && !is_same(str_of(uri), gms))
		return "sent by another GMS";
	if (at.data != NULL && !is_same(str_of(at), (km_str){ v->gms_kms, strlen(v->gms_kms) }))
		return "sent by a GMS of another KMS";
	*kms = km_keyring_kms(v->ring, v->gms_kms, strlen(v->gms_kms));
	if (*kms == NULL)
		return "the certificate of the KMS of its sender is missing: give it with --kms";
	no = km_key_period_no(seconds, (*kms)->period, (*kms)->offset);
	uid_of(s->sender, gms, *kms, no);
	if (b->has_period && strcmp(v->gms_kms, b->kms.s) == 0 && b->period_no != no)
		uid_of(s->sender, gms, *kms, b->period_no);
	if (uid.data != NULL && (uid.len != KM_UID_BYTES || memcmp(uid.data, s->sender, KM_UID_BYTES) != 0))
		return "sent by another GMS";
	return NULL;
}

/* What is common to all messages of a run, and T, which rises. */
static const char *check_order(verifier *v, const mikey_msg *m)
{
	if (m->rand.len != KM_RAND_BYTES)
		return "its RAND is none of keymuster";
	if (v->messages == 1) {
		memcpy(v->rand, m->rand.data, KM_RAND_BYTES);
		v->first_t = m->ntp64;
	} else if (memcmp(v->rand, m->rand.data, KM_RAND_BYTES) != 0) {
		return "its RAND is that of another key";
	} else if (m->ntp64 <= v->last_t && !(v->last_t >> 63 == 1 && m->ntp64 >> 63 == 0)) {
		return "its T is not later than that of the line before";
	}
	v->last_t = m->ntp64;
	return NULL;
}

/* ---- signatures, on threads ------------------------------------------------------------------ */

static void check_signatures(void *ctx, void *item)
{
	chunk *c = item;

	(void)ctx;
	for (size_t i = 0; i < c->n; i++)
		c->items[i] = (km_signed){ .msg = c->of[i].msg, .len = c->of[i].signed_len,
				.sig = c->of[i].msg + c->of[i].len - KM_SIG_BYTES,
				.id = c->of[i].sender, .id_len = KM_UID_BYTES };
	c->err = km_eccsi_verify_batch(c->status, c->items, c->n, c->kms->keys);
}

static void take_verdicts(verifier *v, chunk *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->err != KM_OK && c->err != KM_EPARTIAL)
			fault(v, c->of[i].line, "%s", km_strerror(c->err));
		else if (c->status[i] != KM_OK)
			fault(v, c->of[i].line, "%s", km_reason_text(KM_R_SIGNATURE));
		else
			v->verified++;
		free(c->of[i].msg);
	}
	c->n = 0;
}

static void hand_over(verifier *v)
{
	chunk *c = &v->chunks[v->put % v->n_chunks];

	if (c->n > 0) {
		pool_put(v->threads, c);
		v->put++;
	}
	while (pool_full(v->threads))
		take_verdicts(v, pool_take(v->threads));
}

static bool queue(verifier *v, const signature *s, const km_kms *kms, const uint8_t *msg)
{
	chunk *c = &v->chunks[v->put % v->n_chunks];

	if (c->n > 0 && c->kms != kms) {
		hand_over(v);
		c = &v->chunks[v->put % v->n_chunks];
	}
	c->kms = kms;
	c->of[c->n] = *s;
	c->of[c->n].msg = malloc(s->len);
	if (c->of[c->n].msg == NULL)
		return false;
	memcpy(c->of[c->n].msg, msg, s->len);
	if (++c->n == CHUNK)
		hand_over(v);
	return true;
}

/* Each of those that are left is as likely as any other to be among those that are still wanted. */
static bool is_chosen(verifier *v)
{
	uint64_t left = v->lines - v->at + 1;

	if (v->sample == UINT64_MAX)
		return true;
	if (v->sample == 0 || (v->sample < left && left < UINT32_MAX &&
	    randombytes_uniform((uint32_t)left) >= v->sample))
		return false;
	v->sample--;
	return true;
}

/* ---- all messages ---------------------------------------------------------------------------- */

static bool check_message(verifier *v, const uint8_t *msg, size_t len, beside *b)
{
	signature s = { .line = v->at, .len = len };
	const km_kms *kms = NULL;
	const char *why;
	mikey_msg m;

	v->messages++;
	if (!mikey_parse(&m, msg, len, 0, NULL) || m.sig.len != KM_SIG_BYTES) {
		fault(v, v->at, "%s", km_reason_text(KM_R_PARSE));
		return true;
	}
	if (b->uri.s == NULL && m.id[ROLE_RESPONDER].data != NULL)
		b->uri = str_of(m.id[ROLE_RESPONDER]);
	if (b->kms.s == NULL && m.id[ROLE_KMS_RESPONDER].data != NULL)
		b->kms = str_of(m.id[ROLE_KMS_RESPONDER]);
	why = check_order(v, &m);
	if (why == NULL)
		why = check_sender(v, &s, &kms, &m, b, km_ntp_seconds((uint32_t)(m.ntp64 >> 32)));
	if (why == NULL)
		why = check_member(v, &m, b, km_ntp_seconds((uint32_t)(m.ntp64 >> 32)));
	if (why != NULL) {
		fault(v, v->at, "%s", why);
		return true;
	}
	s.signed_len = m.signed_len;
	return !is_chosen(v) || queue(v, &s, kms, msg);
}

static bool check_base64(verifier *v, const char *s, size_t len, beside *b)
{
	static uint8_t msg[KM_MESSAGE_MAX];
	size_t n;

	if (s == NULL || sodium_base642bin(msg, sizeof msg, s, len, NULL, &n, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0) {
		fault(v, v->at, "no message in base64");
		return true;
	}
	return check_message(v, msg, n, b);
}

static bool check_json(verifier *v, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *mikey = json_object_get(o, "mikey"), *period = json_object_get(o, "key_period");
	const json_t *uri = json_object_get(o, "uri"), *kms = json_object_get(o, "kms");
	bool done = true;
	beside b = {
		.uid = json_string_value(json_object_get(o, "uid")),
		.gmk_id = json_string_value(json_object_get(o, "gmk_id")),
		.guk_id = json_string_value(json_object_get(o, "guk_id")),
		.period_no = (uint64_t)json_integer_value(period), .has_period = true,
	};

	if (!json_is_string(uri) || !json_is_string(kms) || !json_is_integer(period) ||
	    b.uid == NULL || b.gmk_id == NULL || b.guk_id == NULL) {
		fault(v, v->at, "not a line as keymuster provision writes it");
	} else {
		b.uri = (km_str){ json_string_value(uri), json_string_length(uri) };
		b.kms = (km_str){ json_string_value(kms), json_string_length(kms) };
		done = check_base64(v, json_string_value(mikey), json_string_length(mikey), &b);
	}
	json_decref(o);
	return done;
}

/* "mikey BASE64", and behind a tab whose it is. */
static bool check_text(verifier *v, const char *line, size_t len)
{
	static const char word[] = "mikey ";
	const char *tab = memchr(line, '\t', len), *code = line + sizeof word - 1;
	size_t code_len = (tab == NULL ? len : (size_t)(tab - line));
	beside b = { 0 };

	if (code_len < sizeof word || memcmp(line, word, sizeof word - 1) != 0) {
		fault(v, v->at, "not a line as keymuster provision writes it");
		return true;
	}
	if (tab != NULL)
		b.uri = (km_str){ tab + 1, len - code_len - 1 };
	return check_base64(v, code, code_len - (sizeof word - 1), &b);
}

static bool check_raw(verifier *v)
{
	static uint8_t msg[KM_MESSAGE_MAX];
	beside b = { 0 };

	v->at = v->lines = 1;
	return check_message(v, msg, fread(msg, 1, sizeof msg, v->in), &b);
}

static bool check_lines(verifier *v)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	bool done = true;

	while (done && (len = getline(&line, &room, v->in)) > 0) {
		v->at++;
		if (line[len - 1] != '\n')
			fault(v, v->at, "the last line is cut");
		else if (strcmp(v->format, "ndjson") == 0)
			done = check_json(v, line, (size_t)len - 1);
		else
			done = check_text(v, line, (size_t)len - 1);
	}
	free(line);
	return done;
}

static int check_all(verifier *v)
{
	unsigned jobs = cli_processors();
	char shown[CLI_SHOWN];
	bool done;
	chunk *c;

	v->n_chunks = 2 * (size_t)jobs + 1;
	v->chunks = calloc(v->n_chunks, sizeof *v->chunks);
	v->made = json_object();
	v->threads = v->chunks == NULL ? NULL : pool_new(jobs, v->n_chunks, check_signatures, v);
	done = v->threads != NULL && v->made != NULL &&
			(strcmp(v->format, "raw") == 0 ? check_raw(v) : check_lines(v));
	if (done) {
		hand_over(v);
		while ((c = pool_take(v->threads)) != NULL)
			take_verdicts(v, c);
	}
	pool_free(v->threads);
	free(v->chunks);
	if (done && !ferror(v->in))
		return CLI_DONE;
	cli_error("%s: %s", cli_show(shown, v->name, strlen(v->name)),
			strerror(done ? errno : ENOMEM));
	return CLI_IO;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void compare_t(verifier *v, const char *which, uint64_t t)
{
	char hex[17];

	snprintf(hex, sizeof hex, "%016llx", (unsigned long long)t);
	if (v->messages > 0 && strcmp(hex, text(v, which, "ntp")) != 0)
		fault(v, 0, "%s is %s, where the receipt says %.16s", which, hex, text(v, which, "ntp"));
}

static void compare_counts(verifier *v)
{
	uint64_t members = number(v, "list", "members");

	if (v->receipt == NULL)
		return;
	if (members != v->messages)
		fault(v, 0, "%llu messages, where the receipt says %llu",
				(unsigned long long)v->messages, (unsigned long long)members);
	else if (v->faults == 0 && !json_equal(v->made, in(v->receipt, "made", NULL)))
		fault(v, 0, "members by KMS and key period are not those of the receipt");
	compare_t(v, "first_t", v->first_t);
	compare_t(v, "last_t", v->last_t);
}

/* The last line says all.  An output that is what the receipt says, of a run that did not serve all,
 * is no good news either. */
static int tell(const verifier *v)
{
	unsigned long long rejected = number(v, "list", "rejected");
	bool all = json_is_true(in(v->receipt, "complete", NULL)) && number(v, "exit_code", NULL) == 0;
	char shown[CLI_SHOWN], signatures[80] = "all signatures verified";

	cli_show(shown, v->name, strlen(v->name));
	if (v->verified < v->messages)
		snprintf(signatures, sizeof signatures, "%llu signatures verified",
				(unsigned long long)v->verified);
	if (v->faults > FAULTS_SHOWN)
		cli_error("%s: and %llu faults more", shown,
				(unsigned long long)(v->faults - FAULTS_SHOWN));
	if (v->faults > 0)
		cli_note("%s: %llu messages, %s, %llu faults: not what %s", shown,
				(unsigned long long)v->messages, signatures,
				(unsigned long long)v->faults, v->receipt == NULL ?
				"can be relied on" : "the receipt says");
	else if (!all)
		cli_note("%s: %llu messages, %s, as the receipt says, but the run ended with exit %llu: "
				"it rejected %llu of %llu lines, whose members have no message", shown,
				(unsigned long long)v->messages, signatures,
				(unsigned long long)number(v, "exit_code", NULL), rejected,
				(unsigned long long)number(v, "list", "lines"));
	else
		cli_note("%s: %llu messages, %s, as the receipt says", shown,
				(unsigned long long)v->messages, signatures);
	return v->faults > 0 || !all ? CLI_REJECTED : CLI_DONE;
}

static int take_words(verifier *v)
{
	v->sample = UINT64_MAX;
	if (v->w.operands.n != 1 || strcmp(v->w.operands.at[0], "-") == 0)
		return cli_usage(&cli_verify, "one file is wanted: the output of keymuster provision");
	if (v->w.kms.n == 0)
		return cli_usage(&cli_verify, "--kms FILE is missing: the certificates of the KMSs");
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
		code = cli_load(&v->ring, &v->w.kms, &none, 0);
	if (code == CLI_DONE) {
		name = v->name;
		v->in = cli_open_input(&name);
		code = v->in == NULL ? CLI_IO : read_receipt(v);
	}
	if (code == CLI_DONE && !take_receipt(v))
		code = CLI_IO;
	if (code == CLI_DONE)
		code = hash_file(v);
	if (code != CLI_DONE)
		return code;
	compare_file(v);
	code = check_all(v);
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
		{ "sample", 0, CLI_ONE, &v.w.sample }, { NULL, 0, CLI_FLAG, NULL },
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
"  --receipt FILE      the receipt (default: OUT.receipt)\n"
"  --sample N          verify the signatures of N messages, chosen at random, instead of all\n"
"  --plain, --kernel NAME, --help, --version\n"
"\n"
"Exit: 0 all is as it should be, 1 usage, 2 it is not what the receipt says, there is no\n"
"receipt, or the run did not serve all members, 3 KMS document, 4 input, 5 self-test.\n"
"\n"
"Example:\n"
"  keymuster verify fire.ndjson --kms kms-init.xml\n";

const cli_command cli_verify = { "verify", help, verify_run };
