/* util_sakke.h -- a KMS, its receivers, RFC 6508 Appendix A, and each kernel level in turn. */
#ifndef KM_TESTS_UTIL_SAKKE_H
#define KM_TESTS_UTIL_SAKKE_H

#include "engine/engine.h"
#include "util.h"

/* RFC 6508, Appendix A, in hex. */
extern const char rfc_z_secret[], rfc_z[], rfc_rsk[], rfc_r[], rfc_point[], rfc_gr[], rfc_mask[],
		rfc_h[], rfc_ssv[];
extern const uint8_t rfc_id[26];

/* SSV and encapsulated data of the RFC. */
void rfc_data(uint8_t ssv[KM_SSV_BYTES], uint8_t sed[KM_SED_BYTES]);

/* Master keys with that z; some KSAK. */
km_kms_master *master_of(const char *z_hex);
/* Their public keys, with tables for about so many members. */
km_kms_public *kms_of(const km_kms_master *master, size_t members);
/* A receiver for id, its RSK issued by master. */
km_receiver *receiver_of(const km_kms_master *master, const km_kms_public *kms,
		const uint8_t *id, size_t len);

/* The tests once for each kernel level that this machine runs; the others are skipped, visibly.
 * The failures. */
int run_on_each_level(const char *name, const struct CMUnitTest *tests, size_t n);

#endif
