/* members.h -- lists of members, read line by line: one URI a line, CSV, or NDJSON.
 *
 * The first line that is not empty decides: NDJSON where it starts with '{', CSV where it has a
 * column called uri, else one URI a line (lines that start with '#' are comments).  CR LF and a
 * byte order mark are accepted.  Memory: a buffer, and at most 16 octets a member.
 */
#ifndef KM_MEMBERS_H
#define KM_MEMBERS_H

#include "gmk.h"

typedef struct members members;

/* One member, or a line that was refused.  Strings live until the next call. */
typedef struct {
	uint64_t line;          /* from 1; a CSV record counts from its first line */
	km_reason reason;       /* KM_R_OK; KM_R_PARSE, KM_R_URI or KM_R_REPEATED: refused */
	km_str uri;             /* as it was read, for showing escaped, even where it is refused */
	km_str kms;             /* len 0: not given.  Not looked up */
	char text[192];         /* of a refused line: what is wrong; no foreign text */
} member_line;

/* Read from in, which stays the caller's; name stands in complaints.  NULL: out of memory. */
members *members_open(FILE *in, const char *name);

/* 1: a member or a refused line.  0: the end.  -1: reading failed, memory ran out, or a CSV header
 * is wrong; *why says so, and the end has come. */
int members_next(members *list, member_line *out, km_complaint *why);

/* list may be NULL. */
void members_close(members *list);

#endif
