/* test_traces.c -- what the readers leave in memory: nothing of a key. */
#include "util_kmsdoc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	char *xml = written_keys(&keys, 1);
	char *ssk = strstr(xml, "<UserSigningKeySSK>") + strlen("<UserSigningKeySSK>");
	uint64_t seed = 21;
	kmsdoc doc;
	km_complaint why;

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	print_message("a sanitizer keeps freed memory: not looked at\n");
	free(xml);
	skip();
#endif
	for (size_t i = 0; i < 64; i++) {
		ssk[i] = digits[draw(&seed) % 16];
		masked_text[i] = (uint8_t)ssk[i] ^ MASK;
	}
	assert_int_equal(kmsdoc_read(&doc, xml, strlen(xml), "doc.xml", &why), KM_OK);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_copy_of_a_key_stays_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
