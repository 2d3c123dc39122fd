/* complain.h -- what is wrong with something read, as people are told it.
 *
 * The room, provision/base/, which stands on the engine's header alone:
 *   complain, memlock    what is wrong, in words; also of the engine's errors
 *   escape, json_text    foreign text made safe to show, or to stand in JSON
 *   json_row             strings out of a JSON object
 *   file, wait           files read whole, and replaced whole; waits that a request to end breaks off
 *   when, word           points in time, read and written; a word of a list
 */
#ifndef KM_COMPLAIN_H
#define KM_COMPLAIN_H

#include "gmk.h"

/* *why = "NAME:LINE: element: text", each part escaped and a long one cut; line 0 and element NULL
 * are left out. */
void complain(km_complaint *why, const char *name, int line, const char *element,
		const char *text);

#endif
