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

static void put_time(km_time t)
{
	char time[WHEN_MAX];

	when_print(time, t.seconds);
	printf(",\"T\":\"%s\",\"T64\":\"%016" PRIx64 "\"", time, km_time_ntp(t));
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

/* As in a message: 0 is at once, never. */
static uint64_t put_as(km_time t)
{
	return t.seconds == KM_AT_ONCE || t.seconds == KM_NEVER ? 0 : (uint64_t)t.seconds;
}

static void put_key(const km_key *key, bool is_revoked)
{
	km_key_info info = { .struct_size = sizeof info };

	km_key_tell(&info, key);
	fputs(",\"groups\":[", stdout);
	for (size_t i = 0; i < info.n_groups; i++) {
		const km_str group = km_key_str(key, KM_KEY_GROUP, i);

		fputs(i == 0 ? "" : ",", stdout);
		escape_json(stdout, group.s, group.len);
	}
	putchar(']');
	put("text", km_key_str(key, KM_KEY_TEXT, 0));
	printf(",\"activation\":%" PRIu64 ",\"expiry\":%" PRIu64 ",\"revoked\":%s", put_as(info.activation),
			put_as(info.expiry), is_revoked ? "true" : "false");
}

static void put_gmk(const km_key *key)
{
	uint8_t gmk[KM_SSV_BYTES];
	char hex[2 * KM_SSV_BYTES + 1];

	km_key_show_gmk(gmk, key);
	sodium_bin2hex(hex, sizeof hex, gmk, sizeof gmk);
	printf(",\"gmk\":\"%s\"", hex);
	km_wipe(gmk, sizeof gmk);
	km_wipe(hex, sizeof hex);
}

void open_put_accepted(const km_opened *opened, uint64_t line, bool show_secrets)
{
	const km_key *key = opened->key;
	const bool is_revoked = opened->what == KM_REVOKE;
	const km_str gms = km_key_str(key, KM_KEY_GMS, 0);
	km_key_info info = { .struct_size = sizeof info };

	km_key_tell(&info, key);
	printf("{\"status\":\"%s\",\"gms\":", is_revoked ? "revoked" : "accepted");
	escape_json(stdout, gms.s, gms.len);
	put("gms_kms", km_key_str(key, KM_KEY_KMS, 0));
	put("member", km_key_str(key, KM_KEY_MEMBER, 0));
	put("kms", km_key_str(key, KM_KEY_MEMBER_KMS, 0));
	printf(",\"line\":%" PRIu64, line);
	put_time(opened->t);
	printf(",\"gmk_id\":\"%08" PRIx32 "\",\"guk_id\":\"%08" PRIx32 "\"", info.gmk_id, opened->guk_id);
	put_key(key, is_revoked);
	printf(",\"update\":%s,\"to_self\":%s", opened->is_update ? "true" : "false",
			opened->is_to_self ? "true" : "false");
	put_remarks(opened->remarks);
	if (show_secrets)
		put_gmk(key);
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
		put_time(km_time_of_ntp(m.ntp64));
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
