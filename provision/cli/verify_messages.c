/* verify_messages.c -- keymuster verify: each message, its line, order and signature. */
#include "verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "message/mikey.h"

/* ---- one message ----------------------------------------------------------------------------- */

/* What stands beside a message in NDJSON; of the other forms what the message says. */
typedef struct {
	km_str uri, kms, group;
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
	km_uid(uid, uri.s, uri.len, kms->uri, strlen(kms->uri), kms->period, kms->offset,
			period_no);
}

static bool is_hex(const char *hex, const uint8_t *value, size_t len)
{
	char shown[2 * KM_UID_BYTES + 1];

	sodium_bin2hex(shown, sizeof shown, value, len);
	return hex != NULL && strcmp(hex, shown) == 0;
}

/* Does the message name a UID that is not this one? */
static bool is_other_uid(octets uid, const uint8_t own[KM_UID_BYTES])
{
	return uid.data != NULL &&
			(uid.len != KM_UID_BYTES || memcmp(uid.data, own, KM_UID_BYTES) != 0);
}

/* The certificate of that KMS that was valid at T, else any; NULL: none is loaded. */
static const km_kms *kms_at(const verifier *v, km_str uri, km_time t)
{
	const km_kms *kms = km_keyring_kms_valid(v->ring, uri.s, uri.len,
			t.seconds);

	return kms != NULL ? kms : km_keyring_kms_newest(v->ring, uri.s, uri.len);
}

/* The member: URI, KMS, period and UID must be those of the message.  NULL: they are. */
static const char *check_member(verifier *v, const mikey_msg *m, const beside *b, km_time t)
{
	octets uri = m->id[ROLE_RESPONDER], uid = m->id[ROLE_UID_RESPONDER];
	octets at = m->id[ROLE_KMS_RESPONDER];
	const km_kms *kms = kms_at(v, b->kms, t);
	uint64_t no = kms == NULL ? 0 : km_key_period_no(t, kms->period, kms->offset);
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
	if (b->uri.len > 0 && is_other_uid(uid, own))
		return "the message is for another UID than that of the member, KMS and period of "
				"its line";
	if (at.data != NULL && !is_same(str_of(at), b->kms))
		return "the message names another KMS than its line";
	if (b->uid != NULL && !is_hex(b->uid, own, sizeof own))
		return "uid is not that of the member, KMS and period of its line";
	put_number(id, m->csb_id, sizeof id);
	if (b->guk_id != NULL && !is_hex(b->guk_id, id, sizeof id))
		return "guk_id is not that of the message";
	if (v->groups == NULL && b->gmk_id != NULL && v->gmk_id[0] == '\0')
		snprintf(v->gmk_id, sizeof v->gmk_id, "%s", b->gmk_id);
	if (v->groups == NULL && b->gmk_id != NULL && strcmp(b->gmk_id, v->gmk_id) != 0)
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

/* The GMS, and its UID at T, by which it signs.  With --any-period the number may be the
 * member's. */
static const char *check_sender(verifier *v, verify_signature *s, const km_kms **kms,
		const mikey_msg *m, const beside *b, km_time t)
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
	*kms = kms_at(v, (km_str){ v->gms_kms, strlen(v->gms_kms) }, t);
	if (*kms == NULL)
		return "the certificate of the KMS of its sender is missing: give it with --kms";
	no = km_key_period_no(t, (*kms)->period, (*kms)->offset);
	uid_of(s->sender, gms, *kms, no);
	if (b->has_period && strcmp(v->gms_kms, b->kms.s) == 0 && b->period_no != no)
		uid_of(s->sender, gms, *kms, b->period_no);
	if (is_other_uid(uid, s->sender))
		return "sent by another GMS";
	return NULL;
}

/* What is common to all messages of a run, and T, which rises. */
static const char *check_order(verifier *v, const mikey_msg *m, const beside *b)
{
	const char *why = NULL;

	if (m->rand.len != KM_RAND_BYTES)
		return "its RAND is none of keymuster";
	if (v->groups != NULL || b->group.len > 0)
		why = verify_group(v, b->group, b->gmk_id, m->rand.data, m->ntp64);
	if (v->messages == 1) {
		memcpy(v->rand, m->rand.data, KM_RAND_BYTES);
		v->first_t = m->ntp64;
	} else if (v->groups == NULL && memcmp(v->rand, m->rand.data, KM_RAND_BYTES) != 0) {
		return "its RAND is that of another key";
	} else if (m->ntp64 <= v->last_t && !(v->last_t >> 63 == 1 && m->ntp64 >> 63 == 0)) {
		return "its T is not later than that of the line before";
	}
	v->last_t = m->ntp64;
	return why;
}

/* ---- signatures, on threads ------------------------------------------------------------------ */

static void check_signatures(void *ctx, void *item)
{
	verify_chunk *c = item;

	(void)ctx;
	for (size_t i = 0; i < c->n; i++)
		c->items[i] = (km_signed){ .msg = c->of[i].msg, .len = c->of[i].signed_len,
				.sig = c->of[i].msg + c->of[i].len - KM_SIG_BYTES,
				.id = c->of[i].sender, .id_len = KM_UID_BYTES };
	c->err = km_eccsi_verify_batch(c->status, c->items, c->n, c->kms->keys);
}

