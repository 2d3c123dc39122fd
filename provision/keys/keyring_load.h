/* keyring_load.h -- rings and their snapshots from inside, and what the parts that load have in common. */
#ifndef KM_KEYRING_LOAD_H
#define KM_KEYRING_LOAD_H

#include "base/lock.h"
#include "keyring.h"
#include "kmsdoc.h"
#include "tables.h"

struct km_keyring {
	ring_uses uses;
	lock lock;              /* of now, its uses from there, kept and pool */
	ring_snapshot *now;     /* held */
	ring_snapshot *kept;    /* held: what pointers were given out of before it was pruned */
	km_pool *pool;          /* held; or NULL */
	atomic_bool gave_out, lax_ns;
	all_tables *tables;       /* held */
	void (*remark)(void *ctx, const char *text);
	void *ctx;
};

/* ---- snapshots that are made ----------------------------------------------------------------- */

/* Change a draft of the next snapshot, which nobody else sees.  Called again from the start where another thread
 * changed the ring meanwhile. */
typedef km_err ring_edit(ring_snapshot *draft, void *arg);
/* Put what edit made in place of what is there; on an error nothing changes.  KM_ENOMEM, and what edit returns. */
km_err ring_change(km_keyring *ring, ring_edit *edit, void *arg);

/* false: out of memory.  What is added is the list's. */
bool ring_list_add(ring_list *l, void *entry);
/* Key sets, also in the index. */
bool ring_add_keys(ring_snapshot *draft, keys_entry *entry);
/* The index anew, as after keys were taken out: it has room. */
void ring_index_again(ring_snapshot *draft);
/* Key sets with that UID, one a call; *at is 0 before the first.  NULL: no more. */
keys_entry *ring_next_with(const ring_snapshot *s, const uint8_t uid[KM_UID_BYTES], size_t *at);

static inline kms_entry *kms_at(const ring_snapshot *s, size_t i)
{
	return s->kms.at[i];
}

static inline keys_entry *keys_at(const ring_snapshot *s, size_t i)
{
	return s->keys.at[i];
}

bool ring_is_kms(const km_kms *kms, const char *uri, size_t len);

/* ---- loading --------------------------------------------------------------------------------- */

/* Is this about the machine, and not about what was read? */
static inline bool keyring_lacks_memory(km_err err)
{
	return err == KM_ENOMEM || err == KM_ELOCKED;
}

/* A document that is being loaded. */
typedef struct {
	const km_keyring *ring;
	ring_snapshot *draft;
	const char *name;
	uint32_t use;           /* KM_USE_*, of key sets */
	km_complaint *why;
} loading;

/* Complain and pass err on; text may be NULL. */
km_err keyring_refuse(const loading *in, int line, const char *element, km_err err, const char *text);
/* Something odd: to whom wants remarks, or else a line of *why. */
void keyring_remark(const loading *in, int line, const char *element, const char *text);
/* The same with a text that names its place; ctx is a loading. */
void keyring_remark_text(void *ctx, const char *text);
/* What is wrong with one of several, which is what ("the certificate of") and whose, and left out. */
void keyring_left_out(loading *in, const char *wrong, const char *what, const char *whose);
/* How documents of the ring are read. */
kmsdoc_how keyring_how(loading *in);
/* "FILE:LINE", escaped; NULL: out of memory. */
char *keyring_source(const loading *in, int line);

#endif
