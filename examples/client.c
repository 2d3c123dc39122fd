/* client.c -- a member's client: opens messages (files of raw octets), and remembers what it accepted in STORE, sealed
 * under the key in SEAL.  usage: client KMS.xml KEYS.xml STORE SEAL MESSAGE... */
#include <err.h>
#include <stdio.h>
#include "provision/gmk.h"

static km_complaint *why;

static void must(km_err err, const char *what)
{
	if (err != KM_OK)
		errx(1, "%s: %s: %s", what, km_strerror(err), why ? km_complaint_text(why) : "");
}

int main(int argc, char **argv)
{
	const km_signalling from_anyone = {sizeof from_anyone, {NULL, KM_NOT_NAMED}, {NULL, KM_NOT_NAMED}};
	static uint8_t msg[KM_MESSAGE_MAX];
	km_keyring *ring; km_seal *seal; km_client *client; km_key_info k = {.struct_size = sizeof k};
	int rejected = 0;

	if (argc < 6) errx(1, "usage: client KMS.xml KEYS.xml STORE SEAL MESSAGE...");
	must(km_init(NULL), "km_init"), must(km_complaint_new(&why), "memory");
	must(km_keyring_new(&ring), "memory"), must(km_keyring_load_kms(ring, argv[1], why), "KMS");
	must(km_keyring_load_keys(ring, argv[2], KM_USE_OPEN, why), "key sets");
	must(km_seal_file(&seal, argv[4], KM_MAY_BEGIN, why), "seal");
	must(km_client_file(&client, ring, argv[3], seal, KM_MAY_BEGIN, why), "store");
	for (int i = 5; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		if (!f) err(1, "%s", argv[i]);
		size_t len = fread(msg, 1, sizeof msg, f);
		km_opened o = {.struct_size = sizeof o};
		km_reason r = km_client_open(&o, client, msg, len, &from_anyone, km_time_now(), why);

		fclose(f);
		if (r != KM_R_OK) {
			rejected = 2, warnx("%s: %s: %s", argv[i], km_reason_name(r), km_complaint_text(why));
			continue;
		}
		km_key_tell(&k, o.key);
		km_str group = km_key_str(o.key, KM_KEY_GROUP, 0);
		printf("%s: key %08x of %.*s is %s\n", argv[i], (unsigned)k.gmk_id, (int)group.len, group.s,
				o.what == KM_GIVE ? "held" : "revoked");
		km_key_free(o.key);
	}
	km_client_free(client), km_keyring_free(ring), km_seal_free(seal), km_complaint_free(why);
	return rejected;
}
