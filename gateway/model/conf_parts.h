#ifndef MODEL_CONF_PARTS_H
#define MODEL_CONF_PARTS_H

#include "gateway/base/json.h"
#include "gateway/model/conf.h"

/*
 * What the files of conf share; nobody else includes it, tests aside.
 *
 *   conf.c          load a file: all accounts, all mistakes
 *   conf_get.c      borrow values
 *   conf_syntax.c   where JSON text stops being JSON
 *   conf_account.c  the tables; accounts and tokens
 *   conf_read.c     an object against its rows: unknown, missing, default
 *   conf_value.c    one value of each kind
 *   conf_secret.c   secrets
 *   conf_say.c      the words of mistakes and warnings
 *   conf_net.c      URLs and addresses
 *   conf_check.c    what must hold between values
 *   conf_schema.c   the same rows as JSON Schema
 *   conf_markdown.c and as Markdown
 */
enum { CONF_KEY_SIZE = 128 }; /* longest dotted key, with NUL */

extern const struct conf_row conf_top_rows[];
extern const struct conf_row conf_token_rows[];
extern const struct conf_row conf_account_rows[];

struct conf_value {
	const struct conf_row *row; /* static */
	bool is_seen;               /* stands in the file, right or wrong */
	bool is_set;                /* has a value, the default included */
	char *text;     /* owned; text, choice, URL, path; of secrets
	                               where one is to be had: env:, file: */
	bool lacks_one; /* of secrets: that place has none */
	int64_t number;
	bool yes;
	struct decimal decimal;
	struct cron cron;
	struct secret *secrets[2]; /* owned */
	size_t n_secrets;
	char **texts; /* owned; a map: name, value, name, … */
	size_t n_texts;
	const struct json_node *list; /* of CONF_LIST, borrowed while loading */
};

struct conf_section {
	struct conf_value *values; /* owned; one for each row */
	size_t n_values;
	bool is_source;        /* an account that only calls us */
	bool takes_no_entries; /* one that records nothing sold elsewhere */
};

/* One reading of one object. */
struct conf_reader {
	struct conf_section *section;
	const char *where;     /* "", "accounts[1]." */
	const char *base_dir;  /* what relative paths are relative to */
	unsigned url_flags;    /* of the account's own `url` */
	bool is_type_unknown;  /* so that unknown keys cannot be judged */
	bool may_lack_secrets; /* an operator's command, which needs none */
	struct buf *mistakes;
	struct buf *warnings;
	int fault; /* ERR_NOMEM sticks here */
};

/* A section with a place for each row; any of the lists may be NULL. */
int conf_section_new(struct conf_section **out, const struct conf_row *a,
                     const struct conf_row *b, const struct conf_row *c);
struct conf_value *conf_section_find(const struct conf_section *s,
                                     const char *key); /* NULL: no such row */

/*
 * Read an object; then conf_read_defaults fills what it left out. Mistakes go
 * to the reader; so does a fault.
 */
void conf_read_object(struct conf_reader *reader, const struct json_node *o);
void conf_read_defaults(struct conf_reader *reader);

/* Read one value of the file, or the default; a JSON null is absent. */
void conf_value_read(struct conf_reader *reader, struct conf_value *value,
                     const struct json_node *node);
void conf_value_fini(struct conf_value *value);

/* What a row expects, in words: "a whole number from 1 to 64". */
void conf_value_expected(struct buf *out, const struct conf_row *row);

/* Set a text whatever it was; false, and a fault in the reader, without memory. */
bool conf_value_set_text(struct conf_reader *reader, struct conf_value *value,
                         const char *text);

/*
 * Append `where` `key` `[index]` `: …` as a line; index < 0: none.
 * Never give them a secret's value.
 */
void conf_complain(const struct conf_reader *reader, const char *key, int index,
                   const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void conf_warn(const struct conf_reader *reader, const char *key, int index,
               const char *format, ...) __attribute__((format(printf, 4, 5)));

/* As conf_complain, and what the row expects and what stands there instead. */
void conf_refuse(const struct conf_reader *reader, const struct conf_row *row,
                 int index, const char *what, const struct json_node *node);

bool conf_is_secret(const struct conf_row *row);

/*
 * Non-empty text, without control characters unless it is a secret; else NULL
 * and a mistake. Borrowed from the node.
 */
const char *conf_plain_text(struct conf_reader *reader,
                            const struct conf_row *row, int index,
                            const struct json_node *node);
void conf_secret_read(struct conf_reader *reader, struct conf_value *value,
                      int index, const struct json_node *node);
void conf_secrets_read(struct conf_reader *reader, struct conf_value *value,
                       const struct json_node *node);

/* One of "a|b|c"? */
bool conf_has_choice(const char *choices, const char *text);

/* ---- conf_net.c ---- */

struct conf_address {
	bool is_plain;    /* http:// */
	bool is_loopback; /* 127.0.0.0/8, ::1, localhost */
};

/* Each true when the text is one; out may be NULL. */
bool conf_is_url(const char *text, struct conf_address *out);
bool conf_is_listen(const char *text, struct conf_address *out);
bool conf_is_redis_url(const char *text);

/* The password inside a redis:// URL and its length; NULL: none. Borrowed. */
const char *conf_redis_password(const char *url, size_t *n);

/* ---- conf_syntax.c ---- */

struct conf_position {
	size_t line;          /* from 1 */
	size_t column;        /* from 1, in bytes */
	const char *expected; /* static */
};

/* True: JSON. False: the place where it stops being that. */
bool conf_syntax_check(struct conf_position *out, const char *text, size_t n);

/* ---- conf_check.c ---- */

/* What must hold between values. top_reader reads conf->top. */
void conf_check(struct conf_reader *top_reader, struct conf *conf);

/* An account's name; where says which. */
void conf_check_account_name(struct conf_reader *reader);

/* What is of no use to an account that only calls us. */
void conf_check_source(struct conf_reader *reader);

/* ---- conf_account.c ---- */

/* What one load carries along. */
struct conf_load_state {
	struct conf *conf;
	const struct conf_type *types;
	size_t n_types;
	struct buf *mistakes;
	bool may_lack_secrets; /* of accounts and tokens */
};

/* Read the list that the top reader found. 0 or a fault. */
int conf_read_accounts(const struct conf_load_state *load,
                       const struct conf_reader *top);
int conf_read_tokens(const struct conf_load_state *load,
                     const struct conf_reader *top);

/* ---- conf.c ---- */

/* conf_load, given the file's text. */
int conf_parse(struct conf **out, const char *path, const char *text, size_t n,
               const struct conf_type *types, size_t n_types,
               struct buf *mistakes);

#endif
