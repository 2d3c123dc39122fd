/* provision.h -- what the parts of keymuster provision share. */
#ifndef KM_CLI_PROVISION_H
#define KM_CLI_PROVISION_H

#include "cli.h"

#include "base/file.h"
#include "keys/keyfile.h"
#include "gms/journal.h"

enum {
	PROVISION_LEFT = 1000,          /* names that are kept of those who are left out */
	PROVISION_SAID = 160,
};

typedef struct provision_groups provision_groups;

typedef struct {
	cli_list kms, gms, groups, services, columns;
	const char *by_group;   /* --groups */
	const char *gms_uri, *gms_kms, *members, *gmk, *text, *activate, *expire;
	const char *state, *tolerance;
	const char *status, *identity, *map, *format, *output, *jobs, *receipt, *canary;
	bool forget, to_self, force, check, flush, new_state, partial;
	cli_keys_how keys;
} words;

extern const char provision_help[], provision_help_rest[];

/* A run and all that it holds. */
typedef struct {
	words w;
	int64_t now, activation, expiry;
	int64_t t;              /* of the first message, Unix seconds: what must be valid then */
	uint64_t tolerance;     /* seconds that the last T may be ahead of the clock */
	bool revoke, key_exists;
	size_t jobs;
	cli_settings settings;
	km_keyring *ring;
	km_str gms_uri;         /* the GMS's; the ring's */
	const km_kms *gms_kms;  /* the newest certificate of its KMS */
	km_gms *gms;
	crowd *members;
	crowd_how how;          /* to read them */
	provision_groups *groups;       /* of many groups; NULL: one key for all */
	km_key *key;            /* of many groups: the first, for the canary */
	salts *old_salts;       /* that its file of an older version kept; NULL: none */
	char *gmk_file;         /* where the key that exists stands, behind links; NULL: a pipe */
	state *st;              /* of gms */
	salts *salts;           /* of members who have the key, as far as they matter to this run */
	journal *journal;       /* NULL where the key is kept nowhere */
	journal **older;        /* of keys of the same group that are in use */
	size_t n_older;
	uint64_t had_before;    /* members who had the key before this run */
	uint64_t unsure_before; /* others who may have it, from runs that broke off */
	bool had_unknown;       /* the key is older than its journal */
	uint64_t left_out, left_unsure;
	char **left;            /* names of those who are left out, the first ones */
	size_t n_left;
	file_out file, receipt;
	char *receipt_name;     /* NULL: none is wanted */
	FILE *out;
	km_str canary;          /* whose keys --canary holds; s is ours */
	uint32_t canary_kms;    /* its number */
	bool shown;             /* the output may stand where others see it */
	bool in_place;          /* the output of this run stands where it was asked for */
	double started;         /* cli_seconds */
	bool began;             /* messages may have left */
	bool made_all;          /* the list was read to its end, and all of them have */
	uint64_t made;          /* messages written by the run, at least */
	sink_format format;
} provision;

/* Each of these gives CLI_DONE, or what to exit with after a complaint. */

/* ---- whose keys (provision_gms.c) ------------------------------------------------------------ */

/* Load KMSs and the keys of the GMS. */
int provision_load(provision *p);
/* The key set of the GMS for that time (Unix seconds): its number, the first second behind it
 * (INT64_MAX: none), and whether that second has one too. */
typedef struct {
	uint64_t no;
	int64_t end;
	bool has_next;
} provision_period;
provision_period provision_period_at(const provision *p, int64_t at);
/* The GMS can sign at p->t, and the first members can be served. */
int provision_check_keys(provision *p);
/* Members whose KMS nothing names, where there are several. */
void provision_warn_of_default(const provision *p);
/* Groups that clients will refuse unless they are told to trust this GMS. */
void provision_warn_of_groups(const provision *p);

/* ---- the output (provision_out.c) ------------------------------------------------------------ */

/* Where the receipt goes: --receipt, or OUT.receipt where the output is a file. */
int provision_name_receipt(provision *p);
/* What is written must not take the place of what is read, of keys, or of what is no output. */
int provision_check_output(const provision *p);
int provision_open_output(provision *p);
void provision_discard_output(provision *p);
/* Output and receipt into their places, where the list was read to its end and something was made;
 * else both are removed.  code is what the run ends with. */
