#ifndef CLI_ITEMS_MISTAKES_H
#define CLI_ITEMS_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What is wrong with a file, line by line. All of it is kept, for a person
 * mends a file once and not as often as it has mistakes.
 */
struct mistake {
	size_t line;
	size_t order; /* in which they were found */
	char *text;   /* owned */
};

/* Zeroed memory is an empty list. */
struct mistakes {
	struct mistake *list; /* owned */
	size_t n;
	size_t cap;
	bool is_broken; /* memory ran out: the list is not whole */
};

void mistakes_add(struct mistakes *m, size_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* By line; mistakes_has and the following two want it so. */
void mistakes_sort(struct mistakes *m);
bool mistakes_has(const struct mistakes *m, size_t line);

/* How many lines have one. */
size_t mistakes_lines(const struct mistakes *m);

/* "PATH:LINE: text", each, on stderr. */
void mistakes_print(const struct mistakes *m, const char *path);
void mistakes_fini(struct mistakes *m);

#endif
