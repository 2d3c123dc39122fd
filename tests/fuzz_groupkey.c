/* fuzz_groupkey.c -- fuzz target: any octets as a group key file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "provision/base/complain.h"
#include "provision/gms/groupkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A key that was read holds only what the rest of the program relies on. */
static void check_key(const groupkey *key)
{
	if (key->gmk_id >> 28 != 0 || key->n_groups > KM_GROUPS_MAX ||
			strlen(key->text) > KM_TEXT_MAX || (key->activation | key->expiry) >> 40 != 0)
		abort();
	if (km_uri_check(key->gms, strlen(key->gms), KM_URI_LOOSE) != KM_URI_OK ||
			km_uri_check(key->kms, strlen(key->kms), KM_URI_LOOSE) != KM_URI_OK)
		abort();
	for (size_t i = 0; i < key->n_groups; i++)
		if (km_uri_check(key->groups[i], strlen(key->groups[i]), KM_URI_LOOSE) != KM_URI_OK)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char name[32];
	int fd = memfd_create("fuzz", 0);
	groupkey *key = NULL;
	km_complaint why;
	groupkey_result result;

	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	snprintf(name, sizeof name, "/dev/fd/%d", fd);
	result = groupkey_read(&key, name, &why);
	if ((result == GROUPKEY_OK) != (key != NULL))
		abort();
	if (key != NULL)
		check_key(key);
	else if (strncmp(why.text, name, strlen(name)) != 0)
		abort();
	groupkey_free(key);
	close(fd);
	return 0;
}
