/* keyring_kms.c -- certificates of KMSs, validated as they are loaded into a keyring. */
#include "keyring.h"

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
	again = km_kms_public_new(&keys, cert->z, sizeof cert->z, kpak, sizeof kpak, 0);
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
static kms_tables *find_tables(const km_keyring *ring, const kmsdoc_cert *cert)
{
	for (size_t i = 0; i < ring->kms.n; i++) {
		if (has_points(kms_at(ring, i)->tables, cert))
			return kms_at(ring, i)->tables;
	}
	return NULL;
}

static bool is_loaded(const km_keyring *ring, const kmsdoc_cert *cert)
{
	for (size_t i = 0; i < ring->kms.n; i++) {
		const kms_entry *old = kms_at(ring, i);

		if (strcmp(old->uri, cert->uri) == 0 && old->kms.period == cert->period &&
		    old->kms.offset == cert->offset && old->kms.valid_from == cert->valid_from &&
		    old->kms.valid_to == cert->valid_to && old->kms.revoked == cert->revoked &&
		    has_points(old->tables, cert))
			return true;
	}
	return false;
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

static km_err take_tables(const loading *in, kms_entry *entry, const kmsdoc_cert *cert,
		size_t members)
{
	kms_tables *tables = find_tables(in->ring, cert);
	km_err err;

	if (tables == NULL) {
		tables = calloc(1, sizeof *tables);
		if (tables == NULL)
			return refuse_cert(in, cert, KM_ENOMEM);
		memcpy(tables->z, cert->z, sizeof cert->z);
		memcpy(tables->kpak, cert->kpak, sizeof cert->kpak);
		err = km_kms_public_new(&tables->keys, cert->z, sizeof cert->z, cert->kpak,
				sizeof cert->kpak, members < WIDEN_FIRST ? members : WIDEN_FIRST);
		if (err != KM_OK) {
			free(tables);
			return refuse_cert(in, cert, err);
		}
	}
	tables->uses++;
	entry->tables = tables;
	entry->kms.keys = tables->keys;
	return KM_OK;
}

static km_err add_cert(const loading *in, const kmsdoc *doc, size_t at, size_t members)
{
	const kmsdoc_cert *cert = &doc->certs[at];
	size_t len = strlen(cert->uri);
	kms_entry *entry;
	km_err err;

	if (cert->fault[0] != '\0') {
		snprintf(in->why->text, sizeof in->why->text, "%s", cert->fault);
		return KM_EFORMAT;
	}
	if (is_loaded(in->ring, cert))
		return KM_OK;
	entry = calloc(1, sizeof *entry + len + 1);
	if (entry == NULL)
		return refuse_cert(in, cert, KM_ENOMEM);
	memcpy(entry->uri, cert->uri, len + 1);
	entry->source = keyring_source(in, cert->line);
	entry->kms = (km_kms){
		.uri = entry->uri, .period = cert->period, .offset = cert->offset,
		.valid_from = cert->valid_from, .valid_to = cert->valid_to,
		.revoked = cert->revoked, .source = entry->source,
	};
	entry->domains = copy_domains(&entry->kms.n_domains, doc, at);
	entry->kms.domains = entry->domains;
	err = take_tables(in, entry, cert, members);
	if (err == KM_OK && (entry->source == NULL ||
	    (entry->kms.n_domains > 0 && entry->domains == NULL) ||
	    !keyring_list_add(&in->ring->kms, entry)))
		err = refuse_cert(in, cert, KM_ENOMEM);
	if (err != KM_OK)
		keyring_kms_free(entry);
	return err;
}

/* Two that nothing tells apart but their keys or periods: whoever was given the others has no use for
 * what is made with these, so it is said which are taken. */
static void remark_rival(const loading *in, const kmsdoc_cert *cert)
{
	const kms_entry *added = kms_at(in->ring, in->ring->kms.n - 1);
	char text[320];

	for (size_t i = 0; in->ring->remark != NULL && !added->kms.revoked && i + 1 < in->ring->kms.n; i++) {
		const km_kms *old = &kms_at(in->ring, i)->kms;

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

/* Wide tables for those from first on that are new, while others begin. */
static void widen(km_keyring *ring, size_t first, size_t members)
{
	size_t n = 0, room = ring->kms.n - first;
	km_kms_public **keys = members < WIDEN_FROM || room == 0 ? NULL : calloc(room, sizeof *keys);

	for (size_t i = first; keys != NULL && i < ring->kms.n; i++) {
		const kms_entry *entry = kms_at(ring, i);
		bool is_new = true;

		for (size_t j = 0; is_new && j < i; j++)
			is_new = kms_at(ring, j)->tables != entry->tables;
		if (is_new)
			keys[n++] = entry->kms.keys;
	}
	if (n > 0)
		widen_start(&ring->widening, keys, n, members);
	free(keys);
}

km_err km_keyring_add_kms(km_keyring *ring, const char *xml, size_t len, const char *name,
		size_t members, km_complaint *why)
{
	km_complaint wrong, first = { 0 };
	loading in = { ring, name, why }, one = { ring, name, &wrong };
	kmsdoc_how how = keyring_how(&in);
	size_t n_kms = ring->kms.n, good = 0;
	kmsdoc doc;
	km_err err = kmsdoc_read(&doc, xml, len, &how, why), bad = KM_OK;

	if (err == KM_OK && doc.n_certs == 0 && !doc.is_cache) {
		complain(why, name, 0, NULL, "no KmsCertificate stands in it");
		err = KM_EFORMAT;
	}
	for (size_t i = 0; err == KM_OK && i < doc.n_certs; i++) {
		size_t before = ring->kms.n;
		km_err got = add_cert(&one, &doc, i, members);

		if (got == KM_OK && ring->kms.n > before)
			remark_rival(&in, &doc.certs[i]);
		if (keyring_lacks_memory(got)) {
			*why = wrong;
			err = got;
		} else if (got != KM_OK && (doc.is_cache || doc.n_certs > 1)) {
			keyring_left_out(&in, wrong.text, "the certificate of the KMS", doc.certs[i].uri);
		}
		if (got != KM_OK && bad == KM_OK) {
			first = wrong;
			bad = got;
		}
		good += got == KM_OK;
	}
	if (err == KM_OK && bad != KM_OK && good == 0 && !doc.is_cache) {
		*why = first;
		err = bad;
	}
	if (err != KM_OK)
		keyring_cut_back(ring, n_kms, ring->keys.n);
	else
		widen(ring, n_kms, members);
	kmsdoc_free(&doc);
	return err;
}
