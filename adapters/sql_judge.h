#ifndef ADAPTERS_SQL_JUDGE_H
#define ADAPTERS_SQL_JUDGE_H

#include <stdbool.h>

#include "gateway/model/outcome.h"

/*
 * What an error of server or client library means.
 *
 * code   as mysql_errno says it
 * words  the server's, redacted and cut here
 */
struct outcome sql_judge(unsigned code, const char *words);

/* Is it about the values of one statement, so that others may still go? */
bool sql_is_about_values(unsigned code);

#endif
