/* keyring_find.c -- what a snapshot of a keyring holds, found. */
#include "keyring_load.h"

#include <string.h>
#include <strings.h>

#include "base/when.h"
#include "valid.h"

/* ---- KMSs ------------------------------------------------------------------------------------ */

bool ring_is_kms(const km_kms *kms, const char *uri, size_t len)
{
	return strlen(kms->uri) == len && memcmp(kms->uri, uri, len) == 0;
}

/* The newest certificate of a KMS, of those that are valid then or of all. */
static const km_kms *newest(const ring_snapshot *s, const char *uri, size_t len, const int64_t *at)
{
	const km_kms *best = NULL;

	for (size_t i = 0; i < s->kms.n; i++) {
		const km_kms *kms = &kms_at(s, i)->kms;

		if (!ring_is_kms(kms, uri, len) || (at != NULL && !valid_kms(kms, *at)))
			continue;
		if (best == NULL || kms->valid_from > best->valid_from ||
		    (kms->valid_from == best->valid_from && kms->valid_to > best->valid_to))
			best = kms;
	}
	return best;
}

const km_kms *ring_kms(const ring_snapshot *s, const char *uri, size_t len)
{
	return newest(s, uri, len, NULL);
}

const km_kms *ring_kms_valid(const ring_snapshot *s, const char *uri, size_t len, int64_t at)
{
	return newest(s, uri, len, &at);
}

uint32_t ring_number(const ring_snapshot *s, const char *uri, size_t len)
{
	const km_kms *kms = ring_kms(s, uri, len);

	return kms == NULL ? 0 : kms->number;
}

const km_kms *ring_kms_numbered(const ring_snapshot *s, uint32_t number, int64_t at)
{
	const kms_name *name;

	if (number == 0 || number > s->names.n)
		return NULL;
	name = s->names.at[number - 1];
	return newest(s, name->uri, strlen(name->uri), &at);
}

const km_kms *ring_kms_at(const ring_snapshot *s, size_t i)
{
	return i < s->kms.n ? &kms_at(s, i)->kms : NULL;
}

/* Octets of the domain that covers host, without the dot at its end; 0: it does not. */
static size_t covers(const char *domain, const char *host, size_t host_len)
{
	size_t len = strlen(domain);

	while (len > 0 && *domain == '.') {
		domain++;
		len--;
	}
	while (len > 0 && domain[len - 1] == '.')
		len--;
	if (len == 0 || len > host_len || strncasecmp(host + host_len - len, domain, len) != 0)
		return 0;
	return len == host_len || host[host_len - len - 1] == '.' ? len : 0;
}

static size_t best_cover(const km_kms *kms, const char *host, size_t host_len)
{
	size_t best = 0;

	for (size_t i = 0; i < kms->n_domains; i++) {
		size_t len = covers(kms->domains[i], host, host_len);

		best = len > best ? len : best;
	}
	return best;
}

const km_kms *ring_kms_claims(const ring_snapshot *s, const char *uri, size_t len, const km_kms **other)
{
	char host[KM_URI_MAX + 1];
	size_t host_len = km_uri_host(host, uri, len), best = 0;
	const km_kms *found = NULL;

	*other = NULL;
	for (size_t i = 0; host_len > 0 && i < s->kms.n; i++) {
		const km_kms *kms = &kms_at(s, i)->kms;
		size_t cover = best_cover(kms, host, host_len);

		if (cover == 0 || cover < best)
			continue;
		if (cover > best) {
			found = kms;
			*other = NULL;
		} else if (strcmp(found->uri, kms->uri) != 0) {
			*other = kms;
		}
		best = cover;
	}
	return found == NULL ? NULL : newest(s, found->uri, strlen(found->uri), NULL);
}

/* ---- key sets -------------------------------------------------------------------------------- */

const km_key_set *ring_keys_at(const ring_snapshot *s, size_t i)
{
	return i < s->keys.n ? &keys_at(s, i)->set : NULL;
}

const km_key_set *ring_keys(const ring_snapshot *s, const char *uri, size_t len, const km_kms *kms,
		uint64_t period_no)
{
	uint8_t uid[KM_UID_BYTES];
	const keys_entry *entry;
	size_t at = 0;

	km_uid(uid, uri, len, kms->uri, strlen(kms->uri), kms->period, kms->offset, period_no);
	while ((entry = ring_next_with(s, uid, &at)) != NULL) {
		if (entry->set.kms->keys == kms->keys)
			return &entry->set;
	}
	return NULL;
}

const km_key_set *ring_uid(const ring_snapshot *s, const uint8_t uid[KM_UID_BYTES])
{
	size_t at = 0;
	const keys_entry *entry = ring_next_with(s, uid, &at);

	return entry == NULL ? NULL : &entry->set;
}

const km_key_set *ring_keys_when(const ring_snapshot *s, const char *uri, size_t len, const km_kms *kms, int64_t at)
{
	const km_key_set *ruled = ring_keys(s, uri, len, kms,
			km_key_period_no(when_second(at), kms->period, kms->offset));

	if (!s->any_period || (ruled != NULL && valid_key_set(ruled, at)))
		return ruled;
	for (size_t i = 0; i < s->keys.n; i++) {
		const km_key_set *set = &keys_at(s, i)->set;

		if (set->kms->keys == kms->keys && ring_is_kms(kms, set->kms->uri, strlen(set->kms->uri)) &&
		    strlen(set->uri) == len && memcmp(set->uri, uri, len) == 0 && valid_key_set(set, at))
			return set;
	}
	return ruled;
}

const char *ring_lost(const ring_snapshot *s, const char *uri, const char *kms_uri, uint64_t period_no)
{
	for (size_t i = 0; i < s->lost.n; i++) {
		const lost_keys *lost = s->lost.at[i];

		if (lost->period_no == period_no && strcmp(lost->uri, uri) == 0 &&
		    strcmp(lost->kms_uri, kms_uri) == 0)
			return lost->why;
	}
	return NULL;
}
