/* kmsdoc.c -- the XML documents of a KMS (TS 33.180 Annex D), read.
 *
 * libxml2 gives events, no tree: key texts pass from our copy of the document through one buffer of
 * ours, and both are wiped.  The table of rules says which element may stand where.
 */
#include "kmsdoc.h"

#include <string.h>

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <sodium.h>

#include "complain.h"
#include "kmsdoc_text.h"
#include "kmsdoc_value.h"
#include "memlock.h"
#include "uri.h"

#define KMS_NAMESPACE "urn:3gpp:ns:mcsecKMSInterface:1.0"
#define XENC_NAMESPACE "http://www.w3.org/2001/04/xmlenc#"

enum {
	TEXT_MAX = 4096,        /* octets of an element's text, white space collapsed */
	DEPTH_MAX = 8,          /* known elements, one in the other: six and the document */
};

/* What an element is, and so what may stand in it. */
typedef enum {
	DOCUMENT, SIGNED_RESPONSE, RESPONSE, MESSAGE, INIT, CERT_CACHE, KEY_PROV, SIGNED_CERT, CERT,
	KEY_SET, DOMAINS, ERROR_ANSWER, LEAF, IGNORED,
} element_kind;

/* How often an element stands in its parent, where it may not stand any number of times. */
enum {
	ONCE = 1,
	NEEDED = 2,
	CHOICE = 4,             /* exactly one of the parent's choices */
	UNUSED = 8,             /* nobody goes by it: anything may stand in it */
};

typedef struct {
	element_kind in;
	const char *name;
	element_kind is;
	unsigned often;
	kmsdoc_take *take;              /* of a LEAF */
	size_t field, size, line;       /* in reader */
} rule;

/* An element that is open. */
typedef struct {
	const rule *rule;
	int line;
	uint64_t seen;          /* bit i: rules[i] */
	bool chosen;
} frame;

/* Lives in locked memory: text, keys and doc->keys hold secrets. */
typedef struct {
	kmsdoc *doc;
	const kmsdoc_how *how;
	km_complaint *why;
	km_err err;             /* the first error; nothing more is taken then */
	xmlParserCtxt *parser;
	frame stack[DEPTH_MAX];
	size_t depth;
	size_t ignored;         /* depth within an ignored element */
	size_t level;           /* of all elements that are open, known or not */
	size_t entry, entry_level;      /* depth and level of the open KmsCertificate or KmsKeySet; 0 */
	km_complaint fault;     /* what is wrong with it; its other elements are passed over then */
	kmsdoc_cert cert;       /* of the open KmsCertificate */
	kmsdoc_keys keys;       /* of the open KmsKeySet */
	kmsdoc_domain domain;
	char error_code[64], error_text[256];
	size_t room_certs, room_keys, room_domains;
	size_t len;             /* of text */
	char text[TEXT_MAX];
} reader;

/* ---- complaints ------------------------------------------------------------------------------ */

static int line_now(const reader *r)
{
	return r->parser != NULL && r->parser->input != NULL ? r->parser->input->line : 0;
}

/* Refuse the document; always false. */
static bool refuse_document(reader *r, int line, const char *element, const char *text)
{
	if (r->err == KM_OK) {
		r->err = KM_EFORMAT;
		complain(r->why, r->how->name, line, element, text);
		if (r->parser != NULL)
			xmlStopParser(r->parser);
	}
	return false;
}

static void remark(const reader *r, int line, const char *element, const char *text)
{
	km_complaint said;

	if (r->how->remark == NULL)
		return;
	complain(&said, r->how->name, line, element, text);
	r->how->remark(r->how->ctx, said.text);
}

/* Does it stand between the certificates of a cache, or between key sets? */
static bool is_between_entries(const reader *r)
{
	for (size_t i = 0; i < r->depth; i++) {
		if (r->stack[i].rule->is == CERT_CACHE || r->stack[i].rule->is == KEY_PROV)
			return true;
	}
	return false;
}

/* Refuse the open certificate or key set; what stands between them is passed over, that the others stand;
 * else refuse the document; always false. */
