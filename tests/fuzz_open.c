/* fuzz_open.c -- fuzz target: any octets as a message, parsed, shown, and opened as if the GMS had
 * signed it, so that what lies behind the signature is reached. */
#include <stdlib.h>
#include <string.h>

#include "provision/base/complain.h"
#include "provision/message/mikey.h"
#include "util_own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static km_keyring *ring;

static void leave(void)
{
	km_keyring_free(ring);
	own_stop(NULL);
}

static void start_once(void)
{
	static const char *const everybody[] = {OWN_GMS, OWN_ALICE, OWN_BOB, NULL};

	if (ring != NULL)
		return;
	if (own_start(NULL) != 0)
		abort();
	ring = own_ring(everybody);
	if (atexit(leave) != 0)
		abort();
}

/* Payloads stand one behind the other and within the message. */
typedef struct {
	const uint8_t *next, *end;
} walk;

static void see(void *ctx, int payload, const uint8_t *at, size_t len)
{
	walk *w = ctx;

	(void)payload;
	if (at != w->next || len > (size_t)(w->end - at))
		abort();
	w->next = at + len;
}

/* What it takes is what it says, and one octet less is too little. */
static bool inspects(const uint8_t *msg, size_t len, uint32_t form)
{
	size_t room, n;
	km_err err = km_inspect(NULL, 0, &room, msg, len, form);
	char *text = malloc(room);

	if (err != KM_EARG || text == NULL || km_inspect(text, room - 1, &n, msg, len, form) != KM_EARG || n != room)
		abort();
	err = km_inspect(text, room, &n, msg, len, form);
	if ((err != KM_OK && err != KM_EFORMAT) || n + 1 != room || strlen(text) != n)
		abort();
	free(text);
	return err == KM_OK;
}

static void check_parse(const uint8_t *msg, size_t len)
{
	mikey_msg m;
	walk w = {msg, msg + len};
	const mikey_watch watch = {.ctx = &w, .payload = see};
	bool parsed = mikey_parse(&m, msg, len, 0, NULL);
	km_complaint why;

	mikey_why(&why, msg, len, 0);
	if (parsed != mikey_parse(&m, msg, len, 0, &watch) || parsed != (why.text[0] == 0) ||
			parsed != inspects(msg, len, KM_INSPECT_TEXT) || parsed != inspects(msg, len, KM_INSPECT_JSON))
		abort();
	if (parsed && (w.next != w.end || m.sed.len != KM_SED_BYTES || m.sig.len != KM_SIG_BYTES ||
			m.signed_len + m.sig.len != len))
		abort();
}

static void check_open(const uint8_t *msg, size_t len, int64_t window)
{
	static const message_opened nothing;
	static message_opened out;
	static km_complaint why;
	open_how how = {.why = &why, .compat = 7, .from = {OWN_GMS, strlen(OWN_GMS)}, .window = window};

	if (own_open(&out, ring, msg, len, &how, NULL) != KM_R_OK &&
			memcmp(&out, &nothing, sizeof out) != 0)
		abort();
	/* Where the GMS opens what it sent to itself, no member is asked. */
	for (size_t i = 0; i < out.params.n_groups; i++)
		if (!km_psi_rule(out.gms, out.params.groups[i], out.to_self ? (km_str){"", 0} : out.member))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *copy;

	start_once();
	check_parse(data, len);
	check_open(data, len, 900);
	if (len <= KM_SIG_BYTES || (copy = malloc(len)) == NULL)
		return 0;
	memcpy(copy, data, len);
	if (km_eccsi_sign(copy + len - KM_SIG_BYTES, copy, len - KM_SIG_BYTES,
			km_keyring_keys_at(ring, 0)->signer, NULL) != KM_OK)
		abort();
	check_open(copy, len, -1);
	free(copy);
	return 0;
}
