/* util.h -- small tools of the tests: hex, and a reproducible source of numbers. */
#ifndef KM_TESTS_UTIL_H
#define KM_TESTS_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Octets of a hex string with spaces; fails the test unless there are exactly len. */
void from_hex(uint8_t *out, size_t len, const char *hex);

/* A reproducible stream: splitmix64 from the seed. */
uint64_t draw(uint64_t *seed);
void draw_bytes(uint8_t *out, size_t len, uint64_t *seed);

/* Skips the test, and says why. */
__attribute__((format(printf, 1, 2))) void skip_as(const char *why, ...);

/* Where everything takes many times as long, under an emulator or a sanitizer: check.sh says so. */
int is_slow(void);
/* Where an emulator runs this program. */
int is_emulated(void);
/* Of n rounds of the same those that are run: there a quarter. */
size_t rounds(size_t n);

#endif
