/* ctime_lookup.h -- the constant-time check of every lookup in tables for eight lanes by itself. */
#ifndef KM_TESTS_CTIME_LOOKUP_H
#define KM_TESTS_CTIME_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

/* Of ctime.c: complain where it is not right; how many of the octets carry a mark. */
void expect(bool right, const char *what);
size_t marked(const void *p, size_t len);

/* Each row of the lookups, and their twins, on secret indexes, in tables of each size.  cpu: which of them run; of
 * those of AVX-512, which memcheck cannot run, the C around runs on twins of the kernels.  planted:
 * one of these twins reads a secret address. */
void check_lookups(unsigned cpu, bool planted);

#endif
