/* kmsdoc.c -- the XML documents of a KMS (TS 33.180 Annex D), read.
 *
 * Expat gives events, no tree: key texts pass from its copy of the document, in memory of ours, through one buffer of
 * ours, and both are wiped.  It has no state outside a parser and takes no lock, so that a child of fork may read
 * documents whatever other threads were reading.
 */
#include "kmsdoc.h"

#include <string.h>

#include <sodium.h>

#include "base/complain.h"
#include "base/memlock.h"
#include "kmsdoc_element.h"
#include "kmsdoc_encoding.h"
#include "kmsdoc_memory.h"

#define XENC_NAMESPACE "http://www.w3.org/2001/04/xmlenc#"

enum { LEVELS_MAX = 256 };      /* elements, one in the other */
static const XML_Char between = '\n';   /* a namespace and a name: neither can hold it */

/* ---- Expat's events ------------------------------------------------------------------------ */

/* Is it that namespace?  space ends after len octets, which here are no NUL. */
static bool is_namespace(const char *space, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(space, name, len) == 0;
}

static void on_start(void *ctx, const XML_Char *element, const XML_Char **attributes)
{
	reader *r = ctx;
	const frame *top = &r->stack[r->depth - 1];
	const char *end = strrchr(element, between), *name = end == NULL ? element : end + 1;
	const size_t len = end == NULL ? 0 : (size_t)(end - element);
	const bool own = is_namespace(element, len, KMS_NAMESPACE);

	(void)attributes;
	if (r->level == LEVELS_MAX)
		kmsdoc_refuse_document(r, kmsdoc_line(r), NULL, "elements stand more than 256 deep in one another");
	r->level++;
	if (r->err != KM_OK || kmsdoc_is_faulty(r))
		return;
	if (r->ignored > 0)
		r->ignored++;
	else if (top->rule->is == LEAF && (top->rule->often & UNUSED) != 0)
		r->ignored = 1;
	else if (top->rule->is == LEAF && is_namespace(element, len, XENC_NAMESPACE))
		kmsdoc_refuse(r, "encrypted key content (xenc:EncryptedKey) is not supported");
	else if (top->rule->is == LEAF)
		kmsdoc_refuse(r, "an element where only text may stand");
	else if (own || r->how->lax_ns)
		kmsdoc_begin(r, name, own || r->depth == 1);
	else if (r->depth == 1 || len == 0)
		kmsdoc_refuse_namespace(r, name, element, len);
	else
		r->ignored = 1;
}

static void on_end(void *ctx, const XML_Char *element)
{
	reader *r = ctx;

	(void)element;
	if (r->err == KM_OK && !kmsdoc_is_faulty(r)) {
		if (r->ignored > 0)
			r->ignored--;
		else
			kmsdoc_end(r);
	}
	if (r->err == KM_OK && kmsdoc_is_faulty(r) && r->level == r->entry_level)
		kmsdoc_end_faulty(r);
	r->level--;
}

/* White space is collapsed, as XML Schema has it for every type that is read. */
static void collapse(reader *r, const char *text, size_t len)
{
	bool unused = (r->stack[r->depth - 1].rule->often & UNUSED) != 0;

	for (size_t i = 0; i < len; i++) {
		bool space = kmsdoc_is_space(text[i]);

		if (space && (r->len == 0 || r->text[r->len - 1] == ' '))
			continue;
		if (r->len == sizeof r->text) {
			if (!unused)
				kmsdoc_refuse(r, "too long");
			return;
		}
		r->text[r->len++] = space ? ' ' : text[i];
	}
}

static void on_text(void *ctx, const XML_Char *text, int len)
{
	reader *r = ctx;

	if (r->err != KM_OK || r->ignored > 0 || kmsdoc_is_faulty(r))
		return;
	if (r->stack[r->depth - 1].rule->is == LEAF) {
		collapse(r, text, (size_t)len);
		return;
	}
	for (int i = 0; i < len; i++) {
		if (!kmsdoc_is_space(text[i])) {
			kmsdoc_refuse(r, "text where only elements may stand");
			return;
		}
	}
}

