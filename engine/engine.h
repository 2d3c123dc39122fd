/* engine.h -- SAKKE and ECCSI (RFC 6507, 6508, 6509) for mission-critical key management.
 *
 * Conventions, for every function here:
 *   - Order: outputs, then in-outs, then inputs; a length follows its buffer.
 *   - Octet strings are big-endian, as in the RFCs.  Sizes are the KM_*_BYTES constants.
 *   - Returns KM_OK or another km_err.  On any error every output is zeroed.  What a function may
 *     return stands beside it; beyond that, one that takes a km_random or makes an object may return
 *     KM_ERANDOM, KM_ENOMEM and, where shared tables are first made, KM_ESELFTEST; one that
 *     makes an object with a secret also KM_ELOCKED.
 *   - What leaves is checked first: encapsulated data, signatures, SSK, PVT, RSK and Z are worked on in
 *     private memory and copied out when they are right.  KM_EFAULT: they were not, or the copy was not,
 *     which takes a fault of the machine; nothing of that block has left.
 *   - No pointer may be NULL unless its comment says so; outputs may not overlap inputs.
 *   - km_init comes first; after it everything is thread-safe.  A prepared object (an opaque type)
 *     is made once and may be shared read-only by any number of threads until it is freed.
 *   - Heap is used only where a name ends in _new, by the batch calls for their scratch, and where tables are
 *     first used.
 *   - Constant time in everything marked secret; time may depend on lengths and on public data.
 *   - When a function returns that was given a secret, nothing of it is left in registers, in the stack
 *     below the caller (of which 80 KB at most are overwritten) or in memory given back.  What a
 *     signal's handler has found there meanwhile is the handler's.
 *   - No I/O, no threads, no clock, no environment: randomness comes in as a km_random.
 *
 * Parameter set 1 of RFC 6509 throughout: a 1024-bit field, 128-bit SSV, SHA-256, P-256 for ECCSI.
 */
#ifndef KM_ENGINE_H
#define KM_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KM_API  __attribute__((visibility("default")))
#define KM_MUST __attribute__((warn_unused_result))

#define KM_VERSION "1.0.0"

enum {
	KM_SSV_BYTES = 16,           /* shared secret value, a GMK */
	KM_FP_BYTES = 128,           /* an element of F_p, an integer modulo q */
	KM_SAKKE_POINT_BYTES = 257,  /* 04 || x || y: Z, RSK, R */
	KM_SED_BYTES = 273,          /* SAKKE encapsulated data, R || H */
	KM_ECCSI_POINT_BYTES = 65,   /* 04 || x || y: KPAK, PVT */
	KM_SSK_BYTES = 32,
	KM_HASH_BYTES = 32,          /* SHA-256, HS */
	KM_SIG_BYTES = 129,          /* r || s || PVT */
	KM_ID_MAX = 1024,            /* longest identifier, octets */
};

/* One list of errors: stable number, name, meaning.  From 17 on they are those of gmk.h alone. */
#define KM_ERRORS(X) \
	X(KM_OK, 0, "done") \
	X(KM_EARG, 1, "an argument is outside its stated range") \
	X(KM_EFORMAT, 2, "not the encoding of a point or number: length, first octet or range") \
	X(KM_ECURVE, 3, "the point is not on its curve, or is infinity") \
	X(KM_EORDER, 4, "the point is not of order q") \
	X(KM_EKEY, 5, "the key does not validate against the KMS public key and identifier") \
	X(KM_EDECAP, 6, "the encapsulated data does not open") \
	X(KM_ESIG, 7, "the signature does not verify") \
	X(KM_EDEGENERATE, 8, "a value that must not be zero or infinity is") \
	X(KM_EPARTIAL, 9, "some items of the batch failed: see their status") \
	X(KM_ERANDOM, 10, "the source of randomness failed") \
	X(KM_ENOMEM, 11, "out of memory") \
	X(KM_EKERNEL, 12, "no such kernel, or this processor cannot run it") \
	X(KM_ESELFTEST, 13, "a kernel or a table failed its check") \
	X(KM_ESTATE, 14, "km_init has not succeeded yet, or has with another kernel") \
	X(KM_EFAULT, 15, "a result failed its check, which takes a fault of the machine") \
	X(KM_ELOCKED, 16, "memory for keys cannot be locked: the limit is too small") \
	X(KM_EIO, 17, "the system refused") \
	X(KM_ELOST, 18, "what must be remembered is missing or damaged") \
	X(KM_ECLOCK, 19, "the time does not fit the last T, or the keys held") \
	X(KM_EREVOKED, 20, "the key is revoked")

