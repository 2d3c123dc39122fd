/* keyring.h -- what the parts of a keyring share.
 *
 * The room, provision/keys/, which stands on message/: certificates of KMSs and key sets of users.
 *   kmsdoc               KMS documents (TS 33.180 annex D) read: libxml2's events
 *   kmsdoc_element, kmsdoc_value, kmsdoc_text   their elements; their texts as values; their encodings
 *   keyring              what is held, and found
 *   keyring_kms, keyring_keys   certificates and key sets, validated as they come
 *   load                 from files
 *   key, key_params      group keys, and what a caller says of a new one
 *   valid                what can serve at a time
 *   widen                wide tables made beside a run
 */
#ifndef KM_KEYRING_H
#define KM_KEYRING_H

#include "kmsdoc.h"
#include "widen.h"

/* The points of a KMS with its tables, which certificates share: a renewed one has the same. */
typedef struct {
	km_kms_public *keys;
	size_t uses;
	uint8_t z[KM_SAKKE_POINT_BYTES];
	uint8_t kpak[KM_ECCSI_POINT_BYTES];
} kms_tables;

typedef struct {
	km_kms kms;
	kms_tables *tables;
	char *source;           /* kms.source */
	const char **domains;   /* kms.domains, in one piece with their texts */
	char uri[];
} kms_entry;

typedef struct keys_entry keys_entry;
struct keys_entry {
	km_key_set set;
	keys_entry *same;       /* the next with this UID, under other keys of its KMS; or NULL */
	char *source;
	char uri[];
};

/* A key set that was refused while others of its document were taken. */
typedef struct {
	uint64_t period_no;
	char why[KMSDOC_FAULT];
	char *uri, *kms_uri;
} lost_keys;

typedef struct {
	void **at;
	size_t n, room;
} keyring_list;

struct km_keyring {
	keyring_list kms;       /* of kms_entry */
	keyring_list keys;      /* of keys_entry */
	keyring_list lost;      /* of lost_keys */
	keys_entry **slots;     /* index of keys by UID, open */
	size_t n_slots;         /* a power of two, at least twice keys.n; or 0 */
	widening *widening;     /* of those in kms */
	void (*remark)(void *ctx, const char *text);
	void *ctx;
	bool any_period, lax_ns;
};

/* Is this about the machine, and not about what was read? */
static inline bool keyring_lacks_memory(km_err err)
{
	return err == KM_ENOMEM || err == KM_ELOCKED;
}

/* A document that is being loaded. */
typedef struct {
	km_keyring *ring;
	const char *name;
	km_complaint *why;
} loading;

/* Complain and pass err on; text may be NULL. */
km_err keyring_refuse(const loading *in, int line, const char *element, km_err err, const char *text);
/* Something odd: to whom wants remarks, or else into *why where that is empty. */
void keyring_remark(const loading *in, int line, const char *element, const char *text);
/* The same with a text that names its place; ctx is a loading. */
void keyring_remark_text(void *ctx, const char *text);
/* What is wrong with one of several, which is what ("the certificate of") and whose, and left out. */
void keyring_left_out(loading *in, const char *wrong, const char *what, const char *whose);
/* How documents of the ring are read. */
kmsdoc_how keyring_how(loading *in);
/* "FILE:LINE", escaped; NULL: out of memory. */
char *keyring_source(const loading *in, int line);

bool keyring_list_add(keyring_list *l, void *entry);
/* In an index that has room for it (keyring_index_room). */
void keyring_index(km_keyring *ring, keys_entry *entry);
bool keyring_index_room(km_keyring *ring);
/* The first key set with that UID. */
keys_entry *keyring_find(const km_keyring *ring, const uint8_t uid[KM_UID_BYTES]);
/* Take the latest entries out again; this cannot fail. */
void keyring_cut_back(km_keyring *ring, size_t n_kms, size_t n_keys);
void keyring_kms_free(kms_entry *entry);
void keyring_keys_free(keys_entry *entry);
void keyring_lost_free(lost_keys *lost);

static inline kms_entry *kms_at(const km_keyring *ring, size_t i)
{
	return ring->kms.at[i];
}

static inline keys_entry *keys_at(const km_keyring *ring, size_t i)
{
	return ring->keys.at[i];
}

bool keyring_is_kms(const km_kms *kms, const char *uri, size_t len);

/* Why the key set of that period was refused as its document was loaded; NULL: it was not there. */
const char *km_keyring_lost(const km_keyring *ring, const char *uri, const char *kms_uri,
		uint64_t period_no);

#endif
