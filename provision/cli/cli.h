/* cli.h -- what the subcommands of keymuster share.
 *
 * The room, provision/cli/, which stands on all of provision/: the command.
 *   main, options, suggest          subcommands and their options, and what was meant
 *   say, signals, processors        lines for people; requests to end; processors to use
 *   inputs, crowd, tally            key material given; a list of members; what became of them, counted
 *   run, run_out                    members to messages, side by side; what becomes of them
 *   provision, provision_*          a run: its key (key), GMS (gms), members who have it (given), what is looked at
 *                                   before (check), its output (out) and help; canary: one message opened first
 *   provision_groups, provision_groups_made, provision_groups_given   the same of many groups: keys that are there,
 *                                   and that are made; who has them
 *   receipt, verify, verify_messages, verify_groups   what a run says at its end, and that held against its output
 *   messages, messages_text, messages_doc   messages read, in all forms
 *   open, open_out, inspect         messages opened, and looked at
 *   state, state_prune, states      the state, shown and repaired; old journals removed; which states are meant
 *   who, who_groups, show           members who have a key, or all keys; and key files, shown
 *   lab, selftest                   a KMS for the laboratory; the engine's known answers
 *   keymuster.bash, man.sh          completion; the manual page
 */
#ifndef KM_CLI_H
#define KM_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/complain.h"
#include "keys/keyring.h"

/* Exit codes, also what functions give that may end the command; CLI_DONE lets it go on. */
enum {
	CLI_DONE = 0,
	CLI_USAGE = 1,
	CLI_REJECTED = 2,       /* some members or messages */
	CLI_KEYS = 3,           /* key material missing, invalid or expired before the first item */
	CLI_IO = 4,
	CLI_SELFTEST = 5,
	CLI_INTERRUPTED = 6,    /* a signal asked it to end before it was done */
};

/* ---- options (options.c) --------------------------------------------------------------------- */

typedef struct {
	const char **at;
	size_t n;
} cli_list;

/* to: bool * of a flag, const char ** of one value, cli_list * of many. */
typedef struct {
	const char *name;       /* without its dashes; NULL ends a table */
	char letter;            /* the short form, or 0 */
	enum { CLI_FLAG, CLI_ONE, CLI_MANY } kind;
	void *to;
} cli_option;

typedef struct {
	const char *name;       /* "provision", "lab kms" */
	const char *help;
	int (*run)(int argc, char **argv);      /* argv[0] is the first word behind the name */
	const char *help_rest;  /* behind help, which is as long as a string may be; NULL: nothing */
} cli_command;

/* By name in an order that suits people; NULL beyond. */
const cli_command *cli_command_at(size_t i);

extern const cli_command cli_help, cli_lab_kms, cli_lab_user, cli_provision, cli_open, cli_inspect, cli_verify,
		cli_show_files, cli_who, cli_state_show, cli_state_repair, cli_state_prune,
		cli_selftest;

/* All of its help, to stdout. */
void cli_put_help(const cli_command *command);

enum { CLI_GO_ON = -1 };

/* Take all words of argv: options into their places, the others into operands (freed with
 * cli_list_free, as the lists of options).  CLI_GO_ON, or the code to exit with (--help: CLI_DONE). */
int cli_parse(const cli_command *command, int argc, char **argv, const cli_option *options,
		cli_list *operands);
void cli_list_free(cli_list *list);
/* false: out of memory. */
bool cli_list_add(cli_list *list, const char *word);

/* A usage error with a hint at --help; gives CLI_USAGE. */
int cli_usage(const cli_command *command, const char *format, ...)
		__attribute__((format(printf, 2, 3)));

/* Values of options.  false: a usage error was printed. */
bool cli_take_number(const cli_command *command, const char *option, const char *text,
		uint64_t min, uint64_t max, uint64_t *n);
bool cli_take_time(const cli_command *command, const char *option, const char *text, int64_t *t);
/* The place of text in words, which ends in NULL. */
bool cli_take_word(const cli_command *command, const char *option, const char *text,
		const char *const *words, size_t *at);

/* ---- what was meant (suggest.c) --------------------------------------------------------------- */

typedef struct {
	const char *word;       /* the nearest of those that were tried; NULL: none is near */
	size_t far;
} cli_suggestion;

