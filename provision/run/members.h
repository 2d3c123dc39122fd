/* members.h -- lists of members, read line by line: one URI a line, CSV, or NDJSON.
 *
 * The room, provision/run/, which the command alone has: a run from a list to a file.
 *   members, members_form   lists of members; what form one has
 *   rows                    the rows of a file, of which a list is made
 *   seen                    who stood in it before
 *   groups, words_table     which group gets which key; numbers by words
 *   pool                    threads that give back what they made in the order it came
 *   sink                    messages as they leave
 *   kmsdoc_write            KMS documents written, for the laboratory and tests
 *
 * The first line that is neither empty nor a comment ('#') decides: NDJSON where it starts with '{', CSV
 * where it has a column called uri, one URI a line where it looks like a URI.  Anything else is refused
 * as a whole.  CR LF and a byte order mark are accepted.  Memory: a buffer, and what seen.h says.
 */
#ifndef KM_MEMBERS_H
#define KM_MEMBERS_H

#include "groups.h"

typedef struct member_list member_list;

typedef struct {
	const char *uri, *kms, *group;  /* what columns and names are called; NULL: as here */
	bool any_id;            /* identities without sip: or tel: are members too */
	bool keep_going;        /* a record that swallowed lines is refused alone */
	const char *const *groups;      /* a member whose group is a URI, but none of these, is refused */
	size_t n_groups;                /* 0: whatever the group is */
	const group_list *by_group;         /* of many groups: each member names one of these; NULL: one key for all */
} members_how;

/* One member, or a line that was refused.  Strings live until the next call. */
typedef struct {
	uint64_t line, last;    /* from 1; a CSV record may go over several */
	km_reason reason;       /* KM_R_OK; KM_R_PARSE, KM_R_URI, KM_R_GROUP, or KM_R_REPEATED
	                         * (with another KMS) */
	km_str uri;             /* as it was read, for showing escaped, even where it is refused */
	km_str kms, group;      /* len 0: not given.  The KMS is not looked up */
	uint32_t row;           /* of its group, in by_group; GROUPS_NONE: none */
	km_str record;          /* the line or record as it stands in the list, without its end */
	bool is_cut;            /* only the start of the record is there */
	bool is_open;           /* the list ended within its quotes */
	char text[192];         /* of a refused line: what is wrong; no foreign text */
} member_line;

typedef struct {
	uint64_t line, other;   /* other came before */
} members_pair;

/* What was read so far. */
typedef struct {
	uint64_t lines, members, refused;
	uint64_t comments;      /* rows of CSV that are commented out */
	uint64_t repeats;       /* left out, with no word: the member is there already */
	members_pair repeat;    /* the first */
	uint32_t *repeats_by_row;       /* the same by row of by_group, which was given */
	uint64_t twins;         /* members whose user was there, written in another way */
	members_pair *twin;     /* all of them: 16 octets more for each */
	uint64_t beyond_ascii;  /* members with letters that RFC 3261 wants escaped */
	uint64_t beyond_line;   /* the first */
	bool complete;          /* the end was reached */
	uint64_t broke_off;     /* where reading ended before the end: a line, or 0 */
} members_counts;

/* Read from in, which stays the caller's; name stands in complaints; the strings of how stay the
 * caller's.  how may be NULL.  NULL: out of memory. */
member_list *members_open(FILE *in, const char *name, const members_how *how);

/* 1: a member or a refused line.  0: the end.  -1: the list was not read to its end: reading failed,
 * memory ran out, a quote swallowed lines, or it is no list; *why says so, and the end has come. */
int members_next(member_list *list, member_line *out, km_complaint *why);

const members_counts *members_counted(const member_list *list);

/* The first line of CSV, which names the columns; len 0: there is none. */
km_str members_header(const member_list *list);

/* list may be NULL. */
void members_close(member_list *list);

#endif
