/* complain.h -- what is wrong with something read, as people are told it. */
#ifndef KM_COMPLAIN_H
#define KM_COMPLAIN_H

#include "gmk.h"

/* *why = "NAME:LINE: element: text", each part escaped and a long one cut; line 0 and element NULL
 * are left out. */
void complain(km_complaint *why, const char *name, int line, const char *element,
		const char *text);

#endif