/* Try a word that is known; s is zeroed first. */
void cli_suggest(cli_suggestion *s, const char *word, size_t len, const char *known);

/* ---- speaking (say.c) ------------------------------------------------------------------------ */

/* How to speak and which kernel to use, as the global options say. */
extern bool cli_plain, cli_quiet, cli_verbose;
extern const char *cli_kernel;

/* Is it well-formed UTF-8 throughout? */
bool cli_is_utf8(const char *s, size_t len);

/* To stderr, a line each; the texts must be escaped already. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Not with --quiet. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* With --verbose alone. */
void cli_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum { CLI_SHOWN = 4 * KM_URI_MAX + 8 };
/* Foreign text, escaped and cut; gives out. */
const char *cli_show(char out[CLI_SHOWN], const char *s, size_t len);

/* "NAME:LINE: TEXT: reason: why", with parts that are not there left out (line 0, len 0). */
void cli_reject(const char *name, uint64_t line, const char *text, size_t len, km_reason reason,
		const char *why);

/* A line of progress on a terminal, written over and taken away by whatever is said next. */
typedef struct {
	const char *what;       /* "members" */
	double started, shown;  /* cli_seconds; shown: 0 before the first time */
} cli_progress;

/* done of total (0: not known), with percent and the time that is left.  Ten times a second at most. */
void cli_show_progress(cli_progress *p, uint64_t done, uint64_t total);

/* Has cli_error said anything? */
bool cli_has_failed(void);

/* ---- signals (signals.c) --------------------------------------------------------------------- */

/* The signal that asks the command to end; 0: none has come. */
extern volatile sig_atomic_t cli_interrupted;

/* From here on SIGINT, SIGTERM and SIGHUP are noticed, also by whatever waits through wait.h, and a
 * second one ends the process. */
void cli_watch_signals(void);
/* What to exit with, where a command gave code: CLI_INTERRUPTED, said if nothing else was, for what
 * failed because of a signal alone. */
int cli_ended(int code);

/* ---- inputs (inputs.c) ----------------------------------------------------------------------- */

/* Choose the kernels, start the libraries.  CLI_DONE, or what to exit with. */
int cli_start(void);

/* The file called name, stdin for "-"; NULL: a complaint was printed.  name is set to what to call it,
 * size to its octets, 0 where they are not known (size may be NULL).  A signal ends reading (EINTR). */
FILE *cli_open_input(const char **name, uintmax_t *size);
void cli_close_input(FILE *in);

/* How documents of keys are read: --any-period, --lax-ns. */
typedef struct {
	bool any_period, lax_ns;
} cli_keys_how;

/* Load KMS documents, then documents of users' keys, into a new ring, and say what is odd; "-" is stdin.
 * threads: of the pool that the ring has, 0: none.  Gives CLI_DONE or CLI_KEYS, and *ring = NULL then. */
int cli_load(km_keyring **ring, const cli_list *kms, const cli_list *keys, unsigned threads,
		cli_keys_how how);

enum { CLI_WHY = 512 };
/* Why a certificate cannot be used then, with its file and the date; NULL: it can. */
const char *cli_why_kms(char out[CLI_WHY], const km_kms *kms, int64_t at);
/* What the numbers of the key sets that are held tell, where that of the period of a time is missing. */
const char *cli_why_period(char out[CLI_WHY], const km_keyring *ring, km_str uri, const km_kms *kms,
		int64_t at);

/* Why it cannot be used at now (Unix seconds), as "has expired"; NULL: it can. */
const char *cli_why_not_valid(int64_t from, int64_t to, bool revoked, int64_t now);

/* How many threads can run side by side here: affinity and control group allow it; at most
 * CLI_JOBS_MAX. */
enum { CLI_JOBS_MAX = 256 };
unsigned cli_processors(void);

/* Seconds on a clock that only goes forward. */
double cli_seconds(void);

/* ---- messages that are read (messages.c) ----------------------------------------------------- */

typedef struct cli_messages cli_messages;

typedef struct {
	uint64_t line;          /* 0: the input is one raw message */
	const uint8_t *msg;     /* until the next call */
	size_t len;
	const char *wrong;      /* not a message at all; NULL: msg was read */
} cli_message;

