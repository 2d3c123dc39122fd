/* keyring.c -- the certificates of KMSs and the key sets of users: kept, and looked up. */
#include "keyring.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/complain.h"
#include "base/escape.h"
#include "base/memlock.h"
#include "base/when.h"
#include "valid.h"

/* ---- complaints ------------------------------------------------------------------------------ */

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

	if (in->ring->remark != NULL)
		in->ring->remark(in->ring->ctx, text);
	else if (in->why->text[0] == '\0')
		snprintf(in->why->text, sizeof in->why->text, "%s", text);
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
	return (kmsdoc_how){ in->name, in->ring->lax_ns, keyring_remark_text, in };
}

char *keyring_source(const loading *in, int line)
{
	char file[192], *source = NULL;

	escape_into(file, sizeof file, in->name, strlen(in->name));
	return asprintf(&source, "%s:%d", file, line) < 0 ? NULL : source;
}

/* ---- storage --------------------------------------------------------------------------------- */

bool keyring_list_add(keyring_list *l, void *entry)
{
	if (l->n == l->room) {
		size_t more = l->room == 0 ? 4 : 2 * l->room;
		void **bigger = reallocarray(l->at, more, sizeof *bigger);

		if (bigger == NULL)
			return false;
		l->at = bigger;
		l->room = more;
	}
	l->at[l->n++] = entry;
	return true;
}

void keyring_kms_free(kms_entry *entry)
{
	if (entry->tables != NULL && --entry->tables->uses == 0) {
		km_kms_public_free(entry->tables->keys);
		free(entry->tables);
	}
	free(entry->source);
	free(entry->domains);
	free(entry);
}

void keyring_keys_free(keys_entry *entry)
{
	km_signer_free(entry->set.signer);
	km_receiver_free(entry->set.receiver);
	free(entry->source);
	free(entry);
}

void keyring_lost_free(lost_keys *lost)
{
	free(lost->uri);
	free(lost->kms_uri);
	free(lost);
}

/* The slot where uid stands or would stand; n_slots is not 0. */
static keys_entry **slot_of(const km_keyring *ring, const uint8_t uid[KM_UID_BYTES])
{
	uint64_t i;

	memcpy(&i, uid, sizeof i);
	for (;; i++) {
		keys_entry **slot = &ring->slots[i & (ring->n_slots - 1)];

		if (*slot == NULL || memcmp((*slot)->set.uid, uid, KM_UID_BYTES) == 0)
			return slot;
	}
}

void keyring_index(km_keyring *ring, keys_entry *entry)
{
	keys_entry **slot = slot_of(ring, entry->set.uid);

	while (*slot != NULL)
		slot = &(*slot)->same;
	entry->same = NULL;
	*slot = entry;
}

static void index_all(km_keyring *ring)
{
	for (size_t i = 0; i < ring->keys.n; i++)
		keyring_index(ring, keys_at(ring, i));
}

bool keyring_index_room(km_keyring *ring)
{
	size_t n_slots = 16;
	keys_entry **slots;

	if (ring->n_slots >= 2 * (ring->keys.n + 1))
		return true;
	while (n_slots < 4 * (ring->keys.n + 1))
		n_slots *= 2;
	slots = calloc(n_slots, sizeof *slots);
	if (slots == NULL)
		return false;
	free(ring->slots);
	ring->slots = slots;
	ring->n_slots = n_slots;
	index_all(ring);
	return true;
}

void keyring_cut_back(km_keyring *ring, size_t n_kms, size_t n_keys)
{
	while (ring->keys.n > n_keys)
		keyring_keys_free(ring->keys.at[--ring->keys.n]);
	while (ring->kms.n > n_kms)
		keyring_kms_free(ring->kms.at[--ring->kms.n]);
	if (ring->n_slots == 0)
		return;
	memset(ring->slots, 0, ring->n_slots * sizeof(keys_entry *));
	index_all(ring);
}

keys_entry *keyring_find(const km_keyring *ring, const uint8_t uid[KM_UID_BYTES])
{
	return ring->n_slots == 0 ? NULL : *slot_of(ring, uid);
}

km_err km_keyring_new(km_keyring **ring)
{
	*ring = calloc(1, sizeof **ring);
	return *ring == NULL ? KM_ENOMEM : KM_OK;
}

void km_keyring_free(km_keyring *ring)
{
	if (ring == NULL)
		return;
	widen_end(ring->widening);
	keyring_cut_back(ring, 0, 0);
	for (size_t i = 0; i < ring->lost.n; i++)
		keyring_lost_free(ring->lost.at[i]);
	free(ring->kms.at);
	free(ring->keys.at);
	free(ring->lost.at);
	free(ring->slots);
	free(ring);
}

km_err km_keyring_settle(km_keyring *ring)
{
	km_err err = widen_end(ring->widening);

	ring->widening = NULL;
	return err;
}

void km_keyring_on_remark(km_keyring *ring, void (*remark)(void *ctx, const char *text), void *ctx)
{
	ring->remark = remark;
	ring->ctx = ctx;
}

