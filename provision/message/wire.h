/* wire.h -- numbers and octets on the wire: one strict reader, and writers. */
#ifndef KM_WIRE_H
#define KM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Octets of somebody else's. */
typedef struct {
	const uint8_t *data;
	size_t len;
} octets;

/* What is left to read; once bad it stays so, and gives zeros.  It cannot read past its end. */
typedef struct {
	const uint8_t *at, *end;
	bool bad;
} reader;

static inline reader reader_of(octets o)
{
	return (reader){o.data, o.data ? o.data + o.len : NULL, !o.data};
}

static inline octets reader_take(reader *r, size_t len)
{
	octets o = {r->at, len};

	if (r->bad || (size_t)(r->end - r->at) < len) {
		r->bad = true;
		return (octets){NULL, 0};
	}
	r->at += len;
	return o;
}

/* A big-endian number of at most eight octets. */
static inline uint64_t reader_number(reader *r, size_t len)
{
	octets o = reader_take(r, len);
	uint64_t x = 0;

	for (size_t i = 0; i < o.len; i++)
		x = x << 8 | o.data[i];
	return x;
}

/* Octets behind their length, which itself has that many octets. */
static inline octets reader_counted(reader *r, size_t length_octets)
{
	return reader_take(r, (size_t)reader_number(r, length_octets));
}

/* Good from here on only where it holds. */
static inline void reader_require(reader *r, bool holds)
{
	if (!holds)
		r->bad = true;
}

static inline bool reader_done(const reader *r)
{
	return !r->bad && r->at == r->end;
}

/* Writers give where to go on. */
static inline uint8_t *put_number(uint8_t *p, uint64_t x, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(x >> 8 * (len - 1 - i));
	return p + len;
}

static inline uint8_t *put_octets(uint8_t *p, const void *data, size_t len)
{
	if (len)
		memcpy(p, data, len);
	return p + len;
}

#endif
