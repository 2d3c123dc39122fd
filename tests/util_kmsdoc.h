/* util_kmsdoc.h -- KMS documents for the tests. */
#ifndef KM_TESTS_UTIL_KMSDOC_H
#define KM_TESTS_UTIL_KMSDOC_H

#include "provision/keys/kmsdoc.h"
#include "util.h"

/* Records whose points and keys are octets at random: readable, never valid. */
kmsdoc_cert some_cert(const char *uri, uint64_t seed);
kmsdoc_keys some_keys(const char *uri, uint64_t period_no, uint64_t seed);

/* Documents as they are written; free them. */
char *written_init(const kmsdoc_cert *cert);
char *written_keys(const kmsdoc_keys *keys, size_t n);

/* xml with the last `from` replaced; frees xml. */
char *edited(char *xml, const char *from, const char *to);

#endif