static void on_doctype(void *ctx, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
		int has_internal_subset)
{
	reader *r = ctx;

	(void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
	kmsdoc_refuse_document(r, kmsdoc_line(r), NULL, "a document type declaration (DOCTYPE) is refused");
}

/* ---- documents ------------------------------------------------------------------------------- */

static void refuse_as_parsed(reader *r)
{
	const enum XML_Error error = XML_GetErrorCode(r->parser);
	char text[128];

	if (error == XML_ERROR_NO_MEMORY) {
		kmsdoc_refuse_memory(r);
		return;
	}
	if (error == XML_ERROR_UNKNOWN_ENCODING)
		snprintf(text, sizeof text, "in an encoding that is not known here: save it as UTF-8");
	else
		snprintf(text, sizeof text, "not well-formed XML: %s", error == XML_ERROR_INVALID_TOKEN ?
				"a character that may not stand there" : XML_ErrorString(error));
	kmsdoc_refuse_document(r, kmsdoc_line(r), NULL, text);
}

static void parse(reader *r, const char *xml, size_t len)
{
	void *copy = XML_GetBuffer(r->parser, (int)len);

	if (copy == NULL) {
		kmsdoc_refuse_memory(r);
		return;
	}
	memcpy(copy, xml, len);
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	XML_SetUnknownEncodingHandler(r->parser, kmsdoc_other_encoding, NULL);
	if (XML_ParseBuffer(r->parser, (int)len, XML_TRUE) != XML_STATUS_OK && r->err == KM_OK)
		refuse_as_parsed(r);
	if (r->err == KM_OK)
		kmsdoc_is_complete(r);
}

static void read_xml(reader *r, const char *xml, size_t len)
{
	char encoding[KMSDOC_ENCODING];
	kmsdoc_memory memory;

	if (!kmsdoc_encoding(encoding, xml, len)) {
		kmsdoc_refuse_document(r, 1, NULL, "not XML in UTF-8");
		return;
	}
	kmsdoc_memory_begin(&memory);
	r->parser = XML_ParserCreate_MM(encoding, &kmsdoc_memory_calls, &between);
	if (r->parser != NULL)
		parse(r, xml, len);
	else
		kmsdoc_refuse_memory(r);
	XML_ParserFree(r->parser);
	r->parser = NULL;
	kmsdoc_memory_end(&memory);
}

/* Where all that stands in it is bad, so is the document; but a cache is sent to everybody. */
static void refuse_all_faulty(reader *r)
{
	const kmsdoc *doc = r->doc;
	const char *first = NULL;
	size_t bad = 0;

	for (size_t i = 0; i < doc->n_certs; i++) {
		bad += doc->certs[i].fault[0] != '\0';
		if (i == 0)
			first = doc->certs[i].fault;
	}
	for (size_t i = 0; i < doc->n_keys; i++) {
		bad += doc->keys[i].fault[0] != '\0';
		if (first == NULL)
			first = doc->keys[i].fault;
	}
	if (first == NULL || doc->is_cache || bad < doc->n_certs + doc->n_keys)
		return;
	snprintf(r->why->text, sizeof r->why->text, "%s", first);
	r->err = KM_EFORMAT;
}

km_err kmsdoc_read(kmsdoc *doc, const char *xml, size_t len, const kmsdoc_how *how,
		km_complaint *why)
{
	reader *r = NULL;
	km_err err;

	*doc = (kmsdoc){ 0 };
	*why = (km_complaint){ 0 };
	if (!memlock_start() || len >= INT32_MAX / 4 || (r = sodium_malloc(sizeof *r)) == NULL) {
		complain(why, how->name, 0, NULL, km_strerror(KM_ENOMEM));
		return KM_ENOMEM;
	}
	*r = (reader){ .doc = doc, .how = how, .why = why, .depth = 1 };
	r->stack[0] = (frame){ .rule = &kmsdoc_document };
	read_xml(r, xml, len);
	if (r->err == KM_OK)
		refuse_all_faulty(r);
	err = r->err;
	if (err != KM_OK)
		kmsdoc_free(doc);
	sodium_free(r);
	return err;
}

void kmsdoc_free(kmsdoc *doc)
{
	sodium_free(doc->certs);
	sodium_free(doc->keys);
	sodium_free(doc->domains);
	*doc = (kmsdoc){ 0 };
}
