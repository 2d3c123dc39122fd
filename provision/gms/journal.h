/* journal.h -- who was given a group key: files beside the state, that are only ever added to.
 *
 * Frames, each written at once and under a lock: a head that says whose key it is, the marks of the
 * members of a chunk, and at the end of a run that its output is in place, or that it was taken
 * away.  A member of a run that said neither is unsure: its message may have left or not.  What a
 * process that died left half written is cut off by the next one.
 *
 * A member is 12 octets, its user salt and 64 bits of the SHA-256 of its URI, and the URI itself: two
 * of n members are taken for one with a probability of n^2 / 2^65 (3e-8 for a million).  What was taken
 * over from the key file of an older version has 32 of these bits and its salt, and no URI.  Nothing
 * here is secret: a user salt stands in each message.
 *
 * A key has a file of its own, NAME.0abcdef0.journal.  A process that serves many keys keeps one for all of them,
 * NAME.run-01234567.journal (journal_many): ten thousand files a run would be the run.  Who reads sees all of a key's
 * marks, wherever they stand.
 */
#ifndef KM_JOURNAL_H
#define KM_JOURNAL_H

#include "keys/key.h"
#include "salts.h"

typedef struct journal journal;

typedef enum {
	JOURNAL_OK,
	JOURNAL_NONE,           /* there is no such file */
	JOURNAL_CORRUPT,        /* not a journal, or another key's */
	JOURNAL_IO,             /* the system refused; also out of memory */
} journal_result;

typedef enum {
	JOURNAL_READ,           /* as it is, also where nothing may be written */
	JOURNAL_WRITE,
	JOURNAL_MAKE,           /* JOURNAL_WRITE, and a new one where there is none */
} journal_how;

/* What the key is, as its journal has it; strings are the journal's. */
typedef struct {
	uint32_t gmk_id;
	uint64_t activation, expiry;
	const char *gms, *kms, *text;
	size_t n_groups;
	const char *const *groups;
} journal_key;

/* The same of a key, whose strings they are. */
journal_key journal_key_of(const km_key *key);

/* All files of many keys beside a state, looked through once. */
typedef struct journal_runs journal_runs;

/* The journal of a key: its file, which need not be there where others name the key. */
typedef struct {
	const char *path;
	uint32_t gmk_id;
	journal_runs *runs;
	bool no_file;                   /* a list that was made just now has none: it is not looked for */
} journal_place;

/* "DIR/NAME.state", "0abcdef0" -> "DIR/NAME.0abcdef0.journal".  free() it.  NULL: out of memory. */
char *journal_path(const char *state_file, uint32_t gmk_id);
/* Call each for all keys that have a journal beside that state, by GMK-ID.  How many there are; each may be NULL.  *damaged (or
 * NULL): files of many that cannot be read, and a directory that cannot, for which any key may be missing. */
size_t journal_list(const char *state_file, void (*each)(void *ctx, const journal_place *at), void *ctx,
		size_t *damaged);
/* Call each for the files of many keys of a state, base being its name (of len octets) without ".state".  false, errno:
 * there may be others, which could not be listed. */
bool journal_each_run(const char *base, size_t len, void (*each)(void *ctx, const char *path), void *ctx);

/* The same beside that state. */
bool journal_each_run_of(const char *state_file, void (*each)(void *ctx, const char *path), void *ctx);

/* Is is_over true of all keys that this file (of_many: of many keys) has marks of?  removes: it is removed then.  What
 * a run adds to one that was removed is refused. */
journal_result journal_prune(const char *path, bool of_many, bool (*is_over)(void *ctx, uint32_t gmk_id), void *ctx,
		bool removes, size_t *n_keys, bool *over, km_complaint *why);

/* key: whose journal it must be; but for JOURNAL_MAKE it may be NULL.  On an error *j is NULL. */
journal_result journal_open(journal **j, const char *path, journal_how how, const journal_key *key,
		km_complaint *why);
/* The same of one that was listed, without looking through the files of many again. */
journal_result journal_open_at(journal **j, const journal_place *at, journal_how how, const journal_key *key,
		km_complaint *why);
/* j may be NULL. */
void journal_close(journal *j);
const journal_key *journal_of(const journal *j);
/* A user salt comes from the GMK: does the first that is there come from this one?  true: there is none. */
bool journal_has_salts_of(const journal *j, const uint8_t gmk[KM_SSV_BYTES]);
/* Was it made by this journal_open, and nothing known of the key before? */
bool journal_is_new(const journal *j);

/* ---- a run adds to it ------------------------------------------------------------------------ */

