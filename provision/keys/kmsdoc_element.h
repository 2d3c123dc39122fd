/* kmsdoc_element.h -- what a KMS document is read by: its elements, and what is refused. */
#ifndef KM_KMSDOC_ELEMENT_H
#define KM_KMSDOC_ELEMENT_H

#include <expat.h>

#include "kmsdoc.h"
#include "kmsdoc_value.h"

#define KMS_NAMESPACE "urn:3gpp:ns:mcsecKMSInterface:1.0"

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
	SIGNS = 16, OPENS = 32, /* for KM_USE_SIGN, KM_USE_OPEN alone */
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
	XML_Parser parser;
	frame stack[DEPTH_MAX];
	size_t depth;
	size_t ignored;         /* depth within an ignored element */
	size_t level;           /* of all elements that are open, known or not */
	size_t entry, entry_level;      /* depth and level of the open KmsCertificate or KmsKeySet; 0 */
	char fault[KMSDOC_FAULT];       /* what is wrong with it; its other elements are passed over then */
	kmsdoc_cert cert;       /* of the open KmsCertificate */
	kmsdoc_keys keys;       /* of the open KmsKeySet */
	kmsdoc_domain domain;
	char error_code[64], error_text[256];
	size_t room_certs, room_keys, room_domains;
	size_t len;             /* of text */
	char text[TEXT_MAX];
} reader;

/* A certificate or key set that is open has a fault. */
static inline bool kmsdoc_is_faulty(const reader *r)
{
	return r->fault[0] != '\0';
}

/* The outermost: documents stand in it. */
extern const rule kmsdoc_document;

/* Where the parser is. */
int kmsdoc_line(const reader *r);
/* Refuse the document; what stands in the element that is open, and with it the certificate or key set that
 * is open, or what lies between such; or all, for want of memory.  Always false. */
bool kmsdoc_refuse_document(reader *r, int line, const char *element, const char *text);
bool kmsdoc_refuse(reader *r, const char *text);
bool kmsdoc_refuse_memory(reader *r);

/* An element of the KMS's namespace, or where own is false of some other, begins in the open one. */
bool kmsdoc_begin(reader *r, const char *element, bool own);
/* An element of another namespace, of len octets (0: of none), begins where none may. */
void kmsdoc_refuse_namespace(reader *r, const char *element, const char *space, size_t len);
/* The element that is open ends. */
bool kmsdoc_end(reader *r);
/* A certificate or key set with a fault ends: it is kept with its complaint. */
void kmsdoc_end_faulty(reader *r);
/* Everything that must stand in the open element does; else it is refused. */
bool kmsdoc_is_complete(reader *r);

#endif
