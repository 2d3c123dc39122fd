/* kmsdoc.h -- the XML documents of a KMS (TS 33.180 Annex D), read and written.
 *
 * Read: KmsInit, KmsCertCache and KmsKeyProv, bare or within KmsResponse or SignedKmsResponse, and
 * a single KmsCertificate or KmsKeySet.  Only what a document says is checked here: names, lengths,
 * ranges; points and keys are validated by the keyring.  XML signatures are not verified.
 */
#ifndef KM_KMSDOC_H
#define KM_KMSDOC_H

#include <stdbool.h>
#include <stdio.h>

#include "gmk.h"

enum { KMSDOC_FAULT = 512 };    /* octets of a complaint about one of several */

/* A KmsCertificate.  Times as in km_kms.  Lines are those of the elements, for complaints. */
typedef struct {
	char uri[KM_URI_MAX + 1];
	uint64_t period, offset;
	int64_t valid_from, valid_to;
	bool revoked;
	uint8_t z[KM_SAKKE_POINT_BYTES];
	uint8_t kpak[KM_ECCSI_POINT_BYTES];
	int line, z_line, kpak_line;
	char fault[KMSDOC_FAULT];       /* it cannot be used, and why; empty: it can */
} kmsdoc_cert;

/* A domain of KmsDomainList, of certs[cert]. */
typedef struct {
	char name[256];
	size_t cert;
} kmsdoc_domain;

/* A KmsKeySet.  ssk and rsk are secret; without UserDecryptKey, rsk_line is 0. */
typedef struct {
	char kms_uri[KM_URI_MAX + 1];
	char uri[KM_URI_MAX + 1];
	uint64_t period_no;
	int64_t valid_from, valid_to;
	bool revoked;
	uint8_t uid[KM_UID_BYTES];      /* as the document gives it, or 0: not to be trusted */
	uint8_t rsk[KM_SAKKE_POINT_BYTES];
	uint8_t ssk[KM_SSK_BYTES];
	uint8_t pvt[KM_ECCSI_POINT_BYTES];
	int line, kms_line, uri_line, uid_line, rsk_line, ssk_line, pvt_line;
	char fault[KMSDOC_FAULT];       /* as above */
} kmsdoc_keys;

/* What a document holds, in its order. */
typedef struct {
	kmsdoc_cert *certs;
	kmsdoc_keys *keys;
	kmsdoc_domain *domains;
	size_t n_certs, n_keys, n_domains;
	bool is_cache;                  /* a KmsCertCache: bad certificates are no fault of its own */
} kmsdoc;

typedef struct {
	const char *name;               /* for complaints */
	bool lax_ns;                    /* elements count by their names, in whatever namespace */
	uint32_t use;                   /* KM_USE_*: the keys that are read; 0: all */
	void (*remark)(void *ctx, const char *text);    /* what is odd but does not matter; or NULL */
	void *ctx;
} kmsdoc_how;

/* Read a document.  xml may hold secrets.  A certificate or key set that cannot be used stands among
 * the others with its fault.
 * KM_EFORMAT: *why says where and what; also where nothing in it can be used, unless it is a cache.
 * KM_ENOMEM. */
KM_MUST km_err kmsdoc_read(kmsdoc *doc, const char *xml, size_t len, const kmsdoc_how *how,
		km_complaint *why);
/* Wipe and free; doc may be zeroed. */
void kmsdoc_free(kmsdoc *doc);

/* Write a KmsResponse with a KmsInit, with n domains; made_at stands in Time.  Errors show in
 * ferror(out). */
void kmsdoc_write_init(FILE *out, const kmsdoc_cert *cert, const char *const *domains, size_t n,
		int64_t made_at);
/* Write a KmsResponse with a KmsKeyProv of n >= 1 key sets of one user at one KMS; the UserID is
 * keys[].uid.  out gets secrets: create its file with FILE_PRIVATE. */
void kmsdoc_write_keyprov(FILE *out, const kmsdoc_keys *keys, size_t n, int64_t made_at);

#endif