typedef enum {
#define KM_ERROR_ENUM(name, number, text) name = number,
	KM_ERRORS(KM_ERROR_ENUM)
#undef KM_ERROR_ENUM
} km_err;

/* The meaning of err, in lower case without a full stop; never NULL. */
KM_API const char *km_strerror(km_err err);

/* KM_VERSION of the library that is linked. */
KM_API const char *km_version(void);

/* ---- processes and threads ---------------------------------------------------------------
 *
 * fork: a child may use everything at once, objects and tables of its parent too, whatever other
 * threads were doing; only the first km_init must not be running meanwhile.  (clone() calls no handlers:
 * after it randomness and the making of tables are sound all the same.)
 * Threads: a thread keeps a stream of randomness, and scratch of up to 4 MB, until it ends; destructors
 * of the host may use the library before and after that.
 * dlclose: a plug-in with the library inside may be unloaded when no thread is in it and no object is
 * left.  What threads that still run kept is then lost, unwiped: let them end before; and what is shared
 * (KM_SHARED_BYTES_MAX) is lost.  One that comes and goes is better linked with -Wl,-z,nodelete. */

/* ---- memory for secrets ------------------------------------------------------------------
 *
 * Keys of objects stand in locked memory between guard pages, 16 KB at a time for objects of one kind; what
 * is freed is wiped, and kept for the next ones.  Scratch and prepared receivers are locked while that
 * takes a quarter of the limit (RLIMIT_MEMLOCK) at most.  Nothing secret is ever in a core dump, and all
 * is wiped, locked or not. */

/* Whether a key has to be locked: 1 (until it is called): an object whose key cannot be is not made,
 * KM_ELOCKED; 0: keys beyond the limit are not locked.  In 8 MB there is always room for the keys of
 * 96 000 signers or 24 000 receivers.  May be called at any time, before km_init too. */
KM_API void km_keys_locked(int always);

/* Locks are not inherited by the child of a fork: there the keys of its parent are not locked until it
 * calls this.  What it makes itself is.  KM_ELOCKED: some are not. */
KM_API KM_MUST km_err km_keys_lock_again(void);

/* Zeroed memory for a secret of 1..KM_SECRET_MAX octets, as keys of objects have it: locked, between guard
 * pages with others of its size, not dumped, wiped when freed.  *p is 64-byte aligned, and NULL on any error.
 * KM_EARG, KM_ENOMEM, KM_ELOCKED.  Needs no km_init. */
enum { KM_SECRET_MAX = 2048 };
KM_API KM_MUST km_err km_secret_new(void **p, size_t len);

/* p may be NULL. */
KM_API void km_secret_free(void *p);

/* ---- start ------------------------------------------------------------------------------- */

/* Choose the kernels and prove them on known answers.  kernel: "c" (portable); "adx", "ifma" on x86-64,
 * "a64" on AArch64; or NULL for the best that this processor runs.  Before it has succeeded no object can
 * be made: KM_ESTATE.  Any thread may call it at any time: again with the same kernel, or NULL,
 * it is KM_OK and does nothing; with another one KM_ESTATE.
 * KM_EKERNEL: unknown, or this processor cannot run it.  KM_ESELFTEST: a wrong known answer. */
KM_API KM_MUST km_err km_init(const char *kernel);

/* The kernel in use, such as "c"; "" before km_init. */
KM_API const char *km_kernel(void);

/* The i-th kernel level by name, best first, "c" last, NULL beyond; *runs tells whether this
 * processor can run it.  Needs no km_init. */
KM_API const char *km_kernel_at(size_t i, int *runs);

/* Called with each answer of the self-test: kernel, what was tested, verdict. */
typedef void km_selftest_fn(void *ctx, const char *kernel, const char *what, km_err verdict);

