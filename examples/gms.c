/* gms.c -- a whole GMS: one group's key to all members on stdin, a line of hex a message to stdout.  Started again it
 * goes on: T, GMK-IDs and who has the key are in STATE, the key is in KEY before the first message is made.
 * usage: gms KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY <members >messages */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include "provision/gmk.h"

static km_complaint *why; static char *uri;

static void must(km_err err, const char *what)
{
	if (err != KM_OK)
		errx(1, "%s: %s: %s", what, km_strerror(err), why ? km_complaint_text(why) : "");
}

int main(int argc, char **argv)
{
	km_keyring *ring; km_store *store; km_gms *gms; km_key *key; km_batch *batch;
	km_made m = {.struct_size = sizeof m}; uint32_t is_new; size_t all, n = 0; ssize_t len; int rejected = 0;

	if (argc != 8) errx(1, "usage: gms KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY");
	const km_key_params params = {.struct_size = sizeof params, .activation = {KM_AT_ONCE, 0},
		.expiry = {KM_NEVER, 0}, .groups = &(km_str){argv[5], strlen(argv[5])}, .n_groups = 1,
		.authority = KM_AUTHORITY_PSI, .shared = KM_SHARED_NO, .n_members = KM_MEMBERS_LATER};
	must(km_init(NULL), "km_init"), must(km_complaint_new(&why), "memory");
	must(km_keyring_new(&ring), "memory"), must(km_keyring_load_kms(ring, argv[1], why), "KMS");
	must(km_keyring_load_keys(ring, argv[2], KM_USE_SIGN, why), "key sets");
	must(km_store_files(&store, argv[6], KM_MAY_BEGIN, why), "state");
	must(km_gms_new(&gms, ring, store, argv[3], argv[4], why), "GMS");
	must(km_key_file(&key, &is_new, gms, argv[7], km_seal_none(), &params, km_time_now(), why), "key");
	for (must(km_batch_new(&batch, ring), "memory"); !feof(stdin); km_batch_clear(batch)) {
		while (km_batch_room(batch) > 0 && (len = getline(&uri, &n, stdin)) > 0)
			must(km_batch_add(batch, key, uri, (size_t)len - (uri[len - 1] == '\n'), KM_KMS_BY_DOMAIN, KM_GIVE, 0,
					why), uri);
		km_err made = ferror(stdin) ? KM_EIO : km_batch_run(batch, km_time_now(), why);
		if (made != KM_EPARTIAL) must(made, "run");
		const uint8_t *octets = km_batch_octets(&all, batch);
		for (size_t i = 0; km_batch_made(&m, batch, i); i++) {
			if (m.reason != KM_R_OK) rejected = 2, warnx("member %zu: %s", i, km_reason_text(m.reason));
			for (size_t k = 0; k < m.len; k++)
				printf("%02x%s", octets[m.at + k], k + 1 < m.len ? "" : "\n");
		}
		if (fflush(stdout) != 0) err(1, "stdout");   /* whom it served stays unsure */
		must(km_batch_delivered(batch, why), "journal");
	}
	km_batch_free(batch), km_key_free(key), km_gms_free(gms), km_store_free(store), km_keyring_free(ring);
	return rejected;
}
