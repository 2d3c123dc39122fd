/* util_sakke.c -- a KMS, its receivers, RFC 6508 Appendix A, and each kernel level in turn. */
#include "util_sakke.h"

#include <string.h>

#include "engine/init.h"

const char rfc_z_secret[] = "aff429d35f84b110d094803b3595a6e2998bc99f";
const char rfc_z[] =
	"045958ef1b1679bf099b3a030df255aa6a23c1d8f143d4d23f753e69bd27a832f38cb4ad53ddef42"
	"60b0fe8bb45c4c1ff510effe300367a37b61f701d914aef09724825fa0707d61a6dff4fbd7273566"
	"cdde352a0b04b7c16a78309be640697de747613a5fc195e8b9f328852a579db8f99b1d0034479ea9"
	"c5595f47c4b2f54ff21508d37514dcf7a8e143a6058c09a6bf2c9858ca37c258065ae6bf7532bc8b"
	"5b63383866e0753c5ac0e72709f8445f2e6178e065857e0eda10f68206b63505ed87e534fb2831ff"
	"957fb7dc619dae61301eeacc2fda3680ea4999258a833cea8fc67c6d19487fb449059f26cc8aab65"
	"5ab58b7cc796e24e9a394095754f5f8bae";
const char rfc_rsk[] =
	"0493af67e5007ba6e6a80da793da300fa4b52d0a74e25e6e7b2b3d6ee9d18a9b5c5023597bd82d80"
	"62d34019563ba1d25c0dc56b7b979d74aa50f29fbf11cc2c93f5dfca615e609279f6175ceadb00b5"
	"8c6bee1e7a2a47c4f0c456f05259a6fa94a634a40dae1df593d4fecf688d5fc678be7efc6df3d683"
	"5325b83b2c6e69036b155f0a27241094b04bfb0bdfac6c670a65c325d39a069f03659d44ca27d3be"
	"8df311172b554160181cbe94a2a783320ced590bc42644702cf371271e496bf20f588b78a1bc01ec"
	"bb6559934bdd2fb65d2884318a33d1a42adf5e33cc5800280b28356497f87135bab9612a17260424"
	"409ac15fee996b744c332151235decb0f5";
const char rfc_r[] =
	"13ee3e1b8dac5db168b1ceb32f0566a4c273693f78baffa2a2ee6a686e6bd90f8206ccab84e7f42e"
	"d39bd4fb131012ecca2ecd2119414560c17cab46b956a80f58a3302eb3e2c9a228fba7ed34d8aca2"
	"392da1ffb0b17b2320ae09aaedfd0235f6fe0eb65337a63f9cc97728b8e5ad0460fade144369aa5b"
	"2166213247712096";
const char rfc_point[] =
	"0444e8ad44ab8592a6a5a3ddca5cf896c718043606a01d650def37a01f37c228c332fc317354e2c2"
	"74d4daf8ad001054c76ce57971c6f4486d5723043261c506ebf5be438f53de04f067c776e0dd3b71"
	"a6290133283725a532f21af145126dc1d777ecc27be50835bd28098b8a73d9f801d893793a41ff5c"
	"49b87e79f2be4d56ce557e134ad85bb1d4b9ce4f8be4b08a12babf55b1d6f1d7a638019ea28e15ab"
	"1c9f76375fdd1210d4f4351b9a009486b7f3ed46c965ded2d80dade4f38c6721d52c3ad103a10ebd"
	"2959248b4ef006836bf097448e6107c9edee9fb704823df199f832c905ae45f8a247a072d8ef729e"
	"abc5e27574b07739b34be74a532f747b86";
const char rfc_gr[] =
	"7d2a8438e6291c649b6579eb3b79eae948b1de9e5f7d1f4070a08f8db6b3c5156f2201affbb5cb9d"
	"82aa3ec0d0398b89abc78a13a760c0bf3f77e63d0df3f1a341a41b8811df197fd6cd0f003125606f"
	"4f109f400f7292a10d255e3c0ebccb4253fb182c68f09cf6cd9c4a53da6c74ad007af36b8bca979d"
	"5895e282f483fcd6";
const char rfc_mask[] = "9bd4ea1e801d37e62ad2fab0d4f5bbf7";
const char rfc_h[] = "89e0bc661aa1e91638e6acc84e496507";
const char rfc_ssv[] = "123456789abcdef0123456789abcdef0";
const uint8_t rfc_id[26] = "2011-02\0tel:+447700900123";

km_kms_public *kms_of(const km_kms_master *master, size_t members)
{
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	km_kms_public *kms;

	km_kms_master_public(z, kpak, master);
	assert_int_equal(km_kms_public_new(&kms, z, sizeof z, kpak, sizeof kpak, members), KM_OK);
	return kms;
}

km_kms_master *master_of(const char *z_hex)
{
	uint8_t z[KM_FP_BYTES] = {0}, ksak[KM_SSK_BYTES] = {0};
	size_t len = strlen(z_hex) / 2;
	km_kms_master *master;

	from_hex(z + sizeof z - len, len, z_hex);
	ksak[31] = 7;
	assert_int_equal(km_kms_master_import_new(&master, z, ksak), KM_OK);
	return master;
}

km_receiver *receiver_of(const km_kms_master *master, const km_kms_public *kms,
		const uint8_t *id, size_t len)
{
	uint8_t rsk[KM_SAKKE_POINT_BYTES];
	km_receiver *receiver;

	assert_int_equal(km_kms_rsk(rsk, id, len, master, NULL), KM_OK);
	assert_int_equal(km_receiver_new(&receiver, id, len, rsk, sizeof rsk, kms, NULL), KM_OK);
	return receiver;
}

void rfc_data(uint8_t ssv[KM_SSV_BYTES], uint8_t sed[KM_SED_BYTES])
{
	from_hex(ssv, KM_SSV_BYTES, rfc_ssv);
	from_hex(sed, KM_SAKKE_POINT_BYTES, rfc_point);
	from_hex(sed + KM_SAKKE_POINT_BYTES, KM_SSV_BYTES, rfc_h);
}

int run_on_each_level(const char *name, const struct CMUnitTest *tests, size_t n)
{
	const char *kernel;
	int runs, failed = 0;

	for (size_t i = 0; (kernel = km_kernel_at(i, &runs)); i++) {
		if (!runs) {
			print_message("[  SKIPPED ] %s[%s]: this processor cannot run it\n", name, kernel);
			continue;
		}
		if (init_again(kernel) != KM_OK)
			return failed + 1;
		print_message("kernel %s\n", kernel);
		failed += _cmocka_run_group_tests(name, tests, n, NULL, NULL);
	}
	return failed;
}
