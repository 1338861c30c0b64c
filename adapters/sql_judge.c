/*
 * What the errors of MariaDB and MySQL mean for us.
 *
 * Passing trouble is RETRY: every write is absolute and depends on what was
 * read, so it does no harm to do it again, whether or not the one whose answer
 * was lost had been committed. Who we are and what we may is LOCKED. Names that
 * are not there and values that do not fit are REFUSED. What is in no row of
 * the table may pass: RETRY, with the server's words.
 *
 * Source   MariaDB, "MariaDB Error Codes"; the numbers are those of
 *          mysqld_error.h and errmsg.h of Connector/C 3.3, read 2026-11-22.
 */
#include "adapters/sql_judge.h"

#include "gateway/base/words.h"

#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>
#include <stddef.h>

enum {
	WORDS_SIZE = 130,
	ACCOUNT_IS_LOCKED = 4151, /* ER_ACCOUNT_HAS_BEEN_LOCKED */
	CONSTRAINT_FAILED = 4025, /* ER_CONSTRAINT_FAILED */
	MYSQL_CHECK_FAILED = 3819,
	MYSQL_STATEMENT_TIMEOUT = 3024,
	MYSQL_ACCOUNT_IS_LOCKED = 3118,
};

#define NOT_THERE "a text has letters that its column cannot hold"

struct meaning {
	unsigned code;
	enum verdict verdict;
	bool is_about_values;
	const char *cure; /* NULL: the words say it all */
};

