#ifndef ADAPTERS_SQL_DB_H
#define ADAPTERS_SQL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/base/secret.h"
#include "gateway/model/outcome.h"

/*
 * One connection to a MariaDB or MySQL server: made when it is first needed and
 * again after it was lost, by whoever asks next. Nothing is tried twice here.
 *
 * Trouble that is not one statement's own ends the connection, and with it
 * what was not committed. Each wait is limited by timeout_ms.
 */
struct sql_db;

struct sql_server {
	const char *socket; /* path of a Unix socket; NULL: host and port */
	const char *host;
	unsigned port;
	const char *database;
	const char *user;
	const struct secret *password; /* NULL: none */
	const char *ca_file; /* the server must prove itself; NULL: no TLS */
	int64_t timeout_ms;
};

enum {
	SQL_DB_COLUMNS_MAX = 6,
	SQL_DB_VALUE_SIZE = 1024, /* what is longer is cut */
};

/* server: borrowed for as long as the connection lives. Returns 0, ERR_NOMEM. */
int sql_db_new(struct sql_db **out, const struct sql_server *server);
void sql_db_free(struct sql_db *db);

struct sql_question {
	const char *text;
	const char *const *params;
	size_t n_params;
	size_t n_columns; /* of the answer */

	/* For each row; values: text, NULL for NULL. Returns 0, or a fault that
	   ends it. May not use the connection. */
	int (*row)(void *ctx, const char *const *values);
	void *ctx;
};

/* Ask; every row has been read, or it is not DONE. */
struct outcome sql_db_ask(struct sql_db *db, const struct sql_question *q);

/*
 * Changes: all of a transaction, or none. Between begin and commit each run
 * executes what was prepared last; questions may be asked as well, and see what
 * is not committed yet. A connection lost in between is not made again before
 * rollback: whoever began has to begin anew.
 *
 * out  what it came to; with REFUSED and is_about_values the transaction goes
 *      on, as if this one had not been asked for
 */
struct sql_change {
	uint64_t n_matched; /* rows, those included that were so already */
	bool is_about_values;
};
struct outcome sql_db_begin(struct sql_db *db);
struct outcome sql_db_prepare(struct sql_db *db, const char *text);
struct outcome sql_db_run(struct sql_change *out, struct sql_db *db,
                          const char *const *params, size_t n_params);
struct outcome sql_db_commit(struct sql_db *db);
void sql_db_rollback(struct sql_db *db);

/* "MariaDB 10.11.4", or ""; valid until the connection ends. */
const char *sql_db_version(struct sql_db *db);

#endif
