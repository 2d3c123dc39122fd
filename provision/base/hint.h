/* hint.h -- what lets through what was refused, by the name under which the caller knows it: a name of gmk.h, or an
 * option of the command. */
#ifndef KM_HINT_H
#define KM_HINT_H

/* What it is, the library's name, the command's. */
#define HINTS(X) \
	X(HINT_PERIODS, "KM_PERIODS_ANY", "--any-period") \
	X(HINT_NAMESPACES, "KM_NAMESPACES_ANY", "--lax-ns") \
	X(HINT_SIGN_WITHOUT_HEADER, "KM_COMPAT_SIGN_WITHOUT_HEADER", "--compat sign-without-header") \
	X(HINT_KMS_ROLE_3, "KM_COMPAT_KMS_ROLE_3", "--compat kms-role-3") \
	X(HINT_PRF_0, "KM_COMPAT_PRF_0", "--compat prf-0") \
	X(HINT_TRUST, "km_client_trust", "--trust-gms") \
	X(HINT_BEGIN_ANEW, "KM_BEGIN_ANEW", "--new-state") \
	X(HINT_PLACE, "km_store_files", "--state FILE") \
	X(HINT_LOAD_KMS, "km_keyring_load_kms", "--kms")

typedef enum {
#define HINT_ENUM(hint, library, command) hint,
	HINTS(HINT_ENUM)
#undef HINT_ENUM
} hint;

/* Never NULL. */
const char *hint_name(hint h);
/* From now on the command's names: before there are threads. */
void hint_by_options(void);

#endif
