#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/decimal.h"

/*
 * Strict typed reading and writing of JSON; the only file that includes json-c.
 *
 * Reading: a document is parsed whole (json_parse) or, for long arrays, one
 * element at a time as bytes arrive (json_stream). Nodes are borrowed from
 * their document. Getters never coerce: a wrong type is a condition
 * (platform.md J2-J8). Numbers are handed out as their text or as decimals.
 *
 * Writing: json_out appends to a buf, inserts commas, escapes.
 */
struct json;      /* a document, owned */
struct json_node; /* a value inside a document, borrowed */

enum {
	JSON_DEPTH_MAX = 32,
	JSON_MALFORMED = 1, /* not JSON as RFC 8259 and our limits have it */
	JSON_ABSENT = 2,    /* member missing or null */
	JSON_WRONG_TYPE = 3,
};

/* Returns 0, JSON_MALFORMED, ERR_NOMEM. An embedded NUL is malformed. */
int json_parse(struct json **out, const void *p, size_t n);
void json_free(struct json *doc);
const struct json_node *json_root(const struct json *doc);

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_TEXT,
	JSON_ARRAY,
	JSON_OBJECT,
};

enum json_type json_type(const struct json_node *node); /* NULL: JSON_NULL */

/* Member of an object; NULL when absent, null, or node is no object. */
const struct json_node *json_find(const struct json_node *node,
                                  const char *key);

/* Dotted path of members: json_path(root, "data.object.payment"). */
const struct json_node *json_path(const struct json_node *node,
                                  const char *path);

/*
 * What a JSON pointer (RFC 6901) points at: json_pointer(root, "/data/0/sku").
 * NULL when it is not there, null, or no valid pointer. "" is the whole.
 */
const struct json_node *json_pointer(const struct json_node *root,
                                     const char *pointer);

/* Could it point at something? Members of at most 255 bytes. */
bool json_pointer_is_valid(const char *pointer);

size_t json_length(const struct json_node *node); /* 0 unless an array */
const struct json_node *json_at(const struct json_node *node, size_t i);

/* Visit the members of an object, in order; stop when visit returns false. */
void json_each(const struct json_node *object,
               bool (*visit)(void *ctx, const char *key,
                             const struct json_node *value),
               void *ctx);

/*
 * Read a member of an object.
 *
 * Returns 0, JSON_ABSENT, JSON_WRONG_TYPE; out is untouched unless 0.
 * get_text: borrowed NUL-terminated text; text with an embedded NUL is
 * WRONG_TYPE (J8). get_int: a whole number strictly inside int64 (J5).
 * get_decimal: from the number's text; get_decimal_lax also takes a string
 * that holds a number, for vendors known to mix them.
 */
int json_get_text(const char **out, const struct json_node *o, const char *key);
int json_get_int(int64_t *out, const struct json_node *o, const char *key);
int json_get_bool(bool *out, const struct json_node *o, const char *key);
int json_get_decimal(struct decimal *out, const struct json_node *o,
                     const char *key);
int json_get_decimal_lax(struct decimal *out, const struct json_node *o,
                         const char *key);

/* The text of a node that is JSON_TEXT; NULL otherwise. Borrowed. */
const char *json_text(const struct json_node *node);

/* A number's own text (`3.10`); NULL otherwise. Borrowed until next call. */
const char *json_number_text(const struct json_node *node);

/* Text member or fallback when absent or of another type. Borrowed. */
const char *json_text_or(const struct json_node *o, const char *key,
                         const char *fallback);

/* Print a node compactly, numbers as they came, `/` unescaped. */
void json_print(struct buf *out, const struct json_node *node);

/*
 * A long array, element by element (platform.md J13).
 *
 * element  called for each; returns 0 or a fault, which ends the stream
 */
struct json_stream;
int json_stream_new(struct json_stream **out,
                    int (*element)(void *ctx, const struct json_node *value),
                    void *ctx);

/* Feed bytes. Returns 0, JSON_MALFORMED, or what element returned. */
int json_stream_feed(struct json_stream *s, const void *p, size_t n);

/*
 * The element in hand as it came: numbers, order and escapes untouched, no
 * blanks around it. Only while element() runs. Borrowed, and not ended by a
 * NUL.
 */
const char *json_stream_text(const struct json_stream *s, size_t *n);

/* The end of the bytes: JSON_MALFORMED unless the array was closed. */
int json_stream_end(struct json_stream *s);
void json_stream_free(struct json_stream *s);

/*
 * Writing. Zeroed memory plus .to is ready. Keys are NULL inside arrays and
 * at the top. Commas come by themselves. Errors stick in the buf.
 */
struct json_out {
	struct buf *to;
	unsigned depth;
	bool needs_comma[JSON_DEPTH_MAX];
};

void json_out_object(struct json_out *o, const char *key);
void json_out_array(struct json_out *o, const char *key);
void json_out_end_object(struct json_out *o);
void json_out_end_array(struct json_out *o);
void json_out_text(struct json_out *o, const char *key, const char *text);
void json_out_int(struct json_out *o, const char *key, int64_t n);
void json_out_bool(struct json_out *o, const char *key, bool yes);
void json_out_null(struct json_out *o, const char *key);
void json_out_decimal(struct json_out *o, const char *key, struct decimal d);

/* Text that is JSON already (a stored row). Trusted to be valid. */
void json_out_raw(struct json_out *o, const char *key, const char *json);

#endif
