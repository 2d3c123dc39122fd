/* tiny_rules.h -- how large a value may become, by the rules of fp8.h, whatever the value is.
 *
 * An element of the small field carries the bounds between which its value would lie in eight lanes of the
 * large one, in thousandths of p.  Each operation says what it takes and gives; the first that is not kept
 * to is noted, so that a chain of additions that is one too long shows with any data.
 */
#ifndef KM_TESTS_TINY_RULES_H
#define KM_TESTS_TINY_RULES_H

#include "util.h"

#include "engine/verify.h"

enum {
	TINY_P = 1000,
	TINY_TIGHT = 1110,
	TINY_LOOSE = 256 * TINY_P,
};

/* The first rule that was broken, and by which operation; NULL: none was. */
static const char *tiny_broken, *tiny_broken_by;

#define RULE(holds) \
	do { \
		if (!(holds) && !tiny_broken) { \
			tiny_broken = #holds; \
			tiny_broken_by = __func__; \
		} \
	} while (0)

/* What the templates assert of the values of a run is a rule here: it holds whatever the values are. */
#undef VERIFY
#define VERIFY(x) RULE(x)

/* Before each test. */
static inline int rules_start(void **state)
{
	(void)state;
	tiny_broken = NULL;
	return 0;
}

static inline void rules_kept(void)
{
	if (tiny_broken)
		fail_msg("%s: %s", tiny_broken_by, tiny_broken);
}

/* Whether a rule was broken, which is forgotten. */
static inline int rules_broken(void)
{
	int broken = tiny_broken != NULL;

	tiny_broken = NULL;
	return broken;
}

/* Whether so much of p is below 2^bits of the large field. */
static inline int rule_bits(int64_t most, int bits)
{
	return (double)most / TINY_P * ((double)VERIFY_P + 1) < (double)((int64_t)1 << (bits - 988));
}

/* Whether factors below these multiply to less than 2^2060. */
static inline int rule_factors(int64_t a, int64_t b)
{
	double pp = ((double)VERIFY_P + 1) * ((double)VERIFY_P + 1) / (1 << 30) / (1 << 30);

	return (double)a * (double)b / TINY_P / TINY_P * pp < (double)((int64_t)1 << (2060 - 2 * 988 - 60));
}

#define BOTH(name) \
	cmocka_unit_test_setup(one_##name, rules_start), cmocka_unit_test_setup(eight_##name, rules_start)

#endif
