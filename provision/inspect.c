/* inspect.c -- what a message says without keys, one line a field. */
#include <inttypes.h>
#include <string.h>

#include "escape.h"
#include "gmk.h"
#include "mikey.h"
#include "when.h"

static void hex(FILE *out, octets o, size_t most)
{
	for (size_t i = 0; i < o.len && i < most; i++)
		fprintf(out, "%02x", o.data[i]);
	if (o.len > most)
		fprintf(out, "... (%zu octets)", o.len);
}

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

static const char *payload_name(int payload)
{
	switch (payload) {
	case -1:
		return "HDR";
	case MIKEY_T:
		return "T";
	case MIKEY_RAND:
		return "RAND";
	case MIKEY_IDR:
		return "IDR";
	case MIKEY_SP:
		return "SP";
	case MIKEY_SAKKE:
		return "SAKKE";
	case MIKEY_EXT:
		return "GENEXT";
	case MIKEY_SIGN:
		return "SIGN";
	}
	return "?";
}

typedef struct {
	FILE *out;
	const uint8_t *msg;
} shown;

static void show_payload(void *ctx, int payload, const uint8_t *at, size_t len)
{
	const shown *s = ctx;

	fprintf(s->out, "%5zu %-10s ", (size_t)(at - s->msg), payload_name(payload));
	hex(s->out, (octets){at, len}, 32);
	fputc('\n', s->out);
}

static void show_fields(FILE *out, const mikey_msg *m)
{
	static const char *const map[] = {"SRTP-ID", "empty", "GENERIC-ID"};
	char time[WHEN_MAX];
	int64_t t = (int64_t)(km_ntp_seconds((uint32_t)(m->ntp64 >> 32)) - KM_NTP_UNIX);

	when_print(time, t);
	field(out, "GUK-ID (CSB ID)");
	fprintf(out, "%08" PRIx32 ", purpose tag %u%s\n", m->csb_id, (unsigned)(m->csb_id >> 28),
			m->csb_id >> 28 ? "" : " (GMK)");
	field(out, "crypto sessions");
	fprintf(out, "%u, map %s\n", m->n_cs, map[m->map_type]);
	show_hex(out, "CS map", m->map.len ? m->map : (octets){NULL, 0}, 64);
	field(out, "T");
	fprintf(out, "%s (%016" PRIx64 ")\n", time, m->ntp64);
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

KM_API bool km_gmk_inspect(FILE *out, const uint8_t *msg, size_t len)
{
	mikey_msg m;
	shown s = {out, msg};
	size_t where;

	if (!mikey_parse(&m, &where, msg, len, show_payload, &s)) {
		fprintf(out, "%5zu not a well-formed MIKEY-SAKKE I_MESSAGE from here on (%zu octets in all)\n",
				where, len);
		return false;
	}
	show_fields(out, &m);
	return true;
}
