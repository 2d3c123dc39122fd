/* verify.h -- bounds of numbers, asserted in -DKM_VERIFY builds and nowhere else. */
#ifndef KM_VERIFY_H
#define KM_VERIFY_H

#include <stdint.h>

#ifdef KM_VERIFY
#include <assert.h>
#define VERIFY(x) assert(x)
#else
#define VERIFY(x) ((void)sizeof(x)) /* seen by the compiler, not computed */
#endif

/* Whether a < m, both of n limbs.  Not constant time, like everything here. */
static inline int verify_below(const uint64_t *a, const uint64_t *m, int n)
{
	while (--n > 0 && a[n] == m[n])
		;
	return a[n] < m[n];
}

/* Whether limbs 0 .. 18 of eight lanes are below 2^52 and the top one, which may be signed, lies in
 * [low, high): all of a value lies in [low, high) * 2^988. */
static inline int verify_lanes(const uint64_t (*a)[8], int64_t low, int64_t high)
{
	for (int l = 0; l < 8; l++) {
		for (int i = 0; i < 19; i++)
			if (a[i][l] >> 52)
				return 0;
		if ((int64_t)a[19][l] < low || (int64_t)a[19][l] >= high)
			return 0;
	}
	return 1;
}

/* Whether two factors are not negative and multiply to less than 2^bits in every lane. */
static inline int verify_factors(const uint64_t (*a)[8], const uint64_t (*b)[8], unsigned bits)
{
	const int64_t most = (int64_t)1 << 52;

	if (!verify_lanes(a, 0, most) || !verify_lanes(b, 0, most))
		return 0;
	for (int l = 0; l < 8; l++) {
		__extension__ unsigned __int128 top = (unsigned __int128)(a[19][l] + 1) * (b[19][l] + 1);

		if ((top - 1) >> (bits - 2 * 988))
			return 0;
	}
	return 1;
}

/* Whether a value is loose: |a| < 2^1032, which is a little more than 256p. */
static inline int verify_loose(const uint64_t (*a)[8])
{
	return verify_lanes(a, -((int64_t)1 << 44), (int64_t)1 << 44);
}

/* p/2^988 rounded down, and whether low*p <= a < high*p, to the next 2^988. */
#define VERIFY_P ((int64_t)0x997abb1f0)
static inline int verify_between(const uint64_t (*a)[8], int64_t low, int64_t high)
{
	return verify_lanes(a, low * VERIFY_P + low, high * VERIFY_P + high + 1);
}

/* Whether a value is tight: 0 <= a < 1.11p. */
static inline int verify_tight(const uint64_t (*a)[8])
{
	return verify_lanes(a, 0, VERIFY_P * 111 / 100 + 1);
}

/* Whether |a| + |b| < n*p, or |a - b| < n*p. */
static inline int verify_sum(const uint64_t (*a)[8], const uint64_t (*b)[8], int64_t n)
{
	for (int l = 0; l < 8; l++) {
		int64_t x = (int64_t)a[19][l], y = (int64_t)b[19][l];

		if ((x < 0 ? -x : x) + (y < 0 ? -y : y) > n * (VERIFY_P + 1))
			return 0;
	}
	return 1;
}

static inline int verify_difference(const uint64_t (*a)[8], const uint64_t (*b)[8], int64_t n)
{
	for (int l = 0; l < 8; l++) {
		int64_t d = (int64_t)(a[19][l] - b[19][l]);

		if ((d < 0 ? -d : d) > n * (VERIFY_P + 1))
			return 0;
	}
	return 1;
}

/* Whether 0 <= a < 2^bits. */
static inline int verify_bits(const uint64_t (*a)[8], unsigned bits)
{
	return verify_lanes(a, 0, (int64_t)1 << (bits - 988));
}

#endif
