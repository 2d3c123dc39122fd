/* states.h -- which states of GMSs are meant: one, or all of a directory. */
#ifndef KM_CLI_STATES_H
#define KM_CLI_STATES_H

#include "cli.h"

/* --state, --gms-uri and --gms-kms; NULL: not given. */
typedef struct {
	const char *state, *gms, *kms;
} states_which;

/* Where they say, a file or a directory; free() it.  NULL: said. */
char *states_place(const states_which *which);
/* Is it a directory? */
bool states_are_in(const char *place);
/* Call each for the state at place, there or not, or for all of that directory; *code gets the highest of what it gives.
 * How many there are; -1: said, and *code says it too. */
int states_each(const char *place, int (*each)(void *ctx, const char *path), void *ctx, int *code);

#endif
