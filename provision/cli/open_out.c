/* open_out.c -- the JSON objects that keymuster open prints. */
#include "open.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/escape.h"
#include "message/mikey.h"
#include "base/when.h"

static void put(const char *name, km_str text)
{
	printf(",\"%s\":", name);
	escape_json(stdout, text.s, text.len);
}

static void put_time(uint64_t ntp64)
{
	char time[WHEN_MAX];

	when_print(time, km_time_of_ntp(ntp64).seconds);
	printf(",\"T\":\"%s\",\"T64\":\"%016" PRIx64 "\"", time, ntp64);
}

/* Their names, and what they mean beside them. */
static void put_remarks(unsigned remarks)
{
	const char *comma = "";

	fputs(",\"remarks\":[", stdout);
	for (unsigned bit = 1; bit != 0 && bit <= remarks; bit <<= 1) {
		if ((remarks & bit) == 0)
			continue;
		printf("%s\"%s\"", comma, km_remark_name(bit));
		comma = ",";
	}
	fputs("],\"remark_texts\":[", stdout);
	comma = "";
	for (unsigned bit = 1; bit != 0 && bit <= remarks; bit <<= 1) {
		if ((remarks & bit) == 0)
			continue;
		printf("%s\"%s\"", comma, km_remark_text(bit));
		comma = ",";
	}
	putchar(']');
}

void open_put_accepted(const km_gmk_opened *opened, uint64_t line, bool show_secrets)
{
	const km_gmk_params *params = &opened->params;
	char hex[2 * KM_SSV_BYTES + 1];

	printf("{\"status\":\"%s\",\"gms\":", opened->revoked ? "revoked" : "accepted");
	escape_json(stdout, opened->gms.s, opened->gms.len);
	put("gms_kms", opened->gms_kms);
	put("member", opened->member);
	put("kms", opened->member_kms);
	printf(",\"line\":%" PRIu64, line);
	put_time(opened->ntp64);
	printf(",\"gmk_id\":\"%08" PRIx32 "\",\"guk_id\":\"%08" PRIx32 "\",\"groups\":[", opened->gmk_id,
			opened->guk_id);
	for (size_t i = 0; i < params->n_groups; i++) {
		fputs(i == 0 ? "" : ",", stdout);
		escape_json(stdout, params->groups[i].s, params->groups[i].len);
	}
	putchar(']');
	put("text", params->text);
	printf(",\"activation\":%" PRIu64 ",\"expiry\":%" PRIu64 ",\"revoked\":%s", params->activation,
			params->expiry, opened->revoked ? "true" : "false");
	printf(",\"update\":%s,\"to_self\":%s", opened->update ? "true" : "false",
			opened->to_self ? "true" : "false");
	put_remarks(opened->remarks);
	if (show_secrets) {
		sodium_bin2hex(hex, sizeof hex, opened->gmk, sizeof opened->gmk);
		printf(",\"gmk\":\"%s\"", hex);
		km_wipe(hex, sizeof hex);
	}
	fputs("}\n", stdout);
}

static void put_claimed(const uint8_t *msg, size_t len)
{
	static const struct {
		const char *name;
		int role;
	} uris[] = {
		{ "gms", ROLE_INITIATOR }, { "gms_kms", ROLE_KMS_INITIATOR },
		{ "member", ROLE_RESPONDER }, { "kms", ROLE_KMS_RESPONDER },
	};
	static const mikey_watch blind;
	mikey_msg m;

	(void)mikey_parse(&m, msg, len, 0, &blind);
	printf(",\"claimed\":{\"guk_id\":\"%08" PRIx32 "\"", m.csb_id);
	for (size_t i = 0; i < sizeof uris / sizeof *uris; i++)
		if (m.id[uris[i].role].data != NULL)
			put(uris[i].name, (km_str){ (const char *)m.id[uris[i].role].data,
					m.id[uris[i].role].len });
	if (m.ntp64 != 0)
		put_time(m.ntp64);
	putchar('}');
}

void open_put_rejected(const cli_message *one, km_reason reason, const char *why)
{
	printf("{\"status\":\"rejected\",\"error\":\"%s\",\"text\":", km_reason_name(reason));
	escape_json(stdout, why, strlen(why));
	printf(",\"line\":%" PRIu64, one->line);
	if (one->wrong == NULL && one->len > 0)
		put_claimed(one->msg, one->len);
	fputs("}\n", stdout);
}
