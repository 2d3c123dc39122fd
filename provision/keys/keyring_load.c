/* keyring_load.c -- what the parts of a keyring that load have in common: complaints and remarks. */
#include "keyring_load.h"

#include <string.h>

#include "base/complain.h"
#include "base/escape.h"
#include "base/memlock.h"

km_err keyring_refuse(const loading *in, int line, const char *element, km_err err, const char *text)
{
	char both[400], reason[MEMLOCK_TEXT];

	if (err == KM_EARG && text != NULL)
		snprintf(both, sizeof both, "%s", text);
	else
		snprintf(both, sizeof both, "%s%s%s", memlock_strerror(reason, err), text == NULL ? "" : ": ",
				text == NULL ? "" : text);
	complain(in->why, in->name, line, element, both);
	return err;
}

void keyring_remark_text(void *ctx, const char *text)
{
	const loading *in = ctx;
	char *said = in->why->text;
	size_t len = strlen(said);

	if (in->ring->remark != NULL)
		in->ring->remark(in->ring->ctx, text);
	else
		snprintf(said + len, sizeof in->why->text - len, "%s%s", len > 0 ? "\n" : "", text);
}

void keyring_left_out(loading *in, const char *wrong, const char *what, const char *whose)
{
	char text[KMSDOC_FAULT], shown[160];

	escape_into(shown, sizeof shown, whose, strlen(whose));
	if (*whose == '\0' || strstr(wrong, shown) != NULL)
		snprintf(text, sizeof text, "%s", wrong);
	else
		snprintf(text, sizeof text, "%.300s; %s %s is left out", wrong, what, shown);
	keyring_remark_text(in, text);
}

void keyring_remark(const loading *in, int line, const char *element, const char *text)
{
	loading copy = *in;
	km_complaint said;

	complain(&said, in->name, line, element, text);
	keyring_remark_text(&copy, said.text);
}

kmsdoc_how keyring_how(loading *in)
{
	return (kmsdoc_how){ in->name, in->ring->lax_ns, in->use, keyring_remark_text, in };
}

char *keyring_source(const loading *in, int line)
{
	char file[192], *source = NULL;

	escape_into(file, sizeof file, in->name, strlen(in->name));
	return asprintf(&source, "%s:%d", file, line) < 0 ? NULL : source;
}
