/* time.c -- points in time, as the interface and messages have them. */
#include <time.h>

#include "gmk.h"
#include "when.h"

km_time km_time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);    /* it cannot fail: the clock is there and the pointer good */
	return (km_time){ now.tv_sec, (uint32_t)(((uint64_t)now.tv_nsec << 32) / 1000000000) };
}

km_time km_time_of_ntp(uint64_t ntp64)
{
	uint64_t count = ntp64 >> 32;

	if (count >> 31 == 0)
		count += (uint64_t)1 << 32;
	return (km_time){ (int64_t)count - KM_NTP_UNIX, (uint32_t)ntp64 };
}

uint64_t km_time_ntp(km_time t)
{
	return ((uint64_t)t.seconds + KM_NTP_UNIX) << 32 | t.fraction;
}
