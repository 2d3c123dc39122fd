/* kms_public.h -- a KMS's public keys, prepared for both of its schemes. */
#ifndef KM_KMS_PUBLIC_H
#define KM_KMS_PUBLIC_H

#include "eccsi/eccsi.h"
#include "sakke.h"

struct km_kms_public {
	eccsi_kpak auth;
	sakke_z sakke;
};

#endif
