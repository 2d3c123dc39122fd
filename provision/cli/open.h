/* open.h -- what keymuster open prints. */
#ifndef KM_CLI_OPEN_H
#define KM_CLI_OPEN_H

#include "cli.h"

/* A JSON object for an accepted message; the key too where secrets are to be shown. */
void open_put_accepted(const km_opened *opened, uint64_t line, bool show_secrets);
/* A JSON object for a refused one.  What the message says stands under "claimed": nobody has checked
 * it.  one->msg may be NULL. */
void open_put_rejected(const cli_message *one, km_reason reason, const char *why);

#endif
