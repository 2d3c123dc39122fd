/* complain.c -- what is wrong with something read, as people are told it. */
#include "complain.h"

#include <string.h>

#include "escape.h"

void complain(km_complaint *why, const char *name, int line, const char *element, const char *text)
{
	char file[160], where[64], what[256], at[16] = "";

	if (*name == '\0')
		name = "an empty name";
	escape_into(file, sizeof file, name, strlen(name));
	escape_into(where, sizeof where, element == NULL ? "" : element,
			element == NULL ? 0 : strlen(element));
	escape_into(what, sizeof what, text, strlen(text));
	if (line > 0)
		snprintf(at, sizeof at, "%d:", line);
	snprintf(why->text, sizeof why->text, "%s:%s%s%s%s %s", file, at, *where == '\0' ? "" : " ",
			where, *where == '\0' ? "" : ":", what);
}
