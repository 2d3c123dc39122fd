/* when.c -- points in time: read from a user or a document, and written. */
#include "when.h"

#include <stdio.h>

enum { DAY = 86400 };

static const int64_t first = INT64_C(-62135596800);     /* 0001-01-01T00:00:00Z */
static const int64_t last = INT64_C(253402300799);      /* 9999-12-31T23:59:59Z */

/* What is still to be read. */
typedef struct {
	const char *s;
	size_t len;
} rest;

static bool take(rest *in, char c)
{
	if (in->len == 0 || *in->s != c)
		return false;
	in->s++;
	in->len--;
	return true;
}

static bool take_digit(rest *in, int *n)
{
	if (in->len == 0 || *in->s < '0' || *in->s > '9')
		return false;
	*n = 10 * *n + (*in->s - '0');
	in->s++;
	in->len--;
	return true;
}

/* Exactly so many digits, with a value from low to high. */
static bool take_number(rest *in, int *n, int digits, int low, int high)
{
	*n = 0;
	while (digits-- > 0) {
		if (!take_digit(in, n))
			return false;
	}
	return *n >= low && *n <= high;
}

static int days_in_month(int year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01; year >= 1. */
static int64_t days_from_date(int year, int month, int day)
{
	int64_t y = year - 1;
	int64_t days = 365 * y + y / 4 - y / 100 + y / 400 - 719162;

	for (int m = 1; m < month; m++)
		days += days_in_month(year, m);
	return days + day - 1;
}

/* A fraction of a second is dropped. */
static bool take_fraction(rest *in)
{
	int digit = 0;

	if (!take(in, '.'))
		return true;
	if (!take_digit(in, &digit))
		return false;
	do
		digit = 0;
	while (take_digit(in, &digit));
	return true;
}

/* Seconds east of UTC. */
static bool take_zone(rest *in, int *east, bool zone_needed)
{
	int sign, hours, minutes;

	*east = 0;
	if (in->len == 0)
		return !zone_needed;
	if (take(in, 'Z') || take(in, 'z'))
		return true;
	sign = take(in, '+') ? 1 : take(in, '-') ? -1 : 0;
	if (sign == 0 || !take_number(in, &hours, 2, 0, 23) || !take(in, ':') ||
	    !take_number(in, &minutes, 2, 0, 59))
		return false;
	*east = sign * (3600 * hours + 60 * minutes);
	return true;
}

/* RFC 3339, 5.6.  A leap second is the second after it, as in Unix time. */
static bool parse_date_time(int64_t *t, rest in)
{
	int year, month, day, hour, minute, second, east;
	int64_t utc;

	if (!take_number(&in, &year, 4, 1, 9999) || !take(&in, '-') ||
	    !take_number(&in, &month, 2, 1, 12) || !take(&in, '-') ||
	    !take_number(&in, &day, 2, 1, days_in_month(year, month)))
		return false;
	if (!take(&in, 'T') && !take(&in, 't'))
		return false;
	if (!take_number(&in, &hour, 2, 0, 23) || !take(&in, ':') ||
	    !take_number(&in, &minute, 2, 0, 59) || !take(&in, ':') ||
	    !take_number(&in, &second, 2, 0, 60) || !take_fraction(&in) ||
	    !take_zone(&in, &east, true) || in.len != 0)
		return false;
	utc = days_from_date(year, month, day) * DAY + 3600 * hour + 60 * minute + second - east;
	if (second == 60 && (utc % DAY + DAY) % DAY != 0)
		return false;
	if (utc < first || utc > last)
		return false;
	*t = utc;
	return true;
}

static bool parse_seconds(int64_t *t, rest in)
{
	bool negative = take(&in, '-');
	int64_t n = 0;

	if (in.len == 0 || in.len > 12)
		return false;
	while (in.len > 0) {
		int digit = 0;

		if (!take_digit(&in, &digit))
			return false;
		n = 10 * n + digit;
	}
	n = negative ? -n : n;
	if (n < first || n > last)
		return false;
	*t = n;
	return true;
}

bool when_parse(int64_t *t, const char *s, size_t len)
{
	rest in = { s, len };

	*t = 0;
	return parse_seconds(t, in) || parse_date_time(t, in);
}

/* Years that are counted; beyond them lies what int64_t cannot hold as seconds. */
#define YEAR_MAX INT64_C(290000000000)

/* A year of XML Schema: four digits or more, and a sign before those of before Christ, all of which
 * count as 0.  More than YEAR_MAX is YEAR_MAX. */
static bool take_year(rest *in, int64_t *year)
{
	bool before = take(in, '-');
	int digits = 0, digit = 0;

	for (*year = 0; take_digit(in, &digit); digits++, digit = 0)
		*year = *year > YEAR_MAX ? YEAR_MAX : 10 * *year + digit;
	if (*year > YEAR_MAX)
		*year = YEAR_MAX;
	if (before)
		*year = 0;
	return digits >= 4;
}

/* The day's time; 24:00:00 is the start of the next one. */
static bool take_time(rest *in, int *seconds, bool *leap)
{
	int hour, minute, second;

	if (!take_number(in, &hour, 2, 0, 24) || !take(in, ':') ||
	    !take_number(in, &minute, 2, 0, 59) || !take(in, ':') ||
	    !take_number(in, &second, 2, 0, 60) || !take_fraction(in))
		return false;
	*seconds = 3600 * hour + 60 * minute + second;
	*leap = second == 60;
	return *seconds <= DAY;
}

bool when_parse_xml(int64_t *t, const char *s, size_t len)
{
	rest in = { s, len };
	int month, day, seconds, east, cycle_year;
	int64_t year, utc;
	bool leap;

	*t = 0;
	if (!take_year(&in, &year) || !take(&in, '-') || !take_number(&in, &month, 2, 1, 12) ||
	    !take(&in, '-') || !take_number(&in, &day, 2, 1, 31))
		return false;
	/* The calendar repeats after 400 years of 146097 days. */
	cycle_year = (int)(year % 400) + 400;
	if (day > days_in_month(cycle_year, month) || (!take(&in, 'T') && !take(&in, 't')) ||
	    !take_time(&in, &seconds, &leap) || !take_zone(&in, &east, false) || in.len != 0 ||
	    east < -14 * 3600 || east > 14 * 3600)
		return false;
	utc = (days_from_date(cycle_year, month, day) + (year / 400 - 1) * 146097) * DAY + seconds - east;
	if (leap && (utc % DAY + DAY) % DAY != 0)
		return false;
	*t = year == 0 ? INT64_MIN : year == YEAR_MAX ? INT64_MAX : utc;
	return true;
}

/* By gmtime_r it would be under a lock of the C library, which the child of a fork may find taken for ever. */
void when_print(char out[WHEN_MAX], int64_t t)
{
	const int64_t days = t / DAY - (t % DAY < 0);
	const int second = (int)(t - days * DAY);
	int year, month = 1;

	if (t < first || t > last) {
		snprintf(out, WHEN_MAX, "%lld", (long long)t);
		return;
	}
	year = 1 + (int)((days - days_from_date(1, 1, 1)) / 366);
	while (days_from_date(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_from_date(year, month + 1, 1) <= days)
		month++;
	snprintf(out, WHEN_MAX, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000, (unsigned)month,
			(unsigned)(days - days_from_date(year, month, 1) + 1) % 100, (unsigned)(second / 3600) % 100,
			(unsigned)(second / 60 % 60), (unsigned)(second % 60));
}
