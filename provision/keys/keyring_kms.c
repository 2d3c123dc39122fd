/* keyring_kms.c -- certificates of KMSs, validated as they are loaded into a keyring. */
#include "keyring_load.h"

#include <stdlib.h>
#include <string.h>

#include "base/complain.h"

/* Which of the two points err is about: Z is tried beside a KPAK that is known to be good. */
static bool is_about_z(const kmsdoc_cert *cert, km_err err)
{
	static const uint8_t two[KM_FP_BYTES] = { [KM_FP_BYTES - 1] = 2 };
	static const uint8_t one[KM_SSK_BYTES] = { [KM_SSK_BYTES - 1] = 1 };
	uint8_t z[KM_SAKKE_POINT_BYTES], kpak[KM_ECCSI_POINT_BYTES];
	km_kms_master *master;
	km_kms_public *keys;
	km_err again;

	if (km_kms_master_import_new(&master, two, one) != KM_OK)
		return true;
	km_kms_master_public(z, kpak, master);
	km_kms_master_free(master);
	again = km_kms_public_new(&keys, cert->z, sizeof cert->z, kpak, sizeof kpak, KM_TABLES_LATER);
	if (again == KM_OK)
		km_kms_public_free(keys);
	return again == err;
}

static km_err refuse_cert(const loading *in, const kmsdoc_cert *cert, km_err err)
{
	if (keyring_lacks_memory(err))
		return keyring_refuse(in, cert->line, "KmsCertificate", err, NULL);
	if (is_about_z(cert, err))
		return keyring_refuse(in, cert->z_line, "PubEncKey", err, NULL);
	return keyring_refuse(in, cert->kpak_line, "PubAuthKey", err, NULL);
}

static bool has_points(const kms_tables *tables, const kmsdoc_cert *cert)
{
	return memcmp(tables->z, cert->z, sizeof cert->z) == 0 &&
			memcmp(tables->kpak, cert->kpak, sizeof cert->kpak) == 0;
}

/* The tables of the same points, or NULL. */
static kms_tables *find_tables(const ring_snapshot *s, const kmsdoc_cert *cert)
{
	for (size_t i = 0; i < s->kms.n; i++) {
		if (has_points(kms_at(s, i)->tables, cert))
			return kms_at(s, i)->tables;
	}
	/* A key set may have outlived its certificate. */
	for (size_t i = 0; i < s->keys.n; i++) {
		if (has_points(keys_at(s, i)->of->tables, cert))
			return keys_at(s, i)->of->tables;
	}
	return NULL;
}

static void free_tables(void *entry)
{
	kms_tables *tables = entry;

	tables_leave(tables);
	km_kms_public_free(tables->keys);
	free(tables);
}

static void free_kms(void *entry)
{
	kms_entry *kms = entry;

	ring_let_go(kms->before);
	ring_let_go(kms->tables);
	free(kms->source);
	free(kms->domains);
	free(kms);
}

/* The place of that certificate, revoked or not; else how many there are. */
static size_t find_cert(const ring_snapshot *s, const kmsdoc_cert *cert)
{
	for (size_t i = 0; i < s->kms.n; i++) {
		const kms_entry *old = kms_at(s, i);

		if (strcmp(old->uri, cert->uri) == 0 && old->kms.period == cert->period &&
		    old->kms.offset == cert->offset && old->kms.valid_from == cert->valid_from &&
		    old->kms.valid_to == cert->valid_to && has_points(old->tables, cert))
			return i;
	}
	return s->kms.n;
}

/* In its place, where that stood there before it was revoked; else behind the others. */
static bool put_cert(ring_snapshot *draft, kms_entry *entry, size_t place)
{
	if (place == draft->kms.n)
		return ring_list_add(&draft->kms, entry);
	entry->before = kms_at(draft, place);
	draft->kms.at[place] = entry;
	return true;
}

/* The domains of certs[at] in one piece; NULL: none, or out of memory. */
static const char **copy_domains(size_t *n, const kmsdoc *doc, size_t at)
{
	size_t size = 0, k = 0;
	const char **list;
	char *text;

	for (size_t i = 0; i < doc->n_domains; i++) {
		if (doc->domains[i].cert == at) {
			size += sizeof *list + strlen(doc->domains[i].name) + 1;
			++*n;
		}
	}
	list = *n == 0 ? NULL : malloc(size);
	if (list == NULL)
		return NULL;
	text = (char *)(list + *n);
	for (size_t i = 0; i < doc->n_domains; i++) {
		if (doc->domains[i].cert == at) {
			list[k++] = strcpy(text, doc->domains[i].name);
			text += strlen(text) + 1;
		}
	}
	return list;
}

static km_err take_tables(const loading *in, kms_entry *entry, const kmsdoc_cert *cert)
{
	kms_tables *tables = find_tables(in->draft, cert);
	km_err err;

	if (tables != NULL) {
		ring_hold(tables);
	} else {
		tables = calloc(1, sizeof *tables);
		if (tables == NULL)
			return refuse_cert(in, cert, KM_ENOMEM);
		tables->entry = (ring_entry){ 1, free_tables };
		memcpy(tables->z, cert->z, sizeof cert->z);
		memcpy(tables->kpak, cert->kpak, sizeof cert->kpak);
		err = km_kms_public_new(&tables->keys, cert->z, sizeof cert->z, cert->kpak,
				sizeof cert->kpak, KM_TABLES_LATER);
		if (err != KM_OK) {
			free(tables);
			return refuse_cert(in, cert, err);
		}
		tables_join(in->ring->tables, tables);
	}
	entry->tables = tables;
	entry->kms.keys = tables->keys;
	return KM_OK;
}