static bool refuse_at(reader *r, int line, const char *element, const char *text)
{
	if (r->entry == 0 && is_between_entries(r))
		remark(r, line, element, text);
	if (r->entry == 0)
		return is_between_entries(r) ? false : refuse_document(r, line, element, text);
	complain(&r->fault, r->how->name, line, element, text);
	km_wipe(r->text, sizeof r->text);
	r->depth = r->entry;
	return false;
}

/* Refuse what stands in the element that is open. */
static bool refuse(reader *r, const char *text)
{
	const frame *top = &r->stack[r->depth - 1];

	return refuse_at(r, top->line, top->rule->name, text);
}

static bool refuse_memory(reader *r)
{
	refuse_document(r, 0, NULL, km_strerror(KM_ENOMEM));
	r->err = KM_ENOMEM;
	return false;
}

static bool is_faulty(const reader *r)
{
	return r->fault.text[0] != '\0';
}

/* ---- which element may stand where ----------------------------------------------------------- */

#define BOX(in, name, is, often) { in, name, is, often, NULL, 0, 0, 0 }
#define FIELD(in, name, often, take, part) \
	{ in, name, LEAF, often, take, offsetof(reader, part), sizeof(((reader *)0)->part), 0 }
#define FIELD_AT(in, name, often, take, part, line) \
	{ in, name, LEAF, often, take, offsetof(reader, part), sizeof(((reader *)0)->part), \
	  offsetof(reader, line) }

