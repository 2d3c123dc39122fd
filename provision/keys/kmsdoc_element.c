/* kmsdoc_element.c -- the elements of a KMS document: which may stand where, what they begin and end, and what is
 * refused.
 *
 * The table of rules says which element may stand where.
 */
#include "kmsdoc_element.h"

#include <string.h>

#include <sodium.h>

#include "base/complain.h"
#include "base/hint.h"
#include "message/uri.h"

/* ---- complaints ------------------------------------------------------------------------------ */

int kmsdoc_line(const reader *r)
{
	return r->parser != NULL ? (int)XML_GetCurrentLineNumber(r->parser) : 0;
}

/* Refuse the document; always false. */
bool kmsdoc_refuse_document(reader *r, int line, const char *element, const char *text)
{
	if (r->err == KM_OK) {
		r->err = KM_EFORMAT;
		complain(r->why, r->how->name, line, element, text);
		if (r->parser != NULL)
			(void)XML_StopParser(r->parser, XML_FALSE);
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
	km_complaint said;

	if (r->entry == 0 && is_between_entries(r))
		remark(r, line, element, text);
	if (r->entry == 0)
		return is_between_entries(r) ? false : kmsdoc_refuse_document(r, line, element, text);
	complain(&said, r->how->name, line, element, text);
	complain_keep(r->fault, sizeof r->fault, &said);
	km_wipe(r->text, sizeof r->text);
	r->depth = r->entry;
	return false;
}

/* Refuse what stands in the element that is open. */
bool kmsdoc_refuse(reader *r, const char *text)
{
	const frame *top = &r->stack[r->depth - 1];

	return refuse_at(r, top->line, top->rule->name, text);
}

bool kmsdoc_refuse_memory(reader *r)
{
	kmsdoc_refuse_document(r, 0, NULL, km_strerror(KM_ENOMEM));
	r->err = KM_ENOMEM;
	return false;
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
	FIELD_AT(KEY_SET, "UserDecryptKey", ONCE | NEEDED | OPENS, kmsdoc_take_octets, keys.rsk,
		keys.rsk_line),
	FIELD_AT(KEY_SET, "UserSigningKeySSK", ONCE | NEEDED | SIGNS, kmsdoc_take_ssk, keys.ssk,
		keys.ssk_line),
	FIELD_AT(KEY_SET, "UserPubTokenPVT", ONCE | NEEDED | SIGNS, kmsdoc_take_octets, keys.pvt,
		keys.pvt_line),
};
enum { N_RULES = sizeof rules / sizeof *rules };
_Static_assert(N_RULES <= 64, "frame.seen has a bit for each");

const rule kmsdoc_document = BOX(DOCUMENT, "document", DOCUMENT, 0);

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

	memcpy(r->cert.fault, r->fault, sizeof r->fault);
	r->entry = 0;
	done = append(&array, &r->doc->n_certs, &r->room_certs, &r->cert, sizeof r->cert);
	r->doc->certs = array;
	return done || kmsdoc_refuse_memory(r);
}

static bool add_key_set(reader *r)
{
	void *array = r->doc->keys;
	bool done;

	memcpy(r->keys.fault, r->fault, sizeof r->fault);
	r->entry = 0;
	done = append(&array, &r->doc->n_keys, &r->room_keys, &r->keys, sizeof r->keys);
	r->doc->keys = array;
	km_wipe(&r->keys, sizeof r->keys);
	return done || kmsdoc_refuse_memory(r);
}

/* A certificate or key set with a fault ends: it is kept with its complaint. */
void kmsdoc_end_faulty(reader *r)
{
	bool is_cert = r->stack[r->entry - 1].rule->is == CERT;

	r->depth = r->entry - 1;
	if (is_cert ? add_cert(r) : add_key_set(r))
		r->fault[0] = '\0';
}