/* Run the known answers of every kernel this machine can run; each may be NULL.
 * KM_ESELFTEST: at least one failed.  Changes nothing that km_init chose.  Call it while no other
 * thread uses the library. */
KM_API KM_MUST km_err km_selftest(km_selftest_fn *each, void *ctx);

/* ---- randomness and small tools ----------------------------------------------------------- */

/* A source of randomness.  fill writes len octets and returns 0, or returns non-zero. */
typedef struct {
	int (*fill)(void *ctx, uint8_t *out, size_t len);
	void *ctx;
} km_random;

/* The system's generator behind a seeded stream for each thread.  Wherever a km_random is asked for,
 * NULL means this one.  Never the same twice: not in a child of a fork, which seeds anew, nor in a
 * signal's handler, where it may be drawn from.  Only a clone of a virtual machine, or one set back to a
 * snapshot, may repeat up to 992 octets of each thread: they go into blinds, and into nonces beside
 * key and message.  Keys and what else lasts are drawn from the system itself. */
KM_API extern const km_random km_system_random;

/* Fill out from rnd.  NULL or km_system_random: straight from the system, for keys and what else must
 * differ between clones of a virtual machine.  KM_ERANDOM.  Needs no km_init. */
KM_API KM_MUST km_err km_random_bytes(uint8_t *out, size_t len, const km_random *rnd);

/* SHA-256 of data.  data may be secret. */
KM_API void km_sha256(uint8_t out[KM_HASH_BYTES], const uint8_t *data, size_t len);

/* HMAC-SHA-256 (RFC 2104).  key and data may be secret; their lengths are public. */
KM_API void km_hmac_sha256(uint8_t out[KM_HASH_BYTES], const uint8_t *key, size_t key_len,
		const uint8_t *data, size_t len);

/* Overwrite with zeros in a way that the compiler keeps, and what registers and the 4 KB of stack below
 * the caller may still hold of it. */
KM_API void km_wipe(void *p, size_t len);

/* 1 where the len octets are equal, else 0; constant time in their values. */
KM_API KM_MUST int km_equal(const void *a, const void *b, size_t len);

/* ---- KMS public keys ---------------------------------------------------------------------- */

/* A KMS's public keys Z (SAKKE) and KPAK (ECCSI), checked, with tables for fixed-base sums.
 * Public.  Memory: at most KM_KMS_PUBLIC_BYTES_MAX a KMS, also while tables are made, beside what
 * km_kms_public_narrow could not give back yet, and KM_SHARED_BYTES_MAX once for P and g.  Tables are on pages
 * that nobody can write once they are made: a stray write of the host ends there, by a signal. */
typedef struct km_kms_public km_kms_public;
#define KM_KMS_PUBLIC_BYTES_MAX (24u << 20)
#define KM_SHARED_BYTES_MAX     (36u << 20)

/* As members of km_kms_public_new: Z and KPAK are checked, and no table is made before its first use.  Such
 * a one takes less than 4 KB until then. */
#define KM_TABLES_LATER SIZE_MAX

/* Check Z and KPAK and make the tables, but that of KPAK, which the first km_eccsi_verify makes.  members: about
 * how many encapsulations to expect; it chooses between a quick start and a high rate, never the result (0: a
 * receiver).
 * KM_EFORMAT, KM_ECURVE, KM_EORDER (Z; the curve has cofactor 4), KM_ENOMEM, KM_ERANDOM.  Tables over P
 * and g are checked when they are made; KM_ESELFTEST: one is wrong, which takes a fault of the machine.  Over
 * Z, what is made by a wrong entry is KM_EFAULT, and what is opened KM_EDECAP: kms is to be made again. */
KM_API KM_MUST km_err km_kms_public_new(km_kms_public **kms, const uint8_t *z, size_t z_len,
		const uint8_t *kpak, size_t kpak_len, size_t members);

/* Make the tables that so many encapsulations are worth, beside those that kms has: what begins
 * after it uses them, what runs meanwhile is not disturbed, and results stay the same.  So a run
 * can begin with members = 50 and have wide tables made by another thread.  May be called at any
 * time, by any number of threads, but not while kms is freed.  KM_ENOMEM, KM_ERANDOM,
 * KM_ESELFTEST (a table came out wrong): kms is as it was. */
