/* inspect.c -- what a message says without keys, and what in it is not as the clauses have it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "gmk.h"
#include "mikey.h"
#include "base/when.h"

typedef struct {
	FILE *out;
	const uint8_t *msg;
	size_t n;                   /* items printed so far */
} shown;

static void hex(FILE *out, octets o, size_t most)
{
	for (size_t i = 0; i < o.len && i < most; i++)
		fprintf(out, "%02x", o.data[i]);
	if (o.len > most)
		fprintf(out, "... (%zu octets)", o.len);
}

static int64_t time_of(const mikey_msg *m)
{
	return km_time_of_ntp(m->ntp64).seconds;
}

static const char *map_name(uint8_t type)
{
	static const char *const names[] = {"SRTP-ID", "empty", "GENERIC-ID"};

	return type < sizeof names / sizeof *names ? names[type] : "unknown";
}

/* ---- lines ------------------------------------------------------------------------------------ */

static void field(FILE *out, const char *name)
{
	fprintf(out, "%-16s ", name);
}

static void show_hex(FILE *out, const char *name, octets o, size_t most)
{
	if (!o.data)
		return;
	field(out, name);
	hex(out, o, most);
	fputc('\n', out);
}

static void show_text(FILE *out, const char *name, octets o)
{
	if (!o.data)
		return;
	field(out, name);
	escape_print(out, (const char *)o.data, o.len);
	fputc('\n', out);
}

static void show_payload(void *ctx, int payload, const uint8_t *at, size_t len)
{
	const shown *s = ctx;

	fprintf(s->out, "%5zu %-10s ", (size_t)(at - s->msg), mikey_payload(payload));
	hex(s->out, (octets){at, len}, 32);
	fputc('\n', s->out);
}

static void show_deviation(void *ctx, size_t at, bool refused, const char *text)
{
	const shown *s = ctx;

	field(s->out, refused ? "refused" : "deviates");
	fprintf(s->out, "octet %zu: %s\n", at, text);
}

static void show_fields(FILE *out, const mikey_msg *m)
{
	char time[WHEN_MAX];

	field(out, "GUK-ID (CSB ID)");
	fprintf(out, "%08" PRIx32 ", purpose tag %u (%s)\n", m->csb_id, (unsigned)(m->csb_id >> 28),
			mikey_purpose(m->csb_id));
	field(out, "crypto sessions");
	fprintf(out, "%u, map %s\n", m->n_cs, map_name(m->map_type));
	show_hex(out, "CS map", m->map.len ? m->map : (octets){NULL, 0}, 64);
	if (m->ntp64) {
		when_print(time, time_of(m));
		field(out, "T");
		fprintf(out, "%s (%016" PRIx64 ")\n", time, m->ntp64);
	}
	show_hex(out, "RAND", m->rand, 64);
	show_text(out, "initiator", m->id[ROLE_INITIATOR]);
	show_text(out, "responder", m->id[ROLE_RESPONDER]);
	show_hex(out, "initiator UID", m->id[ROLE_UID_INITIATOR], KM_UID_BYTES);
	show_hex(out, "responder UID", m->id[ROLE_UID_RESPONDER], KM_UID_BYTES);
	show_text(out, "initiator's KMS", m->id[ROLE_KMS_INITIATOR]);
	show_text(out, "responder's KMS", m->id[ROLE_KMS_RESPONDER]);
	show_hex(out, "SP", m->sp, 64);
	show_hex(out, "SAKKE", m->sed, 24);
	show_hex(out, "SAKKE-to-self", m->to_self, 24);
	show_hex(out, "key parameters", m->protected_payload, 32);
	show_hex(out, "signature", m->sig, 24);
}

/* Gives whether it is well-formed. */
static bool print_text(FILE *out, const uint8_t *msg, size_t len)
{
	mikey_msg m;
	shown s = {out, msg, 0};
	const mikey_watch payloads = {.ctx = &s, .payload = show_payload};
	const mikey_watch deviations = {.ctx = &s, .deviation = show_deviation};
	bool good = mikey_parse(&m, msg, len, 0, &payloads);

	show_fields(out, &m);
	(void)mikey_parse(&m, msg, len, 0, &deviations);
	if (!good)
		fputs("not a well-formed MIKEY-SAKKE I_MESSAGE\n", out);
	return good;
}

/* ---- JSON ------------------------------------------------------------------------------------- */

static void json_hex(FILE *out, const char *name, octets o)
{
	if (!o.data)
		return;
	fprintf(out, ",\"%s\":\"", name);
	hex(out, o, o.len);
	putc('"', out);
}

