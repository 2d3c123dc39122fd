/* mikey.c -- an I_MESSAGE put together, and taken apart by one strict reader. */
#include "mikey.h"

#include <string.h>

enum { DATA_TYPE_SAKKE = 26, ECCSI_STYPE = 2, PRF_HMAC_SHA_256 = 1, ID_URI = 1, ID_BYTES = 2 };

/* ---- reading ---------------------------------------------------------------------------------- */

static void read_generic_cs(reader *r)
{
	uint8_t policies;

	reader_number(r, 2); /* CS ID, protocol */
	policies = (uint8_t)reader_number(r, 1) & 0x7f;
	reader_take(r, policies);
	reader_counted(r, 2); /* session data */
	reader_counted(r, 1); /* SPI */
}

static int read_header(reader *r, mikey_msg *m)
{
	const uint8_t *map;
	int next;

	reader_require(r, reader_number(r, 1) == 1);
	reader_require(r, reader_number(r, 1) == DATA_TYPE_SAKKE);
	next = (int)reader_number(r, 1);
	reader_require(r, (reader_number(r, 1) & 0x7f) == PRF_HMAC_SHA_256);
	m->csb_id = (uint32_t)reader_number(r, 4);
	m->n_cs = (uint8_t)reader_number(r, 1);
	m->map_type = (uint8_t)reader_number(r, 1);
	map = r->at;
	reader_require(r, m->map_type <= KM_MAP_GENERIC && (m->map_type != KM_MAP_EMPTY || m->n_cs == 0));
	if (m->map_type == 0)
		reader_take(r, (size_t)9 * m->n_cs); /* policy, SSRC, ROC */
	for (int i = 0; m->map_type == KM_MAP_GENERIC && i < m->n_cs && !r->bad; i++)
		read_generic_cs(r);
	m->map = (octets){map, (size_t)(r->at - map)};
	return next;
}

static void read_idr(reader *r, mikey_msg *m)
{
	size_t role = reader_number(r, 1);
	uint8_t type = (uint8_t)reader_number(r, 1);
	octets id = reader_counted(r, 2);
	bool uid = role == ROLE_UID_INITIATOR || role == ROLE_UID_RESPONDER;
	bool known = uid || role == ROLE_INITIATOR || role == ROLE_RESPONDER ||
			role == ROLE_KMS_INITIATOR || role == ROLE_KMS_RESPONDER;

	reader_require(r, known && !r->bad);
	if (r->bad)
		return;
	reader_require(r, !m->id[role].data);
	if (uid)
		reader_require(r, (type == ID_URI || type == ID_BYTES) && id.len == KM_UID_BYTES);
	else
		reader_require(r, type == ID_URI &&
				km_uri_check((const char *)id.data, id.len, KM_URI_LOOSE) == KM_URI_OK);
	m->id[role] = id;
	m->id_type[role] = type;
}

/* The SAKKE payload after its next-payload octet. */
static octets read_sakke(reader *r)
{
	reader_require(r, reader_number(r, 1) == 1); /* parameter set */
	reader_require(r, reader_number(r, 1) == 2); /* 3GPP MCX hashed UID */
	reader_require(r, reader_number(r, 2) == KM_SED_BYTES);
	return reader_take(r, KM_SED_BYTES);
}

static void read_extension(reader *r, mikey_msg *m)
{
	uint8_t type = (uint8_t)reader_number(r, 1);
	octets data = reader_counted(r, 2);
	reader inner = reader_of(data);

	if (type == EXT_SAKKE_TO_SELF) {
		reader_require(r, !m->to_self.data);
		reader_number(&inner, 1); /* next payload: 0, ignored */
		m->to_self = read_sakke(&inner);
		reader_require(r, reader_done(&inner));
	} else if (type == EXT_KEY_PARAMETERS) {
		reader_require(r, !m->protected_payload.data);
		m->protected_payload = data;
	} /* others belong to other profiles; the signature covers them */
}

static void read_sp(reader *r, mikey_msg *m)
{
	octets params;
	reader inner;

	reader_number(r, 2); /* policy, protocol */
	params = reader_counted(r, 2);
	inner = reader_of(params);
	while (!inner.bad && inner.at != inner.end) {
		reader_number(&inner, 1);
		reader_counted(&inner, 1);
	}
	reader_require(r, !inner.bad);
	if (!m->sp.data)
		m->sp = params;
}

