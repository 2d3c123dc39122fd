/* reason.c -- names and meanings of the reasons for a refusal, and of remarks. */
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

KM_API const char *km_remark_name(unsigned remark)
{
	switch (remark) {
#define KM_REMARK_CASE(name, bit, word, text) \
	case name: \
		return word;
		KM_REMARKS(KM_REMARK_CASE)
#undef KM_REMARK_CASE
	}
	return "unknown";
}

KM_API const char *km_remark_text(unsigned remark)
{
	switch (remark) {
#define KM_REMARK_CASE(name, bit, word, text) \
	case name: \
		return text;
		KM_REMARKS(KM_REMARK_CASE)
#undef KM_REMARK_CASE
	}
	return "not a remark of this library";
}