static void json_text(FILE *out, const char *name, octets o)
{
	if (!o.data)
		return;
	fprintf(out, ",\"%s\":", name);
	escape_json(out, (const char *)o.data, o.len);
}

static void json_payload(void *ctx, int payload, const uint8_t *at, size_t len)
{
	shown *s = ctx;

	fprintf(s->out, "%s{\"at\":%zu,\"type\":%d,\"name\":\"%s\",\"octets\":%zu,\"hex\":\"",
			s->n++ ? "," : "", (size_t)(at - s->msg), payload, mikey_payload(payload), len);
	hex(s->out, (octets){at, len}, len);
	fputs("\"}", s->out);
}

static void json_deviation(void *ctx, size_t at, bool refused, const char *text)
{
	shown *s = ctx;

	fprintf(s->out, "%s{\"at\":%zu,\"refused\":%s,\"text\":", s->n++ ? "," : "", at,
			refused ? "true" : "false");
	escape_json(s->out, text, strlen(text));
	putc('}', s->out);
}

static void json_fields(FILE *out, const mikey_msg *m)
{
	char time[WHEN_MAX];

	fprintf(out, ",\"data_type\":%u,\"prf\":%u,\"guk_id\":\"%08" PRIx32 "\",\"purpose\":\"%s\"",
			m->data_type, m->prf, m->csb_id, mikey_purpose(m->csb_id));
	fprintf(out, ",\"cs\":%u,\"map\":\"%s\"", m->n_cs, map_name(m->map_type));
	if (m->map.len)
		json_hex(out, "cs_map", m->map);
	if (m->ntp64) {
		when_print(time, time_of(m));
		fprintf(out, ",\"T\":\"%s\",\"T64\":\"%016" PRIx64 "\"", time, m->ntp64);
	}
	json_hex(out, "rand", m->rand);
	json_text(out, "initiator", m->id[ROLE_INITIATOR]);
	json_text(out, "responder", m->id[ROLE_RESPONDER]);
	json_hex(out, "initiator_uid", m->id[ROLE_UID_INITIATOR]);
	json_hex(out, "responder_uid", m->id[ROLE_UID_RESPONDER]);
	json_text(out, "initiator_kms", m->id[ROLE_KMS_INITIATOR]);
	json_text(out, "responder_kms", m->id[ROLE_KMS_RESPONDER]);
	json_hex(out, "sp", m->sp);
	json_hex(out, "sakke", m->sed);
	json_hex(out, "sakke_to_self", m->to_self);
	json_hex(out, "key_parameters", m->protected_payload);
	json_hex(out, "signature", m->sig);
}

static bool print_json(FILE *out, const uint8_t *msg, size_t len)
{
	mikey_msg m;
	shown s = {out, msg, 0};
	const mikey_watch payloads = {.ctx = &s, .payload = json_payload};
	const mikey_watch deviations = {.ctx = &s, .deviation = json_deviation};
	bool good;

	fprintf(out, "{\"octets\":%zu,\"payloads\":[", len);
	good = mikey_parse(&m, msg, len, 0, &payloads);
	fprintf(out, "],\"well_formed\":%s", good ? "true" : "false");
	json_fields(out, &m);
	fputs(",\"deviations\":[", out);
	s.n = 0;
	(void)mikey_parse(&m, msg, len, 0, &deviations);
	fputs("]}", out);
	return good;
}

/* ---- into a buffer ---------------------------------------------------------------------------- */

km_err km_inspect(char *out, size_t room, size_t *len, const uint8_t *msg, size_t msg_len, uint32_t form)
{
	const bool known = form == KM_INSPECT_TEXT || form == KM_INSPECT_JSON;
	char *text = NULL;
	FILE *f = known ? open_memstream(&text, len) : NULL;
	km_err err = known ? KM_ENOMEM : KM_EARG;
	bool good = false;

	*len = 0;
	if (f != NULL) {
		good = form == KM_INSPECT_TEXT ? print_text(f, msg, msg_len) : print_json(f, msg, msg_len);
		if (fclose(f) == 0)
			err = *len >= room ? KM_EARG : good ? KM_OK : KM_EFORMAT;
	}
	if (err == KM_OK || err == KM_EFORMAT)
		memcpy(out, text, *len + 1);
	else if (room > 0)
		memset(out, 0, room);
	*len = err == KM_ENOMEM ? 0 : *len + (err == KM_EARG && f != NULL);
	free(text);
	return err;
}
