#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How far a long command is: one line on stderr, drawn again in place a few
 * times a second and wiped at the end. Only on a terminal, and not with
 * --quiet. Zeroed memory draws nothing.
 */
struct progress {
	bool is_on;
	bool is_drawn;
	int64_t drawn_mono_ms;
};

void progress_begin(struct progress *p, bool is_quiet);

/* what: "checking". total 0: nobody knows. */
void progress_show(struct progress *p, const char *what, size_t done,
                   size_t total);
void progress_end(struct progress *p);

#endif