void km_keyring_any_period(km_keyring *ring, bool yes)
{
	ring->any_period = yes;
}

bool km_keyring_has_any_period(const km_keyring *ring)
{
	return ring->any_period;
}

void km_keyring_lax_ns(km_keyring *ring, bool yes)
{
	ring->lax_ns = yes;
}

/* ---- KMSs ------------------------------------------------------------------------------------ */

bool keyring_is_kms(const km_kms *kms, const char *uri, size_t len)
{
	return strlen(kms->uri) == len && memcmp(kms->uri, uri, len) == 0;
}

/* The newest certificate of a KMS, of those that are valid then or of all. */
static const km_kms *newest(const km_keyring *ring, const char *uri, size_t len, const int64_t *at)
{
	const km_kms *best = NULL;

	for (size_t i = 0; i < ring->kms.n; i++) {
		const km_kms *kms = &kms_at(ring, i)->kms;

		if (!keyring_is_kms(kms, uri, len) || (at != NULL && !valid_kms(kms, *at)))
			continue;
		if (best == NULL || kms->valid_from > best->valid_from ||
		    (kms->valid_from == best->valid_from && kms->valid_to > best->valid_to))
			best = kms;
	}
	return best;
}

const km_kms *km_keyring_kms(const km_keyring *ring, const char *uri, size_t len)
{
	return newest(ring, uri, len, NULL);
}

const km_kms *km_keyring_kms_valid(const km_keyring *ring, const char *uri, size_t len, int64_t at)
{
	return newest(ring, uri, len, &at);
}

const km_kms *km_keyring_kms_at(const km_keyring *ring, size_t i)
{
	return i < ring->kms.n ? &kms_at(ring, i)->kms : NULL;
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

const km_kms *km_keyring_kms_claims(const km_keyring *ring, const char *uri, size_t len,
		const km_kms **other)
{
	char host[KM_URI_MAX + 1];
	size_t host_len = km_uri_host(host, uri, len), best = 0;
	const km_kms *found = NULL;

	*other = NULL;
	for (size_t i = 0; host_len > 0 && i < ring->kms.n; i++) {
		const km_kms *kms = &kms_at(ring, i)->kms;
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
	return found == NULL ? NULL : newest(ring, found->uri, strlen(found->uri), NULL);
}

const km_kms *km_keyring_kms_for(const km_keyring *ring, const char *member_uri, size_t len)
{
	const km_kms *other, *found = km_keyring_kms_claims(ring, member_uri, len, &other);

	return other == NULL ? found : NULL;
}

/* ---- key sets -------------------------------------------------------------------------------- */

const km_key_set *km_keyring_keys_at(const km_keyring *ring, size_t i)
{
	return i < ring->keys.n ? &keys_at(ring, i)->set : NULL;
}

const km_key_set *km_keyring_keys(const km_keyring *ring, const char *uri, size_t len,
		const km_kms *kms, uint64_t period_no)
{
	uint8_t uid[KM_UID_BYTES];
	const keys_entry *entry;

	km_uid(uid, uri, len, kms->uri, strlen(kms->uri), kms->period, kms->offset, period_no);
	for (entry = keyring_find(ring, uid); entry != NULL; entry = entry->same) {
		if (entry->set.kms->keys == kms->keys)
			return &entry->set;
	}
	return NULL;
}

const km_key_set *km_keyring_uid(const km_keyring *ring, const uint8_t uid[KM_UID_BYTES])
{
	const keys_entry *entry = keyring_find(ring, uid);

	return entry == NULL ? NULL : &entry->set;
}

const km_key_set *km_keyring_keys_when(const km_keyring *ring, const char *uri, size_t len,
		const km_kms *kms, uint64_t ntp_seconds)
{
	const km_key_set *ruled = km_keyring_keys(ring, uri, len, kms,
			km_key_period_no(when_ntp_second(ntp_seconds), kms->period, kms->offset));
	int64_t at = (int64_t)(ntp_seconds - KM_NTP_UNIX);

	if (!ring->any_period || (ruled != NULL && valid_key_set(ruled, at)))
		return ruled;
	for (size_t i = 0; i < ring->keys.n; i++) {
		const km_key_set *set = &keys_at(ring, i)->set;

		if (set->kms->keys == kms->keys && keyring_is_kms(kms, set->kms->uri,
				strlen(set->kms->uri)) && strlen(set->uri) == len &&
				memcmp(set->uri, uri, len) == 0 && valid_key_set(set, at))
			return set;
	}
	return ruled;
}

const char *km_keyring_lost(const km_keyring *ring, const char *uri, const char *kms_uri,
		uint64_t period_no)
{
	for (size_t i = 0; i < ring->lost.n; i++) {
		const lost_keys *lost = ring->lost.at[i];

		if (lost->period_no == period_no && strcmp(lost->uri, uri) == 0 &&
		    strcmp(lost->kms_uri, kms_uri) == 0)
			return lost->why;
	}
	return NULL;
}
