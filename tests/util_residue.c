/* util_residue.c -- the words of secrets, in all their forms, and where they are found. */
#include "util_residue.h"

#include <stdlib.h>
#include <string.h>

/* Words are kept inverted, so that the set itself is never found. */
enum { SLOTS = 1 << 20, FILTER = 1 << 20 };

static struct {
	uint64_t inverted[SLOTS];
	const char *of[SLOTS];
	uint64_t filter[FILTER / 64];
	size_t n;
} set;

static size_t slot_of(uint64_t word)
{
	return (word * 0x9e3779b97f4a7c15) >> 44;
}

_Static_assert((int)SLOTS == (int)FILTER && SLOTS == 1 << (64 - 44), "one hash for both");

void residue_clear(void)
{
	memset(&set, 0, sizeof set);
}

void residue_add(const char *of, const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = slot_of(words[i]);

		/* small, or small and negative: not of a secret alone */
		if (words[i] >> 36 == 0 || ~words[i] >> 36 == 0)
			continue;
		assert_true(set.n < SLOTS / 2);
		set.filter[at / 64] |= (uint64_t)1 << at % 64;
		while (set.of[at] && set.inverted[at] != ~words[i])
			at = (at + 1) % SLOTS;
		set.n += !set.of[at];
		set.inverted[at] = ~words[i];
		set.of[at] = of;
	}
}

size_t residue_find(const void *memory, size_t len, const char **of)
{
	const uint8_t *m = memory;
	size_t found = 0;
	uint64_t word;

	for (size_t i = 0; i + 8 <= len; i++) {
		memcpy(&word, m + i, 8);
		if (word == 0)
			continue;
		size_t at = slot_of(word);
		if (!(set.filter[at / 64] >> at % 64 & 1))
			continue;
		while (set.of[at] && set.inverted[at] != ~word)
			at = (at + 1) % SLOTS;
		if (set.of[at]) {
			*of = set.of[at];
			found++;
		}
	}
	return found;
}

static uint64_t halves_turned(uint64_t word)
{
	return (uint64_t)__builtin_bswap32((uint32_t)(word >> 32)) << 32 |
			__builtin_bswap32((uint32_t)word);
}

void residue_add_octets(const char *of, const uint8_t *octets, size_t len)
{
	uint64_t word, turned;

	for (size_t i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, octets + i, 8);
		residue_add(of, &word, 1);
		turned = __builtin_bswap64(word);
		residue_add(of, &turned, 1);
		turned = halves_turned(word);
		residue_add(of, &turned, 1);
	}
}

size_t residue_words(uint64_t words[FORM_WORDS], const mpz_t x, const mpz_t m, residue_form form)
{
	size_t limbs = (mpz_sizeinbase(m, 2) + 63) / 64;
	size_t bits = form == FORM_LIMBS_52 || form == FORM_LANES ? 52 : 64;
	size_t n = (64 * limbs + bits - 1) / bits;
	mpz_t t, low;

	mpz_init_set(t, x);
	mpz_init(low);
	if (form == FORM_MONTGOMERY || form == FORM_LANES) {
		mpz_mul_2exp(t, t, n * bits);
		mpz_mod(t, t, m);
	}
	for (size_t i = 0; i < n; i++) {
		mpz_fdiv_r_2exp(low, t, bits);
		mpz_fdiv_q_2exp(t, t, bits);
		words[i] = mpz_get_ui(low);
		if (form == FORM_OCTETS || form == FORM_HASHED)
			words[i] = __builtin_bswap64(words[i]);
		if (form == FORM_HASHED)
			words[i] = halves_turned(words[i]);
	}
	mpz_clears(t, low, NULL);
	return n;
}

void residue_add_number(const char *of, const mpz_t x, const mpz_t m)
{
	uint64_t words[FORM_WORDS];
	mpz_t minus;

	mpz_init(minus);
	mpz_sub(minus, m, x);
	for (int form = 0; form < FORMS; form++) {
		residue_add(of, words, residue_words(words, x, m, form));
		residue_add(of, words, residue_words(words, minus, m, form));
	}
	mpz_clear(minus);
}
