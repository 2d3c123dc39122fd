/* when.h -- points in time: read from a user or a document, and written. */
#ifndef KM_WHEN_H
#define KM_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gmk.h"

#define KM_NTP_UNIX 2208988800u     /* NTP seconds of 1970-01-01 */

enum { WHEN_MAX = 32 };     /* octets of a printed time with its NUL */

/* Unix seconds of a TIME: decimal Unix seconds, or RFC 3339 with its zone (a fraction is dropped).
 * false: neither of the two, or outside the years 0001 to 9999; *t is 0 then. */
bool when_parse(int64_t *t, const char *s, size_t len);

/* The same for an xs:dateTime of a KMS document: one without a zone counts as UTC, because KMSs
 * leave the zone off and their times are UTC; 24:00:00 and years beyond 9999 are right.  Before the
 * year 1 it is INT64_MIN, beyond what int64_t holds INT64_MAX.  Plain Unix seconds are refused. */
bool when_parse_xml(int64_t *t, const char *s, size_t len);

/* The beginning of a Unix second; and of one that is counted from 1900, over all eras. */
static inline km_time when_second(int64_t t)
{
	return (km_time){ t, 0 };
}

static inline km_time when_ntp_second(uint64_t ntp_seconds)
{
	return when_second((int64_t)(ntp_seconds - KM_NTP_UNIX));
}

/* RFC 3339 in UTC, such as 2026-01-05T10:00:00Z; years outside 0001 to 9999 as Unix seconds. */
void when_print(char out[WHEN_MAX], int64_t t);

#endif
