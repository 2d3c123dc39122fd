/* suggest.c -- what was meant by a word that is none of those that are known. */
#include "cli.h"

#include <string.h>

enum { WORD_MAX = 32 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to add, take away, change, or exchange with their neighbour. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_MAX + 1], *two = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *free_row = two;

		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			now[j] = least(least(last[j], now[j - 1]) + 1,
					last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], two[j - 2] + 1);
		}
		two = last;
		last = now;
		now = free_row;
	}
	return last[b_len];
}

void cli_suggest(cli_suggestion *s, const char *word, size_t len, const char *known)
{
	size_t known_len = strlen(known), far;

	if (len == 0 || len > WORD_MAX || known_len > WORD_MAX)
		return;
	far = distance(word, len, known, known_len);
	if (len >= 3 && known_len > len && memcmp(word, known, len) == 0)
		far = 1;        /* its beginning: abbreviations are not taken, but understood */
	if (far > (len + 1) / 3 || (s->word != NULL && far >= s->far))
		return;
	s->word = known;
	s->far = far;
}
