/* util_residue.h -- the words of secrets, in all their forms, and where they are found. */
#ifndef KM_TESTS_UTIL_RESIDUE_H
#define KM_TESTS_UTIL_RESIDUE_H

#include <gmp.h>

#include "util.h"

/* Forms of a number, as words of eight octets in memory. */
typedef enum {
	FORM_LIMBS,      /* limbs of 64 bits, or octets the least significant first */
	FORM_OCTETS,     /* octets as they are sent, the most significant first */
	FORM_HASHED,     /* these, as SHA-256 reads them: numbers of 32 bits */
	FORM_LIMBS_52,   /* limbs of 52 bits */
	FORM_MONTGOMERY, /* times 2^(64n), in 64-bit limbs */
	FORM_LANES,      /* times 2^1040 or 2^260, in 52-bit limbs */
	FORMS
} residue_form;

enum { FORM_WORDS = 32 };

/* The words of x in that form (0 < x < m), at most FORM_WORDS; their number. */
size_t residue_words(uint64_t words[FORM_WORDS], const mpz_t x, const mpz_t m, residue_form form);

/* Forget all words. */
void residue_clear(void);
/* Look for words from now on; what is short or all ones is left out.  of: a string that stays. */
void residue_add(const char *of, const uint64_t *words, size_t n);
/* Look for octets, as limbs, as they are and as SHA-256 reads them; len is a multiple of 8. */
void residue_add_octets(const char *of, const uint8_t *octets, size_t len);
/* Look for a number modulo m, in every form, and for its opposite. */
void residue_add_number(const char *of, const mpz_t x, const mpz_t m);

/* How many words are found in memory, at any place; *of: whose the last one is. */
size_t residue_find(const void *memory, size_t len, const char **of);

#endif
