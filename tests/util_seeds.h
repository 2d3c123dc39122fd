/* util_seeds.h -- what fuzzing starts from: well-formed inputs of every kind. */
#ifndef KM_TESTS_UTIL_SEEDS_H
#define KM_TESTS_UTIL_SEEDS_H

#include "util.h"

typedef struct {
	uint8_t *data;
	size_t len;
} seed;

enum { SEEDS_MAX = 16 };

typedef struct {
	seed at[SEEDS_MAX];
	size_t n;
} seed_list;

/* Seeds of a target, such as "fuzz_open"; ends the program where there is no such target, or where
 * tests/vectors is not below the current directory. */
void seeds_make(seed_list *list, const char *target);
void seeds_free(seed_list *list);

#endif
