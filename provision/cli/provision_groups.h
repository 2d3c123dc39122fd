/* provision_groups.h -- keymuster provision --groups: many groups, each with its key, in one run. */
#ifndef KM_CLI_PROVISION_GROUPS_H
#define KM_CLI_PROVISION_GROUPS_H

#include "provision.h"

/* What is known of a key beside its cli_key. */
typedef struct {
	uint64_t had_before, unsure_before;     /* as those of provision */
	uint64_t last_t;                        /* of those who had it before */
	bool is_new, had_unknown;
	bool has_older;                         /* its group has another key, which is in use */
	uint64_t left_out;
	cli_given given;                        /* members of this run, where somebody asks */
} group_key;

/* Another key of a group that somebody was given. */
typedef struct {
	uint32_t gmk_id, key;                   /* key: of the group, by number */
} older_key;

struct provision_groups {
	group_list *list;
	cli_key *keys;                          /* by number; NULL: it is not to be had, or --check would make it */
	group_key *of;                          /* the same */
	cli_row_counts *rows;
	uint32_t *by_id;                        /* numbers of keys that are there, by GMK-ID */
	size_t n_ids;
	older_key *older;                       /* by GMK-ID */
	size_t n_older, older_room;
	journal_many *journal;                  /* NULL: none is wanted */
	uint32_t run;
};

/* The first row of a key: what all of them say of it. */
static inline const groups_row *group_row_of(const provision_groups *g, size_t key)
{
	return groups_row_at(g->list, groups_key_at(g->list, key)->first);
}

static inline bool group_key_fails(const provision_groups *g, size_t key)
{
	return group_row_of(g, key)->wrong != NULL;
}

/* ---- provision_groups.c: the file, and its keys ---------------------------------------------- */

/* Keys read, and made but for --check; those that fail are said, once all is known. */
int group_open_keys(provision *p);
/* How many rows there are, in words; for the last line. */
void group_say_rows(char out[PROVISION_SAID], const provision *p);

/* ---- provision_groups_made.c ----------------------------------------------------------------- */

/* All that are new and do not fail, on disk when this returns; with --check only looked at. */
int group_make_keys(provision *p);

/* ---- provision_groups_given.c: who has them -------------------------------------------------- */

/* What is known of the keys before the run; keys whose journal contradicts them fail. */
int group_look_before(provision *p);
/* Who has a key that is revoked, or an earlier one of a group, and got no message: counted by key, and said. */
int group_count_left_out(provision *p, int code);

#endif
