/* kmsdoc.c -- the XML documents of a KMS (TS 33.180 Annex D), read.
 *
 * libxml2 gives events, no tree: key texts pass from our copy of the document through one buffer of
 * ours, and both are wiped.
 */
#include "kmsdoc.h"

#include <string.h>

#include <libxml/parserInternals.h>
#include <sodium.h>

#include "base/complain.h"
#include "kmsdoc_element.h"
#include "kmsdoc_text.h"
#include "base/memlock.h"

#define XENC_NAMESPACE "http://www.w3.org/2001/04/xmlenc#"

/* ---- libxml2's events ------------------------------------------------------------------------ */

static void on_start(void *ctx, const xmlChar *element, const xmlChar *prefix, const xmlChar *uri,
		int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
		const xmlChar **attributes)
{
	reader *r = ctx;
	const frame *top = &r->stack[r->depth - 1];
	const char *name = (const char *)element;
	const char *space = uri == NULL ? "" : (const char *)uri;
	bool own = strcmp(space, KMS_NAMESPACE) == 0;

	(void)prefix, (void)n_namespaces, (void)namespaces;
	(void)n_attributes, (void)n_defaulted, (void)attributes;
	r->level++;
	if (r->err != KM_OK || kmsdoc_is_faulty(r))
		return;
	if (r->ignored > 0)
		r->ignored++;
	else if (top->rule->is == LEAF && (top->rule->often & UNUSED) != 0)
		r->ignored = 1;
	else if (top->rule->is == LEAF && strcmp(space, XENC_NAMESPACE) == 0)
		kmsdoc_refuse(r, "encrypted key content (xenc:EncryptedKey) is not supported");
	else if (top->rule->is == LEAF)
		kmsdoc_refuse(r, "an element where only text may stand");
	else if (own || r->how->lax_ns)
		kmsdoc_begin(r, name, own || r->depth == 1);
	else if (r->depth == 1 || uri == NULL)
		kmsdoc_refuse_namespace(r, name, space);
	else
		r->ignored = 1;
}

static void on_end(void *ctx, const xmlChar *element, const xmlChar *prefix, const xmlChar *uri)
{
	reader *r = ctx;

	(void)element, (void)prefix, (void)uri;
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

static void on_text(void *ctx, const xmlChar *text, int len)
{
	reader *r = ctx;

	if (r->err != KM_OK || r->ignored > 0 || kmsdoc_is_faulty(r))
		return;
	if (r->stack[r->depth - 1].rule->is == LEAF) {
		collapse(r, (const char *)text, (size_t)len);
		return;
	}
	for (int i = 0; i < len; i++) {
		if (!kmsdoc_is_space((char)text[i])) {
			kmsdoc_refuse(r, "text where only elements may stand");
			return;
		}
	}
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *public_id,
		const xmlChar *system_id)
{
	reader *r = ctx;

	(void)name, (void)public_id, (void)system_id;
	kmsdoc_refuse_document(r, kmsdoc_line(r), NULL, "a document type declaration (DOCTYPE) is refused");
}

static void on_error(void *ctx, xmlError *error)
{
	reader *r = ctx;
	char text[128];

	if (error->level < XML_ERR_ERROR || r->err != KM_OK)
		return;
	if (error->code == XML_ERR_NO_MEMORY) {
		kmsdoc_refuse_memory(r);
		return;
	}
	snprintf(text, sizeof text, "not well-formed XML: %s",
			error->message == NULL ? "" : error->message);
	text[strcspn(text, "\n")] = '\0';
	kmsdoc_refuse_document(r, error->line, NULL, text);
}

/* ---- documents ------------------------------------------------------------------------------- */

/* Parse r's copy of the document in place.  An input from a string has no buffer: libxml2 neither
 * copies nor moves what it reads. */
static void parse(reader *r, const char *copy)
{
	xmlParserInput *input = xmlNewStringInputStream(r->parser, (const xmlChar *)copy);

	if (input == NULL || inputPush(r->parser, input) < 0) {
		if (input != NULL)
			xmlFreeInputStream(input);
		kmsdoc_refuse_memory(r);
		return;
	}
	xmlParseDocument(r->parser);
	if (r->parser->wellFormed == 0)
		kmsdoc_refuse_document(r, 0, NULL, "not well-formed XML");
	if (r->err == KM_OK)
		kmsdoc_is_complete(r);
}

static void read_copy(reader *r, const char *copy)
{
	r->parser = xmlNewParserCtxt();
	if (r->parser == NULL) {
		kmsdoc_refuse_memory(r);
		return;
	}
	*r->parser->sax = (xmlSAXHandler){
		.initialized = XML_SAX2_MAGIC,
		.internalSubset = on_doctype,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.ignorableWhitespace = on_text,
		.cdataBlock = on_text,
		.serror = on_error,
	};
	r->parser->userData = r;
	xmlCtxtUseOptions(r->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	parse(r, copy);
	xmlFreeParserCtxt(r->parser);
	xmlResetLastError();
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
	const char *wrong = km_strerror(KM_ENOMEM);
	reader *r = NULL;
	char *copy = NULL;
	km_err err = KM_ENOMEM;

	*doc = (kmsdoc){ 0 };
	*why = (km_complaint){ 0 };
	if (!memlock_start() || len >= INT32_MAX / 4 || (r = sodium_malloc(sizeof *r)) == NULL) {
		complain(why, how->name, 0, NULL, wrong);
		return KM_ENOMEM;
	}
	*r = (reader){ .doc = doc, .how = how, .why = why, .depth = 1 };
	r->stack[0] = (frame){ .rule = &kmsdoc_document };
	copy = kmsdoc_utf8(xml, len, &wrong);
	if (copy != NULL)
		read_copy(r, copy);
	else if (wrong != km_strerror(KM_ENOMEM))
		kmsdoc_refuse_document(r, 1, NULL, wrong);
	else
		kmsdoc_refuse_memory(r);
	if (r->err == KM_OK)
		refuse_all_faulty(r);
	err = r->err;
	if (err != KM_OK)
		kmsdoc_free(doc);
	sodium_free(copy);
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
