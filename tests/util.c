/* util.c -- small tools of the tests. */
#include "util.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

void from_hex(uint8_t *out, size_t len, const char *hex)
{
	size_t n = 0;
	unsigned octet;

	while (*hex) {
		if (isspace((unsigned char)*hex)) {
			hex++;
			continue;
		}
		assert_true(n < len);
		assert_int_equal(sscanf(hex, "%2x", &octet), 1);
		out[n++] = (uint8_t)octet;
		hex += 2;
	}
	assert_int_equal(n, len);
}

uint64_t draw(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void draw_bytes(uint8_t *out, size_t len, uint64_t *seed)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(draw(seed) >> 13);
}

void skip_as(const char *why, ...)
{
	va_list args;

	va_start(args, why);
	vprint_message(why, args);
	va_end(args);
	print_message("\n");
	skip();
}

int is_slow(void)
{
	return getenv("KM_SLOW") != NULL;
}

int is_emulated(void)
{
	return getenv("KM_EMULATED") != NULL;
}

size_t rounds(size_t n)
{
	return is_slow() ? (n + 3) / 4 : n;
}
