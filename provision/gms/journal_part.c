/* journal_part.c -- who was given a group key: the frames of one file, read. */
#include "journal_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* ---- frames ---------------------------------------------------------------------------------- */

uint32_t frame_load32(const uint8_t in[4])
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

uint64_t frame_load64(const uint8_t in[8])
{
	return (uint64_t)frame_load32(in) << 32 | frame_load32(in + 4);
}

uint64_t journal_hash(const char *uri, size_t len)
{
	uint8_t hash[KM_HASH_BYTES];

	km_sha256(hash, (const uint8_t *)uri, len);
	return frame_load64(hash);
}

bool frame_next(frame *f, const uint8_t *data, size_t len, size_t *at)
{
	const uint8_t *head = data + *at;
	size_t left = len - *at, body;

	if (left < FRAME_HEAD)
		return false;
	*f = (frame){ .kind = frame_load32(head), .run = frame_load32(head + 4), .n = frame_load32(head + 8),
			.names = frame_load32(head + 12), .t = frame_load64(head + 16),
			.gmk_id = frame_load32(head + 28), .entries = head + FRAME_HEAD };
	if (f->n > FRAME_MAX / FRAME_ENTRY || f->names > FRAME_MAX)
		return false;
	body = (size_t)f->n * FRAME_ENTRY + f->names;
	if (left - FRAME_HEAD < body || (f->names > 0 && head[FRAME_HEAD + body - 1] != '\0'))
		return false;
	f->uris = (const char *)head + FRAME_HEAD + (size_t)f->n * FRAME_ENTRY;
	*at += FRAME_HEAD + body;
	return true;
}

bool part_next(frame *f, const part *p, size_t *at)
{
	if (p->data == NULL || !frame_next(f, p->data, p->len, at))
		return false;
	f->part = p;
	return true;
}

static const char *take_string(const char **at, const char *end)
{
	const char *s = *at;
	const char *nul = s < end ? memchr(s, '\0', (size_t)(end - s)) : NULL;

	if (nul == NULL)
		return NULL;
	*at = nul + 1;
	return s;
}

/* Its entries are none, its names GMK-ID, activation and expiry in digits, then GMS, KMS, text and groups. */
bool part_take_key(journal_key *key, const char *groups[KM_GROUPS_MAX], const frame *f)
{
	const uint8_t *head = f->entries - FRAME_HEAD;
	const char *at = f->uris, *end = at + f->names, *numbers;
	unsigned long long activation, expiry;
	unsigned id;

	if (f->kind != FRAME_KEY || f->n != 0 || !frame_is_whole(head, FRAME_HEAD + f->names))
		return false;
	numbers = take_string(&at, end);
	if (numbers == NULL || sscanf(numbers, "%8x %20llu %20llu", &id, &activation, &expiry) != 3)
		return false;
	*key = (journal_key){ .gmk_id = id, .activation = activation, .expiry = expiry, .groups = groups };
	key->gms = take_string(&at, end);
	key->kms = take_string(&at, end);
	key->text = take_string(&at, end);
	while (key->text != NULL && at < end && key->n_groups < KM_GROUPS_MAX)
		groups[key->n_groups++] = take_string(&at, end);
	return key->text != NULL;
}

/* ---- runs ------------------------------------------------------------------------------------ */

bool part_knows_run(const part *p, uint32_t run)
{
	return number_list_has(&p->done, run) || number_list_has(&p->taken_back, run);
}

bool frame_is_doubted(const frame *f)
{
	const part *p = f->part;
	size_t at = (size_t)(f->entries - p->data);

	for (size_t i = 0; i < p->n_doubts; i++) {
		if (at < p->doubts[i].at && f->t > p->doubts[i].t && f->gmk_id == p->doubts[i].gmk_id)
			return true;
	}
	return false;
}

frame_worth frame_value(const frame *f)
{
	if (f->kind == FRAME_OLD || number_list_has(&f->part->done, f->run))
		return frame_is_doubted(f) ? FRAME_UNSURE : FRAME_SURE;
	return number_list_has(&f->part->taken_back, f->run) ? FRAME_NOTHING : FRAME_UNSURE;
}

static bool note_doubt(part *p, const frame *f)
{
	doubt *bigger = reallocarray(p->doubts, p->n_doubts + 1, sizeof *bigger);

	if (bigger == NULL)
		return false;
	p->doubts = bigger;
	p->doubts[p->n_doubts++] = (doubt){ f->t, (size_t)(f->entries - p->data), f->gmk_id };
	return true;
}

bool part_survey(part *p, const uint32_t *own)
{
	size_t at = JOURNAL_START;
	frame f;

	if (own != NULL && !number_list_add(&p->done, *own))
		return false;
	while (part_next(&f, p, &at)) {
		if ((f.kind == FRAME_COMMIT && !number_list_add(&p->done, f.run)) ||
		    (f.kind == FRAME_VOID && !number_list_add(&p->taken_back, f.run)) ||
		    (f.kind == FRAME_DOUBT && !note_doubt(p, &f)))
			return false;
	}
	number_list_sort(&p->done);
	number_list_sort(&p->taken_back);
	return true;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Everything up to the last commit was on disk before it: only what follows may be torn.  Where it
 * is not, at is where the whole frames end. */
static size_t find_end(const uint8_t *data, size_t len)
{
	size_t at = JOURNAL_START, next = JOURNAL_START, sure = JOURNAL_START;
	frame f;

	while (frame_next(&f, data, len, &next)) {
		if (f.kind == FRAME_COMMIT && frame_is_whole(data + at, next - at))
			sure = next;
		at = next;
	}
	at = next = sure;
	while (frame_next(&f, data, len, &next) && frame_is_whole(data + at, next - at))
		at = next;
	return at;
}

journal_result part_map(part *p, const tail *file, const char *magic, km_complaint *why)
{
	struct stat st;

	*p = (part){ .data = NULL };
	if (fstat(file->fd, &st) != 0)
		return journal_refuse_errno(file->path, why);
	if (st.st_size < JOURNAL_START)
		return journal_refuse(file->path, "not a journal of keymuster, or cut" WAY_OUT, why);
	p->mapped = (size_t)st.st_size;
	p->data = mmap(NULL, p->mapped, PROT_READ, MAP_PRIVATE, file->fd, 0);
	if (p->data == MAP_FAILED) {
		p->data = NULL;
		return journal_refuse_errno(file->path, why);
	}
	if (memcmp(p->data, magic, JOURNAL_START) != 0)
		return journal_refuse(file->path, "not a journal of keymuster" WAY_OUT, why);
	p->len = find_end(p->data, p->mapped);
	return JOURNAL_OK;
}

void part_free(part *p)
{
	if (p->data != NULL)
		munmap(p->data, p->mapped);
	number_list_free(&p->done);
	number_list_free(&p->taken_back);
	free(p->doubts);
	*p = (part){ .data = NULL };
}
