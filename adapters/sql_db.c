/*
 * The one file that speaks to libmariadb.
 *
 * What it never does: run a text that holds a value (all are parameters of
 * prepared statements), read a configuration file of the machine, send a file
 * to a server that asks for one, log in over a method that shows the password,
 * connect over the network to a server that has not proved itself when a
 * certificate authority is named, or try a thing twice.
 */
#include "adapters/sql_db.h"

#include "adapters/sql_judge.h"
#include "gateway/base/clock.h"
#include "gateway/base/err.h"

#include <assert.h>
#include <mariadb/errmsg.h>
#include <mariadb/mysql.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PARAMS_MAX = 256,
	IDLE_MS = 20000,     /* so long unused, it is asked whether it lives */
	WAIT_MAX_MS = 10000, /* a longer one would outlive our lease */
};

struct sql_db {
	struct sql_server server;
	MYSQL *mysql; /* NULL: not connected */
	MYSQL_STMT *statement;
	int64_t used_mono_ms;
	bool is_changing; /* between begin and its end */
	char version[64];
};

/* What the server is told at once: it shall refuse what does not fit instead of
   writing something else, and not let us wait long for the shop's locks. */
static const char settings[] =
	"SET SESSION sql_mode = 'STRICT_ALL_TABLES', "
	"SESSION innodb_lock_wait_timeout = 3, SESSION autocommit = 1";

static const char methods[] = "mysql_native_password,client_ed25519,"
			      "caching_sha2_password,sha256_password";

int
sql_db_new(struct sql_db **out, const struct sql_server *server)
{
	struct sql_db *db = calloc(1, sizeof(*db));

	if (!db)
		return err_raise(ERR_NOMEM, "sql");
	db->server = *server;
	*out = db;
	return 0;
}

static void
end_statement(struct sql_db *db)
{
	if (db->statement)
		(void)mysql_stmt_close(db->statement);
	db->statement = NULL;
}

static void
hang_up(struct sql_db *db)
{
	end_statement(db);
	if (db->mysql)
		mysql_close(db->mysql);
	db->mysql = NULL;
}

void
sql_db_free(struct sql_db *db)
{
	if (!db)
		return;
	hang_up(db);
	free(db);
}

/* ---- connecting ---- */

