/* provision.h -- what the parts of keymuster provision share. */
#ifndef KM_CLI_PROVISION_H
#define KM_CLI_PROVISION_H

#include "cli.h"

#include "../file.h"
#include "../groupkey.h"

typedef struct {
	cli_list kms, groups, services, columns;
	const char *gms, *members, *gmk, *text, *activate, *expire;
	const char *status, *identity, *map, *format, *output, *jobs;
	bool forget, to_self;
} words;

/* A run and all that it holds. */
typedef struct {
	words w;
	int64_t now, activation, expiry;
	bool revoke, key_exists;
	size_t jobs;
	km_gmk_job *job;        /* in locked memory */
	km_keyring *ring;
	crowd *members;
	crowd_how how;          /* to read them */
	groupkey *key;
	char *gmk_file;         /* where the key that exists stands, behind links */
	size_t salts_saved;
	state *st;
	file_out file;
	FILE *out;
	sink_format format;
} provision;

/* Each of these gives CLI_DONE, or what to exit with after a complaint. */

/* ---- whose keys (provision_gms.c) ------------------------------------------------------------ */

/* Load KMSs and the keys of the GMS, and see that the first members can be served. */
int provision_load(provision *p);
/* Groups that clients will refuse unless they are told to trust this GMS. */
void provision_warn_of_groups(const provision *p);

/* ---- the output (provision_out.c) ------------------------------------------------------------ */

/* The output must not take the place of keys: nobody could make them again. */
int provision_check_output(const words *w);
int provision_open_output(provision *p);
int provision_close_output(provision *p, bool keep);

/* ---- the group key and the state (provision_key.c) ------------------------------------------- */

int provision_open_state(provision *p);

/* Read the key file where it exists. */
int provision_read_key(provision *p);
/* What the command line says beside it must agree, and it must still be good. */
int provision_compare_key(const provision *p);
/* Draw a new key and keep it: on disk before the first message can leave. */
int provision_make_key(provision *p);
/* Once a revocation has begun, nobody gets the key any more: the file says so first. */
int provision_mark_revoked(provision *p);
/* Keep the salts of late joiners, beside those that another run has added meanwhile. */
int provision_save_salts(provision *p);

#endif
