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

/* Check all messages of the file (verify_messages.c).  CLI_DONE, or CLI_IO. */
int verify_messages(verifier *v);

#endif