static void take_verdicts(verifier *v, verify_chunk *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->err != KM_OK && c->err != KM_EPARTIAL)
			verify_fault(v, c->of[i].line, "%s", km_strerror(c->err));
		else if (c->status[i] != KM_OK)
			verify_fault(v, c->of[i].line, "%s", km_reason_text(KM_R_SIGNATURE));
		else
			v->verified++;
		free(c->of[i].msg);
	}
	c->n = 0;
	cli_show_progress(&v->progress, v->at, v->lines);
}

static void hand_over(verifier *v)
{
	verify_chunk *c = &v->chunks[v->put % v->n_chunks];

	if (c->n > 0) {
		pool_put(v->threads, c);
		v->put++;
	}
	while (pool_full(v->threads))
		take_verdicts(v, pool_take(v->threads));
}

static bool queue(verifier *v, const verify_signature *s, const km_kms *kms, const uint8_t *msg)
{
	verify_chunk *c = &v->chunks[v->put % v->n_chunks];

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
	if (++c->n == VERIFY_CHUNK)
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
	verify_signature s = { .line = v->at, .len = len };
	const km_kms *kms = NULL;
	const char *why;
	mikey_msg m;

	v->messages++;
	if (!mikey_parse(&m, msg, len, 0, NULL) || m.sig.len != KM_SIG_BYTES) {
		verify_fault(v, v->at, "%s", km_reason_text(KM_R_PARSE));
		return true;
	}
	if (b->uri.s == NULL && m.id[ROLE_RESPONDER].data != NULL)
		b->uri = str_of(m.id[ROLE_RESPONDER]);
	if (b->kms.s == NULL && m.id[ROLE_KMS_RESPONDER].data != NULL)
		b->kms = str_of(m.id[ROLE_KMS_RESPONDER]);
	why = check_order(v, &m, b);
	if (why == NULL)
		why = check_sender(v, &s, &kms, &m, b, km_time_of_ntp(m.ntp64));
	if (why == NULL)
		why = check_member(v, &m, b, km_time_of_ntp(m.ntp64));
	if (why != NULL) {
		verify_fault(v, v->at, "%s", why);
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
		verify_fault(v, v->at, "no message in base64");
		return true;
	}
	return check_message(v, msg, n, b);
}

static bool check_json(verifier *v, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *mikey = json_object_get(o, "mikey");
	const json_t *period = json_object_get(o, "key_period");
	const json_t *uri = json_object_get(o, "uri"), *kms = json_object_get(o, "kms");
	const json_t *group = json_object_get(o, "group");
	bool done = true;
	beside b = {
		.uid = json_string_value(json_object_get(o, "uid")),
		.gmk_id = json_string_value(json_object_get(o, "gmk_id")),
		.guk_id = json_string_value(json_object_get(o, "guk_id")),
		.period_no = (uint64_t)json_integer_value(period), .has_period = true,
	};

	if (!json_is_string(uri) || !json_is_string(kms) || !json_is_integer(period) ||
	    b.uid == NULL || b.gmk_id == NULL || b.guk_id == NULL) {
		verify_fault(v, v->at, "not a line as keymuster provision writes it");
	} else {
		b.uri = (km_str){ json_string_value(uri), json_string_length(uri) };
		b.kms = (km_str){ json_string_value(kms), json_string_length(kms) };
		b.group = (km_str){ json_string_value(group), json_string_length(group) };
		done = check_base64(v, json_string_value(mikey), json_string_length(mikey), &b);
	}
	json_decref(o);
	return done;
}

/* "mikey BASE64", behind a tab whose it is, and behind another its group. */
static bool check_text(verifier *v, const char *line, size_t len)
{
	static const char word[] = "mikey ";
	const char *tab = memchr(line, '\t', len), *code = line + sizeof word - 1;
	size_t code_len = (tab == NULL ? len : (size_t)(tab - line));
	beside b = { 0 };

	if (code_len < sizeof word || memcmp(line, word, sizeof word - 1) != 0) {
		verify_fault(v, v->at, "not a line as keymuster provision writes it");
		return true;
	}
	if (tab != NULL)
		b.uri = (km_str){ tab + 1, len - code_len - 1 };
	tab = tab == NULL ? NULL : memchr(b.uri.s, '\t', b.uri.len);
	if (tab != NULL) {
		b.group = (km_str){ tab + 1, (size_t)(b.uri.s + b.uri.len - tab - 1) };
		b.uri.len = (size_t)(tab - b.uri.s);
	}
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

	while (done && (len = getline(&line, &room, v->in)) > 0 && !cli_interrupted) {
		v->at++;
		if (line[len - 1] != '\n')
			verify_fault(v, v->at, "the last line is cut");
		else if (strcmp(v->format, "ndjson") == 0)
			done = check_json(v, line, (size_t)len - 1);
		else
			done = check_text(v, line, (size_t)len - 1);
	}
	free(line);
	return done;
}

int verify_messages(verifier *v)
{
	unsigned jobs = cli_processors();
	char shown[CLI_SHOWN];
	bool done;
	verify_chunk *c;

	v->n_chunks = 2 * (size_t)jobs + 1;
	v->chunks = calloc(v->n_chunks, sizeof *v->chunks);
	v->made = json_object();
	v->progress = (cli_progress){ .what = "messages", .started = cli_seconds() };
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
	if (cli_interrupted)
		return CLI_INTERRUPTED;
	if (done && !ferror(v->in))
		return CLI_DONE;
	cli_error("%s: %s", cli_show(shown, v->name, strlen(v->name)),
			strerror(done ? errno : ENOMEM));
	return CLI_IO;
}
