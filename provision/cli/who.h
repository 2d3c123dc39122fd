/* who.h -- keymuster who: what its parts share. */
#ifndef KM_CLI_WHO_H
#define KM_CLI_WHO_H

#include "states.h"

/* A line for each group, key and member of the states that are meant (who_groups.c); text: columns, else NDJSON.  The
 * code to exit with. */
int who_groups(const states_which *which, bool text);

#endif
