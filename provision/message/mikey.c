/* mikey.c -- an I_MESSAGE taken apart by one strict reader, which can also go on and say what it saw. */
#include "mikey.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/complain.h"
#include "base/hint.h"
#include "base/word.h"

enum {
	DATA_TYPE_ERROR = 6, DATA_TYPE_SAKKE = 26, ECCSI_STYPE = 2, PRF_HMAC_SHA_256 = 1, ID_URI = 1,
	ID_BYTES = 2,
};

typedef struct {
	reader r;
	mikey_msg *m;
	const uint8_t *msg;
	const mikey_watch *watch;
	unsigned compat;
	bool refused;
	int rank;                   /* of the last payload in the order of E.1.2 */
	bool once[MIKEY_SAKKE + 1];
} parser;

/* ---- names ------------------------------------------------------------------------------------ */

const char *mikey_data_type(uint8_t type)
{
	static const char *const names[] = {
		"PSK", "PSK ver", "PK", "PK ver", "DH init", "DH resp", "Error", [11] = "TICKET request",
		"TICKET request", "TICKET request", "TICKET response", "TICKET response",
		"TICKET response", "TICKET transfer", "TICKET transfer", [DATA_TYPE_SAKKE] = "SAKKE",
	};

	return type < sizeof names / sizeof *names && names[type] ? names[type] : "unknown";
}

const char *mikey_payload(int payload)
{
	static const char *const names[] = {
		"Last", "KEMAC", "PKE", "DH", "SIGN", "T", "ID", "CERT", "CHASH", "V", "SP", "RAND",
		"ERR", "TR", "IDR", "RANDR", "TP", "TICKET", [20] = "Key data", "GENEXT",
		[MIKEY_SAKKE] = "SAKKE",
	};

	if (payload < 0)
		return "HDR";
	return payload <= MIKEY_SAKKE && names[payload] ? names[payload] : "?";
}

static const char *error_name(unsigned number)
{
	static const char *const names[] = {
		"Auth failure", "Invalid TS", "Invalid PRF", "Invalid MAC", "Invalid EA", "Invalid HA",
		"Invalid DH", "Invalid ID", "Invalid Cert", "Invalid SP", "Invalid SPpar", "Invalid DT",
		"Unspecified error", "Unsupported message type",
	};

	return number < sizeof names / sizeof *names ? names[number] : "not known";
}

const char *mikey_purpose(uint32_t key_id)
{
	static const char *const names[16] = {"GMK", "PCK", "CSK", "SPK", "MKFC", "MSCCK", "MuSiK"};
	const char *name = names[key_id >> 28];

	return name ? name : "not defined";
}

/* ---- what is not as it should be ---------------------------------------------------------------- */

/* Before the name of what does. */
static const char lets_through[] = ": it is let through by ";

__attribute__((format(printf, 4, 5)))
static void deviates(parser *p, const uint8_t *at, bool refused, const char *format, ...)
{
	char text[160];
	va_list args;

	if (p->r.bad)
		return; /* what was read since is nothing */
	p->refused = p->refused || refused;
	if (!p->watch) {
		p->r.bad = refused;
		return;
	}
	if (!p->watch->deviation)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	p->watch->deviation(p->watch->ctx, (size_t)(at - p->msg), refused, text);
}

/* ---- payloads ----------------------------------------------------------------------------------- */

static void read_generic_cs(reader *r)
{
	uint8_t policies;

	reader_number(r, 2); /* CS ID, protocol */
	policies = (uint8_t)reader_number(r, 1) & 0x7f;
	reader_take(r, policies);
	reader_counted(r, 2); /* session data */
	reader_counted(r, 1); /* SPI */
}

