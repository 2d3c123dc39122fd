/* json_lex.h -- JSON, token by token: what readers of rows and of key files share. */
#ifndef KM_JSON_LEX_H
#define KM_JSON_LEX_H

#include <stdbool.h>

#include "gmk.h"

/* Where it is read.  Strings are decoded to out, which moves on; it may be where the string stands, for none grows;
 * NULL: they are looked at alone. */
typedef struct {
	const char *at, *end;
	char *out;
} json_lexer;

/* Not called json_: jansson's are, and the command has both. */
void lex_space(json_lexer *l);
/* Take c, with white space before it. */
bool lex_take(json_lexer *l, char c);
/* A string behind its first quote, without NUL.  false: it is not sound, or no UTF-8, and l stands somewhere within. */
bool lex_string(json_lexer *l, km_str *value);
/* A number without fraction and exponent, with white space before it.  false: there is none, or it has no place. */
bool lex_integer(json_lexer *l, int64_t *value);
/* Any value, each token of which is sound; names in objects may stand there twice.  false: there is none. */
bool lex_skip(json_lexer *l);

#endif
