/* fuzz_state.c -- fuzz target: any octets as the state of a GMS, which is then used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provision/base/complain.h"
#include "provision/gms/state.h"
#include "util_dir.h"
#include "util_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *path;

/* Opened as that of a GMS that seeds are of. */
static state_result open_it(state **st, km_complaint *why)
{
	const state_how how = { .gms = "sip:gms@h", .kms = "kms" };

	return state_open(st, path, &how, why);
}

/* T goes on, GMK-IDs are drawn, and the file stays one that is read. */
static void use(state *st)
{
	const uint64_t now = state_time(1790000000, 0);
	km_complaint why;
	uint64_t first, second;
	uint32_t id, other;
	state *again;

	if (take_t(st, &first, 5, now, &why) != STATE_OK) {
		if (first != 0)
			abort();
		return; /* its T is the last there is */
	}
	if (first < now)
		abort();
	if (take_t(st, &second, 5, now, &why) != STATE_OK) {
		if (first >> 56 != 0xff || second != 0)
			abort();
		return; /* the first was the last there is */
	}
	if (second < first + 5 || second >> 32 != (second + 4) >> 32)
		abort();
	if (take_id(st, &id, 0, 1790000000, &why) != STATE_OK || take_id(st, &other, 1, 1790000000, &why) != STATE_OK ||
			id == other || (id | other) >> 28 != 0)
		abort();
	if (open_it(&again, &why) != STATE_OK)
		abort();
	state_close(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	state_result result;
	km_complaint why;
	struct stat after;
	state *st;

	dir_until_exit();
	path = in_dir("state");
	write_file(path, data, len);
	result = open_it(&st, &why);
	if ((result == STATE_OK) != (st != NULL) || result == STATE_IO)
		abort();
	if (result == STATE_OK)
		use(st);
	else if (strncmp(why.text, path, strlen(path)) != 0 || stat(path, &after) != 0 ||
			(size_t)after.st_size != len)
		abort();
	state_close(st);
	return 0;
}