static void read_sign(reader *r, mikey_msg *m, const uint8_t *msg)
{
	reader_require(r, reader_number(r, 2) == (ECCSI_STYPE << 12 | KM_SIG_BYTES));
	m->signed_len = (size_t)(r->at - msg);
	m->sig = reader_take(r, KM_SIG_BYTES);
	reader_require(r, r->at == r->end);
}

/* One payload but SIGN; gives the number of the next one. */
static int read_payload(reader *r, mikey_msg *m, int payload)
{
	int next = (int)reader_number(r, 1);

	switch (payload) {
	case MIKEY_T:
		m->ts_type = (uint8_t)reader_number(r, 1);
		reader_require(r, m->ts_type <= 1); /* NTP-UTC, NTP */
		m->ntp64 = reader_number(r, 8);
		break;
	case MIKEY_RAND:
		m->rand = reader_counted(r, 1);
		reader_require(r, m->rand.len >= KM_RAND_BYTES);
		break;
	case MIKEY_IDR:
		read_idr(r, m);
		break;
	case MIKEY_SP:
		read_sp(r, m);
		break;
	case MIKEY_SAKKE:
		m->sed = read_sakke(r);
		break;
	case MIKEY_EXT:
		read_extension(r, m);
		break;
	default:
		r->bad = true;
	}
	return next;
}

/* Both URIs or both UIDs, and both KMSs. */
static bool roles_complete(const mikey_msg *m)
{
	bool uris = m->id[ROLE_INITIATOR].data && m->id[ROLE_RESPONDER].data;
	bool uids = m->id[ROLE_UID_INITIATOR].data && m->id[ROLE_UID_RESPONDER].data;
	bool one = !m->id[ROLE_INITIATOR].data == !m->id[ROLE_RESPONDER].data &&
			!m->id[ROLE_UID_INITIATOR].data == !m->id[ROLE_UID_RESPONDER].data;

	return one && uris != uids && m->id[ROLE_KMS_INITIATOR].data && m->id[ROLE_KMS_RESPONDER].data;
}

bool mikey_parse(mikey_msg *m, size_t *where, const uint8_t *msg, size_t len, mikey_seen *seen,
		void *ctx)
{
	reader r = {msg, msg + len, len > KM_MESSAGE_MAX};
	const uint8_t *start = msg;
	int payload = -1, next;
	bool once[MIKEY_SAKKE + 1] = {false};

	memset(m, 0, sizeof *m);
	next = read_header(&r, m);
	while (!r.bad) {
		if (seen)
			seen(ctx, payload, start, (size_t)(r.at - start));
		start = r.at;
		if (payload == MIKEY_SIGN)
			break;
		payload = next;
		if (payload == MIKEY_T || payload == MIKEY_RAND || payload == MIKEY_SAKKE) {
			reader_require(&r, !once[payload]);
			once[payload] = true;
		}
		if (payload == MIKEY_SIGN)
			read_sign(&r, m, msg);
		else if (!r.bad)
			next = read_payload(&r, m, payload);
	}
	reader_require(&r, once[MIKEY_T] && once[MIKEY_RAND] && once[MIKEY_SAKKE] && roles_complete(m));
	if (where)
		*where = (size_t)(start - msg);
	if (r.bad)
		memset(m, 0, sizeof *m);
	return !r.bad;
}

/* ---- writing ---------------------------------------------------------------------------------- */

/* The default group profile of TS 33.180 E.2: AES-GCM, 16-octet key, RCCm3, 12-octet salt, ... */
static const uint8_t sp_group[] = {
	0, 1, 6, 1, 1, 16, 2, 1, 4, 4, 1, 12, 5, 1, 0, 6, 1, 0, 13, 2, 0, 1, 18, 1, 4, 19, 1, 0, 20,
	1, 16,
};

static size_t services_of(const mikey_parts *parts)
{
	return (parts->services & KM_SERVICE_MCPTT ? 1u : 0u) +
			(parts->services & KM_SERVICE_MCVIDEO ? 1u : 0u);
}

static uint8_t *put_cs(uint8_t *p, uint8_t cs_id, const mikey_parts *parts)
{
	const uint8_t head[] = {cs_id, 0, 1, 0, 0, 0, 8}; /* SRTP, policy 0, no session data, SPI */

	p = put_octets(p, head, sizeof head);
	p = put_number(p, parts->gmk_id, 4);
	return put_number(p, parts->csb_id, 4);
}

