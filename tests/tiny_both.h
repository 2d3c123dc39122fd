/* tiny_both.h -- the tests in TINY_TESTS, a template, by the rules of one element and by those of eight lanes. */

#define T(x) one_##x
#define LANES 1
#define GROWS 0
#include "tiny_all_tmpl.h"
#include TINY_TESTS
#undef T
#undef LANES
#undef GROWS

#define T(x) eight_##x
#define LANES 8
#define GROWS 1
#include "tiny_all_tmpl.h"
#include TINY_TESTS
