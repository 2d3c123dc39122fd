/* fuzz_messages.c -- fuzz target: any octets as what `open` and `inspect` read: a raw message, lines of
 * text, NDJSON, SDP, SIP, MIME, XML. */
#include <stdlib.h>
#include <string.h>

#include "provision/cli/cli.h"
#include "provision/message/mikey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Lines never go down; what is a message has its octets, what is not says why. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* fmemopen refuses an empty buffer. */
	FILE *in = len == 0 ? fopen("/dev/null", "r") : fmemopen((void *)(uintptr_t)data, len, "r");
	cli_messages *m = in == NULL ? NULL : cli_messages_open(in);
	uint64_t last = 0;
	cli_message one;

	if (m == NULL)
		abort();
	while (cli_messages_next(m, &one)) {
		mikey_msg parsed;

		if (one.line < last)
			abort();
		last = one.line;
		if (one.wrong != NULL)
			continue;
		if (one.msg == NULL || one.len > KM_MESSAGE_MAX)
			abort();
		(void)mikey_parse(&parsed, one.msg, one.len, 0, NULL);
	}
	if (cli_messages_next(m, &one))
		abort();
	cli_messages_close(m);
	fclose(in);
	return 0;
}