KM_API KM_MUST km_err km_kms_public_widen(km_kms_public *kms, size_t members);

/* Make the widest tables over P and g, which all KMSs share, if so many encapsulations in all are worth them: where
 * none of several KMSs has so many itself, each of 57 members or more in one call gains by them.
 * KM_ENOMEM, KM_ERANDOM, KM_ESELFTEST: as it was. */
KM_API KM_MUST km_err km_shared_widen(size_t members);

/* Give back the tables beyond those for one member.  What runs meanwhile keeps what it uses; that goes when
 * this, km_kms_public_widen or km_kms_public_free is called and nobody uses it any more.  Results stay the
 * same.  Any thread, any time, but not while kms is freed.  (In a child of a fork, what calls of other threads
 * used at that moment stays until kms is freed.) */
KM_API void km_kms_public_narrow(km_kms_public *kms);

/* Octets of the tables that kms has now, with those that calls still use after km_kms_public_narrow. */
KM_API uint64_t km_kms_public_bytes(const km_kms_public *kms);
/* The same once it were widened for so many members. */
KM_API uint64_t km_kms_public_bytes_for(const km_kms_public *kms, size_t members);

/* kms may be NULL.  No receiver or signer made from it may still be in use. */
KM_API void km_kms_public_free(km_kms_public *kms);

/* ---- SAKKE, RFC 6508 ---------------------------------------------------------------------- */

/* Encapsulate ssv for the identifier id under kms (6.2.1).  ssv is secret.
 * KM_EARG: id_len is 0 or above KM_ID_MAX.  KM_EDEGENERATE: R would be infinity. */
KM_API KM_MUST km_err km_sakke_encap(uint8_t sed[KM_SED_BYTES], const uint8_t ssv[KM_SSV_BYTES],
		const uint8_t *id, size_t id_len, const km_kms_public *kms, const km_random *rnd);

/* Encapsulate one ssv for n identifiers of id_len octets each, one after the other in ids; sed has
 * n * KM_SED_BYTES octets, status n entries.  Equal to n single calls.  A member that fails has
 * its status set and its data zeroed; the others are untouched.  rnd blinds the shared inversions.
 * KM_EPARTIAL: see status.  KM_EARG, KM_ERANDOM, KM_ENOMEM: nothing was made. */
KM_API KM_MUST km_err km_sakke_encap_batch(uint8_t *sed, km_err *status,
		const uint8_t ssv[KM_SSV_BYTES], const uint8_t *ids, size_t id_len, size_t n,
		const km_kms_public *kms, const km_random *rnd);

/* What is to be encapsulated, and to whom.  ssv is secret; nothing is kept of either pointer. */
typedef struct {
	const uint8_t *ssv;     /* KM_SSV_BYTES */
	const uint8_t *id;
	size_t id_len;          /* 1..KM_ID_MAX */
} km_to_encap;

/* Encapsulate n items, each its own ssv, under one KMS: km_sakke_encap_batch, whose words on status, rnd and
 * errors hold here.  sed has n * KM_SED_BYTES octets, in the order of the items.  KM_EARG: an id_len. */
KM_API KM_MUST km_err km_sakke_encap_items(uint8_t *sed, km_err *status, const km_to_encap *items, size_t n,
		const km_kms_public *kms, const km_random *rnd);

/* One identity's Receiver Secret Key, checked.  kms must outlive it.  Memory: 256 octets of a key, and
 * some 50 and the identifier.  Secret.  A prepared one opens a message in a third of the time, and takes
 * KM_RECEIVER_LINES_BYTES more, kept as scratch is. */
typedef struct km_receiver km_receiver;
#define KM_RECEIVER_LINES_BYTES 306304
#define KM_RECEIVERS_PREPARED 64

/* How many receivers of the process are prepared at most: KM_RECEIVERS_PREPARED until it is called, which
 * may be at any time, before km_init too.  A receiver is prepared when it is made, for its check needs the lines,
 * or else at its first use that finds a place, and gives it back when freed: who holds many says 0 while they are
 * made, and then how many of those in use there is memory for. */
KM_API void km_receivers_prepared(size_t most);