static const struct meaning meanings[] = {
	{ ER_ACCESS_DENIED_ERROR, VERDICT_LOCKED, false,
	  "correct user and password" },
	{ ER_ACCESS_DENIED_NO_PASSWORD_ERROR, VERDICT_LOCKED, false,
	  "correct user and password" },
	{ ER_DBACCESS_DENIED_ERROR, VERDICT_LOCKED, false,
	  "grant the user SELECT and UPDATE on the table, or correct "
	  "database" },
	{ ER_TABLEACCESS_DENIED_ERROR, VERDICT_LOCKED, false,
	  "grant the user SELECT and UPDATE on the table" },
	{ ER_COLUMNACCESS_DENIED_ERROR, VERDICT_LOCKED, false,
	  "grant the user SELECT and UPDATE on the table" },
	{ ER_HOST_NOT_PRIVILEGED, VERDICT_LOCKED, false,
	  "let the user come from this machine" },
	{ ER_MUST_CHANGE_PASSWORD, VERDICT_LOCKED, false,
	  "give the user a new password" },
	{ ER_MUST_CHANGE_PASSWORD_LOGIN, VERDICT_LOCKED, false,
	  "give the user a new password" },
	{ ACCOUNT_IS_LOCKED, VERDICT_LOCKED, false, "unlock the user" },
	{ MYSQL_ACCOUNT_IS_LOCKED, VERDICT_LOCKED, false, "unlock the user" },
	{ CR_AUTH_PLUGIN_CANNOT_LOAD, VERDICT_LOCKED, false,
	  "let the user log in with a password" },

	{ ER_BAD_DB_ERROR, VERDICT_REFUSED, false, "correct database" },
	{ ER_NO_SUCH_TABLE, VERDICT_REFUSED, false, "correct table" },
	{ ER_BAD_FIELD_ERROR, VERDICT_REFUSED, false,
	  "correct the names of the columns" },
	{ ER_NON_UPDATABLE_TABLE, VERDICT_REFUSED, false,
	  "name a table that can be written" },
	{ ER_PARSE_ERROR, VERDICT_REFUSED, false, NULL },

	{ ER_CANT_AGGREGATE_2COLLATIONS, VERDICT_REFUSED, true, NOT_THERE },
	{ ER_CANT_AGGREGATE_3COLLATIONS, VERDICT_REFUSED, true, NOT_THERE },
	{ ER_CANT_AGGREGATE_NCOLLATIONS, VERDICT_REFUSED, true, NOT_THERE },

	{ ER_WARN_DATA_OUT_OF_RANGE, VERDICT_REFUSED, true, NULL },
	{ WARN_DATA_TRUNCATED, VERDICT_REFUSED, true, NULL },
	{ ER_TRUNCATED_WRONG_VALUE, VERDICT_REFUSED, true, NULL },
	{ ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, VERDICT_REFUSED, true, NULL },
	{ ER_DATA_TOO_LONG, VERDICT_REFUSED, true, NULL },
	{ ER_BAD_NULL_ERROR, VERDICT_REFUSED, true, NULL },
	{ ER_NO_DEFAULT_FOR_FIELD, VERDICT_REFUSED, true, NULL },
	{ ER_SIGNAL_EXCEPTION, VERDICT_REFUSED, true, NULL },
	{ ER_DUP_ENTRY, VERDICT_REFUSED, true, NULL },
	{ ER_ROW_IS_REFERENCED_2, VERDICT_REFUSED, true, NULL },
	{ ER_NO_REFERENCED_ROW_2, VERDICT_REFUSED, true, NULL },
	{ CONSTRAINT_FAILED, VERDICT_REFUSED, true, NULL },
	{ MYSQL_CHECK_FAILED, VERDICT_REFUSED, true, NULL },

	{ ER_OPTION_PREVENTS_STATEMENT, VERDICT_RETRY, false,
	  "the server takes no writes now" },
	{ ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, VERDICT_RETRY, false,
	  "the server takes no writes now" },
	{ ER_OPEN_AS_READONLY, VERDICT_RETRY, false,
	  "the table takes no writes now" },
	{ ER_DISK_FULL, VERDICT_RETRY, false, "make room on its disk" },
	{ ER_RECORD_FILE_FULL, VERDICT_RETRY, false, "make room on its disk" },
	{ ER_LOCK_DEADLOCK, VERDICT_RETRY, false,
	  "the shop wrote the same rows" },
	{ ER_LOCK_WAIT_TIMEOUT, VERDICT_RETRY, false,
	  "the shop holds these rows" },
	{ ER_CON_COUNT_ERROR, VERDICT_RETRY, false,
	  "raise max_connections if it lasts" },
	{ ER_HOST_IS_BLOCKED, VERDICT_RETRY, false, "type FLUSH HOSTS there" },
	{ CR_SSL_CONNECTION_ERROR, VERDICT_RETRY, false,
	  "check ca_file, host and the server's certificate" },
	{ CR_UNKNOWN_HOST, VERDICT_RETRY, false, "check host" },
	{ CR_CONNECTION_ERROR, VERDICT_RETRY, false,
	  "check socket and whether the server runs" },
	{ CR_CONN_HOST_ERROR, VERDICT_RETRY, false,
	  "check host, port and whether the server runs" },
	{ CR_SERVER_GONE_ERROR, VERDICT_RETRY, false,
	  "the connection broke; check whether the server runs" },
	{ CR_SERVER_LOST, VERDICT_RETRY, false,
	  "the connection broke; check whether the server runs" },
	{ MYSQL_STATEMENT_TIMEOUT, VERDICT_RETRY, false, NULL },
};

static const struct meaning *
find(unsigned code)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return NULL;
}

struct outcome
sql_judge(unsigned code, const char *words)
{
	const struct meaning *meaning = find(code);
	char said[WORDS_SIZE];

	(void)words_copy(said, sizeof(said), words);
	if (meaning && meaning->cure)
		return outcome_of(meaning->verdict, "%s (%u): %s",
		                  meaning->cure, code, said);
	return outcome_of(meaning ? meaning->verdict : VERDICT_RETRY,
	                  "error %u: %s", code, said);
}

bool
sql_is_about_values(unsigned code)
{
	const struct meaning *meaning = find(code);

	return meaning && meaning->is_about_values;
}