int provision_close_output(provision *p, cli_counts *counts, int code);
/* What a signal broke off, and how to go on: CLI_INTERRUPTED. */
int provision_say_interrupted(const provision *p);
/* After a run to stdout that broke off otherwise: what has gone. */
void provision_say_broken(const provision *p);
/* After a run that put nothing in place: an output that stands there is not its. */
void provision_say_earlier(const provision *p);

/* ---- the receipt (receipt.c) ----------------------------------------------------------------- */

/* Once: it ends the hash in counts.  false: out of memory, or it could not be written. */
bool receipt_write(FILE *out, const provision *p, cli_counts *counts, int code);

/* ---- the canary (canary.c) ------------------------------------------------------------------- */

/* Whose keys --canary holds. */
int provision_load_canary(provision *p);
/* Make its message and have it opened.  CLI_SELFTEST: it did not open; both are said. */
int provision_ask_canary(const provision *p);

/* ---- --check (provision_check.c) ------------------------------------------------------------- */

/* Read the list to its end and say what a run would do; what it would end with. */
int provision_check(provision *p);
/* May a file of that name be made, or replaced?  false: errno says why not. */
bool provision_may_write(const char *name);

/* ---- many groups (provision_groups.c) ------------------------------------------------------- */

/* Read the file of groups. */
int provision_read_groups(provision *p);
const group_list *provision_list(const provision *p);
/* Keys read and made, those to be revoked revoked, and the journal of this run begun.  What cannot be had is said, and
 * fails alone. */
int provision_open_groups(provision *p);
/* provision_check for many groups. */
int provision_check_groups(provision *p);
/* What the run is to use. */
void provision_use_groups(cli_run *how, cli_counts *counts, const provision *p);
/* As the functions without groups in their names: where they are of many groups. */
int provision_look_again_groups(const provision *p, int code);
int provision_end_groups(provision *p, bool delivered);
/* The last line. */
void provision_tell_groups(const provision *p, const cli_counts *counts);
void provision_close_groups(provision *p);

/* ---- the group key (provision_key.c) --------------------------------------------------------- */

/* Read the key file where it exists. */
int provision_read_key(provision *p);
/* What the command line says beside it must agree. */
int provision_compare_key(const provision *p);
/* It must still be good, by the state and by T. */
int provision_check_key(provision *p);
/* The key was revoked: CLI_KEYS, said. */
int provision_refuse_revoked(const provision *p);
/* Draw a new key and keep it: on disk before the first message can leave. */
int provision_make_key(provision *p);
/* Once a revocation has begun, nobody gets the key any more: the state says so first. */
int provision_mark_revoked(provision *p);

/* ---- the state, and who was given the key (provision_given.c) -------------------------------- */

/* Open the state, and see that its T and the clock agree; p->t is known then. */
int provision_open_state(provision *p);
/* The journal of the key, and those of earlier keys of the group. */
int provision_open_journal(provision *p);
void provision_close_journal(provision *p);
/* Who has this key, or an earlier one of the group, and got no message?  They are named; code, or
 * CLI_REJECTED. */
int provision_count_left_out(provision *p, int code);
/* Keep the name of one who is left out: of journal_unmet. */
void provision_note_left(void *ctx, const char *uri, size_t len, bool unsure);
/* ": A, B, ..." of those from the first on, of n. */
void provision_name_left(char *out, size_t size, const provision *p, size_t from, uint64_t n);
/* In words for the last line: who had the key before; who is left out, "; ..." or nothing. */
void provision_say_before(char out[PROVISION_SAID], const provision *p);
void provision_say_left_out(char out[PROVISION_SAID], const provision *p);
/* Before the output is put in place: whom it serves is marked on disk. */
int provision_sync(provision *p);
/* Is the key revoked meanwhile, by another run?  Gives code, or CLI_REJECTED for CLI_DONE. */
int provision_look_again(provision *p, int code);
/* The output is in place: those who are marked have the key. */
int provision_commit(provision *p);
/* The output was taken away before anybody could see it: nobody has a message of this run. */
void provision_take_back(provision *p);

#endif
