/* journal_prune.c -- journals whose keys are all over, removed. */
#include "journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/complain.h"

/* The keys that its frames are about: all over? */
static bool all_over(const part *p, bool (*is_over)(void *ctx, uint32_t gmk_id), void *ctx, size_t *n_keys)
{
	size_t at = JOURNAL_START;
	bool over = p->len == p->mapped;        /* a torn end may be of any */
	const char *groups[KM_GROUPS_MAX];
	journal_key key;
	frame f;

	*n_keys = 0;
	while (over && part_next(&f, p, &at)) {
		if (f.kind != FRAME_KEY)
			continue;
		++*n_keys;
		over = part_take_key(&key, groups, &f) && is_over(ctx, key.gmk_id);
	}
	return over;
}

journal_result journal_prune(const char *path, bool of_many, bool (*is_over)(void *ctx, uint32_t gmk_id), void *ctx,
		bool removes, size_t *n_keys, bool *over, km_complaint *why)
{
	const tail file = { .path = (char *)(uintptr_t)path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) };
	part p = { .data = NULL };
	journal_result result;

	*n_keys = 0;
	*over = false;
	if (file.fd < 0) {
		result = errno == ENOENT ? JOURNAL_NONE : JOURNAL_IO;
		journal_refuse_errno(path, why);
		return result;
	}
	result = tail_lock(&file, why);
	if (result == JOURNAL_OK)
		result = part_map(&p, &file, of_many ? JOURNAL_OF_MANY : JOURNAL_OF_ONE, why);
	if (result == JOURNAL_OK)
		*over = all_over(&p, is_over, ctx, n_keys);
	if (*over && removes && unlink(path) != 0)      /* under its lock: who adds to it sees that it is gone */
		result = journal_refuse_errno(path, why);
	part_free(&p);
	close(file.fd);
	return result;
}
