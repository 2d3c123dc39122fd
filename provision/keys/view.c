/* view.c -- what a keyring held at one moment, for its caller. */
#include <stdlib.h>
#include <string.h>

#include "base/sized.h"
#include "base/when.h"
#include "keyring.h"

struct km_view {
	const ring_snapshot *s;
};

km_err km_keyring_view(km_view **view, const km_keyring *ring)
{
	*view = calloc(1, sizeof **view);
	if (*view == NULL)
		return KM_ENOMEM;
	(*view)->s = ring_take(ring);
	return KM_OK;
}

void km_view_free(km_view *view)
{
	if (view == NULL)
		return;
	ring_give_back(view->s);
	free(view);
}

static km_str str_of(const char *s)
{
	return (km_str){ s, strlen(s) };
}

int km_view_kms(km_kms_info *out, const km_view *view, size_t i)
{
	const km_kms *kms = ring_kms_at(view->s, i);
	km_kms_info made = { .struct_size = sizeof made };

	if (kms != NULL)
		made = (km_kms_info){
			.kms = kms->number, .is_revoked = kms->revoked, .period = kms->period,
			.offset = kms->offset, .valid_from = when_second(kms->valid_from),
			.valid_to = when_second(kms->valid_to), .uri = str_of(kms->uri),
			.source = str_of(kms->source), .n_domains = kms->n_domains,
			.tables_bytes = km_kms_public_bytes(kms->keys),
		};
	return sized_put(out, &made, sizeof made) && kms != NULL;
}

int km_view_keys(km_keys_info *out, const km_view *view, size_t i)
{
	const km_key_set *set = ring_keys_at(view->s, i);
	km_keys_info made = { .struct_size = sizeof made };

	if (set != NULL)
		made = (km_keys_info){
			.kms = set->kms->number, .is_revoked = set->revoked,
			.use = (set->signer != NULL ? KM_USE_SIGN : 0) | (set->receiver != NULL ? KM_USE_OPEN : 0),
			.period_no = set->period_no, .valid_from = when_second(set->valid_from),
			.valid_to = when_second(set->valid_to), .uri = str_of(set->uri),
			.source = str_of(set->source),
		};
	return sized_put(out, &made, sizeof made) && set != NULL;
}

km_str km_view_domain(const km_view *view, size_t i, size_t d)
{
	const km_kms *kms = ring_kms_at(view->s, i);

	return kms != NULL && d < kms->n_domains ? str_of(kms->domains[d]) : (km_str){ NULL, 0 };
}