/* A raw message; lines of base64, base64url or hex, wrapped or not, with "mikey" before them or not;
 * NDJSON with mikey; SDP; SIP or MIME; XML with GKTP elements.  NULL: out of memory. */
cli_messages *cli_messages_open(FILE *in);
/* false: the end, or reading failed (ferror of the input). */
bool cli_messages_next(cli_messages *m, cli_message *out);
/* m may be NULL. */
void cli_messages_close(cli_messages *m);

/* ---- members that are read (crowd.c) --------------------------------------------------------- */

#include "run/members.h"

/* The first members are read before anything else, so that their number is known where they are
 * few; the others come as they are asked for. */
typedef struct crowd crowd;

typedef struct {
	members_how list;       /* what columns are called, and what passes */
	const char *rejects;    /* a file for the lines that are refused; NULL: none */
} crowd_how;

typedef struct {
	km_str uri;             /* uri.s is the holder's: crowd_drop */
	uint32_t kms;           /* its number in the keyring */
	uint32_t key;           /* which key of the run it gets */
	uint32_t row;           /* of its group; GROUPS_NONE: all get one key */
	uint64_t line;
	char *record;           /* as it stands in the list, where rejects are kept */
	size_t record_len;
} crowd_member;

enum { CROWD_REASONS = 32 };    /* more than km_reason has */

/* One of a run for many groups. */
typedef struct {
	uint32_t row;
	km_reason reason;
} crowd_refusal;

typedef struct {
	const members_counts *list;             /* what was read of it */
	uint64_t rejected, by_reason[CROWD_REASONS];
	uint64_t by_default;    /* members of home's KMS for want of a word, where there are others */
	const crowd_refusal *refusals;          /* those whose group is known, in the order of the list */
	size_t n_refusals;
} crowd_count;

/* Take --column NAME=COLUMN into how.  false: a usage error was printed. */
bool crowd_take_column(const cli_command *command, crowd_how *how, const char *text);

/* Open the list and read at most limit members.  On an error *c is NULL and the code is given. */
int crowd_open(crowd **c, const char *name, const crowd_how *how, size_t limit);
/* c may be NULL.  Rejects that were not kept are gone. */
void crowd_close(crowd *c);
/* Refuse a member that was given out: say it, count it, and put its line to the rejects. */
void crowd_reject(crowd *c, const crowd_member *m, km_reason reason, const char *why);
/* Put the file of rejects in place, once all members are done. */
int crowd_keep_rejects(crowd *c);
/* What was read and refused so far; list is as long-lived as c. */
crowd_count crowd_counts(const crowd *c);
/* What to call the list in complaints. */
const char *crowd_name(const crowd *c);
/* Have all been read? */
bool crowd_is_complete(const crowd *c);
/* How many there are: exact where all have been read, else a guess from the size of the file. */
size_t crowd_size(const crowd *c);
/* Is that more than a guess at random: have all been read, or is the size of the file known? */
bool crowd_is_sized(const crowd *c);
/* Look up the KMSs of the members: home's where none is given.  from: Unix seconds, before which no
 * message is made; certificates are looked at then, or at the clock where that is later. */
void crowd_settle(crowd *c, const km_keyring *ring, const km_kms *home, int64_t from);
/* The i-th of those read so far and not yet given out; NULL beyond. */
const crowd_member *crowd_at(const crowd *c, size_t i);
/* 1: a member.  0: the end.  Else minus the code to exit with.  Refused lines are said and counted. */
int crowd_next(crowd *c, crowd_member *out);
void crowd_drop(crowd_member *m);

/* ---- a run (run.c) --------------------------------------------------------------------------- */

#include "gms/gms.h"
#include "gms/journal.h"
#include "keys/keyring_pointers.h"
#include "gms/salts.h"
#include "run/sink.h"
#include "gms/state.h"
#include "base/word.h"

/* What a state has to say, to stderr; and the code to exit with. */
void cli_say_state(void *ctx, const char *text);
int cli_state_code(state_result result);

/* Members of a key: URIs, one behind the other, each with its NUL. */
typedef struct {
	char *at;
	size_t len, room;
} cli_given;