/* Check RSK for id under kms (6.1.2: <[id]P + Z, RSK> = g, and order q) and prepare it.
 * rsk is secret.  KM_EARG, KM_EFORMAT, KM_ECURVE, KM_EORDER, KM_EKEY, KM_ENOMEM. */
KM_API KM_MUST km_err km_receiver_new(km_receiver **receiver, const uint8_t *id, size_t id_len,
		const uint8_t *rsk, size_t rsk_len, const km_kms_public *kms, const km_random *rnd);

/* receiver may be NULL. */
KM_API void km_receiver_free(km_receiver *receiver);

/* Open sed (6.2.2): pairing, mask, and R made again and compared.  ssv is secret.
 * KM_EDECAP: whatever was wrong with it. */
KM_API KM_MUST km_err km_sakke_decap(uint8_t ssv[KM_SSV_BYTES], const uint8_t *sed, size_t sed_len,
		const km_receiver *receiver, const km_random *rnd);

/* Open n data of KM_SED_BYTES each, the i-th with receivers[i]; ssv has n * KM_SSV_BYTES octets.
 * Equal to n single calls: one that does not open never touches the others.  Faster where the KMS's
 * tables were made for about so many members (km_kms_public_new).
 * KM_EPARTIAL: see status (KM_EDECAP).  KM_ERANDOM, KM_ENOMEM: nothing was opened. */
KM_API KM_MUST km_err km_sakke_decap_batch(uint8_t *ssv, km_err *status, const uint8_t *sed,
		size_t n, const km_receiver *const *receivers, const km_random *rnd);

/* ---- ECCSI, RFC 6507 ---------------------------------------------------------------------- */

/* One identity's signing key: SSK, PVT, HS.  Secret.  Memory: 64 octets of a key, and some 300 that are
 * public.  A prepared one signs one message in half of the time, for its check goes by a table, which takes
 * KM_SIGNER_TABLE_BYTES more and is public. */
typedef struct km_signer km_signer;
#define KM_SIGNER_TABLE_BYTES 266240
#define KM_SIGNERS_PREPARED 256

/* How many signers of the process are prepared at most: KM_SIGNERS_PREPARED until it is called, which may be
 * at any time, before km_init too.  A signer is prepared at its first use that finds a place, and gives it
 * back when freed: who holds many pays for those that sign. */
KM_API void km_signers_prepared(size_t most);

/* Check (SSK, PVT) for id under kms (5.1.2: KPAK = [SSK]G - [HS]PVT).
 * ssk is secret and has exactly KM_SSK_BYTES octets.
 * KM_EARG, KM_EFORMAT, KM_ECURVE, KM_EKEY, KM_ENOMEM. */
KM_API KM_MUST km_err km_signer_new(km_signer **signer, const uint8_t *id, size_t id_len,
		const uint8_t *ssk, size_t ssk_len, const uint8_t *pvt, size_t pvt_len,
		const km_kms_public *kms);

/* signer may be NULL. */
KM_API void km_signer_free(km_signer *signer);

/* A message to sign. */
typedef struct {
	const uint8_t *msg;
	size_t len;
	uint8_t *sig;           /* gets KM_SIG_BYTES; may stand right behind msg */
} km_to_sign;

/* A message and its signature, to check. */
typedef struct {
	const uint8_t *msg;
	size_t len;
	const uint8_t *sig;     /* KM_SIG_BYTES */
	const uint8_t *id;      /* the signer's identifier */
	size_t id_len;
} km_signed;

/* Sign msg (5.2.1) with a hedged nonce; the signature is verified before it leaves.
 * KM_ERANDOM; KM_EFAULT: the check failed. */
KM_API KM_MUST km_err km_eccsi_sign(uint8_t sig[KM_SIG_BYTES], const uint8_t *msg, size_t len,
		const km_signer *signer, const km_random *rnd);

/* Sign n messages; items[i].sig is written.  Each is verified before it leaves.
 * KM_EPARTIAL: see status.  KM_ERANDOM, KM_ENOMEM: nothing was signed. */
KM_API KM_MUST km_err km_eccsi_sign_batch(const km_to_sign *items, km_err *status, size_t n,
		const km_signer *signer, const km_random *rnd);

