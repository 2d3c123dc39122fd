/* verify.h -- what the parts of keymuster verify share. */
#ifndef KM_CLI_VERIFY_H
#define KM_CLI_VERIFY_H

#include "cli.h"

#include <jansson.h>

#include "run/pool.h"

enum { VERIFY_CHUNK = 256, VERIFY_FAULTS_SHOWN = 10 };

typedef struct {
	cli_list kms, operands;
	const char *receipt, *sample;
	cli_keys_how how;
} verify_words;

typedef struct {
	uint64_t line;
	uint8_t *msg;
	size_t len, signed_len;
	uint8_t sender[KM_UID_BYTES];
} verify_signature;

typedef struct {
	const km_kms *kms;
	verify_signature of[VERIFY_CHUNK];
	km_signed items[VERIFY_CHUNK];
	km_err status[VERIFY_CHUNK];
	size_t n;
	km_err err;
} verify_chunk;

typedef struct verify_groups verify_groups;

typedef struct {
	verify_words w;
	const char *name;
	json_t *receipt;        /* NULL: there is none */
	char *receipt_name;
	km_keyring *ring;
	FILE *in;
	const char *format;
	bool io_failed;
	uint64_t octets, lines;
	char hash[2 * KM_HASH_BYTES + 1];

	uint64_t at, messages, verified, faults;
	uint64_t sample;        /* still to be chosen; all: UINT64_MAX */
	char *gms;              /* whose messages these are, once known */
	char *gms_kms;
	verify_groups *groups;  /* of an output of many groups; NULL: all have one key */
	char gmk_id[9];
	uint8_t rand[KM_RAND_BYTES];
	uint64_t first_t, last_t;
	json_t *made;
	pool *threads;
	verify_chunk *chunks;
	size_t n_chunks, put;
	cli_progress progress;
} verifier;

/* Count a fault, and say the first ones; line 0: of the whole.  The text must be escaped. */
void verify_fault(verifier *v, uint64_t line, const char *format, ...)
		__attribute__((format(printf, 3, 4)));

/* ---- many groups (verify_groups.c) ------------------------------------------------------------ */

/* Take the rows of a receipt of many groups.  false: out of memory. */
bool verify_groups_take(verifier *v);
/* A message of that group; gmk_id NULL: not known.  NULL, or what is wrong. */
const char *verify_group(verifier *v, km_str group, const char *gmk_id, const uint8_t rand[KM_RAND_BYTES], uint64_t t);
/* All messages have been seen: hold them against the rows. */
void verify_groups_compare(verifier *v);
/* Groups whose key could not be had. */
uint64_t verify_groups_failed(const verifier *v);
void verify_groups_free(verify_groups *g);

/* Check all messages of the file (verify_messages.c).  CLI_DONE, or CLI_IO. */
int verify_messages(verifier *v);

#endif
