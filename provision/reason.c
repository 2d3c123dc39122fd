/* reason.c -- names and meanings of the reasons for a refusal. */
#include "gmk.h"

KM_API const char *km_reason_name(km_reason r)
{
	switch (r) {
#define KM_REASON_CASE(name, number, word, text) \
	case name: \
		return word;
		KM_REASONS(KM_REASON_CASE)
#undef KM_REASON_CASE
	}
	return "unknown";
}

KM_API const char *km_reason_text(km_reason r)
{
	switch (r) {
#define KM_REASON_CASE(name, number, word, text) \
	case name: \
		return text;
		KM_REASONS(KM_REASON_CASE)
#undef KM_REASON_CASE
	}
	return "not a reason of this library";
}
