/* fuzz_kmsdoc.c -- fuzz target: any octets as a KMS document. */
#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/keys/kmsdoc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A document that was read holds only what the rest of the program relies on. */
static void check_document(const kmsdoc *doc)
{
	for (size_t i = 0; i < doc->n_certs; i++) {
		const kmsdoc_cert *cert = &doc->certs[i];

		if (km_uri_check(cert->uri, strlen(cert->uri), KM_URI_LOOSE) != KM_URI_OK || cert->period == 0 ||
		    cert->valid_from > cert->valid_to || cert->line <= 0 || cert->z_line <= 0)
			abort();
	}
	for (size_t i = 0; i < doc->n_keys; i++) {
		const kmsdoc_keys *keys = &doc->keys[i];

		if (keys->fault[0] != '\0')
			continue;
		if (km_uri_check(keys->uri, strlen(keys->uri), KM_URI_LOOSE) != KM_URI_OK ||
		    km_uri_check(keys->kms_uri, strlen(keys->kms_uri), KM_URI_LOOSE) != KM_URI_OK ||
		    keys->valid_from > keys->valid_to || keys->ssk_line <= 0)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	kmsdoc doc;
	km_complaint why;
	kmsdoc_how how = { .name = "fuzz.xml", .lax_ns = len % 2 != 0 };
	km_err err = kmsdoc_read(&doc, (const char *)data, len, &how, &why);

	if (memchr(why.text, '\0', sizeof why.text) == NULL)
		abort();
	if (err == KM_OK)
		check_document(&doc);
	else if (doc.certs != NULL || doc.keys != NULL || doc.n_certs + doc.n_keys != 0 ||
		 strncmp(why.text, "fuzz.xml:", 9) != 0)
		abort();
	kmsdoc_free(&doc);
	return 0;
}