static void read_map(parser *p)
{
	reader *r = &p->r;
	mikey_msg *m = p->m;
	const uint8_t *map;

	m->n_cs = (uint8_t)reader_number(r, 1);
	m->map_type = (uint8_t)reader_number(r, 1);
	map = r->at;
	if (m->map_type > KM_MAP_GENERIC) {
		deviates(p, map - 1, true, "CS ID map type %u is not known", m->map_type);
		r->bad = true; /* its length is not known either */
	}
	if (m->map_type == KM_MAP_EMPTY && m->n_cs)
		deviates(p, map - 2, true, "#CS %u with CS ID map type 1, which is empty", m->n_cs);
	if (m->map_type == 0)
		reader_take(r, (size_t)9 * m->n_cs); /* policy, SSRC, ROC */
	for (int i = 0; m->map_type == KM_MAP_GENERIC && i < m->n_cs && !r->bad; i++)
		read_generic_cs(r);
	m->map = (octets){map, (size_t)(r->at - map)};
	if (m->map_type == 0)
		deviates(p, map - 1, false, "CS ID map type 0 (SRTP-ID), where TS 33.180 has 1 or 2");
	else if (m->map_type == KM_MAP_GENERIC && !m->n_cs)
		deviates(p, map - 2, false, "#CS 0 with CS ID map type 2");
}

static int read_header(parser *p)
{
	reader *r = &p->r;
	mikey_msg *m = p->m;
	uint8_t version = (uint8_t)reader_number(r, 1);
	int next;

	if (version != 1)
		deviates(p, p->msg, true, "version %u, where MIKEY has 1", version);
	m->data_type = (uint8_t)reader_number(r, 1);
	if (m->data_type != DATA_TYPE_SAKKE)
		deviates(p, r->at - 1, true, "data type %u (%s), where a MIKEY-SAKKE I_MESSAGE has 26",
				m->data_type, mikey_data_type(m->data_type));
	next = (int)reader_number(r, 1);
	m->prf = (uint8_t)reader_number(r, 1);
	if (m->prf & 0x80)
		deviates(p, r->at - 1, false, "the V flag is set, where RFC 6509 has 0");
	m->prf &= 0x7f;
	if (m->prf != PRF_HMAC_SHA_256)
		deviates(p, r->at - 1, m->prf != 0 || !(p->compat & KM_COMPAT_PRF_0),
				"PRF func %u, where TS 36.579-1 has 1 (PRF-HMAC-SHA-256)%s%s", m->prf,
				m->prf == 0 ? lets_through : "", m->prf == 0 ? hint_name(HINT_PRF_0) : "");
	m->csb_id = (uint32_t)reader_number(r, 4);
	if (m->csb_id >> 28)
		deviates(p, r->at - 4, false, "purpose tag %u (%s), where a GMK has 0",
				(unsigned)(m->csb_id >> 28), mikey_purpose(m->csb_id));
	read_map(p);
	return next;
}

static void read_t(parser *p)
{
	reader *r = &p->r;
	const uint8_t *at = r->at;
	uint8_t type = (uint8_t)reader_number(r, 1);
	uint64_t ntp64;

	if (type > 1) { /* NTP-UTC, NTP */
		deviates(p, at, true, "TS type %u, where RFC 6509 has 0 or 1", type);
		reader_number(r, 4); /* types 2 and 3 have 32 bits */
		p->r.bad = p->r.bad || type > 3;
		return;
	}
	if (type == 1)
		deviates(p, at, false, "TS type 1 (NTP), where TS 33.180 has 0 (NTP-UTC)");
	ntp64 = reader_number(r, 8);
	if (p->once[MIKEY_T])
		return;
	p->m->ts_type = type;
	p->m->ntp64 = ntp64;
}

static void read_rand(parser *p)
{
	const uint8_t *at = p->r.at;
	octets rand = reader_counted(&p->r, 1);

	if (rand.len < KM_RAND_BYTES)
		deviates(p, at, true, "a RAND of %zu %s, where at least 16 are needed", rand.len,
				word_for(rand.len, "octet", "octets"));
	if (!p->once[MIKEY_RAND])
		p->m->rand = rand;
}

/* Which role it stands for: those of RFC 6509, or in their order what RFC 6043 calls a KMS. */
static size_t role_of(const parser *p, size_t role)
{
	if (role == ROLE_KMS && p->compat & KM_COMPAT_KMS_ROLE_3)
		return p->m->id[ROLE_KMS_INITIATOR].data ? ROLE_KMS_RESPONDER : ROLE_KMS_INITIATOR;
	return role;
}

