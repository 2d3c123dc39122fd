/* error.c -- what errors mean, and the version. */
#include "engine.h"

KM_API const char *km_strerror(km_err err)
{
	switch (err) {
#define KM_ERROR_CASE(name, number, text) \
	case name: \
		return text;
		KM_ERRORS(KM_ERROR_CASE)
#undef KM_ERROR_CASE
	}
	return "not an error of this library";
}

KM_API const char *km_version(void)
{
	return KM_VERSION;
}
