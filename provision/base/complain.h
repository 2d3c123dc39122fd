/* complain.h -- what is wrong with something read, as people are told it.
 *
 * The room, provision/base/, which stands on the engine's header alone:
 *   complain, memlock    what is wrong, in words; also of the engine's errors
 *   hint                 what lets it through, by the name that the caller knows
 *   escape, json_text    foreign text made safe to show, or to stand in JSON
 *   json_lex, json_row   JSON by its tokens; strings out of a JSON object
 *   file, wait           files read whole, and replaced whole; waits that a request to end breaks off
 *   time, when, word     points in time, and how they are read and written; a word of a list
 *   numbers              lists of numbers that grow
 *   lock, threads        locks of objects that threads share; where work is done side by side
 *   sized                structs of a caller of another version
 */
#ifndef KM_COMPLAIN_H
#define KM_COMPLAIN_H

#include "gmk.h"

struct km_complaint {
	char text[2016];
	char field[32];         /* what of the caller's was refused; "" */
};

/* Where a call of the interface complains, emptied: *why, or *spare for who does not listen. */
km_complaint *complain_anew(km_complaint *why, km_complaint *spare);

/* The text alone, cut where it is too long. */
void complain_keep(char *out, size_t room, const km_complaint *said);

/* KM_EARG, about a field, setting or argument: *why = "FIELD: text". */
KM_MUST km_err complain_field(km_complaint *why, const char *field, const char *text);

/* What errno says, in English: strerror would look for a translation, under locks of the C library that the child of a
 * fork may find taken for ever.  Never NULL. */
const char *complain_errno(int err);

/* *why = "NAME:LINE: element: text", each part escaped and a long one cut; line 0 and element NULL
 * are left out. */
void complain(km_complaint *why, const char *name, int line, const char *element,
		const char *text);

#endif