static uint8_t *put_header(uint8_t *p, const mikey_parts *parts)
{
	const uint8_t head[] = {1, DATA_TYPE_SAKKE, MIKEY_T, PRF_HMAC_SHA_256};
	size_t n = parts->map == KM_MAP_GENERIC ? services_of(parts) : 0;

	p = put_octets(p, head, sizeof head);
	p = put_number(p, parts->csb_id, 4);
	*p++ = (uint8_t)n;
	*p++ = (uint8_t)parts->map;
	if (n && parts->services & KM_SERVICE_MCPTT)
		p = put_cs(p, 4, parts);
	if (n && parts->services & KM_SERVICE_MCVIDEO)
		p = put_cs(p, 5, parts);
	return p;
}

static uint8_t *put_idr(uint8_t *p, uint8_t next, uint8_t role, octets id)
{
	const uint8_t head[] = {next, role, ID_URI};

	p = put_octets(p, head, sizeof head);
	p = put_number(p, id.len, 2);
	return put_octets(p, id.data, id.len);
}

static uint8_t *put_sakke(uint8_t *p, uint8_t next, octets sed)
{
	const uint8_t head[] = {next, 1, 2};

	p = put_octets(p, head, sizeof head);
	p = put_number(p, sed.len, 2);
	return put_octets(p, sed.data, sed.len);
}

static uint8_t *put_extension(uint8_t *p, uint8_t next, uint8_t type, size_t len)
{
	*p++ = next;
	*p++ = type;
	return put_number(p, len, 2);
}

enum { SAKKE_HEADER = 5, IDR_HEADER = 5, EXT_HEADER = 4, SP_HEADER = 5, CS_BYTES = 15 };

size_t mikey_size(const mikey_parts *parts)
{
	size_t n = 10 + 10 + 2 + KM_RAND_BYTES + 4 * IDR_HEADER + SAKKE_HEADER + EXT_HEADER +
			MIKEY_SIGN_HEADER;

	n += parts->initiator.len + parts->responder.len + parts->kms_initiator.len +
			parts->kms_responder.len + parts->sed.len + parts->protected_payload.len;
	if (parts->map == KM_MAP_GENERIC)
		n += services_of(parts) * CS_BYTES + SP_HEADER + sizeof sp_group;
	if (parts->to_self.data)
		n += EXT_HEADER + SAKKE_HEADER + parts->to_self.len;
	return n;
}

size_t mikey_build(uint8_t *out, const mikey_parts *parts)
{
	const bool sp = parts->map == KM_MAP_GENERIC;
	uint8_t *p = put_header(out, parts);

	*p++ = MIKEY_RAND;
	*p++ = 0; /* NTP-UTC */
	p = put_number(p, parts->ntp64, 8);
	*p++ = MIKEY_IDR;
	*p++ = KM_RAND_BYTES;
	p = put_octets(p, parts->rand, KM_RAND_BYTES);
	p = put_idr(p, MIKEY_IDR, parts->hide ? ROLE_UID_INITIATOR : ROLE_INITIATOR, parts->initiator);
	p = put_idr(p, MIKEY_IDR, parts->hide ? ROLE_UID_RESPONDER : ROLE_RESPONDER, parts->responder);
	p = put_idr(p, MIKEY_IDR, ROLE_KMS_INITIATOR, parts->kms_initiator);
	p = put_idr(p, sp ? MIKEY_SP : MIKEY_SAKKE, ROLE_KMS_RESPONDER, parts->kms_responder);
	if (sp) {
		const uint8_t head[] = {MIKEY_SAKKE, 0, 0, 0, sizeof sp_group};

		p = put_octets(p, head, sizeof head);
		p = put_octets(p, sp_group, sizeof sp_group);
	}
	p = put_sakke(p, MIKEY_EXT, parts->sed);
	if (parts->to_self.data) {
		p = put_extension(p, MIKEY_EXT, EXT_SAKKE_TO_SELF, SAKKE_HEADER + parts->to_self.len);
		p = put_sakke(p, 0, parts->to_self);
	}
	p = put_extension(p, MIKEY_SIGN, EXT_KEY_PARAMETERS, parts->protected_payload.len);
	p = put_octets(p, parts->protected_payload.data, parts->protected_payload.len);
	p = put_number(p, ECCSI_STYPE << 12 | KM_SIG_BYTES, MIKEY_SIGN_HEADER);
	return (size_t)(p - out);
}