static void check_id(parser *p, const uint8_t *at, size_t role, uint8_t type, octets id)
{
	km_uri_fault fault;

	if (role == ROLE_UID_INITIATOR || role == ROLE_UID_RESPONDER) {
		if ((type != ID_URI && type != ID_BYTES) || id.len != KM_UID_BYTES)
			deviates(p, at, true, "a UID of %zu %s and ID type %u, where TS 33.180 has 32 and "
					"1 or 2", id.len, word_for(id.len, "octet", "octets"), type);
		return;
	}
	if (type != ID_URI)
		deviates(p, at + 1, true, "ID type %u, where TS 33.180 has 1 (URI)", type);
	fault = km_uri_check((const char *)id.data, id.len, KM_URI_LOOSE);
	if (fault != KM_URI_OK)
		deviates(p, at, true, "the identity of role %zu: %s", role, km_uri_fault_text(fault));
	else if ((role == ROLE_INITIATOR || role == ROLE_RESPONDER) && (fault = km_uri_check(
			(const char *)id.data, id.len, 0)) != KM_URI_OK)
		deviates(p, at, false, "the identity of role %zu is no URI: %s", role,
				km_uri_fault_text(fault));
}

static void read_idr(parser *p)
{
	const uint8_t *at = p->r.at;
	size_t said = reader_number(&p->r, 1), role;
	uint8_t type = (uint8_t)reader_number(&p->r, 1);
	octets id = reader_counted(&p->r, 2);

	if (p->r.bad)
		return;
	role = role_of(p, said);
	p->m->kms_role_3 = p->m->kms_role_3 || role != said;
	if (role != said)
		deviates(p, at, false, "IDR role 3, where RFC 6509 has 6 and 7 for the KMSs");
	if (role != ROLE_INITIATOR && role != ROLE_RESPONDER && role != ROLE_KMS_INITIATOR &&
			role != ROLE_KMS_RESPONDER && role != ROLE_UID_INITIATOR &&
			role != ROLE_UID_RESPONDER) {
		deviates(p, at, true, "IDR role %zu, where TS 33.180 has 1, 2, 6, 7, 8, 9%s%s", role,
				role == ROLE_KMS ? lets_through : "", role == ROLE_KMS ? hint_name(HINT_KMS_ROLE_3) : "");
		return;
	}
	if (p->m->id[role].data)
		deviates(p, at, true, "a second IDR of role %zu", role);
	check_id(p, at, role, type, id);
	if (p->r.bad || p->m->id[role].data)
		return;
	p->m->id[role] = id;
	p->m->id_type[role] = type;
}

/* The SAKKE payload after its next-payload octet. */
static octets read_sakke(parser *p, reader *r)
{
	const uint8_t *at = r->at;
	uint8_t set = (uint8_t)reader_number(r, 1), scheme = (uint8_t)reader_number(r, 1);
	octets data = reader_counted(r, 2);

	if (r->bad)
		return data;
	if (set != 1)
		deviates(p, at, true, "SAKKE parameter set %u, where RFC 6509 has 1", set);
	if (scheme != 2)
		deviates(p, at + 1, true, "ID scheme %u, where TS 33.180 has 2", scheme);
	if (data.len != KM_SED_BYTES)
		deviates(p, at + 2, true, "SAKKE data of %zu %s, where 273 are needed", data.len,
				word_for(data.len, "octet", "octets"));
	else if (data.data[0] != 4)
		deviates(p, at + 4, false, "the point of SAKKE begins with %02x, where 04 is needed",
				data.data[0]);
	return data;
}

static void read_to_self(parser *p, const uint8_t *at, octets data)
{
	reader inner = reader_of(data);
	octets sed;

	if (p->m->to_self.data)
		deviates(p, at, true, "a second SAKKE-to-self");
	reader_number(&inner, 1); /* next payload: 0, ignored */
	sed = read_sakke(p, &inner);
	if (!reader_done(&inner))
		deviates(p, at, true, "SAKKE-to-self is not one SAKKE payload");
	else if (!p->m->to_self.data)
		p->m->to_self = sed;
}

static void read_extension(parser *p)
{
	const uint8_t *at = p->r.at;
	uint8_t type = (uint8_t)reader_number(&p->r, 1);
	octets data = reader_counted(&p->r, 2);

	if (type == EXT_SAKKE_TO_SELF) {
		read_to_self(p, at, data);
	} else if (type == EXT_KEY_PARAMETERS) {
		if (p->m->protected_payload.data)
			deviates(p, at, true, "a second General Extension of key parameters");
		else
			p->m->protected_payload = data;
	} else { /* of other profiles; the signature covers it */
		deviates(p, at, false, "General Extension of type %u, which TS 33.180 does not have", type);
	}
}

