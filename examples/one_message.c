/* one_message.c -- a new group key to one member: what a GMS does with the library.
 * usage: one_message KMS.xml GMS-KEYS.xml GROUP-URI MEMBER-URI >message.mikey */
#include <err.h>
#include <string.h>
#include <time.h>
#include "provision/gmk.h"

static km_gmk_job job; /* holds the key: a real GMS keeps it in locked memory, and on disk */

int main(int argc, char **argv)
{
	km_complaint *why;
	km_keyring *ring;
	km_gmk_message made;
	uint8_t buf[4096];

	if (argc != 5)
		errx(1, "usage: one_message KMS.xml GMS-KEYS.xml GROUP-URI MEMBER-URI");
	if (km_init(NULL) != KM_OK || km_complaint_new(&why) != KM_OK || km_keyring_new(&ring) != KM_OK)
		errx(1, "the library does not start");
	if (km_keyring_load_kms(ring, argv[1], 1, why) != KM_OK ||
			km_keyring_load_keys(ring, argv[2], KM_USE_SIGN, why) != KM_OK)
		errx(1, "%s", km_complaint_text(why));
	const km_key_set *gms = km_keyring_keys_at(ring, 0);
	const km_member member = {{argv[4], strlen(argv[4])}, gms->kms};
	const uint64_t now = (uint64_t)time(NULL), ntp = now + KM_NTP_UNIX;

	job = (km_gmk_job){.ring = ring, .gms_uri = {gms->uri, strlen(gms->uri)}, .gms_kms = gms->kms,
		.map = KM_MAP_EMPTY, .params = {.status = KM_STATUS_NOT_REVOKED, .n_groups = 1,
		.groups = {{argv[3], strlen(argv[3])}}}};
	if (km_random_bytes(job.gmk, sizeof job.gmk, NULL) != KM_OK ||
			km_random_bytes(job.rand, sizeof job.rand, NULL) != KM_OK ||
			km_random_bytes((uint8_t *)&job.gmk_id, sizeof job.gmk_id, NULL) != KM_OK)
		errx(1, "no randomness");
	job.gmk_id &= 0x0fffffff; /* purpose tag 0.  A real GMS keeps it unique, and T increasing */
	if (km_gmk_make(&made, buf, sizeof buf, &job, &member, 1, ntp << 32, ntp, now, NULL, NULL) != KM_OK)
		errx(1, "%s: %s", argv[4], km_reason_text(made.reason));
	if (fwrite(made.msg, 1, made.len, stdout) != made.len || fflush(stdout) != 0)
		err(1, "stdout");
	km_wipe(&job, sizeof job);
	km_keyring_free(ring);
	km_complaint_free(why);
}
