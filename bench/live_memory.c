/* live_memory.c -- what a KMS, a key set and a group key take. */
#include "live.h"

#include <stdio.h>
#include <stdlib.h>

#include "worker.h"

/* Both of one thing: of n, since before. */
static void tell(const char *of, double rss, double locked, size_t n)
{
	char name[48];

	snprintf(name, sizeof name, "%s: memory", of);
	live_tell(name, (live_status("VmRSS:") - rss) / (double)n, "octets");
	snprintf(name, sizeof name, "%s: of it locked", of);
	live_tell(name, (live_status("VmLck:") - locked) / (double)n, "octets");
}

void live_memory_of_kms(const live_how *how, size_t n)
{
	const size_t some[] = { 1, 20, 500 };
	const live_lab lab = live_begin(1, NULL);
	km_batch *batch = live_batch(&lab);
	km_key *key = live_key(lab.gms, 0);
	double rss;

	(void)how, (void)n;
	live_add(batch, key, 0, lab.kms[0]);
	live_run(batch);
	rss = live_status("VmRSS:");
	live_add_kms(lab.ring, 1, LIVE_KMSS);
	live_tell("KMS, no member: memory", (live_status("VmRSS:") - rss) / (LIVE_KMSS - 1), "octets");
	for (size_t s = 0; s < sizeof some / sizeof *some; s++) {
		km_kms_info kms = { .struct_size = sizeof kms };
		km_view *view;
		char name[48];

		for (size_t i = 0; i < some[s]; i++)
			live_add(batch, key, i, lab.kms[0] + 1 + (uint32_t)s);
		live_run(batch);
		live_must(km_keyring_view(&view, lab.ring), "view");
		for (size_t i = 0; km_view_kms(&kms, view, i) && kms.kms != lab.kms[0] + 1 + s;)
			i++;
		km_view_free(view);
		snprintf(name, sizeof name, "KMS, %zu member%s: tables", some[s], some[s] > 1 ? "s" : "");
		live_tell(name, (double)kms.tables_bytes, "octets");
	}
}

void live_memory_of_sets(const live_how *how, size_t use)
{
	const live_lab lab = live_begin(1, NULL);
	double rss, locked;

	(void)how;
	live_add_user(lab.ring, 0, (uint32_t)use);
	rss = live_status("VmRSS:");
	locked = live_status("VmLck:");
	for (size_t i = 1; i < LIVE_USERS; i++)
		live_add_user(lab.ring, i, (uint32_t)use);
	tell(use == KM_USE_SIGN ? "key set to sign" : use == KM_USE_OPEN ? "key set to open" : "key set to do both",
			rss, locked, LIVE_USERS - 1);
}

void live_memory_of_keys(const live_how *how, size_t n)
{
	const live_lab lab = live_begin(1, NULL);
	km_key **keys = calloc(n, sizeof *keys);
	double rss, locked;

	(void)how;
	if (keys == NULL)
		worker_die("out of memory");
	(void)!live_key(lab.gms, n);
	rss = live_status("VmRSS:");
	locked = live_status("VmLck:");
	for (size_t i = 0; i < n; i++)
		keys[i] = live_key(lab.gms, i);
	tell("group key", rss, locked, n);
	free(keys);
}
