#ifndef MODEL_CONF_H
#define MODEL_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/buf.h"
#include "gateway/base/cron.h"
#include "gateway/base/decimal.h"
#include "gateway/base/secret.h"

/*
 * Every option: key, type, default, range, unit, meaning.
 *
 * One table of rows drives the reader, the defaults, the error messages, the
 * JSON Schema and the table in the README. The general rows stand in conf.def;
 * each account type brings its own rows beside its adapter and its handler, so
 * the engine knows no vendor's option. Reading collects every mistake with its
 * JSON path, what was expected, what was found and the nearest known key.
 */
enum conf_kind {
	CONF_TEXT, /* non-empty text */
	CONF_INT,  /* whole number in [min, max] */
	CONF_BOOL,
	CONF_DECIMAL, /* a JSON number or a string that holds one; >= 0 */
	CONF_SECRET,  /* env:NAME, file:PATH; a literal is a warning */
	CONF_SECRETS, /* one secret or a list of one or two (rotation) */
	CONF_TEXTS,   /* list of one or more non-empty texts */
	CONF_MAP,     /* object of text to text, any keys */
	CONF_CRON,    /* five fields */
	CONF_URL, /* http(s)://host[:port][/path]; http rules of design.md 6 */
	CONF_CHOICE, /* one of `choices` */
	CONF_PATH,   /* file or directory, relative to the configuration file */
	CONF_LIST,   /* objects with rows of their own; in conf.def only */
};

enum {
	CONF_REQUIRED = 1, /* flag: no default, must be there */
	CONF_PLAIN_HTTP =
		2,     /* flag of CONF_URL: http:// anywhere, with a warning */
	CONF_ZONE = 4, /* flag of CONF_TEXT: an IANA time zone that exists */
	CONF_SOURCE =
		8, /* flag of a type: it only calls us; nobody calls it, no item
	              is bound at it, and it is nobody's authority */
	CONF_NO_URL = 32, /* flag of a type: it is reached in another way, and
	                     takes no `url` */
	CONF_NO_ENTRIES = 16, /* flag of a type: it cannot record what was sold
	                         elsewhere, so it is nobody's authority */
};

struct conf_row {
	const char *key; /* dotted when nested: "hook.secret" */
	enum conf_kind kind;
	unsigned flags;
	const char *fallback; /* default in JSON text; NULL: absent */
	int64_t min, max;     /* of CONF_INT */
	const char *unit;     /* "ms", "bytes"; NULL: none */
	const char *choices;  /* CONF_CHOICE: "posted|observed"; each of a
	                         CONF_TEXTS; NULL: any */
	const char *meaning;  /* one sentence for people */
};

/* A list of rows ends with a row whose key is NULL. */

/* What kind of account there can be; rows are static. */
struct conf_type {
	const char *name;            /* "square" */
	const struct conf_row *rows; /* of the adapter */
	const struct conf_row *hook; /* of the handler, keys "hook.…"; NULL */
	const char *default_url;     /* base URL; NULL: `url` is required */
	unsigned url_flags; /* CONF_PLAIN_HTTP, CONF_SOURCE, CONF_NO_URL,
	                       CONF_NO_ENTRIES */
};

/* Values of one set of rows: the file's top level, or one account. */
struct conf_section;

/* A token of the private listener. */
struct conf_token {
	char *name;            /* owned */
	struct secret *secret; /* owned */
	bool may_read;         /* writing includes reading */
	bool may_write;
};

struct conf {
	char *path;                     /* of the file, owned */
	char *dir;                      /* its folder, owned */
	char digest[65];                /* of its text and secrets: changed? */
	struct conf_section *top;       /* public.*, private.*, redis.*, … */
	struct conf_section **accounts; /* owned */
	size_t n_accounts;
	struct conf_token *tokens; /* owned */
	size_t n_tokens;
	struct buf warnings; /* one line each, may be empty */
};

enum { CONF_INVALID = 1 }; /* mistakes; each is a line in `mistakes` */

