/* load.c -- KMS documents from files into a keyring. */
#include "base/complain.h"
#include "base/file.h"

KM_API km_err km_keyring_load_kms(km_keyring *ring, const char *path, km_complaint *why)
{
	km_complaint spare;
	char *xml;
	size_t len;
	km_err err;

	why = complain_anew(why, &spare);
	if (!file_read(&xml, &len, path, FILE_DOCUMENT_MAX, why))
		return KM_EIO;
	err = km_keyring_add_kms(ring, xml, len, path, why);
	file_free(xml);
	return err;
}

KM_API km_err km_keyring_load_keys(km_keyring *ring, const char *path, uint32_t use,
		km_complaint *why)
{
	km_complaint spare;
	char *xml;
	size_t len;
	km_err err;

	why = complain_anew(why, &spare);
	if (!file_read(&xml, &len, path, FILE_DOCUMENT_MAX, why))
		return KM_EIO;
	err = km_keyring_add_keys(ring, xml, len, path, use, why);
	file_free(xml);
	return err;
}
