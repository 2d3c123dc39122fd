/* plugin.c -- a host's plug-in with the library inside, for test_unload. */
#include <stdint.h>

#include "engine/engine.h"

KM_API int plugin_use(void);

/* Leaves this thread a stream, and scratch. */
int plugin_use(void)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES], sed[KM_SED_BYTES];
	const uint8_t ssv[KM_SSV_BYTES] = {1};
	km_kms_master *master = NULL;
	km_kms_public *kms = NULL;
	km_err err = km_init(NULL);

	if (err == KM_OK)
		err = km_kms_master_new(&master, NULL);
	if (err != KM_OK)
		return 0;
	km_kms_master_public(z, kpak, master);
	km_kms_master_free(master);
	err = km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, 0);
	if (err == KM_OK)
		err = km_sakke_encap(sed, ssv, kpak, sizeof kpak, kms, NULL);
	km_kms_public_free(kms);
	return err == KM_OK;
}
