/* mikey_build.c -- an I_MESSAGE put together. */
#include "mikey.h"

#include <string.h>

enum { DATA_TYPE_SAKKE = 26, ECCSI_STYPE = 2, PRF_HMAC_SHA_256 = 1, ID_URI = 1 };

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