/* The number of a KMS, which it keeps; 0: out of memory. */
static uint32_t number_of(ring_snapshot *draft, const char *uri)
{
	size_t size = strlen(uri) + 1;
	kms_name *name;

	for (size_t i = 0; i < draft->names.n; i++) {
		if (strcmp(((const kms_name *)draft->names.at[i])->uri, uri) == 0)
			return (uint32_t)(i + 1);
	}
	name = malloc(sizeof *name + size);
	if (name == NULL)
		return 0;
	name->entry = (ring_entry){ 1, free };
	memcpy(name->uri, uri, size);
	if (ring_list_add(&draft->names, name))
		return (uint32_t)draft->names.n;
	free(name);
	return 0;
}

static km_err add_cert(const loading *in, const kmsdoc *doc, size_t at)
{
	const kmsdoc_cert *cert = &doc->certs[at];
	size_t len = strlen(cert->uri), place;
	kms_entry *entry;
	km_err err;

	if (cert->fault[0] != '\0') {
		snprintf(in->why->text, sizeof in->why->text, "%s", cert->fault);
		return KM_EFORMAT;
	}
	place = find_cert(in->draft, cert);
	if (place < in->draft->kms.n && (kms_at(in->draft, place)->kms.revoked || !cert->revoked))
		return KM_OK;           /* a revocation stays */
	entry = calloc(1, sizeof *entry + len + 1);
	if (entry == NULL)
		return refuse_cert(in, cert, KM_ENOMEM);
	entry->entry = (ring_entry){ 1, free_kms };
	memcpy(entry->uri, cert->uri, len + 1);
	entry->source = keyring_source(in, cert->line);
	entry->kms = (km_kms){
		.uri = entry->uri, .period = cert->period, .offset = cert->offset,
		.valid_from = cert->valid_from, .valid_to = cert->valid_to,
		.revoked = cert->revoked, .source = entry->source, .number = number_of(in->draft, cert->uri),
	};
	entry->domains = copy_domains(&entry->kms.n_domains, doc, at);
	entry->kms.domains = entry->domains;
	err = take_tables(in, entry, cert);
	if (err == KM_OK && (entry->source == NULL || entry->kms.number == 0 ||
	    (entry->kms.n_domains > 0 && entry->domains == NULL) ||
	    !put_cert(in->draft, entry, place)))
		err = refuse_cert(in, cert, KM_ENOMEM);
	if (err != KM_OK)
		ring_let_go(entry);
	return err;
}

/* Two that nothing tells apart but their keys or periods: whoever was given the others has no use for
 * what is made with these, so it is said which are taken. */
static void remark_rival(const loading *in, const kmsdoc_cert *cert)
{
	const kms_entry *added = kms_at(in->draft, in->draft->kms.n - 1);
	char text[320];

	for (size_t i = 0; in->ring->remark != NULL && !added->kms.revoked && i + 1 < in->draft->kms.n; i++) {
		const km_kms *old = &kms_at(in->draft, i)->kms;

		if (strcmp(old->uri, added->kms.uri) != 0 || old->revoked ||
		    old->valid_from != added->kms.valid_from || old->valid_to != added->kms.valid_to ||
		    (old->keys == added->kms.keys && old->period == added->kms.period &&
		     old->offset == added->kms.offset))
			continue;
		snprintf(text, sizeof text, "%.200s has another certificate of this KMS, with other keys or "
				"key periods and the same validity: that one is used", old->source);
		keyring_remark(in, cert->line, "KmsCertificate", text);
		return;
	}
}

/* A document whose certificates are added. */
typedef struct {
	loading in;             /* also where remarks go */
	const kmsdoc *doc;
	const km_complaint *said;       /* what was said of it as it was read */
} adding;

static km_err edit_kms(ring_snapshot *draft, void *arg)
{
	adding *a = arg;
	const kmsdoc *doc = a->doc;
	km_complaint wrong, first = { 0 };
	loading one = { a->in.ring, draft, a->in.name, 0, &wrong };
	km_err bad = KM_OK;
	size_t good = 0;

	a->in.draft = draft;
	*a->in.why = *a->said;
	for (size_t i = 0; i < doc->n_certs; i++) {
		size_t before = draft->kms.n;
		km_err got = add_cert(&one, doc, i);

		if (got == KM_OK && draft->kms.n > before)
			remark_rival(&a->in, &doc->certs[i]);
		if (keyring_lacks_memory(got)) {
			*a->in.why = wrong;
			return got;
		}
		if (got != KM_OK && (doc->is_cache || doc->n_certs > 1))
			keyring_left_out(&a->in, wrong.text, "the certificate of the KMS", doc->certs[i].uri);
		if (got != KM_OK && bad == KM_OK) {
			first = wrong;
			bad = got;
		}
		good += got == KM_OK;
	}
	if (bad == KM_OK || good > 0 || doc->is_cache)
		return KM_OK;
	*a->in.why = first;
	return bad;
}

km_err km_keyring_add_kms(km_keyring *ring, const char *xml, size_t len, const char *name,
		km_complaint *why)
{
	km_complaint spare, said;
	adding a = { .in = { .ring = ring, .name = name }, .said = &said };
	kmsdoc_how how = keyring_how(&a.in);
	kmsdoc doc;
	km_err err;

	a.in.why = complain_anew(why, &spare);
	a.doc = &doc;
	err = kmsdoc_read(&doc, xml, len, &how, a.in.why);
	if (err == KM_OK && doc.n_certs == 0 && !doc.is_cache) {
		complain(a.in.why, name, 0, NULL, "no KmsCertificate stands in it");
		err = KM_EFORMAT;
	}
	said = *a.in.why;
	if (err == KM_OK)
		err = ring_change(ring, edit_kms, &a);
	kmsdoc_free(&doc);
	return err;
}
