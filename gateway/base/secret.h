#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Secret bytes: from `env:NAME`, `file:PATH` or a literal; never printed,
 * wiped when freed. Opaque on purpose: no printf can take it apart. Loading
 * registers the value with log_forbid().
 */
struct secret;

/* Conditions of secret_load. */
enum {
	SECRET_MISSING = 1, /* variable unset, file not there or not readable */
	SECRET_EMPTY = 2,   /* there, but empty (a trailing line end is cut) */
};

/*
 * Resolve a reference.
 *
 * reference  "env:NAME", "file:PATH" (relative to base_dir), or the secret
 * base_dir   directory of the configuration file; may be NULL: "."
 *
 * Returns  0, SECRET_MISSING, SECRET_EMPTY, ERR_NOMEM.
 */
int secret_load(struct secret **out, const char *reference,
                const char *base_dir);

/* True for a reference that is neither env: nor file:. */
bool secret_is_literal(const char *reference);

/* Borrowed NUL-terminated text and its length; never print it. */
const char *secret_text(const struct secret *s);
size_t secret_length(const struct secret *s);

/* Equal in constant time. */
bool secret_equals(const struct secret *s, const void *p, size_t n);

void secret_free(struct secret *s);

#endif
