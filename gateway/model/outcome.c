/*
 * What came of one attempt: the ways to say it.
 *
 * A reason that is too long is cut; it is read by people only.
 */
#include "gateway/model/outcome.h"

#include <stdarg.h>
#include <stdio.h>

#include "gateway/base/err.h"
#include "gateway/base/words.h"

struct outcome
outcome_done(void)
{
	return (struct outcome){ .verdict = VERDICT_DONE };
}

struct outcome
outcome_of(enum verdict verdict, const char *format, ...)
{
	struct outcome outcome = { .verdict = verdict };
	va_list args;

	va_start(args, format);
	if (vsnprintf(outcome.why, sizeof(outcome.why), format, args) < 0)
		outcome.why[0] = '\0';
	va_end(args);
	words_clean(outcome.why); /* half a character, where one was cut */
	return outcome;
}

struct outcome
outcome_slow(int64_t wait_ms, const char *why)
{
	struct outcome outcome = outcome_of(VERDICT_SLOW, "%s", why);

	outcome.wait_ms = wait_ms > 0 ? wait_ms : 0;
	return outcome;
}

struct outcome
outcome_fault(int fault)
{
	switch (fault) {
	case ERR_STORE:
		return outcome_of(VERDICT_RETRY, "our store does not answer");
	case ERR_NOMEM: return outcome_of(VERDICT_RETRY, "out of memory");
	}
	return outcome_of(VERDICT_RETRY, "trouble of our own (%d), see the log",
	                  fault);
}

struct outcome
outcome_taken(int r, const char *what)
{
	if (r > 0)
		return outcome_of(VERDICT_RETRY,
		                  "the answer of %s is not as documented",
		                  what);
	return r ? outcome_fault(r) : outcome_done();
}

const char *
verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_DONE: return "done";
	case VERDICT_RETRY: return "retry";
	case VERDICT_SLOW: return "slow";
	case VERDICT_REFUSED: return "refused";
	case VERDICT_LOCKED: return "locked";
	case VERDICT_UNCERTAIN: return "uncertain";
	case VERDICT_ABSENT: return "absent";
	}
	return "unknown";
}
