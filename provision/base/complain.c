/* complain.c -- what is wrong with something read, as people are told it. */
#include "complain.h"

#include <stdlib.h>
#include <string.h>

#include "escape.h"

km_err km_complaint_new(km_complaint **why)
{
	*why = calloc(1, sizeof **why);
	return *why == NULL ? KM_ENOMEM : KM_OK;
}

void km_complaint_free(km_complaint *why)
{
	free(why);
}

const char *km_complaint_text(const km_complaint *why)
{
	return why->text;
}

const char *km_complaint_field(const km_complaint *why)
{
	return why->field;
}

km_complaint *complain_anew(km_complaint *why, km_complaint *spare)
{
	if (why == NULL)
		why = spare;
	why->text[0] = '\0';
	why->field[0] = '\0';
	return why;
}

const char *complain_errno(int err)
{
	const char *text = strerrordesc_np(err);

	return text == NULL ? "an error that the C library does not know" : text;
}

void complain_keep(char *out, size_t room, const km_complaint *said)
{
	snprintf(out, room, "%s", said->text);
}

km_err complain_field(km_complaint *why, const char *field, const char *text)
{
	snprintf(why->field, sizeof why->field, "%s", field);
	snprintf(why->text, sizeof why->text, "%s: %s", field, text);
	return KM_EARG;
}

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
	why->field[0] = '\0';
	snprintf(why->text, sizeof why->text, "%s:%s%s%s%s %s", file, at, *where == '\0' ? "" : " ",
			where, *where == '\0' ? "" : ":", what);
}
