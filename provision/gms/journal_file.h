/* journal_file.h -- what the two halves of the journal share: its frames as they lie in memory. */
#ifndef KM_JOURNAL_FILE_H
#define KM_JOURNAL_FILE_H

#include "journal.h"

#define JOURNAL_MAGIC "keymuster-journal 1\n"
enum {
	JOURNAL_START = sizeof JOURNAL_MAGIC - 1,
	FRAME_HEAD = 40,        /* kind, run, n, length of names (4 each), T (8), 0 (8), check (8) */
	FRAME_ENTRY = 12,       /* salt (4), hash of the URI (8) */
	FRAME_MAX = 1 << 20,    /* octets behind the head, from a chunk or a key */
};
/* Further kinds of frame beside journal_kind. */
enum { FRAME_KEY = 'K', FRAME_COMMIT = 'C', FRAME_VOID = 'V', FRAME_OLD = 'O',
	FRAME_DOUBT = 'D' };

typedef struct {
	uint32_t kind, run, n, names;
	uint64_t t;
	const uint8_t *entries;
	const char *uris;       /* n of them, each with its NUL */
} frame;

/* An open-addressing table of members; key 0: empty. */
typedef struct {
	uint64_t key;
	uint32_t flags;
} mark;

typedef struct {
	uint8_t *at;
	size_t len, room;
} octets;

/* Ascending. */
typedef struct {
	uint32_t *at;
	size_t n;
} run_list;

/* What stands before at and has a T behind t is unsure. */
typedef struct {
	uint64_t t;
	size_t at;
} doubt;

struct journal {
	char *path;
	int fd;
	bool may_write, made;
	bool counts_own;        /* what this run has added counts as done */
	uint32_t run;           /* of this process */
	uint8_t *data;          /* all frames that are whole, from a map of the file */
	size_t mapped, len;
	uint64_t end;           /* of the file, as far as this process has looked */
	journal_key key;
	run_list done, taken_back;      /* runs that were committed; that put nothing in place */
	doubt *doubts;
	size_t n_doubts;
	journal_count counts;
	octets entries, names;  /* of the chunk; entries begins with room for the head */
	uint32_t n;
	mark *index;
	size_t room;
};

/* The frame at *at, which moves behind it.  false: the end, or no whole frame. */
bool frame_next(frame *f, const uint8_t *data, size_t len, size_t *at);
bool frame_is_whole(const uint8_t *at, size_t len);
/* A string into the names of the frame that is being made; its end, in entries; what is left for the
 * next.  false: out of memory. */
bool frame_string(journal *j, const char *s);
bool frame_close(journal *j, uint32_t kind, uint64_t t);
void frame_clear(journal *j);
journal_result journal_refuse_errno(const journal *j, km_complaint *why);
journal_result journal_refuse(const journal *j, const char *text, km_complaint *why);
journal_result journal_lock(const journal *j, km_complaint *why);
/* What a frame of marks is worth. */
typedef enum { FRAME_SURE, FRAME_UNSURE, FRAME_NOTHING } frame_worth;
frame_worth journal_worth(const journal *j, const frame *f);
uint32_t frame_load32(const uint8_t in[4]);
uint64_t frame_load64(const uint8_t in[8]);

/* How a member is found: by its hash; by 32 bits of it and the salt. */
uint64_t journal_hash(const char *uri, size_t len);
static inline uint64_t journal_old_key(uint64_t hash, uint32_t salt)
{
	return (hash >> 32 << 32) | salt;
}

#endif
