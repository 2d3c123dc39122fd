/* test_traces.c -- what the readers leave in memory: nothing of a key. */
#include "util_kmsdoc.h"
#include "util_sanitized.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/base/complain.h"
#include "provision/base/file.h"

enum { MASK = 0x80 };

/* How often the octets, given masked so that this search does not find itself, stand in memory. */
static int copies_in(const uint8_t *memory, size_t len, const uint8_t *masked, size_t n)
{
	int found = 0;

	for (size_t i = 0; i + n <= len; i++) {
		size_t same = 0;

		while (same < n && memory[i + same] == (masked[same] ^ MASK))
			same++;
		found += same == n;
	}
	return found;
}

/* The same over all of this process's memory that can be written and read. */
static int copies_in_memory(const uint8_t *masked, size_t n)
{
	FILE *maps = fopen("/proc/self/maps", "r"), *mem = fopen("/proc/self/mem", "r");
	static uint8_t window[1 << 16];
	size_t room = sizeof window, start, end;
	char line[512], mode[5];
	int found = 0;

	assert_true(maps != NULL && mem != NULL);
	setvbuf(mem, NULL, _IONBF, 0);
	while (fgets(line, sizeof line, maps) != NULL) {
		if (sscanf(line, "%zx-%zx %4s", &start, &end, mode) != 3 ||
		    strncmp(mode, "rw", 2) != 0)
			continue;
		for (; start < end; start += room - n) {
			size_t len = end - start < room ? end - start : room;

			memset(window, 0, room);
			if (start <= (uintptr_t)window && (uintptr_t)window < start + len)
				continue;
			if (fseek(mem, (long)start, SEEK_SET) == 0 &&
			    fread(window, 1, len, mem) == len)
				found += copies_in(window, len, masked, n);
		}
	}
	memset(window, 0, room);
	fclose(maps), fclose(mem);
	return found;
}

static void no_copy_of_a_key_stays_behind(void **state)
{
	static const char digits[] = "0123456789abcdef";
	static uint8_t masked_text[64], masked_octets[32];
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 20);
	char *xml, *ssk;
	uint64_t seed = 21;
	kmsdoc doc;
	const kmsdoc_how how = { .name = "doc.xml" };
	km_complaint why;

	(void)state;
	skip_where_freed_memory_is_kept();
	xml = written_keys(&keys, 1);
	ssk = strstr(xml, "<UserSigningKeySSK>") + strlen("<UserSigningKeySSK>");
	for (size_t i = 0; i < 64; i++) {
		ssk[i] = digits[draw(&seed) % 16];
		masked_text[i] = (uint8_t)ssk[i] ^ MASK;
	}
	assert_int_equal(kmsdoc_read(&doc, xml, strlen(xml), &how, &why), KM_OK);
	for (size_t i = 0; i < 32; i++)
		masked_octets[i] = doc.keys[0].ssk[i] ^ MASK;
	assert_true(copies_in_memory(masked_text, 64) >= 1);    /* the search can find */
	assert_true(copies_in_memory(masked_octets, 32) >= 1);
	kmsdoc_free(&doc);
	memset(ssk, 0, 64);
	assert_int_equal(copies_in_memory(masked_text, 64), 0);
	assert_int_equal(copies_in_memory(masked_octets, 32), 0);
	free(xml);
}

/* ---- from a KMS to a key ring and away ------------------------------------------------------- */

enum { N_TRACES = 4 };

/* Octets of SSK and RSK, raw and in hex, masked. */
typedef struct {
	uint8_t masked[64];
	size_t len;
} trace;

static void take_trace(trace *t, const uint8_t *key, bool hex)
{
	static const char digits[] = "0123456789abcdef";

	t->len = hex ? 64 : 32;
	for (size_t i = 0; i < 32; i++) {
		if (!hex) {
			t->masked[i] = key[i] ^ MASK;
			continue;
		}
		t->masked[2 * i] = (uint8_t)digits[key[i] >> 4] ^ MASK;
		t->masked[2 * i + 1] = (uint8_t)digits[key[i] & 15] ^ MASK;
	}
}