static void read_sp(parser *p)
{
	const uint8_t *at = p->r.at;
	octets params;
	reader inner;

	reader_number(&p->r, 2); /* policy, protocol */
	params = reader_counted(&p->r, 2);
	inner = reader_of(params);
	while (!inner.bad && inner.at != inner.end) {
		reader_number(&inner, 1);
		reader_counted(&inner, 1);
	}
	if (inner.bad && !p->r.bad)
		deviates(p, at, true, "the parameters of SP do not fill it");
	if (p->m->n_cs == 0)
		deviates(p, at, false, "SP with #CS 0: no crypto session refers to it");
	if (!p->m->sp.data)
		p->m->sp = params;
}

static void read_sign(parser *p)
{
	reader *r = &p->r;
	unsigned head = (unsigned)reader_number(r, 2);
	const uint8_t *at = r->at;

	if (head >> 12 != ECCSI_STYPE)
		deviates(p, at - 2, true, "S type %u, where RFC 6509 has 2 (ECCSI)", head >> 12);
	if ((head & 0xfff) != KM_SIG_BYTES)
		deviates(p, at - 2, true, "a signature of %u %s, where ECCSI has 129", head & 0xfff,
				word_for(head & 0xfff, "octet", "octets"));
	p->m->signed_len = (size_t)(at - p->msg);
	p->m->sig = reader_take(r, head & 0xfff);
	if (r->at != r->end)
		deviates(p, r->at, true, "%zu %s behind the signature", (size_t)(r->end - r->at),
				word_for((size_t)(r->end - r->at), "octet", "octets"));
}

/* Payloads that have no place here, whose length is known. */
static void read_other(parser *p, int payload)
{
	const uint8_t *at = p->r.at - 1;

	if (payload == MIKEY_LAST)
		return;
	if (payload == MIKEY_ERR) {
		unsigned number = (unsigned)reader_number(&p->r, 1);

		reader_number(&p->r, 2); /* reserved */
		deviates(p, at, true, "error %u (%s)", number, error_name(number));
		return;
	}
	deviates(p, at, true, "payload %d (%s) has no place in an I_MESSAGE", payload,
			mikey_payload(payload));
	if (payload == MIKEY_ID || payload == MIKEY_CERT) {
		reader_number(&p->r, 1);
		reader_counted(&p->r, 2);
	} else {
		p->r.bad = true; /* its length is not known here */
	}
}

static int rank_of(int payload)
{
	static const int order[] = {MIKEY_T, MIKEY_RAND, MIKEY_IDR, MIKEY_SP, MIKEY_SAKKE, MIKEY_EXT,
			MIKEY_SIGN};
	int rank = 0;

	while (rank < (int)(sizeof order / sizeof *order) && order[rank] != payload)
		rank++;
	return rank;
}

static void check_place(parser *p, int payload)
{
	int rank = rank_of(payload);

	if (rank < p->rank)
		deviates(p, p->r.at, false, "%s stands behind what TS 33.180 E.1.2 has it before",
				mikey_payload(payload));
	p->rank = rank;
	if (payload == MIKEY_T || payload == MIKEY_RAND || payload == MIKEY_SAKKE) {
		if (p->once[payload])
			deviates(p, p->r.at, true, "a second %s", mikey_payload(payload));
	}
}

/* One payload but SIGN; gives the number of the next one. */
static int read_payload(parser *p, int payload)
{
	int next = (int)reader_number(&p->r, 1);
	octets sed;

	switch (payload) {
	case MIKEY_T:
		read_t(p);
		break;
	case MIKEY_RAND:
		read_rand(p);
		break;
	case MIKEY_IDR:
		read_idr(p);
		break;
	case MIKEY_SP:
		read_sp(p);
		break;
	case MIKEY_SAKKE:
		sed = read_sakke(p, &p->r);
		if (!p->once[payload])
			p->m->sed = sed;
		break;
	case MIKEY_EXT:
		read_extension(p);
		break;
	default:
		read_other(p, payload);
	}
	if (payload >= 0 && payload <= MIKEY_SAKKE)
		p->once[payload] = true;
	return next;
}

