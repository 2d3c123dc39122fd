/* journal_file.h -- what the parts of the journal share: its frames as they lie in memory and in files.
 *
 * A file of one key, or of a process that serves many keys, begins with its magic; then frames.  In that of many, each
 * frame of a key names its GMK-ID, and a key's frame K stands before its first mark; frames that end a run are about
 * all of its keys.
 */
#ifndef KM_JOURNAL_FILE_H
#define KM_JOURNAL_FILE_H

#include "base/numbers.h"
#include "journal.h"

#define JOURNAL_OF_ONE "keymuster-journal 1\n"
#define JOURNAL_OF_MANY "keymuster-journal 2\n"
enum {
	JOURNAL_START = sizeof JOURNAL_OF_ONE - 1,
	FRAME_HEAD = 40,        /* kind, run, n, length of names (4 each), T (8), GMK-ID or 0 (8), check (8) */
	FRAME_ENTRY = 12,       /* salt (4), hash of the URI (8) */
	FRAME_MAX = 1 << 20,    /* octets behind the head, from a chunk or a key */
	FRAME_MEMBERS = 1024,   /* of which so many fit, however long their URIs are */
};
/* Further kinds of frame beside journal_kind. */
enum { FRAME_KEY = 'K', FRAME_COMMIT = 'C', FRAME_VOID = 'V', FRAME_OLD = 'O',
	FRAME_DOUBT = 'D' };

/* What stands before at and has a T behind t is unsure. */
typedef struct {
	uint64_t t;
	size_t at;
	uint32_t gmk_id;        /* in a file of many */
} doubt;

/* A file mapped, as far as its frames are whole. */
typedef struct {
	uint8_t *data;          /* NULL: none */
	size_t mapped, len;
	number_list done, taken_back;   /* runs that were committed; that put nothing in place */
	doubt *doubts;
	size_t n_doubts;
} part;

typedef struct {
	uint32_t kind, run, n, names, gmk_id;
	uint64_t t;
	const uint8_t *entries;
	const char *uris;       /* n of them, each with its NUL */
	const part *part;
} frame;

/* An open-addressing table of members; key 0: empty. */
typedef struct {
	uint64_t key;
	uint32_t flags;
} mark;

typedef struct {
	uint8_t *at;
	size_t len, room;
} buffer;

/* A frame that is being made: entries begins with room for the head. */
typedef struct {
	buffer entries, names;
	uint32_t run, n;
} maker;

/* A file that is added to; end: as far as this process has looked. */
typedef struct {
	char *path;
	int fd;                 /* -1: not open */
	uint64_t end;
} tail;

struct journal {
	tail file;              /* of this key alone, if there is one */
	part own;
	bool may_write, made;
	bool counts_own;        /* what this run has added counts as done */
	journal_runs *runs;     /* files of many; NULL: none */
	size_t first, last;     /* the frames of this key there */
	journal_key key;
	const char *groups[KM_GROUPS_MAX];
	journal_count counts;
	maker making;
	mark *index;
	size_t room;
};

/* ---- reading (journal_part.c) ---------------------------------------------------------------- */

/* The frame at *at, which moves behind it.  false: the end, or no whole frame. */
bool frame_next(frame *f, const uint8_t *data, size_t len, size_t *at);
bool frame_is_whole(const uint8_t *at, size_t len);
bool part_next(frame *f, const part *p, size_t *at);
/* Map the file of fd, which is locked, up to its last whole frame. */
journal_result part_map(part *p, const tail *file, const char *magic, km_complaint *why);
/* Which runs are committed; own: counts so too, NULL: none.  false: out of memory. */
bool part_survey(part *p, const uint32_t *own);
void part_free(part *p);
bool part_knows_run(const part *p, uint32_t run);
/* The key that a frame K describes; its strings are the frame's.  false: none, or damaged. */
bool part_take_key(journal_key *key, const char *groups[KM_GROUPS_MAX], const frame *f);
/* What a frame of marks is worth. */
typedef enum { FRAME_SURE, FRAME_UNSURE, FRAME_NOTHING } frame_worth;
frame_worth frame_value(const frame *f);
/* Does it come of a clock that was wrong? */
bool frame_is_doubted(const frame *f);
uint32_t frame_load32(const uint8_t in[4]);
uint64_t frame_load64(const uint8_t in[8]);

/* All frames that are about the key of a journal, whichever file they stand in. */
typedef struct {
	size_t at, entry;
} journal_at;
journal_at journal_begin(const journal *j);
bool journal_next(const journal *j, journal_at *at, frame *f);

/* How a member is found: by its hash; by 32 bits of it and the salt. */
uint64_t journal_hash(const char *uri, size_t len);
static inline uint64_t journal_old_key(uint64_t hash, uint32_t salt)
{
	return (hash >> 32 << 32) | salt;
}

/* ---- files of many keys (journal_runs.c) ----------------------------------------------------- */

/* All of them beside base, whose len octets are DIR/NAME.  NULL: out of memory.  *damaged: files that cannot be read,
 * with *why about one of them. */
journal_runs *journal_runs_read(const char *base, size_t len, km_complaint *why);
journal_runs *journal_runs_hold(journal_runs *runs);
void journal_runs_free(journal_runs *runs);
size_t journal_runs_damaged(const journal_runs *runs);
/* The frames of that key: entries first to last. */
void journal_runs_find(const journal_runs *runs, uint32_t gmk_id, size_t *first, size_t *last);
bool journal_runs_at(const journal_runs *runs, size_t entry, frame *f);
/* The i-th file of which an entry is; its name. */
const char *journal_runs_path(const journal_runs *runs, size_t entry);
/* The GMK-ID of an entry, and the first entry of the next one. */
size_t journal_runs_key(const journal_runs *runs, size_t entry, uint32_t *gmk_id);

/* ---- adding (journal_add.c) ------------------------------------------------------------------ */

/* false: out of memory. */
bool buffer_add(buffer *b, const void *more, size_t len);
/* A string into the names of the frame that is being made; a member; its end, in entries; what is left for the next.
 * false: out of memory. */
bool frame_string(maker *m, const char *s);
bool frame_add(maker *m, uint32_t salt, const char *uri, size_t len);
bool frame_key(maker *m, const journal_key *key);
bool frame_close(maker *m, uint32_t kind, uint32_t gmk_id, uint64_t t);
void frame_clear(maker *m);
void maker_free(maker *m);
/* Add data to the file under its lock; what another process left torn is cut off. */
journal_result tail_add(tail *file, const uint8_t *data, size_t len, km_complaint *why);
journal_result tail_sync(const tail *file, km_complaint *why);
journal_result tail_lock(const tail *file, km_complaint *why);
void tail_close(tail *file);
journal_result journal_refuse_errno(const char *path, km_complaint *why);
journal_result journal_refuse(const char *path, const char *text, km_complaint *why);
#define WAY_OUT ": put the last good one back, or move it away: who was given the key is unknown then"

#endif