/* Verify sig over msg by the signer id (5.2.2).  Everything is public.
 * KM_EARG: id_len.  KM_ESIG: whatever was wrong with it. */
KM_API KM_MUST km_err km_eccsi_verify(const uint8_t *sig, size_t sig_len, const uint8_t *msg,
		size_t len, const uint8_t *id, size_t id_len, const km_kms_public *kms);

/* One signer's public values, HS and a table over Y, for who hears the same signer again and again: a
 * signature is then verified in a fifth of the time, in lanes a fifteenth, and making the table takes what
 * about twenty take without.  Nothing in it is secret.  Memory: 262 KB.  It may be shared by any number
 * of threads, and kms need not outlive it. */
typedef struct km_verifier km_verifier;

/* Prepare to verify signatures of id whose PVT is this one: octets 64 to 128 of each of them.
 * KM_EARG: id_len is 0 or above KM_ID_MAX.  KM_EFORMAT, KM_ECURVE: PVT.  KM_EDEGENERATE: a PVT under
 * which everybody could sign.  KM_ENOMEM.  That PVT is one of the KMS's for id only a signature that
 * verifies shows. */
KM_API KM_MUST km_err km_verifier_new(km_verifier **verifier, const uint8_t *id, size_t id_len,
		const uint8_t *pvt, size_t pvt_len, const km_kms_public *kms);

/* verifier may be NULL. */
KM_API void km_verifier_free(km_verifier *verifier);

/* Verify sig over msg by that signer with that PVT: the verdict of km_eccsi_verify.
 * KM_ESIG: whatever was wrong with it, another PVT too. */
KM_API KM_MUST km_err km_eccsi_verify_by(const uint8_t *sig, size_t sig_len, const uint8_t *msg,
		size_t len, const km_verifier *verifier);

/* Verify n signatures of KM_SIG_BYTES each, a verdict for each.  KM_EPARTIAL: see status. */
KM_API KM_MUST km_err km_eccsi_verify_batch(km_err *status, const km_signed *items, size_t n,
		const km_kms_public *kms);

/* ---- the KMS's half ----------------------------------------------------------------------- */

/* A KMS's master keys z and KSAK, and what follows from them.  Secret.  Memory: 512 octets of a key. */
typedef struct km_kms_master km_kms_master;

/* Draw new master keys.  KM_ERANDOM, KM_ENOMEM. */
KM_API KM_MUST km_err km_kms_master_new(km_kms_master **master, const km_random *rnd);

/* Take master keys: z in 2..q-1, ksak in 1..n-1 (n: the order of P-256).  KM_EFORMAT, KM_ENOMEM. */
KM_API KM_MUST km_err km_kms_master_import_new(km_kms_master **master,
		const uint8_t z[KM_FP_BYTES], const uint8_t ksak[KM_SSK_BYTES]);

/* Give the master keys out, both secret. */
KM_API void km_kms_master_export(uint8_t z[KM_FP_BYTES], uint8_t ksak[KM_SSK_BYTES],
		const km_kms_master *master);

/* Z = [z]P and KPAK = [KSAK]G. */
KM_API void km_kms_master_public(uint8_t z[KM_SAKKE_POINT_BYTES],
		uint8_t kpak[KM_ECCSI_POINT_BYTES], const km_kms_master *master);

/* master may be NULL. */
KM_API void km_kms_master_free(km_kms_master *master);

/* RSK = [1/(id + z)]P (RFC 6508, 6.1.1).  rsk is secret.  KM_EARG, KM_ERANDOM, KM_EDEGENERATE. */
KM_API KM_MUST km_err km_kms_rsk(uint8_t rsk[KM_SAKKE_POINT_BYTES], const uint8_t *id,
		size_t id_len, const km_kms_master *master, const km_random *rnd);

/* SSK and PVT (RFC 6507, 5.1.1).  ssk is secret.  KM_EARG, KM_ERANDOM. */
KM_API KM_MUST km_err km_kms_ssk(uint8_t ssk[KM_SSK_BYTES], uint8_t pvt[KM_ECCSI_POINT_BYTES],
		const uint8_t *id, size_t id_len, const km_kms_master *master, const km_random *rnd);

#ifdef __cplusplus
}
#endif
#endif
