// gms.cpp -- a whole GMS in C++: one group's key to all members on stdin, a line of hex a message to stdout.
// usage: gms KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY <members >messages
// Started again it goes on, as examples/gms.c says.
#include <iostream>
#include "keymuster.hpp"

static void print_hex(const uint8_t *octets, size_t len)
{
	std::string line;

	for (size_t i = 0; i < len; i++)
		(line += "0123456789abcdef"[octets[i] >> 4]) += "0123456789abcdef"[octets[i] & 15];
	std::cout << line << '\n';
}

// Messages of all that the batch holds: false where a member was refused.
static bool serve(km_batch *batch, const km::complaint &why)
{
	const km_err err = km_batch_run(batch, km_time_now(), why);
	km_made made = km::sized<km_made>();
	bool all = true;
	size_t len;

	if (err != KM_EPARTIAL)
		km::check(err, why);
	const uint8_t *octets = km_batch_octets(&len, batch);
	for (size_t i = 0; km_batch_made(&made, batch, i); i++)
		if (made.reason == KM_R_OK)
			print_hex(octets + made.at, made.len);
		else
			std::cerr << "member " << i << ": " << km_reason_text(made.reason) << '\n', all = false;
	if (!std::cout.flush())
		throw std::runtime_error("stdout");     // whom it served stays unsure
	km::check(km_batch_delivered(batch, why), why);
	km_batch_clear(batch);
	return all;
}

static bool provision(const char *kms, const char *keys, const char *uri, const char *kms_uri, const std::string &group,
		const char *state, const char *file)
{
	km::check(km_init(nullptr));
	km::complaint why;
	km::keyring ring;
	km::check(km_keyring_new(km::out(ring)));
	km::check(km_keyring_load_kms(ring.get(), kms, why), why);
	km::check(km_keyring_load_keys(ring.get(), keys, KM_USE_SIGN, why), why);
	km::store store;
	km::check(km_store_files(km::out(store), state, KM_MAY_BEGIN, why), why);
	km::gms gms;
	km::check(km_gms_new(km::out(gms), ring.get(), store.get(), uri, kms_uri, why), why);

	const km_str groups[] = {km::str(group)};
	km_key_params params = km::sized<km_key_params>();
	params.activation.seconds = KM_AT_ONCE;
	params.expiry.seconds = KM_NEVER;
	params.groups = groups;
	params.n_groups = 1;
	params.authority = KM_AUTHORITY_PSI;
	params.shared = KM_SHARED_NO;
	params.n_members = KM_MEMBERS_LATER;
	km::key key;
	uint32_t is_new;
	km::check(km_key_file(km::out(key), &is_new, gms.get(), file, km_seal_none(), &params, km_time_now(), why), why);

	km::batch batch;
	km::check(km_batch_new(km::out(batch), ring.get()));
	bool all = true;
	for (std::string member; std::getline(std::cin, member);) {
		if (km_batch_room(batch.get()) == 0)
			all &= serve(batch.get(), why);
		km::check(km_batch_add(batch.get(), key.get(), member.data(), member.size(), KM_KMS_BY_DOMAIN, KM_GIVE, 0, why), why);
	}
	if (!std::cin.eof())
		throw std::runtime_error("stdin");
	return (km_batch_count(batch.get()) == 0 || serve(batch.get(), why)) && all;
}

int main(int argc, char **argv)
{
	if (argc != 8) {
		std::cerr << "usage: gms KMS.xml GMS-KEYS.xml GMS-URI KMS-URI GROUP-URI STATE KEY\n";
		return 1;
	}
	try {
		return provision(argv[1], argv[2], argv[3], argv[4], argv[5], argv[6], argv[7]) ? 0 : 2;
	} catch (const std::exception &e) {
		std::cerr << "gms: " << e.what() << '\n';
		return 1;
	}
}