static const rule rules[] = {
	BOX(DOCUMENT, "SignedKmsResponse", SIGNED_RESPONSE, CHOICE),
	BOX(DOCUMENT, "KmsResponse", RESPONSE, CHOICE),
	BOX(DOCUMENT, "KmsInit", INIT, CHOICE),
	BOX(DOCUMENT, "KmsCertCache", CERT_CACHE, CHOICE),
	BOX(DOCUMENT, "KmsKeyProv", KEY_PROV, CHOICE),
	BOX(DOCUMENT, "SignedKmsCertificate", SIGNED_CERT, CHOICE),
	BOX(DOCUMENT, "KmsCertificate", CERT, CHOICE),
	BOX(DOCUMENT, "KmsKeySet", KEY_SET, CHOICE),
	BOX(SIGNED_RESPONSE, "KmsResponse", RESPONSE, ONCE | NEEDED),
	BOX(RESPONSE, "UserUri", IGNORED, ONCE),
	BOX(RESPONSE, "KmsUri", IGNORED, ONCE),
	BOX(RESPONSE, "Time", IGNORED, ONCE),
	BOX(RESPONSE, "KmsId", IGNORED, ONCE),
	BOX(RESPONSE, "ClientReqUrl", IGNORED, ONCE),
	BOX(RESPONSE, "CertUpdateInd", IGNORED, 0),
	BOX(RESPONSE, "KmsMessage", MESSAGE, ONCE),
	BOX(RESPONSE, "KmsError", ERROR_ANSWER, ONCE),
	FIELD(ERROR_ANSWER, "ErrorCode", ONCE, kmsdoc_take_text, error_code),
	FIELD(ERROR_ANSWER, "ErrorMsg", ONCE, kmsdoc_take_text, error_text),
	BOX(MESSAGE, "KmsInit", INIT, CHOICE),
	BOX(MESSAGE, "KmsKeyProv", KEY_PROV, CHOICE),
	BOX(MESSAGE, "KmsCertCache", CERT_CACHE, CHOICE),
	BOX(INIT, "KmsCertificate", CERT, CHOICE),
	BOX(INIT, "SignedKmsCertificate", SIGNED_CERT, CHOICE),
	BOX(INIT, "NewTransportKey", IGNORED, 0),
	BOX(INIT, "NewIntegrityKey", IGNORED, 0),
	BOX(CERT_CACHE, "SignedKmsCertificate", SIGNED_CERT, 0),
	BOX(CERT_CACHE, "KmsCertificate", CERT, 0),
	BOX(SIGNED_CERT, "KmsCertificate", CERT, ONCE | NEEDED),
	BOX(CERT, "CertUri", IGNORED, ONCE),
	FIELD(CERT, "KmsUri", ONCE | NEEDED, kmsdoc_take_uri, cert.uri),
	BOX(CERT, "Issuer", IGNORED, ONCE),
	FIELD(CERT, "ValidFrom", ONCE, kmsdoc_take_time, cert.valid_from),
	FIELD(CERT, "ValidTo", ONCE, kmsdoc_take_time, cert.valid_to),
	FIELD(CERT, "Revoked", ONCE, kmsdoc_take_bool, cert.revoked),
	FIELD(CERT, "UserIdFormat", ONCE | NEEDED, kmsdoc_take_two, text),
	FIELD(CERT, "UserKeyPeriod", ONCE | NEEDED, kmsdoc_take_period, cert.period),
	FIELD(CERT, "UserKeyOffset", ONCE | NEEDED, kmsdoc_take_number, cert.offset),
	FIELD_AT(CERT, "PubEncKey", ONCE | NEEDED, kmsdoc_take_octets, cert.z, cert.z_line),
	FIELD_AT(CERT, "PubAuthKey", ONCE | NEEDED, kmsdoc_take_octets, cert.kpak,
		cert.kpak_line),
	FIELD(CERT, "ParameterSet", ONCE, kmsdoc_take_one, text),
	BOX(CERT, "KmsDomainList", DOMAINS, ONCE),
	FIELD(DOMAINS, "KmsDomain", 0, kmsdoc_take_text, domain.name),
	BOX(KEY_PROV, "KmsKeySet", KEY_SET, 0),
	BOX(KEY_PROV, "NewTransportKey", IGNORED, 0),
	BOX(KEY_PROV, "NewIntegrityKey", IGNORED, 0),
	FIELD_AT(KEY_SET, "KmsUri", ONCE | NEEDED, kmsdoc_take_uri, keys.kms_uri, keys.kms_line),
	BOX(KEY_SET, "CertUri", IGNORED, ONCE),
	BOX(KEY_SET, "Issuer", IGNORED, ONCE),
	FIELD_AT(KEY_SET, "UserUri", ONCE | NEEDED, kmsdoc_take_uri, keys.uri, keys.uri_line),
	FIELD_AT(KEY_SET, "UserID", ONCE | UNUSED, kmsdoc_take_uid, keys.uid, keys.uid_line),
	FIELD(KEY_SET, "ValidFrom", ONCE, kmsdoc_take_time, keys.valid_from),
	FIELD(KEY_SET, "ValidTo", ONCE, kmsdoc_take_time, keys.valid_to),
	FIELD(KEY_SET, "KeyPeriodNo", ONCE | NEEDED, kmsdoc_take_number, keys.period_no),
	FIELD(KEY_SET, "Revoked", ONCE, kmsdoc_take_bool, keys.revoked),
	FIELD_AT(KEY_SET, "UserDecryptKey", ONCE, kmsdoc_take_octets, keys.rsk,
		keys.rsk_line),
	FIELD_AT(KEY_SET, "UserSigningKeySSK", ONCE | NEEDED, kmsdoc_take_ssk, keys.ssk,
		keys.ssk_line),
	FIELD_AT(KEY_SET, "UserPubTokenPVT", ONCE | NEEDED, kmsdoc_take_octets, keys.pvt,
		keys.pvt_line),
};
enum { N_RULES = sizeof rules / sizeof *rules };
_Static_assert(N_RULES <= 64, "frame.seen has a bit for each");

static const rule document = BOX(DOCUMENT, "document", DOCUMENT, 0);

/* ---- elements begin and end ------------------------------------------------------------------ */

/* Append record to an array in locked memory. */
static bool append(void **array, size_t *n, size_t *room, const void *record, size_t size)
{
	if (*n == *room) {
		size_t more = *room == 0 ? 1 : 2 * *room;
		void *bigger = sodium_allocarray(more, size);

		if (bigger == NULL)
			return false;
		if (*n > 0)
			memcpy(bigger, *array, *n * size);
		sodium_free(*array);
		*array = bigger;
		*room = more;
	}
	memcpy((char *)*array + *n * size, record, size);
	++*n;
	return true;
}

