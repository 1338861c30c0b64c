#ifndef MODEL_OUTCOME_H
#define MODEL_OUTCOME_H

#include <stdint.h>

/*
 * What came of one attempt at an external system. The adapter reports, the
 * engine decides.
 */
enum verdict {
	VERDICT_DONE,      /* the system has it, or already had it */
	VERDICT_RETRY,     /* passing trouble: connection refused, 5xx */
	VERDICT_SLOW,      /* rate-limited: honour wait_ms, count no attempt */
	VERDICT_REFUSED,   /* will never work: dead letter, with the reason */
	VERDICT_LOCKED,    /* credentials or permission: pause this account */
	VERDICT_UNCERTAIN, /* posted, answer lost: look it up, never repeat */
	VERDICT_ABSENT,    /* looked up, and it is not there */
};

enum { OUTCOME_WHY_SIZE = 240 };

struct outcome {
	enum verdict verdict;
	int64_t wait_ms;            /* of VERDICT_SLOW; 0: unknown */
	char why[OUTCOME_WHY_SIZE]; /* for a person; never a secret or a body;
	                               with DONE: what is odd all the same */
};

struct outcome outcome_done(void);
struct outcome outcome_of(enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
struct outcome outcome_slow(int64_t wait_ms, const char *why);

/* Trouble of our own (a code of base/err.h): nothing was learned, RETRY. */
struct outcome outcome_fault(int fault);

/*
 * Of a call that was done, and whose answer was then taken apart with r: 0; a
 * condition (> 0): what came is not as the vendor documents it, RETRY; or a
 * fault. what: a path or other name of what was asked.
 */
struct outcome outcome_taken(int r, const char *what);

/* "done", "retry", …; static. */
const char *verdict_name(enum verdict verdict);

#endif