static int copies_of(const trace traces[N_TRACES])
{
	int found = 0;

	for (size_t i = 0; i < N_TRACES; i++)
		found += copies_in_memory(traces[i].masked, traces[i].len);
	return found;
}

/* The documents of a new KMS and of one of its users, as files. */
static void issue_files(const char *kms_name, const char *keys_name, trace traces[N_TRACES])
{
	kmsdoc_cert cert = some_cert("kms.example.org", 0);
	kmsdoc_keys keys = some_keys("sip:gms@gms-psi.example.org", 1531, 0);
	km_kms_master *master;
	km_complaint why;
	file_out out;

	assert_int_equal(km_kms_master_new(&master, NULL), KM_OK);
	km_kms_master_public(cert.z, cert.kpak, master);
	km_uid(keys.uid, keys.uri, strlen(keys.uri), cert.uri, strlen(cert.uri), cert.period,
			cert.offset, keys.period_no);
	assert_int_equal(km_kms_rsk(keys.rsk, keys.uid, sizeof keys.uid, master, NULL), KM_OK);
	assert_int_equal(km_kms_ssk(keys.ssk, keys.pvt, keys.uid, sizeof keys.uid, master, NULL),
			KM_OK);
	km_kms_master_free(master);
	assert_true(file_create(&out, kms_name, 0, &why));
	kmsdoc_write_init(out.f, &cert, NULL, 0, 0);
	assert_true(file_commit(&out, &why));
	assert_true(file_create(&out, keys_name, FILE_PRIVATE, &why));
	kmsdoc_write_keyprov(out.f, &keys, 1, 0);
	assert_true(file_commit(&out, &why));
	take_trace(&traces[0], keys.ssk, false);
	take_trace(&traces[1], keys.ssk, true);
	take_trace(&traces[2], keys.rsk + 1, false);
	take_trace(&traces[3], keys.rsk + 1, true);
	assert_true(copies_of(traces) >= 2);            /* the search can find */
	km_wipe(&keys, sizeof keys);
}

static void load_files(const char *kms_name, const char *keys_name)
{
	km_keyring *ring;
	km_complaint why;
	char *xml;
	size_t len;

	assert_int_equal(km_keyring_new(&ring), KM_OK);
	assert_true(file_read(&xml, &len, kms_name, FILE_DOCUMENT_MAX, &why));
	assert_int_equal(km_keyring_add_kms(ring, xml, len, kms_name, &why), KM_OK);
	file_free(xml);
	assert_true(file_read(&xml, &len, keys_name, FILE_DOCUMENT_MAX, &why));
	assert_int_equal(km_keyring_add_keys(ring, xml, len, keys_name,
			KM_USE_SIGN | KM_USE_OPEN, &why), KM_OK);
	file_free(xml);
	km_keyring_free(ring);
}

static void a_loaded_key_leaves_no_trace(void **state)
{
	static trace traces[N_TRACES];
	char dir[] = "/tmp/test_traces.XXXXXX", kms_name[64], keys_name[64];

	(void)state;
	skip_where_freed_memory_is_kept();
	assert_non_null(mkdtemp(dir));
	snprintf(kms_name, sizeof kms_name, "%s/kms-init.xml", dir);
	snprintf(keys_name, sizeof keys_name, "%s/keys.xml", dir);
	issue_files(kms_name, keys_name, traces);
	assert_int_equal(copies_of(traces), 0);
	load_files(kms_name, keys_name);
	assert_int_equal(copies_of(traces), 0);
	unlink(kms_name);
	unlink(keys_name);
	rmdir(dir);
}

static int start(void **state)
{
	(void)state;
	return km_init(NULL) != KM_OK;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_copy_of_a_key_stays_behind),
		cmocka_unit_test(a_loaded_key_leaves_no_trace),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
