/* words_table.h -- numbers by words: those of a file, which others choose. */
#ifndef KM_WORDS_TABLE_H
#define KM_WORDS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Only fingerprints are kept, of 64 bits under a random key of this table: two of n words are taken for one with a
 * probability of n^2 / 2^65.  16 to 32 octets a word. */
typedef struct words_table words_table;

/* NULL: out of memory. */
words_table *words_table_new(void);
void words_table_free(words_table *t);
/* false: out of memory. */
bool words_table_add(words_table *t, const char *word, size_t len, uint32_t number);
/* The first number of that word, or the next one behind after; UINT32_MAX: there is none. */
uint32_t words_table_find(const words_table *t, const char *word, size_t len, uint32_t after);

#endif
