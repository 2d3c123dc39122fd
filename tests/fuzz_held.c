/* fuzz_held.c -- fuzz target: any octets as what a frame of a client's file says, and as such a file, which then is begun
 * anew and added to. */
#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/client/held_file.h"
#include "util_dir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *path;

/* What is there can be walked, found, and said again in a file that reads the same. */
static void ask(const held *h, size_t *n_seen, size_t *n_keys)
{
	const void *at = NULL;
	const held_seen *seen;
	uint64_t ntp64;
	km_key *key;

	*n_seen = *n_keys = 0;
	while ((seen = held_each_seen(h, &at)) != NULL && ++*n_seen) {
		if (!held_has_seen(h, seen))
			abort();
	}
	at = NULL;
	while ((key = held_each_key(h, &ntp64, &at)) != NULL && ++*n_keys) {
		uint64_t t;

		if (held_key(h, &t, key->member, key->gmk_id, 0) == NULL || held_any(h, key->gmk_id, 0) == NULL)
			abort();
	}
}

static held *read_file(km_begin begin, km_err *err)
{
	km_complaint why = { .text = "" };
	held_file *file;
	held *h;

	if (held_new(&h) != KM_OK)
		abort();
	*err = held_file_open(&file, h, path, km_seal_none(), begin, &why);
	if ((*err == KM_OK) != (file != NULL) || (*err != KM_OK && strncmp(why.text, path, strlen(path)) != 0))
		abort();
	if (file != NULL) {
		const held_seen seen = { { 1, 2, 3 }, 4 };
		held_step step;

		if (held_file_add(file, &(held_said){ .seen = &seen, .n_seen = 1 }, &why) != KM_OK)
			abort();
		if (!held_has_seen(h, &seen)) {
			if (held_prepare(&step, h, &seen, NULL, 0) != KM_OK)
				abort();
			held_commit(h, &step);
		}
	}
	held_file_close(file);
	return h;
}

static void read_twice(void)
{
	size_t seen[2], keys[2];
	km_err err;
	held *h = read_file(KM_MUST_EXIST, &err);

	held_free(h);
	h = read_file(KM_BEGIN_ANEW, &err);
	if (err != KM_OK && err != KM_ELOST && err != KM_EFORMAT)
		abort();
	if (err == KM_OK) {
		ask(h, &seen[0], &keys[0]);
		held_free(h);
		h = read_file(KM_MUST_EXIST, &err);
		ask(h, &seen[1], &keys[1]);
		if (err != KM_OK || seen[0] != seen[1] || keys[0] != keys[1])
			abort();
	}
	held_free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t seen, keys;
	held *h;

	dir_until_exit();
	path = in_dir("held");
	if (held_new(&h) != KM_OK)
		abort();
	if (held_frame_take(h, &(held_frame){ .body = { data, len } }, km_seal_none()) == KM_OK) {
		held_said said = { .n_seen = 0 };

		ask(h, &seen, &keys);
		if (keys > 0) {
			const void *at = NULL;

			said.key = held_each_key(h, &said.ntp64, &at);
			if (held_frame_size(&said, km_seal_none()) > HELD_HEAD + len)
				abort();
		}
	}
	held_free(h);
	write_file(path, data, len);
	read_twice();
	return 0;
}
