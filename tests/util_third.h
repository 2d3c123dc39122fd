/* util_third.h -- a third party's message with its keys, read from the directory that VECTORS names. */
#ifndef KM_TESTS_UTIL_THIRD_H
#define KM_TESTS_UTIL_THIRD_H

#include <stdbool.h>

#include "provision/gmk.h"
#include "util.h"

typedef struct {
	km_keyring *ring;            /* its KMS and both users: the caller frees it */
	char gms[256], member[256];
	uint64_t period_no;
	uint8_t gmk[KM_SSV_BYTES], rand[KM_RAND_BYTES];
	uint32_t gmk_id, guk_id;
	uint8_t msg[4096];
	size_t len;
} third_party;

/* false: VECTORS does not name a directory that has it. */
bool third_party_load(third_party *t);

#endif