static bool add_cert(reader *r)
{
	void *array = r->doc->certs;
	bool done;

	r->cert.fault = r->fault;
	r->entry = 0;
	done = append(&array, &r->doc->n_certs, &r->room_certs, &r->cert, sizeof r->cert);
	r->doc->certs = array;
	return done || refuse_memory(r);
}

static bool add_key_set(reader *r)
{
	void *array = r->doc->keys;
	bool done;

	r->keys.fault = r->fault;
	r->entry = 0;
	done = append(&array, &r->doc->n_keys, &r->room_keys, &r->keys, sizeof r->keys);
	r->doc->keys = array;
	km_wipe(&r->keys, sizeof r->keys);
	return done || refuse_memory(r);
}

/* A certificate or key set with a fault ends: it is kept with its complaint. */
static void end_faulty(reader *r)
{
	bool is_cert = r->stack[r->entry - 1].rule->is == CERT;

	r->depth = r->entry - 1;
	if (is_cert ? add_cert(r) : add_key_set(r))
		r->fault.text[0] = '\0';
}

static bool end_cert(reader *r)
{
	if (r->cert.valid_from > r->cert.valid_to)
		return refuse(r, "ValidTo lies before ValidFrom");
	return add_cert(r);
}

static bool end_key_set(reader *r)
{
	km_uri_fault fault = km_uri_check(r->keys.uri, strlen(r->keys.uri), 0);

	if (r->keys.valid_from > r->keys.valid_to)
		return refuse(r, "ValidTo lies before ValidFrom");
	if (fault != KM_URI_OK)
		remark(r, r->keys.uri_line, "UserUri", km_uri_fault_text(fault));
	return add_key_set(r);
}

/* A domain of the certificate that will stand next in the document. */
static bool end_domain(reader *r)
{
	void *array = r->doc->domains;
	char *name = r->domain.name, text[200];
	size_t len, dots;
	bool done;

	r->domain.cert = r->doc->n_certs;
	if (*name == '\0')
		return true;
	dots = strspn(name, *name == '*' && name[1] == '.' ? "*." : ".");
	memmove(name, name + dots, strlen(name + dots) + 1);
	for (len = strlen(name); len > 0 && name[len - 1] == '.'; len--)
		name[len - 1] = '\0';
	if (!uri_is_host((km_str){ name, len })) {
		snprintf(text, sizeof text, "not the name of a host or of a domain (%.100s): no member is of it",
				r->text);
		remark(r, r->stack[r->depth - 1].line, "KmsDomain", text);
		return true;
	}
	done = append(&array, &r->doc->n_domains, &r->room_domains, &r->domain, sizeof r->domain);
	r->doc->domains = array;
	return done || refuse_memory(r);
}

static bool end_error(reader *r)
{
	char text[sizeof r->error_code + sizeof r->error_text + 32];

	snprintf(text, sizeof text, "the KMS answered with an error: %s %s", r->error_code,
			r->error_text);
	return refuse(r, text);
}

/* Everything that must stand in the open element does. */
static bool is_complete(reader *r)
{
	const frame *top = &r->stack[r->depth - 1];
	bool choices = false;

	for (size_t i = 0; i < N_RULES; i++) {
		char text[64];

		if (rules[i].in != top->rule->is)
			continue;
		choices = choices || (rules[i].often & CHOICE) != 0;
		if ((rules[i].often & NEEDED) == 0 || (top->seen >> i & 1) != 0)
			continue;
		snprintf(text, sizeof text, "%s is missing", rules[i].name);
		return refuse(r, text);
	}
	return !choices || top->chosen || refuse(r, "nothing that is known here stands in it");
}

