/* bytes.h -- octets, big-endian, to and from limbs, least significant first. */
#ifndef KM_BYTES_H
#define KM_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t load_be64(const uint8_t in[8])
{
	uint64_t x = 0;

	for (int i = 0; i < 8; i++)
		x = x << 8 | in[i];
	return x;
}

static inline void store_be64(uint8_t out[8], uint64_t x)
{
	for (int i = 7; i >= 0; i--, x >>= 8)
		out[i] = (uint8_t)x;
}

/* 8 * limbs octets. */
static inline void limbs_from_be(uint64_t *r, const uint8_t *in, size_t limbs)
{
	for (size_t i = 0; i < limbs; i++)
		r[i] = load_be64(in + 8 * (limbs - 1 - i));
}

/* len octets, at most 8 * limbs. */
static inline void limbs_from_octets(uint64_t *r, size_t limbs, const uint8_t *in, size_t len)
{
	for (size_t i = 0; i < limbs; i++)
		r[i] = 0;
	for (size_t i = 0; i < len; i++)
		r[i / 8] |= (uint64_t)in[len - 1 - i] << i % 8 * 8;
}

static inline void limbs_to_be(uint8_t *out, const uint64_t *a, size_t limbs)
{
	for (size_t i = 0; i < limbs; i++)
		store_be64(out + 8 * (limbs - 1 - i), a[i]);
}

#endif