/* ---- the whole ---------------------------------------------------------------------------------- */

/* Both URIs or both UIDs, and both KMSs. */
static void check_roles(parser *p)
{
	const mikey_msg *m = p->m;
	bool uris = m->id[ROLE_INITIATOR].data && m->id[ROLE_RESPONDER].data;
	bool uids = m->id[ROLE_UID_INITIATOR].data && m->id[ROLE_UID_RESPONDER].data;
	bool one = !m->id[ROLE_INITIATOR].data == !m->id[ROLE_RESPONDER].data &&
			!m->id[ROLE_UID_INITIATOR].data == !m->id[ROLE_UID_RESPONDER].data;

	if (!one || uris == uids)
		deviates(p, p->r.at, true, "initiator and responder are neither both URIs (IDR roles 1, 2) "
				"nor both UIDs (8, 9)");
	for (int role = ROLE_KMS_INITIATOR; role <= ROLE_KMS_RESPONDER; role++)
		if (!m->id[role].data)
			deviates(p, p->r.at, true, "no IDR of role %d, the KMS of the %s", role,
					role == ROLE_KMS_INITIATOR ? "initiator" : "responder");
}

static void check_complete(parser *p)
{
	static const int needed[] = {MIKEY_T, MIKEY_RAND, MIKEY_SAKKE};

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!p->once[needed[i]])
			deviates(p, p->r.at, true, "no %s payload", mikey_payload(needed[i]));
	check_roles(p);
	if (!p->m->sig.data)
		deviates(p, p->r.at, true, "no SIGN payload");
	if (!p->m->protected_payload.data)
		deviates(p, p->r.at, false, "no key parameters (General Extension 7), which a GMK needs");
}

/* Where octets ran out, or nothing says how many to take: the last thing that can be said. */
static void say_broken(parser *p, int payload, const uint8_t *start)
{
	char text[160];

	snprintf(text, sizeof text, "%s is not complete, or its length is not known: nothing behind it "
			"can be read (%zu octets in all)", mikey_payload(payload),
			(size_t)(p->r.end - p->msg));
	if (p->watch && p->watch->deviation)
		p->watch->deviation(p->watch->ctx, (size_t)(start - p->msg), true, text);
}

static void read_all(parser *p)
{
	const uint8_t *start = p->msg;
	int payload = -1, next = read_header(p);

	while (!p->r.bad) {
		if (p->watch && p->watch->payload)
			p->watch->payload(p->watch->ctx, payload, start, (size_t)(p->r.at - start));
		start = p->r.at;
		if (payload == MIKEY_SIGN || next == MIKEY_LAST)
			break;
		payload = next;
		check_place(p, payload);
		if (payload == MIKEY_SIGN)
			read_sign(p);
		else if (!p->r.bad)
			next = read_payload(p, payload);
	}
	if (p->r.bad)
		say_broken(p, payload, start);
	else if (p->m->data_type == DATA_TYPE_SAKKE)
		check_complete(p);
}

bool mikey_parse(mikey_msg *m, const uint8_t *msg, size_t len, unsigned compat,
		const mikey_watch *watch)
{
	parser p = {.r = {msg, msg + len, len > KM_MESSAGE_MAX}, .m = m, .msg = msg, .watch = watch,
			.compat = compat};
	bool good;

	memset(m, 0, sizeof *m);
	read_all(&p);
	good = !p.r.bad && !p.refused;
	if (!good && !watch)
		memset(m, 0, sizeof *m);
	return good;
}

static void take_first(void *ctx, size_t at, bool refused, const char *text)
{
	km_complaint *why = ctx;

	size_t len = strlen(why->text);

	if (refused && len == 0)
		snprintf(why->text, sizeof why->text, "octet %zu: %s", at, text);
	else if (refused && strncmp(text, "error ", 6) == 0) /* what an Error message says */
		snprintf(why->text + len, sizeof why->text - len, "; %s", text);
}

void mikey_why(km_complaint *why, const uint8_t *msg, size_t len, unsigned compat)
{
	const mikey_watch watch = {.ctx = why, .deviation = take_first};
	mikey_msg m;

	why->text[0] = 0;
	(void)mikey_parse(&m, msg, len, compat, &watch);
}