static void
set_waits(struct sql_db *db)
{
	int64_t ms = db->server.timeout_ms < WAIT_MAX_MS ? db->server.timeout_ms
	                                                 : WAIT_MAX_MS;
	unsigned seconds = (unsigned)((ms + 999) / 1000);

	(void)mysql_options(db->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	(void)mysql_options(db->mysql, MYSQL_OPT_READ_TIMEOUT, &seconds);
	(void)mysql_options(db->mysql, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
}

static void
set_way(struct sql_db *db)
{
	unsigned protocol =
		db->server.socket ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	my_bool yes = 1;

	(void)mysql_options(db->mysql, MYSQL_OPT_PROTOCOL, &protocol);
	if (!db->server.ca_file)
		return;
	(void)mysql_options(db->mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
	(void)mysql_options(db->mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
	(void)mysql_options(db->mysql, MYSQL_OPT_SSL_CA, db->server.ca_file);
}

static void
set_options(struct sql_db *db)
{
	unsigned none = 0;

	set_waits(db);
	set_way(db);
	(void)mysql_options(db->mysql, MYSQL_OPT_LOCAL_INFILE, &none);
	(void)mysql_options(db->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	(void)mysql_options(db->mysql, MYSQL_INIT_COMMAND, settings);
	(void)mysql_options(db->mysql, MARIADB_OPT_RESTRICTED_AUTH, methods);
}

static void
note_version(struct sql_db *db)
{
	const char *said = mysql_get_server_info(db->mysql);
	bool is_maria = strstr(said, "MariaDB") != NULL;

	/* Behind the number stands what the distribution adds. */
	(void)snprintf(db->version, sizeof(db->version), "%s %.*s",
	               is_maria ? "MariaDB" : "MySQL", (int)strcspn(said, "-"),
	               said);
}

/* What the library says last; whatever it is, it ends the connection. */
static struct outcome
end_of(struct sql_db *db, unsigned code, const char *words)
{
	struct outcome outcome = sql_judge(code, words);

	hang_up(db);
	return outcome;
}

static struct outcome
dial(struct sql_db *db)
{
	const struct sql_server *s = &db->server;

	db->mysql = mysql_init(NULL);
	if (!db->mysql)
		return outcome_fault(err_raise(ERR_NOMEM, "sql"));
	set_options(db);
	if (!mysql_real_connect(db->mysql, s->socket ? NULL : s->host, s->user,
	                        s->password ? secret_text(s->password) : NULL,
	                        s->database, s->socket ? 0 : s->port, s->socket,
	                        CLIENT_FOUND_ROWS))
		return end_of(db, mysql_errno(db->mysql),
		              mysql_error(db->mysql));
	note_version(db);
	return outcome_done();
}

/* One that died while nobody used it costs nothing; with a transaction it does. */
static struct outcome
connect_(struct sql_db *db)
{
	int64_t now = clock_mono_ms();
	struct outcome outcome = outcome_done();

	if (db->is_changing)
		return db->mysql ? outcome
		                 : outcome_of(VERDICT_RETRY,
		                              "the connection broke within a "
		                              "transaction");
	if (db->mysql && now - db->used_mono_ms > IDLE_MS &&
	    mysql_ping(db->mysql))
		hang_up(db);
	if (!db->mysql)
		outcome = dial(db);
	db->used_mono_ms = now;
	return outcome;
}

/* ---- statements ---- */

static struct outcome
statement_error(struct sql_db *db)
{
	return end_of(db, mysql_stmt_errno(db->statement),
	              mysql_stmt_error(db->statement));
}

static struct outcome
prepare(struct sql_db *db, const char *text)
{
	end_statement(db);
	db->statement = mysql_stmt_init(db->mysql);
	if (!db->statement)
		return outcome_fault(err_raise(ERR_NOMEM, "sql"));
	if (mysql_stmt_prepare(db->statement, text, strlen(text)))
		return statement_error(db);
	return outcome_done();
}

/* Returns 0, or as the library does. */
static int
execute(struct sql_db *db, const char *const *params, size_t n_params)
{
	MYSQL_BIND binds[PARAMS_MAX];

	assert(n_params <= PARAMS_MAX);
	assert(n_params == mysql_stmt_param_count(db->statement));
	memset(binds, 0, sizeof(*binds) * n_params);
	for (size_t i = 0; i < n_params; i++) {
		/* The library takes what it only reads without const. */
		union {
			const char *ours;
			char *theirs;
		} text = { .ours = params[i] };

		binds[i].buffer_type = MYSQL_TYPE_STRING;
		binds[i].buffer = text.theirs;
		binds[i].buffer_length = strlen(params[i]);
	}
	if (n_params && mysql_stmt_bind_param(db->statement, binds))
		return 1;
	return mysql_stmt_execute(db->statement);
}

/* ---- asking ---- */

struct answer {
	MYSQL_BIND binds[SQL_DB_COLUMNS_MAX];
	char texts[SQL_DB_COLUMNS_MAX][SQL_DB_VALUE_SIZE];
	unsigned long lengths[SQL_DB_COLUMNS_MAX];
	my_bool is_null[SQL_DB_COLUMNS_MAX];
};

static int
bind_answer(struct sql_db *db, struct answer *a, size_t n)
{
	memset(a->binds, 0, sizeof(a->binds));
	for (size_t i = 0; i < n; i++) {
		a->binds[i].buffer_type = MYSQL_TYPE_STRING;
		a->binds[i].buffer = a->texts[i];
		a->binds[i].buffer_length = SQL_DB_VALUE_SIZE - 1;
		a->binds[i].length = &a->lengths[i];
		a->binds[i].is_null = &a->is_null[i];
	}
	return mysql_stmt_bind_result(db->statement, a->binds);
}

static int
give_row(struct answer *a, const struct sql_question *q)
{
	const char *values[SQL_DB_COLUMNS_MAX];

	for (size_t i = 0; i < q->n_columns; i++) {
		size_t n = a->lengths[i];

		if (n > SQL_DB_VALUE_SIZE - 1)
			n = SQL_DB_VALUE_SIZE - 1;
		a->texts[i][a->is_null[i] ? 0 : n] = '\0';
		values[i] = a->is_null[i] ? NULL : a->texts[i];
	}
	return q->row(q->ctx, values);
}

static struct outcome
fetch_all(struct sql_db *db, const struct sql_question *q, struct answer *a)
{
	int got;
	int r = 0;

	while (!r) {
		got = mysql_stmt_fetch(db->statement);
		if (got == MYSQL_NO_DATA)
			break;
		if (got && got != MYSQL_DATA_TRUNCATED)
			return statement_error(db);
		r = give_row(a, q);
	}
	end_statement(db);
	if (r) /* rows are left on the line */
		hang_up(db);
	return r ? outcome_fault(r) : outcome_done();
}

struct outcome
sql_db_ask(struct sql_db *db, const struct sql_question *q)
{
	struct answer *a = calloc(1, sizeof(*a));
	struct outcome outcome = connect_(db);

	assert(q->n_columns <= SQL_DB_COLUMNS_MAX);
	if (!a)
		outcome = outcome_fault(err_raise(ERR_NOMEM, "sql"));
	if (outcome.verdict == VERDICT_DONE)
		outcome = prepare(db, q->text);
	if (outcome.verdict == VERDICT_DONE) {
		assert(mysql_stmt_field_count(db->statement) == q->n_columns);
		if (execute(db, q->params, q->n_params) ||
		    bind_answer(db, a, q->n_columns) ||
		    mysql_stmt_store_result(db->statement))
			outcome = statement_error(db);
		else
			outcome = fetch_all(db, q, a);
	}
	free(a);
	return outcome;
}

/* ---- changing ---- */

static struct outcome
say(struct sql_db *db, const char *text)
{
	if (mysql_real_query(db->mysql, text, strlen(text)))
		return end_of(db, mysql_errno(db->mysql),
		              mysql_error(db->mysql));
	return outcome_done();
}

struct outcome
sql_db_begin(struct sql_db *db)
{
	struct outcome outcome = connect_(db);

	assert(!db->is_changing);
	end_statement(db);
	if (outcome.verdict == VERDICT_DONE)
		outcome = say(db, "START TRANSACTION");
	db->is_changing = outcome.verdict == VERDICT_DONE;
	return outcome;
}

struct outcome
sql_db_prepare(struct sql_db *db, const char *text)
{
	struct outcome outcome = connect_(db);

	assert(db->is_changing);
	return outcome.verdict == VERDICT_DONE ? prepare(db, text) : outcome;
}

struct outcome
sql_db_run(struct sql_change *out, struct sql_db *db, const char *const *params,
           size_t n_params)
{
	*out = (struct sql_change){ 0 };
	if (!execute(db, params, n_params)) {
		out->n_matched = mysql_stmt_affected_rows(db->statement);
		return outcome_done();
	}
	out->is_about_values =
		sql_is_about_values(mysql_stmt_errno(db->statement));
	if (out->is_about_values)
		return sql_judge(mysql_stmt_errno(db->statement),
		                 mysql_stmt_error(db->statement));
	return statement_error(db);
}

struct outcome
sql_db_commit(struct sql_db *db)
{
	struct outcome outcome = connect_(db);

	end_statement(db);
	db->is_changing = false;
	return outcome.verdict == VERDICT_DONE ? say(db, "COMMIT") : outcome;
}

void
sql_db_rollback(struct sql_db *db)
{
	db->is_changing = false;
	if (!db->mysql)
		return;
	end_statement(db);
	(void)say(db, "ROLLBACK");
}

const char *
sql_db_version(struct sql_db *db)
{
	return db->version;
}