/* The element that is open ends. */
static bool end(reader *r)
{
	const rule *top = r->stack[r->depth - 1].rule;

	if (top->is == LEAF) {
		const char *wrong = top->take((char *)r + top->field, top->size, r->text, r->len);

		if (wrong != NULL)
			return refuse(r, wrong);
		if (top->in == DOMAINS && !end_domain(r))
			return false;
		km_wipe(r->text, sizeof r->text);
	} else if (!is_complete(r) && (r->err != KM_OK || is_faulty(r))) {
		return false;
	}
	if ((top->is == CERT && !end_cert(r)) || (top->is == KEY_SET && !end_key_set(r)) ||
	    (top->is == ERROR_ANSWER && !end_error(r)))
		return false;
	r->depth--;
	return true;
}

/* A known element begins. */
static bool begin(reader *r, const rule *known, int line)
{
	if (r->depth == DEPTH_MAX)
		return refuse(r, "too deep");
	r->stack[r->depth++] = (frame){ .rule = known, .line = line };
	if (known->line != 0)
		*(int *)((char *)r + known->line) = line;
	if (known->is == CERT || known->is == KEY_SET) {
		r->entry = r->depth;
		r->entry_level = r->level;
	}
	if (known->is == CERT)
		r->cert = (kmsdoc_cert){ .line = line, .valid_from = INT64_MIN,
				.valid_to = INT64_MAX };
	else if (known->is == KEY_SET)
		r->keys = (kmsdoc_keys){ .line = line, .valid_from = INT64_MIN,
				.valid_to = INT64_MAX };
	else if (known->is == CERT_CACHE)
		r->doc->is_cache = true;
	r->len = 0;
	return true;
}

/* Is it a name that is known, but not here? */
static bool is_misplaced(const reader *r, const char *element)
{
	bool known = r->depth == 1;

	for (size_t i = 0; i < N_RULES; i++)
		known = known || strcmp(rules[i].name, element) == 0;
	return known;
}

/* Refuse an element that begins, and where that ends nothing pass it over; always false. */
static bool refuse_element(reader *r, const char *element, const char *text)
{
	refuse_at(r, line_now(r), element, text);
	if (r->err == KM_OK && !is_faulty(r))
		r->ignored = 1;
	return false;
}

static bool is_root(const char *element)
{
	for (size_t i = 0; i < N_RULES; i++) {
		if (rules[i].in == DOCUMENT && strcmp(rules[i].name, element) == 0)
			return true;
	}
	return false;
}

/* An element of the KMS's namespace in the open one.  Annex D grows: a new element is passed over. */
static bool begin_known(reader *r, const char *element, bool own)
{
	frame *top = &r->stack[r->depth - 1];
	char text[96];
	size_t i = 0;

	while (i < N_RULES && (rules[i].in != top->rule->is || strcmp(rules[i].name, element) != 0))
		i++;
	if (i == N_RULES && (!own || !is_misplaced(r, element))) {
		snprintf(text, sizeof text, "not an element of %s that is known; it is not used",
				top->rule->name);
		if (own)
			remark(r, line_now(r), element, text);
		r->ignored = 1;
		return true;
	}
	if (i == N_RULES) {
		snprintf(text, sizeof text, "not an element of %s", top->rule->name);
		return refuse_element(r, element, text);
	}
	if (((rules[i].often & ONCE) != 0 && (top->seen >> i & 1) != 0) ||
	    ((rules[i].often & CHOICE) != 0 && top->chosen)) {
		snprintf(text, sizeof text, "one too many in %s", top->rule->name);
		return refuse_element(r, element, text);
	}
	top->seen |= UINT64_C(1) << i;
	top->chosen = top->chosen || (rules[i].often & CHOICE) != 0;
	if (rules[i].is == IGNORED) {
		r->ignored = 1;
		return true;
	}
	return begin(r, &rules[i], line_now(r));
}

