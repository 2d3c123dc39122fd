/* peer_openssl.c -- OpenSSL's ECDSA as a process of the benchmark: what a signature over P-256 costs.
 *
 * usage: peer_openssl FILTER.  Not the same signature as ECCSI, whose verification has a variable base
 * more and whose signer checks what it gives; the curve, the hash and the length are.  Contexts are
 * prepared outside the measurement.
 */
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>

#include "worker.h"

enum { MSG = 512, SIG_MAX = 128 };

static EVP_PKEY *key;
static EVP_PKEY_CTX *signer, *verifier;
static const EVP_MD *sha;
static unsigned char msg[MSG], sig[SIG_MAX];
static size_t sig_len;

static void must(int ok, const char *what)
{
	if (ok != 1)
		worker_die(what);
}

static void sign(size_t turns)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len;

	while (turns--) {
		sig_len = sizeof sig;
		must(EVP_Digest(msg, sizeof msg, hash, &len, sha, NULL), "hash");
		must(EVP_PKEY_sign(signer, sig, &sig_len, hash, len), "sign");
	}
}

static void verify(size_t turns)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len;

	while (turns--) {
		must(EVP_Digest(msg, sizeof msg, hash, &len, sha, NULL), "hash");
		must(EVP_PKEY_verify(verifier, sig, sig_len, hash, len), "verify");
	}
}

static void start(void)
{
	if (key)
		return;
	must(RAND_bytes(msg, sizeof msg), "random numbers");
	sha = EVP_MD_fetch(NULL, "SHA256", NULL);
	key = EVP_EC_gen("P-256");
	must(sha && key, "key");
	signer = EVP_PKEY_CTX_new(key, NULL);
	verifier = EVP_PKEY_CTX_new(key, NULL);
	must(signer && verifier, "contexts");
	must(EVP_PKEY_sign_init(signer), "signer");
	must(EVP_PKEY_verify_init(verifier), "verifier");
	sign(1);
}

int main(int argc, char **argv)
{
	static const bench_op ops[] = {
		{"sign_one", "us", 1, start, sign, NULL},
		{"verify_one", "us", 1, start, verify, NULL},
	};
	char library[64];

	snprintf(library, sizeof library, "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
	worker_serve(library, ops, sizeof ops / sizeof ops[0], argc > 1 ? argv[1] : "", NULL);
	return 0;
}
