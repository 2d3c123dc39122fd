/* say.c -- what the command says to people, on stderr. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../escape.h"

bool cli_plain;

static bool progress_shows, failed;

static bool is_terminal(void)
{
	const char *term = getenv("TERM");

	return !cli_plain && isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

static bool has_colour(void)
{
	const char *no = getenv("NO_COLOR");

	return is_terminal() && (no == NULL || *no == '\0');
}

static void say_text(const char *colour, const char *word, const char *text)
{
	bool coloured = colour != NULL && has_colour();

	if (progress_shows)
		fputs("\r\033[K", stderr);
	progress_shows = false;
	if (word != NULL)
		fprintf(stderr, "keymuster: %s%s:%s ", coloured ? colour : "", word,
				coloured ? "\033[0m" : "");
	fprintf(stderr, "%s\n", text);
}

static void say(const char *colour, const char *word, const char *format, va_list args)
{
	char text[4 * CLI_SHOWN];

	vsnprintf(text, sizeof text, format, args);
	say_text(colour, word, text);
}

/* Is it nothing but what a signal broke off?  That is said once, at the end. */
static bool is_of_signal(const char *text)
{
	const char *why = strerror(EINTR);
	size_t len = strlen(text), n = strlen(why);

	return cli_interrupted && len >= n && strcmp(text + len - n, why) == 0;
}

void cli_error(const char *format, ...)
{
	char text[4 * CLI_SHOWN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (is_of_signal(text))
		return;
	failed = true;
	say_text("\033[31m", "error", text);
}

bool cli_has_failed(void)
{
	return failed;
}

void cli_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("\033[33m", "warning", format, args);
	va_end(args);
}

void cli_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(NULL, NULL, format, args);
	va_end(args);
}

bool cli_is_utf8(const char *s, size_t len)
{
	unsigned long point;
	size_t n = 1;

	for (; len > 0 && n > 0; s += n, len -= n)
		n = escape_utf8(&point, s, len);
	return n > 0;
}

const char *cli_show(char out[CLI_SHOWN], const char *s, size_t len)
{
	escape_into(out, CLI_SHOWN, s, len);
	return out;
}

void cli_reject(const char *name, uint64_t line, const char *text, size_t len, km_reason reason,
		const char *why)
{
	char shown[CLI_SHOWN], file[CLI_SHOWN], at[24] = "";

	if (line != 0)
		snprintf(at, sizeof at, "%llu:", (unsigned long long)line);
	cli_note("%s:%s%s%s%s %s: %s", cli_show(file, name, strlen(name)), at, len == 0 ? "" : " ",
			cli_show(shown, text == NULL ? "" : text, len), len == 0 ? "" : ":",
			km_reason_name(reason), why);
}

bool cli_has_progress(void)
{
	return is_terminal();
}

void cli_progress(const char *format, ...)
{
	va_list args;

	fputs("\r\033[K", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fflush(stderr);
	progress_shows = true;
}