static void refuse_namespace(reader *r, const char *element, const char *space)
{
	char text[320];

	if (r->depth == 1 && !is_root(element)) {
		refuse_document(r, line_now(r), element, "no document of a KMS begins so: KmsResponse is wanted");
		return;
	}
	snprintf(text, sizeof text, "not in the namespace " KMS_NAMESPACE ", but in %s%.160s; --lax-ns"
			" takes it from any", *space == '\0' ? "none" : "", space);
	refuse_element(r, element, text);
}

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
	if (r->err != KM_OK || is_faulty(r))
		return;
	if (r->ignored > 0)
		r->ignored++;
	else if (top->rule->is == LEAF && (top->rule->often & UNUSED) != 0)
		r->ignored = 1;
	else if (top->rule->is == LEAF && strcmp(space, XENC_NAMESPACE) == 0)
		refuse(r, "encrypted key content (xenc:EncryptedKey) is not supported");
	else if (top->rule->is == LEAF)
		refuse(r, "an element where only text may stand");
	else if (own || r->how->lax_ns)
		begin_known(r, name, own || r->depth == 1);
	else if (r->depth == 1 || uri == NULL)
		refuse_namespace(r, name, space);
	else
		r->ignored = 1;
}

static void on_end(void *ctx, const xmlChar *element, const xmlChar *prefix, const xmlChar *uri)
{
	reader *r = ctx;

	(void)element, (void)prefix, (void)uri;
	if (r->err == KM_OK && !is_faulty(r)) {
		if (r->ignored > 0)
			r->ignored--;
		else
			end(r);
	}
	if (r->err == KM_OK && is_faulty(r) && r->level == r->entry_level)
		end_faulty(r);
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
				refuse(r, "too long");
			return;
		}
		r->text[r->len++] = space ? ' ' : text[i];
	}
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
	reader *r = ctx;

	if (r->err != KM_OK || r->ignored > 0 || is_faulty(r))
		return;
	if (r->stack[r->depth - 1].rule->is == LEAF) {
		collapse(r, (const char *)text, (size_t)len);
		return;
	}
	for (int i = 0; i < len; i++) {
		if (!kmsdoc_is_space((char)text[i])) {
			refuse(r, "text where only elements may stand");
			return;
		}
	}
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *public_id,
		const xmlChar *system_id)
{
	reader *r = ctx;

	(void)name, (void)public_id, (void)system_id;
	refuse_document(r, line_now(r), NULL, "a document type declaration (DOCTYPE) is refused");
}

static void on_error(void *ctx, xmlError *error)
{
	reader *r = ctx;
	char text[128];

	if (error->level < XML_ERR_ERROR || r->err != KM_OK)
		return;
	if (error->code == XML_ERR_NO_MEMORY) {
		refuse_memory(r);
		return;
	}
	snprintf(text, sizeof text, "not well-formed XML: %s",
			error->message == NULL ? "" : error->message);
	text[strcspn(text, "\n")] = '\0';
	refuse_document(r, error->line, NULL, text);
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
		refuse_memory(r);
		return;
	}
	xmlParseDocument(r->parser);
	if (r->parser->wellFormed == 0)
		refuse_document(r, 0, NULL, "not well-formed XML");
	if (r->err == KM_OK)
		is_complete(r);
}

static void read_copy(reader *r, const char *copy)
{
	r->parser = xmlNewParserCtxt();
	if (r->parser == NULL) {
		refuse_memory(r);
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
	const km_complaint *first = NULL;
	size_t bad = 0;

	for (size_t i = 0; i < doc->n_certs; i++) {
		bad += doc->certs[i].fault.text[0] != '\0';
		if (i == 0)
			first = &doc->certs[i].fault;
	}
	for (size_t i = 0; i < doc->n_keys; i++) {
		bad += doc->keys[i].fault.text[0] != '\0';
		if (first == NULL)
			first = &doc->keys[i].fault;
	}
	if (first == NULL || doc->is_cache || bad < doc->n_certs + doc->n_keys)
		return;
	*r->why = *first;
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
	r->stack[0] = (frame){ .rule = &document };
	copy = kmsdoc_utf8(xml, len, &wrong);
	if (copy != NULL)
		read_copy(r, copy);
	else if (wrong != km_strerror(KM_ENOMEM))
		refuse_document(r, 1, NULL, wrong);
	else
		refuse_memory(r);
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