typedef enum {
	JOURNAL_GIVEN = 'G',    /* the key */
	JOURNAL_TOLD = 'T',     /* its revocation */
} journal_kind;

/* A member of the chunk.  false: out of memory. */
bool journal_add(journal *j, uint32_t salt, const char *uri, size_t len);
/* The chunk, with the first T of it, before its messages leave; sync: it is on disk then too. */
journal_result journal_put(journal *j, journal_kind kind, uint64_t t, bool sync, km_complaint *why);
/* All marks of this run on disk. */
journal_result journal_sync(journal *j, km_complaint *why);
/* The output of this run is in place; on disk when this returns. */
journal_result journal_commit(journal *j, km_complaint *why);
/* The output of this run was taken away before it was in place: nobody has a message of it. */
journal_result journal_take_back(journal *j, km_complaint *why);
/* Messages so far whose T is behind t (32.32 bits of Unix seconds) came of a clock that was wrong: whom they
 * served is unsure from now on, for clients refuse them. */
journal_result journal_doubt(journal *j, uint64_t t, km_complaint *why);
/* Take over members of an older version's key file, once. */
journal_result journal_take(journal *j, const salts *old, km_complaint *why);

/* Look at the file anew, with what this run has added as if its output were in place already. */
journal_result journal_look_again(journal *j, km_complaint *why);

/* Another run, which is this number from now on; the next number after that one which no run had when j was opened, 0:
 * of any. */
void journal_set_run(journal *j, uint32_t run);
uint32_t journal_free_run(const journal *j, uint32_t after);

/* ---- a process that serves many keys --------------------------------------------------------- */

/* A file of marks of many keys, which one process adds to: one write and one sync for all keys of a batch. */
typedef struct journal_many journal_many;
/* Begin one beside that state.  On an error *m is NULL. */
journal_result journal_many_new(journal_many **m, const char *state_file, km_complaint *why);
/* m may be NULL. */
void journal_many_close(journal_many *m);
uint64_t journal_many_size(const journal_many *m);
/* A run's number in it. */
uint32_t journal_many_run(journal_many *m);
/* What follows is about that key.  false: out of memory, and m is to be closed. */
bool journal_many_key(journal_many *m, const journal_key *key);
/* A member of it, and the end of those of one kind, with the T that none of them is behind.  false: as above. */
bool journal_many_add(journal_many *m, uint32_t salt, const char *uri, size_t len);
bool journal_many_put(journal_many *m, uint32_t run, journal_kind kind, uint32_t gmk_id, uint64_t t);
/* That a run is delivered, or taken back.  false: as above. */
bool journal_many_end(journal_many *m, uint32_t run, bool delivered);
/* All of that on disk.  On an error m is to be closed: none of it counts as written. */
journal_result journal_many_sync(journal_many *m, km_complaint *why);

/* ---- who is in it ---------------------------------------------------------------------------- */

typedef struct {
	uint64_t given, unsure, told;   /* marks: a member whom two runs served counts twice, see journal_distinct */
	uint64_t last_t;                /* 32.32 bits of Unix seconds; 0: none */
	bool revoked;                   /* a revocation was begun */
} journal_count;
journal_count journal_counts(const journal *j);

/* Call each for all marks of the key but those of runs that were taken back; len 0: of an older version, which kept no
 * URI. */
void journal_each(const journal *j, void (*each)(void *ctx, journal_kind kind, uint32_t salt, const char *uri,
		size_t len, bool sure), void *ctx);

/* Put the members that were given the key, surely or not, into set.  only: those alone that may
 * share a user salt with a member of only; NULL: all.  false: out of memory. */
bool journal_load(salts *set, const journal *j, const salts *only);

enum { JOURNAL_HAS = 1, JOURNAL_UNSURE = 2, JOURNAL_WAS_TOLD = 4 };
/* Make the index that the following need: 32 octets a member.  false: out of memory. */
bool journal_index(journal *j);
/* What is known of that member, JOURNAL_* together; 0: was not given the key.  The member counts as
 * met from then on.  salt: where it is known, which old marks need. */
unsigned journal_meet(journal *j, const uint32_t *salt, const char *uri, size_t len);
/* Those who have the key or may have it, were not told of its revocation, and were not met; each gets
 * those whose URI is known, once.  Their number. */
uint64_t journal_unmet(journal *j, void (*each)(void *ctx, const char *uri, size_t len,
		bool unsure), void *ctx);
/* Members that have the key, each once however many runs served it; those that may.  It makes an index and drops it
 * again where there was none.  false: out of memory. */
bool journal_distinct(journal *j, uint64_t *has, uint64_t *unsure);

#endif
