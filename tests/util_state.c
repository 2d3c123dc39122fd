/* util_state.c -- T and GMK-IDs taken of a state, as a GMS takes them. */
#include "util_state.h"

state_result take_t(state *st, uint64_t *t, size_t n, uint64_t now, km_complaint *why)
{
	uint64_t last, found;
	state_result result;

	*t = 0;
	result = state_advance(st, &found, 0, 0, why);
	do {
		uint64_t first;

		last = found;
		if (result != STATE_OK)
			return result;
		first = state_first_of(last, now, n);
		if (first == 0)
			return STATE_CORRUPT;
		result = state_advance(st, &found, last, first + n - 1, why);
		if (result == STATE_OK && found == last)
			*t = first;
	} while (result == STATE_OK && found != last);
	return result;
}

state_result take_id(state *st, uint32_t *gmk_id, uint64_t expiry, int64_t now, km_complaint *why)
{
	state_result result = STATE_OK;
	size_t known = 1;

	while (result == STATE_OK && known > 0) {
		state_id id = { .expiry = expiry };
		bool is_known;

		if (km_random_bytes((uint8_t *)&id.gmk_id, sizeof id.gmk_id, NULL) != KM_OK)
			return STATE_IO;
		id.gmk_id &= 0x0fffffff;
		*gmk_id = id.gmk_id;
		result = state_add_ids(st, &known, &is_known, &id, 1, now, why);
	}
	return result;
}