/*
 * Read, check everything, resolve secrets.
 *
 * types, n_types  the account types there are
 * mistakes        receives every mistake, one line each, for a person:
 *                 `accounts[1].locaton: unknown key (did you mean
 *                 "location"?)`
 *
 * Returns  0, CONF_INVALID (unreadable file and broken JSON included, with
 *          line and column), ERR_NOMEM.
 * Owns     *out is the caller's on 0 (conf_free).
 */
int conf_load(struct conf **out, const char *path,
              const struct conf_type *types, size_t n_types,
              struct buf *mistakes);

/*
 * The same for an operator's command, which calls no external system: the
 * shell it is typed in need not know the accounts' and tokens' secrets.
 */
int conf_load_operator(struct conf **out, const char *path,
                       const struct conf_type *types, size_t n_types,
                       struct buf *mistakes);
void conf_free(struct conf *conf);

/*
 * Read one value. The key must stand in the section's table with that kind:
 * anything else is a bug (assert). Values are borrowed from the section.
 * Absent optional text, secret, path, url: NULL. Absent list: n = 0.
 */
const char *conf_text(const struct conf_section *s, const char *key);
int64_t conf_int(const struct conf_section *s, const char *key);
bool conf_bool(const struct conf_section *s, const char *key);
struct decimal conf_decimal(const struct conf_section *s, const char *key);
bool conf_has(const struct conf_section *s, const char *key);
const struct secret *conf_secret(const struct conf_section *s, const char *key);
size_t conf_secrets(const struct conf_section *s, const char *key,
                    const struct secret *out[2]);
size_t conf_texts(const struct conf_section *s, const char *key,
                  const char *const **out);
const char *conf_map_find(const struct conf_section *s, const char *key,
                          const char *name); /* NULL when not in the map */
const struct cron *conf_cron(const struct conf_section *s, const char *key);

/* CONF_PATH values are absolute, or relative to the working directory. */
const char *conf_path(const struct conf_section *s, const char *key);

/* Does it only call us? Then it has no url and no worker. */
bool conf_account_is_source(const struct conf_section *account);

/* Can it be right about stock? Then it has some, and records what is sold
   elsewhere. */
bool conf_account_may_keep(const struct conf_section *account);

/* Shorthands for an account's `name`, `type` and base `url`. Borrowed. A source
   has no url, and a type with CONF_NO_URL: NULL. */
const char *conf_account_name(const struct conf_section *account);
const char *conf_account_type(const struct conf_section *account);
const char *conf_account_url(const struct conf_section *account);

/* Does the section's table have this key? What is asked of any type is asked so
   first. */
bool conf_knows(const struct conf_section *s, const char *key);

/* Can its type call us? Then there is a handler, with options of its own. */
bool conf_account_can_call(const struct conf_section *account);

/* A secret that the file names: where it is to be had. Borrowed. */
struct conf_place {
	const char *key;
	const char *reference; /* "env:NAME", "file:PATH"; NULL: the secret
	                          stands in the file itself. Of two, the first
	                          that leads nowhere */
	bool is_lacking;    /* it leads nowhere: conf_load_operator bears it */
	bool is_of_handler; /* proves calls to us, not ours to the system */
};

/* Those of a section in the order of its table; returns how many there are,
   also when that is more than max. */
size_t conf_places(const struct conf_section *s, struct conf_place *out,
                   size_t max);

/* The account with this name, or NULL. Case matters. */
const struct conf_section *conf_find_account(const struct conf *conf,
                                             const char *name);

/* The JSON Schema (draft 2020-12) of the whole file, from the same tables. */
void conf_schema(struct buf *out, const struct conf_type *types,
                 size_t n_types);

/* The options as a Markdown table, for the README. */
void conf_markdown(struct buf *out, const struct conf_type *types,
                   size_t n_types);

/*
 * Make a section straight from JSON text against rows, for tests of adapters
 * and handlers: conf_section_parse(&s, &type, "{\"location\":\"L\"}", …).
 * A missing name is "test", a missing url the type's, or none.
 *
 * base_dir  of relative paths; NULL: the working directory
 *
 * Returns   0, CONF_INVALID, ERR_NOMEM.
 */
int conf_section_parse(struct conf_section **out, const struct conf_type *type,
                       const char *json, const char *base_dir,
                       struct buf *mistakes);
void conf_section_free(struct conf_section *s);

#endif
