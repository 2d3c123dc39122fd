/* word.h -- the word that goes with a number: 1 member, 2 members. */
#ifndef KM_WORD_H
#define KM_WORD_H

static inline const char *word_for(unsigned long long n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

#endif