/* A key of the run, and who has it. */
typedef struct {
	km_key *key;            /* of the GMS; NULL: it could not be had, and none of its members is served */
	bool revoke;            /* its messages revoke it */
	salts *salts;           /* gets those of the messages that were made */
	journal *journal;       /* gets a mark of each member before its message leaves; NULL: none */
	journal **older;        /* of earlier keys: members of this run are met in them */
	size_t n_older;
	cli_given *given;       /* gets who was given it; NULL: nobody asks */
} cli_key;

/* What km_batch_set is told. */
typedef struct {
	uint32_t identity, map, services, to_self, members;
} cli_settings;

typedef struct {
	km_keyring *ring;
	km_gms *gms;
	cli_settings settings;
	const cli_key *keys;
	size_t n_keys;
	crowd *members;
	const group_list *by_group; /* NULL: one key for all */
	journal_many *journal;  /* of many keys, and the number of the run in it; NULL: each has its own, or none */
	uint32_t journal_run;
	bool streams;           /* messages leave before the run is at its end */
	FILE *out;
	const char *out_name;
	sink_format format;
	unsigned jobs;
	bool flush;             /* each message leaves before the next member is read */
} cli_run;

/* Messages of one KMS and key period. */
typedef struct {
	uint32_t kms;           /* its number */
	const char *kms_uri;    /* as long as the keyring */
	uint64_t period_no, n;
} cli_tally;

/* Two lines whose members share a user salt; other is 0 for a member of an earlier run. */
typedef struct {
	uint64_t line, other;
} cli_pair;

/* Of a row of many groups. */
typedef struct {
	uint64_t made, known, pairs, first_t, last_t;
} cli_row_counts;

enum { CLI_PAIRS = 1000, CLI_PAIRS_SHOWN = 3 };

typedef struct {
	uint64_t made, rejected;
	uint64_t known;         /* of those made: members who were given this key before */
	uint64_t first_t, last_t;       /* T of messages made, 32.32 bits of Unix seconds */
	cli_tally *tally;       /* in the order in which they came */
	size_t n_tally;
	uint64_t pairs;
	cli_pair pair[CLI_PAIRS];       /* the first ones */
	uint64_t octets;        /* written */
	void *hash;             /* over them: cli_hash_end */
	cli_row_counts *by_row; /* of many groups, the caller's; NULL: one key for all */
	double seconds;
	bool complete;          /* the list was read to its end, and all of it was written */
} cli_counts;

/* ---- what a run made (tally.c) --------------------------------------------------------------- */

/* false: out of memory. */
bool cli_count_start(cli_counts *counts);
bool cli_count_made(cli_counts *counts, uint32_t row, uint32_t kms, const char *kms_uri, uint64_t period_no,
		uint64_t t);
/* One member more of a key. */
bool cli_given_add(cli_given *given, km_str uri);
bool cli_count_written(cli_counts *counts, const void *data, size_t len);
/* SHA-256 of all that was written, in hex; once. */
enum { CLI_HASH_HEX = 2 * KM_HASH_BYTES + 1 };
bool cli_count_hash(char hex[CLI_HASH_HEX], cli_counts *counts);
void cli_count_free(cli_counts *counts);
/* "2 lines: 2 members (1 at A, 1 at B), 1 rejected (1 uri), 1 repeat", cut where it is long. */
enum { CLI_SUMMARY = 2048 };
void cli_count_say(char out[CLI_SUMMARY], const cli_counts *counts, const crowd *members);

/* A batch with these settings, which marks nobody.  NULL: out of memory. */
km_batch *cli_batch(km_keyring *ring, const cli_settings *settings);
/* The time for what is made now: by the clock, or by the last T where that is later. */
km_time cli_time(const km_gms *gms);

enum { CLI_WINDOW_MAX = 20480 };        /* members of a batch: above, memory grows and nothing else */
/* How many members are a batch, where they are of so many KMSs. */
size_t cli_window(const crowd *members, size_t n_kms, size_t jobs);
/* Make and write all messages.  CLI_DONE, CLI_REJECTED, or where it broke off CLI_IO, CLI_SELFTEST for a fault. */
int cli_run_all(cli_counts *counts, const cli_run *run);

#endif
