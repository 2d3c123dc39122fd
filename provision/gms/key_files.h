/* key_files.h -- group keys of a GMS in files. */
#ifndef KM_KEY_FILES_H
#define KM_KEY_FILES_H

#include "gms.h"

/* The key of that file, whatever it says; a revoked one too, which the state is told of.  KM_EIO, KM_EFORMAT; KM_EKEY:
 * another GMS's. */
KM_MUST km_err key_files_load(km_key **key, km_gms *gms, const char *path, km_complaint *why);
/* n keys, each of its file, or where there is none a new one as params say, which is in its file before this returns.
 * status[i] where it is not KM_OK: keys[i] is NULL, and why is about the last of these.  What the file says must be what
 * params say: KM_EARG.  KM_EREVOKED: so says the file or the state.  KM_EPARTIAL: see status; else no key was made. */
KM_MUST km_err key_files_open(km_key **keys, uint32_t *is_new, km_err *status, km_gms *gms, const char *const *paths,
		const km_key_params *const *params, size_t n, km_time now, km_complaint *why);

#endif