static bool end_cert(reader *r)
{
	if (r->cert.valid_from > r->cert.valid_to)
		return kmsdoc_refuse(r, "ValidTo lies before ValidFrom");
	return add_cert(r);
}

static bool end_key_set(reader *r)
{
	km_uri_fault fault = km_uri_check(r->keys.uri, strlen(r->keys.uri), 0);

	if (r->keys.valid_from > r->keys.valid_to)
		return kmsdoc_refuse(r, "ValidTo lies before ValidFrom");
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
	return done || kmsdoc_refuse_memory(r);
}

static bool end_error(reader *r)
{
	char text[sizeof r->error_code + sizeof r->error_text + 32];

	snprintf(text, sizeof text, "the KMS answered with an error: %s %s", r->error_code,
			r->error_text);
	return kmsdoc_refuse(r, text);
}

/* Is it of keys that nobody wants? */
static bool is_unwanted(const reader *r, const rule *known)
{
	uint32_t use = r->how->use == 0 ? KM_USE_SIGN | KM_USE_OPEN : r->how->use;

	return ((known->often & SIGNS) != 0 && (use & KM_USE_SIGN) == 0) ||
			((known->often & OPENS) != 0 && (use & KM_USE_OPEN) == 0);
}

/* A set that is wanted for both may be one that can only sign. */
static bool is_needed(const reader *r, const rule *known)
{
	return (known->often & NEEDED) != 0 && !is_unwanted(r, known) &&
			((known->often & OPENS) == 0 || r->how->use == KM_USE_OPEN);
}

/* Everything that must stand in the open element does. */
bool kmsdoc_is_complete(reader *r)
{
	const frame *top = &r->stack[r->depth - 1];
	bool choices = false;

	for (size_t i = 0; i < N_RULES; i++) {
		char text[64];

		if (rules[i].in != top->rule->is)
			continue;
		choices = choices || (rules[i].often & CHOICE) != 0;
		if (!is_needed(r, &rules[i]) || (top->seen >> i & 1) != 0)
			continue;
		snprintf(text, sizeof text, "%s is missing", rules[i].name);
		return kmsdoc_refuse(r, text);
	}
	return !choices || top->chosen || kmsdoc_refuse(r, "nothing that is known here stands in it");
}

/* The element that is open ends. */
bool kmsdoc_end(reader *r)
{
	const rule *top = r->stack[r->depth - 1].rule;

	if (top->is == LEAF) {
		const char *wrong = top->take((char *)r + top->field, top->size, r->text, r->len);

		if (wrong != NULL)
			return kmsdoc_refuse(r, wrong);
		if (top->in == DOMAINS && !end_domain(r))
			return false;
		km_wipe(r->text, sizeof r->text);
	} else if (!kmsdoc_is_complete(r) && (r->err != KM_OK || kmsdoc_is_faulty(r))) {
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
		return kmsdoc_refuse(r, "too deep");
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
	refuse_at(r, kmsdoc_line(r), element, text);
	if (r->err == KM_OK && !kmsdoc_is_faulty(r))
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
bool kmsdoc_begin(reader *r, const char *element, bool own)
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
			remark(r, kmsdoc_line(r), element, text);
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
	if (rules[i].is == IGNORED || is_unwanted(r, &rules[i])) {
		r->ignored = 1;
		return true;
	}
	return begin(r, &rules[i], kmsdoc_line(r));
}

void kmsdoc_refuse_namespace(reader *r, const char *element, const char *space, size_t len)
{
	char text[320];

	if (r->depth == 1 && !is_root(element)) {
		kmsdoc_refuse_document(r, kmsdoc_line(r), element, "no document of a KMS begins so: KmsResponse is wanted");
		return;
	}
	snprintf(text, sizeof text, "not in the namespace " KMS_NAMESPACE ", but in %.*s; %s takes it from any",
			len == 0 ? 4 : len < 160 ? (int)len : 160, len == 0 ? "none" : space, hint_name(HINT_NAMESPACES));
	refuse_element(r, element, text);
}
