/* hint.c -- what lets through what was refused, by the name under which the caller knows it. */
#include "hint.h"

#include <stdbool.h>

static const char *const names[][2] = {
#define HINT_NAMES(hint, library, command) { library, command },
	HINTS(HINT_NAMES)
#undef HINT_NAMES
};
static bool by_options;

const char *hint_name(hint h)
{
	return names[h][by_options];
}

void hint_by_options(void)
{
	by_options = true;
}
