/*
 * Faults: raised once, traced on the way up.
 *
 * Not a place for conditions: those never reach this file, except as the bug
 * of a caller that let one through.
 */
#include "gateway/base/err.h"

#include "gateway/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WHY_SIZE = 512 };

static const char *
name_of(int code)
{
	switch (code) {
	case ERR_NOMEM: return "nomem";
	case ERR_OS: return "os";
	case ERR_LIB: return "lib";
	case ERR_BUG: return "bug";
	case ERR_STORE: return "store";
	}
	return "unknown";
}

/* Append the system's words for an errno; cut, as it is for people only. */
static void
add_errno(char why[WHY_SIZE], int number)
{
	char words[128];
	size_t n = strlen(why);

	if (strerror_r(number, words, sizeof(words)) != 0)
		return;
	(void)snprintf(why + n, WHY_SIZE - n, "%s%s", n ? ": " : "", words);
}

int
err_raise_at(int code, const char *file, int line, const char *func,
             const char *format, ...)
{
	char why[WHY_SIZE];
	int saved = errno;
	/* A store that is away comes back without a person. */
	enum log_level level = code == ERR_STORE ? LOG_WARN : LOG_ERROR;
	va_list args;

	va_start(args, format);
	if (vsnprintf(why, sizeof(why), format, args) < 0)
		why[0] = '\0';
	va_end(args);
	if (code == ERR_OS) {
		add_errno(why, saved);
		log_at(level, "fault.raised",
		       "code=%s errno=%d at=%s:%d func=%s why=%s",
		       name_of(code), saved, file, line, func, log_quote(why));
	} else {
		log_at(level, "fault.raised", "code=%s at=%s:%d func=%s why=%s",
		       name_of(code), file, line, func, log_quote(why));
	}
	errno = saved;
	return code;
}

int
err_pass_at(int r, const char *file, int line, const char *func)
{
	if (r == 0)
		return 0;
	if (r > 0) {
		log_error("fault.raised",
		          "code=bug at=%s:%d func=%s "
		          "why=\"condition %d was not handled\"",
		          file, line, func, r);
		return ERR_BUG;
	}
	log_debug("fault.passed", "code=%s at=%s:%d func=%s", name_of(r), file,
	          line, func);
	return r;
}
