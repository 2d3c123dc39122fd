/* journal.h -- who was given one group key: a file beside the state, that is only ever added to.
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
 */
#ifndef KM_JOURNAL_H
#define KM_JOURNAL_H

#include "groupkey.h"
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
	const char *groups[KM_GROUPS_MAX];
} journal_key;

/* "DIR/NAME.state", "0abcdef0" -> "DIR/NAME.0abcdef0.journal".  free() it.  NULL: out of memory. */
char *journal_path(const char *state_file, uint32_t gmk_id);
/* Call each for all journals beside that state.  How many there are; each may be NULL. */
size_t journal_list(const char *state_file, void (*each)(void *ctx, const char *path,
		uint32_t gmk_id), void *ctx);

/* key: whose journal it must be; with JOURNAL_READ it may be NULL.  On an error *j is NULL. */
journal_result journal_open(journal **j, const char *path, journal_how how, const groupkey *key,
		km_complaint *why);
/* j may be NULL. */
void journal_close(journal *j);
const journal_key *journal_of(const journal *j);
/* A user salt comes from the GMK: does the first that is there come from this one?  true: there is none. */
bool journal_has_salts_of(const journal *j, const uint8_t gmk[KM_SSV_BYTES]);
/* Was it made by this journal_open? */
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

/* ---- who is in it ---------------------------------------------------------------------------- */

typedef struct {
	uint64_t given, unsure, told;   /* marks: a member whom two runs served at once counts twice */
	uint64_t last_t;                /* 32.32 bits of Unix seconds; 0: none */
	bool revoked;                   /* a revocation was begun */
} journal_count;
journal_count journal_counts(const journal *j);

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
/* Distinct members that have the key; those that may. */
void journal_distinct(const journal *j, uint64_t *has, uint64_t *unsure);

#endif
